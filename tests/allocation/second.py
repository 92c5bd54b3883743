"""Allocation stated a second time in whole numbers: OR-tools CP-SAT has no tolerances.

`held` says what the engine makes of a world beside that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

import pandas as pd

import planner.allocation as al
from planner.allocation.infeasible import FEW
from planner.core.multiscale import MOST_M3
from planner.errors import Infeasible, InvalidInput, NoPlanInTime
from tests.allocation.larger import Larger, exact, larger
from tests.allocation.stated import MOST, Stated, Terms, TooWide
from tests.allocation.whole_numbers import Solver

DEEPEST, HIGHEST = -4, 3
NEAR: Final = 1e-9
SECONDS, SOON, SECONDS_OF_MANY = 60.0, 60, 10.0  # the engine's limit, up to so many units; of more
SECONDS_OF_CORE = 10.0  # by the method for many, which on few units is slow to find or prove anything


class Statement(Stated):
    """Every rule of the grammar by its own sentence."""

    def _quota(self, r: Any) -> None:
        ground = {u: max(exact(w["area_mu"]) for w in mine.values()) for u, mine in self.ways.items()}
        if r.target == "unrestored":
            terms = [(ground[u], x) for u in self.ways for _, x in self.of(u, lambda w: w["target"] == "unrestored")]
        else:
            terms = self.every(lambda w: exact(w["area_mu"]) if w["target"] == r.target else Fraction(0))
        self.add(terms, _maybe(r.min_mu), _maybe(r.max_mu))

    def _limit(self, r: Any) -> None:
        def mine(w: dict[str, Any]) -> bool:
            return (r.target is None or w["target"] == r.target) and (r.treatment is None or w["treatment"] == r.treatment)

        self.add(self.every(lambda w: exact(w[r.column]) if mine(w) else Fraction(0)), _maybe(r.min), _maybe(r.max))

    def _share(self, r: Any) -> None:
        for share, low, high in ((r.min, Fraction(0), None), (r.max, None, Fraction(0))):
            if share is not None:
                part = exact(share)
                self.add(
                    self.every(lambda w, p=part: exact(w["area_mu"]) * ((w["target"] == r.target) - p * (w["target"] in r.of))),
                    low,
                    high,
                )

    def _storage(self, r: Any) -> None:
        self.add(self.every(lambda w: exact(w["storage_m3"]), r.units), _maybe(r.min_m3), _maybe(r.max_m3))

    def _coverage(self, r: Any) -> None:
        terms: Terms = []
        for unit, ground in r.ground.iterrows():
            terms += [(exact(ground["inside_m2"]), x) for _, x in self.of(str(unit), lambda w: w["target"] == r.target)]
            terms += [(exact(ground["green_m2"]), x) for _, x in self.of(str(unit), lambda w: w["target"] == "unrestored")]
        self.add([t for t in terms if t[0]], exact(r.min) * exact(r.built_up_m2) - exact(r.outside_m2))

    def _budget(self, r: Any) -> None:
        high = exact(r.max_cny) - exact(r.beside_cny)
        if r.years is not None:
            first, last = r.years
            return self.add(
                self.every(lambda w: exact(w["cost_cny"]) if first <= w["ready_year"] <= last else Fraction(0)), None, high
            )
        money = [t for terms, _ in self.bought for t in terms]
        return self.add(self.every(lambda w: exact(w["cost_cny"])) + money + self.sums, None, high)

    def _keep(self, r: Any) -> None:
        level = exact(r.level)
        self.add(self._goal(r.goal, charged=False), -level if r.goal in ("cost", "compactness") else level)

    # earth

    def lack(self, compaction: float, share: Mapping[str, float] | None = None) -> dict[str, Terms]:
        """What every unit places beyond what it digs (of its share), m³."""
        part = {u: Fraction(1) if share is None else exact(share.get(u, 0.0)) for u in self.ways}
        return {
            u: self.every(lambda w, p=part[u]: p * (exact(w["fill_m3"]) - exact(compaction) * exact(w["cut_m3"])), [u])
            for u in self.ways
        }

    def _excess(self, terms: Terms, sign: int, most: Fraction | None, price: float) -> tuple[Fraction, int] | None:
        """The quantity max(sign·Σ, 0), at most so much, at a price."""
        largest = sum((abs(v) for v, _ in terms), Fraction(0))
        if not price:
            if most is not None:
                self.add([(sign * v, x) for v, x in terms], None, most)
            return None
        grid = math.lcm(*(v.denominator for v, _ in terms), 1)
        step, y = self.amount(largest if most is None else min(most, largest), grid)
        self.add([(sign * v, x) for v, x in terms] + [(-step, y)], None, Fraction(0))
        return step * exact(price), y

    def _earthwork(self, r: Any) -> None:
        lack = self.lack(r.compaction)
        if r.zones is not None:
            return self._zones(r, lack)
        every = [t for terms in lack.values() for t in terms]
        for sign, most, price in ((1, r.max_import_m3, r.import_cny_per_m3), (-1, r.max_export_m3, r.export_cny_per_m3)):
            cost = self._excess(every, sign, _maybe(most), price)
            if cost is not None:
                self.bought.append(([cost], Fraction(1)))
        return self._places(r, lack) if r.places is not None and r.haul_cny_per_m3_km else None

    def _zones(self, r: Any, lack: dict[str, Terms]) -> None:
        zones = sorted(set(r.zones.values()))
        limits = [
            _maybe(r.max_import_m3),
            _maybe(r.max_export_m3),
            *map(exact, r.haul.get("max_m3", pd.Series(dtype=float)).dropna()),
        ]
        grid = math.lcm(
            *(v.denominator for terms in lack.values() for v, _ in terms), *(v.denominator for v in limits if v is not None), 1
        )
        largest = sum((abs(v) for terms in lack.values() for v, _ in terms), Fraction(0))
        into: dict[str, Terms] = {z: [] for z in zones}
        cost: Terms = []
        for way in r.haul.to_dict("records"):
            most = way.get("max_m3", math.nan)
            step, y = self.amount(largest if math.isnan(most) else min(exact(most), largest), grid)
            into[way["to"]].append((step, y))
            into[way["from"]].append((-step, y))
            cost.append((step * exact(way["cny_per_m3"]), y))
        ends = ((1, limits[0], r.import_cny_per_m3), (-1, limits[1], r.export_cny_per_m3))
        for sign, most, price in ends:
            amounts = [self.amount(largest if most is None else min(most, largest), grid) for _ in zones]
            for zone, (step, y) in zip(zones, amounts, strict=True):
                into[zone].append((sign * step, y))
                cost.append((step * exact(price), y))
            self.add(amounts, None, most)
        for zone in zones:
            need = [t for u, z in r.zones.items() if z == zone for t in lack[u]]
            self.add(need + [(-v, y) for v, y in into[zone]], Fraction(0), Fraction(0))
        self.bought.append(([c for c in cost if c[0]], Fraction(1)))

    def _places(self, r: Any, lack: dict[str, Terms]) -> None:
        """Ways from unit to unit; either all that is wanted arrives, or all that is given leaves."""
        gives = {u: [(-v, x) for v, x in terms if v < 0] for u, terms in lack.items()}
        takes = {u: [t for t in terms if t[0] > 0] for u, terms in lack.items()}
        grid = math.lcm(*(v.denominator for terms in lack.values() for v, _ in terms), 1)
        out: dict[str, Terms] = {u: [] for u in lack}
        into: dict[str, Terms] = {u: [] for u in lack}
        cost: Terms = []
        for a, b in ((a, b) for a in gives for b in takes if a != b and gives[a] and takes[b]):
            most = min(max(v for v, _ in gives[a]), max(v for v, _ in takes[b]))
            step, y = self.amount(most, grid)
            out[a].append((step, y))
            into[b].append((step, y))
            metres = abs(exact(r.places.loc[a, "x_m"]) - exact(r.places.loc[b, "x_m"]))
            cost.append((step * metres * exact(r.haul_cny_per_m3_km) / 1000, y))
        wanted = self.model.var()  # all that is wanted arrives
        for mine, moved, settled in ((gives, out, (wanted, False)), (takes, into, (wanted, True))):
            for unit, terms in mine.items():
                self.add(moved[unit] + [(-v, x) for v, x in terms], None, Fraction(0))
            sides = [t for u, terms in mine.items() for t in [*terms, *((-v, y) for v, y in moved[u])]]
            self.add(sides, None, Fraction(0), settled)
        self.bought.append(([c for c in cost if c[0]], exact(r.haul_worth)))

    def _stockpile(self, r: Any) -> None:
        every = [t for terms in self.lack(r.compaction, r.done).values() for t in terms]
        self.add(every, None, exact(r.max_import_m3))

    def _restocked(self, r: Any) -> None:
        every = [t for terms in self.lack(r.compaction, r.share).values() for t in terms]
        cost = self._excess(every, 1, None, r.cny_per_m3)
        if cost is not None:
            self.bought.append(([cost], exact(r.worth)))

    # neighbours

    def _compactness(self, r: Any) -> None:
        weights = {frozenset(pair): exact(w) for pair, w in (r.weights or {}).items()}
        rows = list(r.boundaries[["unit_a", "unit_b", "length_m"]].itertuples(index=False, name=None))
        if all((b, a, m) in rows for a, b, m in rows):
            rows = [(a, b, m) for a, b, m in rows if a < b]
        for a, b, metres in rows:
            self._unlike(
                a,
                b,
                lambda w: w[r.by],
                lambda i, j: weights.get(frozenset((i, j)), Fraction(1)),
                exact(metres) * exact(r.cny_per_m),
            )

    def _steps(self, r: Any) -> None:
        def level(w: dict[str, Any]) -> int:
            area = exact(w["area_mu"]) * 2000 / 3
            metres = (exact(w["fill_m3"]) - exact(w["cut_m3"])) / area if area else Fraction(0)
            return min(max(round(metres), DEEPEST), HIGHEST)

        rows = list(r.boundaries[["unit_a", "unit_b", "length_m"]].itertuples(index=False, name=None))
        if all((b, a, m) in rows for a, b, m in rows):
            rows = [(a, b, m) for a, b, m in rows if a < b]
        for a, b, metres in rows:
            self._unlike(a, b, level, lambda i, j: Fraction(abs(i - j)), exact(metres) * exact(r.cny_per_m_step))

    def _unlike(
        self, a: str, b: str, kind: Callable[[dict[str, Any]], Any], weight: Callable[[Any, Any], Fraction], cost: Fraction
    ) -> None:
        """A variable for every pair of kinds on the two sides of a border; its sums over one side are the other side's kind."""
        sides = []
        for unit in (a, b):
            by: dict[Any, list[Any]] = {}
            for option, row in self.ways[unit].items():
                by.setdefault(kind(row), []).append(self.x[unit, option])
            sides.append(by)
        pair = {(i, j): self.model.var() for i in sides[0] for j in sides[1]}
        for i, mine in sides[0].items():
            self.model.row([(1, pair[i, j]) for j in sides[1]] + [(-1, x) for x in mine], 0, 0)
        for j, mine in sides[1].items():
            self.model.row([(1, pair[i, j]) for i in sides[0]] + [(-1, x) for x in mine], 0, 0)
        self.border += [(cost * weight(i, j), v) for (i, j), v in pair.items() if i != j and cost * weight(i, j)]

    def _near(self, boundaries: pd.DataFrame, least: float = 0.0) -> list[tuple[str, str]]:
        long = boundaries if least <= 0 else boundaries[boundaries["length_m"] >= least]
        return [(a, b) for p, q in zip(long["unit_a"], long["unit_b"], strict=True) for a, b in ((p, q), (q, p))]

    def _never(self, a: str, b: str, one: Callable[[dict[str, Any]], bool], other: Callable[[dict[str, Any]], bool]) -> None:
        self.model.row([(1, x) for _, x in self.of(a, one) + self.of(b, other)], None, 1)

    def _apart(self, r: Any) -> None:
        for a, b in self._near(r.boundaries, r.min_length_m):
            self._never(a, b, lambda w: w["target"] == r.first, lambda w: w["target"] == r.second)

    def _belt(self, r: Any) -> None:
        free = (r.around, r.target, "unrestored")
        for a, b in self._near(r.near):
            self._never(a, b, lambda w: w["target"] == r.around, lambda w: w["target"] not in free)

    def _adjacent(self, r: Any) -> None:
        near = self._near(r.boundaries, r.min_length_m)
        for unit in self.ways:
            beside = [x for a, b in near if a == unit for _, x in self.of(b, lambda w: w["target"] == r.beside)]
            mine = [x for _, x in self.of(unit, lambda w: w["target"] == r.target)]
            self.model.row([(1, x) for x in mine] + [(-1, x) for x in beside], None, 0)

    def _waterlevel(self, r: Any) -> None:
        for unit, deeper in r.deeper.items():
            mine, below = (self.of(u, lambda w: w["target"] == r.target) for u in (unit, deeper))
            self.model.row([(1, x) for _, x in mine] + [(-1, x) for _, x in below], None, 0)

    def _covered(self, r: Any) -> None:
        for home, near in r.near.groupby("home")["unit"]:
            served = [x for u in set(near) for _, x in self.of(u, lambda w: w["target"] == r.target)]
            mine = self.of(str(home), lambda w: w["target"] == r.served)
            self.model.row([(1, x) for _, x in mine] + [(-1, x) for x in served], None, 0)

    def _lock(self, r: Any) -> None:
        self.model.row([(1, x) for _, x in self.of(r.unit, lambda w: self._is(r, w))], 1)

    def _exclude(self, r: Any) -> None:
        self.model.row([(1, x) for _, x in self.of(r.unit, lambda w: self._is(r, w))], None, 0)

    def _is(self, r: Any, w: dict[str, Any]) -> bool:
        ways = (r.treatment,) if isinstance(r.treatment, str) else r.treatment
        return bool(w["target"] == r.target and (ways is None or w["treatment"] in ways))

    def _minpatch(self, r: Any) -> None:
        def area(unit: str) -> Fraction:
            return max((exact(w["area_mu"]) for w in self.ways[unit].values() if self._is(r, w)), default=Fraction(0))

        self._roots(r, {u: area(u) for u in self.ways}, exact(r.min_mu), one=False)

    def _connected(self, r: Any) -> None:
        self._roots(r, dict.fromkeys(self.ways, Fraction(1)), Fraction(0), one=True)

    def _roots(self, r: Any, size: dict[str, Fraction], least: Fraction, *, one: bool) -> None:
        """What a unit inside weighs flows through others inside to a root, which takes at least so much; or to one root."""
        grid = math.lcm(*(v.denominator for v in size.values()))
        total = sum(size.values(), Fraction(0))
        steps, least_steps = {u: int(v * grid) for u, v in size.items()}, math.ceil(least * grid)
        most = int(total * grid)
        if most * 8 > MOST:
            raise TooWide
        inside = {u: [x for _, x in self.of(u, lambda w: self._is(r, w))] for u in self.ways}
        can = {u for u in self.ways if inside[u]}
        root, taken = {u: self.model.var() for u in can}, {u: self.model.var(most) for u in can}
        flow = {(a, b): self.model.var(most) for a, b in sorted(set(self._near(r.boundaries))) if {a, b} <= can}
        for u in sorted(can):
            self.model.row([(1, root[u])] + [(-1, x) for x in inside[u]], None, 0)
            self.model.row([(1, taken[u]), (-most, root[u])], None, 0)
            self.model.row([(1, taken[u]), (-least_steps, root[u])], 0)
            passes = [(-1 if a == u else 1, f) for (a, b), f in flow.items() if u in (a, b)]
            self.model.row([(steps[u], x) for x in inside[u]] + passes + [(-1, taken[u])], 0, 0)
        for ends, f in flow.items():
            for u in ends:
                self.model.row([(1, f)] + [(-most, x) for x in inside[u]], None, 0)
        if one:
            self.model.row([(1, v) for v in root.values()], None, 1)


