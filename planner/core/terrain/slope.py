"""Slope of a terrain."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True)
def slope_degrees(ground: Floats, cell_x: float, cell_y: float) -> Floats:
    """Slope of every cell, degrees, by Horn's differences over 3×3 cells; NaN where the cell is missing.

    ground: elevation, m, shape (rows, cols). cell_x, cell_y: m. A missing neighbour counts as the cell itself, one beyond the
    edge as the cell at the edge. Source: Horn 1981, Hill shading and the reflectance map.
    """
    rows, cols = ground.shape
    slope = np.full((rows, cols), np.nan)
    z = np.empty((3, 3))
    for row in range(rows):
        for col in range(cols):
            if np.isnan(ground[row, col]):
                continue
            for i in range(3):
                for j in range(3):
                    near = ground[min(max(row + i - 1, 0), rows - 1), min(max(col + j - 1, 0), cols - 1)]
                    z[i, j] = ground[row, col] if np.isnan(near) else near
            east = z[0, 2] + 2.0 * z[1, 2] + z[2, 2] - z[0, 0] - 2.0 * z[1, 0] - z[2, 0]
            north = z[0, 0] + 2.0 * z[0, 1] + z[0, 2] - z[2, 0] - 2.0 * z[2, 1] - z[2, 2]
            slope[row, col] = math.degrees(math.atan(math.hypot(east / (8.0 * cell_x), north / (8.0 * cell_y))))
    return slope
