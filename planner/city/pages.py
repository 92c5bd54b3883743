"""The city's chapter: what was asked, what is, what the plan changes, in one language."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from planner.city.evaluation import phase_out
from planner.columns import CITY
from planner.report.document import Block, Document, Picture, Say, Section, Table, Text, plain
from planner.words import render, term, text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from planner.city.greening import Greening
    from planner.city.study import CityStudy

MOST_UNITS = 10  # of the table of what units are worth
CANDIDATE_COLUMNS = (
    *("yield_class", "score", "area_mu", "tax_cny_per_mu", "worth_cny_per_mu"),
    *("target", "cost_cny_per_mu", "justified_tax_cny_per_mu", "earns_it"),
)
FIGURES = ("coverage", "green_rate", "park_m2_per_head", "served_share")


def heads_of(columns: Iterable[str], lang: str) -> tuple[str, ...]:
    """What columns of a study are called, with their units."""
    return tuple(Say(lang).head(CITY[c]) for c in columns)


def chapter(study: CityStudy, lang: str) -> tuple[Section, ...]:
    """The sections that the study fills."""
    found = (_greening(study, lang), _enterprises(study, lang), _evaluation(study, lang))
    return tuple(section for section in found if section is not None)


def document(study: CityStudy, lang: str) -> Document:
    """The chapter as a document of its own."""
    name = study.city.name if lang == "zh" else study.city.name_en or study.city.name
    notes = "  ".join(render(note, lang) for note in study.notes)
    badge = text("word.reconstruction", lang) if study.city.kind == "reconstruction" else ""
    return Document(
        title=text("city.title", lang, city=name or "–"),
        subtitle=notes,
        badge=badge,
        lang=lang,
        sections=chapter(study, lang),
        footer=text("city.footer", lang),
    )


def shown(figure: str, value: float | None) -> str:
    """A figure of greening as people read it."""
    if value is None:
        return "–"
    return f"{value:,.2f} m²" if figure == "park_m2_per_head" else f"{value:.2%}"


def _greening(study: CityStudy, lang: str) -> Section | None:
    before, after = study.before, study.after
    if before is None:
        return None
    columns = ("today", *(("with_plan", "change") if after is not None else ()), "limit", "verdict")
    rows = tuple(_figure_row(study, figure, lang) for figure in FIGURES)
    blocks: list[Block] = [Text(_sentence(study, lang), strong=True)]
    blocks.append(
        Table((text("word.figure", lang), *heads_of(columns, lang)), rows, caption=text("city.greening_caption", lang))
    )
    counted = study.green
    if counted is not None and counted.reach is not None:
        low, high = counted.reach.low, counted.reach.high
        blocks.append(Text(text("city.bounds", lang, low=low, high=high)))
    if study.worth is not None and len(study.worth):
        blocks.append(_worth(study.worth, lang))
    return Section(text("city.greening", lang), tuple(blocks))


def _worth(worth: pd.DataFrame, lang: str) -> Table:
    """The units that would bring most people within reach."""
    heads = heads_of(("unit", "served_people", "served_mu"), lang)
    first = worth.head(MOST_UNITS)
    rows = tuple((str(i), f"{r['served_people']:,.0f}", f"{r['served_mu']:,.1f}") for i, r in first.iterrows())
    return Table(heads, rows, caption=text("city.worth_caption", lang, shown=len(first), of=len(worth)))


def _figure_row(study: CityStudy, figure: str, lang: str) -> tuple[str, ...]:
    before, after, limit = study.before, study.after, study.limits.get(figure)
    assert before is not None
    was = before.to_dict()[figure]
    row = [term("city_figure", figure, lang), shown(figure, was)]
    now = was
    if after is not None:
        now = after.to_dict()[figure]
        row += [shown(figure, now), _difference(figure, was, now)]
    met = None if limit is None or now is None else now >= limit
    verdict = "–" if met is None else text("city.met" if met else "city.missed", lang)
    return (*row, shown(figure, limit), verdict)


def _difference(figure: str, was: float | None, now: float | None) -> str:
    if was is None or now is None:
        return "–"
    return f"{now - was:+,.2f} m²" if figure == "park_m2_per_head" else f"{100 * (now - was):+.2f} pp"


def _sentence(study: CityStudy, lang: str) -> str:
    before, after = study.before, study.after
    assert before is not None
    if after is None or before.reach is None or after.reach is None:
        return text("city.sentence_today", lang, rate=before.green_rate, park=before.park_m2_per_head)
    more = float((after.reach.served_m2 - before.reach.served_m2).clip(min=0).sum())
    per_head = _gain(before, after)
    return text("city.sentence_plan", lang, was=before.reach.share, now=after.reach.share, area_m2=more, park=per_head)


def _gain(before: Greening, after: Greening) -> float:
    return (after.park_m2_per_head or 0.0) - (before.park_m2_per_head or 0.0)


def _enterprises(study: CityStudy, lang: str) -> Section | None:
    table = study.enterprises
    if table is None:
        return None
    ranked = table[table["rank"].notna()].sort_values(["rank"], kind="stable")
    classes = ranked["class"].value_counts().reindex(["A", "B", "C", "D"], fill_value=0)
    measures = Table(
        heads_of(("class", "count", "measures"), lang),
        tuple((c, f"{classes[c]:,}", term("city_measure", c.lower(), lang)) for c in classes.index),
        words=(0, 2),
    )
    heads = heads_of(("rank", "enterprise", "score", "class"), lang)
    rows = tuple((f"{r['rank']:,}", str(i), f"{r['score']:,.2f}", str(r["class"])) for i, r in ranked.iterrows())
    blocks: list[Block] = [measures, Table(heads, rows, words=(1, 3))]
    left_out = table[table["rank"].isna()]
    if len(left_out):
        names = [f"{i} ({m or text('city.exempt', lang)})" for i, m in left_out["missing"].items()]
        blocks.append(Text(text("city.not_ranked", lang, names=names)))
    if study.candidates is not None and len(study.candidates):
        blocks.append(_candidates(study.candidates, lang))
    return Section(text("city.yield_per_mu", lang), tuple(blocks))


def _candidates(table: pd.DataFrame, lang: str) -> Table:
    """The land that yields least, and the tax that would justify what a mu costs in the plan."""
    columns = [c for c in CANDIDATE_COLUMNS[2:] if c in table]  # class and score stand in the ranking above

    def told(column: str, value: object) -> str:
        if value is None or value != value:
            return "–"
        if column == "earns_it":
            return text("word.yes" if value else "word.no", lang)
        if column == "target":
            return term("target", value, lang)
        return plain(value) if isinstance(value, float) else str(value)

    rows = tuple((str(i), *(told(c, row[c]) for c in columns)) for i, row in table.iterrows())
    heads = heads_of(("enterprise", *columns), lang)
    words = (0, *(i + 1 for i, c in enumerate(columns) if c in ("yield_class", "target", "earns_it")))
    return Table(heads, rows, caption=text("city.candidates_caption", lang), words=words)


def _evaluation(study: CityStudy, lang: str) -> Section | None:
    e = study.evaluation
    if e is None:
        return None
    verdict = text("city.scored", lang, score=e.score, grade=term("grade", e.grade, lang))
    if e.reward_cny is not None:
        verdict += " " + text("city.reward" if e.reward_cny >= 0 else "city.penalty", lang, amount=abs(e.reward_cny))
    rows = tuple(
        (
            indicator_name(str(name), lang),
            *(plain(row[c]) for c in ("baseline", "target", "value")),
            f"{row['achievement']:.1%}" if pd.notna(row["achievement"]) else "–",
            f"{row['points']:,.2f} / {row['full_points']:,.2f}" if pd.notna(row["points"]) else "–",
        )
        for name, row in e.items.iterrows()
    )
    heads = heads_of(("indicator", "baseline", "goal", "value", "achievement", "points"), lang)
    blocks: list[Block] = [
        Text(verdict, strong=True),
        Table(heads, rows),
        Picture(lambda w: _points(study, lang, w), verdict),
    ]
    lost = e.lost()
    if len(lost):
        reasons = [f"{indicator_name(str(n), lang)} −{v:.1f}" for n, v in lost["lost_points"].items()]
        blocks.append(Text(text("city.lost", lang, reasons=reasons)))
    if "change" in e.items:
        moved = [f"{indicator_name(str(n), lang)} {100 * v:+.1f} pp" for n, v in e.items["change"].dropna().items()]
        blocks.append(Text(text("city.year_on_year", lang, changes=moved)))
    if study.transfer_cny is not None:
        blocks.append(Text(text("city.phase_out", lang, years=phase_out(study.transfer_cny))))
    if e.missing:
        blocks.append(Text(text("city.no_values", lang, names=[indicator_name(n, lang) for n in e.missing])))
    return Section(text("city.evaluation", lang), tuple(blocks))


def indicator_name(name: str, lang: str) -> str:
    """A shipped indicator's name in a language; a user's own name as it is."""
    return term("city_figure", name, lang) if name in FIGURES else term("indicator", name, lang)


def _points(study: CityStudy, lang: str, width: float) -> Figure:
    """Points reached of points there are, an indicator a bar."""
    from planner.report.drawing import dressed, figure

    assert study.evaluation is not None
    items = study.evaluation.items
    known = items[items["points"].notna()].iloc[::-1]
    made, axes = figure(width, 0.5)
    names = [indicator_name(str(n), lang) for n in known.index]
    axes.barh(names, known["full_points"], color="#e3e6e5")
    axes.barh(names, known["points"], color="#2f7d5b")
    dressed(axes, x=CITY["points"].heading(lang))
    return made
