"""Several objectives: one after the other with stated give, or the front of what can be had together, every point certified."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from planner.allocation.model import Model, assemble, settle
from planner.allocation.objective import Objective, objective
from planner.allocation.problem import Problem
from planner.allocation.result import Result
from planner.allocation.rules.keep import Keep
from planner.allocation.solve import start_positions
from planner.allocation.table import Floats, Ints, OptionTable
from planner.errors import Infeasible, InvalidInput, NoPlanInTime
from planner.timelimit import now
from planner.words import say

Goal = str | Mapping[str, float] | Objective


@dataclass(frozen=True, eq=False)
class Sequel:
    """Results of objectives pursued one after the other, and the levels each was held to afterwards."""

    results: tuple[Result, ...]
    levels: tuple[float, ...]

    @property
    def final(self) -> Result:
        """The last result: the plan that all objectives agree on."""
        return self.results[-1]


def lexicographic(problem: Problem, goals: Sequence[tuple[Goal, float]], **how: Any) -> Sequel:
    """Pursues objectives in order; each gives way by a share of its best value to those after it.

    goals: (objective, give), give 0.01 for 1 %; the last one's give is not used. how: gap, time_limit_s (for each), seed.
    Raises InvalidInput where no goal or a give below zero is named, and what `Problem.solve` raises.

    Examples
    --------
    >>> import planner as pl
    >>> sequel = pl.lexicographic(pl.Problem(pl.samples.two_units()), [("land", 0.0), ("net", 0.0)])
    >>> sequel.final.objective
    9.0
    """
    if not goals:
        raise InvalidInput(say("allocation.no_goal"))
    results: list[Result] = []
    levels: list[float] = []
    for goal, give in goals:
        if not give >= 0:
            raise InvalidInput(say("allocation.give_below_zero", give=give))
        result = problem.solve(objective=goal, start=results[-1] if results else None, **how)
        worse = 1.0 if result.sense == "min" else -1.0
        level = result.objective + worse * give * abs(result.objective)
        results.append(result)
        levels.append(level)
        problem = problem.subject_to(Keep(goal, level))
    return Sequel(tuple(results), tuple(levels))


@dataclass(frozen=True, eq=False)
class Front:
    """Certified points of what objectives can be had together.

    points: one row each: value of every objective, and `bound` and `gap` of the first at the levels kept. results: the plans.
    """

    points: pd.DataFrame
    results: tuple[Result, ...]


def pareto(problem: Problem, goals: Sequence[Goal] = ("net", "compactness"), *, points: int = 9, **how: Any) -> Front:
    """The front of two or three objectives: the first is best at each of a grid of levels kept of the others.

    points: levels per other objective. Every point is an optimum within its own gap; dominated points are left out.
    Raises InvalidInput, and what `Problem.solve` raises where not even the ends exist.

    Examples
    --------
    >>> import planner as pl
    >>> front = pl.pareto(pl.Problem(pl.samples.two_units()), ("net", "cost"), points=2)
    >>> front.points["net"].tolist()
    [9.0, 0.0]
    """
    if not 2 <= len(goals) <= 3 or points < 2:
        raise InvalidInput(say("allocation.pareto_size", goals=len(goals), points=points))
    aims = [objective(problem.table, g) for g in goals]
    sequels = [_end(problem, aims, first, how) for first in range(len(aims))]
    ends = [s.final for s in sequels]
    values = np.array([[evaluate(problem, aim, end) for aim in aims] for end in ends])
    levels = []
    for j, aim in enumerate(aims[1:], start=1):
        best, worst = values[j, j], min(values[:, j] * aim.sign) * aim.sign
        levels.append(np.linspace(worst, best, points))
    results = list(ends)
    bounds = [s.results[min(i, 1)].bound for i, s in enumerate(sequels)]  # where the first objective was pursued
    nudges = _nudges(values)
    both = _nudged(aims, nudges)
    for kept in itertools.product(*levels):
        limited = problem.subject_to(*(Keep(a, _eased(v, a)) for a, v in zip(aims[1:], kept, strict=True)))
        try:
            result = limited.solve(objective=both, **how)
        except (Infeasible, NoPlanInTime):
            continue
        results.append(result)
        least = sum(n * a.sign * v for n, a, v in zip(nudges, aims[1:], kept, strict=True))
        bounds.append(result.bound - aims[0].sign * least)
    return _front(problem, aims, results, bounds)


def _end(problem: Problem, aims: list[Objective], first: int, how: Mapping[str, Any]) -> Sequel:
    """The plan best in one objective, and among those best in the others in turn."""
    order = [first, *(j for j in range(len(aims)) if j != first)]
    give = 2.0 * float(how.get("gap", 1e-4)) + 1e-12
    return lexicographic(problem, [(aims[j], give) for j in order], **how)


def _nudges(values: Floats) -> list[float]:
    """How much of each other objective is added to the first, so that ties are broken in their favour."""
    spans = np.ptp(values, axis=0)
    return [1e-6 * float(spans[0]) / float(s) if s > 0 else 0.0 for s in spans[1:]]


def _nudged(aims: Sequence[Objective], nudges: Sequence[float]) -> Objective:
    first = aims[0]
    others = list(zip(nudges, aims[1:], strict=True))
    return Objective(
        first.name,
        first.unit,
        np.asarray(first.gain + sum(n * a.gain for n, a in others)),
        first.money + sum(n * a.money for n, a in others),
        first.border + sum(n * a.border for n, a in others),
        first.sign,
    )


def _eased(level: float, aim: Objective) -> float:
    """A level loosened by rounding, so that the plan that reached it still keeps it."""
    return level - aim.sign * 1e-9 * max(abs(level), 1e-9)


def _front(problem: Problem, aims: list[Objective], results: list[Result], bounds: list[float]) -> Front:
    names = [a.name for a in aims]
    values = np.array([[evaluate(problem, a, r) for a in aims] for r in results])
    signed = values * [a.sign for a in aims]
    size = np.maximum(np.abs(signed).max(axis=0), 1e-9)
    keep: list[int] = []
    for i in range(len(results)):
        better = (signed >= signed[i] - 1e-12 * size).all(axis=1) & (signed > signed[i] + 1e-9 * size).any(axis=1)
        same = [j for j in keep if np.allclose(signed[j], signed[i], rtol=1e-9, atol=0)]
        if not better.any() and not same:
            keep.append(i)
    keep.sort(key=lambda i: tuple(-signed[i]))
    table = pd.DataFrame(values[keep], columns=names)
    table["bound"] = [bounds[i] for i in keep]
    table["gap"] = np.abs(table["bound"] - table[names[0]]) / np.maximum(np.abs(table[names[0]]), 1e-9)
    return Front(table, tuple(results[i] for i in keep))


def evaluate(problem: Problem, goal: Goal, plan: Result | pd.Series[str]) -> float:
    """An objective's value, in its own unit, at a plan, whether it keeps the rules or not; bought and carried earth counts.

    Units that the plan does not name take their best option. Raises InvalidInput for an option that the problem does not have.

    Examples
    --------
    >>> import planner as pl
    >>> problem = pl.Problem(pl.samples.two_units())
    >>> pl.evaluate(problem, "land", problem.solve())  # mu
    20.0
    """
    aim = objective(problem.table, goal)
    model = assemble(problem.table, problem.parts(), aim)
    choice = plan.choice if isinstance(plan, Result) else plan
    return aim.sign * settle(model, _as_it_is(problem.table, model, choice)).objective


def _as_it_is(table: OptionTable, model: Model, choice: pd.Series[str]) -> Ints:
    """A plan's options, (N,), those that a rule forbids as well; units that it does not name take their best one.

    Raises InvalidInput where the problem has no such option.
    """
    open_ = replace(model, allowed=np.ones_like(model.allowed))
    named = table.units.isin(choice.index.astype(str))
    chosen = np.where(named, start_positions(table, open_, choice), start_positions(table, model, choice))
    said = choice.set_axis(choice.index.astype(str)).reindex(table.units[named]).astype(str).to_numpy()
    other = np.flatnonzero(table.names[table.option[chosen[named]]] != said)
    if other.size:
        raise InvalidInput(say("allocation.plan_no_option", unit=table.units[named][other[0]], option=said[other[0]]))
    return np.asarray(chosen)


def what_if(problem: Problem, rule: Any, values: Mapping[Any, Any] | pd.Series[Any], **how: Any) -> pd.DataFrame:
    """A table of what changing one rule does: `values` maps a name (a quota, a year) to the rule in its place.

    Columns: objective, bound, gap, price (of the rule's limit that presses hardest), area in mu by target; NaN and the limits
    to relax where no plan exists. Each plan begins from the one before.

    Examples
    --------
    >>> import planner as pl
    >>> quota = pl.Quota("green", min_mu=10)
    >>> problem = pl.Problem(pl.samples.two_units()).subject_to(quota)
    >>> pl.what_if(problem, quota, {mu: pl.Quota("green", min_mu=mu) for mu in (10, 20)})["objective"].to_dict()
    {10: 9.0, 20: 6.0}
    """
    rows, names = [], []
    before: Result | None = None
    for name, other in values.items():
        began = now()
        changed = problem.replaced(rule, other)
        names.append(name)
        try:
            result = changed.solve(start=before, **how)
        except Infeasible as error:
            rows.append({"objective": np.nan, "note": "; ".join(map(str, error.relaxations)) or str(error)})
            continue
        before = result
        at = [i for i, r in enumerate(changed.rules) if r is other]
        mine = result.rows.loc[result.rows["owner"].isin(at), "shadow_price"]
        price = float(mine[mine.abs().idxmax()]) if len(mine) else np.nan
        areas = result.chosen.groupby("target")["area_mu"].sum().add_suffix("_mu").to_dict()
        facts = {"objective": result.objective, "bound": result.bound, "gap": result.gap, "price": price}
        rows.append(facts | {str(k): float(v) for k, v in areas.items()} | {"note": "", "seconds": now() - began})
    return pd.DataFrame(rows, index=pd.Index(names, name="value"))
