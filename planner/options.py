"""Appraise: every way a unit can go, priced before anything is chosen.

What the ground becomes under a treatment is asked of `design`. Volumes are integrals over the terrain's cells (plane area of
the working projection); mu are ellipsoidal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.core.earth import balanced_levels
from planner.design import Drains, Levels, Section, crests, drains, heights, shape_of, ways
from planner.design.ways import GRADED, heap_of
from planner.landuse import LAND, UNRESTORED
from planner.placing import near_column, value_column
from planner.protection import works_barred
from planner.scenario import Scenario
from planner.schedule import ready_years, restricted, with_present_value
from planner.tables import Judgement, Measures
from planner.units import m2_from_mu

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


def appraise(measures: Measures, judgement: Judgement, scenario: Scenario) -> pd.DataFrame:
    """The options of every unit, index (unit_id, option), columns as in `columns.OPTIONS`, sorted by unit and option.

    Only options whose target the judgement allows are listed. `option` is "target:treatment".

    Examples
    --------
    >>> import planner as pl
    >>> site = pl.samples.aidans()
    >>> measures = pl.measure(site, pl.partition(site), pl.ground(site))
    >>> options = pl.appraise(measures, pl.judge(measures.table, site.scenario), site.scenario)
    >>> list(options.index.names), sorted(set(options["target"]))
    (['unit_id', 'option'], ['arable', 'construction', 'green', 'reservoir'])
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
    found = _with_dykes(options[allowed & ~_barred(options, facts)], measures, levels, scenario)
    return with_present_value(found, facts, scenario).sort_index()


def _with_dykes(options: pd.DataFrame, measures: Measures, levels: Levels, scenario: Scenario) -> pd.DataFrame:
    """The options with the dykes that are certain in the fill and cost of those under water, and what of both is dyke.

    A line is certain where what lies beside it cannot change: beyond the site, or a unit that no option raises or floods.
    """
    ids = measures.table.index
    wet = ((options["target"] == "reservoir") | (options["treatment"] == "wetland")).to_numpy()
    fill = cost = np.zeros(len(options))
    if measures.edge is not None and wet.any():
        unit = ids.get_indexer(options.index.get_level_values(0))
        moves = (wet | options["treatment"].isin(GRADED).to_numpy()) & ~options["target"].isin(scenario.ruled_out).to_numpy()
        still = np.append(np.bincount(unit[moves], minlength=len(ids)) == 0, True)  # last: beyond the site
        edge = measures.edge.take(still[measures.edge.neighbour])
        high, section, of = heights(edge, crests(levels, scenario)), Section.of(scenario), edge.piece.polygon
        sums = (np.bincount(of, edge.piece.length * x, minlength=len(ids)) for x in (section.area(high), section.cost(high)))
        fill, cost = (np.where(wet, each[unit], 0.0) for each in sums)
    return options.assign(fill_m3=options["fill_m3"] + fill, cost_cny=options["cost_cny"] + cost, dyke_m3=fill, dyke_cny=cost)


def _barred(options: pd.DataFrame, facts: pd.DataFrame) -> Flags:
    """Options whose works a protection forbids: digging, mounds."""
    barred = np.zeros(len(options), dtype=bool)
    if "forbids" not in facts.columns:
        return barred
    forbids = facts["forbids"].fillna("").astype(str).reindex(options.index.get_level_values(0)).to_numpy()
    for text in np.unique(forbids):
        if treatments := works_barred(text):
            barred |= (forbids == text) & options["treatment"].isin(treatments).to_numpy()
    return barred


@dataclass(frozen=True, eq=False)
class _Rows:
    """One treatment over all units: which can have it, earth, storage, year it is ready, what it costs more a mu, each (n,),
    and what keeps it dry.

    works: price of its works, yuan/mu.
    """

    possible: Flags
    cut: Floats
    fill: Floats
    storage: Floats
    ready: Ints
    surcharge: Floats
    drains: Drains
    works: float


def _ways(measures: Measures, levels: Levels, scenario: Scenario) -> Iterator[tuple[str, str, _Rows]]:
    """Every treatment over all units: the earth its finished ground takes, the water it holds, and where it can be had."""
    ground, facts = measures.ground, measures.table
    balanced = balanced_levels(ground.start, ground.level, ground.area, scenario.number("earthwork.compaction"))
    total, mean = ground.total(), ground.mean()
    for target, treatment in ways():
        shape = shape_of(target, treatment, levels, scenario, balanced)
        cut, fill = shape.earth(ground)
        p = scenario.parameters.section(f"targets.{target}")
        held = shape.of(ground).volume_below(levels.storage) if target == "reservoir" else np.zeros_like(total)
        if target == "reservoir":
            possible = total > 0
        elif treatment == "wetland":
            possible = (np.abs(_mean(fill - cut, total)) <= p["wetland_reach_m"]) & ~(levels.dam > 0)
        else:
            high = balanced >= levels.platform(target, scenario)
            possible = _land_can(treatment, high, _mean(fill - cut, total) - heap_of(target, treatment, scenario), p, facts)
        ready = ready_years(facts, target, levels.normal - levels.table, scenario)
        works = p.get(f"{treatment}_works_cny_per_mu", p["works_cny_per_mu"])
        restrained = target == "construction" and restricted(facts, ready)
        surcharge = np.where(restrained, p.get("surcharge_cny_per_mu", 0.0), np.zeros(len(facts)))
        dry = target in LAND and treatment != "wetland"
        finished = mean + np.divide(fill - cut, total, out=np.zeros_like(total), where=total > 0)
        drained = drains(target, finished, levels, facts, scenario) if dry else Drains.none(len(facts))
        yield target, treatment, _Rows(possible, cut, fill, held, ready, surcharge, drained, works)


