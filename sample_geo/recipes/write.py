"""Writes a sample's layers so that the same recipe gives the same files."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

from recipes.relief import Frame
from recipes.sample import Sample

WRITTEN = "2025-01-01T00:00:00.000Z"  # the date the files carry: a fixed one, or no two builds would be alike


def raster(path: Path, frame: Frame, values: NDArray[np.float64], crs: str) -> None:
    """A tiled, compressed GeoTIFF of whole centimetres as float32, metres."""
    path.unlink(missing_ok=True)
    small = min(frame.rows, frame.cols) < 256
    layout = {} if small else {"tiled": True, "blockxsize": 256, "blockysize": 256}
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=frame.cols,
        height=frame.rows,
        count=1,
        dtype="float32",
        crs=crs,
        transform=from_origin(frame.west, frame.north, frame.cell, frame.cell),
        nodata=float("nan"),
        compress="deflate",
        zlevel=9,
        predictor=3,
        **layout,
    ) as file:
        file.write(np.round(values, 2).astype(np.float32), 1)
        file.units = ("m",)


def geopackage(path: Path, layers: dict[str, gpd.GeoDataFrame]) -> None:
    """One GeoPackage with a table per layer and a fixed date of change."""
    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": WRITTEN})
    try:
        for name, layer in layers.items():
            pyogrio.write_dataframe(layer, path, layer=name, driver="GPKG", append=path.exists())
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def shapefile(path: Path, layer: gpd.GeoDataFrame) -> None:
    """A shapefile as land bureaus hand it over: Chinese field names and values in GBK, a fixed date."""
    for part in path.parent.glob(path.stem + ".*"):
        part.unlink()
    pyogrio.write_dataframe(layer, path, driver="ESRI Shapefile", encoding="GBK", DBF_DATE_LAST_UPDATE=WRITTEN[:10])


def folder(target: Path, sample: Sample, crs: str, *, package: str) -> None:
    """Writes a sample's rasters and its GeoPackage into a folder that may hold its hand-written files already."""
    target.mkdir(parents=True, exist_ok=True)
    for name, values in sample.rasters.items():
        raster(target / name, sample.frame, values, crs)
    if sample.coarse is not None:
        for name, values in sample.coarse[1].items():
            raster(target / name, sample.coarse[0], values, crs)
    geopackage(target / package, dict(sample.layers))
