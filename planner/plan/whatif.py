"""Limits that cannot all be kept: by stated priority each gives the least it must, and the best plan under what remains."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from planner.allocation import Budget, Earthwork, Limit, Problem, Restocked, Stockpile
from planner.allocation.objective import Objective
from planner.allocation.parts import Rule
from planner.economics import lump_sums, most_lumps
from planner.errors import Infeasible, InvalidInput
from planner.landuse import CHOICES
from planner.options import appraise
from planner.parameters import nearest
from planner.plan.allocate import earth_limits, offered, problem_of, rules_of, stock_rules
from planner.plan.compose import Survey, plan_of, survey, with_keys
from planner.plan.noun import Plan
from planner.plan.sensitivity import refuse_rereading, rows_of
from planner.read import read_site
from planner.scenario import Scenario, replaced
from planner.site import Site
from planner.suitability import judge
from planner.words import say

ROOM = 1e-6  # share of a limit that has given way by which it is set wider than what was found possible: whole units
MONEY = "cost_cny"
MOST_CASES = 200  # of a table over several keys

Announce = Callable[[str], None]


@dataclass(frozen=True)
class Soft:
    """A limit that may give: its key, the figure asked for, what is summed, whether it is a least or a most, and what beside
    that it is set for: of money every lump sum.
    """

    key: str
    asked: float
    column: str
    least: bool
    beside: float = 0.0


@dataclass(frozen=True, eq=False)
class WhatIf:
    """The best plan, and what each limit gave for it.

    plan: under the limits as they were set in the end. gave: index key, in order of priority; `asked`, `set` (what the
    limit was set to), `gave` (the difference, 0 where it was kept), `possible` (proven: no plan that keeps the limits
    before it does better).
    """

    plan: Plan
    gave: pd.DataFrame


def whatif(
    site: Site | str | Path,
    *,
    priority: Sequence[str] = (),
    announce: Announce | None = None,
    **sets: Any,
) -> WhatIf:
    """The best plan of a site whose limits may not hold together.

    priority: keys of limits, the first gives last; limits not named follow in the order of `limits_of`. Each limit in turn is
    held as near to its figure as the limits before it allow (certified to the solver's gap), then the plan of greatest value
    is made under them. Locks, law, water levels and earth that is not limited are never given up. sets: as make_plan.
    Raises InvalidInput for a key that is no limit of the site; Infeasible where what may not give is itself in conflict.

    Examples
    --------
    >>> import planner as pl
    >>> answer = pl.whatif(pl.samples.folder("aidans"), **{"targets.green.min_mu": 2_700.0})  # nearly all of the site
    >>> answer.gave["gave"].gt(0).to_dict()
    {'targets.green.min_mu': True, 'earthwork.max_import_m3': False}
    """
    tell = announce or (lambda _: None)
    given = _given(site, sets)
    known = survey(given, announce=tell)
    limits = ordered(limits_of(given.scenario, known), priority)
    try:
        plan, values = plan_of(known, announce=tell), {soft.key: soft.asked for soft in limits}
        possible: dict[str, float] = dict(values)
    except Infeasible:
        values, possible, choice = _settled(known, limits, tell)
        changed = {key: value for key, value in values.items() if value != next(s.asked for s in limits if s.key == key)}
        relaxed = replace(given, scenario=replaced(given.scenario, changed))
        plan = plan_of(replace(known, site=relaxed), announce=tell, begun=choice)
    rows = {s.key: (s.asked, values[s.key], abs(values[s.key] - s.asked), possible[s.key]) for s in limits}
    gave = pd.DataFrame.from_dict(rows, orient="index", columns=["asked", "set", "gave", "possible"]).rename_axis("key")
    return WhatIf(plan, gave)


def _given(site: Site | str | Path, sets: Mapping[str, Any]) -> Site:
    """The site, read where it is a path, with the keys that win over its file."""
    if not isinstance(site, Site):
        return read_site(site, sets=sets)
    return with_keys(site, sets)


def limits_of(scenario: Scenario, known: Survey) -> list[Soft]:
    """The limits of a site that may give: quotas, storage, budget, earth."""
    found = []
    for target in CHOICES:
        quota = getattr(scenario.targets, target)
        if quota.min_mu:
            found.append(Soft(f"targets.{target}.min_mu", quota.min_mu, f"mu of {target}", True))
        if quota.max_mu:  # a most of 0 rules the target out and is no quota
            found.append(Soft(f"targets.{target}.max_mu", quota.max_mu, f"mu of {target}", False))
    wanted = scenario.reservoir
    if wanted.min_storage_m3 is not None:
        found.append(Soft("reservoir.min_storage_m3", wanted.min_storage_m3, "storage_m3", True))
    if wanted.max_storage_m3 is not None:
        found.append(Soft("reservoir.max_storage_m3", wanted.max_storage_m3, "storage_m3", False))
    if wanted.water_m3_a is not None:
        found.append(Soft("reservoir.water_m3_a", wanted.water_m3_a, "water_loss_m3_a", False))
    if scenario.budget.max_cny is not None:
        found.append(Soft("budget.max_cny", scenario.budget.max_cny, MONEY, False, most_lumps(scenario)))
    earth, (_, spread) = scenario.earthwork, earth_limits(scenario, known.facts.table)
    if earth.max_import_m3 is not None:
        found.append(Soft("earthwork.max_import_m3", earth.max_import_m3, "earth wanted", False))
    if earth.max_export_m3 is not None and spread is not None:
        found.append(Soft("earthwork.max_export_m3", earth.max_export_m3, "earth left", False, earth.max_export_m3 - spread))
    return found


def ordered(limits: Sequence[Soft], priority: Sequence[str]) -> list[Soft]:
    """The limits by priority. Raises InvalidInput for a key that is none of them."""
    keys = [soft.key for soft in limits]
    for key in priority:
        if key not in keys:
            raise InvalidInput(say("whatif.no_limit", key=key, known=keys, near=nearest(key, keys)))
    place = {key: i for i, key in enumerate([*dict.fromkeys(priority), *(k for k in keys if k not in priority)])}
    return sorted(limits, key=lambda soft: place[soft.key])


def _settled(
    known: Survey, limits: Sequence[Soft], tell: Announce
) -> tuple[dict[str, float], dict[str, float], pd.Series[str] | None]:
    """What each limit is set to, and what is proven possible, one after the other: each as near to its figure as can be; and
    the last choice made so, which keeps them all."""
    scenario = known.site.scenario
    bare = replaced(scenario, {soft.key: None for soft in limits})
    judgement = judge(known.facts.table, scenario)
    facts = known.facts.table
    options = offered(appraise(known.facts, judgement, scenario), facts, known.parts, scenario)
    options = _summed(options, scenario.number("earthwork.compaction"))
    firm = [rule for rule in rules_of(bare, facts, known.parts) if not isinstance(rule, Stockpile)]
    firm += stock_rules(scenario, facts)  # by phase as it was asked
    problem = problem_of(options, [_in_full(rule) for rule in firm], scenario, known.parts, known.site.places)
    values: dict[str, float] = {}
    possible: dict[str, float] = {}
    choice: pd.Series[str] | None = None
    solver = scenario.solver
    for soft in limits:
        tell(soft.key)
        sign = 1.0 if soft.least else -1.0
        goal = _goal(problem, soft.column, sign)
        found = problem.solve(objective=goal, gap=solver.gap, time_limit_s=solver.time_limit_s, seed=solver.seed)
        reached, choice = sign * found.objective + soft.beside, found.choice
        bound = sign * found.bound + (lump_sums(scenario) if soft.column == MONEY else soft.beside)  # others can be avoided
        kept = sign * (reached - soft.asked) >= 0
        values[soft.key] = soft.asked if kept else _wider(reached, soft.least)
        possible[soft.key] = soft.asked if kept else bound
        limit = values[soft.key] - soft.beside
        least, most = (limit, None) if soft.least else (None, limit)
        problem = problem.subject_to(
            Budget(soft.beside + limit * (1.0 + solver.gap), beside_cny=soft.beside)
            if soft.column == MONEY
            else Limit(soft.column, min=least, max=most, name=soft.key)
        )
        if soft.column == MONEY and not kept:  # the haul of the next plan may be dearer within its gap
            values[soft.key] = _wider(soft.beside + limit * (1.0 + solver.gap), soft.least)
    return values, possible, choice


def _in_full(rule: Rule) -> Rule:
    """A rule whose haul, price of earth or stockpile counts in full, as limits on money do, not at its present value."""
    if isinstance(rule, Earthwork):
        return replace(rule, haul_worth=1.0, worth=1.0)
    return replace(rule, worth=1.0) if isinstance(rule, Restocked) else rule


def _goal(problem: Problem, column: str, sign: float) -> dict[str, float] | Objective:
    """A limit's own sum as an objective; money with what is carried and what waits."""
    if column == MONEY:
        return Objective(MONEY, "yuan", sign * problem.table.values[MONEY], 1.0, 0.0)
    return {column: sign}


def _wider(value: float, least: bool) -> float:
    """A limit set a hair wider than what was reached, in six figures."""
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 6) if value else ROOM
    return math.floor(value / step) * step if least else math.ceil(value / step) * step


