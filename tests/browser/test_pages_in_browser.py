"""The comparison and the report in Chromium with networking off, and the map of a real small plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import planner as pl
from planner.maps import compare_html, write_html
from planner.report import report_html

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def plan(small_world: Path) -> Any:
    return pl.make_plan(small_world)


def test_the_map_of_a_plan_tells_its_figures(open_page: Callable[..., Any], plan: Any, tmp_path: Path) -> None:
    opened = open_page(write_html(plan, tmp_path / "map.html"))
    s = plan.summary()
    assert f"{s['site']['area_mu']:,.1f} mu" in opened.text(".planner-legend tfoot")
    assert f"{s['restored_mu']:,.0f} mu restored" in opened.text(".planner-head")
    unit = plan.units.index[plan.units["target"] == "reservoir"][0]
    opened.page.evaluate("id => planner.page.select(planner.page.texts.ids.indexOf(id))", unit)
    card = opened.text(".planner-card")
    assert plan.units.loc[unit, "reason"] in card
    assert "Why not the others" in card
    opened.page.keyboard.press("l")
    assert plan.units.loc[unit, "reason_zh"] in opened.text(".planner-card")
    opened.page.evaluate("() => { document.querySelector('.planner-water').open = true; }")
    level = plan.reservoirs["level_m"].iloc[0]
    assert f"{level:,.2f}米" in opened.text(".planner-water output")


def test_two_plans_are_swiped_and_what_changed_is_shown(
    open_page: Callable[..., Any], plan: Any, small_world: Path, tmp_path: Path
) -> None:
    other = pl.make_plan(small_world, **{"targets.arable.min_mu": 300.0})
    page = tmp_path / "compare.html"
    page.write_text(compare_html([plan, other], names=["base", "more arable"]), encoding="utf-8")
    opened = open_page(page)
    assert opened.page.is_visible(".planner-divider")
    assert opened.page.get_attribute(".planner-divider", "data-right") == "more arable"
    opened.page.select_option("#planner-view", "changed_2")
    moved = (plan.units["target"] != other.units["target"]).to_numpy()
    unchanged = opened.text(".planner-legend tbody:has-text('unchanged')")
    assert f"{(~moved).sum():,}" in unchanged
    opened.page.evaluate("() => planner.page.select(3)")
    assert "In the plans" in opened.text(".planner-card")
    opened.page.evaluate("() => { planner.page.select(-1); document.querySelector('.planner-charts').open = true; }")
    opened.page.wait_for_selector(".planner-charts [data-target=arable]")
    for key, shown, name in (
        ("plan_2", other, "more arable"),
        ("plan_1", plan, "base"),
    ):  # the chart is of the plan that is drawn
        opened.page.select_option("#planner-view", key)
        arable = opened.page.locator(".planner-charts [data-target=arable]").text_content() or ""
        area = shown.units.loc[shown.units["target"] == "arable", "area_mu"].sum()
        assert f"{area:,.{1 if area >= 100 else 2}f} mu" in arable
        assert opened.page.locator(".planner-charttitle").first.inner_text().endswith(name)
    assert "Figures side by side" in opened.text(".planner-compare")
    opened.page.focus("#map_plan")
    opened.page.keyboard.press("l")
    below = opened.text(".planner-compare")
    assert "指标对比" in below
    assert "Figures side by side" not in below
    assert opened.page.locator(".planner-compare svg path").count() >= 3


def test_a_survey_draws_the_plan_s_lakes_over_no_ground_before_it(
    open_page: Callable[..., Any], plan: Any, tmp_path: Path
) -> None:
    found = pl.asbuilt(plan, plan.site.terrain)  # ground that nobody touched: what stands there is not what was planned
    opened = open_page(write_html(found.map(lang="en"), tmp_path / "built.html"))
    opened.page.evaluate("() => { planner.page.setOther(''); document.querySelector('.planner-charts').open = true; }")
    lakes = """() => [planner.page.map.getPane('planner-works').style.display,
        document.querySelectorAll('.planner-name-lake').length > 0]"""
    for view, shown in (("before_view", ["none", False]), ("plan_view", ["", True])):
        opened.page.select_option("#planner-view", view)
        assert opened.page.evaluate(lakes) == shown, view
    opened.page.wait_for_selector(".planner-charts [data-target=reservoir]")
    for view, column in (("built_view", "built"), ("plan_view", "target")):
        opened.page.select_option("#planner-view", view)
        keys = opened.page.evaluate("() => Object.keys(planner.page.config.targets)")
        sums = opened.page.evaluate(
            """view => { const p = planner.page;
            return p.views.sums(view, p.visible).rows.map((row) => p.speech.area(row.area_mu)); }""",
            view,
        )
        told = opened.page.evaluate(
            """() => [...document.querySelectorAll('.planner-charts [data-target]')].map((row) =>
            [row.dataset.target, row.querySelector('text:last-child').textContent])"""
        )
        assert told
        assert all(area == sums[keys.index(key)] for key, area in told), column


def test_the_report_opens_alone(open_page: Callable[..., Any], plan: Any, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(report_html(plan, lang="zh"), encoding="utf-8")
    opened = open_page(page, ready="footer")
    assert opened.page.locator("section").count() == 16
    broken = opened.page.evaluate("() => [...document.images].filter(i => !i.complete || i.naturalWidth === 0).length")
    assert broken == 0
    assert opened.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_chinese_table_breaks_its_heads_before_it_scrolls(open_page: Callable[..., Any], tmp_path: Path) -> None:
    from planner.report.document import Document, Section, Table
    from planner.report.html import as_html

    names = (
        "水库 正常蓄水位（米） 平水年最低水位（米） 枯水年最低水位（米） 连续三枯最低水位（米） 水位保证率 蓄满所需年数（年）"
    )
    heads = (*names.split(), "可维持的最大水面（亩）", "所需堤顶高程（米）")
    row = ("R1", "30.50", "30.34", "30.09", "29.38", "100%", "12.6", "14,687", "31.48")
    page = tmp_path / "report.html"
    table = Table(heads, (row,), "气候：淮北平原。" * 12)
    page.write_text(as_html(Document("中湖", "", "", "zh", (Section("湖泊", (table,)),), "")), encoding="utf-8")
    opened = open_page(page, width=1100, ready="")
    assert opened.page.evaluate("() => { const b = document.querySelector('.wide'); return b.scrollWidth <= b.clientWidth; }")
    narrow = open_page(page, width=390, height=844, ready="")
    assert narrow.page.evaluate("() => document.querySelector('.caption').getBoundingClientRect().right <= innerWidth")


def programme() -> dict[str, Any]:
    """Three projects by their places, two of them so near each other that both names do not fit."""
    at = {"A": [500000.0, 3800000.0], "B": [500010.0, 3800000.0], "C": [504000.0, 3803000.0]}
    rows = [
        {
            "id": k,
            "name": f"湖{k}",
            "name_en": f"Lake {k}",
            "xy": xy,
            "variant": [{"name": "full", "spend_cny": [5.0], "benefit_cny": [0.0, 20.0], "green_mu": 10.0}],
        }
        for k, xy in at.items()
    ]
    general = {"name": "贾汪", "name_en": "Jiawang", "first_year": 2010, "years": 3, "discount_rate": 0.0, "crs": "EPSG:4548"}
    fund = {"id": "state", "name": "中央", "name_en": "State", "yearly_cny": 10.0, "carry_over": True}
    return {"portfolio": general, "project": rows, "fund": [fund]}


def test_a_programme_speaks_chinese_to_a_chinese_browser(open_page: Callable[..., Any], tmp_path: Path) -> None:
    page = pl.portfolio(programme()).save(tmp_path / "out") / "map.html"
    opened = open_page(page, ready=".years", locale="zh-CN")
    assert "年份" in opened.text(".years") and "Year" not in opened.text(".years")
    shown = opened.page.locator(".programme-name").all_inner_texts()
    assert len(shown) == 2 and all("湖" in name for name in shown)  # none over another
    opened.page.click(".years button")
    assert "Year" in opened.text(".years") and "State" in opened.text(".years")
    assert any("Lake" in name for name in opened.page.locator(".programme-name").all_inner_texts())
    assert opened.page.evaluate("() => document.documentElement.lang") == "en"
    assert "Year" in open_page(page, ready=".years").text(".years")
