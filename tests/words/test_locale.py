"""Units of a locale: figures and units of finished texts, tables, workbooks; nothing of China's is left on a metric site."""

from __future__ import annotations

import json
import re
from pathlib import Path

import openpyxl
import pytest
from conftest import write_small_world

import planner as pl
from planner.cli.tell import plan_text
from planner.errors import InvalidInput
from planner.export.sheets import Book, Formula, Heading
from planner.words.locale import CN, Locale

METRIC = Locale("metric", "GBP", 9.0)
OURS = re.compile(r"\bmu\b|\byuan\b|亩|(?<![单公多])元(?!素)|[Mm]ap approval|审图|SL 252|Zhonghu|中湖")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1,815.0 mu restored", "121.0 ha restored"),
        ("8,000 to 9,000 mu", "533.3 to 600.0 ha"),
        ("0.4 mu", "0.03 ha"),
        ("+3 mu, −1.5 mu", "+0.20 ha, -0.10 ha"),
        ("worth 1.10 bn yuan", "worth 0.12 bn GBP"),
        ("worth 0.05 bn yuan", "worth 5.56 M GBP"),
        ("54.87 M yuan", "6.10 M GBP"),
        ("5,000 yuan/mu", "8,333 GBP/ha"),
        ("5 yuan per mu", "8.33 GBP/ha"),
        ("12 yuan/m³", "1.33 GBP/m³"),
        ("construction ≥ 8,000 mu: one more mu is worth 900 yuan", "construction ≥ 533.3 ha: one more ha is worth 1,500 GBP"),
        ("恢复土地1,614亩", "恢复土地107.6公顷"),
        ("投资5,487万元，收益11.0亿元", "投资609.7万 GBP，收益1.22亿 GBP"),
        ("单价 3,000元/亩", "单价 5,000 GBP/ha"),
        ("限值每增加一亩，价值变化900元", "限值每增加一公顷，价值变化1,500 GBP"),
        ("规划单元 12 个，公元 2020 年", "规划单元 12 个，公元 2020 年"),
        ("max_mu = 3, mud, unit_mu", "max_mu = 3, mud, unit_mu"),
        ("1 mu is 666.67 m²", "1 ha is 10,000 m²"),
        ("0 mu", "0 ha"),
    ],
)
def test_figures_and_units_by_hand(text: str, told: str) -> None:
    assert METRIC.text(text) == told
    assert CN.text(text) == text
    assert METRIC.text(told) == told  # nothing is exchanged twice


def test_words_alone_keep_their_figures() -> None:
    assert METRIC.words("500 yuan/mu") == "500 GBP/ha"
    assert METRIC.words("每亩净收益（元）") == "每公顷净收益（GBP）"


def test_factors_of_units() -> None:
    assert METRIC.factor("mu") == pytest.approx(1 / 15)
    assert METRIC.factor("yuan/mu") == pytest.approx(15 / 9)
    assert METRIC.factor("元") == pytest.approx(1 / 9)
    assert METRIC.factor("yuan/m³") == pytest.approx(1 / 9)
    assert METRIC.factor("m³") == 1.0
    assert CN.factor("yuan/mu") == 1.0


