"""The map as a person meets it: opened in Chromium with networking off, driven by mouse and keyboard."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from map_world import HOSTILE, LEVEL, world

from planner.maps import MapView, write_html

pytestmark = pytest.mark.browser


def pixel_of(opened: Any, unit: str) -> tuple[float, float]:
    """Where on the screen the middle of a unit is."""
    x, y = opened.page.evaluate(
        """id => { const p = planner.page, u = p.texts.ids.indexOf(id), b = L.latLngBounds(p.units.bounds(u)).getCenter();
        const q = p.map.latLngToContainerPoint(b); return [q.x, q.y]; }""",
        unit,
    )
    return float(x), float(y)


def colour_at(opened: Any, unit: str, pane: str = "planner-units") -> tuple[int, ...]:
    """The colour of the canvas tile in a pane at the middle of a unit."""
    found = opened.page.evaluate(
        """([id, pane]) => { const p = planner.page, u = p.texts.ids.indexOf(id);
        const q = p.map.latLngToContainerPoint(L.latLngBounds(p.units.bounds(u)).getCenter());
        const box = p.map.getContainer().getBoundingClientRect();
        for (const c of p.map.getPane(pane).querySelectorAll('canvas')) {
          const r = c.getBoundingClientRect(), x = q.x + box.left - r.left, y = q.y + box.top - r.top;
          if (x < 0 || y < 0 || x >= r.width || y >= r.height) continue;
          return [...c.getContext('2d').getImageData(x * c.width / r.width, y * c.height / r.height, 1, 1).data];
        } return []; }""",
        [unit, pane],
    )
    return tuple(found)


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[k : k + 2], 16) for k in (1, 3, 5))


def test_units_are_painted_in_their_target_s_colour(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    from planner.landuse import TARGETS

    opened = open_page(path)
    for target in ("construction", "arable", "green", "reservoir"):
        unit = view.units.index[view.units["target"] == target][0]
        assert colour_at(opened, unit) == (*rgb(TARGETS[target].colour), 255)


COUNT_CLEARS = """window.clears = new Map();
const clear = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...box) {
  window.clears.set(this.canvas, (window.clears.get(this.canvas) || 0) + 1);
  return clear.apply(this, box);
};"""


@pytest.mark.parametrize("fragment", ["", "#view=rules&with=plan,40", "#at=34.0,117.0,13&with=rules,50&hide=plan:0"])
def test_opening_draws_every_tile_once(open_page: Callable[..., Any], path: Path, fragment: str) -> None:
    opened = open_page(path, fragment=fragment)
    opened.page.add_init_script(COUNT_CLEARS)
    opened.page.reload()
    opened.page.wait_for_selector("[data-ready=yes]")
    drawn = opened.page.evaluate("() => [...window.clears].map(([canvas, times]) => [canvas.isConnected, times])")
    tiles = opened.state("map.getPanes()['planner-units'].querySelectorAll('canvas').length")
    other = opened.state("map.getPanes()['planner-other'].querySelectorAll('canvas').length")
    assert tiles > 0
    assert (other > 0) == ("with=" in fragment)
    assert drawn == [[True, 1]] * (tiles + other)


def test_legend_adds_up_to_the_plan_and_follows_the_filter(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path)
    total = view.units["area_mu"].sum()
    assert f"{total:,.1f} mu" in opened.text(".planner-legend tfoot")
    assert "400" in opened.text(".planner-legend tfoot")
    lake = view.units[view.units["target"] == "reservoir"]
    row = opened.text(".planner-legend tbody:has-text('Reservoir')")
    assert f"{len(lake)}" in row
    assert f"storage {lake['storage_m3'].sum() / 1e6:,.2f} Mm³" in row
    opened.page.click("#planner-class-plan-3")
    rest = view.units[view.units["target"] != "reservoir"]
    assert f"{rest['area_mu'].sum():,.1f} mu" in opened.text(".planner-legend tfoot")
    assert colour_at(opened, lake.index[0])[3] == 0
    x, y = pixel_of(opened, lake.index[0])
    opened.page.mouse.move(x, y)
    assert opened.state("state.hovered") == -1
    opened.page.click(".planner-all")
    assert f"{total:,.1f} mu" in opened.text(".planner-legend tfoot")


def test_hover_tells_and_a_click_opens_the_card(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path)
    unit = view.units.index[view.units["target"] == "reservoir"][5]
    opened.page.mouse.move(*pixel_of(opened, unit))
    tip = opened.text(".planner-tip")
    assert unit in tip
    assert "Reservoir" in tip
    assert "E 39,48" in opened.text(".planner-where")
    opened.page.mouse.click(*pixel_of(opened, unit))
    card = opened.text(".planner-card")
    for expected in (
        f"Unit {unit}",
        "dig the bed 1 m deeper",
        "Why this target",
        "not allowed: water depth",
        "limit 0.50 m",
        "9.60 mu",
    ):
        assert expected in card
    assert "would be chosen if it were worth" in card
    opened.page.click(".planner-close")
    assert not opened.page.is_visible(".planner-card")


def test_coordinates_are_the_site_s_own(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path)
    unit = view.units.index[10]
    middle = view.units.geometry[unit].centroid
    opened.page.mouse.move(*pixel_of(opened, unit))
    words = opened.text(".planner-where").split()
    size = opened.page.evaluate("() => 40075016.7 * Math.cos(34 * Math.PI / 180) / 256 / 2 ** planner.page.map.getZoom()")
    assert abs(float(words[1].replace(",", "")) - middle.x) < 1.5 * size
    assert abs(float(words[3].replace(",", "")) - middle.y) < 1.5 * size


def test_every_view_paints_and_counts_all_units(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    keys = opened.page.eval_on_selector_all("#planner-view option", "options => options.map(o => o.value)")
    assert {
        "plan",
        "treatment",
        "rules",
        "changed",
        "today",
        "depth",
        "water",
        "table",
        "stability",
        "ready",
        "score",
        "price",
    } <= set(keys)
    for key in keys:
        opened.page.select_option("#planner-view", key)
        assert "400" in opened.text(".planner-legend tfoot"), key
        assert "not known" not in opened.text(".planner-legend"), key


def test_both_languages_and_units(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path)
    opened.page.click(".planner-settings summary")
    opened.page.select_option("#planner-lang", "zh")
    assert opened.page.evaluate("document.documentElement.lang") == "zh-CN"
    assert opened.page.title() == "试验湖"
    for expected in ("建设用地", "合计", "面积单位"):
        assert expected in opened.text(".planner-panel")
    left = opened.page.evaluate("() => document.querySelector('.planner-page').innerText")
    import re

    allowed = {"English", "Leaflet", "mu", "Esc", "km", "m", "n", "p", "s", "l", "CGCS", "Degree", "GK"}
    assert set(re.findall(r"[A-Za-z]{2,}", left)) <= allowed | {"CM", "Gauss", "Kruger", "zone"}, left
    opened.page.select_option("#planner-unit", "ha")
    assert f"{view.units['area_mu'].sum() / 15:,.1f} 公顷" in opened.text(".planner-legend tfoot")


def test_palettes_repaint(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    from planner.landuse import TARGETS

    opened = open_page(path)
    unit = view.units.index[view.units["target"] == "green"][0]
    opened.page.click(".planner-settings summary")
    opened.page.select_option("#planner-palette", "2")
    assert colour_at(opened, unit) == (*rgb(TARGETS["green"].survey), 255)
    swatch = opened.page.evaluate(
        "() => getComputedStyle(document.querySelectorAll('.planner-legend .planner-swatch')[0]).opacity"
    )
    assert float(swatch) == pytest.approx(opened.state("state.opacity"))


def test_search_finds_units_and_parcels_by_keyboard(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    opened.page.keyboard.press("Tab")
    opened.page.focus("#map_plan")
    opened.page.keyboard.press("/")
    opened.page.keyboard.type("u00123")
    opened.page.keyboard.press("Enter")
    assert opened.state("texts.ids[planner.page.state.selected]") == "u00123"
    assert "Unit u00123" in opened.text(".planner-card")
    opened.page.fill("#planner-search", "village P03")
    assert "P03" in opened.text("#planner-hits")
    opened.page.fill("#planner-search", "no such thing")
    assert "nothing found" in opened.text("#planner-hits")


def test_keys_walk_the_units_switch_language_and_swipe(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    opened.page.focus("#map_plan")
    opened.page.keyboard.press("n")
    opened.page.keyboard.press("n")
    assert opened.state("state.selected") == 1
    assert "u00001" in opened.text(".planner-live")
    opened.page.keyboard.press("p")
    assert opened.state("state.selected") == 0
    opened.page.keyboard.press("Escape")
    assert opened.state("state.selected") == -1
    opened.page.keyboard.press("l")
    assert opened.state("state.lang") == "zh"
    opened.page.keyboard.press("s")
    assert opened.page.is_visible(".planner-divider")
    opened.page.click(".planner-settings summary")
    opened.page.click("#planner-keys")
    opened.page.focus("#map_plan")
    opened.page.keyboard.press("l")
    assert opened.state("state.lang") == "zh"


def test_swipe_cuts_both_sides_at_the_divider(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path)
    opened.page.select_option("#planner-other", "depth")
    assert opened.page.is_visible(".planner-divider")
    box = opened.page.evaluate("() => planner.page.map.getContainer().clientWidth")

    def edges() -> tuple[float, float]:
        left, right = opened.page.evaluate(
            """() => ['planner-units', 'planner-other'].map(n => {
            const v = planner.page.map.getPane(n).style.clip.match(/-?[0-9.]+/g).map(Number);
            const origin = planner.page.map.containerPointToLayerPoint([0, 0]).x;
            return n === 'planner-units' ? v[1] - origin : v[3] - origin; })"""
        )
        return float(left), float(right)

    assert edges() == pytest.approx((box / 2, box / 2), abs=2)
    opened.page.focus(".planner-divider")
    opened.page.keyboard.press("ArrowLeft")
    assert edges() == pytest.approx((0.48 * box, 0.48 * box), abs=2)
    handle = opened.page.locator(".planner-divider > span").bounding_box()
    opened.page.mouse.move(handle["x"] + 17, handle["y"] + 17)
    opened.page.mouse.down()
    opened.page.mouse.move(300, 400)
    opened.page.mouse.up()
    assert edges() == pytest.approx((300, 300), abs=2)
    opened.page.evaluate("() => planner.page.map.panBy([50, 20], {animate: false})")
    assert edges() == pytest.approx((300, 300), abs=2)
    unit = view.units.index[view.units["target"] == "reservoir"][0]
    assert colour_at(opened, unit, "planner-other") != colour_at(opened, unit, "planner-units")


def painted_mu(opened: Any) -> float:
    """Mu of water on the screen, by counting the pixels of the flood that are drawn."""
    return float(
        opened.page.evaluate(
            """() => { const f = planner.page.flood, c = f.canvas;
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            let n = 0; for (let i = 3; i < d.length; i += 4) if (d[i] > 0) n++;
            const [[s, w], [t, e]] = f.raster.bounds, R = 6371007;
            const m2 = (t - s) * Math.PI / 180 * R * (e - w) * Math.PI / 180 * R * Math.cos((s + t) / 2 * Math.PI / 180);
            return n * m2 / (c.width * c.height) * 15 / 1e4; }"""
        )
    )


def told_mu(opened: Any) -> float:
    return float(opened.text(".planner-water output").split("water ")[1].split(" mu")[0].replace(",", ""))


def test_the_water_that_is_drawn_is_the_water_that_is_told(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    assert view.curves is not None
    opened = open_page(path)
    opened.page.click(".planner-water summary")
    row = view.curves[view.curves["level_m"] == LEVEL].iloc[0]
    shown = opened.text(".planner-water output")
    assert f"Level {LEVEL:.2f} m" in shown
    assert f"{row['storage_m3'] / 1e6:,.2f} Mm³" in shown
    told = []
    for level in (27.0, 28.5, LEVEL, 30.4, 30.62, 31.0):  # above the normal level the water leaves its bed
        opened.page.evaluate("z => planner.page.parts.water.setLevel(z)", level)
        assert f"Level {level:.2f} m" in opened.text(".planner-water output")
        assert painted_mu(opened) == pytest.approx(told_mu(opened), rel=0.003)
        told.append(told_mu(opened))
    assert told == sorted(told)
    assert told[-1] > 1.2 * told[2]
    opened.page.click(".planner-water button")
    assert f"Level {LEVEL:.2f} m" in opened.text(".planner-water output")


def test_a_level_bed_comes_under_water_as_it_is_told(open_page: Callable[..., Any], tmp_path: Path, view: MapView) -> None:
    """A shelf 0.38 m under the normal level, between two rows of the plan's table, around a bed with borders off the cells."""
    assert view.terrain is not None and view.reservoirs is not None and view.curves is not None
    lake = view.reservoirs.geometry.iloc[0].buffer(-23.7)
    x, y = np.meshgrid(*view.terrain.frame.centres())
    inside = shapely.contains_xy(lake, x, y)
    bed = np.where(inside, np.minimum(view.terrain.values, LEVEL - 0.38), view.terrain.values)
    bed = np.where(inside & (view.terrain.values > 28.0), LEVEL - 0.38, bed)
    rows = np.array([(bed[inside] < z).sum() for z in view.curves["level_m"]]) / inside.sum() * lake.area * 15 / 1e4
    held = np.array([np.maximum(z - bed[inside], 0).sum() for z in view.curves["level_m"]]) / inside.sum() * lake.area
    changed = dataclasses.replace(
        view,
        finished=view.terrain.like(bed),
        reservoirs=view.reservoirs.set_geometry([lake], crs=view.crs),
        curves=view.curves.assign(area_mu=rows, storage_m3=held),
    )
    opened = open_page(write_html(changed, tmp_path / "map.html"))
    opened.page.click(".planner-water summary")
    told = {}
    for level in (27.31, 28.66, 29.55, 29.61, 29.62, 29.7, 29.99, LEVEL, 30.01, 30.3):
        opened.page.evaluate("z => planner.page.parts.water.setLevel(z)", level)
        told[level] = told_mu(opened)
        assert painted_mu(opened) == pytest.approx(told[level], rel=0.003), level
    assert told[LEVEL] == pytest.approx(lake.area * 15 / 1e4, rel=1e-4)
    assert told[29.62] == pytest.approx(told[LEVEL], rel=1e-4) != told[29.61]


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1920, 1080)])
def test_the_reading_of_the_water_is_in_sight(open_page: Callable[..., Any], path: Path, width: int, height: int) -> None:
    opened = open_page(path, width=width, height=height)
    opened.page.click(".planner-water summary")
    for part in (".planner-water output", "#planner-level", ".planner-depthkey"):
        box = opened.page.locator(part).bounding_box()
        panel = opened.page.locator(".planner-scroll").bounding_box()
        assert panel["y"] <= box["y"]
        assert box["y"] + box["height"] <= min(height, panel["y"] + panel["height"]) + 1


