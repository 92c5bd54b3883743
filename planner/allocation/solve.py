"""From a problem to a result: arithmetic first, then the method the problem's shape asks for, then an honest account."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from planner.allocation.bound import Multipliers, clean, forest, upper_bound
from planner.allocation.earlier import Start, row_prices, started
from planner.allocation.exact import solve_exactly
from planner.allocation.hauls import sides
from planner.allocation.infeasible import check_by_arithmetic, diagnose
from planner.allocation.least import with_least
from planner.allocation.methods import solve_by_shape
from planner.allocation.model import Model, assemble, at_worth, settle
from planner.allocation.objective import Objective
from planner.allocation.objective import objective as objective_of
from planner.allocation.parts import Rule
from planner.allocation.prices import account
from planner.allocation.result import Result, Status
from planner.allocation.search import Found, Method, Outcome, Progress, Settings, interruptible, relative_gap
from planner.allocation.table import Floats, Ints, OptionTable
from planner.allocation.verify import misses
from planner.allocation.warm import make_ready
from planner.errors import InvalidInput, NoPlanInTime
from planner.onecore import one_thread
from planner.timelimit import now
from planner.words import say


@one_thread()
def solve(
    table: OptionTable,
    rules: Sequence[Rule],
    *,
    gap: float,
    time_limit_s: float,
    objective: str | Mapping[str, float] | Objective,
    seed: int,
    start: pd.Series[str] | Result | Start | None,
    progress: Progress | None,
    method: str,
    rounds: int | None = None,
) -> Result:
    """Solves as `Problem.solve` says."""
    began, stop = now(), threading.Event()
    way = _checked_method(gap, time_limit_s, method)
    goal = objective_of(table, objective)
    with interruptible(stop):  # from here on: what is loaded and compiled swallows an exception
        parts = tuple(rule.part(table) for rule in rules)
        model = with_least(assemble(table, parts, goal))
        check_by_arithmetic(table, rules, parts, model)
        del parts  # at a million units they hold a third of a gigabyte
        paused = now()
        make_ready(model, way)
        settings = Settings(gap, began + now() - paused, time_limit_s, seed, progress, way, stop)
        before = None if start is None else started(start)
        settings = replace(settings, warm=None if before is None else before.warm, rounds=rounds)
        first = None if before is None else start_positions(table, model, before.choice)
        prices = None if before is None else _earlier_prices(model, rules, start, before, goal.sign)
        found = _checked(table, rules, model, settings, solve_by_shape(model, settings, first, prices))
        found = replace(found, interrupted=found.interrupted or stop.is_set())
    if found.outcome is Outcome.INFEASIBLE:
        parts = tuple(rule.part(table) for rule in rules)
        raise diagnose(table, rules, parts, relaxed=found.relaxation_empty, seed=seed, worth=found.multipliers.earth)
    if found.chosen is None and found.interrupted:
        raise KeyboardInterrupt
    if found.chosen is None:
        raise NoPlanInTime(
            say("allocation.no_plan_in_time", seconds=time_limit_s, bound=goal.sign * found.bound, unit=goal.unit)
        )
    return result_of(table, rules, model, goal, found, settings)


def _checked(table: OptionTable, rules: Sequence[Rule], model: Model, settings: Settings, found: Found) -> Found:
    """What was found if it passes the walk that stands between any method and the user; else the exact method's, or nothing."""

    def honest(one: Found) -> bool:
        return one.chosen is None or keeps(table, rules, model, one.chosen)

    if honest(found):
        return found
    again = found if model.carriage is not None else solve_exactly(model, settings, None)
    return again if again is not found and honest(again) else replace(found, outcome=Outcome.NOTHING, chosen=None)


def keeps(table: OptionTable, rules: Sequence[Rule], model: Model, chosen: Ints) -> bool:
    """Whether the independent walk finds nothing that a choice breaks; its haul is the model's, walked way by way."""
    ways = None if model.carriage is None else model.carriage.of(chosen).ways
    return not misses(table, rules, chosen, settle(model, chosen).columns, ways)


def _earlier_prices(model: Model, rules: Sequence[Rule], earlier: object, start: Start, sign: float) -> Floats | None:
    """An earlier result's prices where its limits are the same rows, else by what each is about; None where it has none."""
    if isinstance(earlier, Result) and earlier.multipliers.size == model.coef.shape[0]:
        return clean(model, earlier.multipliers)
    return row_prices(model, rules, start.rows, sign) if start.rows else None


def _checked_method(gap: float, time_limit_s: float, method: str) -> Method:
    if not (math.isfinite(gap) and gap >= 0):
        raise InvalidInput(say("allocation.solve_gap", gap=gap))
    if not time_limit_s > 0:
        raise InvalidInput(say("allocation.solve_time", time_limit_s=time_limit_s))
    if method not in tuple(Method):
        raise InvalidInput(say("allocation.solve_method", method=method, known=list(Method)))
    return Method(method)


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


def _status(found: Found, gap: float, settings: Settings) -> Status:
    if found.interrupted:
        return Status.INTERRUPTED
    if gap <= settings.gap + 1e-12:
        return Status.OPTIMAL
    return Status.TIME_LIMIT if settings.seconds_left <= 0 else Status.FEASIBLE


def result_of(
    table: OptionTable, rules: Sequence[Rule], model: Model, goal: Objective, found: Found, settings: Settings
) -> Result:
    assert found.chosen is not None
    chosen = found.chosen
    settled = settle(model, chosen)
    value, bound = goal.sign * settled.objective, goal.sign * max(found.bound, settled.objective)
    gap = relative_gap(value, bound)
    status = _status(found, gap, settings)
    priced = at_worth(model, earth_at(model, found))
    accounts = account(table, rules, priced, goal, found, settled)
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
        seconds=settings.seconds,
        method=found.method,
        sense="min" if goal.sign < 0 else "max",
        goal=goal.name,
        unit=goal.unit,
        notes=found.notes,
        bound_from_prices=goal.sign * bound_at(model, found.multipliers),
        multipliers=found.multipliers.rows,
        warm=found.warm,
        proof=found.multipliers,
        haul_cny=0.0 if model.carriage is None else model.carriage.of(chosen).cost,
        aim=goal,
        row_prices=accounts.prices,
    )


def earth_at(model: Model, found: Found) -> Floats:
    """What earth is worth at every unit for the plan found, yuan/m³ (N,)."""
    if model.carriage is None or found.multipliers.earth is None or found.chosen is None:
        return np.zeros(model.size)
    given = sides(model.carriage.hauls, found.multipliers.earth)
    return given[int(model.carriage.hauls.lack[found.chosen].sum() > 0)] if len(given) > 1 else given[0]


def bound_at(model: Model, multipliers: Multipliers) -> float:
    """The bound that multipliers prove in closed form, hauls at the worth of earth among them."""
    order = forest(model)
    if model.carriage is None or multipliers.earth is None:
        return upper_bound(model, multipliers, order)
    worths = sides(model.carriage.hauls, multipliers.earth)
    return max(upper_bound(at_worth(model, w), multipliers, order) for w in worths)


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
