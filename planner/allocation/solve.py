"""From a problem to a result: arithmetic first, then the method the problem's shape asks for, then an honest account."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.allocation.bound import Forest, Multipliers, clean, forest, upper_bound
from planner.allocation.compact import solve_compact
from planner.allocation.core_search import solve_by_core
from planner.allocation.exact import Found, solve_exactly
from planner.allocation.infeasible import check_by_arithmetic, diagnose
from planner.allocation.model import Model, assemble, settle
from planner.allocation.objective import Objective, objective
from planner.allocation.prices import account
from planner.allocation.result import Result, relative_gap
from planner.allocation.table import Floats, Ints, OptionTable
from planner.errors import InvalidInput, NoPlanInTime

if TYPE_CHECKING:
    from planner.allocation.problem import Problem, Progress


LARGE = 200  # units from which Newton's prices and a core beat branch and bound on the whole
LARGE_COMPACT = 800  # the same with border costs
SMALL = 3000  # units up to which branch and bound gets a try at a gap the large methods left


@dataclass(frozen=True)
class Settings:
    """How to solve: relative gap, the moment to stop (time.monotonic), seed, progress, method."""

    gap: float
    deadline: float
    seed: int
    progress: Progress | None
    method: str

    @property
    def seconds_left(self) -> float:
        return max(self.deadline - time.monotonic(), 0.0)


def solve(
    problem: Problem,
    *,
    gap: float,
    time_limit_s: float,
    objective: str | Mapping[str, float] | Objective,
    seed: int,
    start: pd.Series[str] | Result | None,
    progress: Progress | None,
    method: str,
) -> Result:
    """Solves as `Problem.solve` says."""
    began = time.monotonic()
    _check_settings(gap, time_limit_s, method)
    goal = _objective(problem.table, objective)
    parts = problem.parts()
    model = assemble(problem.table, parts, goal)
    check_by_arithmetic(problem.table, problem.rules, parts, model)
    del parts  # at a million units they hold a third of a gigabyte
    settings = Settings(gap, began + time_limit_s, seed, progress, method)
    first = None if start is None else start_positions(problem.table, model, start)
    found = solve_by_shape(model, settings, first, start)
    if found.status == "infeasible":
        raise diagnose(problem.table, problem.rules, problem.parts(), relaxed=found.relaxation_empty, seed=seed)
    if found.chosen is None:
        raise NoPlanInTime(
            f"no plan that keeps all limits was found in {time_limit_s:g} s; the bound so far is {goal.sign * found.bound:,.6g}"
            f" {goal.unit}\ngive more time or relax a limit"
        )
    return _result(problem, model, goal, found, settings, time.monotonic() - began)


def solve_by_shape(model: Model, settings: Settings, first: Ints | None, start: pd.Series[str] | Result | None) -> Found:
    """The method the problem's shape asks for; each proves its own bound, and the exact one has the last word."""
    if model.separators and model.size >= LARGE and settings.method == "choose":
        found = _giving_up(model, settings, first, start)
        if found is not None:
            return found
    least = LARGE_COMPACT if model.edges.cost.size else LARGE
    large = model.size >= least and not model.clauses.hi.size and not model.separators and not model.border.any()
    if settings.method == "core" or (settings.method == "choose" and large):
        prices = _earlier_prices(model, start)
        method = solve_compact if model.edges.cost.size else solve_by_core
        found = method(model, settings, first, prices)
        if found is not None and (model.size > SMALL or relative_gap(_value(model, found), found.bound) <= settings.gap):
            return found
        if found is not None and not found.interrupted and settings.seconds_left > 0:
            return _better(model, found, solve_exactly(model, settings, found.chosen))
        if found is not None:
            return found
    return solve_exactly(model, settings, first)


def _value(model: Model, found: Found) -> float:
    return -math.inf if found.chosen is None else settle(model, found.chosen).objective


def _better(model: Model, one: Found, other: Found) -> Found:
    """The better plan of two methods and the tighter of their bounds."""
    plan = max((one, other), key=lambda f: _value(model, f))
    methods = f"{one.method}, then {other.method}"
    return replace(plan, bound=min(one.bound, other.bound), method=methods, interrupted=other.interrupted)


def _giving_up(model: Model, settings: Settings, first: Ints | None, start: pd.Series[str] | Result | None) -> Found | None:
    """Large problems with separated rules: bound without them, then give up what breaks them until nothing does."""
    allowed, bound, found = model.allowed.copy(), None, None
    while settings.seconds_left > 0:
        smaller = replace(model, allowed=allowed, separators=())
        if not np.add.reduceat(allowed, model.start[:-1]).all():
            return None
        found = solve_by_shape(smaller, settings, first, start)
        if found.chosen is None:
            return found if bound is None and found.status == "infeasible" else None
        bound = found.bound if bound is None else bound
        if settle(model, found.chosen).feasible:
            note = "patches that broke a rule were given up; the bound is of the problem without that rule"
            method = f"{found.method}, patches given up"
            return replace(found, bound=max(bound, found.bound), method=method, notes=(note,))
        for separator in model.separators:
            allowed[separator.offending(found.chosen)] = False
        first = None
    return None


