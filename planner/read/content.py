"""What a file is by its content, looked at before GDAL sees it: the format its name promises, nothing that leads elsewhere."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

from planner.drivers import LEADS_ELSEWHERE, RASTER_DRIVERS
from planner.errors import InvalidInput
from planner.words import say

HEAD: Final = 1 << 16  # bytes in which every driver decides whether a file is its own
MAX_DEPTH: Final = 256  # elements within elements, brackets within brackets: honest files stay below 30
MAX_COLUMNS: Final = 2_000  # attributes of a layer
_TEXT_START: Final = b"\xef\xbb\xbf \t\r\n"
_SHAPES: Final = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection")
_GEOJSON: Final = frozenset(("FeatureCollection", "Feature", *_SHAPES))
_CRS_NAME: Final = re.compile(
    r"(urn:(ogc|x-ogc):def:crs:[\w.:-]+|https?://www\.opengis\.net/def/crs/[\w./-]+|[A-Za-z]{3,9}:[\w.-]+|\d{4,6})"
)
_DXF: Final = re.compile(rb"(\s*999\s*\n[^\n]*\n)*\s*0\s*\n\s*SECTION\s*\n")
_UNKNOWN_ENCODING: Final = 18  # of expat, which some builds tell as an error of Python's
_STEPS: Final = 5_000_000  # of SQLite's machine, that reading a list of tables may take


def regular(path: Path, shown: str) -> Path:
    """The path where it is a plain file or folder. Raises InvalidInput for devices, pipes and what may not be read."""
    try:
        kind = path.stat().st_mode
    except OSError as error:
        raise InvalidInput(say("door.unreadable", shown=shown, why=error.strerror or type(error).__name__)) from None
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise InvalidInput(say("door.no_plain_file", shown=shown))
    return path


def head_of(path: Path) -> bytes:
    """The first bytes of a plain file."""
    with path.open("rb") as file:
        return file.read(HEAD)


def is_mosaic(path: Path, head: bytes) -> bool:
    """Whether a file's name or its first bytes are those of a virtual raster."""
    return path.suffix.lower() == ".vrt" or head.lstrip(_TEXT_START).startswith(b"<VRTDataset")


def raster_driver(path: Path, head: bytes, shown: str) -> str:
    """The one driver a raster is to be opened with. Raises InvalidInput where its name and its first bytes fit none."""
    suffix = path.suffix.lower()
    low = head.lower()
    if any(word in low for word in LEADS_ELSEWHERE) or low.lstrip(_TEXT_START).startswith((b"<", b"{", b"sqlite format 3")):
        raise InvalidInput(say("door.leads_elsewhere", shown=shown))
    text = low.lstrip(_TEXT_START)
    for suffixes, starts, driver in RASTER_DRIVERS:
        if suffix in suffixes and (head.startswith(starts) or text.startswith(tuple(s.lower() for s in starts))):
            return driver
    raise InvalidInput(say("door.not_a_raster", shown=shown, suffix=suffix or path.name))


def check_geojson(text: str, shown: str) -> None:
    """Raises InvalidInput for what is no GeoJSON, names its CRS by a link, is nested without bottom or endlessly wide."""
    if "gdal_streamed_alg" in text or "command_line" in text[:HEAD]:
        raise InvalidInput(say("door.pipeline", shown=shown))
    try:
        root = json.loads(text.lstrip("\ufeff"))
    except RecursionError:
        raise InvalidInput(say("door.too_deep", shown=shown, most=MAX_DEPTH)) from None
    except ValueError as error:
        raise InvalidInput(say("door.not_json", shown=shown, why=str(error)[:80])) from None
    if not isinstance(root, dict) or root.get("type") not in _GEOJSON:
        raise InvalidInput(say("door.not_its_format", shown=shown, kind="GeoJSON"))
    features = root["features"] if isinstance(root.get("features"), list) else [root]
    first = features[0] if features and isinstance(features[0], dict) else {}
    for node in (root, first, first.get("geometry"), root.get("geometry")):
        _check_crs(node, shown)
    _check_width(features, shown)


def _check_crs(node: Any, shown: str) -> None:
    crs = node.get("crs") if isinstance(node, dict) else None
    if crs is None:
        return
    told = crs.get("properties") if isinstance(crs, dict) else None
    name = told.get("name", told.get("code")) if isinstance(told, dict) else None
    kind = str(crs.get("type", "")).lower() if isinstance(crs, dict) else ""
    if kind not in ("name", "epsg", "ogc") or not _CRS_NAME.fullmatch(str(name)):
        raise InvalidInput(say("door.linked_crs", shown=shown))


