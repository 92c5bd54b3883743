"""What was written is looked at again before it takes its place: a file that cannot be read back is no file."""

from __future__ import annotations

import json
import sqlite3
import zipfile
import zlib
from contextlib import closing
from pathlib import Path
from typing import Final

from planner.errors import PlannerError
from planner.words import plain, say

_ARCHIVES: Final = (".zip", ".kmz", ".xlsx")


def check_written(path: Path, shown: Path) -> None:
    """Reads a written file back as far as its kind can be told without knowing what it should hold.

    Archives by the checksums of their members, databases by their own check, JSON by parsing. Raises PlannerError where it is
    not whole.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in _ARCHIVES:
            with zipfile.ZipFile(path) as archive:
                spoilt = archive.testzip()
                if spoilt is not None or not archive.namelist():
                    raise zipfile.BadZipFile(str(spoilt))
        elif suffix == ".gpkg":
            check_database(path)
        elif suffix in (".json", ".geojson"):
            with path.open("rb") as file:
                json.load(file)
    except (zipfile.BadZipFile, zlib.error, EOFError, sqlite3.Error, ValueError, RecursionError) as error:
        raise PlannerError(say("files.not_read_back", path=shown, why=plain(" ".join(str(error).split())[:120]))) from error


def check_database(path: Path) -> None:
    """Raises sqlite3.Error where a GeoPackage is not whole: its pages, its indexes, its counts of features."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as base:
        told = base.execute("PRAGMA integrity_check(1)").fetchone()
        if told != ("ok",):
            raise sqlite3.DatabaseError(str(told[0]) if told else "no answer")
        tables = {str(row[0]) for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        counts = {}
        if "gpkg_ogr_contents" in tables:
            counts = dict(base.execute("SELECT table_name, feature_count FROM gpkg_ogr_contents").fetchall())
        for table, geometry in base.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall():
            _check_layer(base, table, geometry, counts.get(table), tables)


def _check_layer(base: sqlite3.Connection, table: str, geometry: str, count: int | None, tables: set[str]) -> None:
    quoted = '"' + table.replace('"', '""') + '"'
    column = '"' + geometry.replace('"', '""') + '"'
    (rows,) = base.execute(f"SELECT count(*) FROM {quoted}").fetchone()  # noqa: S608 - names are quoted
    if count is not None and count != rows:
        raise sqlite3.DatabaseError(f"{table}: {rows} rows, {count} counted")
    index = f"rtree_{table}_{geometry}"
    if index in tables:
        name = '"' + index.replace('"', '""') + '"'
        (found,) = base.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608 - names are quoted
        flags = f"substr(hex(substr({column}, 4, 1)), 1, 1)"
        full = f"{column} IS NOT NULL AND {flags} NOT IN ('1', '3', '5', '7', '9', 'B', 'D', 'F')"
        (wanted,) = base.execute(f"SELECT count(*) FROM {quoted} WHERE {full}").fetchone()  # noqa: S608 - names are quoted
        if found != wanted:  # the flag of an empty shape is the lowest bit of the fourth byte's upper half
            raise sqlite3.DatabaseError(f"{table}: {wanted} shapes, {found} in the index")
