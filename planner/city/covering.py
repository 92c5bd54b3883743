"""Homes in the choice: which planning unit, if green, brings which homes within reach of a park."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.city.layers import in_one_plane, polygons_of
from planner.errors import InvalidInput
from planner.words import say


@dataclass(frozen=True, eq=False)
class Homes:
    """Homes as rows of an options table. options: with the homes; near: `home`, `unit`, as the rule Covered takes it."""

    options: pd.DataFrame
    near: pd.DataFrame


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
    home, unit = shapely.STRtree(ground).query(shapely.centroid(lived), predicate="dwithin", distance=radius_m)
    names = np.array([f"home:{k}" for k in range(len(lived))], dtype=object)
    near = pd.DataFrame({"home": names[home], "unit": units.index.to_numpy()[unit]})
    reached = np.unique(home)
    index = pd.MultiIndex.from_arrays([names[reached], [f"{target}:served"] * len(reached)], names=options.index.names)
    rows = pd.DataFrame({c: 0.0 for c in options.columns if pd.api.types.is_numeric_dtype(options[c])}, index=index)
    rows = rows.assign(target=target, treatment="served", served_people=homes[people].to_numpy(float)[reached])
    return Homes(pd.concat([options.assign(served_people=0.0), rows]), near)
