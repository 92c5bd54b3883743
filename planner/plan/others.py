"""Other plans of the same land under the same limits: the cheapest with as much land, and one as unlike as can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

import pandas as pd

from planner.allocation import Limit, Problem, Result, evaluate
from planner.economics import money
from planner.errors import Infeasible, NoPlanInTime
from planner.landuse import CHOICES, LAND, UNRESTORED
from planner.plan.allocate import OBJECTIVE, admitted, least_haul, problem_of, rules_of, sums_as_decided
from planner.plan.record import Other, PlanRecord
from planner.tables import Partition
from planner.words import Message, both, say

CHEAPEST: Final = "cheapest"
UNLIKE: Final = "unlike"
KEYS: Final = (CHEAPEST, UNLIKE)
GAP: Final = 2e-3  # proven distance to the least cost that is near enough to show what else could be done
FINE: Final = 2e-4  # of the worth and the pay together: what changes is a small part of it
RAISES: Final = (1.0, 6.0)  # by which the pay for land that changes is raised
PATIENCE_S: Final = 60.0  # for each search
GIVEN_UP: Final = 0.01  # share of the plan's worth that the unlike plan may do without
LAND_KEPT: Final = 1e-4  # share of the plan's usable land that the cheapest may lack: units are whole
AMOUNTS: Final = ("storage_m3", "cut_m3", "fill_m3", "cost_cny", "benefit_cny")
TAKEN: Final = (*AMOUNTS, "ready_year")

MOST: Final = 3  # moves and parcels that are named
LEAST_MU: Final = 0.5  # what is less is the same
SMALL_CNY: Final = 1e4
SMALL_M3: Final = 1e3

P = TypeVar("P", bound=PlanRecord)


def with_others(plan: P, *, seconds: float = PATIENCE_S) -> P:
    """A plan together with its alternatives: the same limits, worked out from the plan's own options, and no lump sum that the
    plan does not pay.

    cheapest: the least cost for as much usable land. unlike: many mu under another target than in the plan, for at most
    GIVEN_UP of its worth. One for which no plan was found within the seconds is left out.
    """
    scenario = plan.site.scenario
    chosen = (plan.units["target"].astype(str) + ":" + plan.units["treatment"].astype(str)).rename("option")
    options = admitted(plan.options.drop(columns="loss_cny", errors="ignore"), scenario)
    mine = plan.units["target"].reindex(options.index.get_level_values(0)).to_numpy()
    area = options["area_mu"]
    options = options.assign(
        land_mu=area.where(options["target"].isin(LAND), 0.0), unlike_mu=area.where(options["target"].to_numpy() != mine, 0.0)
    )
    parts = Partition(plan.units[["parcel_id", plan.units.geometry.name]], plan.borders)
    lump, alone = sums_as_decided(scenario, plan.units, parts)
    rules = [*rules_of(scenario, plan.units, parts, lump_cny=lump), *alone]
    problem = problem_of(options, rules, scenario, parts, plan.site.places)
    land = float(plan.units["area_mu"][plan.units["target"].isin(LAND)].sum())
    enough = problem.subject_to(Limit("land_mu", min=land * (1 - LAND_KEPT)))
    how: dict[str, Any] = {"time_limit_s": seconds, "seed": scenario.solver.seed, "start": chosen}
    try:
        found = {CHEAPEST: enough.solve(objective="cost", gap=GAP, **how)}
    except (Infeasible, NoPlanInTime):
        found = {}
    if (result := _unlike(problem, chosen, how)) is not None:
        found[UNLIKE] = result
    return replace(plan, others=tuple(_other(key, result, plan.units.index) for key, result in found.items()))


def _other(key: str, result: Result, units: pd.Index[str]) -> Other:
    option = result.choice.reindex(units).astype(str)
    return Other(key, option.rename("option"), str(result.status.value), float(result.gap))


def _unlike(problem: Problem, chosen: pd.Series[str], how: dict[str, Any]) -> Result | None:
    """The plan with the most mu under another target among those that lose at most GIVEN_UP of the worth.

    Every mu that changes is paid for: at GIVEN_UP of the worth over all land a plan can never lose more than that; the pay is
    raised until one does. Source: weighting method of multi-objective programming, Zadeh 1963.
    """
    worth = evaluate(problem, OBJECTIVE, chosen)
    room = GIVEN_UP * abs(worth)
    area = float(problem.table.values["area_mu"][problem.table.start[:-1]].sum())
    rate, best = room / area, None
    for raised in RAISES:
        begun = how if best is None else {**how, "start": best}
        try:
            result = problem.solve(objective={OBJECTIVE: 1.0, "unlike_mu": rate * raised}, gap=FINE, **begun)
        except (Infeasible, NoPlanInTime):
            break
        if worth - evaluate(problem, OBJECTIVE, result) > room:
            break
        best = result
    return best


def rows_of(plan: PlanRecord, other: Other) -> pd.DataFrame:
    """What an alternative gives every unit: target, treatment, area_mu and amounts, by unit_id.

    Units that keep their option keep the plan's own amounts, which know what the lakes hold together.
    """
    place = pd.MultiIndex.from_arrays([other.option.index, other.option], names=plan.options.index.names)
    rows = plan.options.loc[place].droplevel(1)[["target", "treatment", *TAKEN]].assign(area_mu=plan.units["area_mu"])
    same = ((rows["target"] == plan.units["target"]) & (rows["treatment"] == plan.units["treatment"])).to_numpy()
    for name in TAKEN:
        rows[name] = rows[name].where(~same, plan.units[name])
    return rows


def told(plan: PlanRecord) -> list[dict[str, Any]]:
    """The alternatives in figures, as the summary holds them: mu, m³, yuan with the lump sums, and mu of another target."""
    found = []
    for other in plan.others:
        rows = rows_of(plan, other)
        units = plan.units.assign(**{name: rows[name] for name in ("target", "treatment", *TAKEN)})
        worth = money(units, plan.site.scenario, least_haul(units, plan.site.scenario).table)
        area = rows.groupby("target")["area_mu"].sum()
        found.append(
            {
                "key": other.key,
                "status": other.status,
                "gap": other.gap,
                "targets": {t: float(area.get(t, 0.0)) for t in (*CHOICES, UNRESTORED)},
                "restored_mu": float(area.reindex(list(LAND)).sum()),
                **{name: float(rows[name].sum()) for name in ("storage_m3", "cut_m3", "fill_m3")},
                "cost_cny": worth.cost_cny,
                "benefit_cny": worth.benefit_cny,
                "npv_cny": worth.npv_cny,
                **_moved(plan, rows),
            }
        )
    return found


def _moved(plan: PlanRecord, rows: pd.DataFrame) -> dict[str, Any]:
    """What is under another target than in the plan, mu: all of it, the largest moves and the parcels where most of it lies."""
    units = plan.units
    moved = (rows["target"] != units["target"]).to_numpy()
    area = units["area_mu"][moved]
    moves = area.groupby([units["target"][moved].rename("from"), rows["target"][moved].rename("to")]).sum()
    where = area.groupby(units["parcel_id"][moved]).sum()
    names = {str(i): (text_of(plan.parcels, i, "name"), text_of(plan.parcels, i, "name_en")) for i in plan.parcels.index}
    return {
        "differs_mu": float(area.sum()),
        "moves": [
            {"from": str(a), "to": str(b), "area_mu": float(mu)} for (a, b), mu in moves.nlargest(MOST).items() if mu > LEAST_MU
        ],
        "parcels": [
            {"parcel_id": str(i), "name": names[str(i)][0], "name_en": names[str(i)][1], "area_mu": float(mu)}
            for i, mu in where.nlargest(MOST).items()
        ],
    }


def text_of(parcels: pd.DataFrame, parcel: Any, column: str) -> str:
    """A parcel's name in a column; its id where it has none."""
    value = parcels[column][parcel] if column in parcels.columns else None
    return str(parcel) if value is None or value != value or not str(value).strip() else str(value).strip()


