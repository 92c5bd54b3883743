"""Water that stands in the terrain already: a level surface of some size with higher ground around it is a lake."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio.features
import shapely
from numpy.typing import NDArray
from rasterio.transform import Affine
from scipy import ndimage

from planner.core.terrain.plateaus import plateaus
from planner.read.grids import Context
from planner.site import Floats, Grid, WaterTable
from planner.units import M2_PER_MU, mu_from_m2
from planner.words import say

LEVEL_M: Final = 1e-4  # m: cells nearer in height than this are level; warping leaves so much on a level surface
FEWEST: Final = 20  # cells; fewer may be level by chance
OUTLET: Final = 0.03  # share of the shore that may be as low as the water: where it leaves
RISE_M: Final = 1.5  # m: how far a shore in whole metres rises on average: they make level ground of every gentle hollow
FILM_M: Final = 0.01  # m: how deep the water is taken, whose bed the terrain does not show
TOLD_SHARE: Final = 0.01  # of the polygons: from here on lakes above the table that was given are told
BARRED: Final = "construction,arable,green"


class Standing(NamedTuple):
    """A lake in the terrain: the window it lies in, its cells there, (rows, cols), and the height of its surface, m."""

    window: tuple[slice, slice]
    cells: NDArray[np.bool_]
    level_m: float

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """The values of its cells, (n,); values: (rows, cols) of the whole terrain."""
        return values[self.window][self.cells]


def lakes_in(terrain: Grid, inside: NDArray[np.bool_], least_m2: float) -> list[Standing]:
    """Level surfaces of at least so many m², with higher ground around, that reach into cells marked as inside."""
    fewest = max(FEWEST, int(np.ceil(least_m2 / terrain.cell_area)))
    labels, _ = plateaus(terrain.values, LEVEL_M, fewest)
    found = []
    for number, window in enumerate(ndimage.find_objects(labels), start=1):
        if not _within(window, labels.shape):
            continue
        around = tuple(slice(side.start - 1, side.stop + 1) for side in window)
        cells = labels[around] == number
        if (cells & inside[around]).any() and _is_lake(cells, terrain.values[around]):
            level = float(np.round(terrain.values[around][cells][0] / LEVEL_M)) * LEVEL_M
            found.append(Standing(window, cells[1:-1, 1:-1], level))
    return found


def _within(window: tuple[slice, slice], shape: tuple[int, ...]) -> bool:
    """Whether a surface lies within what was read, not at its edge, where the shore is not known."""
    return all(side.start > 0 and side.stop < length for side, length in zip(window, shape, strict=True))


def _is_lake(cells: NDArray[np.bool_], ground: Floats) -> bool:
    """Whether the ground all around a level surface is higher."""
    shore = ndimage.binary_dilation(cells, structure=np.ones((3, 3))) & ~cells
    rise = ground[shore] - ground[cells].mean()
    known = rise[np.isfinite(rise)]
    whole = bool(np.all(np.abs(ground[cells] - np.round(ground[cells])) < LEVEL_M))
    return bool(len(known) == len(rise) and np.mean(known <= LEVEL_M) <= OUTLET and known.mean() >= (RISE_M if whole else 0.0))


def with_lakes(
    context: Context, terrain: Grid, water: WaterTable, constraints: gpd.GeoDataFrame | None
) -> tuple[WaterTable, gpd.GeoDataFrame | None]:
    """The water table and the constraints with the lakes that stand in the terrain above the table.

    Where the table was taken for want of a better one, it is raised to their surface and their ground stays water; where it was
    given, it counts, and they are told. `water.lake_min_mu` is the smallest one, 0 for none.
    """
    least = context.scenario.number("water.lake_min_mu") * M2_PER_MU
    if least <= 0:
        return water, constraints
    inside = context.inside(terrain)
    above = [k for k in lakes_in(terrain, inside, least) if float(np.nanmean(k.of(water.normal.values))) <= k.level_m]
    if not above:
        return water, constraints
    wet = sum(int(np.count_nonzero(k.of(inside))) for k in above)
    area = float(mu_from_m2(wet * terrain.cell_area))
    told = {"n": len(above), "mu": area, "level": above[0].level_m}
    if context.scenario.layers.water_table is not None:
        if wet < TOLD_SHARE * np.count_nonzero(inside):
            return water, constraints  # a pond's worth of level ground is no reason to doubt a table that was measured
        table = float(np.nanmean(above[0].of(water.normal.values)))
        context.record.warn(say("read.lakes_above_table", **told, table=table))
        return water, constraints
    context.record.warn(say("read.lakes_stay", **told))
    surface = np.full(terrain.shape, -np.inf)
    for lake in above:
        surface[lake.window][lake.cells] = lake.level_m + FILM_M
    raised = [g.like(np.fmax(g.values, _onward(surface, g.values))) for g in (water.dry, water.normal, water.wet)]
    return WaterTable(raised[1], raised[0], raised[2]), _kept(above, terrain, constraints, context)


def _onward(surface: Floats, table: Floats) -> Floats:
    return np.where(np.isfinite(surface), surface, table)


def _kept(lakes: list[Standing], terrain: Grid, constraints: gpd.GeoDataFrame | None, context: Context) -> gpd.GeoDataFrame:
    """The constraints with a row for every lake, which bars everything but water."""
    shapes = []
    for lake in lakes:
        place = Affine(*terrain.transform) * Affine.translation(lake.window[1].start, lake.window[0].start)
        found = rasterio.features.shapes(lake.cells.astype(np.uint8), mask=lake.cells, transform=place)
        shapes.append(shapely.union_all([shapely.geometry.shape(outline) for outline, _ in found]))
    names = [f"lake {lake.level_m:.2f} m" for lake in lakes]
    rows = gpd.GeoDataFrame(
        {"kind": "water", "name": names, "forbids": BARRED, "only_inside": ""}, geometry=shapes, crs=context.crs
    )
    if constraints is None or not len(constraints):
        return rows
    both = pd.concat([constraints, rows], ignore_index=True)
    texts = {c: both[c].fillna("") for c in ("kind", "name", "forbids", "only_inside") if c in both}
    return gpd.GeoDataFrame(both.assign(**texts), geometry="geometry", crs=context.crs)
