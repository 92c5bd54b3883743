"""What each planning unit is worth to the homes around it: how many would come within reach of a park if it were green."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.city.layers import in_one_plane, polygons_of
from planner.city.served import Served, counted_once
from planner.core.polygons.around import around, covered
from planner.parameters import Parameters, defaults
from planner.units import mu_from_m2


def worth_of_units(
    units: gpd.GeoDataFrame,
    residential: gpd.GeoDataFrame,
    before: Served,
    residents: np.ndarray,
    *,
    parameters: Parameters | None = None,
) -> pd.DataFrame:
    """Homes that a unit alone would bring within reach, as part of a large park, in a straight line.

    units: planning units, index unit_id. before: what is within reach today, of the same residential polygons. residents:
    people per polygon, (n,). Returns, index unit_id, units that bring nothing left out, most people first: `served_mu`,
    `served_people`. Units overlap in what they serve: the rows do not add up to what all of them bring.
    """
    p = defaults() if parameters is None else parameters
    radius = p.number("city.park_large_radius_m")
    home, home_crs = polygons_of(residential, "residential")
    unit, unit_crs = polygons_of(units, "units")
    home, unit = in_one_plane(("residential", home, home_crs), ("units", unit, unit_crs))
    area = shapely.area(home)
    left = shapely.difference(home, before.region)  # the outer bound: what is certainly out of reach today
    once = np.flatnonzero(before.area_m2 < area)  # homes of which others cover some: their people live there all the same
    own = shapely.difference(counted_once(home)[once], before.region)
    density = np.divide(residents, area, out=np.zeros(len(home)), where=area > 0)
    near = np.unique(shapely.STRtree(left).query(unit, predicate="dwithin", distance=radius)[0])
    rows = []
    for k in near:
        reach = around(unit[k : k + 1], radius).inner
        new = covered(reach, left)
        twice = float(new[once].sum() - covered(reach, own).sum()) if once.size else 0.0
        rows.append((units.index[k], mu_from_m2(float(new.sum()) - twice), float(new @ density)))
    found = pd.DataFrame(rows, columns=["unit_id", "served_mu", "served_people"]).set_index("unit_id")
    found = found[found["served_mu"] > 0]
    return found.sort_values(["served_people", "served_mu"], ascending=False, kind="stable")