def _maybe(value: float | None) -> Fraction | None:
    return None if value is None else exact(value)


@dataclass(frozen=True)
class Told:
    """The engine's plan: choice, worth, bound and what the prices alone prove (larger is better), status."""

    choice: dict[str, str]
    value: float
    bound: float
    by_prices: float
    status: str


def answer(world: Larger, seconds: float) -> Told | Infeasible | NoPlanInTime:
    """What the engine says to a world."""
    problem = al.Problem(world.options, unrestored=world.unrestored).subject_to(*world.rules)
    how: dict[str, Any] = {"objective": world.goal, "gap": world.gap, "time_limit_s": seconds, "method": world.method}
    try:
        if world.charges:
            found = al.solve_charged(problem, world.charges, **how).result
        else:
            found = problem.solve(**how, start=world.start)
    except (Infeasible, NoPlanInTime) as refusal:
        return refusal
    sign = -1.0 if found.sense == "min" else 1.0
    by_prices = math.inf if world.charges else sign * found.bound_from_prices
    return Told(dict(found.choice), sign * found.objective, sign * found.bound, by_prices, str(found.status))


def held(seed: int, solver: Solver, *, work: float = 0.5) -> str:
    """What the engine makes of a world: `optimal`, `infeasible`, … where the second library agrees, else `WRONG: …`."""
    world = larger(seed)
    try:
        stated = Statement(world)
        stated.whole(stated.aim)
        seconds = SECONDS if len(stated.ways) <= SOON else SECONDS_OF_MANY
        told = answer(world, SECONDS_OF_CORE if world.method == "core" else seconds)
        status, best, bound = stated.solve(solver, work, told.choice if isinstance(told, Told) else None)
        if isinstance(told, Infeasible):
            return _of_refusal(world, told, solver, work) if best is None else f"WRONG: told infeasible, {status} {best}"
        if isinstance(told, NoPlanInTime):
            late = "no plan in time, core" if world.method == "core" else f"WRONG: no plan in time, where {status} {best}"
            return f"no plan in time, {status}" if best is None else late
        return _of_plan(world, told, solver, work, (status, best, bound))
    except TooWide:
        return "too wide"
    except InvalidInput as error:
        return "refused" if _too_much(world) else f"WRONG: refused, {error}"


