"""What keeps a plan's land dry: its field ditches and pumps, and land left as it is below the water that comes beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from planner.design import Levels
from planner.landuse import UNRESTORED
from planner.words import Message, say

if TYPE_CHECKING:
    from planner.plan.record import PlanRecord
    from planner.scenario import Scenario

MATERIAL: Final = 0.01  # of the site: from here on land left low is warned of
SUMMED: Final = {"ditch_m3": "drain_m3", "pump_kw": "pump_kw", "cost_cny": "drain_cny"}


def left_low_mu(units: pd.DataFrame, borders: pd.DataFrame, scenario: Scenario) -> float:
    """Land left as it is, dry today, that ends below the water the plan brings beside it, mu: nobody is paid to keep it dry.

    units: of a plan, facts and choice. borders: unit_a, unit_b, as the partition gives them.
    """
    wet = ((units["target"] == "reservoir") | (units["treatment"] == "wetland")).to_numpy()
    level = np.where(wet, Levels.of(units, scenario).storage, -np.inf)
    a, b = (units.index.get_indexer(borders[c].astype(str)) for c in ("unit_a", "unit_b"))
    beside = np.full(len(units), -np.inf)
    np.maximum.at(beside, a, level[b])
    np.maximum.at(beside, b, level[a])
    ends = units["ground_m"].to_numpy(float) - np.nan_to_num(units["residual_mm"].to_numpy(float)) / 1e3
    dry = (units["target"] == UNRESTORED).to_numpy() & (units["water_depth_m"].to_numpy(float) <= 0.0)
    return float(units["area_mu"].to_numpy(float)[dry & (ends < beside)].sum())


def left_low(units: pd.DataFrame, borders: pd.DataFrame, scenario: Scenario) -> tuple[Message, ...]:
    """A warning where so much land is left low beside the plan's water that it counts."""
    low = left_low_mu(units, borders, scenario)
    return (say("drains.left_low", mu=low),) if low > MATERIAL * float(units["area_mu"].sum()) else ()


def drains_told(plan: PlanRecord) -> dict[str, Any]:
    """What `drainage` of summary.json holds: earth, power and cost, the land that has them, and land left low."""
    units = plan.units
    known = {told: units[c] if c in units.columns else pd.Series(0.0, units.index) for told, c in SUMMED.items()}
    area = units["area_mu"]
    return {
        **{told: float(values.sum()) for told, values in known.items()},
        "ditched_mu": float(area[known["ditch_m3"] > 0].sum()),
        "pumped_mu": float(area[known["pump_kw"] > 0].sum()),
        "left_low_mu": left_low_mu(units, plan.borders, plan.site.scenario),
    }
