"""Plan → interactive map: one offline HTML page, or a folium map to add to."""

from planner.maps.compare import compare_html
from planner.maps.draw import draw, write_html
from planner.maps.folium_layer import OfflineMap, UnitLayer
from planner.maps.view import MapView

__all__ = ["MapView", "OfflineMap", "UnitLayer", "compare_html", "draw", "write_html"]