def _too_much(world: Larger) -> bool:
    """Whether earth carried from place to place adds up to more than is counted exactly."""
    return any(
        sum((max(abs(v) for v, _ in terms) for terms in Statement(world).lack(r.compaction).values() if terms), Fraction(0))
        > MOST_M3
        for r in world.rules
        if isinstance(r, al.Earthwork) and r.places is not None and r.haul_cny_per_m3_km
    )


def _of_plan(world: Larger, told: Told, solver: Solver, work: float, other: tuple[str, Fraction | None, Fraction]) -> str:
    """Whether a plan keeps every rule and is worth what is told, and the bounds hold. other: the second library's answer."""
    status, best, bound = other
    fixed, worth, most = Statement(world, told.choice).solve(solver, work)
    if worth is None:
        return "undecided" if fixed == "UNKNOWN" else f"WRONG: the plan breaks a rule ({fixed})"
    near = NEAR * max(abs(float(worth)), abs(float(best or 0)))
    if not float(worth) - near <= told.value <= float(most) + near:
        return f"WRONG: the plan is worth {float(worth)!r}, told {told.value!r}"
    for proven, name in ((told.bound, "bound"), (told.by_prices, "bound from prices")):
        if best is not None and proven < float(best) - near:
            return f"WRONG: {name} {proven!r} below a plan of {float(best)!r}"
    if best is not None and float(worth) > float(bound) + near:
        return f"WRONG: the second library's bound {float(bound)!r} below a plan of {float(worth)!r}"
    if told.status == "optimal":
        return "optimal" if status == "OPTIMAL" else "optimal, second library stopped"
    return f"gap left ({told.status})"


def _of_refusal(world: Larger, error: Infeasible, solver: Solver, work: float) -> str:
    """Whether the rules named cannot hold together, and can without any one of them; lump sums are no rules."""

    def status(names: set[str]) -> str:
        return Statement(replace(world, rules=[r for r in world.rules if str(r) in names], goal="land")).solve(solver, work)[0]

    named = {str(c) for c in error.conflicts}
    if world.charges or not named <= {str(r) for r in world.rules}:
        return "infeasible" if Statement(world).solve(solver, work)[0] == "INFEASIBLE" else "undecided"
    together = status(named)
    if together != "INFEASIBLE":
        return "undecided" if together == "UNKNOWN" else f"WRONG: {sorted(named)} can hold together"
    for one in sorted(named) if world.options.index.get_level_values(0).nunique() <= FEW else ():
        if status(named - {one}) == "INFEASIBLE":
            return f"WRONG: {sorted(named)} cannot hold without {one!r} either"
    return "infeasible"
