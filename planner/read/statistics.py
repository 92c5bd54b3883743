"""Statistics of rasters under polygons, straight from the files, whatever their size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.windows import Window

from planner.core.polygons.rings import Rings, rings_of
from planner.core.terrain.cells import blank
from planner.core.terrain.coverage import covered_cells
from planner.core.terrain.sweeping import FAR, HIGH, LOW, MISSING, TOTAL, WEIGHT, Sweep
from planner.core.terrain.zonal import OpenPieces, by_class
from planner.errors import CRSMismatch, InvalidInput
from planner.frame import Frame
from planner.memory import MEMORY, available_memory
from planner.read.meaning import metres_per_unit
from planner.read.position import keeps_areas, metric_crs
from planner.read.rasters import opened, plain_values, raster_info, read_raster, stored_in
from planner.read.ratios import same_place
from planner.read.tiled import open_tiled
from planner.site import Floats, Grid
from planner.words import say

CROSSING: Final = 1e-9  # of a cell: a covered fraction further below 0 or above 1 is no rounding

Ints = NDArray[np.int64]
Source = str | Path | Grid


@dataclass(frozen=True, eq=False)
class RasterStatistics:
    """What n polygons cover of one raster, in cells, each (n,), a partly covered cell counting with its covered fraction.

    weight: known cells. missing: cells without data. outside: what of the polygon lies beyond the raster. total:
    Σ fraction · value. low, high: least and greatest value, NaN where none is known. quantiles: (n, q) at shares (q,). classes:
    (n, b + 1) known cells below the first of breaks (b,), from each of them on, and from the last one on. index: the polygons'
    labels. cell_area: m². name: the raster's.
    """

    name: str
    index: pd.Index
    cell_area: float
    weight: Floats
    missing: Floats
    outside: Floats
    total: Floats
    low: Floats
    high: Floats
    shares: Floats
    quantiles: Floats
    breaks: Floats
    classes: Floats

    @property
    def mean(self) -> Floats:
        """Weighted mean, NaN where nothing is known."""
        return np.divide(self.total, self.weight, out=np.full_like(self.total, np.nan), where=self.weight > 0)

    def table(self) -> pd.DataFrame:
        """One row a polygon: area known, missing, outside, m²; mean, sum over cells, extremes, quantiles; area by class, m²."""
        columns: dict[str, Floats] = {
            "area_m2": self.weight * self.cell_area,
            "missing_m2": self.missing * self.cell_area,
            "outside_m2": self.outside * self.cell_area,
            "mean": self.mean,
            "sum": self.total,
            "min": self.low,
            "max": self.high,
        }
        columns |= {f"q{100 * share:g}": self.quantiles[:, k] for k, share in enumerate(self.shares)}
        if len(self.breaks):
            told = [f"{b:g}" for b in self.breaks]
            names = [f"below {told[0]}", *(f"{a} to {b}" for a, b in pairwise(told)), f"from {told[-1]}"]
            columns |= {f"{name}, m2": self.classes[:, k] * self.cell_area for k, name in enumerate(names)}
        return pd.DataFrame(columns, index=self.index)


def raster_statistics(
    rasters: Source | Sequence[Source],
    polygons: Any,
    *,
    band: int = 1,
    quantiles: Sequence[float] = (),
    classes: Sequence[float] = (),
    tile_cells: int = MEMORY.statistics_cells,
) -> tuple[RasterStatistics, ...]:
    """Coverage-weighted statistics of polygons over one or several aligned rasters in one pass, one result for each raster.

    rasters: north-up files or Grids with the same cells, in metres, of any types. polygons: a GeoDataFrame, a GeoSeries or
    shapely polygons, (n,), in the rasters' CRS; they may overlap. quantiles: shares in 0…1. classes: ascending values that part
    classes. Cells without data are counted in `missing`, what lies beyond the raster in `outside`, neither in the statistics.
    Read in tiles of about tile_cells cells, only where there are polygons, each swept once for all rasters. For quantiles the
    values under polygons that are not complete are kept, many equal ones as one; nothing else grows with the rasters.
    Rasters in degrees, feet or a projection that does not keep areas are warped (bilinear) to the zone they lie in.
    Raises InvalidInput where a file cannot be read, is rotated or south-up, the rasters have different cells, a
    polygon is no polygon, crosses itself or has a vertex that is not finite, or quantiles need more than half the free memory;
    CRSMismatch where polygons and rasters have different CRS or a raster has none and no position.

    Examples
    --------
    >>> import numpy as np
    >>> import planner as pl
    >>> import geopandas as gpd
    >>> import shapely
    >>> ground = pl.Grid(np.array([[1.0, 2.0], [3.0, 4.0]]), 0.0, 20.0, 10.0, 10.0)
    >>> parcel = gpd.GeoSeries([shapely.box(0, 0, 15, 20)], index=["P1"])  # all of the west, half of the east
    >>> pl.raster_statistics(ground, parcel)[0].mean.round(4).tolist()
    [2.3333]
    """
    sources: list[Source] = [rasters] if isinstance(rasters, str | Path | Grid) else list(rasters)
    shares, breaks = _numbers(quantiles, classes)
    shapes, index, crs = _shapes(polygons)
    sources, shapes, crs = _metric(sources, shapes, crs, band)
    with _opened(sources, band, crs) as layers:
        frame = layers[0].frame
        try:
            rings = rings_of(shapes)
        except ValueError as error:
            raise InvalidInput(say("read.polygons_wrong", why=str(error))) from None
        found = Sweep(*rings, frame=frame, rasters=len(layers))
        lists = _Lists(rings, found, frame, shares, breaks, len(layers))
        for row, col, near, tile in _tiles(layers, found, tile_cells):
            found.add(tile, row=row, col=col, near=near)
            if len(shares) or len(breaks):
                lists.add(tile, row, col, near)
        lists.close(frame.rows)
        _uncrossed(found.statistics[:, :, FAR], index)
        outside = _outside(shapes, found, frame)
        how = {"shares": shares, "breaks": breaks}
        of = found.statistics
        return tuple(
            _result(layer, index, of[:, k], outside, quantiles=lists.quantiles[:, k], cells=lists.classes[:, k], **how)
            for k, layer in enumerate(layers)
        )


def _numbers(quantiles: Sequence[float], classes: Sequence[float]) -> tuple[Floats, Floats]:
    shares, breaks = np.asarray(quantiles, dtype=np.float64).ravel(), np.asarray(classes, dtype=np.float64).ravel()
    if not np.all((shares >= 0) & (shares <= 1)):
        raise InvalidInput(say("read.quantile_range", asked=list(quantiles)))
    if not np.all(np.isfinite(breaks)) or np.any(np.diff(breaks) <= 0):
        raise InvalidInput(say("read.class_order", asked=list(classes)))
    return shares, breaks


def _shapes(polygons: Any) -> tuple[NDArray[Any], pd.Index, pyproj.CRS | None]:
    if isinstance(polygons, gpd.GeoDataFrame | gpd.GeoSeries):
        return np.asarray(polygons.geometry), polygons.index, polygons.crs
    if isinstance(polygons, pd.Series):
        return np.asarray(polygons, dtype=object), polygons.index, None
    shapes = np.asarray(polygons if isinstance(polygons, np.ndarray) else list(polygons), dtype=object)
    return shapes, pd.RangeIndex(len(shapes)), None


def _metric(
    sources: list[Source], shapes: NDArray[Any], crs: pyproj.CRS | None, band: int
) -> tuple[list[Source], NDArray[Any], pyproj.CRS | None]:
    """Rasters and polygons as they are; in the zone they lie in where the first raster's CRS does not keep areas."""
    if not sources or isinstance(sources[0], Grid):
        return sources, shapes, crs
    first = raster_info(sources[0])
    if first.crs is None or keeps_areas(first.crs, first.bounds):
        return sources, shapes, crs
    if crs is not None and not same_place(first.crs, crs):
        raise CRSMismatch(say("read.other_crs", name=Path(sources[0]).name, theirs=first.crs.name, ours=crs.name))
    metric = metric_crs(first.bounds, first.crs)
    grids: list[Source] = [s if isinstance(s, Grid) else read_raster(s, crs=metric, band=band).grid for s in sources]
    return grids, np.asarray(gpd.GeoSeries(shapes, crs=first.crs).to_crs(metric)), metric


