"""From which level on water standing in a lake reaches a cell of the ground, and which lake reaches it first."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.terrain.flood import flood
from planner.core.terrain.neighbours import CORNERS


def reach(ground: NDArray[np.float64], lake: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The lowest level at which each cell is connected, through its eight neighbours, to a lake, and that lake.

    ground: elevation, m, shape (rows, cols), NaN where nothing is known (water never goes there). lake: number of the lake
    whose bed a cell is, -1 elsewhere. Returns (level, m, shape (rows, cols), NaN where unreachable; lake, -1 there). A lake's
    own cells are reached at their ground. Of lakes that reach a cell at one level the flood's order decides.
    """
    found = flood(np.ascontiguousarray(ground), np.flatnonzero(lake >= 0), CORNERS)
    return found.level.reshape(ground.shape), _led_to(lake.ravel(), found.order, found.came_from).reshape(ground.shape)


@njit(cache=True)
def _led_to(lake: NDArray[np.int64], order: NDArray[np.int32], came_from: NDArray[np.int32]) -> NDArray[np.int64]:
    """The lake at the end of every cell's way back, (rows·cols,)."""
    owner = np.full(len(lake), -1, dtype=np.int64)
    for cell in order:
        up = came_from[cell]
        owner[cell] = lake[cell] if up == cell else owner[up]
    return owner
