"""Planning units: nothing lost, nothing sliver-thin, borders the same points on both sides, ids that stay."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from planner.errors import CRSMismatch, InvalidInput
from planner.partition import merging, partition
from planner.scenario import parse_scenario
from planner.site import Grid, Site, Sum, WaterTable
from planner.tables import Partition
from planner.units import M2_PER_MU

X0, Y0 = 39_500_000.0, 3_757_000.0
ORIGIN = np.array([X0, Y0])


def make_site(
    parcels: dict[str, object],
    *,
    subsidence: object = 0.0,
    terrain: object = 33.0,
    water: float = 20.0,
    cell: float = 10.0,
    size: int = 120,
    constraints: Sequence[object] = (),
    crs: str = "EPSG:4527",
    **settings: object,
) -> Site:
    """A square site of size × size cells with its south-west corner at (X0, Y0); fields are numbers or f(x, y) from there."""
    grid = Grid(np.zeros((size, size)), X0, Y0 + size * cell, cell, cell)
    x, y = np.meshgrid(*grid.centres())

    def field(value: object) -> Grid:
        return grid.like(value(x - X0, y - Y0) if callable(value) else value)

    frame = gpd.GeoDataFrame(
        {"name": "", "subsidence_m": np.nan},
        geometry=[shapely.transform(g, lambda p: p + ORIGIN) for g in parcels.values()],
        index=list(parcels),
        crs=crs,
    )
    limits = None
    if constraints:
        shapes = [shapely.transform(g, lambda p: p + ORIGIN) for g in constraints]
        limits = gpd.GeoDataFrame(
            {"kind": "road", "forbids": "", "name": ""}, geometry=shapes, crs=crs, index=range(len(shapes))
        )
    document = {"layers": {"polygons": "p.gpkg"}, "partition": settings} if settings else {"layers": {"polygons": "p.gpkg"}}
    table = WaterTable(field(water), field(water - 0.5), field(water + 0.5))
    return Site("t", frame.crs, frame, field(terrain), field(subsidence), table, parse_scenario(document), constraints=limits)


def bowl(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 5.0 * np.exp(-(((x - 600) / 250) ** 2) - ((y - 550) / 300) ** 2)


def segments(shape: object) -> set[tuple[tuple[float, float], tuple[float, float]]]:
    found = set()
    for ring in shapely.get_rings(shape):
        points = [tuple(p) for p in shapely.get_coordinates(ring)]
        found |= {(min(p, q), max(p, q)) for p, q in pairwise(points)}
    return found


def assert_sound(site: Site, result: Partition) -> None:
    """What holds of every partition."""
    units, parcels = result.units, site.parcels
    assert units.index.is_unique and units.index.is_monotonic_increasing and units.index.name == "unit_id"
    assert units.geometry.is_valid.all() and not units.geometry.is_empty.any()
    assert units.crs == parcels.crs
    assert set(units.parcel_id) == set(parcels.index)
    assert units.area.sum() == pytest.approx(parcels.area.sum(), rel=1e-9)
    per_parcel = units.area.groupby(units.parcel_id).sum()
    assert np.allclose(per_parcel, parcels.area[per_parcel.index], rtol=1e-8, atol=1e-6)
    for parcel_id, group in units.groupby("parcel_id"):
        assert shapely.covers(shapely.buffer(parcels.geometry[parcel_id], 1e-5), group.geometry.to_numpy()).all()
    assert (result.borders.unit_a < result.borders.unit_b).all()
    assert not result.borders.duplicated(["unit_a", "unit_b"]).any()
    own = {name: segments(shape) for name, shape in units.geometry.items()}
    for a, b, length in result.borders.itertuples(index=False):
        common = own[a] & own[b]
        assert length > 0
        assert sum(np.hypot(p[0] - q[0], p[1] - q[1]) for p, q in common) == pytest.approx(length, rel=1e-6, abs=1e-6)


def test_a_square_without_lines_is_cut_on_the_lattice_alone() -> None:
    site = make_site({"A": box(0, 0, 1000, 1000)}, max_unit_mu=15.0, min_unit_mu=1.0)
    result = partition(site)
    assert_sound(site, result)
    mu = result.units.area / M2_PER_MU
    assert mu.max() <= 15.0 and mu.min() >= 1.0
    assert len(result.units) == pytest.approx(1500 / 13, rel=0.35)
    compact = 4 * np.pi * result.units.area / result.units.length**2
    assert compact.median() == pytest.approx(np.pi / 4, rel=0.01)


def test_a_parcel_below_the_maximum_and_without_lines_stays_as_it_is() -> None:
    shape = Polygon([(10, 10), (70, 12), (75, 60), (30, 80)])
    site = make_site({"A": shape})
    result = partition(site)
    assert list(result.units.index) == ["A-001"]
    assert result.borders.empty and list(result.borders.columns) == ["unit_a", "unit_b", "length_m"]
    unit, parcel = result.units.geometry.iloc[0], site.parcels.geometry.iloc[0]
    assert unit.symmetric_difference(parcel).area < 1e-4


def test_a_plane_is_cut_where_the_depth_reaches_a_break() -> None:
    """Depth x/100 m: the breaks 1 and 2 m are the lines x = 100 and x = 200, 80 m long."""
    site = make_site({"A": box(0, 0, 300, 80)}, subsidence=lambda x, y: x / 100, depth_breaks_m=[1.0, 2.0], max_unit_mu=15.0)
    result = partition(site)
    assert_sound(site, result)
    west, east = result.units.bounds["minx"] - X0, result.units.bounds["maxx"] - X0
    assert sorted(round(v, 6) for v in west) == [0, 100, 200]
    assert sorted(round(v, 6) for v in east) == [100, 200, 300]
    assert result.borders.length_m.tolist() == pytest.approx([80.0, 80.0])


@pytest.mark.parametrize("beside", [-3.0, 3.0])
def test_a_straight_contour_beside_a_lattice_line_keeps_its_slivers_apart(beside: float) -> None:
    """Its stretches end on lattice lines at both ends but do not run along them: the 3 m strip goes to its own side."""
    side = np.sqrt((9.0 - 2 * 0.75) * M2_PER_MU)
    at = np.ceil((X0 + 300) / side) * side - X0 + beside
    site = make_site({"A": box(0, 0, 1000, 1000)}, subsidence=lambda x, y: (x + y / 10_000) / at, depth_breaks_m=[1.0])
    result = partition(site)
    assert_sound(site, result)
    shallower = Polygon([(X0, Y0), (X0 + at, Y0), (X0 + at - 0.1, Y0 + 1000), (X0, Y0 + 1000)])
    share = shapely.area(shapely.intersection(result.units.geometry.to_numpy(), shallower)) / result.units.area
    assert ((share < 0.01) | (share > 0.99)).all()


def test_the_shore_of_each_stand_of_the_water_table_is_a_border() -> None:
    """Ground falls 1 m in 200 m to the east: the water table at 30 ± 0.5 m meets it at x = 300, 400, 500."""
    site = make_site({"A": box(0, 0, 800, 60)}, terrain=lambda x, y: 32 - x / 200, water=30.0, max_unit_mu=60.0)
    result = partition(site)
    assert_sound(site, result)
    edges = sorted(round(v, 5) for v in result.units.bounds["minx"] - X0)
    assert edges == [0, 300, 400, 500]


@pytest.mark.parametrize("depth", [1.5, 1.6])
def test_a_parcel_that_sank_to_the_water_table_is_not_cut_along_rounding(depth: float) -> None:
    rough = np.random.default_rng(3)

    def lost(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return depth * ((abs(x - 600) < 500) & (abs(y - 600) < 500))

    site = make_site(
        {"A": box(200, 200, 1000, 1000)},
        cell=5.0,
        size=240,
        terrain=lambda x, y: 33.0 + np.sin(x / 37) * np.cos(y / 41) + rough.normal(0, 0.02, x.shape) - lost(x, y),
        subsidence=lost,
    )
    before = site.original
    site = replace(site, water_table=WaterTable(Sum(before, -1.5), Sum(Sum(before, -1.5), -0.5), Sum(Sum(before, -1.5), 0.5)))
    assert [site.depth_of(stand) for stand in (site.water_table.normal, site.water_table.dry)] == [1.5, 2.0]
    plain = replace(site, water_table=WaterTable(*[site.terrain.like(0.0)] * 3))  # water far below: no line of its own
    told, found = (partition(s).units for s in (plain, site))
    assert found.equals(told)


def test_water_that_is_level_at_the_lake_cuts_once_not_twice() -> None:
    site = make_site({"A": box(0, 0, 800, 800)}, terrain=lambda x, y: 32 - x / 200, water=30.0)
    leveled = site.scenario.model_copy(update={"reservoir": site.scenario.reservoir.model_copy(update={"level_m": 30.0})})
    twice = Site(site.name, site.crs, site.parcels, site.terrain, site.subsidence, site.water_table, leveled)
    assert partition(site).units.geometry.equals(partition(twice).units.geometry)


def test_the_lake_level_is_a_border_where_it_differs_from_the_water_table() -> None:
    site = make_site({"A": box(0, 0, 800, 60)}, terrain=lambda x, y: 32 - x / 200, water=20.0, max_unit_mu=100.0)
    leveled = site.scenario.model_copy(update={"reservoir": site.scenario.reservoir.model_copy(update={"level_m": 29.0})})
    lake = Site(site.name, site.crs, site.parcels, site.terrain, site.subsidence, site.water_table, leveled)
    assert sorted(round(v, 5) for v in partition(lake).units.bounds["minx"] - X0) == [0, 600]


def test_a_constraint_is_a_border_and_a_sliver_beside_it_stays_on_its_side() -> None:
    """A contour 2 m off the constraint's edge: the 2 m strip is outside the constraint and goes to the piece outside."""
    site = make_site(
        {"A": box(0, 0, 300, 60)},
        subsidence=lambda x, y: x / 100,
        depth_breaks_m=[1.02],
        constraints=[box(-10, -10, 100, 90)],
        max_unit_mu=30.0,
    )
    result = partition(site)
    assert_sound(site, result)
    assert sorted(round(v, 5) for v in result.units.bounds["minx"] - X0) == [0, 100]


