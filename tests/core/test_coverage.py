"""Covered fractions: worlds worked by hand, identities, and other people's results on the same input."""

import math

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.polygons.rings import rings_of
from planner.core.terrain.coverage import Cells, covered_cells, main_owner
from planner.core.terrain.zonal import by_class, quantiles, summarise
from planner.frame import Frame

WKT = pyproj.CRS("EPSG:4527").to_wkt()
WORLD = Frame(0.0, 3.0, 1.0, 1.0, 3, 3)  # 3×3 cells of 1 m, row 0 in the north
FAR = Frame(39_500_000.0, 3_757_000.0, 5.0, 4.0, 60, 80)  # where zone 39 puts its coordinates


def cover(shapes: list, frame: Frame = WORLD, **options: int) -> Cells:
    return covered_cells(*rings_of(shapes), frame, **options)


def dense(shape: shapely.Geometry, frame: Frame = WORLD) -> np.ndarray:
    cells = cover([shape], frame)
    out = np.zeros(frame.rows * frame.cols)
    out[cells.cell] = cells.fraction
    return out.reshape(frame.rows, frame.cols)


def by_clipping(shape: shapely.Geometry, frame: Frame) -> np.ndarray:
    """The same by clipping every cell, for comparison."""
    west = frame.west + np.arange(frame.cols) * frame.cell_x
    north = frame.north - np.arange(frame.rows) * frame.cell_y
    boxes = shapely.box(west[None, :], north[:, None] - frame.cell_y, west[None, :] + frame.cell_x, north[:, None])
    return shapely.area(shapely.intersection(boxes, shape)) / (frame.cell_x * frame.cell_y)


def test_a_square_off_the_cells_by_hand() -> None:
    assert dense(shapely.box(0.5, 0.5, 2.5, 2.5)).tolist() == [[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]]


def test_a_triangle_by_hand() -> None:
    found = dense(shapely.Polygon([(0, 0), (3, 0), (3, 3)]))
    assert found.tolist() == [[0, 0, 0.5], [0, 0.5, 1], [0.5, 1, 1]]


def test_cells_that_only_touch_are_not_listed() -> None:
    cells = cover([shapely.box(1, 1, 2, 2)])
    assert cells.cell.tolist() == [4]
    assert cells.fraction.tolist() == [1.0]


def test_holes_multiparts_and_either_direction() -> None:
    ring = shapely.Polygon([(0, 0), (3, 0), (3, 3), (0, 3)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
    assert dense(ring).tolist() == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
    backwards = shapely.Polygon(ring.exterior.coords[::-1], [ring.interiors[0].coords[::-1]])
    assert dense(backwards).tolist() == dense(ring).tolist()
    parts = shapely.MultiPolygon([shapely.box(0, 0, 0.5, 1), shapely.box(2.25, 2, 3, 3), shapely.box(0.5, 0, 0.75, 1)])
    assert dense(parts).tolist() == [[0, 0, 0.75], [0, 0, 0], [0.75, 0, 0]]


def test_a_sliver_thinner_than_a_cell_keeps_its_area() -> None:
    sliver = shapely.Polygon([(0.2, 0.1), (2.9, 2.8), (2.9, 2.8 + 1e-6), (0.2, 0.1 + 1e-6)])
    cells = cover([sliver])
    assert cells.fraction.sum() == pytest.approx(2.7e-6, rel=1e-9)
    assert len(cells.cell) == 3 + 2  # the diagonal's cells and the two it passes over the corners


def test_what_lies_outside_is_not_counted() -> None:
    assert dense(shapely.box(-5, -5, 1.5, 8)).tolist() == [[1, 0.5, 0]] * 3
    assert dense(shapely.box(2.25, 2.5, 9, 9)).tolist() == [[0, 0, 0.375], [0, 0, 0], [0, 0, 0]]
    assert dense(shapely.box(-9, -9, 9, 9)).tolist() == [[1, 1, 1]] * 3
    assert not dense(shapely.box(-9, 0, -1, 3)).any()
    assert not dense(shapely.box(3, 0, 5, 3)).any()
    diamond = shapely.Polygon([(-1, 1.5), (1.5, -1), (4, 1.5), (1.5, 4)])
    np.testing.assert_allclose(dense(diamond), by_clipping(diamond, WORLD), atol=1e-15)


def test_empty_missing_and_many_at_once() -> None:
    shapes = [shapely.Polygon(), None, shapely.box(0, 0, 3, 3), shapely.box(1, 1, 3, 3), shapely.MultiPolygon()]
    cells = cover(shapes)
    assert np.diff(cells.start).tolist() == [0, 0, 9, 4, 0]
    assert cells.owner.tolist() == [2] * 9 + [3] * 4
    assert main_owner(cells, 9).tolist() == [2] * 9
    assert main_owner(cover([shapely.box(0, 0, 0.4, 3), shapely.box(0.4, 0, 1.5, 3)]), 9).tolist() == [1, 1, -1] * 3


def test_other_geometries_and_bad_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="geometry 1 is a Point"):
        rings_of([shapely.box(0, 0, 1, 1), shapely.Point(0, 0)])
    with pytest.raises(ValueError, match="not a finite number"):
        rings_of([shapely.Polygon([(0, 0), (1, 0), (math.inf, 1)])])


def star(radii: list[float], x: float, y: float) -> shapely.Polygon:
    angle = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    return shapely.Polygon(np.column_stack((x + radii * np.cos(angle), y + radii * np.sin(angle))))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.01, 120.0), min_size=3, max_size=12), st.floats(-50, 450), st.floats(-50, 290))
