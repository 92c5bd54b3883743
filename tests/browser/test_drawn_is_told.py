# ruff: noqa: E501  (scripts for the page read better unbroken)
"""What the map draws beside what it tells: names, charts, comparisons and measures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from map_world import LEVEL, SOUTH, WEST

from planner.maps import MapView, write_html

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lakes(view: MapView, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world's lake in two, the southern one 0.4 m lower and with half the curve."""
    assert view.reservoirs is not None and view.curves is not None
    whole, size = view.reservoirs.geometry.iloc[0], 1600.0
    halves = [shapely.box(WEST, SOUTH + a, WEST + size, SOUTH + b) for a, b in ((size / 2 + 40, size), (0, size / 2 - 40))]
    rows = view.reservoirs.iloc[[0, 0]]
    low = view.curves.assign(reservoir_id="R2", area_mu=view.curves["area_mu"] / 3, storage_m3=view.curves["storage_m3"] / 3)
    changed = dataclasses.replace(
        view,
        reservoirs=gpd.GeoDataFrame(
            rows.assign(level_m=[LEVEL, LEVEL - 0.4], storage_m3=rows["storage_m3"] * [0.6, 0.4]).drop(columns="geometry"),
            geometry=[whole.intersection(half) for half in halves],
            crs=view.crs,
        ).set_axis(pd.Index(["R1", "R2"], name="reservoir_id")),
        curves=pd.concat([view.curves, low], ignore_index=True),
    )
    return write_html(changed, tmp_path_factory.mktemp("lakes") / "map.html")


def lake_names(opened: Any) -> list[str]:
    """The names of lakes that stand on the map, each in one line."""
    return [" ".join(text.split("\n")) for text in opened.page.locator(".planner-name-lake").all_inner_texts()]


def test_a_lake_s_name_tells_what_it_holds_at_the_level_drawn(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path)
    (planned,) = lake_names(opened)
    opened.page.click(".planner-water summary")
    opened.page.evaluate("() => planner.page.parts.water.setLevel(28.5)")
    held = opened.text(".planner-water output").split("storage ")[1].split(" ·")[0]
    assert lake_names(opened) == [f"R1 {held}"] != [planned]
    opened.page.evaluate(
        "() => { planner.page.told = []; const write = CanvasRenderingContext2D.prototype.fillText; CanvasRenderingContext2D.prototype.fillText = function (text, ...at) { planner.page.told.push(text); return write.call(this, text, ...at); }; planner.sheet(planner.page, 'A4', true); }"
    )
    assert held in opened.state("told")
    opened.page.click(".planner-water summary")
    opened.page.wait_for_function(
        "told => document.querySelector('.planner-name-lake').innerText.replace('\\n', ' ') === told", arg=planned
    )


def test_the_plan_s_lakes_are_named_on_its_side_of_the_divider(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path, fragment="#view=plan&with=today,50")
    share = opened.page.evaluate(
        "() => { const p = planner.page, x = p.map.latLngToContainerPoint(p.config.places.find((one) => one.kind === 'lake').at).x; return x / p.map.getSize().x; }"
    )
    for view, other, cut, named in (
        ("plan", "today", share + 0.05, True),
        ("plan", "today", share - 0.05, False),
        ("today", "plan", share + 0.05, False),
        ("today", "plan", share - 0.05, True),
        ("plan", "treatment", share - 0.05, True),
        ("today", "", 0.5, False),
    ):
        opened.page.evaluate(
            "([view, other, cut]) => { const p = planner.page; p.setView(view); p.setOther(other); p.parts.divider.set(cut); }",
            [view, other, cut],
        )
        assert bool(lake_names(opened)) is named, (view, other, cut)


def test_the_storage_curve_is_of_the_lake_whose_level_it_moves(open_page: Callable[..., Any], lakes: Path) -> None:
    opened = open_page(lakes)
    opened.page.evaluate(
        "() => document.querySelectorAll('.planner-charts, .planner-water').forEach((one) => { one.open = true; })"
    )
    title = ".planner-charttitle:has-text('Storage curve')"
    opened.page.wait_for_selector(title)
    assert opened.text(title).endswith("R1")
    opened.page.select_option(".planner-water select", "1")
    assert opened.text(title).endswith("R2")
    chart = opened.page.locator(".planner-charts svg").last
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    opened.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    first, second = opened.page.evaluate("() => [0, 1].map((i) => planner.page.parts.water.levelOf(i))")
    assert first == LEVEL
    assert second < LEVEL - 0.5
    assert f"Level {second:.2f} m" in opened.text(".planner-water output")


def test_both_views_that_are_compared_have_their_key(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path, fragment="#view=plan&with=depth,50")
    captions = opened.page.locator(".planner-legend caption").all_inner_texts()
    assert [text.split("\n")[0] for text in captions] == ["◀ Plan", "Subsidence depth ▶"]
    drawn = set(
        opened.page.evaluate(
            "() => { const p = planner.page.second.paint; return [...new Set(p.classOf)].map((c) => p.colours[c]); }"
        )
    )
    keyed = opened.page.evaluate(
        "() => [...document.querySelectorAll('.planner-legend table:nth-of-type(2) .planner-swatch')].map((one) => one.style.background)"
    )
    assert {tuple(int(c[k : k + 2], 16) for k in (1, 3, 5)) for c in drawn} == {
        tuple(int(v) for v in c[4:-1].split(",")) for c in keyed
    }
    opened.page.click("#planner-class-depth-0")
    totals = opened.page.locator(".planner-legend tfoot tr:first-child").all_inner_texts()
    assert len(totals) == 2 and totals[0] == totals[1]
    assert int(totals[0].split()[-1]) < 400
    opened.page.evaluate("() => planner.page.setOther('')")
    assert opened.page.locator(".planner-legend caption").all_inner_texts() == ["Plan"]


