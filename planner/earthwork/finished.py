"""The finished ground of a plan with its side slopes, on the terrain's cells, closed on the volumes that the plan priced.

Side slopes take from beds and from platforms alike: a plan of blocks holds more water and moves more earth than the ground
that can be built. So the worked bed of every lake is laid deeper, by one depth a lake, until the sloped lake holds what the
plan says, and filled land higher, by one height, until as much earth is left as the plan leaves. Freeboard and least depth
hold all the more. What cannot be closed so (a lake in which nothing is dug, fill that would have to sink) is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.core.terrain.sloping import Between, Room, against_fixed, sloped
from planner.design import Design, dykes, owners
from planner.earthwork.closing import CLOSE, Closed, Lakes, Measured, closed
from planner.earthwork.works import Beds, Covered, Laid, Works, moved, plan_left_m3, priced_dykes

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.scenario import Scenario
    from planner.site import Grid

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

BEGUN_CELLS: Final = 250_000  # of a larger terrain on which closing is begun


@dataclass(frozen=True, eq=False)
class Finished:
    """Finished ground with side slopes, and how it was closed on its plan.

    ground: m. blocks: with upright walls, as priced, m. lakes: by reservoir_id; plan_m3, the storage that is to be reached,
    design_m3, what the ground holds within the lake's units at its normal level, bed_m, how much deeper its worked bed lies
    than the blocks', gain_m2, what a metre of bed would bring. land_m: how much higher filled land lies. left_m3, plan_left_m3:
    compacted cut less fill of the ground and of the plan, both without dykes: they differ by the earth of dykes that was not
    priced. dykes: as `design.dykes` draws them on the ground. design: of the units. owner: the unit of each cell, −1 for none,
    worked: where the blocks change the ground, (rows, cols). water_m: the level at which slopes change, m.
    """

    design: Design
    owner: NDArray[np.int32]
    worked: Flags
    water_m: float
    ground: Grid
    blocks: Grid
    lakes: pd.DataFrame
    land_m: float
    left_m3: float
    plan_left_m3: float
    dykes: gpd.GeoDataFrame


def finished_ground(units: gpd.GeoDataFrame, terrain: Grid, scenario: Scenario) -> Grid:
    """The ground of `finished`, m."""
    return finished(units, terrain, scenario).ground


def finished(units: gpd.GeoDataFrame, terrain: Grid, scenario: Scenario) -> Finished:
    """The finished ground with side slopes, closed on the plan's storage and earth.

    units: of a plan. Slopes are 1:`earthwork.slope_wet` under water and 1:`earthwork.slope_dry` above it, half in cut and half
    in fill; ground that nothing is done to stays as it lies.
    """
    return finished_on(Whole.of(units, terrain, scenario), units, terrain, scenario)


def finished_on(whole: Whole, units: gpd.GeoDataFrame, terrain: Grid, scenario: Scenario) -> Finished:
    """The finished ground, where its works have been laid on the terrain already."""
    works, compaction = whole.works, scenario.number("earthwork.compaction")
    priced = priced_dykes(units)  # narrower than cells, so not on this ground
    plan_left = plan_left_m3(units, compaction)
    begin: tuple[Floats, float, Floats | None] = np.zeros(len(works.name)), 0.0, None
    step = int(np.sqrt(terrain.values.size / BEGUN_CELLS))
    if step > 1:  # most of the way on fewer cells
        first = closed(Whole.of(units, terrain.thinned(step), scenario), compaction, plan_left, begin)
        begin = first.bed, first.land, first.gain

    def drawn(found: Closed) -> tuple[Grid, gpd.GeoDataFrame]:
        ground = terrain.like(np.asarray(found.last.ground))
        return ground, dykes(units, ground, scenario, works.design, owner=whole.owner)

    made = closed(whole, compaction, plan_left, begin)
    ground, banks = drawn(made)
    unpriced = float(banks["fill_m3"].sum()) - priced
    if abs(unpriced) > CLOSE * made.last.fill:  # what dykes take that nobody counted is not left over
        made = closed(whole, compaction, plan_left + unpriced, (made.bed, made.land, made.gain))
        ground, banks = drawn(made)
    names = pd.Index(works.name, name="reservoir_id")
    table = pd.DataFrame(
        {"plan_m3": works.storage, "design_m3": made.last.held, "bed_m": made.bed, "gain_m2": made.gain}, index=names
    )
    known = (works.design, whole.owner, ~whole.laid.fixed, works.slopes.water_m)
    return Finished(*known, ground, terrain.like(whole.laid.blocks), table, made.land, made.left, plan_left, banks)


@dataclass(frozen=True, eq=False)
class Whole:
    """The works on all of the terrain's cells at once."""

    works: Works
    owner: NDArray[np.int32]
    laid: Laid
    covered: Covered
    lakes: Lakes
    land_area: float
    cell: tuple[float, float]
    between: Between | None
    room: Room

    @classmethod
    def of(cls, units: gpd.GeoDataFrame, terrain: Grid, scenario: Scenario) -> Whole:
        works = Works.of(units, scenario)
        owner = owners(units, terrain)
        laid, cell = works.laid(owner, terrain.values), (terrain.cell_x, terrain.cell_y)
        beds = Beds.none(len(works.name)).and_of(laid, terrain.cell_area)
        between = against_fixed(laid.today, laid.fixed, cell, **works.slopes._asdict())
        covered, room = works.covered(terrain.frame), Room.of(*terrain.shape)
        return cls(works, owner, laid, covered, works.lakes(beds), beds.filled, cell, between, room)

    def ground(self, bed: Floats, land: float) -> Floats:
        """The sloped ground with every lake's worked bed laid deeper by bed (k,) and filled land higher, m."""
        level = self.laid.level(bed, land)
        return sloped(level, self.laid.fixed, self.cell, **self.works.slopes._asdict(), between=self.between, room=self.room)

    def measured(self, bed: Floats, land: float) -> Measured:
        ground = self.ground(bed, land)
        held = self.covered.held(ground, self.works.level)
        return Measured(held, *moved(ground, self.laid.today, self.cell[0] * self.cell[1]), ground=ground)
