"""The ground: what the mine does to it, what is still to come, and when it is settled."""

from planner.subsidence.contours import area_above, boundaries, waterlogging
from planner.subsidence.panels import Panels, check_panels, decimal_year
from planner.subsidence.predict import COLUMNS, grid_over, predict, predict_grid
from planner.subsidence.state import ground

__all__ = [
    "COLUMNS",
    "Panels",
    "area_above",
    "boundaries",
    "check_panels",
    "decimal_year",
    "grid_over",
    "ground",
    "predict",
    "predict_grid",
    "waterlogging",
]
