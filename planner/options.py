"""Appraise: every way a unit can go, priced before anything is chosen.

The ground of a unit is shaped to one of two surfaces. Land is graded to a level platform: cut above it, filled below it.
A lake bed is lowered by the dig depth and at least to the shallowest open water, bed = min(ground − dig, level − min_depth),
so that the whole unit is water. Volumes are integrals over the terrain's cells (plane area of the working projection);
mu are ellipsoidal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.core.earth import balanced_levels
from planner.core.terrain.hypsometry import Hypsometry
from planner.landuse import DIG_DEPTH_M, LAND, UNRESTORED
from planner.scenario import Scenario
from planner.tables import Judgement, Measures

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Levels:
    """Water levels of every unit, m, (n,): normal (the lake's, or the water table), storage (flood where given)."""

    normal: Floats
    storage: Floats

    @classmethod
    def of(cls, facts: pd.DataFrame, scenario: Scenario) -> Levels:
        """The lake's level where one is given, else the normal water table of each unit."""
        table = facts["water_table_m"].to_numpy(float)
        wanted = scenario.reservoir
        normal = np.full(len(facts), wanted.level_m) if wanted.level_m is not None else table
        storage = np.full(len(facts), wanted.flood_level_m) if wanted.flood_level_m is not None else normal
        return cls(normal, np.maximum(storage, normal))


def lake_bed(ground: Hypsometry, dig_m: Floats, level_m: Floats, min_depth_m: float) -> Hypsometry:
    """The ground of units dug for a lake, dig_m and level_m of shape (n,): min(ground − dig, level − min_depth)."""
    owner = ground.owner
    bed = np.minimum(ground.level - dig_m[owner], level_m[owner] - min_depth_m)
    return Hypsometry(ground.start, bed, ground.area)


def appraise(measures: Measures, judgement: Judgement, scenario: Scenario) -> pd.DataFrame:
    """The options of every unit, index (unit_id, option), columns as in `columns.OPTIONS`, sorted by unit and option.

    Only options whose target the judgement allows are listed. `option` is "target:treatment".
    """
    facts = measures.table
    levels = Levels.of(facts, scenario)
    parts = [
        _frame(facts, judgement, scenario, target, treatment, rows)
        for target, treatment, rows in _ways(measures, levels, scenario)
    ]
    options = pd.concat(parts)
    allowed = np.zeros(len(options), bool)
    for target in judgement.eligible.columns:
        mine = (options["target"] == target).to_numpy()
        allowed[mine] = judgement.eligible[target].reindex(options.index.get_level_values(0)[mine]).to_numpy(bool)
    return options[allowed].sort_index()


@dataclass(frozen=True, eq=False)
class _Rows:
    """One treatment over all units: which can have it, earth, storage, works price, each (n,)."""

    possible: Flags
    cut: Floats
    fill: Floats
    storage: Floats
    works: float


def _ways(measures: Measures, levels: Levels, scenario: Scenario) -> Iterator[tuple[str, str, _Rows]]:
    ground = measures.ground
    facts = measures.table
    level = balanced_levels(ground.start, ground.level, ground.area, scenario.number("earthwork.compaction"))
    table = facts["water_table_m"].to_numpy(float)
    for target in LAND:
        p = scenario.parameters.section(f"targets.{target}")
        water = np.maximum(levels.storage if target == "construction" else levels.normal, table)
        yield from _land_ways(target, ground, level, water + p["freeboard_m"], p)
    p = scenario.parameters.section("targets.green")
    yield "green", "wetland", _wetland(ground, levels.normal - p["wetland_depth_m"], p)
    yield "green", "forest", _forest(facts, ground, level, np.maximum(levels.normal, table) + p["freeboard_m"], p)
    p = scenario.parameters.section("targets.reservoir")
    for treatment, depth in DIG_DEPTH_M.items():
        yield "reservoir", treatment, _lake(ground, depth, levels, p)


def _land_ways(
    target: str, ground: Hypsometry, level: Floats, platform: Floats, p: dict[str, float]
) -> Iterator[tuple[str, str, _Rows]]:
    """Level where the unit's own balanced level is high enough, else fill to the platform; above it as a place for spoil."""
    total = ground.total()
    none = np.zeros_like(total)
    high = level >= platform
    surface = np.where(high, level, platform)
    cut, fill = ground.volume_above(surface), ground.volume_below(surface)
    depth = _mean(fill - cut, total)
    fits = depth <= p["max_fill_m"]
    yield target, "level", _Rows(high, cut, fill, none, p["works_cny_per_mu"])
    yield target, "fill", _Rows(~high & fits, cut, fill, none, p["works_cny_per_mu"])
    if "raise_m" in p:
        top = surface + p["raise_m"]
        cut, fill = ground.volume_above(top), ground.volume_below(top)
        yield target, "raise", _Rows(_mean(fill - cut, total) <= p["max_fill_m"], cut, fill, none, p["works_cny_per_mu"])
    if "mound_m" in p:
        # A hill is heaped on the surface as graded: its mean height is what it takes up.
        cut, fill = ground.volume_above(surface), ground.volume_below(surface) + p["mound_m"] * total
        yield target, "mound", _Rows(fits, cut, fill, none, p["works_cny_per_mu"])


def _wetland(ground: Hypsometry, bed: Floats, p: dict[str, float]) -> _Rows:
    total = ground.total()
    cut, fill = ground.volume_above(bed), ground.volume_below(bed)
    reach = np.abs(_mean(fill - cut, total)) <= p["wetland_reach_m"]
    return _Rows(reach, cut, fill, np.zeros_like(total), p["wetland_works_cny_per_mu"])


def _forest(facts: pd.DataFrame, ground: Hypsometry, level: Floats, platform: Floats, p: dict[str, float]) -> _Rows:
    """Trees on the ground as it lies, where it stands high enough and no pond is left in it."""
    none = np.zeros_like(level)
    dry = facts["water_share_wet"].to_numpy(float) <= p["forest_max_water_share"]
    return _Rows((level >= platform) & dry, none, none, none, p["forest_works_cny_per_mu"])


def _lake(ground: Hypsometry, depth: float, levels: Levels, p: dict[str, float]) -> _Rows:
    total = ground.total()
    bed = lake_bed(ground, np.full(len(total), depth), levels.normal, p["min_depth_m"])
    cut = _lowered(ground, bed)
    return _Rows(total > 0, cut, np.zeros_like(total), bed.volume_below(levels.storage), p["works_cny_per_mu"])


def _lowered(before: Hypsometry, after: Hypsometry) -> Floats:
    """Earth between two surfaces over the same cells, m³, (n,)."""
    lost = before.area * (before.level - after.level)
    return np.asarray(np.bincount(before.owner, weights=lost, minlength=len(before.start) - 1), dtype=np.float64)


def _mean(volume: Floats, area: Floats) -> Floats:
    """Mean depth, m; infinite where no ground is known, so that no limit is met."""
    return np.divide(volume, area, out=np.full_like(volume, np.inf), where=area > 0)


def _frame(
    facts: pd.DataFrame, judgement: Judgement, scenario: Scenario, target: str, treatment: str, rows: _Rows
) -> pd.DataFrame:
    area = facts["area_mu"].to_numpy(float)
    earth = scenario.parameters.section("earthwork")
    value = scenario.number(f"targets.{target}.value_cny_per_mu")
    ready = np.full(len(facts), float(scenario.site.year + 1))
    if target == "construction":
        ready = np.fmax(ready, facts["settled_year"].to_numpy(float))
    frame = pd.DataFrame(
        {
            "target": target,
            "treatment": treatment,
            "area_mu": area,
            "restored_mu": area if target in LAND else 0.0,
            "water_mu": area if target == "reservoir" else 0.0,
            "storage_m3": rows.storage,
            "cut_m3": rows.cut,
            "fill_m3": rows.fill,
            "cost_cny": area * rows.works + rows.cut * earth["cut_cny_per_m3"] + rows.fill * earth["fill_cny_per_m3"],
            "benefit_cny": area * value,
            "ready_year": ready.astype(int),
            "score": judgement.score[target].to_numpy(float),
        },
        index=pd.MultiIndex.from_arrays([facts.index, [f"{target}:{treatment}"] * len(facts)], names=["unit_id", "option"]),
    )
    return frame.loc[rows.possible]


def rules_alone(options: pd.DataFrame, judgement: Judgement) -> pd.DataFrame:
    """What the rules of judgement give without quotas, budget or earth: per unit the decided target by its best net option.

    Returns one row per unit with the option's columns; a unit whose decided target has no option is left unrestored.
    """
    decided = judgement.decision.reindex(options.index.get_level_values(0)).to_numpy()
    mine = options[options["target"].to_numpy() == decided]
    net = mine["benefit_cny"] - mine["cost_cny"]
    best = mine.loc[net.groupby(level=0, sort=False).idxmax()].reset_index("option")
    rest = judgement.decision.index.difference(best.index)
    blank = pd.DataFrame(0.0, index=rest, columns=best.columns.difference(["option", "target", "treatment"]))
    blank = blank.assign(option=f"{UNRESTORED}:none", target=UNRESTORED, treatment="none")
    return pd.concat([best, blank[best.columns]]).sort_index()
