"""Served share: closed forms, a raster counted by brute force, the standard's two radii, a walking network by hand."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely

import planner as pl
from planner.city import served
from planner.errors import CRSMismatch, InvalidInput

BLOCK = [shapely.box(-1000, -1000, 1000, 1000)]


def test_a_disc_in_a_square() -> None:
    assert pl.served_share([shapely.Point(0, 0)], BLOCK, 500.0) == pytest.approx(np.pi * 500**2 / 2000**2, rel=1e-6)


def test_bounds_hold_the_truth() -> None:
    found = served([shapely.Point(0, 0)], BLOCK, 500.0)
    assert found.low <= np.pi / 16 <= found.high
    assert found.high - found.low < 2e-4


def test_without_a_radius_the_standards_two_count() -> None:
    large, small, none = shapely.box(0, 0, 100, 50), shapely.box(3000, 0, 3050, 20), shapely.box(6000, 0, 6030, 30)
    around = [shapely.box(x - 900, -900, x + 900, 900) for x in (0, 3000, 6000)]
    truth = [5000 + 2 * 150 * 500 + np.pi * 500**2, 1000 + 2 * 70 * 300 + np.pi * 300**2, 0.0]
    found = served([large, small, none], around)
    assert found.served_m2 == pytest.approx(truth, rel=1e-5)
    assert found.share == pytest.approx(sum(truth) / (3 * 1800**2), rel=1e-5)


def test_against_a_raster_counted_by_brute_force() -> None:
    rng = np.random.default_rng(3)
    parks = [shapely.Point(*rng.uniform(0, 3000, 2)).buffer(rng.uniform(40, 150), quad_segs=3) for _ in range(12)]
    homes = [shapely.box(x, y, x + 210, y + 160) for x in range(0, 3000, 300) for y in range(0, 3000, 300)]
    x, y = (v.ravel() for v in np.meshgrid(np.arange(2.5, 3000, 5.0), np.arange(2.5, 3000, 5.0)))
    cells = shapely.points(x, y)
    lived = (x % 300 < 210) & (y % 300 < 160)
    near = shapely.dwithin(cells, shapely.union_all(parks), 400.0)
    assert pl.served_share(parks, homes, 400.0) == pytest.approx((near & lived).sum() / lived.sum(), abs=2e-3)


def test_ground_counts_once() -> None:
    twice = [*BLOCK, *BLOCK, shapely.box(0, 0, 1000, 1000)]
    assert pl.served_share([shapely.Point(0, 0)], twice, 500.0) == pytest.approx(np.pi / 16, rel=1e-6)
    assert served([shapely.Point(0, 0)], twice, 500.0).people([10.0, 0.0, 0.0]) == pytest.approx(10 * np.pi / 16, rel=1e-6)


def test_people_of_homes_that_lie_over_each_other_are_counted_where_they_live() -> None:
    """100 m square twice and a strip of 2 km over it, all of whose first 580 m are within 500 m of a park of 80 m square."""
    home, strip, park = shapely.box(0, 0, 100, 100), shapely.box(0, 0, 2000, 100), shapely.box(0, 0, 80, 80)
    twice = served([park], [home, home])
    assert (twice.share, twice.people([500.0, 500.0])) == (1.0, 1000.0)  # 500 it was
    under = served([park], [strip, home])
    assert under.shares[1] == pytest.approx(1.0)  # 0 it was
    assert under.share == pytest.approx(0.29, abs=1e-3)
    assert under.served_m2.sum() == pytest.approx(under.share * 200_000)


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:3857", "EPSG:4527"])
def test_degrees_and_distorting_projections_give_the_same_share(crs: str) -> None:
    middle = gpd.GeoSeries([shapely.Point(39_500_000, 3_760_000)], crs=4527)
    block = gpd.GeoSeries([shapely.box(39_499_000, 3_759_000, 39_501_000, 3_761_000)], crs=4527)
    assert pl.served_share(middle.to_crs(crs), block.to_crs(crs), 500.0) == pytest.approx(np.pi / 16, rel=2e-3)


def test_walking_a_straight_road() -> None:
    """A park 100 m square, a road from its edge eastward, homes along it: 300 m of walk and 50 m to each side."""
    park, road = shapely.box(-100, -50, 0, 50), shapely.LineString([(0, 0), (1000, 0)])
    strip = [shapely.box(0, -10, 1000, 10)]
    # off the road's reached end a home may lie 50 m away, less than 50 m sideways: a cap of the round end
    cap = np.trapezoid(np.sqrt(50.0**2 - np.linspace(-10, 10, 2001) ** 2), np.linspace(-10, 10, 2001))
    share = pl.served_share([park], strip, 300.0, roads=[road])
    assert share == pytest.approx((300 * 20 + cap) / 20_000, rel=1e-4)


def test_walking_round_a_block_is_longer_than_the_straight_line() -> None:
    park = shapely.box(-100, -50, 0, 50)
    detour = shapely.LineString([(0, 0), (0, 400), (200, 400), (200, 0)])
    home = [shapely.box(190, -5, 210, 5)]
    assert pl.served_share([park], home, 500.0) == 1.0
    assert pl.served_share([park], home, 500.0, roads=[detour]) == 0.0
    assert pl.served_share([park], home, 1100.0, roads=[detour]) == 1.0


@pytest.mark.parametrize("piece", [3000.0, 700.0, 37.0])
def test_how_ways_are_cut_into_pieces_does_not_matter(piece: float) -> None:
    """Parks at both ends of a way and one it runs through, beside which it lies and far from it: as many metres each way."""
    way = shapely.LineString([(0, 0), (3000, 0)])
    cuts = np.unique(np.r_[np.arange(0.0, 3000.0, piece), 3000.0])
    roads = [shapely.LineString([(a, 0), (b, 0)]) for a, b in pairwise(cuts)]
    assert shapely.line_merge(shapely.union_all(roads)).length == way.length
    strip = [shapely.box(0, -1, 3000, 1)]
    ends = [shapely.box(-100, -50, 0, 50), shapely.box(3000, -50, 3100, 50)]
    one = pl.served_share(ends[:1], strip, 400.0, roads=roads)
    assert one == pytest.approx(450 / 3000, rel=1e-3)
    assert pl.served_share(ends, strip, 400.0, roads=roads) == pytest.approx(2 * one, rel=1e-9)  # was one alone in one piece
    through = [shapely.box(1000, -50, 1600, 50)]
    assert pl.served_share(through, strip, 400.0, roads=roads) == pytest.approx((600 + 2 * 450) / 3000, rel=1e-3)
    beside = [shapely.box(1000, 30, 1600, 300)]  # left for its edge 40 m before its corner, 50 m away
    assert pl.served_share(beside, strip, 400.0, roads=roads) == pytest.approx((600 + 2 * (40 + 350 + 50)) / 3000, rel=1e-3)


def test_a_park_far_from_all_ways_is_within_reach_of_itself_alone() -> None:
    """Ways lead to the large park; the small one is no reason to refuse the whole study, nor is it lost."""
    roads, large = [shapely.LineString([(0, 0), (1000, 0)])], shapely.box(-100, -50, 0, 50)
    small = shapely.box(500, 600, 540, 640)
    homes = [shapely.box(0, -10, 1000, 10), shapely.box(500, 600, 580, 640)]
    assert pl.served([large, small], homes, roads=roads).shares == pytest.approx([0.55, 0.5], rel=2e-3)


def test_ways_meet_where_they_cross() -> None:
    park = shapely.box(-100, -50, 0, 50)
    along, across = shapely.LineString([(0, 0), (400, 0)]), shapely.LineString([(200, -300), (200, 300)])
    home = [shapely.box(195, 195, 205, 200)]
    assert pl.served_share([park], home, 410.0, roads=[along, across]) == 1.0
    assert pl.served_share([park], home, 140.0, roads=[along, across]) == 0.0


@pytest.mark.parametrize(
    ("parks", "homes", "radius", "roads", "words"),
    [
        ([], BLOCK, 500.0, None, "parks: no shapes"),
        ([shapely.Point(0, 0)], [], 500.0, None, "residential: no shapes"),
        ([shapely.Point(0, 0)], [shapely.Point(1, 1)], 500.0, None, "without area"),
        ([shapely.Point(0, 0)], BLOCK, 0.0, None, "radius_m = 0"),
        ([shapely.Point(0, 0)], BLOCK, -3.0, None, "radius_m = -3"),
        ([shapely.Point(0, 0)], [shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])], 5.0, None, "not valid"),
        ([shapely.Point(0, 0)], BLOCK, 500.0, [shapely.Point(3, 3)], "no line"),
        ([shapely.Point(0, 0)], BLOCK, 500.0, [shapely.LineString([(900, 900), (950, 950)])], "none comes within"),
    ],
)
def test_bad_input_is_one_clear_line(parks: list, homes: list, radius: float, roads: list | None, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as told:
        pl.served_share(parks, homes, radius, roads=roads)
    assert "\n" not in str(told.value)


def test_a_layer_without_crs_beside_one_with() -> None:
    with pytest.raises(CRSMismatch, match="parks: no CRS"):
        pl.served_share([shapely.Point(0, 0)], gpd.GeoSeries(BLOCK, crs=4527), 500.0)


def test_coordinates_outside_their_crs() -> None:
    with pytest.raises(CRSMismatch, match="lie outside"):
        pl.served_share(gpd.GeoSeries([shapely.Point(0, 0)], crs=4527), gpd.GeoSeries(BLOCK, crs=4527), 500.0)


def test_a_park_in_several_rows_is_one_park() -> None:
    """6 000 m² in two rows with a common edge reach 500 m, not 300; parks that meet in a corner stay two of 3 000 m²."""
    home = [shapely.box(-1000, -1000, 1000, 1000)]
    west, east = shapely.box(-50, 0, 0, 60), shapely.box(0, 0, 50, 60)
    one = pl.served_share([shapely.box(-50, 0, 50, 60)], home)
    assert pl.served_share([west, east], home) == pytest.approx(one, rel=1e-9)
    assert pl.served_share([west, shapely.box(-10, 0, 50, 60)], home) == pytest.approx(one, rel=1e-9)
    corner = [west, shapely.box(0, 60, 50, 120)]
    assert pl.served_share(corner, home) == pytest.approx(pl.served_share(corner, home, 300.0), rel=1e-9)
    assert pl.served_share([shapely.Point(0, 0), shapely.Point(0, 0)], home, 300.0) > 0  # entrances
