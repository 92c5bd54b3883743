"""Layers and tables of a city: as stored, with the CRS and the encoding that their bytes and numbers tell."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from rasterio.transform import Affine
from rasterio.windows import Window

from planner.errors import InvalidInput
from planner.read.encoding import decode_text
from planner.read.position import computed
from planner.read.rasters import check_band, crs_of, opened, plain_values, positioned
from planner.read.record import Record
from planner.read.sources import Ask, open_vector
from planner.read.tabular import csv_rows, sheet_rows
from planner.scenario import Layer
from planner.site import Floats, Grid
from planner.words import say

Shapes = NDArray[np.object_]
ROUND: Final = (math.floor, math.floor, math.ceil, math.ceil)  # west and north, east and south of the cells that are touched

YES: Final = ("1", "1.0", "true", "yes", "y", "t", "x", "是", "√", "✓")
NO: Final = ("", "0", "0.0", "false", "no", "n", "f", "-", "否", "×")
MOST_JSON_BYTES: Final = 64 << 20


def layer_of(layer: Layer, role: str, home: Path) -> gpd.GeoDataFrame:
    """A vector layer named in a file of the folder `home`. Raises InvalidInput where it has no CRS or cannot be read."""
    frame = open_vector(Ask(home / layer.path, layer.path, role, layer.layer, layer.encoding), Record())
    if layer.crs is not None:
        frame = frame.set_crs(layer.crs, allow_override=True)
    if frame.crs is None:
        raise InvalidInput(say("city.no_crs", path=layer.path, role=role))
    return frame


def cells_under(path: Path, shapes: Shapes, crs: pyproj.CRS) -> tuple[Grid, Shapes]:
    """A raster's cells as stored around shapes, as a grid of cells of size 1, and the shapes (in a CRS) brought onto it.

    Amounts per cell are never resampled: their sum would not be kept. A raster without a CRS lies in the one given.
    Raises InvalidInput where it cannot be read or does not reach the shapes, CRSMismatch where it has no position.
    """
    if not path.is_file():
        raise InvalidInput(say("city.no_table", path=path.name))
    with opened(path) as source:
        check_band(path, source, 1)
        positioned(path, source)
        own, back, size = crs_of(source) or crs, ~source.transform, (source.width, source.height)
        with computed(crs, own):
            moved = shapes if own == crs else gpd.GeoSeries(shapes, crs=crs).to_crs(own).to_numpy()
        west, south, east, north = shapely.total_bounds(_stepped(moved, back))
        box = [int(np.clip(f(v), 0, n)) for f, v, n in zip(ROUND, (west, -north, east, -south), size * 2, strict=True)]
        if box[0] >= box[2] or box[1] >= box[3]:
            raise InvalidInput(say("city.cells_elsewhere", path=path.name))
        values = plain_values(source, 1, Window(box[0], box[1], box[2] - box[0], box[3] - box[1]), [])
    return Grid(values, float(box[0]), float(-box[1]), 1.0, 1.0), _stepped(moved, back)


def _stepped(shapes: Shapes, back: Affine) -> Shapes:
    """Shapes in columns eastward and rows northward of a raster, row 0 downward from 0; back: from its CRS to its cells."""
    return shapely.transform(shapes, lambda xy: np.column_stack(_cells(back, *xy.T)))


def _cells(back: Affine, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    return back.a * x + back.b * y + back.c, -(back.d * x + back.e * y + back.f)


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


def flags(column: pd.Series[Any], name: str) -> pd.Series[bool]:
    """A column of yes and no, in digits, English or Chinese; empty is no. Raises InvalidInput for another word: it would pass
    for no."""
    told = column.map(lambda cell: "" if pd.isna(cell) else str(cell).strip().lower())
    strange = told[~told.isin((*YES, *NO))]
    if len(strange):
        raise InvalidInput(say("city.no_flag", column=name, id=str(strange.index[0]), value=str(column[strange.index[0]])))
    return told.isin(YES)


def _text(path: Path, shown: str) -> list[list[object]]:
    text, _ = decode_text(path.read_bytes(), encoding=None, where=shown)
    return [[cell.strip() for cell in row] for row in csv_rows(text.lstrip("\ufeff"), shown)]
