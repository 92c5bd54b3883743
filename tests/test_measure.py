"""Facts of units on a small site worked by hand, and what holds of them on any site."""

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from planner.columns import FACTS
from planner.core.terrain.slope import slope_degrees
from planner.measure import measure
from planner.scenario import parse_scenario
from planner.site import Grid, Site, WaterTable
from planner.tables import Ground, Measures, Partition

WEST, NORTH, CELL = 39_500_000.0, 3_757_000.0, 10.0
CRS = pyproj.CRS("EPSG:4527")
PLAIN = 32.0


def grid(values: np.ndarray) -> Grid:
    return Grid(np.asarray(values, float), WEST, NORTH, CELL, CELL)


def box(left: float, top: float, right: float, bottom: float) -> shapely.Polygon:
    """A rectangle in cells from the north-west corner."""
    return shapely.box(WEST + left * CELL, NORTH - bottom * CELL, WEST + right * CELL, NORTH - top * CELL)


def site(z: np.ndarray, shapes: list, table: float = 30.0, **more: object) -> Site:
    ids = pd.Index([f"u{k:02d}" for k in range(len(shapes))], name="unit_id")
    units = gpd.GeoDataFrame({"parcel_id": "p"}, geometry=shapes, crs=CRS, index=ids)
    scenario = parse_scenario({"layers": {"polygons": "p.gpkg"}, "measure": {"hollow_min_volume_m3": 100.0}})
    flat = grid(np.full(z.shape, table))
    water = WaterTable(flat, flat.like(table - 0.5), flat.like(table + 0.5))
    return Site("t", CRS, units, grid(z), grid(PLAIN - z), water, scenario, **more)  # type: ignore[arg-type]


def measured(world: Site, units: gpd.GeoDataFrame | None = None, **ground: np.ndarray) -> Measures:
    zero = world.terrain.like(0.0)
    names = ("residual_mm", "tilt_mm_m", "curvature_mm_m2", "strain_mm_m", "settled_year", "free_year")
    state = Ground(**{n: world.terrain.like(ground[n]) if n in ground else zero for n in names}, known=True)
    return measure(world, Partition(world.parcels if units is None else units, pd.DataFrame()), state)


def test_a_unit_by_hand() -> None:
    z = np.full((4, 6), 31.0)
    z[0, :4] = [29.0, 29.8, 30.2, 31.0]
    world = site(z, [box(0, 0, 4, 1), box(0.5, 0, 2, 1), box(0, 1, 6, 4)])
    table = measured(world).table
    assert table.columns.tolist() == list(FACTS)
    first = table.loc["u00"]
    assert first["plane_m2"] == 400.0
    assert first["area_m2"] == pytest.approx(400.0, rel=1e-6)
    assert first["area_mu"] == first["area_m2"] * 15 / 10_000
    assert first["ground_m"] == pytest.approx((29 + 29.8 + 30.2 + 31) / 4)
    assert (first["ground_min_m"], first["ground_max_m"]) == (29.0, 31.0)
    assert first["subsidence_m"] == pytest.approx(2.0)
    assert first["subsidence_max_m"] == pytest.approx(3.0)
    assert first["water_depth_m"] == pytest.approx((1 + 0.2) / 4)
    assert (first["water_share_dry"], first["water_share"], first["water_share_wet"]) == (0.25, 0.5, 0.75)
    assert first["waterlogging"] == "seasonal"
    second = table.loc["u01"]  # half a cell at 29, a whole one at 29.8
    assert second["ground_m"] == pytest.approx((0.5 * 29 + 29.8) / 1.5)
    assert second["water_depth_m"] == pytest.approx((0.5 * 1 + 0.2) / 1.5)
    assert second["water_share_dry"] == pytest.approx(1 / 3)
    assert second["waterlogging"] == "seasonal"
    assert table.loc["u02", "waterlogging"] == "dry"


def test_the_hypsometry_is_the_terrain_of_the_unit() -> None:
    rng = np.random.default_rng(3)
    z = rng.normal(30, 1, (20, 30))
    found = measured(site(z, [box(0, 0, 30, 10), box(0, 10, 30, 20), box(2.5, 3.5, 7.25, 9)]))
    assert found.ground.total() == pytest.approx(found.table["plane_m2"].to_numpy(), rel=1e-11)
    np.testing.assert_allclose(found.ground.mean(), found.table["ground_m"], rtol=1e-12)
    whole = np.maximum(30.4 - z, 0).sum() * 100
    assert found.ground.volume_below(30.4)[:2].sum() == pytest.approx(whole, rel=1e-12)


