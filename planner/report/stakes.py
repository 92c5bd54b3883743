"""The decision's further pages: money by year, farmland, villages, what matters, who signs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.columns import FLOW, UNITS
from planner.landuse import CHOICES, TARGETS, cover_of
from planner.report.document import Block, Picture, Say, Section, Table, Text
from planner.report.drawing import FAINT, INK, dressed, figure
from planner.report.fonts import font
from planner.schedule import worth_today
from planner.words import say as tell
from planner.words import term

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from planner.plan import Plan

SWING = 0.3  # share by which an assumption is moved for the tornado
POINTS = 0.03  # by which the discount rate is moved
MOST_BARS = 5  # assumptions the tornado shows, the ones that matter most
LEDGERS = ("fiscal_cny", "quota_cny", "potential_cny")
MOVED = ("搬迁", "安置", "resettle", "relocat")  # words of lump sums that pay for households that move


def treasury(plan: Plan, s: Mapping[str, Any], say: Say) -> Section:
    """Money by year, and the three ledgers that are never added up, where the plan keeps them."""
    flow = plan.economics.flow[["cost_cny", "benefit_cny"]]
    busy = np.flatnonzero((flow != 0).any(axis=1).to_numpy())
    flow = flow.iloc[: busy[-1] + 1 if busy.size else 0]
    total = (flow["benefit_cny"] - flow["cost_cny"]).cumsum()
    rows = tuple(
        (str(year), f"{r.cost_cny / 1e4:,.0f}", f"{r.benefit_cny / 1e4:,.0f}", f"{total[year] / 1e4:+,.0f}")
        for year, r in zip(flow.index, flow.itertuples(index=False), strict=True)
    )
    heads = (
        say.head(FLOW["year"]),
        *(say.figure(say(code), "1e4_yuan") for code in ("report.out", "report.in", "report.so_far")),
    )
    blocks: list[Block] = [*(Text(line) for line in money_lines(s, say)), Table(heads, rows)]
    ledgers = s["economics"].get("ledgers")
    if ledgers:
        told = [say("report.ledger_told", name=tell(f"ledgers.{k}"), sum=ledgers[k]) for k in LEDGERS if k in ledgers]
        blocks.append(Text(say("report.ledgers", ledgers=say("word.semicolon").join(told))))
    else:
        blocks.append(Text(say("report.values_assumed")))
    return Section(say("report.treasury"), tuple(blocks))


def money_lines(s: Mapping[str, Any], say: Say) -> list[str]:
    """Cost, value and payback in a sentence, then what nobody pays for and what is only lent."""
    return [_spent(s, say), *_without_source(s, say)]


def _spent(s: Mapping[str, Any], say: Say) -> str:
    e = s["economics"]
    beside = {"lump": e.get("lump_sums_cny", 0.0), "haul": e.get("haul_cny", 0.0)}
    held = "_and_".join(name for name, cny in beside.items() if cny)
    payback = e.get("payback_year")
    return say(
        "report.spent",
        cost=e["cost_cny"],
        lump=tell(f"report.of_which_{held}", **beside) if held else "",
        value=e["benefit_cny"],
        ratio=e["benefit_cost_ratio"],
        npv=e["npv_cny"],
        pays=tell("report.pays_back", year=payback) if payback else "",
    )


def _without_source(s: Mapping[str, Any], say: Say) -> list[str]:
    """What nobody pays for, and what is only lent: it belongs on the first page."""
    e, told = s["economics"], []
    if e.get("unfunded_cny", 0.0) > 0:
        told.append(say("report.unfunded", left=e["unfunded_cny"], share=100 * e["unfunded_cny"] / e["cost_cny"]))
    if e.get("repaid_cny", 0.0) > 0:
        told.append(say("report.lent", lent=e["repaid_cny"]))
    return told


def people(plan: Plan, s: Mapping[str, Any], say: Say) -> Section:
    """Farmland and approvals where the plan keeps account of them; villages, households, and what becomes of their land."""
    blocks: list[Block] = []
    farm = s.get("farmland")
    if farm and farm.get("before_mu") is None:
        blocks.append(Text(say("report.farmland_after", after=farm["after_mu"])))
    elif farm:
        moved = {name: farm.get(f"{name}_mu", 0.0) for name in ("net", "new", "lost")}
        blocks.append(Text(say("report.farmland", before=farm["before_mu"], after=farm["after_mu"], **moved)))
    kinds = [row for row in s.get("protection", []) if row.get("area_mu", 0.0) > 0]
    if kinds:
        heads = (say("report.protected"), say.head(UNITS["area_mu"]), say.figure(say("report.broken"), "mu"))
        lines = tuple(
            (term("protection_kind", r["kind"], say.lang), f"{r['area_mu']:,.1f}", f"{r.get('broken_mu', 0.0):,.1f}")
            for r in kinds
        )
        blocks.append(Table(heads, lines, say("report.approvals")))
    blocks += _villages(plan, say)
    if not blocks:
        blocks.append(Text(say("report.no_people")))
    return Section(say("report.people"), tuple(blocks))


def _villages(plan: Plan, say: Say) -> list[Block]:
    uses = plan.land_use
    covers = {word: cover_of(str(word)) for word in uses["landuse"].unique()}
    villages = [word for word, cover in covers.items() if cover is not None and cover.key == "village"]
    mine = uses[uses["landuse"].isin(villages)]
    blocks: list[Block] = []
    if len(mine):
        sums = mine["area_mu"].groupby(plan.units["target"].reindex(mine["unit_id"]).to_numpy()).sum()
        parts = [tell("report.area_of", target=t, area=float(sums[t])) for t in TARGETS if t in sums.index]
        blocks.append(Text(say("report.villages", total=float(sums.sum()), parts=parts)))
    items = plan.economics.items
    for row in items.itertuples(index=False):
        if any(word in f"{row.name} {row.name_en}".lower() for word in MOVED):
            blocks.append(Text(say("report.households", name=say.held(str(row.name_en), str(row.name)), sum=row.cny)))
    return blocks


def tornado(plan: Plan, say: Say) -> Section:
    """Which assumptions matter: the plan's worth when each is moved by itself, the widest first."""
    bars = swings(plan, say)[:MOST_BARS]
    base = plan.economics.npv_cny
    picture = Picture(partial(_tornado, bars, base, say), say("report.tornado_caption"))
    turning = [name for name, low, high in bars if min(low, high) < 0 <= base or max(low, high) >= 0 > base]
    said = say("report.turning", names=turning) if turning else say("report.none_turns")
    return Section(say("report.tornado"), (picture, Text(said)))


