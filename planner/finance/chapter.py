"""The chapter on a project's money: what decides on the first page, then year by year, value for money, sensitivity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.columns import FINANCE, FINANCE_YEARS, SENSITIVITY, VALUE_FOR_MONEY
from planner.report.document import Block, Document, Picture, Say, Section, Table, Text
from planner.report.drawing import FAINT, INK, dressed, figure
from planner.words import render, term, text

if TYPE_CHECKING:
    from planner.finance.noun import Finance

YEARLY = ("investment", "payments", "user_income", "sales", "opex", "interest", "principal", "tax", "project", "equity")
FIRST = (
    *("firr", "equity_irr", "npv_cny", "payback_year", "dscr_min", "bond_cover", "payments_sum_cny", "payments_pv_cny"),
    *("burden_max", "vfm_cny", "cny_per_mu", "building_interest_cny", "debt_cny", "depreciation_cny"),
    *("least_payment_cny", "wanted_payment_cny", "sales_cny"),
)
COLOURS = {"payments": "#14506b", "user_income": "#6DBE73", "sales": "#d9a441", "investment": "#B5373A", "opex": "#8f9a96"}
RATIO = 0.45


def sum_name(key: str, lang: str) -> str:
    """What a sum of every year, or what is varied, is called."""
    column = FINANCE_YEARS.get(f"{key}_cny")
    return term("finance_word", key, lang) if column is None else column.heading(lang)


def document(found: Finance, *, lang: str = "en") -> Document:
    """The chapter as a document of its own."""
    return Document(
        title=text("finance.title", lang, name=found.name_in(lang)),
        subtitle=text(
            "finance.subtitle", lang, first=found.terms.first_year, last=found.terms.last_year, regime=found.terms.regime
        ),
        badge=text("word.reconstruction", lang) if found.kind == "reconstruction" else "",
        lang=lang,
        sections=sections(found, lang),
        footer=text("finance.footer", lang),
    )


def sections(found: Finance, lang: str) -> tuple[Section, ...]:
    """The chapter's sections: decision, year by year, value for money, sensitivity, method."""
    return (
        Section(text("word.decides", lang), _first_page(found, lang)),
        Section(text("finance.by_year", lang), (_yearly(found, lang),)),
        *((Section(text("finance.value", lang), (_value(found, lang),)),) if found.terms.regime == "2015" else ()),
        Section(text("finance.sensitivity", lang), _sensitivity(found, lang)),
        Section(text("word.method", lang), tuple(Text(text(f"finance.method_{k}", lang)) for k in ("one", "two", "three"))),
    )


def _first_page(found: Finance, lang: str) -> tuple[Block, ...]:
    s = found.summary()
    told = text("finance.sentence", lang, cny=found.terms.investment_cny, npv=s["npv_cny"], debt=s["debt_cny"])
    warned = tuple(Text(render(w, lang), strong=True) for w in found.warnings)
    rows = figure_rows(FIRST, s, lang)
    picture = Picture(partial(_bars, found, lang), text("finance.bars", lang))
    return (Text(told, strong=True), *warned, picture, Table((text("word.figure", lang), text("word.amount", lang)), rows))


def figure_rows(keys: Iterable[str], figures: Mapping[str, Any], lang: str) -> tuple[tuple[str, str], ...]:
    """The figures that exist, by name and unit."""
    return tuple((Say(lang).head(FINANCE[k]), shown(k, figures[k])) for k in keys if figures.get(k) is not None)


def shown(key: str, value: float) -> str:
    """A figure of the summary as a person reads it."""
    if key in ("firr", "equity_irr", "burden_max"):
        return f"{100 * value:.2f} %"
    if key.endswith("_year"):
        return str(value)
    return f"{value:,.2f}" if key in ("dscr_min", "bond_cover") else f"{value:,.0f}"


