"""The decision's further pages: money by year, farmland, villages, the dry year, what matters, who signs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.balance import climate, dry_year, settled
from planner.core.money import discounted
from planner.landuse import CHOICES, TARGETS, cover_of
from planner.report.document import Block, Picture, Say, Section, Table, Text
from planner.report.drawing import FAINT, INK, dressed, figure
from planner.report.fonts import font
from planner.words import term

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from planner.plan import Plan

SWING = 0.3  # share by which an assumption is moved for the tornado
POINTS = 0.03  # by which the discount rate is moved
MOST_BARS = 5  # assumptions the tornado shows, the ones that matter most
MOST_LAKES = 5  # whose dry year is told, the largest
MUCH_LESS = 0.9  # of the storage built: from here on the difference is told first
CLIMATE = "huaibei"  # as Plan.water_balance takes where none is named
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
        say("Year", "年份"),
        say("Out, 10⁴ yuan", "支出（万元）"),
        say("In, 10⁴ yuan", "收入（万元）"),
        say("So far, 10⁴ yuan", "累计（万元）"),
    )
    blocks: list[Block] = [*(Text(line) for line in money_lines(s, say)), Table(heads, rows)]
    ledgers = s["economics"].get("ledgers")
    if ledgers:
        names = {
            "fiscal_cny": say("fiscal cash", "财政现金"),
            "quota_cny": say("quota income", "指标收入"),
            "potential_cny": say("potential value", "潜在价值"),
        }
        told = say("; ", "；").join(f"{names[k]} {say.yuan(ledgers[k])}" for k in names if k in ledgers)
        blocks.append(Text(say(f"Three ledgers, never added up: {told}.", f"三本账，不可相加：{told}。")))
    else:
        caution = (
            "What comes in is the value of land as assumed per mu, not offers: cash is only what the treasury sells.",
            "收入为按亩假设的土地价值，并非成交价；财政现金仅为实际出让所得。",
        )
        blocks.append(Text(say(*caution)))
    return Section(say("The treasury by year", "逐年收支"), tuple(blocks))


def money_lines(s: Mapping[str, Any], say: Say) -> list[str]:
    """Cost, value and payback in a sentence, then what nobody pays for and what is only lent."""
    return [_spent(s, say), *_without_source(s, say)]


def _spent(s: Mapping[str, Any], say: Say) -> str:
    e = s["economics"]
    lump = e.get("lump_sums_cny", 0.0)
    extra = say(f" (of which {say.yuan(lump)} lump sums no unit carries)", f"（其中单列费用{say.yuan(lump)}）") if lump else ""
    payback = e.get("payback_year")
    pays = say(f" It has paid for itself by {payback}.", f"至{payback}年收回投资。") if payback else ""
    cost, value, npv = say.yuan(e["cost_cny"]), say.yuan(e["benefit_cny"]), say.yuan(e["npv_cny"])
    ratio = f"{e['benefit_cost_ratio']:.2f}"
    return say(
        f"Money: it costs {cost}{extra} and brings {value}, 1 : {ratio}; net present value {npv}.{pays}",
        f"资金：总投资{cost}{extra}，收益{value}，投入产出比1:{ratio}；净现值{npv}。{pays}",
    )


def _without_source(s: Mapping[str, Any], say: Say) -> list[str]:
    """What nobody pays for, and what is only lent: it belongs on the first page."""
    e, told = s["economics"], []
    if e.get("unfunded_cny", 0.0) > 0:
        left, share = say.yuan(e["unfunded_cny"]), f"{100 * e['unfunded_cny'] / e['cost_cny']:.0f}"
        told.append(say(f"{left} ({share} %) of the cost have no source yet.", f"总投资中{left}（{share}%）尚无资金来源。"))
    if e.get("repaid_cny", 0.0) > 0:
        lent = say.yuan(e["repaid_cny"])
        told.append(
            say(
                f"{lent} are lent and have to be paid back; the plan names no source for that (see `planner finance`).",
                f"其中{lent}为社会资本等需偿还资金，方案未列偿还来源（见`planner finance`）。",
            )
        )
    return told


def people(plan: Plan, s: Mapping[str, Any], say: Say) -> Section:
    """Farmland and approvals where the plan keeps account of them; villages, households, and what becomes of their land."""
    blocks: list[Block] = []
    farm = s.get("farmland")
    if farm and farm.get("before_mu") is None:
        after = say.mu(farm["after_mu"])
        blocks.append(Text(say(f"Farmland today is not known; arable after: {after}.", f"治理前耕地情况不明；治理后{after}。")))
    elif farm:
        net, new, lost = (farm.get(k, 0.0) for k in ("net_mu", "new_mu", "lost_mu"))
        blocks.append(
            Text(
                say(
                    f"Farmland: {say.mu(farm['before_mu'])} before, {say.mu(farm['after_mu'])} after; new {say.mu(new)}, lost "
                    f"{say.mu(lost)}, net {net:+,.1f} mu.",
                    f"耕地：治理前{say.mu(farm['before_mu'])}，治理后{say.mu(farm['after_mu'])}；新增{say.mu(new)}，减少"
                    f"{say.mu(lost)}，净变化{net:+,.1f}亩。",
                )
            )
        )
    kinds = [row for row in s.get("protection", []) if row.get("area_mu", 0.0) > 0]
    if kinds:
        heads = (say("Protected", "保护类型"), say("Area, mu", "面积（亩）"), say("Broken, mu", "突破（亩）"))
        lines = tuple(
            (term("protection_kind", r["kind"], say.lang), f"{r['area_mu']:,.1f}", f"{r.get('broken_mu', 0.0):,.1f}")
            for r in kinds
        )
        blocks.append(Table(heads, lines, say("Approvals to be had.", "需办理的审批。")))
    blocks += _villages(plan, say)
    if not blocks:
        blocks.append(Text(say("No villages, farmland or protected land are known here.", "资料中没有村庄、耕地或保护地。")))
    return Section(say("Farmland, approvals, villages", "耕地、审批与村庄"), tuple(blocks))


def _villages(plan: Plan, say: Say) -> list[Block]:
    units = plan.units
    blocks: list[Block] = []
    if "landuse" in units.columns:
        covers = {word: cover_of(str(word)) for word in units["landuse"].dropna().unique()}
        villages = {word for word, cover in covers.items() if cover is not None and cover.key == "village"}
        mine = units[units["landuse"].isin(villages)]
        if len(mine):
            sums = mine.groupby("target")["area_mu"].sum()
            parts = say(", ", "、").join(
                f"{say(TARGETS[t].en.lower(), TARGETS[t].zh)} {say.mu(float(sums[t]))}" for t in TARGETS if t in sums.index
            )
            total = say.mu(float(sums.sum()))
            blocks.append(
                Text(say(f"Village land today: {total}; it becomes {parts}.", f"现状村庄用地{total}，规划为：{parts}。"))
            )
    items = plan.economics.items
    for row in items.itertuples(index=False):
        if any(word in f"{row.name} {row.name_en}".lower() for word in MOVED):
            name = say(str(row.name_en), str(row.name))
            blocks.append(Text(say(f"Households: {name}, {say.yuan(row.cny)}.", f"住户：{name}，{say.yuan(row.cny)}。")))
    return blocks


def dry(plan: Plan, say: Say) -> Section:
    """What the lakes do in a dry year: the lowest level and storage beside the normal ones."""
    title = say("The dry year", "枯水年")
    if not len(plan.reservoirs):
        return Section(title, (Text(say("The plan has no lake.", "本方案不设水库。")),))
    parameters = plan.site.scenario.parameters
    lakes = plan.lakes()
    mean, parched = (settled(lakes, year(parameters, CLIMATE)).summary()["lowest_m"] for year in (climate, dry_year))
    rows = []
    for name in plan.reservoirs.sort_values("storage_m3", ascending=False, kind="stable").index[:MOST_LAKES]:
        level = float(plan.reservoirs["level_m"][name])
        lows = (float(mean[name]), float(parched[name]))
        rows.append((str(name), f"{level:.2f}", *(f"{low:.2f} ({low - level:+.2f})" for low in lows)))
    heads = (
        say("Lake", "水库"),
        say("Normal level, m", "正常水位（米）"),
        say("Lowest in a mean year", "平水年最低"),
        say("Lowest in a dry year", "枯水年最低"),
    )
    note = say(
        "Month by month, the year repeated until it closes: rain, inflow, evaporation, groundwater; no water is taken out.",
        "逐月计算，按该年份反复至平衡：降雨、入流、蒸发与地下水交换，不计取用水。",
    )
    held, left = float(plan.reservoirs["storage_m3"].sum()), plan.summary()["water"]["settled"]
    kept = say(
        f"Built to hold {say.cubic(held)}; left to rain, evaporation and groundwater the lakes settle at "
        f"{say.cubic(left['mean_m3'])} in the mean of a year ({left['mean_m3'] / held:.0%}), "
        f"{say.cubic(left['lowest_m3'])} at the lowest.",
        f"设计蓄水{say.cubic(held)}；仅靠降雨、蒸发与地下水交换，年内平均稳定在{say.cubic(left['mean_m3'])}"
        f"（{left['mean_m3'] / held:.0%}），最低{say.cubic(left['lowest_m3'])}。",
    )
    return Section(title, (Text(kept, strong=left["mean_m3"] < MUCH_LESS * held), Table(heads, tuple(rows), note)))


def tornado(plan: Plan, say: Say) -> Section:
    """Which assumptions matter: the plan's worth when each is moved by itself, the widest first."""
    bars = swings(plan, say)[:MOST_BARS]
    base = plan.economics.npv_cny
    picture = Picture(
        partial(_tornado, bars, base, say),
        say(
            "Net present value when one assumption is moved by 30 % (discount rate: by 3 points), the plan staying as it is.",
            "方案不变，单项假设变动30%（折现率变动3个百分点）时的净现值。",
        ),
        0.34,
    )
    turning = [name for name, low, high in bars if min(low, high) < 0 <= base or max(low, high) >= 0 > base]
    said = (
        say(f"These alone can turn the verdict: {', '.join(turning)}.", f"单项即可改变结论的假设：{'、'.join(turning)}。")
        if turning
        else say("None of them alone turns the verdict.", "任何单项都不足以改变结论。")
    )
    return Section(say("Which assumptions matter", "关键假设"), (picture, Text(said)))


