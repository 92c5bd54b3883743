"""The hollows of a terrain file: the table, what is kept beside it, the filled terrain, files in bands, and the verb."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

import planner as pl
from planner.cli.main import run
from planner.errors import InvalidInput, OutputExists
from planner.site import Grid
from planner.water import depressions as home
from planner.water import fill, ground, hollows, reach
from planner.water.ground import terrain_of
from planner.words import say

EVERY = {"min_volume_m3": 0.0, "min_depth_m": 0.0}


def write(path: Path, values: np.ndarray, **more: object) -> Path:
    profile = {"width": values.shape[1], "height": values.shape[0], "count": 1, "dtype": "float32", "crs": "EPSG:4527", **more}
    profile = {"transform": Affine(2, 0, 39_500_000, 0, -2, 3_757_000), **profile}
    with rasterio.open(path, "w", driver="GTiff", **profile) as out:
        for band in out.indexes:
            out.write(values.astype(str(profile["dtype"])), band)
    return path


def bowl() -> np.ndarray:
    z = np.full((9, 9), 9.0)
    z[2:7, 2:7] = 5.0
    z[3, 3], z[5, 5] = 1.0, 2.0
    return z


def test_the_table_by_hand(tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", bowl())
    table = pl.hollows(path, **EVERY)
    assert table.index.tolist() == [1, 2, 3]
    assert table["volume_m3"].tolist() == [(23 * 4 + 8 + 7) * 4.0, 16.0, 12.0]
    assert table["area_m2"].tolist() == [100.0, 4.0, 4.0]
    assert table["depth_m"].tolist() == [8.0, 4.0, 3.0]
    assert table["parent"].tolist() == [0, 1, 1]
    assert table.loc[2, ["pit_x", "pit_y", "pit_level_m", "spill_level_m"]].tolist() == [39_500_007.0, 3_756_993.0, 1.0, 5.0]
    assert hollows(path, min_volume_m3=14.0, min_depth_m=0.0).volume_m3.tolist() == [428.0]  # the smaller is part of the larger
    assert hollows(path, min_volume_m3=1000.0).empty
    assert hollows(Grid(bowl(), 0, 18, 2, 2), **EVERY)["volume_m3"].tolist() == table["volume_m3"].tolist()


def test_what_was_found_is_kept_and_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "dem.tif", bowl())
    first = hollows(path, **EVERY)
    assert (tmp_path / "dem.tif.hollows.npz").exists()
    monkeypatch.setattr(home, "merge_tree", lambda *_, **__: pytest.fail("found anew"))
    assert hollows(path, **EVERY).equals(first)
    assert len(hollows(path, min_volume_m3=14.0, min_depth_m=0.0)) == 1  # other limits, the same tree
    monkeypatch.setattr(home, "FORM", "1")
    with pytest.raises(pytest.fail.Exception, match="found anew"):  # what an earlier version kept is not used
        hollows(path, **EVERY)


def test_another_terrain_or_a_spoilt_file_is_not_used(tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", bowl())
    before = hollows(path, **EVERY).volume_m3.tolist()
    kept = tmp_path / "dem.tif.hollows.npz"
    write(path, bowl() * 2)
    twice = [2 * v for v in before]
    assert hollows(path, **EVERY).volume_m3.tolist() == twice
    for spoil in (kept.read_bytes()[:200], b"not an archive"):
        kept.write_bytes(spoil)
        assert hollows(path, **EVERY).volume_m3.tolist() == twice
    assert hollows(path, keep=tmp_path / "none" / "tree.npz", **EVERY).volume_m3.tolist() == twice


def test_a_mosaic_is_known_by_its_tiles(tmp_path: Path) -> None:
    write(tmp_path / "tile.tif", bowl())
    mosaic = tmp_path / "mosaic.vrt"
    mosaic.write_text(
        '<VRTDataset rasterXSize="9" rasterYSize="9"><SRS>EPSG:4527</SRS><GeoTransform>39500000,2,0,3757000,0,-2</GeoTransform>'
        '<VRTRasterBand dataType="Float32" band="1"><SimpleSource><SourceFilename relativeToVRT="1">tile.tif</SourceFilename>'
        "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    before = hollows(mosaic, **EVERY).volume_m3.tolist()
    write(tmp_path / "tile.tif", bowl() * 3)
    assert hollows(mosaic, **EVERY).volume_m3.tolist() == [3 * v for v in before]


def test_whether_corners_let_water_through(tmp_path: Path) -> None:
    z = np.full((5, 5), 9.0)
    z[1, 1], z[2, 2] = 1.0, 2.0
    path = write(tmp_path / "dem.tif", z)
    assert hollows(path, neighbours=8, **EVERY).volume_m3.tolist() == [(8 + 7) * 4.0]
    assert hollows(path, neighbours=4, **EVERY).volume_m3.tolist() == [32.0, 28.0]


@pytest.fixture
def rough(tmp_path: Path) -> tuple[Path, np.ndarray]:
    rng = np.random.default_rng(5)
    y, x = np.mgrid[-1:1:300j, -1:1:260j]
    z = 30 + 4 * np.hypot(x, y) + np.sin(17 * x) * np.cos(15 * y) + rng.normal(0, 0.05, x.shape)
    z[40:50, 200:230] = np.nan
    return write(tmp_path / "rough.tif", z, nodata=float("nan"), tiled=True, blockxsize=64, blockysize=64), z.astype(np.float32)


def test_a_file_in_bands_has_the_hollows_of_the_whole(
    rough: tuple[Path, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, z = rough
    limits = {"min_volume_m3": 200.0, "min_depth_m": 0.2}
    whole = hollows(path, keep=tmp_path / "whole.npz", **limits)
    assert len(whole) > 20
    assert whole["parent"].max() > 0
    told = fill(path, tmp_path / "whole.tif")
    opened = ground.terrain_of
    monkeypatch.setattr(ground, "terrain_of", lambda dem, **more: opened(dem, **{**more, "in_memory_cells": 1000}))
    for cells in (3_000, 20_000):
        monkeypatch.setattr(reach, "BAND_CELLS", cells)
        parts = hollows(path, keep=tmp_path / f"{cells}.npz", **limits)
        np.testing.assert_allclose(parts.to_numpy(), whole.to_numpy(), rtol=1e-12)
        assert hollows(path, keep=tmp_path / f"{cells}.npz", **limits).equals(parts)
        assert fill(path, tmp_path / f"{cells}.tif") == pytest.approx(told, rel=1e-12)
        with rasterio.open(tmp_path / "whole.tif") as one, rasterio.open(tmp_path / f"{cells}.tif") as other:
            np.testing.assert_array_equal(other.read(1), one.read(1))
            assert (one.crs, one.transform, one.shape) == (other.crs, other.transform, z.shape)


def test_the_filled_terrain_holds_what_the_hollows_hold(rough: tuple[Path, np.ndarray], tmp_path: Path) -> None:
    path, z = rough
    told = fill(path, tmp_path / "full.tif")
    table = hollows(path, **EVERY)
    outer = table[table.parent == 0]
    assert told["volume_m3"] == pytest.approx(outer.volume_m3.sum(), rel=1e-9)
    assert told["area_m2"] == pytest.approx(outer.area_m2.sum(), rel=1e-12)
    with rasterio.open(tmp_path / "full.tif") as out:
        full = out.read(1)
    np.testing.assert_array_equal(np.isnan(full), np.isnan(z))
    assert np.nanmax(full - z) == pytest.approx(told["depth_m"])
    assert fill(tmp_path / "full.tif", tmp_path / "again.tif")["volume_m3"] == 0.0
    with pytest.raises(OutputExists):
        fill(path, tmp_path / "full.tif")


def test_whole_numbers_and_declared_no_data(tmp_path: Path) -> None:
    z = np.full((6, 6), 9)
    z[1:5, 1:5] = 4
    z[2, 2] = -9999
    path = write(tmp_path / "int.tif", z, dtype="int16", nodata=-9999)
    assert hollows(path, **EVERY).empty  # the hole takes the water
    z[2, 2] = 1
    assert hollows(write(tmp_path / "int2.tif", z, dtype="int16", nodata=-9999), **EVERY).volume_m3.tolist() == [
        4 * (15 * 5 + 8)
    ]


def test_refusals_and_ground_without_hollows(tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", bowl())
    with pytest.raises(InvalidInput, match="4 or 8"):
        hollows(path, neighbours=5)
    with pytest.raises(InvalidInput, match="min_depth_m = -1"):
        hollows(path, min_depth_m=-1)
    with pytest.raises(InvalidInput, match="min_volume_m3 = nan"):
        hollows(path, min_volume_m3=float("nan"))
    with pytest.raises(InvalidInput, match="no such file"):
        hollows(tmp_path / "none.tif")
    assert hollows(write(tmp_path / "flat.tif", np.full((5, 5), 3.0)), **EVERY).empty
    assert hollows(write(tmp_path / "nothing.tif", np.full((5, 5), np.nan)), **EVERY).empty


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "dem.tif", bowl())
    limits = ["--min-volume", "0", "--min-depth", "0"]
    assert run(["hollows", str(path), *limits]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("hollow,pit_x,pit_y,pit_level_m,spill_x")
    assert len(lines) == 4
    full, csv = tmp_path / "full.tif", tmp_path / "hollows.csv"
    assert run(["hollows", str(path), *limits, "--filled", str(full), "-o", str(csv), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["filled"]["volume_m3"] == document["hollows"][0]["volume_m3"] == 428.0
    assert csv.read_text().count("\n") == 4
    assert run(["hollows", str(path), "--filled", str(full)]) != 0  # nothing is written over
    capsys.readouterr()
    assert run(["hollows", str(path), "--min-depth", "-2"]) == 3
    assert "min_depth_m = -2" in capsys.readouterr().err


def test_nothing_is_written_over_what_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "dem.tif", bowl())
    inner = '<SimpleSource><SourceFilename relativeToVRT="1">{}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>'
    mosaic = (
        '<VRTDataset rasterXSize="9" rasterYSize="9"><SRS>EPSG:4527</SRS><GeoTransform>39500000,2,0,3757000,0,-2</GeoTransform>'
        f'<VRTRasterBand dataType="Float32" band="1">{inner}</VRTRasterBand></VRTDataset>'
    )
    (tmp_path / "one.vrt").write_text(mosaic.format("dem.tif"))
    (tmp_path / "two.vrt").write_text(mosaic.format("one.vrt"))
    (tmp_path / "link.tif").symlink_to(path)
    with zipfile.ZipFile(tmp_path / "dem.zip", "w") as archive:
        archive.write(path, "dem.tif")
    before = path.read_bytes(), (tmp_path / "dem.zip").read_bytes()
    for dem in ("dem.tif", "link.tif", "one.vrt", "two.vrt"):
        for place in ("dem.tif", "link.tif"):
            with pytest.raises(InvalidInput, match="read from this file"):
                fill(tmp_path / dem, tmp_path / place, overwrite=True)
        with pytest.raises(InvalidInput, match="read from this file"):
            hollows(tmp_path / dem, keep=path)
        for words in (["hollows", str(tmp_path / dem), "-o", str(path)], ["storage", str(tmp_path / dem), "-o", str(path)]):
            assert run([*words, "--overwrite"]) == 2
            assert "the input is read from this file" in capsys.readouterr().err
    inside = f"/vsizip/{tmp_path}/dem.zip/dem.tif"
    assert len(hollows(inside, **EVERY)) == 3
    assert run(["hollows", inside, "-o", str(tmp_path / "dem.zip"), "--overwrite"]) == 2
    assert (path.read_bytes(), (tmp_path / "dem.zip").read_bytes()) == before
    before_tile = hollows(tmp_path / "two.vrt", **EVERY).volume_m3.tolist()
    write(path, bowl() * 2)  # the tile of a mosaic's mosaic
    assert hollows(tmp_path / "two.vrt", **EVERY).volume_m3.tolist() == [2 * v for v in before_tile]


def test_what_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "dem.tif", bowl())
    (tmp_path / "there.csv").write_text("mine")
    (tmp_path / "there.tif").write_text("mine")
    monkeypatch.setattr(home, "merge_tree", lambda *_, **__: pytest.fail("worked for nothing"))
    for words, why in (
        (["-o", "there.csv"], "exists"),
        (["-o", "new.csv", "--filled", "there.tif"], "exists"),
        (["--filled", "full.gpkg"], "name it .tif"),
        (["-o", "one.tif", "--filled", "one.tif"], "two files"),
    ):
        assert run(["hollows", str(path), *(str(tmp_path / w) if "." in w else w for w in words)]) != 0
        assert why in capsys.readouterr().err
    assert run(["storage", str(path), "-o", str(tmp_path / "there.csv")]) == 1
    assert not (tmp_path / "new.csv").exists()
    assert (tmp_path / "there.csv").read_text() == (tmp_path / "there.tif").read_text() == "mine"


def test_what_had_to_be_decided_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = write(tmp_path / "dem.tif", bowl())
    assert hollows(plain).attrs["notes"] == ()
    with rasterio.open(plain, "r+") as out:
        out.units = ("ft",)
    assert hollows(plain, **EVERY).attrs["notes"] == (say("read.times", unit="ft", factor=0.3048),)
    nowhere = write(tmp_path / "nowhere.tif", bowl(), crs=None)
    assert "names no CRS" in str(hollows(nowhere).attrs["notes"][0])
    assert hollows(nowhere, crs="EPSG:4527").attrs["notes"] == ()
    fill(nowhere, tmp_path / "full.tif", crs="EPSG:4527")
    with rasterio.open(tmp_path / "full.tif") as out:
        assert out.crs.to_epsg() == 4527
    assert "2 bands; band 1 is read" in str(hollows(write(tmp_path / "two.tif", bowl(), count=2)).attrs["notes"][0])
    depth = write(tmp_path / "水深.tif", bowl())
    assert "'水深'" in str(hollows(depth).attrs["notes"][0])
    assert hollows(write(tmp_path / "n.tif", np.full((4, 4), np.nan))).attrs["notes"] == (say("water.no_ground"),)
    assert run(["hollows", str(depth), "--lang", "zh"]) == 0
    assert "注：地形数据名为“水深”" in capsys.readouterr().err
    assert run(["hollows", str(nowhere), "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["notes"] == ["the terrain names no CRS; its coordinates are taken to be metres"]
    assert run(["hollows", str(nowhere), "--crs", "EPSG:4527"]) == 0
    assert capsys.readouterr().err == ""


def test_notes_of_large_files_are_told_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "dem.tif", bowl())
    with rasterio.open(path, "r+") as out:
        out.units = ("ft",)
    monkeypatch.setattr(ground, "WHOLE_CELLS", 4)
    assert hollows(path, **EVERY).attrs["notes"] == (say("read.times", unit="ft", factor=0.3048),)
    assert terrain_of(path, in_memory_cells=4).notes == (say("read.times", unit="ft", factor=0.3048),)


def test_cells_that_are_not_metres_are_warped_or_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    degrees = Affine(0.0003, 0, 117.2, 0, -0.0003, 34.3)
    unknown = write(tmp_path / "unknown.tif", bowl(), crs=None, transform=degrees)
    known = write(tmp_path / "known.tif", bowl(), crs="EPSG:4490", transform=degrees)
    for verb in ("hollows", "storage"):
        assert run([verb, str(unknown)]) == 3
        told = capsys.readouterr().err
        assert "look like degrees" in told
        assert "-t_srs EPSG:4527 " in told  # the zone of 117° E
        assert run([verb, str(known)]) == 0
        assert "China Geodetic Coordinate System 2000 does not keep areas; warped to EPSG:4527" in capsys.readouterr().err
    assert run(["hollows", str(unknown), "--crs", "EPSG:4490"]) == 3
    capsys.readouterr()
    feet = hollows(write(tmp_path / "feet.tif", bowl(), crs="EPSG:2263"))
    assert "NAD83 / New York Long Island (ftUS) does not keep areas" in str(feet.attrs["notes"][0])
    with pytest.raises(InvalidInput, match="is no CRS"):
        hollows(write(tmp_path / "n.tif", bowl(), crs=None), crs="nonsense")


def test_more_hollows_than_may_be_kept_are_refused(rough: tuple[Path, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = rough
    monkeypatch.setattr(reach, "BAND_CELLS", 20_000)
    some = len(hollows(path, **EVERY))
    assert some > 2000
    for most in (some * 2, some // 2):
        monkeypatch.setattr(home, "MOST_HOLLOWS", most)
        path.with_name(path.name + home.SUFFIX).unlink()
        if most > some:
            assert len(hollows(path, **EVERY)) == some
        else:
            with pytest.raises(InvalidInput, match=r"more than [\d,]+ hollows .* of 300; raise min_volume_m3"):
                hollows(path, **EVERY)
            assert len(hollows(path)) < 300


def test_a_large_terrain_of_doubles_is_filled_in_double_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    z = bowl() + 4000 + 1e-6 * np.arange(81).reshape(9, 9)
    path = write(tmp_path / "dem.tif", z, dtype="float64")
    opened = ground.terrain_of
    fill(path, tmp_path / "whole.tif")
    monkeypatch.setattr(ground, "terrain_of", lambda dem, **more: opened(dem, **{**more, "in_memory_cells": 10}))
    monkeypatch.setattr(reach, "BAND_CELLS", 20)
    fill(path, tmp_path / "bands.tif")
    with rasterio.open(tmp_path / "whole.tif") as one, rasterio.open(tmp_path / "bands.tif") as other:
        np.testing.assert_array_equal(one.read(1), other.read(1))


def test_rows_read_are_told(rough: tuple[Path, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, z = rough
    monkeypatch.setattr(reach, "BAND_CELLS", 20_000)
    told: list[tuple[int, int]] = []
    hollows(path, progress=lambda done, rows: told.append((done, rows)))
    fill(path, tmp_path / "full.tif", progress=lambda done, rows: told.append((done, rows)))
    assert {rows for _, rows in told} == {len(z)}
    assert sum(done == len(z) for done, _ in told) == 4  # twice each


def test_a_person_gets_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "dem.tif", bowl())
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for lang, head in (("en", "Part of"), ("zh", "属于")):
        assert run(["hollows", str(path), "--min-volume", "0", "--min-depth", "0", "--lang", lang]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert head in lines[0]
        assert lines[2].split() == ["1", "39500007.0", "3756993.0", "1.00", "9.00", "8.00", "100", "428"]
        assert lines[3].split()[-1] == "1"


def test_a_filled_terrain_is_as_small_however_it_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "wide.tif", np.random.default_rng(0).normal(30, 1, (96, 3000)))
    monkeypatch.setattr(home, "BLOCK", 32)
    sizes, told = [], []
    for rows in (96, 20, 45):
        monkeypatch.setattr(reach, "BAND_CELLS", rows * 3000)
        full = tmp_path / f"{rows}.tif"
        with rasterio.Env(GDAL_CACHEMAX=100_000):  # bytes: no block can wait there for its other rows
            fill(path, full)
        sizes.append(full.stat().st_size)
        with rasterio.open(full) as out:
            told.append(out.read(1))
    assert max(sizes) == min(sizes)
    np.testing.assert_array_equal(told[1], told[0])
    np.testing.assert_array_equal(told[2], told[0])
