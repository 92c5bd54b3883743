"""The grammar: one file per rule, each with its formula and source."""

from planner.allocation.rules.adjacency import Adjacent, Apart
from planner.allocation.rules.belt import Belt
from planner.allocation.rules.budget import Budget
from planner.allocation.rules.compactness import Compactness
from planner.allocation.rules.coverage import Coverage
from planner.allocation.rules.covered import Covered
from planner.allocation.rules.earthwork import Earthwork
from planner.allocation.rules.limit import Limit
from planner.allocation.rules.lock import Exclude, Lock
from planner.allocation.rules.patches import Connected, MinPatch
from planner.allocation.rules.quota import Quota
from planner.allocation.rules.restocked import Restocked
from planner.allocation.rules.share import Share
from planner.allocation.rules.steps import Steps
from planner.allocation.rules.stockpile import Stockpile
from planner.allocation.rules.storage import Storage
from planner.allocation.rules.water_level import WaterLevel

__all__ = [
    "Adjacent",
    "Apart",
    "Belt",
    "Budget",
    "Compactness",
    "Connected",
    "Coverage",
    "Covered",
    "Earthwork",
    "Exclude",
    "Limit",
    "Lock",
    "MinPatch",
    "Quota",
    "Restocked",
    "Share",
    "Steps",
    "Stockpile",
    "Storage",
    "WaterLevel",
]
