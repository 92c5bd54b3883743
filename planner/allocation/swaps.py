"""Several moves at once, by a small program: where no single move brings a choice nearer to its limits, a few together do.

Where limits press against each other land must change hands at one place so that earth, money and quotas fit at another. The
moves that lose least at the prices, each beside its neighbours as they are, become a small linear program with the limits as
rows and what they miss as dear slack. Its corner splits no more moves than there are limits; those are rounded, single moves
mend the rest. Near the end the same program over fewer moves is solved with whole moves. All of it is counted, nothing timed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from planner.allocation.borders import no_edges
from planner.allocation.highs import solve_program
from planner.allocation.model import Model, chosen_options, row_sizes, settle
from planner.allocation.prices import worth
from planner.allocation.program import program
from planner.allocation.restrict import restrict
from planner.allocation.table import Bools, Floats, Ints
from planner.core.choice.arrays import Waters

TURNS: Final = 5  # most programs
MOVES: Final = 4_000  # moves a program weighs, those that lose least
WHOLE_MOVES: Final = 800  # the same where moves are whole
NODES: Final = 50  # most nodes of such a search
DEAR: Final = 10.0  # what missing a limit by the most that a move changes it costs, in the dearest move weighed
WHOLE_DEAR: Final = 1e4  # the same where moves are whole: no plan misses a limit by a thousandth because that is cheap
REACHED: Final = 0.02  # of the most that a move changes it, from where a miss is one of rounding


def mended_by_swaps(model: Model, chosen: Ints, rows: Floats, water: Waters, repair: Callable[[Ints], Ints]) -> Ints | None:
    """A choice near `chosen` (N,) that keeps the limits, None where none is found. rows (S,): prices; repair: single moves
    against what is missed. The model has nothing to carry."""
    for turn in range(TURNS):
        found, missed = _swapped(model, chosen, worth(model, chosen, rows)[0], water, MOVES, None)
        found = repair(found)
        if settle(model, found).feasible:
            return found
        if missed <= REACHED or turn == TURNS - 1:
            whole, missed = _swapped(model, found, worth(model, found, rows)[0], water, WHOLE_MOVES, NODES)
            if settle(model, whole).feasible:
                return whole
            found = whole if missed <= REACHED else found
        chosen = found
    return None


def _swapped(model: Model, chosen: Ints, value: Floats, water: Waters, most: int, nodes: int | None) -> tuple[Ints, float]:
    """The choice after the moves of one program, and what the program misses of a limit, in moves' most. value (K,): of
    every option at prices, borders as neighbours are; nodes: of a search for whole moves, None for the linear program."""
    loss = value[chosen][model.unit] - value
    weighed = np.flatnonzero(_single(model, chosen, water))
    if not weighed.size:
        return chosen, np.inf
    weighed = weighed[np.argsort(loss[weighed], kind="stable")[:most]]
    keep = np.zeros(model.gain.size, dtype=np.bool_)
    keep[weighed] = True
    keep[chosen] = True
    free = np.zeros(model.size, dtype=np.bool_)
    free[model.unit[weighed]] = True
    dear = (DEAR if nodes is None else WHOLE_DEAR) * max(float(np.abs(loss[weighed]).max()), 1e-9)
    core = restrict(_softened(model, np.minimum(-loss, 0.0), dear), chosen, free, keep)
    small = core.model
    answer = solve_program(program(small), relaxed=nodes is None, nodes=nodes)
    if answer.point is None:
        return chosen, np.inf
    activity = small.coef @ answer.point[: small.gain.size]
    missed = np.maximum(np.maximum(small.lo - activity, activity - small.hi), 0.0) / row_sizes(model)
    return core.whole_choice(chosen, chosen_options(small, answer.point)), float(missed.max(initial=0.0))


def _softened(model: Model, gain: Floats, dear: float) -> Model:
    """The model with moves priced, borders taken as they are, and limits that may be missed for a price."""
    size = row_sizes(model)
    below, above = np.diag(size), np.diag(-size)
    return replace(
        model,
        gain=gain,
        edges=no_edges(),
        entries=np.vstack([model.entries, below, above]),
        price=np.r_[model.price, np.full(2 * size.size, dear)],
        upper=np.r_[model.upper, np.full(2 * size.size, float(model.size))],
    )


def _single(model: Model, chosen: Ints, water: Waters) -> Bools:
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
