"""Where lakes may stand: one level for every hollow that would be one body of water, and the ground that keeps two apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.design.ways import dig_limit_m

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SAME_M = 0.01  # levels of neighbouring hollows nearer than this are one: less is not read off a gauge


def lake_levels(facts: pd.DataFrame, borders: pd.DataFrame, *, min_depth_m: float) -> pd.DataFrame:
    """The level of the lake that every unit could be part of where no level is given, and what keeps lakes apart.

    Units that drain to one bottom form one hollow: its lake stands at the mean water table over what is ponded, never above
    the level at which it would spill. Hollows whose ponds meet are one. Where two that may both be water stand at different
    levels, the shallower unit of every border between them stays land: a dam.

    facts: index unit_id; columns deeper, ground_m, water_table_m, water_depth_m, plane_m2, basin_id, spill_level_m. borders:
    unit_a, unit_b. min_depth_m: of open water. Returns columns `lake_level_m`, `shore_level_m` (the highest lake on the unit
    or beside it), `dam_m` (by how much the lakes that the unit keeps apart differ, 0 where none), by unit.
    """
    a, b = _pairs(facts.index, borders)
    ground = facts["ground_m"].to_numpy(float)
    hollow, level = _joined(facts, _roots(facts), a, b)
    mine = level[hollow]
    deepest = min_depth_m - dig_limit_m()  # a unit may lie this far above (below 0) its lake's level and still be dug for it
    can = mine - ground >= deepest
    apart = can[a] & can[b] & (mine[a] != mine[b])
    a, b = a[apart], b[apart]
    shore = mine.copy()
    np.maximum.at(shore, a, mine[b])
    np.maximum.at(shore, b, mine[a])
    dam = _dams(mine - ground, np.abs(mine[a] - mine[b]), a, b)
    return pd.DataFrame({"lake_level_m": mine, "shore_level_m": shore, "dam_m": dam}, index=facts.index)


def _pairs(ids: pd.Index[str], borders: pd.DataFrame) -> tuple[Ints, Ints]:
    if not len(borders):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    a, b = ids.get_indexer(borders["unit_a"]), ids.get_indexer(borders["unit_b"])
    known = (a >= 0) & (b >= 0)
    return a[known].astype(np.int64), b[known].astype(np.int64)


def _roots(facts: pd.DataFrame) -> Ints:
    """The bottom that every unit drains to, numbered from 0."""
    deeper = facts.index.get_indexer(facts["deeper"].fillna("").astype(str))
    up = np.where(deeper >= 0, deeper, np.arange(len(facts)))
    for _ in range(int(np.ceil(np.log2(max(len(up), 2)))) + 1):
        up = up[up]
    return np.asarray(np.unique(up, return_inverse=True)[1], dtype=np.int64)


def _joined(facts: pd.DataFrame, hollow: Ints, a: Ints, b: Ints) -> tuple[Ints, Floats]:
    """Hollows whose ponds meet put together until none do, and the level of each."""
    ground = facts["ground_m"].to_numpy(float)
    while True:
        level = _level_of(facts, hollow)
        mine = level[hollow]
        lower = np.minimum(mine[a], mine[b])
        meet = (np.maximum(ground[a], ground[b]) < lower) | (np.abs(mine[a] - mine[b]) < SAME_M)
        meet &= hollow[a] != hollow[b]
        if not meet.any():
            return hollow, level
        count = len(level)
        links = coo_array((np.ones(int(meet.sum()), np.int8), (hollow[a[meet]], hollow[b[meet]])), shape=(count, count))
        hollow = connected_components(links, directed=False)[1].astype(np.int64)[hollow]


def _level_of(facts: pd.DataFrame, hollow: Ints) -> Floats:
    """The level of every hollow's lake, m: the mean water table over its ponds, and over all of it where nothing is ponded."""
    table, area = facts["water_table_m"].to_numpy(float), facts["plane_m2"].to_numpy(float)
    ponded = facts["water_depth_m"].to_numpy(float) > 0
    count = int(hollow.max(initial=-1)) + 1
    known = np.isfinite(table)
    any_pond = np.bincount(hollow[ponded & known], minlength=count) > 0
    counted = known & (ponded | ~any_pond[hollow])
    weight = np.bincount(hollow[counted], area[counted], minlength=count)
    base = np.full(count, np.inf)
    np.minimum.at(base, hollow[counted], table[counted])
    base = np.where(np.isfinite(base), base, 0.0)  # heights above the lowest keep their digits: a level table stays level
    above = np.bincount(hollow[counted], area[counted] * (table[counted] - base[hollow[counted]]), minlength=count)
    mean = base + np.divide(above, weight, out=np.full(count, np.nan), where=weight > 0)
    spill = np.full(count, -np.inf)
    inside = (facts["basin_id"] != "").to_numpy()
    rim = facts["spill_level_m"].to_numpy(float)[inside]
    np.maximum.at(spill, hollow[inside], np.where(np.isnan(rim), np.inf, rim))  # a way out that is not known is no limit
    return np.asarray(np.minimum(mean, np.where(np.isneginf(spill), np.inf, spill)), dtype=np.float64)


def _dams(depth: Floats, step: Floats, a: Ints, b: Ints) -> Floats:
    """By how much the lakes differ that each unit keeps apart, m, (n,): of every pair one unit at least does.

    depth: (n,) of the ground below its own lake, m. step: (k,) difference between the levels of the pairs a, b. A unit that
    keeps one pair apart keeps all its pairs apart, so the shallow ones are taken first.
    """
    dam = np.zeros(len(depth))
    shallow = np.where((depth[a] < depth[b]) | ((depth[a] == depth[b]) & (a > b)), a, b)
    for k in np.lexsort((shallow, depth[shallow])):
        if dam[a[k]] == 0 and dam[b[k]] == 0:
            dam[shallow[k]] = step[k]
        for end in (a[k], b[k]):
            if dam[end] > 0:
                dam[end] = max(dam[end], step[k])
    return dam
