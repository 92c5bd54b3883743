"""Whether what lies around a site has to do with it: layers that miss it, water that goes on beyond the ground known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage

from planner.cropland import is_cropland
from planner.read.grids import Context
from planner.read.record import Record
from planner.scenario import Scenario
from planner.site import CELLS_A_UNIT, MANY_UNITS, PIECES, Grid, WaterTable, largest_unit_mu, units_expected
from planner.units import M2_PER_MU
from planner.words import say

MOST_USES: Final = 12  # land uses that are named
REACH_M: Final = 3_000.0  # m: a panel farther away moves no ground here (H / tan β of the deepest mines)


def tell_missed(beside: Mapping[str, gpd.GeoDataFrame | None], parcels: gpd.GeoDataFrame, record: Record) -> None:
    """Warns of layers whose features meet no parcel, so that they have no effect, and says how far away they lie."""
    shapes = parcels.geometry.to_numpy()
    for role, frame in beside.items():
        if frame is None or role == "boundary":
            continue
        theirs = frame.geometry.to_numpy()
        tree = shapely.STRtree(theirs)
        if tree.query(shapes, predicate="intersects").size:
            continue
        _, far = tree.query_nearest(shapes, return_distance=True, all_matches=False)
        nearest = float(far.min())
        if role != "panels" or nearest > REACH_M:
            record.warn(say("read.layer_misses", role=role, n=len(frame), km=nearest / 1e3))


def tell_cropland(landuse: gpd.GeoDataFrame | None, scenario: Scenario, record: Record) -> None:
    """Says which land uses count as cropland: the ledgers of farmland and its quota rest on it. Warns where none does."""
    if landuse is None:
        return
    uses = pd.Series(sorted(set(landuse["landuse"]) - {""}), dtype=object)
    crops = uses[is_cropland(uses, scenario)].tolist()
    if crops:
        record.decide(say("read.cropland"), ", ".join(crops[:MOST_USES]), say("read.cropland_named"))
    elif len(uses):
        record.warn(say("read.no_cropland", uses=uses.tolist()[:MOST_USES]))


def tell_sizes(context: Context, terrain: Grid) -> None:
    """Tells where planning units are larger than usual, finer than the terrain's cells, or very many: before a long run.

    Warns of a site so wide that earth is balanced over distances nobody hauls it.
    """
    scenario, area = context.scenario, float(context.parcels.area.sum())
    usual, high = scenario.number("partition.max_unit_mu"), largest_unit_mu(scenario, terrain, area)
    unit_m2, cell = high * M2_PER_MU, max(terrain.cell_x, terrain.cell_y)
    units = units_expected(scenario, terrain, context.parcels)
    if high > usual:
        context.record.warn(say("read.units_grown", units=units, mu=high, usual=usual, cell=cell))
    elif cell**2 > unit_m2:
        fitting = float(np.ceil(CELLS_A_UNIT * cell**2 / M2_PER_MU))
        context.record.warn(say("read.units_finer", units=units, side=float(np.sqrt(unit_m2)), cell=cell, mu=fitting))
    elif units > MANY_UNITS:
        context.record.warn(say("read.units_many", units=units, mu=float(np.ceil(PIECES * area / M2_PER_MU / MANY_UNITS))))
    west, south, east, north = context.bounds
    across = float(np.hypot(east - west, north - south))
    most = scenario.number("earthwork.market_km")
    if across / 1e3 > most:
        context.record.warn(say("read.one_market", km=across / 1e3, most=most))


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
    at_rim, in_parcels = np.zeros(count + 1, dtype=bool), np.zeros(count + 1, dtype=bool)
    for edge in (body[0], body[-1], body[:, 0], body[:, -1]):
        at_rim[edge] = True
    if not known.all():
        at_rim[body[~ndimage.binary_erosion(known, border_value=1)]] = True  # beside a cell without elevation
    in_parcels[body[context.inside(terrain)]] = True
    if not (at_rim & in_parcels)[1:].any():
        return
    context.record.warn(
        say("read.water_beyond", margin_m=context.margin_m),
    )
