"""The ground a plan stands on as one raster, so that a saved plan can be drawn and asked again without its inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from planner.geotiff import write_bands
from planner.memory import MEMORY
from planner.site import Site

MAX_CELLS: Final = MEMORY.shown_cells  # an overview, not somebody's whole terrain
BANDS: Final = ("ground_m", "subsidence_m", "water_normal_m", "water_dry_m", "water_wet_m", "residual_mm")


def write_ground(site: Site, path: Path) -> None:
    """Writes the bands of BANDS in the site's CRS, thinned to at most MAX_CELLS cells."""
    water = site.water_table
    grids = (site.terrain, site.subsidence, water.normal, water.dry, water.wet, site.residual_mm)
    step = int(np.ceil(np.sqrt(site.terrain.values.size / MAX_CELLS)))
    first = site.terrain.thinned(step)
    bands = {name: first.like(np.nan) if grid is None else grid.thinned(step) for name, grid in zip(BANDS, grids, strict=True)}
    write_bands(bands, site.crs, path)
