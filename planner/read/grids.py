"""The site's grids on one set of cells: terrain, ground lost, water table; with what stands in where one is missing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pyproj
import rasterio
import rasterio.shutil
from numpy.typing import NDArray

from planner.core.terrain.owner import Rule, owner_of
from planner.errors import CRSMismatch, InvalidInput
from planner.memory import MEMORY, available_memory
from planner.read.bands import chosen_band
from planner.read.depths import DEEPEST_M, DEEPEST_STATED_M, SHALLOW_M
from planner.read.gaps import covered, without_holes
from planner.read.meaning import ELEVATION, LENGTH, Meaning
from planner.read.places import EVERYWHERE, Places, cell_files
from planner.read.position import Bounds, is_old_datum, parse_crs, transformed, why_apart
from planner.read.rasters import RasterInfo, opened, raster_info, read_onto, read_raster
from planner.read.record import Record
from planner.scenario import DEPTH_COLUMN, Layer, Scenario
from planner.scratch import scratch
from planner.site import Classed, Floats, Grid
from planner.units import mu_from_m2
from planner.words import Message, say

_DEFAULT_CELLS: Final = 1_000_000  # cells of the plain laid under polygons that come without a terrain
_SUBSIDENCE_NOISE_M: Final = 0.05  # m: negative ground lost down to this is noise of the survey


@dataclass(frozen=True, eq=False)
class Context:
    """What every grid needs to know: the site's working CRS, its files, its parcels and wishes."""

    crs: pyproj.CRS
    places: Places
    scenario: Scenario
    parcels: gpd.GeoDataFrame
    record: Record
    _inside: dict[tuple[float, ...], NDArray[np.bool_]] = field(default_factory=dict, init=False)

    def inside(self, grid: Grid) -> NDArray[np.bool_]:
        """Which cells of a grid have their centre in a parcel, (rows, cols); found once for grids that lie alike."""
        if grid.frame not in self._inside:
            self._inside[grid.frame] = owner_of(self.parcels.geometry.to_numpy(), grid.frame) >= 0
        return self._inside[grid.frame]

    @property
    def bounds(self) -> Bounds:
        """West, south, east, north of the parcels, m."""
        w, s, e, n = self.parcels.total_bounds
        return float(w), float(s), float(e), float(n)

    @property
    def margin_m(self) -> float:
        """How far around the parcels the ground is read, m."""
        return self.scenario.number("measure.surroundings_m")

    @property
    def wide(self) -> Bounds:
        """West, south, east, north of the ground that is read, m."""
        w, s, e, n = self.bounds
        return w - self.margin_m, s - self.margin_m, e + self.margin_m, n + self.margin_m


def terrain_and_subsidence(context: Context) -> tuple[Context, Grid, Grid]:
    """Ground elevation today and ground lost, on the same cells, m; and the context with the parcels that lie on them.

    Of a terrain larger than the site only the cells within `measure.surroundings_m` of the parcels' bounding box are read, so
    its size does not matter; it is said in the decisions. Every cell under a parcel is as in the whole. What depends on ground
    farther away is not: water leaves a hollow that reaches beyond at the edge of what was read.
    Raises InvalidInput where the parcels reach beyond the terrain, it has holes inside them, or no depth is known.
    """
    layers, record = context.scenario.layers, context.record
    if layers.terrain is not None:
        terrain = _read_terrain(context, layers.terrain)
        context = _covered(context, terrain, layers.terrain, "terrain")
        return context, terrain, _subsidence_on(context, terrain)
    if isinstance(layers.subsidence, Layer) and not _is_column(layers.subsidence):
        lost = _opened_grid(context, layers.subsidence, "subsidence")
        context = _covered(context, lost, layers.subsidence, "subsidence")
        lost = lost.like(_lost(lost.values, layers.subsidence.path, record, stated=_stated(context, layers.subsidence)))
    else:
        lost = _subsidence_on(context, _plain(context))
    record.warn(
        say("read.no_terrain_taken"),
    )
    record.decide(say("read.terrain"), say("read.zero_less_lost"), say("read.no_terrain_given"))
    known = np.nan_to_num(lost.values, nan=0.0)
    return context, lost.like(0.0 - known), lost.like(known)


def _covered(context: Context, grid: Grid, layer: Layer, role: str) -> Context:
    """The context with the parcels that a grid knows the ground of."""
    return replace(context, parcels=covered(context.parcels, grid, layer, role, context.record))


def _plain(context: Context) -> Grid:
    """Cells for polygons that come without a raster: square, aligned to whole metres, about _DEFAULT_CELLS of them."""
    w, s, e, n = context.wide
    cell = float(max(1.0, math.ceil(math.sqrt((e - w) * (n - s) / _DEFAULT_CELLS))))
    west, north = math.floor(w / cell) * cell, math.ceil(n / cell) * cell
    cols, rows = math.ceil((e - west) / cell), math.ceil((north - s) / cell)
    context.record.decide(say("read.cell_size"), say("read.metres", cell=cell), say("read.no_raster_given"))
    return Grid(np.zeros((rows, cols)), west, north, cell, cell)