def swings(plan: Plan, say: Say) -> list[tuple[str, float, float]]:
    """Net present value with each assumption low and high, yuan, the widest swing first."""
    money, scenario = plan.economics, plan.site.scenario
    cost, value = (money.flow[c].to_numpy(float) for c in ("cost_cny", "benefit_cny"))
    rate = scenario.number("economics.discount_rate")
    lump = money.lump_cny / money.cost_cny if money.cost_cny > 0 else 0.0

    def npv(costs: float, values: float, at: float) -> float:
        return float(np.sum(discounted(value * values - cost * costs, at)))

    found = [
        (say("works cost", "工程造价"), npv(1 - SWING * (1 - lump), 1, rate), npv(1 + SWING * (1 - lump), 1, rate)),
        (say("lump sums", "单列费用"), npv(1 - SWING * lump, 1, rate), npv(1 + SWING * lump, 1, rate)),
        (say("discount rate", "折现率"), npv(1, 1, max(rate - POINTS, 0.0)), npv(1, 1, rate + POINTS)),
        (say("benefits a year later", "收益推迟一年"), npv(1, 1, rate), _later(cost, value, rate)),
    ]
    for t in CHOICES:
        share = float(money.by_target["benefit_cny"].get(t, 0.0)) / money.benefit_cny if money.benefit_cny > 0 else 0.0
        name = say(f"value of {TARGETS[t].en.lower()}", f"{TARGETS[t].zh}单价")
        found.append((name, npv(1, 1 - SWING * share, rate), npv(1, 1 + SWING * share, rate)))
    return sorted(found, key=lambda bar: -abs(bar[2] - bar[1]))


