"""Water rising from given cells: when each cell is reached, and from where.

A cell is reached at the lowest level that leads to it: the smallest possible highest ground on a path from a source
(priority flood, Barnes, Lehman & Mulla 2014). Cells without a value are never reached.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.terrain.compiled import heap_pop, heap_push

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int32]


class Flood(NamedTuple):
    """What a flood found.

    order: (m,) flat indices of the cells as they were reached, a cell always after the one it came from.
    level: (rows·cols,) m, the lowest level that reaches the cell, NaN where none does. came_from: (rows·cols,) flat index of
    the neighbour the water came from, the cell itself at a source, −1 where never reached.
    """

    order: Labels
    level: Floats
    came_from: Labels


@njit(cache=True)
def flood(ground: Floats, sources: Ints, neighbours: int) -> Flood:
    """Water rising from sources (flat indices) over a terrain (rows, cols), m; neighbours: 8 where it passes corners, else 4.

    Every source floods from its own elevation on. Ties are broken by position in the grid.
    """
    rows, cols = ground.shape
    z = ground.ravel()
    step_r = np.array([0, 0, -1, 1, -1, -1, 1, 1])
    step_c = np.array([-1, 1, 0, 0, -1, 1, -1, 1])
    level = np.full(rows * cols, np.nan)
    came_from = np.full(rows * cols, -1, dtype=np.int32)
    order = np.empty(rows * cols, dtype=np.int32)
    heap_level = np.empty(1024 + len(sources))
    heap_cell = np.empty(1024 + len(sources), dtype=np.int32)
    size = 0
    for s in sources:
        if np.isfinite(z[s]) and came_from[s] < 0:
            came_from[s] = s
            level[s] = z[s]
            heap_push(heap_level, heap_cell, size, level[s], s)
            size += 1
    reached = 0
    while size > 0:
        cell = heap_cell[0]
        heap_pop(heap_level, heap_cell, size)
        size -= 1
        order[reached] = cell
        reached += 1
        r, c = cell // cols, cell % cols
        if size + 8 > len(heap_level):
            heap_level = np.concatenate((heap_level, np.empty_like(heap_level)))
            heap_cell = np.concatenate((heap_cell, np.empty_like(heap_cell)))
        for d in range(neighbours):
            nr, nc = r + step_r[d], c + step_c[d]
            if nr < 0 or nc < 0 or nr >= rows or nc >= cols:
                continue
            near = nr * cols + nc
            if came_from[near] >= 0 or not np.isfinite(z[near]):
                continue
            came_from[near] = cell
            level[near] = max(level[cell], np.float64(z[near]))
            heap_push(heap_level, heap_cell, size, level[near], near)
            size += 1
    return Flood(order[:reached], level, came_from)


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
