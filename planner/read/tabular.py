"""Tables with polygons in them: CSV and XLSX with a WKT column, or with a vertex a row."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import InvalidInput
from planner.read.content import MAX_COLUMNS, check_wkt
from planner.read.encoding import decode_text
from planner.read.record import Record
from planner.read.vertices import from_vertices
from planner.words import say

MAX_TITLES: Final = 10  # rows in which headings are sought
# What openpyxl and its parts raise of a workbook that is not as it should be.
_NO_WORKBOOK: Final = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    SyntaxError,
    zipfile.BadZipFile,
    zlib.error,
)
MAX_CELLS: Final = 20_000_000  # of a workbook: what openpyxl holds in about 2 GB
_WKT = ("wkt", "geometry", "geom", "the_geom", "shape", "几何", "图形", "坐标串")
_X = ("x", "lon", "lng", "longitude", "经度", "easting", "东坐标", "x坐标", "横坐标")
_Y = ("y", "lat", "latitude", "纬度", "northing", "北坐标", "y坐标", "纵坐标")
_WKT_START = re.compile(r"^\s*(SRID=\d+;)?\s*(MULTI)?(POLYGON|SURFACE|LINESTRING|GEOMETRYCOLLECTION)\b", re.IGNORECASE)


def read_csv(path: Path, shown: str, role: str, encoding: str | None, record: Record) -> gpd.GeoDataFrame:
    """Polygons of a comma-, semicolon- or tab-separated file. Raises InvalidInput where no geometry is found."""
    text, found = decode_text(path.read_bytes(), encoding=encoding, where=shown)
    if found not in ("ASCII", "UTF-8"):
        record.decide(say("read.encoding_of", role=role), found, say("read.by_bytes"))
    return _polygons(csv_rows(text, shown), shown, record)


def csv_rows(text: str, shown: str) -> list[list[str]]:
    """The filled rows of a table that is text, whatever parts its columns. Raises InvalidInput where it is no table."""
    if "\0" in text:
        raise InvalidInput(say("read.nul_text", path=shown))
    separator = max(",;\t|", key=text.split("\n", 1)[0].count)
    try:
        csv.field_size_limit(1 << 28)
        return [row for row in csv.reader(io.StringIO(text), delimiter=separator) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InvalidInput(say("read.no_table", path=shown, why=str(error))) from None


Heads = dict[str, list[list[Any]]]  # the first rows of each sheet


def read_xlsx(path: Path, shown: str, role: str, sheet: str | None, record: Record) -> gpd.GeoDataFrame:
    """Polygons of a workbook's sheet: the one named, the only one, or the only one with coordinates. Formulas give their last
    computed value."""

    def meant(heads: Heads) -> str:
        drawn = [name for name, head in heads.items() if any(_places(row) for row in head)]
        if len(drawn) > 1:
            told = {"n": len(drawn), "sheets": drawn[:8], "role": role, "first": drawn[0]}
            raise InvalidInput(say("read.many_sheets", path=shown, **told))
        name = (drawn or list(heads))[0]
        record.decide(say("read.sheet_of", role=role), name, say("read.only_sheet" if drawn else "read.first_several"))
        return name

    rows, _ = sheet_rows(path, shown, sheet, meant=meant)
    return _polygons(rows, shown, record)


def sheet_rows(
    path: Path, shown: str, sheet: str | None = None, *, meant: Callable[[Heads], str] | None = None
) -> tuple[list[list[Any]], list[str]]:
    """The filled rows of a workbook's sheet (the one named, else the first), empty cells as "", and the names of all sheets.

    meant: chooses one of several by their first rows. Raises InvalidInput where it is no workbook, expands without measure, or
    has no such sheet.
    """
    _safe_workbook(path, shown)
    try:
        return _sheet_rows(path, shown, sheet, meant)
    except InvalidInput:
        raise
    except _NO_WORKBOOK as error:
        raise InvalidInput(say("read.bad_workbook", path=shown, why=str(error)[:100])) from None


def _sheet_rows(
    path: Path, shown: str, sheet: str | None, meant: Callable[[Heads], str] | None
) -> tuple[list[list[Any]], list[str]]:
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        names = [page.title for page in book.worksheets]
        if not names or (sheet is not None and sheet not in names):
            raise InvalidInput(say("read.no_sheet", path=shown, sheet=sheet, has=names[:8]))
        if sheet is None and meant is not None and len(names) > 1:
            sheet = meant({n: [list(r) for r in book[n].iter_rows(max_row=MAX_TITLES, values_only=True)] for n in names})
        rows: list[list[Any]] = []
        cells = 0
        for row in book[sheet or names[0]].iter_rows(values_only=True):
            cells += max(len(row), 20)  # a row without cells is one nevertheless: the last may be numbered 10¹²
            if cells > MAX_CELLS:
                raise InvalidInput(say("read.many_cells", path=shown, most=MAX_CELLS))
            if any(c is not None and str(c).strip() for c in row):
                rows.append(["" if c is None else c for c in row])
        return rows, names
    finally:
        book.close()


def _safe_workbook(path: Path, shown: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.file_size > 1 << 30 or (
                    member.file_size > 64 << 20 and member.file_size > 200 * member.compress_size
                ):
                    raise InvalidInput(
                        say("read.member_expands", path=shown, member=member.filename, size=member.file_size / 1e6)
                    )
                if member.filename.endswith((".xml", ".rels")):
                    with archive.open(member) as part:
                        if b"<!DOCTYPE" in part.read(4096).upper():
                            raise InvalidInput(say("read.xml_entities", path=shown, member=member.filename))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError) as error:
        raise InvalidInput(say("read.bad_workbook", path=shown, why=str(error)[:100])) from None


def _polygons(rows: list[list[Any]], shown: str, record: Record) -> gpd.GeoDataFrame:
    if len(rows) < 2:
        raise InvalidInput(say("read.few_rows", path=shown, n=max(len(rows) - 1, 0)))
    head = _heading(rows)
    if head:
        record.warn(say("read.heading_row", path=shown, row=head + 1))
    names = _unique([str(c).strip().lstrip("\ufeff") for c in rows[head]])
    width = len(names)
    if width > MAX_COLUMNS:
        raise InvalidInput(say("door.too_wide", shown=shown, most=MAX_COLUMNS))
    table = pd.DataFrame([(list(r) + [""] * width)[:width] for r in rows[head + 1 :]], columns=names)
    wkt = next((n for n in names if n.lower() in _WKT), None) or _wkt_column(table)
    if wkt is not None:
        return _from_wkt(table, wkt, shown)
    x, y = _named(names, _X), _named(names, _Y)
    if x is None or y is None:
        raise InvalidInput(say("read.no_geometry", path=shown, has=names[:10]))
    _fill_merged(table, (x, y), shown, record)
    return from_vertices(table, x, y, shown=shown, first_row=head + 2)


def _heading(rows: list[list[Any]]) -> int:
    """The row of the headings: the first, unless it has none for a geometry and one of the next ones has."""
    return next((at for at, row in enumerate(rows[:MAX_TITLES]) if _places(row)), 0)


def _places(row: list[Any]) -> bool:
    """Whether a row holds headings for a geometry: x and y, or a column of WKT."""
    names = ["" if c is None else str(c).strip().lstrip("\ufeff") for c in row]
    return bool(_named(names, _X) and _named(names, _Y)) or any(n.lower() in _WKT for n in names)


def _fill_merged(table: pd.DataFrame, used: tuple[str, str], shown: str, record: Record) -> None:
    """Merged cells hold their value in the first row only: columns that begin filled and have gaps are filled downward."""
    filled = []
    for column in table.columns:
        if column in used:
            continue
        texts = table[column].astype(str).str.strip()
        empty = texts.isin(["", "None", "nan"])
        if empty.any() and not empty.iloc[0] and 2 * empty.sum() >= len(empty):
            table[column] = table[column].mask(empty).ffill()
            filled.append(str(column))
    if filled:
        record.warn(say("read.merged_cells", path=shown, columns=filled))


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    result = []
    for i, name in enumerate(names):
        base = name or f"column_{i + 1}"
        seen[base] = seen.get(base, 0) + 1
        result.append(base if seen[base] == 1 else f"{base}_{seen[base]}")
    return result


def _named(names: list[str], known: tuple[str, ...]) -> str | None:
    return next((n for k in known for n in names if re.sub(r"[（(\[].*", "", n).strip().lower() == k), None)


def _wkt_column(table: pd.DataFrame) -> str | None:
    first = table.iloc[0]
    return next((str(n) for n in table.columns if _WKT_START.match(str(first[n]))), None)


def _from_wkt(table: pd.DataFrame, column: str, shown: str) -> gpd.GeoDataFrame:
    texts = table[column].astype(str).str.replace(r"^\s*SRID=\d+;", "", regex=True)
    for text in texts:
        check_wkt(text, shown)
    geometry = shapely.from_wkt(texts.to_numpy(dtype=object), on_invalid="ignore")
    bad = np.flatnonzero(shapely.is_missing(geometry) & (texts.str.strip() != "").to_numpy())
    if len(bad):
        raise InvalidInput(say("read.no_wkt", path=shown, row=bad[0] + 2, column=column, text=texts.iloc[bad[0]][:40]))
    crs = _srid(table[column])
    return gpd.GeoDataFrame(table.drop(columns=column), geometry=geometry, crs=crs)


def _srid(column: pd.Series[Any]) -> int | None:
    codes = set(column.astype(str).str.extract(r"^\s*SRID=(\d{4,6});")[0].dropna())
    return int(codes.pop()) if len(codes) == 1 else None
