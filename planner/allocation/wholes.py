"""The point of a linear program of moves made whole: of all ways to do so the one that leaves limits missed least.

Its corner splits no more units than there are limits, or lakes that fill in part. What water holds together moves together.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from planner.allocation.model import chosen_options, order_kept
from planner.allocation.polishing import Polisher
from planner.allocation.restrict import Core
from planner.allocation.table import Floats, Ints
from planner.core.choice.arrays import Waters
from planner.core.choice.rounding import best_rounding

SPLIT: Final = 1e-6  # share from which an option is one that the program splits
ROUNDED: Final = 16  # most units of which all ways to make them whole are looked at: 65 536 ways
FIRST: Final = 1e3  # how much more the order of water weighs than limits where what is split is made whole


def made_whole(moves: Polisher, core: Core, point: Floats, chosen: Ints) -> Ints:
    """The whole choice of a program's point: units that it splits take one of their two largest options each, those together
    that water holds together, so that limits are missed least; where the order of water does not let that be, each takes its
    largest."""
    small = core.model
    largest = core.whole_choice(chosen, chosen_options(small, point))
    share = point[: small.gain.size]
    order = np.lexsort((-share, small.unit))
    several = np.flatnonzero(np.diff(small.start) > 1)
    several = several[share[order[small.start[several] + 1]] > SPLIT]
    one, other = order[small.start[several]], order[small.start[several] + 1]
    if not several.size:
        return largest
    units, rows = core.units[several], moves.rows
    block = _blocks(units, share[other], moves.water.parent)
    most = np.zeros(int(block.max()) + 1)
    np.maximum.at(most, block, share[other])
    some = np.argsort(-most, kind="stable")[:ROUNDED]
    found = largest.copy()
    found[units] = core.options[one]
    apart, bounds = _order_between(units, moves.water, core.options[one], core.options[other])
    by_unit = np.hstack([rows[core.options[other]] - rows[core.options[one]], apart])
    change, loss = np.zeros((most.size, by_unit.shape[1])), np.zeros(most.size)
    np.add.at(change, block, by_unit)
    np.add.at(loss, block, small.gain[one] - small.gain[other])
    limits = np.r_[moves.lo, np.full(bounds.size, -np.inf)], np.r_[moves.hi, np.zeros(bounds.size)]
    made, _ = best_rounding(change[some], loss[some], limits, np.r_[rows[found].sum(axis=0), bounds])
    go = np.isin(block, some[made])
    found[units[go]] = core.options[other[go]]
    return found if order_kept(moves.model, found) else largest


def _blocks(units: Ints, share: Floats, parent: Ints) -> Ints:
    """Which of the units (U,) that a program splits move together, (U,): one above the other, by the same share."""
    place = {int(u): i for i, u in enumerate(units)}
    tops = []
    for i, unit in enumerate(units):
        top, below = i, place.get(int(parent[unit]), -1)
        while below >= 0 and abs(share[below] - share[i]) <= SPLIT:
            top, below = below, place.get(int(parent[units[below]]), -1)
        tops.append(top)
    return np.unique(tops, return_inverse=True)[1]


def _order_between(units: Ints, water: Waters, one: Ints, other: Ints) -> tuple[Floats, Floats]:
    """Rows (U, B) of which none may come above 0 where water is to fill from the bottom, of split units (U,) that stand on
    split ones, by what going from one option to the other changes; and what they come to before, (B,)."""
    place = {int(u): i for i, u in enumerate(units)}
    pairs = [(i, place[int(p)]) for i, p in enumerate(water.parent[units]) if int(p) in place]
    rows, before = np.zeros((units.size, len(pairs))), np.zeros(len(pairs))
    first, then = water.inside[one].astype(np.float64), water.inside[other].astype(np.float64)
    for b, (above, below) in enumerate(pairs):
        before[b] = FIRST * (first[above] - first[below])
        rows[above, b] += FIRST * (then[above] - first[above])
        rows[below, b] -= FIRST * (then[below] - first[below])
    return rows, before
