"""Cut and fill against a level, and the levels that balance or supply them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.core import earth
from planner.core.terrain.hypsometry import Hypsometry
from planner.earthwork.checks import check_factor, check_level
from planner.errors import InvalidInput
from planner.words import say

Floats = NDArray[np.float64]


def cut_fill(ground: Hypsometry, level_m: ArrayLike) -> tuple[Floats, Floats]:
    """Cut (bank) and fill (compacted) that bring each unit to a level, m³, (n,) each; level_m: scalar or (n,), m."""
    return ground.volume_above(level_m), ground.volume_below(level_m)


def grading_level(ground: Hypsometry, *, compaction: float) -> Floats:
    """The level of each unit at which its own cut, compacted, is its fill, m, (n,); NaN where no ground is known.

    Raises InvalidInput for a compaction that is not positive.
    """
    check_factor("compaction", compaction)
    return earth.balanced_levels(ground.start, ground.level, ground.area, compaction)


def bed_level(ground: Hypsometry, *, cut_m3: ArrayLike) -> Floats:
    """The level down to which each unit is dug to win a bank volume, m, (n,). Raises InvalidInput for a negative volume."""
    return earth.levels_of_cut(ground.start, ground.level, ground.area, _volumes(ground, cut_m3, "cut_m3"))


def platform_level(ground: Hypsometry, *, fill_m3: ArrayLike) -> Floats:
    """The level up to which a compacted volume raises each unit, m, (n,). Raises InvalidInput for a negative volume."""
    return earth.levels_of_fill(ground.start, ground.level, ground.area, _volumes(ground, fill_m3, "fill_m3"))


def dig_depth(lake: Hypsometry, *, stage_m: float, fill_m3: float, compaction: float) -> float:
    """How deep under a stage the common bed of a lake must lie for its spoil to make a given fill, m.

    lake: the ground of the units to be dug together. fill_m3: compacted. Ground already below the bed stays. The depth is
    exact: the spoil is piecewise linear in it, and the piece is found before it is solved.
    Raises InvalidInput where there is no ground, or a quantity is none.
    """
    check_factor("compaction", compaction)
    check_level("stage_m", stage_m)
    whole = pooled(lake)
    if not len(whole.level):
        raise InvalidInput(say("earthwork.no_ground"))
    return float(stage_m - bed_level(whole, cut_m3=fill_m3 / compaction)[0])


def pooled(ground: Hypsometry) -> Hypsometry:
    """All units' ground as that of one."""
    start = np.array([0, len(ground.level)], dtype=np.int64)
    return Hypsometry.from_cells(start, ground.level, ground.area)


def _volumes(ground: Hypsometry, volume: ArrayLike, name: str) -> Floats:
    values = np.array(np.broadcast_to(np.asarray(volume, dtype=np.float64), (len(ground.start) - 1,)))
    if not (np.isfinite(values) & (values >= 0)).all():
        raise InvalidInput(say("earthwork.no_volume", name=name, value=values[~(values >= 0) | ~np.isfinite(values)][0]))
    return values
