"""The sections after the decision: how, from what, and what it means."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from planner.columns import RESERVOIRS, UNITS
from planner.landuse import CHOICES, UNRESTORED
from planner.plan.figures import figure_at, published_name
from planner.report import charts
from planner.report.document import Block, Picture, Say, Section, Table, Text
from planner.report.dykes import dykes
from planner.units import m2_from_mu
from planner.words import term

if TYPE_CHECKING:
    from planner.plan import Plan

PARTS = ("what", "value", "why")  # of a decision


def picture(draw: Any, plan: Plan, say: Say, caption: str, ratio: float) -> Picture:
    """A chart of the plan that is drawn when it is needed."""
    return Picture(partial(_drawn, draw, plan, say, ratio), caption)


def _drawn(draw: Any, plan: Plan, say: Say, ratio: float, width: float) -> Any:
    return draw(plan, say, width, ratio)


def method(say: Say) -> Section:
    """How a plan comes about, in one paragraph a step."""
    steps = say("report.method_units")
    options = say("report.method_options")
    after = say("report.method_after")
    return Section(say("word.method"), (Text(steps), Text(options), Text(after)))


def inputs(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """Files by hash, what the program settled itself, warnings."""
    made = s["provenance"]
    blocks: list[Block] = [
        Table(
            (say("report.role"), say("report.file"), "SHA-256"),
            tuple((term("role", f["role"], say.lang), f["path"], f["sha256"][:16]) for f in made["inputs"]),
            say("report.files"),
            words=(0, 1, 2),
        )
    ]
    if made["decisions"]:
        blocks.append(
            Table(
                (say("report.settled"), say("report.taken"), say("report.why")),
                tuple(tuple(say.held(d[part], d.get(f"{part}_zh") or d[part]) for part in PARTS) for d in made["decisions"]),
                say("report.settled_told"),
                words=(0, 1, 2),
            )
        )
    if s["warnings"]:
        blocks.append(Text(say("report.warnings")))
        blocks += [Text(f"• {say.held(en, zh)}") for en, zh in zip(s["warnings"], s["warnings_zh"], strict=True)]
    return Section(say("report.inputs"), tuple(blocks))


def targets(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """Targets by treatment, over depth, and against the rules alone."""
    rows = []
    for entry in s["treatments"]:
        rows.append(
            (
                say.term("target", entry["target"]),
                say.term("treatment", entry["treatment"]),
                f"{entry['area_mu']:,.1f}",
                f"{entry['units']:,}",
            )
        )
    heads = (*(say.head(UNITS[c]) for c in ("target", "treatment", "area_mu")), say.head(RESERVOIRS["units"]))
    rules = s["rules_alone"]
    share = 100 * rules["agreement_mu"] / s["site"]["area_mu"]
    compared = tuple(
        (
            say.term("target", t),
            f"{s['targets'][t]['area_mu']:,.1f}",
            f"{rules['targets'][t]['area_mu']:,.1f}",
            f"{s['targets'][t]['area_mu'] - rules['targets'][t]['area_mu']:+z,.1f}",
        )
        for t in (*CHOICES, UNRESTORED)
    )
    return Section(
        say("report.by_target"),
        (
            Table(heads, tuple(rows), words=(0, 1)),
            picture(
                charts.depth_profile,
                plan,
                say,
                say("report.depth_profile"),
                0.42,
            ),
            Text(say("report.agreement", share=share)),
            Table(
                (say.term("unit", "mu"), say("word.plan"), say("word.rules_alone"), say("report.difference")),
                compared,
            ),
        ),
    )


def water(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """Reservoirs and their storage curves."""
    if not len(plan.reservoirs):
        return Section(say("layer.reservoirs"), (Text(say("report.no_reservoir")),))
    frame = plan.reservoirs.sort_values("storage_m3", ascending=False, kind="stable")
    classed = plan.site.scenario.locale.told.native  # the classes of SL 252 are China's
    heads = (
        *(say.head(RESERVOIRS[c]) for c in ("reservoir_id", "level_m", "area_mu")),
        say.head(RESERVOIRS["storage_m3"], "1e4_m3"),
        say.head(RESERVOIRS["mean_depth_m"]),
        *([say.head(RESERVOIRS["size_class"])] if classed else []),
    )
    rows = []
    for name, row in frame.iterrows():
        area = float(row["area_mu"])
        mean = float(row.get("mean_depth_m", row["storage_m3"] / m2_from_mu(area) if area else 0.0))
        rows.append(
            (
                str(name),
                f"{row['level_m']:.2f}",
                f"{area:,.1f}",
                f"{row['storage_m3'] / 1e4:,.1f}",
                f"{mean:.2f}",
                *([say.term("size", row["size_class"])] if classed else []),
            )
        )
    shown, rest = rows[:20], len(rows) - 20
    caption = say("report.largest", count=len(rows)) if rest > 0 else ""
    return Section(
        say("layer.reservoirs"),
        (
            Table(heads, tuple(shown), caption, words=(0, 5) if classed else (0,)),
            picture(
                charts.storage_curves,
                plan,
                say,
                say("report.storage_curves"),
                0.5,
            ),
            *dykes(s, say),
        ),
    )


def earth(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """Cut, fill, and how far earth is carried."""
    e = s["earthwork"]
    factor = plan.site.scenario.number("earthwork.compaction")
    told = say(
        "report.earth_told",
        cut=e["cut_m3"],
        fill=e["fill_m3"],
        factor=factor,
        brought=e["import_m3"],
        taken=e["export_m3"],
        left=e.get("spread_m3", 0.0),
    )
    blocks: list[Block] = [Text(told)]
    drained = s.get("drainage", {})
    if drained.get("cost_cny", 0.0) > 0:
        figures = {"earth": "ditch_m3", "mu": "ditched_mu", "power": "pump_kw", "pumped": "pumped_mu", "cost": "cost_cny"}
        told_of = {name: drained[key] for name, key in figures.items()}
        pumps = say("drains.pumps", **told_of) if drained["pump_kw"] > 0 else ""
        blocks.append(Text(say("drains.told", pumps=pumps, **told_of)))
    carried = plan.haul[plan.haul["from_unit"] != plan.haul["to_unit"]] if len(plan.haul) else plan.haul
    if len(carried) and float(carried["m3"].sum()) > 0:
        blocks.append(Text(say("report.mean_haul", haul=e.get("mean_haul_m", 0.0))))
        blocks.append(picture(charts.haul_distances, plan, say, say("report.haul_distances"), 0.4))
    return Section(say("sheet.earth"), tuple(blocks))


def money(plan: Plan, s: dict[str, Any], say: Say) -> Section:
    """Cash flow, lump sums, who pays, and published figures beside the plan's."""
    economics = plan.economics
    blocks: list[Block] = [
        picture(
            charts.cash_flow,
            plan,
            say,
            say("report.cash_flow"),
            0.45,
        )
    ]
    for frame, caption in (
        (economics.items, say("report.lump_sums")),
        (economics.funds, say("report.who_pays")),
    ):
        if not len(frame):
            continue
        heads = (say("word.item"), say.term("unit", "1e4_yuan"), say("word.source"))
        rows = tuple(
            (str(say.held(r.name_en, r.name)), f"{r.cny / 1e4:,.0f}", str(say.held(r.source, r.source_zh)))
            for r in frame.itertuples(index=False)
        )
        blocks.append(Table(heads, rows, caption, words=(0, 2)))
    if s["published"]:
        known = (
            say("word.figure"),
            say("word.published"),
            say("word.plan"),
            say("word.published_by"),
        )
        figures = tuple(_beside(p, figure_at(s, p["key"]), say) for p in s["published"])
        caption = say("report.published")
        blocks.append(Table(known, figures, caption, words=(0, 3)))
    return Section(say("sheet.money"), tuple(blocks))


def _beside(told: dict[str, Any], own: float | None, say: Say) -> tuple[str, ...]:
    """A published figure beside the plan's own: name, both figures, source."""
    return (
        published_name(told, say.lang),
        say.quantity(told["value"], told["unit"]),
        say.quantity(own, told["unit"]),
        say.held(told["source"], told.get("source_zh") or told["source"]),
    )
