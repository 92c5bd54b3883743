"""`planner city` end to end: the sample town closes on the published figures; a plan's green counts; bad files are one line."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

import planner as pl
from planner.city import green_figures, worth_of_units
from planner.city.greening import parks_of
from planner.city.price import GreenPrice
from planner.city.save import save
from planner.errors import InvalidInput, OutputExists

TOWN = Path(__file__).parents[2] / "sample_geo" / "city"


@pytest.fixture(scope="module")
def town():
    return pl.city(TOWN / "city.toml")


def test_the_town_closes_on_the_published_figures(town) -> None:
    figures = town.summary()["greening"]
    assert round(figures["coverage"], 3) == 0.417  # Shizuishan
    assert round(figures["park_m2_per_head"], 1) == 24.1
    assert round(pl.city(TOWN / "wuhai.toml").summary()["greening"]["coverage"], 2) == 0.43


def test_hohhot_2022_to_the_printed_digit() -> None:
    """DOMAIN 9: green land 10 999.41 ha = 40.34 %, parks 4 219.06 ha = 19.60 m² a head, so 27 266.8 ha and 2 152 582 people."""
    found = green_figures(
        built_up_m2=27_266.8e4, green_m2=10_999.41e4, parks_m2=4_219.06e4, people=2_152_582, canopy_m2=0.4321 * 27_266.8e4
    )
    assert f"{found.green_rate:.2%}" == "40.34%"
    assert f"{found.coverage:.2%}" == "43.21%"
    assert f"{found.park_m2_per_head:.2f}" == "19.60"


def test_summary_is_as_the_contract_says(town) -> None:
    s = json.loads(json.dumps(town.summary()))
    assert s["schema"] == "planner.city/1"
    assert set(s["greening"]) == {"coverage", "green_rate", "park_m2_per_head", "served_share"}
    assert {"id", "score", "class", "rank"} <= set(s["yield_per_mu"][0])
    assert {"score", "grade", "items"} <= set(s["evaluation"])
    assert s["limits"]["park_m2_per_head"] == {"limit": 14.8, "met": True}


def test_a_plan_with_a_park_beside_homes_serves_more(town) -> None:
    gap = [shapely.box(*town.layers["residential"].geometry.iloc[0].bounds).buffer(40).exterior.interpolate(0).buffer(60)]
    more = gpd.GeoSeries(gap, crs=4527)
    before = pl.served_share(town.layers["parks"], town.layers["residential"])
    after = pl.served_share(
        pd.concat([town.layers["parks"].geometry, more.to_crs(town.layers["parks"].crs)]), town.layers["residential"]
    )
    assert after >= before - 1e-12  # the same ground, joined to a park that it touches


def test_the_plans_parks_hold_the_water_they_enclose() -> None:
    ring = shapely.box(0, 0, 100, 100).difference(shapely.box(40, 40, 60, 60))
    units = gpd.GeoDataFrame(
        {"target": ["green", "reservoir", "green", "construction"]},
        geometry=[ring, shapely.box(40, 40, 60, 60), shapely.box(500, 500, 520, 520), shapely.box(100, 0, 200, 100)],
        crs=4527,
    )
    parks = parks_of(type("P", (), {"units": units})())
    assert parks.area.tolist() == [10_000.0]  # with the pond; 400 m² of green are no park


def test_the_price_of_green_tells_no_difference_inside_the_gap() -> None:
    proven = GreenPrice(best_cny=1e6, low_cny=0.9e6, high_cny=1.1e6, area_mu=200.0, people=50.0)
    assert (proven.cny_per_mu, proven.cny_per_head) == (5000.0, 20_000.0)
    open_ = GreenPrice(best_cny=1e6, low_cny=-0.1e6, high_cny=2.1e6, area_mu=200.0)
    assert not open_.proven
    assert open_.cny_per_mu is None


def test_locks_that_are_set_hold_in_both_plans_of_the_price_of_green(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[dict]] = []
    room = importlib.import_module("planner.city.price")  # planner.city is the function
    monkeypatch.setattr(room, "make_plan", lambda site, **sets: asked.append(sets["lock"]))
    monkeypatch.setattr(room, "difference", lambda free, kept, **about: None)
    site, mine = pl.read_site(pl.samples.folder("aidans")), {"unit": "P001-002", "target": "construction"}
    pl.price_of_green(site, unit="P001-001", lock=[mine])
    assert asked == [[mine], [mine, {"unit": "P001-001", "target": "green"}]]  # the second had lost it


def test_files_are_written_whole_and_not_over_others(town, tmp_path: Path) -> None:
    folder = save(town, tmp_path / "out", lang="zh")
    assert {p.name for p in folder.iterdir()} == {"report.html", "map.html", "tables.xlsx", "summary.json", "city.gpkg"}
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "亩均效益" in page
    assert "Score" not in page
    book = openpyxl.load_workbook(folder / "tables.xlsx")
    assert book.sheetnames == ["城市绿化", "亩均效益", "年度绩效考核"]
    homes = gpd.read_file(folder / "city.gpkg", layer="residential")
    assert (homes["served_after"] >= homes["served_before"] - 1e-12).all()
    with pytest.raises(OutputExists):
        save(town, folder)
    page = (folder / "map.html").read_text(encoding="utf-8")
    assert not re.search(r"""src=["']?(?:https?:)?//""", page)


