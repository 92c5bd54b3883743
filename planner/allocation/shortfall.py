"""Limits that prices prove impossible, told at once: how far the limit that moved can be kept beside all the others.

Prices at which the bound falls below every plan name the limits in conflict. One more such dual, with the broken limit's own
sum as its objective, says what that sum can come to: a bound, so that the limit must give at least the rest. What gives *least*
among all limits takes a search (`infeasible.diagnose`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from planner.allocation.borders import no_edges
from planner.allocation.bound import Multipliers, clean, least_value, upper_bound
from planner.allocation.dual import minimise
from planner.allocation.model import Model, row_sizes, settle
from planner.allocation.parts import Rule, beside
from planner.allocation.relaxations import as_told, giving, listed
from planner.allocation.table import Bools, Floats, Ints
from planner.core.choice.arrays import Forest
from planner.errors import Infeasible
from planner.words import Message, say

ACCURACY: Final = 1e-5  # of what a limit's sum can come to
WARMTH: Final = 1e-3  # first temperature from prices that prove the limits impossible: they are nearly those looked for
DIGITS: Final = 3  # of prices in comparable units: quotas that fill the site press alike
PRESSES: Final = 1e-6  # share of the greatest price, in comparable units, from which a limit is named in a conflict


def refusal(model: Model, rules: Sequence[Rule], order: Forest | None, before: Ints, rows: Floats) -> Infeasible:
    """The error for limits of a model (earth at its worth) that prices `rows` (S,) prove impossible together. before (N,): a
    choice that kept the earlier limits."""
    size = row_sizes(model)
    broken = settle(model, before).broken / size
    for row in np.argsort(-broken, kind="stable"):
        if broken[row] > 0 and (told := _told(model, rules, order, int(row), rows)) is not None:
            return told
    words = _named(model, _pressing(rows, size))
    return Infeasible(say("allocation.prices_none", rules=listed(words)), conflicts=words)


def _told(model: Model, rules: Sequence[Rule], order: Forest | None, row: int, prices: Floats) -> Infeasible | None:
    """The refusal of a row that no choice under the other rows can reach; None where it can, or they cannot hold either.
    prices (S,): that prove the limits impossible; by the row's own they are nearly what its reach asks of the others."""
    for sign, limit, verb in ((1.0, model.lo[row], "lower"), (-1.0, model.hi[row], "raise")):
        if not np.isfinite(limit):
            continue
        lo, hi = model.lo.copy(), model.hi.copy()
        lo[row], hi[row] = -np.inf, np.inf
        own = replace(model, gain=sign * model.coef[row], lo=lo, hi=hi, edges=no_edges(), price=-sign * model.entries[:, row])
        least = least_value(own)
        start = _begun(own, order, row, prices) if sign * prices[row] < 0 else None
        dual = minimise(own, order, start=start, accuracy=ACCURACY, warmth=None if start is None else WARMTH, least=least)
        most = sign * dual.bound
        miss = sign * (limit - most)
        if dual.bound < least or miss <= 0:
            continue
        size = row_sizes(model)
        pressing = _pressing(dual.multipliers.rows, size)
        pressing[row] = True
        words = _named(model, pressing)
        relaxation = _least_give(model, row, verb, miss)
        verb, turned = as_told(model, row, verb)
        reached = {
            "reached": turned * most + beside(rules[int(model.owner[row])]),
            "unit": model.row_units[row],
            "relaxation": relaxation,
        }
        rest = [w for i, w in zip(np.flatnonzero(pressing), words, strict=True) if i != row]
        others = listed(rest) if rest else ""
        return Infeasible(
            say(f"allocation.prices_{verb}", rule=model.labels[row], others=others, **reached),
            conflicts=words,
            relaxations=(relaxation,),
        )
    return None


def _begun(own: Model, order: Forest | None, row: int, prices: Floats) -> Floats:
    """Prices to begin at for the reach of a row: those that prove the limits impossible, by the row's own; in few digits where
    that proves more."""
    size = row_sizes(own)
    start = clean(own, prices / abs(prices[row]))
    start[row] = 0.0
    few = np.round(start * size / size[row], DIGITS) * size[row] / size
    return min(start, few, key=lambda some: upper_bound(own, Multipliers(some), order))


def _least_give(model: Model, row: int, verb: str, amount: float) -> Message:
    """By how much a limit must give at least, its end named where it has two; rounded down, so that it is proven."""
    step = 10.0 ** (math.floor(math.log10(amount)) - 3)
    words = f"{math.floor(amount / step) * step:,.4g}" if amount < 1e4 else f"{math.floor(amount / step) * step:,.0f}"
    return giving(model, row, verb, words, "_least")


def _pressing(rows: Floats, size: Floats) -> Bools:
    """Which rows weigh, (S,), prices in comparable units."""
    weight = np.abs(rows) * size
    return np.asarray(weight > PRESSES * weight.max(initial=0.0))


def _named(model: Model, rows: Bools) -> tuple[Message | str, ...]:
    return tuple(model.labels[i] for i in np.flatnonzero(rows))
