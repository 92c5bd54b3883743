"""Small worlds with columns from 1e-6 to 1e12 and any rules together; every plan walked in exact rationals.

`python -m tests.allocation.worlds FIRST LAST` holds the engine against them and tells what is wrong.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

import planner.allocation as al
from planner.errors import Infeasible, InvalidInput, NoPlanInTime

COLUMNS = ["benefit_cny", "cost_cny", "cut_m3", "fill_m3", "storage_m3", "area_mu", "carbon"]
TARGETS = ["construction", "arable", "green", "reservoir"]
LAND = ("construction", "arable", "green")
KINDS = (
    *("quota", "quota", "budget", "earth", "storage", "level", "compact", "apart", "adjacent", "patch", "connected"),
    *("lock", "exclude", "share", "limit", "belt"),
)


@dataclass(frozen=True, eq=False)
class World:
    """Options, borders, who lies deeper, rules and what is maximised."""

    options: pd.DataFrame
    borders: pd.DataFrame
    deeper: dict[str, str]
    rules: list[Any]
    goal: str


def world(seed: int) -> World:
    """Two to five units of two to four options, one to five rules; six in ten with columns of any size."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(2, 6)), int(rng.integers(2, 5))
    wide = rng.random() < 0.6
    size = {c: 10.0 ** (int(rng.integers(-6, 13)) if wide else int(rng.integers(0, 5))) for c in COLUMNS}
    style = {c: int(rng.integers(0, 4)) for c in COLUMNS}
    rows: list[tuple[object, ...]] = []
    for i in range(n):
        area = max(_number(rng, size["area_mu"], style["area_mu"]), size["area_mu"])
        for target in rng.permutation(TARGETS)[:k]:
            values = {c: _number(rng, size[c], style[c]) for c in COLUMNS} | {"area_mu": area}
            values |= {"fill_m3": 0.0} if target == "reservoir" else {"cut_m3": 0.0, "storage_m3": 0.0}
            values["carbon"] *= -1.0 if rng.random() < 0.3 else 1.0
            rows.append((f"u{i}", str(target), str(target), *[values[c] for c in COLUMNS]))
    options = pd.DataFrame(rows, columns=["unit_id", "option", "target", *COLUMNS]).set_index(["unit_id", "option"])
    pairs = [
        (f"u{a}", f"u{b}", float(rng.integers(1, 20))) for a in range(n) for b in range(a + 1, n) if rng.random() < 0.6
    ] or [("u0", "u1", 5.0)]
    borders = pd.DataFrame(pairs, columns=["unit_a", "unit_b", "length_m"])
    deeper = {f"u{i}": f"u{rng.integers(0, i)}" for i in range(1, n) if rng.random() < 0.8}
    draw = _Draw(rng, options, borders, deeper, size["benefit_cny"])
    rules = [r for kind in rng.permutation(KINDS)[: int(rng.integers(1, 6))] if (r := draw.rule(str(kind))) is not None]
    return World(options, borders, deeper, rules, str(rng.choice(["net", "net", "cost", "land"])))


def _number(rng: np.random.Generator, size: float, style: int) -> float:
    if style == 0:
        return float(rng.integers(0, 100)) * size
    if style == 3:
        return float(f"{10 ** rng.uniform(-3, 3) * size:.6g}")
    return float(f"{rng.uniform(0, 1) * size:.{3 if style == 1 else 12}g}")