def test_a_sheet_is_told_by_its_headings_and_units(tmp_path: Path) -> None:
    book = Book(lang="en", locale=METRIC)
    heads = [Heading("What", ""), Heading("Area", "mu"), Heading("Cost", "yuan"), Heading("Depth", "m")]
    book.table("a", heads, [("one", 15.0, 90.0, 4.0), ("two", 30.0, 900.0, 4.0)], total="all", add=[1, 2])
    book.table("b", [Heading("What", ""), Heading("Value", ""), Heading("Unit", ""), Heading("Worth", "yuan")],
               [("land", Formula("='a'!B4", 45.0), "mu", 9.0), ("earth", 7.0, "m³", 18.0)])  # fmt: skip
    book.save(tmp_path / "b.xlsx", title="b")
    read = openpyxl.load_workbook(tmp_path / "b.xlsx", data_only=True)
    assert [[c.value for c in row] for row in read["a"]] == [
        ["What", "Area (ha)", "Cost (GBP)", "Depth (m)"],
        ["one", 1.0, 10.0, 4.0],
        ["two", 2.0, 100.0, 4.0],
        ["all", 3.0, 110.0, None],
    ]
    assert [c.value for c in read["b"][2]] == ["land", 3.0, "ha", pytest.approx(9.0 * 15 / 9)]
    assert [c.value for c in read["b"][3]] == ["earth", 7.0, "m³", 2.0]


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.Plan, pl.Plan]:
    folder = write_small_world(tmp_path_factory.mktemp("locale") / "site")
    metric = {"locale": {"preset": "metric", "currency": "GBP", "cny_per_unit": 9.0}, "budget.max_cny": 6e7}
    return pl.make_plan(folder, **{"budget.max_cny": 6e7}), pl.make_plan(folder, **metric)


def test_a_locale_changes_what_is_told_and_nothing_that_is_planned(plans: tuple[pl.Plan, pl.Plan]) -> None:
    cn, metric = plans
    assert metric.units["target"].equals(cn.units["target"])
    mine, theirs = metric.summary(), cn.summary()
    assert mine.pop("locale") == {"preset": "metric", "area": "ha", "currency": "GBP", "cny_per_unit": 9.0}
    for key in ("targets", "restored_mu", "economics", "water"):
        assert mine[key] == theirs[key]  # the contract's keys stay mu and yuan


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_of_chinas_is_left_on_a_metric_site(plans: tuple[pl.Plan, pl.Plan], tmp_path: Path, lang: str) -> None:
    _, plan = plans
    folder = plan.save(tmp_path / "out", lang=lang)
    html, _ = pl.load_plan(folder).report(tmp_path, lang=lang)
    page = re.sub(r"<[^>]*>", "|", re.sub(r"base64,[^\"]*", "", html.read_text(encoding="utf-8")))
    assert not OURS.search(page), OURS.search(page)
    assert "ha" in page if lang == "en" else "公顷" in page
    book = openpyxl.load_workbook(folder / "tables.xlsx")
    texts = [v for sheet in book for row in sheet.iter_rows(values_only=True) for v in row if isinstance(v, str)]
    assert not [t for t in texts if OURS.search(t) and not t.startswith("=")]
    told = plan_text(plan.summary(), lang)
    assert not OURS.search(told)
    assert "GBP" in told
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert not any(OURS.search(w) for w in summary["warnings"] + summary["warnings_zh"])


def test_the_map_opens_in_hectares(plans: tuple[pl.Plan, pl.Plan], browser, tmp_path: Path) -> None:
    for lang in ("en", "zh"):
        (tmp_path / f"{lang}.html").write_text(plans[1].map(lang=lang).page(), encoding="utf-8")
        page = browser.new_page()
        page.goto(f"file://{tmp_path}/{lang}.html")
        page.wait_for_selector("[data-ready=yes]")
        seen = page.inner_text("body")
        assert not OURS.search(seen), OURS.search(seen)
        assert "GBP" in seen
        restored = plans[1].summary()["restored_mu"] / 15
        assert f"{restored:,.1f}" in seen
        page.close()


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ({"preset": "metrc"}, "metric"),
        ({"preset": "metric", "currency": "GBP"}, "cny_per_unit"),
        ({"preset": "cn", "currency": "GBP", "cny_per_unit": 9.0}, "belong to preset"),
        ({"preset": "metric", "currency": "GBP", "cny_per_unit": 0.0}, "greater than 0"),
        ({"preset": "metric", "curency": "GBP"}, "did you mean 'currency'"),
    ],
)
def test_what_is_wrong_is_one_line(own_small_world: Path, locale: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput) as told:
        pl.read_site(own_small_world, sets={"locale": locale})
    assert words in str(told.value)
    assert "\n" not in str(told.value)