def test_a_sliver_goes_where_its_shared_border_is_longest() -> None:
    """Depth breaks at x = 100 and x = 104: without constraints both neighbours share 60 m; the wall of a third is 4 m."""
    area, around = np.array([6000.0, 240.0, 9000.0, 500.0]), np.full(4, 200.0)
    borders = (np.array([0, 1, 1]), np.array([1, 2, 3]), np.array([60.0, 59.0, 4.0]))
    group = merging.absorbed(area, around, np.zeros(4, dtype=np.int64), borders, min_m2=400.0)
    assert group.tolist() == [0, 0, 2, 3]


def test_a_sliver_prefers_its_side_then_room_then_length() -> None:
    area, around = np.array([100.0, 950.0, 500.0, 500.0]), np.full(4, 50.0)
    borders = (np.array([0, 0, 0]), np.array([1, 2, 3]), np.array([9.0, 8.0, 7.0]))
    alike = np.zeros(4, dtype=np.int64)
    assert merging.absorbed(area, around, alike, borders, min_m2=200.0, max_m2=1000.0)[0] == 2
    assert merging.absorbed(area, around, np.array([5, 0, 0, 5]), borders, min_m2=200.0, max_m2=1000.0)[0] == 3
    assert merging.absorbed(area, around, alike, borders, min_m2=200.0)[0] == 1


