"""The finished ground of a plan with its side slopes, on the terrain's cells, closed on the volumes that the plan priced.

Side slopes take from beds and from platforms alike: a plan of blocks holds more water and moves more earth than the ground
that can be built. So the worked bed of every lake is laid deeper, by one depth a lake, until the sloped lake holds what the
plan says, and filled land higher, by one height, until as much earth is left as the plan leaves. Freeboard and least depth
hold all the more. What cannot be closed so (a lake in which nothing is dug, fill that would have to sink) is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.core.polygons.rings import rings_of
from planner.core.terrain.coverage import covered_cells
from planner.core.terrain.sloping import Between, against_fixed, sloped
from planner.design import Design, dykes, owners
from planner.landuse import LAND

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.scenario import Scenario
    from planner.site import Grid

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

AS_IT_LIES_M: Final = 0.001  # less than this is no work
ROUNDS: Final = 12
BEGUN_CELLS: Final = 250_000  # of a larger terrain on which closing is begun
CLOSE: Final = 1e-6  # of a lake's storage, and of the site's fill
LEAST_GAIN: Final = 0.1  # of the bed's area: a round that shows less shows nothing


@dataclass(frozen=True, eq=False)
class Finished:
    """Finished ground with side slopes, and how it was closed on its plan.

    ground: m. blocks: with upright walls, as priced, m. lakes: by reservoir_id; plan_m3, the storage that is to be reached,
    design_m3, what the ground holds within the lake's units at its normal level, bed_m, how much deeper its worked bed lies
    than the blocks'. land_m: how much higher filled land lies. left_m3, plan_left_m3: compacted cut less fill of the ground
    and of the plan, both without dykes: they differ by the earth of dykes that was not priced. dykes: as `design.dykes` draws
    them on the ground. design: of the units. owner: the unit of each cell, −1 for none, worked: where the
    blocks change the ground, (rows, cols). water_m: the level at which slopes change, m.
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
    """The finished ground with side slopes in place of walls, closed on the plan's storage and earth.

    units: of a plan. Slopes are 1:`earthwork.slope_wet` under water and 1:`earthwork.slope_dry` above it, half in cut and half
    in fill; ground that nothing is done to stays as it lies.
    """
    works = _Works.of(units, terrain, scenario)
    compaction = scenario.number("earthwork.compaction")
    priced = float(units["dyke_m3"].sum()) if "dyke_m3" in units else 0.0  # narrower than cells, so not on this ground
    plan_left = compaction * float(units["cut_m3"].sum()) - (float(units["fill_m3"].sum()) - priced)
    begin = np.zeros(len(works.lakes.name)), 0.0
    step = int(np.sqrt(terrain.values.size / BEGUN_CELLS))
    if step > 1:  # most of the way on fewer cells
        first = _closed(_Works.of(units, terrain.thinned(step), scenario), compaction, plan_left, begin)
        begin = first.bed, first.land
    closed = _closed(works, compaction, plan_left, begin)
    banks = dykes(units, terrain.like(closed.ground), scenario, works.design, owner=works.owner)
    unpriced = float(banks["fill_m3"].sum()) - priced
    if abs(unpriced) > CLOSE * closed.fill:  # what dykes take that nobody counted is not left over
        closed = _closed(works, compaction, plan_left + unpriced, (closed.bed, closed.land))
        banks = dykes(units, terrain.like(closed.ground), scenario, works.design, owner=works.owner)
    ground = terrain.like(closed.ground)
    names = pd.Index(works.lakes.name, name="reservoir_id")
    table = pd.DataFrame({"plan_m3": works.lakes.storage, "design_m3": closed.held, "bed_m": closed.bed}, index=names)
    known = (works.design, works.owner, ~works.fixed, works.slopes[0])
    return Finished(*known, ground, terrain.like(works.blocks), table, closed.land, closed.left, plan_left, banks)


class _Closed(NamedTuple):
    """A ground that holds what is wanted: how much deeper beds and how much higher land lie, m, what lakes hold and what is
    left, m³."""

    ground: Floats
    bed: Floats
    land: float
    held: Floats
    fill: float
    left: float