def _read_terrain(context: Context, layer: Layer) -> Grid:
    path, info, own = _checked_raster(context, layer, "terrain")
    bounds = context.bounds
    theirs = transformed(info.bounds, own, context.crs) if own is not None else info.bounds
    if bounds[0] > theirs[2] or theirs[0] > bounds[2] or bounds[1] > theirs[3] or theirs[1] > bounds[3]:
        reason = why_apart(bounds, context.crs, theirs)
        raise CRSMismatch(
            say(
                "read.apart",
                x0=bounds[0],
                x1=bounds[2],
                y0=bounds[1],
                y1=bounds[3],
                path=layer.path,
                u0=theirs[0],
                u1=theirs[2],
                v0=theirs[1],
                v1=theirs[3],
                reason=reason,
            )
        )
    return _read_window(context, (layer, "terrain"), path, info, theirs, ELEVATION)


def _opened_grid(context: Context, layer: Layer, role: str) -> Grid:
    """A raster that brings its own cells, for the parcels' bounds and a margin."""
    path, info, own = _checked_raster(context, layer, role)
    theirs = transformed(info.bounds, own, context.crs) if own is not None else info.bounds
    return _read_window(context, (layer, role), path, info, theirs, LENGTH)


def _read_window(
    context: Context, said: tuple[Layer, str], path: Path, info: RasterInfo, theirs: Bounds, meant: Meaning
) -> Grid:
    """The cells around the parcels; what is left out is said. said: the layer and its role."""
    layer, role = said
    _fits(context.wide, info, theirs, layer.path)
    with _placed(path, layer) as source:
        raster = read_raster(source, bounds=context.wide, crs=context.crs, band=info.band, meant=meant, unit=layer.unit)
    _notes(raster.notes, context.record)
    grid = without_holes(raster.grid, layer, role, context.record)
    rows, cols = grid.shape
    beyond = np.abs(np.subtract(grid.bounds, theirs)) > 2 * max(grid.cell_x, grid.cell_y)
    if beyond.any():
        whole = f"{info.rows:,} × {info.cols:,}"
        context.record.decide(
            say("read.ground_read"),
            say("read.around", margin_m=context.margin_m, rows=rows, cols=cols, whole=whole),
            say("read.leaves_at_edge"),
        )
    return grid


def onto(context: Context, layer: Layer, role: str, grid: Grid, *, meant: Meaning = LENGTH) -> Grid:
    """A raster brought onto the terrain's cells (bilinear), metres, NaN where it does not reach."""
    path, info, own = _checked_raster(context, layer, role)
    same = own is None or own == context.crs
    asked: dict[str, Any] = {"crs": context.crs, "band": info.band, "meant": meant, "unit": layer.unit}
    if same and not info.rotated and _same_lattice(info, grid):
        with _placed(path, layer) as source:
            raster = read_raster(source, bounds=grid.bounds, **asked)
        if raster.grid.aligned(grid):
            _notes(raster.notes, context.record)
            return without_holes(raster.grid, layer, role, context.record)
    with _placed(path, layer) as source:
        raster = read_onto(source, grid, **asked)
    _notes(raster.notes, context.record)
    unit = "deg" if (own or context.crs).is_geographic else "m"
    context.record.warn(say("read.brought_onto", path=layer.path, cell_x=grid.cell_x, own_x=info.cell_x, unit=unit))
    return without_holes(raster.grid, layer, role, context.record)


def _same_lattice(info: RasterInfo, grid: Grid) -> bool:
    if abs(info.cell_x - grid.cell_x) > 1e-6 * grid.cell_x or abs(info.cell_y - grid.cell_y) > 1e-6 * grid.cell_y:
        return False
    shift_x, shift_y = (info.bounds[0] - grid.west) / grid.cell_x, (info.bounds[3] - grid.north) / grid.cell_y
    return abs(shift_x - round(shift_x)) < 1e-3 and abs(shift_y - round(shift_y)) < 1e-3


def _checked_raster(context: Context, layer: Layer, role: str) -> tuple[Path, RasterInfo, pyproj.CRS | None]:
    path = context.places.raster(layer.path)
    info = chosen_band(raster_info(path), layer, role, context.record)
    own = _raster_crs(layer, info, role)
    window = EVERYWHERE if own is None or info.rotated else _cells_in(transformed(context.wide, context.crs, own), info)
    context.record.used(role, layer.path, cell_files(path, window))
    return path, info, own


def _cells_in(bounds: Bounds, info: RasterInfo) -> tuple[float, float, float, float]:
    """First column and row, last column and row of the cells that may be asked for within bounds in a raster's own CRS."""
    west, south, east, north = bounds
    left, right = (west - info.bounds[0]) / info.cell_x, (east - info.bounds[0]) / info.cell_x
    top, bottom = (info.bounds[3] - north) / info.cell_y, (info.bounds[3] - south) / info.cell_y
    return left - 2, top - 2, right + 2, bottom + 2  # the cells beside take part in interpolation


