"""The works of a plan and what they make of cells, whichever of them are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from planner.core.polygons.rings import Rings, rings_of
from planner.core.terrain.coverage import covered_cells
from planner.design import Design
from planner.earthwork.closing import Lakes
from planner.frame import Frame
from planner.landuse import LAND

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.scenario import Scenario

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

AS_IT_LIES_M: Final = 0.001  # less than this is no work


class Slopes(NamedTuple):
    """The level below which slopes are wet, m; run a metre of height, wet and dry."""

    water_m: float
    wet: float
    dry: float


class Laid(NamedTuple):
    """Cells with the works on them, as blocks: arrays of one shape, m.

    fixed: cells that nobody works on. bed_of: the lake whose worked bed a cell is, −1 for none. filled: filled land.
    """

    today: Floats
    blocks: Floats
    fixed: Flags
    bed_of: NDArray[np.int32]
    filled: Flags

    def level(self, bed: Floats, land: float) -> Floats:
        """Before slopes, with every lake's worked bed deeper by bed (k,) and filled land higher, m."""
        return np.asarray(_level(self, np.append(bed, 0.0), land))


class Covered(NamedTuple):
    """The cells that lakes' units cover, by flat index, the lake of each, and the covered area, m²; (m,) each."""

    cell: Ints
    of: Ints
    area: Floats

    def held(self, ground: Floats, level: Floats) -> Floats:
        """What ground (rows, cols) holds in every lake's units up to its level (k,), m³, (k,)."""
        depth = np.maximum(level[self.of] - np.nan_to_num(ground.ravel()[self.cell], nan=np.inf), 0.0)
        return np.asarray(np.bincount(self.of, weights=depth * self.area, minlength=len(level)), dtype=np.float64)


class Beds(NamedTuple):
    """The worked beds of lakes (k,): their area, m², and their highest block, m; filled: area of filled land, m²."""

    area: Floats
    top: Floats
    filled: float

    @classmethod
    def none(cls, count: int) -> Beds:
        """Before any cell was looked at."""
        return cls(np.zeros(count), np.full(count, -np.inf), 0.0)

    def and_of(self, laid: Laid, cell_area: float) -> Beds:
        """With more cells."""
        worked = laid.bed_of >= 0
        of = laid.bed_of[worked]
        top = self.top.copy()
        np.maximum.at(top, of, laid.blocks[worked])
        area = self.area + np.bincount(of, minlength=len(self.area)) * cell_area
        return Beds(area, top, self.filled + float(laid.filled.sum()) * cell_area)


@dataclass(frozen=True, eq=False)
class Works:
    """What a plan's units say of works: their design, the lake of each and whether it is dry land, the lakes' names, storage
    (m³) and normal level (m), least depth of lakes (m) and slopes."""

    design: Design
    lake_of: NDArray[np.int32]  # and last −1, of no unit
    land: Flags  # and last of no unit
    name: NDArray[np.object_]
    storage: Floats
    level: Floats
    least_m: float
    slopes: Slopes
    wet: Rings  # of the lakes' units
    wet_of: Ints

    @classmethod
    def of(cls, units: gpd.GeoDataFrame, scenario: Scenario) -> Works:
        """Of a plan's units."""
        made = Design.of(units, scenario)
        lake_of, name = _lakes_of(units)
        wet = np.flatnonzero(lake_of >= 0)
        held = np.bincount(lake_of[wet], weights=units["storage_m3"].to_numpy(float)[wet], minlength=len(name))
        level = np.zeros(len(name))
        level[lake_of[wet]] = made.levels.normal[wet]
        land = units["target"].isin(LAND).to_numpy() & ~made.wetland
        slopes = Slopes(_water_level(units, made), *(scenario.number(f"earthwork.slope_{k}") for k in ("wet", "dry")))
        return cls(
            made,
            np.append(np.where(made.lake, lake_of, -1), -1).astype(np.int32),
            np.append(land, False),
            name,
            np.asarray(held, dtype=np.float64),
            level,
            scenario.number("targets.reservoir.min_depth_m"),
            slopes,
            rings_of(np.asarray(units.geometry.values, dtype=object)[wet]),
            lake_of[wet],
        )

    def laid(self, owner: NDArray[np.int32], today: Floats) -> Laid:
        """The works on cells: owner, the unit of each, −1 for none, and today's ground, m."""
        blocks = self.design.at_cells(owner, today)
        return Laid(today, blocks, *_worked(owner, today, blocks, self.lake_of, self.land))

    def lakes(self, beds: Beds) -> Lakes:
        """The lakes as they are closed."""
        spare = np.where(beds.area > 0, np.maximum(self.level - self.least_m - beds.top, 0.0), 0.0)
        return Lakes(self.name, self.storage, self.level, beds.area > 0, beds.area, spare)

    def covered(self, frame: Frame) -> Covered:
        """The cells of a frame that lakes' units cover."""
        cells = covered_cells(*self.wet, frame)
        return Covered(cells.cell, self.wet_of[cells.owner], cells.fraction * frame.cell_area)


