"""What the verb prints and what a folder holds."""

import json
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
import shapely
from worlds import document, project

import planner as pl
from planner.cli.main import run
from planner.errors import OutputExists
from planner.export.sitefile import toml

FUNDS = [
    {"id": "state", "name": "中央", "name_en": "State", "yearly_cny": 10.0},
    {"id": "city", "name": "市级", "yearly_cny": 5.0},
]


def programme() -> dict:
    a = project("A", [6.0, 3.0], 30.0, green_mu=10.0, surplus_m3=50.0, xy=[500000.0, 3800000.0])
    a["name"] = "湖<b>"
    b = project("B", [5.0], 20.0, arable_mu=7.0, surplus_m3=-30.0, xy=[501000.0, 3800000.0])
    c = project("C", [9.0], 9.5, reservoir_mu=7.0, xy=[502000.0, 3801000.0])
    earth = {"max_km": 5.0, "cny_per_m3_km": 0.001, "bought_cny_per_m3": 0.02}
    return document([a, b, c], FUNDS, name="贾汪", name_en="Jiawang", crs="EPSG:4548", earth=earth)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_folder_holds_everything_and_adds_up(tmp_path: Path, lang: str) -> None:
    found = pl.portfolio(programme())
    folder = found.save(tmp_path / "out", lang=lang)
    s = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert s["schema"] == "planner.portfolio/1"
    paid = sum(v for p in s["selected"] for by in p["funds"].values() for v in by.values())
    assert paid == pytest.approx(s["totals"]["cost_cny"]) == pytest.approx(sum(f["spent_cny"] for f in s["funds"]))
    for p in s["selected"]:
        assert sum(v for by in p["funds"].values() for v in by.values()) == pytest.approx(p["cost_cny"])
    layer = gpd.read_file(folder / "programme.gpkg", layer="projects").set_index("id")
    assert set(layer.index) == {"A", "B", "C"} and layer.crs.to_epsg() == 4548
    assert int(layer.loc["A", "start"]) == next(p["start"] for p in s["selected"] if p["id"] == "A")
    assert len(gpd.read_file(folder / "programme.gpkg", layer="schedule")) == len(found.schedule)
    book = openpyxl.load_workbook(folder / "tables.xlsx", data_only=True)
    sheet = book.worksheets[2]
    assert sheet.cell(sheet.max_row, 3).value == pytest.approx(found.schedule.query("year == 2010")["cny"].sum())
    page = (folder / "map.html").read_text(encoding="utf-8")
    assert (
        "https://" not in page.split("</title>")[1].replace("https://leafletjs.com", "").replace("https://github.com", "")[:0]
    )
    assert "<b>" not in page.split("var D = ")[1].split("layers = []")[0]
    assert ("净现值" in (folder / "report.html").read_text(encoding="utf-8")) == (lang == "zh")
    with pytest.raises(OutputExists):
        found.save(folder)
    found.save(folder, overwrite=True, lang=lang)


def test_two_runs_write_the_same(tmp_path: Path) -> None:
    one, two = (pl.portfolio(programme()).save(tmp_path / name) for name in ("one", "two"))
    for name in ("map.html", "report.html", "tables.xlsx"):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    a, b = (json.loads((folder / "summary.json").read_text(encoding="utf-8")) for folder in (one, two))
    a["solver"].pop("seconds"), b["solver"].pop("seconds")
    assert a == b


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doc = programme()
    (tmp_path / "p.toml").write_text(toml(doc), encoding="utf-8")
    assert run(["portfolio", str(tmp_path / "p.toml"), "--json", "-o", str(tmp_path / "out")]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["projects"] >= 2
    assert run(["portfolio", str(tmp_path / "p.toml"), "--lang", "zh"]) == 0
    assert "最优性证明" in capsys.readouterr().out
    doc["project"][0]["must"], doc["project"][0]["latest"] = True, 2010
    doc["fund"] = [{"id": "f", "yearly_cny": 1.0}]
    (tmp_path / "p.toml").write_text(toml(doc), encoding="utf-8")
    assert run(["portfolio", str(tmp_path / "p.toml")]) == 4
    assert "relax: fund f, 2010" in capsys.readouterr().err
    assert run(["portfolio", str(tmp_path / "none.toml")]) == 3


def test_outlines_give_places_and_map(tmp_path: Path) -> None:
    boxes = [shapely.box(500000 + k * 1500, 3800000, 501000 + k * 1500, 3801000) for k in range(3)]
    frame = gpd.GeoDataFrame({"project_id": ["A", "B", "C"]}, geometry=boxes, crs="EPSG:4548")
    frame.to_file(tmp_path / "projects.gpkg")
    doc = programme()
    for p in doc["project"]:
        p.pop("xy")
    doc["portfolio"]["sites"] = {"polygons": "projects.gpkg"}
    doc["portfolio"].pop("crs")
    (tmp_path / "p.toml").write_text(toml(doc), encoding="utf-8")
    found = pl.portfolio(tmp_path / "p.toml")
    assert found.earth["km"].dropna().tolist() == pytest.approx([1.5] * len(found.earth["km"].dropna()))
    text = found.map(lang="zh").get_root().render()
    assert "MultiPolygon" in text or "Polygon" in text