def _summed(options: pd.DataFrame, compaction: float) -> pd.DataFrame:
    """The options with a column for every sum that a limit may be on."""
    area = {f"mu of {t}": options["area_mu"].where(options["target"] == t, 0.0) for t in CHOICES}
    left = compaction * options["cut_m3"] - options["fill_m3"]
    return options.assign(**area, **{"earth wanted": -left, "earth left": left})


def vary(
    site: Site | str | Path, values: Mapping[str, Sequence[Any]], *, announce: Announce | None = None, **sets: Any
) -> pd.DataFrame:
    """A table of plans over the values of one or several dotted keys, every combination; units are cut as sweep cuts them.

    Returns a frame indexed by the keys, columns as `sweep` gives them and `change_cny`, the objective less the first row's;
    `proven` is False where that difference is inside the two plans' gaps. Raises InvalidInput as sweep does.

    Examples
    --------
    >>> import planner as pl
    >>> table = pl.vary(pl.samples.folder("aidans"), {"solver.gap": [0.01]})
    >>> float(table["change_cny"].iloc[0])
    0.0
    """
    count = math.prod(len(v) for v in values.values())
    if not 1 <= count <= MOST_CASES:
        raise InvalidInput(say("whatif.cases", count=count, most=MOST_CASES))
    refuse_rereading(values)
    cases = list(product(*values.values()))
    rows = rows_of(survey(_given(site, sets)), [dict(zip(values, case, strict=True)) for case in cases], announce)
    table = pd.DataFrame(list(rows), index=pd.MultiIndex.from_tuples(cases, names=list(values)))
    if "objective_cny" not in table:
        return table
    change = table["objective_cny"] - table["objective_cny"].iloc[0]
    open_ = (table["bound_cny"] - table["objective_cny"]).abs()
    return table.assign(change_cny=change, proven=(change.abs() > open_ + open_.iloc[0]))