class _Draw:
    """Rules drawn for a world."""

    def __init__(
        self, rng: np.random.Generator, options: pd.DataFrame, borders: pd.DataFrame, deeper: dict[str, str], money: float
    ) -> None:
        self.rng, self.options, self.borders, self.deeper, self.money = rng, options, borders, deeper, money
        self.have = sorted(set(options["target"]))

    def part(self, column: str, low: float, high: float) -> float:
        total = float(self.options[column].abs().groupby(level=0).max().sum())
        return float(f"{total * self.rng.uniform(low, high):.{int(self.rng.integers(2, 14))}g}")

    def target(self) -> str:
        return str(self.rng.choice(self.have))

    def two(self) -> tuple[str, str]:
        first, second, *_ = self.rng.permutation(self.have)
        return str(first), str(second)

    def rule(self, kind: str) -> Any:
        """A rule of a kind, None where the world has nothing for it."""
        water, several = "reservoir" in self.have, len(self.have) > 1
        possible = {"storage": water, "level": water and bool(self.deeper)} | dict.fromkeys(
            ("apart", "adjacent", "belt"), several
        )
        return getattr(self, f"_{kind}")() if possible.get(kind, True) else None

    def _quota(self) -> Any:
        low, how, target = self.part("area_mu", 0, 0.7), self.rng.random(), self.target()
        if how < 0.4:
            return al.Quota(target, min_mu=low)
        return al.Quota(target, max_mu=low) if how < 0.8 else al.Quota(target, min_mu=low, max_mu=2 * low)

    def _budget(self) -> Any:
        return al.Budget(self.part("cost_cny", 0.1, 1))

    def _earth(self) -> Any:
        return al.Earthwork(
            max_import_m3=None if self.rng.random() < 0.3 else self.part("fill_m3", 0, 0.6),
            max_export_m3=None if self.rng.random() < 0.5 else self.part("cut_m3", 0, 0.6),
            compaction=float(self.rng.choice([1.0, 0.9, 0.875])),
            import_cny_per_m3=float(self.rng.choice([0.0, 30.0])),
            export_cny_per_m3=float(self.rng.choice([0.0, 18.0])),
        )

    def _storage(self) -> Any:
        limit = self.part("storage_m3", 0, 0.6)
        return al.Storage(min_m3=limit) if self.rng.random() < 0.7 else al.Storage(max_m3=limit)

    def _level(self) -> Any:
        return al.WaterLevel(deeper=self.deeper)

    def _compact(self) -> Any:
        return al.Compactness(self.borders, float(f"{self.money * self.rng.uniform(0, 5):.3g}"))

    def _apart(self) -> Any:
        return al.Apart(*self.two(), self.borders)

    def _adjacent(self) -> Any:
        return al.Adjacent(*self.two(), self.borders)

    def _belt(self) -> Any:
        return al.Belt(*self.two(), self.borders[["unit_a", "unit_b"]])

    def _patch(self) -> Any:
        return al.MinPatch(self.target(), self.part("area_mu", 0, 0.6), self.borders)

    def _connected(self) -> Any:
        return al.Connected(self.target(), self.borders)

    def _lock(self) -> Any:
        return al.Lock(*self.options.index[int(self.rng.integers(len(self.options)))])

    def _exclude(self) -> Any:
        return al.Exclude(*self.options.index[int(self.rng.integers(len(self.options)))])

    def _share(self) -> Any:
        share, target = float(self.rng.choice([0.1, 0.25, 0.4, 0.333])), self.target()
        return al.Share(target, min=share) if self.rng.random() < 0.5 else al.Share(target, max=share)

    def _limit(self) -> Any:
        limit = self.part("carbon", -0.3, 0.5)
        return al.Limit("carbon", min=limit) if self.rng.random() < 0.5 else al.Limit("carbon", max=limit)


def exact(value: float) -> Fraction:
    """The decimal a number is written as."""
    return Fraction(repr(float(value)))


def within(value: Fraction, least: float | None, most: float | None) -> bool:
    return (least is None or value >= exact(least)) and (most is None or value <= exact(most))


@dataclass(frozen=True, eq=False)
class Walk:
    """One plan of a world: targets, areas (of what is left as it is: the unit's), sums, who lies beside whom."""

    target: list[str]
    area: list[Fraction]
    sums: dict[str, Fraction]
    near: list[set[int]]

    def of(self, target: str) -> Fraction:
        return sum((a for a, t in zip(self.area, self.target, strict=True) if t == target), Fraction(0))

    def patches(self, target: str) -> list[set[int]]:
        left, found = {i for i, t in enumerate(self.target) if t == target}, []
        while left:
            patch, edge = set(), {min(left)}
            while edge:
                patch |= edge
                edge = {j for i in edge for j in self.near[i] if j in left} - patch
            found.append(patch)
            left -= patch
        return found

    def touch(self, bad: Callable[[str, str], bool]) -> bool:
        return any(bad(self.target[i], self.target[j]) for i in range(len(self.near)) for j in self.near[i])


def kept(rule: Any, w: Walk, deeper: dict[str, str]) -> bool:
    """Whether a plan keeps a rule other than a budget, by the rule's own sentence."""
    match type(rule).__name__:
        case "Quota":
            return within(w.of(rule.target), rule.min_mu, rule.max_mu)
        case "Storage":
            return within(w.sums["storage_m3"], rule.min_m3, rule.max_m3)
        case "Limit":
            return within(w.sums["carbon"], rule.min, rule.max)
        case "Share":
            mine, whole = w.of(rule.target), sum((w.of(t) for t in rule.of), Fraction(0))
            return (rule.min is None or mine >= exact(rule.min) * whole) and (
                rule.max is None or mine <= exact(rule.max) * whole
            )
        case "Earthwork":
            lack = w.sums["fill_m3"] - exact(rule.compaction) * w.sums["cut_m3"]
            return within(max(lack, Fraction(0)), None, rule.max_import_m3) and within(
                max(-lack, Fraction(0)), None, rule.max_export_m3
            )
        case "WaterLevel":
            wet = [t == "reservoir" for t in w.target]
            return all(wet[int(d[1:])] for u, d in deeper.items() if wet[int(u[1:])])
        case "Apart":
            return not w.touch(lambda a, b: (a, b) == (rule.first, rule.second))
        case "Belt":
            return not w.touch(lambda a, b: a == rule.around and b not in (rule.around, rule.target, "unrestored"))
        case "Adjacent":
            mine = [i for i, t in enumerate(w.target) if t == rule.target]
            return all(any(w.target[j] == rule.beside for j in w.near[i]) for i in mine)
        case "MinPatch":
            return all(sum((w.area[i] for i in p), Fraction(0)) >= exact(rule.min_mu) for p in w.patches(rule.target))
        case "Connected":
            return len(w.patches(rule.target)) <= 1
        case "Lock" | "Exclude":
            return (w.target[int(rule.unit[1:])] == rule.target) == (type(rule).__name__ == "Lock")
        case _:
            return True


