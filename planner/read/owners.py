"""Which parcel each cell of a grid belongs to."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from planner.core.terrain.owner import by_centre, by_touch
from planner.site import Grid


def owners(parcels: gpd.GeoDataFrame, grid: Grid) -> Any:
    """The row of the parcel that holds each cell's centre, −1 where none does; shape of the grid."""
    xy, rings, parts = ragged(parcels.geometry.to_numpy())
    rows, cols = grid.shape
    return by_centre(xy, rings, parts, grid.west, grid.north, grid.cell_x, grid.cell_y, rows, cols)


def owners_and_touched(parcels: gpd.GeoDataFrame, grid: Grid) -> Any:
    """As owners, and free cells that a parcel merely touches belong to it as well."""
    xy, rings, parts = ragged(parcels.geometry.to_numpy())
    place = (grid.west, grid.north, grid.cell_x, grid.cell_y)
    return by_touch(xy, rings, parts, *place, by_centre(xy, rings, parts, *place, *grid.shape))


def ragged(geometry: Any) -> tuple[Any, Any, Any]:
    """Vertices, first vertex of each ring, first ring of each polygon or multipolygon, as the kernels take them."""
    _, xy, offsets = shapely.to_ragged_array(geometry, include_z=False)
    rings, parts = offsets[0], offsets[1]
    first = parts if len(offsets) == 2 else parts[offsets[2]]
    return np.ascontiguousarray(xy), rings.astype(np.int64), first.astype(np.int64)
