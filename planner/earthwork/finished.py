"""The finished ground of a plan with its side slopes, on the terrain's cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from planner.core.terrain.sloping import sloped
from planner.design import Design

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.scenario import Scenario
    from planner.site import Grid

AS_IT_LIES_M: Final = 0.001  # less than this is no work


def block_ground(units: gpd.GeoDataFrame, terrain: Grid, scenario: Scenario) -> Grid:
    """The finished ground of every unit with upright walls between them, as it is priced, m."""
    return Design.of(units, scenario).surface(units, terrain)


def finished_ground(units: gpd.GeoDataFrame, terrain: Grid, scenario: Scenario) -> Grid:
    """The finished ground with side slopes in place of walls, m.

    units: of a plan. Slopes are 1:`earthwork.slope_wet` under water and 1:`earthwork.slope_dry` above it, half in cut and half
    in fill; ground that nothing is done to stays as it lies.
    """
    blocks = block_ground(units, terrain, scenario)
    fixed = ~(np.abs(blocks.values - terrain.values) > AS_IT_LIES_M)
    return terrain.like(
        sloped(
            np.where(fixed, terrain.values, blocks.values),
            fixed,
            (terrain.cell_x, terrain.cell_y),
            water_m=water_level(units, scenario),
            wet=scenario.number("earthwork.slope_wet"),
            dry=scenario.number("earthwork.slope_dry"),
        )
    )


def water_level(units: gpd.GeoDataFrame, scenario: Scenario) -> float:
    """The level at which slopes change, m: the mean normal level over what is lake; below all ground where none is."""
    lake = (units["target"] == "reservoir").to_numpy()
    if not lake.any():
        return -1e4
    levels = Design.of(units, scenario).levels.normal
    return float(np.average(levels[lake], weights=units["area_mu"].to_numpy(float)[lake]))
