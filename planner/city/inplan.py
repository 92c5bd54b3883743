"""The city in a plan's own pages: a chapter of its report, sheets of its workbook, a panel and a layer of its map, figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.city.drawing import COLOURS, homes_by_state
from planner.city.pages import FIGURES, chapter, shown
from planner.city.save import sheets
from planner.city.study import CityStudy, city
from planner.columns import CITY
from planner.errors import InvalidInput
from planner.words import pair, say, text

if TYPE_CHECKING:
    from planner.export.sheets import Book
    from planner.plan import Plan
    from planner.report.document import Section

STATES = ("served", "newly", "unserved")


@dataclass(frozen=True, eq=False)
class InPlan:
    """What the study of a city gives the pages of the plan it was made with."""

    study: CityStudy
    plan: Plan

    @property
    def figures(self) -> dict[str, Any]:
        """The key `city` of summary.json."""
        return {"city": self.study.summary()}

    def sections(self, lang: str) -> tuple[Section, ...]:
        """The chapter of the report."""
        return chapter(self.study, lang)

    def sheets(self, book: Book, lang: str) -> None:
        """The sheets of the workbook."""
        sheets(self.study, book, lang)

    def map_panel(self) -> dict[str, Any]:
        """What the map's panel says, and the homes by whether a park is within reach, in both languages."""
        study = self.study
        before, after, limits = study.before, study.after, study.limits
        rows: list[list[Any]] = []
        if before is not None:
            was, now = before.to_dict(), (after or before).to_dict()
            rows = [
                [list(pair(say("city.figure_name", figure=f))), shown(f, was[f]), shown(f, now[f]), shown(f, limits.get(f))]
                for f in FIGURES
            ]
        homes = []
        if before is not None and before.reach is not None and "residential" in study.layers:
            frame = homes_by_state(study).to_crs(self.plan.site.crs)
            homes = [(frame[frame["state"] == state], COLOURS[state]) for state in STATES]
        key = [[COLOURS[s], list(pair(say(f"city.map_{s}")))] for (f, _), s in zip(homes, STATES, strict=bool(homes)) if len(f)]
        name = (study.city.name_en or study.city.name, study.city.name)
        return {
            "title": [text("city.title", lang, city=name[lang == "zh"] or "–") for lang in ("en", "zh")],
            "heads": [list(pair(say("word.figure"))), *([CITY[k].en, CITY[k].zh] for k in ("today", "with_plan", "limit"))],
            "rows": rows,
            "key": key,
            "homes": homes,
            "notes": [list(pair(note)) for note in study.notes],
        }


def in_plan(plan: Plan) -> InPlan | None:
    """The study of the city that a plan's [city] names; None where it names none. Raises InvalidInput as `city` does."""
    key = plan.site.scenario.city
    if key is None:
        return None
    folder = plan.site.extra.get("folder")
    if folder is None:
        raise InvalidInput(say("city.no_folder", path=key.file.path))
    return InPlan(city(Path(folder) / key.file.path, plan=plan), plan)
