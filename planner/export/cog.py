"""Water depth and level of a plan as cloud-optimised GeoTIFF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyproj

from planner.design import Design, owners
from planner.files import write_whole
from planner.geotiff import cloud_optimised
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
    return write_whole(path, lambda partial: cloud_optimised(grid, crs.to_wkt(), partial, name=name), overwrite=overwrite)
