"""No plan possible: which limits cannot hold together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from planner.allocation.hauling import without_hauls
from planner.allocation.highs import Solved, solve_program
from planner.allocation.model import Model
from planner.allocation.parts import ROUNDING, Part, Rule, beside, told
from planner.allocation.program import program
from planner.allocation.relaxations import (
    PATIENCE_S,
    activity_range,
    any_plan,
    as_told,
    counts_borders,
    every_unit_may,
    feasibility_model,
    giving,
    least_relaxations,
    listed,
)
from planner.allocation.search import Outcome
from planner.allocation.table import Floats, OptionTable
from planner.errors import Infeasible
from planner.timelimit import now
from planner.words import say

FEW = 200  # units up to which a conflict is one of whole options, not only of shares
MANY = 2_000  # units from which a feasibility test goes by interior point


def check_by_arithmetic(table: OptionTable, rules: Sequence[Rule], parts: Sequence[Part], model: Model) -> None:
    """Raises Infeasible where a unit has no option left or a limit lies beyond what all units together could give."""
    left = np.add.reduceat(model.allowed, model.start[:-1])
    if (left == 0).any():
        raise _refusal_of_unit(table, rules, parts, int(np.flatnonzero(left == 0)[0]))
    for row in range(model.coef.shape[0]):
        low, high = reach(model, row)
        if not np.isfinite([low, high]).all():
            continue
        rounding = _rounding(model, row, low, high)
        if model.lo[row] > high + rounding:
            raise _refusal(table, rules, parts, model, row, (high, model.lo[row] - high, "lower"))
        if model.hi[row] < low - rounding:
            raise _refusal(table, rules, parts, model, row, (low, low - model.hi[row], "raise"))


def _rounding(model: Model, row: int, low: float, high: float) -> float:
    """What the ends of a row's reach may be off by."""
    return ROUNDING * max(abs(low), abs(high), float(np.abs(model.coef[row]).sum()))


def reach(model: Model, row: int) -> tuple[float, float]:
    """Least and most a coupling row can come to, auxiliary columns at their ends."""
    low, high = activity_range(model, row)
    beside = model.entries[:, row] * model.upper if model.price.size else np.zeros(0)
    return low + float(np.minimum(beside, 0).sum()), high + float(np.maximum(beside, 0).sum())


def _refusal_of_unit(table: OptionTable, rules: Sequence[Rule], parts: Sequence[Part], unit: int) -> Infeasible:
    """The error for a unit without an option, naming rules none of which could be left out of the quarrel."""
    mine = table.options_of(unit)
    taken = {i: np.isin(mine, p.forbid) for i, p in enumerate(parts) if p.forbid is not None}
    items = [i for i, t in taken.items() if t.any()]
    quarrel = quick_explain(lambda kept: not np.any([taken[i] for i in kept], axis=0).all(), items)
    if _reducible(table, parts, quarrel):
        return diagnose(table, rules, parts, relaxed=False)
    guilty = tuple(told(rules[i]) for i in quarrel)
    return Infeasible(
        say("allocation.no_option_left", unit=table.units[unit], rules=listed(guilty)),
        conflicts=guilty,
        relaxations=tuple(say("allocation.drop", rule=g) for g in guilty),
    )


def _reducible(table: OptionTable, parts: Sequence[Part], quarrel: Sequence[int]) -> bool:
    """Whether fewer of the rules that quarrel by arithmetic cannot hold together either: asked of few units, whole options."""
    if len(quarrel) < 2 or len(table.units) > FEW:
        return False
    holds = partial(_hold, table, parts, shares=False, deadline=now() + PATIENCE_S)
    return any(not holds([i for i in quarrel if i != one]) for one in quarrel)


