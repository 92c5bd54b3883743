"""Real ground that nobody here made: the figures of other tools, to the digit where they are given so."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from planner import samples
from planner.read import check
from planner.read.rasters import read_onto
from planner.site import Grid
from planner.water import hollows, storage_curve

COTTONWOOD = Path(__file__).parent / "cottonwood"
AIDANS = samples.folder("aidans")


def test_the_void_of_st_aidans_holds_what_two_other_tools_say() -> None:
    west, north, cell = 436_500.0, 431_100.0, 90.0  # whole multiples of the cell around the void
    frame = Grid(np.zeros((60, 60)), west, north, cell, cell)
    ground = read_onto(AIDANS / "dem.tif", frame, crs="EPSG:27700").grid
    curve = storage_curve(ground, seed=(439_186.0, 428_151.0), levels=[12.0, 14.0])
    # Theirs were warped in whole metres: whole rings of cells lie exactly at a stage, so areas differ more than storage does.
    assert curve.storage(14.0) == pytest.approx(17_601_300, rel=5e-3)
    assert curve.storage(12.0) == pytest.approx(15_568_200, rel=5e-3)
    whole = storage_curve(ground.like(np.round(ground.values)), seed=(439_186.0, 428_151.0))
    assert whole.area(14.0) == pytest.approx(1_077_300, rel=0.05)
    assert whole.area(12.0) == pytest.approx(874_800, rel=0.02)


def test_the_prairie_of_cottonwood_holds_what_a_second_tool_says() -> None:
    found = hollows(COTTONWOOD / "dem.tif", min_volume_m3=0.0, min_depth_m=0.0)
    outermost = found[found["parent"] == 0]
    assert len(outermost) == 102
    assert outermost["volume_m3"].sum() == pytest.approx(450_134.383, abs=0.01)
    largest = outermost.iloc[0]
    assert largest["area_m2"] == pytest.approx(71_886.0)
    assert largest["volume_m3"] == pytest.approx(450_068.569, abs=0.001)
    assert largest["depth_m"] == pytest.approx(15.461, abs=0.001)


def test_st_aidans_is_read_whole() -> None:
    report = check(AIDANS)
    assert report.ok, report.error
    figures = report.to_dict()["site"]
    assert figures["crs"] == "EPSG:27700"
    assert figures["area_mu"] == pytest.approx(1_861_791 * 15 / 1e4, rel=2e-3)
    assert 60 < 20 - figures["terrain"]["elevation_m"][0] < 70  # a pit of that depth is metres, not "mm?"
    assert not any("mm" in w for w in figures.get("warnings", []))


def test_the_ground_lost_is_what_sources_say() -> None:
    with rasterio.open(AIDANS / "dem.tif") as ground, rasterio.open(AIDANS / "lost.tif") as lost:
        assert lost.units == ("m",)
        assert np.array_equal(lost.read(1), np.clip(20.0 - ground.read(1).astype(float), 0.0, None))


def test_hollows_of_cottonwood_as_polygons_have_an_id_and_no_depth() -> None:
    report = check(COTTONWOOD / "sinks.gpkg")
    assert "no depth" in str(report.error)
    report = check(COTTONWOOD / "sinks.gpkg", sets={"layers.subsidence": 1.0})
    assert report.ok
    assert report.site is not None
    assert list(report.site.parcels.index) == ["1"]
