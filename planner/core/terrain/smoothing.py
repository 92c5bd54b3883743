"""Rows and columns of a raster, and a Gaussian over it in its place."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True)
def chosen(values: Floats, rows: Ints, cols: Ints) -> Floats:
    """The cells of some rows and columns of a raster, which may repeat, (rows, cols)."""
    out = np.empty((len(rows), len(cols)))
    for r in range(len(rows)):
        row, into = values[rows[r]], out[r]
        for c in range(len(cols)):
            into[c] = row[cols[c]]
    return out


def smooth(values: Floats, sigma: tuple[float, float], truncate: float) -> None:
    """Smooths values (rows, cols), all of them numbers, by a Gaussian in their place; beyond the edge they go on as at it.

    sigma: standard deviation along columns and along rows, cells. truncate: deviations at which it ends. To the last bit as
    `scipy.ndimage.gaussian_filter` with mode nearest, at a fraction of its time, as several cells are worked on at once.
    """
    _smooth(values, *(_weights(deviation, truncate) for deviation in sigma))


def _weights(sigma: float, truncate: float) -> Floats:
    """Of a cell and those to either side of it, the nearest last, (reach + 1,)."""
    reach = int(truncate * sigma + 0.5)
    weight = np.exp(-0.5 / (sigma * sigma) * np.arange(-reach, reach + 1) ** 2)
    return np.asarray(weight / weight.sum())[: reach + 1]


@njit(cache=True)
def _smooth(values: Floats, down: Floats, across: Floats) -> None:
    rows, cols = values.shape
    high, wide = len(down) - 1, len(across) - 1
    kept = np.empty((2 * high + 1, cols))  # the rows around one as they were, row r at r modulo their number
    row = np.empty(cols + 2 * wide)
    for r in range(-high, rows):
        ahead = r + high
        if ahead < rows:
            kept[ahead % len(kept)] = values[ahead]
        if r < 0:
            continue
        middle = row[wide : wide + cols]
        _weighed(kept, r, rows, down, middle)
        row[:wide], row[wide + cols :] = middle[0], middle[-1]
        out = values[r]
        for c in range(cols):
            out[c] = middle[c] * across[wide]
        for k in range(wide):
            before, after, weight = row[k : k + cols], row[2 * wide - k : 2 * wide - k + cols], across[k]
            for c in range(cols):
                out[c] += (before[c] + after[c]) * weight


@njit(cache=True)
def _weighed(kept: Floats, r: int, rows: int, weight: Floats, out: Floats) -> None:
    """A row with those above and below it, of which the outermost go on beyond the edge."""
    reach, here = len(weight) - 1, kept[r % len(kept)]
    for c in range(len(out)):
        out[c] = here[c] * weight[reach]
    for k in range(reach):
        above, below = kept[max(r - reach + k, 0) % len(kept)], kept[min(r + reach - k, rows - 1) % len(kept)]
        for c in range(len(out)):
            out[c] += (above[c] + below[c]) * weight[k]
