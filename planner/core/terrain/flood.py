"""Water rising from given cells: when each cell is reached, and from where.

A cell is reached at the lowest level that leads to it: the smallest possible highest ground on a path from a source
(priority flood, Barnes, Lehman & Mulla 2014). Cells without a value are never reached.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.terrain.compiled import ascending, heap_pop, heap_push, lowest
from planner.core.terrain.neighbours import STEP_COL, STEP_ROW

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int32]
Marks = NDArray[np.uint64]


class Flood(NamedTuple):
    """What a flood found.

    order: (m,) flat indices of the cells as they were reached, a cell always after the one it came from.
    level: (rows·cols,) m, the lowest level that reaches the cell, NaN where none does. came_from: (rows·cols,) flat index of
    the neighbour the water came from, the cell itself at a source, −1 where never reached.
    """

    order: Labels
    level: Floats
    came_from: Labels


def flood(ground: Floats, sources: Ints, neighbours: int) -> Flood:
    """Water rising from sources (flat indices) over a terrain (rows, cols), m; neighbours: 8 where it passes corners, else 4.

    Every source floods from its own elevation on. Ties are broken by position in the grid.
    """
    by_height = ascending(ground.ravel())
    # made here, as numpy asks the system for large pages: without them a large terrain takes twice as long
    level, came_from = np.full(ground.size, np.nan), np.full(ground.size, -1, dtype=np.int32)
    rank, order = np.full(ground.size, -1, dtype=np.int32), np.empty(len(by_height), dtype=np.int32)
    rank[by_height] = np.arange(len(by_height), dtype=np.int32)
    reached = _flood(ground, by_height, sources, neighbours, rank, Flood(order, level, came_from))
    return Flood(order[:reached], level, came_from)


@njit(cache=True)
def _flood(ground: Floats, by_height: Labels, sources: Ints, neighbours: int, rank: Labels, found: Flood) -> int:
    """Writes what is found, level NaN and came_from −1 until then; how many cells were reached.

    by_height: flat indices of the cells that have ground, the lowest first, ties by position. rank: (rows·cols,) where each
    stands there, −1 without ground; −1 from when it waits.
    A cell above the water waits as a bit at its rank by height: as the water only rises, the next is found by going on through
    the bits. What lies no higher than the water waits in a heap by position, and all of it comes before the water rises.
    """
    rows, cols = ground.shape
    z = ground.ravel()
    order, level, came_from = found
    waiting = np.zeros((len(by_height) >> 6) + 1, dtype=np.uint64)
    any_of = np.zeros((len(waiting) >> 6) + 1, dtype=np.uint64)  # a bit for each word of it that is not 0
    pool_key, pool = np.empty(1024), np.empty(1024, dtype=np.int32)
    for s in sources:
        if rank[s] >= 0:
            came_from[s] = s
            _mark(waiting, any_of, rank[s])
            rank[s] = -1
    size = reached = group = 0
    stands, under = -np.inf, 0  # where the water stands, and how many cells lie no higher
    while True:
        group, word, at = _first(waiting, any_of, group, len(by_height))
        if size > 0 and (at >= under or pool[0] < by_height[at]):
            cell = pool[0]
            heap_pop(pool_key, pool, size)
            size -= 1
        elif at < len(by_height):
            cell = by_height[at]
            waiting[word] &= waiting[word] - np.uint64(1)
            if waiting[word] == 0:
                any_of[group] &= any_of[group] - np.uint64(1)
            if at >= under:
                stands, under = np.float64(z[cell]), at + 1
                while under < len(by_height) and z[by_height[under]] == stands:
                    under += 1
        else:
            break
        order[reached] = cell
        level[cell] = stands
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
            rank[near] = -1
            came_from[near] = cell
            if at >= under:
                _mark(waiting, any_of, at)
                group = min(group, at >> 12)
            else:
                heap_push(pool_key, pool, size, 0.0, near)
                size += 1
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


def sources_of(found: Flood) -> Labels:
    """The source each cell's water came from, flat index, −1 where never reached; (rows·cols,)."""
    source = np.full(len(found.came_from), -1, dtype=np.int32)
    _passed_on(found.order, found.came_from, source)
    return source


@njit(cache=True)
def _passed_on(order: Labels, came_from: Labels, source: Labels) -> None:
    for cell in order:
        before = came_from[cell]
        source[cell] = cell if before == cell else source[before]


@njit(cache=True)
def next_deeper(owner: Labels, order: Labels, came_from: Labels, pieces: int) -> tuple[Ints, Ints]:
    """For every piece of ground the next one on the water's way back to where it rose, and its own cell reached first.

    owner: (rows·cols,) the piece each cell belongs to, −1 where none. order, came_from: of a Flood. Returns two (pieces,)
    arrays; −1 where the way ends without meeting another piece, or where a piece owns no cell that is reached. As the way
    starts at the piece's first cell and leads to earlier ones, the relation has no cycle.
    """
    deeper = np.full(pieces, -1, dtype=np.int64)
    first = np.full(pieces, -1, dtype=np.int64)
    for cell in order:
        piece = owner[cell]
        if piece >= 0 and first[piece] < 0:
            first[piece] = cell
            at = cell
            while came_from[at] != at:
                at = came_from[at]
                if owner[at] >= 0 and owner[at] != piece:
                    deeper[piece] = owner[at]
                    break
    return deeper, first
