"""Water over a terrain: area and storage at every stage from one pass, as sums that merge by addition.

A cell is flat and holds max(stage − ground, 0) times its area; a cell exactly at the stage is dry (strictly below counts). So
with the area A and the moment Σ(z − datum)·a of the cells below a stage h, storage is A·(h − datum) − moment, exactly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Knots(NamedTuple):
    """A curve by knots: up from level[k] the wet area is area[k] and storage area[k]·(h − datum) − moment[k].

    level: (m,) ascending, m. area: (m,) m², wet just above the knot. moment: (m,) m³. datum: m.
    """

    level: Floats
    area: Floats
    moment: Floats
    datum: float


def knots_of_cells(reached: Floats, level: Floats, area: Floats) -> Knots:
    """The exact curve of cells that are under water once the stage is above `reached` (≥ their level), each (k,)."""
    order = np.argsort(reached, kind="stable")
    at = reached[order]
    last = np.append(at[1:] != at[:-1], True) if len(at) else np.zeros(0, dtype=bool)
    datum = float(np.min(level, initial=np.inf)) if len(at) else 0.0
    total = np.cumsum(area[order])
    moment = np.cumsum((area * (level - datum))[order])
    return Knots(at[last], total[last], moment[last], datum)


class Bins(NamedTuple):
    """Sums over cells by bins that hold any, b of them, ascending; bins of tiles merge by `merge_bins`.

    lower: (b,) m, lower edge of each bin: the cells lie (or, of connected water, are reached) from there on. weight, moment:
    (b,) Σ w and Σ w·(z − datum).
    """

    lower: Floats
    weight: Floats
    moment: Floats


def bins_of(lower: Floats, weight: Floats, moment: Floats) -> Bins:
    """The bins, each (b,), that hold any cell."""
    some = weight > 0
    return Bins(lower[some], weight[some], moment[some])


def merge_bins(parts: list[Bins]) -> Bins:
    """The bins of several sets of cells as those of all."""
    lower, place = np.unique(np.concatenate([p.lower for p in parts]), return_inverse=True)
    weight = np.bincount(place, np.concatenate([p.weight for p in parts]), minlength=len(lower))
    moment = np.bincount(place, np.concatenate([p.moment for p in parts]), minlength=len(lower))
    return Bins(lower, weight.astype(np.float64), moment.astype(np.float64))


def knots_of_bins(bins: Bins, datum: float, cell_area: float) -> Knots:
    """The curve of binned cells, each bin's cells at their mean elevation: exact at the bins' edges."""
    level = np.maximum(bins.moment / bins.weight + datum, bins.lower)
    level[:-1] = np.minimum(level[:-1], np.nextafter(bins.lower[1:], -np.inf))  # rounding must not lift cells over an edge
    return Knots(level, np.cumsum(bins.weight) * cell_area, np.cumsum(bins.moment) * cell_area, datum)


def area_at(knots: Knots, stage: Floats) -> Floats:
    """Area strictly below each stage, m²; NaN for NaN."""
    place = np.searchsorted(knots.level, stage, side="left")
    wet = np.concatenate(([0.0], knots.area))[place]
    return np.where(np.isnan(stage), np.nan, wet)


def storage_at(knots: Knots, stage: Floats) -> Floats:
    """Storage below each stage, m³; NaN for NaN."""
    place = np.searchsorted(knots.level, stage, side="left")
    area = np.concatenate(([0.0], knots.area))[place]
    moment = np.concatenate(([0.0], knots.moment))[place]
    with np.errstate(invalid="ignore"):
        held = np.where(area > 0, area * (stage - knots.datum) - moment, 0.0)
    return np.where(np.isnan(stage), np.nan, np.maximum(held, 0.0))


def stage_at(knots: Knots, storage: Floats) -> Floats:
    """The stage that holds each storage, m: the exact inverse of storage_at; the bed where it is 0, NaN where negative.

    Where the curve jumps because the water spills into a hollow beside it, storages within the jump have the stage of the
    spill.
    """
    if not len(knots.level):
        return np.full_like(storage, np.nan)
    just_above = knots.area * (knots.level - knots.datum) - knots.moment
    place = np.clip(np.searchsorted(just_above, storage, side="right") - 1, 0, len(knots.level) - 1)
    stage = (storage + knots.moment[place]) / knots.area[place] + knots.datum
    upper = np.append(knots.level[1:], np.inf)[place]
    stage = np.maximum(np.minimum(stage, upper), knots.level[place])
    return np.where(storage >= 0, stage, np.nan)
