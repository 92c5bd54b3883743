"""Water: storage curves of any terrain, and the reservoirs of a plan."""

from planner.sizes import size_class
from planner.water.bodies import Reservoirs, reservoirs
from planner.water.curve import StorageCurve, storage_curve
from planner.water.depressions import fill, hollows
from planner.water.shore import shoreline
from planner.water.spread import Errors
from planner.water.table import StorageTable, storage_table
from planner.water.works import Works

__all__ = [
    "Errors",
    "Reservoirs",
    "StorageCurve",
    "StorageTable",
    "Works",
    "fill",
    "hollows",
    "reservoirs",
    "shoreline",
    "size_class",
    "storage_curve",
    "storage_table",
]
