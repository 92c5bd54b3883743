"""What the lakes hold as built, and what the ground settled by where nothing was built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.asbuilt.survey import SETTLING_M, WORKED_M, Registered
from planner.core.polygons.rings import rings_of
from planner.core.terrain.coverage import covered_cells
from planner.water import storage_curve

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.site import Grid

Floats = NDArray[np.float64]
STORAGE_COLUMNS = ["reservoir_id", "level_m", "planned_m2", "planned_m3", "built_m2", "built_m3", "built_sd_m3", "seen_share"]


def storage_built(plan: Plan, planned: Grid, survey: Registered) -> pd.DataFrame:
    """Area and storage by level of every reservoir, as designed and as built, within the land given to it.

    Columns as in STORAGE_COLUMNS; built_sd_m3 is the survey's error over the flooded area, the water's level taken as exact.
    Where the survey shows no bed nothing is held: seen_share says of how much of the land it is seen.
    """
    parts = []
    for name, row in plan.reservoirs.iterrows():
        shape = shapely.union_all(shapely.get_parts(row.geometry))
        levels = plan.storage_tables[str(name)]["level_m"].to_numpy(float)
        curves = []
        for grid in (planned, survey.ground):
            if not np.isfinite(_inside(grid, shape)).any():
                curves.append((np.zeros(len(levels)), np.zeros(len(levels))))
                continue
            curve = storage_curve(grid, [shape], levels=levels)
            curves.append((curve.area(levels), curve.storage(levels)))
        (area, held), (built_area, built) = curves
        seen = np.isfinite(_inside(survey.ground, shape)).mean()
        sd = built_area * survey.mean_sd(np.maximum(built_area, 1e-9))
        columns = (str(name), levels, area, held, built_area, built, sd, seen)
        parts.append(pd.DataFrame(dict(zip(STORAGE_COLUMNS, columns, strict=True))))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=STORAGE_COLUMNS)


def _inside(grid: Grid, shape: shapely.Geometry) -> Floats:
    return grid.at(covered_cells(*rings_of([shape]), grid.frame).cell)


def settlement(plan: Plan, survey: Registered, planned: Grid, sunk: Floats) -> pd.DataFrame:
    """By parcel (and `all`): what ground where nothing was built settled by, predicted and measured, mm, with its error.

    parcel_id, area_m2, predicted_mm, measured_mm, sd_mm, agrees (within 1.96 errors); parcels that were to settle only.
    """
    before = plan.site.terrain
    free = (np.abs(planned.values - before.values) <= WORKED_M) & (sunk >= SETTLING_M) & np.isfinite(survey.ground.values)
    free &= before.values > plan.site.water_table.wet.values  # under water the survey shows no ground
    cells = covered_cells(*rings_of(plan.site.parcels.geometry.to_numpy()), before.frame)
    use = free.ravel()[cells.cell]
    owner, cell, weight = cells.owner[use], cells.cell[use], cells.fraction[use] * before.cell_area
    fell = (before.values - survey.ground.values).ravel()[cell]
    count = len(plan.site.parcels)
    names = [*(str(i) for i in plan.site.parcels.index), "all"]
    owner, cell, weight, fell = (
        np.concatenate([v, w]) for v, w in ((owner, np.full(len(owner), count)), (cell, cell), (weight, weight), (fell, fell))
    )
    area = np.bincount(owner, weights=weight, minlength=count + 1)
    some = area > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        said = np.bincount(owner, weights=weight * sunk.ravel()[cell], minlength=count + 1) / area
        seen = np.bincount(owner, weights=weight * fell, minlength=count + 1) / area
    sd = survey.mean_sd(np.maximum(area, 1e-9))
    table = pd.DataFrame(
        {
            "parcel_id": names,
            "area_m2": area,
            "predicted_mm": 1e3 * said,
            "measured_mm": 1e3 * seen,
            "sd_mm": 1e3 * sd,
            "agrees": np.abs(said - seen) <= 1.96 * sd,
        }
    )
    return table[some].reset_index(drop=True)
