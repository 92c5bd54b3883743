"""The one door to GDAL, OGR and PROJ: every vector file, raster and CRS text that somebody else wrote is opened here.

Looked at before (content, side files, links), opened with the format's own drivers and everything that leads out switched off,
looked at again (which driver, which files), and whatever the libraries raise is told as a refusal of the file. While something
is read as a whole (`together`), a file is looked at once, and what was opened then is what is read from again.
"""

from __future__ import annotations

import re
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import rasterio
from pyogrio.errors import CRSError as OgrCRSError
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from pyproj.exceptions import ProjError
from rasterio._err import CPLE_BaseError
from rasterio.enums import Compression
from rasterio.errors import RasterioError
from shapely.errors import ShapelyError

from planner.drivers import RASTER_DRIVERS, SWITCHED_OFF, VECTOR_DRIVERS
from planner.errors import InvalidInput
from planner.memory import threads
from planner.read.content import (
    MAX_COLUMNS,
    check_dxf,
    check_geojson,
    check_geopackage,
    check_xml,
    head_of,
    raster_driver,
    regular,
)
from planner.read.mosaic import Mosaics
from planner.read.stage import Stage, put_vector, staged, strangers
from planner.words import say

LARGE_BLOCK: Final = 1 << 16  # cells; of 256² blocks threads take a tenth more CPU time, of 128² a third, of rows half
MANY_BLOCKS: Final = 32
EXACT_IN_FLOAT: Final = 2.0**53  # whole numbers beyond lose digits in a float
ONE_LAYER: Final = (".shp", ".geojson", ".json", ".fgb", ".dxf")
# What the libraries behind the door raise of a file that is not as it should be.
FOREIGN: Final = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    FieldError,
    GeometryError,
    OgrCRSError,
    RasterioError,
    CPLE_BaseError,  # rasterio lets some of GDAL's errors through as they are
    ProjError,
    ShapelyError,
    struct.error,
    zlib.error,
    UnicodeError,
    RecursionError,
)
CARELESS: Final = (LookupError, ValueError, TypeError, ArithmeticError, NameError)  # of libraries that take a file for whole
FARTHEST: Final = 1e9  # m; no coordinate of a projection in use is as large
_ARCHIVES: Final = re.compile(r"/vsi(zip|gzip|tar)/")
_GRID: Final = re.compile(
    r"(grids|catalog|file)\s*=\s*[^\s,]*[/\\:]|init\s*=\s*\S*[/\\]|PARAMETERFILE\[[^\]]*[/\\]|https?:|ftp:|/vsi", re.IGNORECASE
)
_EPSG_ADDRESS: Final = re.compile(r"https?://www\.(opengis\.net|opengeospatial\.org)/[\w./#-]*", re.IGNORECASE)

MOST_KEPT: Final = 64  # rasters that stay open while something is read as a whole; those beyond are opened each time

_busy = threading.Lock()
_before: dict[str, str | None] = {}
_inside = [0]


