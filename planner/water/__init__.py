"""Water: storage curves of any terrain, and the reservoirs of a plan."""

from planner.water.bodies import Reservoirs, reservoirs, size_class
from planner.water.curve import StorageCurve, storage_curve
from planner.water.shore import shoreline
from planner.water.table import StorageTable, storage_table

__all__ = [
    "Reservoirs",
    "StorageCurve",
    "StorageTable",
    "reservoirs",
    "shoreline",
    "size_class",
    "storage_curve",
    "storage_table",
]