def swings(plan: Plan, say: Say) -> list[tuple[str, float, float]]:
    """Net present value with each assumption low and high, yuan, the widest swing first."""
    money, scenario = plan.economics, plan.site.scenario
    cost, value = (money.flow[c].to_numpy(float) for c in ("cost_cny", "benefit_cny"))
    years = money.flow.index.to_numpy(float)
    rate = scenario.number("economics.discount_rate")
    lump = money.lump_cny / money.cost_cny if money.cost_cny > 0 else 0.0

    def npv(costs: float, values: float, at: float, late: float = 0.0) -> float:
        brings, takes = worth_today(years + late, scenario, at) * value, worth_today(years, scenario, at) * cost
        return float(np.sum(values * brings - costs * takes))

    found = [
        (say("report.swing_works"), npv(1 - SWING * (1 - lump), 1, rate), npv(1 + SWING * (1 - lump), 1, rate)),
        (say("report.swing_lump"), npv(1 - SWING * lump, 1, rate), npv(1 + SWING * lump, 1, rate)),
        (say("report.swing_rate"), npv(1, 1, max(rate - POINTS, 0.0)), npv(1, 1, rate + POINTS)),
        (say("report.swing_late"), npv(1, 1, rate), npv(1, 1, rate, late=1.0)),
    ]
    for t in CHOICES:
        share = float(money.by_target["benefit_cny"].get(t, 0.0)) / money.benefit_cny if money.benefit_cny > 0 else 0.0
        found.append((say("report.swing_value", target=t), npv(1, 1 - SWING * share, rate), npv(1, 1 + SWING * share, rate)))
    return sorted(found, key=lambda bar: -abs(bar[2] - bar[1]))


def _tornado(bars: list[tuple[str, float, float]], base: float, say: Say, width: float) -> Figure:
    made, axes = figure(width, 0.34)
    for i, (name, low, high) in enumerate(reversed(bars)):
        for end in (low, high):
            axes.barh(i, (end - base) / 1e8, left=base / 1e8, color="#B5373A" if end < base else "#6DBE73", height=0.62)
        axes.annotate(
            name, (0, i), xytext=(-6, 0), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
            va="center", fontproperties=font(8), color=INK,
        )  # fmt: skip
    axes.set_yticks([])
    axes.axvline(base / 1e8, color=INK, lw=1.0)
    axes.axvline(0.0, color=FAINT, lw=0.7, ls="--")
    dressed(axes, x=say("report.npv_axis"))
    return made


def signing(plan: Plan, s: Mapping[str, Any], say: Say) -> Section:
    """A page to sign: for exactly this plan, by its fingerprint."""
    rows = tuple(
        (role, "", "", "")
        for role in (say("report.prepared"), say("report.checked"), say("report.approved"), say("report.owner"))
    )
    heads = (say("report.signer"), say("report.name"), say("report.signature"), say("report.date"))
    site = s["site"]
    text = say("report.signing_told", fingerprint=fingerprint(plan), units=site["units"], area=site["area_mu"])
    return Section(say("report.signing"), (Text(text), Table(heads, rows, words=(0, 1, 2, 3))))


def fingerprint(plan: Plan) -> str:
    """Sixteen digits that change with any unit's target or treatment."""
    lines = "\n".join(
        f"{unit}:{target}:{way}"
        for unit, target, way in zip(plan.units.index, plan.units["target"], plan.units["treatment"], strict=True)
    )
    return hashlib.sha256(lines.encode("utf-8")).hexdigest()[:16]
