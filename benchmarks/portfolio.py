"""Programmes of many projects: the planner beside HiGHS on the plain model, at the same limits; both in one run.

Run with `python -m benchmarks.portfolio` (`--large` for 500 projects, `--jiawang` for the sites planned, priced and scheduled).
The plain model has money by project, fund and year, and no rows that tighten the hauls.
"""

from __future__ import annotations

import platform
import resource
import sys
import time

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

import planner as pl
from benchmarks._results import record
from planner.portfolio.keys import EarthItem, FundItem, General, ProjectItem, Variant
from planner.portfolio.model import Model
from planner.portfolio.programme import Programme
from planner.portfolio.solve import solve
from planner.samples import folder

FUNDS = (
    ("central", 0.5, True),
    ("province", 0.3, True),
    ("city", 0.4, False),
    ("enterprise", 0.3, False),
    ("bonds", 1.0, True),
)


def programme(count: int, years: int, *, earth: bool, seed: int = 0, seconds: float = 60.0, gap: float = 1e-3) -> Programme:
    """A district of projects in three variants, two years of works each; money for about two thirds of them."""
    rng = np.random.default_rng(seed)
    side = 22.0 * np.sqrt(count / 82)
    xy = rng.uniform(0, side * 1000, (count, 2))
    mu = np.exp(rng.normal(6.2, 0.9, count))
    price, value = rng.uniform(2e4, 9e4, count), rng.uniform(0.9, 2.4, count)
    spoil = rng.normal(0, 1, count) * mu * 150
    projects = []
    for i in range(count):
        variants = []
        for name, share, rate in (("full", 1.0, 1.0), ("half", 0.55, 0.62), ("core", 0.3, 0.38)):
            cost = mu[i] * price[i] * share
            spend = (0.6 * cost, 0.4 * cost)
            gain = (0.0, 0.0, cost / share * rate * value[i])
            earth_m3 = float(spoil[i] * share) if earth else 0.0
            land = {"construction_mu": 0.2 * mu[i] * share, "green_mu": 0.5 * mu[i] * share}
            variants.append(Variant(name=name, spend_cny=spend, benefit_cny=gain, surplus_m3=earth_m3, **land))
        after = (f"P{i - 1}",) if i % 11 == 10 else ()
        place = (float(xy[i, 0]), float(xy[i, 1]))
        projects.append(ProjectItem(id=f"P{i}", variant=tuple(variants), xy=place, after=after, must=i % 40 == 7))
    whole = float((mu * price).sum())
    weights = np.array([0.3, 0.15, 0.2, 0.2, 0.15])
    funds = tuple(
        FundItem(
            id=name,
            yearly_cny={2010 + t: float(0.62 * whole * weights[f] / years) for t in range(years)},
            carry_over=carry,
            max_share=share,
            eligible={"targets": ["green"]} if name == "central" else {},
        )
        for f, (name, share, carry) in enumerate(FUNDS)
    )
    general = General(first_year=2010, years=years, gap=gap, time_limit_s=seconds)
    places = {p.id: p.xy for p in projects if p.xy is not None}
    return Programme(general, tuple(projects), funds, EarthItem(max_km=12.5) if earth else None, (), places)


def plain(made: Programme, seconds: float, gap: float) -> tuple[float, float]:
    """Objective and bound of the plain model by HiGHS through scipy."""
    model = Model(made, {"npv": 1.0}, split=frozenset(range(len(made.projects))))
    rows = model.rows
    scale = 1e6
    whole = np.arange(model.width) < len(made.columns)
    constraint = LinearConstraint(sparse.csr_array(rows.matrix()), np.array(rows.lo), np.array(rows.hi))
    bounds = Bounds(np.zeros(model.width), np.where(whole, 1.0, np.inf))
    options = {"time_limit": seconds, "mip_rel_gap": gap}
    found = milp(-model.gain / scale, integrality=whole, bounds=bounds, constraints=constraint, options=options)
    best = -found.fun * scale if found.x is not None else float("nan")
    bound = -found.mip_dual_bound * scale if found.mip_dual_bound is not None else float("nan")
    return best, bound


def compared(made: Programme, peer: bool = True) -> str:
    """A row of the table: both sides on the same programme."""
    seconds, gap = made.general.time_limit_s, made.general.gap
    began, clock = time.process_time(), time.monotonic()
    found = solve(made)
    mine = (time.process_time() - began, time.monotonic() - clock)
    theirs = "| – | – "
    if peer:
        began = time.process_time()
        best, bound = plain(made, seconds, gap)
        theirs = f"| {time.process_time() - began:.1f} | {(bound - best) / abs(best):.1e} "
    size = f"{len(made.projects)} × {len(made.years)} × {len(made.funds)}"
    pairs = len(made.pairs[0])
    return f"| {size} | {pairs} | {mine[0]:.1f} | {mine[1]:.1f} | {found.gap:.1e} | {found.objective / 1e6:,.1f} {theirs}|"


def jiawang(workers: int) -> str:
    """A row of the table of Jiawang: its 82 sites planned, priced and scheduled on so many workers."""
    before = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    clock = time.monotonic()
    found = pl.portfolio(folder("jiawang"), workers=workers).summary()
    wall = time.monotonic() - clock
    after = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own, theirs = (b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime for a, b in zip(before, after, strict=True))
    proof = found["solver"]
    return (
        f"| {workers} | {wall:.0f} | {own:.0f} | {theirs:.0f} | {proof['objective'] / 1e6:,.2f} | {proof['bound'] / 1e6:,.2f} "
        f"| {proof['gap']:.1e} | {found['totals']['restored_mu']:,.1f} |"
    )


def main() -> None:
    """Measures and records; Jiawang is printed."""
    if "--jiawang" in sys.argv:
        print("| workers | wall s | CPU s, this process | CPU s, workers | objective, M yuan | bound, M yuan | gap | mu |")
        print("|---|---|---|---|---|---|---|---|")
        for workers in (1, 2):
            print(jiawang(workers), flush=True)
        return
    rows = [compared(programme(82, 10, earth=False)), compared(programme(82, 10, earth=True))]
    rows += [compared(programme(82, 10, earth=True, seed=s), peer=False) for s in (1, 2)]
    rows.append(compared(programme(500, 15, earth=True, seconds=300.0, gap=1e-2), peer="--large" in sys.argv))
    head = (
        "| projects × years × funds | earth pairs | CPU s | wall s | gap | objective, M yuan | plain HiGHS CPU s | its gap |\n"
    )
    text = f"# Programmes\n\n{platform.machine()}, Python {platform.python_version()}; one thread each.\n\n{head}"
    record("portfolio", text + "|---|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
