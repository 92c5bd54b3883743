"""Water that stands in the terrain already: a level surface of some size with higher ground around it is a lake."""

from __future__ import annotations

from typing import Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio.features
import shapely
from numpy.typing import NDArray
from rasterio.transform import Affine
from scipy import ndimage

from planner.read.grids import Context
from planner.read.owners import owners
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
    """A lake in the terrain: its cells, (rows, cols), and the height of its surface, m."""

    cells: NDArray[np.bool_]
    level_m: float


def lakes_in(terrain: Grid, inside: NDArray[np.bool_], least_m2: float) -> list[Standing]:
    """Level surfaces of at least so many m², with higher ground around, that reach into cells marked as inside."""
    z = np.round(terrain.values / LEVEL_M)
    same = np.zeros(z.shape, dtype=bool)
    for axis in (0, 1):
        alike = np.diff(z, axis=axis) == 0
        before, after = (
            [(slice(None, -1), slice(None)), (slice(None), slice(None, -1))][axis],
            ([(slice(1, None), slice(None)), (slice(None), slice(1, None))][axis]),
        )
        same[before] |= alike
        same[after] |= alike
    fewest = max(FEWEST, int(np.ceil(least_m2 / terrain.cell_area)))
    labels, _ = ndimage.label(same)
    counts = np.bincount(labels.ravel())
    found = []
    for number in np.flatnonzero((counts >= fewest) & (np.arange(len(counts)) > 0)):
        for height, n in zip(*np.unique(z[labels == number], return_counts=True), strict=True):
            if n >= fewest:
                parts, _ = ndimage.label((labels == number) & (z == height))
                sizes = np.bincount(parts.ravel())
                cells = [parts == k for k in np.flatnonzero(sizes >= fewest) if k > 0]
                found += [Standing(c, float(height * LEVEL_M)) for c in cells if (c & inside).any() and _is_lake(c, terrain)]
    return found


def _is_lake(cells: NDArray[np.bool_], terrain: Grid) -> bool:
    """Whether the ground all around a level surface is higher; not where it reaches the edge of what was read."""
    if cells[0].any() or cells[-1].any() or cells[:, 0].any() or cells[:, -1].any():
        return False
    shore = ndimage.binary_dilation(cells, structure=np.ones((3, 3))) & ~cells
    rise = terrain.values[shore] - terrain.values[cells].mean()
    known = rise[np.isfinite(rise)]
    whole = bool(np.all(np.abs(terrain.values[cells] - np.round(terrain.values[cells])) < LEVEL_M))
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
    inside = owners(context.parcels, terrain) >= 0
    above = [k for k in lakes_in(terrain, inside, least) if float(np.nanmean(water.normal.values[k.cells])) <= k.level_m]
    if not above:
        return water, constraints
    cells = np.logical_or.reduce([k.cells for k in above])
    area = float(mu_from_m2(np.count_nonzero(cells & inside) * terrain.cell_area))
    told = {"n": len(above), "mu": area, "level": above[0].level_m}
    if context.scenario.layers.water_table is not None:
        if np.count_nonzero(cells & inside) < TOLD_SHARE * np.count_nonzero(inside):
            return water, constraints  # a pond's worth of level ground is no reason to doubt a table that was measured
        table = float(np.nanmean(water.normal.values[above[0].cells]))
        context.record.warn(say("read.lakes_above_table", **told, table=table))
        return water, constraints
    context.record.warn(say("read.lakes_stay", **told))
    surface = np.full(terrain.shape, -np.inf)
    for lake in above:
        surface[lake.cells] = lake.level_m + FILM_M
    raised = [g.like(np.fmax(g.values, _onward(surface, g.values))) for g in (water.dry, water.normal, water.wet)]
    return WaterTable(raised[1], raised[0], raised[2]), _kept(above, terrain, constraints, context)


def _onward(surface: Floats, table: Floats) -> Floats:
    return np.where(np.isfinite(surface), surface, table)


def _kept(lakes: list[Standing], terrain: Grid, constraints: gpd.GeoDataFrame | None, context: Context) -> gpd.GeoDataFrame:
    """The constraints with a row for every lake, which bars everything but water."""
    shapes = []
    for lake in lakes:
        found = rasterio.features.shapes(lake.cells.astype(np.uint8), mask=lake.cells, transform=Affine(*terrain.transform))
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
