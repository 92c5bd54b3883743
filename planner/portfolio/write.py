"""The folder of a programme: figures, workbook, report, layer, map; all of it at once or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from planner.columns import PROGRAMME
from planner.export.folder import json_text
from planner.export.geopackage import write_geopackage
from planner.export.sheets import Book, Heading, headings_of
from planner.files import whole_folder, written_as
from planner.portfolio.chapter import document, fund_name, heads_of, title, variant_name
from planner.portfolio.places import shapes
from planner.report import as_html, as_pdf
from planner.report.fonts import chinese_family
from planner.words import term, text

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
    heads = [Heading(text(k, lang), "") for k in ("word.figure", "portfolio.number", "word.unit")]
    figures = [(*heads_of([k], lang), v, term("unit", PROGRAMME[k].unit, lang)) for k, v in s["totals"].items()]
    proof = s["solver"] | {"status": term("status", s["solver"]["status"], lang)}
    figures += [(*heads_of([k], lang), proof[k], "") for k in ("status", "objective", "bound", "gap")]
    book.table(text("word.figures", lang), heads, figures)
    named = found.projects["variant"].map(lambda v: variant_name(str(v), lang), na_action="ignore")
    projects = found.projects.assign(variant=named).drop(columns="selected").reset_index()
    _put(book, PROGRAMME["projects"].heading(lang), projects, lang)
    place = {fund.id: fund_name(found, k, lang) for k, fund in enumerate(found.made.funds)}
    wide = found.schedule.assign(fund=found.schedule["fund"].map(place)).pivot_table(
        index=["id", "fund"], columns="year", values="cny", aggfunc="sum", fill_value=0.0
    )
    rows = [(*key, *(float(v) for v in row)) for key, row in zip(wide.index, wide.to_numpy(), strict=True)]
    heads = [
        *headings_of(("project", "fund"), PROGRAMME, lang),
        *(Heading(str(y), yuan) for y in wide.columns),
    ]
    book.table(text("portfolio.schedule_sheet", lang), heads, rows, total=text("word.total", lang), add=range(2, len(heads)))
    _put(book, PROGRAMME["fund"].heading(lang), found.funds.assign(id=found.funds["id"].map(place)), lang)
    _put(book, PROGRAMME["m3"].heading(lang), found.earth, lang)
    book.save(path, title=title(found, lang))


def _put(book: Book, sheet: str, frame: pd.DataFrame, lang: str) -> None:
    """A frame as a sheet; sums under what can be added."""
    columns = [str(c) for c in frame.columns]
    heads = headings_of(columns, PROGRAMME, lang)
    rows: list[tuple[Any, ...]] = [tuple(None if pd.isna(v) else v for v in row) for row in frame.itertuples(index=False)]
    add = [i for i, c in enumerate(columns) if c in ("cost_cny", "npv_cny", "spent_cny", "m3") or c.endswith("_mu")]
    book.table(sheet, heads, rows, total=text("word.total", lang) if rows else "", add=add)
