"""A new survey laid on the old one: registered on ground that was not worked, with the level from which a change is one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from planner.core.terrain.registration import Shift, Variogram, mean_sd, moved, registration, spread_of, variogram
from planner.words import Message, say

if TYPE_CHECKING:
    from planner.parameters import Parameters
    from planner.site import Grid

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

Z95: Final = 1.96  # of a normal spread, two-sided 95 %
LEAST_CELLS: Final = 100  # stable cells that a survey can be registered on
LEAST_SHIFT: Final = 0.01  # of a cell, or this many m up per 10: less is none
FAR_M: Final = 2.0  # no survey lies this far off by its own error: another datum, or another unit on level ground
WORKED_M: Final = 0.001  # a planned change from which ground counts as worked
SETTLING_M: Final = 0.01  # the 10 mm line: ground that sank more since is no ground to register on


@dataclass(frozen=True, eq=False)
class Registered:
    """A survey as it lies on the plan's terrain.

    ground: moved back, m. shift: how far it had lain off. stable: the cells that tell. noise: how differences hold together
    on them. lod95_m: change of a single cell that is one with 95 % confidence. up_sd_m: what is not known of its height.
    """

    ground: Grid
    shift: Shift
    stable: Flags
    noise: Variogram
    lod95_m: float
    up_sd_m: float
    notes: tuple[Message, ...] = ()

    def mean_sd(self, area_m2: Floats) -> Floats:
        """Standard deviation of a mean change over areas, m: of cells that hold together, and of the registration."""
        return np.asarray(np.hypot(mean_sd(self.noise, area_m2), self.up_sd_m), dtype=np.float64)


def unworked(before: Grid, planned: Grid, *, sunk: Floats, water_m: Floats | float, margin_m: float) -> Flags:
    """Ground that should lie as it did: nothing planned within a margin, dry, and not sunk since; (rows, cols)."""
    worked = np.abs(planned.values - before.values) > WORKED_M
    for axis, cell in ((0, before.cell_y), (1, before.cell_x)):
        worked = maximum_filter1d(worked, 2 * int(np.ceil(margin_m / cell)) + 1, axis=axis)
    dry = before.values > water_m
    return np.asarray(~worked & dry & (np.abs(sunk) < SETTLING_M) & np.isfinite(before.values))


def register(before: Grid, after: Grid, stable: Flags, parameters: Parameters) -> Registered:
    """A survey on the plan's cells registered on stable ground.

    A shift within its own error is none. The level of detection is 1.96·√(σ₁² + σ₂²) of the stated errors, or of the spread
    on stable ground where that is larger. Source: Nuth & Kääb 2011; Rolstad et al. 2009.
    """
    notes: list[Message] = []
    cell = (before.cell_x, before.cell_y)
    found = registration(before.values, after.values, stable, cell)
    stated = float(np.hypot(parameters.number("asbuilt.sigma_before_m"), parameters.number("asbuilt.sigma_after_m")))
    if found.cells < LEAST_CELLS:
        notes.append(say("asbuilt.no_stable", cells=found.cells))
        found = Shift(0.0, 0.0, 0.0, np.inf, np.inf, stated, found.cells)
    elif not max(found.east_se / cell[0], found.north_se / cell[1]) <= 0.25:
        notes.append(say("asbuilt.level_ground", east_se=found.east_se, north_se=found.north_se))
    found = _told(found, cell)
    if abs(found.up) > FAR_M:
        notes.append(say("asbuilt.far_off", up=found.up))
    ground = after if found[:3] == (0.0, 0.0, 0.0) else after.like(_back(after, found))
    rest = ground.values - before.values
    model = variogram(rest, stable, float(np.sqrt(before.cell_area)))
    if model is None:
        model = Variogram(0.0, stated**2, parameters.number("terrain.correlation_m"), before.cell_area)
    seen = rest[stable & np.isfinite(rest)]
    spread = max(spread_of(seen), model.sd) if len(seen) >= LEAST_CELLS else 0.0
    if spread > 1.1 * stated:
        notes.append(say("asbuilt.noisier", spread=spread, stated=stated))
    sd = max(stated, spread)
    scale = (sd / model.sd) ** 2 if model.sd > 0 else 0.0
    noise = model._replace(nugget=model.nugget * scale, sill=model.sill * scale) if scale else model._replace(nugget=sd**2)
    up_sd = float(mean_sd(noise, np.array([max(len(seen), 1) * before.cell_area]))[0])
    return Registered(ground, found, stable, noise, Z95 * sd, up_sd, tuple(notes))


def _told(shift: Shift, cell: tuple[float, float]) -> Shift:
    """The shift without the parts that lie within their own error."""
    sideways = max(abs(shift.east) / cell[0], abs(shift.north) / cell[1]) > LEAST_SHIFT and (
        abs(shift.east) > Z95 * shift.east_se or abs(shift.north) > Z95 * shift.north_se
    )
    up = shift.up if abs(shift.up) > max(Z95 * shift.up_se, 1e-3) else 0.0
    return shift._replace(up=up) if sideways else shift._replace(east=0.0, north=0.0, up=up)


def _back(after: Grid, shift: Shift) -> Floats:
    if shift.east == 0.0 and shift.north == 0.0:
        return after.values - shift.up
    return moved(after.values, -shift.north / after.cell_y, shift.east / after.cell_x) - shift.up


def without(registered: Registered, hidden: Flags) -> Registered:
    """The same with cells taken out of its ground."""
    return replace(registered, ground=registered.ground.like(np.where(hidden, np.nan, registered.ground.values)))
