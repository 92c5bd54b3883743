"""Statistics of rasters under polygons, in one sweep and without a list of cells.

Wholly covered stretches of a row are folded into as many lanes as they have cells: the loop then runs on whole vectors, and
each lane's sum stays short. Cells that an edge touches count with their covered fraction. Tiles are swept one after another
into the same result; how the raster is cut into tiles changes only the order of the sums.
"""

from __future__ import annotations

from typing import Any

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

WEIGHT, MISSING, TOTAL, LOW, HIGH, FAR = range(6)
BAND_CELLS = 1 << 22  # cells of the work buffer a single large polygon is swept with


@njit(cache=True, nogil=True, inline="always")
def _fold(stretch: Any, known: Any, total: Floats, low: Any, high: Any) -> None:
    """Adds wholly covered cells of a row to the lanes, one each; comparisons with NaN are false."""
    for i in range(len(stretch)):
        v = stretch[i]
        good = v == v
        known[i] += np.int32(good)
        total[i] += np.float64(v) if good else 0.0
        low[i] = v if v < low[i] else low[i]
        high[i] = v if v > high[i] else high[i]


@njit(cache=True, nogil=True)
def _rows_statistics(
    acc: Floats, marks: Marks, keep: float, height: int, cols: int, values: Any, row: int, col: int, lanes: Any, out: Floats
) -> int:
    """Rows of one raster under the coverage that acc, (height, cols + 2), and marks hold; how many cells are wholly covered.

    Marked stretches are worked through cell by cell into out, (6,); between them all cells are covered alike, and wholly
    covered ones are folded into lanes: known, total, low and high, (cols or more,). keep: 1 where acc and marks are needed
    again, 0 where they are to be zeroed. values: (rows, cols) of a tile, the coverage beginning at its (row, col).
    """
    known, total, low, high = lanes
    shift = grain(cols)
    whole = 0
    weight, missing, added, least, most, far = 0.0, 0.0, 0.0, out[LOW], out[HIGH], out[FAR]
    for r in range(height):
        line = values[row + r, col : col + cols]
        rise = acc[r * (cols + 2) : (r + 1) * (cols + 2)]
        rise[cols] *= keep
        rise[cols + 1] *= keep
        mark, group, done, run = marks[r], 0, 0, 0.0
        marks[r] *= np.uint64(keep)
        while done < cols and (mark != 0 or run != 0.0):
            mark, group, begin, end = next_marked(mark, group, shift, cols)
            if run == 1.0 and begin > done:
                _fold(line[done:begin], known, total, low, high)
                whole += begin - done
            for i in range(begin if run == 0.0 or run == 1.0 else done, end):
                run += rise[i]
                rise[i] *= keep
                share = snapped(run)
                v = line[i]
                good = v == v
                part = share if good else 0.0
                weight += part
                missing += share - part
                added += part * (np.float64(v) if good else 0.0)
                least = v if (part > 0.0) & (v < least) else least
                most = v if (part > 0.0) & (v > most) else most
                far = max(far, abs(share - 0.5))
            run = snapped(run)
            done = end
    out[WEIGHT] += weight
    out[MISSING] += missing
    out[TOTAL] += added
    out[LOW], out[HIGH], out[FAR] = least, most, far
    return whole


@njit(cache=True, nogil=True)
def _gather(lanes: Any, cols: int, whole: int, out: Floats) -> None:
    """Adds what the lanes of cols columns hold of `whole` cells to a polygon's statistics, (6,), and empties them."""
    known, total, low, high = lanes
    cells = 0
    for i in range(cols):
        cells += known[i]
        out[TOTAL] += total[i]
        out[LOW] = min(out[LOW], np.float64(low[i]))
        out[HIGH] = max(out[HIGH], np.float64(high[i]))
        known[i], total[i], low[i], high[i] = 0, 0.0, np.inf, -np.inf
    out[WEIGHT] += cells
    out[MISSING] += whole - cells