def differs(s: Mapping[str, Any], other: Mapping[str, Any]) -> Message:
    """What an alternative does otherwise than the plan, in words. s: the plan's summary; other: a row of its alternatives."""
    if other["differs_mu"] < LEAST_MU:
        return say(f"alternative.{other['key']}_same", percent=100 * other["gap"])
    money = s["economics"]
    return say(
        "alternative.differs",
        mu=other["differs_mu"],
        share=100 * other["differs_mu"] / s["site"]["area_mu"],
        moves=[say("alternative.move", mu=m["area_mu"], a=m["from"], b=m["to"]) for m in other["moves"]],
        where=[both(p["name_en"], p["name"]) for p in other["parcels"]],
        cost=_against(other["cost_cny"] - money["cost_cny"], "dearer", "cheaper", "cost_same", SMALL_CNY),
        worth=_against(other["npv_cny"] - money["npv_cny"], "worth_more", "worth_less", "worth_same", SMALL_CNY),
        water=_against(other["storage_m3"] - s["water"]["storage_m3"], "water_more", "water_less", "water_same", SMALL_M3),
    )


def _against(gain: float, more: str, less: str, same: str, small: float) -> Message:
    """A difference as a clause."""
    if abs(gain) < small:
        return say(f"alternative.{same}")
    return say(f"alternative.{more if gain > 0 else less}", size=abs(gain))


def others_of(table: pd.DataFrame, told: list[dict[str, Any]]) -> tuple[Other, ...]:
    """The alternatives of a saved plan, from their table and what its summary tells of them."""
    return tuple(
        Other(row["key"], table[row["key"]].astype(str).rename("option"), str(row["status"]), float(row["gap"]))
        for row in told
        if row["key"] in table.columns
    )
