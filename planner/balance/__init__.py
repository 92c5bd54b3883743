"""The water balance of lakes through the months, and the lakes that the hollows of a terrain make."""

from planner.balance.cascade import cascade
from planner.balance.climate import Climate, climate, dry_year
from planner.balance.lake import Aquifer, Lake
from planner.balance.months import Balance, balance, replenishment, settled

__all__ = ["Aquifer", "Balance", "Climate", "Lake", "balance", "cascade", "climate", "dry_year", "replenishment", "settled"]
