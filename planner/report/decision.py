"""The first page: the decision, on one page, in plain words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from planner.columns import RESERVOIRS, UNITS
from planner.landuse import CHOICES, TARGETS, UNRESTORED
from planner.plan.figures import key_name
from planner.plan.verdict import verdict
from planner.report.charts import before_after
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
    shown = say("report.map_caption")
    blocks: list[Block] = [
        Text(render(told.sentence, say.lang), strong=True),
        Table((say("report.step"), say("report.says")), steps, words=(0, 1)),
        Picture(partial(_map, plan, say, ratio), shown),
        target_table(summary, say),
        *(Text(render(line, say.lang)) for line in approvals(summary)),
        Text(certificate(summary, say)),
    ]
    if summary["warnings"]:
        blocks.append(Text(_caution(len(summary["warnings"]), say)))
    return Section(say("report.decision"), tuple(blocks))


def _map(plan: Plan, say: Say, ratio: float, width: float) -> Any:
    return before_after(plan, say, width, ratio)


def _caution(count: int, say: Say) -> str:
    return say("report.caution", count=count)


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
                say.term("target", key),
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
        say("word.total"),
        f"{sums[0]:,.1f}",
        "100.0 %",
        f"{sums[1]:,}",
        f"{sums[2] / 1e4:,.0f}",
        f"{sums[3] / 1e4:,.0f}",
    )
    heads = (
        say.head(UNITS["target"]),
        say.head(UNITS["area_mu"]),
        say("report.share"),
        say.head(RESERVOIRS["units"]),
        say.figure(say("report.works"), "1e4_yuan"),
        say.figure(key_name("economics.benefit_cny", say.lang), "1e4_yuan"),
    )
    return Table(heads, (*rows, last), swatches=(*colours, ""))


def certificate(s: dict[str, Any], say: Say) -> str:
    """What was proven of the plan, in plain words."""
    p = s["solver"]
    behind, gap = max(0.0, p["bound"] - p["objective"]), 100 * p["gap"]
    if p["status"] == "optimal":
        return say("report.proof", behind=behind, gap=gap, cost=100 * p["gap_of_cost"])
    return say("report.proof_stopped", status=p["status"], behind=behind, gap=gap)
