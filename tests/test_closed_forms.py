"""Closed forms, identities and worlds worked by hand that run through several rooms; each room's own are in its test file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.polygons.rings import rings_of
from planner.core.terrain.coverage import covered_cells
from planner.core.terrain.hypsometry import Hypsometry
from planner.core.terrain.merge_tree import merge_tree
from planner.core.terrain.zonal import summarise
from planner.earthwork import cut_fill, dig_depth, grading_level
from planner.frame import Frame
from planner.site import Grid
from planner.water import shoreline, storage_curve

EARTHWORK = Path(__file__).parent / "authorities" / "earthwork"


def blank(rows: int, cols: int, cell_x: float = 1.0, cell_y: float = 1.0, west: float = 0.0) -> Grid:
    return Grid(np.zeros((rows, cols)), west, rows * cell_y, cell_x, cell_y)


def over(ground: Grid, *shapes: shapely.Geometry) -> Hypsometry:
    """The ground under each polygon, shore cells by their covered share."""
    rows, cols = ground.shape
    cells = covered_cells(*rings_of(list(shapes)), Frame(ground.west, ground.north, ground.cell_x, ground.cell_y, rows, cols))
    return Hypsometry.from_cells(cells.start, ground.values.ravel()[cells.cell], cells.fraction * ground.cell_area)


# A pyramid of square steps dug into a plain at 5: rings of 36, 28, 20, 12 and 4 cells at 5, 4, 3, 2 and 1.
STEPS = 5.0 - np.minimum(np.minimum(np.arange(10), 9 - np.arange(10))[:, None], np.minimum(np.arange(10), 9 - np.arange(10)))


class TestAWorldOfTenByTen:
    """STEPS, by hand: 28·1 + 20·2 + 12·3 + 4·4 = 120 cells · m below the plain."""

    GROUND = Grid(STEPS, 0.0, 20.0, 2.0, 2.0)  # cells of 4 m²

    def test_storage_at_every_step(self) -> None:
        curve = storage_curve(self.GROUND)
        assert curve.area([1, 2, 3, 4, 5, 6]).tolist() == [0, 16, 64, 144, 256, 400]
        assert curve.storage([1, 2, 3, 4, 5, 6]).tolist() == [0, 16, 80, 224, 480, 880]
        assert curve.level([16, 48, 480, 880]).tolist() == [2.0, 2.5, 5.0, 6.0]
        assert curve.spill_level_m == 5.0

    def test_its_one_hollow(self) -> None:
        for neighbours in (4, 8):
            tree = merge_tree(STEPS, neighbours=neighbours)
            assert (tree.pit_level.tolist(), tree.spill_level.tolist()) == ([1.0], [5.0])
            assert (tree.cells.tolist(), tree.volume.tolist(), tree.parent.tolist()) == ([64], [120.0], [0])
            assert tree.filled(STEPS).tolist() == [[5.0] * 10] * 10

    def test_half_of_it_and_a_corner_cut_off(self) -> None:
        """The western half holds half. The triangle below the diagonal has half of each diagonal cell: half again."""
        west = shapely.box(0, 0, 10, 20)
        below = shapely.Polygon([(0, 0), (20, 0), (0, 20)])
        assert storage_curve(self.GROUND, west).storage(5.0) == 240.0
        assert storage_curve(self.GROUND, below).storage(5.0) == pytest.approx(240.0, rel=1e-15)
        assert storage_curve(self.GROUND, [west, below]).area(9.0) == pytest.approx(200 + 50, rel=1e-15)  # shared ground once
        cells = covered_cells(*rings_of([west, below]), Frame(0, 20, 2, 2, 10, 10))
        found = summarise(cells.start, STEPS.ravel()[cells.cell], cells.fraction)
        assert found.weight.tolist() == [50.0, 50.0]
        assert found.mean.tolist() == [(500 - 120) / 100] * 2

    def test_levelled_and_dug(self) -> None:
        """To level 3: cut 36·2 + 28·1 = 100 and fill 12·1 + 4·2 = 20 cells · m."""
        h = over(self.GROUND, shapely.box(0, 0, 20, 20))
        cut, fill = cut_fill(h, 3.0)
        assert (cut[0], fill[0]) == (400.0, 80.0)
        # 36·(5 − s) + 28·(4 − s) = 20·(s − 3) + 12·(s − 2) + 4·(s − 1): s = 380/100
        assert grading_level(h, compaction=1.0)[0] == pytest.approx(3.8, rel=1e-15)
        # 100 cells · m of spoil come down to level 3: 3 m under a stage of 6
        assert dig_depth(h, stage_m=6.0, fill_m3=360.0, compaction=0.9) == pytest.approx(3.0, rel=1e-15)


class TestPlanes:
    """Planar beds by cells whose centres lie on them."""

    @settings(max_examples=40, deadline=None)
    @given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(0.1, 30.0), st.floats(0.1, 30.0), st.floats(0.0, 50.0))
    def test_a_tilted_plane_under_water_is_exact(
        self, east: float, north: float, cell_x: float, cell_y: float, above: float
    ) -> None:
        """V = A·(stage − elevation of the middle)."""
        empty = blank(23, 31, cell_x, cell_y, west=39_500_000.0)
        x, y = np.arange(31) - 15, 11 - np.arange(23)
        bed = empty.like(30.0 + north * y[:, None] + east * x[None, :])
        stage = float(bed.values.max()) + above
        area = 23 * 31 * cell_x * cell_y
        curve = storage_curve(bed)
        assert curve.storage(stage) == pytest.approx(area * (stage - 30.0), rel=1e-12, abs=1e-12 * area)
        assert curve.area(stage + 1e-9) == pytest.approx(area, rel=1e-12)
        assert over(bed, shapely.box(*bed.bounds)).volume_below(stage)[0] == pytest.approx(
            curve.storage(stage), rel=1e-9, abs=1e-6
        )

    def test_a_wedge_and_its_frustum(self) -> None:
        """A bed that rises 1 cm a metre under stages that meet it between cells: ½·length·height·width."""
        empty = blank(10, 500, 2.0, 2.0)
        x, _ = empty.centres()
        curve = storage_curve(empty.like(np.broadcast_to(x / 100.0, (10, 500))))
        assert curve.storage(6.0) == pytest.approx(0.5 * 600 * 6.0 * 20.0, rel=1e-12)
        assert curve.storage(8.0) - curve.storage(6.0) == pytest.approx(0.5 * (600 + 800) * 2.0 * 20.0, rel=1e-12)
        assert curve.level(36_000.0) == pytest.approx(6.0, rel=1e-12)

    def test_cut_and_fill_of_a_plane(self) -> None:
        """Levelled through its middle both are ⅛·length²·slope·width, and that is the level that balances."""
        empty = blank(10, 400)
        x, _ = empty.centres()
        h = over(empty.like(np.broadcast_to(0.02 * x, (10, 400))), shapely.box(0, 0, 400, 10))
        assert grading_level(h, compaction=1.0)[0] == pytest.approx(4.0, rel=1e-12)
        cut, fill = cut_fill(h, 4.0)
        assert (cut[0], fill[0]) == pytest.approx((400**2 * 0.02 * 10 / 8,) * 2, rel=1e-12)


def test_craters_are_hollows_of_their_closed_forms() -> None:
    """A cone and a paraboloid sunk into a plain: one hollow each, ⅓ and ½ of area times depth."""
    y, x = np.mgrid[:400, :900] + 0.5
    cone = np.minimum(np.hypot(x - 220.5, y - 200.5) / 150, 1.0) * 6.0
    bowl = np.minimum(((x - 650.5) ** 2 + (y - 200.5) ** 2) / 180**2, 1.0) * 4.0
    z = np.minimum(20.0 + cone - 6.0, 20.0 + bowl - 4.0)
    tree = merge_tree(z)
    assert len(tree) == 2
    both = sorted(zip(tree.depth, tree.volume, strict=True))
    assert both[0] == pytest.approx((4.0, np.pi * 180**2 * 4.0 / 2), rel=1e-4)
    assert both[1] == pytest.approx((6.0, np.pi * 150**2 * 6.0 / 3), rel=1e-3)
    held = np.sum(tree.filled(z) - z)
    assert tree.volume.sum() == pytest.approx(held, rel=1e-12)
    assert storage_curve(Grid(z, 0, 400, 1, 1)).storage(20.0) == pytest.approx(held, rel=1e-12)


def test_a_paraboloid_under_a_circle_is_levelled_where_its_squares_meet() -> None:
    """Area grows evenly with height, so cut ∝ (H − s)², fill ∝ s²: s = H·√k/(1 + √k); all of it is A·H/2."""
    empty = blank(240, 240)
    x, y = empty.centres()
    bowl = empty.like(5.0 * ((x[None, :] - 120) ** 2 + (y[:, None] - 120) ** 2) / 100**2)
    circle = shapely.Point(120, 120).buffer(100.0, quad_segs=2000)
    h = over(bowl, circle)
    assert h.total()[0] == pytest.approx(np.pi * 100**2, rel=1e-6)
    assert h.volume_below(5.0)[0] == pytest.approx(np.pi * 100**2 * 5.0 / 2, rel=1e-4)
    for k in (1.0, 0.81, 0.49):
        s = grading_level(h, compaction=k)
        assert s[0] == pytest.approx(5.0 * np.sqrt(k) / (1 + np.sqrt(k)), rel=1e-4)
        cut, fill = cut_fill(h, s)
        assert k * cut[0] == pytest.approx(fill[0], rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_storage_is_the_integral_of_area(seed: int) -> None:
    """V(b) − V(a) = Σ A·Δh between all elevations, exactly; of connected water as well, but for what spills at once."""
    rng = np.random.default_rng(seed)
    z = np.round(rng.normal(30, 2, (15, 20)), 1)
    z[rng.random(z.shape) < 0.1] = np.nan
    ground = Grid(z, 0.0, 15.0 * 3, 2.0, 3.0)
    knots = np.unique(z[np.isfinite(z)])
    stages = np.unique(np.concatenate((knots, rng.uniform(24, 40, 20))))
    middle, step = (stages[1:] + stages[:-1]) / 2, np.diff(stages)
    shape = shapely.Polygon([(3.3, 2.1), (37.0, 8.4), (30.2, 44.0), (5.5, 33.3)])
    for curve in (storage_curve(ground), storage_curve(ground, shape)):
        exact = np.cumsum(curve.area(middle) * step)
        np.testing.assert_allclose(curve.storage(stages[1:]) - curve.storage(stages[0]), exact, rtol=1e-12, atol=1e-9)
    body, tub = storage_curve(ground, connected=True), storage_curve(ground)
    rise = np.diff(body.storage(stages))
    assert np.all(rise >= body.area(middle) * step - 1e-9)
    assert np.all(body.storage(stages) <= tub.storage(stages) + 1e-9)


def test_a_shoreline_and_its_area_on_a_frustum() -> None:
    """A basin with a level floor of 60 m and sides of 1 : 8: area π(60 + 8h)², better than 1e-4 from metre cells."""
    empty = blank(300, 300)
    x, y = empty.centres()
    basin = empty.like(np.maximum(np.hypot(x[None, :] - 150, y[:, None] - 150) - 60.0, 0.0) / 8.0)
    for h in (2.3, 6.1):
        exact = np.pi * (60 + 8 * h) ** 2
        assert shoreline(basin, h).area == pytest.approx(exact, rel=1e-4)
        volume = np.pi * h / 3 * (60**2 + 60 * (60 + 8 * h) + (60 + 8 * h) ** 2)
        assert storage_curve(basin).storage(h) == pytest.approx(volume, rel=1e-4)


def test_end_areas_along_a_road() -> None:
    """A published exercise: prisms where both ends have an area, pyramids where one has none. 4 087.5 m³ and 1 058.3 m³.

    Built as ground 0.5 m at a time: fill 10 m wide south of the axis, cut 10 m wide north of it, tapering where they end.
    """
    table = pd.read_csv(EARTHWORK / "end_areas.csv")
    empty = blank(40, 300, 0.5, 0.5)
    x, y = empty.centres()
    ground = np.zeros(empty.shape)
    shapes = []
    for name, side, middle in (("fill_m2", -1.0, 5.0), ("cut_m2", 1.0, 15.0)):
        for (_, a), (_, b) in zip(table.iloc[:-1].iterrows(), table.iloc[1:].iterrows(), strict=True):
            ends = a[name], b[name]
            if max(ends) == 0:
                continue
            wide = [10.0 if min(ends) > 0 else 10.0 * e / max(ends) for e in ends]
            deep = [e / 10.0 if min(ends) > 0 else max(ends) / 10.0 * w / 10.0 for e, w in zip(ends, wide, strict=True)]
            along = (x > a.station_m) & (x < b.station_m)
            depth = np.interp(x[along], [a.station_m, b.station_m], deep)
            ground[np.ix_(np.abs(y - middle) < 5, along)] = side * depth
            corners = [(a.station_m, middle - wide[0] / 2), (b.station_m, middle - wide[1] / 2)]
            shapes.append(shapely.Polygon([*corners, *((p, 2 * middle - q) for p, q in reversed(corners))]))
    assert len(shapes) == 7
    cut, fill = cut_fill(over(empty.like(ground), *shapes), 0.0)
    assert fill.sum() == pytest.approx(4087.5, rel=1e-5)
    assert cut.sum() == pytest.approx(1058.3, abs=0.05)
    assert fill.sum() - cut.sum() == pytest.approx(3029.2, abs=0.05)