def test_any_polygon_as_by_clipping(radii: list[float], x: float, y: float) -> None:
    shape = star(radii, 39_500_000.0 + x, 3_757_000.0 - y)
    found = dense(shape, FAR)
    np.testing.assert_allclose(found, by_clipping(shape, FAR), atol=2e-9)  # clipping rounds at this easting
    inside = shapely.box(FAR.west, FAR.north - 240, FAR.west + 400, FAR.north)
    if inside.contains(shape):
        assert found.sum() * 20.0 == pytest.approx(_exact_area(shape), rel=1e-11)
    few = cover([shape], FAR, band_cells=200)
    many = cover([shape], FAR)
    np.testing.assert_array_equal(few.cell, many.cell)
    np.testing.assert_allclose(few.fraction, many.fraction, atol=1e-13)


def _exact_area(shape: shapely.Polygon) -> float:
    """Area with coordinates taken relative to the first vertex, which is exact, summed without rounding."""
    xy = shapely.get_coordinates(shape)
    xy = xy - xy[0]
    cross = [a * d - c * b for (a, b), (c, d) in zip(xy[:-1].tolist(), xy[1:].tolist(), strict=True)]
    return abs(math.fsum(cross)) / 2.0


def test_pieces_that_tile_the_plane_cover_every_cell_once() -> None:
    rng = np.random.default_rng(5)
    points = shapely.MultiPoint(rng.uniform((39_500_010, 3_756_770), (39_500_390, 3_756_990), (200, 2)))
    box = shapely.box(39_500_000, 3_756_760, 39_500_400, 3_757_000)
    pieces = [p.intersection(box) for p in shapely.voronoi_polygons(points, extend_to=box).geoms]
    cells = cover(pieces, FAR)
    total = np.bincount(cells.cell, cells.fraction, minlength=60 * 80)
    np.testing.assert_allclose(total, 1.0, atol=1e-8)  # the pieces' shared corners are rounded at this easting


def test_a_million_vertices() -> None:
    frame = Frame(0.0, 2000.0, 1.0, 1.0, 2000, 2000)
    angle = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    radius = 900 + 50 * np.sin(97 * angle)
    shape = shapely.Polygon(np.column_stack((1000 + radius * np.cos(angle), 1000 + radius * np.sin(angle))))
    cells = cover([shape], frame)
    assert cells.fraction.sum() == pytest.approx(_exact_area(shape), rel=1e-11)
    assert cells.fraction.min() > 0
    assert cells.fraction.max() == 1.0


