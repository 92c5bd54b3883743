"""The ground a plan stands on as one raster, so that a saved plan can be drawn and asked again without its inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import rasterio
from rasterio.transform import Affine

from planner.site import Grid, Site

MAX_CELLS: Final = 4_000_000  # a saved plan keeps an overview, not somebody's whole terrain
BANDS: Final = ("ground_m", "subsidence_m", "water_normal_m", "water_dry_m", "water_wet_m", "residual_mm")


def write_ground(site: Site, path: Path) -> None:
    """Writes the bands of BANDS (float32, deflate, tiled) in the site's CRS, thinned to at most MAX_CELLS cells."""
    water = site.water_table
    grids = (site.terrain, site.subsidence, water.normal, water.dry, water.wet, site.residual_mm)
    step = int(np.ceil(np.sqrt(site.terrain.values.size / MAX_CELLS)))
    first = _thinned(site.terrain, step)
    profile = {
        "driver": "GTiff",
        "height": first.shape[0],
        "width": first.shape[1],
        "count": len(BANDS),
        "dtype": "float32",
        "crs": site.crs,
        "transform": Affine(*first.transform),
        "nodata": float("nan"),
        "compress": "deflate",
        "predictor": 3,
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "interleave": "band",
    }
    with rasterio.open(path, "w", **profile) as file:
        for band, (name, grid) in enumerate(zip(BANDS, grids, strict=True), start=1):
            values = np.full(first.shape, np.nan) if grid is None else _thinned(grid, step).values
            file.write(values.astype(np.float32), band)
            file.set_band_description(band, name)


def _thinned(grid: Grid, step: int) -> Grid:
    """Every step-th cell of a grid, the middle one of each block."""
    if step == 1:
        return grid
    half = step // 2
    values = grid.values[half::step, half::step]
    return Grid(values, grid.west, grid.north, grid.cell_x * step, grid.cell_y * step)