def _later(cost: Any, value: Any, rate: float) -> float:
    late = np.concatenate([[0.0], value])
    return float(np.sum(discounted(late - np.concatenate([cost, [0.0]]), rate)))


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
    dressed(axes, x=say("net present value, hundred million yuan", "净现值（亿元）"))
    return made


def signing(plan: Plan, s: Mapping[str, Any], say: Say) -> Section:
    """A page to sign: for exactly this plan, by its fingerprint."""
    rows = tuple(
        (role, "", "", "")
        for role in (say("Prepared", "编制"), say("Checked", "审核"), say("Approved", "批准"), say("Owner", "业主"))
    )
    heads = (say("Role", "职责"), say("Name", "姓名"), say("Signature", "签字"), say("Date", "日期"))
    text = say(
        f"These signatures hold for the plan with the fingerprint {fingerprint(plan)} "
        f"({s['site']['units']:,} units, {say.mu(s['site']['area_mu'])}) and for no other.",
        f"以下签字仅对指纹为{fingerprint(plan)}的方案有效（{s['site']['units']:,}个单元，{say.mu(s['site']['area_mu'])}）。",
    )
    return Section(say("To be signed", "签署"), (Text(text), Table(heads, rows, words=(0, 1, 2, 3))))


def fingerprint(plan: Plan) -> str:
    """Sixteen digits that change with any unit's target or treatment."""
    lines = "\n".join(
        f"{unit}:{target}:{way}"
        for unit, target, way in zip(plan.units.index, plan.units["target"], plan.units["treatment"], strict=True)
    )
    return hashlib.sha256(lines.encode("utf-8")).hexdigest()[:16]
