"""Plans for a future not known: least regret over scenarios, how sure each target is, plans that differ, locks undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from planner.allocation.bound import Multipliers, clean, forest, upper_bound
from planner.allocation.model import assemble, settle
from planner.allocation.objective import Objective, objective
from planner.allocation.parts import Column, Part, Sum
from planner.allocation.problem import Problem
from planner.allocation.result import Result
from planner.allocation.rules.keep import Keep
from planner.allocation.rules.lock import Exclude, Lock
from planner.allocation.several import evaluate
from planner.allocation.table import OptionTable, read_options
from planner.errors import Infeasible, InvalidInput


@dataclass(frozen=True, eq=False)
class Regret:
    """A plan whose worst regret over scenarios is least.

    result: the plan; its objective is the worst regret. scenarios: per scenario `best` (no plan made for it alone is better),
    `value` of this plan in it, and `regret` = best − value, objective's unit.
    """

    result: Result
    scenarios: pd.DataFrame


def minimise_regret(
    problem: Problem, scenarios: Mapping[str, pd.DataFrame], *, goal: str | Mapping[str, float] = "net", **how: Any
) -> Regret:
    """The plan that minimises the largest regret over scenarios, its limits kept in every one of them.

    scenarios: name → options with the same (unit_id, option) rows and other numbers (prices, depths, storage). goal: what each
    scenario counts. how: gap (of each scenario's best plan), time_limit_s (for each solve), seed.
    Raises InvalidInput where a scenario's rows differ, Infeasible where the limits cannot hold in all scenarios.
    """
    if not scenarios:
        raise InvalidInput("minimise_regret: give at least one scenario")
    tables = {name: _same_rows(problem, name, frame) for name, frame in scenarios.items()}
    alone = {name: replace(problem, table=table).solve(objective=goal, **how) for name, table in tables.items()}
    best = {name: result.bound if result.sense == "max" else -result.bound for name, result in alone.items()}
    rule = _LeastRegret(problem, tables, best, goal)
    zero = Objective("regret", alone[next(iter(alone))].unit, np.zeros(problem.table.size), 0.0, 0.0, -1.0)
    result = problem.subject_to(rule).solve(objective=zero, **how)
    chosen = _positions(problem.table, result)
    rows = {}
    for name, table in tables.items():
        model = assemble(table, replace(problem, table=table).parts(), objective(table, goal))
        value = settle(model, chosen).objective
        rows[name] = {"best": best[name], "value": value, "regret": best[name] - value}
    return Regret(result, pd.DataFrame.from_dict(rows, orient="index").rename_axis("scenario"))


@dataclass(frozen=True, eq=False)
class _LeastRegret:
    """Rows best_s − goal_s(x) ≤ r for every scenario s, and every scenario's own limits; r is what the objective pays."""

    problem: Problem
    tables: Mapping[str, OptionTable]
    best: Mapping[str, float]
    goal: str | Mapping[str, float]

    def __str__(self) -> str:
        return f"regret over {len(self.tables)} scenarios"

    def part(self, table: OptionTable) -> Part:
        """The scenarios' limits, each scenario's regret row, the column r."""
        sums: list[Sum] = []
        columns: list[Column] = []
        regret: list[tuple[int, float]] = []
        size = 1.0
        for name, other in self.tables.items():
            goal = objective(other, self.goal)
            bought: list[tuple[Column, int]] = []
            for rule in self.problem.rules:
                part = rule.part(other)
                offset = len(sums)
                sums += [replace(s, label=f"{s.label} in {name}", money=0.0) for s in part.sums]
                bought += [(c, offset) for c in part.columns]
                budgets = [offset + i for i, s in enumerate(part.sums) if s.money]
                columns += [_moved(c, offset, budgets) for c in part.columns]
            row = len(sums)
            sums.append(Sum(f"regret in {name}", goal.unit, np.asarray(-goal.gain), hi=-self.best[name], border=goal.border))
            regret.append((row, -1.0))
            if bought and goal.money:
                first = len(columns) - len(bought)
                for j, (column, _) in enumerate(bought):
                    own = columns[first + j]
                    columns[first + j] = replace(own, entries=(*own.entries, (row, goal.money * column.price)))
            size += abs(self.best[name]) + float(
                np.abs(goal.gain[other.start[:-1]]).sum() + np.abs(goal.gain).max() * len(other.units)
            )
        columns.append(Column("regret", 0.0, size, tuple(regret), goal=1.0))
        return Part(sums=tuple(sums), columns=tuple(columns))


def _moved(column: Column, offset: int, budgets: list[int]) -> Column:
    """A scenario's helper column, its price charged to the scenario's rows instead of the objective."""
    entries = tuple((offset + i, value) for i, value in column.entries) + tuple((b, column.price) for b in budgets)
    return replace(column, price=0.0, entries=entries)


def _same_rows(problem: Problem, name: str, frame: pd.DataFrame) -> OptionTable:
    table = read_options(frame, unrestored=problem.unrestored, units=problem.table.units)
    mine = problem.table
    same = table.size == mine.size and bool((table.unit == mine.unit).all())
    if not same or not (table.names[table.option] == mine.names[mine.option]).all():
        raise InvalidInput(f"scenario {name!r}: its options are not those of the problem; change numbers, not rows")
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
        raise InvalidInput(f"robustness: none of {infeasible} draws has a plan; relax the limits or sample less widely")
    shares = counts.fillna(0.0) / solved
    table = shares.assign(target=shares.idxmax(axis=1), confidence=shares.max(axis=1))
    table.attrs.update(draws=solved, infeasible=infeasible)
    return table


@dataclass(frozen=True, eq=False)
class Alternatives:
    """Plans nearly as good as the best.

    table: per plan `objective`, `loss` (share of the best), `differs_mu` from the best, `least_differs_mu` from any other.
    """

    results: tuple[Result, ...]
    table: pd.DataFrame


def alternatives(
    problem: Problem,
    best: Result,
    *,
    count: int = 10,
    within: float = 0.005,
    goal: str | Mapping[str, float] = "net",
    **how: Any,
) -> Alternatives:
    """Plans within a share of the best objective that differ from it and from each other in as much area as possible.

    Each further plan minimises the area it has in common with all before; a plan met before ends the search.
    """
    worse = 1.0 if best.sense == "min" else -1.0
    limited = problem.subject_to(Keep(goal, best.objective + worse * within * abs(best.objective)))
    table = problem.table
    mu = np.maximum.reduceat(table.values["area_mu"], table.start[:-1])
    common = np.zeros(table.size)
    plans = [best]
    for _ in range(count - 1):
        common[_positions(table, plans[-1])] += mu
        aim = Objective("difference", "mu", -common, 0.0, 0.0)
        plan = limited.solve(objective=aim, start=plans[-1], **({"gap": 0.02, "time_limit_s": 30.0} | how))
        if any((plan.choice == other.choice).all() for other in plans):
            break
        plans.append(plan)
    rows = []
    for plan in plans:
        value = evaluate(problem, goal, plan)
        apart = [float(mu[(plan.choice != other.choice).to_numpy()].sum()) for other in plans if other is not plan]
        rows.append(
            {
                "objective": value,
                "loss": abs(value - best.objective) / max(abs(best.objective), 1e-9),
                "differs_mu": apart[0] if plan is not best and apart else 0.0,
                "least_differs_mu": min(apart, default=0.0),
            }
        )
    return Alternatives(tuple(plans), pd.DataFrame(rows).rename_axis("plan"))


def value_of_locks(problem: Problem, result: Result, *, goal: str | Mapping[str, float] = "net") -> pd.Series[float]:
    """What undoing each lock or exclusion could bring at most, objective's unit, by the lock in words.

    At the result's prices: the proven bound with the lock lifted minus the bound with it. 0 means the lock costs nothing.
    """
    table = problem.table
    model = assemble(table, problem.parts(), objective(table, goal))
    order = forest(model)
    rows = clean(model, result.multipliers) if result.multipliers.size == model.coef.shape[0] else np.zeros(model.coef.shape[0])
    held = upper_bound(model, Multipliers(rows), order)
    values: dict[str, float] = {}
    for rule in problem.rules:
        if isinstance(rule, (Lock, Exclude)):
            lifted = assemble(table, problem.without(rule).parts(), objective(table, goal))
            values[str(rule)] = max(upper_bound(lifted, Multipliers(rows), order) - held, 0.0)
    return pd.Series(values, dtype=float).sort_values(ascending=False)
