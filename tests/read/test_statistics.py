"""Statistics of rasters under polygons: a world worked by hand, any tiles, files and grids, and what is refused."""

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine

import planner as pl
from planner.core.polygons.rings import rings_of
from planner.core.terrain import zonal
from planner.core.terrain.coverage import covered_cells
from planner.core.terrain.zonal import OpenPieces, by_class, quantiles, quantiles_of_cells
from planner.errors import CRSMismatch, InvalidInput
from planner.frame import Frame
from planner.measure import area_mu
from planner.read import statistics
from planner.read.statistics import raster_statistics
from planner.site import Grid

WEST, NORTH = 39_500_000.0, 3_757_000.0
PLACE = Affine(2, 0, WEST, 0, -2, NORTH)  # cells of 2 m × 2 m: 4 m²
SHARES = np.array([0.9, 0.0, 0.05, 0.5, 1.0])


def write(path: Path, values: np.ndarray, *, place: Affine = PLACE, crs: str | None = "EPSG:4527", **profile: object) -> Path:
    size = {"width": values.shape[1], "height": values.shape[0], "count": 1, "dtype": values.dtype}
    with rasterio.open(path, "w", driver="GTiff", transform=place, crs=crs, **size, **profile) as out:
        out.write(values, 1)
    return path


def box(left: float, top: float, right: float, bottom: float) -> shapely.Polygon:
    """A rectangle in cells from the north-west corner."""
    return shapely.box(WEST + 2 * left, NORTH - 2 * bottom, WEST + 2 * right, NORTH - 2 * top)


def star(rng: np.random.Generator, cells: float, cols: int, rows: int) -> shapely.Polygon:
    radius = 2 * cells * rng.uniform(0.2, 1, 17)
    angle = np.linspace(0, 2 * np.pi, 17, endpoint=False)
    x, y = WEST + 2 * rng.uniform(-3, cols + 3), NORTH - 2 * rng.uniform(-3, rows + 3)
    return shapely.Polygon(np.column_stack((x + radius * np.cos(angle), y + radius * np.sin(angle))))


def exact_area(shape: shapely.Polygon) -> float:
    """Area with coordinates taken relative to the first vertex, which is exact, summed without rounding."""
    xy = shapely.get_coordinates(shape)
    xy = xy - xy[0]
    return abs(math.fsum(a * d - c * b for (a, b), (c, d) in pairwise(xy.tolist()))) / 2.0


HAND = np.array([[1.0, 2.0, 3.0], [4.0, np.nan, 6.0], [7.0, 8.0, np.inf]])


@pytest.mark.parametrize("kind", ["grid", "file", "single"])
def test_a_table_by_hand(tmp_path: Path, kind: str) -> None:
    """Half-cell margins: ¼ of the corners, ½ of the sides, all of the centre; the second polygon lies half outside."""
    values = HAND.astype(np.float32 if kind == "single" else np.float64)
    source = Grid(HAND, WEST, NORTH, 2.0, 2.0) if kind == "grid" else write(tmp_path / "z.tif", values)
    labels = ["middle", "half out", "empty", "away"]
    shapes = [box(0.5, 0.5, 2.5, 2.5), box(2, 0, 4, 2), shapely.Polygon(), box(9, 9, 10, 10)]
    parcels = gpd.GeoDataFrame(geometry=shapes, index=labels, crs="EPSG:4527")
    (found,) = pl.raster_statistics(source, parcels, quantiles=[0.5], classes=[2, 6])
    table = found.table()
    assert table.index.tolist() == labels
    middle = table.loc["middle"]
    # known: 1·¼ + 2·½ + 3·¼ + 4·½ + 6·½ + 7·¼ + 8·½ of weight 2¾; missing: the centre and a corner
    assert (middle["area_m2"], middle["missing_m2"], middle["outside_m2"]) == (11.0, 5.0, 0.0)
    assert (middle["sum"], middle["mean"], middle["min"], middle["max"]) == (12.75, 12.75 / 2.75, 1.0, 8.0)
    assert middle[["below 2, m2", "2 to 6, m2", "from 6, m2"]].tolist() == [1.0, 5.0, 5.0]
    assert middle["q50"] == pytest.approx(5.0, abs=1.5)
    half = table.loc["half out"]
    assert (half["area_m2"], half["missing_m2"], half["outside_m2"], half["mean"]) == (8.0, 0.0, 8.0, 4.5)
    assert half["q50"] == 4.5
    for label, outside in (("empty", 0.0), ("away", 4.0)):
        row = table.loc[label]
        assert (row["area_m2"], row["missing_m2"], row["sum"], row["outside_m2"]) == (0.0, 0.0, 0.0, outside)
        assert row[["mean", "min", "max", "q50"]].isna().all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), tile_cells=st.sampled_from([7, 60, 500, 1 << 20]), counted=st.booleans())
