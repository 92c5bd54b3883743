"""A plan near an earlier one under other limits, within seconds: what the new limits break is mended, the rest stays.

The earlier prices are moved to the new limits by Newton's method: with what the earlier search knew of borders and of earth
they prove a bound nearly as tight as the earlier one, and where they fall without end, that no plan keeps the limits. The
earlier choice is then taken into the new limits by moves at these prices, best first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from planner.allocation.bound import Multipliers, forest, order_possible, upper_bound
from planner.allocation.compact import least_value
from planner.allocation.dual import Dual, minimise
from planner.allocation.earlier import Start, border_prices, row_prices, started, worth_of_earth
from planner.allocation.hauls import sides
from planner.allocation.infeasible import check_by_arithmetic
from planner.allocation.model import Model, assemble, at_worth, settle
from planner.allocation.neighbours import neighbours, waters
from planner.allocation.objective import Objective
from planner.allocation.objective import objective as objective_of
from planner.allocation.polishing import polisher
from planner.allocation.result import Result
from planner.allocation.saddle import without_borders
from planner.allocation.search import Found, Method, Outcome, Settings, Warm
from planner.allocation.shortfall import refusal
from planner.allocation.solve import keeps, result_of, start_positions
from planner.allocation.swaps import mended_by_swaps
from planner.allocation.table import Floats, Ints
from planner.core.choice.arrays import Forest, Near, Waters
from planner.core.choice.primaldual import border_pull
from planner.timelimit import now

if TYPE_CHECKING:
    from planner.allocation.problem import Problem

TURNS: Final = 3  # most times that room is made for hauls that cost more than at prices
ROOM: Final = 1.05  # of what prices did not see of the earlier haul, kept free at first where money presses
ACCURACY: Final = 1e-5  # of the bound at the moved prices: a hundredth of the gap that is near enough
WARMTH: Final = 2e-3  # first temperature there: prices move further than within a search, and colder steps fall short
POOR: Final = 0.25  # gap from which an answer is none: prices unlike the new limits may lead to any plan
STAYS: Final = 0.1  # share of the gap asked for that a move must win: below it the earlier choice, where it still can be, stays


def adjusted(
    problem: Problem,
    last: pd.Series[str] | Result | Start,
    *,
    objective: str | Mapping[str, float] | Objective,
    gap: float,
) -> Result | None:
    """A plan near `last` that keeps the problem's limits, with a bound of its own; None where moves alone find none.

    last: an earlier choice (option by unit), result or plan. Rules that cut off patches are not mended here: None. So it is
    where the plan found is not proven to lie within POOR of the best.
    Raises InvalidInput, and Infeasible where arithmetic or prices show that no plan can be.
    """
    began = now()
    goal = objective_of(problem.table, objective)
    parts = problem.parts()
    model = assemble(problem.table, parts, goal)
    check_by_arithmetic(problem.table, problem.rules, parts, model)
    if model.separators or model.clauses.hi.size or model.border.any() or not order_possible(model):
        return None
    start = started(last)
    before = start_positions(problem.table, model, start.choice)
    here = _standing(model, start.warm, before)
    dual = here.moved(row_prices(model, problem.rules, start.binding, goal.sign))
    if dual.bound < least_value(model):
        raise refusal(here.priced, problem.rules, here.order, before, dual.multipliers.rows)
    chosen = _mended(here, before, dual.multipliers.rows, here.unseen(before, start.haul_cny), gap)
    if chosen is None or not keeps(problem.table, problem.rules, model, chosen):
        return None
    found = Found(
        Outcome.FOUND,
        chosen,
        here.bound(dual.multipliers.rows),
        Multipliers(dual.multipliers.rows, pull=here.pull, earth=here.earth),
        "moves from the last plan",
        warm=Warm(here.border, here.earth),
    )
    settings = Settings(gap, began, np.inf, 0, None, Method.CHOOSE)
    result = result_of(problem.table, problem.rules, model, goal, found, settings)
    return result if result.gap <= POOR else None


@dataclass(frozen=True, eq=False)
class _Standing:
    """A model where an earlier search left it: order, neighbours, prices of borders' terms (E, C) and what these take off each
    option (K,), worth of earth at every unit (N,)."""

    model: Model
    order: Forest | None
    near: Near
    water: Waters
    border: Floats
    pull: Floats
    earth: Floats | None

    @property
    def worths(self) -> tuple[Floats, ...]:
        """Worths of earth of which one bounds the haul of any choice; none where nothing is carried."""
        if self.model.carriage is None or self.earth is None:
            return ()
        return sides(self.model.carriage.hauls, self.earth)

    @property
    def priced(self) -> Model:
        """The model with earth at its worth in place of the haul."""
        return self.model if self.earth is None else at_worth(self.model, self.earth)

    def unseen(self, chosen: Ints, hauled: float | None) -> float:
        """What a choice's haul, where it is known, costs beyond what earth at its worth counts of it, yuan."""
        if self.model.carriage is None or self.earth is None:
            return 0.0
        return max(self.model.carriage.unseen(self.earth, chosen, hauled), 0.0)

    def beside(self, unseen: float) -> Model:
        """The priced model with that much, yuan, kept free in limits that count the haul."""
        hauls = self.model.carriage
        return self.priced if hauls is None or not unseen else replace(self.priced, hi=self.priced.hi - hauls.money * unseen)

    def moved(self, rows: Floats) -> Dual:
        """Prices of the rows at the new limits, from earlier ones (S,)."""
        bare = [without_borders(at_worth(self.model, w), self.pull) for w in self.worths]
        bare = bare or [without_borders(self.model, self.pull)]
        least = least_value(self.model)
        found = [minimise(m, self.order, start=rows, accuracy=ACCURACY, warmth=WARMTH, least=least) for m in bare]
        return max(found, key=lambda dual: dual.bound)

    def bound(self, rows: Floats) -> float:
        """What no plan exceeds, in closed form."""
        prices = Multipliers(rows, pull=self.pull)
        models = [at_worth(self.model, w) for w in self.worths] or [self.model]
        return max(upper_bound(m, prices, self.order) for m in models)


