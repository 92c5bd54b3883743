"""Assess the water: the connected reservoirs of a plan, their levels, storage and class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.core.terrain.hypsometry import Hypsometry
from planner.core.terrain.merge_tree import filled
from planner.core.terrain.neighbours import CORNERS
from planner.core.terrain.owner import Rule, owner_of
from planner.core.terrain.spill import spills
from planner.sizes import size_class
from planner.water.spread import Errors, storage_sd

if TYPE_CHECKING:
    from planner.design import Design
    from planner.scenario import Scenario
    from planner.site import Grid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TABLE_STAGES: Final = 41  # rows of a reservoir's stage–area–storage table, from the deepest bed to its storage level
ABOVE_M: Final = 1.5  # how far a table goes on above the storage level where no higher rim is known
LEAST_RISE_M: Final = 0.01  # a rim nearer to the storage level than this is taken as no rim


@dataclass(frozen=True, eq=False)
class Reservoirs:
    """The connected water bodies of a plan, the largest storage first.

    table: GeoDataFrame, index `reservoir_id` (R1, R2, …), columns level_m (normal), dead_level_m, flood_level_m, area_mu (land
    given to it), wetland_mu (wetland that its water reaches), water_mu (of both, under water at the normal level), storage_m3
    (total: at the flood level, where there is none at the normal), storage_sd_m3 (its standard deviation, from the errors of
    terrain and level that [terrain] states), normal_m3, dead_m3, usable_m3 (normal less dead), mean_depth_m, max_depth_m (at
    the normal level), bed_m (deepest), size_class, units (how many), spill_level_m (lowest level
    at which the water leaves over the ground around, as it lies today; NaN where no rim is known), dyke_m (height of the dyke
    the storage level and its freeboard need there).
    storage_tables: level_m, area_m2, storage_m3 by reservoir_id, with the normal and the storage level among the stages and on
    up to the spill level, or ABOVE_M above the storage level where no higher rim is known; above the land given to the water
    its banks are taken as vertical. member: reservoir_id by unit_id.
    """

    table: gpd.GeoDataFrame
    storage_tables: Mapping[str, pd.DataFrame]
    member: pd.Series[str]


def reservoirs(
    units: gpd.GeoDataFrame,
    *,
    design: Design,
    ground: Hypsometry,
    borders: pd.DataFrame,
    scenario: Scenario,
    terrain: Grid | None = None,
) -> Reservoirs:
    """The connected water bodies that units of target `reservoir` form, on the ground as it will be.

    units: index `unit_id`, columns `target`, `area_mu` and geometry. design: their finished ground and levels; ground: their
    ground today; both in the same order. borders: columns `unit_a`, `unit_b`; water units that share a border and a level are
    one body, wetland that such a body reaches with them. The dead level is scenario.reservoir.dead_level_m, or
    `reservoir.dead_depth_m` above the mean bed, never above normal. terrain: today's ground, for the spill levels; land that
    is filled only raises them.
    """
    body = _bodies(units.index, design, borders)
    count = int(body.max(initial=-1)) + 1
    bed = design.finished(ground)
    first = _first_unit(body, count)
    order = np.lexsort((first, -bed.together(body).volume_below(design.levels.storage[first])))
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    body = np.where(body >= 0, np.append(rank, -1)[body], -1)
    first = first[order]
    rim = rims(units, body, count, terrain) if terrain is not None else np.full(count, np.nan)
    storage_level = design.levels.storage[first]
    found = _described(units, bed, body, scenario, normal=design.levels.normal[first], storage_level=storage_level, rim=rim)
    need = storage_level + scenario.number("reservoir.freeboard_m") - rim
    table = found.table.assign(spill_level_m=rim, dyke_m=np.maximum(need, 0.0))
    return Reservoirs(table, found.storage_tables, found.member)


def _described(
    units: gpd.GeoDataFrame,
    bed: Hypsometry,
    body: Ints,
    scenario: Scenario,
    *,
    normal: Floats,
    storage_level: Floats,
    rim: Floats,
) -> Reservoirs:
    """The table, the storage tables and the members of bodies that are numbered in their final order."""
    count = len(normal)
    ids = pd.Index([f"R{k + 1}" for k in range(count)], name="reservoir_id", dtype=object)
    ground = bed.together(body) if count else Hypsometry(np.zeros(1, np.int64), np.zeros(0), np.zeros(0))
    dead = _dead_level(ground, normal, scenario)
    wet, held, total, dead_m3 = (
        ground.area_below(normal),
        ground.volume_below(normal),
        ground.volume_below(storage_level),
        ground.volume_below(dead),
    )
    deepest = np.array([ground.level[a] if b > a else np.nan for a, b in zip(ground.start, ground.start[1:], strict=False)])
    shapes = np.asarray(units.geometry.values, dtype=object)
    inside, lake = body >= 0, (units["target"] == "reservoir").to_numpy(bool)
    land = units["area_mu"].to_numpy(float)
    area = np.bincount(body[inside & lake], land[inside & lake], minlength=count)
    wetland = np.bincount(body[inside & ~lake], land[inside & ~lake], minlength=count)
    table = gpd.GeoDataFrame(
        {
            "level_m": normal,
            "dead_level_m": dead,
            "flood_level_m": storage_level,
            "area_mu": area,
            "wetland_mu": wetland,
            "water_mu": (area + wetland) * np.divide(wet, ground.total(), out=np.zeros(count), where=wet > 0),
            "storage_m3": total,
            "storage_sd_m3": storage_sd(ground, storage_level, Errors.of(scenario)),
            "normal_m3": held,
            "dead_m3": dead_m3,
            "usable_m3": held - dead_m3,
            "mean_depth_m": np.divide(held, wet, out=np.zeros(count), where=wet > 0),
            "max_depth_m": np.maximum(normal - deepest, 0.0),
            "bed_m": deepest,
            "size_class": np.array([size_class(v) for v in total], dtype=object),
            "units": np.bincount(body[body >= 0], minlength=count),
        },
        geometry=[shapely.union_all(shapes[body == k]) for k in range(count)],
        crs=units.crs,
        index=ids,
    )
    tables = {
        str(name): _storage_table(ground, k, normal=normal[k], top=storage_level[k], rim=rim[k]) for k, name in enumerate(ids)
    }
    member = pd.Series(np.append(ids.to_numpy(object), "")[body], index=units.index, name="reservoir_id")
    return Reservoirs(table, tables, member[body >= 0])


def rims(units: gpd.GeoDataFrame, body: Ints, count: int, terrain: Grid) -> Floats:
    """The level at which water leaves each body over the ground around it, m, (count,); NaN where no rim is known.

    body: (n,) the body each unit is part of, −1 for none. terrain: the ground around them, m.
    """
    if not count:
        return np.empty(0)
    of_cell = np.append(body, -1)[owner_of(units.geometry.to_numpy(), terrain.frame, rule=Rule.MOST).ravel()].astype(np.int32)
    return spills(terrain.values, of_cell, count, CORNERS, filled(terrain.values, neighbours=CORNERS))


def _bodies(ids: pd.Index[str], design: Design, borders: pd.DataFrame) -> Ints:
    """The body of water each unit is part of, numbered by first unit, −1 for land and for wetland that no lake reaches."""
    a = ids.get_indexer(borders["unit_a"]) if len(borders) else np.zeros(0, dtype=np.int64)
    b = ids.get_indexer(borders["unit_b"]) if len(borders) else np.zeros(0, dtype=np.int64)
    both = (a >= 0) & (b >= 0)
    level = design.levels.normal
    both[both] = design.water[a[both]] & design.water[b[both]] & (level[a[both]] == level[b[both]])
    links = coo_array((np.ones(int(both.sum()), np.int8), (a[both], b[both])), shape=(len(ids), len(ids)))
    label = connected_components(links, directed=False)[1]
    body = np.full(len(ids), -1, dtype=np.int64)
    wet = np.flatnonzero(np.isin(label, label[design.lake]))
    if len(wet):
        _, first, where = np.unique(label[wet], return_index=True, return_inverse=True)
        number = np.empty(len(first), dtype=np.int64)
        number[np.argsort(first, kind="stable")] = np.arange(len(first))
        body[wet] = number[where]
    return body


def _first_unit(body: Ints, count: int) -> Ints:
    first = np.full(count, len(body), dtype=np.int64)
    np.minimum.at(first, body[body >= 0], np.flatnonzero(body >= 0))
    return first


def _dead_level(ground: Hypsometry, normal: Floats, scenario: Scenario) -> Floats:
    given = scenario.reservoir.dead_level_m
    wet = ground.area_below(normal)
    depth = np.divide(ground.volume_below(normal), wet, out=np.zeros_like(normal), where=wet > 0)
    dead = np.full_like(normal, given) if given is not None else normal - depth + scenario.number("reservoir.dead_depth_m")
    return np.minimum(dead, normal)


def _storage_table(ground: Hypsometry, k: int, *, normal: float, top: float, rim: float) -> pd.DataFrame:
    """Area and storage at stages from the deepest bed to the rim, or ABOVE_M above the storage level where none is higher.

    normal, top, rim: normal, storage and spill level, m; rim NaN where unknown. Above its units' own ground the water stands
    between vertical banks: the land around is not flooded, as behind a dyke.
    """
    a, b = ground.start[k], ground.start[k + 1]
    one = np.array([0, b - a], dtype=np.int64)
    alone = Hypsometry(one, ground.level[a:b], ground.area[a:b])
    stages = _stages(min(float(ground.level[a]), normal) if b > a else normal, normal, top, rim)
    return pd.DataFrame(
        {
            "level_m": stages,
            "area_m2": np.array([alone.area_below(s)[0] for s in stages]),
            "storage_m3": np.array([alone.volume_below(s)[0] for s in stages]),
        }
    )


def _stages(bottom: float, normal: float, top: float, rim: float) -> Floats:
    """Even stages up to the storage level, on to the rim at no wider steps than below, the normal level among them."""
    end = rim if rim > top + LEAST_RISE_M else top + ABOVE_M
    step = max(top - bottom, end - top) / (TABLE_STAGES - 1)
    above = np.linspace(top, end, int(np.ceil((end - top) / step)) + 1)
    stages = np.unique(np.concatenate((np.linspace(bottom, top, TABLE_STAGES), above)))
    apart = np.abs(stages - normal) > 1e-6  # m; a row that near would only repeat the normal level's
    return np.sort(np.append(stages[apart], normal))
