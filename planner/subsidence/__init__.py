"""The ground: what the mine does to it, what is still to come, and when it is settled."""

from planner.subsidence.calibrate import Calibration, calibrate
from planner.subsidence.concurrent import farmland, ponding_year
from planner.subsidence.contours import area_above, boundaries, waterlogging
from planner.subsidence.observed import observations_from_grid, observations_from_series
from planner.subsidence.panels import Panels, check_panels, decimal_year
from planner.subsidence.predict import COLUMNS, grid_over, predict, predict_grid
from planner.subsidence.state import ground
from planner.subsidence.troughs import (
    Trough,
    trough_from_points,
    trough_from_prediction,
    trough_from_raster,
    trough_from_terrains,
)
from planner.subsidence.undermining import undermining

__all__ = [
    "COLUMNS",
    "Calibration",
    "Panels",
    "Trough",
    "area_above",
    "boundaries",
    "calibrate",
    "check_panels",
    "decimal_year",
    "farmland",
    "grid_over",
    "ground",
    "observations_from_grid",
    "observations_from_series",
    "ponding_year",
    "predict",
    "predict_grid",
    "trough_from_points",
    "trough_from_prediction",
    "trough_from_raster",
    "trough_from_terrains",
    "undermining",
    "waterlogging",
]
