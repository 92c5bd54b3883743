"""A site in phases: one ready year everywhere, every yuan and m³ in a year, nothing placed before it is dug."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import rasterio.features
from conftest import write_small_world

import planner as pl
from planner.design import Design
from planner.landuse import CHOICES
from planner.plan import Plan
from planner.timing import earth_by_year

PHASES = """
[earthwork]
max_import_m3 = 0.0
[[phase]]
id = 1
name = "north"
start = 2021
end = 2022
[[phase]]
id = 2
name = "middle"
start = 2023
end = 2023
[[phase]]
id = 3
name = "south"
start = 2023
end = 2025
"""


def phased(folder: Path, more: str = "") -> Path:
    """The small world with a row of parcels a phase, from north to south."""
    write_small_world(folder)
    frame = gpd.read_file(folder / "parcels.gpkg")
    frame["phase"] = [1, 1, 1, 2, 2, 2, 3, 3, 3]
    frame.to_file(folder / "parcels.gpkg", driver="GPKG")
    text = (folder / "site.toml").read_text(encoding="utf-8")
    (folder / "site.toml").write_text(text + PHASES + more, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return phased(tmp_path_factory.mktemp("phased"))


@pytest.fixture(scope="module")
def plan(world: Path) -> Plan:
    return pl.make_plan(world)


def test_units_know_their_phase_and_are_ready_when_it_ends(plan: Plan) -> None:
    end = plan.units["phase"].map({1: 2022, 2: 2023, 3: 2025})
    treated = plan.units["target"] != "unrestored"
    assert (plan.units["ready_year"][treated] == end[treated]).all()  # settled ground, lake at the water table


def test_every_mu_yuan_and_cubic_metre_is_in_a_year(plan: Plan) -> None:
    s = plan.summary()
    rows = s["years"]
    assert [r["year"] for r in rows] == list(range(rows[0]["year"], rows[-1]["year"] + 1))
    for target in CHOICES:
        total = sum(r["ready_mu"].get(target, 0.0) for r in rows)
        assert total == pytest.approx(s["targets"][target]["area_mu"], rel=1e-12)
    for key, where in (
        ("cost_cny", "economics"),
        ("benefit_cny", "economics"),
        ("cut_m3", "earthwork"),
        ("fill_m3", "earthwork"),
    ):
        assert sum(r[key] for r in rows) == pytest.approx(s[where][key], rel=1e-12)
    assert sum(r["import_m3"] for r in rows) == pytest.approx(s["earthwork"]["import_m3"], abs=1e-6)
    left = s["earthwork"]["export_m3"] + s["earthwork"]["spread_m3"]
    assert sum(r["export_m3"] for r in rows) == pytest.approx(left, rel=1e-9)
    rate = plan.site.scenario.number("economics.discount_rate")
    npv = sum((r["benefit_cny"] - r["cost_cny"]) / (1 + rate) ** (r["year"] - 2020) for r in rows)
    assert npv == pytest.approx(s["economics"]["npv_cny"], rel=1e-12)
    assert npv == pytest.approx(s["solver"]["objective"], rel=1e-9)  # no lump sums, no borders: what was maximised


def test_nothing_is_placed_before_it_is_dug_by_the_units(plan: Plan) -> None:
    compaction = plan.site.scenario.number("earthwork.compaction")
    stock = 0.0
    for phase in (1, 2, 3):
        mine = plan.units[plan.units["phase"] == phase]
        stock += compaction * mine["cut_m3"].sum() - mine["fill_m3"].sum()
        assert stock >= -1e-6
    years = earth_by_year(plan.units, plan.site.scenario)
    assert (years["stock_m3"] >= 0).all()
    assert years["import_m3"].sum() == 0.0


def test_nothing_is_placed_before_it_is_dug_by_the_rasters(plan: Plan) -> None:
    """The blocks as priced against today's ground, cell by cell, know nothing of options or rows.

    The sloped ground closes on the earth of the whole site, not of each phase.
    """
    terrain = plan.site.terrain
    made = Design.of(plan.units, plan.site.scenario).surface(plan.units, terrain)
    change = (made.values - terrain.values) * terrain.cell_area
    transform = rasterio.transform.from_origin(terrain.west, terrain.north, terrain.cell_x, terrain.cell_y)
    compaction, stock, moved = plan.site.scenario.number("earthwork.compaction"), 0.0, 0.0
    for phase in (1, 2, 3):
        shapes = plan.units.geometry[plan.units["phase"] == phase]
        inside = rasterio.features.geometry_mask(shapes, terrain.shape, transform, invert=True)
        cut, fill = -np.minimum(change[inside], 0.0).sum(), np.maximum(change[inside], 0.0).sum()
        moved += cut
        stock += compaction * cut - fill
        assert stock >= -0.02 * moved


def test_without_phases_earth_of_later_years_would_have_been_used(world: Path, tmp_path: Path) -> None:
    """The rule costs something here: with the balance as a whole alone the north is filled with earth of later phases."""
    free = pl.make_plan(world, phase=[])
    compaction = free.site.scenario.number("earthwork.compaction")
    north = free.units[free.units["parcel_id"].isin(["P1", "P2", "P3"])]
    assert north["fill_m3"].sum() > compaction * north["cut_m3"].sum()


def test_a_later_phase_is_worth_less(world: Path) -> None:
    plain = pl.make_plan(world).economics.npv_cny
    dearer = pl.make_plan(world, **{"economics.discount_rate": 0.12}).economics.npv_cny
    assert dearer < plain


def test_saved_the_years_are_the_same_and_the_workbook_adds_them_up(plan: Plan, tmp_path: Path) -> None:
    from planner.facade import Plan as Whole

    Whole.of(plan).save(tmp_path / "out")
    told = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert told["years"] == json.loads(json.dumps(pl.load_plan(tmp_path / "out").summary()["years"]))
    book = openpyxl.load_workbook(tmp_path / "out" / "tables.xlsx", data_only=True)
    sheet = book["Years"]
    heads = [c.value for c in sheet[1]]
    cost = next(i for i, h in enumerate(heads) if str(h).startswith("Cost"))
    rows = [r for r in sheet.iter_rows(min_row=2, values_only=True) if isinstance(r[0], int)]
    assert [r[0] for r in rows] == [r["year"] for r in told["years"]]
    assert sum(r[cost] for r in rows) == pytest.approx(told["economics"]["cost_cny"])
    assert "phase" in gpd.read_file(tmp_path / "out" / "plan.gpkg", layer="units").columns


def test_a_dated_lock_makes_land_wait_or_lets_it_go(world: Path) -> None:
    lock = {"parcel": "P1", "target": "green", "not_before": 2030}
    late = pl.make_plan(world, lock=[lock])
    mine = late.units[late.units["parcel_id"] == "P1"]
    assert set(mine["target"]) == {"green"}
    assert (mine["ready_year"] == 2030).all()
    rows = {r["year"]: r for r in late.summary()["years"]}
    assert rows[2030]["ready_mu"]["green"] == pytest.approx(mine["area_mu"].sum())
    bound = pl.make_plan(world, lock=[lock | {"not_before": None, "until": 2021}])
    assert set(bound.units["target"][bound.units["parcel_id"] == "P1"]) == {"green"}
    free = pl.make_plan(world, lock=[{"parcel": "P1", "target": "green", "until": 2020}])
    assert free.economics.npv_cny == pytest.approx(pl.make_plan(world).economics.npv_cny, rel=2e-3)
    assert free.economics.npv_cny >= bound.economics.npv_cny * (1 - 1e-3)


def test_a_right_that_ends_between_phases_bars_only_those_before(tmp_path: Path) -> None:
    """A mining right over everything until 2022: no houses in the north, whose works begin in 2021; later phases have them."""
    folder = phased(tmp_path / "right", '[[protection]]\nkind = "mining_right"\nuntil = 2022\n')
    text = (folder / "site.toml").read_text(encoding="utf-8")
    (folder / "site.toml").write_text(
        text.replace("water_table", 'constraints = "rights.gpkg"\nwater_table', 1), encoding="utf-8"
    )
    frame = gpd.read_file(folder / "parcels.gpkg")
    gpd.GeoDataFrame({"kind": ["采矿权"]}, geometry=[frame.union_all()], crs=frame.crs).to_file(folder / "rights.gpkg")
    plan = pl.make_plan(folder)
    built = plan.units.groupby("phase")["target"].agg(lambda t: "construction" in set(t))
    assert built.to_dict() == {1: False, 2: True, 3: True}
    assert plan.summary()["protection"][0]["broken_mu"] == 0.0


def test_a_lump_sum_is_paid_where_its_land_is_treated_and_leaves_it_alone_where_it_does_not_pay(world: Path) -> None:
    def item(cny: float, **where: object) -> dict[str, object]:
        return {"name": "village", "cny": cny, "source": "assumed", **where}

    paid = pl.make_plan(world, **{"economics.item": [item(1e6, phase=1)]})
    s = paid.summary()
    assert s["economics"]["lump_sums_cny"] == 1e6
    assert s["solver"]["objective"] == pytest.approx(s["economics"]["npv_cny"], rel=1e-9)
    assert sum(r["cost_cny"] for r in s["years"]) == pytest.approx(s["economics"]["cost_cny"], rel=1e-12)
    dear = pl.make_plan(world, **{"economics.item": [item(1e12, parcels=["P1", "P9"])]})
    assert dear.economics.lump_cny == 0.0
    left = dear.units["target"][dear.units["parcel_id"].isin(["P1", "P9"])]
    assert set(left) == {"unrestored"}
    assert dear.certificate.gap <= dear.site.scenario.solver.gap
