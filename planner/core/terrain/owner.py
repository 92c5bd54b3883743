"""Which polygon holds each cell of a grid: by the cell's centre, by touching it at all, or by the most of it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.polygons.rings import Rings, rings_of
from planner.core.terrain.coverage import covered_cells, main_owner
from planner.frame import Frame

Owners = NDArray[np.int32]


class Rule(Enum):
    """When a cell is a polygon's: by its centre, by being free and passed through by an edge, or by being covered most."""

    CENTRE = "centre"
    TOUCH = "touch"
    MOST = "most"


def owner_of(polygons: Sequence[Any] | NDArray[Any], frame: Frame, *, rule: Rule = Rule.CENTRE) -> Owners:
    """Index of the polygon that holds each cell, −1 where none does; shape (rows, cols).

    polygons: shapely Polygons and MultiPolygons, (n,); None and empty ones hold none. Where several hold a cell, the last does
    by its centre, the first by touching it or by the most of it.
    Raises ValueError where a geometry is a point or a line.
    """
    rings = rings_of(polygons)
    if rule is Rule.MOST:
        return main_owner(covered_cells(*rings, frame), frame.rows * frame.cols).reshape(frame.shape)
    centre = _by_centre(rings, frame)
    return np.asarray(_by_touch(rings, frame, centre) if rule is Rule.TOUCH else centre)


@njit(cache=True)
def _by_centre(rings: Rings, frame: Frame) -> Owners:
    """Inside is where an odd number of edges lies west of the centre.

    An edge holds its lower end and not its upper one, so that polygons that share an edge never both hold a centre on it.
    """
    west, north, cell_x, cell_y, rows, cols = frame
    xs, ys, start_of, parts = rings.x, rings.y, rings.ring, rings.polygon
    owner = np.full((rows, cols), -1, dtype=np.int32)
    flips = np.zeros(0, dtype=np.bool_)
    for i in range(len(parts) - 1):
        first, last = start_of[parts[i]], start_of[parts[i + 1]]
        if last <= first:
            continue
        left = max(0, int(np.floor((xs[first:last].min() - west) / cell_x)))
        right = min(cols, int(np.ceil((xs[first:last].max() - west) / cell_x)) + 1)
        top = max(0, int(np.floor((north - ys[first:last].max()) / cell_y)))
        bottom = min(rows, int(np.ceil((north - ys[first:last].min()) / cell_y)) + 1)
        width, height = right - left, bottom - top
        if width <= 0 or height <= 0:
            continue
        if flips.size < width * height:
            flips = np.zeros(width * height, dtype=np.bool_)
        flips[: width * height] = False
        for ring in range(parts[i], parts[i + 1]):
            for k in range(start_of[ring], start_of[ring + 1] - 1):
                x0, y0, x1, y1 = xs[k], ys[k], xs[k + 1], ys[k + 1]
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
def _by_touch(rings: Rings, frame: Frame, owner: Owners) -> Owners:
    """A copy of owner in which cells without one that an edge of a polygon passes through belong to the first such polygon.

    An edge that runs along the line between two cells passes through neither. owner: shape (rows, cols), −1 where free.
    """
    west, north, cell_x, cell_y, rows, cols = frame
    xs, ys, start_of, parts = rings.x, rings.y, rings.ring, rings.polygon
    result = owner.copy()
    for i in range(len(parts) - 1):
        for ring in range(parts[i], parts[i + 1]):
            for k in range(start_of[ring], start_of[ring + 1] - 1):
                x0, y0, x1, y1 = xs[k], ys[k], xs[k + 1], ys[k + 1]
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