@contextmanager
def refusing(shown: str, code: str = "door.broken", *, also: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Tells what GEOS, PROJ, GDAL and the decoders of bytes raise as a refusal of a file, in the sentence of a code.

    also: what they raise beside their own errors, where nothing of ours runs within.
    """
    try:
        yield
    except InvalidInput:
        raise
    except (*FOREIGN, *also) as error:
        raise InvalidInput(say(code, shown=shown, kind=type(error).__name__, why=_short(error))) from error


def _short(error: BaseException) -> str:
    """What a library said, without the places of our own stage."""
    return re.sub(r"\S*planner-[\w]+/\S*/", "", " ".join(str(error).split()))[:140] or "–"


@contextmanager
def switched_off() -> Iterator[None]:
    """GDAL (of vectors) without network, subprocess, code and plugins; as it was before once the last of several leaves."""
    with _busy:
        _inside[0] += 1
        if _inside[0] == 1:
            _before.update({key: pyogrio.get_gdal_config_option(key) for key in SWITCHED_OFF})
            pyogrio.set_gdal_config_options(dict(SWITCHED_OFF))
    try:
        yield
    finally:
        with _busy:
            _inside[0] -= 1
            if _inside[0] == 0:
                pyogrio.set_gdal_config_options({key: _as_given(value) for key, value in _before.items()})


def _as_given(value: Any) -> str | None:
    """pyogrio reads YES and NO as truth values and does not take them back as such."""
    if isinstance(value, bool):
        return "YES" if value else "NO"
    return None if value is None else str(value)


class Vector:
    """A vector file that was let in: its layers, and one of them as a frame."""

    def __init__(self, place: Path, shown: str, suffix: str):
        self._place, self._shown, self._suffix = place, shown, suffix
        self._layers: list[tuple[str, str | None]] | None = None

    def layers(self) -> list[tuple[str, str | None]]:
        """Names of the layers and their geometry types, None for tables. Raises InvalidInput where another driver took it."""
        if self._layers is None:
            self._layers = self._listed()
        return self._layers

    def _listed(self) -> list[tuple[str, str | None]]:
        with refusing(self._shown, also=CARELESS):
            if self._suffix in ONE_LAYER:
                info = self._info(None, None)
                return [(str(info["layer_name"]), info["geometry_type"])]
            return [(str(name), kind) for name, kind in pyogrio.list_layers(self._place)]

    def read(self, *, layer: str | None = None, encoding: str | None = None, geometry: bool = True) -> pd.DataFrame:
        """A layer's rows; a GeoDataFrame where it has geometry. Raises InvalidInput where it cannot be read."""
        with refusing(self._shown, also=CARELESS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            info = self._info(layer, encoding)
            if len(info["fields"]) > MAX_COLUMNS:
                raise InvalidInput(say("door.too_wide", shown=self._shown, most=MAX_COLUMNS))
            known_crs(info.get("crs"), self._shown)
            frame = pyogrio.read_dataframe(self._place, layer=layer, encoding=encoding, read_geometry=geometry)
            whole = [str(f) for f, kind in zip(info["fields"], info["dtypes"], strict=True) if kind == "int64"]
            long = [f for f in whole if frame[f].dtype == "float64" and frame[f].abs().max() > EXACT_IN_FLOAT]
            if long:
                self._as_texts(frame, long, str(info["layer_name"]), encoding)
            return frame

    def _as_texts(self, frame: pd.DataFrame, columns: list[str], layer: str, encoding: str | None) -> None:
        """Long whole numbers beside empty cells, which came as floats and lost their last digits, as texts."""
        quoted = ", ".join(f'CAST("{c}" AS CHARACTER(20)) AS "{c}"' for c in columns if '"' not in c + layer)
        if not quoted:
            return
        asked = f'SELECT {quoted} FROM "{layer}"'  # noqa: S608 - names of the file's own, without quotes
        texts = pyogrio.read_dataframe(self._place, sql=asked, sql_dialect="OGRSQL", encoding=encoding, read_geometry=False)
        for column in texts.columns:
            frame[column] = texts[column].to_numpy(dtype=object)

    def _info(self, layer: str | None, encoding: str | None) -> dict[str, Any]:
        info: dict[str, Any] = pyogrio.read_info(self._place, layer=layer, encoding=encoding)
        if info["driver"] not in VECTOR_DRIVERS[self._suffix]:
            raise InvalidInput(say("door.other_driver", shown=self._shown, driver=info["driver"], suffix=self._suffix))
        return info


@dataclass(eq=False)
class _Kept:
    """What was let in while something is read: the stage it lies on, and files by what they are known by."""

    stage: Stage
    closing: ExitStack
    vectors: dict[object, Vector] = field(default_factory=dict)
    rasters: dict[object, tuple[Any, Stage]] = field(default_factory=dict)


_kept: ContextVar[_Kept | None] = ContextVar("kept", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Reads something as a whole: what is let in within is looked at and opened once, and closed at the end.

    A file that was changed in between is looked at again.
    """
    if _kept.get() is not None:
        yield
        return
    with _passing() as kept, switched_off():
        token = _kept.set(kept)
        try:
            yield
        finally:
            _kept.reset(token)


@contextmanager
def _passing() -> Iterator[_Kept]:
    with staged() as stage, ExitStack() as closing:
        yield _Kept(stage, closing)


@contextmanager
def _at_hand(key: object) -> Iterator[_Kept]:
    """What the reading that goes on has let in so far; where none goes on, or enough is open, something of its own."""
    kept = _kept.get()
    if kept is not None and (key in kept.rasters or len(kept.rasters) < MOST_KEPT):
        yield kept
    else:
        with _passing() as kept:
            yield kept


def _known_by(path: str | Path, shown: str) -> object:
    """What a file is known again by: its place, and when and how large it was left there."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return str(path), shown
    return str(path), shown, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


@contextmanager
def vector(path: Path, shown: str) -> Iterator[Vector]:
    """Lets a vector file in that GDAL reads (VECTOR_DRIVERS), alone on a stage.

    Raises InvalidInput where it is not what its name says, or it or a side file of it leads elsewhere.
    """
    key = _known_by(path, shown)
    with _at_hand(key) as kept, switched_off():
        if key not in kept.vectors:
            kept.vectors[key] = _looked_at(path, shown, kept.stage)
        yield kept.vectors[key]


def _looked_at(path: Path, shown: str, stage: Stage) -> Vector:
    suffix = regular(path, shown).suffix.lower()
    if path.is_dir() != (suffix == ".gdb"):
        raise InvalidInput(say("door.not_its_format", shown=shown, kind=suffix))
    if suffix == ".kml":
        check_xml(path, shown, "kml")
    elif suffix == ".dxf":
        check_dxf(head_of(path), shown)
    elif suffix == ".gpkg":
        check_geopackage(path, shown)
    elif suffix in (".geojson", ".json"):
        with refusing(shown):
            check_geojson(path.read_bytes().decode("utf-8-sig"), shown)
    return Vector(put_vector(stage, path, shown), shown, suffix)


@contextmanager
def raster(path: str | Path, shown: str | None = None) -> Iterator[Any]:
    """Lets a raster in, open for reading; of a mosaic, made anew, with its tiles.

    Raises InvalidInput where it is not what its name says, or it, a side file or a tile of it leads elsewhere.
    """
    name = shown or Path(path).name or str(path)
    key = _known_by(path, name)
    with refusing(name, "door.broken_raster"), _at_hand(key) as kept:
        if key not in kept.rasters:
            alone = Stage(kept.stage.room())
            with rasterio.Env(**SWITCHED_OFF):
                source = kept.closing.enter_context(_opened(str(path), name, alone))
            kept.rasters[key] = source, alone
        yield kept.rasters[key][0]


def _opened(path: str, shown: str, stage: Stage) -> Any:
    if path.startswith("/vsi"):
        return _in_archive(path, shown)
    place = Mosaics(stage).lay(Path(path), shown)
    driver = _driver(place, shown)
    source = rasterio.open(place, driver=driver)
    try:
        if source.driver != driver:
            raise InvalidInput(say("door.other_driver", shown=shown, driver=source.driver, suffix=place.suffix))
        if strangers(source.files, stage):
            raise InvalidInput(say("door.side_file_leads_out", shown=shown))
        if source.crs:
            known_crs(source.crs.to_wkt(), shown)
        corners = np.abs(np.asarray(tuple(source.transform)[:6]))
        if not (corners < FARTHEST).all() or not abs(source.transform.determinant) > 0.0:
            raise InvalidInput(say("door.no_place_on_earth", shown=shown))
        if driver == "GTiff" and _worth_threads(source):
            source.close()
            source = rasterio.open(place, driver=driver, num_threads=threads())
    except BaseException:
        source.close()
        raise
    return source


def _worth_threads(source: Any) -> bool:
    """Whether blocks are decompressed faster by several threads: of small blocks the handing out takes more than it gains."""
    tall, wide = source.block_shapes[0]
    packed = source.compression not in (None, Compression.none)
    return threads() > 1 and packed and tall * wide >= LARGE_BLOCK and source.width * source.height >= MANY_BLOCKS * LARGE_BLOCK


def _driver(place: Path, shown: str) -> str:
    if place.is_dir():
        return "AIG"
    return "VRT" if place.suffix == ".vrt" and not place.is_symlink() else raster_driver(place, head_of(place), shown)


def _in_archive(path: str, shown: str) -> Any:
    """A raster inside an archive of this disk, which a person named by its path (/vsizip/…)."""
    bare = _ARCHIVES.sub("/", path)
    if not _ARCHIVES.match(path) or "/vsi" in bare:
        raise InvalidInput(say("door.no_local_file", shown=path[:80]))
    suffix = Path(path).suffix.lower()
    for suffixes, _, driver in RASTER_DRIVERS:
        if suffix in suffixes:
            source = rasterio.open(path, driver=driver)
            if all(str(file).startswith("/vsi") for file in source.files):
                return source
            source.close()
            raise InvalidInput(say("door.side_file_leads_out", shown=shown))
    raise InvalidInput(say("door.not_a_raster", shown=shown, suffix=suffix or "?"))


def files_of(source: Any, path: str | Path) -> list[str]:
    """The files of this disk an open raster consists of, as they lie and not as they were staged."""
    if str(path).startswith("/vsi"):
        return [str(path), *source.files]
    with staged() as stage:
        Mosaics(stage).lay(Path(path), Path(path).name)
        return [str(path), *(str(file) for file in stage.places.values())]


def known_crs(text: str | None, shown: str) -> None:
    """Raises InvalidInput where a CRS names files or addresses (grids of shifts) that PROJ would go and look for."""
    if text and _GRID.search(_EPSG_ADDRESS.sub("", text)):
        raise InvalidInput(say("door.crs_leads_out", shown=shown))


def crs_of(text: object, shown: str) -> pyproj.CRS:
    """The CRS somebody wrote. Raises InvalidInput for one that names files; ProjError where PROJ does not know it."""
    if isinstance(text, str):
        known_crs(text, shown)
    return pyproj.CRS.from_user_input(text)


def as_frame(found: pd.DataFrame, shown: str) -> gpd.GeoDataFrame:
    """The rows as features. Raises InvalidInput for a table without geometry."""
    if not isinstance(found, gpd.GeoDataFrame):
        raise InvalidInput(say("door.no_geometry", shown=shown))
    return found
