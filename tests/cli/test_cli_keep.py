"""`planner export`, `planner replay` and `planner check`'s exit codes, from the command line."""

import json
from pathlib import Path

import geopandas as gpd
import pytest
import rasterio
from dirty.case import frame, site, squares

from planner.cli.main import run
from planner.facade import load_plan, make_plan


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    frame().to_file(folder / "a.gpkg")
    make_plan(site(folder, '[layers]\npolygons = "a.gpkg"\n[partition]\nmax_unit_mu = 60.0\n')).save(folder / "out")
    return folder / "out"


def test_export_writes_layers_and_water(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", str(saved), "-o", str(tmp_path / "u.shp"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["layer"] == "units"
    units = gpd.read_file(tmp_path / "u.shp")
    assert units["area_mu"].sum() == pytest.approx(180.0, abs=0.01)
    assert run(["export", str(saved), "-o", str(tmp_path / "p.kml"), "--layer", "parcels"]) == 0
    assert run(["export", str(saved), "-o", str(tmp_path / "d.tif")]) == 0
    with rasterio.open(tmp_path / "d.tif") as file:
        assert file.descriptions == ("water_depth_m",)
    assert run(["export", str(saved), "-o", str(tmp_path / "u.shp")]) == 1
    assert run(["export", str(saved), "-o", str(tmp_path / "u.doc")]) == 2
    assert run(["export", str(saved), "-o", str(tmp_path / "x.tif"), "--layer", "units"]) == 2
    assert "takes depth, level" in capsys.readouterr().err


def test_replay_says_that_nothing_differs(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", str(saved), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["same"] is True
    assert found["inputs"] == []


def test_a_loaded_plan_saved_elsewhere_still_leads_to_its_inputs(saved: Path, tmp_path: Path) -> None:
    load_plan(saved).save(tmp_path / "copy")
    assert run(["replay", str(tmp_path / "copy"), "-q"]) == 0


def test_check_exits_with_invalid_input_where_no_plan_can_be_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame(name=["a", "b"]).to_file(tmp_path / "a.gpkg")
    assert run(["check", str(tmp_path / "a.gpkg"), "--lang", "zh"]) == 3
    assert "不能规划：没有深度" in capsys.readouterr().out
    frame().to_file(tmp_path / "b.gpkg")
    assert run(["check", str(tmp_path / "b.gpkg"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True


def test_the_order_of_features_changes_no_byte_of_the_map_and_no_unit(tmp_path: Path) -> None:
    plans = {}
    for name, rows in (("a", [0, 1, 2]), ("b", [2, 0, 1])):
        (tmp_path / name).mkdir()
        shapes = frame([*squares(2), squares(2)[1].representative_point().buffer(40)])
        shapes.iloc[rows].to_file(tmp_path / name / "a.gpkg")
        place = site(tmp_path / name, '[site]\nname = "x"\n[layers]\npolygons = "a.gpkg"\n[partition]\nmax_unit_mu = 60.0\n')
        plans[name] = make_plan(place)
        plans[name].save(tmp_path / name / "out")
    a, b = (tmp_path / n / "out" for n in "ab")
    assert (a / "map.html").read_bytes() == (b / "map.html").read_bytes()
    left, right = (gpd.read_file(f / "plan.gpkg", layer="units") for f in (a, b))
    assert left.drop(columns="geometry").equals(right.drop(columns="geometry"))
    assert left.geometry.to_wkb().equals(right.geometry.to_wkb())