def test_the_flood_of_the_plan_does_not_cover_today(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path, fragment="#view=plan&with=today,50")
    opened.page.evaluate("() => { planner.page.parts.water.open = true; }")
    opened.page.wait_for_selector(".leaflet-planner-water-pane img")
    clips = "() => ['water', 'units', 'other'].map(n => planner.page.map.getPane('planner-' + n).style.clip)"
    water, left, _ = opened.page.evaluate(clips)
    assert water == left != ""
    opened.page.evaluate("() => { planner.page.setView('today'); planner.page.setOther('plan'); }")
    water, _, right = opened.page.evaluate(clips)
    assert water == right != ""


def test_years_hatch_what_is_not_ready(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path)
    late, early = (view.units.index[view.units["ready_year"] == year][7] for year in (2030, 2025))
    before = colour_at(opened, late), colour_at(opened, early)
    opened.page.evaluate(
        "() => { const s = document.getElementById('planner-year'); s.value = 2026; s.dispatchEvent(new Event('input')); }"
    )
    ready = view.units[view.units["ready_year"] <= 2026]["area_mu"].sum()
    assert f"{ready:,.1f} mu ready" in opened.text(".planner-years output")
    assert colour_at(opened, late) != before[0]
    assert colour_at(opened, early) == before[1]
    assert (
        opened.page.evaluate("() => planner.page.main.paint.faded.reduce((a, b) => a + b)")
        == (view.units["ready_year"] > 2026).sum()
    )


