"""Storage curves: area and storage of water over a terrain at every stage, and the stage that holds a given storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from planner.core.polygons.rings import rings_of
from planner.core.terrain.cells import Entries, count_cells, count_weighted, entries_of_width, extremes
from planner.core.terrain.coverage import covered_cells
from planner.core.terrain.storage import (
    Bins,
    Knots,
    area_at,
    bins_of,
    knots_of_bins,
    knots_of_cells,
    merge_bins,
    stage_at,
    storage_at,
)
from planner.errors import InvalidInput
from planner.frame import Frame
from planner.site import Grid
from planner.water.ground import FLAT_SHARE, Terrain, checked_neighbours, terrain_within
from planner.water.reach import has_ground, lowest, reach
from planner.water.spread import Errors, error_bars
from planner.water.works import Works, refuse_overlaps
from planner.words import Message, say

Floats = NDArray[np.float64]

EXACT_CELLS: Final = 1 << 22  # up to here every distinct elevation is a knot of its own
FINEST_M: Final = 2.0**-10  # width of the bins above that, m
MERGED_BANDS: Final = 16  # bands whose bins are held side by side


@dataclass(frozen=True, eq=False)
class StorageCurve:
    """Area and storage of water by stage over the cells of a terrain: ∫ max(stage − ground, 0) dA, plane m² and m³.

    spill_level_m: lowest level at which the water leaves over a rim, None where there is none inside the data. edge_level_m:
    level at which it stands at the edge of the data; above it more may be stored outside. bed_m: lowest ground. missing_m2:
    asked for but without ground. resolution_m: 0 where the curve is exact at every stage, else the width of its bins: it is
    exact at their edges and at the levels asked for, and between them off by at most a bin's area times a quarter of the
    width. connected: whether only water joined to the seed counts. notes: what had to be decided.
    """

    knots: Knots
    spill_level_m: float | None
    edge_level_m: float | None
    bed_m: float
    top_m: float
    missing_m2: float
    resolution_m: float
    connected: bool
    notes: tuple[Message, ...] = ()

    def area(self, level: ArrayLike) -> Any:
        """Water surface at each level, m²: cells strictly below it; 0 below the bed, NaN for NaN."""
        return _shaped(area_at(self.knots, _flat(level)), level)

    def storage(self, level: ArrayLike) -> Any:
        """Storage at each level, m³; 0 below the bed, NaN for NaN."""
        return _shaped(storage_at(self.knots, _flat(level)), level)

    def level(self, storage: ArrayLike) -> Any:
        """The level that holds each storage (m³), m: the exact inverse; the bed at 0, NaN for less.

        Where connected water spills into a hollow beside it, storages that no level has get the level of that spill.
        """
        return _shaped(stage_at(self.knots, _flat(storage)), storage)

    def uncertainty(self, level: ArrayLike, **errors: float) -> pd.DataFrame:
        """Error bars at each level, one row a level: level_m, area_m2, area_sd_m2, storage_m3, storage_sd_m3.

        errors: bias_sd_m, noise_sd_m, correlation_m, level_sd_m as in `spread.Errors`; the shipped parameters where left out.
        Raises InvalidInput where one is no standard deviation.
        """
        return error_bars([self.knots], level, Errors(**errors))


def storage_curve(
    dem: Grid | str | Path,
    within: Any = None,
    *,
    seed: tuple[float, float] | None = None,
    connected: bool = False,
    levels: Sequence[float] = (),
    neighbours: int = 8,
    band: int = 1,
    crs: Any = None,
    works: Sequence[Works] = (),
) -> StorageCurve:
    """The storage curve of a terrain.

    dem: a Grid or a raster's path; what does not fit in memory is read band by band. within: polygons (GeoSeries, geometries)
    that limit it; cells they cover in part count by the covered share, ground they share counts once. seed: x, y in the
    terrain's CRS: only water connected to it counts; connected: the same from the lowest cell. levels: stages, m, at which a
    binned curve shall be exact too. neighbours: 8 where water passes diagonals, else 4. crs: of a file that names none. works:
    what is dug and filled before the water comes, in the terrain's CRS and not overlapping; spill and edge level stay those of
    today's ground. Raises InvalidInput where there is no ground within, the seed lies outside it, or connected water is asked
    for over works.

    Examples
    --------
    >>> import numpy as np
    >>> import planner as pl
    >>> bowl = np.full((5, 5), 3.0)
    >>> bowl[1:4, 1:4] = 2.0
    >>> curve = pl.storage_curve(pl.Grid(bowl, 500_000.0, 3_800_000.0, 10.0, 10.0))
    >>> float(curve.storage(2.5)), float(curve.area(2.5)), float(curve.level(450.0))
    (450.0, 900.0, 2.5)
    """
    neighbours, stages = checked_neighbours(neighbours), asked_stages(levels)
    terrain, shapes = terrain_within(dem, within, band=band, crs=crs)
    shape = shapely.union_all(shapes) if shapes else None
    return curve_over(terrain, shape, seed=seed, connected=connected, stages=stages, neighbours=neighbours, works=works)


def asked_stages(levels: Sequence[float]) -> Floats:
    """Levels in ascending order, each once. Raises InvalidInput for one that is no finite number."""
    stages = np.unique(np.asarray(levels, dtype=np.float64))
    if not np.all(np.isfinite(stages)):
        raise InvalidInput(say("water.levels_finite"))
    return stages


def curve_over(
    terrain: Terrain,
    shape: Any,
    *,
    seed: tuple[float, float] | None,
    connected: bool,
    stages: Floats,
    neighbours: int,
    works: Sequence[Works] = (),
) -> StorageCurve:
    """The curve of a terrain that is open already, within one geometry or None. Raises InvalidInput as storage_curve does."""
    refuse_overlaps(works)
    if seed is None and not connected:
        return _bathtub(terrain, shape, stages, neighbours, works)
    if works:
        raise InvalidInput(say("water.works_connected"))
    return _connected(terrain, shape, seed, stages, neighbours)


@dataclass(frozen=True, eq=False)
class _Part:
    """Cells that count: their level and covered share (k,), and their flat index in the frame."""

    level: Floats
    share: Floats
    cell: NDArray[np.int64]


def _counted(frame: Frame, values: NDArray[Any], shape: Any, works: Sequence[Works]) -> _Part:
    """The cells of a band that hold ground and are covered; where works cover a part of one, that part at its new level."""
    part = _covered(frame, values, shape)
    if not works:
        return part
    inside = [w.geometry if shape is None else shapely.intersection(w.geometry, shape) for w in works]
    inside = [shapely.union_all([p for p in shapely.get_parts(g) if p.geom_type == "Polygon"]) for g in inside]
    cells = covered_cells(*rings_of(np.asarray(inside, dtype=object)), frame)
    taken = np.bincount(cells.cell, cells.fraction, minlength=values.size)
    left = part.share - taken[part.cell]
    level, known = values.ravel()[cells.cell].astype(np.float64), np.isfinite(values.ravel()[cells.cell])
    for k, w in enumerate(works):
        own = slice(cells.start[k], cells.start[k + 1])
        level[own] = w.changed(level[own])
    some = left > 1e-12
    return _Part(
        np.concatenate((part.level[some], level[known])),
        np.concatenate((left[some], cells.fraction[known])),
        np.concatenate((part.cell[some], cells.cell[known])),
    )


def _covered(frame: Frame, values: NDArray[Any], shape: Any) -> _Part:
    """The cells of a band that hold ground and are covered."""
    flat = values.ravel()
    if shape is None:
        cell = np.flatnonzero(np.isfinite(flat))
        return _Part(flat[cell].astype(np.float64), np.ones(len(cell)), cell)
    cells = covered_cells(*rings_of([shape]), frame)
    known = np.isfinite(flat[cells.cell])
    cell = cells.cell[known]
    return _Part(flat[cell].astype(np.float64), cells.fraction[known], cell)


def _bathtub(terrain: Terrain, shape: Any, stages: Floats, neighbours: int, works: Sequence[Works]) -> StorageCurve:
    """Every cell below the stage counts, wherever it lies."""
    f = terrain.frame
    if terrain.values is not None and _few(terrain, shape):
        part = _counted(f, terrain.values, shape, works)
        if not len(part.level):
            raise _no_ground(terrain, shape)
        knots = knots_of_cells(part.level, part.level, part.share * terrain.cell_area)
        lowest = int(part.cell[np.argmin(part.level)])
        return _finished(terrain, shape, knots, lowest, float(part.level.max()), resolution=0.0, neighbours=neighbours)
    parts: list[Bins] = []
    bed, top, lowest, datum = np.inf, -np.inf, -1, np.nan
    for frame, values in terrain.bands():
        some = None if shape is None and not works else _counted(frame, values, shape, works)
        level = values if some is None else some.level[None]
        low, high, cell = extremes(level)
        if cell < 0:
            continue
        datum = datum if np.isfinite(datum) else float(np.floor(low))
        parts.append(_binned(values, some, entries_of_width(FINEST_M, low, high, stages, level.dtype), datum))
        parts = [merge_bins(parts)] if len(parts) >= MERGED_BANDS else parts
        top = max(top, high)
        if low < bed:
            cell = cell if some is None else int(some.cell[cell])
            bed, lowest = low, cell + round((f.north - frame.north) / f.cell_y) * f.cols
    if not parts:
        raise _no_ground(terrain, shape)
    knots = knots_of_bins(merge_bins(parts), datum, terrain.cell_area)
    return _finished(terrain, shape, knots, lowest, top, resolution=FINEST_M, neighbours=neighbours, bed=bed)


def _binned(values: NDArray[Any], part: _Part | None, entries: Entries, datum: float) -> Bins:
    """The cells of a band, or those of it that are covered, in bins."""
    if part is None:
        return bins_of(entries.lower(), *count_cells(values, entries, datum=datum))
    return bins_of(entries.lower(), *count_weighted(part.level, part.share, entries, datum=datum))


def _connected(terrain: Terrain, shape: Any, seed: tuple[float, float] | None, stages: Floats, neighbours: int) -> StorageCurve:
    """Only cells that water reaches from the seed, below the stage and within the polygons, count."""
    start = lowest(terrain, shape) if seed is None else terrain.seed_cell(*seed)
    if start is None:
        raise _no_ground(terrain, shape)
    if seed is not None and not has_ground(terrain, shape, start):
        if lowest(terrain, shape) is None:
            raise _no_ground(terrain, shape)
        where = say("water.the_polygons") if has_ground(terrain, None, start) else say("water.known_ground")
        raise InvalidInput(say("water.seed_outside", seed=seed, where=where))
    width = None if _few(terrain, shape) else FINEST_M
    found = reach(terrain, shape, start, stages=stages, neighbours=neighbours, width=width)
    left = {"known_m2": found.known_m2, "bed": found.bed_m}
    return _finished(terrain, shape, found.knots, start, found.top_m, resolution=width or 0.0, neighbours=neighbours, **left)


def _few(terrain: Terrain, shape: Any) -> bool:
    """Whether there are so few cells that every elevation may be a knot of its own."""
    f, most = terrain.frame, EXACT_CELLS * terrain.cell_area
    cells = f.rows * f.cols
    return terrain.values is not None and (cells <= EXACT_CELLS or (shape is not None and bool(shape.area <= most)))


def _finished(
    terrain: Terrain,
    shape: Any,
    knots: Knots,
    lowest: int,
    top: float,
    *,
    resolution: float,
    neighbours: int,
    known_m2: float | None = None,
    bed: float | None = None,
) -> StorageCurve:
    """The curve with how its water leaves and what ground is missing; known_m2: the ground there is, of connected water."""
    f = terrain.frame
    leaves = terrain.spill_from(*f.centre_of(lowest), neighbours=neighbours)
    notes = list(terrain.notes)
    if leaves is None:
        notes.append(say("water.leaves_too_far"))
    asked = f.rows * f.cols * terrain.cell_area if shape is None else shape.area
    known = float(knots.area[-1]) if known_m2 is None else known_m2
    missing = asked - known if asked - known > 1e-9 * asked else 0.0
    if missing:
        notes.append(say("water.missing_ground", missing=missing, asked=asked))
    flat = float(knots.area[0] / knots.area[-1])
    if knots.level[0] == 0.0 and FLAT_SHARE <= flat < 1.0:
        notes.append(say("water.exactly_zero", share=flat, turn=say("water.turn")))
    return StorageCurve(
        knots=knots,
        spill_level_m=_number(leaves.level if leaves is not None else np.nan),
        edge_level_m=_number(leaves.edge_level if leaves is not None else np.nan),
        bed_m=float(knots.level[0]) if bed is None else bed,
        top_m=top,
        missing_m2=missing,
        resolution_m=resolution,
        connected=known_m2 is not None,
        notes=tuple(notes),
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _no_ground(terrain: Terrain, shape: Any) -> InvalidInput:
    if shape is None:
        return InvalidInput(say("water.no_ground"))
    w, s, e, n = shape.bounds
    west, south, east, north = terrain.frame.bounds
    return InvalidInput(
        say(
            "water.no_overlap",
            w=w,
            e=e,
            s=s,
            n=n,
            west=west,
            east_end=east,
            south_end=south,
            north=north,
        )
    )


def _flat(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64).ravel()


def _shaped(result: Floats, like: ArrayLike) -> Any:
    shape = np.shape(like)
    if not shape:
        return float(result[0])
    return pd.Series(result, index=like.index) if isinstance(like, pd.Series) else result.reshape(shape)
