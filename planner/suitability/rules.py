"""The rules: for every target, what is looked at, the limit, and whether failing it rules the target out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.design import Levels, dig_limit_m
from planner.keys.layer import Layer
from planner.landuse import CHOICES, LAND
from planner.placing import belt_column, near_column
from planner.scenario import Scenario
from planner.schedule import ready_years, restricted
from planner.suitability.foundation import load_reach_m
from planner.suitability.ground import DEFORMATION, building_standard, farmland_damage

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Finding:
    """One rule applied to every unit for one target: value and limit (n,), whether failing it rules the target out (n,).

    passed: value on the allowed side of the limit; a value that is not known passes. key: one of `wording.TOLD`.
    note: what the sentence adds, per unit.
    """

    target: str
    key: str
    value: Floats
    limit: Floats
    passed: Flags
    hard: Flags
    unit: str
    source: str
    note: NDArray[Any] | None = field(default=None)


@dataclass(frozen=True, eq=False)
class Case:
    """The facts of all units with what several rules need: levels, platforms, the scenario."""

    facts: pd.DataFrame
    scenario: Scenario

    def column(self, name: str) -> Floats:
        values: Floats = self.facts[name].to_numpy(float)
        return values

    def number(self, key: str) -> float:
        return self.scenario.number(key)

    def source(self, key: str) -> str:
        return self.scenario.parameters[key].source

    @property
    def final_room_m(self) -> Floats:
        """Height of the ground above the water table once it has sunk by all that is still to come, m."""
        still = np.nan_to_num(self.column("residual_mm")) / 1e3
        return self.column("ground_m") - still - self.column("water_table_m")

    @cached_property
    def levels(self) -> Levels:
        """The water levels of every unit."""
        return Levels.of(self.facts, self.scenario)

    def fill_m(self, target: str) -> Floats:
        """Mean fill needed to the target's platform above the water, m; 0 where the ground is high enough."""
        return np.maximum(self.levels.platform(target, self.scenario) - self.column("ground_m"), 0.0)

    def depth_m(self) -> Floats:
        """Mean depth of the ground below the normal level, m; negative above it."""
        return self.levels.normal - self.column("ground_m")

    def at_most(self, target: str, key: str, value: Floats, limit: Any, *, hard: Any, unit: str, source: str) -> Finding:
        """A rule value ≤ limit."""
        full = np.broadcast_to(np.asarray(limit, dtype=float), value.shape)
        return Finding(target, key, value, full, ~(value > full), np.broadcast_to(hard, value.shape), unit, source)

    def at_least(self, target: str, key: str, value: Floats, limit: Any, *, hard: Any, unit: str, source: str) -> Finding:
        """A rule value ≥ limit."""
        full = np.broadcast_to(np.asarray(limit, dtype=float), value.shape)
        return Finding(target, key, value, full, ~(value < full), np.broadcast_to(hard, value.shape), unit, source)


def findings(facts: pd.DataFrame, scenario: Scenario) -> Iterator[Finding]:
    """Every rule for every target, limiting rules first within a target."""
    case = Case(facts, scenario)
    for target in CHOICES:
        yield from _everywhere(case, target)
        yield from _BY_TARGET[target](case)


def _everywhere(case: Case, target: str) -> Iterator[Finding]:
    # Units share few lists of forbidden targets: each is read once.
    which, lists = pd.factorize(case.facts["forbids"].fillna("").astype(str))
    ruled_out = np.array([target in [name.strip() for name in text.split(",")] for text in lists], dtype=bool)[which]
    yield Finding(
        target,
        "forbidden",
        ruled_out.astype(float),
        np.zeros(len(ruled_out)),
        ~ruled_out,
        np.ones(len(ruled_out), dtype=bool),
        "",
        "site's constraints",
        case.facts["constraint"].fillna("").astype(str).to_numpy(object),
    )
    limit = case.number("suitability.max_missing_share")
    source = case.source("suitability.max_missing_share")
    yield case.at_most(target, "terrain_known", case.column("missing_share"), limit, hard=True, unit="", source=source)
    yield from _distances(case, target)


def _distances(case: Case, target: str) -> Iterator[Finding]:
    """[[near]] that is not priced, and belts around layers: by the share of the unit on the wrong side."""
    limit = case.number("measure.forbid_share")
    scenario = case.scenario

    def found(key: str, column: str, told: str) -> Finding:
        share = case.column(column)
        one, note = np.ones(len(share)), np.full(len(share), told, dtype=object)
        return Finding(target, key, share, limit * one, share <= limit, one.astype(bool), "", "site.toml", note)

    for k, near in enumerate(scenario.near, 1):
        if near.target == target and near.cny_per_mu is None:
            yield found("near", near_column(k), near.told)
    for k, belt in enumerate(scenario.buffer, 1):
        if isinstance(belt.around, Layer) and belt.target != target:
            yield found("belt", belt_column(k), belt.told)


def _final_water(case: Case, target: str) -> Finding:
    """Ground that will pond when it has sunk to its end needs fill for it, whatever it looks like today."""
    source = "final ground: today's less what is still to come"
    return case.at_least(target, "final_water", case.final_room_m, 0.0, hard=False, unit="m", source=source)


