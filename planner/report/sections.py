"""The sections after the decision: how, from what, and what it means."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from planner.landuse import CHOICES, TREATMENTS, UNRESTORED
from planner.plan.figures import figure_at, key_name
from planner.report import charts
from planner.report.charts import target_name
from planner.report.document import Block, Picture, Say, Section, Table, Text, plain
from planner.words import term

if TYPE_CHECKING:
    from planner.plan import Plan

PARTS = ("what", "value", "why")  # of a decision


def picture(draw: Any, plan: Plan, say: Say, caption: str, ratio: float) -> Picture:
    """A chart of the plan that is drawn when it is needed."""
    return Picture(partial(_drawn, draw, plan, say, ratio), caption, ratio)


def _drawn(draw: Any, plan: Plan, say: Say, ratio: float, width: float) -> Any:
    return draw(plan, say, width, ratio)


def method(say: Say) -> Section:
    """How a plan comes about, in one paragraph a step."""
    steps = say(
        "The subsided land is cut into planning units along depth lines, water lines, parcels, constraints and a "
        "largest size; no "
        "area is lost. Every unit is measured (ellipsoidal area, depth, slope, water in dry, normal and wet season, "
        "what the ground "
        "still has to give). Published rules then say, limiting factor first, which of construction, arable, green and "
        "reservoir "
        "it may become.",
        "沉陷区按沉陷深度线、水位线、地块、限制条件和最大面积划分为规划单元，面积不增不减。逐单元量测（椭球面积、沉陷深度、"
        "坡度、枯平丰水期积水、残余变形），再按公布的规则，限制因子优先，判定可否作为建设用地、耕地、绿地或水库。",
    )
    options = say(
        "Each allowed way of treating a unit is priced: earth to dig and place, works, value, storage, year of use. An "
        "optimiser "
        "picks one per unit so that the plan is worth most while quotas, budget, earth balance, storage and water "
        "levels hold: a "
        "unit can be lake only if the next deeper one on its way to the bottom is lake too. It reports a bound no plan "
        "can exceed.",
        "对每个单元的每种可行治理方式计算填挖方、投资、收益、蓄水量和可用年份；在用途指标、预算、土方平衡、蓄水量和水位约束下，"
        "由优化求解逐单元选定一种，使总净收益最大；仅当更深一级单元为水面时该单元才可为水面。"
        "求解同时给出任何方案都无法超过的上界。",
    )
    after = say(
        "What was chosen is then assessed as a whole: connected lakes and their storage curves, who digs for whom, cash flow. "
        "Areas are ellipsoidal; 1 mu is 666.67 m². Volumes are integrals over the terrain's cells.",
        "最后对所选方案整体核算：连通水体及库容曲线、土方调配、现金流。面积为椭球面积，1亩=666.67平方米；体积按地形栅格积分。",
    )
    return Section(say("Method", "方法"), (Text(steps), Text(options), Text(after)))


def inputs(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """Files by hash, what the program settled itself, warnings."""
    made = s["provenance"]
    blocks: list[Block] = [
        Table(
            (say("Role", "用途"), say("File", "文件"), "SHA-256"),
            tuple((term("role", f["role"], say.lang), f["path"], f["sha256"][:16]) for f in made["inputs"]),
            say("Input files; first 16 digits of their hash.", "输入文件及其哈希值前16位。"),
            words=(0, 1, 2),
        )
    ]
    if made["decisions"]:
        blocks.append(
            Table(
                (say("What", "事项"), say("Taken", "取值"), say("Why", "理由")),
                tuple(tuple(say(d[part], d.get(f"{part}_zh") or d[part]) for part in PARTS) for d in made["decisions"]),
                say("What the input did not say and the program settled.", "输入未说明而由程序确定的事项。"),
                words=(0, 1, 2),
            )
        )
    if s["warnings"]:
        blocks.append(Text(say("Warnings:", "提示：")))
        blocks += [Text(f"• {say(en, zh)}") for en, zh in zip(s["warnings"], s["warnings_zh"], strict=True)]
    return Section(say("Inputs and decisions", "输入与取值"), tuple(blocks))


def targets(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """Targets by treatment, over depth, and against the rules alone."""
    rows = []
    for entry in s["treatments"]:
        way = TREATMENTS.get(entry["treatment"])
        name = say(way.en, way.zh) if way else entry["treatment"]
        rows.append((target_name(entry["target"], say), name, f"{entry['area_mu']:,.1f}", f"{entry['units']:,}"))
    heads = (say("Target", "用途"), say("Treatment", "治理方式"), say("Area, mu", "面积（亩）"), say("Units", "单元数"))
    rules = s["rules_alone"]
    share = 100 * rules["agreement_mu"] / s["site"]["area_mu"]
    compared = tuple(
        (
            target_name(t, say),
            f"{s['targets'][t]['area_mu']:,.1f}",
            f"{rules['targets'][t]['area_mu']:,.1f}",
            f"{s['targets'][t]['area_mu'] - rules['targets'][t]['area_mu']:+z,.1f}",
        )
        for t in (*CHOICES, UNRESTORED)
    )
    return Section(
        say("By target", "分用途说明"),
        (
            Table(heads, tuple(rows), words=(0, 1)),
            picture(
                charts.depth_profile,
                plan,
                say,
                say("Targets over the depth of subsidence.", "各用途在不同沉陷深度的分布。"),
                0.42,
            ),
            Text(
                say(
                    f"The published rules alone, without quotas, money, earth and water levels, agree with the plan on "
                    f"{share:.1f} % of the land.",
                    f"若仅按判定规则、不计指标、资金、土方和水位，与本方案一致的面积占{share:.1f}%。",
                )
            ),
            Table(
                (say("mu", "亩"), say("Plan", "本方案"), say("Rules alone", "仅按规则"), say("Difference", "差值")),
                compared,
            ),
        ),
    )


def water(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """Reservoirs and their storage curves."""
    if not len(plan.reservoirs):
        return Section(say("Reservoirs", "水库"), (Text(say("The plan has no reservoir.", "本方案不设水库。")),))
    frame = plan.reservoirs.sort_values("storage_m3", ascending=False, kind="stable")
    heads = (
        say("Reservoir", "水库"),
        say("Level, m", "水位（米）"),
        say("Area, mu", "面积（亩）"),
        say("Storage, 10⁴ m³", "蓄水量（万立方米）"),
        say("Mean depth, m", "平均水深（米）"),
        say("Size class", "规模"),
    )
    rows = []
    for name, row in frame.iterrows():
        area = float(row["area_mu"])
        mean = float(row.get("mean_depth_m", row["storage_m3"] / (area * 10000 / 15) if area else 0.0))
        rows.append(
            (
                str(name),
                f"{row['level_m']:.2f}",
                f"{area:,.1f}",
                f"{row['storage_m3'] / 1e4:,.1f}",
                f"{mean:.2f}",
                term("size", row["size_class"], say.lang),
            )
        )
    shown, rest = rows[:20], len(rows) - 20
    more = say(
        f"The 20 largest of {len(rows)}; all are in tables.xlsx.", f"共{len(rows)}座，列出最大的20座，全部见tables.xlsx。"
    )
    caption = more if rest > 0 else ""
    return Section(
        say("Reservoirs", "水库"),
        (
            Table(heads, tuple(shown), caption, words=(0, 5)),
            picture(
                charts.storage_curves,
                plan,
                say,
                say("Storage curves; the dot is the normal level.", "库容曲线，圆点为正常蓄水位。"),
                0.5,
            ),
        ),
    )


def earth(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """Cut, fill, and how far earth is carried."""
    e = s["earthwork"]
    factor = plan.site.scenario.number("earthwork.compaction")
    text = say(
        f"{say.cubic(e['cut_m3'])} are dug (measured in the bank) and {say.cubic(e['fill_m3'])} placed; a cubic metre "
        f"dug fills {factor:g} m³. "
        f"{say.cubic(e['import_m3'])} come from outside, {say.cubic(e['export_m3'])} leave, and "
        f"{say.cubic(e.get('spread_m3', 0.0))} are left over and spread over the site.",
        f"挖方{say.cubic(e['cut_m3'])}（自然方），填方{say.cubic(e['fill_m3'])}（压实方），每立方米挖方可填{factor:g}立方米；"
        f"外购土{say.cubic(e['import_m3'])}，外运土{say.cubic(e['export_m3'])}，"
        f"余土{say.cubic(e.get('spread_m3', 0.0))}在场内摊铺。",
    )
    blocks: list[Block] = [Text(text)]
    carried = plan.haul[plan.haul["from_unit"] != plan.haul["to_unit"]] if len(plan.haul) else plan.haul
    if len(carried) and float(carried["m3"].sum()) > 0:
        blocks.append(
            Text(
                say(
                    f"Carried at the least haul, earth travels {e.get('mean_haul_m', 0.0):,.0f} m on average.",
                    f"按最小运距调配，平均运距{e.get('mean_haul_m', 0.0):,.0f}米。",
                )
            )
        )
        blocks.append(picture(charts.haul_distances, plan, say, say("Earth by haul distance.", "按运距统计的土方量。"), 0.4))
    return Section(say("Earthwork", "土方"), tuple(blocks))


def money(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """Cash flow, lump sums, who pays, and published figures beside the plan's."""
    economics = plan.economics
    blocks: list[Block] = [
        picture(
            charts.cash_flow,
            plan,
            say,
            say("Cost, value and the discounted sum by year.", "逐年投资、收益与累计净现值。"),
            0.45,
        )
    ]
    for frame, caption in (
        (economics.items, say("Lump sums that no unit carries.", "单列费用（不分摊到单元）。")),
        (economics.funds, say("Who pays.", "资金来源。")),
    ):
        if not len(frame):
            continue
        heads = (say("Item", "项目"), say("10⁴ yuan", "万元"), say("Source", "依据"))
        rows = tuple((str(say(r.name_en, r.name)), f"{r.cny / 1e4:,.0f}", str(r.source)) for r in frame.itertuples(index=False))
        blocks.append(Table(heads, rows, caption, words=(0, 2)))
    if s["published"]:
        known = (
            *(say("Figure", "指标"), say("Published", "公布值"), say("Plan", "方案")),
            *(say("Unit", "单位"), say("Source", "来源")),
        )
        figures = tuple(
            (
                key_name(p["key"], say.lang),
                plain(p["value"]),
                plain(figure_at(s, p["key"])),
                term("unit", p["unit"], say.lang),
                p["source"],
            )
            for p in s["published"]
        )
        caption = say("Published figures, for comparison only.", "公布数据，仅供对照。")
        blocks.append(Table(known, figures, caption, words=(0, 3, 4)))
    return Section(say("Money", "资金"), tuple(blocks))
