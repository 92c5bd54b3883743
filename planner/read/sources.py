"""Opening a vector file of any usual kind as a frame: which driver, which layer, which encoding. Nothing is repaired here."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import pyogrio

from planner.errors import InvalidInput
from planner.memory import MEMORY, available_memory
from planner.parameters import nearest
from planner.read import door
from planner.read.archives import geodata, unpack
from planner.read.content import regular
from planner.read.encoding import check_encoding, dbf_declared, dbf_texts, dbf_whole, decode_text, encoding_of
from planner.read.jsonkinds import as_geojson
from planner.read.position import horizontal
from planner.read.record import Record
from planner.read.stage import shapefile_parts
from planner.read.tabular import read_csv, read_xlsx
from planner.scratch import scratch
from planner.words import Message, say

SUFFIXES: Final = {
    ".gpkg": "GeoPackage",
    ".shp": "shapefile",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".gdb": "FileGDB",
    ".fgb": "FlatGeobuf",
    ".kml": "KML",
    ".kmz": "KMZ",
    ".dxf": "DXF",
    ".parquet": "GeoParquet",
    ".geoparquet": "GeoParquet",
    ".csv": "CSV",
    ".xlsx": "XLSX",
    ".zip": "zip archive",
}


@dataclass(frozen=True)
class Ask:
    """What is asked of a vector file: its path, how the user wrote it, its role, and what they said of it.

    archive: the archive it was taken from, as the user wrote it.
    """

    path: Path
    shown: str
    role: str
    layer: str | None = None
    encoding: str | None = None
    archive: str | None = None


def open_vector(ask: Ask, record: Record) -> gpd.GeoDataFrame:
    """The features of a vector file as stored, crs None where the file has none.

    Raises InvalidInput for a missing, broken, empty, unknown or too large file, and where a layer has to be named.
    """
    suffix = ask.path.suffix.lower()
    if not ask.path.exists():
        raise InvalidInput(say("read.no_file", path=ask.shown, nearest=nearest(ask.path.name, _neighbours(ask.path))))
    if suffix not in SUFFIXES:
        raise InvalidInput(
            say("read.no_vector_kind", path=ask.shown, suffix=suffix or say("read.no_suffix"), known=sorted(SUFFIXES))
        )
    regular(ask.path, ask.shown)
    _fits(ask)
    _sniff(ask.path, suffix, ask.shown)
    record.used(ask.role, ask.shown, used_files(ask.path))
    frame = _guarded(ask, lambda: _OPENERS.get(suffix, _read_ogr)(ask, record))
    if frame.crs is not None:
        flat = horizontal(frame.crs)
        frame = frame if flat is frame.crs else frame.set_crs(flat, allow_override=True)
    if len(frame) == 0:
        raise InvalidInput(say("read.no_features", path=ask.shown))
    return frame


def used_files(path: Path) -> list[Path]:
    """The files a vector or raster input consists of: itself and, for a shapefile, its side files."""
    return [path] if path.suffix.lower() != ".shp" else [path, *shapefile_parts(path)]


def _neighbours(path: Path) -> list[str]:
    return [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []


def _fits(ask: Ask) -> None:
    size = sum(p.stat().st_size for p in used_files(ask.path) if p.is_file())
    need, have = MEMORY.of_vectors(size, available_memory())
    if need > have:
        raise InvalidInput(
            say(
                "read.needs_memory",
                path=ask.shown,
                size=size / 1e9,
                need=need / 1e9,
                have=have / 1e9,
            )
        )


def _sniff(path: Path, suffix: str, shown: str) -> None:
    """Refuses a file whose first bytes belong to something else: drivers that look inside could be led elsewhere."""
    if path.is_dir():
        if suffix != ".gdb":
            raise InvalidInput(say("read.folder_not_kind", path=shown, kind=SUFFIXES[suffix]))
        return
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise InvalidInput(say("read.empty_file", path=shown))
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    good = {
        ".gpkg": head.startswith(b"SQLite format 3\0"),
        ".shp": head.startswith(b"\0\0\x27\x0a"),
        ".geojson": text[:1] in (b"{", b"["),
        ".json": text[:1] in (b"{", b"["),
        ".fgb": head.startswith(b"fgb"),
        ".kml": text.startswith(b"<") and b"<OGRVRT" not in head,
        ".dxf": b"SECTION" in head or head.startswith((b"AutoCAD Binary DXF", b"999")),
        ".parquet": head.startswith(b"PAR1"),
        ".geoparquet": head.startswith(b"PAR1"),
        ".kmz": head.startswith(b"PK"),
        ".xlsx": head.startswith(b"PK"),
        ".zip": head.startswith(b"PK"),
    }.get(suffix, True)
    if not good:
        raise InvalidInput(say("read.first_bytes", path=shown, kind=SUFFIXES[suffix]))


def _guarded(ask: Ask, read: Callable[[], gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Runs a reader with its warnings kept off the terminal and its failures told in a line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read()
    except InvalidInput:
        raise
    except UnicodeDecodeError as error:
        raise InvalidInput(say("read.text_not_in", path=ask.shown, encoding=error.encoding)) from None
    except door.FOREIGN as error:
        reason = " ".join(str(error).replace(str(ask.path), ask.path.name).split())
        raise InvalidInput(
            say("read.unreadable_as", path=ask.shown, kind=SUFFIXES[ask.path.suffix.lower()], why=reason[:160])
        ) from None
    except FileNotFoundError:
        raise InvalidInput(say("read.vanished", path=ask.shown)) from None
    except PermissionError:
        raise InvalidInput(say("read.no_permission", path=ask.shown)) from None
    except (ValueError, TypeError, KeyError, OverflowError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise InvalidInput(say("read.unreadable", path=ask.shown, kind=type(error).__name__, why=reason[:140])) from None


def _read_ogr(ask: Ask, record: Record) -> gpd.GeoDataFrame:
    encoding = check_encoding(ask.encoding, where=ask.shown) if ask.encoding else None
    with door.vector(ask.path, ask.shown) as file, _options(OGR_ARC_STEPSIZE="0.5"):  # degrees: an arc's area is true to 1.3e-5
        chosen = _layers(ask, file.layers(), record)
        frames = [door.as_frame(file.read(layer=name, encoding=encoding), ask.shown) for name in chosen]
    return frames[0] if len(frames) == 1 else _together(frames, chosen)


def _together(frames: list[gpd.GeoDataFrame], names: list[str]) -> gpd.GeoDataFrame:
    """The features of several folders of one drawing, each with its folder's name where it has none of its own."""
    held = [f.assign(folder=name) if "folder" not in f.columns else f for f, name in zip(frames, names, strict=True) if len(f)]
    return gpd.GeoDataFrame(pd.concat(held or frames[:1], ignore_index=True), crs=frames[0].crs)


