"""Where and at what level water leaves the ground it stands on."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.terrain.compiled import heap_pop, heap_push

Floats = NDArray[np.float64]
Whole = NDArray[np.int32]

BOTTOM: Final = -1e30  # m, below any ground: where a body of water is


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
    nobody = np.zeros(0, dtype=np.int32)
    seen = np.zeros(ground.size, dtype=np.int32)
    return _risen(ground, start, neighbours, nobody, 0, seen, np.zeros(0))


@njit(cache=True)
def spills(ground: Floats, owner: Whole, count: int, neighbours: int, full: Floats) -> Floats:
    """The level at which water leaves each of `count` bodies over the ground around it, m, (count,): NaN where no rim is known.

    ground: (rows, cols), m. owner: (rows · cols,), the body every cell is part of, −1 for none; inside a body the water finds
    its way. full: (rows, cols), the ground with every hollow full to where its water leaves (`merge_tree.filled`), by the same
    neighbours: once a body's water stands higher than what fills the ground beside it, its way on to the edge need not be gone.
    """
    leaves = full.ravel()
    seen = np.zeros(ground.size, dtype=np.int32)
    first = np.full(count, -1, dtype=np.int64)
    for cell in range(len(owner) - 1, -1, -1):
        if owner[cell] >= 0:
            first[owner[cell]] = cell
    level = np.full(count, np.nan)
    for body in range(count):
        if first[body] >= 0:
            found = _risen(ground, first[body], neighbours, owner, body, seen, leaves).level
            level[body] = found if found > BOTTOM else np.nan  # it leaves where ground is missing: no rim is known there
    return level


@njit(cache=True)
def _risen(ground: Floats, start: int, neighbours: int, owner: Whole, body: int, seen: Whole, leaves: Floats) -> Spill:
    """Water raised from a cell until it reaches the edge; cells that `owner` gives to the body lie at BOTTOM.

    seen: (cells,), of earlier bodies at most; cells that are met are marked body + 1. leaves: (cells,) the level at which water
    leaves from each, or (0,): where it is below the level that has been reached, so does the body's, and the edge is not told.
    """
    rows, cols = ground.shape
    z = ground.ravel()
    shared = len(owner) > 0
    base = BOTTOM if shared else np.float64(z[start])
    if not np.isfinite(base):
        return Spill(np.nan, -1, np.nan, -1)
    step_r = np.array([0, 0, -1, 1, -1, -1, 1, 1])
    step_c = np.array([-1, 1, 0, 0, -1, 1, -1, 1])
    mark = body + 1
    key = np.empty(1024)
    cell = np.empty(1024, dtype=np.int64)
    heap_push(key, cell, 0, base, start)
    size = 1
    seen[start] = mark
    rim, level = start, base
    while size > 0:
        here, at = key[0], cell[0]
        heap_pop(key, cell, size)
        size -= 1
        r, c = at // cols, at % cols
        flat = out = False
        at_edge = r == 0 or c == 0 or r == rows - 1 or c == cols - 1
        if size + 8 > len(key):
            key = np.concatenate((key, np.empty_like(key)))
            cell = np.concatenate((cell, np.empty_like(cell)))
        for d in range(neighbours):
            nr, nc = r + step_r[d], c + step_c[d]
            if nr < 0 or nc < 0 or nr >= rows or nc >= cols:
                continue
            near = nr * cols + nc
            height = BOTTOM if shared and owner[near] == body else np.float64(z[near])
            if not np.isfinite(height):
                at_edge = True
                continue
            flat = flat or height == here
            if seen[near] != mark:
                seen[near] = mark
                heap_push(key, cell, size, height, near)
                size += 1
            out |= bool(shared and height > BOTTOM and leaves[near] < max(level, here))
        if here > level:
            level, rim = here, at
        if at_edge:
            below_rim = here < level or (flat and at != start)
            return Spill(level, rim, level, at) if below_rim else Spill(np.nan, -1, level, at)
        if out:
            return Spill(level, rim, np.nan, -1)
    return Spill(np.nan, -1, np.nan, -1)