def _land_can(treatment: str, high: Flags, depth: Floats, p: dict[str, float], facts: pd.DataFrame) -> Flags:
    """Where land can be had by a treatment: level where the unit's own balanced level is high enough, filled where it is not.

    high: balanced level at or above the platform. depth: mean net fill without what is heaped on top, m.
    """
    if treatment == "forest":  # trees on the ground as it lies, where it stands high enough and no pond is left in it
        dry: Flags = facts["water_share_wet"].to_numpy(float) <= p["forest_max_water_share"]
        return high & dry
    fits: Flags = depth <= p["max_fill_m"]
    return high if treatment == "level" else ~high & fits if treatment == "fill" else fits


def _mean(volume: Floats, area: Floats) -> Floats:
    """Mean depth, m; infinite where no ground is known, so that no limit is met."""
    return np.divide(volume, area, out=np.full_like(volume, np.inf), where=area > 0)


def _frame(
    facts: pd.DataFrame, judgement: Judgement, scenario: Scenario, target: str, treatment: str, rows: _Rows
) -> pd.DataFrame:
    area = facts["area_mu"].to_numpy(float)
    earth = scenario.parameters.section("earthwork")
    value = _value(facts, scenario, target)
    cut = rows.cut + rows.drains.ditch_m3
    drained = rows.drains.ditch_m3 * earth["cut_cny_per_m3"] + rows.drains.pump_cny
    works = area * (rows.works + rows.surcharge) + rows.cut * earth["cut_cny_per_m3"] + rows.fill * earth["fill_cny_per_m3"]
    frame = pd.DataFrame(
        {
            "target": target,
            "treatment": treatment,
            "area_mu": area,
            "restored_mu": area if target in LAND else 0.0,
            "water_mu": area if target == "reservoir" else 0.0,
            "storage_m3": rows.storage,
            "cut_m3": cut,
            "fill_m3": rows.fill,
            "cost_cny": works + drained,
            "drain_m3": rows.drains.ditch_m3,
            "pump_kw": rows.drains.pump_kw,
            "drain_cny": drained,
            "surcharge_cny": area * rows.surcharge,
            "benefit_cny": area * value,
            "ready_year": rows.ready,
            "score": judgement.score[target].to_numpy(float),
        },
        index=pd.MultiIndex(
            levels=[facts.index, [f"{target}:{treatment}"]],
            codes=[np.arange(len(facts)), np.zeros(len(facts), dtype=np.int64)],
            names=["unit_id", "option"],
            verify_integrity=False,
        ),
    )
    if scenario.reservoir.water_m3_a is not None:
        wet = target == "reservoir" or treatment == "wetland"
        frame["water_loss_m3_a"] = m2_from_mu(area) * (open_water_loss_m(scenario) if wet else 0.0)
    return frame.loc[rows.possible]


def open_water_loss_m(scenario: Scenario) -> float:
    """What open water loses to the air in a mean year of the site's climate, m: evaporation less rain, or below 0.

    Source: the balance of a lake without inflow, as `balance` runs it by month; `climate.*` in `parameters.toml`.
    """
    where = scenario.parameters.value("water.climate")
    evaporation, rain = (sum(scenario.parameters.value(f"climate.{where}.{k}")) for k in ("evaporation_mm", "rain_mm"))
    return float(evaporation - rain) / 1000.0


def _value(facts: pd.DataFrame, scenario: Scenario, target: str) -> Floats:
    """What a mu of a target is worth on every unit, yuan per mu, (n,): in place where the site says so, less what a distance
    that is priced takes off.
    """
    flat = scenario.number(f"targets.{target}.value_cny_per_mu")
    column = value_column(target)
    value = facts[column].to_numpy(float) if column in facts else np.full(len(facts), flat)
    for k, near in enumerate(scenario.near, 1):
        if near.target == target and near.cny_per_mu is not None:
            value = value - near.cny_per_mu * facts[near_column(k)].to_numpy(float)
    return value


def rules_alone(options: pd.DataFrame, judgement: Judgement) -> pd.DataFrame:
    """What the rules of judgement give without quotas, budget or earth: the decided target, by its way of most present value.

    Returns one row per unit with the option's columns; a unit whose decided target has no option is left unrestored.
    """
    decided = judgement.decision.reindex(options.index.get_level_values(0)).to_numpy()
    mine = options[options["target"].to_numpy() == decided]
    best = mine.loc[mine["npv_cny"].groupby(level=0, sort=False).idxmax()].reset_index("option")
    rest = judgement.decision.index.difference(best.index)
    blank = pd.DataFrame(0.0, index=rest, columns=best.columns.difference(["option", "target", "treatment"]))
    blank = blank.assign(option=f"{UNRESTORED}:none", target=UNRESTORED, treatment="none")
    return pd.concat([best, blank[best.columns]]).sort_index()