def test_a_narrow_strip_is_a_sliver_however_long() -> None:
    """2 m × 600 m is 1 200 m² but 2 m wide: it goes to its long neighbour, and what both are is wide enough."""
    area, around = np.array([60_000.0, 1_200.0, 300.0]), np.array([1_400.0, 1_204.0, 70.0])
    borders = (np.array([0, 1]), np.array([1, 2]), np.array([600.0, 2.0]))
    alike = np.zeros(3, dtype=np.int64)
    assert merging.absorbed(area, around, alike, borders, min_m2=100.0, min_width_m=5.0).tolist() == [0, 0, 2]
    assert merging.absorbed(area, around, alike, borders, min_m2=100.0, min_width_m=1.0).tolist() == [0, 1, 2]


def test_slivers_chain_until_they_are_large_enough() -> None:
    area = np.full(6, 10.0)
    chain = (np.arange(5), np.arange(1, 6), np.ones(5))
    group = merging.absorbed(area, 4 * np.sqrt(area), np.zeros(6, dtype=np.int64), chain, min_m2=25.0)
    assert np.bincount(group).max() >= 3 and np.bincount(group)[np.bincount(group) > 0].min() >= 3


def test_neighbours_merge_only_within_the_parcel_and_a_tiny_parcel_is_kept() -> None:
    site = make_site({"A": box(0, 0, 200, 200), "B": box(200, 0, 210, 10), "C": box(200, 10, 400, 200)})
    result = partition(site)
    assert_sound(site, result)
    assert (result.units.parcel_id == "B").sum() == 1
    touching_b = result.borders[(result.borders == "B-001").any(axis=1)]
    assert touching_b.length_m.sum() == pytest.approx(20.0)


