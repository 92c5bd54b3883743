"""Where and at what level water leaves the ground it stands on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.terrain.compiled import heap_pop, heap_push

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Spill(NamedTuple):
    """How water that rises from a cell leaves the data.

    level: m, lowest level at which it passes a rim inside the data on its way to the data's edge; NaN where the ground rises
    right up to the edge, so that no rim is known. cell: flat index of that rim, −1 where none. edge_level: m, the level at
    which the water stands at the edge of the data; edge_cell: where. Beyond it nothing is known. NaN and −1 where the start
    has no ground.
    """

    level: float
    cell: int
    edge_level: float
    edge_cell: int


@njit(cache=True)
def spill(ground: Floats, start: int, neighbours: int) -> Spill:
    """Raises water from a cell (flat index) of a terrain (rows, cols), m, until it reaches the edge of the data."""
    rows, cols = ground.shape
    z = ground.ravel()
    if not np.isfinite(z[start]):
        return Spill(np.nan, -1, np.nan, -1)
    step_r = np.array([0, 0, -1, 1, -1, -1, 1, 1])
    step_c = np.array([-1, 1, 0, 0, -1, 1, -1, 1])
    seen = np.zeros(rows * cols, dtype=np.bool_)
    key = np.empty(1024)
    cell = np.empty(1024, dtype=np.int64)
    heap_push(key, cell, 0, np.float64(z[start]), start)
    size = 1
    seen[start] = True
    rim, level = start, np.float64(z[start])
    while size > 0:
        here, at = key[0], cell[0]
        heap_pop(key, cell, size)
        size -= 1
        r, c = at // cols, at % cols
        flat = False
        at_edge = r == 0 or c == 0 or r == rows - 1 or c == cols - 1
        if size + 8 > len(key):
            key = np.concatenate((key, np.empty_like(key)))
            cell = np.concatenate((cell, np.empty_like(cell)))
        for d in range(neighbours):
            nr, nc = r + step_r[d], c + step_c[d]
            if nr < 0 or nc < 0 or nr >= rows or nc >= cols:
                continue
            near = nr * cols + nc
            if not np.isfinite(z[near]):
                at_edge = True
                continue
            flat = flat or z[near] == here
            if not seen[near]:
                seen[near] = True
                heap_push(key, cell, size, np.float64(z[near]), near)
                size += 1
        if here > level:
            level, rim = here, at
        if at_edge:
            below_rim = here < level or (flat and at != start)
            return Spill(level, rim, level, at) if below_rim else Spill(np.nan, -1, level, at)
    return Spill(np.nan, -1, np.nan, -1)
