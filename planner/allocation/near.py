"""A plan near an earlier one under other limits, within seconds: what the new limits break is mended, the rest stays.

The earlier choice is taken into the new limits by single moves, cheapest first at the earlier prices of the limits and at the
worth of earth that the earlier hauls show. Its bound is Lagrange's at these prices, borders taken as free: valid for any
prices, and wide; solving in full narrows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from planner.allocation.bound import Multipliers, clean, forest, order_possible, upper_bound
from planner.allocation.infeasible import check_by_arithmetic
from planner.allocation.model import Model, assemble, at_worth, settle
from planner.allocation.neighbours import neighbours, waters
from planner.allocation.objective import Objective
from planner.allocation.objective import objective as objective_of
from planner.allocation.polishing import polisher
from planner.allocation.result import Result
from planner.allocation.saddle import without_borders
from planner.allocation.search import Found, Method, Outcome, Settings
from planner.allocation.solve import result_of, start_positions
from planner.allocation.table import Floats, Ints
from planner.allocation.verify import misses
from planner.timelimit import now

if TYPE_CHECKING:
    from planner.allocation.problem import Problem

TURNS: Final = 3  # most times that room is made for hauls that cost more than at prices


def adjusted(
    problem: Problem,
    last: pd.Series[str] | Result,
    *,
    objective: str | Mapping[str, float] | Objective,
    gap: float,
    binding: Sequence[Mapping[str, Any]] = (),
) -> Result | None:
    """A plan near `last` that keeps the problem's limits, with a bound of its own; None where moves alone find none.

    last: an earlier choice (option by unit) or result. binding: rows `kind`, `target`, `treatment`, `name`, `unit`,
    `shadow_price` of the earlier plan, where `last` is no result. Rules that cut off patches are not mended here: None.
    Raises InvalidInput, and Infeasible where arithmetic alone shows that no plan can be.
    """
    began = now()
    goal = objective_of(problem.table, objective)
    parts = problem.parts()
    model = assemble(problem.table, parts, goal)
    check_by_arithmetic(problem.table, problem.rules, parts, model)
    if model.separators or model.clauses.hi.size or not order_possible(model):
        return None
    settings = Settings(gap, began, np.inf, 0, None, Method.CHOOSE)
    prices = _prices(model, problem, last, binding)
    before = start_positions(problem.table, model, last)
    after, worth = _mended(model, before, prices)
    kept = [(s.objective, chosen) for chosen in (before, after) if (s := settle(model, chosen)).feasible]
    chosen = max(kept, key=lambda one: one[0])[1] if kept else after
    if not kept or misses(problem.table, problem.rules, chosen, settle(model, chosen).columns):
        return None
    multipliers = Multipliers(prices, earth=worth)
    bound = upper_bound(without_borders(model if worth is None else at_worth(model, worth)), Multipliers(prices), forest(model))
    found = Found(Outcome.FOUND, chosen, bound, multipliers, "moves from the last plan")
    return result_of(problem.table, problem.rules, model, goal, found, settings)


def _prices(model: Model, problem: Problem, last: pd.Series[str] | Result, binding: Sequence[Mapping[str, Any]]) -> Floats:
    """The earlier prices of the limits, by what each is about; 0 where there was none."""
    rows = [vars(b) for b in last.binding] if isinstance(last, Result) else list(binding)
    known = {(r["kind"], r["target"], r["treatment"], r["name"], r["unit"]): float(r["shadow_price"]) for r in rows}
    prices = np.zeros(model.coef.shape[0])
    for i in range(prices.size):
        rule = problem.rules[model.owner[i]]
        name = getattr(rule, "name", "") or getattr(rule, "column", "") or ""
        about = (
            model.kinds[i] or type(rule).__name__.lower(),
            getattr(rule, "target", None) or "",
            getattr(rule, "treatment", None) or "",
            name,
            str(model.row_units[i]),
        )
        prices[i] = known.get(about, 0.0)
    return clean(model, prices)


def _mended(model: Model, chosen: Ints, prices: Floats) -> tuple[Ints, Floats | None]:
    """The choice after the moves that take it into the limits and make the best of them, and the worth of earth used."""
    order = forest(model)
    near, water = neighbours(model), waters(model, order)
    if model.carriage is None:
        return polisher(model, near, water)(chosen, prices), None
    worth = model.carriage.of(chosen).worth
    short = max(model.carriage.unseen(worth, chosen), 0.0)
    found = chosen
    for _ in range(TURNS):
        priced = at_worth(model, worth)
        found = polisher(replace(priced, hi=priced.hi - model.carriage.money * short), near, water)(chosen, prices)
        if settle(model, found).feasible:
            break
        missing = model.carriage.unseen(worth, found)
        if missing <= short:
            break
        short = missing * (1.0 + 1e-6)
    return found, worth