def _yearly(found: Finance, lang: str) -> Table:
    """Sums of every year that has any, in 10⁴ yuan."""
    table = found.table
    kept = [k for k in YEARLY if table[f"{k}_cny"].abs().max() > 0]
    digits = 0 if table[[f"{k}_cny" for k in kept]].abs().to_numpy().max() >= 1e8 else 1
    columns = ("year", *(f"{k}_cny" for k in kept), "share_of_budget", "dscr")
    heads = tuple(FINANCE_YEARS[c].heading(lang) for c in columns)
    rows = []
    for year, row in table.iterrows():
        sums = tuple(f"{row[f'{k}_cny'] / 1e4:z,.{digits}f}" for k in kept)
        share = "–" if np.isnan(row["share_of_budget"]) else f"{100 * row['share_of_budget']:.1f} %"
        rows.append((str(year), *sums, share, "–" if np.isnan(row["dscr"]) else f"{row['dscr']:.2f}"))
    return Table(heads, tuple(rows), caption=text("unit.1e4_yuan", lang))


def _value(found: Finance, lang: str) -> Table:
    rows = tuple((Say(lang).head(VALUE_FOR_MONEY[k]), f"{v:z,.0f}") for k, v in found.value._asdict().items())
    return Table((text("word.figure", lang), text("word.amount", lang)), rows, caption=text("finance.value_caption", lang))


def _sensitivity(found: Finance, lang: str) -> tuple[Block, ...]:
    heads = tuple(Say(lang).head(SENSITIVITY[k]) for k in ("factor", "at_low", "at_high", "break_even"))
    rows = tuple(
        (
            sum_name(bar.factor, lang),
            f"{bar.npv_low_cny:z,.0f}",
            f"{bar.npv_high_cny:z,.0f}",
            "–" if bar.break_even is None else f"× {bar.break_even:.3f}",
        )
        for bar in found.tornado
    )
    c = found.chances
    values = {"p05": c.p05_cny, "p50": c.p50_cny, "p95": c.p95_cny, "loss": 100 * c.loss_probability}
    told = text("finance.chances", lang, draws=c.draws, seed=c.seed, **values)
    picture = Picture(partial(_tornado, found, lang), text("finance.tornado", lang))
    return (*((picture,) if rows else ()), Table(heads, rows, caption=text("finance.agreed", lang)), Text(told))


def _bars(found: Finance, lang: str, width: float) -> Any:
    """Incomes stacked upward, what is spent downward, the project's running sum as a line; 10⁴ yuan."""
    made, axes = figure(width, RATIO)
    years, up, down = found.flows.years, np.zeros(len(found.flows.years)), np.zeros(len(found.flows.years))
    for key, colour in COLOURS.items():
        sums = getattr(found.flows, key) / 1e4
        if not sums.any():
            continue
        if key in ("investment", "opex"):
            axes.bar(years, -sums, bottom=down, color=colour, label=sum_name(key, lang))
            down = down - sums
        else:
            axes.bar(years, sums, bottom=up, color=colour, label=sum_name(key, lang))
            up = up + sums
    axes.plot(years, np.cumsum(found.flows.project) / 1e4, color=INK, lw=1.2, label=sum_name("running", lang))
    axes.axhline(0, color=FAINT, lw=0.6)
    dressed(axes, y=text("unit.1e4_yuan", lang), legend=True)
    return made


def _tornado(found: Finance, lang: str, width: float) -> Any:
    made, axes = figure(width, 0.3)
    middle = found.summary()["npv_cny"] / 1e4
    for at, bar in enumerate(reversed(found.tornado)):
        for value, colour in ((bar.npv_low_cny, "#1F5FA8"), (bar.npv_high_cny, "#B5373A")):
            axes.barh(at, value / 1e4 - middle, left=middle, color=colour, height=0.6)
    axes.axvline(middle, color=INK, lw=0.8)
    axes.set_yticks(range(len(found.tornado)), [sum_name(bar.factor, lang) for bar in reversed(found.tornado)])
    dressed(axes, x=text("unit.1e4_yuan", lang))
    return made