@njit(cache=True, nogil=True)
def _statistics(
    x: Floats,
    y: Floats,
    ring: Ints,
    sense: Floats,
    polygon: Ints,
    window: Ints,
    wanted: Ints,
    frame: Frame,
    tiles: Any,
    row: int,
    col: int,
    out: Floats,
    acc: Floats,
    marks: Marks,
) -> None:
    """Adds what the wanted polygons cover of a tile, (k, rows, cols) from (row, col) of the frame on, to out (n, k, 6).

    acc, marks: zeroed room for at least one row of the tile, and left so.
    """
    rasters, tile_rows, tile_cols = tiles.shape
    lanes = (
        np.zeros(tile_cols, np.int32),
        np.zeros(tile_cols),
        np.full(tile_cols, np.inf, tiles.dtype),
        np.full(tile_cols, -np.inf, tiles.dtype),
    )
    for i in wanted:
        top, end = max(window[i, 0], row), min(window[i, 0] + window[i, 2], row + tile_rows)
        left, right = max(window[i, 1], col), min(window[i, 1] + window[i, 3], col + tile_cols)
        cols = right - left
        band = min(end - top, len(marks), len(acc) // (cols + 2))
        for first in range(top, end, band):
            height = min(band, end - first)
            sweep(acc, marks, x, y, ring, sense, polygon[i], polygon[i + 1], frame, (first, left, height, cols))
            for k in range(rasters):
                keep = 1.0 if k + 1 < rasters else 0.0
                whole = _rows_statistics(acc, marks, keep, height, cols, tiles[k], first - row, left - col, lanes, out[i, k])
                if whole:
                    _gather(lanes, cols, whole, out[i, k])


@njit(cache=True)
def _windows(box: Floats, frame: Frame) -> Ints:
    window = np.zeros((len(box), 4), dtype=np.int64)
    for i in range(len(box)):
        window[i] = cell_window(box[i], frame)
    return window


class Sweep:
    """Polygons ready to be swept over the tiles of rasters on one frame, and what was found so far.

    statistics: (n, k, 6) of n polygons over k rasters: weight, missing weight, Σ weight · value, least and greatest value, and
    how far a covered fraction comes from ½: beyond ½ only where a polygon crosses itself or its parts overlap.
    window: (n, 4) row, column, rows and columns of the cells that each polygon's bounding box touches; rows = 0 where none.
    """

    def __init__(
        self,
        x: Floats,
        y: Floats,
        ring: Ints,
        hole: NDArray[np.bool_],
        polygon: Ints,
        *,
        frame: Frame,
        rasters: int,
        band_cells: int = BAND_CELLS,
    ):
        """x, y, ring, hole, polygon: as covered_cells. frame: where the whole rasters lie. rasters: how many."""
        self._rings = (x, y, ring, ring_sense(x, y, ring, hole), polygon)
        self._frame = frame
        self._band_cells = band_cells
        self._acc, self._marks = np.zeros(0), np.zeros(0, dtype=np.uint64)
        self.window = _windows(bounding_boxes(x, y, ring, polygon), frame)
        self.statistics = np.zeros((len(polygon) - 1, rasters, 6))
        self.statistics[:, :, LOW], self.statistics[:, :, HIGH] = np.inf, -np.inf

    def near(self, first: int, last: int) -> Ints:
        """Polygons that may reach into rows first:last, from west to east: their cells then come from nearby memory."""
        top, rows = self.window[:, 0], self.window[:, 2]
        found = np.flatnonzero((rows > 0) & (top < last) & (top + rows > first))
        return np.asarray(found[np.argsort(self.window[found, 1], kind="stable")])

    def add(self, tile: NDArray[Any], *, row: int = 0, col: int = 0, near: Ints | None = None) -> None:
        """Adds a tile of all rasters, (k, rows, cols) float32 or float64 with NaN for missing, from (row, col) of the frame on.

        near: the polygons that may reach the tile's rows, as `near` gives them, where they are known already.
        """
        near = self.near(row, row + tile.shape[1]) if near is None else near
        left = self.window[near, 1]
        wanted = near[(left < col + tile.shape[2]) & (left + self.window[near, 3] > col)]
        rows, width = tile.shape[1], tile.shape[2] + 2
        room = min(rows, max(1, self._band_cells // width)) * width
        if len(self._acc) < room or len(self._marks) < rows:
            self._acc, self._marks = np.zeros(room), np.zeros(rows, dtype=np.uint64)
        _statistics(
            *self._rings,
            self.window,
            wanted,
            self._frame,
            np.ascontiguousarray(tile),
            row,
            col,
            self.statistics,
            self._acc,
            self._marks,
        )
