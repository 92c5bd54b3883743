"""The folder of a project's money: figures, workbook, report; all of it at once or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from planner.columns import FINANCE, FINANCE_YEARS, SENSITIVITY
from planner.export.folder import json_text
from planner.export.sheets import Book, Formula, Heading, headings_of
from planner.files import whole_folder, written_as
from planner.finance.chapter import document, sum_name
from planner.report import as_html, as_pdf
from planner.report.fonts import chinese_family
from planner.words import render, text

if TYPE_CHECKING:
    from planner.finance.noun import Finance

OWNED: Final = ("summary.json", "tables.xlsx", "report.html", "report.pdf")


def save(found: Finance, folder: str | Path, *, overwrite: bool = False, lang: str = "en") -> Path:
    """Writes summary.json, tables.xlsx, report.html and report.pdf (not in Chinese where no font for it is there)."""
    page = document(found, lang=lang)
    with whole_folder(folder, overwrite=overwrite, is_ours=written_as("planner.finance/"), owned=OWNED.__contains__) as work:
        (work / "summary.json").write_text(json_text(found.summary()), encoding="utf-8")
        write_workbook(work / "tables.xlsx", found, lang=lang)
        (work / "report.html").write_text(as_html(page), encoding="utf-8")
        if lang == "en" or chinese_family() is not None:
            (work / "report.pdf").write_bytes(as_pdf(page))
    return Path(folder)


def write_workbook(path: Path, found: Finance, *, lang: str) -> None:
    """The workbook: figures, year by year with totals as formulas, sensitivity, what to know."""
    book = Book(lang=lang)
    s = found.summary()
    figures = [
        (FINANCE[k].heading(lang), v, text(f"unit.{FINANCE[k].unit}", lang) if FINANCE[k].unit else "")
        for k, v in s.items()
        if isinstance(v, int | float) and not isinstance(v, bool)
    ]
    told = [Heading(text(f"word.{k}", lang), "") for k in ("figure", "amount", "unit")]
    book.table(text("word.figures", lang), told, figures)
    table = found.table
    columns = [str(c) for c in table.columns]
    plain = ("share_of_budget", "dscr")
    heads = headings_of(("year", *columns), FINANCE_YEARS, lang)
    rows = [_row(int(str(year)), row, k + 2, columns) for k, (year, row) in enumerate(table.iterrows())]
    add = [i + 1 for i, c in enumerate(columns) if c not in plain]
    book.table(text("finance_word.by_year", lang), heads, rows, total=text("word.total", lang), add=add)
    bars = [(sum_name(b.factor, lang), b.low, b.high, b.npv_low_cny, b.npv_high_cny, b.break_even) for b in found.tornado]
    keys = ("factor", "low", "high", "at_low", "at_high", "break_even")
    book.table(text("finance_word.sensitivity", lang), headings_of(keys, SENSITIVITY, lang), bars)
    notes = text("finance_word.notes", lang)
    book.table(notes, [Heading(notes, "")], [(render(w, lang),) for w in found.warnings])
    book.save(path, title=found.name)


def _row(year: int, row: pd.Series[float], line: int, columns: list[str]) -> tuple[object, ...]:
    """A year's sums; the cover is a formula over them, so that a clerk can follow it."""
    from openpyxl.utils import get_column_letter

    letter = {c: get_column_letter(i + 2) for i, c in enumerate(columns)}
    cells: list[object] = [year, *(float(row[c]) for c in columns)]
    due = float(row["interest_cny"] + row["principal_cny"])
    if due > 0:
        at = f"={letter['cover_cny']}{line}/({letter['interest_cny']}{line}+{letter['principal_cny']}{line})"
        cells[1 + columns.index("dscr")] = Formula(at, float(row["dscr"]))
    return tuple(cells)
