"""Rasters as they come, brought to north-up grids of metres with NaN for missing: whole, or window by window.

Declared no-data, masks and alpha bands, NaN and ±inf become NaN, and so do the customary no-data numbers where a file
declares none. Integers, scale and offset, vertical units and a downward vertical axis are turned into metres upward.
South-up rasters are turned over, rotated ones resampled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyproj
from numpy.typing import NDArray
from rasterio.enums import MaskFlags, Resampling
from rasterio.io import MemoryFile
from rasterio.transform import Affine, array_bounds
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from planner.core.terrain.cells import blank
from planner.errors import CRSMismatch, InvalidInput
from planner.read import door
from planner.read.meaning import (
    ANY,
    ELEVATION,
    Meaning,
    is_ellipsoidal,
    metres_per_unit,
    plausible,
    refuse_pictures,
    stated_unit,
    without_zeros,
)
from planner.read.position import horizontal, transformed
from planner.read.ratios import same_place, scales
from planner.site import Floats, Grid
from planner.words import Message, say

UNDECLARED: Final = (-9999.0, -99999.0, -32768.0, -32767.0)  # what software writes for "no data" without saying so
ALWAYS: Final = (-99999.0, -32768.0, -32767.0)  # and these even where another number is declared: mosaics bring them along

MOST_BANDS: Final = 200  # whose units are looked up

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Raster:
    """A grid read from a file: its CRS (None where the file has none) and, in words, what had to be decided to read it."""

    grid: Grid
    crs: pyproj.CRS | None
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True)
class RasterInfo:
    """What a raster file says of itself; rotated: rows lie askew, upright: north-up, names: of the bands or empty.

    band: the one that is meant. unit: that band's, as the file states it; units: of every band. ellipsoidal: whether heights
    are above the ellipsoid.
    """

    rows: int
    cols: int
    bands: int
    crs: pyproj.CRS | None
    bounds: Bounds
    cell_x: float
    cell_y: float
    dtype: str
    rotated: bool
    upright: bool
    names: tuple[str, ...]
    unit: str | None = None
    ellipsoidal: bool = False
    band: int = 1
    units: tuple[str | None, ...] = ()


def raster_info(path: str | Path) -> RasterInfo:
    """What a raster file says of itself, without reading its cells. Raises InvalidInput where it cannot be opened."""
    with opened(path) as source:
        t = source.transform
        west, south, east, north = array_bounds(source.height, source.width, t)
        rotated = not (math.isclose(t.b, 0, abs_tol=1e-12 * abs(t.a)) and math.isclose(t.d, 0, abs_tol=1e-12 * abs(t.e)))
        return RasterInfo(
            source.height,
            source.width,
            source.count,
            crs_of(source),
            (min(west, east), min(south, north), max(west, east), max(south, north)),
            math.hypot(t.a, t.d),
            math.hypot(t.b, t.e),
            source.dtypes[0],
            rotated,
            not rotated and t.a > 0 and t.e < 0,
            tuple(name or "" for name in source.descriptions),
            stated_unit(source, 1),
            is_ellipsoidal(source.crs),
            units=tuple(stated_unit(source, band) for band in range(1, min(source.count, MOST_BANDS) + 1)),
        )


def read_grid(path: str | Path, *, bounds: Bounds | None = None, crs: Any = None, band: int = 1, margin_cells: int = 0) -> Grid:
    """A raster as a Grid; as `read_raster`, without the notes."""
    return read_raster(path, bounds=bounds, crs=crs, band=band, margin_cells=margin_cells).grid


def read_raster(
    path: str | Path,
    *,
    bounds: Bounds | None = None,
    crs: Any = None,
    band: int = 1,
    margin_cells: int = 0,
    meant: Meaning = ANY,
    unit: str | None = None,
) -> Raster:
    """A raster as a north-up Grid in metres, NaN for missing.

    bounds: west, south, east, north in the CRS asked for; only cells that touch them, and margin_cells more on every side, are
    read. crs: the projected CRS wanted; a raster in another one is warped to it (bilinear), one without a CRS is taken to be
    in it already. Without crs the raster stays in its own. meant: what its numbers are taken for. unit: theirs, where the file
    does not state it or is wrong.
    Raises InvalidInput where the file cannot be read, has no such band or no cell within the bounds, its cells are in
    degrees and no crs was asked for, or its numbers cannot be what is meant; CRSMismatch where it has no position at all.
    """
    with opened(path) as source:
        notes: list[Message] = []
        check_band(path, source, band)
        values_of = Values(Path(path).name, band, meant, unit, notes)
        values_of.check(source)
        with _north_up(path, source, crs, notes) as view:
            window = _window(path, view, bounds, margin_cells)
            if view is source or view.resampling == Resampling.nearest:
                values = values_of.read(view, window, source)
            else:
                frame = {"transform": view.window_transform(window), "width": int(window.width), "height": int(window.height)}
                own, wanted = (None if c is None else pyproj.CRS.from_wkt(c.to_wkt()) for c in (view.src_crs, view.crs))
                frame |= scales(source, own, wanted, (view.transform.a, -view.transform.e))
                values = _interpolated(source, values_of, {"crs": view.crs, "src_crs": view.src_crs, **frame})
            return Raster(_grid(view, window, values), pyproj.CRS.from_user_input(crs) if crs else crs_of(source), tuple(notes))


def read_onto(
    path: str | Path, grid: Grid, *, crs: Any, band: int = 1, meant: Meaning = ANY, unit: str | None = None
) -> Raster:
    """A raster resampled (bilinear) onto the cells of another grid, whose CRS is given; NaN where it does not reach.

    meant, unit: as of read_raster.
    """
    with opened(path) as source:
        notes: list[Message] = []
        check_band(path, source, band)
        values_of = Values(Path(path).name, band, meant, unit, notes)
        values_of.check(source)
        own = crs_of(source)
        if own is None:
            positioned(path, source)
            notes.append(say("read.no_crs_taken", name=Path(path).name))
        rows, cols = grid.shape
        options = {
            "crs": crs,
            "src_crs": own if own is not None else crs,
            "transform": Affine(*grid.transform),
            "width": cols,
            "height": rows,
            **scales(source, own, pyproj.CRS.from_user_input(crs), (grid.cell_x, grid.cell_y)),
        }
        values = _interpolated(source, values_of, options)
        return Raster(grid.like(values), pyproj.CRS.from_user_input(crs), tuple(notes))


@dataclass(frozen=True)
class Values:
    """How a file's numbers become what is meant: its name, band, meaning, the unit given, and where decisions are noted."""

    name: str
    band: int
    meant: Meaning
    unit: str | None
    notes: list[Message]

    def check(self, source: Any) -> None:
        """Refuses pictures where lengths are meant, and notes what heights are above."""
        if not self.meant.length:
            return
        refuse_pictures(source, self.band, self.name)
        if self.meant is not ELEVATION:
            return
        if is_ellipsoidal(source.crs):
            self.notes.append(say("read.ellipsoidal", path=self.name, crs=pyproj.CRS.from_wkt(source.crs.to_wkt()).name))
        if source.dtypes[self.band - 1] == "uint8" and source.scales[self.band - 1] == 1.0:
            self.notes.append(say("read.eight_bits", path=self.name))

    def read(self, view: Any, window: Window, source: Any) -> Floats:
        """The cells of a window in metres, NaN for missing; source: the file behind the view, for its unit."""
        values = plain_values(view, self.band, window, self.notes)
        factor = metres_per_unit(source, self.band, self.notes, meant=self.meant, given=self.unit, name=self.name)
        if factor != 1.0:
            values *= factor
        plausible(values, self.meant, self.notes, self.name)
        if self.meant is ELEVATION:
            without_zeros(values, self.notes, self.name)
        return values


