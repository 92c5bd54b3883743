"""Ellipsoidal areas against the geodesic library, closed forms, exact arithmetic and the survey's own formula."""

from fractions import Fraction

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
import shapely.ops
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import ellipsoid
from planner.core.polygons.area import densified, every_second, geodesic_areas, strip_series, survey_areas
from planner.core.polygons.rings import rings_of
from planner.ellipsoid import ellipsoidal_m2
from planner.errors import CRSMismatch
from planner.measure import area_mu

CGCS2000 = pyproj.CRS("EPSG:4490")
GEOD = CGCS2000.get_geod()
SHAPE = {"semi_major": GEOD.a, "flattening": GEOD.f}


def by_library(shape: shapely.Geometry) -> float:
    return abs(GEOD.geometry_area_perimeter(shapely.orient_polygons(shape))[0])


def star(rng: np.random.Generator, lat: float, size_m: float) -> shapely.Polygon:
    angle = np.sort(rng.uniform(0, 2 * np.pi, 32))
    r = size_m * rng.uniform(0.5, 1, 32) / 111_000
    lon = 117 + rng.uniform(-1, 1)
    return shapely.Polygon(np.column_stack((lon + r * np.cos(angle) / np.cos(np.radians(lat)), lat + r * np.sin(angle))))


@pytest.mark.parametrize("lat", [0.3, 34.0, 48.0, -30.0, 70.0])
@pytest.mark.parametrize("size_m", [300.0, 3_000.0, 10_000.0])
def test_as_the_geodesic_library(lat: float, size_m: float) -> None:
    rng = np.random.default_rng(int(lat + size_m))
    shapes = [star(rng, lat, size_m) for _ in range(40)]
    found = geodesic_areas(*rings_of(shapes), **SHAPE)
    assert found.closed.all()
    np.testing.assert_allclose(found.area, [by_library(s) for s in shapes], rtol=3e-9)


def test_the_survey_formula_agrees_where_its_own_edges_are_short() -> None:
    rng = np.random.default_rng(3)
    rings = rings_of([shapely.segmentize(star(rng, 34.0, 2_000.0), 20 / 111_000) for _ in range(40)])
    ours = geodesic_areas(*rings, **SHAPE).area
    np.testing.assert_allclose(survey_areas(*rings, **SHAPE), ours, rtol=1.5e-7)  # 0.15 ppm


def test_the_strip_is_the_whole_ellipsoid_from_pole_to_equator() -> None:
    minor = GEOD.a * (1 - GEOD.f)
    half = 2 * np.pi * minor**2 * strip_series(GEOD.f).sum()
    e = np.sqrt(GEOD.f * (2 - GEOD.f))
    closed_form = np.pi * GEOD.a**2 * (1 + (1 - e**2) / e * np.arctanh(e))
    assert half == pytest.approx(closed_form, rel=1e-14)


def test_a_ten_metre_square_by_exact_arithmetic() -> None:
    """A cell of meridians and parallels: ΔL·(S(B₂) − S(B₁)), the series summed in rational numbers."""
    west, south, size = 117.0, 34.0, 0.0001
    lat = np.linspace(south, south + size, 2)
    flat = shapely.segmentize(shapely.box(west, south, west + size, south + size), size / 8)
    e2 = Fraction(GEOD.f) * (2 - Fraction(GEOD.f))
    minor = Fraction(GEOD.a) * (1 - Fraction(GEOD.f))
    sines = [Fraction(float(s)) for s in np.sin(np.radians(lat))]
    strips = [sum(Fraction(n + 1, 2 * n + 1) * e2**n * s ** (2 * n + 1) for n in range(12)) for s in sines]
    exact = float(Fraction(float(np.radians(size))) * (strips[1] - strips[0]) * minor**2)
    assert geodesic_areas(*rings_of([flat]), **SHAPE).area[0] == pytest.approx(exact, rel=2e-9)


