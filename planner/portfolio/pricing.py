"""Variants from sites: certified plans over a ladder of what a yuan weighs, then under the programme's prices, until the bound
over all plans of all sites meets the best schedule (Dantzig and Wolfe 1960; the bound is Lasdon's).

A site that is asked under prices proves how much any plan of it can be worth at them. With z the relaxation over the plans
known and r_i the most by which a plan of site i, known or not, can beat them, z + Σ max(r_i, 0) bounds every schedule of all
plans.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from planner.errors import InvalidInput
from planner.files import sha256_of
from planner.portfolio.checks import check
from planner.portfolio.cluster import Job, Planners, planners
from planner.portfolio.keys import ProjectItem, Variant
from planner.portfolio.load import Loaded
from planner.portfolio.model import Model
from planner.portfolio.programme import LAND, MU, Floats, Programme
from planner.portfolio.rows import ask
from planner.portfolio.sites import Ask, Reply, SiteKey
from planner.portfolio.solve import Relaxed, Solution, objectives, solve
from planner.words import say

Progress = Callable[[float, float, float], None]
Told = Callable[[str], None]

ROUNDS = 12  # of prices at most
SAME = 1e-6  # plans nearer than this share of cost and benefit are one
CLOSE = 0.2  # share of the programme's gap that the plans not known may still be worth


@dataclass(frozen=True, eq=False)
class Offers:
    """Prices for one site: an ask for each start worth asking, and what the programme adds to the reply's worth."""

    asks: tuple[Ask, ...]
    adds: tuple[float, ...]


def planned(
    loaded: Loaded,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    cache: str | Path | None = None,
    progress: Progress | None = None,
    told: Told | None = None,
) -> tuple[Programme, Solution, dict[str, Any]]:
    """The programme with the plans its sites gave, its schedule, and what is proven over all plans of all sites.

    told is called with a line of text for each step. Raises what planning and solving raise.
    """
    began = time.monotonic()
    say_it = told or (lambda line: None)
    keys = {p.id: _key(loaded, p) for p in loaded.planned}
    marks = _fingerprints(loaded, keys)
    with planners(workers, scheduler, cache) as sites:
        projects = _ladder(loaded, keys, marks, sites, say_it)
        made = loaded.programme(projects)
        _refuse_targets(made)
        check(made)
        bound, rounds = np.inf, 0
        weights = objectives(made)[0]
        for rounds in range(1, ROUNDS + 1):
            relaxed = _relaxed(made, weights)
            over, made, news = _priced(made, relaxed, keys, marks, sites)
            bound = min(bound, relaxed.value + over)
            gap = (bound - relaxed.value) / max(abs(relaxed.value), 1e-9)
            say_it(f"{rounds}: {relaxed.value:,.0f} {bound:,.0f} {gap:.1e} {news}")
            if progress is not None:
                progress(bound, relaxed.value, gap)
            if news == 0 or gap <= CLOSE * made.general.gap:
                break
    found = solve(made, progress=progress)
    proven = max(bound, found.objective) if len(objectives(made)) == 1 else found.bound
    plans = sum(len(p.variant) for p in made.projects if p.id in keys)
    gap = max(proven - found.objective, 0.0) / max(abs(found.objective), 1e-9)
    proof: dict[str, Any] = {
        "columns": plans,
        "sites": len(keys),
        "rounds": rounds,
        "bound": proven,
        "gap": gap,
        "bound_of_columns": found.bound,
    }
    proof |= {"status": "optimal" if gap <= made.general.gap else "gap", "seconds": time.monotonic() - began}
    return made, found, proof


def _key(loaded: Loaded, project: ProjectItem) -> SiteKey:
    free, lump = loaded.file.earth is not None, project.lump_cny
    if project.site is not None:
        return SiteKey(project.id, str((loaded.folder / project.site).resolve()), None, free, lump)
    return SiteKey(project.id, str(loaded.folder.resolve()), loaded.file.portfolio.sites, free, lump)


def _fingerprints(loaded: Loaded, keys: Mapping[str, SiteKey]) -> dict[str, str]:
    """The hash of the files each site is planned from; a district's are hashed once."""
    layer, shared = loaded.file.portfolio.sites, ""
    if layer is not None and any(k.layer is not None for k in keys.values()):
        names = [layer.polygons, *(n for n in (layer.terrain, layer.settings) if n is not None)]
        if layer.settings is not None:  # it names further layers: all that lies in its folder counts
            shared = sha256_of((loaded.folder / layer.settings).parent)
        else:
            shared = "".join(sha256_of(loaded.folder / n) for n in names)
    return {name: shared if k.layer is not None else sha256_of(Path(k.folder)) for name, k in keys.items()}


