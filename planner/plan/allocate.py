"""Scenario → rules → choice: the sentence of named rules a site.toml stands for, solved and certified."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.allocation import (
    Budget,
    Charge,
    Compactness,
    Earthwork,
    Limit,
    Lock,
    MinPatch,
    Problem,
    Quota,
    Restocked,
    Steps,
    Stockpile,
    Storage,
    WaterLevel,
    solve_charged,
)
from planner.allocation.parts import told
from planner.design import ways
from planner.earthwork import Haul, haul, places
from planner.economics import haul_worth, lump_sums, lump_units, lump_worth
from planner.errors import InvalidInput
from planner.interrupt import careful
from planner.landuse import CHOICES, ONE_ZONE, UNRESTORED
from planner.parameters import nearest
from planner.plan.homes import joined
from planner.plan.kept import frames_of
from planner.plan.record import Certificate
from planner.plan.stated import stated
from planner.scenario import LockItem, Scenario
from planner.schedule import earth_spans, earth_steps, phase_of, with_present_value, works_years, worth_of_years
from planner.tables import Partition
from planner.words import Message, plain, render, say

if TYPE_CHECKING:
    import geopandas as gpd

OBJECTIVE = "npv"  # what is maximised: the present value of benefit less cost, less the cost of borders
WHOLE_M3 = 100.0  # limits on earth above it are told, and kept, to the whole m³


@dataclass(frozen=True, eq=False)
class Answer:
    """The choice: per unit the chosen option's row and the next best target; per option the loss; the certificate; the haul;
    prices for planning again (`kept.py`)."""

    chosen: pd.DataFrame
    next_best: pd.DataFrame
    options: pd.DataFrame
    certificate: Certificate
    warnings: tuple[Message, ...]
    haul_cny: float
    border_prices: pd.DataFrame | None
    earth_prices: pd.DataFrame | None


def problem_of(
    options: pd.DataFrame, rules: list[Any], scenario: Scenario, parts: Partition, places: Mapping[str, gpd.GeoDataFrame]
) -> Problem:
    """The options, with homes that rules of the site file count, subject to rules and those that the site file states.

    options: with `unrestored`, without the targets that are ruled out. places: the site's layers by key.
    """
    said = stated(scenario, parts, places)
    table = reduce(joined, said.homes, options)
    return Problem(table, unrestored=False).subject_to(*rules, *said.rules)


def rules_of(scenario: Scenario, facts: pd.DataFrame, parts: Partition, *, lump_cny: float | None = None) -> list[Any]:
    """The rules a scenario stands for, in the order of DESIGN: quotas, money, earth, water, locks, limits, compactness.

    lump_cny: what lump sums take off the budget beforehand; those that hang on nothing where it is not given.
    Raises InvalidInput where the lump sums alone exceed the budget or a lock names nothing.
    """
    rules: list[Any] = []
    for target in CHOICES:
        quota = getattr(scenario.targets, target)
        if quota.max_mu == 0 and not quota.min_mu:
            continue  # `admitted` has taken its options out: a limit that nothing can press on has no price
        if quota.min_mu is not None or quota.max_mu is not None:
            rules.append(Quota(target, min_mu=quota.min_mu, max_mu=quota.max_mu))
    if (limit := scenario.budget.max_cny) is not None:
        lump = lump_sums(scenario) if lump_cny is None else lump_cny
        if lump > limit:
            raise InvalidInput(say("plan.lump_above_budget", limit=limit, lump=lump, miss=lump - limit))
        rules.append(Budget(max_cny=limit, beside_cny=lump))
    compaction = scenario.number("earthwork.compaction")
    bring, take = earth_limits(scenario, facts)
    rules.append(
        Earthwork(
            max_import_m3=bring,
            max_export_m3=take,
            compaction=compaction,
            places=pd.DataFrame(places(parts.units), index=parts.units.index, columns=["x_m", "y_m"]),
            haul_cny_per_m3_km=scenario.number("earthwork.haul_cny_per_m3_km"),
            haul_worth=haul_worth(scenario),
        )
    )
    rules += stock_rules(scenario, facts)
    wanted = scenario.reservoir
    if wanted.min_storage_m3 is not None or wanted.max_storage_m3 is not None:
        rules.append(Storage(min_m3=wanted.min_storage_m3, max_m3=wanted.max_storage_m3))
    if wanted.water_m3_a is not None:
        rules.append(Limit("water_loss_m3_a", max=wanted.water_m3_a))
    deeper = facts["deeper"].dropna()
    pairs = zip(deeper.index.to_numpy(dtype=object), deeper.to_numpy(dtype=object), strict=True)
    rules.append(WaterLevel(deeper={str(k): str(v) for k, v in pairs if v}))
    rules += locks_of(scenario, facts, parts.units)
    rules += [
        Limit(item.column, min=item.min, max=item.max, target=item.target, treatment=item.treatment) for item in scenario.limit
    ]
    if scenario.solver.compactness_cny_per_m > 0:
        rules.append(Compactness(parts.borders, cny_per_m=scenario.solver.compactness_cny_per_m))
    return [*rules, *works_rules(scenario, parts.borders)]


def works_rules(scenario: Scenario, borders: pd.DataFrame) -> list[Any]:
    """Works in zones: prices on borders between unlike works, by the metre of step too, and no zone below [works] min_zone_mu.

    Digging depth and heap height are linear in volume, so mosaics cost what zones cost; of all plans within the gap the one
    with few, large zones is then the best. Levelling and filling to the platform are one kind of works.
    """
    price, least = scenario.number("works.cny_per_m"), scenario.number("works.min_zone_mu")
    rules: list[Any] = []
    if price > 0:
        alike = dict.fromkeys(ONE_ZONE.items(), 0.0)
        rules.append(Compactness(borders, cny_per_m=price, by="treatment", weights=alike))
    if step := scenario.number("works.cny_per_m_step"):
        rules.append(Steps(borders, step))
    if least > 0:
        for target, treatment in ways():
            if treatment not in ONE_ZONE:
                same = tuple(t for t, main in ONE_ZONE.items() if main == treatment and (target, t) in ways())
                rules.append(MinPatch(target, least, borders, treatment=(treatment, *same)))
    return rules


def charges_of(scenario: Scenario, facts: pd.DataFrame, parts: Partition) -> list[Charge]:
    """The lump sums that hang on parcels or a phase, each with its units and its present value."""
    units = pd.DataFrame({"parcel_id": parts.units["parcel_id"], "phase": phase_of(facts)}, index=parts.units.index)
    found = []
    for k, item in enumerate(scenario.economics.item):
        mine = lump_units(item, units)
        if item.hangs and item.cny > 0 and mine.any():
            names = frozenset(str(unit) for unit in units.index[mine])
            found.append(Charge(item.name or str(k + 1), names, item.cny, lump_worth(item, units, scenario)))
    return found


def sums_as_decided(scenario: Scenario, units: pd.DataFrame, parts: Partition) -> tuple[float, list[Lock]]:
    """What a plan pays in lump sums, yuan, and locks that leave the land alone on which those hang that it does not pay.

    units: the plan's, with `target`. Under both a choice pays no sum that the plan does not.
    """
    charges = charges_of(scenario, units, parts)
    treated = {str(unit) for unit in units.index[units["target"] != UNRESTORED]}
    paid = sum(c.cny for c in charges if c.units & treated)
    return lump_sums(scenario) + paid, [Lock(u, UNRESTORED) for c in charges if not c.units & treated for u in sorted(c.units)]


def stock_rules(scenario: Scenario, facts: pd.DataFrame) -> list[Any]:
    """Nothing is placed before it is dug or brought in: a row for every moment that phases set apart. What waits costs more."""
    most = scenario.earthwork.max_import_m3
    if most is None:
        return []
    steps, compaction = earth_steps(facts, scenario), scenario.number("earthwork.compaction")
    rules: list[Any] = [
        Stockpile(done=share[share > 0], name=str(name), max_import_m3=most, compaction=compaction)
        for name, share in steps.items()
    ]
    price = scenario.number("earthwork.stock_cny_per_m3")
    for span in earth_spans(facts, scenario)[1:] if price else ():
        share = pd.Series(span.share, index=facts.index)
        mine, worth = share[share > 0], worth_of_years(span.first, span.last, scenario)
        rules.append(Restocked(share=mine, name=span.name, cny_per_m3=price, compaction=compaction, worth=worth))
    return rules


def earth_limits(scenario: Scenario, facts: pd.DataFrame) -> tuple[float | None, float | None]:
    """Import and export at most, m³ (None: no limit).

    Whole units never balance to the last m³: what is left over is spread as `earthwork.trim_m` on the platforms.
    """
    earth = scenario.earthwork
    if earth.max_export_m3 is None:
        return earth.max_import_m3, None
    spread = scenario.number("earthwork.trim_m") * float(facts["area_m2"].sum())
    most = earth.max_export_m3 + spread
    return earth.max_import_m3, float(math.ceil(most)) if most > WHOLE_M3 else most


def least_haul(
    units: gpd.GeoDataFrame,
    scenario: Scenario,
    bring: float | None = None,
    take: float | None = None,
    *,
    seconds: float | None = None,
) -> Haul:
    """Who digs for whom, at a site's prices. bring, take: import and export at most, m³ (None: no limit).

    seconds: after which the haul so far is taken, with its bound.
    """
    return haul(
        units,
        compaction=scenario.number("earthwork.compaction"),
        cny_per_m3_km=scenario.number("earthwork.haul_cny_per_m3_km"),
        max_import_m3=bring,
        max_export_m3=take,
        swell=scenario.number("earthwork.swell"),
        seconds=seconds,
    )


def admitted(options: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """The options without the targets that the scenario rules out altogether (max_mu = 0)."""
    return options[~options["target"].isin(scenario.ruled_out).to_numpy()]


def offered(options: pd.DataFrame, facts: pd.DataFrame, parts: Partition, scenario: Scenario) -> pd.DataFrame:
    """What may be chosen: the admitted options, as late as dated locks make them, and leaving each unit as it is."""
    return with_unrestored(held_back(admitted(options, scenario), facts, parts, scenario), facts, scenario)


def held_back(options: pd.DataFrame, facts: pd.DataFrame, parts: Partition, scenario: Scenario) -> pd.DataFrame:
    """The options with locked land not ready before its lock's `not_before`, and its present value accordingly."""
    unit, later = options.index.get_level_values(0), options["ready_year"].to_numpy().copy()
    for item in scenario.lock:
        if item.not_before is not None:
            mine = unit.isin(_locked(item, parts.units)) & (options["target"] == item.target).to_numpy()
            later[mine] = np.maximum(later[mine], item.not_before)
    if (later == options["ready_year"].to_numpy()).all():
        return options
    return with_present_value(options.assign(ready_year=later), facts, scenario)