def test_holes_multiparts_directions_and_nothing() -> None:
    outer, inner = shapely.box(117, 34, 117.02, 34.02), shapely.box(117.005, 34.005, 117.01, 34.01)
    holed = outer.difference(inner)
    parts = shapely.MultiPolygon([outer, shapely.box(118, 34, 118.01, 34.01)])
    found = ellipsoidal_m2(np.array([outer, inner, holed, parts, shapely.reverse(holed), None, shapely.Polygon()]), CGCS2000)
    assert found[2] == pytest.approx(found[0] - found[1], rel=1e-12)
    assert found[3] == pytest.approx(found[0] + by_library(shapely.box(118, 34, 118.01, 34.01)), rel=1e-10)
    assert found[4] == found[2]
    assert found[5:].tolist() == [0.0, 0.0]


@settings(max_examples=25, deadline=None)
@given(st.floats(39_360_000, 39_640_000), st.floats(3_400_000, 4_400_000), st.floats(50, 20_000))
def test_straight_edges_of_a_projection_are_followed(x: float, y: float, size: float) -> None:
    box = shapely.box(x, y, x + size, y + 0.7 * size)
    to_degrees = pyproj.Transformer.from_crs("EPSG:4527", CGCS2000, always_xy=True)
    dense = shapely.transform(
        shapely.segmentize(box, size / 200), lambda c: np.column_stack(to_degrees.transform(c[:, 0], c[:, 1]))
    )
    assert ellipsoidal_m2(np.array([box]), "EPSG:4527")[0] == pytest.approx(by_library(dense), rel=1e-7)


@pytest.mark.parametrize("crs", ["EPSG:6933", "EPSG:3035", "EPSG:6350"])
@pytest.mark.parametrize("size", [20.0, 100.0, 199.0, 1_500.0, 40_000.0])
def test_in_an_equal_area_projection_it_is_the_plane_area(crs: str, size: float) -> None:
    """A closed form for any straight edges: there the parallels bow 0.5 mm off the geodesic in 200 m, 5e-6 of a triangle."""
    place = pyproj.CRS(crs).area_of_use
    assert place is not None
    x, y = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(
        0.6 * place.west + 0.4 * place.east, 0.5 * place.south + 0.5 * place.north + 20.0 * (crs == "EPSG:6933")
    )
    corner = np.array([[0, 0], [1, 0], [0.2, 0.9], [0.1, 0.15]]) * size + (x, y)
    shapes = np.array([shapely.Polygon(corner), shapely.Polygon(corner[:3])])
    np.testing.assert_allclose(ellipsoidal_m2(shapes, crs), shapely.area(shapes), rtol=1e-8)


def test_units_add_up_to_their_parcel_in_any_projection() -> None:
    """A point more on a straight edge changes nothing."""
    parcel = shapely.Polygon([(13_010_000, 4_010_000), (13_010_190, 4_010_000), (13_010_000, 4_010_160)])
    cut = shapely.LineString([(13_010_073, 4_009_000), (13_010_091, 4_011_000)])
    pieces = shapely.get_parts(shapely.ops.split(parcel, cut))
    whole = ellipsoidal_m2(np.array([parcel]), "EPSG:3857")[0]
    assert ellipsoidal_m2(pieces, "EPSG:3857").sum() == pytest.approx(whole, rel=1e-9)


def test_large_polygons_and_poles_are_left_to_the_library() -> None:
    cap = shapely.Polygon([(0, 80), (90, 80), (180, 80), (-90, 80)])
    province = shapely.box(114, 29, 120, 35)
    assert ellipsoidal_m2(np.array([cap, province]), CGCS2000).tolist() == pytest.approx(
        [by_library(cap), by_library(province)], rel=1e-12
    )
    across = ellipsoidal_m2(np.array([shapely.box(179.95, 34, 180.05, 34.1)]), CGCS2000)[0]
    assert across == pytest.approx(by_library(shapely.box(116.95, 34, 117.05, 34.1)), rel=1e-9)


def test_mu_keep_the_index_and_the_projection_does_not_matter() -> None:
    square = gpd.GeoSeries([shapely.box(39_500_000, 3_757_000, 39_501_000, 3_758_000)], index=["u1"], crs="EPSG:4527")
    here = area_mu(square, square.crs)
    assert here.index.tolist() == ["u1"]
    assert here["u1"] == pytest.approx(1500.0, rel=1e-6)
    for other in ("EPSG:4528", "EPSG:4548", "EPSG:4507"):
        dense = square.segmentize(100.0)
        assert area_mu(dense.to_crs(other), other)["u1"] == pytest.approx(here["u1"], rel=2e-8)
    feet = shapely.box(2_000_000, 500_000, 2_001_000, 501_000)  # New York, US survey feet
    assert ellipsoidal_m2(np.array([feet]), "EPSG:2263")[0] == pytest.approx(304.8006**2, rel=2e-4)