def test_any_tiles_as_one_list_of_cells(
    tmp_path_factory: pytest.TempPathFactory, seed: int, tile_cells: int, counted: bool
) -> None:
    """Several rasters of several types, blocks of several sizes, quantiles exactly and sums to their order."""
    rng = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("rasters")
    whole = rng.integers(0, 9, (50, 64)).astype(np.int16)
    single = rng.normal(30, 3, (50, 64)).astype(np.float32)
    single[rng.random((50, 64)) < 0.05] = -9999.9
    fine = np.round(rng.normal(30, 3, (50, 64)), 1)
    fine[rng.random((50, 64)) < 0.05] = np.nan
    sources = [
        write(folder / "whole.tif", whole, nodata=7, tiled=True, blockxsize=32, blockysize=16),
        write(folder / "single.tif", single, nodata=-9999.9, compress="deflate"),
        Grid(fine, WEST, NORTH, 2.0, 2.0),
    ]
    shapes = [star(rng, rng.uniform(0.3, 30), 64, 50) for _ in range(8)]
    breaks = np.array([3.0, 29.5, 30.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zonal, "COUNT_FROM", 40 if counted else 1 << 22)
        patch.setattr(statistics, "MEMORY", replace(statistics.MEMORY, listed_cells=300))
        found = raster_statistics(sources, shapes, tile_cells=tile_cells, quantiles=SHARES, classes=breaks)
    cells = covered_cells(*rings_of(shapes), Frame(WEST, NORTH, 2.0, 2.0, 50, 64))
    plane = [np.where(whole == 7, np.nan, whole), np.where(single < -9000, np.nan, single), fine]
    assert [f.name for f in found] == ["whole.tif", "single.tif", "grid 3"]
    for one, values in zip(found, plane, strict=True):
        at = values.ravel()[cells.cell].astype(float)
        want = by_class(cells.start, at, cells.fraction, breaks)
        np.testing.assert_allclose(one.classes, want[:, :-1], rtol=1e-11, atol=1e-9)
        np.testing.assert_allclose(one.classes.sum(axis=1), one.weight, rtol=1e-11, atol=1e-9)
        np.testing.assert_allclose(one.missing, want[:, -1], rtol=1e-11, atol=1e-9)
        known = one.weight > 1e-9
        np.testing.assert_allclose(one.quantiles[known], quantiles(cells.start, at, cells.fraction, SHARES)[known], rtol=1e-9)
        np.testing.assert_array_equal(one.quantiles[known][:, [1, 4]], np.column_stack((one.low, one.high))[known])
        found_cells, area = one.weight + one.missing, np.array([exact_area(s) for s in shapes]) / 4.0
        within = one.outside == 0.0
        np.testing.assert_allclose(found_cells[within], area[within], rtol=1e-11)
        np.testing.assert_allclose(found_cells + one.outside, area, rtol=1e-7)  # GEOS' area of what lies partly outside


def test_values_that_wait_are_counted_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    path = write(tmp_path / "z.tif", rng.normal(30, 1, (40, 40)).astype(np.float32))
    monkeypatch.setattr(statistics, "available_memory", lambda: 2000)
    with pytest.raises(InvalidInput, match="half of the free memory"):
        raster_statistics(path, [box(0, 0, 40, 40)], quantiles=[0.5], tile_cells=400)
    flat = write(tmp_path / "flat.tif", np.full((40, 40), 30.0, np.float32))
    monkeypatch.setattr(zonal, "COUNT_FROM", 10)
    (found,) = raster_statistics(flat, [box(0, 0, 40, 40)], quantiles=[0.5], tile_cells=160)
    assert found.quantiles.tolist() == [[30.0]]
    pieces = OpenPieces(2)
    pieces.add(np.array([1]), np.array([0, 30]), np.repeat([1.0, 2.0, 3.0], 10), np.ones(30))
    assert pieces.held == 3 * 16
    pieces.add(np.array([0, 1]), np.array([0, 1, 3]), np.array([5.0, 2.0, 9.0]), np.array([0.5, 1.0, 0.25]))
    assert pieces.close(1, np.array([0.0, 1.0])).tolist() == [1.0, 9.0]
    assert pieces.close(0, np.array([0.5])).tolist() == [5.0]
    assert pieces.held == 0
    assert np.isnan(pieces.close(0, np.array([0.5]))).all()


def test_the_order_of_equal_values_does_not_matter() -> None:
    value, weight = np.array([2.0, 2.0, 2.0, 5.0]), np.array([1.0, 0.1, 0.5, 0.4])
    first = quantiles(np.array([0, 4]), value, weight, SHARES)
    again = quantiles(np.array([0, 4]), value[[3, 1, 0, 2]], weight[[3, 1, 0, 2]], SHARES)
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("wholes", [0, 1, 2, 7, 64, 5000])
@pytest.mark.parametrize("others", [0, 1, 9, 300])
@pytest.mark.parametrize("kind", ["differ", "tenths", "few", "one", "outlier"])
def test_cells_near_a_share_alone_are_sorted(wholes: int, others: int, kind: str) -> None:
    """Quantiles of unsorted cells beside those of all in order, at a hundred and one shares and at those between."""
    rng = np.random.default_rng(wholes + others)
    digits = {"differ": 9, "tenths": 1, "few": -1, "one": -3, "outlier": 2}[kind]
    value = np.round(rng.normal(30.0, 8.0, wholes + others), digits).astype(np.float32)
    if kind == "outlier" and wholes:
        value[0] = 3e38
    weight = np.r_[np.ones(wholes), rng.uniform(0.01, 0.99, others)]
    shares = np.r_[np.linspace(0.0, 1.0, 101), rng.uniform(0.0, 1.0, 20)]
    want = quantiles(np.array([0, len(value)]), value.astype(float), weight, shares)[0]
    found = quantiles_of_cells(value[:wholes], value[wholes:].astype(float), weight[wholes:], shares)
    np.testing.assert_allclose(found, want, rtol=1e-9)


def test_numbers_for_missing_that_nobody_declared(tmp_path: Path) -> None:
    values = np.full((4, 4), 30.0, np.float32)
    values[0, 0], values[1, 1], values[2, 2], values[3, 3] = -9999, -32768, -3.4e38, np.inf
    (found,) = raster_statistics(write(tmp_path / "z.tif", values), [box(0, 0, 4, 4)])
    assert (found.weight[0], found.missing[0], found.low[0], found.high[0]) == (12.0, 4.0, 30.0, 30.0)


def test_scale_and_offset(tmp_path: Path) -> None:
    path = write(tmp_path / "z.tif", np.full((4, 4), 3000, np.int16), nodata=-1)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (0.01,), (2.0,)
    assert raster_statistics(path, [box(0, 0, 4, 4)])[0].mean[0] == pytest.approx(32.0, rel=1e-12)


def test_a_million_vertices_over_many_tiles(tmp_path: Path) -> None:
    z = np.add.outer(-2.0 * np.arange(600), np.arange(500.0)).astype(np.float32)
    path = write(tmp_path / "z.tif", z, tiled=True, blockxsize=128, blockysize=128)
    angle = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    radius = 400 + 40 * np.sin(97 * angle)
    xy = np.column_stack((radius * np.cos(angle), radius * np.sin(angle)))
    cross = xy[:, 0] * np.roll(xy[:, 1], -1) - np.roll(xy[:, 0], -1) * xy[:, 1]
    shape = shapely.Polygon(xy + np.array([WEST + 500, NORTH - 600]))
    (found,) = raster_statistics(path, [shape], tile_cells=1 << 14, quantiles=[0.5])
    assert found.weight[0] * 4 == pytest.approx(abs(cross.sum()) / 2, rel=1e-9)  # vertices are rounded at this easting
    # a plane's mean is its value at the centre of gravity, here the middle: column 250, row 300, less half a cell each
    assert found.mean[0] == pytest.approx(249.5 - 2 * 299.5, abs=0.01)
    assert found.quantiles[0, 0] == pytest.approx(found.mean[0], abs=1.0)


def test_a_part_of_the_file_that_no_polygon_reaches_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path / "z.tif", np.ones((512, 64), np.float32), tiled=True, blockxsize=64, blockysize=64)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert raster_statistics(path, [box(1, 1, 9, 9)], tile_cells=4096)[0].mean[0] == 1.0
    with pytest.raises(InvalidInput, match=r"z\.tif: cannot be read"):
        raster_statistics(path, [box(1, 480, 9, 490)], tile_cells=4096)


