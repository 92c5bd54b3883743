"""The ground a storage curve is taken over: a grid, or a file read whole, in part, or band by band."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from planner.core.terrain.cells import HUGE, blank
from planner.core.terrain.neighbours import KNOWN
from planner.core.terrain.spill import Spill, spill
from planner.errors import CRSMismatch, InvalidInput
from planner.frame import Frame
from planner.memory import MEMORY
from planner.read.meaning import ELEVATION, plausible
from planner.read.position import computed, is_old_datum, keeps_areas, label, metric_crs, parse_crs
from planner.read.rasters import RasterInfo, raster_info, read_raster
from planner.read.tiled import TiledRaster, open_tiled
from planner.site import Grid
from planner.words import Message, say

Floats = NDArray[np.float64]

IN_MEMORY_CELLS: Final = MEMORY.whole_cells
DEPTHS: Final = re.compile(r"depth|subsid|bathym|水深|深度|下沉", re.IGNORECASE)  # what is counted downward, by its name
FLAT_SHARE: Final = 0.2  # of the cells exactly 0, with all others above, from which a terrain may be depths or filled with 0
TILE_CELLS: Final = MEMORY.band_cells
WHOLE_CELLS: Final = MEMORY.at_once_cells
FINEST_CELL: Final = 0.01  # of a terrain without a CRS, below which its cells are degrees rather than metres
FIRST_WINDOW: Final = 2048  # rows and columns of the first window in which a spill is sought in a large file

Progress = Callable[[int, int], None]  # rows read of all there are; each pass over them begins anew


@dataclass(frozen=True, eq=False)
class Terrain:
    """A terrain in memory, or a file too large for it.

    frame: where the cells lie. values: (rows, cols) float32 or float64, NaN for missing; None where the cells are read band by
    band. file: the whole file, where values is None or only the part of it that is asked for. notes: what had to be decided.
    progress: told with every band that is read. given: the CRS of points, where the cells were warped to another.
    """

    frame: Frame
    values: NDArray[Any] | None
    file: TiledRaster | None
    crs: pyproj.CRS | None
    notes: tuple[Message, ...] = ()
    progress: Progress | None = None
    given: pyproj.CRS | None = None

    @property
    def cell_area(self) -> float:
        """Plane area of one cell, m²."""
        return self.frame.cell_area

    @property
    def kind(self) -> Any:
        """Precision of the cells, float32 or float64."""
        if self.values is not None:
            return self.values.dtype
        return np.dtype(np.float64) if self.file is None else self.file.window(0, 0, 1, 1).dtype

    def bands(self, tile_cells: int | None = None) -> Iterator[tuple[Frame, NDArray[Any]]]:
        """The terrain in row bands from north to south, each with where it lies; read from a file, the next overwrites it.

        tile_cells: about how many cells a band has at most; without it what is read fastest.
        """
        done = 0
        for frame, values in self._parts(tile_cells):
            yield frame, values
            done += len(values)
            if self.progress is not None:
                self.progress(done, self.frame.rows)

    def _parts(self, tile_cells: int | None) -> Iterator[tuple[Frame, NDArray[Any]]]:
        f = self.frame
        if self.values is not None:
            height = max(1, (TILE_CELLS if tile_cells is None else tile_cells) // f.cols)
            for row in range(0, f.rows, height):
                part = self.values[row : row + height]
                yield f._replace(north=f.north - row * f.cell_y, rows=len(part)), part
        elif self.file is not None:
            for tile in self.file.tiles(tile_cells=tile_cells):
                plausible(tile.values, ELEVATION, [], self.file.path, checked=0)
                yield f._replace(north=f.north - tile.row * f.cell_y, rows=len(tile.values)), tile.values

    def seed_cell(self, x: float, y: float) -> int:
        """As cell_at, of a point as it is given: in the file's CRS, where the cells were warped to another."""
        if self.given is not None and self.crs is not None and np.isfinite(x) and np.isfinite(y):
            with computed(self.given, self.crs):
                x, y = pyproj.Transformer.from_crs(self.given, self.crs, always_xy=True).transform(x, y)
        return self.cell_at(x, y)

    def cell_at(self, x: float, y: float) -> int:
        """Flat index of the cell a point lies in. Raises InvalidInput where it lies outside."""
        f = self.frame
        if not (np.isfinite(x) and np.isfinite(y)):
            raise InvalidInput(say("water.seed_finite", x=x, y=y))
        row, col = f.cell(x, y)
        if not f.holds(row, col):
            west, south, east, north = f.bounds
            raise InvalidInput(say("water.seed_off", x=x, y=y, west=west, east_end=east, south_end=south, north=north))
        return int(row * f.cols + col)

    def value_at(self, row: int, col: int) -> float:
        """Elevation of a cell, m; NaN where it is missing."""
        if self.values is not None:
            return float(self.values[row, col])
        return np.nan if self.file is None else float(self.file.window(row, col, 1, 1)[0, 0])

    def spill_from(self, x: float, y: float, *, neighbours: int) -> Spill | None:
        """How water that rises from a point leaves the data; None where a part that fits in memory does not show it.

        Of a file too large for memory, windows around the point are read, each twice as wide, until the water leaves one at the
        data's own edge or over a rim within it.
        """
        if self.values is not None and self.file is None:
            return spill(self.values, self.cell_at(x, y), neighbours)
        file, size = self.file, FIRST_WINDOW
        if file is None:
            return None
        row, col = (int(k) for k in file.frame.cell(x, y))
        while True:
            top, left = max(0, row - size // 2), max(0, col - size // 2)
            rows, cols = min(file.rows - top, size), min(file.cols - left, size)
            if rows * cols > IN_MEMORY_CELLS:
                return None
            found = spill(file.window(top, left, rows, cols), (row - top) * cols + col - left, neighbours)
            at_row, at_col = found.edge_cell // cols + top, found.edge_cell % cols + left
            inner = (at_row in (top, top + rows - 1) and at_row not in (0, file.rows - 1)) or (
                at_col in (left, left + cols - 1) and at_col not in (0, file.cols - 1)
            )
            if not inner or found.edge_cell < 0:
                return found
            size *= 2


def checked_neighbours(neighbours: int) -> int:
    """How many neighbours a cell has, 4 or 8. Raises InvalidInput for another number."""
    if neighbours not in KNOWN:
        raise InvalidInput(say("water.neighbours", neighbours=neighbours))
    return int(neighbours)


def terrain_of(
    dem: Grid | str | Path,
    *,
    bounds: Any = None,
    band: int = 1,
    in_memory_cells: int = IN_MEMORY_CELLS,
    crs: pyproj.CRS | None = None,
) -> Terrain:
    """The terrain a Grid or a raster file holds; files of more than in_memory_cells are read band by band.

    bounds: west, south, east, north (in crs, else the file's CRS) of what is asked for: of a file too large, only that part is
    read. crs: the CRS to warp it to, where its own does not keep areas (`metric_of`). Raises InvalidInput where the file cannot
    be read or its cells are no elevations.
    """
    if isinstance(dem, Grid):
        return Terrain(dem.frame, _plain(dem.values), None, None)
    info = raster_info(dem)
    name = Path(dem).name
    if crs is not None and info.crs is not None:
        _check_warpable(name, info, in_memory_cells)
        raster = read_raster(dem, bounds=bounds, crs=crs, band=band, meant=ELEVATION)
        told = say("read.warped_metres", path=name, crs=info.crs.name, working=label(crs))
        notes = (told, *(n for n in raster.notes if getattr(n, "code", "") != "read.warped"))
        return Terrain(raster.grid.frame, raster.grid.values, None, crs, notes, given=info.crs)
    _check_metres(name, info)
    file = None
    if info.rows * info.cols > in_memory_cells:
        file = open_tiled(dem, band=band, meant=ELEVATION)
        part = _cells_within(file, bounds)
        if bounds is None or part > in_memory_cells:
            return Terrain(file.frame, None, file, info.crs, file.notes)
    if file is None and info.rows * info.cols > WHOLE_CELLS and info.upright:
        return _assembled(open_tiled(dem, band=band, meant=ELEVATION), info.crs)
    raster = read_raster(dem, bounds=bounds if file is not None else None, band=band, meant=ELEVATION)
    grid = raster.grid
    values: NDArray[Any] = grid.values
    if info.dtype == "float32":
        single = values.astype(np.float32)
        values = single if np.array_equal(single, values, equal_nan=True) else values
    return Terrain(grid.frame, values, file, raster.crs, raster.notes)


def metric_of(info: RasterInfo) -> pyproj.CRS | None:
    """The CRS to warp a file to so that its cells have areas in m²; None where its own will do, or is not known."""
    if info.crs is None or is_old_datum(info.crs) or keeps_areas(info.crs, info.bounds):
        return None
    return metric_crs(info.bounds, info.crs)


def terrain_within(
    dem: Grid | str | Path, within: Any = None, *, band: int = 1, crs: Any = None, progress: Progress | None = None
) -> tuple[Terrain, list[Any]]:
    """The terrain and the polygons (as polygons_of) that limit it, none where within is None. Raises as both do.

    A terrain in degrees, feet or a projection that does not keep areas is warped to the zone it lies in. crs: of a file that
    names none.
    """
    info = None if isinstance(dem, Grid) else raster_info(dem)
    if info is not None and info.crs is None and crs is not None:
        info = replace(info, crs=parse_crs(crs, where="crs"))
        _check_metres(Path(str(dem)).name, info)
    metric = metric_of(info) if info is not None and crs is None else None
    known = metric if metric is not None else None if info is None else info.crs
    shapes = [] if within is None else polygons_of(within, known)
    bounds = tuple(shapely.total_bounds(np.asarray(shapes, dtype=object))) if shapes else None
    terrain = terrain_of(dem, bounds=bounds if metric is None else None, band=band, crs=metric)
    notes = [] if info is None else _told_of(info, Path(str(dem)).stem, band, getattr(within, "crs", None))
    known = terrain.crs if known is None else known
    return replace(terrain, crs=known, notes=(*terrain.notes, *notes), progress=progress), shapes


def _check_warpable(name: str, info: RasterInfo, most: int) -> None:
    if info.rows * info.cols > most:
        _check_metres(name, info)
        raise InvalidInput(
            say("water.too_large_to_warp", name=name, cells=info.rows * info.cols, crs=info.crs.name if info.crs else "")
        )


def _told_of(info: RasterInfo, name: str, band: int, polygons: pyproj.CRS | None) -> list[Message]:
    """What is to be said of a file before its cells are looked at."""
    notes = []
    if info.crs is None:
        notes.append(say("water.no_crs") if polygons is None else say("water.polygons_crs", crs=polygons.name))
    if info.bands > 1:
        notes.append(say("water.bands", bands=info.bands, band=band))
    said = DEPTHS.search(f"{info.names[band - 1]} {name}")
    if said is not None:
        notes.append(say("water.called", name=said.group(), turn=say("water.turn")))
    return notes


def _check_metres(name: str, info: RasterInfo) -> None:
    """Raises InvalidInput where cells are not measured in metres: areas and volumes would be none."""
    west, south, east, north = info.bounds
    zone = round((west + east) / 6)
    known = f"EPSG:{4513 + zone - 25}" if 25 <= zone <= 45 else "EPSG:…"  # CGCS2000 / 3-degree Gauss–Krüger zone
    fix = say("water.warp", crs=known, name=name)
    if info.crs is None:
        small = max(info.cell_x, info.cell_y) < FINEST_CELL
        if small and -180 <= west < east <= 180 and -90 <= south < north <= 90:
            raise InvalidInput(say("water.like_degrees", name=name, cell_x=info.cell_x, fix=fix))
    elif info.crs.is_geographic:
        raise InvalidInput(say("water.in_degrees", name=name, fix=fix))
    else:
        axis = info.crs.axis_info[0] if info.crs.axis_info else None
        if axis is not None and axis.unit_conversion_factor not in (0.0, 1.0):
            fix = say("water.warp", crs="EPSG:…", name=name)
            raise InvalidInput(say("water.in_feet", name=name, unit=axis.unit_name, fix=fix))


def _plain(values: Floats) -> Floats:
    """Elevations with NaN for what is none, as they are read from files."""
    values = np.ascontiguousarray(values)
    if np.any(np.abs(values) >= HUGE):
        values = values.copy()
        blank(values, np.zeros(0, dtype=values.dtype))
    return values


def _assembled(file: TiledRaster, crs: pyproj.CRS | None) -> Terrain:
    """A large file put together in single precision, window by window: nothing else of its size is ever in memory."""
    values = np.empty((file.rows, file.cols), dtype=np.float32)
    for tile in file.tiles():
        if tile.values.dtype != np.float32 and values.dtype == np.float32:
            single = tile.values.astype(np.float32)
            if not np.array_equal(single, tile.values, equal_nan=True):
                values = values.astype(np.float64)
        values[tile.row : tile.row + len(tile.values)] = tile.values
    notes = list(file.notes)
    plausible(values, ELEVATION, notes, Path(file.path).name)
    return Terrain(file.frame, values, None, crs, tuple(notes))


def _cells_within(file: TiledRaster, bounds: Any) -> float:
    if bounds is None:
        return float(file.rows * file.cols)
    west, south, east, north = bounds
    return float(((east - west) / file.cell_x + 2.0) * ((north - south) / file.cell_y + 2.0))


def polygons_of(within: Any, crs: pyproj.CRS | None) -> list[Any]:
    """The polygons storage is limited to, in the terrain's CRS.

    within: GeoSeries, GeoDataFrame, one geometry or several. Raises InvalidInput where none has an area, CRSMismatch where they
    have a CRS that cannot be brought to the terrain's.
    """
    series = within.geometry if isinstance(within, gpd.GeoDataFrame) else within
    if isinstance(series, gpd.GeoSeries) and series.crs is not None and crs is not None and not crs.equals(series.crs):
        try:
            series = series.to_crs(crs)
        except Exception as error:
            raise CRSMismatch(say("water.crs_apart", theirs=series.crs.name, ours=crs.name)) from error
    given: list[Any] = [series] if isinstance(series, shapely.Geometry | str) else [s for s in series if s is not None]
    for s in given:
        if not isinstance(s, shapely.Geometry):
            raise InvalidInput(say("water.within_kind", found=s))
    shapes = [s if s.is_valid else shapely.make_valid(s, method="structure") for s in given if not s.is_empty]
    if not shapes or any(s.area <= 0 or s.geom_type not in ("Polygon", "MultiPolygon") for s in shapes):
        raise InvalidInput(say("water.within_empty"))
    return shapes
