"""What was ugly or false on paper once, each with an assertion: relief, legends, names, axes, fonts, raw keys, policies."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import planner as pl
from planner.core.money import discounted
from planner.plan.relief import hillshade
from planner.report import charts, fonts, pdf
from planner.report.document import Document, Picture, Say, Section, Table, Text
from planner.report.html import as_html
from planner.report.meaning import each
from planner.report.stakes import swings
from planner.report.told import told_in
from planner.report.write import compose
from planner.words.locale import Locale
from planner.words.table import section

pytest.importorskip("matplotlib")
ROOT = Path(pl.__file__).parent


@pytest.fixture(scope="module")
def plan(small_world: Path) -> Any:
    return pl.make_plan(small_world, **{"solver.gap": 1e-2}).alternatives(seconds=2.0)


def test_hills_are_lit_from_the_north_west() -> None:
    y, x = np.mgrid[-30:31, -30:31]  # rows run south
    hill = hillshade(20.0 * np.exp(-(x**2 + y**2) / 200.0), 1.0).astype(float)
    pit = hillshade(-20.0 * np.exp(-(x**2 + y**2) / 200.0), 1.0).astype(float)
    assert hill[20, 20] > hill[40, 40] + 20  # north-west brighter than south-east
    assert pit[20, 20] < pit[40, 40] - 20


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_legend_and_names_stand_whole_inside_the_picture(plan: Any, lang: str) -> None:
    if lang == "zh" and fonts.chinese_family() is None:
        pytest.skip("no Chinese font on this system")
    made = charts.before_after(plan, Say(lang), 7.2, 0.5)
    made.savefig(io.BytesIO(), format="png")
    whole = made.bbox
    box = made.legends[0].get_window_extent()
    assert box.x0 >= whole.x0 - 1
    assert box.x1 <= whole.x1 + 1
    right = made.axes[1]
    names = [text for text in right.texts if text.get_text() not in ("N", "北")]
    assert names
    for text in names:
        extent, frame = text.get_window_extent(), right.get_window_extent()
        assert extent.x0 >= frame.x0 - 3, text.get_text()
        assert extent.x1 <= frame.x1 + 3, text.get_text()


def test_every_lake_has_its_own_axes(plan: Any) -> None:
    made = charts.storage_curves(plan, Say("en"), 7.2, 0.4)
    assert len(made.axes) == min(len(plan.reservoirs), charts.MOST_CURVES)
    assert made.axes[0].get_title(loc="left") == str(plan.reservoirs["storage_m3"].idxmax())


@pytest.fixture
def forgotten() -> Iterator[None]:
    """matplotlib's list of fonts as it was before a Chinese one was installed."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    kept = list(manager.ttflist)
    manager.ttflist = [one for one in kept if not any(part in one.fname.lower() for part in fonts.FILES)]
    fonts.chinese_family.cache_clear()
    yield
    manager.ttflist = kept
    fonts.chinese_family.cache_clear()


def test_a_font_installed_after_matplotlib_looked_is_found(forgotten: None) -> None:
    from matplotlib import font_manager

    there = [p for p in font_manager.findSystemFonts() if any(part in p.rsplit("/", 1)[-1].lower() for part in fonts.FILES)]
    assert (fonts.chinese_family() is not None) == bool(there)


