"""plan.gpkg: layers, attribute tables and the QGIS styles and project that belong to them, the same rows every time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import pyogrio

from planner.export.project import packed
from planner.export.texts import plain_frame
from planner.read.readback import check_layer

STAMP: Final = "2000-01-01T00:00:00.000Z"  # every date in a file, so that the same plan gives the same file

_STYLE_TABLE: Final = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
  f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
  owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))
"""

# As QGIS makes it, and like there in no list of contents: readers of data then do not take it for a table of the plan.
_PROJECT_TABLE: Final = "CREATE TABLE qgis_projects (name TEXT PRIMARY KEY, metadata BLOB, content BLOB)"


def write_geopackage(
    path: Path,
    layers: Mapping[str, gpd.GeoDataFrame],
    tables: Mapping[str, pd.DataFrame],
    styles: Mapping[str, str],
    *,
    project: str = "",
) -> None:
    """Writes a new GeoPackage.

    layers: frames with geometry by layer name, index kept as a column, sorted by it. tables: frames without geometry.
    styles: QML by layer name, stored as the layer's default style. project: a QGIS project with paths
    relative to the file, opened from there as "plan".
    """
    with _unsynced():
        _write_frames(path, layers, tables)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        _finish(connection, layers, styles)
        if project:
            metadata = json.dumps({"last_modified_time": STAMP[:19], "last_modified_user": ""})
            connection.execute(_PROJECT_TABLE)
            connection.execute("INSERT INTO qgis_projects VALUES ('plan', ?, ?)", (metadata, packed(project)))
    for name, frame in {**layers, **tables}.items():
        check_layer(path, plain_frame(_indexed(frame)), layer=name)


@contextmanager
def _unsynced() -> Iterator[None]:
    """Without SQLite's own syncing: the whole folder is synced once before it takes its place."""
    key = "OGR_SQLITE_SYNCHRONOUS"
    before = pyogrio.get_gdal_config_option(key)
    pyogrio.set_gdal_config_options({key: "OFF"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({key: before})


def _write_frames(path: Path, layers: Mapping[str, gpd.GeoDataFrame], tables: Mapping[str, pd.DataFrame]) -> None:
    for name, frame in layers.items():
        rows = plain_frame(_indexed(frame))
        pyogrio.write_dataframe(
            rows,
            path,
            layer=name,
            driver="GPKG",
            promote_to_multi=True,
            geometry_type=_kind(rows),
            layer_options={"FID": "fid"},
        )
    for name, table in tables.items():
        pyogrio.write_dataframe(plain_frame(_indexed(table)), path, layer=name, driver="GPKG", layer_options={"FID": "fid"})


def _finish(connection: sqlite3.Connection, layers: Mapping[str, gpd.GeoDataFrame], styles: Mapping[str, str]) -> None:
    """Adds the styles and gives every table the same date."""
    connection.execute(_STYLE_TABLE)
    connection.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) "
        "VALUES ('layer_styles', 'attributes', 'layer_styles', 'QGIS styles', ?, 0)",
        (STAMP,),
    )
    for name, qml in sorted(styles.items()):
        if name in layers:
            connection.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
                "styleQML, useAsDefault, description, owner, update_time) VALUES ('', '', ?, 'geom', ?, ?, 1, '', '', ?)",
                (name, name, qml, STAMP),
            )
    connection.execute("UPDATE gpkg_contents SET last_change = ?", (STAMP,))


def _indexed(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its index as leading columns."""
    if all(name is None for name in frame.index.names):
        return frame.reset_index(drop=True)
    keep = [n for n in frame.index.names if n is not None and n not in frame.columns]
    return frame.reset_index(level=keep) if len(keep) == frame.index.nlevels else frame.reset_index(drop=True)


def _kind(frame: gpd.GeoDataFrame) -> str | None:
    """The geometry type to declare for a layer that may be empty."""
    return "MultiPolygon" if len(frame) == 0 else None