@njit(cache=True, nogil=True)
def _level(laid: Laid, bed: Floats, land: float) -> Floats:
    """The blocks of worked cells with beds deeper and filled land higher; bed ends with 0, of no bed."""
    today, blocks, fixed, bed_of, filled = laid
    level = np.empty_like(today)
    for r in range(today.shape[0]):
        for c in range(today.shape[1]):
            raised = blocks[r, c] - bed[bed_of[r, c]] + (land if filled[r, c] else 0.0)
            level[r, c] = today[r, c] if fixed[r, c] else raised
    return level


@njit(cache=True, nogil=True)
def _worked(
    owner: NDArray[np.int32], today: Floats, blocks: Floats, lake_of: NDArray[np.int32], land: Flags
) -> tuple[Flags, NDArray[np.int32], Flags]:
    """Which cells nobody works on, the lake whose worked bed each is, and which are filled land; (rows, cols) each."""
    fixed, filled = np.empty(owner.shape, np.bool_), np.empty(owner.shape, np.bool_)
    bed_of = np.empty(owner.shape, np.int32)
    for r in range(owner.shape[0]):
        for c in range(owner.shape[1]):
            change, unit = blocks[r, c] - today[r, c], owner[r, c]
            fixed[r, c] = not abs(change) > AS_IT_LIES_M
            filled[r, c] = land[unit] and blocks[r, c] > today[r, c] + AS_IT_LIES_M
            bed_of[r, c] = -1 if fixed[r, c] else lake_of[unit]
    return fixed, bed_of, filled


def moved(ground: Floats, today: Floats, cell_area: float) -> tuple[float, float]:
    """Cut and fill of a ground, m³."""
    cut, fill = _moved(ground, today)
    return cut * cell_area, fill * cell_area


@njit(cache=True, nogil=True)
def _moved(ground: Floats, today: Floats) -> tuple[float, float]:
    """Sums of heights dug and filled, m, added up row by row so that no digit is lost over many cells."""
    cut, fill = 0.0, 0.0
    for r in range(ground.shape[0]):
        dug, heaped = 0.0, 0.0
        for c in range(ground.shape[1]):
            change = ground[r, c] - today[r, c]
            if change > 0.0:
                heaped += change
            elif change < 0.0:
                dug -= change
        cut, fill = cut + dug, fill + heaped
    return cut, fill


def _lakes_of(units: gpd.GeoDataFrame) -> tuple[Ints, NDArray[np.object_]]:
    """The lake that each unit belongs to, −1 for none, and the lakes' names."""
    named = units["reservoir_id"].to_numpy(object)
    code, name = pd.factorize(np.where(pd.isna(named) | (named == ""), None, named), sort=True)
    return code.astype(np.int64), np.asarray(name, dtype=object)


def _water_level(units: gpd.GeoDataFrame, design: Design) -> float:
    """The level at which slopes change, m: the mean normal level over what is lake; below all ground where none is."""
    lake = design.lake
    if not lake.any():
        return -1e4
    return float(np.average(design.levels.normal[lake], weights=units["area_mu"].to_numpy(float)[lake]))


def priced_dykes(units: pd.DataFrame) -> float:
    """Earth of the dykes that the choice counted, m³."""
    return float(units["dyke_m3"].sum()) if "dyke_m3" in units else 0.0


def priced_ditches(units: pd.DataFrame) -> float:
    """Earth of the field ditches that the choice counted, m³ bank."""
    return float(units["drain_m3"].sum()) if "drain_m3" in units else 0.0


def plan_left_m3(units: pd.DataFrame, compaction: float) -> float:
    """Compacted cut less fill of a plan without its dykes and field ditches, m³: neither is part of its finished ground."""
    return compaction * (float(units["cut_m3"].sum()) - priced_ditches(units)) - (
        float(units["fill_m3"].sum()) - priced_dykes(units)
    )
