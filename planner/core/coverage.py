"""Exact covered fractions of raster cells by polygons, and statistics weighted with them.

Each edge adds, to every row it crosses, the signed area between itself and the row's right end; a running sum along the
row then is the covered fraction of every cell. No cell is sampled: a sliver thinner than a cell counts with its area.
Fractions within 1e-12 of 0 or 1 are taken as 0 or 1. Grids lie north-up: row 0 in the north.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BAND_CELLS = 1 << 22  # cells of the work buffer a single large polygon is swept with; bounds memory, not results


class Frame(NamedTuple):
    """Where a raster lies: west and north of its outer corner, cell sizes (m, positive), rows and columns."""

    west: float
    north: float
    cell_x: float
    cell_y: float
    rows: int
    cols: int


class Cells(NamedTuple):
    """Ragged covered cells: polygon i owns entries start[i]:start[i+1].

    start: (n+1,). cell: (m,) row·cols + col, ascending within a polygon. fraction: (m,) covered share of the cell, in (0, 1].
    """

    start: Ints
    cell: Ints
    fraction: Floats

    @property
    def owner(self) -> Ints:
        """The polygon each entry belongs to, (m,)."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


@njit(cache=True)
def ring_sense(x: Floats, y: Floats, ring: Ints, hole: NDArray[np.bool_]) -> Floats:
    """+1 or −1 per ring: the factor that makes its signed area positive for an outline and negative for a hole."""
    sense = np.zeros(len(ring) - 1)
    for j in range(len(ring) - 1):
        a, b = ring[j], ring[j + 1]
        total = 0.0
        for k in range(a, b - 1):
            total += (x[k] - x[a]) * (y[k + 1] - y[a]) - (x[k + 1] - x[a]) * (y[k] - y[a])
        if total != 0.0:
            sense[j] = (1.0 if total > 0 else -1.0) * (-1.0 if hole[j] else 1.0)
    return sense


@njit(cache=True)
def bounding_boxes(x: Floats, y: Floats, ring: Ints, polygon: Ints) -> Floats:
    """(n, 4) west, south, east, north of every polygon; west > east where it is empty."""
    box = np.empty((len(polygon) - 1, 4))
    for i in range(len(polygon) - 1):
        box[i, 0] = box[i, 1] = np.inf
        box[i, 2] = box[i, 3] = -np.inf
        for k in range(ring[polygon[i]], ring[polygon[i + 1]]):
            box[i, 0] = min(box[i, 0], x[k])
            box[i, 1] = min(box[i, 1], y[k])
            box[i, 2] = max(box[i, 2], x[k])
            box[i, 3] = max(box[i, 3], y[k])
    return box


@njit(cache=True)
def _row_piece(acc: Floats, base: int, cols: int, xa: float, xb: float, dy: float) -> None:
    """Adds a piece of edge inside one row, from column position xa to xb, rising dy rows (signed), to a row of acc."""
    if xa <= 0.0 and xb <= 0.0:
        acc[base] += dy
        return
    if xa >= cols and xb >= cols:
        return
    ca, cb = int(np.floor(xa)), int(np.floor(xb))
    if ca == cb and ca >= 0:
        part = dy * (0.5 * (xa + xb) - ca)
        acc[base + ca] += dy - part
        acc[base + ca + 1] += part
        return
    left, right = (xa, xb) if xa < xb else (xb, xa)
    slope = dy / (right - left)
    rest = dy
    position = left
    if position < 0.0:
        step = -position * slope
        acc[base] += step
        rest -= step
        position = 0.0
    column = int(np.floor(position))
    while column < cols:
        end = column + 1.0
        if end >= right:
            part = rest * (0.5 * (position + right) - column)
            acc[base + column] += rest - part
            acc[base + column + 1] += part
            return
        step = (end - position) * slope
        part = step * (0.5 * (position + end) - column)
        acc[base + column] += step - part
        acc[base + column + 1] += part
        rest -= step
        position = end
        column += 1


@njit(cache=True)
def _sweep(
    acc: Floats,
    x: Floats,
    y: Floats,
    ring: Ints,
    sense: Floats,
    first: int,
    last: int,
    frame: Frame,
    window: tuple[int, int, int, int],
) -> None:
    """Adds the edges of rings first:last to acc, a zeroed buffer of (rows, cols + 2) of the window (row, col, rows, cols)."""
    row0, col0, rows, cols = window
    width = cols + 2
    shift_x, shift_y = col0 * frame.cell_x, row0 * frame.cell_y
    for j in range(first, last):
        if sense[j] == 0.0:
            continue
        for k in range(ring[j], ring[j + 1] - 1):
            va = ((frame.north - y[k]) - shift_y) / frame.cell_y
            vb = ((frame.north - y[k + 1]) - shift_y) / frame.cell_y
            if va == vb or (va <= 0.0 and vb <= 0.0) or (va >= rows and vb >= rows):
                continue
            ua = ((x[k] - frame.west) - shift_x) / frame.cell_x
            ub = ((x[k + 1] - frame.west) - shift_x) / frame.cell_x
            sign = sense[j]
            if va > vb:
                va, vb, ua, ub, sign = vb, va, ub, ua, -sign
            slope = (ub - ua) / (vb - va)
            top, x_top = va, ua
            if top < 0.0:
                x_top = ua - va * slope
                top = 0.0
            row = int(np.floor(top))
            while row < rows:
                bottom = row + 1.0
                if bottom >= vb:
                    _row_piece(acc, row * width, cols, x_top, ub, sign * (vb - top))
                    break
                x_bottom = min(max(ua + (bottom - va) * slope, min(ua, ub)), max(ua, ub))
                _row_piece(acc, row * width, cols, x_top, x_bottom, sign * (bottom - top))
                top, x_top = bottom, x_bottom
                row += 1