def _locked(item: LockItem, units: pd.DataFrame) -> list[str]:
    """The units a lock is about. Raises InvalidInput where it names nothing."""
    if item.unit is not None:
        if item.unit not in units.index:
            raise InvalidInput(say("plan.lock_no_unit", unit=item.unit, nearest=nearest(item.unit, units.index)))
        return [item.unit]
    ids = list(units.index[units["parcel_id"] == item.parcel])
    if not ids:
        known = units["parcel_id"].unique()
        raise InvalidInput(say("plan.lock_no_parcel", parcel=item.parcel, nearest=nearest(str(item.parcel), known)))
    return ids


def locks_of(scenario: Scenario, facts: pd.DataFrame, units: pd.DataFrame) -> list[Lock]:
    """The locks that bind: one with `until` lets go of units whose works begin later. units: column parcel_id."""
    begin = pd.Series(works_years(facts, scenario)[0], index=facts.index)
    return [
        Lock(unit, item.target, treatment=item.treatment)
        for item in scenario.lock
        for unit in _locked(item, units)
        if item.until is None or begin[unit] <= item.until
    ]


def _idle_locks(scenario: Scenario, facts: pd.DataFrame, parts: Partition) -> tuple[Message, ...]:
    """A warning for every lock that lets go of all its units: their works begin after its last year."""
    begin = pd.Series(works_years(facts, scenario)[0], index=facts.index)
    return tuple(
        say("plan.lock_idle", lock=item.unit or item.parcel, until=item.until, begin=int(first))
        for item in scenario.lock
        if item.until is not None and (first := begin[_locked(item, parts.units)].min()) > item.until
    )