def _standing(model: Model, warm: Warm | None, before: Ints) -> _Standing:
    """The model with earlier prices of borders and earth where they fit; else borders free, earth as the choice shows it."""
    order, near = forest(model), neighbours(model)
    border = border_prices(model, warm)
    pull = border_pull(near, model.terms, border, model.unit, model.kind) if border.size else np.zeros(model.gain.size)
    earth = worth_of_earth(model, warm)
    if earth is None and model.carriage is not None:
        earth = model.carriage.of(before).worth
    return _Standing(model, order, near, waters(model, order), border, np.asarray(pull), earth)


def _mended(here: _Standing, before: Ints, rows: Floats, unseen: float, gap: float) -> Ints | None:
    """The better of the choice as it was and the choice that moves lead to; None where neither keeps the limits. unseen: of
    the haul of the choice as it was, which is not worked out again: it takes longest."""
    as_was = settle(here.beside(unseen), before)
    if not as_was.feasible:
        return _moved(here, before, rows, unseen)
    at_prices = polisher(here.priced, here.near, here.water)(before, rows)
    true = as_was.objective - (here.model.carriage.counts * unseen if here.model.carriage is not None else 0.0)
    if settle(here.priced, at_prices).objective - as_was.objective <= STAYS * gap * abs(true):
        return before
    moved = _moved(here, before, rows, unseen)
    return before if moved is None or settle(here.model, moved).objective <= true else moved


def _moved(here: _Standing, before: Ints, rows: Floats, unseen: float) -> Ints | None:
    """The choice after the moves that take it into the limits and make the best of them; None where they do not get there."""
    hauls, short = here.model.carriage, 0.0
    if unseen and _presses(here, before, rows, unseen):
        short = ROOM * unseen
    for _ in range(TURNS if hauls is not None else 1):
        room = here.beside(short)
        if short > 0:  # what room is left sets other prices
            rows = minimise(
                without_borders(room, here.pull), here.order, start=rows, accuracy=ACCURACY, warmth=WARMTH
            ).multipliers.rows
        moves = polisher(room, here.near, here.water)
        found = moves(before, rows)
        if not settle(room, found).feasible:
            mended = mended_by_swaps(moves, found, rows)
            if mended is None:
                return None
            found = moves.mended(mended, rows)
        if hauls is None or here.earth is None or settle(here.model, found).feasible:
            return found
        missing = hauls.unseen(here.earth, found)
        if missing <= short:
            return None
        short = missing * (1.0 + 1e-6)
    return None


def _presses(here: _Standing, before: Ints, rows: Floats, unseen: float) -> bool:
    """Whether a limit that counts the haul has a price, or had no more room left than for what prices do not see of it."""
    hauls = here.model.carriage
    if hauls is None:
        return False
    tight = here.priced.hi - hauls.money * unseen - settle(here.priced, before).activity < hauls.money * unseen
    return bool((hauls.money * rows).any() or (tight & (hauls.money > 0)).any())
