"""The workbook's sheet of years: land that becomes ready, money and earth, with totals that are formulas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from planner.columns import YEARS
from planner.export.sheets import Book, Heading, headings_of
from planner.landuse import CHOICES
from planner.words import term, text

MONEY: Final = ("cost_cny", "benefit_cny")
EARTH: Final = ("cut_m3", "fill_m3", "import_m3", "export_m3", "stock_m3")


def write_years(book: Book, sheet: str, summary: Mapping[str, Any]) -> None:
    """A row a year; everything but the stockpile adds up to the plan's totals."""
    rows, lang = summary.get("years") or [], book.lang
    if not rows:
        return
    targets = [t for t in CHOICES if any(row["ready_mu"].get(t) for row in rows)]
    heads = headings_of(["year"], YEARS, lang)
    heads += [Heading(text("years.ready", lang, target=t), term("unit", "mu", lang)) for t in targets]
    heads += headings_of((*MONEY, *EARTH), YEARS, lang)
    lines = [
        (row["year"], *(row["ready_mu"].get(t, 0.0) for t in targets), *(row[c] for c in (*MONEY, *EARTH))) for row in rows
    ]
    book.table(sheet, heads, lines, total=text("word.total", lang), add=range(1, len(heads) - 1))
