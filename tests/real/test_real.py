"""Real ground that nobody here made: the figures of other tools, to the digit where they are given so."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from rasterio.warp import Resampling, aligned_target, calculate_default_transform, reproject

from planner import samples
from planner.read import check
from planner.read.rasters import read_onto
from planner.site import Grid
from planner.water import hollows, storage_curve

COTTONWOOD = Path(__file__).parent / "cottonwood"
AIDANS = samples.folder("aidans")


WEST, NORTH, CELL = 436_500.0, 431_100.0, 90.0  # whole multiples of the cell around the void
SEED = (439_186.0, 428_151.0)


def in_whole_metres() -> Grid:
    """The void as the two other tools had it: GDAL's warp onto aligned cells of 90 m, rounded to the file's whole metres."""
    with rasterio.open(AIDANS / "dem.tif") as source:
        found = calculate_default_transform(
            source.crs, "EPSG:27700", source.width, source.height, *source.bounds, resolution=CELL
        )
        place, cols, rows = aligned_target(*found, CELL)
        values = np.zeros((rows, cols), dtype=np.int16)
        asked = {"dst_transform": place, "dst_crs": "EPSG:27700", "resampling": Resampling.bilinear}
        reproject(rasterio.band(source, 1), values, **asked, init_dest_nodata=True, dst_nodata=-32768)
    heights = np.where(values == -32768, np.nan, values.astype(float))
    return Grid(heights, place.c, place.f, CELL, CELL)


def test_the_void_of_st_aidans_holds_what_two_other_tools_say() -> None:
    curve = storage_curve(in_whole_metres(), seed=SEED, levels=[12.0, 14.0])
    assert [curve.area(z) for z in (14.0, 12.0)] == pytest.approx([1_077_300.0, 874_800.0], abs=1e-6)
    assert [curve.storage(z) for z in (14.0, 12.0)] == pytest.approx([17_601_300.0, 15_568_200.0], abs=1e-3)


def test_ours_differs_from_theirs_by_the_fractions_of_a_metre_they_round_away() -> None:
    frame = Grid(np.zeros((60, 60)), WEST, NORTH, CELL, CELL)
    ground = read_onto(AIDANS / "dem.tif", frame, crs="EPSG:27700").grid
    curve = storage_curve(ground, seed=SEED, levels=[12.0, 14.0])
    assert [curve.storage(z) for z in (14.0, 12.0)] == pytest.approx([17_623_988.81, 15_539_894.07], abs=0.1)
    assert [curve.storage(z) for z in (14.0, 12.0)] == pytest.approx([17_601_300.0, 15_568_200.0], rel=2e-3)
    with rasterio.open(AIDANS / "dem.tif") as source:  # as plain GDAL keeps the fractions, in one window
        values = np.zeros((60, 60))
        asked = {"dst_transform": Affine(*frame.transform), "dst_crs": "EPSG:27700", "resampling": Resampling.bilinear}
        reproject(rasterio.band(source, 1), values, **asked)
    theirs = storage_curve(frame.like(values), seed=SEED, levels=[12.0, 14.0])
    assert [curve.storage(z) for z in (14.0, 12.0)] == pytest.approx([theirs.storage(z) for z in (14.0, 12.0)], rel=1e-3)


@pytest.mark.parametrize("window", [(5, 5, 40, 40), (10, 20, 30, 23), (20, 20, 10, 10)])
def test_ground_is_the_same_whatever_is_read_around_it(window: tuple[int, int, int, int]) -> None:
    def read(row: int, col: int, rows: int, cols: int) -> np.ndarray:
        frame = Grid(np.zeros((rows, cols)), WEST + CELL * col, NORTH - CELL * row, CELL, CELL)
        return read_onto(AIDANS / "dem.tif", frame, crs="EPSG:27700").grid.values

    row, col, rows, cols = window
    assert read(*window) == pytest.approx(read(0, 0, 60, 60)[row : row + rows, col : col + cols], abs=1e-9)


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