def test_no_place_on_the_earth_is_refused() -> None:
    box = np.array([shapely.box(0, 0, 1, 1)])
    with pytest.raises(CRSMismatch, match="no CRS"):
        ellipsoidal_m2(box, None)
    with pytest.raises(CRSMismatch, match="no place on the Earth"):
        ellipsoidal_m2(box, 'LOCAL_CS["site",UNIT["metre",1]]')
    with pytest.raises(CRSMismatch, match="larger than the Earth"):
        ellipsoidal_m2(np.array([shapely.box(1e12, 0, 1e13, 1)]), "EPSG:4527")
    with pytest.raises(CRSMismatch, match="cannot hold"):
        ellipsoidal_m2(np.array([shapely.box(9.9e7, 9.9e7, 9.91e7, 9.91e7)]), "EPSG:4527")


def test_no_area_is_given_for_places_that_are_none() -> None:
    square = shapely.box(39_500_000, 3_757_000, 39_501_000, 3_758_000)
    with pytest.raises(CRSMismatch, match="no place on the Earth"):
        ellipsoidal_m2(np.array([square]), "EPSG:4978")  # geocentric
    with pytest.raises(CRSMismatch, match="are x and y swapped"):
        area_mu([shapely.box(34, 117, 34.01, 117.01)], "EPSG:4490")
    with pytest.raises(CRSMismatch, match="no CRS that is known"):
        area_mu([square], "EPSG:99999")
    series = gpd.GeoSeries([square], crs="EPSG:4527")
    with pytest.raises(CRSMismatch, match="give their own CRS"):
        area_mu(series, "EPSG:4528")
    own = area_mu(series)[0]
    assert own == area_mu(series.to_frame("geometry"), "EPSG:4527")[0] == area_mu([square], "EPSG:4527")[0]


def test_densified_rings_keep_their_corners_among_every_second_point() -> None:
    rings = rings_of([shapely.box(0, 0, 10, 3), shapely.Polygon(), shapely.box(0, 0, 1, 1)])
    x, y, ring = densified(rings.x, rings.y, rings.ring, 2.5)
    lengths = np.hypot(np.diff(x[: ring[1]]), np.diff(y[: ring[1]]))
    assert lengths.max() == 2.5
    assert lengths.sum() == 26.0
    assert ring.tolist() == [0, 13, 22]
    kept, coarse = every_second(ring)
    assert coarse.tolist() == [0, 7, 12]
    assert np.column_stack((x[kept], y[kept]))[:7].tolist() == [[10, 0], [10, 3], [5, 3], [0, 3], [0, 0], [5, 0], [10, 0]]
    assert np.array_equal(x[kept][7:], rings.x[-5:])


@pytest.mark.parametrize("crs", ["EPSG:4527", "EPSG:32650", "EPSG:4498"])
@pytest.mark.parametrize("size", [30.0, 300.0, 3000.0, 30_000.0])
def test_bows_from_the_scale_are_those_of_the_straight_edges(crs: str, size: float) -> None:
    rng = np.random.default_rng(int(size))
    system = pyproj.CRS(crs)
    false = next(p.value for p in system.coordinate_operation.params if p.name == "False easting")
    turn = np.linspace(0, 2 * np.pi, 12)[:-1]
    ring = np.stack((np.cos(turn), np.sin(turn)), -1)[None] * rng.uniform(0.5 * size, size, (200, 11, 1))
    at = rng.uniform((false - 150e3, 3_500_000), (false + 150e3, 4_100_000), (200, 1, 2))
    shapes = np.asarray(shapely.polygons(ring + at))
    told = ellipsoid._along_straight_edges(rings_of(shapes), system)
    np.testing.assert_allclose(ellipsoidal_m2(shapes, system), told, rtol=1e-9, atol=2e-5)
