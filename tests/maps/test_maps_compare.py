"""Plans compared: pieces of land, flows between targets, and the page that shows them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import planner as pl
from planner.errors import InvalidInput, UsageError
from planner.landuse import TARGETS
from planner.maps import compare_html
from planner.maps.compare import flow_table, sankey, shared_units


def units(shapes: list[Any], targets: list[str], *, prefix: str = "u") -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(
        {"target": targets, "area_mu": shapely.area(shapes) * 15 / 1e4, "cost_cny": 1000.0},
        geometry=shapes,
        index=pd.Index([f"{prefix}{k}" for k in range(len(shapes))], name="unit_id"),
        crs="EPSG:4527",
    )
    return frame.assign(storage_m3=0.0, cut_m3=0.0, fill_m3=0.0, benefit_cny=0.0)


SQUARE = [shapely.box(39_485_000 + 100 * i, 3_757_000, 39_485_100 + 100 * i, 3_757_100) for i in range(4)]


def test_the_same_units_are_matched_by_id() -> None:
    a = units(SQUARE, ["green", "green", "arable", "reservoir"])
    b = units(SQUARE, ["green", "arable", "arable", "reservoir"])
    pieces = shared_units([a, b])
    assert list(pieces.index) == list(a.index)
    assert list(pieces["changed_2"]) == ["same", "arable", "same", "same"]
    flow = flow_table(pieces, 1, 2)
    assert flow.loc["green", "arable"] == pytest.approx(15.0)
    assert flow.loc["green", "green"] == pytest.approx(15.0)
    assert flow.to_numpy().sum() == pytest.approx(60.0)


def test_different_units_are_cut_by_each_other_and_money_is_shared_by_area() -> None:
    a = units([shapely.box(39_485_000, 3_757_000, 39_485_400, 3_757_100)], ["green"])
    b = units(SQUARE, ["green", "arable", "arable", "reservoir"], prefix="v")
    pieces = shared_units([a, b])
    assert len(pieces) == 4
    assert pieces["area_mu"].sum() == pytest.approx(60.0)
    assert pieces["cost_cny_1"].sum() == pytest.approx(1000.0)
    assert pieces["cost_cny_2"].sum() == pytest.approx(4000.0)
    assert flow_table(pieces, 1, 2).loc["green", "arable"] == pytest.approx(30.0)


def test_touching_borders_make_no_pieces() -> None:
    a = units(SQUARE[:2], ["green", "arable"])
    b = units([SQUARE[0], shapely.box(39_485_100, 3_757_000, 39_485_150, 3_757_100)], ["green", "arable"], prefix="v")
    assert len(shared_units([a, b])) == 2


def test_plans_of_different_places_share_nothing() -> None:
    far = [shapely.affinity.translate(s, 1e5, 0) for s in SQUARE]
    with pytest.raises(InvalidInput, match="share no land"):
        shared_units([units(SQUARE[:3], ["green"] * 3), units(far, ["green"] * 4, prefix="v")])


def test_ribbons_are_as_wide_as_what_moved() -> None:
    order = list(TARGETS)
    flow = pd.DataFrame(0.0, index=order, columns=order)
    flow.loc["green", "green"], flow.loc["green", "arable"] = 30.0, 10.0
    drawn = sankey(flow, "<a>", "b")
    assert "&lt;a&gt;" in drawn
    assert "<a>" not in drawn
    heights = [float(h) for h in re.findall(r'<rect [^>]*height="([\d.]+)"', drawn)]
    assert heights[0] == pytest.approx(sum(heights[1:]), abs=0.2)
    assert heights[2] == pytest.approx(3 * heights[1], rel=0.02)
    assert sankey(flow * 0, "a", "b") == ""


@pytest.fixture(scope="module")
def pair(small_world: Path) -> list[Any]:
    site = pl.read_site(small_world)
    return [pl.make_plan(site), pl.make_plan(site, **{"targets.arable.min_mu": 300.0})]


def test_the_page_shows_both_plans_and_what_moved(pair: list[Any]) -> None:
    page = compare_html(pair, names=["base", "<more> arable"])
    assert "&lt;more&gt; arable" in page
    assert "<more>" not in page
    more = pair[1].summary()["targets"]["arable"]["area_mu"] - pair[0].summary()["targets"]["arable"]["area_mu"]
    assert f"{more:+,.1f}" in page
    assert compare_html(pair, names=["base", "<more> arable"]) == page
    moved = (pair[0].units["target"] != pair[1].units["target"]).to_numpy()
    assert f"{pair[0].units['area_mu'].to_numpy()[moved].sum():,.1f} mu change their target" in page


def test_one_plan_is_nothing_to_compare(pair: list[Any]) -> None:
    with pytest.raises(UsageError, match="two plans or more"):
        compare_html(pair[:1], names=["base"])
    with pytest.raises(UsageError, match="a name for each"):
        compare_html(pair, names=["base"])


def test_areas_of_pieces_close_on_the_plans(pair: list[Any]) -> None:
    pieces = shared_units([plan.units for plan in pair])
    for k, plan in enumerate(pair, start=1):
        by_target = pieces.groupby(f"plan_{k}")["area_mu"].sum()
        for target, area in plan.units.groupby("target")["area_mu"].sum().items():
            assert np.isclose(by_target[target], area, rtol=1e-9)
