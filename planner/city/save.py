"""A city study as files: report, map, workbook, layers and summary, all at once or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.city.drawing import city_map
from planner.city.pages import CANDIDATE_COLUMNS, FIGURES, document, indicator_name
from planner.columns import CITY
from planner.export.folder import json_text
from planner.export.sheets import Book, Heading, headings_of
from planner.files import whole_folder, written_as
from planner.report.html import as_html
from planner.words import term, text

if TYPE_CHECKING:
    from planner.city.study import CityStudy

OWNED = ("report.html", "map.html", "tables.xlsx", "summary.json", "city.gpkg")


def save(study: CityStudy, folder: str | Path, *, overwrite: bool = False, lang: str = "en") -> Path:
    """Writes report.html, tables.xlsx, summary.json and, where layers were given, map.html and city.gpkg into a folder.

    Raises OutputExists where the folder holds something else, or a study and overwrite is off; PlannerError where the
    system refuses.
    """
    with whole_folder(folder, overwrite=overwrite, is_ours=written_as("planner.city/"), owned=OWNED.__contains__) as work:
        (work / "summary.json").write_text(json_text(study.summary()), encoding="utf-8")
        (work / "report.html").write_text(as_html(document(study, lang)), encoding="utf-8")
        _workbook(study, work / "tables.xlsx", lang)
        if "residential" in study.layers:
            (work / "map.html").write_text(city_map(study, lang).page(), encoding="utf-8")
            _layers(study, work / "city.gpkg")
    return Path(folder)


def _workbook(study: CityStudy, path: Path, lang: str) -> None:
    book = Book(lang=lang)
    sheets(study, book, lang)
    book.save(path, title=study.city.name or "city")


def sheets(study: CityStudy, book: Book, lang: str) -> None:
    """A sheet for each part of the study."""
    if study.before is not None:
        heads = [Heading(text("word.figure", lang), ""), *headings_of(("today", "with_plan", "limit"), CITY, lang)]
        after = study.after.to_dict() if study.after is not None else dict.fromkeys(FIGURES)
        before = study.before.to_dict()
        rows = [(term("city_figure", f, lang), before[f], after[f], study.limits.get(f)) for f in FIGURES]
        book.table(text("city.greening", lang), heads, rows)
    if study.enterprises is not None:
        heads = headings_of(("enterprise", "score", "class", "rank", "missing"), CITY, lang)
        book.table(text("city.yield_per_mu", lang), heads, study.enterprises.reset_index().itertuples(index=False, name=None))
    if study.evaluation is not None:
        keys = ("baseline", "target", "value", "achievement", "points", "full_points", "lost_points")
        named = ("indicator", "baseline", "goal", "value", "achievement", "points", "full_points", "lost_points")
        items = study.evaluation.items
        rows = [(indicator_name(str(n), lang), *(row[k] for k in keys)) for n, row in items.iterrows()]
        book.table(text("city.evaluation", lang), headings_of(named, CITY, lang), rows)
    if study.worth is not None:
        heads = headings_of(("unit", "served_mu", "served_people"), CITY, lang)
        book.table(text("city.worth", lang), heads, study.worth.reset_index().itertuples(index=False, name=None))
    if study.candidates is not None and len(study.candidates):
        columns = [c for c in CANDIDATE_COLUMNS if c in study.candidates]
        rows = [tuple(_cell(c, row[c], lang) for c in columns) for _, row in study.candidates[columns].iterrows()]
        book.table(
            text("city.candidates", lang),
            headings_of(("enterprise", *columns), CITY, lang),
            [(str(i), *row) for i, row in zip(study.candidates.index, rows, strict=True)],
        )


def _cell(column: str, value: Any, lang: str) -> Any:
    """A value of the candidates as a cell."""
    if value is None or value != value:
        return None
    if column == "earns_it":
        return text("word.yes" if value else "word.no", lang)
    return term("target", value, lang) if column == "target" else value


def _layers(study: CityStudy, path: Path) -> None:
    assert study.before is not None
    assert study.before.reach is not None
    homes = study.layers["residential"].geometry.to_frame("geometry")
    after = study.after or study.before
    assert after.reach is not None
    homes = homes.assign(
        area_m2=after.reach.area_m2,
        served_before=study.before.reach.shares,
        served_after=after.reach.shares,
    )
    homes.to_file(path, layer="residential", driver="GPKG")
    if study.parks is not None and len(study.parks):
        study.parks.to_frame("geometry").to_file(path, layer="parks_of_plan", driver="GPKG")
    if study.plots is not None:
        study.plots.reset_index().to_file(path, layer="plots", driver="GPKG")
