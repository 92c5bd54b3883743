"""Plans for a future not known: least regret over scenarios, how sure each target is, plans that differ, locks undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from planner.allocation.bound import Multipliers, clean
from planner.allocation.model import Model, assemble, settle
from planner.allocation.objective import Objective, objective
from planner.allocation.parts import Clauses, Column, Named, Part, Sum
from planner.allocation.problem import Problem
from planner.allocation.result import Result
from planner.allocation.rules.keep import Keep
from planner.allocation.rules.lock import Exclude, Lock
from planner.allocation.several import evaluate
from planner.allocation.solve import bound_at
from planner.allocation.table import Floats, Ints, OptionTable, read_options
from planner.errors import Infeasible, InvalidInput, NoPlanInTime
from planner.words import Message, say

FEW = 500  # units up to which a plan met before is excluded as a whole


@dataclass(frozen=True, eq=False)
class Regret:
    """A plan whose worst regret over scenarios is least.

    result: the plan; its objective is the worst regret. scenarios: per scenario `best` (no plan made for it alone is better),
    `value` of this plan in it, and `regret`: by how much it is worse, objective's unit.
    """

    result: Result
    scenarios: pd.DataFrame


def minimise_regret(
    problem: Problem, scenarios: Mapping[str, pd.DataFrame], *, goal: str | Mapping[str, float] = "net", **how: Any
) -> Regret:
    """The plan that minimises the largest regret over scenarios, its limits kept in every one of them.

    The limits of the problem's own options hold beside them. scenarios: name → options with the same (unit_id, option) rows and
    other numbers (prices, depths, storage). goal: what each scenario counts.
    how: gap (of each scenario's best plan), time_limit_s (for each solve), seed.
    Raises InvalidInput where a scenario's rows differ, where its borders would cost something else (`Steps` over other works)
    and for earth that is carried from place to place at a price (zones and their hauls may be given instead), Infeasible where
    the limits cannot hold in all scenarios.

    Examples
    --------
    >>> import planner as pl
    >>> today = pl.samples.two_units()
    >>> dear = today.assign(benefit_cny=[3.0, 1.0, 5.0, 2.0])  # arable worth less
    >>> problem = pl.Problem(today, unrestored=False)
    >>> regret = pl.minimise_regret(problem, {"today": today, "dear": dear})
    >>> regret.result.choice.to_dict(), regret.scenarios["regret"].round(6).to_dict()
    ({'u1': 'arable:level', 'u2': 'green:level'}, {'today': 0.0, 'dear': 2.0})
    """
    if not scenarios:
        raise InvalidInput(say("allocation.no_scenario"))
    if any(part.hauls for part in problem.parts()):
        raise InvalidInput(say("allocation.regret_of_haul"))
    tables = {name: _same_rows(problem, name, frame) for name, frame in scenarios.items()}
    for name, table in tables.items():
        _same_borders(problem, name, table)
    alone = {name: replace(problem, table=table).solve(objective=goal, **how) for name, table in tables.items()}
    best = {name: result.bound if result.sense == "max" else -result.bound for name, result in alone.items()}
    rule = _LeastRegret(problem, tables, best, goal)
    zero = Objective("regret", alone[next(iter(alone))].unit, np.zeros(problem.table.size), 0.0, 0.0, -1.0)
    result = problem.subject_to(rule).solve(objective=zero, **how)
    chosen = _positions(problem.table, result)
    rows = {}
    for name, table in tables.items():
        aim = objective(table, goal)
        value = settle(assemble(table, replace(problem, table=table).parts(), aim), chosen).objective
        rows[name] = {"best": aim.sign * best[name], "value": aim.sign * value, "regret": best[name] - value}
    return Regret(result, pd.DataFrame.from_dict(rows, orient="index").rename_axis("scenario"))


@dataclass(frozen=True, eq=False)
class _LeastRegret(Named):
    """Rows best_s − goal_s(x) ≤ r for every scenario s, and every scenario's own limits; r is what the objective pays."""

    problem: Problem
    tables: Mapping[str, OptionTable]
    best: Mapping[str, float]
    goal: str | Mapping[str, float]

    @property
    def told(self) -> Message:
        """The rule in words."""
        return say("rules.regret", n=len(self.tables))

    def part(self, table: OptionTable) -> Part:
        """The scenarios' limits, each scenario's regret row, the column r."""
        sums: list[Sum] = []
        columns: list[Column] = []
        regret: list[tuple[int, float]] = []
        size = 1.0
        for name, other in self.tables.items():
            goal = objective(other, self.goal)
            mine: list[Sum] = []
            bought: list[tuple[Column, int]] = []
            for part in (rule.part(other) for rule in self.problem.rules):
                bought += [(c, len(sums) + len(mine)) for c in part.columns]
                mine += part.sums
            row = len(sums) + len(mine)
            label, less = say("rules.regret_in", scenario=name), np.asarray(-goal.gain)
            lost = Sum(label, goal.unit, less, hi=-self.best[name], border=goal.border, money=goal.money, at_worth=True)
            paid = [(len(sums) + i, s) for i, s in enumerate([*mine, lost]) if s.money]  # whichever rule's rows they are
            columns += [_moved(c, offset, paid) for c, offset in bought]
            sums += [replace(s, label=say("rules.row_in", row=s.label, scenario=name), money=0.0) for s in mine]
            sums.append(replace(lost, money=0.0))
            regret.append((row, -1.0))
            size += abs(self.best[name]) + float(
                np.abs(goal.gain[other.start[:-1]]).sum() + np.abs(goal.gain).max() * len(other.units)
            )
        columns.append(Column("regret", 0.0, size, tuple(regret), goal=1.0))
        return Part(sums=tuple(sums), columns=tuple(columns))


def _moved(column: Column, offset: int, paid: list[tuple[int, Sum]]) -> Column:
    """A scenario's helper column, its price charged to the rows that count money, not to the objective."""
    own = tuple((offset + i, value) for i, value in column.entries)
    return replace(column, price=0.0, entries=(*own, *((i, s.paid(column.worth) * column.price) for i, s in paid)))


def _same_borders(problem: Problem, name: str, table: OptionTable) -> None:
    """Raises InvalidInput where borders between two options would cost something else in a scenario."""
    for rule in problem.rules:
        mine, theirs = rule.part(problem.table).borders, rule.part(table).borders
        if mine is not None and theirs is not None and not np.array_equal(mine.kind, theirs.kind):
            raise InvalidInput(say("allocation.regret_of_borders", rule=str(rule), name=name))


def _same_rows(problem: Problem, name: str, frame: pd.DataFrame) -> OptionTable:
    table = read_options(frame, unrestored=problem.unrestored, units=problem.table.units)
    mine = problem.table
    same = table.size == mine.size and bool((table.unit == mine.unit).all())
    if not same or not (table.names[table.option] == mine.names[mine.option]).all():
        raise InvalidInput(say("allocation.other_options", name=name))
    return table


def _positions(table: OptionTable, result: Result) -> np.ndarray:
    unit = table.units.get_indexer(result.choice.index)
    name = pd.Index(table.names, dtype=object).get_indexer(result.choice.to_numpy())
    have = table.unit * table.names.size + table.option
    return np.asarray(np.searchsorted(have, np.sort(unit.astype(np.int64) * table.names.size + name)))


def robustness(draws: Iterable[Problem], **how: Any) -> pd.DataFrame:
    """How sure each unit's target is: the share of draws (problems over sampled inputs) whose plan gives it each target.

    Columns: one per target, `target` (the most frequent) and `confidence` (its share), by unit_id. Draws without a plan are
    counted in the attrs as `infeasible`. how: gap, time_limit_s, seed of each solve.
    Raises InvalidInput where there is no draw with a plan.

    Examples
    --------
    >>> import planner as pl
    >>> problems = [pl.Problem(pl.samples.two_units().assign(benefit_cny=[3.0, v, 5.0, 2.0])) for v in (1.0, 4.0, 6.0)]
    >>> pl.robustness(problems)[["target", "confidence"]].round(2).to_dict("index")
    {'u1': {'target': 'arable', 'confidence': 0.67}, 'u2': {'target': 'green', 'confidence': 1.0}}
    """
    counts: pd.DataFrame | None = None
    solved = infeasible = 0
    before: Result | None = None
    for draw in draws:
        try:
            before = draw.solve(start=before, **how)
        except Infeasible:
            infeasible += 1
            continue
        solved += 1
        dummies = pd.get_dummies(before.chosen["target"]).astype(float)
        counts = dummies if counts is None else counts.add(dummies, fill_value=0.0)
    if counts is None:
        raise InvalidInput(say("allocation.no_draw", n=infeasible))
    shares = counts.fillna(0.0) / solved
    table = shares.assign(target=shares.idxmax(axis=1), confidence=shares.max(axis=1))
    table.attrs.update(draws=solved, infeasible=infeasible)
    return table


@dataclass(frozen=True, eq=False)
class Alternatives:
    """Plans nearly as good as the best.

    table: per plan `objective`, `loss` (share of the best; below 0 where a plan is better than the one it was asked about),
    `differs_mu` from the best, `least_differs_mu` from any other.
    """

    results: tuple[Result, ...]
    table: pd.DataFrame


@dataclass(frozen=True, eq=False)
class _Apart:
    """As far as possible from every plan before: d + Σ area·[as in the plan] ≤ all area for each of them, d ≥ the least area.

    d is what the objective maximises: the least distance. On few units each plan is excluded as well, so that none comes twice.
    """

    plans: tuple[Ints, ...]
    area: Floats

    def __str__(self) -> str:
        return f"unlike {len(self.plans)} plans"

    def part(self, table: OptionTable) -> Part:
        """A sum per plan, the column d, and one row per plan that excludes it."""
        total, least = float(self.area.sum()), float(self.area[self.area > 0].min(initial=np.inf))
        sums = []
        for plan in self.plans:
            coef = np.zeros(table.size)
            coef[plan] = self.area
            sums.append(Sum("area alike", "mu", coef, hi=total))
        sums.append(Sum("area apart", "mu", np.zeros(table.size), lo=least if np.isfinite(least) else 0.0))
        distance = Column("distance", 0.0, total, tuple((i, 1.0) for i in range(len(sums))), goal=-1.0)
        clauses = None
        if len(table.units) <= FEW:
            n = len(table.units)
            row = np.repeat(np.arange(len(self.plans)), n)
            each = np.full(len(self.plans), n - 1.0)
            clauses = Clauses(row, np.concatenate(self.plans).astype(np.int64), np.ones(row.size), each)
        return Part(sums=tuple(sums), columns=(distance,), clauses=clauses)


def alternatives(
    problem: Problem,
    best: Result,
    *,
    count: int = 10,
    within: float = 0.005,
    goal: str | Mapping[str, float] | Objective | None = None,
    **how: Any,
) -> Alternatives:
    """Plans within a share of the best objective that differ from it and from each other in as much area as possible.

    Each further plan maximises its least distance, mu, to all before; the search ends where none is left within the share.
    goal: what the share is of; the result's own objective unless given.

    Examples
    --------
    >>> import planner as pl
    >>> problem = pl.Problem(pl.samples.two_units())
    >>> others = pl.alternatives(problem, problem.solve(), count=2, within=0.5)
    >>> others.results[1].choice.to_dict()  # at least half as good, and as different as can be
    {'u1': 'green:level', 'u2': 'green:level'}
    """
    aim = objective(problem.table, goal if goal is not None else best.aim or "net")
    reached = evaluate(problem, aim, best)
    limited = problem.subject_to(Keep(aim, reached - aim.sign * within * abs(reached)))
    table = problem.table
    mu = np.maximum.reduceat(table.values["area_mu"], table.start[:-1])
    nothing = Objective("distance", "mu", np.zeros(table.size), 0.0, 0.0)
    plans = [best]
    while len(plans) < count:
        apart = _Apart(tuple(_positions(table, plan) for plan in plans), mu)
        try:
            plan = limited.subject_to(apart).solve(objective=nothing, **({"gap": 0.02, "time_limit_s": 30.0} | how))
        except (Infeasible, NoPlanInTime):
            break
        plans.append(plan)
    rows = []
    for plan in plans:
        value = evaluate(problem, aim, plan)
        apart_mu = [float(mu[(plan.choice != other.choice).to_numpy()].sum()) for other in plans if other is not plan]
        rows.append(
            {
                "objective": value,
                "loss": aim.sign * (reached - value) / max(abs(reached), 1e-9),
                "differs_mu": apart_mu[0] if plan is not best and apart_mu else 0.0,
                "least_differs_mu": min(apart_mu, default=0.0),
            }
        )
    return Alternatives(tuple(plans), pd.DataFrame(rows).rename_axis("plan"))


def value_of_locks(
    problem: Problem, result: Result, *, goal: str | Mapping[str, float] | Objective | None = None
) -> pd.Series[float]:
    """What undoing each lock or exclusion could bring at most, objective's unit, by the lock in words.

    The bound at the result's prices with the lock lifted, minus what the plan reaches: the plan's own duality gap is in it, so
    that no lock is worth more than it says.

    Examples
    --------
    >>> import planner as pl
    >>> problem = pl.Problem(pl.samples.two_units()).subject_to(pl.Lock("u1", "green"))
    >>> pl.value_of_locks(problem, problem.solve()).round(6).to_dict()  # arable would bring 5 instead of 2 yuan
    {'unit u1 is green': 3.0}
    """
    table = problem.table
    aim = objective(table, goal if goal is not None else result.aim or "net")
    model = assemble(table, problem.parts(), aim)
    prices = _prices_of(model, result, same=goal is None)
    reached = settle(model, _positions(table, result)).objective
    values: dict[str, float] = {}
    for rule in problem.rules:
        if isinstance(rule, (Lock, Exclude)):
            lifted = assemble(table, problem.without(rule).parts(), aim)
            values[str(rule)] = max(bound_at(lifted, prices) - reached, 0.0)
    return pd.Series(values, dtype=float).sort_values(ascending=False)


def _prices_of(model: Model, result: Result, *, same: bool) -> Multipliers:
    """A result's prices where its limits are the model's; those of borders and earth too where the objective is the same."""
    if result.multipliers.size != model.coef.shape[0]:
        return Multipliers(np.zeros(model.coef.shape[0]))
    return result.proof if same and result.proof is not None else Multipliers(clean(model, result.multipliers))
