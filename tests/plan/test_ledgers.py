"""Ledgers of land by hand: uses before and after, farmland, protected ground laid over anew, ground that never sank."""

from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.cropland import is_cropland
from planner.ellipsoid import ellipsoidal_m2
from planner.measure import land_use
from planner.plan.ledgers import farmland, land_use_change, protection, restored_sunk_mu
from planner.protection import protected
from planner.scenario import parse_scenario
from planner.units import mu_from_m2

X0, Y0 = 39_500_000.0, 3_757_000.0
SCENARIO = parse_scenario({"layers": {"polygons": "a.gpkg", "constraints": "c.gpkg"}})


def box(west: float, east: float, south: float = 0.0, north: float = 100.0) -> shapely.Polygon:
    return shapely.box(X0 + west, Y0 + south, X0 + east, Y0 + north)


def frame(shapes: list[Any], **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4527")


def plan(
    target: list[str], treatment: list[str], landuse: gpd.GeoDataFrame | None, constraints: gpd.GeoDataFrame | None = None
) -> Any:
    """Units of one hectare side by side."""
    shapes = [box(100 * k, 100 * k + 100) for k in range(len(target))]
    units = frame(shapes, target=target, treatment=treatment)
    units.index = pd.Index([f"u{k}" for k in range(len(target))], name="unit_id")
    units["area_mu"] = mu_from_m2(ellipsoidal_m2(np.asarray(shapes, dtype=object), units.crs))
    if constraints is not None:
        columns = {"kind": "", "name": "", "forbids": ""}
        constraints = protected(
            constraints.assign(**{k: v for k, v in columns.items() if k not in constraints}), SCENARIO, shown="c"
        )
    site = SimpleNamespace(scenario=SCENARIO, constraints=constraints, crs=units.crs)
    return SimpleNamespace(site=site, units=units, land_use=land_use(landuse, units))


def test_uses_before_and_after_by_hand() -> None:
    today = frame([box(0, 150), box(150, 250)], landuse=["旱地", "坑塘水面"])
    found = plan(["arable", "green", "reservoir"], ["level", "forest", "keep"], today)
    change = {(r["from"], r["to"]): r["area_mu"] for r in land_use_change(found)}
    assert set(change) == {
        ("旱地", "arable"),
        ("旱地", "green"),
        ("坑塘水面", "green"),
        ("坑塘水面", "reservoir"),
        ("", "reservoir"),
    }
    assert change["旱地", "arable"] == pytest.approx(15.0, rel=1e-3)
    assert change["旱地", "green"] == pytest.approx(7.5, rel=1e-3)
    ledger = farmland(found)
    assert ledger["before_mu"] == pytest.approx(22.5, rel=1e-3)
    assert ledger["lost_mu"] == pytest.approx(7.5, rel=1e-3)
    assert (ledger["new_mu"], ledger["basic_lost_mu"]) == (0.0, 0.0)
    assert ledger["net_mu"] == pytest.approx(-7.5, rel=1e-3)
    assert ledger["after_mu"] == pytest.approx(ledger["before_mu"] + ledger["net_mu"])


def test_cropland_that_is_left_as_it_is_stays_cropland() -> None:
    today = frame([box(0, 200)], landuse=["0103"])
    ledger = farmland(plan(["unrestored", "arable", "arable"], ["none", "level", "fill"], today))
    assert ledger["lost_mu"] == 0.0
    assert ledger["new_mu"] == ledger["net_mu"] == pytest.approx(15.0, rel=1e-3)


def test_without_a_layer_nothing_is_claimed_of_the_past() -> None:
    found = plan(["arable"], ["level"], None)
    ledger = farmland(found)
    assert (ledger["before_mu"], ledger["net_mu"], ledger["new_mu"]) == (None, None, None)
    assert land_use_change(found) == [{"from": "", "to": "arable", "area_mu": found.units["area_mu"].sum()}]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_the_change_table_sums_to_the_site(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 400, (6, 2))
    shapes = [box(min(c), max(c) + 1, *np.sort(rng.uniform(-20, 120, 2))) for c in corner]  # overlapping, beyond the units
    today = frame(shapes, landuse=rng.choice(["旱地", "村庄", "", "水田"], 6))
    found = plan(list(rng.choice(["arable", "green", "reservoir", "unrestored"], 4)), ["x"] * 4, today)
    total = found.units["area_mu"].sum()
    assert sum(r["area_mu"] for r in land_use_change(found)) == pytest.approx(total, rel=1e-9)
    by_unit = found.land_use.groupby("unit_id")["area_mu"].sum()
    np.testing.assert_allclose(by_unit, found.units["area_mu"], rtol=1e-9)
    assert (found.land_use["area_mu"] > 0).all()


def test_what_is_cropland() -> None:
    told = pd.Series(["旱地", "0102", "01", "011", "1104", "Paddy", "村庄", "", "010"])
    assert is_cropland(told, SCENARIO).tolist() == [True, True, True, True, False, True, False, False, True]
    crops = [
        "旱地(0103)",
        "0103 旱地",
        "0103旱地",
        "水 田",
        "旱地（梯田）",
        "0103K",
        "望天田",
        "Cropland, rainfed",
        "dry  cropland",
    ]
    assert is_cropland(pd.Series(crops), SCENARIO).all()
    others = ["林地（原耕地）", "非耕地", "农田水利用地", "1001", "0301 有林地", "plot 0", "forest 20101", "旱地改建设用地"]
    assert not is_cropland(pd.Series(others), SCENARIO).any()


def test_protected_ground_is_laid_over_the_units_anew() -> None:
    law = frame([box(50, 200), box(250, 300), box(500, 600)], 类型=["永久基本农田", "高压走廊", "文物保护范围"])
    found = plan(["arable", "green", "reservoir"], ["level", "forest", "dig_2"], None, law)
    rows = {r["kind"]: r for r in protection(found)}
    assert rows["basic_farmland"]["area_mu"] == pytest.approx(22.5, rel=1e-3)
    assert rows["basic_farmland"]["broken_mu"] == pytest.approx(15.0, rel=1e-3)  # u1 became forest
    assert rows["power_line"]["broken_mu"] == pytest.approx(7.5, rel=1e-3)  # u2 is dug
    assert rows["heritage"] == {"kind": "heritage", "area_mu": 0.0, "broken_mu": 0.0}  # outside the site
    assert farmland(found)["basic_lost_mu"] == pytest.approx(15.0, rel=1e-3)
    kept = plan(["arable", "unrestored", "reservoir"], ["level", "none", "keep"], None, law)
    assert [r["broken_mu"] for r in protection(kept)] == [0.0, 0.0, 0.0]


def test_building_beyond_the_development_boundary_is_told() -> None:
    found = plan(["construction", "construction"], ["level", "level"], None, frame([box(0, 150)], 类型=["城镇开发边界"]))
    assert protection(found)[0]["broken_mu"] == pytest.approx(7.5, rel=1e-3)


def test_ground_that_never_sank_is_counted_apart() -> None:
    units = pd.DataFrame({"target": ["green", "arable", "reservoir"], "sunk_mu": [3.0, 0.0, 9.0]})
    assert restored_sunk_mu(units) == 3.0


def test_ground_that_breaks_two_bans_of_a_kind_counts_once() -> None:
    """A dug lake where neither a lake nor digging may be, 20 m of its unit's 100 m: 3 mu were told as 6."""
    zone = frame([box(0, 20)], kind=["power line"], forbids=["reservoir"])
    (row,) = protection(plan(["reservoir", "green"], ["dig_2", "forest"], None, zone))
    assert row["area_mu"] == pytest.approx(3.0, rel=2e-3)
    assert row["broken_mu"] == pytest.approx(row["area_mu"], rel=1e-6)
