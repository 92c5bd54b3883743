"""The workbook's sheet of published figures: each beside the plan's own and what the rules alone would give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.export.sheets import Book, Heading
from planner.plan.figures import figure_at, published_name
from planner.words import term


def write_published(book: Book, sheet: str, summary: Mapping[str, Any]) -> None:
    """One row per published figure; a figure that sources disagree on has a row for each. Nothing where none is known."""
    published = summary.get("published", [])
    if not published:
        return
    rules = _rules_alone(summary)
    rows = [
        (
            published_name(p, book.lang),
            float(p["value"]),
            figure_at(summary, str(p["key"])),
            figure_at(rules, str(p["key"])),
            term("unit", p["unit"], book.lang),
            book.say.held(str(p["source"]), str(p.get("source_zh") or p["source"])),
        )
        for p in published
    ]
    words = ("word.figure", "word.published", "word.plan", "word.rules_alone", "word.unit", "word.published_by")
    book.table(sheet, [Heading(book.say(code), "") for code in words], rows)


def _rules_alone(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What the rules of judgement alone give, keyed like the summary."""
    alone = summary.get("rules_alone", {})
    targets = alone.get("targets", {})

    def mu(*names: str) -> float:
        return sum(float(targets.get(name, {}).get("area_mu", 0.0)) for name in names)

    if not targets:
        return {}
    return {
        "site": {"area_mu": sum(float(t.get("area_mu", 0.0)) for t in targets.values())},
        "targets": targets,
        "restored_mu": mu("construction", "arable", "green"),
        "water_mu": mu("reservoir"),
        "water": {"storage_m3": alone.get("storage_m3")},
    }