def test_missing_terrain_is_said_and_not_averaged_away() -> None:
    z = np.full((4, 6), 31.0)
    z[:, :2] = np.nan
    table = measured(site(z, [box(0, 0, 4, 4), box(0, 0, 2, 4), box(4, 0, 8, 4)])).table
    assert table["missing_share"].tolist() == pytest.approx([0.5, 1.0, 0.5])  # the last lies half outside the grid
    assert table.loc["u00", "ground_m"] == 31.0
    assert np.isnan(table.loc["u01", "ground_m"])
    assert np.isnan(table.loc["u01", "water_share"])
    assert table["waterlogging"].tolist() == ["dry", "", "dry"]


def test_the_worst_ground_of_a_unit_counts() -> None:
    z = np.full((4, 6), 31.0)
    strain = np.zeros((4, 6))
    strain[0, 3] = 7.0
    year = np.full((4, 6), 2018.0)
    year[0, 0] = 2031.0
    table = measured(site(z, [box(0, 0, 3.1, 4), box(3.1, 0, 6, 4)]), strain_mm_m=strain, settled_year=year).table
    assert table["strain_mm_m"].tolist() == [7.0, 7.0]
    assert table["settled_year"].tolist() == [2031.0, 2018.0]
    assert table["tilt_mm_m"].tolist() == [0.0, 0.0]


def test_slopes_of_a_plane_and_beside_missing_cells() -> None:
    x, y = np.meshgrid(np.arange(9) * CELL, np.arange(7) * CELL)
    plane = 0.03 * x + 0.04 * y
    slope = slope_degrees(plane, CELL, CELL)
    np.testing.assert_allclose(slope[1:-1, 1:-1], np.degrees(np.arctan(0.05)), rtol=1e-12)
    np.testing.assert_allclose(slope_degrees(plane, CELL, 2 * CELL)[3, 3], np.degrees(np.arctan(np.hypot(0.03, 0.02))))
    holed = plane.copy()
    holed[3, 4] = np.nan
    found = slope_degrees(holed, CELL, CELL)
    assert np.isnan(found[3, 4])
    assert np.isfinite(np.delete(found.ravel(), 3 * 9 + 4)).all()
    assert found[3, 3] == pytest.approx(np.degrees(np.arctan(np.hypot(0.03 * 6 / 8, 0.04))))


def test_constraints_by_their_share() -> None:
    z = np.full((10, 10), 31.0)
    layer = gpd.GeoDataFrame(
        {
            "kind": ["village", "line", "line"],
            "forbids": ["reservoir, arable", "construction", "construction"],
            "name": ["Liu", "North", "South"],
        },
        geometry=[box(0, 0, 5, 5), box(5, 0, 5.15, 10), box(6, 0, 6.15, 10)],
        crs=CRS,
    )
    table = measured(site(z, [box(0, 0, 5, 10), box(5, 0, 10, 10), box(4.99999, 0, 5, 1)], constraints=layer)).table
    assert table["constraint"].tolist() == ["Liu", "North;South", "Liu"]
    assert table["forbids"].tolist() == ["arable,reservoir", "construction", "arable,reservoir"]  # 3 % and 3 % are 6 %
    unnamed = layer.assign(name=[None, "", np.nan], kind=["village", "line", None])
    told = measured(site(z, [box(0, 0, 5, 10), box(5, 0, 10, 10)], constraints=unnamed)).table["constraint"]
    assert told.tolist() == ["village", "line"]  # no name and no kind is nothing to tell, not "nan"
    apart = layer.assign(forbids=["", "construction", "arable"])
    assert measured(site(z, [box(5, 0, 10, 10)], constraints=apart)).table["forbids"].tolist() == [""]
    twice = layer.assign(geometry=[box(0, 0, 1, 1), box(5, 0, 5.15, 10), box(5, 0, 5.15, 10)])
    assert measured(site(z, [box(5, 0, 10, 10)], constraints=twice)).table["forbids"].tolist() == [""]  # the same ground


def test_the_main_land_use() -> None:
    layer = gpd.GeoDataFrame(
        {"landuse": ["farm", "pond", "farm", None]},
        geometry=[box(0, 0, 2, 4), box(2, 0, 5, 4), box(5, 0, 7, 4), box(8, 0, 10, 4)],
        crs=CRS,
    )
    units = [box(0, 0, 7, 4), box(2, 0, 5, 4), box(7, 0, 8, 4), box(7.5, 0, 10, 4)]
    table = measured(site(np.full((4, 10), 31.0), units, landuse=layer)).table
    assert table["landuse"].tolist() == ["farm", "pond", "", ""]


def two_lakes() -> np.ndarray:
    """Hollows to 26 and 27 m left and right in a plain at 32 m, with a sill at 29 m between them."""
    y, x = np.mgrid[:30, :60] + 0.5
    left, right = np.hypot(x - 17, y - 15), np.hypot(x - 43, y - 15)
    return np.minimum(np.minimum(26 + 0.42 * left, 27 + 0.34 * right), PLAIN) + 1e-6 * x


