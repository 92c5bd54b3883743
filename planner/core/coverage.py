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

from planner.core.compiled import Frame, bounding_boxes, cell_window, ring_sense, snapped, sweep

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
            sweep(acc, x, y, ring, sense, polygon[i], polygon[i + 1], frame, (row0 + first, col0, height, cols))
            for r in range(height):
                run = 0.0
                for c in range(cols):
                    run += acc[r * width + c]
                    value = snapped(run)
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
