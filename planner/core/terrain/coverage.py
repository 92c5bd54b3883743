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

from planner.core.terrain.compiled import (
    Marks,
    bounding_boxes,
    cell_window,
    grain,
    next_marked,
    ring_sense,
    snapped,
    sweep,
)
from planner.frame import Frame

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BAND_CELLS = 1 << 22  # cells of the work buffer a single large polygon is swept with; bounds memory, not results


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
def _list(
    acc: Floats, marks: Marks, height: int, cols: int, first: int, step: int, cell: Ints, fraction: Floats, at: int
) -> int:
    """Lists, from entry `at` on, the cells that acc, (height, cols + 2), and marks hold, and zeroes both; the next free entry.

    first: number of the first cell. step: from one row's cells to the next one's. Without room nothing is written.
    """
    writing = len(cell) > 0
    shift = grain(cols)
    for r in range(height):
        rise = acc[r * (cols + 2) : (r + 1) * (cols + 2)]
        mark, group, done, run = marks[r], 0, 0, 0.0
        while done < cols and (mark != 0 or run != 0.0):
            mark, group, begin, end = next_marked(mark, group, shift, cols)
            if not writing and run > 0.0:
                at += begin - done
            for i in range(done if writing and run != 0.0 else begin, end):
                run += rise[i]
                rise[i] = 0.0
                share = snapped(run)
                if share > 0.0:
                    if writing:
                        cell[at] = first + r * step + i
                        fraction[at] = share
                    at += 1
            run = snapped(run)
            done = end
        rise[cols] = rise[cols + 1] = 0.0
        marks[r] = 0
    return at


@njit(cache=True)
def _covered(
    x: Floats,
    y: Floats,
    ring: Ints,
    sense: Floats,
    polygon: Ints,
    frame: Frame,
    window: tuple[int, int, int, int],
    start: Ints,
    cell: Ints,
    fraction: Floats,
    band_cells: int,
) -> None:
    """Counts every polygon's cells into start[i + 1], or, where cell holds room, writes them from start[i] on."""
    box = bounding_boxes(x, y, ring, polygon)
    writing = len(cell) > 0
    acc, marks = np.zeros(1 << 12), np.zeros(1 << 8, np.uint64)
    top, west, tall, wide = window
    for i in range(len(polygon) - 1):
        row0, col0, rows, cols = cell_window(box[i], frame)
        row1, col1 = min(row0 + rows, top + tall), min(col0 + cols, west + wide)
        row0, col0 = max(row0, top), max(col0, west)
        if row1 <= row0 or col1 <= col0:
            continue
        cols = col1 - col0
        band = min(row1 - row0, max(1, band_cells // (cols + 2)))
        if len(acc) < band * (cols + 2):
            acc = np.zeros(2 * band * (cols + 2))
        if len(marks) < band:
            marks = np.zeros(2 * band, np.uint64)
        at = start[i] if writing else 0
        for first in range(row0, row1, band):
            height = min(band, row1 - first)
            sweep(acc, marks, x, y, ring, sense, polygon[i], polygon[i + 1], frame, (first, col0, height, cols))
            at = _list(acc, marks, height, cols, (first - top) * wide + col0 - west, wide, cell, fraction, at)
        if not writing:
            start[i + 1] = at


def covered_cells(
    x: Floats,
    y: Floats,
    ring: Ints,
    hole: NDArray[np.bool_],
    polygon: Ints,
    frame: Frame,
    *,
    window: tuple[int, int, int, int] | None = None,
    band_cells: int = BAND_CELLS,
) -> Cells:
    """Every cell each polygon covers, with the covered fraction.

    x, y: (v,) vertices, m. ring: (r+1,) where each closed ring begins. hole: (r,) whether it bounds a hole. polygon:
    (n+1,) where each polygon's rings begin. window: row, column, rows and columns of the part of the frame whose cells are
    wanted, numbered as if it were all; the whole frame where None. What lies outside is not counted. Polygons may overlap:
    each gets its own cells. Σ fraction · cell area is the polygon's area inside (relative 1e-11).
    """
    sense = ring_sense(x, y, ring, hole)
    part = (0, 0, frame.rows, frame.cols) if window is None else window
    start = np.zeros(len(polygon), dtype=np.int64)
    nothing = np.zeros(0, dtype=np.int64)
    _covered(x, y, ring, sense, polygon, frame, part, start, nothing, np.zeros(0), band_cells)
    start = np.cumsum(start)
    cell = np.empty(start[-1], dtype=np.int64)
    fraction = np.empty(start[-1])
    if len(cell):
        _covered(x, y, ring, sense, polygon, frame, part, start, cell, fraction, band_cells)
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
