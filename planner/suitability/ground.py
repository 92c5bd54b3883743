"""Classes of the ground by the tables of a building or farmland standard."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.cropland import is_irrigated
from planner.errors import InvalidInput
from planner.parameters import nearest
from planner.scenario import Scenario
from planner.words import say

Floats = NDArray[np.float64]
DEFORMATION: Final = (("tilt", "tilt_mm_m"), ("curvature", "curvature_mm_m2"), ("strain", "strain_mm_m"))


def building_standard(scenario: Scenario) -> dict[str, Any]:
    """The table of building limits that `standards.building` names. Raises InvalidInput where there is no such table."""
    name = str(scenario.value("standards.building"))
    table = scenario.parameters.section(f"standards.{name}")
    if "tilt_unsuitable" not in table:
        known = sorted(k.split(".")[1] for k in scenario.parameters if k.endswith(".tilt_unsuitable"))
        raise InvalidInput(say("suitability.no_standard", name=name, nearest=nearest(name, known), tables=list(known)))
    return table


def building_class(facts: pd.DataFrame, scenario: Scenario) -> pd.Series[str]:
    """`unsuitable`, `evaluate` or `suitable` for building, by the deformation still to come, indexed as facts.

    Source: GB 50021-2001 cl. 5.5.5, or the table that `standards.building` names.
    """
    table = building_standard(scenario)
    worst = np.zeros(len(facts), dtype=int)
    for name, column in DEFORMATION:
        value = np.abs(facts[column].to_numpy(float))
        worst = np.maximum(worst, (value > table[f"{name}_evaluate"]).astype(int) + (value > table[f"{name}_unsuitable"]))
    if "depth_ratio" in facts:
        worst = np.maximum(worst, (facts["depth_ratio"].to_numpy(float) < table["depth_ratio_evaluate"]).astype(int))
    return pd.Series(np.array(["suitable", "evaluate", "unsuitable"])[worst], index=facts.index, name="building_class")


def damage_grade(facts: pd.DataFrame, scenario: Scenario) -> pd.Series[int]:
    """Damage grade of masonry buildings, 1-4 (I-IV), the worst of tilt, curvature and strain; indexed as facts."""
    table = building_standard(scenario)
    grade = np.ones(len(facts), dtype=int)
    for name, column in DEFORMATION:
        breaks = np.asarray(table[f"grade_{name}"], dtype=float)
        grade = np.maximum(grade, 1 + np.searchsorted(breaks, np.abs(facts[column].to_numpy(float)), side="left").clip(0, 3))
    return pd.Series(grade, index=facts.index, name="damage_grade")


def farmland_damage(facts: pd.DataFrame, scenario: Scenario) -> pd.Series[int]:
    """Damage of farmland, 1 light, 2 medium, 3 severe: the worst of subsidence and water-table depth; indexed as facts.

    Irrigated land and paddies are damaged sooner than dry land. Source: TD/T 1031.3 (limits in `suitability.farmland_*`).
    """
    dry = np.asarray(scenario.value("suitability.farmland_subsidence_m"), dtype=float)
    wet = np.asarray(scenario.value("suitability.farmland_irrigated_m"), dtype=float)
    water = np.asarray(scenario.value("suitability.farmland_water_m"), dtype=float)
    depth = (facts["ground_m"] - facts["water_table_m"]).to_numpy(float)
    lost = np.nan_to_num(facts["subsidence_m"].to_numpy(float))
    use = facts["landuse"].astype(str) if "landuse" in facts else pd.Series("", index=facts.index)
    irrigated = is_irrigated(use, scenario).to_numpy()
    grade = 1 + np.where(irrigated, np.searchsorted(wet, lost, side="left"), np.searchsorted(dry, lost, side="left"))
    grade = np.maximum(grade, 1 + (depth < water[0]).astype(int) + (depth < water[1]))
    return pd.Series(grade, index=facts.index, name="farmland_damage")