def _interpolated(source: Any, values_of: Values, options: dict[str, Any]) -> Floats:
    """Cells of another frame, bilinear between the file's cells: no-data numbers of every kind are taken out before."""
    t, frame = source.transform, options["transform"]
    whole = Window(0, 0, source.width, source.height)
    window = whole
    if t.b == 0 and t.d == 0:
        box = array_bounds(options["height"], options["width"], frame)
        if options.get("crs") is not None and options["src_crs"] is not None:
            box = transformed(box, pyproj.CRS.from_user_input(options["crs"]), pyproj.CRS.from_user_input(options["src_crs"]))
        if np.isfinite(box).all():
            xs, ys = sorted(((box[0] - t.c) / t.a, (box[2] - t.c) / t.a)), sorted(((box[3] - t.f) / t.e, (box[1] - t.f) / t.e))
            margin = 4 + math.ceil(1.0 / min(options["XSCALE"], options["YSCALE"]))
            col0, row0 = max(0, math.floor(xs[0]) - margin), max(0, math.floor(ys[0]) - margin)
            col1, row1 = min(source.width, math.ceil(xs[1]) + margin), min(source.height, math.ceil(ys[1]) + margin)
            if col0 >= col1 or row0 >= row1:
                return np.full((options["height"], options["width"]), np.nan)
            window = Window(col0, row0, col1 - col0, row1 - row0)
    values = values_of.read(source, window, source)
    profile = {"driver": "GTiff", "height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": "float64"}
    with MemoryFile() as memory:
        with memory.open(**profile, nodata=np.nan, transform=source.window_transform(window)) as clean:
            clean.write(values, 1)
        with memory.open() as clean, _warped(clean, options) as view:
            found = np.empty((options["height"], options["width"]))
            view.read(1, out=found)
            return found


