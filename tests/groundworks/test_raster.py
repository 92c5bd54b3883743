"""The surface on a terrain of its own, band by band from file to file: that of the whole, and refused where it does not fit."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio

import planner as pl
from planner.cli.main import run
from planner.core.terrain.sloping import steepest
from planner.earthwork.finished import finished
from planner.errors import CRSMismatch, InvalidInput
from planner.geotiff import write_bands
from planner.groundworks import design_raster, raster
from planner.groundworks.drawing import heights
from planner.groundworks.rows import Kept
from planner.site import Grid

FINER = 3
HIGH = {
    "reservoir.level_m": 32.6,
    "dyke.reach_m": 20.0,
    "targets.construction.min_mu": 0.0,
    "targets.arable.min_mu": 0.0,
    "targets.reservoir.min_mu": 1700.0,
}


@pytest.fixture(scope="module")
def fine(small_world: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Grid]:
    """A plan's folder, and its ground on cells a third as wide with 5 cm of noise, as a file and as it is read."""
    folder = tmp_path_factory.mktemp("fine")
    plan = pl.make_plan(small_world)
    plan.save(folder / "plan")
    t = plan.site.terrain
    values = np.repeat(np.repeat(t.values, FINER, axis=0), FINER, axis=1)
    values = (values + np.random.default_rng(3).normal(0.0, 0.05, values.shape)).astype(np.float32).astype(float)
    grid = Grid(values, t.west, t.north, t.cell_x / FINER, t.cell_y / FINER)
    write_bands({"ground": grid}, plan.site.crs, folder / "fine.tif")
    return folder / "plan", folder / "fine.tif", grid


