"""Area and storage by stage: closed forms, the identities, slow reference code, and files that are read in bands."""

import json

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine
from scipy import ndimage

from planner.cli.main import run
from planner.core.terrain.cells import count_cells, entries_of_width
from planner.core.terrain.storage import area_at, storage_at
from planner.errors import InvalidInput
from planner.site import Grid
from planner.water import Errors, storage_curve, storage_table
from planner.water import reach as reach_room
from planner.water.curve import FINEST_M, curve_over
from planner.water.ground import terrain_of
from planner.water.reach import reach
from planner.words import render

EIGHT = np.ones((3, 3))


def radius(cells: int, cell: float) -> np.ndarray:
    at = (np.arange(2 * cells + 1) - cells) * cell
    return np.hypot(*np.meshgrid(at, at))


def grid(values: np.ndarray, cell: float = 1.0) -> Grid:
    return Grid(np.asarray(values, float), 0.0, len(values) * cell, cell, cell)


def test_a_small_world_by_hand() -> None:
    curve = storage_curve(grid([[5, 5, 5], [5, 1, 2], [5, 5, 5]], 10.0))
    assert curve.storage(2.0) == 100.0  # one cell, 1 m deep; the cell exactly at the stage is dry
    assert curve.area(2.0) == 100.0
    assert curve.area(2.0001) == 200.0
    assert curve.storage([0.5, 1.0, 3.0, 5.0, 6.0]).tolist() == [0.0, 0.0, 300.0, 700.0, 1600.0]
    assert curve.level([0.0, 50.0, 100.0, 300.0, 700.0, 1600.0]).tolist() == [1.0, 1.5, 2.0, 3.0, 5.0, 6.0]
    assert (curve.bed_m, curve.top_m, curve.missing_m2, curve.resolution_m) == (1.0, 5.0, 0.0, 0.0)
    assert np.isnan(curve.level(-1.0))
    assert np.isnan(curve.storage(np.nan))
    assert isinstance(curve.storage(3.0), float)
    assert curve.storage(np.full((2, 2), 3.0)).shape == (2, 2)


@pytest.mark.parametrize(
    ("bed", "volume", "area"),
    [
        (lambda r: 0.05 * r, lambda h: np.pi * (h / 0.05) ** 2 * h / 3, lambda h: np.pi * (h / 0.05) ** 2),  # cone
        (lambda r: 1e-3 * r**2, lambda h: np.pi * h**2 / 2e-3, lambda h: np.pi * h / 1e-3),  # paraboloid
        (  # spherical cap, radius 500 m
            lambda r: 500 - np.sqrt(500**2 - np.minimum(r, 300) ** 2),
            lambda h: np.pi * h**2 * (3 * 500 - h) / 3,
            lambda h: np.pi * (2 * 500 * h - h**2),
        ),
        (  # frustum: floor of 40 m radius, sides 1 : 20
            lambda r: np.maximum(r - 40, 0) * 0.05,
            lambda h: np.pi * h / 3 * (40**2 + 40 * (40 + h / 0.05) + (40 + h / 0.05) ** 2),
            lambda h: np.pi * (40 + h / 0.05) ** 2,
        ),
    ],
    ids=["cone", "paraboloid", "cap", "frustum"],
)
def test_closed_forms_are_met_ever_better_with_finer_cells(bed, volume, area) -> None:  # type: ignore[no-untyped-def]
    errors = []
    for cells, cell in ((75, 3.3), (300, 0.8)):
        curve = storage_curve(grid(bed(radius(cells, cell)), cell))
        errors.append(abs(curve.storage(7.3) / volume(7.3) - 1))
        assert curve.area(7.3) == pytest.approx(area(7.3), rel=1e-2 if cells == 75 else 1e-3)
    assert errors[0] < 4e-4
    assert errors[1] < 2e-5


