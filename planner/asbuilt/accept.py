"""The acceptance list: what every unit must keep, what was found, and whether the survey can tell."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.asbuilt.survey import Z95
from planner.landuse import LAND, UNRESTORED

if TYPE_CHECKING:
    from planner.scenario import Scenario

Floats = NDArray[np.float64]

ROUNDED_DEG: Final = 0.001  # of a slope: what single precision in a raster of heights makes of it


class Verdict(Enum):
    """Whether a check holds: kept, broken, or nearer to its limit than the survey's error."""

    PASSED = "passed"
    FAILED = "failed"
    UNSURE = "unsure"


def verdicts(value: Floats, low: Floats | float, high: Floats | float, error: Floats | float) -> NDArray[Any]:
    """By value (n,): PASSED within low … high, FAILED beyond by more than the error (95 %), UNSURE between; None for NaN."""
    below, above = np.asarray(low) - value, value - np.asarray(high)
    worst = np.maximum(below, above)
    state = np.where(worst <= 0.0, 0, np.where(worst > error, 1, 2))
    names: list[Verdict | None] = [Verdict.PASSED, Verdict.FAILED, Verdict.UNSURE, None]
    return np.array(names, dtype=object)[np.where(np.isnan(value), 3, state)]


def acceptance(units: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Checks a row: unit_id, target, check, value, low, high, unit, verdict.

    units: as `unit_work` gives, with target, treatment, slope_deg, mean_m, design_m, design_slope_deg (ground as surveyed and
    as designed), water_m (its water's level).
    earth: share done; level: mean deviation from the design; slope of arable land, no steeper than designed where side slopes
    take most of it; freeboard of land and depth of lakes at the normal level.
    Source: TD/T 1044 and GB/T 43935-2024 in pattern; limits in `parameters.toml`.
    """
    p = scenario.parameters
    wide = Z95 * units["off_sd_m"].to_numpy(float)
    target = units["target"].to_numpy(object)
    treatment = units["treatment"].to_numpy(object)
    some = target != UNRESTORED
    tolerance = p.number("asbuilt.tolerance_m")
    as_designed = units["design_slope_deg"].to_numpy(float) + ROUNDED_DEG
    parts = [
        _rows(
            units,
            some,
            "earth",
            units["done_share"],
            (p.number("asbuilt.done_share"), np.inf, ""),
            Z95 * units["done_sd"].to_numpy(float),
        ),
        _rows(units, some, "level", units["off_m"], (-tolerance, tolerance, "m"), wide),
        _rows(
            units,
            target == "arable",
            "slope",
            units["slope_deg"],
            (-np.inf, np.fmax(p.number("targets.arable.max_slope_deg"), as_designed), "deg"),
            np.zeros(len(units)),
        ),
    ]
    above, design = units["mean_m"] - units["water_m"], (units["design_m"] - units["water_m"]).to_numpy(float)
    for land in LAND:
        least = np.minimum(p.number(f"targets.{land}.freeboard_m"), design) - tolerance  # slopes and shores lie lower by design
        mine = (target == land) & (treatment != "wetland")
        parts.append(_rows(units, mine, "freeboard", above, (least, np.inf, "m"), wide))
    least = np.minimum(p.number("targets.reservoir.min_depth_m"), -design) - tolerance
    parts.append(_rows(units, target == "reservoir", "depth", -above, (least, np.inf, "m"), wide))
    return pd.concat(parts, ignore_index=True).sort_values(["unit_id", "check"], kind="stable", ignore_index=True)


def _rows(
    units: pd.DataFrame,
    mine: NDArray[Any],
    check: str,
    value: pd.Series[Any],
    limits: tuple[Floats | float, Floats | float, str],
    error: Floats,
) -> pd.DataFrame:
    low, high, unit = limits
    found = value.to_numpy(float)[mine]
    low, high = (np.broadcast_to(np.asarray(limit, dtype=np.float64), mine.shape)[mine] for limit in (low, high))
    return pd.DataFrame(
        {
            "unit_id": units.index[mine],
            "target": units["target"].to_numpy(object)[mine],
            "check": check,
            "value": found,
            "low": low,
            "high": high,
            "unit": unit,
            "verdict": verdicts(found, low, high, error[mine]),
        }
    )
