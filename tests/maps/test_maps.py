"""The page as text: offline, the same every time, complete in both languages, and deaf to hostile strings."""

from __future__ import annotations

import dataclasses
import json
import re
from importlib.resources import files

import folium
import numpy as np
import pandas as pd
import pytest
from map_world import HOSTILE, world

from planner.errors import InvalidInput
from planner.landuse import TARGETS
from planner.maps import MapView, UnitLayer, draw, write_html
from planner.maps.basemaps import BASEMAPS
from planner.maps.encode import unpack
from planner.maps.folium_layer import SCRIPTS, as_script_json
from planner.maps.views import BREAKS, view_specs
from planner.maps.words import NOTES, VIEW_WORDS, WORDS

BLOCK = re.compile(r'id="unit_layer_plan_units">([A-Za-z0-9+/=]+)</script>')


@pytest.fixture(scope="module")
def view() -> MapView:
    return world()


@pytest.fixture(scope="module")
def page(view: MapView) -> str:
    return draw(view).page()


def scripts() -> str:
    return "\n".join(files("planner.maps").joinpath(f"web/{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)


def test_it_is_a_folium_map_with_our_layer(view: MapView) -> None:
    drawn = draw(view)
    assert isinstance(drawn, folium.Map)
    assert any(isinstance(child, UnitLayer) for child in drawn._children.values())


def test_nothing_outside_is_named_where_a_browser_would_fetch_it(page: str) -> None:
    assert not re.findall(
        r"""(?:src|href)\s*=\s*["'](?!data:|#)[^"']*""", BLOCK.sub("", page).split("<body>")[0].split("<script>")[0]
    )
    assert not re.findall(r"<(?:link|iframe|img|object)\b[^>]*>", re.sub(r"<script>.*?</script>", "", page, flags=re.S))
    assert "default-src 'none'" in page.replace("&#x27;", "'")
    assert "sourceMappingURL" not in page


def test_confidence_is_a_view_and_on_the_card_where_it_was_worked_out(view: MapView) -> None:
    assert "confidence" not in {spec["key"] for spec in view_specs(view)}
    share = np.linspace(0.0, 1.0, len(view.units))
    shown = dataclasses.replace(view, units=view.units.assign(confidence=share))
    spec = {spec["key"]: spec for spec in view_specs(shown)}["confidence"]
    labels = [c["label"][0] for c in spec["classes"]]
    assert spec["label"] == ["Confidence", "用途稳定度"]
    assert labels == ["≤ 0.50", "0.50 – 0.70", "0.70 – 0.90", "0.90 – 0.99", "> 0.99", "not known"]
    found = BLOCK.search(draw(shown).page())
    assert found
    assert np.allclose(unpack(found[1])[0]["confidence"], share, atol=5e-4)


def test_two_runs_give_the_same_characters(view: MapView, page: str) -> None:
    assert draw(world()).page() == page


def test_a_page_survives_being_rendered_twice(view: MapView, page: str) -> None:
    drawn = draw(view)
    assert drawn.page() == drawn.page() == page


def test_the_block_holds_every_unit_and_its_area(view: MapView, page: str) -> None:
    found = BLOCK.search(page)
    assert found
    columns, texts = unpack(found[1])
    assert texts["ids"] == list(view.units.index)
    assert np.allclose(columns["area_mu"], view.units["area_mu"], atol=5e-5)
    assert [list(TARGETS)[int(k)] for k in columns["target"]] == list(view.units["target"])
    changed = (view.units["target"] != view.units["rules_target"]).to_numpy()
    assert np.array_equal(columns["changed"] != len(TARGETS), changed)


def test_seven_thousand_units_stay_below_three_megabytes() -> None:
    assert len(draw(world(84, 65.0)).page().encode()) < 3_000_000


def test_write_html_writes_what_draw_draws(view: MapView, page: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert write_html(view, tmp_path / "map.html").read_text(encoding="utf-8") == page
    assert write_html(draw(view), tmp_path / "again.html").read_text(encoding="utf-8") == page


def test_chinese_first_where_asked(view: MapView) -> None:
    page = draw(view, lang="zh").page()
    assert '<html lang="zh-CN">' in page
    assert "<title>试验湖</title>" in page


def test_notebooks_get_a_frame_and_big_maps_do_not_bloat_them(view: MapView, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = draw(view)
    assert drawn._repr_html_().startswith("<iframe srcdoc=")
    monkeypatch.setattr("planner.maps.folium_layer.NOTEBOOK_BYTES", 1000)
    small = drawn._repr_html_()
    assert len(small) < 1000
    assert "write_html" in small


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_strings_stay_data(name: str) -> None:
    texts = {name: HOSTILE[name]} if name != "markup" else {"markup": HOSTILE["markup"], "script": HOSTILE["script"]}
    page = draw(world(6, texts=texts)).page()
    plain = draw(world(6)).page()
    assert page.count("<script") == plain.count("<script")
    assert page.count("</script") == plain.count("</script")
    assert "<img src=x" not in page
    assert "\u2028" not in page.replace("\\u2028", "")


def test_template_code_in_a_name_is_never_run() -> None:
    page = draw(world(4, texts={"script": "{{ 7 * 191 }}{% for x in y %}", "markup": "{{ 7 * 191 }}"})).page()
    assert "1337" not in BLOCK.sub("", page)
    assert "{{ 7 * 191 }}" in page


def test_script_json_cannot_leave_its_element() -> None:
    text = as_script_json({"a": "</script><!-- \u2028 & >"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!-- \u2028 & >"}


def test_every_word_the_page_asks_for_exists() -> None:
    asked = set(re.findall(r'\bt\("([a-z_0-9]+)"', scripts())) | set(re.findall(r'add\("[a-z_0-9]+", "([a-z_]+)"', scripts()))
    assert {key for key in asked if not key.endswith("_")} <= set(WORDS), asked - set(WORDS)


def test_every_word_is_used() -> None:
    text = scripts() + files("planner.maps").joinpath("draw.py").read_text(encoding="utf-8")
    built = ("palette_", "dark_", "section_")
    unused = [key for key in WORDS if f'"{key}"' not in text and not key.startswith(built)]
    assert unused == []


@pytest.mark.parametrize("table", [WORDS, VIEW_WORDS, NOTES], ids=["page", "views", "notes"])
def test_both_languages_are_complete(table: dict[str, tuple[str, str]]) -> None:
    allowed = {"m³", "、", "：", "N", "JavaScript", "tables.xlsx", "summary.json", "name"}
    for key, (en, zh) in table.items():
        assert en.strip() and zh.strip(), key
        assert not re.search(r"[\u4e00-\u9fff]", en), f"{key}: Chinese in the English text"
        assert set(re.findall(r"{(\w+)}", en)) >= set(re.findall(r"{(\w+)}", zh)), key
        if not re.search(r"[\u4e00-\u9fff]", zh):
            assert zh in allowed, f"{key}: no Chinese in the Chinese text"


def test_no_english_text_is_written_into_the_scripts() -> None:
    """Sentences shown to people come from words.py: no string of two or more words reaches el() or textContent."""
    bare = re.findall(r'(?:el\([^;]*?|textContent = )"([A-Z][a-z]+ [a-z][^"]*)"', scripts())
    assert bare == []


def test_views_classify_everything_once(view: MapView) -> None:
    for spec in view_specs(view):
        assert spec["classes"][-1]["label"][0] == "not known"
        assert all(len(c["colours"]) == 3 for c in spec["classes"])
        if spec["kind"] == "numbers":
            assert len(spec["classes"]) == len(spec["breaks"]) + 2
            assert spec["breaks"] == sorted(set(spec["breaks"]))


def test_a_view_without_data_is_not_offered(view: MapView) -> None:
    poor = MapView(name="a", crs=view.crs, units=view.units[["target", "area_mu", "geometry"]])
    assert [s["key"] for s in view_specs(poor)] == ["plan", "treatment"]
    assert "unit_layer_plan_units" in draw(poor).page()


def test_fixed_breaks_increase() -> None:
    for breaks in BREAKS.values():
        assert list(breaks) == sorted(set(breaks))


def test_a_view_says_what_is_missing(view: MapView) -> None:
    with pytest.raises(InvalidInput, match="'area_mu' is missing"):
        MapView(name="a", crs=view.crs, units=view.units[["target", "geometry"]])
    with pytest.raises(InvalidInput, match="stands there twice"):
        MapView(name="a", crs=view.crs, units=pd.concat([view.units, view.units]))
    with pytest.raises(InvalidInput, match="nothing to draw"):
        MapView(name="a", crs=view.crs, units=view.units.iloc[:0])


def test_an_unknown_target_language_or_base_map_is_refused(view: MapView, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="'swamp' is unknown"):
        draw(MapView(name="a", crs=view.crs, units=view.units.assign(target="swamp")))
    with pytest.raises(InvalidInput, match="'en' and 'zh'"):
        draw(view, lang="de")
    with pytest.raises(InvalidInput, match="did you mean 'osm'"):
        draw(view, basemap="osn")
    monkeypatch.delenv("TIANDITU_KEY", raising=False)
    with pytest.raises(InvalidInput, match="TIANDITU_KEY"):
        draw(view, basemap="tianditu")


def test_base_maps_are_asked_for_by_name_only(view: MapView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIANDITU_KEY", "abc123")
    for name, tiles in BASEMAPS.items():
        page = draw(view, basemap=name).page()
        assert all(host in page for host in tiles.hosts)
        assert ('"shifted":true' in page) == tiles.gcj02
        assert draw(view, basemap=name).page() == page
    assert "tianditu" not in draw(view).page()


def test_gcj02_moves_the_picture_and_never_the_plan(view: MapView) -> None:
    before = view.units.geometry.to_wkb()
    found = BLOCK.search(draw(view, basemap="amap").page())
    plain = BLOCK.search(draw(view).page())
    assert found and plain
    frames = [unpack(block[1])[1]["frame"] for block in (found, plain)]
    assert np.hypot(frames[0]["x"] - frames[1]["x"], frames[0]["y"] - frames[1]["y"]) > 300
    assert (view.units.geometry.to_wkb() == before).all()


def test_a_chart_begins_below_zero_where_values_do(view: MapView) -> None:
    """By hand: net values from -180 000 to 30 000 yuan per mu are charted from -200 000: a brush reaches all."""
    area = view.units["area_mu"]
    worth = np.linspace(-180_000.0, 30_000.0, len(area))
    shown = dataclasses.replace(view, units=view.units.assign(cost_cny=0.0, benefit_cny=worth * area))
    (layer,) = (child for child in draw(shown)._children.values() if isinstance(child, UnitLayer))
    spans = {one["column"]: one["span"] for one in layer.config["charts"]["histograms"]}
    assert spans["net_cny_mu"] == [-200_000.0, 30_000.0]
    assert spans["subsidence_m"][0] == 0.0