def _result(
    layer: _Layer,
    index: pd.Index,
    found: Floats,
    outside: Floats,
    *,
    shares: Floats,
    quantiles: Floats,
    breaks: Floats,
    cells: Floats,
) -> RasterStatistics:
    known = found[:, WEIGHT] > 0
    return RasterStatistics(
        layer.name,
        index,
        layer.cell_area,
        found[:, WEIGHT],
        found[:, MISSING],
        outside,
        found[:, TOTAL],
        np.where(known, found[:, LOW], np.nan),
        np.where(known, found[:, HIGH], np.nan),
        shares,
        quantiles,
        breaks,
        cells,
    )


def _uncrossed(far: Floats, index: pd.Index) -> None:
    wrong = np.flatnonzero(far.max(axis=1, initial=0.0) > 0.5 + CROSSING)
    if len(wrong):
        more = say("read.and_more", n=len(wrong) - 1) if len(wrong) > 1 else ""
        raise InvalidInput(say("read.crosses_itself", polygon=index[wrong[0]], more=more))


def _outside(shapes: NDArray[Any], found: Sweep, frame: Frame) -> Floats:
    """What of each polygon lies beyond the raster, in cells, (n,)."""
    west, south, east, north = shapely.bounds(shapes).T
    reach = (frame.west, frame.north - frame.rows * frame.cell_y, frame.west + frame.cols * frame.cell_x, frame.north)
    beyond = (west < reach[0]) | (south < reach[1]) | (east > reach[2]) | (north > reach[3])
    out = np.zeros(len(shapes))
    covered = found.statistics[beyond, 0, WEIGHT] + found.statistics[beyond, 0, MISSING]
    out[beyond] = np.maximum(shapely.area(shapes[beyond]) / (frame.cell_x * frame.cell_y) - covered, 0.0)
    return out


