"""The report of a plan, put together and written."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.files import write_whole
from planner.report import choices, lakes, meaning, sections, stakes
from planner.report.decision import decision
from planner.report.document import Document, Say, Section
from planner.report.fonts import HINT, chinese_family
from planner.report.html import as_html
from planner.report.pdf import as_pdf
from planner.report.told import told_in
from planner.words import say as tell
from planner.words import text

if TYPE_CHECKING:
    from planner.plan import Plan

LONGEST_NAME = 120  # characters of a site's name that stand in the title
log = logging.getLogger(__name__)


def compose(plan: Plan, *, lang: str = "en", chapters: tuple[Section, ...] = ()) -> Document:
    """The report of a plan as a document; chapters: what other rooms have to say of it, before how far it can be trusted.

    Raises InvalidInput where lang is neither `en` nor `zh`.
    """
    say = Say(lang)
    s = plan.summary()
    name = say.held(s["site"].get("name_en") or s["site"]["name"], s["site"]["name"])
    name = name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…"
    number = plan.site.scenario.site.approval_number
    document = Document(
        title=name,
        subtitle=_subtitle(s, say, number if plan.site.scenario.locale.told.native else None),
        badge=say("word.reconstruction") if s["site"]["kind"] == "reconstruction" else "",
        lang=lang,
        sections=(
            decision(plan, s, say),
            choices.alternatives(plan, s, say),
            stakes.treasury(plan, s, say),
            stakes.people(plan, s, say),
            lakes.through_years(plan, s, say),
            stakes.tornado(plan, say),
            stakes.signing(plan, s, say),
            sections.method(say),
            sections.inputs(plan, s, say),
            sections.targets(plan, s, say),
            sections.water(plan, s, say),
            sections.earth(plan, s, say),
            sections.money(plan, s, say),
            *chapters,
            meaning.sensitivities(plan, s, say),
            meaning.binding(plan, s, say),
            meaning.limits(plan, s, say),
        ),
        footer=_footer(s, say),
    )
    return told_in(document, plan.site.scenario.locale.told)


def _subtitle(s: dict[str, Any], say: Say, number: str | None) -> str:
    site = s["site"]
    subtitle = say("report.subtitle", year=site["year"], units=site["units"], parcels=site["parcels"])
    if number is None:  # where no map needs one
        return subtitle
    approval = tell("report.approval", number=number or tell("word.internal"))
    return say("report.subtitle_approved", subtitle=subtitle, number=approval)


def _footer(s: dict[str, Any], say: Say) -> str:
    version = s["provenance"]["versions"].get("subsidence-planner", "")
    return say("report.footer", version=version, crs=s["site"]["crs"])


def report_html(plan: Plan, *, lang: str = "en") -> str:
    """The report as one HTML page that needs nothing outside itself."""
    return as_html(compose(plan, lang=lang))


def report_pdf(plan: Plan, *, lang: str = "en") -> bytes:
    """The report as an A4 PDF with its fonts inside.

    Without a Chinese font on the system a Chinese report is set in English and says so on its first page.
    """
    if chinese_family() is not None:
        return as_pdf(compose(plan, lang=lang))
    if lang == "zh":
        log.warning("no Chinese font on this system: report.pdf is written in English; %s", HINT)
    return as_pdf(compose(plan, lang="en"), note=text("report.no_chinese_font", "en"))


def write_report(
    plan: Plan, folder: str | Path, *, lang: str = "en", overwrite: bool = True, chapters: tuple[Section, ...] = ()
) -> tuple[Path, Path]:
    """Writes report.html and report.pdf into a folder, each whole or not at all; their paths. chapters: as compose takes them.

    Raises OutputExists where one exists and overwrite is off; PlannerError where matplotlib is missing or the system refuses.
    """
    document = compose(plan, lang=lang, chapters=chapters)
    page = as_html(document)
    sheets = as_pdf(document) if chinese_family() is not None else report_pdf(plan, lang=lang)
    target = Path(folder)
    first = write_whole(target / "report.html", page, overwrite=overwrite)
    return first, write_whole(target / "report.pdf", sheets, overwrite=overwrite)