@contextmanager
def _options(**settings: str) -> Iterator[None]:
    """GDAL settings for the time of one read."""
    before = {key: pyogrio.get_gdal_config_option(key) for key in settings}
    pyogrio.set_gdal_config_options(settings)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _layers(ask: Ask, listed: list[tuple[str, str | None]], record: Record) -> list[str]:
    """The layers to read: the one asked for, the only one with polygons, the one named like the role, or all folders of KML."""
    names = [name for name, _ in listed]
    if ask.layer is not None:
        if ask.layer not in names:
            raise InvalidInput(
                say("read.no_layer", path=ask.shown, layer=ask.layer, nearest=nearest(ask.layer, names), has=names[:12])
            )
        return [ask.layer]
    spatial = [(n, k) for n, k in listed if k is not None and n != "layer_styles"]
    polygonal = [n for n, k in spatial if any(w in k for w in _AREAL)] or [n for n, _ in spatial]
    if not polygonal:
        raise InvalidInput(say("read.no_layer_drawn", path=ask.shown, has=names[:12] or say("word.nothing")))
    if len(polygonal) == 1:
        if len(listed) > 1:
            _say_layer(ask, polygonal[0], say("read.only_polygons"), record)
        return polygonal
    wanted = _ROLE_NAMES.get(ask.role, (ask.role,))
    hits = [n for n in polygonal if n.lower() in wanted] or [n for n in polygonal if any(w in n.lower() for w in wanted)]
    if len(hits) == 1:
        _say_layer(ask, hits[0], say("read.named_like_role"), record)
        return hits
    if ask.path.suffix.lower() == ".kml":
        record.decide(
            say("read.folders_of", role=ask.role), ", ".join(polygonal[:8]), say("read.all_folders", n=len(polygonal))
        )
        return polygonal
    shown = ask.archive or ask.shown
    raise InvalidInput(
        say("read.many_layers", path=shown, n=len(polygonal), layers=polygonal[:8], role=ask.role, first=polygonal[0])
    )


_AREAL: Final = ("Polygon", "Surface", "Unknown", "GeometryCollection")  # kinds of layer that may hold polygons
_ROLE_NAMES: Final = {
    "polygons": ("polygons", "parcels", "subsidence", "沉陷", "塌陷", "地块", "沉陷区", "塌陷区", "图斑"),
    "panels": ("panels", "工作面", "采区"),
    "constraints": ("constraints", "限制", "禁建"),
    "landuse": ("landuse", "land_use", "现状", "地类图斑", "dltb"),
    "boundary": ("boundary", "边界", "范围"),
}


def _say_layer(ask: Ask, layer: str, why: Message, record: Record) -> None:
    record.decide(say("read.layer_of", role=ask.role), layer, why)


