"""A plan near an earlier one under other limits, within seconds: what the new limits break is mended, the rest stays.

The earlier prices are moved to the new limits by Newton's method: with what the earlier search knew of borders and of earth
they prove a bound nearly as tight as the earlier one, and where they fall without end, that no plan keeps the limits. The
earlier choice is then taken into the new limits by moves at these prices, best first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from planner.allocation.bound import Multipliers, forest, least_value, order_possible
from planner.allocation.dual import Dual
from planner.allocation.earlier import Start, border_prices, row_prices, started, worth_of_earth
from planner.allocation.infeasible import check_by_arithmetic
from planner.allocation.model import Model, Settled, assemble, settle
from planner.allocation.neighbours import neighbours, waters
from planner.allocation.objective import Objective
from planner.allocation.objective import objective as objective_of
from planner.allocation.polishing import polisher
from planner.allocation.result import Result
from planner.allocation.search import Found, Method, Outcome, Settings, Warm
from planner.allocation.shortfall import refusal
from planner.allocation.solve import keeps, result_of, start_positions
from planner.allocation.standing import Standing, taken_at_once, taken_in
from planner.allocation.table import Floats, Ints
from planner.allocation.undecided import ACCURACY
from planner.core.choice.primaldual import border_pull
from planner.onecore import one_thread
from planner.timelimit import now

if TYPE_CHECKING:
    from planner.allocation.problem import Problem

FAR: Final = 0.25  # gap from which an answer is none: prices unlike the new limits may lead to any plan
HAULED: Final = 0.02  # share of a haul that may stay unproven: in a third of the time, some 0.03 % dearer than the least
ROOM: Final = 1.5  # of what prices do not see of the last haul, kept free for that of the next: a second turn takes longest
FALLEN: Final = 3e-3  # of the bound that rough prices take off it, from where limits may be impossible: steps are made in full
STAYS: Final = 0.1  # share of the gap asked for that a move must win: below it the earlier choice, where it still can be, stays


@one_thread()
def adjusted(
    problem: Problem,
    last: pd.Series[str] | Result | Start,
    *,
    objective: str | Mapping[str, float] | Objective,
    gap: float,
) -> Result | None:
    """A plan near `last` that keeps the problem's limits, with a bound of its own; None where moves alone find none.

    last: an earlier choice (option by unit), result or plan. Rules that cut off patches are not mended here: None. So it is
    where the plan found is not proven to lie within FAR of the best.
    Raises InvalidInput, and Infeasible where arithmetic or prices show that no plan can be.
    """
    began = now()
    goal = objective_of(problem.table, objective)
    parts = problem.parts()
    model = _roughly_hauled(assemble(problem.table, parts, goal))
    check_by_arithmetic(problem.table, problem.rules, parts, model)
    if model.separators or model.clauses.hi.size or model.border.any() or not order_possible(model):
        return None
    start = started(last)
    before = start_positions(problem.table, model, start.choice)
    border = border_prices(model, start.warm)
    here = _standing(model, border, start.warm, before)
    rows, unseen = row_prices(model, problem.rules, start.rows, goal.sign), here.unseen(before, start.haul_cny)
    as_was, known = settle(here.beside(unseen), before), rows
    bound = here.bound(rows)
    if not as_was.feasible or start.bound is None or bound > goal.sign * start.bound + ACCURACY * abs(bound):
        dual = _moved(here, problem, before, rows, rough=True)
        if dual.bound < bound - FALLEN * abs(bound):
            dual = _moved(here, problem, before, rows)
        rows, bound = dual.multipliers.rows, dual.bound
    chosen = _mended(here, before, as_was, (rows, bound), unseen, gap)
    if chosen is None:
        rows = _moved(here, problem, before, known).multipliers.rows
        _moved(here, problem, before, rows, patient=True)
        return None
    if not keeps(problem.table, problem.rules, model, chosen):
        return None
    found = Found(
        Outcome.FOUND,
        chosen,
        bound,
        Multipliers(rows, pull=here.pull, earth=here.earth),
        "moves from the last plan",
        warm=Warm(border, here.earth),
    )
    settings = Settings(gap, began, np.inf, 0, None, Method.CHOOSE)
    result = result_of(problem.table, problem.rules, model, goal, found, settings)
    return result if result.gap <= FAR else None


def _moved(here: Standing, problem: Problem, before: Ints, rows: Floats, *, patient: bool = False, rough: bool = False) -> Dual:
    """`Standing.moved`. Raises Infeasible where these prices prove that no plan keeps the limits."""
    dual = here.moved(rows, patient=patient, rough=rough)
    if dual.bound < least_value(here.model):
        raise refusal(here.priced, problem.rules, here.order, before, dual.multipliers.rows)
    return dual


def _roughly_hauled(model: Model) -> Model:
    return model if model.carriage is None else replace(model, carriage=replace(model.carriage, gap=HAULED))


def _standing(model: Model, border: Floats, warm: Warm | None, before: Ints) -> Standing:
    """The model with earlier prices of borders, yuan (E, C), and of earth where they fit; else earth as the choice shows it."""
    order, near = forest(model), neighbours(model)
    pull = border_pull(near, model.terms, border, model.unit, model.kind) if border.size else np.zeros(model.gain.size)
    earth = worth_of_earth(model, warm)
    if earth is None and model.carriage is not None:
        earth = model.carriage.of(before).worth
    return Standing(model, order, near, waters(model, order), np.asarray(pull), earth)


def _mended(
    here: Standing, before: Ints, as_was: Settled, proof: tuple[Floats, float], unseen: float, gap: float
) -> Ints | None:
    """The better of the choice as it was and the choice that moves lead to; None where neither keeps the limits. proof: prices
    of the rows (S,) and the bound that they prove. unseen: of the haul of the choice as it was, which is not worked out again:
    it takes longest."""
    rows, bound = proof
    if not as_was.feasible:
        return taken_at_once(here, before, rows, ROOM * unseen, bound)
    moves = polisher(here.priced, here.near, here.water)
    true = as_was.objective - (here.model.carriage.counts * unseen if here.model.carriage is not None else 0.0)
    least = as_was.objective + STAYS * gap * abs(true)
    if moves.worth(moves.at_prices(before, rows), rows) <= least or settle(moves.model, moves(before, rows)).objective <= least:
        return before
    moved = taken_in(here, before, rows, ROOM * unseen)
    return before if moved is None or settle(here.model, moved).objective <= true else moved