@njit(cache=True)
def cell_window(box: Floats, frame: Frame) -> tuple[int, int, int, int]:
    """row, col, rows, cols of the cells of the frame that a bounding box touches; rows = 0 where it touches none."""
    if not (box[0] <= box[2] and box[1] <= box[3]):
        return 0, 0, 0, 0
    col0 = max(np.floor((box[0] - frame.west) / frame.cell_x), 0.0)
    col1 = min(np.floor((box[2] - frame.west) / frame.cell_x) + 1.0, float(frame.cols))
    row0 = max(np.floor((frame.north - box[3]) / frame.cell_y), 0.0)
    row1 = min(np.floor((frame.north - box[1]) / frame.cell_y) + 1.0, float(frame.rows))
    if col1 <= col0 or row1 <= row0:
        return 0, 0, 0, 0
    return int(row0), int(col0), int(row1 - row0), int(col1 - col0)


@njit(cache=True)
def _snapped(value: float) -> float:
    if abs(value) < 1e-12:
        return 0.0
    if abs(value - 1.0) < 1e-12:
        return 1.0
    return value


@njit(cache=True)
def _covered(
    x: Floats,
    y: Floats,
    ring: Ints,
    sense: Floats,
    polygon: Ints,
    frame: Frame,
    start: Ints,
    cell: Ints,
    fraction: Floats,
    band_cells: int,
) -> None:
    """Counts every polygon's cells into start[i + 1], or, where cell holds room, writes them from start[i] on."""
    box = bounding_boxes(x, y, ring, polygon)
    writing = len(cell) > 0
    acc = np.zeros(1 << 12)
    for i in range(len(polygon) - 1):
        row0, col0, rows, cols = cell_window(box[i], frame)
        if rows == 0:
            continue
        width = cols + 2
        band = min(rows, max(1, band_cells // width))
        if len(acc) < band * width:
            acc = np.zeros(2 * band * width)
        at = start[i] if writing else 0
        for first in range(0, rows, band):
            height = min(band, rows - first)
            _sweep(acc, x, y, ring, sense, polygon[i], polygon[i + 1], frame, (row0 + first, col0, height, cols))
            for r in range(height):
                run = 0.0
                for c in range(cols):
                    run += acc[r * width + c]
                    value = _snapped(run)
                    if value == 0.0 or value == 1.0:
                        run = value
                    if value > 0.0:
                        if writing:
                            cell[at] = (row0 + first + r) * frame.cols + col0 + c
                            fraction[at] = value
                        at += 1
            acc[: height * width] = 0.0
        if not writing:
            start[i + 1] = at


def covered_cells(
    x: Floats, y: Floats, ring: Ints, hole: NDArray[np.bool_], polygon: Ints, frame: Frame, *, band_cells: int = BAND_CELLS
) -> Cells:
    """Every cell each polygon covers, with the covered fraction.

    x, y: (v,) vertices, m. ring: (r+1,) where each closed ring begins. hole: (r,) whether it bounds a hole. polygon:
    (n+1,) where each polygon's rings begin. What lies outside the frame is not counted. Polygons may overlap: each
    gets its own cells. Σ fraction · cell area is the polygon's area inside the frame (relative 1e-11).
    """
    sense = ring_sense(x, y, ring, hole)
    start = np.zeros(len(polygon), dtype=np.int64)
    nothing = np.zeros(0, dtype=np.int64)
    _covered(x, y, ring, sense, polygon, frame, start, nothing, np.zeros(0), band_cells)
    start = np.cumsum(start)
    cell = np.empty(start[-1], dtype=np.int64)
    fraction = np.empty(start[-1])
    if len(cell):
        _covered(x, y, ring, sense, polygon, frame, start, cell, fraction, band_cells)
    return Cells(start, cell, fraction)


@njit(cache=True)
def _main_owner(start: Ints, cell: Ints, fraction: Floats, owner: NDArray[np.int32], best: NDArray[np.float32]) -> None:
    for i in range(len(start) - 1):
        for k in range(start[i], start[i + 1]):
            share = np.float32(fraction[k])
            if share > best[cell[k]]:
                best[cell[k]] = share
                owner[cell[k]] = i


def main_owner(cells: Cells, size: int) -> NDArray[np.int32]:
    """The polygon that covers most of each of `size` cells, (size,); −1 where none does, the first of equals."""
    owner = np.full(size, -1, dtype=np.int32)
    _main_owner(cells.start, cells.cell, cells.fraction, owner, np.zeros(size, dtype=np.float32))
    return owner
