"""Water over a terrain: area and storage at every stage from one pass, as sums that merge by addition.

A cell is flat and holds max(stage − ground, 0) times its area; a cell exactly at the stage is dry (strictly below counts). So
with the area A and the moment Σ(z − datum)·a of the cells below a stage h, storage is A·(h − datum) − moment, exactly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int32]


class Sums(NamedTuple):
    """Cells by the stages between which they lie, m stages, ascending.

    weight, moment: (m+1,) Σ w and Σ w·(z − datum) of the cells with stages[j−1] ≤ z < stages[j]; the first entry is what lies
    below the first stage. w is the covered share of a cell. Two Sums over the same stages and datum are merged by adding
    them.
    """

    weight: Floats
    moment: Floats

    def __add__(self, other: object) -> Sums:
        """The sums of both sets of cells."""
        if not isinstance(other, Sums):
            return NotImplemented
        return Sums(self.weight + other.weight, self.moment + other.moment)


class Guide(NamedTuple):
    """A table that leads from an elevation to its place among m stages: entry (z − low)·scale, then a stage or so up.

    stages: (m+2,) the stages and twice +∞. single: whether one comparison after the table is enough.
    """

    low: float
    scale: float
    table: Labels
    stages: Floats
    single: bool


@njit(cache=True)
def _guide(stages: Floats) -> Guide:
    """stages: (m,) ascending. Entries are a quarter of the least distance between stages, if that fits in memory."""
    m = len(stages)
    low = stages[0]
    span = stages[-1] - low
    closest = span
    for j in range(1, m):
        if stages[j] > stages[j - 1]:
            closest = min(closest, stages[j] - stages[j - 1])
    wanted = 4.0 * span / closest if closest > 0 else 4.0
    size = int(min(max(wanted, 4.0 * m), max(65536.0, 4.0 * m))) + 2
    scale = (size - 2) / span if span > 0 else 0.0
    table = np.zeros(size + 1, dtype=np.int32)
    single = scale > 0.0
    j = 0
    for k in range(size):
        # one entry back: rounding may put an elevation an entry too high
        floor = low + (k - 1) / scale if scale > 0 else low
        while scale > 0 and j < m and stages[j] <= floor:
            j += 1
        table[k] = j
        single = single and (k < 3 or j - table[k - 3] <= 1)
    single = single and bool(np.all(stages[1:] > stages[:-1]))  # of equal stages a cell passes both at once
    table[size] = m + 1  # where cells without a value go
    return Guide(low, scale, table, np.append(stages, [np.inf, np.inf]), single)


@njit(cache=True)
def _place(z: float, guide: Guide) -> int:
    """Number of stages at or below a finite z."""
    at = (z - guide.low) * guide.scale
    at = at if at > 0.0 else 0.0
    last = np.float64(len(guide.table) - 2)
    j = guide.table[int(at if at < last else last)]
    while guide.stages[j] <= z:
        j += 1
    return int(j)


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


def bins_of(sums: Sums, stages: Floats) -> Bins:
    """The bins that hold any cell; the one below the first stage reaches down without end."""
    some = sums.weight > 0
    return Bins(np.concatenate(([-np.inf], stages))[some], sums.weight[some], sums.moment[some])


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


@njit(cache=True)
def _rise(ground: Floats, share: Floats, seed: int, guide: Guide, diagonal: bool, datum: float, out: Floats) -> None:
    """Floods from a seed in whole stages; adds each cell to the bin of the stage that connects it, out (m+1, 2)."""
    rows, cols = ground.shape
    z = ground.ravel()
    count = len(out) - 1
    step_r = np.array([0, 0, -1, 1, -1, -1, 1, 1])
    step_c = np.array([-1, 1, 0, 0, -1, 1, -1, 1])
    waiting = np.full(count + 1, -1, dtype=np.int32)  # first cell of each stage's list
    following = np.full(rows * cols, -2, dtype=np.int32)  # next cell of the list; −2 where never reached
    first = _place(np.float64(z[seed]), guide)
    waiting[first] = seed
    following[seed] = -1
    weighted = len(share) > 0
    weight = share[seed] if weighted else 1.0
    out[first, 0] += weight
    out[first, 1] += weight * (z[seed] - datum)
    for stage in range(first, count):
        while waiting[stage] >= 0:
            cell = waiting[stage]
            waiting[stage] = following[cell]
            r, c = cell // cols, cell % cols
            for d in range(8 if diagonal else 4):
                nr, nc = r + step_r[d], c + step_c[d]
                if nr < 0 or nc < 0 or nr >= rows or nc >= cols:
                    continue
                near = nr * cols + nc
                if following[near] != -2:
                    continue
                here = np.float64(z[near])
                if not np.isfinite(here):
                    continue
                j = max(stage, _place(here, guide))
                following[near] = waiting[j]
                waiting[j] = near
                weight = share[near] if weighted else 1.0
                out[j, 0] += weight
                out[j, 1] += weight * (here - datum)


def sum_connected(
    ground: Floats, seed: int, stages: Floats, *, share: Floats | None = None, diagonal: bool = True, datum: float = 0.0
) -> Sums:
    """As sum_cells, but a cell counts from the stage on at which it is connected to the seed (flat index) below that stage.

    ground: (rows, cols) m. share: (rows, cols) what of each cell counts; water still passes where it is 0 and there is
    ground. One flood with a list of cells per stage: as exact at every stage as a flood for each. Raises ValueError where the
    seed has no ground.
    """
    if not np.isfinite(ground.ravel()[seed]):
        raise ValueError("the seed lies where there is no ground")
    out = np.zeros((len(stages) + 1, 2))
    part = np.zeros(0) if share is None else np.ascontiguousarray(share, dtype=np.float64).ravel()
    _rise(np.ascontiguousarray(ground), part, seed, _guide(stages), diagonal, datum, out)
    return Sums(out[:, 0].copy(), out[:, 1].copy())