def _closed(works: _Works, compaction: float, wanted_m3: float, begin: tuple[Floats, float]) -> _Closed:
    """The sloped ground closed on the plan's storage and on what is wanted to be left of its earth beside dykes, m³.

    begin: how much deeper beds and how much higher land lie at first, m.
    """
    lakes = works.lakes
    bed, land = begin
    before: tuple[Floats, Floats] | None = None
    for turn in range(ROUNDS):
        ground = works.ground(bed, land)
        held = lakes.held(ground)
        cut, fill = works.moved(ground)
        left = compaction * cut - fill
        gain = lakes.gain(bed, held, before)
        step = lakes.step(bed, held, gain)
        rise = works.rise(land, left - wanted_m3 + compaction * float(step @ gain))
        still = np.abs(step * gain) > CLOSE * lakes.storage
        if turn == ROUNDS - 1 or not (still.any() or abs(rise) * works.land_area > CLOSE * fill):
            break
        before, bed, land = (bed, held), bed + step, land + rise
    return _Closed(ground, bed, land, held, fill, left)


class _Lakes(NamedTuple):
    """The lakes of a plan on the terrain's cells, k of them.

    name, storage (m³), level (m): (k,). dug: whether any of its bed is worked. bed_area: of the worked bed, m². spare: how much
    higher the worked bed may lie, m. cell, of, area: (m,) the cells that its units cover, the lake of each, covered m².
    """

    name: NDArray[np.object_]
    storage: Floats
    level: Floats
    dug: Flags
    bed_area: Floats
    spare: Floats
    cell: NDArray[np.int64]
    of: NDArray[np.int64]
    area: Floats

    def held(self, ground: Floats) -> Floats:
        """What ground (rows, cols) holds in every lake's units at its normal level, m³, (k,)."""
        depth = np.maximum(self.level[self.of] - np.nan_to_num(ground.ravel()[self.cell], nan=np.inf), 0.0)
        return np.asarray(np.bincount(self.of, weights=depth * self.area, minlength=len(self.name)), dtype=np.float64)

    def gain(self, bed: Floats, held: Floats, before: tuple[Floats, Floats] | None) -> Floats:
        """What a lake gains by a metre of bed, m², (k,): what the last round has shown, at first its bed's area."""
        if before is None:
            return self.bed_area
        deeper = bed - before[0]
        shown = np.divide(held - before[1], deeper, out=np.zeros_like(deeper), where=deeper != 0.0)
        return np.where(shown > LEAST_GAIN * self.bed_area, shown, self.bed_area)

    def step(self, bed: Floats, held: Floats, gain: Floats) -> Floats:
        """How much deeper each bed is to be laid next, m, (k,): none above its least depth, none where nothing is dug."""
        wanted = np.divide(self.storage - held, gain, out=np.zeros_like(gain), where=self.dug)
        return np.maximum(bed + wanted, -self.spare) - bed


