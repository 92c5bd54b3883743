"""Connected water over a terrain of any size: which cells it has reached at which level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from planner.core.polygons.rings import rings_of
from planner.core.terrain.cells import Entries, count_weighted, entries_of_width, extremes
from planner.core.terrain.coverage import covered_cells
from planner.core.terrain.rising import count_connected
from planner.core.terrain.stitching import Band, water_levels
from planner.core.terrain.storage import Bins, Knots, bins_of, knots_of_bins, knots_of_cells, merge_bins
from planner.frame import Frame
from planner.memory import MEMORY, threads
from planner.water.ground import Terrain

Floats = NDArray[np.float64]

BAND_CELLS: Final = MEMORY.at_once_cells


def in_one(terrain: Terrain) -> bool:
    """Whether a terrain is gone through as a whole: it is in memory, and what is found besides takes no more than a band's."""
    return terrain.values is not None and terrain.frame.rows * terrain.frame.cols <= BAND_CELLS


def bands_of(terrain: Terrain, shape: Any = None) -> Iterator[Band]:
    """A terrain in bands of rows; what lies outside a geometry, or is not covered by it at all, has no ground."""
    f = terrain.frame
    for frame, values in terrain.bands(BAND_CELLS):
        row = round((f.north - frame.north) / f.cell_y)
        if shape is not None:
            values = np.where(shares(frame, shape) > 0, values, values.dtype.type(np.nan))
        elif terrain.values is None:
            values = values.copy()  # the next band is read into the same place
        yield Band(row, values, row > 0, row + len(values) < f.rows)


def shares(frame: Frame, shape: Any) -> Floats:
    """Covered share of every cell, (rows, cols)."""
    cells = covered_cells(*rings_of([shape]), frame)
    share = np.zeros(frame.rows * frame.cols)
    share[cells.cell] = cells.fraction
    return share.reshape(frame.rows, frame.cols)


@dataclass(frozen=True, eq=False)
class Reach:
    """Connected water over a terrain: its curve, the ground there is (m²), the highest of it and the bed at the start, m."""

    knots: Knots
    known_m2: float
    top_m: float
    bed_m: float


def lowest(terrain: Terrain, shape: Any) -> int | None:
    """Flat index of the lowest cell, None where there is no ground."""
    least, found = np.inf, None
    for band in bands_of(terrain, shape):
        low, _, cell = extremes(band.values)
        if low < least:
            least, found = low, cell + band.row * terrain.frame.cols
    return found


def has_ground(terrain: Terrain, shape: Any, cell: int) -> bool:
    """Whether a cell, by flat index, has ground and is covered by a geometry."""
    f = terrain.frame
    row, col = divmod(cell, f.cols)
    one = f.part(slice(row, row + 1), slice(col, col + 1))
    covered = shape is None or shares(one, shape)[0, 0] > 0
    return bool(covered and np.isfinite(terrain.value_at(row, col)))


def reach(terrain: Terrain, shape: Any, start: int, *, stages: Floats, neighbours: int, width: float | None) -> Reach:
    """How water that rises at a cell (flat index) spreads within a geometry.

    width: of the bins the reached levels are counted in, m; None where every level is to be a knot of its own.
    """
    f = terrain.frame
    bed = terrain.value_at(*divmod(start, f.cols))
    found = _Found(terrain, bed, stages, width)
    if terrain.values is not None and width is not None:
        share = None if shape is None else shares(f, shape)
        found.count(terrain.values, share, start=start, neighbours=neighbours)
        return found.told()
    levels = water_levels(
        lambda: bands_of(terrain, shape), neighbours=neighbours, start=start, threads=threads(), keep=terrain.values is not None
    )
    for band, level in levels:
        frame = f._replace(north=f.north - band.row * f.cell_y, rows=len(band.values))
        found.add(band.values, np.ones(band.values.shape) if shape is None else shares(frame, shape), level)
    return found.told()


class _Found:
    """Reached cells gathered band by band, in bins of a width or, with None, one by one."""

    def __init__(self, terrain: Terrain, bed: float, stages: Floats, width: float | None) -> None:
        self._cell_area, self._bed, self._stages, self._width = terrain.cell_area, bed, stages, width
        self._datum = float(np.floor(bed))
        self._known, self._top = 0.0, -np.inf
        self._cells: list[tuple[Floats, Floats, Floats]] = []
        self._bins: list[Bins] = []

    def count(self, values: NDArray[Any], share: Floats | None, *, start: int, neighbours: int) -> None:
        """All of a terrain in memory, in bins."""
        ground = values if share is None else np.where(share > 0, values, values.dtype.type(np.nan))
        entries = self._entries(ground, values.dtype)
        counted = count_connected(ground, start, entries, neighbours=neighbours, share=share, datum=self._datum)
        self._put(entries, *counted)
        self._see(ground, share)

    def add(self, values: NDArray[Any], share: Floats, level: NDArray[Any]) -> None:
        """Cells of a band with the level at which each is reached."""
        self._see(values, share)
        reached = np.isfinite(level)
        if self._width is None:
            self._cells.append((level[reached].astype(np.float64), values[reached].astype(np.float64), share[reached]))
        elif reached.any():
            entries = self._entries(level, level.dtype)
            self._put(
                entries,
                *count_weighted(values.ravel(), share.ravel(), entries, datum=self._datum, reached=level.ravel()),
            )

    def told(self) -> Reach:
        if self._width is None:
            at, ground, share = (np.concatenate(parts) for parts in zip(*self._cells, strict=True))
            knots = knots_of_cells(at, ground, share * self._cell_area)
        else:
            knots = knots_of_bins(self._bins[0], self._datum, self._cell_area)
        return Reach(knots, self._known * self._cell_area, self._top, self._bed)

    def _see(self, values: NDArray[Any], share: Floats | None) -> None:
        known = np.isfinite(values)
        self._known += float(np.count_nonzero(known)) if share is None else float(share[known].sum())
        self._top = max(self._top, extremes(values)[1])

    def _entries(self, level: NDArray[Any], kind: Any) -> Entries:
        low, high, _ = extremes(level)
        return entries_of_width(self._width or 0.0, low, high, self._stages, kind)

    def _put(self, entries: Entries, weight: Floats, moment: Floats) -> None:
        lower = np.maximum(entries.lower(), self._bed)  # nothing is reached below the start
        self._bins = [merge_bins([*self._bins, bins_of(lower, weight, moment)])]
