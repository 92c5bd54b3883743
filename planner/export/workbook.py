"""tables.xlsx: what a clerk can audit. Totals are formulas over the rows they add, with their values stored beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from planner.columns import CONTRACT_COLUMNS, RESERVOIRS, UNITS
from planner.export.ledger_sheets import number, write_exchange, write_ledgers, write_limits
from planner.export.published import write_published
from planner.export.sheets import Book, Formula, Heading, Share
from planner.export.yearly import write_years
from planner.landuse import CHOICES, LAND, TARGETS, TREATMENTS, UNRESTORED
from planner.plan.figures import key_name
from planner.words import term

MAX_UNIT_ROWS: Final = 1_000_000  # rows a sheet can hold, less its headings
MAX_HAUL_ROWS: Final = 50_000
MAX_SUMIFS: Final = 20_000_000  # parcels × units up to which a spreadsheet adds them in a few seconds

_SHEETS: Final = {
    "summary": ("Summary", "概要"),
    "targets": ("Targets", "分用途"),
    "parcels": ("Parcels", "分地块"),
    "reservoirs": ("Reservoirs", "水库"),
    "storage": ("Stage-storage", "水位库容"),
    "earth": ("Earthwork", "土方"),
    "haul": ("Earth haul", "土方调配"),
    "money": ("Money", "资金"),
    "funds": ("Funds", "资金来源"),
    "flow": ("Cash flow", "现金流"),
    "years": ("Years", "逐年"),
    "ledgers": ("Ledgers", "三本账"),
    "exchange": ("Exchange", "用途互换"),
    "units": ("Units", "单元"),
    "limits": ("Limits", "约束"),
    "published": ("Published", "公布数据对照"),
    "sources": ("Sources", "来源"),
}
_UNIT_COLUMNS: Final = (*CONTRACT_COLUMNS[:-1], "phase", "ready_year", "reason")
_SUMMED: Final = ("area_mu", "storage_m3", "cut_m3", "fill_m3", "cost_cny", "benefit_cny")


Sheets = Callable[[Book, str], None]


def write_workbook(path: Path, plan: Any, summary: Mapping[str, Any], *, lang: str, more: Sheets | None = None) -> None:
    """Writes the workbook of a plan; headings in `en` or `zh`, units in every heading, nothing that executes.

    more: writes further sheets into the book, in a language.
    """
    book = Book(lang=lang, locale=plan.site.scenario.locale.told)
    say: Callable[[str, str], str] = lambda en, zh: zh if lang == "zh" else en  # noqa: E731
    names = {key: say(*pair) for key, pair in _SHEETS.items()}
    units = _unit_rows(plan.units, lang)
    span = min(len(units), MAX_UNIT_ROWS) + 1
    ranges = {c: f"'{names['units']}'!${_letter(i)}$2:${_letter(i)}${span}" for i, c in enumerate(units.columns)}
    summed = [c for c in _SUMMED if c in units.columns]
    totals = {c: (_letter(i + 2), _sum(units[c])) for i, c in enumerate(summed)}
    costs = _money_rows(getattr(plan, "economics", None), book.lang, say)
    cost = (len(costs) + 2, sum(float(row[1]) for row in costs)) if costs else None
    _summary(book, names, summary, totals, cost, say)
    _targets(book, names["targets"], units, ranges, say)
    _parcels(book, names["parcels"], plan.parcels, units, ranges, say)
    _reservoirs(book, names, plan, say)
    _earth(book, names, plan, units, ranges, say)
    _money(book, names, getattr(plan, "economics", None), costs, say)
    write_years(book, names["years"], summary)
    write_ledgers(book, names["ledgers"], summary)
    write_exchange(book, names["exchange"], summary)
    book.long_table(names["units"], [_heading(c, lang) for c in units.columns], units.head(MAX_UNIT_ROWS))
    write_limits(book, names["limits"], summary, say)
    if more is not None:
        more(book, lang)
    write_published(book, names["published"], summary, say)
    _sources(book, names["sources"], summary, say)
    book.save(path, title=str(summary.get("site", {}).get("name", "")))


def _letter(i: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(i + 1))


def _heading(column: str, lang: str) -> Heading:
    known = UNITS.get(column)
    if known is None:
        return Heading(column, "")
    return Heading(known.zh if lang == "zh" else known.en, term("unit", known.unit, lang))


def _unit_rows(units: pd.DataFrame, lang: str) -> pd.DataFrame:
    frame = pd.DataFrame(units.drop(columns=units.geometry.name)).sort_index()
    frame = frame.reset_index() if "unit_id" not in frame.columns else frame.reset_index(drop=True)
    frame = frame[[c for c in _UNIT_COLUMNS if c in frame.columns]].copy()
    frame["target"] = [_target(t, lang) for t in frame["target"]]
    if lang == "zh" and "reason" in frame.columns and "reason_zh" in units.columns:
        frame["reason"] = units["reason_zh"].sort_index().to_numpy()
    if "treatment" in frame.columns:
        frame["treatment"] = [_treatment(t, lang) for t in frame["treatment"]]
    return frame


def _target(key: object, lang: str) -> str:
    known = TARGETS.get(str(key))
    return str(key) if known is None else known.zh if lang == "zh" else known.en


def _treatment(key: object, lang: str) -> str:
    known = TREATMENTS.get(str(key))
    return str(key) if known is None else known.zh if lang == "zh" else known.en


def _summary(
    book: Book,
    names: Mapping[str, str],
    summary: Mapping[str, Any],
    columns: Mapping[str, tuple[str, float]],
    money: tuple[int, float] | None,
    say: Callable[[str, str], str],
) -> None:
    """Key figures as links to the sheets that add them up.

    columns: letter and total of each column summed on the targets' sheet. money: row and value of the total cost, where known.
    """
    lang = book.lang
    sheet = names["targets"]
    targets = summary.get("targets", {})
    line = {t: i + 2 for i, t in enumerate((*CHOICES, UNRESTORED))}
    total = len(line) + 2
    area = {t: float(targets.get(t, {}).get("area_mu", 0.0)) for t in line}
    rows: list[tuple[Any, ...]] = [
        (_target(t, lang), Formula(f"='{sheet}'!C{line[t]}", area[t]), say("mu", "亩")) for t in line
    ]
    land = sum(area[t] for t in LAND)
    rows += [
        (key_name("restored_mu", lang), Formula("=" + "+".join(f"B{line[t]}" for t in LAND), land), say("mu", "亩")),
        (key_name("site.area_mu", lang), Formula(f"='{sheet}'!C{total}", sum(area.values())), say("mu", "亩")),
    ]
    solver, site = (summary.get(k, {}) for k in ("solver", "site"))
    figures = (
        (key_name("water.storage_m3", lang), "storage_m3", say("m³", "立方米")),
        (key_name("earthwork.cut_m3", lang), "cut_m3", say("m³", "立方米")),
        (key_name("earthwork.fill_m3", lang), "fill_m3", say("m³", "立方米")),
        (key_name("economics.benefit_cny", lang), "benefit_cny", say("yuan", "元")),
    )
    rows += [
        (head, Formula(f"='{sheet}'!{columns[c][0]}{total}", columns[c][1]), unit) for head, c, unit in figures if c in columns
    ]
    if money is not None:
        rows.append(
            (key_name("economics.cost_cny", lang), Formula(f"='{names['money']}'!B{money[0]}", money[1]), say("yuan", "元"))
        )
        n, benefit = len(rows) + 1, columns.get("benefit_cny", ("", 0.0))[1]
        ratio = Formula(f"=IF(B{n}=0,0,B{n - 1}/B{n})", benefit / money[1] if money[1] else 0.0)
        rows.append((key_name("economics.benefit_cost_ratio", lang), ratio, ""))
    rows.append((key_name("water_mu", lang), number(summary.get("water_mu")), say("mu", "亩")))
    rows += [
        (say("Solver", "求解状态"), term("status", solver.get("status", ""), lang), ""),
        (key_name("solver.gap", lang), Share(solver.get("gap") or 0.0), ""),
        (say("Site", "场地"), say(str(site.get("name_en") or site.get("name", "")), str(site.get("name", ""))), ""),
        (say("Kind of data", "数据性质"), term("kind", site.get("kind", "survey"), lang), ""),
    ]
    headings = [Heading(say("Figure", "指标"), ""), Heading(say("Value", "数值"), ""), Heading(say("Unit", "单位"), "")]
    book.table(names["summary"], headings, rows)


def _targets(book: Book, sheet: str, units: pd.DataFrame, ranges: Mapping[str, str], say: Callable[[str, str], str]) -> None:
    """A row a target, each figure a SUMIFS over the units; the total row adds them."""
    summed = [c for c in _SUMMED if c in units.columns]
    headings = [
        Heading(say("Target", "用途"), ""),
        Heading(say("Units", "单元数"), ""),
        *(_heading(c, book.lang) for c in summed),
    ]
    rows = []
    for i, key in enumerate((*CHOICES, UNRESTORED)):
        name = _target(key, book.lang)
        mine = units[units["target"] == name]
        cells: list[Any] = [name, Formula(f"=COUNTIF({ranges['target']},A{i + 2})", len(mine))]
        cells += [Formula(f"=SUMIFS({ranges[c]},{ranges['target']},A{i + 2})", _sum(mine[c])) for c in summed]
        rows.append(tuple(cells))
    book.table(sheet, headings, rows, total=say("Total", "合计"), add=range(1, len(headings)))


def _sum(values: pd.Series[Any]) -> float:
    return float(np.nansum(values.to_numpy(dtype=float)))


def _parcels(
    book: Book,
    sheet: str,
    parcels: pd.DataFrame,
    units: pd.DataFrame,
    ranges: Mapping[str, str],
    say: Callable[[str, str], str],
) -> None:
    summed = [c for c in _SUMMED if c in units.columns]
    described = [c for c in ("name", "mine", "phase", "subsidence_m") if c in parcels.columns]
    words = {"name": say("Name", "名称"), "mine": say("Mine", "矿井"), "phase": say("Phase", "分期")}
    headings = [
        Heading(say("Parcel", "地块编号"), ""),
        *(Heading(words[c], "") if c in words else _heading(c, book.lang) for c in described),
    ]
    headings += [_heading(c, book.lang) for c in summed]
    sums = units.groupby("parcel_id")[summed].sum() if "parcel_id" in units.columns else pd.DataFrame(columns=summed)
    as_formula = len(parcels) * len(units) <= MAX_SUMIFS and "parcel_id" in units.columns
    rows = []
    for i, (key, row) in enumerate(parcels.sort_index().iterrows()):
        cells: list[Any] = [str(key), *(_named(row, c, book.lang) for c in described)]
        for c in summed:
            value = float(sums.at[key, c]) if key in sums.index else 0.0
            cells.append(Formula(f"=SUMIFS({ranges[c]},{ranges['parcel_id']},A{i + 2})", value) if as_formula else value)
        rows.append(tuple(cells))
    book.table(sheet, headings, rows, total=say("Total", "合计"), add=range(1 + len(described), len(headings)))


def _named(row: pd.Series[Any], column: str, lang: str) -> Any:
    """A parcel's entry; a name in the workbook's language, where it has one."""
    english = row.get(f"{column}_en") if lang == "en" else None
    return english if isinstance(english, str) and english.strip() else row[column]


def _word(column: str, book: Book) -> Heading:
    word = RESERVOIRS.get(column)
    if word is None:
        return Heading(column, "")
    zh = book.lang == "zh"
    return Heading(word.zh if zh else word.en, term("unit", word.unit, book.lang))


def _reservoirs(book: Book, names: Mapping[str, str], plan: Any, say: Callable[[str, str], str]) -> None:
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
    book.table(names["reservoirs"], [_word(c, book) for c in columns], rows, total=say("Total", "合计"), add=add)
    curves = getattr(plan, "storage_tables", None) or {}
    stages: list[tuple[Any, ...]] = []
    for key, frame in sorted(curves.items()):
        stages += [(str(key), float(r.level_m), float(r.area_m2), float(r.storage_m3)) for r in frame.itertuples()]
    headings = [_word("reservoir_id", book), Heading(say("Stage", "水位"), say("m", "米"))]
    headings += [Heading(say("Area", "水面面积"), say("m²", "平方米")), Heading(say("Storage", "库容"), say("m³", "立方米"))]
    book.table(names["storage"], headings, stages)


def _earth(
    book: Book,
    names: Mapping[str, str],
    plan: Any,
    units: pd.DataFrame,
    ranges: Mapping[str, str],
    say: Callable[[str, str], str],
) -> None:
    """The balance as formulas over the units, then who digs for whom."""
    cut = _sum(units["cut_m3"]) if "cut_m3" in units.columns else 0.0
    fill = _sum(units["fill_m3"]) if "fill_m3" in units.columns else 0.0
    factor = float(plan.site.scenario.number("earthwork.compaction"))
    unit = say("m³", "立方米")
    rows: list[tuple[Any, ...]] = [
        (say("Cut (bank)", "挖方（自然方）"), Formula(f"=SUM({ranges['cut_m3']})" if "cut_m3" in ranges else "=0", cut), unit),
        (say("Fill per m³ cut", "压实系数"), factor, say("m³/m³", "立方米/立方米")),
        (say("Fill the cut yields", "挖方可得填方"), Formula("=B2*B3", cut * factor), unit),
        (
            say("Fill (compacted)", "填方（压实方）"),
            Formula(f"=SUM({ranges['fill_m3']})" if "fill_m3" in ranges else "=0", fill),
            unit,
        ),
        (say("From outside", "外借"), Formula("=MAX(0,B5-B4)", max(0.0, fill - cut * factor)), unit),
        *_left_over(plan, max(0.0, cut * factor - fill), unit, say),
    ]
    haul = getattr(plan, "haul", None)
    haul = getattr(plan, "earthwork", None) if haul is None else haul
    headings = [Heading(say("Balance", "土方平衡"), ""), Heading(say("Value", "数值"), ""), Heading(say("Unit", "单位"), "")]
    book.table(names["earth"], headings, rows)
    if isinstance(haul, pd.DataFrame) and len(haul.columns):
        words = {
            "from_unit": (say("From unit", "取土单元"), ""),
            "to_unit": (say("To unit", "填土单元"), ""),
            "m3": (say("Volume, compacted", "压实方"), unit),
            "loose_m3": (say("Volume, loose", "松方"), unit),
            "distance_m": (say("Distance", "运距"), say("m", "米")),
            "cost_cny": (say("Haul cost", "运输费"), say("yuan", "元")),
        }
        columns = [c for c in words if c in haul.columns] + [c for c in haul.columns if c not in words and c != "geometry"]
        heads = [Heading(*words.get(c, (str(c), ""))) for c in columns]
        add = [i for i, c in enumerate(columns) if c in ("m3", "loose_m3", "cost_cny")]
        book.long_table(names["haul"], heads, haul[columns].head(MAX_HAUL_ROWS), total=say("Total", "合计"), add=add)


def _left_over(plan: Any, left: float, unit: str, say: Callable[[str, str], str]) -> list[tuple[Any, ...]]:
    """Where the spoil goes that no unit takes: outside, or, where less may leave, in a thin layer over the site."""
    most = getattr(getattr(plan.site.scenario, "earthwork", None), "max_export_m3", None)
    if most is None:
        return [(say("To outside", "外运"), Formula("=MAX(0,B4-B5)", left), unit)]
    spread = max(left - float(most), 0.0)
    return [
        (say("Left over", "余土"), Formula("=MAX(0,B4-B5)", left), unit),
        (say("of it spread over the site", "其中场内摊铺"), Formula(f"=MAX(0,B7-{float(most):.15g})", spread), unit),
        (say("of it to outside", "其中外运"), Formula("=B7-B8", left - spread), unit),
    ]


def _money_rows(money: Any, lang: str, say: Callable[[str, str], str]) -> list[tuple[Any, ...]]:
    """What the plan costs: works by target, the haul, then the lump sums."""
    rows: list[tuple[Any, ...]] = []
    by_target = getattr(money, "by_target", None)
    if isinstance(by_target, pd.DataFrame):
        works, units = say("Works: ", "工程："), say("sum of the units", "单元合计")
        rows += [(works + _target(t, lang), float(r["cost_cny"]), units) for t, r in by_target.iterrows()]
    if haul := float(getattr(money, "haul_cny", 0.0)):
        rows.append((say("Earth carried between units", "单元间土方运输"), haul, say("least haul", "最小运距调配")))
    items = getattr(money, "items", None)
    if isinstance(items, pd.DataFrame):
        rows += [
            (str(r.name_en if lang == "en" else r.name), float(r.cny), str(r.source)) for r in items.itertuples(index=False)
        ]
    return rows


def _money(
    book: Book, names: Mapping[str, str], money: Any, rows: list[tuple[Any, ...]], say: Callable[[str, str], str]
) -> None:
    yuan = say("yuan", "元")
    item = [Heading(say("Item", "项目"), ""), Heading(say("Amount", "金额"), yuan), Heading(say("Source", "依据"), "")]
    book.table(names["money"], item, rows, total=say("Total cost", "总投资"), add=[1])
    funds = getattr(money, "funds", None)
    if isinstance(funds, pd.DataFrame) and len(funds):
        name = "name_en" if book.lang == "en" and "name_en" in funds.columns else "name"
        sources = funds["source"] if "source" in funds.columns else [""] * len(funds)
        paid = [
            (str(n), float(c), term("fund_source", s, book.lang))
            for n, c, s in zip(funds[name], funds["cny"], sources, strict=True)
        ]
        fund = [Heading(say("Fund", "资金来源"), ""), Heading(say("Amount", "金额"), yuan), Heading(say("Source", "依据"), "")]
        book.table(names["funds"], fund, paid, total=say("Total", "合计"), add=[1])
    flow = getattr(money, "flow", None)
    if isinstance(flow, pd.DataFrame) and len(flow):
        words = {
            "cost_cny": say("Cost", "投资"),
            "benefit_cny": say("Benefit", "收益"),
            "net_cny": say("Net", "净现金流"),
            "discounted_cny": say("Discounted", "折现值"),
        }
        columns = [c for c in words if c in flow.columns]
        heads = [Heading(say("Year", "年份"), ""), *(Heading(words[c], yuan) for c in columns)]
        lines = [(int(year), *(float(row[c]) for c in columns)) for year, row in flow.iterrows()]
        book.table(names["flow"], heads, lines, total=say("Total", "合计"), add=range(1, len(heads)))


def _sources(book: Book, sheet: str, summary: Mapping[str, Any], say: Callable[[str, str], str]) -> None:
    origin = summary.get("provenance", {})
    rows = [(say("Input", "输入文件"), str(i.get("path", "")), str(i.get("sha256", ""))) for i in origin.get("inputs", [])]
    rows += [
        (
            say("Decision", "处理决定"),
            say(f"{d['what']}: {d['value']}", f"{d.get('what_zh') or d['what']}：{d.get('value_zh') or d['value']}"),
            say(d["why"], d.get("why_zh") or d["why"]),
        )
        for d in origin.get("decisions", [])
    ]
    warned = [str(w) for w in summary.get("warnings", [])]
    chinese = [str(w) for w in summary.get("warnings_zh", [])] or warned
    rows += [(say("Warning", "提示"), say(en, zh), "") for en, zh in zip(warned, chinese, strict=True)]
    rows += [(say("Version", "版本"), str(k), str(v)) for k, v in origin.get("versions", {}).items()]
    headings = [Heading(say("Kind", "类别"), ""), Heading(say("What", "内容"), ""), Heading(say("Detail", "说明"), "")]
    book.table(sheet, headings, rows)
