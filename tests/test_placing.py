"""Distances, belts and values in place: facts against plain geometry, plans that keep them, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from conftest import CELL, CRS, NORTH, SIDE, WEST, write_raster
from rasterio.transform import from_origin

import planner as pl
from planner.errors import InvalidInput, PlannerError
from planner.placing import near_column, value_column
from planner.scenario import replaced

MIDDLE = (WEST + SIDE * CELL / 2, NORTH - SIDE * CELL / 2)
ROAD = shapely.LineString([(WEST - 50, MIDDLE[1] + 300), (WEST + SIDE * CELL + 50, MIDDLE[1] + 260)])


def write(path: Path, *shapes: shapely.Geometry, crs: str = CRS, **columns: list[float]) -> None:
    gpd.GeoDataFrame(columns, geometry=list(shapes), crs=CRS).to_crs(crs).to_file(path, driver="GPKG")


@pytest.fixture
def folder(small_world: Path, tmp_path: Path) -> Path:
    import shutil

    shutil.copytree(small_world, tmp_path / "site", dirs_exist_ok=True)
    write(tmp_path / "site" / "roads.gpkg", ROAD)
    return tmp_path / "site"


def planned(folder: Path, more: str) -> pl.Plan:
    file = folder / "site.toml"
    file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
    return pl.make_plan(folder)


def test_building_land_stays_near_the_road_and_units_are_cut_along_the_distance(folder: Path) -> None:
    near = '[[near]]\nlayer = "roads.gpkg"\ntarget = "construction"\nwithin_m = 200.0\n'
    plan = planned(folder, near)
    built = plan.units[plan.units["target"] == "construction"]
    within = built.geometry.intersection(ROAD.buffer(200.0, quad_segs=64)).area / built.area
    assert len(built)
    assert within.min() > 0.95
    share = plan.units[near_column(1)]
    truth = 1.0 - plan.units.geometry.intersection(ROAD.buffer(200.0, quad_segs=64)).area / plan.units.area
    assert np.abs(share - truth).max() < 2e-3
    assert ((share < 0.02) | (share > 0.98)).mean() > 0.95  # nearly all units lie on one side
    far = share.idxmax()
    told = plan.explain(far)
    assert "roads.gpkg ≤ 200 m" in told.text("en")
    assert "roads.gpkg ≤ 200 m" in told.text("zh")


def test_a_distance_from_a_layer_in_another_crs(folder: Path) -> None:
    write(folder / "pipe.gpkg", ROAD, crs="EPSG:4326")
    plan = planned(folder, '[[near]]\nlayer = "pipe.gpkg"\ntarget = "arable"\nbeyond_m = 150.0\n')
    fields = plan.units[plan.units["target"] == "arable"]
    assert len(fields)
    assert (fields.geometry.intersection(ROAD.buffer(150.0)).area / fields.area).max() < 0.06


def test_a_priced_distance_takes_value_and_bars_nothing(folder: Path) -> None:
    near = '[[near]]\nlayer = "roads.gpkg"\ntarget = "construction"\nwithin_m = 200.0\ncny_per_mu = 5000.0\n'
    plan = planned(folder, near)
    rows = plan.options[plan.options["target"] == "construction"]
    unit = rows.index.get_level_values(0)
    flat = plan.site.scenario.number("targets.construction.value_cny_per_mu")
    share = plan.units[near_column(1)].reindex(unit).to_numpy()
    assert rows["benefit_cny"].to_numpy() == pytest.approx(rows["area_mu"].to_numpy() * (flat - 5000.0 * share))
    assert share.max() == pytest.approx(1.0)


def test_a_belt_around_a_layer_is_its_target(folder: Path) -> None:
    plan = planned(folder, '[[buffer]]\naround = "roads.gpkg"\ntarget = "green"\nwidth_m = 60.0\n')
    belt = ROAD.buffer(60.0, quad_segs=64)
    other = plan.units[~plan.units["target"].isin(["green", "unrestored"])]
    assert (other.geometry.intersection(belt).area / other.area).max() < 0.06
    assert (plan.units["target"][plan.units.geometry.within(belt)] == "green").any()


def test_a_belt_around_the_lake_keeps_houses_and_fields_off(folder: Path) -> None:
    more = '[[buffer]]\naround = "reservoir"\ntarget = "green"\nwidth_m = 80.0\n[works]\ncny_per_m = 0.0\n'
    (folder / "site.toml").write_text((folder / "site.toml").read_text(encoding="utf-8").replace("gap = 1e-3", "gap = 0.3"))
    plan = planned(folder, more)  # belts are slow to prove: docs/rules.md tells how slow
    lake = shapely.union_all(plan.units.geometry[plan.units["target"] == "reservoir"])
    other = plan.units[plan.units["target"].isin(["construction", "arable"])]
    assert len(other)
    assert other.distance(lake).min() > 80.0
    assert plan.certificate.objective <= plan.certificate.bound


def test_zones_that_overlap_do_not_know_more_ground_and_land_is_sold_at_its_own_price(folder: Path) -> None:
    """Two zones over each other on the west half: the east keeps the flat value, and so does the ledger of land sold."""
    west = shapely.box(WEST, NORTH - SIDE * CELL, MIDDLE[0] + 33, NORTH)
    write(folder / "zones.gpkg", west, west, grade=[300_000.0, 500_000.0])
    plan = planned(folder, '[value]\nlayer = "zones.gpkg"\ncolumn = "grade"\n')
    units, number = plan.units, plan.site.scenario.number
    flat = number("targets.construction.value_cny_per_mu")
    share = units.geometry.intersection(west).area / units.area
    worth = 400_000.0 * share + flat * (1 - share)
    assert ((share > 0.1) & (share < 0.9)).any()
    assert units[value_column("construction")].to_numpy() == pytest.approx(worth.to_numpy(), rel=1e-6)
    built = units["target"] == "construction"
    sold = (worth * units["area_mu"])[built].sum() * number("ledgers.sold_share") * number("ledgers.net_share")
    assert sold < 0.99 * flat * units["area_mu"][built].sum() * number("ledgers.sold_share") * number("ledgers.net_share")
    assert plan.summary()["economics"]["ledgers"]["fiscal_cny"] == pytest.approx(sold, rel=1e-6)


def test_value_in_place_by_raster_zones_and_distance(folder: Path) -> None:
    x = WEST + (np.arange(SIDE) + 0.5) * CELL
    write_raster(folder / "price.tif", np.broadcast_to(1e5 + 100.0 * (x - WEST), (SIDE, SIDE)).copy())
    zone = shapely.box(MIDDLE[0], NORTH - SIDE * CELL, WEST + SIDE * CELL, NORTH)
    write(folder / "zones.gpkg", zone, grade=[7000.0])
    value = (
        '[value]\nraster = "price.tif"\n[value.arable]\nlayer = "zones.gpkg"\ncolumn = "grade"\n'
        '[[value.distance]]\nlayer = "roads.gpkg"\ncny_per_mu = 30000.0\nfades_m = 400.0\n'
        '[[value.distance]]\naround = "water"\ntarget = "green"\ncny_per_mu = 900.0\nfades_m = 300.0\n'
    )
    plan = planned(folder, value)
    units, middle = plan.units, plan.units.geometry.centroid
    near = np.maximum(1.0 - middle.distance(ROAD) / 400.0, 0.0)
    land = 1e5 + 100.0 * (middle.x - WEST) + 30_000.0 * near
    assert units[value_column("construction")].to_numpy() == pytest.approx(land.to_numpy(), rel=2e-3)
    flat = plan.site.scenario.number("targets.arable.value_cny_per_mu")
    share = units.geometry.intersection(zone).area / units.area
    assert units[value_column("arable")].to_numpy() == pytest.approx((7000.0 * share + flat * (1 - share)).to_numpy(), rel=1e-6)
    green = units[value_column("green")] - plan.site.scenario.number("targets.green.value_cny_per_mu")
    wet = units["water_share"] > 0.999
    assert green[wet].to_numpy() == pytest.approx(900.0, abs=900.0 * 2 * CELL / 300.0)
    assert green.min() >= 0.0
    assert value_column("reservoir") not in units
    rows = plan.options[plan.options["target"] == "construction"]
    expected = (
        units[value_column("construction")].reindex(rows.index.get_level_values(0)).to_numpy() * rows["area_mu"].to_numpy()
    )
    assert rows["benefit_cny"].to_numpy() == pytest.approx(expected)


def test_ground_without_a_price_keeps_the_flat_value(folder: Path) -> None:
    profile = {"driver": "GTiff", "height": SIDE, "width": SIDE // 2, "count": 1, "dtype": "float32", "nodata": -1.0}
    with rasterio.open(folder / "half.tif", "w", crs=CRS, transform=from_origin(WEST, NORTH, CELL, CELL), **profile) as file:
        file.write(np.full((SIDE, SIDE // 2), 50_000.0, "float32"), 1)
    site = pl.read_site(folder, sets={"value": {"raster": "half.tif"}})
    plan = pl.make_plan(site)
    flat = plan.site.scenario.number("targets.construction.value_cny_per_mu")
    west = plan.units.geometry.bounds["maxx"] < MIDDLE[0] - CELL
    east = plan.units.geometry.bounds["minx"] > MIDDLE[0] + CELL
    assert plan.units[value_column("construction")][west].to_numpy() == pytest.approx(50_000.0)
    assert plan.units[value_column("construction")][east].to_numpy() == pytest.approx(flat)


def test_people_within_reach_from_a_site_file(folder: Path) -> None:
    homes = [
        shapely.box(MIDDLE[0] - 380 + 110 * k, MIDDLE[1] + 330, MIDDLE[0] - 330 + 110 * k, MIDDLE[1] + 380) for k in range(7)
    ]
    write(folder / "homes.gpkg", *homes, people=[100.0, 40, 60, 10, 90, 80, 20])
    rule = '[[rule]]\nrule = "Covered"\nhomes = "homes.gpkg"\npeople = "people"\nradius_m = 120.0\nmin_share = 0.75\n'
    bare = pl.make_plan(folder, **{"targets.green.max_mu": 60.0})
    plan = planned(folder, rule + "[targets.green]\nmax_mu = 60.0\n")
    people = np.array([100.0, 40, 60, 10, 90, 80, 20])

    def served(made: pl.Plan) -> float:
        green = shapely.union_all(made.units.geometry[made.units["target"] == "green"])
        reached = [shapely.centroid(h).distance(green) <= 120.0 for h in homes]
        return float(people[np.array(reached)].sum())

    assert served(plan) >= 0.75 * people.sum()
    assert served(bare) < served(plan)
    assert set(plan.units.index) == set(plan.options.index.get_level_values(0))  # homes are no units
    assert plan.certificate.objective <= bare.certificate.bound
    total = plan.units["area_mu"].sum()
    assert total == pytest.approx(bare.units["area_mu"].sum())


def test_a_saved_plan_says_the_same_again(folder: Path, tmp_path: Path) -> None:
    near = '[[near]]\nlayer = "roads.gpkg"\ntarget = "construction"\nwithin_m = 250.0\n'
    near += '[[rule]]\nrule = "Share"\ntarget = "green"\nmin = 0.2\n'
    plan = planned(folder, near)
    plan.save(tmp_path / "out")
    assert pl.make_plan(tmp_path / "out" / "site.toml").units["target"].equals(plan.units["target"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[near]]\nlayer = "road.gpkg"\ntarget = "construction"\nwithin_m = 9.0', "no such file; did you mean 'roads.gpkg'"),
        ('[[near]]\nlayer = "roads.gpkg"\ntarget = "house"\nwithin_m = 9.0', "unknown target 'house'"),
        ('[[near]]\nlayer = "roads.gpkg"\ntarget = "construction"', "either within_m or beyond_m"),
        ('[[near]]\nlayer = "roads.gpkg"\ntarget = "construction"\nwithin_m = 0.0', "greater than 0"),
        ('[[near]]\nlayer = "roads.gpkg"\ntarget = "construction"\nwithin = 5.0', "did you mean 'within_m'"),
        ('[[near]]\nlayer = "empty.gpkg"\ntarget = "construction"\nwithin_m = 5.0', "holds no feature"),
        ('[[buffer]]\naround = "resevoir"\ntarget = "green"\nwidth_m = 5.0', "did you mean 'reservoir'"),
        ('[[buffer]]\naround = "green"\ntarget = "green"\nwidth_m = 5.0', "around green itself"),
        ('[value]\nlayer = "roads.gpkg"', "column"),
        ('[value]\nlayer = "roads.gpkg"\ncolumn = "grad"', "no column 'grad'"),
        ('[value]\nlayer = "zones.gpkg"\ncolumn = "grade"', "grade of feature 1 is 'A'"),
        ('[value]\nlayer = "zones.gpkg"\ncolumn = "grade"\nraster = "dem.tif"', "not both"),
        ('[value]\nraster = "far.tif"', "far.tif"),
        ('[[value.distance]]\ncny_per_mu = 5.0\nfades_m = 5.0', 'around = "water"'),
        ('[[rule]]\nrule = "Covered"\nhomes = "roads.gpkg"\nmin_mu = 1.0', "has no area"),
        ('[[rule]]\nrule = "Covered"\nhomes = "zones.gpkg"\npeople = "peeple"\nmin_people = 1.0', "no column 'peeple'"),
        ('[[rule]]\nrule = "Covered"\nhomes = "zones.gpkg"\nmin_mu = 1e6', "can be"),
        ('[[rule]]\nrule = "Coverage"\nbuilt_up = "roads.gpkg"\nmin_share = 0.4', "has no area; built_up are polygons"),
        ('[[rule]]\nrule = "Coverage"\nbuilt_up = "zones.gpkg"\ngreen = "roads.gpkg"\nmin_share = 0.4', "no area; green are"),
        ('[[rule]]\nrule = "Coverage"\nbuilt_up = "zone.gpkg"\nmin_share = 0.4', "did you mean 'zones.gpkg'"),
        ('[[rule]]\nrule = "Coverage"\nbuilt_up = "empty.gpkg"\nmin_share = 0.4', "holds no feature"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(folder: Path, text: str, words: str) -> None:
    gpd.GeoDataFrame({"a": []}, geometry=gpd.GeoSeries([], crs=CRS), crs=CRS).to_file(folder / "empty.gpkg", driver="GPKG")
    gpd.GeoDataFrame({"grade": ["A"]}, geometry=[shapely.box(WEST, NORTH - 100, WEST + 100, NORTH)], crs=CRS).to_file(
        folder / "zones.gpkg", driver="GPKG"
    )
    with rasterio.open(
        folder / "far.tif", "w", driver="GTiff", height=4, width=4, count=1, dtype="float32", crs=CRS,
        transform=from_origin(WEST + 90_000, NORTH, 10, 10),
    ) as file:  # fmt: skip
        file.write(np.ones((4, 4), "float32"), 1)
    with pytest.raises(PlannerError) as told:
        planned(folder, text + "\n")
    assert isinstance(told.value, InvalidInput)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_the_scenario_alone_can_be_changed(folder: Path) -> None:
    site = pl.read_site(folder)
    near = [{"layer": "roads.gpkg", "target": "construction", "within_m": 200.0}]
    with pytest.raises(InvalidInput, match=r"roads\.gpkg"):
        pl.make_plan(replace(site, scenario=replaced(site.scenario, {"near": near})))