def every_plan(one: World) -> dict[tuple[str, ...], Fraction]:
    """All plans that keep the rules, and what each is worth."""
    options, nothing = one.options, dict.fromkeys(COLUMNS, Fraction(0))
    units = sorted(set(options.index.get_level_values(0)))
    ways = [
        [(o, r["target"], {c: exact(r[c]) for c in COLUMNS}) for o, r in options.loc[u].iterrows()]
        + [("unrestored", "unrestored", nothing)]
        for u in units
    ]
    ground = [max(w[2]["area_mu"] for w in mine) for mine in ways]
    at = {u: i for i, u in enumerate(units)}
    edges = [(at[a], at[b], exact(m)) for a, b, m in one.borders.itertuples(index=False)]
    near: list[set[int]] = [{j for a, b, _ in edges for i, j in ((a, b), (b, a)) if i == u} for u in range(len(units))]
    found = {}
    for plan in itertools.product(*ways):
        sums = {c: sum((p[2][c] for p in plan), Fraction(0)) for c in COLUMNS}
        area = [g if p[1] == "unrestored" else p[2]["area_mu"] for p, g in zip(plan, ground, strict=True)]
        walk = Walk([p[1] for p in plan], area, sums, near)
        if not all(kept(rule, walk, one.deeper) for rule in one.rules):
            continue
        earth, border = _money(one.rules, walk, edges)
        budgets = (r.max_cny for r in one.rules if type(r).__name__ == "Budget")
        if any(sums["cost_cny"] + earth > exact(b) for b in budgets):
            continue
        worth = {
            "net": sums["benefit_cny"] - sums["cost_cny"] - earth - border,
            "cost": -sums["cost_cny"] - earth - border,
            "land": sum((walk.of(t) for t in LAND), Fraction(0)),
        }
        found[tuple(p[0] for p in plan)] = worth[one.goal]
    return found


def _money(rules: list[Any], walk: Walk, edges: list[tuple[int, int, Fraction]]) -> tuple[Fraction, Fraction]:
    """What bought and carted earth costs, and borders between unlike targets."""
    earth = border = Fraction(0)
    for rule in rules:
        if type(rule).__name__ == "Earthwork":
            lack = walk.sums["fill_m3"] - exact(rule.compaction) * walk.sums["cut_m3"]
            earth += max(lack, Fraction(0)) * exact(rule.import_cny_per_m3) + max(-lack, Fraction(0)) * exact(
                rule.export_cny_per_m3
            )
        if type(rule).__name__ == "Compactness":
            unlike = (m for i, j, m in edges if walk.target[i] != walk.target[j])
            border += sum(unlike, Fraction(0)) * exact(rule.cny_per_m)
    return earth, border


def held(seed: int) -> str:
    """What the engine makes of a world: `optimal` or `infeasible` where it is right, else what is wrong."""
    one = world(seed)
    plans = every_plan(one)
    try:
        result = al.Problem(one.options).subject_to(*one.rules).solve(objective=one.goal, gap=0, time_limit_s=120)
    except Infeasible:
        return "infeasible" if not plans else f"WRONG: a plan worth {float(max(plans.values()))!r} is told infeasible"
    except (InvalidInput, NoPlanInTime) as error:
        return f"WRONG: {error!r}"
    mine = tuple(result.choice.sort_index())
    if mine not in plans:
        return f"WRONG: {mine} breaks a rule"
    best, value, sign = float(max(plans.values())), float(plans[mine]), -1.0 if result.sense == "min" else 1.0
    near = 1e-9 * abs(best)
    if value < best - near or sign * result.bound < best - near:
        return f"WRONG: {value!r} with bound {sign * result.bound!r}, told {result.status}; the best is {best!r}"
    return "optimal" if result.status == "optimal" else f"WRONG: the best plan is told {result.status}, gap {result.gap:.1e}"


def main() -> None:
    """Holds worlds FIRST to LAST − 1 against the engine."""
    first, last = map(int, sys.argv[1:3])
    count: Counter[str] = Counter()
    for seed in range(first, last):
        said = held(seed)
        count[said.split(":")[0]] += 1
        if said.startswith("WRONG"):
            print(seed, said, [str(r) for r in world(seed).rules], flush=True)
    print(f"worlds {first} to {last - 1}: {dict(count)}")


if __name__ == "__main__":
    main()
