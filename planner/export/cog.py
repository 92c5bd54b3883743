"""Water depth and level of a plan as cloud-optimised GeoTIFF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import rasterio
import shapely
from rasterio.shutil import copy
from rasterio.transform import Affine

from planner.core.terrain.owner import by_centre
from planner.files import write_whole
from planner.landuse import DIG_DEPTH_M
from planner.read.readback import check_raster
from planner.site import Floats, Grid


def water_grids(plan: Any) -> tuple[Grid, Grid]:
    """Depth of water at the normal level, m, and that level, m, on the terrain's cells; NaN outside the reservoirs.

    The bed is the ground less the unit's dig depth, and at least the reservoir's least depth below its level.
    """
    terrain = plan.site.terrain
    lakes = plan.units[plan.units["target"] == "reservoir"]
    of_unit = _owners(lakes, terrain)
    of_lake = _owners(plan.reservoirs, terrain)
    inside = (of_unit >= 0) & (of_lake >= 0)
    dig = _picked(lakes["treatment"].map(DIG_DEPTH_M).fillna(0.0).to_numpy(float), of_unit, inside)
    level = _picked(plan.reservoirs["level_m"].to_numpy(float), of_lake, inside)
    least = plan.site.scenario.number("targets.reservoir.min_depth_m")
    bed = np.minimum(terrain.values - dig, level - least)
    return terrain.like(np.maximum(level - bed, 0.0)), terrain.like(level)


def _owners(frame: gpd.GeoDataFrame, grid: Grid) -> Any:
    if len(frame) == 0:
        return np.full(grid.shape, -1, dtype=np.int32)
    _, xy, offsets = shapely.to_ragged_array(frame.geometry.to_numpy(), include_z=False)
    parts = offsets[1] if len(offsets) == 2 else offsets[1][offsets[2]]
    place = (grid.west, grid.north, grid.cell_x, grid.cell_y, *grid.shape)
    return by_centre(np.ascontiguousarray(xy), offsets[0].astype(np.int64), parts.astype(np.int64), *place)


def _picked(values: Floats, owner: Any, inside: Any) -> Floats:
    if len(values) == 0:
        return np.full(owner.shape, np.nan)
    return np.asarray(np.where(inside, values[np.maximum(owner, 0)], np.nan))


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
