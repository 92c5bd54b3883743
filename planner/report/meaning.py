"""The sections on what it means: what moves it, what binds, what the data do not support."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from planner.plan.figures import key_name
from planner.plan.limits import limit_name
from planner.report.document import Block, Say, Section, Table, Text
from planner.schedule import worth_today
from planner.words import render, text

if TYPE_CHECKING:
    from planner.plan import Plan

SWINGS = (-0.3, -0.1, 0.1, 0.3)  # shares by which prices are moved in the sensitivities
RATES = (0.03, 0.05, 0.08)  # discount rates shown, 1/a
STAGES_M = (-0.5, -0.25, 0.25, 0.5)  # levels beside the normal one, m


def sensitivities(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """What moves if prices, rates or the water level are not as assumed, the plan staying as it is."""
    flow = plan.economics.flow
    cost, benefit, years = flow["cost_cny"].to_numpy(float), flow["benefit_cny"].to_numpy(float), flow.index.to_numpy(float)
    rate = plan.site.scenario.number("economics.discount_rate")

    def npv(cost_share: float, value_share: float, at: float) -> float:
        return float(np.sum((benefit * value_share - cost * cost_share) * worth_today(years, plan.site.scenario, at)))

    rows = [(say("report.as_planned"), say.yuan(npv(1, 1, rate)))]
    rows += [(say("report.cost_moved", by=d), say.yuan(npv(1 + d, 1, rate))) for d in SWINGS]
    rows += [(say("report.value_moved", by=d), say.yuan(npv(1, 1 + d, rate))) for d in SWINGS]
    rows += [(say("report.rate_moved", rate=r), say.yuan(npv(1, 1, r))) for r in RATES]
    whole = npv(0, 1, rate)
    even = npv(1, 0, rate) / -whole if whole > 0 else float("nan")
    blocks: list[Block] = [
        Text(say("report.only_named")),
        Table((say("report.assumption"), say("decision.worth")), tuple(rows)),
    ]
    if np.isfinite(even):
        blocks.append(Text(say("report.break_even", share=even)))
    blocks += _levels(plan, say)
    return Section(say("report.sensitivities"), tuple(blocks))


def _levels(plan: Plan, say: Say) -> list[Block]:
    """Storage of the largest reservoir beside its normal level."""
    if not len(plan.reservoirs):
        return []
    largest = plan.reservoirs["storage_m3"].idxmax()
    table = plan.storage_tables.get(str(largest))
    if table is None or len(table) < 2:
        return []
    level = float(plan.reservoirs.loc[largest, "level_m"])
    z, v = table["level_m"].to_numpy(float), table["storage_m3"].to_numpy(float)
    rows = []
    for step in (0.0, *STAGES_M):
        if z[0] <= level + step <= z[-1]:
            rows.append(
                (say("report.level_step", level=level + step, step=step), say.cubic(float(np.interp(level + step, z, v))))
            )
    heads = (say("report.level_of", lake=str(largest)), key_name("water.storage_m3", say.lang))
    return [Table(heads, tuple(sorted(rows)), say("report.from_curve"))]


def binding(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """What the limits cost: the worth of one more mu, yuan, m³."""
    rows = []
    for row in s["solver"]["binding"]:
        unit = str(row["unit"])
        rows.append(
            (
                render(limit_name(row), say.lang),
                say.quantity(row.get("limit"), unit),
                say.quantity(row.get("activity"), unit),
                each(float(row["shadow_price"]), unit, say),
            )
        )
    if not rows:
        return Section(
            say("report.binding"),
            (Text(say("report.nothing_binds")),),
        )
    heads = (
        say("report.limit"),
        say("word.allowed"),
        say("word.actual"),
        say("word.worth"),
    )
    told = say("report.binding_told")
    blocks: list[Block] = [Text(told), Table(heads, tuple(rows))]
    return Section(say("report.binding"), (*blocks, *_exchange(s, say.lang)))


def each(worth: float, unit: str, say: Say) -> str:
    """What one more of a unit is worth, yuan; a yuan's worth needs no unit."""
    told = f"{worth:+,.0f}" if abs(worth) >= 100 else f"{worth:+,.4g}"
    return told if unit == "yuan" else say("report.each", worth=told, unit=say.term("unit", unit) or "1")


def _exchange(s: dict[str, Any], lang: str) -> list[Block]:
    """What a mu of one use made another brings, each pair once, in the direction that brings more."""
    pairs = [row for row in s["solver"].get("exchange", []) if row["cny_per_mu"] > 0 and row["proven"]]
    if not pairs:
        return []
    pairs.sort(key=lambda row: -row["cny_per_mu"])
    told = [(text("ledgers.mu_made", lang, before=r["from"], after=r["to"]), r["cny_per_mu"]) for r in pairs]
    rows = [text("ledgers.row", lang, change=change, brings=brings) for change, brings in told]
    return [Text(text("ledgers.exchange_told", lang, rows=text("word.semicolon", lang).join(rows)))]


def limits(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """What the data do not support."""
    parameters = plan.site.scenario.parameters
    assumed = sum(p.trust in ("A", "M") for p in parameters.values())
    points = []
    if s["site"]["kind"] == "reconstruction":
        points.append(say("report.limit_reconstruction"))
    points += [
        say("report.limit_assumed", assumed=assumed, count=len(parameters)),
        say("report.limit_exact"),
        say("report.limit_values"),
        say("report.limit_approval"),
    ]
    return Section(say("report.limits"), tuple(Text(f"• {p}") for p in points))
