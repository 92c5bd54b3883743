"""No plan possible: which limits cannot hold together, and by how much each would have to give."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from planner.allocation.bound import forest
from planner.allocation.exact import solve_exactly
from planner.allocation.hauling import without_hauls
from planner.allocation.hauls import Carriage
from planner.allocation.highs import Solved, solve_program
from planner.allocation.methods import solve_by_shape
from planner.allocation.model import Model, Settled, assemble, chosen_options, finite_size, settle
from planner.allocation.objective import Objective
from planner.allocation.parts import INF, ROUNDING, Part, Rule, beside, told
from planner.allocation.program import program
from planner.allocation.search import Found, Method, Outcome, Settings
from planner.allocation.table import Floats, Ints, OptionTable
from planner.core.choice.assignment import best_options, forest_best
from planner.errors import Infeasible
from planner.timelimit import now
from planner.words import Message, say

PATIENCE_S = 30.0  # longest search for the least relaxation; the conflict is reported without it beyond
FEW = 200  # units up to which a conflict is one of whole options, not only of shares
MANY = 2_000  # units from which a feasibility test goes by interior point


def activity_range(model: Model, row: int) -> tuple[float, float]:
    """Least and most a coupling row's sum can be over the allowed options and the order of units, helper columns left out."""
    order = forest(model)
    ends = []
    for sign in (1.0, -1.0):
        value = sign * model.coef[row]
        if order is None:
            total = math.fsum(best_options(model.start, value, model.allowed)[0])
        else:
            total = forest_best(model.start, value, model.allowed, order)[0]
        ends.append(sign * total)
    return ends[1], ends[0]


def check_by_arithmetic(table: OptionTable, rules: Sequence[Rule], parts: Sequence[Part], model: Model) -> None:
    """Raises Infeasible where a unit has no option left or a limit lies beyond what all units together could give."""
    left = np.add.reduceat(model.allowed, model.start[:-1])
    if (left == 0).any():
        _refuse_unit(table, rules, parts, int(np.flatnonzero(left == 0)[0]))
    for row in range(model.coef.shape[0]):
        low, high = reach(model, row)
        if not np.isfinite([low, high]).all():
            continue
        rounding = _rounding(model, row, low, high)
        if model.lo[row] > high + rounding:
            _refuse(table, rules, parts, model, row, (high, model.lo[row] - high, "lower"))
        if model.hi[row] < low - rounding:
            _refuse(table, rules, parts, model, row, (low, low - model.hi[row], "raise"))


def _rounding(model: Model, row: int, low: float, high: float) -> float:
    """What the ends of a row's reach may be off by."""
    return ROUNDING * max(abs(low), abs(high), float(np.abs(model.coef[row]).sum()))


def reach(model: Model, row: int) -> tuple[float, float]:
    """Least and most a coupling row can come to, auxiliary columns at their ends."""
    low, high = activity_range(model, row)
    beside = model.entries[:, row] * model.upper if model.price.size else np.zeros(0)
    return low + float(np.minimum(beside, 0).sum()), high + float(np.maximum(beside, 0).sum())


def _refuse_unit(table: OptionTable, rules: Sequence[Rule], parts: Sequence[Part], unit: int) -> None:
    """Raises Infeasible for a unit without an option, naming rules none of which could be left out of the quarrel."""
    mine = table.options_of(unit)
    taken = {i: np.isin(mine, p.forbid) for i, p in enumerate(parts) if p.forbid is not None}
    items = [i for i, t in taken.items() if t.any()]
    guilty = tuple(
        told(rules[i]) for i in quick_explain(lambda kept: not np.any([taken[i] for i in kept], axis=0).all(), items)
    )
    raise Infeasible(
        say("allocation.no_option_left", unit=table.units[unit], rules=listed(guilty)),
        conflicts=guilty,
        relaxations=tuple(say("allocation.drop", rule=g) for g in guilty),
    )


