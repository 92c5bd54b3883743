"""The water balance of lakes through the months, and the lakes that the hollows of a terrain make."""

from planner.balance.cascade import Hollows, cascade, hollows_of
from planner.balance.climate import Climate, climate, dry_year, wet_year
from planner.balance.lake import Aquifer, Lake
from planner.balance.months import Balance, balance, replenishment, resumed, settled
from planner.balance.storm import FloodLevel, Storm, flood_level
from planner.balance.supply import even_years, kept_years, largest_lake_m2

__all__ = [
    "Aquifer",
    "Balance",
    "Climate",
    "FloodLevel",
    "Hollows",
    "Lake",
    "Storm",
    "balance",
    "cascade",
    "climate",
    "dry_year",
    "even_years",
    "flood_level",
    "hollows_of",
    "kept_years",
    "largest_lake_m2",
    "replenishment",
    "resumed",
    "settled",
    "wet_year",
]