def test_chinese_tables_hold_no_raw_keys(plan: Any) -> None:
    for part in compose(plan, lang="zh").sections:
        if part.title == "输入与取值":  # columns of the user's own files stand there as they are called
            continue
        for block in part.blocks:
            if isinstance(block, Table):
                cells = [cell for row in block.rows for cell in row]
                raw = [c for c in cells if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", c)]
                assert raw == [], (part.title, raw)


def test_sources_are_told_in_the_language_of_the_page(small_world: Path) -> None:
    said = {"source": "a page", "source_zh": "网页"}
    made = pl.make_plan(
        small_world,
        reference=[
            {"key": "town.lakes", "name": "全镇湖泊", "name_en": "Lakes of the town", "value": 1500.0, "unit": "mu", **said}
        ],
        **{
            "economics.item": [{"name": "搬迁", "name_en": "Moving", "cny": 1e4, **said}],
            "economics.fund": [{"name": "区", "name_en": "District", "cny": 1e4, **said}],
        },
    )
    told = {"en": ("a page", "Lakes of the town"), "zh": ("网页", "全镇湖泊")}
    for lang, (source, name) in told.items():
        tables = [b for part in compose(made, lang=lang).sections for b in part.blocks if isinstance(b, Table)]
        cells = [cell for table in tables for row in table.rows for cell in row]
        assert cells.count(source) == 3
        assert cells.count(name) == 1
        assert not {*cells} & {"town.lakes", *(set(told["zh" if lang == "en" else "en"]))}
        assert ("1,500.0 mu" if lang == "en" else "1,500.0亩") in cells
    abroad = told_in(compose(made, lang="en"), Locale("metric", "GBP", 9.0))
    rows = [row for part in abroad.sections for b in part.blocks if isinstance(b, Table) for row in b.rows]
    assert next(row for row in rows if row[0] == "Lakes of the town")[1] == "100.0 ha"  # not 1,500 of them


@pytest.mark.parametrize(
    ("worth", "unit", "en", "zh", "abroad"),
    [
        (-30_979.4, "mu", "-30,979 yuan/mu", "-30,979元/亩", "-51,632 GBP/ha"),
        (2.25, "m³", "+2.25 yuan/m³", "+2.25元/立方米", "+0.25 GBP/m³"),
        (0.5, "yuan", "+0.5", "+0.5", "+0.5"),
    ],
)
def test_what_one_more_is_worth_carries_its_unit(worth: float, unit: str, en: str, zh: str, abroad: str) -> None:
    assert (each(worth, unit, Say("en")), each(worth, unit, Say("zh"))) == (en, zh)
    assert Locale("metric", "GBP", 9.0).text(en) == abroad


def test_columns_of_sentences_are_wide_enough_to_be_read() -> None:
    rows = (("R1", "1.0", "小（1）型", "任务书：全区治理规划；后来的官方数字为9万多亩"),)
    part = Section("", (Table(("a", "b", "c", "d"), rows, words=(0, 2, 3)),))
    page = as_html(Document("t", "", "", "zh", (part,), ""))
    assert [*re.findall(r"<td(.*?)>", page)] == [' class="w"', "", ' class="w"', ' class="w long"']


def test_every_kind_of_protection_has_a_name_in_both_languages() -> None:
    kinds = tomllib.loads((ROOT / "parameters.toml").read_text(encoding="utf-8"))["protection"]
    for lang in ("en", "zh"):
        assert set(kinds) <= set(section(lang, "protection_kind"))


def test_the_alternatives_stand_side_by_side(plan: Any) -> None:
    part = next(s for s in compose(plan).sections if s.title == "Alternatives")
    table = next(b for b in part.blocks if isinstance(b, Table))
    assert table.heads == ("Figure", "Rules alone", "This plan", "Cheapest", "Laid out otherwise")
    cheapest = plan.summary()["alternatives"][0]
    cost = next(row for row in table.rows if row[0] == "Cost")
    assert cost[3] == Say("en").yuan(cheapest["cost_cny"])


def test_the_discount_rate_moves_around_its_own_value(plan: Any) -> None:
    rate = plan.site.scenario.number("economics.discount_rate")
    flow = (plan.economics.flow["benefit_cny"] - plan.economics.flow["cost_cny"]).to_numpy(float)
    found = {name: (low, high) for name, low, high in swings(plan, Say("en"))}
    low, high = found["discount rate"]
    assert low == pytest.approx(float(np.sum(discounted(flow, rate - 0.03))))
    assert high == pytest.approx(float(np.sum(discounted(flow, rate + 0.03))))


def test_every_page_is_written_by_a_room_that_gives_it_a_policy() -> None:
    writers = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if "<!DOCTYPE html>" in path.read_text(encoding="utf-8") or "<html" in path.read_text(encoding="utf-8")
    }
    assert writers == {"maps/folium_layer.py", "report/html.py"}
    for name in writers:
        assert "Content-Security-Policy" in (ROOT / name).read_text(encoding="utf-8")


def test_the_decision_stands_on_one_page_with_a_smaller_picture_where_it_needs_the_room() -> None:
    from matplotlib.figure import Figure

    def drawn(width: float) -> Figure:
        return Figure(figsize=(width, 0.7 * width))

    def sheets(lines: int) -> tuple[int, float]:
        blocks = (Picture(drawn, "map"), *(Text(f"line {k}") for k in range(lines)))
        laid = pdf._laid_out(Document("site", "", "", "en", (Section("Decision", blocks),), ""), "")
        (axes,) = laid.sheets[0].axes
        return len(laid.sheets), axes.get_position().height * laid.height

    fits = next(k for k in range(60) if sheets(k + 1)[1] < pdf.FIRST_PICTURE_PT - 1)
    assert sheets(fits) == (2, pytest.approx(pdf.FIRST_PICTURE_PT))  # the page, and the sheet that follows it
    assert sheets(fits + 1) == (2, pytest.approx(pdf.FIRST_PICTURE_PT - pdf.PICTURE_STEP_PT))
    assert sheets(fits + 30)[0] > 2  # what no picture makes room for goes on


