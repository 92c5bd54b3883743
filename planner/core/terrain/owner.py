"""Which polygon holds each cell of a grid: by the cell's centre, or by touching it at all."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Owners = NDArray[np.int32]


@njit(cache=True)
def by_centre(
    xy: Floats, rings: Integers, parts: Integers, west: float, north: float, cell_x: float, cell_y: float, rows: int, cols: int
) -> Owners:
    """Index of the polygon that holds each cell's centre, −1 where none does; shape (rows, cols).

    xy: vertices, shape (v, 2), m. rings: first vertex of each ring and the end, shape (r + 1,). parts: first ring of each
    polygon and the end, shape (n + 1,). Inside is where an odd number of edges lies west of the centre; an edge holds its lower
    end and not its upper one, so that polygons that share an edge never both hold a centre on it.
    """
    owner = np.full((rows, cols), -1, dtype=np.int32)
    flips = np.zeros(0, dtype=np.bool_)
    for i in range(len(parts) - 1):
        first, last = rings[parts[i]], rings[parts[i + 1]]
        if last <= first:
            continue
        box = xy[first:last]
        left = max(0, int(np.floor((box[:, 0].min() - west) / cell_x)))
        right = min(cols, int(np.ceil((box[:, 0].max() - west) / cell_x)) + 1)
        top = max(0, int(np.floor((north - box[:, 1].max()) / cell_y)))
        bottom = min(rows, int(np.ceil((north - box[:, 1].min()) / cell_y)) + 1)
        width, height = right - left, bottom - top
        if width <= 0 or height <= 0:
            continue
        if flips.size < width * height:
            flips = np.zeros(width * height, dtype=np.bool_)
        flips[: width * height] = False
        for ring in range(parts[i], parts[i + 1]):
            for k in range(rings[ring], rings[ring + 1] - 1):
                x0, y0, x1, y1 = xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1]
                if y0 == y1:
                    continue
                high, low = max(y0, y1), min(y0, y1)
                start = max(top, int(np.floor((north - high) / cell_y - 0.5)))
                stop = min(bottom, int(np.ceil((north - low) / cell_y - 0.5)) + 1)
                for row in range(start, stop):
                    y = north - (row + 0.5) * cell_y
                    if y < low or y >= high:
                        continue
                    x = x0 + (y - y0) / (y1 - y0) * (x1 - x0)
                    col = max(left, int(np.ceil((x - west) / cell_x - 0.5)))
                    if col < right:
                        at = (row - top) * width + col - left
                        flips[at] = not flips[at]
        for row in range(height):
            inside = False
            for col in range(width):
                inside ^= flips[row * width + col]
                if inside:
                    owner[top + row, left + col] = i
    return owner


@njit(cache=True)
def by_touch(
    xy: Floats,
    rings: Integers,
    parts: Integers,
    west: float,
    north: float,
    cell_x: float,
    cell_y: float,
    owner: Owners,
) -> Owners:
    """A copy of owner in which cells without one that an edge of a polygon passes through belong to the first such polygon.

    An edge that runs along the line between two cells passes through neither.
    Arguments as in by_centre; owner: shape (rows, cols), −1 where free.
    """
    rows, cols = owner.shape
    result = owner.copy()
    for i in range(len(parts) - 1):
        for ring in range(parts[i], parts[i + 1]):
            for k in range(rings[ring], rings[ring + 1] - 1):
                x0, y0, x1, y1 = xy[k, 0], xy[k, 1], xy[k + 1, 0], xy[k + 1, 1]
                start = max(0, int(np.floor((north - max(y0, y1)) / cell_y)))
                stop = min(rows, int(np.ceil((north - min(y0, y1)) / cell_y)))
                for row in range(start, stop):
                    a, b = x0, x1
                    if y0 != y1:
                        upper, lower = north - row * cell_y, north - (row + 1) * cell_y
                        s = min(max((upper - y0) / (y1 - y0), 0.0), 1.0)
                        t = min(max((lower - y0) / (y1 - y0), 0.0), 1.0)
                        a, b = x0 + s * (x1 - x0), x0 + t * (x1 - x0)
                    begin = max(0, int(np.floor((min(a, b) - west) / cell_x)))
                    end = min(cols, int(np.ceil((max(a, b) - west) / cell_x)))
                    for col in range(begin, end):
                        if result[row, col] < 0:
                            result[row, col] = i
    return result
