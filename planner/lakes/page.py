"""The lakes through the years as a document: curves, tables and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from planner.report.document import Block, Document, Picture, Section, Table, Text
from planner.report.lakes import COLOURS, curves
from planner.units import mu_from_m2
from planner.words import render, text

if TYPE_CHECKING:
    from planner.plan.lakes.bodies import Body
    from planner.plan.lakes.record import LakeYearsRecord

RUNS: Final = tuple(COLOURS)


def document(found: LakeYearsRecord, lang: str) -> Document:
    """The lakes of a plan in one language."""
    site = found.plan.site
    name = site.name if lang == "zh" else site.scenario.site.name_en or site.name
    notes = "  ".join(render(note, lang) for note in found.notes)
    first = text("lakes.subtitle", lang, climate=found.climate, supply=found.supply_m3, use=found.use_m3)
    return Document(
        title=text("lakes.title", lang, site=name),
        subtitle=text("lakes.subtitle_notes", lang, subtitle=first, notes=notes),
        badge="",
        lang=lang,
        sections=tuple(s for body in found.lakes.bodies for s in (_levels(found, body, lang), _flood(found, body, lang))),
        footer=text("lakes.footer", lang, residual=found.residual_share),
    )


def _run(kind: str, lang: str) -> str:
    return text(f"lakes.run_{kind}", lang)


def _levels(found: LakeYearsRecord, body: Body, lang: str) -> Section:
    months = found.monthly(body.name)
    rows = found.table[found.table["reservoir_id"] == body.name].set_index("run")
    heads = [text(f"lakes.c_{c}", lang) for c in ("run", "lowest", "highest", "end", "kept", "spill", "needed", "fill")]
    lines = []
    for kind in RUNS:
        if kind not in rows.index:
            continue
        row = rows.loc[kind]
        filled = found.filling.at[body.name, kind] if kind in found.filling.columns else np.nan
        levels = (f"{row[c]:.2f}" for c in ("lowest_m", "highest_m", "end_m"))
        volumes = (f"{row[c] / 1e4:,.1f}" for c in ("spill_m3", "needed_m3"))
        lines.append((_run(kind, lang), *levels, f"{row['kept_share']:.0%}", *volumes, _plain(filled)))
    short = months[months["run"] != "series"]
    blocks: list[Block] = [
        Text(_largest(found, body, lang), strong=True),
        Table(tuple(heads), tuple(lines)),
        Picture(lambda width: curves(short, body.level_m, width, lang), text("lakes.levels_caption", lang)),
        Picture(
            lambda width: curves(months[months["run"] == "series"], body.level_m, width, lang),
            text("lakes.series_caption", lang),
        ),
    ]
    return Section(text("lakes.s_levels", lang, name=body.name), tuple(blocks))


def _largest(found: LakeYearsRecord, body: Body, lang: str) -> str:
    largest = found.largest_m2[body.name]
    if not np.isfinite(largest):
        return text("lakes.unlimited", lang)
    verdict = text("lakes.verdict_kept" if largest >= body.area_m2 else "lakes.verdict_lost", lang)
    return text("lakes.largest", lang, largest=mu_from_m2(largest), area=mu_from_m2(body.area_m2), verdict=verdict)


def _flood(found: LakeYearsRecord, body: Body, lang: str) -> Section:
    scenario, flood = found.plan.site.scenario, found.floods[body.name]
    freeboard = scenario.number("reservoir.freeboard_m")
    crest = flood.level_m + freeboard
    told = text(
        "lakes.flood",
        lang,
        rain=scenario.number(f"climate.{found.climate}.storm_mm"),
        peak_in=flood.peak_in_m3_s,
        weir=scenario.number("water.weir_m"),
        level=flood.level_m,
        peak_out=flood.peak_out_m3_s,
        freeboard=freeboard,
        crest=crest,
    )
    blocks: list[Block] = [Text(told)]
    if np.isfinite(body.rim_m):
        dyke = crest - body.rim_m
        more = (
            text("lakes.rim_high", lang, rim=body.rim_m)
            if dyke <= 0
            else text("lakes.rim_low", lang, rim=body.rim_m, dyke=dyke)
        )
        blocks.append(Text(more, strong=dyke > 0))
    return Section(text("lakes.s_flood", lang, name=body.name), tuple(blocks))


def _plain(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.1f}"
