"""The way of the data: site → units → facts → judgement → options → choice → water, earth, money → plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.design import Design
from planner.earthwork import BEYOND, Haul
from planner.economics import money
from planner.errors import InvalidInput
from planner.measure import land_use, measure
from planner.options import appraise, rules_alone
from planner.partition import partition
from planner.plan.allocate import Answer, allocate, earth_limits, least_haul
from planner.plan.drains import left_low
from planner.plan.dykes import along, unpriced
from planner.plan.explain import reasons
from planner.plan.noun import Plan
from planner.read import read_site
from planner.scenario import Scenario, replaced
from planner.site import Site, units_expected
from planner.subsidence import ground, undermining
from planner.suitability import judge
from planner.tables import Ground, Judgement, Measures, Partition
from planner.timelimit import CELLS_S, MEASURING_S, UNLIMITED, TimeLimit
from planner.water import Reservoirs, reservoirs
from planner.words import Message, say

PARCEL_COLUMNS = ("name", "name_en", "mine")  # what units inherit from their parcel

READ_WITH_FILES = (  # keys that reading a site's files hangs on: another value of theirs asks for them anew
    *("layers", "locale", "site.crs", "protection", "measure.surroundings_m"),
    *("water.default_depth_m", "water.amplitude_m", "water.lake_min_mu"),
)
CUT_OR_MEASURED = (  # and that units are cut along, or measured by
    *("partition.", "prediction.", "site.", "standards.settled.", "standards.boundary.", "measure."),
    *("targets.reservoir.min_depth_m", "reservoir.level_m", "dyke.reach_m", "near", "buffer", "value"),
)

Announce = Callable[[str], None]
Progress = Callable[[float, float, float], None]


def _quiet(stage: str) -> None:
    """Says nothing."""


@dataclass(frozen=True, eq=False)
class Survey:
    """What is known of a site before anything is chosen: units, the state of the ground, facts."""

    site: Site
    parts: Partition
    state: Ground
    facts: Measures


def survey(site: Site, *, announce: Announce = _quiet, limit: TimeLimit = UNLIMITED) -> Survey:
    """Cuts a site into units and measures them: all that does not depend on prices, quotas and limits."""
    _tell_length(site, limit)
    announce("partition")
    with limit.needed("partition"):
        parts = partition(site)
    announce("measure")
    with limit.needed("measure"):
        state = ground(site)
        facts = measure(site, parts, state)
        if site.panels is not None and len(site.panels):
            below = undermining(site.panels.to_crs(site.crs), parts.units, parameters=site.scenario.parameters)
            facts = replace(facts, table=facts.table.join(below))
    return Survey(site, parts, state, facts)


def _tell_length(site: Site, limit: TimeLimit) -> None:
    """How long cutting and measuring are likely to take, told before they begin: neither can be left out."""
    units, cells = units_expected(site.scenario, site.terrain, site.parcels), site.terrain.values.size
    seconds = units * MEASURING_S + cells * CELLS_S
    limit.expect(say("timelimit.needed", units=units, cells=cells, seconds=seconds, left=limit.left), seconds)


def make_plan(
    site: Site | str | Path,
    *,
    announce: Announce = _quiet,
    progress: Progress | None = None,
    encoding: str | None = None,
    crs: str | None = None,
    limit: TimeLimit = UNLIMITED,
    **sets: Any,
) -> Plan:
    """Plans a site: a Site, a folder with site.toml, a site.toml or a bare vector file.

    sets: dotted keys that win over the file, e.g. **{"budget.max_cny": 1e9}. announce is called with each stage's name,
    progress with (bound, best, gap) while solving. limit: for all of it.
    Raises InvalidInput, Infeasible (naming the limits to relax), NoPlanInTime.
    """
    announce("read")
    if not isinstance(site, Site):
        with limit.needed("read"):
            read = read_site(site, sets=sets, encoding=encoding, crs=crs)
        return make_plan(read, announce=announce, progress=progress, limit=limit)
    site = with_keys(site, sets)
    return plan_of(survey(site, announce=announce, limit=limit), announce=announce, progress=progress, limit=limit)


def with_keys(site: Site, sets: Mapping[str, Any]) -> Site:
    """A site that is read already under dotted keys that win over its file.

    Raises InvalidInput as `parse_scenario` does, and for a key that its files are read by: they are not read again.
    """
    for key in sets:
        if key.startswith(READ_WITH_FILES):
            raise InvalidInput(say("plan.read_with_files", key=key))
    return replace(site, scenario=replaced(site.scenario, sets)) if sets else site


@dataclass(frozen=True, eq=False)
class Choice:
    """What was allowed, what it was worth, what was taken."""

    judgement: Judgement
    options: pd.DataFrame
    answer: Answer


def choose(
    known: Survey,
    scenario: Scenario,
    *,
    announce: Announce = _quiet,
    progress: Progress | None = None,
    limit: TimeLimit = UNLIMITED,
    begun: pd.Series[str] | None = None,
) -> Choice:
    """Judges, prices and chooses for a scenario on what is known of a site, from a choice `begun`; raises as make_plan."""
    announce("judge")
    with limit.needed("judge"):
        judgement = judge(known.facts.table, scenario)
    announce("appraise")
    with limit.needed("appraise"):
        options = appraise(known.facts, judgement, scenario)
    announce("allocate")
    facts, parts = known.facts.table, known.parts
    seconds = limit.for_choice(scenario.solver.time_limit_s)
    how: dict[str, Any] = {"places": known.site.places, "progress": progress, "seconds": seconds, "begun": begun}
    answer = allocate(options, facts, parts, scenario, **how)
    return Choice(judgement, options, answer)


def plan_of(
    known: Survey,
    *,
    announce: Announce = _quiet,
    progress: Progress | None = None,
    limit: TimeLimit = UNLIMITED,
    begun: pd.Series[str] | None = None,
) -> Plan:
    """The plan for what is known of a site, under its scenario, from a choice `begun` (by unit_id); raises as make_plan."""
    site, facts, parts = known.site, known.facts, known.parts
    choice = choose(known, site.scenario, announce=announce, progress=progress, limit=limit, begun=begun)
    answer = choice.answer
    announce("assess")
    rules = rules_alone(choice.options, choice.judgement).assign(
        area_mu=facts.table["area_mu"]
    )  # also where nothing is possible
    units = _units(site.parcels, parts.units, facts.table, answer, rules)
    design = Design.of(units, site.scenario, ground=facts.ground)
    units, bodies = _water(site, facts, units, parts.borders, design)
    dykes = along(site, units, design)
    haulage = least_haul(units, site.scenario, *earth_limits(site.scenario, facts.table), seconds=limit.for_haul())
    late, economics = _unproven_haul(haulage, limit), money(units, site.scenario, haulage.table)
    low = left_low(units, parts.borders, site.scenario)
    warnings = (
        *site.warnings,
        *known.state.notes,
        *answer.warnings,
        *unpriced(units, dykes),
        *low,
        *late,
    )
    plan = Plan(
        site=site,
        units=units,
        parcels=_parcels(site.parcels, units),
        options=answer.options,
        borders=parts.borders,
        judgement=choice.judgement,
        certificate=answer.certificate,
        reservoirs=bodies.table,
        storage_tables=bodies.storage_tables,
        haul=haulage.table,
        economics=economics,
        rules=rules,
        warnings=tuple(dict.fromkeys(warnings)),
        land_use=land_use(site.landuse, units),
        dykes=dykes,
        border_prices=answer.border_prices,
        earth_prices=answer.earth_prices,
    )
    return replace(plan, units=plan.with_units(**reasons(plan)))


def held_m3(known: Survey, answer: Answer) -> float:
    """What all water of a choice holds, m³, as the plan of it tells: wetland that a lake's water reaches holds part of it."""
    if not (answer.chosen["treatment"] == "wetland").any():
        return float(answer.chosen["storage_m3"].sum())
    site, facts, parts = known.site, known.facts, known.parts
    units = _units(site.parcels, parts.units, facts.table, answer, answer.chosen)
    design = Design.of(units, site.scenario, ground=facts.ground)
    return float(_water(site, facts, units, parts.borders, design)[0]["storage_m3"].sum())


