"""The ground within a distance: closed forms, and bounds that hold."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.polygons.around import around, covered

EVERYWHERE = np.array([shapely.box(-5000, -5000, 5000, 5000)], dtype=object)


def shapes(*them: object) -> np.ndarray:
    return np.array(them, dtype=object)


@pytest.mark.parametrize(
    ("shape", "radius", "truth"),
    [
        (shapely.Point(3, 4), 500.0, np.pi * 500**2),
        (shapely.box(0, 0, 100, 50), 300.0, 100 * 50 + 2 * 150 * 300 + np.pi * 300**2),
        (shapely.LineString([(0, 0), (100, 0)]), 30.0, 100 * 60 + np.pi * 30**2),
        (shapely.LineString([(0, 0), (100, 0), (100, 80)]), 10.0, 2 * 10 * 180 + np.pi * 100 + (np.pi / 4 - 1) * 100),
        (shapely.Polygon([(0, 0), (90, 0), (90, 90), (0, 90)], [[(30, 30), (60, 30), (60, 60), (30, 60)]]), 10.0,
         90**2 - 10**2 + 4 * 90 * 10 + np.pi * 100),
    ],
    ids=["disc", "stadium of a box", "stadium", "bent line", "frame"],
)  # fmt: skip
def test_closed_forms(shape: object, radius: float, truth: float) -> None:
    best, low, high = around(shapes(shape), radius).area_in(EVERYWHERE)
    assert low[0] <= truth * (1 + 1e-12)
    assert high[0] >= truth * (1 - 1e-12)
    assert best[0] == pytest.approx(truth, rel=1e-6)
    assert high[0] - low[0] < 1e-3 * truth


def test_half_a_disc_is_half_its_area() -> None:
    half = shapes(shapely.box(0, -900, 900, 900))
    best, _, _ = around(shapes(shapely.Point(0, 0)), 500.0).area_in(half)
    assert best[0] == pytest.approx(np.pi * 500**2 / 2, rel=1e-6)


def test_two_discs_that_overlap_count_once() -> None:
    d, r = 300.0, 500.0
    lens = 2 * r**2 * np.arccos(d / (2 * r)) - d / 2 * np.sqrt(4 * r**2 - d**2)
    best, _, _ = around(shapes(shapely.Point(0, 0), shapely.Point(d, 0)), r).area_in(EVERYWHERE)
    assert best[0] == pytest.approx(2 * np.pi * r**2 - lens, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-200, 200), st.integers(-200, 200)), min_size=4, max_size=12),
    st.floats(5.0, 150.0),
)
def test_every_point_inside_is_near_and_every_point_outside_is_far(corners: list[tuple[int, int]], radius: float) -> None:
    ring = shapely.make_valid(shapely.Polygon(corners))
    polygons = [p for p in shapely.get_parts(ring) if p.geom_type == "Polygon" and p.area > 0]
    if not polygons:
        return
    mine = np.array(polygons, dtype=object)
    found, whole = around(mine, radius), shapely.union_all(mine)
    x, y = np.meshgrid(np.linspace(-380, 380, 41), np.linspace(-380, 380, 41))
    away = shapely.distance(shapely.points(x.ravel(), y.ravel()), whole)
    inside, outside = (shapely.contains_xy(region, x.ravel(), y.ravel()) for region in (found.inner, found.outer))
    assert (away[inside] <= radius + 1e-6).all()
    assert (away[~outside] >= radius - 1e-6).all()
    assert shapely.area(found.inner) <= shapely.area(found.outer)


def test_a_large_region_is_cut_without_losing_area() -> None:
    rng = np.random.default_rng(5)
    region = shapely.union_all(shapely.buffer(shapely.points(rng.uniform(0, 3000, (200, 2))), 120.0, quad_segs=30))
    blocks = np.array([shapely.box(x, y, x + 400, y + 400) for x in range(0, 2800, 400) for y in range(0, 2800, 400)])
    assert covered(region, blocks) == pytest.approx(shapely.area(shapely.intersection(blocks, region)), rel=1e-9, abs=1e-6)
