"""Layers and tables of a city: as stored, with the CRS and the encoding that their bytes and numbers tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from planner.errors import InvalidInput
from planner.read.encoding import decode_text
from planner.read.meaning import ANY
from planner.read.rasters import read_raster
from planner.read.record import Record
from planner.read.sources import Ask, open_vector
from planner.read.tabular import csv_rows, sheet_rows
from planner.scenario import Layer
from planner.site import Grid
from planner.words import say

MOST_JSON_BYTES: Final = 64 << 20


def layer_of(layer: Layer, role: str, home: Path) -> gpd.GeoDataFrame:
    """A vector layer named in a file of the folder `home`. Raises InvalidInput where it has no CRS or cannot be read."""
    frame = open_vector(Ask(home / layer.path, layer.path, role, layer.layer, layer.encoding), Record())
    if layer.crs is not None:
        frame = frame.set_crs(layer.crs, allow_override=True)
    if frame.crs is None:
        raise InvalidInput(say("city.no_crs", path=layer.path, role=role))
    return frame


def grid_of(path: Path, like: gpd.GeoDataFrame) -> Grid:
    """A raster in a layer's CRS, the cells that its shapes touch and more. Raises InvalidInput as read_raster does."""
    if not path.is_file():
        raise InvalidInput(say("city.no_table", path=path.name))
    return read_raster(path, crs=like.crs, meant=ANY).grid


def achieved_share(path: Path, shown: str) -> float:
    """Of the earth that was planned, what a survey found moved, 0-1. Raises InvalidInput for what is no asbuilt.json."""
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(MOST_JSON_BYTES))
        share = document["achieved_share"]
        if not str(document["schema"]).startswith("planner.asbuilt/") or not 0.0 <= float(share) <= 1.0:
            raise ValueError(share)
    except (OSError, ValueError, KeyError, TypeError):
        raise InvalidInput(say("city.no_asbuilt", path=shown)) from None
    return float(share)


def table_of(path: Path, shown: str, *, index: str) -> pd.DataFrame:
    """A table of figures from CSV or XLSX, indexed by one of its columns. Raises InvalidInput naming what is missing."""
    if not path.is_file():
        raise InvalidInput(say("city.no_table", path=shown))
    rows = sheet_rows(path, shown)[0] if path.suffix.lower() == ".xlsx" else _text(path, shown)
    if len(rows) < 2:
        raise InvalidInput(say("city.empty_table", path=shown))
    head = [str(h).strip() for h in rows[0]]
    if index not in head:
        raise InvalidInput(say("city.no_column", path=shown, column=index, columns=head))
    frame = pd.DataFrame([r[: len(head)] + [None] * (len(head) - len(r)) for r in rows[1:]], columns=head)
    return frame.replace("", None).set_index(index)


def _text(path: Path, shown: str) -> list[list[object]]:
    text, _ = decode_text(path.read_bytes(), encoding=None, where=shown)
    return [[cell.strip() for cell in row] for row in csv_rows(text.lstrip("\ufeff"), shown)]
