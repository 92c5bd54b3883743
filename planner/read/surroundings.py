"""Whether the ground that is known around a site holds the water that stands in it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from planner.read.grids import Context, owners
from planner.site import Grid, WaterTable


def tell_cut_water(context: Context, terrain: Grid, water: WaterTable) -> None:
    """Warns where water that stands in a parcel goes on to the edge of the terrain, so that its rim is not known.

    Water stands where the ground lies below the normal water table or the reservoir's levels.
    """
    wish = context.scenario.reservoir
    level = np.fmax(water.normal.values, max((v for v in (wish.level_m, wish.flood_level_m) if v is not None), default=-np.inf))
    body, count = ndimage.label(terrain.values < level, structure=np.ones((3, 3)))
    if not count:
        return
    known = np.isfinite(terrain.values)
    rim = ~ndimage.binary_erosion(known, border_value=0)  # cells at the edge or beside one without elevation
    cut = np.intersect1d(body[rim & (body > 0)], body[(owners(context.parcels, terrain) >= 0) & (body > 0)])
    if not len(cut):
        return
    context.record.warn(
        "water that stands in the polygons goes on to the edge of the ground read: rims, spill levels and storage beyond are "
        f"not known; raise measure.surroundings_m above {context.margin_m:g} m or give a larger terrain",
        "沉陷区内的水面延伸到所读地面的边缘：其外的岸线、溢流水位和库容未知；"
        f"请将 measure.surroundings_m 调到 {context.margin_m:g} 米以上，或提供更大范围的地形",
    )