def test_hauls_and_relief_switch(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    opened.page.click(".planner-settings summary")
    opened.page.click("#planner-hauls")
    assert opened.page.locator(".leaflet-planner-hauls-pane path").count() > 20
    assert opened.page.locator("img.leaflet-image-layer").count() == 1
    lines = opened.page.locator(".leaflet-planner-lakes-pane path")
    before = lines.count()
    opened.page.click("#planner-constraints")
    assert lines.count() == before + 1
    opened.page.evaluate("() => planner.page.select(3)")
    assert "Constraints here: gas main" in opened.text(".planner-card")
    opened.page.click("#planner-hillshade")
    assert opened.page.locator(".leaflet-tile-pane img").count() == 0


def test_a_link_opens_the_same_unit_and_view(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path, fragment="#view=depth&lang=zh&unit=u00042")
    assert opened.state("state.view") == "depth"
    assert "u00042" in opened.text(".planner-card h2")
    assert "沉陷深度" in opened.text(".planner-legend caption")


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1366, 768), (1920, 1080)])
def test_controls_stay_on_the_screen(open_page: Callable[..., Any], path: Path, width: int, height: int) -> None:
    opened = open_page(path, width=width, height=height)
    opened.page.evaluate("() => planner.page.select(5)")
    for part in (".planner-head", ".planner-panel", ".planner-card"):
        box = opened.page.locator(part).bounding_box()
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= width + 1
        assert box["y"] + box["height"] <= height + 1
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_controls_have_names_for_screen_readers(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    nameless = opened.page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, [role=slider]')].filter(n =>
        !(n.getAttribute('aria-label') || n.textContent.trim() || (n.labels && n.labels.length))).map(n => n.outerHTML)"""
    )
    assert nameless == []
    assert "400" in opened.page.get_attribute("#map_plan", "aria-label")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_strings_are_shown_as_text(open_page: Callable[..., Any], tmp_path: Path, name: str) -> None:
    texts = {"markup": HOSTILE["markup"], "script": HOSTILE["script"], "quotes": HOSTILE["quotes"], name: HOSTILE[name]}
    chosen = {name: texts[name]} if name not in ("script", "markup") else texts
    opened = open_page(write_html(world(6, texts=chosen), tmp_path / "map.html"))
    for unit in range(6):
        opened.page.evaluate(f"() => planner.page.select({unit})")
    opened.page.fill("#planner-search", "u")
    assert opened.page.evaluate("() => window.hacked") is None
    assert opened.page.locator(".planner-page img[src=x], .planner-page b").count() == 0
    shown = opened.page.evaluate("() => document.querySelector('.planner-card').textContent")
    assert any(text in shown for text in chosen.values())
    box = opened.page.locator(".planner-card").bounding_box()
    assert box["height"] <= 768


def test_a_notebook_frame_shows_the_map(open_page: Callable[..., Any], tmp_path: Path, view: MapView) -> None:
    from planner.maps import draw

    page = tmp_path / "notebook.html"
    page.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{draw(view)._repr_html_()}</body>", encoding="utf-8")
    opened = open_page(page, ready="iframe")
    frame = opened.page.frame_locator("iframe")
    frame.locator("[data-ready=yes]").wait_for()
    assert "400" in frame.locator(".planner-legend tfoot").inner_text()
    opened.requests[:] = [r for r in opened.requests if r != "about:srcdoc"]


def test_a_damaged_file_says_so(open_page: Callable[..., Any], path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    place = text.index('plan_units">') + 400
    broken = tmp_path / "broken.html"
    broken.write_text(text[:place] + text[place + 4000 :], encoding="utf-8")
    opened = open_page(broken, ready=".planner-fault")
    assert "could not be read" in opened.text(".planner-fault")
    opened.complaints.clear()


def test_folium_things_can_be_added(open_page: Callable[..., Any], tmp_path: Path, view: MapView) -> None:
    import folium

    from planner.maps import draw

    drawn = draw(view)
    folium.Marker(drawn.location, popup="pump station").add_to(drawn)
    opened = open_page(write_html(drawn, tmp_path / "map.html"))
    assert opened.page.locator(".leaflet-marker-icon").count() == 1
    assert opened.page.get_attribute(".leaflet-marker-icon", "src").startswith("data:image/png")
    opened.page.evaluate("() => document.querySelector('.leaflet-marker-icon').click()")
    assert "pump station" in opened.text(".leaflet-popup-content")


def test_the_curve_is_read_between_its_rows(open_page: Callable[..., Any], path: Path) -> None:
    """A bowl whose area grows evenly from 0 to 100 over 2 m: its storage is a parabola, and rows stay what they are."""
    opened = open_page(path)
    curve = {"level": [10.0, 11.0, 12.0], "area": [0.0, 50.0, 100.0], "storage": [0.0, 25.0, 100.0]}

    def read(level: float) -> dict[str, Any]:
        found: dict[str, Any] = opened.page.evaluate("([c, z]) => planner.readCurve(c, z)", [curve, level])
        return found

    assert read(9.0) == {"area": 0, "storage": 0}
    assert read(11.0) == {"area": 50, "storage": 25}
    assert read(10.5)["storage"] == pytest.approx(25 * 0.5**2)
    assert read(11.5)["storage"] == pytest.approx(25 * 1.5**2)
    assert read(11.5)["area"] == pytest.approx(75.0)
    assert read(13.0)["beyond"] is True
