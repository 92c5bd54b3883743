"""Slope of a terrain."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True, error_model="numpy")
def slope_degrees(ground: Floats, cell_x: float, cell_y: float) -> Floats:
    """Slope of every cell, degrees, by Horn's differences over 3×3 cells; NaN where the cell is missing.

    ground: elevation, m, shape (rows, cols). cell_x, cell_y: m. A missing neighbour counts as the cell itself, one beyond the
    edge as the cell at the edge. Source: Horn 1981, Hill shading and the reflectance map.
    """
    rows, cols = ground.shape
    slope = np.empty((rows, cols))
    three = np.empty((3, cols + 2))  # a row between its neighbours, the outermost cells repeated
    for row in range(-1, rows):
        three[0], three[1] = three[1], three[2]
        below = ground[min(row + 1, rows - 1)]
        three[2, 1:-1] = below
        three[2, 0], three[2, cols + 1] = below[0], below[cols - 1]
        if row < 0:
            three[1] = three[2]
        else:
            _steepness(three, 0.125 / cell_x, 0.125 / cell_y, slope[row])
            _arctan_degrees(slope[row])
    return slope


@njit(cache=True, error_model="numpy")
def _steepness(three: Floats, of_x: float, of_y: float, out: Floats) -> None:
    """Rise over run of the middle row. Each step is one the compiler takes for several cells at once: no branch, no call."""
    n = len(out)
    north, here, south = three[0], three[1], three[2]
    for c in range(n):
        z = here[c + 1]
        nw, nn, ne = north[c], north[c + 1], north[c + 2]
        sw, ss, se = south[c], south[c + 1], south[c + 2]
        west, east = here[c], here[c + 2]
        nw, nn, ne = z if nw != nw else nw, z if nn != nn else nn, z if ne != ne else ne
        sw, ss, se = z if sw != sw else sw, z if ss != ss else ss, z if se != se else se
        west, east = z if west != west else west, z if east != east else east
        over = (ne + 2.0 * east + se - nw - 2.0 * west - sw) * of_x
        up = (nw + 2.0 * nn + ne - sw - 2.0 * ss - se) * of_y
        out[c] = z if z != z else np.sqrt(over * over + up * up)


@njit(cache=True, error_model="numpy")
def _arctan_degrees(x: Floats) -> None:
    """Arctangents of numbers ≥ 0 in their place, degrees, without a branch: three ranges, then a quotient of polynomials.

    To 2 units in the last place. Source of the ranges and coefficients: Moshier, Cephes Mathematical Library, atan.
    """
    for i in range(len(x)):
        v = x[i]
        steep, middle = v > 2.414213562373095, v > 0.66  # tan 3π/8; above 0.66 the argument is turned by π/4
        over = -1.0 if steep else v - 1.0 if middle else v
        under = v if steep else v + 1.0 if middle else 1.0
        t = over / under
        s = t * t
        p = -6.485021904942025371773e1 + s * (
            -1.228866684490136173410e2
            + s * (-7.500855792314704667340e1 + s * (-1.615753718733365076637e1 + s * -8.750608600031904122785e-1))
        )
        q = 1.945506571482613964425e2 + s * (
            4.853903996359136964868e2
            + s * (4.328810604912902668951e2 + s * (1.650270098316988542046e2 + s * (2.485846490142306297962e1 + s)))
        )
        angle = t + t * (s * p / q)
        turned = 90.0 if steep else 45.0 if middle else 0.0
        x[i] = turned + angle * 57.29577951308232