HOLE = shapely.Polygon(box(0, 0, 3, 3).exterior, [box(2, 2, 4, 4).exterior])
BOW = shapely.Polygon([(WEST, NORTH), (WEST + 6, NORTH - 6), (WEST + 6, NORTH), (WEST, NORTH - 6)])


@pytest.mark.parametrize("wrong", [BOW, HOLE, shapely.MultiPolygon([box(0, 0, 2, 2), box(1, 1, 3, 3)])])
def test_polygons_that_cross_themselves_are_refused(tmp_path: Path, wrong: shapely.Geometry) -> None:
    path = write(tmp_path / "z.tif", np.ones((4, 4), np.float32))
    parcels = gpd.GeoSeries([box(0, 0, 4, 4), wrong], index=["u1", "u2"], crs="EPSG:4527")
    with pytest.raises(InvalidInput, match="polygon u2: crosses itself"):
        raster_statistics(path, parcels)
    mended = raster_statistics(path, parcels.make_valid())[0]
    assert mended.weight[1] == pytest.approx(parcels.make_valid().area.iloc[1] / 4)


def test_refusals(tmp_path: Path) -> None:
    values, inside = np.ones((4, 4), np.float32), [box(0, 0, 4, 4)]
    good = write(tmp_path / "z.tif", values)
    with pytest.raises(InvalidInput, match="rotated"):
        raster_statistics(write(tmp_path / "r.tif", values, place=PLACE @ Affine.rotation(5)), inside)
    with pytest.raises(InvalidInput, match="south-up"):
        raster_statistics(write(tmp_path / "s.tif", values, place=Affine(2, 0, WEST, 0, 2, NORTH)), inside)
    with pytest.raises(CRSMismatch, match="neither a CRS nor a position"):
        raster_statistics(write(tmp_path / "n.tif", values, place=Affine.identity(), crs=None), inside)
    with pytest.raises(CRSMismatch, match=r"z\.tif: is in .*zone 39.*to_crs"):
        raster_statistics(good, gpd.GeoSeries(inside, crs="EPSG:4528"))
    with pytest.raises(InvalidInput, match=r"grid 2: its cells are not those of z\.tif"):
        raster_statistics([good, Grid(values, WEST + 1, NORTH, 2.0, 2.0)], inside)
    with pytest.raises(InvalidInput, match="no raster"):
        raster_statistics([], inside)
    with pytest.raises(InvalidInput, match="no such file"):
        raster_statistics(tmp_path / "missing.tif", inside)
    with pytest.raises(InvalidInput, match="band 2 asked for, it has 1"):
        raster_statistics(good, inside, band=2)
    with pytest.raises(InvalidInput, match="geometry 1 is a Point"):
        raster_statistics(good, [*inside, shapely.Point(WEST, NORTH)])
    with pytest.raises(InvalidInput, match="not a finite number"):
        raster_statistics(good, [shapely.Polygon([(0, 0), (1, 0), (np.inf, 1)])])
    with pytest.raises(InvalidInput, match="outside 0…1"):
        raster_statistics(good, inside, quantiles=[0.5, 95])
    with pytest.raises(InvalidInput, match="finite and ascending"):
        raster_statistics(good, inside, classes=[3, 2])
    with pytest.raises(InvalidInput, match="finite and ascending"):
        raster_statistics(good, inside, classes=[3, np.nan])