def _refuse(
    table: OptionTable,
    rules: Sequence[Rule],
    parts: Sequence[Part],
    model: Model,
    row: int,
    miss: tuple[float, float, str],
) -> None:
    """Raises Infeasible for a limit beyond reach, naming the locks and levels without which it were not. miss: what can be
    reached, by how much that misses, which way the limit would have to go."""
    reachable, amount, verb = miss
    own = int(model.owner[row])
    position = row - int(np.flatnonzero(model.owner == own)[0])

    def holds(kept: Sequence[int]) -> bool:
        bare = [p if i == own else replace(p, sums=(), columns=()) for i, p in enumerate(parts) if i == own or i in kept]
        smaller = feasibility_model(table, bare)
        if not np.add.reduceat(smaller.allowed, smaller.start[:-1]).all():
            return True
        low, high = reach(smaller, position)
        room = _rounding(smaller, position, low, high)
        return bool(high + room >= model.lo[row] and low - room <= model.hi[row])

    others = [i for i, p in enumerate(parts) if i != own and (p.forbid is not None or p.below is not None)]
    guilty = quick_explain(holds, others) if others and holds([]) else []
    relaxation = giving(model, row, verb, amount)
    conflicts = (model.labels[row], *(told(rules[i]) for i in guilty))
    verb, sign = as_told(model, row, verb)
    reached = {"reached": sign * reachable + beside(rules[own]), "unit": model.row_units[row], "relaxation": relaxation}
    raise Infeasible(
        say(f"allocation.beyond_{verb}", rules=listed(conflicts), **reached),
        conflicts=conflicts,
        relaxations=(relaxation, *(say("allocation.drop", rule=told(rules[i])) for i in guilty)),
    )


def listed(items: Sequence[Message | str]) -> Message | str:
    """Several messages in a row, semicolons between."""
    first, *rest = items
    return say("allocation.and_then", first=first, rest=listed(rest)) if rest else first


def as_told(model: Model, row: int, verb: str) -> tuple[str, float]:
    """Which way the limit of a row goes as it is told, and the sign with which its sum is told. verb: as it is counted."""
    sign = float(model.told[row])
    return ({"raise": "lower", "lower": "raise"}[verb] if sign < 0 else verb), sign


def giving(model: Model, row: int, verb: str, amount: str | float, how: str = "") -> Message:
    """By how much a limit has to give, its end named where it has two. verb: lower or raise, as it is counted. how: `_least`
    where it may have to give more."""
    two_sided = np.isfinite(model.lo[row]) and np.isfinite(model.hi[row])
    verb, _ = as_told(model, row, verb)
    name = say(f"allocation.end_{verb}", rule=model.labels[row]) if two_sided else model.labels[row]
    words = amount if isinstance(amount, str) else _amount(amount)
    return say(f"allocation.{verb}{how}", rule=name, amount=words, unit=model.row_units[row])


def _amount(value: float) -> str:
    """A number rounded up to six digits, so that giving way by it is enough."""
    if value <= 0:
        return "0"
    step = 10.0 ** (math.floor(math.log10(value)) - 5)
    return f"{math.ceil(value / step * (1 - 1e-12)) * step:,.6g}"


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

    deadline = now() + PATIENCE_S  # for all tests together; what is not settled by then stays in the conflict

    def holds(kept: Sequence[int], shares: bool = relaxed) -> bool:
        model = feasibility_model(table, [parts[i] for i in kept])
        if not np.add.reduceat(model.allowed, model.start[:-1]).all():
            return False
        return any(can_hold(m, relaxed=shares, seed=seed, deadline=deadline) for m in without_hauls(model, worth))

    counted = _counts_borders(parts)
    items = [i for i, p in enumerate(parts) if _limits(p) or (counted and p.borders is not None)]
    for heavy in [i for i in items if parts[i].below is not None]:  # where they are not to blame, all tests get light
        rest = [i for i in items if i != heavy]
        items = items if holds(rest) else rest
    conflict = quick_explain(holds, items)
    if relaxed and len(table.units) <= FEW:
        conflict = quick_explain(lambda kept: holds(kept, shares=False), conflict)
    relaxations = least_relaxations(table, rules, parts, conflict, seed)
    words = tuple(told(rules[i]) for i in conflict)
    fix = relaxations[0] if relaxations else say("allocation.drop_one")
    others = say("allocation.other_ways", n=len(relaxations) - 1) if relaxations[1:] else ""
    return Infeasible(
        say("allocation.no_plan", rules=listed(words), fix=fix, others=others),
        conflicts=words,
        relaxations=tuple(relaxations),
    )


def can_hold(model: Model, *, relaxed: bool, seed: int, deadline: float) -> bool:
    """Whether some choice keeps the model's rules, separated ones too; what cannot be settled in time counts as holding."""
    if relaxed:  # without an objective the simplex wanders on many units
        method, left = "ipm" if model.size >= MANY else "choose", max(deadline - now(), 0.01)
        answer = solve_program(program(model), relaxed=True, seconds=left, seed=seed, method=method)
        return answer.status is not Solved.INFEASIBLE
    left = deadline - now()
    return left <= 0 or _any_plan(model, left, seed).outcome is not Outcome.INFEASIBLE