def test_the_command_line_speaks_json_alone() -> None:
    run = [sys.executable, "-m", "planner", "city", str(TOWN / "city.toml"), "--json"]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["schema"] == "planner.city/1"


def test_a_table_of_indicators_says_its_values_and_the_file_fills_the_rest(tmp_path: Path) -> None:
    rows = "indicator,direction,weight,baseline,target,value\na,higher,60,0,10,5\nb,lower,40,8,4,\n"
    (tmp_path / "points.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "city.toml").write_text('[evaluation]\ntable = "points.csv"\nvalues = { b = 4.0, a = 9.0 }\n', encoding="utf-8")
    found = pl.city(tmp_path / "city.toml").evaluation
    assert found is not None
    assert list(found.items["value"]) == [5.0, 4.0]
    assert found.score == 0.5 * 60 + 40
    (tmp_path / "points.csv").write_text(rows.replace(",5\n", ",five\n"), encoding="utf-8")
    with pytest.raises(InvalidInput, match="five"):
        pl.city(tmp_path / "city.toml")
    (tmp_path / "points.csv").write_text(
        rows.replace(",value", "").replace(",5\n", "\n").replace(",4,\n", ",4\n"), encoding="utf-8"
    )
    assert pl.city(tmp_path / "city.toml").evaluation.score == 0.9 * 60 + 40


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "asks for nothing"),
        ("[greening]\nbuilt_up_m2 = 5.0\n", "green_m2 is missing"),
        ("[greening]\nbuilt_up_m2 = -5.0\ngreen_m2 = 1.0\n", "greening.built_up_m2"),
        ("[greening]\nbuilt_up_m2 = 5.0\ngreen_m2 = 9.0\n", "more than the built-up area"),
        ("[greening]\nbuilt_up_m2 = 5.0\ngreen_m2 = 1.0\nlimits = 'gb'\n", "no limits 'gb'"),
        ("[greening]\nbuilt_up = 'a.gpkg'\n", "green is missing"),
        ("[greening]\nbuild_up_m2 = 5.0\n", "built_up_m2"),
        ("[enterprises]\ntable = 'none.csv'\n", "none.csv: no such file"),
        ("[enterprises]\ntable = 'firms.csv'\n", "no column 'id'"),
        ("[evaluation]\nvalues = { colour = 1.0 }\n", "no indicator 'colour'"),
        ("[city\n", "not valid TOML"),
    ],
)
def test_bad_files_are_one_clear_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "city.toml").write_text(text, encoding="utf-8")
    (tmp_path / "firms.csv").write_text("firm,tax\nA,1\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=words) as told:
        pl.city(tmp_path / "city.toml")
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        pl.city("nowhere/city.toml")


def test_what_a_unit_is_worth_by_hand() -> None:
    """A home 100 m square, 450 m east of a unit: all of it within 500 m but for what lies beyond; another is out of reach."""
    unit = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 100, 100), shapely.box(9000, 0, 9100, 100)], index=["u1", "u2"])
    homes = gpd.GeoDataFrame(geometry=[shapely.box(550, 0, 650, 100), shapely.box(3000, 0, 3100, 100)])
    before = pl.served([shapely.box(0, -9000, 100, -8900)], homes)
    found = worth_of_units(unit, homes, before, np.array([200.0, 500.0]))
    assert found.index.tolist() == ["u1"]
    assert found.loc["u1", "served_mu"] == pytest.approx(50 * 100 / (10_000 / 15), rel=1e-3)
    assert found.loc["u1", "served_people"] == pytest.approx(100.0, rel=1e-3)
    twice = gpd.GeoDataFrame(geometry=[homes.geometry[0], *homes.geometry])  # half of the people in a copy: the same ground
    park = pl.served([shapely.box(0, -9000, 100, -8900)], twice)
    again = worth_of_units(unit, twice, park, np.array([100.0, 100.0, 500.0]))
    assert again.loc["u1"].tolist() == pytest.approx(found.loc["u1"].tolist(), rel=1e-9)