def _ladder(
    loaded: Loaded, keys: Mapping[str, SiteKey], marks: Mapping[str, str], sites: Planners, told: Told
) -> tuple[ProjectItem, ...]:
    """Every project with first plans: its full works, and less of them where a yuan weighs more."""
    names = list(keys)
    asks = tuple(Ask(cost=weight) for weight in sorted({1.0, *loaded.file.portfolio.ladder}))
    first = sites.replies([Job(keys[n], asks, marks[n]) for n in names], lambda done, of: told(f"{done}/{of}"))
    plans = dict(zip(names, first, strict=True))
    span = loaded.file.portfolio.works_years
    return tuple(
        p if p.id not in keys else p.model_copy(update={"variant": _variants((), plans[p.id], keys[p.id], span)})
        for p in loaded.file.project
    )


def _variants(known: tuple[Variant, ...], replies: tuple[Reply, ...], key: SiteKey, span: int) -> tuple[Variant, ...]:
    """The plans known and the new ones among the replies, works paid evenly over their years, benefits in the year after."""
    found = list(known)
    for reply in replies:
        if reply.benefit_cny <= 0:
            continue
        cost = reply.cost_cny + key.lump_cny
        if any(_same(v, cost, reply) for v in found):
            continue
        found.append(
            Variant(
                name=f"plan {len(found) + 1}",
                spend_cny=(cost / span,) * span,
                benefit_cny=(*(0.0,) * span, reply.benefit_cny),
                surplus_m3=reply.surplus_m3,
                **dict(zip(MU, reply.mu, strict=True)),
            )
        )
    return tuple(found)


def _same(known: Variant, cost: float, reply: Reply) -> bool:
    near = (
        abs(sum(known.spend_cny) - cost) <= SAME * cost
        and abs(known.benefit_cny[-1] - reply.benefit_cny) <= SAME * reply.benefit_cny
    )
    size = max(sum(reply.mu), 1.0)
    return near and all(abs(getattr(known, n) - m) <= 1e-4 * size for n, m in zip(MU, reply.mu, strict=True))


def _refuse_targets(made: Programme) -> None:
    """A fund's targets depend on the plan, and a plan that is not known yet cannot be priced by them."""
    for fund in made.funds:
        if fund.eligible.targets:
            raise InvalidInput(say("portfolio.targets_planned", fund=fund.id))


def _relaxed(made: Programme, weights: Mapping[str, float]) -> Relaxed:
    """The relaxation over the plans known, without haul rows: theirs depend on which plans are known."""
    model = Model(made, weights)
    answer = ask(model.program(), relaxed=True)
    if answer.point is None or answer.duals is None:
        from planner.portfolio.infeasible import refuse

        refuse(made)
    assert answer.point is not None and answer.duals is not None
    reduced = model.gain + model.rows.matrix().T @ answer.duals
    return Relaxed(model, -answer.value, answer.point, answer.duals, reduced[: len(made.columns)])


def _priced(
    made: Programme, relaxed: Relaxed, keys: Mapping[str, SiteKey], marks: Mapping[str, str], sites: Planners
) -> tuple[float, Programme, int]:
    """What plans not known can add to the relaxation at most, the programme with the new plans, and how many those are."""
    places = [i for i, p in enumerate(made.projects) if p.id in keys]
    offers = {i: offers_of(relaxed, i, keys[made.projects[i].id]) for i in places}
    jobs = [Job(keys[made.projects[i].id], offers[i].asks, marks[made.projects[i].id]) for i in places]
    replies = sites.replies(jobs, lambda done, of: None)
    over, news = 0.0, 0
    projects = list(made.projects)
    for i, found in zip(places, replies, strict=True):
        top = max((r.bound + add for r, add in zip(found, offers[i].adds, strict=True)), default=-np.inf)
        over += max(top, 0.0)
        better = tuple(r for r, add in zip(found, offers[i].adds, strict=True) if r.worth + add > 0)
        known = projects[i].variant
        span = made.general.works_years
        grown = _variants(known, better, keys[projects[i].id], span)
        news += len(grown) - len(known)
        projects[i] = projects[i].model_copy(update={"variant": grown})
    return over, replace(made, projects=tuple(projects)), news


