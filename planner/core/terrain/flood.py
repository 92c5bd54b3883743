"""Water rising from given cells: when each cell is reached, and from where.

A cell is reached at the lowest level that leads to it: the smallest possible highest ground on a path from a source
(priority flood, Barnes, Lehman & Mulla 2014). Cells without a value are never reached.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.terrain.compiled import ascending, heap_pop, heap_push, lowest
from planner.core.terrain.neighbours import STEP_COL, STEP_ROW

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int32]
Marks = NDArray[np.uint64]


class Rise(NamedTuple):
    """How water rose.

    order: (m,) flat indices of the cells as they were reached, a cell always after the one it came from. came_from:
    (rows·cols,) flat index of the neighbour the water came from, the cell itself at a source, −1 where never reached.
    """

    order: Labels
    came_from: Labels


class Flood(NamedTuple):
    """As Rise, with level: (rows·cols,) m, the lowest level that reaches the cell, NaN where none does."""

    order: Labels
    level: Floats
    came_from: Labels


def rise(ground: NDArray[Any], sources: Ints, neighbours: int) -> Rise:
    """Water rising from sources (flat indices) over a terrain (rows, cols), m; neighbours: 8 where it passes corners, else 4.

    Every source floods from its own elevation on. Ties are broken by position in the grid.
    """
    order = ascending(ground.ravel())
    # made here, as numpy asks the system for large pages: without them a large terrain takes twice as long
    rank = np.full(ground.size, -1, dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return Rise(order[: _flood(ground, order, sources, neighbours, rank)], rank)


def flood(ground: NDArray[Any], sources: Ints, neighbours: int) -> Flood:
    """As rise, with the level at which each cell is reached."""
    order, came_from = rise(ground, sources, neighbours)
    level = np.full(ground.size, np.nan)
    _levels(ground.ravel(), order, level)
    return Flood(order, level, came_from)


@njit(cache=True)
def _levels(z: Any, order: Labels, level: Floats) -> None:
    stands = -np.inf
    for cell in order:
        stands = max(stands, np.float64(z[cell]))
        level[cell] = stands


def sources_of(ground: NDArray[Any], sources: Ints, neighbours: int) -> Labels:
    """The source each cell's water comes from, flat index, −1 where none does, (rows·cols,); arguments as of rise."""
    order, source = rise(ground, sources, neighbours)
    _passed_on(order, source)
    return source


@njit(cache=True)
def _flood(ground: Any, order: Labels, sources: Ints, neighbours: int, rank: Labels) -> int:
    """Writes what is found in the place of what is known; how many cells were reached.

    order: flat indices of the cells that have ground, the lowest first, ties by position; then as they are reached. rank:
    (rows·cols,) where each stands there, −1 without ground; then came_from, which until the end is −2 − where from.
    A cell above the water waits as a bit at its rank by height: as the water only rises, the next is found by going on through
    the bits. What lies no higher than the water waits in a heap by position, and all of it comes before the water rises. What
    has been reached lies lower, or stands earlier, than what is being reached: there is room for it at the head of order.
    """
    rows, cols = ground.shape
    z = ground.ravel()
    waiting = np.zeros((len(order) >> 6) + 1, dtype=np.uint64)
    any_of = np.zeros((len(waiting) >> 6) + 1, dtype=np.uint64)  # a bit for each word of it that is not 0
    pool_key, pool = np.empty(1024), np.empty(1024, dtype=np.int32)
    for s in sources:
        if rank[s] >= 0:
            _mark(waiting, any_of, rank[s])
            rank[s] = -2 - s
    size = reached = group = 0
    under = 0  # cells that lie no higher than the water stands
    while True:
        group, word, at = _first(waiting, any_of, group, len(order))
        if size > 0 and (at >= under or pool[0] < order[at]):
            cell = pool[0]
            heap_pop(pool_key, pool, size)
            size -= 1
        elif at < len(order):
            cell = order[at]
            waiting[word] &= waiting[word] - np.uint64(1)
            if waiting[word] == 0:
                any_of[group] &= any_of[group] - np.uint64(1)
            if at >= under:
                under = at + 1
                while under < len(order) and z[order[under]] == z[cell]:
                    under += 1
        else:
            break
        order[reached] = cell
        reached += 1
        r, c = cell // cols, cell % cols
        if size + 8 > len(pool):
            pool_key = np.concatenate((pool_key, np.empty_like(pool_key)))
            pool = np.concatenate((pool, np.empty_like(pool)))
        for d in range(neighbours):
            nr, nc = r + STEP_ROW[d], c + STEP_COL[d]
            near = nr * cols + nc
            if nr < 0 or nc < 0 or nr >= rows or nc >= cols or rank[near] < 0:
                continue
            at = rank[near]
            rank[near] = -2 - cell
            if at >= under:
                _mark(waiting, any_of, at)
                group = min(group, at >> 12)
            else:
                heap_push(pool_key, pool, size, 0.0, near)
                size += 1
    for i in range(len(rank)):
        rank[i] = -2 - rank[i] if rank[i] < -1 else -1
    return reached


@njit(cache=True)
def _first(waiting: Marks, any_of: Marks, group: int, none: int) -> tuple[int, int, int]:
    """The first group from one on, word and rank that are marked; the rank is `none` where nothing is."""
    while group < len(any_of) and any_of[group] == 0:
        group += 1
    if group == len(any_of):
        return group, 0, none
    word = (group << 6) + lowest(any_of[group])
    return group, word, (word << 6) + lowest(waiting[word])


@njit(cache=True)
def _mark(waiting: Marks, any_of: Marks, rank: int) -> None:
    """Sets the bit of a rank, and the one of its word."""
    word = rank >> 6
    waiting[word] |= np.uint64(1) << np.uint64(rank & 63)
    any_of[word >> 6] |= np.uint64(1) << np.uint64(word & 63)


@njit(cache=True)
def _passed_on(order: Labels, came_from: Labels) -> None:
    """Replaces where each cell's water came from by where it began: the cell before has been replaced already."""
    for cell in order:
        before = came_from[cell]
        came_from[cell] = cell if before == cell else came_from[before]


@njit(cache=True)
def next_deeper(owner: Labels, found: Rise, ground: NDArray[Any], pieces: int) -> tuple[Ints, Ints, Floats]:
    """For every piece of ground the next one on the water's way back to where it rose, its own cell reached first, and when.

    owner: (rows·cols,) the piece each cell belongs to, −1 where none. ground: (rows, cols) m, that was flooded. Returns three
    (pieces,) arrays, the last one the level at which the cell is reached, m; −1, −1 and NaN where the way ends without meeting
    another piece, or where a piece owns no cell that is reached. As the way starts at the piece's first cell and leads to
    earlier ones, the relation has no cycle.
    """
    deeper, first = np.full(pieces, -1, dtype=np.int64), np.full(pieces, -1, dtype=np.int64)
    z, stands, level = ground.ravel(), -np.inf, np.full(pieces, np.nan)
    for cell in found.order:
        stands = max(stands, np.float64(z[cell]))
        piece = owner[cell]
        if piece >= 0 and first[piece] < 0:
            first[piece], level[piece] = cell, stands
            at = cell
            while found.came_from[at] != at:
                at = found.came_from[at]
                if owner[at] >= 0 and owner[at] != piece:
                    deeper[piece] = owner[at]
                    break
    return deeper, first, level
