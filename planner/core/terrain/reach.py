"""From which level on water standing in a lake reaches a cell of the ground, and which lake reaches it first."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def reach(ground: NDArray[np.float64], lake: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The lowest level at which each cell is connected, through its eight neighbours, to a lake, and that lake.

    ground: elevation, m, shape (rows, cols), NaN where nothing is known (water never goes there). lake: number of the lake
    whose bed a cell is, -1 elsewhere. Returns (level, m, shape (rows, cols), NaN where unreachable; lake, -1 there). A lake's
    own cells are reached at their ground. Ties go to the cell that was queued first, so the answer is the same every time.
    Source: Barnes, Lehman & Mulla 2014, Priority-Flood, started from the lakes instead of the rim.
    """
    rows, cols = ground.shape
    level = np.full((rows, cols), np.nan)
    owner = np.full((rows, cols), -1, dtype=np.int64)
    queue = [(0.0, np.int64(0), np.int64(0), np.int64(0))]
    queue.pop()
    count = np.int64(0)
    for i in range(rows):
        for j in range(cols):
            if lake[i, j] >= 0 and not np.isnan(ground[i, j]):
                level[i, j] = ground[i, j]
                owner[i, j] = lake[i, j]
                heappush(queue, (ground[i, j], count, np.int64(i), np.int64(j)))
                count += 1
    while len(queue) > 0:
        height, _, row, col = heappop(queue)
        for dr in range(-1, 2):
            for dc in range(-1, 2):
                a, b = row + dr, col + dc
                if a < 0 or b < 0 or a >= rows or b >= cols or owner[a, b] >= 0 or np.isnan(ground[a, b]):
                    continue
                level[a, b] = max(height, ground[a, b])
                owner[a, b] = owner[row, col]
                heappush(queue, (level[a, b], count, np.int64(a), np.int64(b)))
                count += 1
    return level, owner