def test_no_page_stretches_a_picture() -> None:
    """A figure of 10 by 4 inches stands 0.4 times as high as it is wide, whatever its section thought of it."""
    from matplotlib.figure import Figure

    block = Picture(lambda width: Figure(figsize=(width, 0.4 * width)), "levels")
    assert block.ratio == pytest.approx(0.4, abs=0.005)
    laid = pdf._laid_out(Document("site", "", "", "en", (Section("Lakes", (block,)),), ""), "")
    box = laid.sheets[0].axes[0].get_position()
    assert (box.height * laid.height) / (box.width * laid.width) == pytest.approx(0.4, abs=0.005)


def test_every_limit_that_holds_a_plan_has_a_chinese_name(plan: Any) -> None:
    from planner.allocation import Restocked
    from planner.plan.limits import limit_name
    from planner.words import render

    for row in plan.certificate.binding:
        assert re.search("[一-鿿]", render(limit_name(dict(row)), "zh")), row
    rule = Restocked(name="2017", share={"u1": 1.0}, cny_per_m3=4.0)
    row = {"rule": str(rule), "rule_zh": render(rule.told, "zh"), "kind": "restocked", "name": "2017", "unit": "m³"}
    assert "堆存" in render(limit_name(row), "zh")
    assert render(limit_name(row), "en") == str(rule)


def test_a_limit_on_a_column_is_told_inside_a_sentence() -> None:
    from planner.plan.limits import limit_name
    from planner.words import render

    row = {
        "rule": "x",
        "kind": "limit",
        "target": "green",
        "treatment": "wetland",
        "name": "area_mu",
        "low": 2000.0,
        "unit": "mu",
    }
    assert render(limit_name(row), "en") == "area of green space (purification wetland) ≥ 2,000 mu"


def test_captions_do_not_scroll_checksums_do_not_break_and_hands_have_room_to_sign() -> None:
    sums = Table(("File", "SHA-256"), (("dem.tif", "389c4cbf71ee32b4"),), "See `planner water`.", words=(0, 1))
    sign = Table(("Role", "Name", "Signature"), (("Prepared", "", ""),), words=(0, 1, 2))
    page = as_html(Document("site", "", "", "en", (Section("Inputs", (sums, sign)),), ""))
    assert '<p class="caption">See <code>planner water</code>.</p><div class="wide"><table>' in page
    assert '<td class="w sum">389c4cbf71ee32b4</td>' in page
    assert '<tr class="sign">' in page
    assert page.count('class="sign"') == 1


@pytest.mark.parametrize("shape", [(7.2, 0.3), (4.0, 1.2)])
def test_names_are_placed_by_the_true_scale_of_the_map(plan: Any, shape: tuple[float, float]) -> None:
    made = charts.plan_map(plan, Say("en"), *shape)
    made.savefig(io.BytesIO(), format="png")
    (axes,) = made.axes
    frame = axes.get_window_extent()
    names = [text for text in axes.texts if text.get_text() not in ("N", "北") and not text.get_text().endswith(" m")]
    assert names
    boxes = [text.get_window_extent() for text in names]
    assert all(box.x0 >= frame.x0 - 3 and box.x1 <= frame.x1 + 3 for box in boxes)
    assert not [1 for k, a in enumerate(boxes) for b in boxes[:k] if a.overlaps(b)]


def test_the_sheet_for_the_wall_tells_verdict_and_money(plan: Any) -> None:
    from planner.plan.verdict import verdict
    from planner.report.sheet import _head
    from planner.words import render

    s = plan.summary()
    _, lines = _head(plan, Say("en"), 400.0)
    told = " ".join(text for text, *_ in lines)
    assert render(verdict(s).sentence, "en") in told
    assert Say("en").yuan(s["economics"]["cost_cny"]) in told
    ruler = fonts.Ruler(weight="bold")
    assert max(ruler.width(text, size) for text, size, *_ in lines) <= 401.0
