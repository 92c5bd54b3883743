"""tables.xlsx: what a clerk can audit. Totals are formulas over the rows they add, with their values stored beside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from planner.columns import CONTRACT_COLUMNS, DYKES, FLOW, HAUL, PARCELS, RESERVOIRS, STAGES, UNITS
from planner.export.lake_sheets import write_lakes
from planner.export.ledger_sheets import number, write_exchange, write_ledgers, write_limits
from planner.export.published import write_published
from planner.export.sheets import Book, Formula, Heading, Share, headings_of
from planner.export.yearly import write_years
from planner.landuse import CHOICES, LAND, UNRESTORED
from planner.plan.figures import key_name
from planner.words import Telling, term, text
from planner.words.table import section

MAX_ROWS: Final = 1_000_000  # rows a sheet can hold, less its headings
NUMBER: Final = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.I)
MAX_SUMIFS: Final = 20_000_000  # parcels × units up to which a spreadsheet adds them in a few seconds

_UNIT_COLUMNS: Final = (*CONTRACT_COLUMNS[:-1], "phase", "ready_year", "reason")
_SOME: Final = ("surcharge_cny", "drain_m3", "pump_kw", "drain_cny")  # where a unit has any
_SUMMED: Final = ("area_mu", "storage_m3", "cut_m3", "fill_m3", "cost_cny", "benefit_cny")


Sheets = Callable[[Book, str], None]


def write_workbook(path: Path, plan: Any, summary: Mapping[str, Any], *, lang: str, more: Sheets | None = None) -> None:
    """Writes the workbook of a plan; headings in `en` or `zh`, units in every heading, nothing that executes.

    more: writes further sheets into the book, in a language.
    """
    book = Book(lang=lang, locale=plan.site.scenario.locale.told)
    names = {key: text(f"sheet.{key}", lang) for key in section(lang, "sheet")}
    units = _unit_rows(plan.units, lang)
    span = min(len(units), MAX_ROWS) + 1
    ranges = {c: f"'{names['units']}'!${_letter(i)}$2:${_letter(i)}${span}" for i, c in enumerate(units.columns)}
    summed = [c for c in _SUMMED if c in units.columns]
    totals = {c: (_letter(i + 2), _sum(units[c])) for i, c in enumerate(summed)}
    costs = _money_rows(getattr(plan, "economics", None), book.say)
    cost = (len(costs) + 2, sum(float(row[1]) for row in costs)) if costs else None
    _summary(book, names, summary, totals, cost)
    _targets(book, names["targets"], units, ranges)
    _parcels(book, names["parcels"], plan.parcels, units, ranges)
    _reservoirs(book, names, plan)
    _earth(book, names, plan, units, ranges)
    _dykes(book, names["dykes"], summary)
    write_lakes(book, (names["lake_years"], names["lake_floods"]), summary)
    _money(book, names, getattr(plan, "economics", None), costs)
    write_years(book, names["years"], summary)
    write_ledgers(book, names["ledgers"], summary)
    write_exchange(book, names["exchange"], summary)
    book.long_table(names["units"], headings_of(units.columns, UNITS, lang), units.head(MAX_ROWS))
    write_limits(book, names["limits"], summary)
    if more is not None:
        more(book, lang)
    write_published(book, names["published"], summary)
    _sources(book, names["sources"], summary)
    book.save(path, title=str(summary.get("site", {}).get("name", "")))


def _letter(i: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(i + 1))


def _unit_rows(units: pd.DataFrame, lang: str) -> pd.DataFrame:
    frame = pd.DataFrame(units.drop(columns=units.geometry.name)).sort_index()
    frame = frame.reset_index() if "unit_id" not in frame.columns else frame.reset_index(drop=True)
    some = [c for c in _SOME if c in frame.columns and (frame[c] > 0).any()]
    frame = frame[[c for c in (*_UNIT_COLUMNS, *some) if c in frame.columns]].copy()
    frame["target"] = [term("target", t, lang) for t in frame["target"]]
    if lang == "zh" and "reason" in frame.columns and "reason_zh" in units.columns:
        frame["reason"] = units["reason_zh"].sort_index().to_numpy()
    if "treatment" in frame.columns:
        frame["treatment"] = [term("treatment", t, lang) for t in frame["treatment"]]
    return frame


def _summary(
    book: Book,
    names: Mapping[str, str],
    summary: Mapping[str, Any],
    columns: Mapping[str, tuple[str, float]],
    money: tuple[int, float] | None,
) -> None:
    """Key figures as links to the sheets that add them up.

    columns: letter and total of each column summed on the targets' sheet. money: row and value of the total cost, where known.
    """
    lang, say = book.lang, book.say
    mu, yuan, m3 = (term("unit", unit, lang) for unit in ("mu", "yuan", "m3"))
    sheet = names["targets"]
    targets = summary.get("targets", {})
    line = {t: i + 2 for i, t in enumerate((*CHOICES, UNRESTORED))}
    total = len(line) + 2
    area = {t: float(targets.get(t, {}).get("area_mu", 0.0)) for t in line}
    rows: list[tuple[Any, ...]] = [(term("target", t, lang), Formula(f"='{sheet}'!C{line[t]}", area[t]), mu) for t in line]
    land = sum(area[t] for t in LAND)
    rows += [
        (key_name("restored_mu", lang), Formula("=" + "+".join(f"B{line[t]}" for t in LAND), land), mu),
        (key_name("site.area_mu", lang), Formula(f"='{sheet}'!C{total}", sum(area.values())), mu),
    ]
    solver, site = (summary.get(k, {}) for k in ("solver", "site"))
    figures = (
        (key_name("water.storage_m3", lang), "storage_m3", m3),
        (key_name("earthwork.cut_m3", lang), "cut_m3", m3),
        (key_name("earthwork.fill_m3", lang), "fill_m3", m3),
        (key_name("economics.benefit_cny", lang), "benefit_cny", yuan),
    )
    rows += [
        (head, Formula(f"='{sheet}'!{columns[c][0]}{total}", columns[c][1]), unit) for head, c, unit in figures if c in columns
    ]
    if money is not None:
        rows.append((key_name("economics.cost_cny", lang), Formula(f"='{names['money']}'!B{money[0]}", money[1]), yuan))
        n, benefit = len(rows) + 1, columns.get("benefit_cny", ("", 0.0))[1]
        ratio = Formula(f"=IF(B{n}=0,0,B{n - 1}/B{n})", benefit / money[1] if money[1] else 0.0)
        rows.append((key_name("economics.benefit_cost_ratio", lang), ratio, ""))
    rows.append((key_name("water_mu", lang), number(summary.get("water_mu")), mu))
    rows += [
        (say("workbook.solver"), term("status", solver.get("status", ""), lang), ""),
        (key_name("solver.gap", lang), Share(solver.get("gap") or 0.0), ""),
        (say("workbook.site"), say.held(str(site.get("name_en") or site.get("name", "")), str(site.get("name", ""))), ""),
        (say("workbook.data_kind"), term("kind", site.get("kind", "survey"), lang), ""),
    ]
    book.table(names["summary"], [Heading(say(f"word.{k}"), "") for k in ("figure", "value", "unit")], rows)


def _targets(book: Book, sheet: str, units: pd.DataFrame, ranges: Mapping[str, str]) -> None:
    """A row a target, each figure a SUMIFS over the units; the total row adds them."""
    summed = [c for c in _SUMMED if c in units.columns]
    headings = headings_of(["target"], UNITS, book.lang) + headings_of(["units"], RESERVOIRS, book.lang)
    headings += headings_of(summed, UNITS, book.lang)
    rows = []
    for i, key in enumerate((*CHOICES, UNRESTORED)):
        name = term("target", key, book.lang)
        mine = units[units["target"] == name]
        cells: list[Any] = [name, Formula(f"=COUNTIF({ranges['target']},A{i + 2})", len(mine))]
        cells += [Formula(f"=SUMIFS({ranges[c]},{ranges['target']},A{i + 2})", _sum(mine[c])) for c in summed]
        rows.append(tuple(cells))
    book.table(sheet, headings, rows, total=book.say("word.total"), add=range(1, len(headings)))


def _sum(values: pd.Series[Any]) -> float:
    return float(np.nansum(values.to_numpy(dtype=float)))


def _parcels(
    book: Book,
    sheet: str,
    parcels: pd.DataFrame,
    units: pd.DataFrame,
    ranges: Mapping[str, str],
) -> None:
    summed = [c for c in _SUMMED if c in units.columns]
    described = [c for c in ("name", "mine", "phase", "subsidence_m") if c in parcels.columns]
    headings = headings_of(["parcel_id", *described], PARCELS, book.lang) + headings_of(summed, UNITS, book.lang)
    sums = units.groupby("parcel_id")[summed].sum() if "parcel_id" in units.columns else pd.DataFrame(columns=summed)
    as_formula = len(parcels) * len(units) <= MAX_SUMIFS and "parcel_id" in units.columns and _told_apart(parcels.index)
    rows = []
    for i, (key, row) in enumerate(parcels.sort_index().iterrows()):
        cells: list[Any] = [str(key), *(_named(row, c, book.lang) for c in described)]
        for c in summed:
            value = float(sums.at[key, c]) if key in sums.index else 0.0
            cells.append(Formula(f"=SUMIFS({ranges[c]},{ranges['parcel_id']},A{i + 2})", value) if as_formula else value)
        rows.append(tuple(cells))
    book.table(sheet, headings, rows, total=book.say("word.total"), add=range(1 + len(described), len(headings)))


def _told_apart(ids: Iterable[object]) -> bool:
    """Whether a spreadsheet's SUMIFS tells texts apart: it takes *, ? and ~ for patterns, a leading <, > or = for a comparison,
    case for nothing, and texts of digits for numbers, of which it sees fifteen digits (parcels' codes often have eighteen)."""
    texts = [str(i) for i in ids]
    if any(text.startswith(("<", ">", "=")) or set(text) & set("*?~") for text in texts):
        return False
    return len({f"{float(t):.15g}" if NUMBER.fullmatch(t) else t.casefold() for t in texts}) == len(texts)


def _named(row: pd.Series[Any], column: str, lang: str) -> Any:
    """A parcel's entry; a name in the workbook's language, where it has one."""
    english = row.get(f"{column}_en") if lang == "en" else None
    return english if isinstance(english, str) and english.strip() else row[column]


def _reservoirs(book: Book, names: Mapping[str, str], plan: Any) -> None:
    table = pd.DataFrame(plan.reservoirs.drop(columns=plan.reservoirs.geometry.name, errors="ignore")).sort_index()
    table = table.reset_index() if "reservoir_id" not in table.columns else table.reset_index(drop=True)
    columns = [c for c in RESERVOIRS if c in table.columns]
    columns = [c for c in columns if c != "size_class" or book.locale.native]  # the classes of SL 252 are China's
    if "size_class" in columns:
        table = table.assign(size_class=[term("size", kind, book.lang) for kind in table["size_class"]])
    rows = [tuple(r) for r in table[columns].itertuples(index=False)]
    add = [
        i
        for i, c in enumerate(columns)
        if c in ("area_mu", "water_mu", "storage_m3", "normal_m3", "dead_m3", "usable_m3", "units")
    ]
    book.table(names["reservoirs"], headings_of(columns, RESERVOIRS, book.lang), rows, total=book.say("word.total"), add=add)
    curves = getattr(plan, "storage_tables", None) or {}
    stages: list[tuple[Any, ...]] = []
    for key, frame in sorted(curves.items()):
        stages += [(str(key), float(r.level_m), float(r.area_m2), float(r.storage_m3)) for r in frame.itertuples()]
    headings = headings_of(["reservoir_id"], RESERVOIRS, book.lang) + headings_of(
        ("level_m", "area_m2", "storage_m3"), STAGES, book.lang
    )
    book.table(names["storage"], headings, stages)


def _earth(
    book: Book,
    names: Mapping[str, str],
    plan: Any,
    units: pd.DataFrame,
    ranges: Mapping[str, str],
) -> None:
    """The balance as formulas over the units, then who digs for whom."""
    cut = _sum(units["cut_m3"]) if "cut_m3" in units.columns else 0.0
    fill = _sum(units["fill_m3"]) if "fill_m3" in units.columns else 0.0
    factor = float(plan.site.scenario.number("earthwork.compaction"))
    say, unit = book.say, term("unit", "m3", book.lang)
    rows: list[tuple[Any, ...]] = [
        (say("workbook.cut"), Formula(f"=SUM({ranges['cut_m3']})" if "cut_m3" in ranges else "=0", cut), unit),
        (say("workbook.compaction"), factor, term("unit", "m³/m³", book.lang)),
        (say("workbook.yields"), Formula("=B2*B3", cut * factor), unit),
        (
            say("workbook.fill"),
            Formula(f"=SUM({ranges['fill_m3']})" if "fill_m3" in ranges else "=0", fill),
            unit,
        ),
        (say("workbook.from_outside"), Formula("=MAX(0,B5-B4)", max(0.0, fill - cut * factor)), unit),
        *_left_over(plan, max(0.0, cut * factor - fill), unit, say),
    ]
    haul = getattr(plan, "haul", None)
    haul = getattr(plan, "earthwork", None) if haul is None else haul
    headings = [Heading(say(code), "") for code in ("workbook.balance", "word.value", "word.unit")]
    book.table(names["earth"], headings, rows)
    if isinstance(haul, pd.DataFrame) and len(haul.columns):
        columns = [c for c in HAUL if c in haul.columns] + [c for c in haul.columns if c not in HAUL and c != "geometry"]
        heads = headings_of(columns, HAUL, book.lang)
        add = [i for i, c in enumerate(columns) if c in ("m3", "loose_m3", "cost_cny")]
        book.long_table(names["haul"], heads, haul[columns].head(MAX_ROWS), total=say("word.total"), add=add)


def _dykes(book: Book, sheet: str, summary: Mapping[str, Any]) -> None:
    """A row a dyke, and what of their earth and cost the choice counted."""
    dykes = summary.get("dykes", {})
    if not dykes.get("lines"):
        return
    rows: list[tuple[Any, ...]] = [(row["id"], *(row[c] for c in DYKES if c != "dyke_id")) for row in dykes["lines"]]
    add = [list(DYKES).index(c) for c in ("length_m", "fill_m3", "cost_cny")]
    book.table(sheet, headings_of(DYKES, DYKES, book.lang), rows, total=book.say("word.total"), add=add)


def _left_over(plan: Any, left: float, unit: str, say: Telling) -> list[tuple[Any, ...]]:
    """Where the spoil goes that no unit takes: outside, or, where less may leave, in a thin layer over the site."""
    most = getattr(getattr(plan.site.scenario, "earthwork", None), "max_export_m3", None)
    if most is None:
        return [(say("workbook.to_outside"), Formula("=MAX(0,B4-B5)", left), unit)]
    spread = max(left - float(most), 0.0)
    return [
        (say("workbook.left_over"), Formula("=MAX(0,B4-B5)", left), unit),
        (say("workbook.left_spread"), Formula(f"=MAX(0,B7-{float(most):.15g})", spread), unit),
        (say("workbook.left_outside"), Formula("=B7-B8", left - spread), unit),
    ]


def _money_rows(money: Any, say: Telling) -> list[tuple[Any, ...]]:
    """What the plan costs: works by target, the haul, then the lump sums."""
    rows: list[tuple[Any, ...]] = []
    by_target = getattr(money, "by_target", None)
    if isinstance(by_target, pd.DataFrame):
        units = say("workbook.of_units")
        rows += [(say("workbook.works", target=t), float(r["cost_cny"]), units) for t, r in by_target.iterrows()]
    if haul := float(getattr(money, "haul_cny", 0.0)):
        rows.append((say("workbook.haul_cost"), haul, say("workbook.least_haul")))
    if waited := float(getattr(money, "stock_cny", 0.0)):
        rows.append((say("workbook.stock_cost"), waited, say("workbook.loaded_twice")))
    if traded := float(getattr(money, "traded_cny", 0.0)):
        rows.append((say("workbook.traded_cost"), traded, say("workbook.at_the_rule_s_price")))
    items = getattr(money, "items", None)
    return rows + _paid(items, say) if isinstance(items, pd.DataFrame) else rows


def _paid(sums: pd.DataFrame, say: Telling) -> list[tuple[Any, ...]]:
    """Lump sums or funds: what each is called, yuan, where it comes from."""
    return [
        (str(say.held(r.name_en, r.name)), float(r.cny), str(say.held(r.source, r.source_zh)))
        for r in sums.itertuples(index=False)
    ]


def _money(book: Book, names: Mapping[str, str], money: Any, rows: list[tuple[Any, ...]]) -> None:
    say, yuan = book.say, term("unit", "yuan", book.lang)
    paid_for = [Heading(say("word.amount"), yuan), Heading(say("word.source"), "")]
    book.table(names["money"], [Heading(say("word.item"), ""), *paid_for], rows, total=say("workbook.total_cost"), add=[1])
    funds = getattr(money, "funds", None)
    if isinstance(funds, pd.DataFrame) and len(funds):
        heads = [Heading(say("workbook.fund"), ""), *paid_for]
        book.table(names["funds"], heads, _paid(funds, say), total=say("word.total"), add=[1])
    flow = getattr(money, "flow", None)
    if isinstance(flow, pd.DataFrame) and len(flow):
        columns = [c for c in FLOW if c in flow.columns]
        heads = headings_of(["year", *columns], FLOW, book.lang)
        lines = [(int(year), *(float(row[c]) for c in columns)) for year, row in flow.iterrows()]
        book.table(names["flow"], heads, lines, total=say("word.total"), add=range(1, len(heads)))


def _sources(book: Book, sheet: str, summary: Mapping[str, Any]) -> None:
    say, origin = book.say, summary.get("provenance", {})
    rows = [(say("workbook.input"), str(i.get("path", "")), str(i.get("sha256", ""))) for i in origin.get("inputs", [])]
    rows += [
        (
            say("workbook.decision"),
            say("workbook.decided", **{part: say.held(d[part], d.get(f"{part}_zh") or d[part]) for part in ("what", "value")}),
            say.held(d["why"], d.get("why_zh") or d["why"]),
        )
        for d in origin.get("decisions", [])
    ]
    warned = [str(w) for w in summary.get("warnings", [])]
    chinese = [str(w) for w in summary.get("warnings_zh", [])] or warned
    rows += [(say("workbook.warning"), say.held(en, zh), "") for en, zh in zip(warned, chinese, strict=True)]
    rows += [(say("workbook.version"), str(k), str(v)) for k, v in origin.get("versions", {}).items()]
    book.table(sheet, [Heading(say(f"workbook.{k}"), "") for k in ("kind", "what", "detail")], rows)
