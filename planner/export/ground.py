"""The ground a plan stands on as one raster, so that a saved plan can be drawn and asked again without its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from rasterio.transform import Affine

from planner.read.readback import Blocks
from planner.site import Grid, Site

MAX_CELLS: Final = 4_000_000  # a saved plan keeps an overview, not somebody's whole terrain
BANDS: Final = ("ground_m", "subsidence_m", "water_normal_m", "water_dry_m", "water_wet_m", "residual_mm")


def write_ground(site: Site, path: Path) -> None:
    """Writes the bands of BANDS in the site's CRS, thinned to at most MAX_CELLS cells."""
    water = site.water_table
    grids = (site.terrain, site.subsidence, water.normal, water.dry, water.wet, site.residual_mm)
    step = int(np.ceil(np.sqrt(site.terrain.values.size / MAX_CELLS)))
    first = _thinned(site.terrain, step)
    bands = {
        name: first.like(np.nan) if grid is None else _thinned(grid, step) for name, grid in zip(BANDS, grids, strict=True)
    }
    write_bands(bands, site.crs, path)


def write_bands(bands: Mapping[str, Grid], crs: Any, path: Path) -> None:
    """Writes grids on the same cells as the named bands of one GeoTIFF (float32, deflate, tiled, NaN for missing)."""
    first = next(iter(bands.values()))
    profile = {
        "driver": "GTiff",
        "height": first.shape[0],
        "width": first.shape[1],
        "count": len(bands),
        "dtype": "float32",
        "crs": crs,
        "transform": Affine(*first.transform),
        "nodata": float("nan"),
        "compress": "deflate",
        "predictor": 3,
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "interleave": "band",
    }
    blocks = Blocks()
    with rasterio.open(path, "w", **profile) as file:
        for band, (name, grid) in enumerate(bands.items(), start=1):
            blocks.write(file, grid.values.astype(np.float32), band)
            file.set_band_description(band, name)
    blocks.check(path)


def _thinned(grid: Grid, step: int) -> Grid:
    """Every step-th cell of a grid, the middle one of each block."""
    if step == 1:
        return grid
    half = step // 2
    values = grid.values[half::step, half::step]
    return Grid(values, grid.west, grid.north, grid.cell_x * step, grid.cell_y * step)