AWKWARD = {
    "hole": {"A": box(0, 0, 600, 600).difference(box(200, 200, 400, 400))},
    "island in the hole": {"A": box(0, 0, 600, 600).difference(box(200, 200, 400, 400)), "B": box(200, 200, 400, 400)},
    "multipart": {"A": MultiPolygon([box(0, 0, 300, 300), box(500, 500, 800, 800), box(900, 0, 903, 3)])},
    "touch at a point": {"A": box(0, 0, 300, 300), "B": box(300, 300, 600, 600)},
    "part touching at a point": {"A": MultiPolygon([box(0, 0, 300, 300), box(300, 300, 600, 600)])},
    "vertices unmatched": {
        "A": Polygon([(0, 0), (300.3, 100.1), (301.7, 700.9), (0, 700)]),
        "B": Polygon([(300.3, 100.1), (300.3 + 1.4 * 0.37, 100.1 + 600.8 * 0.37), (301.7, 700.9), (800, 500)]),
    },
    "gap of a micrometre": {"A": box(0, 0, 300, 300), "B": box(300.000001, 0, 600, 300)},
    "gap of a centimetre": {"A": box(0, 0, 300, 300), "B": box(300.01, 0, 600, 300)},
    "strip a metre wide": {"A": box(0, 0, 1000, 1), "B": box(0, 1, 1000, 400)},
    "ring of a lake": {"A": Point(500, 500).buffer(400, 60).difference(Point(500, 500).buffer(380, 60))},
    "crumb": {"A": box(10, 10, 10.5, 10.5)},
}


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_parcels_lose_nothing(name: str) -> None:
    site = make_site(AWKWARD[name], subsidence=bowl, terrain=lambda x, y: 32 - bowl(x, y), water=30.0)
    assert_sound(site, partition(site))


