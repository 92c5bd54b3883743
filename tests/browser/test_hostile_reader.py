# ruff: noqa: E501  (scripts for the page read better unbroken)
"""What a hostile reader met on the second map: mangled addresses, controls over controls, sheets that left untold what they drew."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planner.landuse import COVERS, TARGETS
from planner.maps import MapView
from planner.maps.draw import draw_views
from planner.maps.views import options_of, view_specs

pytestmark = pytest.mark.browser
MANGLED = ["water=30_0.5", "water=_", "at=,,", "at=33.9", "at=1e9,1e9,5", "at=-33,-70,15", "hide=~area_mu:5_1", "hide=~target:0_1", "hide=plan:", "%"]  # fmt: skip


def box(opened: Any, selector: str) -> list[float]:
    return list(
        opened.page.evaluate(
            "s => { const b = document.querySelector(s).getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; }",
            selector,
        )
    )


def on_top(opened: Any, selector: str) -> bool:
    """Whether a finger on the middle of a control, and on its corners, would touch it."""
    return bool(
        opened.page.evaluate(
            """s => { const n = document.querySelector(s), b = n.getBoundingClientRect();
            return [[0.5, 0.5], [0.1, 0.2], [0.9, 0.2], [0.1, 0.8], [0.9, 0.8]].every(([u, v]) => {
              const hit = document.elementFromPoint(b.left + u * b.width, b.top + v * b.height); return hit && (n === hit || n.contains(hit)); }); }""",
            selector,
        )
    )


@pytest.mark.parametrize("fragment", MANGLED)
def test_a_mangled_address_opens_the_whole_plan(open_page: Callable[..., Any], path: Path, fragment: str) -> None:
    opened = open_page(path, fragment="#" + fragment)
    assert opened.page.evaluate("() => planner.page.seen().contains(planner.page.extent())")
    assert opened.page.evaluate("() => planner.page.visible.reduce((a, b) => a + b)") == 400  # no filter that no box tells


def test_a_brushed_range_comes_back_as_it_was(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    opened.brush("subsidence_m", 0.31, 0.77)
    opened.page.evaluate("() => planner.page.writeAddress()")
    again = open_page(path, fragment=opened.page.evaluate("() => location.hash"))
    state = "() => [...planner.page.views.ranges.get('subsidence_m'), planner.page.visible.reduce((a, b) => a + b)]"
    assert again.page.evaluate(state) == opened.page.evaluate(state)


@pytest.mark.parametrize(("width", "height"), [(844, 390), (667, 375), (800, 1000), (600, 900), (390, 844), (1024, 500)])
def test_every_control_can_be_reached_beside_panel_and_card(
    open_page: Callable[..., Any], path: Path, width: int, height: int
) -> None:
    for lang in ("en", "zh"):
        opened = open_page(path, width=width, height=height, fragment=f"#lang={lang}")
        opened.page.evaluate("() => planner.page.parts.panel.fold(false)")
        if opened.page.is_visible(".planner-speak"):
            assert on_top(opened, ".planner-speak"), lang
        assert on_top(opened, ".planner-fold"), lang
        opened.page.evaluate("() => { planner.page.parts.panel.fold(true); planner.page.select(205); }")
        for control in (".planner-close", ".planner-speak", ".planner-fold"):
            assert on_top(opened, control), (lang, control)


def test_lines_over_the_units_have_a_key(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    assert "Reservoir outlines" in opened.text(".planner-linekey")
    opened.page.evaluate("() => { planner.page.setOverlay('reservoirs', false); planner.page.setOverlay('hauls', true); }")
    told = opened.text(".planner-linekey")
    assert "Reservoir outlines" not in told
    held = opened.page.evaluate(
        "() => planner.page.speech.cubic(planner.page.config.hauls.reduce((s, one) => s + one.volume, 0))"
    )
    assert held in told


def test_m3_stand_beside_their_arrow(open_page: Callable[..., Any], path: Path) -> None:
    """By hand: an arrow from (0, 0) to (100, 0); its figure may not lie on it, nor on the name above it."""
    opened = open_page(path)
    flows = "[{p: {x: 0, y: 0}, q: {x: 100, y: 0}, share: 1, text: '12 m³'}]"
    (alone,) = opened.page.evaluate(f"() => planner.haulFigures({flows}, [])")
    assert abs(alone["y"]) - alone["h"] / 2 >= 3
    taken = f"[{{x: 50, y: {alone['y']}, w: 400, h: 16}}]"
    (moved,) = opened.page.evaluate(f"() => planner.haulFigures({flows}, {taken})")
    assert moved["y"] == pytest.approx(-alone["y"])
    assert opened.page.evaluate(f"() => planner.haulFigures({flows}, [{{x: 50, y: 0, w: 400, h: 100}}])") == []


def test_the_sheet_is_filled_by_the_plan_and_tells_what_it_draws(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    opened.page.evaluate(
        """() => { const p = planner.page; p.views.toggle('plan', 0); p.refilter(); p.setYear(2027); p.setOverlay('hauls', true); p.setOther('landuse');
        p.parts.water.open = true; }"""
    )
    opened.page.wait_for_function("() => planner.page.flood.shown")
    opened.page.evaluate("() => planner.page.parts.water.setLevel(29.5)")
    told = " ".join(opened.page.evaluate("() => planner.sheet(planner.page, 'A4', false).told.map((one) => one.text)"))
    reading = opened.text(".planner-water output")
    assert reading.startswith("Level 29.50 m")
    for words in (
        "Filter in force: Plan: without",
        "2027:",
        "Land use today",
        "Reservoir outlines",
        "Earth:",
        "Depth of water",
    ):
        assert words in told, words
    assert reading.split(" · ")[1] in told
    figure = opened.page.evaluate("() => planner.page.speech.cubic(planner.page.config.hauls[0].volume)")
    assert told.count(figure) >= 1  # arrows carry their m³ on paper too
    share = opened.page.evaluate(
        """() => { const p = planner.page; p.views.showAll(); p.refilter(); p.setOther(''); p.parts.water.open = false; p.setOverlay('hauls', false);
        const c = planner.sheet(p, 'A4', false), d = c.getContext('2d').getImageData(0, 0, c.width * 0.7, c.height).data;
        let n = 0; for (let i = 0; i < d.length; i += 4) { const low = Math.min(d[i], d[i + 1], d[i + 2]), high = Math.max(d[i], d[i + 1], d[i + 2]); if (high - low > 40) n++; }
        return n / (d.length / 4); }"""
    )
    assert share > 0.3  # a square plan on a sheet half as wide again: not the margins of the screen


def test_the_compared_view_is_on_the_sheet(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path, fragment="#view=plan&with=landuse,50")
    opened.page.evaluate(
        "() => planner.page.parts.divider.set((planner.page.free()[0] + planner.page.free()[2]) / 2 / planner.page.map.getSize().x)"
    )
    colours = [TARGETS["construction"].colour, next(cover.colour for cover in COVERS if cover.key == "water")]
    blended = [
        [0.82 * int(c[k : k + 2], 16) + 0.18 * ground for k, ground in zip((1, 3, 5), (244, 242, 236), strict=True)]
        for c in colours
    ]
    sides = opened.page.evaluate(
        """colours => { const c = planner.sheet(planner.page, 'A4', false), w = c.width, d = c.getContext('2d').getImageData(0, 0, w, c.height).data;
        return colours.map(([r, g, b]) => { let left = 0, right = 0; for (let i = 0; i < d.length; i += 4) { const x = (i / 4) % w; if (x > 0.7 * w) continue;
          if (Math.abs(d[i] - r) + Math.abs(d[i + 1] - g) + Math.abs(d[i + 2] - b) < 12) (x < 0.36 * w ? left++ : right++); } return [left, right]; }); }""",
        blended,
    )
    (plan_left, plan_right), (today_left, today_right) = sides
    assert plan_left > 5_000 > 50 * plan_right
    assert today_right > 5_000 > 50 * today_left


def test_the_download_holds_the_target_that_is_shown(open_page: Callable[..., Any], path: Path, view: MapView) -> None:
    opened = open_page(path, fragment="#view=cheapest")
    rows = list(csv.reader(io.StringIO(opened.page.evaluate("() => planner.csv(planner.page)").lstrip("\ufeff"))))
    assert rows[0][4] == "Cheapest"
    assert sum(row[4] == "Arable land" for row in rows[1:]) == (view.units["cheapest_target"] == "arable").sum()
    opened.page.evaluate("() => planner.page.setView('plan')")
    assert "Cheapest" not in opened.page.evaluate("() => planner.csv(planner.page)").split("\r\n")[0]


def test_the_section_shows_the_water_that_is_drawn(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    middle = opened.page.evaluate(
        """() => { const p = planner.page, [l, t, r, b] = p.free(), at = p.map.latLngToContainerPoint(p.extent().getCenter()); return [at.x, at.y, r - l]; }"""
    )
    opened.page.click("#planner-section")
    opened.page.mouse.click(middle[0] - 40, middle[1])
    opened.page.mouse.click(middle[0] + 40, middle[1])
    assert "water at 30.00 m" in opened.text(".planner-toolout")
    opened.page.evaluate("() => { planner.page.parts.water.open = true; planner.page.parts.water.setLevel(28.5); }")
    opened.page.wait_for_function("() => planner.page.parts.water.open")
    assert "water at 28.50 m" in opened.text(".planner-toolout")


def test_planning_again_says_what_is_of_which_plan(open_page: Callable[..., Any], view: MapView, tmp_path: Path) -> None:
    """What a notebook sends: two units change, one of them is locked; undone, nothing is said any more."""
    live = {"values": {"targets.arable.min_mu": 100.0}, "ranges": {"targets.arable.min_mu": {"target": "arable", "min": 50.0, "max": 150.0, "step": 1.0, "scale": 1.0, "digits": 0}}}  # fmt: skip
    page = tmp_path / "live.html"
    drawn = draw_views(view, view_specs(view), lang="en", more={"live": live, "options": options_of(view)})
    page.write_text(drawn.page(), encoding="utf-8")
    opened = open_page(page)
    names = [str(view.units.index[k]) for k in (3, 205)]
    send = """([units, targets, locks]) => planner.page.parts.livePanel.receive({ kind: "plan", turn: 1, status: ["done", "完成"], units, locks,
        columns: { target: targets, treatment: targets.map(() => "level") } })"""
    before = [str(view.units.at[name, "target"]) for name in names]
    opened.page.evaluate(send, [names, ["arable", "arable"], {names[0]: "arable"}])
    assert "of the plan as it was loaded" in opened.text(".planner-head")
    opened.page.evaluate("u => planner.page.select(u)", 205)
    card = opened.text(".planner-card")
    assert "Changed by planning again" in card
    assert "Why this target" not in card and "Why not the others" not in card and "What would change it" not in card
    assert (
        opened.page.locator('.leaflet-planner-mark-pane path[stroke="#e65100"]').get_attribute("d") != "M0 0"
    )  # the lock is seen
    opened.page.evaluate("u => planner.page.select(u)", 7)
    assert "Why this target" in opened.text(".planner-card")
    undo = [names, before, {}]
    opened.page.evaluate(
        send.replace(
            'targets.map(() => "level")',
            f'["{view.units.at[names[0], "treatment"]}", "{view.units.at[names[1], "treatment"]}"]',
        ),
        undo,
    )
    assert "of the plan as it was loaded" not in opened.text(".planner-head")
    assert opened.page.locator('.leaflet-planner-mark-pane path[stroke="#e65100"]').get_attribute("d") == "M0 0"


def test_no_lake_of_the_plan_lies_over_today_or_over_another_plan(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path)
    state = """() => { const p = planner.page, pane = p.map.getPane("planner-works"); return [pane.style.display !== "none", pane.style.clip,
        [...document.querySelectorAll(".planner-name-lake")].length > 0, p.lines().some((one) => one.name === "Reservoir outlines"),
        planner.sheet(p, "A4", false).told.some((one) => one.text === "Reservoir outlines")]; }"""
    assert opened.page.evaluate(state) == [True, "", True, True, True]
    for key in ("cheapest", "rules", "landuse", "depth"):
        opened.page.evaluate("key => planner.page.setView(key)", key)
        shown, _, named, told, printed = opened.page.evaluate(state)
        assert not (shown or named or told or printed), key
    opened.page.evaluate("() => planner.page.setOther('plan')")
    shown, clip, _, told, _ = opened.page.evaluate(state)
    assert shown and told and clip.startswith("rect(")  # on the plan's side of the divider alone
    span = opened.page.evaluate(
        "() => [planner.page.parts.divider.owned(50, 0, 100), planner.page.parts.divider.flooded(50, 0, 100)]"
    )
    assert span == [[50, 100], [50, 100]]
    opened.page.evaluate("() => { planner.page.setView('plan'); planner.page.setOther('cheapest'); }")
    assert opened.page.evaluate("() => planner.page.parts.divider.owned(50, 0, 100)") == [0, 50]
    assert opened.page.evaluate("() => planner.page.parts.divider.flooded(50, 0, 100)") == [0, 50]


def test_the_title_keeps_its_room_above_an_open_panel_on_a_phone(open_page: Callable[..., Any], path: Path) -> None:
    opened = open_page(path, width=390, height=844, fragment="#lang=zh")
    before = box(opened, ".planner-head")
    opened.page.evaluate("() => planner.page.parts.panel.fold(false)")
    assert box(opened, ".planner-head")[2] == before[2]