@contextmanager
def opened(path: str | Path) -> Iterator[Any]:
    """The raster file, open for reading. Raises InvalidInput where there is none or it cannot be read."""
    if not str(path).startswith("/vsi") and not Path(path).exists():
        raise InvalidInput(say("read.no_file", path=path, nearest=""))
    with door.raster(path) as source:
        yield source


def check_band(path: str | Path, source: Any, band: int) -> None:
    if not 1 <= band <= source.count:
        raise InvalidInput(say("read.no_band", path=Path(path).name, band=band, bands=source.count))
    if "complex" in source.dtypes[band - 1]:
        raise InvalidInput(say("read.complex_band", path=Path(path).name, band=band))


def positioned(path: str | Path, source: Any) -> None:
    if source.transform == Affine.identity() and crs_of(source) is None:
        raise CRSMismatch(say("read.no_place", path=Path(path).name))


def crs_of(source: Any) -> pyproj.CRS | None:
    return _horizontal(source.crs.to_wkt()) if source.crs else None


@lru_cache(maxsize=64)
def _horizontal(wkt: str) -> pyproj.CRS:
    return horizontal(pyproj.CRS.from_wkt(wkt))


@contextmanager
def _north_up(path: str | Path, source: Any, crs: Any, notes: list[Message]) -> Iterator[Any]:
    """The source itself where it is north-up in the CRS wanted, else a warped view of it."""
    name = Path(path).name
    own = crs_of(source)
    wanted = pyproj.CRS.from_user_input(crs) if crs is not None else own
    positioned(path, source)
    if own is None and wanted is not None:
        notes.append(say("read.no_crs_taken", name=name))
        own = wanted
    if wanted is not None and wanted.is_geographic:
        raise InvalidInput(say("read.degrees", path=name))
    t = source.transform
    upright = t.b == 0 and t.d == 0 and t.a > 0 and t.e < 0
    same = own is None or wanted is None or same_place(own, wanted)
    if upright and same:
        yield source
        return
    options: dict[str, Any] = {"crs": wanted or source.crs, "src_crs": own or wanted}
    if same and t.b == 0 and t.d == 0:  # turned over: the same cells, read from the other end
        west, south, east, north = array_bounds(source.height, source.width, t)
        corner = Affine(abs(t.a), 0, min(west, east), 0, -abs(t.e), max(south, north))
        options |= {"transform": corner, "width": source.width, "height": source.height, "resampling": Resampling.nearest}
        notes.append(say("read.turned", name=name))
    else:
        notes.append(say("read.rotated" if same else "read.warped", name=name))
    with _warped(source, options) as view:
        yield view