def allocate(
    options: pd.DataFrame,
    facts: pd.DataFrame,
    parts: Partition,
    scenario: Scenario,
    *,
    places: Mapping[str, gpd.GeoDataFrame] | None = None,
    progress: Callable[[float, float, float], None] | None = None,
    seconds: float | None = None,
    rounds: int | None = None,
    begun: pd.Series[str] | None = None,
) -> Answer:
    """Chooses one option per unit; places: the site's layers by key; seconds: at most, else the solver's own; rounds: of
    separation at most (`Problem.solve`); begun: a choice to begin with, option by unit_id, where no sum hangs on land.

    Raises InvalidInput, Infeasible, NoPlanInTime.
    """
    table = offered(options, facts, parts, scenario)
    rules = rules_of(scenario, facts, parts)
    problem, solver = problem_of(table, rules, scenario, parts, places or {}), scenario.solver
    how: dict[str, Any] = {
        "gap": solver.gap,
        "time_limit_s": seconds or solver.time_limit_s,
        "seed": solver.seed,
        "progress": progress,
        "rounds": rounds,
    }
    charges = charges_of(scenario, facts, parts)
    with careful():  # Ctrl-C stops the search, which keeps the best plan it has
        if charges:
            result = solve_charged(problem, charges, objective=OBJECTIVE, **how).result
        else:
            result = problem.solve(objective=OBJECTIVE, start=begun, **how)
    chosen = result.choice.reindex(facts.index)  # without the homes that rules count
    rows = table.loc[pd.MultiIndex.from_arrays([chosen.index, chosen])].reset_index("option")
    worth = result.worth.reindex(table.index)
    best = worth.loc[pd.MultiIndex.from_arrays([chosen.index, chosen])].droplevel("option")
    loss = best.reindex(table.index.get_level_values(0)).to_numpy(float) - worth.to_numpy(float)
    priced = table.assign(loss_cny=loss)
    zh = {str(rule): render(told(rule), "zh") for rule in problem.rules}
    binding = tuple({**asdict(b), "rule_zh": zh.get(b.rule, "")} for b in result.binding)
    proved = (result.status, result.objective, result.bound, result.gap, result.seconds, result.method)
    proof = Certificate(*proved, binding, tuple(map(asdict, result.row_prices)))
    notes = (
        *(note if isinstance(note, Message) else plain(note) for note in result.notes),
        *_unproven(proof, solver.gap),
        *_idle_locks(scenario, facts, parts),
    )
    prices = frames_of(result)
    return Answer(rows, _next_best(priced, rows["target"]), priced, proof, notes, result.haul_cny, *prices)


