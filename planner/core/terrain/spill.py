"""Where and at what level water leaves the ground it stands on."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.terrain.compiled import heap_pop, heap_push
from planner.core.terrain.neighbours import CORNERS, STEP_COL, STEP_ROW

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
    z, leaves, seen = ground.ravel(), full.ravel(), np.zeros(ground.size, dtype=np.int32)
    whole = True
    first, cells = np.full(count, -1, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for cell in range(len(owner) - 1, -1, -1):
        if owner[cell] >= 0:
            first[owner[cell]] = cell
            cells[owner[cell]] += 1
            whole &= bool(np.isfinite(z[cell]))
    if not whole:  # water leaves into missing ground, but not into that a body has: what fills the ground says nothing then
        leaves = np.full(ground.size, np.inf)
    edge = _edge_levels(ground, neighbours)
    level = np.full(count, np.nan)
    for body in range(count):
        if first[body] < 0:
            continue
        least, found = _least_beside(ground, first[body], neighbours, owner, body, seen, leaves) if whole else (np.nan, 0)
        at = np.searchsorted(edge, least)
        if found < cells[body] or (at < len(edge) and edge[at] == least):  # in parts, or the highest may lie at the edge itself
            least = _risen(ground, first[body], neighbours, owner, body, seen, leaves).level
        level[body] = least if least > BOTTOM else np.nan  # it leaves where ground is missing: no rim is known there
    return level


@njit(cache=True)
def _edge_levels(ground: Floats, neighbours: int) -> Floats:
    """The levels of the cells from which water leaves the data, at its edge or beside missing ground, ascending."""
    rows, cols = ground.shape
    found = np.empty(1024)
    n = 0
    for r in range(rows):
        for c in range(cols):
            if np.isfinite(ground[r, c]) and _at_edge(ground, r, c, neighbours):
                if n == len(found):
                    found = np.concatenate((found, np.empty_like(found)))
                found[n] = ground[r, c]
                n += 1
    return np.sort(found[:n])


@njit(cache=True)
def _at_edge(ground: Floats, r: int, c: int, neighbours: int) -> bool:
    rows, cols = ground.shape
    if r == 0 or c == 0 or r == rows - 1 or c == cols - 1:
        return True
    for i in range(-1, 2):
        for j in range(-1, 2):
            if (neighbours == CORNERS or i == 0 or j == 0) and not np.isfinite(ground[r + i, c + j]):
                return True
    return False


@njit(cache=True)
def _least_beside(
    ground: Floats, start: int, neighbours: int, owner: Whole, body: int, seen: Whole, leaves: Floats
) -> tuple[float, int]:
    """The least level at which water leaves from a cell beside a body (BOTTOM where it leaves from the body), and the cells of
    the body that hang together with the start.

    A body's water leaves it beside some cell and never needs to come back: that least level is where its water spills.
    seen: (cells,), marked −1 − body here.
    """
    rows, cols = ground.shape
    waiting = np.empty(1024, dtype=np.int64)
    waiting[0], size, found, least = start, 1, 0, np.inf
    seen[start] = -1 - body
    while size > 0:
        size -= 1
        r, c = waiting[size] // cols, waiting[size] % cols
        found += 1
        if r == 0 or c == 0 or r == rows - 1 or c == cols - 1:
            least = BOTTOM
        if size + 8 > len(waiting):
            waiting = np.concatenate((waiting, np.empty_like(waiting)))
        for i in range(-1, 2):
            for j in range(-1, 2):
                if (neighbours != CORNERS and i != 0 and j != 0) or not (0 <= r + i < rows and 0 <= c + j < cols):
                    continue
                near = (r + i) * cols + c + j
                if owner[near] != body:
                    least = min(least, leaves[near]) if np.isfinite(ground[r + i, c + j]) else BOTTOM
                elif seen[near] != -1 - body:
                    seen[near] = -1 - body
                    waiting[size] = near
                    size += 1
    return least, found


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
            nr, nc = r + STEP_ROW[d], c + STEP_COL[d]
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
