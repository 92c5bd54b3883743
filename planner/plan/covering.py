"""Coverage of a built-up area as a rule: what of every unit lies within it, and what is green there today."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from planner.allocation import Coverage
from planner.errors import InvalidInput
from planner.words import say

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.keys.rules import CoverageRule


def coverage_rule(
    r: CoverageRule, units: gpd.GeoDataFrame, built_up: gpd.GeoDataFrame, green: gpd.GeoDataFrame | None
) -> Coverage:
    """The rule on a site's units; ground that several polygons share counts once.

    units, built_up, green: in the site's working CRS; green: what is green today, None where nothing is. Raises InvalidInput
    where the least is out of reach though every unit took the target.
    """
    town = shapely.union_all(built_up.geometry.to_numpy())
    shapely.prepare(town)
    shapes = units.geometry.to_numpy()
    inside = shapely.intersection(shapes, town)
    nothing = shapely.Polygon()
    today = nothing if green is None else shapely.intersection(shapely.union_all(green.geometry.to_numpy()), town)
    on_units = shapely.area(shapely.intersection(inside, today))
    outside = float(shapely.area(shapely.difference(today, shapely.union_all(shapes))))
    ground = pd.DataFrame({"inside_m2": shapely.area(inside), "green_m2": on_units}, index=units.index)
    kept = ground[np.asarray(ground["inside_m2"] > 0)]
    rule = Coverage(kept, built_up_m2=float(shapely.area(town)), min=r.min_share, outside_m2=outside, target=r.target)
    if rule.min > rule.most * (1 + 1e-12):
        known = {"least": 100 * rule.min, "most": 100 * rule.most, "today": 100 * rule.today}
        raise InvalidInput(say("plan.coverage_out_of_reach", **known, path=r.built_up.key))
    return rule
