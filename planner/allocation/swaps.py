"""Several moves at once: where no single move brings a choice nearer to its limits, a few together do.

Where limits press against each other land must change hands at one place so that earth, money and quotas fit at another. The
moves that lose least at the prices, each beside its neighbours as they are, become a small linear program with the limits as
rows and what they miss as dear slack. Its corner splits no more moves than there are limits; of all ways to make those whole
the one is taken that misses least, single moves mend the rest, and what little is missed then is made up by the best of all
pairs of moves. All of it is counted, nothing timed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from planner.allocation.borders import no_edges
from planner.allocation.highs import solve_program
from planner.allocation.model import Model, row_sizes, settle
from planner.allocation.polishing import Polisher
from planner.allocation.prices import worth
from planner.allocation.program import program
from planner.allocation.restrict import restrict
from planner.allocation.table import Bools, Floats, Ints
from planner.allocation.wholes import made_whole
from planner.core.choice.arrays import Waters
from planner.core.choice.pairs import best_pair, winning_pair

TURNS: Final = 5  # most programs
MOVES: Final = 8_000  # moves a program weighs, those that lose least
DEAR: Final = 1_000.0  # what missing a limit by the most that a move changes it costs, in the dearest move weighed
MARGIN: Final = 1.0  # of the most that one move changes a limit with one end, by which a program keeps it more than kept
SPARED: Final = 10.0  # what that much of such room costs where it is left out, in the dearest move weighed
REACHED: Final = 0.02  # of the most that a move changes it, from where a miss is one of rounding
SLOW: Final = 0.7  # share of the last miss above which further programs would not get there, nor, tried, four times the moves
PAIRED: Final = 2_000  # moves of which pairs are weighed, those that lose least
PAIRS: Final = 20  # most pairs made one after the other
STUCK: Final = 0.9  # share of the last miss above which further pairs would not get there: another program does sooner
WORTH: Final = 1e-9  # share of the objective from which a pair wins more than rounding


def mended_by_swaps(moves: Polisher, chosen: Ints, prices: Floats) -> Ints | None:
    """A choice near `chosen` (N,) that keeps the limits of the polisher's model, None where none is found. prices (S,): of the
    rows. The model has nothing to carry."""
    model, last = moves.model, np.inf
    for _ in range(TURNS):
        found, missed = _swapped(moves, chosen, worth(model, chosen, prices)[0])
        found, inside = made_to_fit(moves, found, missed, prices)
        if inside:
            return found
        if missed > REACHED and (missed > SLOW * last or not moves.go_on()):
            return None
        chosen, last = found, missed
    return None


def made_to_fit(moves: Polisher, chosen: Ints, missed: float, prices: Floats) -> tuple[Ints, bool]:
    """A choice mended by single moves and, where its program missed rounding alone, by pairs; whether it keeps the limits."""
    found = moves.mended(chosen, prices)
    inside = settle(moves.model, found).feasible
    if inside or missed > REACHED:
        return found, inside
    found = paired(moves, found, prices)
    return found, settle(moves.model, found).feasible


def paired(moves: Polisher, chosen: Ints, prices: Floats) -> Ints:
    """The choice after the best pairs of moves, one after the other, until limits are kept or no pair brings them nearer."""
    chosen, rows, last = chosen.copy(), moves.rows, np.inf
    for _ in range(PAIRS):
        loss, weighed = _cheap_moves(moves, chosen, worth(moves.model, chosen, prices)[0], PAIRED)
        unit = moves.model.unit[weighed]
        change = rows[weighed] - rows[chosen[unit]]
        activity = rows[chosen].sum(axis=0)
        *pair, missed = best_pair(
            unit, change, np.maximum(loss[weighed], 0.0), (moves.lo, moves.hi), activity, moves.near, moves.water
        )
        made = [m for m in pair if m >= 0]
        chosen[unit[made]] = weighed[made]
        if not made or missed == 0.0 or missed > STUCK * last or not moves.go_on():
            break
        last = missed
    return chosen


def won_by_pairs(moves: Polisher, chosen: Ints, prices: Floats) -> Ints:
    """The choice after the best pairs of moves that win within the limits of the polisher's model, one after the other: parts
    of limits that single moves cannot use. prices (S,): of the rows, that say which moves are weighed."""
    model, chosen, rows = moves.model, chosen.copy(), moves.rows
    least = WORTH * abs(float(model.gain[chosen].sum()))
    for _ in range(PAIRS):
        value, burden = worth(model, chosen, prices)
        _, weighed = _cheap_moves(moves, chosen, value, PAIRED)
        unit, bare = model.unit[weighed], model.gain - burden
        win, change = bare[weighed] - bare[chosen[unit]], rows[weighed] - rows[chosen[unit]]
        limits, activity = (moves.lo, moves.hi), rows[chosen].sum(axis=0)
        *pair, won = winning_pair(unit, change, win, limits, activity, moves.near, moves.water)
        if won <= least or not moves.go_on():
            break
        made = [m for m in pair if m >= 0]
        chosen[unit[made]] = weighed[made]
    return chosen


def _cheap_moves(moves: Polisher, chosen: Ints, value: Floats, most: int) -> tuple[Floats, Ints]:
    """What every option loses (K,) where value (K,) is what it is worth at prices, borders as neighbours are, and the options
    that units alone may go to at the least loss, ascending: so many at most."""
    loss = value[chosen][moves.model.unit] - value
    weighed = np.flatnonzero(single_moves(moves.model, chosen, moves.water))
    return loss, weighed[np.argsort(loss[weighed], kind="stable")[:most]]


def _swapped(moves: Polisher, chosen: Ints, value: Floats) -> tuple[Ints, float]:
    """The choice after the moves of one program, and what the program misses of a limit, in moves' most. value (K,): of
    every option at prices, borders as neighbours are."""
    model = moves.model
    loss, weighed = _cheap_moves(moves, chosen, value, MOVES)
    if not weighed.size:
        return chosen, np.inf
    keep = np.zeros(model.gain.size, dtype=np.bool_)
    keep[weighed] = True
    keep[chosen] = True
    free = np.zeros(model.size, dtype=np.bool_)
    free[model.unit[weighed]] = True
    dearest = max(float(np.abs(loss[weighed]).max()), 1e-9)
    core = restrict(softened(model, np.minimum(-loss, 0.0), SPARED * dearest, DEAR * dearest), chosen, free, keep)
    corner = missed_least(core.model, model.hi.size)
    return (
        chosen if corner is None else made_whole(moves, core, corner.point, chosen)
    ), np.inf if corner is None else corner.missed


@dataclass(frozen=True, eq=False)
class Corner:
    """The best point of a softened program, its auxiliary columns, (C,), the prices of its rows, (R,), None where they are not
    known, and what it misses of a limit, in moves' most."""

    point: Floats
    columns: Floats
    prices: Floats | None
    missed: float


