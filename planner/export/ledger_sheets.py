"""The workbook's sheets of three ledgers that are never summed, of limits, and of what a mu made another use brings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from planner.export.sheets import Book, Heading
from planner.plan.limits import limit_name
from planner.words import render, term, text

LEDGERS: Final = ("fiscal_cny", "quota_cny", "potential_cny")


def number(value: Any) -> float | None:
    """A figure as a number, None where it is not known."""
    return None if value is None else float(value)


def write_ledgers(book: Book, sheet: str, summary: Mapping[str, Any]) -> None:
    """A row a ledger and no total: they count different money."""
    ledgers, lang = summary.get("economics", {}).get("ledgers"), book.lang
    if not ledgers:
        return
    heads = [Heading(text("ledgers.ledger", lang), ""), Heading(text("word.amount", lang), term("unit", "yuan", lang))]
    heads.append(Heading(text("ledgers.counts", lang), ""))
    rows = [(text(f"ledgers.{k}", lang), float(ledgers[k]), text(f"ledgers.{k}_counts", lang)) for k in LEDGERS]
    book.table(sheet, heads, rows)


def write_exchange(book: Book, sheet: str, summary: Mapping[str, Any]) -> None:
    """A row for every pair of uses whose quotas bind."""
    rows, lang = summary.get("solver", {}).get("exchange"), book.lang
    if not rows:
        return
    heads = [
        Heading(text("ledgers.change", lang), ""),
        Heading(text("ledgers.brings", lang), term("unit", "yuan_per_mu", lang)),
        Heading(text("ledgers.sure", lang), ""),
    ]
    lines = [
        (
            text("ledgers.mu_made", lang, before=row["from"], after=row["to"]),
            float(row["cny_per_mu"]),
            text("ledgers.proven" if row["proven"] else "ledgers.within_gap", lang),
        )
        for row in rows
    ]
    book.table(sheet, heads, lines)


def write_limits(book: Book, sheet: str, summary: Mapping[str, Any]) -> None:
    """A row for every limit that binds, with its price."""
    say, binding = book.say, summary.get("solver", {}).get("binding", [])
    headings = [
        *(Heading(say(code), "") for code in ("workbook.limit", "word.allowed", "word.actual", "word.unit")),
        Heading(say("word.worth"), say.term("unit", "yuan")),
    ]
    rows = [
        (
            render(limit_name(b), book.lang),
            number(b.get("limit")),
            number(b.get("activity")),
            term("unit", b.get("unit", ""), book.lang),
            number(b.get("shadow_price")),
        )
        for b in binding
    ]
    book.table(sheet, headings, rows)