@dataclass(frozen=True, eq=False)
class _Works:
    """The works of a plan on the terrain's cells: arrays of its shape, m."""

    design: Design
    owner: NDArray[np.int32]
    today: Floats
    blocks: Floats
    fixed: Flags
    bed_of: NDArray[np.int64]  # the lake whose worked bed a cell is, −1 for none
    filled: Flags
    lakes: _Lakes
    cell: tuple[float, float]
    slopes: tuple[float, float, float]  # the level below which they are wet, m; run a metre of height, wet and dry
    between: Between | None

    @classmethod
    def of(cls, units: gpd.GeoDataFrame, terrain: Grid, scenario: Scenario) -> _Works:
        made = Design.of(units, scenario)
        owner = owners(units, terrain)
        blocks, today = made.at_cells(owner, terrain.values), terrain.values
        fixed = ~(np.abs(blocks - today) > AS_IT_LIES_M)
        lake_of, name = _lakes_of(units)
        bed_of = np.append(np.where(made.lake, lake_of, -1), -1)[owner]
        bed_of[fixed] = -1
        land = units["target"].isin(LAND).to_numpy() & ~made.wetland
        filled = np.append(land, False)[owner] & (blocks > today + AS_IT_LIES_M)
        slopes = (_water_level(units, made), scenario.number("earthwork.slope_wet"), scenario.number("earthwork.slope_dry"))
        least = scenario.number("targets.reservoir.min_depth_m")
        lakes = _on_cells(units, terrain, lake_of, name, made.levels.normal, (blocks, bed_of, least))
        cell, (water, wet, dry) = (terrain.cell_x, terrain.cell_y), slopes
        between = against_fixed(today, fixed, cell, water_m=water, wet=wet, dry=dry)
        return cls(made, owner, today, blocks, fixed, bed_of, filled, lakes, cell, slopes, between)

    @property
    def cell_area(self) -> float:
        return self.cell[0] * self.cell[1]

    @property
    def land_area(self) -> float:
        """Of filled land, m²."""
        return float(self.filled.sum()) * self.cell_area

    def rise(self, land: float, left: float) -> float:
        """How much higher filled land is to be laid next, m, to take up what is left, m³; never below the blocks."""
        return max(land + left / self.land_area, 0.0) - land if self.land_area else 0.0

    def ground(self, bed: Floats, land: float) -> Floats:
        """The sloped ground with every lake's worked bed laid deeper by bed (k,) and filled land higher, m."""
        level = np.where(self.fixed, self.today, self.blocks - np.append(bed, 0.0)[self.bed_of] + land * self.filled)
        water, wet, dry = self.slopes
        return sloped(level, self.fixed, self.cell, water_m=water, wet=wet, dry=dry, between=self.between)

    def moved(self, ground: Floats) -> tuple[float, float]:
        """Cut and fill of a ground, m³."""
        change = np.nan_to_num(ground - self.today) * self.cell_area
        return float(-change[change < 0].sum()), float(change[change > 0].sum())


def _lakes_of(units: gpd.GeoDataFrame) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """The lake that each unit belongs to, −1 for none, and the lakes' names."""
    named = units["reservoir_id"].to_numpy(object)
    code, name = pd.factorize(np.where(pd.isna(named) | (named == ""), None, named), sort=True)
    return code.astype(np.int64), np.asarray(name, dtype=object)


def _on_cells(
    units: gpd.GeoDataFrame,
    terrain: Grid,
    lake_of: NDArray[np.int64],
    name: NDArray[np.object_],
    normal: Floats,
    bed: tuple[Floats, NDArray[np.int64], float],
) -> _Lakes:
    """The lakes on the terrain's cells; bed: blocks, the lake whose worked bed a cell is, least depth."""
    wet = np.flatnonzero(lake_of >= 0)
    rings = rings_of(np.asarray(units.geometry.values, dtype=object)[wet])
    cells = covered_cells(*rings, terrain.frame)
    held = np.bincount(lake_of[wet], weights=units["storage_m3"].to_numpy(float)[wet], minlength=len(name))
    storage = np.asarray(held, dtype=np.float64)
    level = np.zeros(len(name))
    level[lake_of[wet]] = normal[wet]
    blocks, bed_of, least = bed
    worked = bed_of >= 0
    area = np.bincount(bed_of[worked], minlength=len(name)).astype(np.float64) * terrain.cell_area
    top = np.full(len(name), -np.inf)
    np.maximum.at(top, bed_of[worked], blocks[worked])
    spare = np.where(area > 0, np.maximum(level - least - top, 0.0), 0.0)
    return _Lakes(
        name, storage, level, area > 0, area, spare, cells.cell, lake_of[wet][cells.owner], cells.fraction * terrain.cell_area
    )


def _water_level(units: gpd.GeoDataFrame, design: Design) -> float:
    """The level at which slopes change, m: the mean normal level over what is lake; below all ground where none is."""
    lake = design.lake
    if not lake.any():
        return -1e4
    return float(np.average(design.levels.normal[lake], weights=units["area_mu"].to_numpy(float)[lake]))
