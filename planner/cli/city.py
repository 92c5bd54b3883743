"""The verb of the city: greening, yield per mu, yearly evaluation, before and after a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.app import verb
from planner.cli.console import Lang, Overwrite, Voice, table

if TYPE_CHECKING:
    import pandas as pd

    from planner.city import CityStudy


@verb()
def city(
    file: Annotated[Path, typer.Argument(help="A TOML file with [greening], [enterprises] or [evaluation].")],
    plan: Annotated[Path | None, typer.Option("--plan", help="A plan's folder: its green counts. Wins over the file.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write report, map, workbook and layers here.")] = None,
    lang: Lang = "en",
    overwrite: Overwrite = False,
    *,
    voice: Voice,
) -> None:
    """Green coverage and reach, yield per mu of enterprises and the yearly evaluation, before and after a plan."""
    from planner.city import city as study_of
    from planner.city.save import save
    from planner.facade import load_plan
    from planner.words import render, term, text

    study = study_of(file, plan=None if plan is None else load_plan(plan))
    for note in study.notes:
        voice.warn(render(note, lang))
    if study.before is not None:
        voice.say(_green(study, lang))
    if study.enterprises is not None:
        _firms(study.enterprises, voice, lang)
    if study.evaluation is not None:
        e = study.evaluation
        voice.say(text("city.scored", lang, score=e.score, grade=term("grade", e.grade, lang)))
    if output is not None:
        save(study, output, overwrite=overwrite, lang=lang)
        voice.wrote(output)
    voice.document(study.summary())


def _green(study: CityStudy, lang: str) -> str:
    """The figures of greening beside their limits."""
    from planner.city.pages import FIGURES, heads_of, shown
    from planner.words import term, text

    assert study.before is not None
    columns = {"today": study.before.to_dict(), **({"with_plan": study.after.to_dict()} if study.after else {})}
    columns["limit"] = {f: study.limits.get(f) for f in FIGURES}
    head = (text("word.figure", lang), *heads_of(columns, lang))
    return table([(term("city_figure", f, lang), *(shown(f, c[f]) for c in columns.values())) for f in FIGURES], head)


def _firms(scores: pd.DataFrame, voice: Voice, lang: str) -> None:
    """Enterprises by rank, and those that have none."""
    from planner.city.pages import heads_of
    from planner.words import text

    known = scores["rank"].notna()
    ranked = scores[known].sort_values("rank", kind="stable")
    head = heads_of(("enterprise", "score", "class", "rank"), lang)
    voice.say(table([(str(i), f"{r['score']:.2f}", str(r["class"]), str(r["rank"])) for i, r in ranked.iterrows()], head))
    if not known.all():
        voice.warn(
            text(
                "city.not_ranked",
                lang,
                names=[f"{i} ({m or text('city.exempt', lang)})" for i, m in scores["missing"][~known].items()],
            )
        )