def _construction(case: Case) -> Iterator[Finding]:
    table = building_standard(case.scenario)
    clause = str(table["name"])
    year, wait = case.scenario.site.year, case.number("suitability.construction_wait_years")
    settled = case.column("settled_year")
    waited_for = (settled > year) & (settled <= year + wait)
    yield case.at_most(
        "construction",
        "settled",
        settled,
        year + wait,
        hard=True,
        unit="",
        source=case.source("standards.settled.half_year_mm"),
    )
    # What is still to come only bars building now: where the plan waits until it is settled, it has faded by then.
    now = ~waited_for
    limit = case.number("standards.settled.residual_mm")
    source = case.source("standards.settled.residual_mm")
    yield case.at_most("construction", "residual", case.column("residual_mm"), limit, hard=now, unit="mm", source=source)
    ready = ready_years(case.facts, "construction", np.zeros(len(settled)), case.scenario)
    yield Finding(
        "construction",
        "restricted",
        case.column("free_year"),
        ready.astype(float),
        ~restricted(case.facts, ready),
        np.zeros(len(ready), dtype=bool),
        "",
        case.source("standards.settled.restricted_mm"),
    )
    for name, column in DEFORMATION:
        unit = {"tilt": "mm/m", "curvature": "mm/m²", "strain": "mm/m"}[name]
        value = np.abs(case.column(column))
        yield case.at_most("construction", name, value, table[f"{name}_unsuitable"], hard=now, unit=unit, source=clause)
        yield case.at_most(
            "construction", f"{name}_evaluate", value, table[f"{name}_evaluate"], hard=False, unit=unit, source=clause
        )
    if "depth_ratio" in case.facts:
        ratio = case.column("depth_ratio")
        yield case.at_least(
            "construction", "depth_ratio", ratio, table["depth_ratio_evaluate"], hard=False, unit="", source=clause
        )
    yield from _foundation(case)
    yield _slope(case, "construction")
    yield _fill(case, "construction", True)
    yield _final_water(case, "construction")


def _foundation(case: Case) -> Iterator[Finding]:
    """The foundation's load must end above the goaf's fractured rock; only where depth and load are known."""
    load = case.number("suitability.foundation_load_kpa")
    if load <= 0 or "mining_depth_m" not in case.facts:
        return
    key = "suitability.foundation_load_kpa"
    reach = load_reach_m(load, case.number("suitability.foundation_width_m"), case.number("suitability.foundation_length_m"))
    fractured = case.facts["fractured_m"].to_numpy(float) if "fractured_m" in case.facts else np.zeros(len(case.facts))
    free = case.column("mining_depth_m") - fractured
    yield case.at_least("construction", "load_reach", free, reach, hard=True, unit="m", source=case.source(key))


def _arable(case: Case) -> Iterator[Finding]:
    p = "targets.arable."
    yield _slope(case, "arable")
    if "soil_m" in case.facts:
        limit = case.number(p + "min_soil_m")
        yield case.at_least(
            "arable", "soil", case.column("soil_m"), limit, hard=True, unit="m", source=case.source(p + "min_soil_m")
        )
    yield _fill(case, "arable", True)
    yield _final_water(case, "arable")
    above = case.column("ground_m") - case.column("water_table_m")
    need = case.number(p + "freeboard_m")
    yield case.at_least("arable", "water_table", above, need, hard=False, unit="m", source=case.source(p + "freeboard_m"))
    damage = farmland_damage(case.facts, case.scenario).to_numpy(float)
    limit = case.number("suitability.farmland_max_grade")
    yield case.at_most(
        "arable", "farmland_damage", damage, limit, hard=False, unit="", source=case.source("suitability.farmland_max_grade")
    )


def _green(case: Case) -> Iterator[Finding]:
    off = np.abs(case.levels.wetland_bed(case.scenario) - case.column("ground_m"))
    reach = case.number("targets.green.wetland_reach_m")
    fill = case.fill_m("green")
    # Either way to green will do: each bars it only where the other fails as well.
    dry, wet = ~(fill > case.number("targets.green.max_fill_m")), ~(off > reach)
    yield _slope(case, "green")
    yield _fill(case, "green", ~wet)
    yield _final_water(case, "green")
    yield case.at_most("green", "wetland", off, reach, hard=~dry, unit="m", source=case.source("targets.green.wetland_reach_m"))


def _reservoir(case: Case) -> Iterator[Finding]:
    need = case.number("targets.reservoir.min_depth_m")
    source = case.source("targets.reservoir.min_depth_m")
    depth = case.depth_m()
    yield case.at_least("reservoir", "depth_dug", depth + dig_limit_m(), need, hard=True, unit="m", source=source)
    yield case.at_least("reservoir", "depth_today", depth, need, hard=False, unit="m", source=source)
    if (case.levels.dam > 0).any():
        yield case.at_most("reservoir", "dam", case.levels.dam, 0.0, hard=True, unit="m", source="a body of water is level")
    optional = (("seepage_mm_d", "seepage", "mm/d", True), ("pollution_index", "pollution", "", True))
    for column, key, unit, hard in optional:
        if column in case.facts:
            limit = case.number(f"suitability.reservoir_{column}")
            yield case.at_most(
                "reservoir",
                key,
                case.column(column),
                limit,
                hard=hard,
                unit=unit,
                source=case.source(f"suitability.reservoir_{column}"),
            )
    if "roundness" in case.facts:
        key = "suitability.reservoir_roundness"
        yield case.at_least(
            "reservoir", "shape", case.column("roundness"), case.number(key), hard=False, unit="", source=case.source(key)
        )


def _slope(case: Case, target: str) -> Finding:
    """The lie of the land today; NaN passes."""
    key = f"targets.{target}.max_slope_deg"
    return case.at_most(
        target, "slope", case.column("slope_deg"), case.number(key), hard=True, unit="°", source=case.source(key)
    )


def _fill(case: Case, target: str, hard: Any) -> Finding:
    assert target in LAND
    key = f"targets.{target}.max_fill_m"
    return case.at_most(target, "fill", case.fill_m(target), case.number(key), hard=hard, unit="m", source=case.source(key))


_BY_TARGET = {"construction": _construction, "arable": _arable, "green": _green, "reservoir": _reservoir}