def _unproven(proof: Certificate, asked: float) -> tuple[Message, ...]:
    """A warning where the search ended before the gap that was asked for was proven."""
    if proof.gap <= asked or proof.status == "optimal":
        return ()
    if proof.status == "feasible":
        return (say("plan.unproven_at_rest", percent=100 * proof.gap),)
    return (say("plan.unproven", status=proof.status, percent=100 * proof.gap),)


def with_unrestored(options: pd.DataFrame, facts: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """The options with leaving it as it is for every unit: nothing spent, nothing won, its area known."""
    index = pd.MultiIndex.from_arrays([facts.index, [f"{UNRESTORED}:none"] * len(facts)], names=options.index.names)
    blank = pd.DataFrame(0.0, index=index, columns=[c for c in options.columns if c not in ("target", "treatment")])
    blank = blank.assign(target=UNRESTORED, treatment="none", area_mu=facts["area_mu"].to_numpy(float))
    blank["ready_year"] = scenario.site.year
    return pd.concat([options, blank[options.columns]]).sort_index()


def _next_best(options: pd.DataFrame, chosen: pd.Series[str]) -> pd.DataFrame:
    """Per unit the best option of another target, and what it would lose at the plan's shadow prices."""
    other = options[options["target"].to_numpy() != chosen.reindex(options.index.get_level_values(0)).to_numpy()]
    first = other.loc[other.groupby(level=0, sort=False)["loss_cny"].idxmin()].reset_index("option")
    columns = {"target": "next_target", "treatment": "next_treatment", "loss_cny": "next_loss_cny"}
    return first[list(columns)].rename(columns=columns).reindex(chosen.index)
