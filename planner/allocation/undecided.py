"""Several moves at once beside an earlier plan: a program of the least decided options at prices found for the new limits.

A limit that moves shifts which borders cost, so that earlier prices choose the wrong moves. With borders taken as the choice
has them the prices of the rows are found anew, and the options that lose least at those, chains of water included, become a
small linear program with what limits miss as dear slack.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from planner.allocation.bound import forest
from planner.allocation.dual import minimise
from planner.allocation.losses import Priced, priced
from planner.allocation.model import Model, chosen_options, order_kept
from planner.allocation.polishing import Polisher
from planner.allocation.prices import worth
from planner.allocation.restrict import Core, restrict
from planner.allocation.saddle import without_borders
from planner.allocation.swaps import DEAR, REACHED, ROUNDED, SLOW, SPARED, SPLIT, TURNS, made_to_fit, missed_least, softened
from planner.allocation.table import Bools, Floats, Ints
from planner.core.choice.arrays import Forest, Waters
from planner.core.choice.assignment import forest_order
from planner.core.choice.moves import needed
from planner.core.choice.rounding import best_rounding

MOVES: Final = 6_000  # moves a program weighs, those that lose least
ACCURACY: Final = 1e-4  # of the bound at moved prices: a tenth of the gap that is near enough; in truth some 5e-6
WARMTH: Final = 2e-3  # first temperature there: prices move further than within a search, and colder steps fall short
ALONG: Final = 3  # most units that must go under, or come out, for one that a program moves, where that is enough: whole lakes
LOST: Final = 1.0  # share of what a choice is worth that its moves may lose at most
FIRST: Final = 1e3  # how much more the order of water weighs than limits where what is split is made whole


def mended_by_program(moves: Polisher, chosen: Ints, prices: Floats) -> Ints | None:
    """A choice near `chosen` (N,) that keeps the limits of the polisher's model, None where none is found. prices (S,): of the
    rows. The model has nothing to carry."""
    model, order, last, along = moves.model, forest(moves.model), np.inf, ALONG
    for _ in range(TURNS):
        found, missed, at = _swapped(moves, order, chosen, prices, along)
        if missed > REACHED and along < model.size:
            along = model.size
            continue
        prices = at
        found, inside = made_to_fit(moves, found, missed, prices)
        if inside:
            return found
        if missed > REACHED and (missed > SLOW * last or missed == np.inf or not moves.go_on()):
            return None
        chosen, last = found, missed
    return None


def _swapped(moves: Polisher, order: Forest | None, chosen: Ints, prices: Floats, along: int) -> tuple[Ints, float, Floats]:
    """The choice after the moves of one program, what the program misses of a limit, in moves' most, and the prices of the rows
    that it was made at, (S,); prices (S,): to begin at. along: most others that must go with a unit."""
    model, go_on = moves.model, moves.go_on
    bare = without_borders(model, worth(model, chosen, prices)[1])
    bare = replace(bare, allowed=_within_reach(moves, chosen, along))
    value = float(bare.gain[chosen].sum())
    least = value - LOST * abs(value)
    dual = minimise(bare, order, start=prices, accuracy=ACCURACY, warmth=WARMTH, least=least, patient=True, go_on=go_on)
    if dual.bound < least:
        return chosen, np.inf, prices
    best = priced(bare, dual.multipliers, order)
    keep, free = _undecided(best, chosen, model)
    gain = bare.gain - bare.gain[chosen][model.unit]
    prices_of_ends = SPARED * max(float(best.loss[keep].max()), 1e-9), DEAR * max(float(np.abs(gain[keep]).max()), 1e-9)
    core = restrict(softened(bare, gain, *prices_of_ends), chosen, free, keep)
    point, missed = missed_least(core)
    if point is None:
        return chosen, missed, prices
    return _made_whole(moves, core, point, chosen), missed, dual.multipliers.rows


def _within_reach(moves: Polisher, chosen: Ints, along: int) -> Bools:
    """The allowed options (K,) for which so many other units at most must move as far as water levels go, and those chosen."""
    model, water = moves.model, moves.water
    wet = water.inside[chosen]
    near = needed(wet, water.parent, forest_order(water.parent)[0]) <= along
    found = model.allowed & ((water.inside == wet[model.unit]) | near[model.unit])
    found[chosen] = True
    return np.asarray(found)


def _undecided(best: Priced, chosen: Ints, model: Model) -> tuple[Bools, Bools]:
    """The options (K,) that a program weighs, those that lose least at prices beside each unit's best and the chosen one; and
    the units (N,) that have several."""
    keep = np.zeros(model.gain.size, dtype=np.bool_)
    keep[best.chosen] = True
    keep[chosen] = True
    loss = np.where(keep, np.inf, best.loss)
    some = np.argsort(loss, kind="stable")[:MOVES]
    keep[some[np.isfinite(loss[some])]] = True
    return keep, np.add.reduceat(keep, model.start[:-1]) > 1


def _made_whole(moves: Polisher, core: Core, point: Floats, chosen: Ints) -> Ints:
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
