"""Writes a sample's layers so that the same recipe gives the same files."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

from recipes.recipe import Sample
from recipes.relief import Frame

WRITTEN = "2025-01-01"  # the date the files carry: a fixed one, or no two builds would be alike


def folder(target: Path, sample: Sample, *, shapefiles: tuple[str, ...] = ()) -> None:
    """Writes a sample's rasters, its GeoPackage and, for the layers named, GBK shapefiles, beside its hand-written files."""
    target.mkdir(parents=True, exist_ok=True)
    for name, (frame, values) in sample.rasters.items():
        raster(target / name, frame, values, sample.crs)
    geopackage(target / f"{target.name}.gpkg", {k: v for k, v in sample.layers.items() if k not in shapefiles})
    for name in shapefiles:
        shapefile(target / f"{name}.shp", sample.layers[name])


def raster(path: Path, frame: Frame, values: NDArray[np.float64], crs: str) -> None:
    """A compressed GeoTIFF of whole centimetres as float32, metres; tiled unless it is smaller than a tile."""
    path.unlink(missing_ok=True)
    layout = {"tiled": True, "blockxsize": 256, "blockysize": 256} if min(frame.rows, frame.cols) >= 256 else {}
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
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{WRITTEN}T00:00:00.000Z"})
    try:
        for name, layer in layers.items():
            pyogrio.write_dataframe(layer, path, layer=name, driver="GPKG", append=path.exists())
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def shapefile(path: Path, layer: gpd.GeoDataFrame) -> None:
    """A shapefile as land bureaus hand it over: Chinese field names and values in GBK, a fixed date."""
    for part in path.parent.glob(path.stem + ".*"):
        part.unlink()
    pyogrio.write_dataframe(layer, path, driver="ESRI Shapefile", encoding="GBK", DBF_DATE_LAST_UPDATE=WRITTEN)
