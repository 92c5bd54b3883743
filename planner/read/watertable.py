"""The water table on the terrain's cells: as given, checked against the ground, or the documented default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from scipy.ndimage import distance_transform_edt

from planner.errors import InvalidInput
from planner.read.grids import Context, onto
from planner.read.meaning import ELEVATION
from planner.scenario import Layer, WaterTableLayer
from planner.site import Grid, Sum, WaterTable
from planner.words import say

FAR_BELOW_M: Final = 10.0  # m under the lowest ground at which a small number is a depth below ground rather than an elevation
USUAL_DEPTH_M: Final = 30.0  # m: depths of water tables below ground are given up to about here


def water_table(context: Context, terrain: Grid, lost: Grid) -> WaterTable:
    """Water table elevations on the terrain's cells; the documented default below the original ground where none is given.

    Raises InvalidInput where dry, normal and wet are not in this order.
    """
    scenario, record = context.scenario, context.record
    given = scenario.layers.water_table
    amplitude = scenario.number("water.amplitude_m")
    if given is None:
        depth = scenario.number("water.default_depth_m")
        record.warn(
            say("read.no_water_table_taken", depth=depth),
        )
        record.decide(
            say("read.water_table"),
            say("read.original_ground_m", depth=depth),
            say("read.none_given"),
        )
        normal: Grid = Sum(Sum(terrain, lost), -depth)
        return _seasons(context, normal, None, None, amplitude)
    parts: Sequence[Any] = (given.normal, given.dry, given.wet) if isinstance(given, WaterTableLayer) else (given, None, None)
    normal_dry_wet = [None if p is None else _level_grid(context, p, terrain) for p in parts]
    assert normal_dry_wet[0] is not None
    _tell_odd(context, normal_dry_wet[0], terrain)
    return _seasons(context, normal_dry_wet[0], normal_dry_wet[1], normal_dry_wet[2], amplitude)


def _level_grid(context: Context, given: Any, terrain: Grid) -> Grid:
    if isinstance(given, str):
        given = Layer(path=given)
    if not isinstance(given, Layer):
        return terrain.like(float(given))
    grid = onto(context, given, "water_table", terrain, meant=ELEVATION)
    holes = np.isnan(grid.values)
    if holes.any() and (holes & context.inside(terrain)).any():
        raise InvalidInput(say("read.table_gaps", path=given.path))
    if not holes.any():
        return grid
    nearest = distance_transform_edt(holes, return_distances=False, return_indices=True)  # beyond the raster: as at its edge
    return grid.like(grid.values[tuple(nearest)])


def _seasons(context: Context, normal: Grid, dry: Grid | None, wet: Grid | None, amplitude: float) -> WaterTable:
    if dry is None or wet is None:
        context.record.decide(
            say("read.seasons_water_table"),
            say("read.normal_less", amplitude=amplitude),
            say("read.dry_wet_not_given"),
        )
    for lower, upper, names in ((dry, normal, "dry ≤ normal"), (normal, wet, "normal ≤ wet")):
        worst = 0.0 if lower is None or upper is None else float(np.nanmax(lower.values - upper.values))
        if worst > 1e-6:
            raise InvalidInput(say("read.table_order", names=names, worst=worst))
    return WaterTable(
        normal, _beside(normal, -amplitude) if dry is None else dry, _beside(normal, amplitude) if wet is None else wet
    )


def _beside(normal: Grid, by: float) -> Grid:
    """A stand that lies everywhere as far above the normal one."""
    return Sum(normal, by) if normal.level is None else normal.like(normal.level + by)


def _tell_odd(context: Context, normal: Grid, terrain: Grid) -> None:
    """Warns where the table is no elevation that fits the ground: a depth below it, or far above all of it."""
    inside = context.inside(terrain)
    if not inside.any():
        return
    ground, level = terrain.values[inside], normal.values
    low, high = float(np.nanmin(ground)), float(np.nanmax(ground))
    if low - FAR_BELOW_M <= np.nanmin(level) <= np.nanmax(level) <= high + FAR_BELOW_M:
        return  # near the ground everywhere: what it is in the middle need not be known
    table = float(np.nanmedian(level[inside]))
    if table < low - FAR_BELOW_M and abs(table) <= USUAL_DEPTH_M:
        context.record.warn(say("read.table_is_depth", table=table, low=low, guess=high - abs(table)))
    elif table > high + FAR_BELOW_M:
        context.record.warn(say("read.table_above", table=table, high=high))
