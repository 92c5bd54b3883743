"""The sections on what it means: what moves it, what binds, what the data do not support."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from planner.core.money import discounted
from planner.plan.limits import limit_name
from planner.report.document import Block, Say, Section, Table, Text, plain
from planner.words import render, term, text

if TYPE_CHECKING:
    from planner.plan import Plan

SWINGS = (-0.3, -0.1, 0.1, 0.3)  # shares by which prices are moved in the sensitivities
RATES = (0.03, 0.05, 0.08)  # discount rates shown, 1/a
STAGES_M = (-0.5, -0.25, 0.25, 0.5)  # levels beside the normal one, m


def sensitivities(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """What moves if prices, rates or the water level are not as assumed, the plan staying as it is."""
    flow = plan.economics.flow
    cost, benefit = flow["cost_cny"].to_numpy(float), flow["benefit_cny"].to_numpy(float)
    rate = plan.site.scenario.number("economics.discount_rate")

    def npv(cost_share: float, value_share: float, at: float) -> float:
        return float(np.sum(discounted(benefit * value_share - cost * cost_share, at)))

    rows = [(say("as planned", "按方案"), say.yuan(npv(1, 1, rate)))]
    rows += [(say(f"cost {d:+.0%}", f"投资{d:+.0%}"), say.yuan(npv(1 + d, 1, rate))) for d in SWINGS]
    rows += [(say(f"value {d:+.0%}", f"收益{d:+.0%}"), say.yuan(npv(1, 1 + d, rate))) for d in SWINGS]
    rows += [(say(f"discount rate {r:.0%}", f"折现率{r:.0%}"), say.yuan(npv(1, 1, r))) for r in RATES]
    whole = npv(0, 1, rate)
    even = npv(1, 0, rate) / -whole if whole > 0 else float("nan")
    blocks: list[Block] = [
        Text(say("The plan stays as it is; only the assumption named is moved.", "方案不变，仅变动所列假设。")),
        Table((say("Assumption", "假设"), say("Net present value", "净现值")), tuple(rows)),
    ]
    if np.isfinite(even):
        blocks.append(
            Text(
                say(
                    f"It breaks even when the land and water are worth {even:.1%} of the values assumed.",
                    f"当收益达到假设值的{even:.1%}时盈亏平衡。",
                )
            )
        )
    blocks += _levels(plan, say)
    return Section(say("Sensitivities", "敏感性"), tuple(blocks))


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
            rows.append((f"{level + step:.2f} m ({step:+.2f})", say.cubic(float(np.interp(level + step, z, v)))))
    heads = (say(f"Level of {largest}", f"{largest}水位"), say("Storage", "蓄水量"))
    return [Table(heads, tuple(sorted(rows)), say("Storage read from the curve.", "蓄水量读自库容曲线。"))]


def binding(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """What the limits cost: the worth of one more mu, yuan, m³."""
    rows = []
    for row in s["solver"]["binding"]:
        worth = float(row["shadow_price"])
        rows.append(
            (
                render(limit_name(row), say.lang),
                plain(row.get("limit")),
                plain(row.get("activity")),
                f"{worth:+,.0f}" if abs(worth) >= 100 else f"{worth:+,.4g}",
                term("unit", row["unit"], say.lang),
            )
        )
    if not rows:
        return Section(
            say("What binds", "约束与影子价格"),
            (Text(say("No limit binds: the plan would be the same without them.", "没有起作用的约束：去掉约束方案不变。")),),
        )
    heads = (
        say("Limit", "约束"),
        say("Allowed", "限值"),
        say("Taken", "实际"),
        say("Net value if the limit is one larger, yuan", "限值每增大一单位，净收益变化（元）"),
        say("per", "单位"),
    )
    told = say(
        "Each limit below shapes the plan. Its price is what the plan's net value would gain if the limit's figure were "
        "one unit larger; "
        "for a minimum it is negative, for then more is demanded. Prices hold for small changes.",
        "下列约束决定了方案。影子价格为限值增大一单位时总净收益的变化；对下限约束为负，因为要求更高。仅适用于小幅变化。",
    )
    blocks: list[Block] = [Text(told), Table(heads, tuple(rows), words=(0, 4))]
    return Section(say("What binds", "约束与影子价格"), (*blocks, *_exchange(s, say.lang)))


def _exchange(s: dict[str, Any], lang: str) -> list[Block]:
    """What a mu of one use made another brings, each pair once, in the direction that brings more."""
    pairs = [row for row in s["solver"].get("exchange", []) if row["cny_per_mu"] > 0 and row["proven"]]
    if not pairs:
        return []
    pairs.sort(key=lambda row: -row["cny_per_mu"])
    told = [(text("ledgers.mu_made", lang, before=r["from"], after=r["to"]), r["cny_per_mu"]) for r in pairs]
    rows = [text("ledgers.row", lang, change=change, brings=brings) for change, brings in told]
    return [Text(text("ledgers.exchange_told", lang, rows=("；" if lang == "zh" else "; ").join(rows)))]


def limits(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """What the data do not support."""
    parameters = plan.site.scenario.parameters
    assumed = sum(p.trust in ("A", "M") for p in parameters.values())
    points = []
    if s["site"]["kind"] == "reconstruction":
        points.append(
            say(
                "This site is a reconstruction: terrain, panels and parcels were built from published totals and named "
                "assumptions. "
                "It is not survey data and must not be used to decide on a particular piece of land.",
                "本示例为情景重建：地形、工作面和地块依据公开总量数据与列明的假设生成，并非测绘成果，不得用于具体地块的决策。",
            )
        )
    points += [
        say(
            f"{assumed} of {len(parameters)} parameters are assumptions or common knowledge of the field, not local "
            f"prices or surveys; "
            "each can be replaced in site.toml.",
            f"{len(parameters)}项参数中有{assumed}项为假设或行业通用值，并非当地价格或实测值，均可在site.toml中替换。",
        ),
        say(
            "Areas and volumes are exact for the terrain given; they are as good as that terrain and the water table are.",
            "面积与体积对所给地形是精确的，其可靠程度取决于地形和水位资料。",
        ),
        say(
            "Values of land are assumptions about its use, not offers; they weigh the targets against each other.",
            "土地收益为用途价值假设，并非成交价格，用于各用途之间的权衡。",
        ),
        say(
            "The plan does not replace site investigation, design or approval.",
            "本方案不能替代勘察、设计与审批。",
        ),
    ]
    return Section(say("Limits of the data", "资料的局限"), tuple(Text(f"• {p}") for p in points))