def test_noise_and_ditches_do_not_make_crumbs() -> None:
    rng = np.random.default_rng(3)

    def rough(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 32 - bowl(x, y) + 0.05 * rng.standard_normal(x.shape) - 1.0 * ((x // 10) % 20 == 7)

    parcels = {"A": box(0, 0, 1200, 1200)}
    smooth = make_site(parcels, subsidence=bowl, terrain=lambda x, y: 32 - bowl(x, y), water=30.0)
    noisy = make_site(parcels, subsidence=bowl, terrain=rough, water=30.0)
    result = partition(noisy)
    assert_sound(noisy, result)
    assert (result.units.area / M2_PER_MU).min() >= 0.75
    assert len(result.units) < 1.5 * len(partition(smooth).units)


def test_missing_terrain_does_not_end_a_shore() -> None:
    """A hole of no-data astride the shore x = 400: the line is carried across it."""

    def holed(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.where((abs(x - 400) < 45) & (abs(y - 200) < 45), np.nan, 32 - x / 200)

    site = make_site({"A": box(0, 0, 800, 400)}, terrain=holed, water=30.0, max_unit_mu=1000.0)
    result = partition(site)
    assert_sound(site, result)
    assert len(result.units) == 4
    nowhere = make_site({"A": box(0, 0, 400, 400)}, terrain=np.nan, max_unit_mu=1000.0)
    assert len(partition(nowhere).units) == 1


def test_a_parcel_that_leaves_the_terrain_is_still_cut() -> None:
    site = make_site({"A": box(-300, 100, 500, 300)}, subsidence=lambda x, y: x / 100, depth_breaks_m=[1.0])
    result = partition(site)
    assert_sound(site, result)
    assert np.isclose(result.units.bounds["minx"] - X0, 100).any()


def test_ids_and_shapes_do_not_depend_on_the_order_of_features_or_vertices() -> None:
    parcels = {"B7": box(0, 0, 500, 700), "A2": box(500, 0, 900, 700), "C": Point(1000, 1000).buffer(90)}
    roads = [box(-10, 300, 1200, 330), box(420, -10, 450, 900)]
    one = make_site(parcels, subsidence=bowl, constraints=roads)
    turned = {k: shapely.reverse(parcels[k]) for k in reversed(parcels)}
    two = make_site(turned, subsidence=bowl, constraints=roads[::-1])
    first, second = partition(one), partition(two)
    assert first.units.index.equals(second.units.index)
    assert first.units.to_wkb().equals(second.units.to_wkb())
    assert first.borders.equals(second.borders)


def test_ids_run_from_the_north_west_and_sort_as_numbers() -> None:
    site = make_site({"P": box(0, 0, 1100, 1100)}, max_unit_mu=1.5, min_unit_mu=0.1)
    result = partition(site)
    numbers = [int(i.rsplit("-", 1)[1]) for i in result.units.index]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 1000
    assert len({len(i) for i in result.units.index}) == 1
    first, last = result.units.geometry.iloc[0].centroid, result.units.geometry.iloc[-1].centroid
    assert first.x < last.x and first.y > last.y


def test_two_hollows_are_told_apart_where_their_waters_meet() -> None:
    """Two bowls 500 m apart, the saddle at x = 600 a metre under the shore: the divide is a border between the lake's units."""

    def twins(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 33 - 4 * sum(np.exp(-(((x - c) / 220) ** 2) - ((y - 600) / 220) ** 2) for c in (350, 850))

    site = make_site({"A": box(0, 0, 1200, 1200)}, terrain=twins, water=32.0, max_unit_mu=60.0)
    result = partition(site)
    assert_sound(site, result)
    lake = result.units[result.units.representative_point().apply(lambda p: twins(p.x - X0, p.y - Y0) < 31.2)]
    assert len(lake) >= 4
    west, east = lake.bounds["minx"] - X0, lake.bounds["maxx"] - X0
    assert not ((west < 595) & (east > 605)).any()
    deep = {"hollow_min_depth_m": 9.0}
    shallow = site.scenario.parameters.replaced({f"measure.{k}": v for k, v in deep.items()}, source="test")
    told = site.scenario.model_copy(update={"parameters": shallow})
    one = partition(Site(site.name, site.crs, site.parcels, site.terrain, site.subsidence, site.water_table, told))
    west, east = one.units.bounds["minx"] - X0, one.units.bounds["maxx"] - X0
    assert ((west < 595) & (east > 605)).any()


def test_extra_lines_cut_too() -> None:
    site = make_site({"A": box(0, 0, 200, 60)}, max_unit_mu=30.0)
    divide = gpd.GeoSeries([shapely.LineString([(X0 + 80, Y0 - 5), (X0 + 80, Y0 + 90)])], crs=site.crs)
    assert sorted(partition(site, cuts=divide).units.area.round(6)) == [4800.0, 7200.0]
    with pytest.raises(CRSMismatch, match="reproject"):
        partition(site, cuts=divide.set_crs("EPSG:4526", allow_override=True))


@pytest.mark.parametrize(("low", "high"), [(5.0, 9.0), (0.0, 0.0)])
def test_sizes_that_contradict_each_other_are_refused(low: float, high: float) -> None:
    site = make_site({"A": box(0, 0, 200, 60)}, min_unit_mu=low, max_unit_mu=high)
    with pytest.raises(InvalidInput, match="four times the minimum"):
        partition(site)


def test_a_negative_size_is_refused_by_its_range() -> None:
    with pytest.raises(InvalidInput, match="0 or more mu"):
        make_site({"A": box(0, 0, 200, 60)}, min_unit_mu=-1.0)


def rolling(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 33 - bowl(x, y) - 2 * np.exp(-(((x - 1500) / 150) ** 2) - ((y - 550) / 200) ** 2) + 0.05 * np.sin(x * 3.3 + y * 1.7)


def windowed(site: Site, margin_m: float) -> Site:
    """The site with its grids cut to the parcels and a margin, as a reader would."""
    west, south, east, north = site.parcels.total_bounds + np.array([-1, -1, 1, 1]) * margin_m

    def cut(grid: Grid) -> Grid:
        col, row = max(0, int((west - grid.west) // grid.cell_x)), max(0, int((grid.north - north) // grid.cell_y))
        last_col, last_row = int((east - grid.west) // grid.cell_x) + 1, int((grid.north - south) // grid.cell_y) + 1
        part = grid.values[row:last_row, col:last_col]
        return Grid(part, grid.west + col * grid.cell_x, grid.north - row * grid.cell_y, grid.cell_x, grid.cell_y)

    table = site.water_table
    water = WaterTable(cut(table.normal), cut(table.dry), cut(table.wet))
    return replace(site, terrain=cut(site.terrain), subsidence=cut(site.subsidence), water_table=water)


@pytest.mark.parametrize(
    "added",
    [
        box(1000, 900, 1200, 1100),
        box(2000.3, 1.1, 2100.1, 2200.9),
        box(11.7, 13.2, 107.1, 111.9),
        Point(2000, 2000).buffer(300, 5000),
    ],
)
def test_a_parcel_elsewhere_changes_nothing_here(added: Polygon) -> None:
    """Not the ids nor a single coordinate, though the terrain is read from another corner on."""
    parcels: dict[str, object] = {
        "A": Polygon([(300, 300), (900, 280), (880, 820), (320, 800)]),
        "B": Polygon([(900, 280), (1300, 300), (1310, 700), (880, 820)]),
    }
    world = {"terrain": rolling, "subsidence": lambda x, y: 33 - rolling(x, y), "water": 31.0, "cell": 3.0, "size": 900}
    alone = partition(windowed(make_site(parcels, **world), 300.0)).units
    beside = partition(windowed(make_site({**parcels, "C": added}, **world), 300.0)).units
    beside = beside[beside.parcel_id != "C"]
    assert len(alone) > 100
    assert list(alone.index) == list(beside.index)
    assert shapely.equals_exact(alone.geometry.to_numpy(), beside.geometry.to_numpy(), 0.0).all()


def test_what_touches_in_a_point_is_no_neighbour() -> None:
    """Three parcels' corners and the lattice: noding parts lines that met in a point by its grid, 15 nm."""
    rng = np.random.default_rng(5)
    frame, outside = box(50, 50, 1150, 1150), box(0, 0, 1200, 1200)
    parcels = shapely.voronoi_polygons(shapely.MultiPoint(rng.uniform(100, 1100, (12, 2))), extend_to=outside)
    pieces = [shapely.segmentize(p & frame, rng.uniform(7, 40)) for p in shapely.get_parts(parcels)]
    site = make_site({f"P{i:02d}": p for i, p in enumerate(pieces)}, subsidence=bowl)
    result = partition(site)
    assert_sound(site, result)
    assert result.borders.length_m.min() > 1e-3
    shapes = result.units.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    shared = shapely.length(shapely.intersection(shapes[a], shapes[b]))
    listed = dict(zip(zip(result.borders.unit_a, result.borders.unit_b, strict=True), result.borders.length_m, strict=True))
    ids = result.units.index
    true = {(ids[i], ids[j]): length for i, j, length in zip(a, b, shared, strict=True) if length > 1e-3}
    assert set(true) == set(listed)
    assert all(length == pytest.approx(listed[pair], rel=1e-6) for pair, length in true.items())


@pytest.mark.parametrize("how", ["constraint", "cut"])
def test_lines_and_outlines_cut_and_points_do_not(how: str) -> None:
    line, ring = (
        LineString([(0, 500), (1000, 503)]),
        Polygon(box(100, 100, 400, 400).exterior, [box(200, 200, 300, 300).exterior]),
    )
    given = [line, ring, Point(700, 700), shapely.GeometryCollection([LineString([(700, -5), (703, 1005)]), Point(1, 1)])]
    parcels: dict[str, object] = {"A": box(0, 0, 1000, 1000)}
    site = make_site(parcels, constraints=given if how == "constraint" else ())
    there = [shapely.transform(g, lambda p: p + ORIGIN) for g in given]
    result = partition(site, cuts=None if how == "constraint" else gpd.GeoSeries(there, crs=site.crs))
    assert_sound(site, result)
    borders = shapely.union_all(shapely.boundary(result.units.geometry.to_numpy()))
    for edge in (line, ring.exterior, ring.interiors[0], given[3].geoms[0]):
        along = shapely.intersection(shapely.segmentize(edge, 1.0), box(0, 0, 1000, 1000))
        off = shapely.distance(shapely.points(shapely.get_coordinates(along) + ORIGIN), borders)
        assert off.max() < 1e-6


def test_no_parcels_are_refused() -> None:
    site = make_site({"A": box(0, 0, 200, 60)})
    empty = Site(site.name, site.crs, site.parcels.iloc[:0], site.terrain, site.subsidence, site.water_table, site.scenario)
    with pytest.raises(InvalidInput, match="no parcels"):
        partition(empty)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 12), road=st.booleans())
def test_any_mosaic_keeps_its_area_its_borders_and_its_sizes(seed: int, count: int, road: bool) -> None:
    rng = np.random.default_rng(seed)
    extent = box(37.3, 21.7, 1103.1, 1011.9)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(rng.uniform(50, 1000, (count, 2))), extend_to=extent)
    )
    parcels = {f"V{i:02d}": g for i, g in enumerate(shapely.intersection(cells, extent)) if not g.is_empty}
    line = shapely.LineString(rng.uniform(0, 1100, (4, 2)))
    centre, wide = rng.uniform(200, 900, 2), rng.uniform(100, 400)

    def hollow(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 6 * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / wide**2)

    site = make_site(
        parcels,
        subsidence=hollow,
        terrain=lambda x, y: 32 - hollow(x, y) + 0.03 * rng.standard_normal(x.shape),
        water=30.3,
        constraints=[line.buffer(8)] if road else (),
    )
    result = partition(site)
    assert_sound(site, result)
    mu = result.units.area / M2_PER_MU
    assert mu.max() < 9.0 + 0.75
    small = result.units[mu < 0.75]
    assert all(site.parcels.area[p] / M2_PER_MU < 0.75 for p in small.parcel_id)


def test_the_stage_is_reached_from_the_front_even_once_its_module_is_imported() -> None:
    import planner.measure
    import planner.partition

    assert planner.partition is partition
    site = make_site({"A": box(0, 0, 60, 60)})
    assert planner.partition(site).units.index.tolist() == ["A-001"]
    assert callable(planner.measure) and planner.measure.__name__ == "measure"
