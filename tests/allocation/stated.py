"""The whole-number program of a world, from the options table alone: what rules and the objective are written with.

Every decimal is read as written and every row multiplied by its own denominator, so that limits hold exactly or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

from tests.allocation.larger import Larger, exact
from tests.allocation.whole_numbers import Solver, Whole

MOST: Final = 2**61  # CP-SAT counts in 64 bits, sums of both signs
LAND: Final = ("construction", "arable", "green")
Terms = list[tuple[Fraction, int]]  # coefficient and variable


class TooWide(Exception):
    """A row's numbers do not fit into 64 bits together."""


class Stated:
    """The whole-number program of a world without its rules; `taken` fixes every unit's option."""

    def __init__(self, world: Larger, taken: Mapping[str, str] | None = None) -> None:
        self.world, self.model = world, Whole()
        self.rows = world.options.to_dict("index")
        self.ways: dict[str, dict[str, dict[str, Any]]] = {}
        nothing = dict.fromkeys(world.options.columns, 0.0) | {"target": "unrestored", "treatment": "none", "ready_year": 0}
        for (unit, option), row in self.rows.items():
            self.ways.setdefault(str(unit), {})[str(option)] = row
        for mine in self.ways.values():
            if world.unrestored:
                mine["unrestored"] = nothing
        self.x = {(u, o): self.model.var() for u, mine in self.ways.items() for o in mine}
        for unit, mine in self.ways.items():
            self.model.row([(1, self.x[unit, o]) for o in mine], 1, 1)
            if taken is not None:
                self.model.row([(1, self.x[unit, taken[unit]])], 1)
        self.bought: list[tuple[Terms, Fraction]] = []  # yuan, what a yuan takes off the goal
        self.border: Terms = []
        self.paid: Terms = []
        self._charges()
        late = [r for r in world.rules if type(r).__name__ in ("Budget", "Keep")]
        for rule in world.rules:
            if rule not in late:
                getattr(self, f"_{type(rule).__name__.lower()}")(rule)
        for rule in late:  # they count what others buy
            getattr(self, f"_{type(rule).__name__.lower()}")(rule)
        self.aim = self._goal(world.goal, charged=True)
        self.sign = -1 if world.goal in ("cost", "compactness") else 1

    def every(self, value: Callable[[dict[str, Any]], Fraction], units: Iterable[str] | None = None) -> Terms:
        """Σ value(option)·x over the units."""
        among = self.ways if units is None else units
        found = [(value(row), self.x[u, o]) for u in among for o, row in self.ways[u].items()]
        return [(v, x) for v, x in found if v]

    def of(self, unit: str, keep: Callable[[dict[str, Any]], bool]) -> Terms:
        """The unit's options that are meant, each once."""
        return [(Fraction(1), self.x[unit, o]) for o, row in self.ways[unit].items() if keep(row)]

    def whole(self, terms: Terms, *limits: Fraction | None) -> tuple[list[int], int]:
        """Whole coefficients and what they were multiplied by. Raises TooWide."""
        by = math.lcm(*(v.denominator for v, _ in terms), 1)
        numbers = [int(v * by) for v, _ in terms]
        common = math.gcd(*numbers) or 1
        numbers, scale = [n // common for n in numbers], Fraction(by, common)
        size = sum(abs(n) * self.most(x) for n, (_, x) in zip(numbers, terms, strict=True))
        if size > MOST:
            raise TooWide
        return numbers, scale

    def most(self, var: int) -> int:
        return self.model.bounds[var][1]

    def add(
        self, terms: Terms, low: Fraction | None = None, high: Fraction | None = None, when: tuple[int, bool] | None = None
    ) -> None:
        """low ≤ Σ ≤ high, exactly, where a variable is true (false)."""
        numbers, scale = self.whole(terms)
        least, most = (None if low is None else math.ceil(low * scale)), (None if high is None else math.floor(high * scale))
        if not all(-MOST <= v <= MOST for v in (least, most) if v is not None):  # beyond what the sum can be
            impossible = (least or 0) > MOST or (most or 0) < -MOST
            least, most = (1, 0) if impossible else (v if v is not None and abs(v) <= MOST else None for v in (least, most))
        self.model.row([(n, x) for n, (_, x) in zip(numbers, terms, strict=True)], least, most, when)

    def amount(self, most: Fraction, grid: int) -> tuple[Fraction, int]:
        """A quantity 0 … most in steps of 1/grid, as coefficient and variable."""
        steps = math.floor(most * grid)
        if steps > MOST:
            raise TooWide
        return Fraction(1, grid), self.model.var(max(steps, 0))

    # what a plan comes to

    def _goal(self, goal: Any, *, charged: bool) -> Terms:
        """The objective, larger is better. charged: with the lump sums, that `Keep` does not count."""
        if isinstance(goal, Mapping):
            return [(exact(w) * v, x) for name, w in goal.items() for v, x in self._goal(name, charged=charged)]
        money = [(-worth * v, x) for terms, worth in self.bought for v, x in terms]
        border = [(-v, x) for v, x in self.border]
        match goal:
            case "net":
                own = self.every(lambda r: exact(r["benefit_cny"]) - exact(r["cost_cny"]))
                return own + money + border + ([(-v, x) for v, x in self.paid] if charged else [])
            case "npv":
                return (
                    self.every(lambda r: exact(r["npv_cny"]))
                    + money
                    + border
                    + ([(-v, x) for v, x in self.paid] if charged else [])
                )
            case "cost":
                return self.every(lambda r: -exact(r["cost_cny"])) + money + border
            case "land":
                return self.every(lambda r: exact(r["area_mu"]) if r["target"] in LAND else Fraction(0))
            case "compactness":
                return border
            case _:
                return self.every(lambda r: exact(r[goal]))

    def _charges(self) -> None:
        self.sums: Terms = []
        for charge in self.world.charges:
            falls = self.model.var()
            for unit in charge.units:
                for _, x in self.of(unit, lambda r: r["target"] != "unrestored"):
                    self.model.row([(1, x), (-1, falls)], None, 0)
            self.sums.append((exact(charge.cny), falls))
            self.paid.append((exact(charge.worth), falls))

    def solve(
        self, solver: Solver, work: float, near: Mapping[str, str] | None = None
    ) -> tuple[str, Fraction | None, Fraction]:
        """CP-SAT's status, the best plan's worth (larger is better) and a bound. work: its own measure of effort. near: a
        choice to begin with."""
        numbers, scale = self.whole(self.aim)
        self.model.aim = (numbers, [x for _, x in self.aim])
        status, values, bound = solver.solve(self.model, work, [self.x[key] for key in (near or {}).items()])
        if values is None:
            return status, None, Fraction(0)
        value = sum((v * values[x] for v, x in self.aim), Fraction(0))
        return status, value, value if status == "OPTIMAL" or not self.aim else Fraction(math.ceil(bound)) / scale
