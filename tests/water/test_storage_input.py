"""What storage curves make of bad input: a right answer with a note, or a refusal that names the fix."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

from planner.cli.main import run
from planner.errors import CRSMismatch, InvalidInput
from planner.site import Grid
from planner.water import StorageCurve, storage_curve, storage_table
from planner.water.ground import terrain_of
from planner.words import render, say

PLACE = Affine(5, 0, 39_500_000, 0, -5, 3_757_000)
Z = np.array([[5, 5, 5, 5], [5, 1, 2, 5], [5, 3, 1, 5], [5, 5, 5, 5]], np.float32)
INNER = shapely.box(39_500_005, 3_756_985, 39_500_015, 3_756_995)
HELD = 25 * (3 + 2 + 1 + 3)  # m³ at 4 m
SEED = (39_500_007.0, 3_756_992.0)


def write(path: Path, values: np.ndarray = Z, *, place: Affine = PLACE, crs: str | None = "EPSG:4527", **options: Any) -> Path:
    named = options.pop("named", None)
    size = {"width": values.shape[1], "height": values.shape[0], "count": 1, "dtype": values.dtype}
    with rasterio.open(path, "w", driver="GTiff", transform=place, crs=crs, **size, **options) as out:
        out.write(values, 1)
        if named:
            out.set_band_description(1, named)
    return path


def grid(values: np.ndarray) -> Grid:
    return Grid(np.asarray(values, float), 39_500_000, 3_757_000, 5, 5)


@pytest.mark.parametrize("what", [np.nan, np.inf, -np.inf, 1e35, -3.4e38])
@pytest.mark.parametrize("kind", ["grid", "file"])
def test_what_is_no_elevation_is_missing_ground(what: float, kind: str, tmp_path: Path) -> None:
    z = Z.copy()
    z[1, 1] = what
    dem: Any = grid(z) if kind == "grid" else write(tmp_path / "a.tif", z)
    for water in ({}, {"connected": True}, {"seed": (39_500_012.0, 3_756_988.0)}):
        curve = storage_curve(dem, **water)
        assert (curve.bed_m, curve.top_m, curve.missing_m2) == (1.0, 5.0, 25.0)
        assert curve.storage(4.0) == HELD - 75
        assert curve.edge_level_m is not None
        assert "25.0 m² of 400.0 m² have no ground" in str(curve.notes[0])
    if isinstance(dem, Grid):
        np.testing.assert_array_equal(dem.values, z.astype(float))  # what was given is left as it is
    with pytest.raises(InvalidInput, match="outside the known ground"):
        storage_curve(dem, seed=SEED)


@pytest.mark.parametrize(
    ("dtype", "nodata"),
    [("int16", -32768), ("uint16", 65535), ("int32", -9999), ("uint8", 255), ("float64", -9999), ("int8", -128)],
)
def test_number_formats(dtype: str, nodata: int, tmp_path: Path) -> None:
    z = Z.astype(dtype)
    z[0, 0] = nodata
    for declared in (nodata, None) if dtype in ("int16", "int32", "float64") else (nodata,):
        path = write(tmp_path / f"{declared}.tif", z, nodata=declared)
        in_memory, streamed = storage_curve(path), terrain_of(path, in_memory_cells=0)
        assert in_memory.missing_m2 == 25.0
        assert in_memory.storage(4.0) == HELD
        assert sum(np.isnan(v).sum() for _, v in streamed.bands(tile_cells=4)) == 1


def test_missing_cells_told_by_a_mask(tmp_path: Path) -> None:
    path = tmp_path / "m.tif"
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        write(path)
        with rasterio.open(path, "r+") as out:
            out.write_mask(Z != 3)
    assert storage_curve(path).missing_m2 == 25.0
    assert np.isnan(next(terrain_of(path, in_memory_cells=0).bands())[1]).sum() == 1


def test_scale_offset_and_feet_streamed(tmp_path: Path) -> None:
    path = write(tmp_path / "s.tif", (Z * 10).astype(np.int16))
    with rasterio.open(path, "r+") as out:
        out.scales, out.offsets, out.units = (0.1,), (100.0,), ("ft",)
    whole, bands = terrain_of(path), terrain_of(path, in_memory_cells=0)
    assert whole.values is not None
    np.testing.assert_allclose(whole.values, (Z + 100) * 0.3048)
    np.testing.assert_array_equal(np.concatenate([v.copy() for _, v in bands.bands(tile_cells=4)]), whole.values)


class TestWhereItLies:
    """CRS, rotation, position."""

    def test_a_terrain_without_crs_is_taken_to_be_in_the_polygons(self, tmp_path: Path) -> None:
        path = write(tmp_path / "n.tif", crs=None)
        curve = storage_curve(path, gpd.GeoSeries([INNER], crs="EPSG:4527"))
        assert curve.storage(4.0) == HELD
        assert "names no CRS" in str(curve.notes[0])
        assert "未给出坐标系" in render(curve.notes[0], "zh")
        assert storage_curve(path, INNER).notes == (say("water.no_crs"),)
        assert storage_curve(path, INNER, crs="EPSG:4527").notes == ()
        far = gpd.GeoSeries([INNER], crs="EPSG:4527").to_crs("EPSG:4548")
        with pytest.raises(InvalidInput, match="check their CRS"):
            storage_curve(path, far)

    def test_polygons_in_another_crs_are_brought_over(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.tif")
        far = gpd.GeoDataFrame(geometry=[INNER], crs="EPSG:4527").to_crs("EPSG:4490")
        assert storage_curve(path, far).storage(4.0) == pytest.approx(HELD, rel=1e-6)
        with pytest.raises(CRSMismatch, match="cannot be brought"):
            storage_curve(path, gpd.GeoSeries([INNER], crs='LOCAL_CS["mine",UNIT["metre",1]]'))

    def test_no_position_and_degrees_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(CRSMismatch, match="neither a CRS nor a position"):
            storage_curve(write(tmp_path / "w.tif", place=Affine.identity(), crs=None))
        warped = storage_curve(write(tmp_path / "g.tif", place=Affine(0.001, 0, 116, 0, -0.001, 34), crs="EPSG:4490"))
        assert "does not keep areas; warped to EPSG:4527" in str(warped.notes[0]) or "warped to EPSG:45" in str(warped.notes[0])

    def test_south_up_and_rotated(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        south_up = write(tmp_path / "s.tif", Z[::-1], place=Affine(5, 0, 39_500_000, 0, 5, 3_756_980))
        for whole_cells in (1 << 24, 4):  # a large file is turned over as well
            monkeypatch.setattr("planner.water.ground.WHOLE_CELLS", whole_cells)
            curve = storage_curve(south_up, INNER)
            assert curve.storage(4.0) == HELD
            assert "turned north-up" in str(curve.notes[0])
        bowl = np.add.outer((np.arange(81) - 40.0) ** 2, (np.arange(81) - 40.0) ** 2).astype(np.float32) / 200
        askew = PLACE @ Affine.rotation(30)
        centre = shapely.Point(askew @ (40.5, 40.5)).buffer(120)
        curve = storage_curve(write(tmp_path / "r.tif", bowl, place=askew), centre)
        straight = storage_curve(write(tmp_path / "b.tif", bowl), shapely.Point(PLACE @ (40.5, 40.5)).buffer(120))
        assert curve.storage(2.0) == pytest.approx(straight.storage(2.0), rel=0.01)
        assert "rotated" in str(curve.notes[0])
        with pytest.raises(InvalidInput, match="to stream it"):
            terrain_of(tmp_path / "r.tif", in_memory_cells=10)

    def test_complex_numbers_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="complex"):
            storage_curve(write(tmp_path / "c.tif", Z.astype(np.complex64)))


class TestVerticalSense:
    """Depths where elevations are expected."""

    def told(self, curve: StorageCurve) -> str:
        return " ".join(map(str, curve.notes))

    def test_an_axis_that_points_down_is_turned(self, tmp_path: Path) -> None:
        curve = storage_curve(write(tmp_path / "d.tif", crs="EPSG:4527+5715"))
        assert (curve.bed_m, curve.top_m) == (-5.0, -1.0)
        assert "points down" in self.told(curve)

    def test_a_name_that_says_depth_is_told(self, tmp_path: Path) -> None:
        for path in (
            write(tmp_path / "a.tif", named="Subsidence_m"),
            write(tmp_path / "water_depth.tif"),
            write(tmp_path / "下沉.tif"),
        ):
            curve = storage_curve(path)
            assert "elevations, upward, are expected" in self.told(curve)
            assert "应为向上的高程" in " ".join(render(n, "zh") for n in curve.notes)
        assert not storage_curve(write(tmp_path / "dem.tif", named="height")).notes

    @pytest.mark.parametrize("streamed", [False, True])
    def test_ground_that_is_mostly_zero_is_told(self, streamed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        if streamed:
            monkeypatch.setattr("planner.water.ground.IN_MEMORY_CELLS", 4)
            monkeypatch.setattr("planner.water.curve.EXACT_CELLS", 4)
        curve = storage_curve(write(tmp_path / "z.tif", np.where(Z == 5, 0, Z)))
        assert "75% of the ground lies at exactly 0 m" in self.told(curve)
        assert "恰为0米" in " ".join(render(n, "zh") for n in curve.notes)
        for fine in (Z, Z - 5, np.zeros_like(Z)):  # nothing at 0, most at 0 but the rest below it, all at 0
            assert not storage_curve(grid(fine)).notes


class TestPolygons:
    """Polygons that are empty, broken, half outside, or no polygons."""

    def test_half_outside(self, tmp_path: Path) -> None:
        curve = storage_curve(write(tmp_path / "a.tif"), shapely.box(39_499_990, 3_756_985, 39_500_010, 3_756_995))
        assert curve.missing_m2 == 100.0
        assert curve.storage(4.0) == 25 * (3 + 1)
        assert "100.0 m² of 200.0 m² have no ground" in str(curve.notes[0])

    @pytest.mark.parametrize(
        "within",
        [[], [None], shapely.Polygon(), [shapely.Polygon()], shapely.LineString([(0, 0), (1, 1)]), shapely.Point(1, 1),
         shapely.Polygon([(0, 0), (1, np.nan), (2, 2)]), gpd.GeoSeries([], crs="EPSG:4527")],
    )  # fmt: skip
    @pytest.mark.filterwarnings("ignore:invalid value")
    def test_without_an_area(self, within: Any) -> None:
        with pytest.raises(InvalidInput, match="polygons with an area are expected"):
            storage_curve(grid(Z), within)

    def test_no_geometry_at_all(self) -> None:
        for within in ("parcels.gpkg", [3.0]):
            with pytest.raises(InvalidInput, match="polygons are expected"):
                storage_curve(grid(Z), within)

    def test_an_outline_that_crosses_itself_is_repaired(self) -> None:
        west, south = 39_500_000, 3_756_980
        bow_tie = shapely.Polygon([(west, south), (west + 20, south + 20), (west + 20, south), (west, south + 20)])
        assert storage_curve(grid(np.full((4, 4), 1.0)), bow_tie).area(2.0) == pytest.approx(200.0)

    def test_a_million_vertices(self) -> None:
        turn = np.linspace(0, 2 * np.pi, 1_000_001)[:-1]
        reach = 900 + 40 * np.sin(7 * turn)
        star = shapely.Polygon(np.column_stack((reach * np.cos(turn), reach * np.sin(turn))))
        at = (np.arange(400) - 199.5) * 5.0
        bowl = Grid(np.add.outer(at**2, at**2) / 1e5, -1000.0, 1000.0, 5.0, 5.0)
        curve = storage_curve(bowl, star)
        assert curve.area(50.0) == pytest.approx(star.area, rel=1e-9)
        assert curve.storage(1.0) == pytest.approx(np.pi * 1e5 / 2, rel=1e-3)  # a paraboloid, whole within the star


def test_seeds_and_levels_that_are_none() -> None:
    for seed in ((np.nan, 1.0), (np.inf, 1.0)):
        with pytest.raises(InvalidInput, match="two finite numbers"):
            storage_curve(grid(Z), seed=seed)
    for wrong in ([np.inf], [np.nan], [1.0, -np.inf]):
        with pytest.raises(InvalidInput, match="finite numbers"):
            storage_table(grid(Z), levels=wrong)


def test_levels_outside_the_ground() -> None:
    curve = storage_curve(grid(Z), seed=SEED)
    assert curve.storage([-1e9, 0.0, 1.0]).tolist() == [0.0, 0.0, 0.0]
    assert curve.storage(1e6) == pytest.approx(400 * 1e6 - 25 * float(Z.sum()))
    assert curve.area([1e6, np.inf]).tolist() == [400.0, 400.0]
    assert curve.level(curve.storage(1e6)) == pytest.approx(1e6)
    assert (curve.spill_level_m, curve.storage(5.0)) == (5.0, 25 * (4 + 3 + 2 + 4))


def test_polygons_without_a_crs_at_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "d.tif")
    gpd.GeoSeries([INNER]).to_file(tmp_path / "p.shp")
    words = ["storage", str(tmp_path / "d.tif"), "--within", str(tmp_path / "p.shp"), "--level", "4"]
    assert run(words) == 3
    assert "--crs" in capsys.readouterr().err
    assert run([*words, "--crs", "EPSG:4527"]) == 0
    assert f"4.0,100.0,{HELD:.1f}" in capsys.readouterr().out


def test_corners_notes_and_inputs_at_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    z = np.full((5, 5), 9.0, dtype=np.float32)
    z[1, 1], z[2, 2] = 1.0, 2.0
    dem = write(tmp_path / "d.tif", z, crs=None)
    words = ["storage", str(dem), "--connected", "--level", "8"]
    for neighbours, held in (("8", 25 * 13.0), ("4", 25 * 7.0)):
        assert run([*words, "--neighbours", neighbours, "--crs", "EPSG:4527"]) == 0
        told = capsys.readouterr()
        assert float(told.out.splitlines()[1].split(",")[2]) == held
        assert "CRS" not in told.err
    assert run([*words, "--lang", "zh"]) == 0
    assert "注：地形文件未给出坐标系；坐标按米处理" in capsys.readouterr().err
    polygons = tmp_path / "p.gpkg"
    gpd.GeoSeries([INNER], crs="EPSG:4527").to_file(polygons)
    before = polygons.read_bytes()
    assert run([*words, "--within", str(polygons), "-o", str(polygons), "--overwrite"]) == 2
    assert polygons.read_bytes() == before


def test_rows_are_shown_on_a_terminal_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "d.tif")
    for verb in ("storage", "hollows"):
        assert run([verb, str(tmp_path / "d.tif")]) == 0
        assert "reading" not in capsys.readouterr().err
        with monkeypatch.context() as terminal:
            terminal.setattr("sys.stderr.isatty", lambda: True)
            for words, shown in ((["--lang", "zh"], "读取地形"), ([], "reading the terrain"), (["-q"], None)):
                assert run([verb, str(tmp_path / "d.tif"), *words]) == 0
                told = capsys.readouterr().err
                assert shown in told if shown is not None else told == ""
