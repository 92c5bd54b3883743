"""Where a programme's projects lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.portfolio.noun import Scheduled


def shapes(found: Scheduled) -> gpd.GeoDataFrame | None:
    """The projects with what was decided, as outlines, else as points; None where no CRS or no place is known."""
    import geopandas as gpd
    import shapely

    table = found.projects
    if found.outlines is not None:
        geometry = found.outlines.geometry.reindex(table.index)
        return gpd.GeoDataFrame(table, geometry=geometry, crs=found.outlines.crs)
    places, crs = found.made.places, found.made.general.crs
    if crs is None or not places:
        return None
    points = [shapely.Point(places[i]) if i in places else shapely.Point() for i in table.index]
    return gpd.GeoDataFrame(table, geometry=points, crs=crs)