def _earlier_prices(model: Model, start: pd.Series[str] | Result | None) -> Floats | None:
    """An earlier result's prices, where its limits are the same rows."""
    if isinstance(start, Result) and start.multipliers.size == model.coef.shape[0]:
        return clean(model, start.multipliers)
    return None


def _objective(table: OptionTable, wanted: str | Mapping[str, float] | Objective) -> Objective:
    return objective(table, wanted)


def _check_settings(gap: float, time_limit_s: float, method: str) -> None:
    if not (math.isfinite(gap) and gap >= 0):
        raise InvalidInput(f"solve: gap = {gap} is not a number ≥ 0")
    if not time_limit_s > 0:
        raise InvalidInput(f"solve: time_limit_s = {time_limit_s} must be above 0")
    if method not in ("choose", "milp", "core"):
        raise InvalidInput(f"solve: unknown method {method!r}; use choose, milp or core")


def start_positions(table: OptionTable, model: Model, start: pd.Series[str] | Result) -> Ints:
    """An earlier choice as option positions; units it does not name, or whose option is gone, take their best one."""
    choice = start.choice if isinstance(start, Result) else start
    unit = table.units.get_indexer(choice.index.astype(str))
    name = pd.Index(table.names, dtype=object).get_indexer(choice.astype(str))
    known = (unit >= 0) & (name >= 0)
    have = table.unit * table.names.size + table.option
    wanted = unit[known].astype(np.int64) * table.names.size + name[known]
    place = np.minimum(np.searchsorted(have, wanted), have.size - 1)
    place = place[have[place] == wanted]
    place = place[model.allowed[place]]
    chosen = np.full(model.size, -1, dtype=np.int64)
    chosen[model.unit[place]] = place
    for unit in np.flatnonzero(chosen < 0):
        mine = np.arange(model.start[unit], model.start[unit + 1])
        mine = mine[model.allowed[mine]]
        chosen[unit] = mine[np.argmax(model.gain[mine])]
    return chosen


def _result(problem: Problem, model: Model, goal: Objective, found: Found, settings: Settings, seconds: float) -> Result:
    assert found.chosen is not None
    table, chosen = problem.table, found.chosen
    settled = settle(model, chosen)
    value, bound = goal.sign * settled.objective, goal.sign * max(found.bound, settled.objective)
    order: Forest | None = forest(model)
    accounts = account(problem, model, goal, chosen, settled, found.multipliers, order)
    gap = relative_gap(value, bound)
    unproven = "time_limit" if settings.seconds_left <= 0 else "feasible"
    status = "interrupted" if found.interrupted else "optimal" if gap <= settings.gap + 1e-12 else unproven
    return Result(
        choice=pd.Series(table.names[table.option[chosen]], index=table.units, name="option", dtype=object),
        chosen=chosen_rows(table, chosen),
        status=status,
        objective=value,
        bound=bound,
        gap=gap,
        shadow_prices=accounts.rows["shadow_price"],
        binding=accounts.binding,
        rows=accounts.rows,
        next_best=accounts.next_best,
        worth=accounts.worth,
        seconds=seconds,
        method=found.method,
        sense="min" if goal.sign < 0 else "max",
        goal=goal.name,
        unit=goal.unit,
        notes=found.notes,
        bound_from_prices=goal.sign * upper_bound(model, found.multipliers, order),
        multipliers=found.multipliers.rows,
    )


def chosen_rows(table: OptionTable, chosen: Ints) -> pd.DataFrame:
    """The chosen rows of the options, by unit_id: option, target, treatment and every numeric column."""
    frame = pd.DataFrame(
        {
            "option": table.names[table.option[chosen]],
            "target": np.asarray(table.targets, dtype=object)[table.target[chosen]],
            "treatment": np.asarray(table.treatments, dtype=object)[table.treatment[chosen]],
        }
        | {name: values[chosen] for name, values in table.values.items()},
        index=table.units,
    )
    return frame


def best_bound(model: Model, multipliers: Multipliers | None) -> float:
    """The closed-form bound at these multipliers, or at none."""
    zero = Multipliers(np.zeros(model.coef.shape[0]))
    order = forest(model)
    bounds = [upper_bound(model, m, order) for m in (zero, multipliers) if m is not None]
    return min(bounds)


__all__ = ["Settings", "best_bound", "clean", "solve"]