@dataclass(frozen=True, eq=False)
class _Layer:
    """One raster ready for reading: read(row, col, out) writes a part of it, NaN for missing, to out of the precision kind."""

    name: str
    frame: Frame
    cell_area: float
    kind: Any
    block: tuple[int, int]
    read: Callable[[int, int, NDArray[Any]], None]


@contextmanager
def _opened(sources: Sequence[Source], band: int, crs: pyproj.CRS | None) -> Iterator[list[_Layer]]:
    """The rasters, all of the same cells and in the polygons' CRS."""
    if not sources:
        raise InvalidInput(say("read.no_raster"))
    with ExitStack() as stack:
        stack.enter_context(rasterio.Env(GDAL_CACHEMAX=MEMORY.cache_mb))
        layers = [
            _grid(source, f"grid {k + 1}") if isinstance(source, Grid) else _file(source, band, crs, stack)
            for k, source in enumerate(sources)
        ]
        first = layers[0]
        for layer in layers[1:]:
            apart = np.abs(np.array(layer.frame) - first.frame)
            if np.any(apart[:4] > 1e-6 * min(first.frame.cell_x, first.frame.cell_y)) or np.any(apart[4:]):
                raise InvalidInput(say("read.other_cells", name=layer.name, first=first.name))
        yield layers


def _grid(grid: Grid, name: str) -> _Layer:
    def read(row: int, col: int, out: NDArray[Any]) -> None:
        out[:] = grid.values[row : row + out.shape[0], col : col + out.shape[1]]
        blank(out, np.zeros(0, dtype=out.dtype))

    return _Layer(name, grid.frame, grid.cell_area, np.float64, (1, 1), read)


def _file(path: str | Path, band: int, crs: pyproj.CRS | None, stack: ExitStack) -> _Layer:
    tiled, name = open_tiled(path, band=band), Path(path).name
    own = raster_info(path).crs
    if crs is not None and own is not None and not same_place(own, crs):
        raise CRSMismatch(say("read.other_crs", name=name, theirs=own.name, ours=crs.name))
    source = stack.enter_context(opened(path))
    kind, factor = stored_in(source, band), metres_per_unit(source, band, [])

    def read(row: int, col: int, out: NDArray[Any]) -> None:
        window = Window(col, row, out.shape[1], out.shape[0])
        if out.dtype == kind:
            plain_values(source, band, window, [], keep_float32=True, out=out)
        else:
            out[:] = plain_values(source, band, window, [], keep_float32=True)
        if factor != 1.0:
            out *= factor

    metre = own.axis_info[0].unit_conversion_factor if own is not None and own.axis_info else 1.0
    return _Layer(name, tiled.frame, tiled.cell_area * metre**2, kind, source.block_shapes[band - 1], read)


