"""A single polygon layer read on its own, beside a site that is known already."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from planner.read.layers import read_beside, reference
from planner.read.places import Places
from planner.read.record import Record
from planner.scenario import Layer


def read_polygons(path: str | Path, role: str, *, beside: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A layer of a role (landuse, constraints, panels, boundary) in the CRS of the parcels it lies beside, repaired.

    Raises InvalidInput where the file cannot be read or lacks the role's column, CRSMismatch where it lies elsewhere.
    """
    path = Path(path)
    places = Places(path.parent, True)
    near = reference(beside, "polygons")
    return read_beside(Layer(path=path.name), role, places, crs=beside.crs, near=near, record=Record())