@contextmanager
def _warped(source: Any, options: dict[str, Any]) -> Iterator[Any]:
    plain = {k: (v.to_wkt() if isinstance(v, pyproj.CRS) else v) for k, v in options.items() if v is not None}
    if plain.get("crs") is None:
        plain = {**plain, "crs": _LOCAL, "src_crs": _LOCAL}
    settings = {
        "resampling": Resampling.bilinear,
        "nodata": np.nan,
        "dtype": "float64",
        "src_nodata": source.nodata,
        "tolerance": 1e-6,  # of a cell; 0 is refused
        **plain,
    }
    with WarpedVRT(source, **settings) as view:
        yield view


_SMALL: Final = ("int8", "uint8", "int16", "uint16")
_LOCAL: Final = 'LOCAL_CS["unknown",UNIT["metre",1]]'


def _window(path: str | Path, view: Any, bounds: Bounds | None, margin: int) -> Window:
    if bounds is None:
        return Window(0, 0, view.width, view.height)
    t = view.transform
    west, south, east, north = bounds
    left, right = (west - t.c) / t.a, (east - t.c) / t.a
    top, bottom = (north - t.f) / t.e, (south - t.f) / t.e
    col0 = max(0, math.floor(left + 1e-9) - margin)
    row0 = max(0, math.floor(top + 1e-9) - margin)
    col1 = min(view.width, math.ceil(right - 1e-9) + margin)
    row1 = min(view.height, math.ceil(bottom - 1e-9) + margin)
    if col0 >= col1 or row0 >= row1:
        w, s, e, n = array_bounds(view.height, view.width, t)
        raise InvalidInput(
            say("read.raster_apart", path=Path(path).name, w=w, e=e, s=s, n=n, west=west, east=east, south=south, north=north)
        )
    return Window(col0, row0, col1 - col0, row1 - row0)


def plain_values(
    view: Any,
    band: int,
    window: Window,
    notes: list[Message],
    *,
    keep_float32: bool = False,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """The cells of a window as they are meant, NaN for missing, before `metres_per_unit`.

    keep_float32: whether numbers that single precision holds exactly stay in it. out: (rows, cols) of the precision that
    `stored_in` names for the file, written to and returned instead of a new array.
    """
    shape = (int(window.height), int(window.width))
    values = np.empty(shape, stored_in(view, band) if keep_float32 else np.float64) if out is None else out
    view.read(band, window=window, out=values)
    declared = None if view.nodata is None or np.isnan(view.nodata) else view.nodata
    numbers = UNDECLARED if declared is None else (declared, *(n for n in ALWAYS if n != declared))
    with np.errstate(over="ignore"):  # a number beyond single precision stands for no cell of it
        hits = blank(values, np.array(numbers, dtype=values.dtype))
    for number, count in zip(numbers, hits, strict=True):
        if count and number != view.nodata:
            notes.append(say("read.undeclared", count=int(count), value=float(number)))
    if view.mask_flag_enums[band - 1] not in ([MaskFlags.all_valid], [MaskFlags.nodata]):
        values[view.read_masks(band, window=window) == 0] = np.nan
    scale, offset = view.scales[band - 1], view.offsets[band - 1]
    if scale != 1.0 or offset != 0.0:
        values *= scale
        values += offset
    return values


def stored_in(source: Any, band: int) -> type[np.float32] | type[np.float64]:
    """The precision that holds a file's numbers exactly: single where they are in it and as they are meant, else double.

    Whole numbers of up to 16 bits are exact in it while they are metres.
    """
    plain = source.scales[band - 1] == 1.0 and source.offsets[band - 1] == 0.0
    kind = source.dtypes[band - 1]
    exact = kind == "float32" or (kind in _SMALL and metres_per_unit(source, band, []) == 1.0)
    return np.float32 if plain and exact else np.float64


def _grid(view: Any, window: Window, values: Floats) -> Grid:
    t = view.transform
    return Grid(
        np.ascontiguousarray(values, dtype=np.float64), t.c + window.col_off * t.a, t.f + window.row_off * t.e, t.a, -t.e
    )