def _refusal(
    table: OptionTable,
    rules: Sequence[Rule],
    parts: Sequence[Part],
    model: Model,
    row: int,
    miss: tuple[float, float, str],
) -> Infeasible:
    """The error for a limit beyond reach, naming the locks and levels without which it were not. miss: what can be reached,
    by how much that misses, which way the limit would have to go."""
    reachable, amount, verb = miss
    own = int(model.owner[row])
    position = row - int(np.flatnonzero(model.owner == own)[0])

    def holds(kept: Sequence[int]) -> bool:
        bare = [p if i == own else replace(p, sums=(), columns=()) for i, p in enumerate(parts) if i == own or i in kept]
        smaller = feasibility_model(table, bare)
        if not every_unit_may(smaller):
            return True
        low, high = reach(smaller, position)
        room = _rounding(smaller, position, low, high)
        return bool(high + room >= model.lo[row] and low - room <= model.hi[row])

    others = [i for i, p in enumerate(parts) if i != own and (p.forbid is not None or p.below is not None)]
    guilty = quick_explain(holds, others) if others and holds([]) else []
    if _reducible(table, parts, [own, *guilty]):
        return diagnose(table, rules, parts, relaxed=False)
    relaxation = giving(model, row, verb, amount)
    conflicts = (model.labels[row], *(told(rules[i]) for i in guilty))
    verb, sign = as_told(model, row, verb)
    reached = {"reached": sign * reachable + beside(rules[own]), "unit": model.row_units[row], "relaxation": relaxation}
    return Infeasible(
        say(f"allocation.beyond_{verb}", rules=listed(conflicts), **reached),
        conflicts=conflicts,
        relaxations=(relaxation, *(say("allocation.drop", rule=told(rules[i])) for i in guilty)),
    )


def diagnose(
    table: OptionTable,
    rules: Sequence[Rule],
    parts: Sequence[Part],
    *,
    relaxed: bool,
    seed: int = 0,
    worth: Floats | None = None,
) -> Infeasible:
    """The error for limits that cannot hold together: an irreducible set of them, and the least each must give alone.

    relaxed: whether even the linear relaxation has no solution, so that quick linear tests suffice. worth: of earth at every
    unit, yuan/m³ (N,), at which the hauls alone show it.
    """

    holds = partial(_hold, table, parts, deadline=now() + PATIENCE_S, seed=seed, worth=worth)
    shares = partial(holds, shares=relaxed)
    counted = counts_borders(parts)
    items = [i for i, p in enumerate(parts) if _limits(p) or (counted and p.borders is not None)]
    for heavy in [i for i in items if parts[i].below is not None]:  # where they are not to blame, all tests get light
        rest = [i for i in items if i != heavy]
        items = items if shares(rest) else rest
    conflict = quick_explain(shares, items)
    if relaxed and len(table.units) <= FEW:
        conflict = quick_explain(partial(holds, shares=False), conflict)
    relaxations = least_relaxations(table, rules, parts, conflict, seed)
    words = tuple(told(rules[i]) for i in conflict)
    fix = relaxations[0] if relaxations else say("allocation.drop_one")
    others = say("allocation.other_ways", n=len(relaxations) - 1) if relaxations[1:] else ""
    return Infeasible(
        say("allocation.no_plan", rules=listed(words), fix=fix, others=others),
        conflicts=words,
        relaxations=tuple(relaxations),
    )


def _hold(
    table: OptionTable,
    parts: Sequence[Part],
    kept: Sequence[int],
    *,
    shares: bool,
    deadline: float,
    seed: int = 0,
    worth: Floats | None = None,
) -> bool:
    """Whether the rules kept can hold together, by shares of options or whole; what is not settled by the deadline for all
    tests counts as holding, so that it stays in a conflict."""
    model = feasibility_model(table, [parts[i] for i in kept])
    if not every_unit_may(model):
        return False
    return any(can_hold(m, relaxed=shares, seed=seed, deadline=deadline) for m in without_hauls(model, worth))


def can_hold(model: Model, *, relaxed: bool, seed: int, deadline: float) -> bool:
    """Whether some choice keeps the model's rules, separated ones too; what cannot be settled in time counts as holding."""
    if relaxed:  # without an objective the simplex wanders on many units
        method, left = "ipm" if model.size >= MANY else "choose", max(deadline - now(), 0.01)
        answer = solve_program(program(model), relaxed=True, seconds=left, seed=seed, method=method)
        return answer.status is not Solved.INFEASIBLE
    left = deadline - now()
    return left <= 0 or any_plan(model, left, seed).outcome is not Outcome.INFEASIBLE


def _limits(part: Part) -> bool:
    beside_sums = (part.forbid, part.below, part.clauses, part.separator, part.hauls)
    return bool(part.sums) or any(p is not None for p in beside_sums)


def quick_explain(holds: Callable[[Sequence[int]], bool], items: Sequence[int]) -> list[int]:
    """A minimal subset of items that does not hold together, by divide and conquer (Junker 2004); all together must not."""

    def explain(background: list[int], changed: bool, rest: list[int]) -> list[int]:
        if changed and not holds(background):
            return []
        if len(rest) == 1:
            return rest
        half = len(rest) // 2
        left, right = rest[:half], rest[half:]
        from_right = explain(background + left, bool(left), right)
        from_left = explain(background + from_right, bool(from_right), left)
        return from_left + from_right

    return sorted(explain([], False, list(items))) if items else []