def test_a_length_is_that_of_the_coordinates_told(open_page: Callable[..., Any], path: Path) -> None:
    """The middles of two units 19 columns of 80 m apart: 1 520 m in the site's coordinates, 0.2 % less on a sphere."""
    opened = open_page(path)
    told = opened.page.evaluate("""() => { const p = planner.page; document.getElementById('planner-measure').click();
        for (const id of ['u00180', 'u00199']) { const b = p.units.bounds(p.texts.ids.indexOf(id)); p.map.fire('click', { latlng: L.latLngBounds(b).getCenter() }); }
        return document.querySelector('.planner-toolout').innerText; }""")
    assert "length 1,520 m" in told


def test_the_address_keeps_how_clear_the_units_are(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    usual = opened.state("state.opacity")
    opened.page.evaluate("() => planner.page.writeAddress()")
    assert "opacity" not in opened.page.evaluate("() => location.hash")
    opened.page.click(".planner-settings summary")
    opened.page.fill("#planner-opacity", "0.35")
    opened.page.wait_for_function("() => location.hash.includes('opacity=0.35')")
    again = open_page(path, fragment=opened.page.evaluate("() => location.hash"))
    for pane in ("planner-units", "planner-other"):
        assert again.state(f"map.getPane('{pane}').style.opacity") == "0.35"
    assert again.page.input_value("#planner-opacity") == "0.35"
    for wrong in ("7", "0", "-1", "clear", ""):
        assert open_page(path, fragment=f"#opacity={wrong}").state("state.opacity") == usual


def test_the_mouse_tells_what_is_drawn_under_it(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path, fragment="#view=plan&with=cheapest,50")
    moved = [
        str(u) for u in view.units.index[(view.units["target"] == "construction") & (view.units["cheapest_target"] == "arable")]
    ]
    unit, x, y = opened.page.evaluate(
        """ids => { const p = planner.page; for (const id of ids) { const b = p.units.bounds(p.texts.ids.indexOf(id)), q = p.map.latLngToContainerPoint(L.latLngBounds(b).getCenter());
        if (document.elementFromPoint(q.x, q.y).closest('.leaflet-container')) return [id, q.x, q.y]; } }""",
        moved,
    )
    tip = []
    for share in (0.98, 0.02):
        opened.page.evaluate("v => planner.page.parts.divider.set(v)", share)
        opened.page.mouse.move(x + 1, y)
        opened.page.mouse.move(x, y)
        tip.append(opened.text(".planner-tip"))
    assert tip[0].startswith(f"{unit} · Construction land · 9.60 mu")
    assert tip[1].startswith(f"{unit} · Construction land · Cheapest: Arable land · 9.60 mu")
    opened.page.evaluate("() => { planner.page.setOther(''); planner.page.setView('depth'); }")
    opened.page.mouse.move(x + 1, y)
    assert "· Subsidence depth: " in opened.text(".planner-tip")
    sheet = """key => { planner.page.setView(key); return planner.sheet(planner.page, 'A4', true).told.map((one) => one.text).join(' '); }"""
    assert "Cheapest: 400 mu would be used otherwise." in opened.page.evaluate(sheet, "cheapest")


def test_water_over_land_that_is_not_ready_shows_its_hatch(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path)
    opened.page.evaluate("() => { const w = planner.page.parts.water; w.open = true; w.setLevel(w.lake().level); }")
    clear = """() => { const p = planner.page, c = p.flood.canvas, d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, over = p.flood.over(p.units), late = [], early = [];
        for (let i = 0; i < over.length; i++) if (d[4 * i + 3] && over[i] >= 0) (p.columns.ready_year.at(over[i]) > 2026 ? late : early).push(d[4 * i + 3]);
        return [late, early].map((all) => [all.length, Math.min(...all), Math.max(...all)]); }"""
    (late, *solid), early = opened.page.evaluate(clear)
    assert late > 100 < early[0]
    assert solid == early[1:] == [255, 255]
    opened.page.evaluate("() => planner.page.setYear(2026)")
    (again, *pale), early = opened.page.evaluate(clear)
    assert again == late
    assert pale[1] < 128
    assert early[1:] == [255, 255]


def test_the_earth_s_figures_stand_whole_on_the_screen(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path, width=390, height=844)
    opened.page.evaluate(
        "() => { const p = planner.page; p.setOverlay('hauls', true); p.map.setZoom(p.map.getZoom() + 1, { animate: false }); }"
    )
    left, right = opened.page.evaluate(
        "() => { const all = [...document.querySelectorAll('.planner-haul')].map((one) => one.getBoundingClientRect()); return [Math.min(...all.map((b) => b.left)), Math.max(...all.map((b) => b.right))]; }"
    )
    assert left >= -1
    assert right <= 391
