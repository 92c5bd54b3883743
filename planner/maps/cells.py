"""The page's cells of water: which of them are a lake's, and from which level on each is drawn, so that it is what is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.core.polygons.rings import rings_of
from planner.core.terrain.coverage import covered_cells
from planner.frame import Frame
from planner.maps.encode import MISSING, Column, Ints, numbers, pack
from planner.maps.place import Place
from planner.maps.reached import Flooded
from planner.maps.stages import RISE_M, STOPS
from planner.maps.terrain import Warped, warp
from planner.units import m2_from_mu, mu_from_m2

Floats = NDArray[np.float64]
FLOOD_PX: Final = 520  # longest side of the raster on the page
NEIGHBOURS: Final = (
    (-1, 0),
    (0, -1),
    (0, 1),
    (1, 0),
    (-1, -1),
    (-1, 1),
    (1, -1),
    (1, 1),
)  # rows down, columns right; sides first


@dataclass(frozen=True, eq=False)
class FloodRaster:
    """What the page floods: frame ({rows, cols, bounds}), packed block of ground, reach and lake, area of a cell, mu."""

    frame: dict[str, Any]
    block: str
    cell_mu: float


def flood_raster(
    water: Flooded, where: Place, shapes: NDArray[np.object_], told: Sequence[pd.DataFrame], normal_m: Floats
) -> FloodRaster:
    """The flooded ground on the page's cells: bed (finished ground), today, reach and lake.

    shapes: the lakes' beds, (n,), in the site's CRS. told: the stages of each, as `stages` gives them. normal_m: (n,). A cell
    of a lake comes under water when the area told has grown to hold it, the lowest first.
    """
    frame, lattice = water.finished.frame, np.arange(water.finished.values.size, dtype=np.float64)
    sample = warp(water.finished.like(lattice.reshape(frame.shape)), where, longest=FLOOD_PX, nearest=True)
    known = np.isfinite(sample.values).ravel()
    source = np.where(known, sample.values.ravel(), 0.0).astype(np.int64)

    def of(values: NDArray[Any], missing: float) -> NDArray[Any]:
        return np.where(known, values.ravel()[source], missing)

    m2 = cell_areas(sample, where)
    bed = beds(shapes, sample, where, m2)
    source = _ashore(source, np.where(known, water.bed.ravel()[source], -1), bed, sample.values.shape)
    lake, level = _candidates(of(water.bed, -1), of(water.lake, -1), of(water.reach.values, np.nan), bed, normal_m)
    drawn, stop = _levelled(lake, level, m2, told)
    columns = {
        "bed": _rowwise(numbers(of(water.finished.values, np.nan), step=0.01)),
        "today": _rowwise(numbers(of(water.today.values, np.nan), step=0.01)),
        "reach": _rowwise(Column(stop, scale=1 / STOPS)),
        "lake": Column(drawn),
    }
    rows, cols = sample.values.shape
    return FloodRaster({"rows": rows, "cols": cols, "bounds": sample.bounds}, pack(columns), mu_from_m2(float(m2.mean())))


def cell_areas(page: Warped, where: Place) -> Floats:
    """Ground of the page's cells in the site's CRS, m², (rows·cols,): Mercator stretches it more in the north."""
    rows, cols = page.values.shape
    y = page.north - np.arange(rows + 1) * page.cell
    (x0, y0), (x1, y1) = (where.back(np.full(rows + 1, page.west + side), y) for side in (0.0, cols * page.cell))
    across, down = np.stack([x1[:-1] - x0[1:], y1[:-1] - y0[1:]]), np.stack([x0[:-1] - x1[1:], y0[:-1] - y1[1:]])
    return np.repeat(np.abs(across[0] * down[1] - across[1] * down[0]) / 2 / cols, cols)


def beds(shapes: NDArray[np.object_], page: Warped, where: Place, m2: Floats) -> Ints:
    """The lake whose bed each of the page's cells is, (rows·cols,), -1 outside: those it covers most, as many as it holds."""
    rows, cols = page.values.shape
    moved = shapely.transform(shapes, lambda xy: np.stack(where.mercator(xy[:, 0], xy[:, 1]), axis=1))
    found = covered_cells(*rings_of(moved), Frame(page.west, page.north, page.cell, page.cell, rows, cols))
    bed = np.full(rows * cols, -1, dtype=np.int64)
    for k, (a, b) in enumerate(zip(found.start, found.start[1:], strict=False)):
        cell, share = found.cell[a:b], found.fraction[a:b]
        free = bed[cell] < 0
        order = cell[free][np.argsort(-share[free], kind="stable")]
        bed[order[np.cumsum(m2[order]) - m2[order] / 2 < (share * m2[cell]).sum()]] = k
    return bed


