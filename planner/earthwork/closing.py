"""Closing a sloped ground on its plan: how much deeper every lake's bed and how much higher filled land is laid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ROUNDS: Final = 12
CLOSE: Final = 1e-6  # of a lake's storage, and of the site's fill
LEAST_GAIN: Final = 0.1  # of the bed's area: a round that shows less shows nothing


class Measured(NamedTuple):
    """What a sloped ground holds in every lake's units, (k,), its cut and fill, m³.

    ground: where it is held whole, m. steepest: of its slopes, of the steepest allowed, where it is not.
    """

    held: Floats
    cut: float
    fill: float
    steepest: float = np.nan
    ground: Floats | None = None


class Lakes(NamedTuple):
    """The lakes of a plan, k of them.

    name, storage (m³), level (m): (k,). dug: whether any of its bed is worked. bed_area: of the worked bed, m². spare: how much
    higher the worked bed may lie, m.
    """

    name: NDArray[np.object_]
    storage: Floats
    level: Floats
    dug: Flags
    bed_area: Floats
    spare: Floats

    def gain(self, bed: Floats, held: Floats, before: tuple[Floats, Floats] | None, begin: Floats | None) -> Floats:
        """What a lake gains by a metre of bed, m², (k,): what the last round has shown, at first as begun or its bed's area."""
        if before is None:
            return self.bed_area if begin is None else begin
        deeper = bed - before[0]
        shown = np.divide(held - before[1], deeper, out=np.zeros_like(deeper), where=deeper != 0.0)
        return np.where(shown > LEAST_GAIN * self.bed_area, shown, self.bed_area)

    def step(self, bed: Floats, held: Floats, gain: Floats) -> Floats:
        """How much deeper each bed is to be laid next, m, (k,): none above its least depth, none where nothing is dug."""
        wanted = np.divide(self.storage - held, gain, out=np.zeros_like(gain), where=self.dug)
        return np.maximum(bed + wanted, -self.spare) - bed


class Ground(Protocol):
    """A sloped ground that can be measured, whole or in bands."""

    @property
    def lakes(self) -> Lakes: ...

    @property
    def land_area(self) -> float:
        """Of filled land, m²."""
        ...

    def measured(self, bed: Floats, land: float) -> Measured:
        """With every lake's worked bed laid deeper by bed (k,) and filled land higher, m."""
        ...


class Closed(NamedTuple):
    """How much deeper beds and how much higher land lie, m, the ground so, and what is left of its earth, m³; rounds taken.

    gain: what each lake gains by a metre of bed, m².
    """

    bed: Floats
    land: float
    gain: Floats
    last: Measured
    left: float
    rounds: int


def closed(
    ground: Ground, compaction: float, wanted_m3: float, begin: tuple[Floats, float, Floats | None], *, close: float = CLOSE
) -> Closed:
    """A ground closed on the plan's storage and on what is wanted to be left of its earth beside dykes, m³.

    begin: how much deeper beds and how much higher land lie at first, m, and what lakes gain by a metre, m², where it is known.
    close: share of a lake's storage and of the site's
    fill that may be missing. The ground as last measured is the one that closes.
    """
    lakes = ground.lakes
    bed, land, shown = begin
    before: tuple[Floats, Floats] | None = None
    for turn in range(ROUNDS):
        held, cut, fill, *_ = last = ground.measured(bed, land)
        left = compaction * cut - fill
        gain = lakes.gain(bed, held, before, shown)
        step = lakes.step(bed, held, gain)
        rise = _rise(ground.land_area, land, left - wanted_m3 + compaction * float(step @ gain))
        still = np.abs(step * gain) > close * lakes.storage
        if turn == ROUNDS - 1 or not (still.any() or abs(rise) * ground.land_area > close * fill):
            break
        before, bed, land = (bed, held), bed + step, land + rise
    return Closed(bed, land, gain, last, left, turn + 1)


@dataclass(frozen=True)
class _Aimed:
    """A ground whose lakes are to hold something else."""

    ground: Ground
    storage: Floats

    @property
    def lakes(self) -> Lakes:
        return self.ground.lakes._replace(storage=self.storage)

    @property
    def land_area(self) -> float:
        return self.ground.land_area

    def measured(self, bed: Floats, land: float) -> Measured:
        return self.ground.measured(bed, land)


def closed_by(
    ground: Ground, coarse: Ground, compaction: float, wanted_m3: float, begin: tuple[Floats, float], *, close: float = CLOSE
) -> Closed:
    """As `closed`, by way of the same works on fewer cells, so that the ground itself is measured as seldom as can be.

    What the ground holds and leaves over beside the coarse one is taken as the same wherever beds and land lie near: the coarse
    one is closed on so much less, and the ground measured again there. begin: how much deeper beds and how much higher land
    lie at first, m.
    """
    bed, land = begin
    gain = ground.lakes.bed_area
    for turn in range(ROUNDS):
        last = ground.measured(bed, land)
        near, left = coarse.measured(bed, land), compaction * last.cut - last.fill
        aimed = _Aimed(coarse, ground.lakes.storage + near.held - last.held)
        led = closed(aimed, compaction, wanted_m3 + compaction * near.cut - near.fill - left, (bed, land, gain))
        gain = led.gain
        missing = np.abs(led.bed - bed) * gain > close * ground.lakes.storage
        if turn == ROUNDS - 1 or not (missing.any() or abs(led.land - land) * ground.land_area > close * last.fill):
            break
        bed, land = led.bed, led.land
    return Closed(bed, land, gain, last, left, turn + 1)


def _rise(area: float, land: float, left: float) -> float:
    """How much higher filled land is to be laid next, m, to take up what is left, m³; never below the blocks."""
    return max(land + left / area, 0.0) - land if area else 0.0