def test_the_raster_is_the_surface_of_the_whole_closed_on_the_plan(
    fine: tuple[Path, Path, Grid], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, file, grid = fine
    monkeypatch.setattr(raster, "DRAWN_CELLS", 5_000)  # so that it begins on every fifth cell
    plan = pl.load_plan(folder)
    out, x, y = tmp_path / "out", grid.west + 40, grid.north - 300
    step = ["--step", "2", "--line", f"{x},{y} {x + 660},{y - 10}"]
    call = ["design", str(folder), "-o", str(out), "--terrain", str(file), "--json", *step]
    assert run(call) == 0
    made = json.loads(capsys.readouterr().out)
    assert made == json.loads((tmp_path / "out" / "design.json").read_text(encoding="utf-8"))
    whole = finished(plan.units, grid, plan.site.scenario)
    with rasterio.open(tmp_path / "out" / "design.tif") as given:
        assert np.abs(given.read(1) - whole.ground.values).max() < 1e-3
        assert given.transform.a == pytest.approx(10.0 / FINER)
    lake = made["storage"][0]
    assert lake["design_m3"] == pytest.approx(lake["plan_m3"], rel=1e-4)
    shape = plan.reservoirs.geometry.iloc[0]
    curve = pl.storage_curve(tmp_path / "out" / "design.tif", within=[shape], levels=[lake["level_m"]])
    assert float(curve.storage(lake["level_m"])) == pytest.approx(lake["plan_m3"], rel=1e-4)
    ditched = plan.site.scenario.number("earthwork.compaction") * plan.units["drain_m3"].sum()  # not part of the ground
    assert made["volumes"]["left_m3"] == pytest.approx(whole.left_m3 + ditched, abs=2e-4 * made["volumes"]["fill_m3"])
    with rasterio.open(out / "cutfill.tif") as given:
        change = given.read(1)
        assert change == pytest.approx(whole.ground.values - grid.values, abs=1e-3)
    v, cell = made["volumes"], grid.cell_area
    assert v["fill_m3"] == pytest.approx(float(change[change > 0].sum()) * cell, rel=1e-4)
    assert v["block_cut_m3"] == pytest.approx(float(np.maximum(grid.values - whole.blocks.values, 0.0).sum()) * cell, rel=1e-9)
    every = made["streamed"]["drawn_every"]
    assert every > 1
    # checks: slopes of all cells, the others of every so-manieth
    checks = pd.read_csv(out / "checks.csv").set_index("check")
    measure = whole.water_m, *(plan.site.scenario.number(f"earthwork.slope_{k}") for k in ("wet", "dry"))
    steep = steepest(whole.ground.values, ~whole.worked, (grid.cell_x, grid.cell_y), measure)
    assert checks.at["slope", "value"] == pytest.approx(steep, abs=1e-3)
    assert checks.at["drainage", "value"] == 0.0 and (checks["verdict"] != "failed").all()
    assert set(gpd.list_layers(out / "design.gpkg")["name"]) >= {"contours", "breaklines", "stakes"}
    assert set(gpd.read_file(out / "design.gpkg", layer="contours")["level_m"] % 2.0) == {0.0}
    # heights along lines are those of all cells
    cut = pd.read_csv(out / "section.csv")
    assert cut["design_m"].to_numpy() == pytest.approx(heights(whole.ground, cut[["x", "y"]].to_numpy()), abs=2e-3)
    assert cut["today_m"].to_numpy() == pytest.approx(heights(grid, cut[["x", "y"]].to_numpy()), abs=1e-3)
    assert cut["x"].iloc[-1] == pytest.approx(grid.west + 700)
    assert not list(out.glob("*.raw"))


def test_a_terrain_elsewhere_or_too_small_is_refused(fine: tuple[Path, Path, Grid], tmp_path: Path) -> None:
    folder, _, grid = fine
    plan = pl.load_plan(folder)
    write_bands({"ground": grid}, "EPSG:32650", tmp_path / "other.tif")
    with pytest.raises(CRSMismatch, match=r"other\.tif.*gdalwarp"):
        design_raster(plan, tmp_path / "other.tif", tmp_path / "out")
    half = dataclasses.replace(grid, values=grid.values[: len(grid.values) // 2])
    write_bands({"ground": half}, plan.site.crs, tmp_path / "half.tif")
    with pytest.raises(InvalidInput, match=r"half\.tif does not reach over \d+ units"):
        design_raster(plan, tmp_path / "half.tif", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_dykes_are_written_with_the_surface(small_world: Path, fine: tuple[Path, Path, Grid], tmp_path: Path) -> None:
    """A lake above the ground around it is dyked, and what is left of the earth is left with the dykes built."""
    plan = pl.make_plan(small_world, **HIGH)
    made = design_raster(plan, fine[1], tmp_path / "out").summary()
    lines = gpd.read_file(tmp_path / "out" / "design.gpkg", layer="dykes")
    assert len(lines) == len(made["dykes"]) > 0 and lines.geometry.has_z.all()
    v = made["volumes"]
    assert v["dyke_m3"] == pytest.approx(sum(d["fill_m3"] for d in made["dykes"]))
    left = plan.site.scenario.number("earthwork.compaction") * v["cut_m3"] - v["fill_m3"] - v["dyke_m3"]
    assert v["left_m3"] == pytest.approx(left)


def test_means_are_of_the_known_cells_of_a_block(tmp_path: Path) -> None:
    """5 × 7 cells in blocks of 3: two rows and two columns of means, the last of fewer cells."""
    cells = np.arange(35.0).reshape(5, 7)
    cells[0, 0], cells[3:, :3] = np.nan, np.nan
    kept = Kept(tmp_path / "kept.raw", Grid(cells, 0.0, 10.0, 2.0, 2.0).frame)
    kept.put(0, cells)
    made = kept.thinned(3)
    kept.close()
    assert made.values[0] == pytest.approx(
        [(1 + 2 + 7 + 8 + 9 + 14 + 15 + 16) / 8, (3 + 4 + 5 + 10 + 11 + 12 + 17 + 18 + 19) / 9]
    )
    assert np.isnan(made.values[1, 0]) and made.values[1, 1] == pytest.approx((24 + 25 + 26 + 31 + 32 + 33) / 6)
    assert (made.cell_x, made.north) == (6.0, 10.0)