def _ashore(source: Ints, in_bed: Ints, bed: Ints, shape: tuple[int, int]) -> Ints:
    """The terrain's cell that each of the page's is a picture of: a neighbour's where its own lies beyond the shore.

    source: the terrain's cell in its middle. in_bed: the lake whose bed that is, bed: the one whose bed the page's cell is.
    """
    shore, found = np.flatnonzero(in_bed != bed), source.copy()
    row, col = shore // shape[1], shore % shape[1]
    open_ = np.ones(len(shore), dtype=bool)
    for down, right in NEIGHBOURS:
        r, c = row + down, col + right
        inside = (r >= 0) & (r < shape[0]) & (c >= 0) & (c < shape[1])
        beside = np.where(inside, r * shape[1] + c, 0)
        fits = open_ & inside & (bed[beside] == bed[shore]) & (in_bed[beside] == bed[shore])
        found[shore[fits]] = source[beside[fits]]
        open_ &= ~fits
    return found


def _candidates(in_bed: Ints, lake: Ints, level: Floats, bed: Ints, normal_m: Floats) -> tuple[Ints, Floats]:
    """The lake that may come to each of the page's cells, -1 where none does, and the level that its ground there asks, m.

    in_bed, lake, level: of the terrain's cell in its middle; bed: the lake whose bed the page's cell is. Where the two differ
    it is the shore: full at the normal level where it is bed, and else the first to be reached above it.
    """
    inside = bed >= 0
    shore = inside & (in_bed != bed)
    normal = normal_m[bed]
    level = np.where(shore, np.fmin(level, normal), level)
    beside = ~inside & (lake >= 0)
    level = np.where(beside, np.maximum(level, normal_m[lake] + RISE_M), level)
    return np.where(inside, bed, lake), level


def _levelled(lake: Ints, level: Floats, m2: Floats, told: Sequence[pd.DataFrame]) -> tuple[Ints, Ints]:
    """The lake that is drawn on each cell and the stop of the slider from which on it is: the told area's, cell by cell.

    A cell that no level told brings under water is no lake's; its stop is that of the cell before it, which packs well.
    """
    stop = np.full(len(lake), MISSING, dtype=np.int64)
    mine = np.flatnonzero((lake >= 0) & np.isfinite(level))
    mine = mine[np.lexsort((level[mine], lake[mine]))]
    start = np.searchsorted(lake[mine], np.arange(len(told) + 1))
    for k, table in enumerate(told):
        cells = mine[start[k] : start[k + 1]]
        middle = np.cumsum(m2[cells]) - m2[cells] / 2
        stops = np.floor(table["level_m"].to_numpy(np.float64) * STOPS + 1e-4).astype(np.int64)
        row = np.searchsorted(m2_from_mu(table["area_mu"].to_numpy(np.float64)), middle)
        drawn = row < len(stops)
        stop[cells[drawn]] = stops[row[drawn]]
    dry = stop == MISSING
    before = np.maximum.accumulate(np.where(dry, -1, np.arange(len(stop))))
    return np.where(dry, -1, lake), np.where(before >= 0, stop[before], 0)


def _rowwise(column: Column) -> Column:
    """A column stored as differences between neighbouring cells; as it is where some are missing, which would overflow."""
    values: Ints = column.values
    if (values == MISSING).any():
        return column
    return Column(np.diff(values, prepend=np.int64(0)), scale=column.scale, delta=True)