def _check_width(features: list[Any], shown: str) -> None:
    names: set[str] = set()
    for feature in features:
        told = feature.get("properties") if isinstance(feature, dict) else None
        if isinstance(told, dict):
            names.update(told)
            if len(names) > MAX_COLUMNS:
                raise InvalidInput(say("door.too_wide", shown=shown, most=MAX_COLUMNS))


def check_xml(path: Path, shown: str, root: str) -> None:
    """Raises InvalidInput where a file is no well-formed XML of that root element, declares entities or is nested too deep."""
    with path.open("rb") as file:
        raw = file.read()
    try:
        _walk_xml(raw, shown, root, None)
    except InvalidInput:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, expat.ExpatError) and error.code != _UNKNOWN_ENCODING:
            raise InvalidInput(say("door.not_xml", shown=shown, why=str(error))) from None
        declared = re.search(rb"encoding=[\"']([\w-]{2,20})[\"']", raw[:200])
        name = declared.group(1).decode("ascii") if declared else "gb18030"
        try:
            _walk_xml(raw.decode("gb18030" if name.lower().startswith("gb") else name).encode("utf-8"), shown, root, "utf-8")
        except (LookupError, UnicodeError, expat.ExpatError) as again:
            raise InvalidInput(say("door.not_xml", shown=shown, why=str(again)[:80])) from None


def _walk_xml(raw: bytes, shown: str, root: str, encoding: str | None) -> None:
    parser = expat.ParserCreate(encoding)
    depth, seen = 0, False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, seen
        if not seen and name.rpartition(":")[2] != root:
            raise InvalidInput(say("door.not_its_format", shown=shown, kind=root.upper()))
        depth, seen = depth + 1, True
        if depth > MAX_DEPTH:
            raise InvalidInput(say("door.too_deep", shown=shown, most=MAX_DEPTH))

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_: object) -> None:
        raise InvalidInput(say("door.entities", shown=shown, kind=root.removesuffix("Dataset").upper()))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.Parse(raw, True)


def check_wkt(text: str, shown: str) -> None:
    """Raises InvalidInput where brackets are nested deeper than GEOS can follow."""
    if text.count("(") <= MAX_DEPTH:
        return
    depth = 0
    for sign in re.findall(r"[()]", text):
        depth += 1 if sign == "(" else -1
        if depth > MAX_DEPTH:
            raise InvalidInput(say("door.too_deep", shown=shown, most=MAX_DEPTH))


def check_dxf(head: bytes, shown: str) -> None:
    """Raises InvalidInput where a file does not begin like a drawing."""
    text = head.lstrip(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not (head.startswith(b"AutoCAD Binary DXF") or _DXF.match(text)) or any(w in head.lower() for w in LEADS_ELSEWHERE):
        raise InvalidInput(say("door.not_its_format", shown=shown, kind="DXF"))


def check_geopackage(path: Path, shown: str) -> None:
    """Raises InvalidInput for a database with tables that are programs, views among its layers, or an unfinished change.

    Layers and tables are read as they are stored; a virtual table can open any file, a view can run without end.
    """
    journal = path.with_name(f"{path.name}-journal")
    for side in (journal, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if side.is_symlink() or (side.exists() and not side.is_file()):
            raise InvalidInput(say("door.side_file_leads_out", shown=f"{shown}{side.name[len(path.name) :]}"))
    if journal.exists() and journal.stat().st_size:
        raise InvalidInput(say("door.unfinished", shown=shown, side=journal.name))
    try:
        with _looked_into(path) as base:
            tables = base.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master").fetchall()
            listed = {str(row[0]).lower() for row in base.execute("SELECT table_name FROM gpkg_contents")}
    except (sqlite3.Error, UnicodeError, OverflowError) as error:
        raise InvalidInput(say("door.not_a_geopackage", shown=shown, why=str(error)[:80])) from None
    for kind, name, sql in tables:
        made = " ".join(str(sql).split()).upper()
        if made.startswith("CREATE VIRTUAL") and not re.search(r" USING \"?(RTREE|FTS[345]|FTS4AUX)\b", made):
            raise InvalidInput(say("door.virtual_table", shown=shown, name=str(name)[:60]))
        if kind == "view" and str(name).lower() in listed:
            raise InvalidInput(say("door.view", shown=shown, name=str(name)[:60]))


@contextmanager
def _looked_into(path: Path) -> Iterator[sqlite3.Connection]:
    """A database open for reading only, that is broken off where it takes too long and may do nothing but select."""
    wal = path.with_name(f"{path.name}-wal").exists()
    address = f"{path.resolve().as_uri()}?mode=ro" + ("" if wal else "&immutable=1")
    with closing(sqlite3.connect(address, uri=True, timeout=2.0)) as base:
        base.set_progress_handler(lambda: 1, _STEPS)
        yield base
