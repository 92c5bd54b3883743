"""Ditches by which filled land drains to a lake or off the site, as lines with a section."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.core.terrain.ditching import Ditches, drained, ponded

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.site import Grid

Flags = NDArray[np.bool_]

POND_M: Final = 0.1  # shallower hollows of a platform drain by their crossfall
COLUMNS: Final = ("ditch_id", "length_m", "head_m", "end_m", "deepest_m", "cut_m3", "geometry")


def ditches(plan: Plan, ground: Grid, wanted: Flags, water: Grid) -> gpd.GeoDataFrame:
    """Ditches that drain wanted cells of a finished ground; lines with heights of their bottom.

    water: the level of the water that stands on cells by design, m. Columns: length_m, head_m and end_m (bottom, m), deepest_m
    below the ground, cut_m3 of a section `earthwork.ditch_width_m` wide at its bottom with sides of 1:`earthwork.slope_dry`.
    """
    scenario = plan.site.scenario
    surface, outlets = _standing(ground, water)
    fall = scenario.number("earthwork.ditch_fall")
    found = drained(surface, outlets, wanted, (ground.cell_x, ground.cell_y), fall=fall, pond_m=POND_M)
    width, side = scenario.number("earthwork.ditch_width_m"), scenario.number("earthwork.slope_dry")
    rows = [_line(found, k, surface, ground, (width, side)) for k in range(len(found.start) - 1)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=plan.site.crs)


def undrained(ground: Grid, water: Grid, lines: gpd.GeoDataFrame) -> Flags:
    """Cells of a finished ground that stand ponded although the ditches are there, (rows, cols)."""
    surface, outlets = _standing(ground, water)
    for line in lines.geometry:
        xyz = shapely.get_coordinates(line, include_z=True)
        row, col = ground.frame.cell(xyz[:, 0], xyz[:, 1])
        surface[row, col] = np.minimum(surface[row, col], xyz[:, 2])
    return ponded(surface, outlets, POND_M)


def _standing(ground: Grid, water: Grid) -> tuple[NDArray[np.float64], Flags]:
    """The ground with the level of the water that stands on it by design, m, and where it stands, (rows, cols) each."""
    outlets = np.isfinite(water.values)
    return np.where(outlets, water.values, ground.values), outlets


def _line(
    found: Ditches, k: int, surface: NDArray[np.float64], ground: Grid, section: tuple[float, float]
) -> tuple[object, ...]:
    """One ditch as a row."""
    cell, bottom = (a[found.start[k] : found.start[k + 1]] for a in (found.cell, found.bottom))
    x, y = ground.frame.centre_of(cell)
    line = shapely.LineString(np.column_stack([x, y, bottom]))
    deep = np.maximum(surface.ravel()[cell] - bottom, 0.0)
    width, side = section
    area = (width + side * deep) * deep
    step = np.hypot(np.diff(x), np.diff(y))
    cut = float((step * (area[1:] + area[:-1]) / 2).sum())
    return f"D{k + 1}", float(line.length), float(bottom[0]), float(bottom[-1]), float(deep.max()), cut, line