def _any_plan(model: Model, seconds: float, seed: int) -> Found:
    """Any plan at all by the exact method, which cuts off what a tolerance lets pass."""
    return solve_exactly(model, Settings(1.0, now(), seconds, seed, None, Method.MILP), None)


def _limits(part: Part) -> bool:
    beside_sums = (part.forbid, part.below, part.clauses, part.separator, part.hauls)
    return bool(part.sums) or any(p is not None for p in beside_sums)


def feasibility_model(table: OptionTable, parts: Sequence[Part]) -> Model:
    """The rules' limits without any objective; borders where a limit counts them."""
    own = tuple(parts) if _counts_borders(parts) else tuple(replace(p, borders=None) for p in parts)
    return assemble(table, own, Objective("any", "", np.zeros(table.size), 0.0, 0.0))


def _counts_borders(parts: Sequence[Part]) -> bool:
    """Whether a limit counts what borders cost."""
    return any(row.border for part in parts for row in part.sums)


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


def least_relaxations(
    table: OptionTable, rules: Sequence[Rule], parts: Sequence[Part], conflict: Sequence[int], seed: int
) -> list[Message | str]:
    """For each rule of a conflict: the least it has to give, alone, for all others to hold; else what they give together."""
    deadline = now() + PATIENCE_S
    found: list[tuple[float, Message | str]] = []
    for i in reversed(conflict):  # the later rules, money, earth and water, are sooner settled than the quotas
        if parts[i].sums:
            alone = single_row_gives(table, parts, i, deadline, seed)
            joint = not alone and (len(parts[i].sums) > 1 or bool(parts[i].columns))
            amounts = elastic(table, parts, [i], deadline - now(), seed) if joint else []
            found += [(amount / scale, words) for amount, scale, words in alone]
            if amounts:
                found.append((max(a / s for a, s, _ in amounts), listed([w for _, _, w in amounts])))
        elif now() < deadline:
            others = feasibility_model(table, [p for j, p in enumerate(parts) if j != i])
            possible = bool(np.add.reduceat(others.allowed, others.start[:-1]).all())
            if possible and _any_plan(others, deadline - now(), seed).chosen is not None:
                found.append((1.0, say("allocation.drop", rule=told(rules[i]))))
    if not found:
        together = elastic(table, parts, [i for i, p in enumerate(parts) if p.sums], deadline - now(), seed)
        return [say("allocation.together", gives=listed([w for _, _, w in together]))] if together else []
    return [words for _, words in sorted(found, key=lambda f: f[0])]


def single_row_gives(
    table: OptionTable, parts: Sequence[Part], rule: int, deadline: float, seed: int
) -> list[tuple[float, float, Message]]:
    """What each limit of a rule has to give alone: (amount, scale, words). The limit's own sum becomes the objective."""
    model = feasibility_model(table, parts)
    result = []
    for row in np.flatnonzero(model.owner == rule):
        for sign, limit, verb in ((1.0, model.lo[row], "lower"), (-1.0, model.hi[row], "raise")):
            bought = model.entries[:, row].any()
            told = not _fed(model, int(row)) and not (bought and sign > 0) and not (model.border[row] and model.edges.cost.size)
            if not np.isfinite(limit) or not told:
                continue
            miss = _missed(_opened(model, int(row), sign), sign, limit, deadline, seed)
            if miss is not None and miss > 0:
                scale = abs(limit) if limit else max(1.0, abs(miss))
                words = giving(model, int(row), verb, miss)
                result.append((miss, scale, words))
    return result


def _fed(model: Model, row: int) -> bool:
    """Whether auxiliary columns make up what a row lacks: bought earth, a stockpile. Such a row is no limit, its columns'
    ends are."""
    return bool((model.entries[:, row] < 0).any())


def _opened(model: Model, row: int, sign: float) -> Model:
    """The model without one end of a row (sign 1: its least, -1: its most) and the row's own sum, what is bought and carried
    with it, as the objective."""
    ends = (model.lo, model.hi) if sign > 0 else (model.hi, model.lo)
    opened = ends[0].copy()
    opened[row] = -sign * INF
    lo, hi = (opened, ends[1]) if sign > 0 else (ends[1], opened)
    soft = replace(model, gain=sign * model.coef[row], lo=lo, hi=hi, price=-sign * model.entries[:, row])
    if model.carriage is None:
        return soft
    own = _letting(model.carriage, {model.kinds[row]} if sign < 0 else set())
    return replace(soft, carriage=replace(own, counts=float(own.money[row]) if sign < 0 else 0.0))