def offers_of(relaxed: Relaxed, i: int, key: SiteKey) -> Offers:
    """Prices of a site's plans by start, those that another start beats at every plan left out.

    The worth of a plan of cost C, benefit B, mu m and spoil s that starts in a year is b·B - a·C + p·m + l·s + constant.
    """
    model, made, y = relaxed.model, relaxed.model.made, relaxed.duals
    rows, span, project = model.rows, made.general.works_years, made.projects[i]
    matrix = rows.matrix()
    mine = model.of(i)
    fixed = np.zeros(len(mine))
    for block in ("choose", "order"):
        part = rows.blocks[block]
        fixed += matrix[part][:, mine].T @ y[part]
    starts = {int(s): float(f) for s, f in zip(made.columns.start[mine], fixed, strict=True)}
    group = next(c for c, g in enumerate(model.classes) if not g.earth and i in g.projects)
    money = _money_prices(relaxed, group)
    weight = model.weights.get("npv", 0.0)
    mu = _mu_prices(relaxed)
    found: list[tuple[Ask, float]] = []
    for start, constant in sorted(starts.items()):
        at = start - made.general.first_year
        years = np.arange(at, at + span)
        cost = float((weight * made.discount[years] + money[0][years]).mean() + money[1])
        benefit = float(weight * (1 + made.general.discount_rate) ** -(at + span))
        constant += model.weights.get("projects", 0.0) - cost * key.lump_cny
        for spoil in _spoil_prices(relaxed, i, at) if key.free_earth else (0.0,):
            found.append((Ask(_tidy(benefit), _tidy(cost), mu, _tidy(spoil)), constant))
    kept = [
        one
        for k, one in enumerate(found)
        if not any(_beats(o, one) and (j < k or not _beats(one, o)) for j, o in enumerate(found))
    ]
    return Offers(tuple(a for a, _ in kept), tuple(c for _, c in kept)) if project.settled is None else Offers((), ())


def _beats(one: tuple[Ask, float], other: tuple[Ask, float]) -> bool:
    """Whether a start is worth at least as much as another whatever the plan."""
    a, b = one[0], other[0]
    return (
        a is not b
        and a.benefit >= b.benefit
        and a.cost <= b.cost
        and one[1] >= other[1]
        and a.spoil == b.spoil
        and a.mu == b.mu
    )


def _tidy(value: float) -> float:
    """A price to twelve digits: the same whatever order sums were added in."""
    return float(f"{value:.12g}")


def _money_prices(relaxed: Relaxed, group: int) -> tuple[Floats, float]:
    """What a class pays for a yuan of each year beyond the yuan, (T,), and for a yuan of any year by its shares."""
    model, y = relaxed.model, relaxed.duals
    begin = model.rows.blocks["spend"].start + group * model.span
    yearly = y[begin : begin + model.span] / model.yuan
    shares = 0.0
    part = model.rows.blocks["share"]
    js = np.array(model.classes[group].columns, dtype=np.int64)
    whole = model.made.columns.spend[js].sum(axis=1)
    if part.stop > part.start and len(js) and whole.any():
        k = int(np.argmax(whole))
        entries = model.rows.matrix()[part][:, [js[k]]].toarray()[:, 0]
        shares = -float(entries @ y[part]) / float(whole[k])
    return np.asarray(yearly, dtype=np.float64), shares


def _mu_prices(relaxed: Relaxed) -> tuple[float, float, float, float]:
    """What a mu of each target is worth by objective and quotas."""
    model, found = relaxed.model, np.zeros(len(MU))
    duals = relaxed.duals[model.rows.blocks["quota"]]
    told = [*model.weights.items(), *((q.measure, float(d)) for q, d in zip(model.made.quotas, duals, strict=True))]
    for name, weight in told:
        if name == "restored_mu":
            found[: len(LAND)] += weight
        elif name in MU:
            found[MU.index(name)] += weight
    return tuple(_tidy(v) for v in found)  # type: ignore[return-value]


def _spoil_prices(relaxed: Relaxed, i: int, t: int) -> tuple[float, ...]:
    """Worth of a m³ of spoil at a site in a year: any price between what it fetches and what fill costs bounds both.

    Where it would fetch more than fill costs, both prices, of whose answers the higher is a bound.
    """
    model, made, y = relaxed.model, relaxed.model.made, relaxed.duals
    assert made.earth is not None
    blocks = model.rows.blocks
    bought = made.earth.bought_cny_per_m3 * model.weights.get("npv", 0.0) * made.discount[t]
    givers, takers = np.unique(made.pairs[0]).tolist(), model.takers.tolist()
    fetched = {k: -float(y[blocks["given"].start + at * model.span + t]) / model.m3 for at, k in enumerate(givers)}
    paid = {k: float(y[blocks["taken"].start + at * model.span + t]) / model.m3 for at, k in enumerate(takers)}
    # Where no plan known gives (takes) earth: spoil is worth at most what a taker pays, fill costs at least what spoil fetches.
    low = fetched.get(i, max(paid.values(), default=0.0))
    high = paid.get(i, min([bought, *fetched.values()]))
    return (low,) if low <= high + 1e-12 else (low, high)