def _read_shapefile(ask: Ask, record: Record) -> gpd.GeoDataFrame:
    dbf = next((p for p in used_files(ask.path) if p.suffix.lower() == ".dbf"), None)
    encoding = check_encoding(ask.encoding, where=ask.shown) if ask.encoding else None
    if dbf is None:
        record.warn(say("read.dbf_missing_so_there", shown=ask.shown))
    elif encoding is None:
        encoding = _shapefile_encoding(ask, dbf, record)
    whole = None if dbf is None else dbf_whole(dbf.read_bytes(), encoding or "utf-8")
    indexed = any(p.suffix.lower() == ".shx" for p in used_files(ask.path))
    if indexed and whole is None:
        with door.vector(ask.path, ask.shown) as file:
            return door.as_frame(file.read(encoding=encoding), ask.shown)
    if not indexed:
        record.warn(say("read.shx_missing_rebuilt_shp", shown=ask.shown))
    with (
        scratch() as work,
        _options(SHAPE_RESTORE_SHX="YES"),
    ):  # in a copy: the user's folder stays as it is
        for part in used_files(ask.path):
            shutil.copyfile(part, work / f"copy{part.suffix.lower()}")
        if whole is not None:
            (work / "copy.dbf").write_bytes(whole)
        with door.vector(work / "copy.shp", ask.shown) as file:
            return door.as_frame(file.read(encoding=encoding), ask.shown)


def _shapefile_encoding(ask: Ask, dbf: Path, record: Record) -> str:
    declared = dbf_declared(dbf)
    found = encoding_of(dbf_texts(dbf), declared=declared)
    if found is None:
        raise InvalidInput(say("read.neither_encoding", path=ask.shown))
    if found == "ASCII":
        return "UTF-8"
    why = (
        say("read.bytes_and_declared", found=found, declared=declared)
        if declared
        else say("read.bytes_undeclared", found=found)
    )
    record.decide(say("read.encoding_of", role=ask.role), found, why)
    return found


def _read_geojson(ask: Ask, record: Record) -> gpd.GeoDataFrame:
    text, found = decode_text(ask.path.read_bytes(), encoding=ask.encoding, where=ask.shown)
    other = as_geojson(text, ask.shown)
    if other is None and found in ("ASCII", "UTF-8"):
        return _read_ogr(ask, record)
    if found not in ("ASCII", "UTF-8"):
        why = say("read.geojson_should_utf")
        record.decide(say("read.encoding_of", role=ask.role), found, why)
    with scratch() as work:
        copy = work / ask.path.name
        copy.write_text(text if other is None else other, encoding="utf-8")
        return _read_ogr(replace(ask, path=copy, encoding=None), record)


def _read_parquet(ask: Ask, record: Record) -> gpd.GeoDataFrame:
    del record
    try:
        return gpd.read_parquet(ask.path)
    except ImportError:
        raise InvalidInput(say("read.needs_pyarrow", path=ask.shown)) from None


def _read_archive(ask: Ask, record: Record) -> gpd.GeoDataFrame:
    """The one vector file inside a zip or KMZ, at whatever depth, or the one that `layer` names."""
    with scratch() as work:
        inside = geodata(unpack(ask.path, work, shown=ask.shown), work)
        names = [p.relative_to(work).as_posix() for p in inside]
        named = [p for p, name in zip(inside, names, strict=True) if ask.layer in (name, p.name, p.stem)]
        chosen = named if len(named) == 1 and len(inside) > 1 else inside
        if len(chosen) != 1:
            if not inside:
                raise InvalidInput(say("read.none_in_archive", path=ask.shown))
            told = {"found": names[:8], "role": ask.role, "first": names[0]}
            raise InvalidInput(say("read.one_in_archive", path=ask.shown, **told))
        path = chosen[0]
        suffix = path.suffix.lower()
        _sniff(path, suffix, f"{ask.shown}/{path.name}")
        record.decide(
            say("read.file_in", shown=ask.shown), path.name, say("read.unit_given" if chosen is named else "read.only_one")
        )
        layer = None if chosen is named else ask.layer
        inner = replace(ask, path=path, shown=f"{ask.shown}/{path.name}", layer=layer, archive=ask.archive or ask.shown)
        _fits(inner)
        return _guarded(inner, lambda: _OPENERS.get(suffix, _read_ogr)(inner, record))


def _read_csv(ask: Ask, record: Record) -> gpd.GeoDataFrame:
    return read_csv(ask.path, ask.shown, ask.role, ask.encoding, record)


def _read_xlsx(ask: Ask, record: Record) -> gpd.GeoDataFrame:
    return read_xlsx(ask.path, ask.shown, ask.role, ask.layer, record)


_OPENERS: Final[dict[str, Callable[[Ask, Record], gpd.GeoDataFrame]]] = {
    ".shp": _read_shapefile,
    ".geojson": _read_geojson,
    ".json": _read_geojson,
    ".parquet": _read_parquet,
    ".geoparquet": _read_parquet,
    ".zip": _read_archive,
    ".kmz": _read_archive,
    ".csv": _read_csv,
    ".xlsx": _read_xlsx,
}
