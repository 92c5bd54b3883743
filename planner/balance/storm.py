"""A design storm through a lake: how high it rises over its weir, and what it lets go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.core.routing import route
from planner.errors import InvalidInput
from planner.words import say

Floats = NDArray[np.float64]

HOUR_S: Final = 3600.0
STEPS: Final = 20  # of the hydrograph an hour
TAIL: Final = 4.0  # durations of the storm that are followed in all


@dataclass(frozen=True)
class Storm:
    """Rain of a design storm: mm in hours, as a triangle that peaks in the middle; share of it on land that runs off."""

    rain_mm: float
    hours: float
    runoff_share: float

    def __post_init__(self) -> None:
        """Raises InvalidInput for numbers that are none."""
        if not (self.rain_mm >= 0 and self.hours > 0 and 0 <= self.runoff_share <= 1):
            raise InvalidInput(say("balance.no_storm", rain=self.rain_mm, hours=self.hours, share=self.runoff_share))

    def inflow(self, land_m2: float, water_m2: float) -> tuple[Floats, float]:
        """Water arriving, m³/s, at even times, and their step, s: all that falls on the lake, a share of that on land."""
        volume = 1e-3 * self.rain_mm * (water_m2 + self.runoff_share * land_m2)
        count = round(self.hours * STEPS) // 2 * 2  # a time falls on the peak
        step = self.hours * HOUR_S / count
        time = np.arange(round(TAIL * count) + 1) / count
        shape = np.maximum(1.0 - np.abs(2.0 * time - 1.0), 0.0) * 2.0
        return volume * shape / (self.hours * HOUR_S), step


@dataclass(frozen=True, eq=False)
class FloodLevel:
    """What a storm does to a lake: peak inflow and outflow, m³/s; highest level, m; hydrographs (n,) by step_s."""

    peak_in_m3_s: float
    peak_out_m3_s: float
    level_m: float
    step_s: float
    inflow_m3_s: Floats
    outflow_m3_s: Floats


def flood_level(
    crest_m: float, level_m: ArrayLike, storage_m3: ArrayLike, storm: Storm, *, land_m2: float, water_m2: float, weir: float
) -> FloodLevel:
    """Routes a storm through a lake that stands at its weir's crest.

    level_m, storage_m3: (k,) the lake's curve from the crest on, ascending. land_m2, water_m2: land that drains to it, and its
    own surface. weir: C·b, m^1.5/s: Q = C·b·h^1.5. Raises InvalidInput where the curve does not reach above the crest.
    """
    level, storage = np.asarray(level_m, dtype=np.float64), np.asarray(storage_m3, dtype=np.float64)
    above = level > crest_m
    if not above.any():
        raise InvalidInput(say("balance.no_surcharge", crest=crest_m, top=float(level.max(initial=-np.inf))))
    base = float(np.interp(crest_m, level, storage))
    height = np.concatenate(([0.0], level[above] - crest_m))
    knots = np.concatenate(([0.0], storage[above] - base))
    inflow, step = storm.inflow(land_m2, water_m2)
    held, out = route(inflow, step, knots, height, float(weir))
    last = (height[-1] - height[-2]) / (knots[-1] - knots[-2])
    top = float(held.max())
    rise = float(np.interp(top, knots, height)) if top <= knots[-1] else height[-1] + last * (top - knots[-1])
    return FloodLevel(float(inflow.max()), float(out.max()), crest_m + rise, step, inflow, out)
