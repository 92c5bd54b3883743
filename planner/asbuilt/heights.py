"""The ground as it was surveyed, in metres: as its file says, and held against the plan's terrain where it says nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from planner.asbuilt.survey import LEAST_CELLS
from planner.core.terrain.registration import spread_of
from planner.errors import InvalidInput
from planner.read.lengths import UNITS
from planner.read.meaning import ELEVATION
from planner.read.rasters import read_onto
from planner.site import Grid
from planner.words import Message, say

if TYPE_CHECKING:
    from planner.plan import Plan

NEARER: Final = 0.1  # of what heights differ by as they are, from where another unit explains them
FLATTER: Final = 0.5  # and of the spread of that: what merely lies higher or lower keeps its relief in metres
LEAST_M: Final = 1.0  # heights that differ by less are no other unit's


def surveyed(plan: Plan, terrain: Grid | str | Path) -> tuple[Grid, tuple[Message, ...]]:
    """The survey on the cells of the plan's terrain, m, and what had to be decided to read it: its unit, its CRS, its datum.

    Raises InvalidInput for a picture, and for heights that are none or of a unit that is not known.
    """
    if isinstance(terrain, Grid):
        return terrain, ()
    read = read_onto(terrain, plan.site.terrain, crs=plan.site.crs, meant=ELEVATION)
    return read.grid, read.notes


def check_metres(name: str, before: Grid, after: Grid, stable: NDArray[np.bool_]) -> None:
    """Raises InvalidInput where heights are the plan's own in another unit: feet, centimetres …

    They are where times that unit they lie within a tenth of the distance, and of half its spread: a survey above another datum
    lies off by as much everywhere. stable (rows, cols): ground that should lie as it did; all cells count
    where it has fewer than LEAST_CELLS.
    """
    both = np.isfinite(before.values) & np.isfinite(after.values)
    where = both & stable if np.count_nonzero(both & stable) >= LEAST_CELLS else both
    was, now = before.values[where], after.values[where]
    if not was.size:
        return
    as_it_is = now - was
    off, spread = float(np.median(np.abs(as_it_is))), spread_of(as_it_is)
    if off < LEAST_M:
        return
    told = (u for u in UNITS if u != "us-ft")  # heights tell it from the foot by a fifth of a millimetre in 100 m
    unit = min(told, key=lambda u: float(np.median(np.abs(UNITS[u][0] * now - was))))
    factor = UNITS[unit][0]
    gap = factor * now - was
    if factor != 1.0 and np.median(np.abs(gap)) < NEARER * off and spread_of(gap) < FLATTER * spread:
        raise InvalidInput(say("asbuilt.other_unit", name=name, unit=unit, factor=factor, off=off))