def _unproven_haul(haulage: Haul, limit: TimeLimit) -> tuple[Message, ...]:
    """A warning where the time limit left the haul further from the least there is than a plan of that size takes."""
    open_share = min(1 - haulage.bound_cny / haulage.cost_cny, 1.0) if haulage.cost_cny > 0 else 0.0
    return (say("timelimit.haul", share=open_share),) if limit.seconds is not None and open_share > BEYOND else ()


def _units(
    parcels: gpd.GeoDataFrame, geometry: gpd.GeoDataFrame, facts: pd.DataFrame, answer: Answer, rules: pd.DataFrame
) -> gpd.GeoDataFrame:
    """One row per unit: where it is, what is known, what was chosen."""
    known = facts.drop(columns=[c for c in facts.columns if c in answer.chosen.columns or c in geometry.columns])
    named = parcels[[c for c in PARCEL_COLUMNS if c in parcels.columns]].rename(columns={"name": "parcel_name"})
    frame = geometry.join(known.astype({"phase": "Int64"})).join(answer.chosen)
    frame = frame.assign(rules_target=rules["target"]).join(answer.next_best)
    return frame.join(named.rename(columns={"name_en": "parcel_name_en"}), on="parcel_id").sort_index()


def _water(
    site: Site, facts: Measures, units: gpd.GeoDataFrame, borders: pd.DataFrame, design: Design
) -> tuple[gpd.GeoDataFrame, Reservoirs]:
    """The units with their finished ground and the body of water they are part of, and the bodies.

    Wetland that a lake's water reaches holds part of its storage.
    """
    bodies = reservoirs(
        units, design=design, ground=facts.ground, borders=borders, scenario=site.scenario, terrain=site.terrain
    )
    finished = design.finished(facts.ground)
    joined = design.wetland & units.index.isin(bodies.member.index)
    held = np.where(joined, finished.volume_below(design.levels.storage), units["storage_m3"].to_numpy(float))
    body = bodies.member.reindex(units.index).fillna("")
    return units.assign(storage_m3=held, design_m=finished.mean(), reservoir_id=body), bodies


def _parcels(parcels: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The parcels with what their units add up to."""
    by_target = units.pivot_table(index="parcel_id", columns="target", values="area_mu", aggfunc="sum", fill_value=0.0)
    sums = units.groupby("parcel_id")[["area_mu", "storage_m3", "cut_m3", "fill_m3", "cost_cny", "benefit_cny"]].sum()
    main = by_target.idxmax(axis=1).rename("main_target")
    frame = parcels.drop(columns=[c for c in sums.columns if c in parcels.columns])
    return frame.join(sums).join(by_target.add_suffix("_mu")).join(main)