def tiles(step: int) -> list:
    return [box(c, r, c + step, r + step) for r in range(0, 30, step) for c in range(0, 60, step)]


def test_every_way_down_ends_in_the_lake_it_belongs_to() -> None:
    found = measured(site(two_lakes(), tiles(5), table=28.0)).table  # the water stands below the sill: two lakes
    roots = found.index[found["deeper"] == ""]
    assert len(roots) == 2
    assert sorted(found.loc[roots, "ground_min_m"].round(0).tolist()) == [26.0, 27.0]
    for unit in found.index:
        seen = [unit]
        while found.loc[seen[-1], "deeper"]:
            below = found.loc[seen[-1], "deeper"]
            assert below in found.index
            assert below not in seen
            seen.append(below)
        assert seen[-1] in roots
    assert found.loc[roots, "basin_id"].tolist() in (["B1", "B2"], ["B2", "B1"])
    low = found.loc[roots[found.loc[roots, "ground_min_m"].argmin()]]
    assert low["spill_level_m"] == pytest.approx(31.5, abs=0.5)
    assert set(found["basin_id"]) <= {"", "B1", "B2"}


def test_hollows_that_the_water_joins_are_one_lake() -> None:
    joined = measured(site(two_lakes(), tiles(5), table=31.9)).table
    assert (joined["deeper"] == "").sum() == 1
    root = joined.index[joined["deeper"] == ""][0]
    assert joined.loc[root, "ground_min_m"] == joined["ground_min_m"].min()


def test_ground_without_a_hollow_has_its_lowest_unit_as_bottom() -> None:
    slope = np.add.outer(np.zeros(6), np.linspace(30, 33, 12))
    found = measured(site(slope, [box(0, 0, 3, 6), box(3, 0, 6, 6), box(6, 0, 9, 6), box(9, 0, 12, 6)])).table
    assert found["deeper"].tolist() == ["", "u00", "u01", "u02"]
    assert found["basin_id"].tolist() == [""] * 4
    assert found["spill_level_m"].isna().all()
    parted = slope.copy()
    parted[:, 6] = np.nan
    apart = measured(site(parted, [box(0, 0, 3, 6), box(3, 0, 6, 6), box(7, 0, 9, 6), box(9, 0, 12, 6)])).table
    assert apart["deeper"].tolist() == ["", "u00", "", "u02"]


def test_a_unit_too_thin_to_own_a_cell_hangs_on_its_host() -> None:
    slope = np.add.outer(np.zeros(6), np.linspace(30, 33, 12))
    found = measured(site(slope, [box(0, 0, 6, 6), box(6, 0, 6.2, 6), box(6.2, 0, 12, 6)])).table
    assert found["deeper"].tolist() == ["", "u02", "u00"]


def test_the_order_of_units_changes_nothing_but_the_order() -> None:
    rng = np.random.default_rng(8)
    z = two_lakes() + rng.normal(0, 0.02, (30, 60))
    world = site(z, tiles(5), table=28.0)
    first = measured(world).table
    order = rng.permutation(len(first))
    shuffled = Site(**{**world.__dict__, "parcels": world.parcels.iloc[order]})
    again = measured(shuffled).table
    assert again.index.tolist() == first.index[order].tolist()
    pd.testing.assert_frame_equal(again.sort_index(), first, rtol=1e-12)


@pytest.mark.parametrize(("subsidence", "told"), [(None, True), ({"path": "polygons.depth"}, True), ({"path": "w.tif"}, False)])
def test_parcels_smaller_than_a_cell_keep_the_depths_of_their_table(subsidence: dict | None, told: bool) -> None:
    side = 0.4  # of a cell
    shapes = [box(2 + k * side, 2, 2 + (k + 1) * side, 2 + side) for k in range(5)] + [box(5, 5, 15, 15)]
    world = site(np.full((20, 20), PLAIN - 1.5), shapes)
    ids = [f"P{k}" for k in range(6)]
    layers = {"polygons": "p.gpkg"} | ({"subsidence": subsidence} if subsidence else {})
    parcels = world.parcels.assign(subsidence_m=[1.0, 2.0, 3.0, 4.0, 0.005, 6.0]).set_axis(ids, axis=0)
    scenario = parse_scenario({"layers": layers, "measure": {"hollow_min_volume_m3": 100.0}})
    units = world.parcels.assign(parcel_id=ids)
    facts = measured(dataclasses.replace(world, parcels=parcels, scenario=scenario), units).table
    small = [1.0, 2.0, 3.0, 4.0, 0.005] if told else [1.5] * 5
    assert facts["subsidence_m"].tolist() == pytest.approx([*small, 1.5])  # a large parcel is what its cells say
    assert (facts["sunk_mu"] > 0).tolist() == [True] * 4 + [not told, True]
