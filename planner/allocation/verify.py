"""The last word on a choice: an independent walk over it, from the table and the rules alone, whatever method returned it.

Nothing of what the methods computed is believed: the options are looked up again, every limit's sum is added up exactly, locks,
water levels, neighbours and patches are walked unit by unit. Only the quantities of auxiliary columns (bought earth, hauls) are
taken as given, and then checked against their limits like everything else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from planner.allocation.hauls import GRAINS, grains, least_haul
from planner.allocation.parts import ROUNDING, Column, Hauls, Part, Rule, Sum
from planner.allocation.sums import binary_sum, decimal_sum, written
from planner.allocation.table import Floats, Ints, OptionTable

NEAR = 1e-9  # share of its terms within which a sum counts as close to its limit and is added up again in fractions


def misses(
    table: OptionTable, rules: Sequence[Rule], chosen: Ints, columns: Floats, ways: Ints | None = None
) -> tuple[str, ...]:
    """The rules (in words) that a choice breaks, or what is wrong with the choice itself; empty where it is a plan.

    chosen: position of each unit's option, shape (N,). columns: quantities of the rules' auxiliary columns, in order. ways
    (m, 3): from unit, to unit and cm³ of a haul that is said to serve the choice: it is walked, and its cost added up; without
    them a haul is solved for anew.
    """
    n = len(table.units)
    if chosen.shape != (n,) or (chosen < 0).any() or (chosen >= table.size).any():
        return ("a unit has no option",)
    if (table.unit[chosen] != np.arange(n)).any():
        return (f"unit {table.units[int(np.argmax(table.unit[chosen] != np.arange(n)))]} has another unit's option",)
    parts = [rule.part(table) for rule in rules]
    borders, hauled = _border_cost(parts, chosen), _haul_cost(parts, chosen, ways)
    if hauled is None:
        return ("the haul does not serve the choice",)
    found, first = [], 0
    beside_it = (borders, hauled, next((part.hauls.worth for part in parts if part.hauls is not None), 1.0))
    every = [column for part in parts for column in part.columns]
    given = [Fraction(float(y)) for y in columns]
    if len(given) != len(every) or any(not 0 <= y <= c.upper for c, y in zip(every, given, strict=True)):
        return ("an auxiliary quantity lies outside its limits",)
    bought = list(zip(every, given, strict=True))
    for rule, part in zip(rules, parts, strict=True):
        own = bought[first : first + len(part.columns)]
        first += len(part.columns)
        sums_hold = all(_sum_holds(row, i, chosen, beside_it, own, bought) for i, row in enumerate(part.sums))
        forbidden = part.forbid is not None and bool(np.isin(chosen, part.forbid).any())
        walk = getattr(rule, "kept", None)
        if not sums_hold or forbidden or not _clauses_hold(part, chosen) or (walk is not None and not walk(table, chosen)):
            found.append(str(rule))
    return tuple(found)


def _border_cost(parts: Sequence[Part], chosen: Ints) -> Fraction:
    """Cost of all borders between unlike units, yuan."""
    total = Fraction(0)
    for borders in (part.borders for part in parts if part.borders is not None):
        kind = borders.kind[chosen]
        cost = borders.cost * borders.weight[kind[borders.a], kind[borders.b]]
        total += Fraction(math.fsum(cost.tolist()))
    return total


def _haul_cost(parts: Sequence[Part], chosen: Ints, ways: Ints | None) -> Fraction | None:
    """Cost of a haul that serves the choice, yuan: of the one shown, or solved for anew; None where that serves it not."""
    carried = [part.hauls for part in parts if part.hauls is not None]
    if ways is None or len(carried) != 1:
        return sum((Fraction(least_haul(hauls, chosen).cost) for hauls in carried), Fraction(0))
    return _shown_cost(carried[0], chosen, ways)


def _shown_cost(hauls: Hauls, chosen: Ints, ways: Ints) -> Fraction | None:
    """Cost of the ways shown; None where they carry what is not there, or leave spoil and want side by side."""
    lack = grains(hauls, chosen)
    if (ways[:, 2] < 0).any() or (ways[:, :2] < 0).any() or (ways[:, :2] >= lack.size).any():
        return None
    left = lack.copy()
    np.add.at(left, ways[:, 0], ways[:, 2])
    np.subtract.at(left, ways[:, 1], ways[:, 2])
    if (left[lack <= 0] > 0).any() or (left[lack >= 0] < 0).any() or ((left > 0).any() and (left < 0).any()):
        return None
    metres = np.hypot(*(hauls.xy[ways[:, 0]] - hauls.xy[ways[:, 1]]).T)
    return Fraction(math.fsum(ways[:, 2] / GRAINS * metres)) * Fraction(hauls.rate)


def _sum_holds(
    row: Sum,
    position: int,
    chosen: Ints,
    beside_it: tuple[Fraction, Fraction, float],
    own: Sequence[tuple[Column, Fraction]],
    bought: Sequence[tuple[Column, Fraction]],
) -> bool:
    """Whether a limit holds: exactly where numbers are as someone wrote them, else to the rounding they came with.

    beside_it: borders, haul, yuan, and what a yuan of haul takes off the objective.
    """
    terms = row.coef[chosen]
    others = [beside_it[0] * Fraction(row.border), beside_it[1] * Fraction(row.paid(beside_it[2]))]
    others += [Fraction(value) * y for c, y in own for i, value in c.entries if i == position]
    others += [Fraction(row.paid(c.worth)) * Fraction(c.price) * y for c, y in bought if row.money]
    beside, size = sum(others, Fraction(0)), float(np.abs(terms).sum()) + float(sum(map(abs, others), Fraction(0)))
    for limit, sign in ((row.lo, -1), (row.hi, 1)):
        if not math.isfinite(limit):
            continue
        miss = sign * (float(terms.sum()) + float(beside) - limit)
        rounding = ROUNDING * (size + abs(limit))
        if abs(miss) <= NEAR * (size + abs(limit)):
            typed = not beside and bool(written(terms).all() and written(np.array([limit])).all())
            read = decimal_sum if typed else binary_sum
            miss, rounding = float(sign * (read(np.append(terms, -limit)) + beside)), 0.0 if typed else rounding
        if miss > rounding:
            return False
    return True


def _clauses_hold(part: Part, chosen: Ints) -> bool:
    """Whether every sparse row holds; their coefficients are small whole numbers, so that their sums are exact."""
    if part.clauses is None:
        return True
    taken = set(chosen.tolist())
    total = [0.0] * part.clauses.hi.size
    for row, col, value in zip(part.clauses.row.tolist(), part.clauses.col.tolist(), part.clauses.value.tolist(), strict=True):
        total[row] += value if col in taken else 0.0
    return all(t <= hi for t, hi in zip(total, part.clauses.hi.tolist(), strict=True))
