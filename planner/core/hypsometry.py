"""Area by elevation of many pieces of ground, and exact integrals over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Hypsometry:
    """The ground of n units as ragged cells sorted by elevation: unit i owns entries start[i]:start[i+1].

    start: (n+1,) int64. level: (m,) elevations, m, ascending within a unit. area: (m,) covered area of each cell, m².
    The cells are taken as flat, so an integral over them is exact for the terrain as given.
    """

    start: NDArray[np.int64]
    level: Floats
    area: Floats

    @classmethod
    def from_cells(cls, start: NDArray[np.int64], level: Floats, area: Floats) -> Hypsometry:
        """Sorts ragged cells by elevation within each unit; NaN elevations are left out."""
        owner = np.repeat(np.arange(len(start) - 1), np.diff(start))
        known = np.isfinite(level) & (area > 0)
        owner, level, area = owner[known], level[known], area[known]
        order = np.lexsort((level, owner))
        counts = np.bincount(owner, minlength=len(start) - 1)
        return cls(np.concatenate(([0], np.cumsum(counts))).astype(np.int64), level[order], area[order])

    @property
    def owner(self) -> NDArray[np.int64]:
        """The unit each cell belongs to, (m,)."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def _sum(self, per_cell: Floats) -> Floats:
        return np.asarray(np.bincount(self.owner, weights=per_cell, minlength=len(self.start) - 1), dtype=np.float64)

    def total(self) -> Floats:
        """Known area of every unit, m², (n,)."""
        return self._sum(self.area)

    def mean(self) -> Floats:
        """Mean elevation of every unit, m, (n,); NaN where no cell is known."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self._sum(self.area * self.level) / self.total()

    def volume_below(self, stage: ArrayLike) -> Floats:
        """∫ max(stage − ground, 0) dA of every unit, m³, (n,); stage: scalar or (n,), m."""
        height = np.broadcast_to(np.asarray(stage, float), (len(self.start) - 1,))[self.owner] - self.level
        return self._sum(self.area * np.maximum(height, 0.0))

    def volume_above(self, stage: ArrayLike) -> Floats:
        """∫ max(ground − stage, 0) dA of every unit, m³, (n,)."""
        height = self.level - np.broadcast_to(np.asarray(stage, float), (len(self.start) - 1,))[self.owner]
        return self._sum(self.area * np.maximum(height, 0.0))

    def area_below(self, stage: ArrayLike) -> Floats:
        """Area strictly below a stage, m², (n,)."""
        height = np.broadcast_to(np.asarray(stage, float), (len(self.start) - 1,))[self.owner] - self.level
        return self._sum(self.area * (height > 0))
