"""The folder of a programme: figures, workbook, report, layer, map; all of it at once or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from planner.export.folder import json_text
from planner.export.geopackage import write_geopackage
from planner.export.sheets import Book, Heading
from planner.files import whole_folder, written_as
from planner.portfolio.chapter import document, fund_name, title, word
from planner.portfolio.places import shapes
from planner.report import as_html, as_pdf
from planner.report.fonts import chinese_family
from planner.words import text

if TYPE_CHECKING:
    from planner.portfolio.noun import Scheduled

OWNED: Final = ("summary.json", "tables.xlsx", "report.html", "report.pdf", "programme.gpkg", "map.html")

is_portfolio = written_as("planner.portfolio/")


def save(found: Scheduled, folder: str | Path, *, overwrite: bool = False, lang: str = "en") -> Path:
    """Writes what a programme is told in; layer and map where places are known."""
    page = document(found, lang=lang)
    from planner.portfolio.draw import draw

    layer = shapes(found)
    drawn = None if layer is None else draw(found, lang=lang).get_root().render()
    with whole_folder(folder, overwrite=overwrite, is_ours=is_portfolio, owned=OWNED.__contains__) as work:
        (work / "summary.json").write_text(json_text(found.summary()), encoding="utf-8")
        write_workbook(work / "tables.xlsx", found, lang=lang)
        (work / "report.html").write_text(as_html(page), encoding="utf-8")
        if lang == "en" or chinese_family() is not None:
            (work / "report.pdf").write_bytes(as_pdf(page))
        if layer is not None:
            tables = {"schedule": found.schedule, "funds": found.funds, "earth": found.earth}
            write_geopackage(work / "programme.gpkg", {"projects": layer}, tables, {})
            (work / "map.html").write_text(str(drawn), encoding="utf-8")
    return Path(folder)


def may_write(folder: Path, *, overwrite: bool) -> None:
    """Raises OutputExists before the work is done where a folder may not be written."""
    if folder.exists() and any(folder.iterdir()) and not (overwrite and is_portfolio(folder)):
        with whole_folder(folder, overwrite=overwrite, is_ours=is_portfolio, owned=OWNED.__contains__):
            raise AssertionError(f"{folder} was admitted")


def write_workbook(path: Path, found: Scheduled, *, lang: str) -> None:
    """The workbook: totals, projects, project × year × fund, funds, earth; totals are formulas."""
    book, yuan = Book(lang=lang), text("unit.yuan", lang)
    s = found.summary()
    heads = [Heading(word("figure", lang), ""), Heading(word("amount", lang), "")]
    figures = [(word(k, lang), v) for k, v in s["totals"].items()]
    figures += [(word(k, lang), s["solver"][k]) for k in ("status", "objective", "bound", "gap")]
    book.table(word("figures", lang), heads, figures)
    _put(book, word("projects", lang), found.projects.drop(columns="selected").reset_index(), lang, yuan)
    place = {fund.id: fund_name(found, k, lang) for k, fund in enumerate(found.made.funds)}
    wide = found.schedule.assign(fund=found.schedule["fund"].map(place)).pivot_table(
        index=["id", "fund"], columns="year", values="cny", aggfunc="sum", fill_value=0.0
    )
    rows = [(*key, *(float(v) for v in row)) for key, row in zip(wide.index, wide.to_numpy(), strict=True)]
    heads = [
        Heading(word("project", lang), ""),
        Heading(word("fund", lang), ""),
        *(Heading(str(y), yuan) for y in wide.columns),
    ]
    book.table(word("schedule", lang), heads, rows, total=word("total", lang), add=range(2, len(heads)))
    _put(book, word("funds", lang), found.funds.assign(id=found.funds["id"].map(place)), lang, yuan)
    _put(book, word("earth", lang), found.earth, lang, yuan)
    book.save(path, title=title(found, lang))


def _put(book: Book, sheet: str, frame: pd.DataFrame, lang: str, yuan: str) -> None:
    """A frame as a sheet; sums under what can be added."""
    columns = [str(c) for c in frame.columns]
    heads = [Heading(word(c, lang), yuan if c.endswith("_cny") else "") for c in columns]
    rows: list[tuple[Any, ...]] = [tuple(None if pd.isna(v) else v for v in row) for row in frame.itertuples(index=False)]
    add = [i for i, c in enumerate(columns) if c in ("cost_cny", "npv_cny", "spent_cny", "m3") or c.endswith("_mu")]
    book.table(sheet, heads, rows, total=word("total", lang) if rows else "", add=add)
