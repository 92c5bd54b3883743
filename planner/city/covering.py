"""Homes in the choice: which planning unit, if green, brings which homes within reach of a park."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd

from planner.city.layers import in_one_plane, polygons_of
from planner.errors import InvalidInput
from planner.plan.homes import Homes, home_rows, joined
from planner.words import say


def with_homes(
    options: pd.DataFrame,
    units: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    *,
    people: str,
    radius_m: float,
    target: str = "green",
) -> Homes:
    """Options with homes that a green unit within radius_m of their middle serves.

    options: as `pl.appraise` gives them. units: planning units with their geometry, index unit_id. homes: residential
    polygons not served yet, a column `people`. Each home that a unit can serve becomes a unit `home:k` with the option
    "target:served", which carries `served_people`; it costs and brings nothing. Raises InvalidInput.
    """
    if people not in homes.columns:
        raise InvalidInput(say("city.no_people_column", column=people, near=""))
    ground, ground_crs = polygons_of(units, "units")
    lived, lived_crs = polygons_of(homes, "homes")
    ground, lived = in_one_plane(("units", ground, ground_crs), ("homes", lived, lived_crs))
    carried = {"served_people": homes[people].to_numpy(float)}
    made = home_rows(units.index, ground, lived, carried, radius_m=radius_m, target=target)
    return replace(made, options=joined(options, made.options))