def test_a_raster_without_a_crs_but_with_a_position_is_taken_to_be_the_polygons(tmp_path: Path) -> None:
    path = write(tmp_path / "z.tif", np.ones((4, 4), np.float32), crs=None)
    assert raster_statistics(path, gpd.GeoSeries([box(0, 0, 4, 4)], crs="EPSG:4527"))[0].weight.tolist() == [16.0]
    assert len(raster_statistics(path, [])[0].table()) == 0


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:3857", "EPSG:2263"])
def test_rasters_whose_cells_are_no_square_metres_are_warped(tmp_path: Path, crs: str) -> None:
    """The area of a polygon in degrees, in Web Mercator and in feet is that on the ellipsoid."""
    lon, lat = (-74.0, 40.7) if crs == "EPSG:2263" else (117.2, 34.3)
    x, y = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)
    cell = 1e-4 if crs == "EPSG:4490" else 20.0
    path = write(tmp_path / "a.tif", np.full((40, 40), 7.0, np.float32), place=Affine(cell, 0, x, 0, -cell, y), crs=crs)
    piece = shapely.box(x + 10 * cell, y - 30 * cell, x + 30 * cell, y - 10 * cell)
    (found,) = raster_statistics(path, gpd.GeoSeries([piece], crs=crs))
    true = float(area_mu([piece], crs).sum()) * 10_000 / 15
    assert found.weight[0] * found.cell_area == pytest.approx(true, rel=2e-3)
    assert found.mean[0] == pytest.approx(7.0)
