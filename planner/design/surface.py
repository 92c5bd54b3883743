"""The design of a plan: the finished ground of every unit, on the terrain's cells, and the water on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.core.earth import balanced_levels
from planner.core.terrain.hypsometry import Hypsometry
from planner.core.terrain.owner import owner_of
from planner.design.levels import Levels
from planner.design.shape import Shape
from planner.design.ways import GRADED, heap_of, shape_of
from planner.scenario import Scenario

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.site import Grid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Design:
    """What is to be built: per unit its finished ground and its water levels, in the units' order, (n,) each.

    lake, wetland: which units are open water, and which are wetland graded to the lake's level.
    """

    shape: Shape
    levels: Levels
    lake: Flags
    wetland: Flags

    @classmethod
    def of(cls, units: pd.DataFrame, scenario: Scenario, *, ground: Hypsometry | None = None) -> Design:
        """The design of chosen units.

        units: columns `target`, `treatment` and the facts that `Levels.of` reads; without a ground also `design_m`, the mean
        finished ground as a plan keeps it. ground: the units' ground today, in their order.
        """
        levels = Levels.of(units, scenario)
        target, treatment = (units[c].astype(str).to_numpy() for c in ("target", "treatment"))
        compaction = scenario.number("earthwork.compaction")
        known = ground is not None
        balanced = balanced_levels(ground.start, ground.level, ground.area, compaction) if ground is not None else np.zeros(0)
        kept = np.zeros(0) if known else units["design_m"].to_numpy(float)
        shape = Shape.as_it_lies(len(units))
        for way in sorted({*zip(target, treatment, strict=True)}):
            if way[1] == "none":
                continue
            if known or way[1] not in GRADED:
                mine = shape_of(*way, levels, scenario, balanced if known else np.zeros(len(units)))
            else:
                heap = heap_of(*way, scenario)
                mine = Shape.level_at(kept - heap, heap)
            shape = mine.where((target == way[0]) & (treatment == way[1]), shape)
        return cls(shape, levels, target == "reservoir", treatment == "wetland")

    @property
    def water(self) -> Flags:
        """Units that stand under water by design: lakes and wetlands, (n,)."""
        return self.lake | self.wetland

    def finished(self, ground: Hypsometry) -> Hypsometry:
        """The units' ground as it will be."""
        return self.shape.of(ground)

    def mean_m(self, ground: Hypsometry) -> Floats:
        """Mean elevation of every unit's finished ground, m, (n,); NaN where no ground is known."""
        return self.finished(ground).mean()

    def at_cells(self, owner: NDArray[np.int32], ground: Floats) -> Floats:
        """The finished ground of cells: owner (rows, cols) the unit that holds each, −1 for none, ground today's, m."""
        return self.shape.on_cells(owner, ground)

    def level_at_cells(self, owner: NDArray[np.int32]) -> Floats:
        """The normal level of the water that stands on cells by design, m; NaN where none does."""
        level = np.append(np.where(self.water, self.levels.normal, np.nan), np.nan)
        return np.asarray(level[owner])

    def surface(self, units: gpd.GeoDataFrame, terrain: Grid) -> Grid:
        """The finished ground on the terrain's cells, m: the units' design, and today's ground around them."""
        return terrain.like(self.at_cells(owners(units, terrain), terrain.values))

    def water_level(self, units: gpd.GeoDataFrame, terrain: Grid) -> Grid:
        """The normal level of lakes and wetlands on the terrain's cells, m; NaN on land."""
        return terrain.like(self.level_at_cells(owners(units, terrain)))


def owners(units: gpd.GeoDataFrame, grid: Grid) -> NDArray[np.int32]:
    """The unit that holds each cell's centre, by row, −1 where none does; shape of the grid."""
    return owner_of(units.geometry.to_numpy(), grid.frame)
