"""Water depth and level of a plan as cloud-optimised GeoTIFF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
from rasterio.shutil import copy
from rasterio.transform import Affine

from planner.design import Design, owners
from planner.files import write_whole
from planner.read.readback import check_raster
from planner.site import Grid


def water_grids(plan: Any) -> tuple[Grid, Grid]:
    """Depth of water at the normal level, m, and that level, m, on the terrain's cells; NaN outside the reservoirs.

    The bed is the finished ground; wetland that a lake's water reaches is part of it.
    """
    units, terrain = plan.units, plan.site.terrain
    design = Design.of(units, plan.site.scenario)
    wet = units["reservoir_id"].isin(plan.reservoirs.index).to_numpy()
    owner = owners(units, terrain)
    owner = np.where(np.append(wet, False)[owner], owner, -1)
    level = design.level_at_cells(owner)
    return terrain.like(np.maximum(level - design.at_cells(owner, terrain.values), 0.0)), terrain.like(level)


def write_cog(grid: Grid, crs: pyproj.CRS, path: str | Path, *, name: str, overwrite: bool = False) -> Path:
    """Writes a grid as a cloud-optimised GeoTIFF, float32 rounded to the millimetre, NaN for missing."""
    return write_whole(path, lambda partial: _write(grid, crs, partial, name), overwrite=overwrite)


def _write(grid: Grid, crs: pyproj.CRS, path: Path, name: str) -> None:
    rows, cols = grid.shape
    with rasterio.MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            height=rows,
            width=cols,
            count=1,
            dtype="float32",
            crs=crs.to_wkt(),
            transform=Affine(*grid.transform),
            nodata=float("nan"),
        ) as file:
            cells = np.round(grid.values, 3).astype(np.float32)
            file.write(cells, 1)
            file.set_band_description(1, name)
        with memory.open() as source:
            copy(source, path, driver="COG", compress="deflate", predictor=3, blocksize=256, overview_resampling="average")
    check_raster(path, cells[None])
