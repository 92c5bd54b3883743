"""Statistics of rasters under polygons, in one sweep and without a list of cells.

Wholly covered stretches of a row are folded 32 cells at a time into as many lanes: the loop then runs on whole vectors, and
each lane's sum stays short. Partly covered cells count with their fraction. Tiles are swept one after another into the same
result; how the raster is cut into tiles changes only the order of the sums.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.compiled import Frame, bounding_boxes, cell_window, ring_sense, sweep

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEIGHT, MISSING, TOTAL, LOW, HIGH = range(5)
LANES = 32  # cells folded side by side
CHUNK = 8  # cells looked at together
HUGE = 1e30  # |value| from which it is a no-data number, whatever was declared
BAND_CELLS = 1 << 22  # cells of the work buffer a single large polygon is swept with


@njit(cache=True)
def _rows_statistics(
    acc: Floats,
    bits: Ints,
    height: int,
    cols: int,
    values: Any,
    row: int,
    col: int,
    known: Any,
    total: Floats,
    low: Any,
    high: Any,
    huge: float,
    nodata: float,
    out: Floats,
) -> int:
    """Rows of one raster under the coverage that acc, (height, cols + 2), holds; how many cells are wholly covered.

    bits: acc seen as whole numbers, to tell at once whether an edge touches CHUNK cells. Touched chunks are worked through
    without a branch into out, (5,); between them cells are wholly in or out, and those within are folded into the lanes known,
    total, low and high, (LANES,). values: (rows, cols) of a tile, the coverage beginning at its (row, col).
    """
    whole = 0
    for r in range(height):
        base = r * (cols + 2)
        run, begun = 0.0, -1
        for first in range(0, cols + CHUNK, CHUNK):
            if first < cols:
                touched = 0
                for i in range(CHUNK):
                    touched |= bits[base + first + i]
                if touched == 0 and (run == 0.0 or run == 1.0):
                    if run == 1.0 and begun < 0:
                        begun = first
                    continue
            if begun >= 0:
                end = min(first, cols)
                whole += end - begun
                stretch = values[row + r, col + begun : col + end]
                for block in range(0, len(stretch), LANES):
                    for i in range(min(LANES, len(stretch) - block)):
                        v = stretch[block + i]
                        good = (abs(v) < huge) & (v != nodata)
                        known[i] += 1 if good else 0
                        total[i] += np.float64(v) if good else 0.0
                        low[i] = v if (good and v < low[i]) else low[i]
                        high[i] = v if (good and v > high[i]) else high[i]
                begun = -1
            for i in range(min(CHUNK, cols - first)):
                run += acc[base + first + i]
                run = 0.0 if abs(run) < 1e-12 else run
                run = 1.0 if abs(run - 1.0) < 1e-12 else run
                v = values[row + r, col + first + i]
                good = (abs(v) < huge) & (v != nodata)
                share = run if good else 0.0
                out[WEIGHT] += share
                out[MISSING] += run - share
                out[TOTAL] += share * (np.float64(v) if good else 0.0)
                out[LOW] = v if ((share > 0.0) & (v < out[LOW])) else out[LOW]
                out[HIGH] = v if ((share > 0.0) & (v > out[HIGH])) else out[HIGH]
    return whole


@njit(cache=True)
def _gather(known: Any, total: Floats, low: Any, high: Any, whole: int, out: Floats) -> None:
    """Adds what the lanes hold of `whole` cells to a polygon's statistics, (5,), and empties them."""
    cells = 0
    for i in range(LANES):
        cells += known[i]
        out[TOTAL] += total[i]
        out[LOW] = min(out[LOW], np.float64(low[i]))
        out[HIGH] = max(out[HIGH], np.float64(high[i]))
        known[i], total[i], low[i], high[i] = 0, 0.0, np.inf, -np.inf
    out[WEIGHT] += cells
    out[MISSING] += whole - cells


@njit(cache=True)
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
    nodata: Any,
    huge: float,
    out: Floats,
    band_cells: int,
) -> None:
    """Adds what the wanted polygons cover of a tile, (k, rows, cols) from a row of the frame on, to out (n, k, 5)."""
    rasters, tile_rows, _ = tiles.shape
    known, total = np.zeros(LANES, np.int32), np.zeros(LANES)
    low, high = np.full(LANES, np.inf, tiles.dtype), np.full(LANES, -np.inf, tiles.dtype)
    acc = np.zeros(1 << 12)
    bits = acc.view(np.int64)
    for i in wanted:
        row0, col0, rows, cols = window[i]
        top, end = max(row0, row), min(row0 + rows, row + tile_rows)
        width = cols + 2
        band = min(end - top, max(1, band_cells // width))
        if len(acc) < band * width + CHUNK:
            acc = np.zeros(2 * band * width + CHUNK)
            bits = acc.view(np.int64)
        for first in range(top, end, band):
            height = min(band, end - first)
            sweep(acc, x, y, ring, sense, polygon[i], polygon[i + 1], frame, (first, col0, height, cols))
            for k in range(rasters):
                whole = _rows_statistics(
                    acc,
                    bits,
                    height,
                    cols,
                    tiles[k],
                    first - row,
                    col0,
                    known,
                    total,
                    low,
                    high,
                    huge,
                    nodata[k],
                    out[i, k],
                )
                if whole:
                    _gather(known, total, low, high, whole, out[i, k])
            acc[: height * width] = 0.0


@njit(cache=True)
def _windows(box: Floats, frame: Frame) -> Ints:
    window = np.zeros((len(box), 4), dtype=np.int64)
    for i in range(len(box)):
        window[i] = cell_window(box[i], frame)
    return window


class Sweep:
    """Polygons ready to be swept over the tiles of rasters on one frame, and what was found so far.

    statistics: (n, k, 5) of n polygons over k rasters: weight, missing weight, Σ weight · value, least and greatest value.
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
        self._window = _windows(bounding_boxes(x, y, ring, polygon), frame)
        self.statistics = np.zeros((len(polygon) - 1, rasters, 5))
        self.statistics[:, :, LOW], self.statistics[:, :, HIGH] = np.inf, -np.inf

    def add(self, tile: NDArray[Any], *, row: int = 0, nodata: NDArray[Any] | None = None) -> None:
        """Adds a tile of all rasters, (k, rows, cols) float32 or float64, as wide as the frame, from one of its rows on.

        nodata: (k,) a number that means missing in each raster; NaN, ±inf and |v| ≥ 1e30 always do.
        """
        missing = np.full(len(tile), np.nan) if nodata is None else nodata
        top, rows = self._window[:, 0], self._window[:, 2]
        wanted = np.flatnonzero((rows > 0) & (top < row + tile.shape[1]) & (top + rows > row))
        # near ones one after another: their cells then come from nearby memory
        wanted = wanted[np.lexsort((self._window[wanted, 1], top[wanted] // 64))]
        _statistics(
            *self._rings,
            self._window,
            wanted,
            self._frame,
            tile if tile.flags.c_contiguous else np.ascontiguousarray(tile),
            row,
            np.asarray(missing, dtype=tile.dtype),
            tile.dtype.type(HUGE),
            self.statistics,
            self._band_cells,
        )
