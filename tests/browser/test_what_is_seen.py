# ruff: noqa: E501  (scripts for the page read better unbroken)
"""What a mayor, a clerk and an analyst met on the first map and must not meet again: asserted on the page itself."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planner.landuse import COVERS, cover_of
from planner.maps import MapView

pytestmark = pytest.mark.browser
SCREENS = [(1920, 1080), (1366, 768), (800, 1000), (390, 844), (844, 390)]


def boxes(opened: Any, selector: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right, bottom of every visible element."""
    return [
        tuple(box)
        for box in opened.page.evaluate(
            """s => [...document.querySelectorAll(s)].filter(n => n.offsetParent !== null || n.tagName === 'svg').map(n => {
            const b = n.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; }).filter(b => b[2] > b[0])""",
            selector,
        )
    ]


def meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return min(a[2], b[2]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[1], b[1]) > 1


def on_top(opened: Any, unit: int) -> bool:
    """Whether a finger on the middle of a unit would touch the map, and not something that lies over it."""
    return bool(
        opened.page.evaluate(
            """u => { const p = planner.page, c = L.latLngBounds(p.units.bounds(u)).getCenter(), q = p.map.latLngToContainerPoint(c);
            const box = p.map.getContainer().getBoundingClientRect();
            const n = document.elementFromPoint(box.left + q.x, box.top + q.y);
            return !!n && p.map.getContainer().contains(n) && !n.closest('.leaflet-control'); }""",
            unit,
        )
    )


