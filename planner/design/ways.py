"""The finished ground of every way to treat a unit: platforms, hills, wetlands, beds."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from planner.design.levels import Levels
from planner.design.shape import Shape
from planner.landuse import DIG_DEPTH_M, TREATMENTS
from planner.scenario import Scenario

Floats = NDArray[np.float64]

GRADED: Final = ("level", "fill", "raise", "mound")  # treatments whose ground is made level, whatever else is heaped on it


def ways() -> list[tuple[str, str]]:
    """Every (target, treatment) there is, but for leaving the ground unrestored."""
    return [(target, t.key) for t in TREATMENTS.values() for target in t.targets if t.key != "none"]


def dig_limit_m() -> float:
    """The deepest a lake's bed is dug by, m."""
    return max(DIG_DEPTH_M.values())


def bed_of(depth_m: float, levels: Levels, scenario: Scenario) -> Shape:
    """The bed of a lake that is dug by a depth: min(ground − dig, level − min_depth)."""
    return Shape.dug(depth_m, levels.bed_cap(scenario))


def shape_of(target: str, treatment: str, levels: Levels, scenario: Scenario, balanced: Floats) -> Shape:
    """The finished ground of all n units under one treatment.

    balanced: (n,) m, the level at which a unit's own cut fills its own hollows. Land lies there where that is high enough, and
    else at its platform; `raise` and `mound` come on top of either.
    """
    if target == "reservoir":
        return bed_of(DIG_DEPTH_M[treatment], levels, scenario)
    if treatment == "wetland":
        return Shape.level_at(levels.wetland_bed(scenario))
    if treatment not in GRADED:
        return Shape.as_it_lies(len(balanced))
    floor = levels.platform(target, scenario)
    surface = np.where(balanced >= floor, balanced, floor)
    if treatment == "raise":
        surface = surface + scenario.number(f"targets.{target}.raise_m")
    return Shape.level_at(surface, heap_of(target, treatment, scenario))


def heap_of(target: str, treatment: str, scenario: Scenario) -> float:
    """Mean height of what is heaped on the graded ground, m."""
    return scenario.number(f"targets.{target}.mound_m") if treatment == "mound" else 0.0