def test_a_wedge_is_exact() -> None:
    z = np.tile(np.arange(10.0) + 0.5, (4, 1))  # plane beds by cells whose centres lie on them
    curve = storage_curve(Grid(z, 0, 4, 1, 1))
    for h in (1.0, 5.0, 10.0):
        assert curve.storage(h) == pytest.approx(4 * h * h / 2, rel=1e-12)
        assert curve.area(h) == 4 * h


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.floats(-3, 12), min_size=1, max_size=9))
def test_any_terrain_and_any_stages(seed: int, stages: list[float]) -> None:
    rng = np.random.default_rng(seed)
    z = np.round(rng.normal(4, 2, (17, 23)), 1)
    z[rng.random(z.shape) < 0.1] = np.nan
    at = np.sort(np.asarray([*stages, float(z[~np.isnan(z)][0])]))
    curve = storage_curve(Grid(z, 0, 17, 2, 1))
    wet = [np.nansum(z < h) * 2.0 for h in at]
    held = [np.nansum(np.maximum(h - z, 0)) * 2.0 for h in at]
    assert curve.area(at).tolist() == wet
    np.testing.assert_allclose(curve.storage(at), held, rtol=1e-12, atol=1e-11)
    deep = np.asarray(held) > 1e-6
    np.testing.assert_allclose(curve.level(np.asarray(held))[deep], at[deep], rtol=1e-12, atol=1e-12)
    fine = np.linspace(at[0], at[-1] + 1e-9, 4001)
    middle = (fine[1:] + fine[:-1]) / 2
    by_area = np.sum(curve.area(middle)) * (fine[1] - fine[0])  # V = ∫ A dh
    assert curve.storage(fine[-1]) - curve.storage(fine[0]) == pytest.approx(by_area, rel=5e-3, abs=1e-3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planner.water.curve.EXACT_CELLS", 0)  # a large terrain is counted in bins
        binned = storage_curve(Grid(z, 0, 17, 2, 1), levels=at)
    assert binned.resolution_m > 0
    assert binned.area(at).tolist() == wet
    np.testing.assert_allclose(binned.storage(at), held, atol=1e-9)


def joined_slowly(z: np.ndarray, seed: int, stage: float) -> np.ndarray:
    """Cells below a stage that are connected to the seed, by labelling."""
    label, _ = ndimage.label(np.nan_to_num(z, nan=np.inf) < stage, structure=EIGHT)
    return (label == label.ravel()[seed]) & (label > 0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_connected_water_at_every_stage_as_a_flood_for_each(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z = np.round(ndimage.gaussian_filter(rng.normal(0, 20, (40, 50)), 2), 2)
    z[rng.random(z.shape) < 0.02] = np.nan
    start = int(rng.choice(np.flatnonzero(np.isfinite(z.ravel()))))
    stages = np.unique(np.round(rng.uniform(np.nanmin(z), np.nanmax(z) + 0.5, 25), 2))
    x, y = start % 50 + 0.5, 40 - (start // 50 + 0.5)
    curve = storage_curve(Grid(z, 0, 40, 1, 1), seed=(x, y))
    everywhere = storage_curve(Grid(z, 0, 40, 1, 1))
    terrain = terrain_of(Grid(z, 0, 40, 1, 1))
    binned = reach(terrain, None, start, stages=stages, neighbours=8, width=0.25).knots
    for h in stages:
        body = joined_slowly(z, start, h)
        held = float(np.sum(h - z[body]))
        assert curve.area(h) == body.sum()
        assert curve.storage(h) == pytest.approx(held, abs=1e-9)
        assert area_at(binned, np.array([h]))[0] == body.sum()
        assert storage_at(binned, np.array([h]))[0] == pytest.approx(held, abs=1e-9)
        assert curve.storage(h) <= everywhere.storage(h) + 1e-9
        back = curve.level(curve.storage(h))
        assert curve.storage(back) == pytest.approx(curve.storage(h), abs=1e-9) or curve.storage(h) == 0


def test_storage_that_no_connected_level_has_is_given_the_spill() -> None:
    z = np.array([[9, 9, 9, 9, 9], [9, 1, 4, 1, 9], [9, 9, 9, 9, 9]], float)
    curve = storage_curve(Grid(z, 0, 3, 1, 1), seed=(1.5, 1.5))
    assert curve.storage(4.0) == 3.0
    assert curve.storage(4.0 + 1e-12) == pytest.approx(6.0)
    assert curve.level([3.0, 4.5, 6.0, 9.0]).tolist() == [4.0, 4.0, 4.0, 5.0]


class TestWithin:
    """Storage within polygons."""

    Z = np.array([[5, 5, 5, 5], [5, 1, 2, 5], [5, 3, 1, 5], [5, 5, 5, 5]], float)

    def test_shore_cells_count_by_their_covered_share(self) -> None:
        curve = storage_curve(grid(self.Z), shapely.box(1.5, 1.0, 3.0, 3.0))
        assert curve.area(4.0) == 0.5 + 1 + 0.5 + 1
        assert curve.storage(4.0) == 0.5 * 3 + 2 + 0.5 * 1 + 3

    def test_ground_two_polygons_share_counts_once(self) -> None:
        curve = storage_curve(grid(self.Z), [shapely.box(1, 1, 3, 3), shapely.box(1, 1, 2, 3)])
        assert curve.storage(4.0) == 3 + 2 + 1 + 3

    def test_ground_outside_the_terrain_is_reported(self) -> None:
        curve = storage_curve(grid(self.Z), shapely.box(-2, 1, 3, 3))
        assert curve.missing_m2 == 4.0
        assert "4.0 m² of 10.0 m²" in str(curve.notes[0])
        holed = self.Z.copy()
        holed[1, 1] = np.nan
        assert storage_curve(grid(holed), shapely.box(1, 1, 3, 3)).missing_m2 == 1.0
        assert storage_curve(grid(holed)).missing_m2 == 1.0

    def test_refusals(self) -> None:
        with pytest.raises(InvalidInput, match="meet no ground"):
            storage_curve(grid(self.Z), shapely.box(10, 10, 12, 12))
        with pytest.raises(InvalidInput, match="with an area"):
            storage_curve(grid(self.Z), shapely.Polygon())
        with pytest.raises(InvalidInput, match="with an area"):
            storage_curve(grid(self.Z), [shapely.Point(1, 1)])
        with pytest.raises(InvalidInput, match="every cell is missing"):
            storage_curve(grid(np.full((3, 3), np.nan)))
        with pytest.raises(InvalidInput, match="outside the terrain"):
            storage_curve(grid(self.Z), seed=(9.0, 9.0))
        with pytest.raises(InvalidInput, match="outside the polygons"):
            storage_curve(grid(self.Z), shapely.box(2, 1, 3, 3), seed=(0.5, 0.5))
        with pytest.raises(InvalidInput, match="finite numbers"):
            storage_curve(grid(self.Z), levels=[np.nan])
        with pytest.raises(InvalidInput, match="4 or 8"):
            storage_curve(grid(self.Z), neighbours=5)


class TestTable:
    """What `planner storage` prints."""

    Z = np.array([[9, 9, 9, 9, 9, 9], [9, 1, 4, 2, 7, 0], [9, 9, 9, 9, 9, 9]], float)
    DYKE = "what lies above the rim is held only behind a dyke"

    def test_levels_and_steps(self) -> None:
        table = storage_table(grid(self.Z, 10.0), levels=[3.0, 2.5], step=4.0)
        assert table.rows["level_m"].tolist() == [0.0, 2.5, 3.0, 4.0, 8.0, 12.0]
        assert table.rows["storage_m3"].tolist()[2] == (2 + 1 + 3) * 100.0

    def test_the_seeded_body_and_its_spill(self) -> None:
        table = storage_table(grid(self.Z, 10.0), seed=(15.0, 15.0), levels=[3.0, 5.0])
        assert table.spill_level_m == 7.0
        assert table.rows["storage_m3"].tolist() == [200.0, 800.0]
        told = json.loads(json.dumps(table.to_dict()))
        row = told["rows"][1]
        assert (row["level_m"], row["area_m2"], row["storage_m3"]) == (5.0, 300.0, 800.0)
        assert told["spill_level_m"] == 7.0
        assert table.to_csv().splitlines()[0] == "level_m,area_m2,storage_m3,spill_level_m,area_sd_m2,storage_sd_m3"
        assert table.to_csv().splitlines()[1].startswith("3.0,100.0,200.0,7.0,")

    def test_each_polygon_a_body_of_its_own(self) -> None:
        within = [shapely.box(10, 10, 20, 20), shapely.box(30, 10, 40, 20)]
        table = storage_table(grid(self.Z, 10.0), within=within, connected=True, levels=[3.0])
        assert table.rows["storage_m3"].tolist() == [300.0]
        assert [p["rows"][0]["storage_m3"] for p in table.to_dict()["polygons"]] == [200.0, 100.0]

    def test_levels_below_the_bed_and_above_the_rim_are_told(self) -> None:
        table = storage_table(grid(self.Z, 10.0), seed=(15.0, 15.0), levels=[0.5, 1.0, 6.0, 7.0, 8.25])
        assert table.rows["storage_m3"].tolist()[:2] == [0.0, 0.0]
        assert tuple(map(str, table.notes)) == (
            "no water at 0.50, 1.00 m: the bed lies at 1.00 m",
            "at 8.25 m the water leaves over the rim at 7.00 m, 1.25 m lower; " + self.DYKE,
        )
        assert [render(n, "zh") for n in table.notes] == [
            "0.50, 1.00米处无水：底高程为1.00米",
            "8.25米时水已从高程7.00米的溢出口流出（低1.25米）；溢出口以上的水量须筑堤才能存住",
        ]
        assert storage_table(grid(self.Z, 10.0), seed=(15.0, 15.0), levels=[3.0]).notes == ()
        stepped = storage_table(grid(self.Z, 10.0), seed=(15.0, 15.0), step=0.5).notes
        assert tuple(map(str, stepped)) == (
            "at 7.50 … 9.00 m the water leaves over the rim at 7.00 m, 2.00 m lower; " + self.DYKE,
        )
        bowl = storage_table(grid(0.05 * radius(20, 2.0), 2.0), levels=[2.5]).notes
        assert tuple(map(str, bowl)) == (
            "at 2.50 m the water stands at the edge of the data (from 2.00 m on); beyond it may hold more",
        )
        two = [shapely.box(10, 10, 20, 20), shapely.box(30, 10, 40, 20)]
        notes = storage_table(grid(self.Z, 10.0), within=two, connected=True, levels=[1.5]).notes
        assert tuple(map(str, notes)) == ("polygon 2: no water at 1.50 m: the bed lies at 2.00 m",)
        assert render(notes[0], "zh").startswith("第2个图斑：1.50米处无水")

    def test_default_stages_are_round_and_end_above_the_spill(self) -> None:
        rows = storage_table(grid(0.05 * radius(100, 2.0), 2.0)).rows
        assert 15 <= len(rows) <= 40
        assert np.allclose(np.diff(rows["level_m"]), 1.0)
        with pytest.raises(InvalidInput, match="take a larger one"):
            storage_table(grid(self.Z), step=1e-6)
        with pytest.raises(InvalidInput, match="positive"):
            storage_table(grid(self.Z), step=0.0)


def rough(rng: np.random.Generator, shape: tuple[int, int], cell: float, sd: float, reach: float) -> np.ndarray:
    """Errors of a terrain with the correlation exp(−d²/2·reach²)."""
    noise = ndimage.gaussian_filter(rng.normal(size=shape), reach / cell / np.sqrt(2), mode="wrap")
    return noise * sd * 2 * np.sqrt(np.pi) * reach / cell / np.sqrt(2)


class TestErrorBars:
    """Standard deviations beside drawn terrains (seeded), for any water and for connected water."""

    def test_a_bowl_against_a_thousand_drawn_terrains(self) -> None:
        rng = np.random.default_rng(11)
        bowl = 0.02 * radius(40, 5.0)
        curve = storage_curve(grid(bowl, 5.0))
        bar = curve.uncertainty(2.5, bias_sd_m=0.05, noise_sd_m=0.1, correlation_m=15.0, level_sd_m=0.04).iloc[0]
        drawn = []
        for _ in range(1000):
            level = 2.5 + rng.normal(0, 0.04) - rng.normal(0, 0.05)
            drawn.append(np.sum(np.maximum(level - bowl - rough(rng, bowl.shape, 5.0, 0.1, 15.0), 0)) * 25)
        assert bar["storage_m3"] == pytest.approx(np.mean(drawn), rel=0.02)
        assert bar["storage_sd_m3"] == pytest.approx(np.std(drawn), rel=0.1)

    def test_shifts_alone_are_the_slope_of_the_curve(self) -> None:
        bowl = 0.02 * radius(80, 2.5)
        curve = storage_curve(grid(bowl, 2.5))
        bar = curve.uncertainty([1.0, 2.5], bias_sd_m=0.03, noise_sd_m=0.0, level_sd_m=0.04)
        np.testing.assert_allclose(bar["storage_sd_m3"], curve.area([1.0, 2.5]) * 0.05, rtol=0.02)
        growth = 2 * np.pi * np.array([1.0, 2.5]) / 0.02**2  # of the cone's area, m² per m
        np.testing.assert_allclose(bar["area_sd_m2"], growth * 0.05, rtol=0.05)
        none = curve.uncertainty(2.5, bias_sd_m=0.0, noise_sd_m=0.0, level_sd_m=0.0)
        np.testing.assert_allclose(none[["area_sd_m2", "storage_sd_m3"]], 0.0, atol=1e-9)

    @pytest.mark.parametrize("level", [2.7, 2.95, 3.0, 3.1, 3.4])
    def test_connected_water_near_the_rim_to_its_neighbour(self, level: float) -> None:
        rng = np.random.default_rng(int(level * 100))
        ground = np.full((30, 61), 9.0)
        ground[2:28, 2:30], ground[2:28, 31:59] = 1.0, 1.5
        ground[14, 30] = 3.0  # the rim
        seed = (52.5, 147.5)
        errors = {"bias_sd_m": 0.05, "noise_sd_m": 0.1, "correlation_m": 12.0, "level_sd_m": 0.05}
        bar = storage_curve(grid(ground, 5.0), seed=seed).uncertainty(level, **errors).iloc[0]
        drawn = []
        for _ in range(300):
            z = ground + rng.normal(0, 0.05) + rough(rng, ground.shape, 5.0, 0.1, 12.0)
            curve = storage_curve(grid(z, 5.0), seed=seed)
            at = level + rng.normal(0, 0.05)
            drawn.append((float(curve.storage(at)), float(curve.area(at))))
        storage, area = np.std(drawn, axis=0)
        assert bar["storage_sd_m3"] == pytest.approx(storage, rel=0.15)
        assert bar["area_sd_m2"] == pytest.approx(area, rel=0.15, abs=400.0)

    def test_several_bodies_share_what_shifts_them(self) -> None:
        two = np.array([[9, 9, 9, 9, 9], [9, 1, 9, 1, 9], [9, 9, 9, 9, 9]], float)
        within = [shapely.box(1, 1, 2, 2), shapely.box(3, 1, 4, 2)]
        shift = Errors(bias_sd_m=0.1, noise_sd_m=0.0, level_sd_m=0.0)
        table = storage_table(grid(two), within=within, connected=True, levels=[3.0], errors=shift)
        assert table.rows["storage_sd_m3"].tolist() == pytest.approx([0.2])
        noise = Errors(bias_sd_m=0.0, noise_sd_m=0.1, level_sd_m=0.0)
        table = storage_table(grid(two), within=within, connected=True, levels=[3.0], errors=noise)
        assert table.rows["storage_sd_m3"].tolist() == pytest.approx([0.1 * np.sqrt(2)])
        assert table.to_dict()["errors"]["noise_sd_m"] == 0.1

    def test_what_is_no_standard_deviation_is_refused(self) -> None:
        for wrong in (-0.1, np.nan, np.inf):
            with pytest.raises(InvalidInput, match="bias_sd_m"):
                storage_curve(grid(np.eye(3))).uncertainty(1.0, bias_sd_m=wrong)


@pytest.fixture
def large(tmp_path):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    z = (ndimage.gaussian_filter(rng.normal(size=(700, 600)), 20) * 150 + 30).astype(np.float32)
    z[100:140, 200:300] = np.nan
    path = tmp_path / "large.tif"
    profile = {"driver": "GTiff", "width": 600, "height": 700, "count": 1, "dtype": "float32", "crs": "EPSG:4527"}
    place = Affine(5, 0, 39_500_000, 0, -5, 3_757_000)
    with rasterio.open(path, "w", transform=place, tiled=True, blockxsize=128, blockysize=128, **profile) as out:
        out.write(z, 1)
    return path, z


def test_a_file_read_in_bands_gives_what_memory_gives(large) -> None:  # type: ignore[no-untyped-def]
    path, _ = large
    stages = np.array([29.0, 30.123, 31.0])
    shape = shapely.Point(39_501_500, 3_755_200).buffer(900)
    in_memory = terrain_of(path)
    streamed = terrain_of(path, in_memory_cells=1000)
    assert streamed.values is None
    for within in (None, shape):
        whole = curve_over(in_memory, within, seed=None, connected=False, stages=stages, neighbours=8)
        bands = curve_over(streamed, within, seed=None, connected=False, stages=stages, neighbours=8)
        assert (whole.resolution_m, bands.resolution_m) == (0.0, FINEST_M)
        np.testing.assert_allclose(bands.storage(stages), whole.storage(stages), rtol=1e-12)
        np.testing.assert_allclose(bands.area(stages), whole.area(stages), rtol=1e-12)
        between = np.linspace(29, 31, 777)
        np.testing.assert_allclose(bands.storage(between), whole.storage(between), rtol=1e-6)
        assert bands.spill_level_m == whole.spill_level_m
        assert bands.edge_level_m == whole.edge_level_m
        assert bands.missing_m2 == pytest.approx(whole.missing_m2, rel=1e-9)
        assert (bands.bed_m, bands.top_m) == (whole.bed_m, whole.top_m)
    part = terrain_of(path, bounds=shape.bounds, in_memory_cells=200_000)
    assert part.values is not None
    assert part.values.size < 200_000
    clipped = curve_over(part, shape, seed=None, connected=True, stages=stages, neighbours=8)
    again = curve_over(in_memory, shape, seed=None, connected=True, stages=stages, neighbours=8)
    np.testing.assert_allclose(clipped.storage(stages), again.storage(stages), rtol=1e-12)
    assert clipped.spill_level_m == again.spill_level_m


@pytest.mark.parametrize("inside", [False, True])
def test_connected_water_over_a_file_in_bands(large, monkeypatch: pytest.MonkeyPatch, inside: bool) -> None:  # type: ignore[no-untyped-def]
    path, _ = large
    stages = np.array([29.0, 30.123, 31.0])
    within = shapely.Point(39_501_500, 3_755_200).buffer(900) if inside else None
    in_memory, streamed = terrain_of(path), terrain_of(path, in_memory_cells=1000)
    whole = curve_over(in_memory, within, seed=None, connected=True, stages=stages, neighbours=8)
    for cells in (1000, 300_000):
        monkeypatch.setattr(reach_room, "BAND_CELLS", cells)
        bands = curve_over(streamed, within, seed=None, connected=True, stages=stages, neighbours=8)
        np.testing.assert_allclose(bands.storage(stages), whole.storage(stages), rtol=1e-11)
        np.testing.assert_allclose(bands.area(stages), whole.area(stages), rtol=1e-11)
        assert bands.missing_m2 == pytest.approx(whole.missing_m2, rel=1e-9)
        assert (bands.bed_m, bands.top_m, bands.spill_level_m) == (whole.bed_m, whole.top_m, whole.spill_level_m)


def test_the_size_of_the_bands_does_not_matter(large) -> None:  # type: ignore[no-untyped-def]
    path, z = large
    terrain = terrain_of(path, in_memory_cells=1000)
    stages = np.linspace(28, 32, 50)
    entries = entries_of_width(0.25, float(np.nanmin(z)), float(np.nanmax(z)), stages, z.dtype)
    sums = [sum(count_cells(v, entries)[1] for _, v in terrain.bands(tile_cells=size)) for size in (600, 77_000, 10**9)]
    np.testing.assert_allclose(sums[0], sums[2], rtol=1e-12)
    np.testing.assert_allclose(sums[1], sums[2], rtol=1e-12)
    together = sum((v.size for _, v in terrain.bands(tile_cells=50_000)), 0)
    assert together == z.size


@pytest.mark.parametrize(
    ("layout", "most_cells"),
    [
        ({"blockysize": 1}, 1),  # a row at a time
        ({"blockysize": 7}, 5000),
        ({"tiled": True, "blockxsize": 16, "blockysize": 16}, 1),
        ({"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}, 1 << 22),
        ({"blockysize": 700}, 90_000),  # blocks too tall for a band
    ],
)
def test_a_curve_is_the_same_however_the_file_is_read(layout, most_cells, large, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    path, z = large
    other = tmp_path / "other.tif"
    with rasterio.open(path) as source:
        profile = {k: v for k, v in source.profile.items() if not k.startswith(("block", "tiled", "compress"))}
    with rasterio.open(other, "w", **{**profile, **layout}) as out:
        out.write(z, 1)
    monkeypatch.setattr("planner.read.tiled.TILE_CELLS", most_cells)
    monkeypatch.setattr("planner.read.tiled.MOST_CELLS", most_cells)
    streamed = terrain_of(other, in_memory_cells=1)
    assert streamed.values is None
    heights = {len(v) for _, v in streamed.bands()}
    assert max(heights) * 600 <= max(most_cells, 600)
    stages = np.array([29.0, 30.123, 31.0])
    for within in (None, shapely.Point(39_501_500, 3_755_200).buffer(900)):
        whole = curve_over(terrain_of(path), within, seed=None, connected=False, stages=stages, neighbours=8)
        bands = curve_over(streamed, within, seed=None, connected=False, stages=stages, neighbours=8)
        assert (bands.bed_m, bands.top_m, bands.spill_level_m) == (whole.bed_m, whole.top_m, whole.spill_level_m)
        assert bands.missing_m2 == pytest.approx(whole.missing_m2, rel=1e-9)
        np.testing.assert_allclose(bands.area(stages), whole.area(stages), rtol=1e-12)
        np.testing.assert_allclose(bands.storage(stages), whole.storage(stages), rtol=1e-12)
        edges = np.arange(28, 32, 2.0**-6)  # edges of bins: exact there too
        np.testing.assert_allclose(bands.area(edges), whole.area(edges), rtol=1e-12)
        np.testing.assert_allclose(bands.storage(edges), whole.storage(edges), rtol=1e-12, atol=1e-6)
        for curve in (whole, bands):  # V = ∫ A dh, exactly: between its knots the area of a curve does not change
            level, area = curve.knots.level, curve.knots.area
            by_area = np.concatenate(([0.0], np.cumsum(area[:-1] * np.diff(level))))
            np.testing.assert_allclose(curve.storage(level), by_area, rtol=1e-9, atol=1e-6)
        joined = curve_over(terrain_of(path), within, seed=None, connected=True, stages=stages, neighbours=8)
        fine = np.linspace(28, 32, 501)
        assert np.all(joined.storage(fine) <= whole.storage(fine) * (1 + 1e-12) + 1e-6)
        assert np.all(joined.area(fine) <= whole.area(fine) * (1 + 1e-12))


def test_a_large_file_is_put_together_in_windows(large, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    path, z = large
    monkeypatch.setattr("planner.water.ground.WHOLE_CELLS", 1000)
    terrain = terrain_of(path)
    assert terrain.values is not None
    assert terrain.values.dtype == np.float32
    np.testing.assert_array_equal(terrain.values, z)
    monkeypatch.setattr("planner.water.curve.EXACT_CELLS", 1000)
    stages = np.linspace(28.0, 31.0, 7)
    coarse = curve_over(terrain, None, seed=None, connected=True, stages=stages, neighbours=8)
    assert coarse.resolution_m == FINEST_M
    seed = int(np.nanargmin(z))
    for h in stages:
        body = joined_slowly(z, seed, h)
        assert coarse.area(h) == pytest.approx(25.0 * body.sum())
        assert coarse.storage(h) == pytest.approx(25.0 * np.sum(h - z[body].astype(float)), rel=1e-9)


class TestVerb:
    """`planner storage`."""

    @pytest.fixture
    def dem(self, tmp_path):  # type: ignore[no-untyped-def]
        path = tmp_path / "d.tif"
        z = TestTable.Z.astype(np.float32)
        place = Affine(10, 0, 39_500_000, 0, -10, 3_757_000)
        profile = {"driver": "GTiff", "width": 6, "height": 3, "count": 1, "dtype": "float32", "crs": "EPSG:4527"}
        with rasterio.open(path, "w", transform=place, **profile) as out:
            out.write(z, 1)
        return str(path)

    def test_error_bars_in_every_form(self, dem, capsys, monkeypatch) -> None:  # type: ignore[no-untyped-def]
        seed = ["--seed", "39500015,3756985", "--level", "3"]
        assert run(["storage", dem, *seed]) == 0
        head, row = capsys.readouterr().out.splitlines()
        told = dict(zip(head.split(","), map(float, row.split(",")), strict=True))
        assert (told["storage_m3"], told["spill_level_m"]) == (200.0, 7.0)
        assert told["storage_sd_m3"] == pytest.approx(100 * np.hypot(0.15, np.hypot(0.1, 0.1)), rel=0.05)
        quiet = ["--bias-sd", "0.3", "--noise-sd", "0", "--level-sd", "0", "--correlation", "10", "--json"]
        assert run(["storage", dem, *seed, *quiet]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["rows"][0]["storage_sd_m3"] == pytest.approx(30.0)
        assert document["errors"] == {"bias_sd_m": 0.3, "noise_sd_m": 0.0, "correlation_m": 10.0, "level_sd_m": 0.0}
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        for lang, word in (("en", "spills at 7.00 m"), ("zh", "溢流水位 7.00 米")):
            assert run(["storage", dem, *seed, "--lang", lang]) == 0
            shown = capsys.readouterr().out
            assert "±, m³" in shown or "±（立方米）" in shown
            assert word in shown

    def test_what_leaves_and_what_is_refused(self, dem, capsys) -> None:  # type: ignore[no-untyped-def]
        seed = ["--seed", "39500015,3756985"]
        assert run(["storage", dem, *seed, "--level", "8", "--level", "0"]) == 0
        err = capsys.readouterr().err
        assert "note: at 8.00 m the water leaves over the rim at 7.00 m, 1.00 m lower" in err
        assert "note: no water at 0.00 m: the bed lies at 1.00 m" in err
        assert run(["storage", dem, *seed, "--level", "8", "--lang", "zh"]) == 0
        assert "注：8.00米时水已从高程7.00米的溢出口流出" in capsys.readouterr().err
        assert run(["storage", dem, "--bias-sd", "-1"]) == 3
        assert "bias_sd_m = -1" in capsys.readouterr().err
        assert run(["storage", dem, "--lang", "de"]) == 2
