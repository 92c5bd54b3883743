"""Better within the limits by up to four moves at once: what no single move or pair can use of a limit, several together can.

At prices a plan falls short of the bound by what its options lose and by what it leaves unused of limits, at their price.
Where a unit is large beside that, branch and bound over some hundred of them hardly moves; of the cheapest moves every pair is
matched with every pair instead, from the plan and from the choice that is best at prices. Where limits concern parts of the
units each (zones), one part is chosen again at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.allocation.bound import Multipliers, reduced_values
from planner.allocation.losses import priced
from planner.allocation.model import Model
from planner.allocation.polishing import Polisher
from planner.allocation.search import Best, best_of
from planner.allocation.swaps import single_moves
from planner.allocation.table import Floats, Ints
from planner.core.choice.arrays import Forest
from planner.core.choice.fours import winning_four

MOVES: Final = 450  # of one part that are weighed, those that lose least: 100 000 pairs; five times as many won no more
LOOKS: Final = 20_000_000  # most matches looked at a time: a tenth of a second
TURNS: Final = 400  # most times that a part is chosen again
LOCAL: Final = 0.5  # share of the units below which a limit is one of a part
PARTS: Final = 100  # most parts that are chosen again, the largest ones
WORTH: Final = 1e-9  # share of the objective from which moves win more than rounding


@dataclass(frozen=True, eq=False)
class _Prices:
    """What the moves of a polisher are weighed by. value (K,): of every option at prices. goal (K,): its gain, rows that can be
    bought at their prices. row (S,): prices of the other rows in the polisher's units. best (N,): the choice that is best."""

    moves: Polisher
    value: Floats
    goal: Floats
    row: Floats
    best: Ints


def won_by_fours(moves: Polisher, order: Forest | None, best: Best, multipliers: Multipliers, enough: float) -> Best:
    """The better plan after the best moves of up to four units at once, part by part, until none wins or it is worth `enough`.

    The model has no borders and no clauses. order: of its water. multipliers: the prices at which moves are cheap."""
    parts, prices, idle = units_by_limits(moves.model), _at(moves, order, multipliers), 0
    for turn in range(TURNS):
        if best.chosen is None or idle == 2 * len(parts) or best.value >= enough or not moves.go_on():
            break
        part, begin, before = parts[turn // 2 % len(parts)], best.chosen.copy(), best.value
        if turn % 2:
            begin[part] = prices.best[part]
        least = float((prices.goal[best.chosen] - prices.goal[begin]).sum())
        best = best_of(moves.model, best, _four(prices, begin, part, least))
        idle = 0 if best.value > before + WORTH * abs(before) else idle + 1
    return best


def _at(moves: Polisher, order: Forest | None, multipliers: Multipliers) -> _Prices:
    model, rows = moves.model, multipliers.rows
    bought = model.entries.any(axis=0) if model.price.size else np.zeros(rows.size, dtype=np.bool_)
    return _Prices(
        moves,
        reduced_values(model, multipliers),
        model.gain - np.where(bought, rows, 0.0) @ model.coef,
        np.where(bought, 0.0, rows * moves.scale),
        priced(model, multipliers, order).chosen,
    )


def units_by_limits(model: Model) -> list[Ints]:
    """The units that are under the same limits of parts, together; all of them where no limit is one of a part."""
    under = np.array([np.logical_or.reduceat(row != 0, model.start[:-1]) for row in model.coef])
    local = under[under.mean(axis=1) < LOCAL] if under.size else under
    if not local.size:
        return [np.arange(model.size)]
    which = np.unique(local, axis=1, return_inverse=True)[1].ravel()
    parts = [np.flatnonzero(which == k) for k in range(int(which.max()) + 1)]
    return sorted(parts, key=len, reverse=True)[:PARTS]


def _four(prices: _Prices, chosen: Ints, part: Ints, least: float) -> Ints:
    """The choice after the moves of a part's units that win most beside it and more than `least`, itself where none do."""
    moves, model = prices.moves, prices.moves.model
    mine = np.zeros(model.size, dtype=np.bool_)
    mine[part] = True
    weighed = np.flatnonzero(single_moves(model, chosen, moves.water) & mine[model.unit])
    if not weighed.size or not prices.row.size:
        return chosen
    loss = prices.value[chosen][model.unit[weighed]] - prices.value[weighed]
    cheap = np.argsort(loss, kind="stable")[:MOVES]
    weighed, loss = weighed[cheap], loss[cheap]
    unit = model.unit[weighed]
    change, activity = moves.rows[weighed] - moves.rows[chosen[unit]], moves.rows[chosen].sum(axis=0)
    room = np.where(prices.row > 0, moves.hi - activity, np.where(prices.row < 0, activity - moves.lo, 0.0))
    left = np.abs(prices.row) * room
    first = _soonest(prices, change, float(left.sum()) - least)
    ranked = (unit, np.ascontiguousarray(change[:, first]), prices.goal[weighed] - prices.goal[chosen[unit]], loss)
    key = (float(prices.row[first[0]]), float(left.sum() - left[first[0]]))
    limits = (moves.lo[first], moves.hi[first])
    made, _ = winning_four(ranked, limits, activity[first], key, moves.water.parent, (least, LOOKS))
    made, found = made[made >= 0], chosen.copy()
    found[unit[made]] = weighed[made]
    return found


def _soonest(prices: _Prices, change: Floats, most: float) -> Ints:
    """The rows, the one first that rules most moves out: whose room for a plan that misses the prices by at most so much is
    smallest beside what moves (M, S) change it by."""
    moves, row, spread = prices.moves, prices.row, change.std(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        useful = np.where(row != 0, max(most, 0.0) / np.abs(row), np.inf)
        tells = np.where(spread > 0, np.minimum(useful, moves.hi - moves.lo) / spread, np.inf)
    return np.argsort(tells, kind="stable")
