"""What limits that cannot hold together have to give: the least of each alone, or of all together, and how it is told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.allocation.bound import forest
from planner.allocation.exact import solve_exactly
from planner.allocation.hauling import without_hauls
from planner.allocation.hauls import Carriage
from planner.allocation.highs import solve_program
from planner.allocation.methods import solve_by_shape
from planner.allocation.model import Model, Settled, assemble, chosen_options, finite_size, settle
from planner.allocation.objective import Objective
from planner.allocation.parts import INF, Part, Rule, told
from planner.allocation.program import program
from planner.allocation.search import Found, Method, Settings
from planner.allocation.table import Floats, Ints, OptionTable
from planner.core.choice.assignment import best_options, forest_best
from planner.timelimit import now
from planner.words import Message, say

PATIENCE_S = 30.0  # longest search for the least relaxation; the conflict is reported without it beyond


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


def every_unit_may(model: Model) -> bool:
    """Whether every unit has an option left."""
    return bool(np.add.reduceat(model.allowed, model.start[:-1]).all())


def any_plan(model: Model, seconds: float, seed: int) -> Found:
    """Any plan at all by the exact method, which cuts off what a tolerance lets pass."""
    return solve_exactly(model, Settings(1.0, now(), seconds, seed, None, Method.MILP), None)


def feasibility_model(table: OptionTable, parts: Sequence[Part]) -> Model:
    """The rules' limits without any objective; borders where a limit counts them."""
    own = tuple(parts) if counts_borders(parts) else tuple(replace(p, borders=None) for p in parts)
    return assemble(table, own, Objective("any", "", np.zeros(table.size), 0.0, 0.0))


def counts_borders(parts: Sequence[Part]) -> bool:
    """Whether a limit counts what borders cost."""
    return any(row.border for part in parts for row in part.sums)


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
            if every_unit_may(others) and any_plan(others, deadline - now(), seed).chosen is not None:
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
    if not every_unit_may(model):  # limits may give as they will: a unit has no option
        return []
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