def _raster_crs(layer: Layer, info: RasterInfo, role: str) -> pyproj.CRS | None:
    own = parse_crs(layer.crs, where=f"layers.{role}.crs") if layer.crs else info.crs
    if own is not None and is_old_datum(own):
        raise CRSMismatch(say("read.old_datum_raster", path=layer.path, crs=own.name))
    return own


@contextmanager
def _placed(path: Path, layer: Layer) -> Iterator[Path]:
    """The raster as it lies, or a virtual copy of it in the CRS its layer was given."""
    if layer.crs is None:
        yield path
        return
    with scratch() as work:
        copy = work / "placed.vrt"
        with opened(path) as source:  # whose files the copy names: they stay while it is used
            rasterio.shutil.copy(source, copy, driver="VRT")
            with rasterio.open(copy, "r+", driver="VRT") as virtual:
                virtual.crs = parse_crs(layer.crs, where=layer.path).to_wkt()
            yield copy


def _fits(wide: Bounds, info: RasterInfo, theirs: Bounds, shown: str) -> None:
    width = min(wide[2], theirs[2]) - max(wide[0], theirs[0])
    height = min(wide[3], theirs[3]) - max(wide[1], theirs[1])
    cells = info.rows * info.cols * max(width, 0) / (theirs[2] - theirs[0]) * max(height, 0) / (theirs[3] - theirs[1])
    need, have = MEMORY.of_a_site(cells, available_memory())
    if need > have:
        factor = math.ceil(math.sqrt(need / have))
        raise InvalidInput(
            say("read.cells_memory", path=shown, cells=cells / 1e6, need=need / 1e9, have=have / 1e9, times=factor)
        )


def _is_column(layer: Layer) -> bool:
    return layer.path == DEPTH_COLUMN


def _subsidence_on(context: Context, grid: Grid) -> Grid:
    """Ground lost on the terrain's cells: from a raster, a number, or the parcels' depths; zero outside the parcels."""
    given, record = context.scenario.layers.subsidence, context.record
    if isinstance(given, Layer) and not _is_column(given):
        found = onto(context, given, "subsidence", grid).values
        deepest = float(np.nanmax(np.abs(found), initial=0.0))
        shown = deepest > DEEPEST_M and bool(deepest <= np.ptp(grid.values[np.isfinite(grid.values)]))
        lost = _lost(found, given.path, record, stated=_stated(context, given), shown=shown)
        _subsidence_gaps(context, grid.like(lost), given.path)
        return grid.like(np.fmax(lost, 0.0))
    of_cell = owner_of(context.parcels.geometry.to_numpy(), grid.frame, rule=Rule.TOUCH)
    if isinstance(given, float):
        return grid.like(_lost(np.where(of_cell >= 0, given, 0.0), "layers.subsidence", record))
    depth = context.parcels["subsidence_m"].to_numpy(dtype=float)
    unknown = np.flatnonzero(np.isnan(depth))
    if len(unknown) == len(depth):
        raise InvalidInput(say("read.no_depth_at_all"))
    if len(unknown):
        raise InvalidInput(say("read.parcels_no_depth", parcel=context.parcels.index[unknown[0]], more=len(unknown) - 1))
    record.decide(
        say("read.subsidence"),
        say("read.polygons_depth_column"),
        say("read.no_raster_given"),
    )
    return Classed(grid.frame, of_cell, np.append(depth, 0.0))


def _stated(context: Context, layer: Layer) -> bool:
    """Whether the unit of a raster is known: from site.toml or from the file."""
    path = context.places.raster(layer.path)
    info = chosen_band(raster_info(path), layer, "subsidence", Record())
    return layer.unit is not None or info.unit is not None


def _lost(values: Floats, path: str, record: Record, *, stated: bool = False, shown: bool = False) -> Floats:
    """Ground lost ≥ 0: noise clipped; a raster of negative sinking turned over.

    stated: whether its unit is known. shown: whether the terrain's relief has room for it. Raises InvalidInput for uplift, and
    for what is too deep or may be in another unit.
    """
    low, high = float(np.nanmin(values, initial=0.0)), float(np.nanmax(values, initial=0.0))
    if low < -_SUBSIDENCE_NOISE_M and high <= _SUBSIDENCE_NOISE_M:
        record.warn(say("read.sinking_negative", path=path))
        values, low, high = -values, -high, -low
    if low < -_SUBSIDENCE_NOISE_M:
        raise InvalidInput(say("read.uplift", path=path, low=low, high=high))
    if high > (DEEPEST_STATED_M if stated or shown else DEEPEST_M):
        raise InvalidInput(say("read.lost_too_much", path=path, high=high))
    if high > SHALLOW_M and not stated:
        record.warn(say("read.lost_much", path=path, high=high))
    return np.asarray(np.maximum(values, 0.0))


def _subsidence_gaps(context: Context, lost: Grid, shown: str) -> None:
    gaps = np.isnan(lost.values)
    if gaps.any():
        hit = gaps & context.inside(lost)
        if hit.any():
            area = mu_from_m2(float(hit.sum()) * lost.cell_area)
            context.record.warn(
                say("read.no_value_over", shown=shown, area=area),
            )


def _notes(notes: Sequence[Message], record: Record) -> None:
    for note in notes:
        record.warn(note)