def missed_least(small: Model, limits: int) -> Corner | None:
    """The corner of a softened program of so many limits; None where there is none."""
    prog = program(small)
    answer = solve_program(prog, relaxed=True)
    if answer.point is None:
        return None
    columns = answer.point[small.gain.size : prog.known] * prog.helper  # no borders: what follows the options
    prices = None
    if answer.duals is not None:
        prices = -answer.duals[prog.first_sum : prog.first_sum + small.hi.size] * prog.scale / prog.row_scale
    return Corner(answer.point, columns, prices, float(columns[columns.size - 2 * limits :].max(initial=0.0)))


def softened(model: Model, gain: Floats, spared: float, dear: float) -> Model:
    """The model with moves priced, borders taken as they are, and limits that may be missed for a price. Limits with one end
    are more than kept where that is cheap: then whole moves can be found that leave those with two ends kept.

    spared, dear: what room of the most that a move changes a limit costs where it is left out, and what missing it by that."""
    size = row_sizes(model)
    ends = np.isfinite(model.lo), np.isfinite(model.hi)
    room = np.where(ends[0] != ends[1], MARGIN, 0.0)
    below, above = np.diag(size), np.diag(-size)
    return replace(
        model,
        gain=gain,
        lo=model.lo + room * size,
        hi=model.hi - room * size,
        edges=no_edges(),
        entries=np.vstack([model.entries, below, above, below, above]),
        price=np.r_[model.price, np.full(2 * size.size, spared), np.full(2 * size.size, dear)],
        upper=np.r_[model.upper, room * ends[0], room * ends[1], np.full(2 * size.size, float(model.size))],
    )


def single_moves(model: Model, chosen: Ints, water: Waters) -> Bools:
    """The options (K,) that a unit alone may go to as far as water levels go."""
    inside, parent = water.inside, water.parent
    has = parent >= 0
    wet = inside[chosen]
    below = np.where(has, wet[np.maximum(parent, 0)], True)
    above = np.bincount(parent[has], weights=wet[has].astype(np.float64), minlength=model.size) > 0
    fits = np.where(inside, below[model.unit], ~wet[model.unit] | ~above[model.unit])
    free = model.allowed & fits
    free[chosen] = False
    return np.asarray(free)