def test_names_stand_on_the_map_none_over_another(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    shown = opened.page.locator(".planner-name").all_inner_texts()
    assert any(text.startswith("R1") and "m³" in text for text in shown)
    assert "Liuhu Village" in shown
    found = boxes(opened, ".planner-name")
    assert len(found) == len(shown) >= 3
    assert not [1 for k, a in enumerate(found) for b in found[:k] if meet(a, b)]
    assert not ({"Liuhu Village", "Power line corridor"} <= set(shown))  # they stand in each other's way: the village wins
    opened.page.keyboard.press("l")
    assert "柳湖村" in opened.page.locator(".planner-name").all_inner_texts()
    opened.page.evaluate("() => planner.page.map.setZoom(18, {animate: false})")
    assert all("地块" not in text for text in opened.page.locator(".planner-name").all_inner_texts())  # out of sight: not drawn


def test_land_use_is_coloured_by_what_it_means(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path, fragment="#view=landuse&lang=zh")
    colours = dict(
        opened.page.evaluate(
            """() => [...document.querySelectorAll('.planner-legend tbody')].map(t =>
            [t.querySelector('label span:last-child').textContent, t.querySelector('.planner-swatch').style.background])"""
        )
    )
    meaning = {cover.key: cover.colour for cover in COVERS}
    assert list(colours) == ["坑塘水面", "旱地", "村庄", "盐田"]  # by meaning, the unknown one last
    for word, key in (("坑塘水面", "water"), ("旱地", "cropland"), ("村庄", "village")):
        r, g, b = (int(meaning[key][k : k + 2], 16) for k in (1, 3, 5))
        assert colours[word] == f"rgb({r}, {g}, {b})"
    assert cover_of("盐田") is None
    opened.page.keyboard.press("l")
    assert "Water" in opened.text(".planner-legend")


def test_a_few_arrows_hold_all_of_the_earth(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    assert view.hauls is not None
    opened = open_page(path)
    opened.page.evaluate("() => planner.page.setOverlay('hauls', true)")
    assert 1 < opened.page.locator(".leaflet-planner-hauls-pane path").count() <= 30 < len(view.hauls)
    held = sum(flow["volume"] for flow in opened.state("config.hauls"))
    assert held == pytest.approx(view.hauls["volume_m3"].sum(), abs=15)
    found = boxes(opened, ".planner-haul, .planner-name")
    assert not [(a, b) for k, a in enumerate(found) for b in found[:k] if meet(a, b)]  # no figure over a name or another
    assert all(text.endswith("m³") for text in opened.page.locator(".planner-haul").all_inner_texts())
    assert opened.page.locator(".planner-haul").count() > 3


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_the_card_never_hides_its_unit(open_page: Callable[..., Any], path: Path, width: int, height: int) -> None:
    opened = open_page(path, width=width, height=height)
    for unit in (0, 19, 190, 205, 380, 399):
        opened.page.evaluate("u => planner.page.select(u)", unit)
        assert opened.page.is_visible(".planner-card")
        assert on_top(opened, unit), unit
    if width > 900 and height > 520:  # where it is no sheet it lies on no other part
        found = boxes(opened, ".planner-card, .planner-head, .planner-toolbar, .planner-panel, .leaflet-control-scale")
        assert not [(a, b) for k, a in enumerate(found) for b in found[:k] if meet(a, b)]
    left, top, right, bottom = opened.state("free()")
    assert (right - left) * (bottom - top) > 0.2 * width * height  # something of the map is left


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_controls_lie_on_nothing_and_nothing_on_them(
    open_page: Callable[..., Any], path: Path, width: int, height: int
) -> None:
    opened = open_page(path, width=width, height=height)
    parts = ".planner-head, .planner-panel, .planner-toolbar, .leaflet-control-zoom, .leaflet-control-scale, .leaflet-control-attribution"
    for lang in ("en", "zh"):
        opened.page.evaluate("l => planner.page.setLanguage(l)", lang)
        found = boxes(opened, parts)
        assert len(found) >= 5
        assert not [(a, b) for k, a in enumerate(found) for b in found[:k] if meet(a, b)], lang
        assert all(a[0] >= 0 and a[1] >= 0 and a[2] <= width + 1 and a[3] <= height + 1 for a in found)


@pytest.mark.parametrize(("width", "height"), [(800, 1000), (390, 844), (844, 390)])
def test_an_open_panel_leaves_the_plan_in_sight(open_page: Callable[..., Any], path: Path, width: int, height: int) -> None:
    opened = open_page(path, width=width, height=height)
    seen = """() => { const p = planner.page, [W, S, E, N] = p.units.extent, at = (x, y) => p.map.latLngToContainerPoint(p.units.latLng(x, y));
        const a = at(W, N), b = at(E, S), [left, top, right, bottom] = p.free();
        return [a.x - left, a.y - top, right - b.x, bottom - b.y, p.map.getZoom(), b.y - a.y]; }"""
    before = opened.page.evaluate(seen)
    opened.page.click(".planner-fold")
    during = opened.page.evaluate(seen)
    assert min(during[:4]) >= -2, during  # all of the plan between title and panel
    assert during[5] > 60
    opened.page.click(".planner-fold")
    assert opened.page.evaluate(seen) == pytest.approx(before, abs=2.0)  # as it was
    opened.page.click(".planner-fold")
    opened.page.evaluate("() => planner.page.map.setZoom(planner.page.map.getZoom() + 2, {animate: false})")
    moved = opened.page.evaluate("() => planner.page.seen().getCenter()")
    opened.page.click(".planner-fold")
    assert opened.page.evaluate("c => planner.page.seen().contains(c)", moved)  # who moved the map meanwhile stays there


def test_a_filter_is_told_in_every_view(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path)
    opened.page.click("#planner-class-plan-3")
    opened.page.select_option("#planner-view", "depth")
    assert "Plan: without Reservoir" in opened.text(".planner-filters")
    rest = view.units[view.units["target"] != "reservoir"]
    assert f"{len(rest):,}" in opened.text(".planner-legend tfoot")
    opened.page.click(".planner-filters li button")
    assert not opened.page.is_visible(".planner-filters")
    assert "400" in opened.text(".planner-legend tfoot")


def test_what_was_searched_is_marked(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path)
    opened.page.fill("#planner-search", "village P03")
    opened.page.keyboard.press("Enter")
    marked = opened.page.evaluate("() => planner.page.foundMark.getLatLngs().length")
    assert marked == (view.units["parcel_id"] == "P03").sum()
    opened.page.fill("#planner-search", "Liuhu")
    assert "Liuhu Village" in opened.text("#planner-hits")
    opened.page.keyboard.press("Enter")
    assert opened.page.evaluate("() => planner.page.foundMark.getBounds().contains(planner.page.config.places[1].at)")


def test_the_address_remembers_everything(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    opened.page.evaluate(
        """() => { const p = planner.page; p.map.setView([33.94, 116.84], 15.5, {animate: false}); p.setView('depth'); p.setOther('today');
        p.parts.divider.set(0.3); p.setPalette(1); p.setUnit('ha'); p.setYear(2027); p.setOverlay('hauls', true); p.setDark('on');
        p.views.toggle('plan', 2); p.views.ranges.set('subsidence_m', [0.5, 3.25]); p.refilter(); p.setLanguage('zh');
        p.parts.water.open = true; p.parts.water.setLevel(28.5); p.writeAddress(); }"""
    )
    fragment = opened.page.evaluate("() => location.hash")
    again = open_page(path, fragment=fragment)
    told = """() => { const p = planner.page, c = p.map.getCenter(); return [p.state.view, p.state.other, p.parts.divider.share, p.state.palette,
        p.speech.areaUnit, p.state.year, p.shown.hauls, p.state.dark, p.state.lang, [...p.views.hidden.get('plan')], [...p.views.ranges],
        p.visible.reduce((a, b) => a + b), p.map.getZoom(), c.lat.toFixed(4), c.lng.toFixed(4), document.querySelector('#planner-level').value]; }"""
    assert again.page.evaluate(told) == opened.page.evaluate(told)
    assert again.page.evaluate(told)[:4] == ["depth", "today", 0.3, 1]
    assert again.text(".planner-water output").startswith("水位 28.50")


def test_paper_has_legend_and_figures(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    from planner.landuse import TARGETS

    opened = open_page(path)
    opened.page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    opened.page.emulate_media(media="print")
    assert opened.page.is_visible(".planner-sheet")
    assert not opened.page.is_visible(".planner-panel")
    counted = opened.page.evaluate(
        """colours => { const c = document.querySelector('.planner-sheet'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        return colours.map(([r, g, b]) => { let left = 0, right = 0; for (let i = 0; i < d.length; i += 4) {
          if (Math.abs(d[i] - r) + Math.abs(d[i + 1] - g) + Math.abs(d[i + 2] - b) < 24) ((i / 4) % c.width < c.width * 0.7 ? left++ : right++); }
          return [left, right]; }); }""",
        [
            [round(int(TARGETS[t].colour[k : k + 2], 16) * 0.82 + 255 * 0.18) for k in (1, 3, 5)]
            for t in ("construction", "reservoir")
        ],
    )
    for swatch in counted:
        assert swatch[1] > 200  # the legend's swatch stands beside the map
    dark = opened.page.evaluate(
        """() => { const c = document.querySelector('.planner-sheet'), x = Math.round(c.width * 0.74), d = c.getContext('2d').getImageData(x, 0, c.width - x, c.height).data;
        let n = 0; for (let i = 0; i < d.length; i += 4) if (d[i] + d[i + 1] + d[i + 2] < 180) n++; return n; }"""
    )
    assert dark > 2000  # words and figures beside the map
    assert len(opened.page.pdf(prefer_css_page_size=True)) > 50_000


def test_paper_tells_its_words_to_whoever_asks_without_an_event(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    on_screen = opened.page.inner_text(".planner-panel")
    assert "Construction land" in on_screen
    opened.page.emulate_media(media="print")
    opened.page.wait_for_selector(".planner-paper")
    paper = opened.page.inner_text("body")
    area = opened.page.evaluate(
        "() => { const p = planner.page; return p.speech.area(p.views.sums('plan', p.visible).total.area_mu); }"
    )
    assert "Construction land" in paper and "Reservoir" in paper and area in paper
    opened.page.emulate_media(media="screen")
    opened.page.wait_for_selector(".planner-paper", state="detached")


def test_a_chinese_browser_gets_chinese(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path, locale="zh-CN")
    assert opened.state("state.lang") == "zh"
    assert "图例" in str(opened.page.get_attribute(".planner-panel", "aria-label"))
    assert open_page(path, locale="zh-CN", fragment="#lang=en").state("state.lang") == "en"
    assert open_page(path, locale="de-DE").state("state.lang") == "en"
    opened.page.click(".planner-speak")
    assert opened.state("state.lang") == "en"


def test_chinese_figures_have_chinese_units(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    unit = view.units.index[view.units["target"] == "reservoir"][5]
    opened = open_page(path, fragment=f"#lang=zh&unit={unit}")
    assert "限值0.50米" in opened.text(".planner-card")
    latin = r"[0-9.](?:\s?(?:m|mm|mu|yuan)\b)"
    assert not re.findall(latin, opened.text(".planner-card"))
    opened.page.evaluate("document.querySelectorAll('.planner-panel details').forEach((one) => { one.open = true; })")
    titles = opened.page.eval_on_selector_all(".planner-charttitle", "all => all.map((one) => one.textContent)")
    assert "沉陷深度（米）" in titles
    assert not re.findall(latin + r"|yuan|\(m", " ".join(titles) + opened.text(".planner-water"))


def test_a_brush_on_a_chart_filters_and_the_charts_follow(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path)
    opened.brush("subsidence_m", 0.5, 1.0)
    low, high = opened.page.evaluate("() => planner.page.views.ranges.get('subsidence_m')")
    kept = view.units["subsidence_m"].round(2).between(low, high).sum()
    assert 0 < kept < 400
    assert opened.page.evaluate("() => planner.page.visible.reduce((a, b) => a + b)") == kept
    assert "Subsidence" in opened.text(".planner-filters")
    opened.page.evaluate("() => { planner.page.views.showAll(); planner.page.views.only('plan', 3); planner.page.refilter(); }")
    seen = opened.page.evaluate(
        """() => [...document.querySelectorAll('.planner-histogram[data-column=subsidence_m] .planner-seen-bars')].map(r => Number(r.getAttribute('height')))"""
    )
    assert sum(h > 0 for h in seen) < sum(1 for _ in seen)  # lakes are deep: the shallow bars are empty now


def test_measuring_and_a_section_through_the_lake(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path)
    ends = opened.page.evaluate(
        """() => ['u00190', 'u00209'].map(id => { const p = planner.page, b = p.units.bounds(p.texts.ids.indexOf(id));
        const q = p.map.latLngToContainerPoint(L.latLngBounds(b).getCenter()); return [q.x, q.y]; })"""
    )
    opened.page.click("#planner-measure")
    for x, y in ends:
        opened.page.mouse.click(x, y)
    a, b = (view.units.geometry[u].centroid for u in ("u00190", "u00209"))
    length = float(opened.text(".planner-toolout").split("length ")[1].split(" m")[0].replace(",", ""))
    assert length == pytest.approx(a.distance(b), rel=0.02)
    opened.page.keyboard.press("Escape")
    assert not opened.page.is_visible(".planner-toolout")


def test_what_is_filtered_can_be_taken_away(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path)
    opened.page.evaluate("() => { planner.page.views.only('plan', 3); planner.page.refilter(); }")
    rows = list(csv.reader(io.StringIO(opened.page.evaluate("() => planner.csv(planner.page)").lstrip("\ufeff"))))
    lake = view.units[view.units["target"] == "reservoir"]
    assert len(rows) == len(lake) + 1
    assert rows[0][:4] == ["Unit", "Parcel", "Target", "Treatment"]
    area = rows[0].index("Area, mu")
    assert sum(float(row[area]) for row in rows[1:]) == pytest.approx(lake["area_mu"].sum(), abs=0.05)


def test_the_years_play(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    opened.page.click(".planner-play")
    assert opened.state("state.year") == 2025
    opened.page.wait_for_function("() => planner.page.state.year === 2026")
    opened.page.click(".planner-play")
    assert opened.page.get_attribute(".planner-play", "aria-label") == "Play the years"


def test_dark_mode_is_dark(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path, fragment="#dark=on")
    assert (
        opened.page.evaluate("() => getComputedStyle(document.querySelector('.planner-panel')).backgroundColor")
        == "rgb(28, 35, 33)"
    )


def test_scenarios_switch_inside_the_page(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    found = open_page(path)
    buttons = found.page.locator(".planner-scenarios button")
    assert buttons.all_inner_texts() == ["This plan", "Rules alone", "Cheapest"]
    found.page.click("[data-scenario=cheapest]")
    assert found.state("state.view") == "cheapest"
    assert buttons.nth(2).get_attribute("aria-pressed") == "true"
    units = view.units
    arable = float(units["area_mu"][units["cheapest_target"] == "arable"].sum())
    legend = found.text(".planner-legend")
    assert f"{arable:,.1f} mu" in legend
    assert "400 mu would be used otherwise." in legend
    cost = units["cheapest_cost_cny"].sum() / 1e6
    assert f"{cost:,.2f} M yuan" in legend
    # the chart of areas is of the scenario, the card tells what it makes of the unit
    found.page.evaluate("() => { document.querySelector('.planner-charts').open = true; }")
    found.page.wait_for_selector(".planner-charts [data-target=arable]")
    assert f"{arable:,.1f} mu" in (found.page.locator(".planner-charts [data-target=arable]").text_content() or "")
    moved = int(((units["target"] != units["cheapest_target"]).to_numpy()).argmax())
    found.page.evaluate(f"() => planner.page.select({moved}, true)")
    row = found.page.locator(".planner-card tr", has_text="Cheapest")
    assert "Arable land" in row.inner_text()
    # beside the plan, and from a link
    found.page.evaluate("() => { planner.page.setOther('plan'); planner.page.writeAddress(); }")
    again = open_page(path, fragment=str(found.page.evaluate("() => location.hash")))
    assert again.state("state.view") == "cheapest"
    assert again.state("state.other") == "plan"
