"""What works make of the ground: max(min(ground − dig, at most), at least) + heap, over any number of units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from planner.core.earth import moved
from planner.core.terrain.hypsometry import Hypsometry

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def graded(ground: Floats, dig_m: Floats | float, at_most_m: Floats | float, at_least_m: Floats | float) -> Floats:
    """The ground dug by a depth and at least down to a level, then filled up to another: the one rule of all works, m.

    ground, dig_m, at_most_m, at_least_m: arrays that broadcast, m; NaN ground stays NaN.
    """
    return np.asarray(np.maximum(np.minimum(ground - dig_m, at_most_m), at_least_m), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Shape:
    """The finished ground of n units, each array (n,), m: max(min(ground − dig_m, at_most_m), at_least_m) + heap_m.

    A lake bed is dug by a depth and at least down to at_most_m; a platform lies level at at_most_m = at_least_m; a hill is
    heaped on its platform by heap_m in the mean. Ground that stays as it lies has 0, ∞, −∞, 0.
    """

    dig_m: Floats
    at_most_m: Floats
    at_least_m: Floats
    heap_m: Floats

    @classmethod
    def as_it_lies(cls, count: int) -> Shape:
        """Ground that nothing is done to."""
        return cls(np.zeros(count), np.full(count, np.inf), np.full(count, -np.inf), np.zeros(count))

    @classmethod
    def level_at(cls, surface_m: Floats, heap_m: float = 0.0) -> Shape:
        """Ground graded level at a surface, (n,) m, with a heap of that mean height on it."""
        return cls(np.zeros_like(surface_m), surface_m, surface_m, np.full_like(surface_m, heap_m))

    @classmethod
    def dug(cls, dig_m: ArrayLike, at_most_m: Floats) -> Shape:
        """A bed: dug by a depth, and at least down to a level, (n,) m."""
        deep = np.broadcast_to(np.asarray(dig_m, dtype=np.float64), at_most_m.shape)
        return cls(deep, at_most_m, np.full_like(at_most_m, -np.inf), np.zeros_like(at_most_m))

    def where(self, chosen: NDArray[np.bool_], other: Shape) -> Shape:
        """This shape where chosen, the other elsewhere, (n,)."""
        mine, theirs = self._arrays(), other._arrays()
        return Shape(*(np.where(chosen, a, b) for a, b in zip(mine, theirs, strict=True)))

    def at(self, unit: Ints, ground: Floats) -> Floats:
        """The finished ground of cells: unit (m,) the row each belongs to, ground (m,) today's, m."""
        dig, most, least, heap = (a[unit] for a in self._arrays())
        return graded(ground, dig, most, least) + heap

    def on_cells(self, unit: NDArray[np.int32], ground: Floats) -> Floats:
        """As `at`, of a grid's cells (rows, cols) at once; where unit is −1 the ground stays."""
        arrays = (np.ascontiguousarray(a, dtype=np.float64) for a in self._arrays())
        return np.asarray(_on_cells(unit, np.ascontiguousarray(ground, dtype=np.float64), *arrays))

    def of(self, ground: Hypsometry) -> Hypsometry:
        """The units' finished ground; its cells need not be in ascending order within a unit."""
        return Hypsometry(ground.start, self.at(ground.owner, ground.level), ground.area)

    def earth(self, ground: Hypsometry) -> tuple[Floats, Floats]:
        """What is cut and what is filled in every unit, m³, (n,) each."""
        arrays = (np.ascontiguousarray(a, dtype=np.float64) for a in (self.dig_m, self.at_most_m, self.at_least_m))
        cut, fill = moved(ground.start, ground.level, ground.area, *arrays)
        return cut, fill + self.heap_m * ground.total() if self.heap_m.any() else fill

    def _arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self.dig_m, self.at_most_m, self.at_least_m, self.heap_m


@njit(cache=True, nogil=True)
def _on_cells(unit: NDArray[np.int32], ground: Floats, dig: Floats, most: Floats, least: Floats, heap: Floats) -> Floats:
    """The rule of `graded`, cell by cell; NaN ground stays NaN."""
    result = ground.copy()
    for r in range(unit.shape[0]):
        for c in range(unit.shape[1]):
            k, z = unit[r, c], ground[r, c]
            if k >= 0 and not np.isnan(z):
                result[r, c] = max(min(z - dig[k], most[k]), least[k]) + heap[k]
    return result
