"""The reservoirs of a plan, and shorelines: by hand and by closed forms."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from planner.core.polygons.rings import rings_of
from planner.core.terrain.coverage import covered_cells
from planner.core.terrain.hypsometry import Hypsometry
from planner.design import Design, Levels, Shape
from planner.errors import InvalidInput
from planner.frame import Frame
from planner.scenario import Scenario, parse_scenario, replaced
from planner.site import Grid
from planner.water import Works, reservoirs, shoreline, size_class, storage_curve
from planner.water.bodies import _stages
from planner.water.curve import StorageCurve, curve_over
from planner.water.ground import terrain_of

LAKE, LAND = "reservoir", "green"


def scenario(**reservoir: float) -> Scenario:
    return parse_scenario({"layers": {"polygons": "p.gpkg"}, "reservoir": reservoir})


def strip(targets: list[str]) -> gpd.GeoDataFrame:
    """Units of 100 m × 100 m in a row, 15 mu each."""
    shapes = [shapely.box(100 * k, 0, 100 * k + 100, 100) for k in range(len(targets))]
    ids = pd.Index([f"u{k}" for k in range(len(targets))], name="unit_id")
    return gpd.GeoDataFrame({"target": targets, "area_mu": 15.0}, geometry=shapes, crs="EPSG:4527", index=ids)


def neighbours(n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"unit_a": [f"u{k}" for k in range(n - 1)], "unit_b": [f"u{k + 1}" for k in range(n - 1)], "length_m": 100.0}
    )


def beds(levels: list[list[float]]) -> Hypsometry:
    start = np.concatenate(([0], np.cumsum([len(v) for v in levels])))
    area = np.concatenate([np.full(len(v), 10_000.0 / len(v)) for v in levels])
    return Hypsometry.from_cells(start, np.concatenate(levels), area)


def design(units: gpd.GeoDataFrame, normal: object = 30.0, storage: object = None, shape: Shape | None = None) -> Design:
    """The design of units whose ground is given as it will be, unless a shape says otherwise."""
    n = len(units)
    level = np.broadcast_to(np.asarray(normal, float), (n,))
    high = level if storage is None else np.broadcast_to(np.asarray(storage, float), (n,))
    levels = Levels(level, high, level, high, level, level, level, np.zeros(n))
    target, treatment = units["target"].to_numpy(), units.get("treatment", pd.Series("", index=units.index)).to_numpy()
    return Design(shape or Shape.as_it_lies(n), levels, target == LAKE, treatment == "wetland")


def test_bodies_levels_and_classes_by_hand() -> None:
    units = strip([LAKE, LAND, LAKE, LAKE, LAND, LAND])
    bed = beds([[28.0, 29.0], [31.0], [26.0], [27.0, 33.0], [31.0], [31.0]])
    water = design(units, 30.0, 32.0)
    found = reservoirs(units, design=water, ground=bed, borders=neighbours(6), scenario=scenario(dead_level_m=27.5))
    table = found.table
    assert table.index.tolist() == ["R1", "R2"]
    assert found.member.to_dict() == {"u0": "R2", "u2": "R1", "u3": "R1"}
    r1 = table.loc["R1"]  # 1 ha at 26, ½ ha at 27, ½ ha at 33 m
    assert (r1["level_m"], r1["flood_level_m"], r1["dead_level_m"]) == (30.0, 32.0, 27.5)
    assert (r1["area_mu"], r1["water_mu"], r1["units"]) == (30.0, 22.5, 2)
    assert r1["normal_m3"] == 40_000 + 15_000
    assert r1["storage_m3"] == 60_000 + 25_000
    assert r1["dead_m3"] == 15_000 + 2_500
    assert r1["usable_m3"] == 55_000 - 17_500
    assert (r1["max_depth_m"], r1["bed_m"], r1["size_class"]) == (4.0, 26.0, "pond")
    assert r1["mean_depth_m"] == pytest.approx(55 / 15)
    curve = found.storage_tables["R1"]
    held = curve.set_index("level_m")["storage_m3"]
    assert held[[26.0, 30.0, 32.0]].tolist() == [0.0, 55_000.0, 85_000.0]
    assert curve["level_m"].iloc[-1] == 33.5  # no rim is known: 1.5 m above the flood level
    assert curve["storage_m3"].iloc[-1] == pytest.approx(75_000 + 32_500 + 2_500)
    assert curve["area_m2"].iloc[-1] == pytest.approx(20_000.0)  # the banks are vertical
    assert np.all(np.diff(curve["level_m"]) > 0)
    assert np.all(np.diff(curve["storage_m3"]) > 0)
    assert table.geometry["R1"].equals(shapely.box(200, 0, 400, 100))
    assert table.crs == units.crs


def test_the_error_of_storage_comes_from_the_site_s_own_terrain() -> None:
    """1 ½ ha under water: 0.3 m and 0.4 m make 0.5 m of stage, 7 500 m³; noise of 0.2 m over more than the lake: 3 000."""
    units = strip([LAKE, LAKE])
    bed = beds([[26.0], [27.0, 43.0]])
    given = {"terrain.bias_sd_m": 0.3, "terrain.level_sd_m": 0.4, "terrain.noise_sd_m": 0.0, "terrain.correlation_m": 1e6}
    for noise, error in ((0.0, 7_500.0), (0.2, np.hypot(7_500.0, 3_000.0))):
        says = replaced(scenario(), {**given, "terrain.noise_sd_m": noise})
        found = reservoirs(units, design=design(units, 32.0), ground=bed, borders=neighbours(2), scenario=says)
        assert found.table["storage_sd_m3"].tolist() == pytest.approx([error])


def test_the_dead_level_without_a_given_one_lies_above_the_mean_bed() -> None:
    one = strip([LAKE])
    found = reservoirs(one, design=design(one), ground=beds([[25.0]]), borders=neighbours(1), scenario=scenario())
    assert found.table["dead_level_m"].tolist() == [26.5]
    one = strip([LAKE])
    shallow = reservoirs(one, design=design(one), ground=beds([[29.5]]), borders=neighbours(1), scenario=scenario())
    assert shallow.table["dead_level_m"].tolist() == [30.0]
    assert shallow.table["usable_m3"].tolist() == [0.0]


def test_a_body_of_water_is_level_so_two_levels_are_two_bodies() -> None:
    units = strip([LAKE, LAKE, LAKE])
    stepped = design(units, [30.0, 30.0, 31.0])
    found = reservoirs(units, design=stepped, ground=beds([[25.0]] * 3), borders=neighbours(3), scenario=scenario())
    assert found.table["level_m"].tolist() == [30.0, 31.0]
    assert found.member.to_dict() == {"u0": "R1", "u1": "R1", "u2": "R2"}


def test_wetland_is_part_of_the_lake_whose_water_reaches_it() -> None:
    units = strip([LAKE, LAND, LAND, LAND, LAND]).assign(treatment=["keep", "wetland", "wetland", "fill", "wetland"])
    bed = beds([[25.0], [29.7], [29.5], [31.0], [29.7]])
    found = reservoirs(units, design=design(units), ground=bed, borders=neighbours(5), scenario=scenario())
    assert found.member.to_dict() == {"u0": "R1", "u1": "R1", "u2": "R1"}  # the last one lies behind dry land
    lake = found.table.loc["R1"]
    assert (lake["area_mu"], lake["wetland_mu"], lake["water_mu"]) == (15.0, 30.0, 45.0)
    assert lake["storage_m3"] == pytest.approx(50_000 + 3_000 + 5_000)
    assert found.table.geometry["R1"].equals(shapely.box(0, 0, 300, 100))


@settings(max_examples=50, deadline=None)
@given(
    st.floats(20, 30), st.floats(0, 8), st.one_of(st.just(0.0), st.floats(0, 3)), st.one_of(st.just(np.nan), st.floats(20, 45))
)
def test_a_table_holds_its_levels_and_goes_on_above_them(bed: float, deep: float, flood: float, rim: float) -> None:
    normal = bed + deep
    stages = _stages(bed, normal, normal + flood, rim)
    assert normal in stages
    assert np.abs(stages - normal - flood).min() <= 1e-6
    assert np.all(np.diff(stages) > 0)
    assert stages[0] == pytest.approx(bed, abs=1e-6)
    assert stages[-1] == (rim if rim > normal + flood + 0.01 else normal + flood + 1.5)
    widest = max(deep + flood, stages[-1] - normal - flood) / 40
    assert np.diff(stages).max() <= widest + 3e-6


def test_no_lake_at_all() -> None:
    one = strip([LAND])
    found = reservoirs(one, design=design(one), ground=beds([[25.0]]), borders=neighbours(1), scenario=scenario())
    assert found.table.empty
    assert found.storage_tables == {}
    assert found.member.empty


def test_the_spill_level_and_the_dyke_it_calls_for() -> None:
    z = np.full((7, 12), 33.0)
    z[2:5, 2:5] = 28.0  # the lake's ground, u0
    z[3, 5:9] = 31.5  # a ditch from it into a hollow beyond
    z[3, 9:] = 27.0
    units = gpd.GeoDataFrame(
        {"target": [LAKE], "area_mu": [1.0]},
        geometry=[shapely.box(20, 20, 50, 50)],
        crs="EPSG:4527",
        index=pd.Index(["u0"], name="unit_id"),
    )
    water = {"design": design(units, 31.0, 31.2), "ground": beds([[27.0]]), "scenario": scenario()}
    found = reservoirs(units, borders=neighbours(1), terrain=Grid(z, 0.0, 70.0, 10.0, 10.0), **water)
    assert found.table["spill_level_m"].tolist() == [31.5]
    assert found.table["dyke_m"].tolist() == pytest.approx([31.2 + 0.5 - 31.5])
    curve = found.storage_tables["R1"].set_index("level_m")["storage_m3"]
    assert curve.index[-1] == 31.5  # the table ends where the water leaves
    assert curve[[31.0, 31.2, 31.5]].tolist() == pytest.approx([40_000.0, 42_000.0, 45_000.0])
    rising = Grid(np.maximum(z, 0.2 * np.add.outer(np.arange(7) - 3, np.zeros(12)) ** 2 + 28), 0.0, 70.0, 10.0, 10.0)
    rising.values[3, 5:] = 40.0
    again = reservoirs(units, borders=neighbours(1), terrain=rising, **water)
    assert np.isnan(again.table["spill_level_m"]).all() or again.table["spill_level_m"].item() >= 33.0


@pytest.mark.parametrize(
    ("storage", "name"),
    [(38.6e6, "medium"), (36.8e6, "medium"), (1e9, "large (1)"), (1e8, "large (2)"), (1e7, "medium"), (9.99e6, "small (1)"),
     (1e6, "small (1)"), (421_173, "small (2)"), (99_999, "pond"), (0.0, "pond")],
)  # fmt: skip
def test_size_classes_of_sl_252(storage: float, name: str) -> None:
    assert size_class(storage) == name


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_units_and_borders_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 12
    units = strip([LAKE if x else LAND for x in rng.random(n) < 0.6])
    levels = [rng.uniform(25, 31, 4).tolist() for _ in range(n)]
    first = reservoirs(units, design=design(units), ground=beds(levels), borders=neighbours(n), scenario=scenario())
    order = rng.permutation(n)
    again = reservoirs(
        units.iloc[order],
        design=design(units.iloc[order]),
        ground=beds([levels[k] for k in order]),
        borders=neighbours(n).sample(frac=1, random_state=seed),
        scenario=scenario(),
    )
    assert first.member.to_dict() == again.member.to_dict()
    np.testing.assert_allclose(first.table["storage_m3"], again.table["storage_m3"], rtol=1e-12)
    wet = units["target"].to_numpy() == LAKE
    assert len(first.table) == int(np.sum(wet & ~np.r_[False, wet[:-1]]))
    whole = beds(levels).volume_below(30.0)[wet].sum()
    assert first.table["storage_m3"].sum() == pytest.approx(whole, rel=1e-12)


class TestShoreline:
    """Water surfaces from the triangulated ground."""

    def test_a_plane_is_exact(self) -> None:
        x = np.arange(40) + 0.5
        plane = Grid(np.add.outer(-0.2 * (30 - (np.arange(30) + 0.5)) + 6, 0.1 * x), 0.0, 30.0, 1.0, 1.0)
        # z = 6 − 0.2 y + 0.1 x between the centres: below z = 5 lies what is above y = 5 + x/2
        water = shoreline(plane, 5.0, within=shapely.box(0.5, 0.5, 39.5, 29.5))
        exact = shapely.Polygon([(0.5, 5.25), (39.5, 24.75), (39.5, 29.5), (0.5, 29.5)])
        assert water.area == pytest.approx(exact.area, rel=1e-12)
        assert water.symmetric_difference(exact).area < 1e-9

    def test_a_cone_beats_the_cells(self) -> None:
        at = (np.arange(121) - 60) * 1.0
        cone = Grid(np.hypot(*np.meshgrid(at, at)) * 0.1, -60.5, 60.5, 1.0, 1.0)
        exact = np.pi * 37.3**2
        by_triangles = abs(shoreline(cone, 3.73).area / exact - 1)
        by_cells = abs(storage_curve(cone).area(3.73) / exact - 1)
        assert by_triangles < 5e-4
        assert by_triangles < by_cells

    def test_islands_seeds_and_missing_ground(self) -> None:
        z = np.full((20, 30), 5.0)
        z[3:17, 3:12] = 1.0
        z[8:12, 6:9] = 6.0  # an island
        z[3:17, 18:27] = 1.0
        ground = Grid(z, 0.0, 20.0, 1.0, 1.0)
        both = shoreline(ground, 3.0)
        assert len(both.geoms) == 2
        assert sorted(len(p.interiors) for p in both.geoms) == [0, 1]
        one = shoreline(ground, 3.0, seed=(20.0, 10.0))
        assert len(one.geoms) == 1
        assert not one.geoms[0].interiors
        assert shoreline(ground, 3.0, seed=(15.0, 10.0)).is_empty
        assert shoreline(ground, 0.5).is_empty
        assert shoreline(ground, 9.0).area == pytest.approx(600.0)
        holed = z.copy()
        holed[5, 20] = np.nan
        assert shoreline(Grid(holed, 0.0, 20.0, 1.0, 1.0), 9.0).area == pytest.approx(600 - 4 * 0.5)
        with pytest.raises(InvalidInput, match="finite"):
            shoreline(ground, np.nan)


class TestShorelineOfWorks:
    """The water surface over ground that is dug and filled as the plan has it, beside the storage reported for it."""

    X = np.arange(60) + 0.5
    SLOPE = Grid(np.tile(0.1 * X, (40, 1)), 0.0, 40.0, 1.0, 1.0)  # z = x/10

    def test_a_slope_by_hand(self) -> None:
        left, right = shapely.box(0, 0, 60, 20), shapely.box(0, 20, 60, 40)
        dug = shoreline(self.SLOPE, 3.0, works=[Works(left, dig_m=1.0)])  # the shore moves 10 m out where a metre is dug
        assert dug.area == pytest.approx(20 * 40 + 20 * 30)
        assert dug.symmetric_difference(shapely.union_all([shapely.box(0, 0, 40, 20), shapely.box(0, 20, 30, 40)])).area < 1e-9
        bed = shoreline(self.SLOPE, 3.0, works=[Works(right, at_most_m=2.0)])
        assert bed.area == pytest.approx(20 * 60 + 20 * 30)
        filled = shoreline(self.SLOPE, 3.0, works=[Works(shapely.box(10, 10, 20, 30), at_least_m=3.5)])
        assert filled.area == pytest.approx(30 * 40 - 200)
        assert len(filled.geoms[0].interiors) == 1  # an island
        low = shoreline(self.SLOPE, 3.0, works=[Works(shapely.box(10, 10, 50, 30), at_least_m=2.9)])
        assert low.area == pytest.approx(30 * 40)  # raised, but not out of the water
        pit = Works(shapely.box(45, 10, 55, 30), dig_m=4.0)
        assert len(shoreline(self.SLOPE, 3.0, works=[pit]).geoms) == 2
        assert shoreline(self.SLOPE, 3.0, works=[pit], seed=(50.0, 20.0)).area == pytest.approx(200.0)
        assert shoreline(self.SLOPE, 3.0, works=[pit], within=shapely.box(40, 0, 60, 15)).area == pytest.approx(50.0)
        with pytest.raises(InvalidInput, match="dig_m"):
            Works(left, dig_m=np.nan)
        with pytest.raises(InvalidInput, match="at_least_m"):
            Works(left, at_least_m=np.nan)

    def test_ground_that_is_missing_holds_no_water_however_deep_it_is_dug(self) -> None:
        z = self.SLOPE.values.copy()
        z[10, 10] = np.nan
        dug = shoreline(self.SLOPE.like(z), 3.0, works=[Works(shapely.box(-20, 0, 60, 40), at_most_m=0.0)])
        assert dug.area == pytest.approx(60 * 40 - 4 * 0.5)

    @settings(max_examples=15, deadline=None)
    @given(st.integers(0, 10_000))
    def test_it_agrees_with_the_storage_after_digging(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        ground = Grid(30 + 30 * ndimage.gaussian_filter(rng.normal(size=(80, 120)), 10, mode="nearest"), 0.0, 400.0, 5.0, 5.0)
        shapes = [shapely.box(100 * k, 50, 100 * k + 100, 350) for k in range(6)]
        dig, bed = rng.choice([0.0, 1.0, 2.0], 6), rng.choice([29.0, np.inf], 6)
        works = [Works(s, dig_m=float(d), at_most_m=float(b)) for s, d, b in zip(shapes, dig, bed, strict=True)]
        cells = covered_cells(*rings_of(np.asarray(shapes, dtype=object)), Frame(0.0, 400.0, 5.0, 5.0, 80, 120))
        today = Hypsometry.from_cells(cells.start, ground.values.ravel()[cells.cell], cells.fraction * 25.0)
        dug = Shape.dug(dig, bed).of(today)

        def surface(level: float) -> np.ndarray:
            return np.array([shoreline(ground, level, works=works, within=s).area for s in shapes])

        for level in (29.5, 30.0):
            lower, upper = surface(level), surface(level + 0.1)
            np.testing.assert_allclose(lower, dug.area_below(level), atol=0.02 * 30_000)
            np.testing.assert_allclose(lower[bed < level], 30_000.0, rtol=1e-9)
            rise = dug.volume_below(level + 0.1) - dug.volume_below(
                level
            )  # V = ∫ A dh, the area by polygons, the volume by cells
            assert rise.sum() == pytest.approx(0.1 * np.sum(lower + upper) / 2, rel=0.02, abs=100.0)

    @settings(max_examples=15, deadline=None)
    @given(st.integers(0, 10_000), st.booleans())
    def test_a_curve_over_works_is_the_ground_of_the_units_after_them(self, seed: int, streamed: bool) -> None:
        rng = np.random.default_rng(seed)
        z = np.round(rng.uniform(24, 32, (30, 45)), 2)
        z[rng.random(z.shape) < 0.05] = np.nan
        ground, frame = Grid(z, 0.0, 300.0, 10.0, 10.0), Frame(0.0, 300.0, 10.0, 10.0, 30, 45)
        shapes = [shapely.box(103 * k + 7.5, 20.3, 103 * k + 110.5, 271.1) for k in range(4)]
        dig, bed, fill = rng.choice([0.0, 1.0, 2.5], 4), rng.choice([26.5, np.inf], 4), rng.choice([-np.inf, 31.0], 4)
        works = [Works(g, *map(float, w)) for g, *w in zip(shapes, dig, bed, fill, strict=True)]
        cells = covered_cells(*rings_of(np.asarray(shapes, dtype=object)), frame)
        today = Hypsometry.from_cells(cells.start, z.ravel()[cells.cell], cells.fraction * 100.0)
        after = Shape(dig, bed, fill, np.zeros(4)).of(today)
        stages = np.array([25.0, 27.125, 30.0, 31.5])

        def curve(within: object) -> StorageCurve:
            if not streamed:
                return storage_curve(ground, within, works=works)
            terrain = replace(terrain_of(ground), file=None)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("planner.water.curve.EXACT_CELLS", 10)
                patch.setattr("planner.water.ground.TILE_CELLS", 45 * 7)
                return curve_over(terrain, within, seed=None, connected=False, stages=stages, neighbours=8, works=works)

        inside, everywhere, before = curve(shapely.union_all(shapes)), curve(None), storage_curve(ground)
        for h in stages:
            assert inside.storage(h) == pytest.approx(after.volume_below(h).sum(), rel=1e-9, abs=1e-6)
            assert inside.area(h) == pytest.approx(after.area_below(h).sum(), rel=1e-9)
            more = after.volume_below(h).sum() - today.volume_below(h).sum()
            assert everywhere.storage(h) == pytest.approx(before.storage(h) + more, rel=1e-9, abs=1e-6)
        assert inside.area(40.0) == pytest.approx(today.total().sum(), rel=1e-9)
        assert everywhere.area(40.0) == pytest.approx(before.area(40.0), rel=1e-9)
        with pytest.raises(InvalidInput, match="works"):
            storage_curve(ground, connected=True, works=works)

    def test_a_reservoir_of_a_plan_is_drawn_as_its_water_stands(self) -> None:
        units = strip([LAKE, LAKE])
        ground = Grid(np.tile(np.linspace(26, 34, 20), (10, 1)), 0.0, 100.0, 10.0, 10.0)
        cells = covered_cells(*rings_of(units.geometry.to_numpy()), Frame(0.0, 100.0, 10.0, 10.0, 10, 20))
        today = Hypsometry.from_cells(cells.start, ground.values.ravel()[cells.cell], cells.fraction * 100.0)
        dug = design(units, shape=Shape.dug([0.0, 2.0], np.full(2, 29.0)))
        found = reservoirs(units, design=dug, ground=today, borders=neighbours(2), scenario=scenario())
        works = [Works(g, dig_m=d, at_most_m=29.0) for g, d in zip(units.geometry, [0.0, 2.0], strict=True)]
        told = storage_curve(ground, units.geometry, works=works)
        assert told.storage(30.0) == pytest.approx(found.table["storage_m3"].item(), rel=1e-12)
        assert told.area(30.0) == pytest.approx(20_000.0, rel=1e-12)
        land = found.table.geometry["R1"]
        surface = shoreline(ground, 30.0, works=works, within=land)
        assert surface.symmetric_difference(land).area < 1e-6
        assert found.table["water_mu"].tolist() == found.table["area_mu"].tolist()
        assert shoreline(ground, 30.0, within=land).area < 0.6 * surface.area  # before it is dug
