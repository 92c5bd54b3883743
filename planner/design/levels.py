"""The water levels that everything stands on: one for a whole body of water, and what the land beside it must rise above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from planner.errors import InvalidInput
from planner.scenario import Scenario
from planner.words import say

Floats = NDArray[np.float64]


def platform(water_m: ArrayLike, freeboard_m: float) -> Floats:
    """The level of filled land: the highest water that stands on it or beside it, and the freeboard, m."""
    return np.asarray(np.asarray(water_m, dtype=np.float64) + freeboard_m, dtype=np.float64)


def water_surface(scenario: Scenario, table_m: Floats) -> Floats:
    """The level at which water stands without any works, m, in the shape of the normal water table: the lakes', where given.

    table_m: the normal water table, m, NaN where it is not known; there no water stands.
    """
    level = scenario.reservoir.level_m
    if level is not None:
        return np.full_like(table_m, level)
    return np.where(np.isnan(table_m), -np.inf, table_m)


@dataclass(frozen=True, eq=False)
class Levels:
    """Water levels of every unit, m, (n,) each.

    normal: of the lake the unit would be part of, one for all units of a body. storage: where total storage is measured (the
    flood level where one is given). shore, shore_storage: the highest of both on the unit or beside it. table, dry, wet: the
    water table in a normal year and at its extremes. dam: by how much two lakes that the unit keeps apart differ, 0 where
    none.
    """

    normal: Floats
    storage: Floats
    shore: Floats
    shore_storage: Floats
    table: Floats
    dry: Floats
    wet: Floats
    dam: Floats

    @classmethod
    def of(cls, facts: pd.DataFrame, scenario: Scenario) -> Levels:
        """The levels that facts and a scenario settle.

        facts: columns `water_table_m` and, as `lakes.lake_levels` gives them, `lake_level_m`, `shore_level_m`, `dam_m`; without
        these every unit stands at its own water table. A given reservoir.level_m holds everywhere.
        """
        table = facts["water_table_m"].to_numpy(float)
        wish = scenario.reservoir
        none = np.zeros_like(table)
        if wish.level_m is not None:
            normal = shore = np.full_like(table, wish.level_m)
            dam = none
        else:
            normal, shore, dam = (_column(facts, c, d) for c, d in zip(LAKE_COLUMNS, (table, table, none), strict=True))
        flood = np.full_like(table, -np.inf if wish.flood_level_m is None else wish.flood_level_m)
        return cls(
            normal=normal,
            storage=np.maximum(normal, flood),
            shore=shore,
            shore_storage=np.maximum(shore, flood),
            table=table,
            dry=_column(facts, "water_table_dry_m", table),
            wet=_column(facts, "water_table_wet_m", table),
            dam=dam,
        )

    def platform(self, target: str, scenario: Scenario) -> Floats:
        """The level that land of a target is filled to, m, (n,): above the lake beside it and above the water table.

        Building land stands above the flood, other land above the normal level.
        """
        water = self.shore_storage if target == "construction" else self.shore
        return platform(np.fmax(water, self.table), scenario.number(f"targets.{target}.freeboard_m"))

    def wetland_bed(self, scenario: Scenario) -> Floats:
        """The bed that a wetland is graded to, m, (n,). Raises InvalidInput where that is deeper than a wetland may be."""
        depth, most = (scenario.number(f"targets.green.wetland_{key}") for key in ("depth_m", "max_depth_m"))
        if depth > most:
            raise InvalidInput(say("design.wetland_deep", depth_m=depth, most_m=most))
        return self.normal - depth

    def bed_cap(self, scenario: Scenario) -> Floats:
        """The highest that a lake's bed may lie, m, (n,): the shallowest open water below the normal level."""
        return self.normal - scenario.number("targets.reservoir.min_depth_m")


LAKE_COLUMNS = ("lake_level_m", "shore_level_m", "dam_m")


def _column(facts: pd.DataFrame, name: str, instead: Floats) -> Floats:
    """A column where the facts have it, and another's values where it is missing."""
    if name not in facts.columns:
        return instead
    values = facts[name].to_numpy(float)
    return np.where(np.isnan(values), instead, values)