def _letting(carriage: Carriage, kinds: set[str]) -> Carriage:
    """The hauls where earth may come (go) besides, if the row of what comes (goes) is among those that give: kinds."""
    hauls = carriage.hauls
    hauls = replace(hauls, imported=hauls.imported or "import" in kinds, exported=hauls.exported or "export" in kinds)
    return replace(carriage, hauls=hauls, known={}, priced={})


def _missed(soft: Model, sign: float, limit: float, deadline: float, seed: int) -> float | None:
    """By how much the best plan of an opened model misses a row's limit; None where none was found."""
    if (moment := now()) >= deadline:
        return None
    settings = Settings(1e-3, moment, min(deadline - moment, PATIENCE_S / 6), seed, None, Method.CHOOSE)
    found = solve_by_shape(soft, settings, None, None)
    return None if found.chosen is None else sign * limit - settle(soft, found.chosen).objective


def _ends_of(model: Model, row: int) -> tuple[int, float] | None:
    """The one column that a row of earthwork buys from, where its end is a limit, and what it could come to beyond that."""
    feeds = np.flatnonzero(model.entries[:, row] < 0)
    if feeds.size != 1 or model.kinds[row] not in ("import", "export"):
        return None
    beyond = max(activity_range(model, row)[1], 0.0) - float(model.upper[feeds[0]])
    return (int(feeds[0]), beyond) if beyond > 0 else None


def elastic(
    table: OptionTable, parts: Sequence[Part], soft: Sequence[int], seconds: float, seed: int
) -> list[tuple[float, float, Message]]:
    """The least total give (relative to each limit) of the rules `soft` with all others kept: (amount, scale, words) each."""
    if seconds <= 0:
        return []
    model = feasibility_model(table, parts)
    soft_model, rows, scale = _softened(model, soft)
    settled = _given(soft_model, seconds, seed)
    if settled is None:
        return []
    amounts = settled.columns[model.price.size :].reshape(2, rows.size)
    result = []
    for way, verb in ((0, "lower"), (1, "raise")):
        for j in np.flatnonzero(amounts[way] > 1e-9 * scale):
            row = int(rows[j])
            words = giving(model, row, verb, float(amounts[way, j]))
            result.append((float(amounts[way, j]), float(scale[j]), words))
    return result


def _softened(model: Model, soft: Sequence[int]) -> tuple[Model, Ints, Floats]:
    """The model with columns by which the limits of the rules `soft` give, lower ends before upper ones; their rows, and what
    is much of each. A row that is fed gives by more of what is bought, at its price."""
    own = np.flatnonzero(np.isin(model.owner, soft))
    rows = np.array([r for r in own if not _fed(model, int(r)) or _ends_of(model, int(r))], dtype=np.int64)
    reach = np.array([max(abs(v) for v in activity_range(model, int(r))) for r in rows])
    limits = np.maximum(finite_size(model.lo), finite_size(model.hi))[rows]
    scale = np.where(limits > 0, limits, np.maximum(reach, 1.0))
    give = np.zeros((2 * rows.size, model.coef.shape[0]))
    give[np.arange(rows.size), rows] = 1.0
    give[rows.size + np.arange(rows.size), rows] = -1.0
    room = np.tile(np.where(np.isfinite(reach), reach, 0.0) + limits, 2)
    for j, row in enumerate(rows):
        if (column := _ends_of(model, int(row))) is not None:
            give[rows.size + j] = model.entries[column[0]]
            room[j], room[rows.size + j], scale[j] = 0.0, column[1], max(float(model.upper[column[0]]), 1.0)
    softened = replace(
        model,
        entries=np.vstack([model.entries, give]),
        price=np.r_[np.zeros(model.price.size), np.tile(1.0 / scale, 2)],
        upper=np.r_[model.upper, room],
    )
    if model.carriage is not None:
        softened = replace(softened, carriage=_letting(model.carriage, {model.kinds[r] for r in rows}))
    return softened, rows, scale


def _given(soft: Model, seconds: float, seed: int) -> Settled | None:
    """The plan for which a softened model gives least; None where none was found, or none that pays its haul."""
    found: list[tuple[float, Floats]] = []
    for one in (program(m) for m in without_hauls(soft, None)):
        answer = solve_program(one, gap=1e-6, seconds=seconds, seed=seed)
        found += [] if answer.point is None else [(answer.value * one.scale, answer.point)]
    if not found:
        return None
    settled = settle(soft, chosen_options(soft, min(found, key=lambda f: f[0])[1]))
    return settled if soft.carriage is None or settled.feasible else None
