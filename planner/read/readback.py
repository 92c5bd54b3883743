"""What was written is opened again and compared before it takes its place: GDAL does not tell every failure at close."""

from __future__ import annotations

import shutil
import warnings
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.windows import Window

from planner.errors import PlannerError
from planner.read.door import FOREIGN
from planner.words import plain, say

ALL_BYTES: Final = 1 << 31  # up to here every block is read again, beyond it every EIGHTH and the last
EIGHTH: Final = 8
FULL_BYTES: Final = 1 << 20  # less than this left on a disk is what a failure is put down to


@dataclass(eq=False)
class Blocks:
    """What is written to a raster, block by block, remembered by checksums to be compared afterwards."""

    told: list[tuple[int | list[int], Window | None, int]] = field(default_factory=list)
    size: int = 0

    def write(self, file: Any, values: NDArray[Any], band: int | None = None, window: Window | None = None) -> None:
        """Writes a block, (rows, cols) of one band or (bands, rows, cols) of all, of the file's own number type."""
        values = np.ascontiguousarray(values, dtype=file.dtypes[0])
        bands = list(range(1, len(values) + 1)) if band is None else band
        file.write(values, bands, window=window)
        self.told.append((bands, window, _sum_of(values)))
        self.size += values.nbytes

    def check(self, path: Path) -> None:
        """Opens the file again and compares. Raises PlannerError where it is not what was written."""
        step = 1 if self.size <= ALL_BYTES else EIGHTH
        try:
            with rasterio.open(path) as file:
                for bands, window, crc in [*self.told[::step], *self.told[-1:]]:
                    if _sum_of(file.read(bands, window=window)) != crc:
                        raise _not_whole(path, "cells differ")
        except FOREIGN as error:
            raise _not_whole(path, str(error)) from error


def _sum_of(values: NDArray[Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(values).view(np.uint8).data)


def check_raster(path: Path, bands: NDArray[Any]) -> None:
    """Compares a raster's bands, (bands, rows, cols), with what was to be written. Raises PlannerError where they differ."""
    try:
        with rasterio.open(path) as file:
            same = np.array_equal(file.read(), bands, equal_nan=True)
    except FOREIGN as error:
        raise _not_whole(path, str(error)) from error
    if not same:
        raise _not_whole(path, "cells differ")


def check_layer(path: Path, rows: pd.DataFrame, *, layer: str | None = None, encoding: str | None = None) -> None:
    """Compares a vector layer with the rows that were to be written: count, vertices, extent, figures, texts, a CRS.

    Rows may come in another order (FlatGeobuf). Raises PlannerError where they differ.
    """
    geometry = rows.geometry.name if isinstance(rows, gpd.GeoDataFrame) else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = pyogrio.read_dataframe(path, layer=layer, encoding=encoding, read_geometry=geometry is not None)
    except FOREIGN as error:
        raise _not_whole(path, str(error)) from error
    if len(found) != len(rows):
        raise _not_whole(path, f"{len(found)} of {len(rows)} rows")
    for column in rows.columns:
        if column != geometry and not _alike(rows[column], found.get(column)):
            raise _not_whole(path, f"{layer or ''} {column} differs".strip())
    if geometry is not None and not isinstance(found, gpd.GeoDataFrame):  # the disk was full before the layer was laid out
        raise _not_whole(path, f"{layer or ''} no shapes".strip())
    if geometry is not None and len(rows) and not _same_shapes(rows.geometry, found.geometry):
        raise _not_whole(path, f"{layer or ''} shapes differ".strip())
    if geometry is not None and rows.crs is not None and found.crs is None and path.suffix.lower() != ".dxf":  # which has none
        raise _not_whole(path, f"{layer or ''} no CRS".strip())


def _alike(wanted: pd.Series[Any], found: pd.Series[Any] | None) -> bool:
    """Whether two columns hold the same, in whatever order; a column without a value need not be there."""
    if found is None:
        return not wanted.notna().any()
    if pd.api.types.is_numeric_dtype(wanted.dtype) and pd.api.types.is_numeric_dtype(found.dtype):
        a, b = (np.sort(v.to_numpy(dtype=np.float64, na_value=np.nan)) for v in (wanted, found))
        return bool(np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True))
    texts = [sorted("" if v is None or v is pd.NA or v != v else str(v).strip() for v in column) for column in (wanted, found)]
    return texts[0] == texts[1] or pd.api.types.is_numeric_dtype(wanted.dtype) or pd.api.types.is_bool_dtype(wanted.dtype)


def _same_shapes(wanted: gpd.GeoSeries, found: gpd.GeoSeries) -> bool:
    a, b = wanted.to_numpy(), found.to_numpy()
    if shapely.get_num_coordinates(a).sum() != shapely.get_num_coordinates(b).sum():
        return False
    boxes = [np.nan_to_num(shapely.total_bounds(v)) for v in (a, b)]
    size = max(1.0, float(np.abs(boxes[0]).max()))
    return bool(np.allclose(boxes[0], boxes[1], rtol=0.0, atol=1e-9 * size))


def _not_whole(path: Path, why: str) -> PlannerError:
    if shutil.disk_usage(path.parent).free < FULL_BYTES:
        return PlannerError(say("files.disk_full", path=path.name, free_mb=shutil.disk_usage(path.parent).free / 1e6))
    return PlannerError(say("files.not_read_back", path=path.name, why=plain(" ".join(why.split())[:120])))