class TestStatistics:
    """Statistics weighted with the covered fractions."""

    VALUES = np.array([[1.0, 2.0, 3.0], [4.0, np.nan, 6.0], [7.0, 8.0, np.inf]])

    def test_by_hand_with_missing_cells(self) -> None:
        cells = cover([shapely.box(0.5, 0.5, 2.5, 2.5)])
        found = summarise(cells.start, self.VALUES.ravel()[cells.cell], cells.fraction)
        # known: 1·¼ + 2·½ + 3·¼ + 4·½ + 6·½ + 7·¼ + 8·½; missing: the centre (1) and a corner (¼)
        assert found.weight[0] == 2.75
        assert found.missing[0] == 1.25
        assert found.total[0] == 12.75
        assert found.mean[0] == 12.75 / 2.75
        assert (found.low[0], found.high[0]) == (1.0, 8.0)

    def test_nothing_known(self) -> None:
        cells = cover([shapely.box(1, 1, 2, 2), shapely.box(9, 9, 10, 10)])
        found = summarise(cells.start, self.VALUES.ravel()[cells.cell], cells.fraction)
        assert np.isnan(found.mean).all()
        assert np.isnan(found.low).all()
        assert found.missing.tolist() == [1.0, 0.0]

    def test_classes_by_hand(self) -> None:
        cells = cover([shapely.box(0.5, 0.5, 2.5, 2.5)])
        found = by_class(cells.start, self.VALUES.ravel()[cells.cell], cells.fraction, np.array([2.0, 6.0]))
        assert found.tolist() == [[0.25, 1.25, 1.25, 1.25]]  # < 2; 2 ≤ v < 6; ≥ 6; unknown

    def test_equal_weights_give_the_usual_quantile(self) -> None:
        rng = np.random.default_rng(1)
        values = rng.normal(size=101)
        shares = np.array([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
        found = quantiles(np.array([0, 101]), values, np.full(101, 0.3), shares)
        np.testing.assert_allclose(found[0], np.quantile(values, shares), rtol=1e-12)

    def test_as_exactextract(self) -> None:
        exactextract = pytest.importorskip("exactextract")
        gpd = pytest.importorskip("geopandas")
        rng = np.random.default_rng(2)
        values = rng.normal(30.0, 3.0, (60, 80))
        values[rng.random(values.shape) < 0.05] = np.nan
        centres = rng.uniform((39_500_080, 3_756_840), (39_500_320, 3_756_920), (40, 2))
        shapes = [star(rng.uniform(2, 90, 9).tolist(), x, y) for x, y in centres]
        cells = cover(shapes, FAR)
        at = values.ravel()[cells.cell]
        found = summarise(cells.start, at, cells.fraction)
        raster = exactextract.raster.NumPyRasterSource(
            values, xmin=FAR.west, ymin=FAR.north - 240, xmax=FAR.west + 400, ymax=FAR.north, nodata=np.nan, srs_wkt=WKT
        )
        ops = ["count", "sum", "mean", "min", "max", "quantile(q=0.25)", "median"]
        theirs = exactextract.exact_extract(raster, gpd.GeoDataFrame(geometry=shapes, crs=WKT), ops, output="pandas")
        np.testing.assert_allclose(found.weight, theirs["count"], rtol=1e-7)
        np.testing.assert_allclose(found.total, theirs["sum"], rtol=1e-7)
        np.testing.assert_allclose(found.mean, theirs["mean"], rtol=1e-9)
        np.testing.assert_allclose(found.low, theirs["min"])
        np.testing.assert_allclose(found.high, theirs["max"])
        middle = quantiles(cells.start, at, cells.fraction, np.array([0.25, 0.5]))
        np.testing.assert_allclose(middle[:, 0], theirs.iloc[:, 5], rtol=1e-6)
        np.testing.assert_allclose(middle[:, 1], theirs["median"], rtol=1e-6)