def _tiles(layers: Sequence[_Layer], found: Sweep, tile_cells: int) -> Iterator[tuple[int, int, Ints, NDArray[Any]]]:
    """Tiles of all rasters that polygons may reach: row, column, those near its rows, values (k, rows, cols).

    The values are overwritten by the next tile's.
    """
    frame = layers[0].frame
    tall, wide = _tile_shape([layer.block for layer in layers], frame, tile_cells)
    kind = np.result_type(*(layer.kind for layer in layers))
    buffer = np.empty(len(layers) * tall * wide, dtype=kind)
    for row in range(0, frame.rows, tall):
        rows = min(tall, frame.rows - row)
        near = found.near(row, row + rows)
        begin, end = found.window[near, 1], found.window[near, 1] + found.window[near, 3]
        for col in range(0, frame.cols, wide):
            cols = min(wide, frame.cols - col)
            if not np.any((begin < col + cols) & (end > col)):
                continue
            tile = buffer[: len(layers) * rows * cols].reshape(len(layers), rows, cols)
            for layer, values in zip(layers, tile, strict=True):
                layer.read(row, col, values)
            yield row, col, near, tile


def _tile_shape(blocks: Sequence[tuple[int, int]], frame: Frame, tile_cells: int) -> tuple[int, int]:
    """Rows and columns of a tile: of whole blocks of the files, unless one alone has more than tile_cells cells."""
    tall, wide = max(b[0] for b in blocks), max(b[1] for b in blocks)
    wide = min(frame.cols, wide * max(1, tile_cells // (tall * wide)))
    tall = tall * max(1, tile_cells // (tall * wide)) if tall * wide <= tile_cells else max(1, tile_cells // wide)
    return min(tall, frame.rows), wide


class _Lists:
    """What needs every cell by itself: quantiles and classes, from lists of the cells that polygons cover in a tile.

    quantiles: (n, k, q), filled as polygons are complete. classes: (n, k, b + 1) cells.
    """

    def __init__(self, rings: Rings, found: Sweep, frame: Frame, shares: Floats, breaks: Floats, rasters: int):
        self._rings, self._window, self._frame = rings, found.window, frame
        self._shares, self._breaks = shares, breaks
        self._open = [OpenPieces(len(rings)) for _ in range(rasters)]
        self._row = 0
        self._may_hold = available_memory() * MEMORY.list_share
        self.quantiles = np.full((len(rings), rasters, len(shares)), np.nan)
        self.classes = np.zeros((len(rings), rasters, len(breaks) + 1 if len(breaks) else 0))

    def add(self, tile: NDArray[Any], row: int, col: int, near: Ints) -> None:
        """Adds the cells of a tile; tiles come from north to south."""
        if row > self._row:
            self.close(row)
        _, rows, cols = tile.shape
        low = np.maximum(self._window[near, :2], (row, col))
        high = np.minimum(self._window[near, :2] + self._window[near, 2:], (row + rows, col + cols))
        cells = np.prod(np.maximum(high - low, 0), axis=1)
        wanted, share = near[cells > 0], np.cumsum(cells[cells > 0]) // MEMORY.listed_cells
        for part in np.split(wanted, np.flatnonzero(np.diff(share)) + 1):
            found = covered_cells(*self._rings.take(part), self._frame, window=(row, col, rows, cols))
            for k, values in enumerate(tile):
                self._take(k, part, found.start, values.ravel()[found.cell], found.fraction)

    def _take(self, k: int, part: Ints, start: Ints, value: NDArray[Any], weight: Floats) -> None:
        if len(self._breaks):
            self.classes[part, k] += by_class(start, value, weight, self._breaks)[:, :-1]
        if len(self._shares):
            self._open[k].add(part, start, value, weight)
            held = sum(pieces.held for pieces in self._open)
            if held > self._may_hold:
                raise InvalidInput(say("read.quantile_memory", size=held / 2**30))

    def close(self, row: int) -> None:
        """Reads the quantiles of polygons that end in the rows from where it last was to `row`."""
        end = self._window[:, 0] + self._window[:, 2]
        if not len(self._shares):
            return
        for piece in np.flatnonzero((self._window[:, 2] > 0) & (end > self._row) & (end <= row)).tolist():
            for k, pieces in enumerate(self._open):
                self.quantiles[piece, k] = pieces.close(piece, self._shares)
        self._row = row
