"""The first page: the decision, on one page, in plain words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from planner.landuse import CHOICES, TARGETS, UNRESTORED
from planner.plan.verdict import verdict
from planner.report.charts import before_after, target_name
from planner.report.document import Block, Picture, Say, Section, Table, Text
from planner.words import Message, render, term
from planner.words import say as tell

if TYPE_CHECKING:
    from planner.plan import Plan


def decision(plan: Plan, summary: dict[str, Any], say: Say) -> Section:
    """What is proposed, where, for how much, and how good it is known to be."""
    told = verdict(summary)
    steps = tuple(
        (f"{i}. {term('step', key, say.lang)}", render(message, say.lang)) for i, (key, message) in enumerate(told.steps, 1)
    )
    west, south, east, north = plan.units.total_bounds
    ratio = float(min(0.7, max(0.3, 0.5 * (north - south) / max(east - west, 1.0) + 0.14)))
    shown = say("Today and the plan by target.", "现状积水与规划方案。")
    blocks: list[Block] = [
        Text(render(told.sentence, say.lang), strong=True),
        Table((say("Step", "步骤"), say("What it says", "要点")), steps, words=(0, 1)),
        Picture(partial(_map, plan, say, ratio), shown, ratio),
        target_table(summary, say),
        *(Text(render(line, say.lang)) for line in approvals(summary)),
        Text(certificate(summary, say)),
    ]
    if summary["warnings"]:
        blocks.append(Text(_caution(len(summary["warnings"]), say)))
    return Section(say("Decision", "决策要点"), tuple(blocks))


def _map(plan: Plan, say: Say, ratio: float, width: float) -> Any:
    return before_after(plan, say, width, ratio)


def _caution(count: int, say: Say) -> str:
    words = "warning" if count == 1 else "warnings"
    return say(
        f"Before relying on it: {count} {words} about the data, listed under “Inputs and decisions”.",
        f"使用前请注意：数据方面有{count}条提示，见“输入与取值”一节。",
    )


def approvals(s: dict[str, Any]) -> list[Message]:
    """What the plan needs others to agree to: protected land it lies on, and farmland it takes or gives."""
    kinds = [tell("decision.kind", kind=r["kind"], mu=r["area_mu"]) for r in s["protection"] if r["area_mu"] > 0]
    broken = sum(r.get("broken_mu", 0.0) for r in s["protection"])
    told = [tell("decision.approvals", kinds=kinds, broken=broken)] if kinds else []
    farm = s.get("farmland") or {}
    if farm.get("before_mu") is not None:
        told.append(tell("decision.farmland", lost=farm["lost_mu"], new=farm["new_mu"], after=farm["after_mu"]))
    return told


def target_table(s: dict[str, Any], say: Say) -> Table:
    """Area, share, cost and value by target, with a total."""
    total = s["site"]["area_mu"]
    rows, colours = [], []
    for key in (*CHOICES, UNRESTORED):
        entry = s["targets"][key]
        if entry["units"] == 0:
            continue
        colours.append(TARGETS[key].colour)
        rows.append(
            (
                target_name(key, say),
                f"{entry['area_mu']:,.1f}",
                f"{100 * entry['area_mu'] / total:.1f} %",
                f"{entry['units']:,}",
                f"{entry['cost_cny'] / 1e4:,.0f}",
                f"{entry['benefit_cny'] / 1e4:,.0f}",
            )
        )
    sums = [
        sum(s["targets"][k][name] for k in (*CHOICES, UNRESTORED)) for name in ("area_mu", "units", "cost_cny", "benefit_cny")
    ]
    last = (
        say("Total", "合计"),
        f"{sums[0]:,.1f}",
        "100.0 %",
        f"{sums[1]:,}",
        f"{sums[2] / 1e4:,.0f}",
        f"{sums[3] / 1e4:,.0f}",
    )
    heads = (
        say("Target", "用途"),
        say("Area, mu", "面积（亩）"),
        say("Share", "占比"),
        say("Units", "单元数"),
        say("Works, 10⁴ yuan", "工程投资（万元）"),
        say("Value, 10⁴ yuan", "收益（万元）"),
    )
    return Table(heads, (*rows, last), swatches=(*colours, ""))


def certificate(s: dict[str, Any], say: Say) -> str:
    """What was proven of the plan, in plain words."""
    p = s["solver"]
    behind, gap = say.yuan(max(0.0, p["bound"] - p["objective"])), f"{100 * p['gap']:.4f}"
    cost = f"{100 * p['gap_of_cost']:.2f}"
    if p["status"] == "optimal":
        return say(
            f"Proof: under the same limits and prices no plan whatever can be worth more than {behind} above this one "
            f"({gap} % of its net value, {cost} % of its cost); the bound was computed, not guessed.",
            f"最优性证明：在相同约束和价格下，任何方案的净收益最多比本方案高{behind}（占净收益的{gap}%、投资的{cost}%）；该上界为计算所得。",
        )
    return say(
        f"Proof: the search stopped early ({p['status']}). A better plan may exist, but none can be worth more than "
        f"{behind} above this one ({gap} %).",
        f"最优性证明：计算提前结束（{p['status']}）。或有更优方案，但净收益最多高{behind}（{gap}%）。",
    )
