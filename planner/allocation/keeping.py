"""Many units where a row counts the cost of borders (`Keep` beside `Compactness`): the row is priced instead of kept.

At a price μ ≥ 0 of the row what is left is a problem of dearer borders, which the methods for many solve, and its bound and
μ·limit are a bound of the whole. A plan's worth at all prices is a line, two plans on both sides of the limit are even where
their lines meet: there the next price lies, until nothing new comes of it. What the plan that keeps the limit leaves of it is
used up by the best of what lies between both.
Source: Lagrangian relaxation, Everett 1963, Geoffrion 1974; the next price, Kelley 1960.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from planner.allocation.bound import Multipliers
from planner.allocation.core_search import solve_core
from planner.allocation.model import Model, Settled, settle, without_rows
from planner.allocation.restrict import restrict
from planner.allocation.search import Best, Found, Method, Outcome, Settings, best_of, briefer, relative_gap
from planner.allocation.table import Floats, Ints

STEPS = 24  # most prices that are asked
STEEPER = 4.0  # times the last price, while plans still break the row
ROUGH, TIME = 5e-3, 0.25  # gap asked for while no plan keeps the row; share of the time left that a price may take
SHARE, FINER, LEAST = 0.25, 0.5, 0.05  # of the gap asked for that is left open at a price: at first, then, at last
NODES = 500  # most nodes of the search between two plans
NEW = 1e-3  # share of a price by which the next one differs, if anything new is to come of it

Solve = Callable[[Model, Settings, Ints | None, Floats | None], Found]


@dataclass(frozen=True)
class _Line:
    """A plan as it counts at all prices: its worth without the row, and by how much it breaks the row (below 0: keeps it)."""

    worth: float
    over: float
    chosen: Ints


def solve_keeping(model: Model, settings: Settings, first: Ints | None, prices: Floats | None, solve: Solve) -> Found | None:
    """A plan and its bound where one row counts borders; `solve` solves the problem at a price. None where no plan is found."""
    row = int(np.flatnonzero(model.border)[0])
    others = np.arange(model.hi.size) != row
    search = _Search(model, row, settings)
    price, start = 0.0, first
    rows = None if prices is None else prices[others]
    while search.going:
        brief = briefer(settings, TIME, NODES)
        asked = replace(brief, gap=search.gap, progress=None, warm=search.warm, method=Method.CORE)
        found = solve(_at_price(model, row, price), asked, start, rows)
        if found.outcome is Outcome.INFEASIBLE:
            return replace(found, multipliers=Multipliers(np.zeros(model.hi.size)))
        if found.chosen is None:
            break
        search.take(price, found)
        start, rows = found.chosen, found.multipliers.rows
        following = search.next_price(price)
        if following is None:
            break
        if search.above is not None and abs(following - price) <= NEW * price:
            search.share *= FINER
            if search.share < LEAST:
                break
        price = following
    return search.found()


def _at_price(model: Model, row: int, price: float) -> Model:
    """The model with a row priced instead of kept; its borders cost what the objective and the row count of them."""
    factor = model.borders_count + price * float(model.border[row])
    bare = without_rows(model, np.arange(model.hi.size) != row)
    return replace(
        bare,
        gain=model.gain - price * model.coef[row],
        price=model.price + price * model.entries[:, row],
        edges=model.edges._replace(cost=model.edges.cost * factor),
        borders_count=1.0,
    )


class _Search:
    """The best plan and bound so far, and the plans on both sides of the limit."""

    def __init__(self, model: Model, row: int, settings: Settings) -> None:
        self.model, self.row, self.settings = model, row, settings
        self.best, self.bound, self.multipliers = Best(), np.inf, Multipliers(np.zeros(model.hi.size))
        self.below: _Line | None = None  # the plan that breaks the row least, and the one that keeps it least
        self.above: _Line | None = None
        self.steps, self.share, self.warm, self.interrupted, self.method = 0, SHARE, settings.warm, False, ""

    @property
    def going(self) -> bool:
        """Whether another price is to be asked."""
        open_yet = relative_gap(self.best.value, self.bound) > self.settings.gap
        return open_yet and not self.interrupted and self.steps < STEPS and self.settings.go_on()

    @property
    def gap(self) -> float:
        """What may be left open at a price."""
        return max(self.settings.gap, ROUGH) if self.above is None else self.share * self.settings.gap

    def take(self, price: float, found: Found) -> None:
        """What was found at a price."""
        assert found.chosen is not None
        self.steps, self.warm, self.method = self.steps + 1, found.warm, found.method
        self.interrupted = self.interrupted or found.interrupted
        if (bound := found.bound + price * float(self.model.hi[self.row])) < self.bound:
            rows = np.insert(found.multipliers.rows, self.row, price)
            self.bound, self.multipliers = bound, replace(found.multipliers, rows=rows)
        settled = settle(self.model, found.chosen)
        line = _Line(settled.objective, self._over(settled), found.chosen)
        if settled.broken[self.row] > 0:
            self.below = line if self.below is None or line.over < self.below.over else self.below
        elif settled.feasible and (self.above is None or line.worth > self.above.worth):
            self.above = line
        if self.above is not None and self.below is not None:
            best, enough = Best(self.above.worth, self.above.chosen), self.bound - self.settings.gap * abs(self.bound)
            brief = briefer(self.settings, TIME, NODES)
            best = between(self.model, brief, best, self.below.chosen, enough)
            if best.chosen is not None and best.value > self.above.worth:
                self.above = _Line(best.value, self._over(settle(self.model, best.chosen)), best.chosen)
        if self.above is not None and self.above.worth > self.best.value:
            self.best = Best(self.above.worth, self.above.chosen)
        if self.settings.progress is not None:
            self.settings.progress(self.bound, self.best.value, relative_gap(self.best.value, self.bound))

    def _over(self, settled: Settled) -> float:
        return float(settled.activity[self.row] - self.model.hi[self.row])

    def next_price(self, price: float) -> float | None:
        """Where both sides' plans are even; while one side is empty, a steeper price, or None where that is the other one."""
        if self.below is None:
            return None
        if self.above is None:
            return STEEPER * price if price else 1.0 / float(self.model.border[self.row])
        return max((self.below.worth - self.above.worth) / (self.below.over - self.above.over), 0.0)

    def found(self) -> Found | None:
        """The best plan with what the best price proves."""
        if self.best.chosen is None:
            return None
        method = f"{self.method}, borders of a limit priced"
        bound = max(self.bound, self.best.value)
        return Found(Outcome.FOUND, self.best.chosen, bound, self.multipliers, method, self.interrupted)


def between(model: Model, settings: Settings, best: Best, other: Ints, enough: float) -> Best:
    """The best of all plans whose units are as in one of two, by branch and bound; the first where it finds no better."""
    assert best.chosen is not None
    keep = np.zeros(model.gain.size, dtype=np.bool_)
    keep[best.chosen], keep[other] = True, True
    core = restrict(model, best.chosen, best.chosen != other, keep)
    slack = SHARE * settings.gap * abs(enough)
    _, chosen = solve_core(model, core, best.chosen, settings, enough=enough, nodes=NODES, slack=slack)
    return best_of(model, best, chosen)
