"""The workbook's sheets of three ledgers that are never summed, and of what a mu of one use made another would bring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from planner.export.sheets import Book, Heading
from planner.words import term, text

LEDGERS: Final = ("fiscal_cny", "quota_cny", "potential_cny")


def write_ledgers(book: Book, sheet: str, summary: Mapping[str, Any]) -> None:
    """A row a ledger and no total: they count different money."""
    ledgers, lang = summary.get("economics", {}).get("ledgers"), book.lang
    if not ledgers:
        return
    heads = [Heading(text("ledgers.ledger", lang), ""), Heading(text("ledgers.sum", lang), term("unit", "yuan", lang))]
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
