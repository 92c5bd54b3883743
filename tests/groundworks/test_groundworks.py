"""The small world's design: no wall, its volumes told, every file written and read back."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely

import planner as pl
from planner.cli.main import run
from planner.earthwork.finished import finished
from planner.groundworks import drawing, section
from planner.groundworks.drawing import Drawing, contours
from planner.site import Grid


@pytest.fixture(scope="module")
def saved(small_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    pl.make_plan(small_world).save(folder / "plan")
    return folder


@pytest.fixture(scope="module")
def drawn(saved: Path) -> Drawing:
    return drawing(saved / "plan")


def test_no_wall_stands_between_worked_cells_and_untouched_ground_stays(drawn: Drawing) -> None:
    ground, blocks, today = drawn.ground.values, drawn.blocks.values, drawn.plan.site.terrain.values
    worked = np.abs(blocks - today) > 1e-3
    rise = np.abs(np.diff(ground, axis=0))[worked[1:] & worked[:-1]]
    assert rise.max() <= 10.0 / 2 + 1e-9
    walls = np.abs(np.diff(blocks, axis=0))[worked[1:] & worked[:-1]]
    assert walls.max() > rise.max() * 0.5
    np.testing.assert_array_equal(ground[~worked], today[~worked])
    checks = drawn.checks.set_index("check")
    assert checks.at["slope", "verdict"] == "passed"
    assert checks.at["freeboard_construction", "verdict"] == "passed"
    assert (checks["verdict"] != "failed").all()


def test_volumes_and_storage_are_those_of_the_surface(drawn: Drawing, saved: Path, tmp_path: Path) -> None:
    change = (drawn.ground.values - drawn.plan.site.terrain.values) * drawn.ground.cell_area
    assert drawn.volumes["fill_m3"] - drawn.volumes["cut_m3"] == pytest.approx(change.sum())
    assert run(["design", str(saved / "plan"), "-o", str(tmp_path / "out"), "-q"]) == 0
    shape = drawn.plan.reservoirs.geometry.iloc[0]
    row = drawn.storage.iloc[0]
    curve = pl.storage_curve(tmp_path / "out" / "design.tif", within=[shape], levels=[row["level_m"]])
    assert float(curve.storage(row["level_m"])) == pytest.approx(row["design_m3"], rel=1e-5)
    # shores slope, so the blocks hold more than can be built; the bed is laid deeper until the plan's storage is there
    assert row["design_m3"] == pytest.approx(row["plan_m3"], rel=1e-5)
    assert row["bed_m"] > 0.0


def test_earth_left_over_is_what_the_plan_leaves_and_filled_land_never_sinks(drawn: Drawing) -> None:
    v, units = drawn.volumes, drawn.plan.units
    compaction = drawn.plan.site.scenario.number("earthwork.compaction")
    assert v["plan_left_m3"] == pytest.approx(compaction * units["cut_m3"].sum() - units["fill_m3"].sum())
    assert v["land_m"] >= 0.0
    assert v["left_m3"] == pytest.approx(v["plan_left_m3"], abs=1e-4 * v["fill_m3"])


def test_ditches_drain_all_worked_land(drawn: Drawing) -> None:
    checks = drawn.checks.set_index("check")
    assert checks.at["drainage", "value"] == 0.0 and checks.at["drainage", "verdict"] == "passed"
    assert checks.at["drainage_left", "verdict"] == "told"
    assert (drawn.ditches["head_m"] >= drawn.ditches["end_m"]).all()
    assert drawn.volumes["ditch_cut_m3"] == pytest.approx(drawn.ditches["cut_m3"].sum())


def test_ditches_fall_all_the_way_also_where_they_were_straightened(drawn: Drawing) -> None:
    for line in drawn.ditches.geometry:
        assert (np.diff(shapely.get_coordinates(line, include_z=True)[:, 2]) <= 1e-9).all()


def test_the_balance_closes_on_the_dykes_that_are_drawn(saved: Path) -> None:
    """Earth that was counted for dykes of which none is drawn lies on the land: less is left by so much."""
    plan = pl.load_plan(saved / "plan")
    fill = plan.units["fill_m3"]
    bare, counted = (finished(plan.units.assign(dyke_m3=each), plan.site.terrain, plan.site.scenario) for each in (0.0, 100.0))
    owed = 100.0 * len(plan.units)
    assert bare.dykes.empty and counted.dykes.empty
    assert counted.plan_left_m3 == pytest.approx(bare.plan_left_m3 + owed)
    assert counted.left_m3 == pytest.approx(counted.plan_left_m3 - owed, abs=1e-4 * fill.sum())
    assert counted.land_m == pytest.approx(bare.land_m, abs=1e-4)


def test_the_bed_of_a_lake_that_nobody_digs_stays_and_is_told(drawn: Drawing) -> None:
    plan = drawn.plan
    kept = plan.units.assign(treatment=plan.units["treatment"].where(plan.units["target"] != "reservoir", "none"))
    kept.loc[kept["target"] == "reservoir", "design_m"] = kept["ground_m"]
    made = finished(kept, plan.site.terrain, plan.site.scenario)
    assert (made.lakes["bed_m"] == 0.0).all()
    assert (made.lakes["design_m3"] != made.lakes["plan_m3"]).any()


def test_the_folder_holds_lines_points_and_a_section(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    call = ["design", str(saved / "plan"), "-o", str(out), "--lang", "zh", "--json"]
    assert run(call) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "planner.design/1"
    lines = gpd.read_file(out / "design.gpkg", layer="contours")
    assert lines["level_m"].is_monotonic_increasing and lines.geometry.has_z.all()
    points = pd.read_csv(out / "stakes.csv")
    assert (points["today_m"] - points["design_m"]).to_numpy() == pytest.approx(points["cut_m"].to_numpy(), abs=1e-9)
    assert len(gpd.read_file(out / "breaklines.dxf"))
    with rasterio.open(out / "design.tif") as file:
        assert file.count == 1
    assert all((out / name).read_bytes()[:4] == b"\x89PNG" for name in ("section.png", "cutfill.png"))
    assert run(call) == 1
    assert run([*call[:4], "--overwrite", "--line", "nonsense"]) == 2


def test_the_design_fed_back_is_built(drawn: Drawing) -> None:
    found = pl.asbuilt(drawn.plan, pl.design(drawn.plan))
    assert found.achieved_share == 1.0 and found.beyond_m3 == 0.0


def test_the_verb_storage_gives_the_plan_s_storage_within_the_lakes_as_set_out(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(["design", str(saved / "plan"), "-o", str(out), "-q"]) == 0
    lakes = gpd.read_file(out / "reservoirs.gpkg")
    level = float(lakes["level_m"].iloc[0])
    assert (lakes["level_m"] == level).all()
    capsys.readouterr()
    within = ["--within", str(out / "reservoirs.gpkg"), "--level", str(level), "--json"]
    assert run(["storage", str(out / "design.tif"), *within]) == 0
    told = json.loads(capsys.readouterr().out)["rows"][0]
    assert told["storage_m3"] == pytest.approx(lakes["plan_m3"].sum(), rel=1e-4)


def test_a_section_and_contours_of_a_plane_are_exact() -> None:
    x = np.arange(10) + 0.5
    plane = Grid(np.tile(2.0 * x, (10, 1)), 0.0, 10.0, 1.0, 1.0)
    cut = section([plane], [(1.0, 5.0), (9.0, 5.0)], 0.5)
    assert cut["z0"].to_numpy() == pytest.approx(2.0 * cut["x"].to_numpy())
    lines = contours(plane, 5.0, None)
    assert lines["level_m"].tolist() == [5.0, 10.0, 15.0]
    assert lines.geometry.iloc[0].bounds[0] == pytest.approx(2.5)
