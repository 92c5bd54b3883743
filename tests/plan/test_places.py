"""Named places: what the plan has a name for, each inside what it names."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

import planner as pl
from planner.plan.places import RANKS, places_of
from planner.plan.verdict import verdict
from planner.words import render


@pytest.fixture(scope="module")
def plan(small_world: Any) -> Any:
    return pl.make_plan(small_world)


def test_lakes_come_first_and_every_parcel_has_its_name(plan: Any) -> None:
    places = places_of(plan)
    assert list(places["kind"]) == sorted(places["kind"], key=RANKS.index)
    assert set(places.loc[places["kind"] == "parcel", "name"]) == {f"地块{k}" for k in range(1, 10)}
    lakes = places[places["kind"] == "lake"]
    assert lakes["storage_m3"].sum() == pytest.approx(plan.reservoirs["storage_m3"].sum())
    for row in places[places["kind"] == "parcel"].itertuples():
        shape = plan.parcels.geometry[plan.parcels["name"] == row.name].iloc[0]
        assert shape.contains(shapely.Point(row.x, row.y))
        assert shape.boundary.distance(shapely.Point(row.x, row.y)) == pytest.approx(row.radius_m, rel=0.05)


def test_a_hole_bears_the_name_of_the_village_it_leaves_out(plan: Any) -> None:
    """A village is cut out of the middle parcel; its belt lies around the hole."""
    middle = plan.parcels.geometry.iloc[4].centroid
    hole, belt = middle.buffer(60.0), middle.buffer(110.0)
    parcels = plan.parcels.set_geometry(shapely.difference(np.asarray(plan.parcels.geometry.array, dtype=object), hole))
    layer = gpd.GeoDataFrame(
        {"kind": ["village", "power_line"], "name": ["柳湖村", "高压走廊"], "forbids": ["reservoir", "construction"]},
        geometry=[belt, middle.buffer(500.0).exterior.buffer(20.0)],
        crs=plan.site.crs,
    )
    cut = dataclasses.replace(plan, parcels=parcels, site=dataclasses.replace(plan.site, constraints=layer))
    places = places_of(cut)
    found = places[places["kind"] == "hole"]
    assert list(found["name"]) == ["柳湖村"]
    assert hole.contains(shapely.Point(found["x"].iloc[0], found["y"].iloc[0]))
    assert "柳湖村" not in set(places.loc[places["kind"] != "hole", "name"])
    assert list(places.loc[places["kind"] == "corridor", "name"]) == ["高压走廊"]


def test_the_verdict_tells_what_is_lost_and_what_has_no_source(plan: Any) -> None:
    s = plan.summary()
    good = verdict(s)
    assert [key for key, _ in good.steps] == ["today", "rules", "plan", "price"]
    poor = {**s["economics"], "npv_cny": -436e6, "cost_cny": 2.006e9, "unfunded_cny": 1.835e9}
    told = verdict({**s, "economics": poor})
    assert not told.good
    loss = "It loses 436.00 M yuan (net present value), and 1.83 bn yuan of 2.01 bn yuan have no source; in cash the treasury "
    assert str(told.sentence).startswith(loss)
    assert "没有资金来源" in render(told.sentence, "zh")
    lake = {**s["water"]["reservoirs"][0], "id": "R1", "level_m": 27.0, "storage_m3": 10.4e6}
    water = {"storage_m3": 10.4e6, "reservoirs": [lake], "settled": {"levels_m": {"R1": 24.88}, "mean_m3": 2.0e6}}
    dry = verdict({**s, "water": water})
    assert "at 24.9 m, not at the 27.0 m planned, and the lakes hold 2.00 Mm³ of 10.40 Mm³" in str(dry.sentence)
    assert not dry.good
    full = {**water, "settled": {"levels_m": {"R1": 26.9}, "mean_m3": 10.0e6}}
    assert "26.9" not in str(verdict({**s, "water": full}).sentence)
    lent = {**s["economics"], "unfunded_cny": 0.0, "repaid_cny": 2.2e9, "npv_cny": 1e9}
    assert "to be paid back" in str(verdict({**s, "economics": lent}).sentence)
    assert not verdict({**s, "economics": lent}).good


def test_roads_and_mines_have_names_on_the_map_and_in_qgis(plan: Any) -> None:
    from planner.plan.places import names_alone

    west, south, east, _ = plan.parcels.total_bounds
    line = shapely.LineString([(west, south), (east, south)])
    roads = gpd.GeoDataFrame(
        {"name": ["环城路", "环城路", "小河"]}, geometry=[line, shapely.affinity.translate(line, 0, 9), line], crs=plan.site.crs
    )
    use = gpd.GeoDataFrame({"landuse": ["公路用地"], "name": ["S301"]}, geometry=[line.buffer(8)], crs=plan.site.crs)
    site = dataclasses.replace(plan.site, places={"roads.gpkg": roads.iloc[:2], "rivers.gpkg": roads.iloc[2:]}, landuse=use)
    places = places_of(dataclasses.replace(plan, site=site))
    found = places[places["kind"] == "road"].set_index("name")
    assert set(found.index) == {"环城路", "S301"}
    assert found.loc["环城路", "x"] == pytest.approx((west + east) / 2)
    assert found.loc["环城路", "radius_m"] == pytest.approx((east - west) / 2)
    parcels = plan.parcels.assign(mine="朔里矿", mine_en="Shuoli mine")
    names = names_alone(site, parcels)
    assert set(names["name"]) == {"环城路", "S301", "朔里矿"}
    assert set(names.geometry.geom_type) == {"Point"}
