"""Area by elevation of many pieces of ground, and exact integrals over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Hypsometry:
    """The ground of n units as ragged cells sorted by elevation: unit i owns entries start[i]:start[i+1].

    start: (n+1,) int64. level: (m,) elevations, m, ascending within a unit. area: (m,) covered area of each cell, m².
    The cells are taken as flat, so an integral over them is exact for the terrain as given.
    """

    start: Ints
    level: Floats
    area: Floats

    @classmethod
    def from_cells(cls, start: Ints, level: Floats, area: Floats) -> Hypsometry:
        """Sorts ragged cells by elevation within each unit; NaN elevations are left out."""
        return cls(*_sorted(start, np.ascontiguousarray(level, dtype=np.float64), np.ascontiguousarray(area, dtype=np.float64)))

    def __len__(self) -> int:
        """Number of units."""
        return len(self.start) - 1

    @property
    def owner(self) -> Ints:
        """The unit each cell belongs to, (m,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    def total(self) -> Floats:
        """Known area of every unit, m², (n,)."""
        return np.asarray(_weighted(self.start, self.area, np.ones_like(self.area)))

    def mean(self) -> Floats:
        """Mean elevation of every unit, m, (n,); NaN where no cell is known."""
        total = self.total()
        return np.divide(_weighted(self.start, self.area, self.level), total, out=np.full_like(total, np.nan), where=total > 0)

    def volume_below(self, stage: ArrayLike) -> Floats:
        """∫ max(stage − ground, 0) dA of every unit, m³, (n,); stage: scalar or (n,), m."""
        return np.asarray(_below(self.start, self.level, self.area, self._stages(stage))[1])

    def volume_above(self, stage: ArrayLike) -> Floats:
        """∫ max(ground − stage, 0) dA of every unit, m³, (n,)."""
        return np.asarray(_above(self.start, self.level, self.area, self._stages(stage)))

    def area_below(self, stage: ArrayLike) -> Floats:
        """Area strictly below a stage, m², (n,)."""
        return np.asarray(_below(self.start, self.level, self.area, self._stages(stage))[0])

    def stage_for_volume(self, volume: ArrayLike) -> Floats:
        """The stage below which a unit holds a volume, m, (n,): the exact inverse of volume_below; volume: scalar or (n,), m³.

        The lowest ground where the volume is 0; NaN where it is negative or no cell is known.
        """
        return np.asarray(_stage_for_volume(self.start, self.level, self.area, self._stages(volume)))

    def together(self, group: Ints) -> Hypsometry:
        """The ground of groups of units, (g,): group: (n,) the group each unit belongs to, 0…g−1, or −1 for none."""
        cell_group = np.asarray(group)[self.owner]
        chosen = np.flatnonzero(cell_group >= 0)
        order = chosen[np.argsort(cell_group[chosen], kind="stable")]
        count = np.bincount(cell_group[chosen], minlength=int(np.max(group, initial=-1)) + 1)
        start = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
        return Hypsometry.from_cells(start, self.level[order], self.area[order])

    def _stages(self, stage: ArrayLike) -> Floats:
        return np.ascontiguousarray(np.broadcast_to(np.asarray(stage, dtype=np.float64), (len(self),)))


@njit(cache=True)
def _sorted(start: Ints, level: Floats, area: Floats) -> tuple[Ints, Floats, Floats]:
    """Ragged cells in ascending order within each unit, those without elevation or area left out."""
    out = np.zeros(len(start), dtype=np.int64)
    new_level, new_area = np.empty_like(level), np.empty_like(area)
    at = 0
    for i in range(len(start) - 1):
        z, a = level[start[i] : start[i + 1]], area[start[i] : start[i + 1]]
        known = np.flatnonzero(np.isfinite(z) & (a > 0))
        order = known[np.argsort(z[known], kind="mergesort")]
        for k in order:
            new_level[at], new_area[at] = z[k], a[k]
            at += 1
        out[i + 1] = at
    return out, new_level[:at].copy(), new_area[:at].copy()


@njit(cache=True)
def _weighted(start: Ints, weight: Floats, value: Floats) -> Floats:
    out = np.zeros(len(start) - 1)
    for i in range(len(out)):
        for k in range(start[i], start[i + 1]):
            out[i] += weight[k] * value[k]
    return out


@njit(cache=True)
def _below(start: Ints, level: Floats, area: Floats, stage: Floats) -> tuple[Floats, Floats]:
    """Area strictly below and volume under a stage. Cells may stand in any order within a unit."""
    wet, volume = np.zeros(len(start) - 1), np.zeros(len(start) - 1)
    for i in range(len(wet)):
        for k in range(start[i], start[i + 1]):
            height = stage[i] - level[k]
            if height > 0.0:
                wet[i] += area[k]
                volume[i] += area[k] * height
    return wet, volume


@njit(cache=True)
def _above(start: Ints, level: Floats, area: Floats, stage: Floats) -> Floats:
    out = np.zeros(len(start) - 1)
    for i in range(len(out)):
        for k in range(start[i], start[i + 1]):
            height = level[k] - stage[i]
            if height > 0.0:
                out[i] += area[k] * height
    return out


@njit(cache=True)
def _stage_for_volume(start: Ints, level: Floats, area: Floats, volume: Floats) -> Floats:
    """Between two neighbouring elevations the volume grows linearly with the stage: the root is exact there."""
    out = np.full(len(start) - 1, np.nan)
    for i in range(len(out)):
        a, b = start[i], start[i + 1]
        if b == a or not volume[i] >= 0.0:
            continue
        wet, held = 0.0, 0.0
        for k in range(a, b):
            wet += area[k]
            top = level[k + 1] if k + 1 < b else np.inf
            more = wet * (top - level[k])
            if held + more >= volume[i]:
                out[i] = min(level[k] + (volume[i] - held) / wet, top)
                break
            held += more
    return out
