"""The ground under the map: relief shading as an embedded image, and the raster the water-level slider floods."""

from __future__ import annotations

import base64
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile
from rasterio.transform import from_origin
from rasterio.warp import reproject

from planner.maps.place import Place, degrees_from_mercator, place
from planner.maps.view import MapView
from planner.plan.relief import hillshade
from planner.site import Grid

Floats = NDArray[np.float64]
SHADE_PX = 1100  # longest side of the shading image
MARGIN = 0.04  # of the plan's longer side: how much ground is shown around it


@dataclass(frozen=True, eq=False)
class Warped:
    """A grid resampled to web-Mercator cells: values shape (rows, cols), NaN outside; `bounds` [[south, west], [north, east]]
    in degrees; `cell` in Mercator metres; `west`, `north` its corner."""

    values: Floats
    west: float
    north: float
    cell: float

    @property
    def bounds(self) -> list[list[float]]:
        rows, cols = self.values.shape
        xs = np.array([self.west, self.west + cols * self.cell])
        ys = np.array([self.north - rows * self.cell, self.north])
        lon, lat = degrees_from_mercator(xs, ys)
        return [[round(float(lat[0]), 7), round(float(lon[0]), 7)], [round(float(lat[1]), 7), round(float(lon[1]), 7)]]


def warp(grid: Grid, where: Place, *, longest: int, nearest: bool = False) -> Warped:
    """The part of a grid around the site, on web-Mercator cells, at most `longest` cells a side.

    Image overlays are stretched linearly in Mercator by the page, so anything else than Mercator cells would be misplaced.
    """
    west, south, east, north = with_margin(where.corners)
    latitude = degrees_from_mercator(np.array([0.0]), np.array([(south + north) / 2]))[1][0]
    native = min(grid.cell_x, grid.cell_y) / np.cos(np.radians(latitude))
    cell = max(max(east - west, north - south) / longest, native)
    cols, rows = max(2, int(np.ceil((east - west) / cell))), max(2, int(np.ceil((north - south) / cell)))
    shift_x, shift_y = _shift(where)
    target = np.full((rows, cols), np.nan)
    reproject(
        np.ascontiguousarray(grid.values),
        target,
        src_transform=rasterio.Affine(*grid.transform),
        src_crs=where.crs.to_wkt(),
        src_nodata=np.nan,
        dst_transform=from_origin(west - shift_x, north - shift_y, cell, cell),
        dst_crs="EPSG:3857",
        dst_nodata=np.nan,
        resampling=Resampling.nearest if nearest else (Resampling.average if cell > 1.5 * native else Resampling.bilinear),
    )
    return Warped(target, west, north, cell)


def with_margin(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """West, south, east, north of what is shown of the ground around bounds, in their unit."""
    west, south, east, north = bounds
    pad = MARGIN * max(east - west, north - south)
    return west - pad, south - pad, east + pad, north + pad


def _shift(where: Place) -> tuple[float, float]:
    """How far the display frame is moved at the site's middle, Mercator metres; over a site it varies by less than a cell."""
    if not where.shifted:
        return 0.0, 0.0
    west, south, east, north = where.bounds
    x, y = np.array([(west + east) / 2]), np.array([(south + north) / 2])
    moved, plain = where.mercator(x, y), place(where.crs, where.bounds).mercator(x, y)
    return float(moved[0][0] - plain[0][0]), float(moved[1][0] - plain[1][0])


def shading(view: MapView, where: Place) -> dict[str, Any] | None:
    """The relief shading as {url: data URI, bounds}, or None without a terrain."""
    if view.terrain is None:
        return None
    warped = warp(view.terrain, where, longest=SHADE_PX)
    known = np.isfinite(warped.values)
    if not known.any():
        return None
    grey = hillshade(warped.values, warped.cell)
    alpha = np.where(known, 255, 0).astype(np.uint8)
    return {"url": image_uri(np.stack([grey, grey, grey, alpha])), "bounds": warped.bounds}


def image_uri(bands: NDArray[np.uint8]) -> str:
    """A data URI of an RGBA image, shape (4, rows, cols): lossy WebP where the raster library has it, PNG otherwise."""
    options: dict[str, Any] = {"driver": "WEBP", "QUALITY": "60"} if "WEBP" in _drivers() else {"driver": "PNG", "ZLEVEL": "9"}
    kind = "webp" if options["driver"] == "WEBP" else "png"
    count, rows, cols = bands.shape
    with MemoryFile() as memory, rasterio.Env(GDAL_PAM_ENABLED="NO"), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a picture for a page has no place of its own
        with memory.open(width=cols, height=rows, count=count, dtype="uint8", **options) as image:
            image.write(bands)
        raw = memory.read()
    return f"data:image/{kind};base64," + base64.b64encode(raw).decode("ascii")


def _drivers() -> set[str]:
    with rasterio.Env() as env:
        return set(env.drivers())
