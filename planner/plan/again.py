"""Planning again: the same land under other limits and locks, from where the last attempt stood, and what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from planner.allocation import Charge, Lock, solve_charged
from planner.allocation.earlier import Start, started
from planner.allocation.near import adjusted
from planner.errors import InvalidInput
from planner.options import appraise
from planner.plan.allocate import OBJECTIVE, admitted, charges_of, offered, problem_of, rules_of
from planner.plan.compose import Survey, survey
from planner.plan.kept import warm_of
from planner.plan.sensitivity import remeasured
from planner.scenario import Scenario, replaced
from planner.suitability import judge
from planner.tables import Partition
from planner.words import Message, say

if TYPE_CHECKING:
    from planner.allocation import Problem, Result
    from planner.plan.noun import Plan

GAP: Final = 1e-3  # proven distance to the best that is near enough while one is still trying
PATIENCE_S: Final = 60.0
LEVEL: Final = "reservoir.level_m"
WEIGHED: Final = ("works.", "earthwork.haul_", "earthwork.stock_")  # prices that rules hold, not options


@dataclass(frozen=True, eq=False)
class Attempt:
    """One answer: the scenario and the locks it was found under, the option of every unit, and the certificate.

    option: by unit_id. rows: the chosen options' rows by unit_id. options: all that could be chosen from.
    """

    scenario: Scenario
    locks: Mapping[str, str]
    option: pd.Series[str]
    rows: pd.DataFrame
    options: pd.DataFrame
    result: Result | None = field(default=None)

    def changed(self, other: Attempt) -> list[str]:
        """Units whose option is not that of another attempt, in order."""
        same = self.option == other.option.reindex(self.option.index)
        return [str(unit) for unit in self.option.index[~same]]


def first(plan: Plan) -> Attempt:
    """A plan as the attempt that others start from."""
    options = plan.options.drop(columns=[c for c in ("loss_cny",) if c in plan.options.columns])
    option = (plan.units["target"].astype(str) + ":" + plan.units["treatment"].astype(str)).rename("option")
    return Attempt(plan.site.scenario, {}, option, _rows(options, option), options)


def again(
    plan: Plan,
    last: Attempt,
    sets: Mapping[str, Any],
    locks: Mapping[str, str],
    *,
    known: Survey | None = None,
    gap: float = GAP,
    tell: Callable[[Message], None] = lambda _: None,
) -> Attempt:
    """A plan under further settings and locks, begun at the last attempt: near it where moves alone find one, else the best.

    sets: dotted keys as `make_plan` takes them, against the plan's own scenario. locks: target by unit_id. known: the site's
    survey, asked for where the water level moves; it is made where it is not given. tell: hears of it where no plan near the
    last one is found and the search is made in full. The answer's result has a gap of its own; `proven` narrows it. Raises
    InvalidInput, for what options are priced, judged or measured by too, Infeasible (naming the limits to relax), NoPlanInTime.
    """
    _check_limits(plan, sets)
    scenario = replaced(plan.site.scenario, dict(sets)) if sets else plan.site.scenario
    if last.result is not None and scenario == last.scenario and dict(locks) == dict(last.locks):
        return last
    options = last.options
    if scenario.reservoir.level_m != last.scenario.reservoir.level_m:
        options = _at_level(plan, scenario, known)
    missing = sorted(set(locks) - set(plan.units.index))
    if missing:
        raise InvalidInput(say("plan.lock_no_unit", unit=missing[0], nearest=""))
    problem = _problem(plan, scenario, locks, options)
    start, charges = _begun(plan, last, problem), _charges(plan, scenario)
    result = None if charges else adjusted(problem, start, objective=OBJECTIVE, gap=gap)  # moves know nothing of lump sums
    if result is None:
        tell(say("plan.searched_in_full", seconds=PATIENCE_S))
        result = _solved(problem, charges, scenario, start, gap)
    return _attempt(plan, scenario, locks, options, result)


def _check_limits(plan: Plan, sets: Mapping[str, Any]) -> None:
    """Raises InvalidInput for a setting that the options hang on: they are the plan's own, but for the water's level."""
    for key in sets:
        priced = key in plan.site.scenario.parameters and not key.startswith(WEIGHED)
        if key != LEVEL and (priced or remeasured(plan.site, key)):
            raise InvalidInput(say("plan.again_prices", key=key))


def _begun(plan: Plan, last: Attempt, problem: Problem) -> Start:
    """The last attempt as a search begins at it, with the prices that it or else the plan knows."""
    if last.result is not None:
        return started(last.result)
    warm = warm_of(plan.border_prices, plan.earth_prices, problem.table.units)
    return Start(last.option, plan.certificate.start_prices, warm, plan.economics.haul_cny, plan.certificate.bound)


def proven(plan: Plan, last: Attempt, *, gap: float = GAP) -> Attempt:
    """The best plan under an attempt's own settings and locks, begun at it; raises as `again`."""
    problem = _problem(plan, last.scenario, last.locks, last.options)
    result = _solved(problem, _charges(plan, last.scenario), last.scenario, _begun(plan, last, problem), gap)
    return _attempt(plan, last.scenario, last.locks, last.options, result)


def _problem(plan: Plan, scenario: Scenario, locks: Mapping[str, str], options: pd.DataFrame) -> Problem:
    parts, locked = _parts(plan), [Lock(unit, target) for unit, target in sorted(locks.items())]
    rules = [*rules_of(scenario, plan.units, parts), *locked]
    return problem_of(admitted(options, scenario), rules, scenario, parts, plan.site.places)


def _parts(plan: Plan) -> Partition:
    return Partition(plan.units[["parcel_id", plan.units.geometry.name]], plan.borders)


def _charges(plan: Plan, scenario: Scenario) -> list[Charge]:
    """The lump sums that hang on land, which a choice pays or avoids."""
    return charges_of(scenario, plan.units, _parts(plan))


def _solved(problem: Problem, charges: list[Charge], scenario: Scenario, start: Start, gap: float) -> Result:
    how: dict[str, Any] = {"objective": OBJECTIVE, "gap": gap, "time_limit_s": PATIENCE_S, "seed": scenario.solver.seed}
    return solve_charged(problem, charges, **how).result if charges else problem.solve(start=start, **how)


def _attempt(plan: Plan, scenario: Scenario, locks: Mapping[str, str], options: pd.DataFrame, result: Result) -> Attempt:
    option = result.choice.reindex(plan.units.index).astype(str)
    return Attempt(scenario, dict(locks), option, _rows(options, option), options, result)


def _at_level(plan: Plan, scenario: Scenario, known: Survey | None) -> pd.DataFrame:
    """The options of the plan's units at another water level."""
    ground = survey(plan.site) if known is None else known
    if not ground.facts.table.index.equals(plan.units.index):
        raise InvalidInput(say("plan.level_needs_site"))
    options = appraise(ground.facts, judge(ground.facts.table, scenario), scenario)
    return offered(options, ground.facts.table, ground.parts, scenario)


def _rows(options: pd.DataFrame, option: pd.Series[str]) -> pd.DataFrame:
    """The rows of the chosen options, by unit_id."""
    place = pd.MultiIndex.from_arrays([option.index, option], names=options.index.names)
    return options.loc[place].droplevel(1)
