"""Rasters as they come: positions, missing cells, number formats, rotations, windows; and what is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
from rasterio.transform import Affine

from planner.errors import CRSMismatch, InvalidInput
from planner.read.meaning import ELEVATION
from planner.read.rasters import raster_info, read_grid, read_onto, read_raster
from planner.read.tiled import open_tiled
from planner.site import Grid
from planner.words import render

PLACE = Affine(5, 0, 39_500_000, 0, -5, 3_757_000)
VALUES = np.arange(12, dtype=np.float32).reshape(3, 4) + 20


def write(
    path: Path, values: np.ndarray = VALUES, *, place: Affine = PLACE, crs: str | None = "EPSG:4527", **profile: Any
) -> Path:
    """Writes a raster of one band."""
    scale = profile.pop("scale", None)
    unit = profile.pop("unit", None)
    bands = values if values.ndim == 3 else values[None]
    size = {"width": bands.shape[2], "height": bands.shape[1], "count": len(bands), "dtype": bands.dtype}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=place, **size, **profile) as out:
        out.write(bands)
        if scale:
            out.scales, out.offsets = (scale[0],), (scale[1],)
        if unit:
            out.units = (unit,)
    return path


def test_a_plain_raster(tmp_path: Path) -> None:
    found = read_raster(write(tmp_path / "a.tif"))
    grid = found.grid
    assert grid.values.tolist() == VALUES.tolist()
    assert grid.values.dtype == np.float64
    assert grid.transform == tuple(PLACE)[:6]
    assert found.crs is not None
    assert found.crs.to_epsg() == 4527
    assert found.notes == ()
    info = raster_info(tmp_path / "a.tif")
    assert (info.rows, info.cols, info.cell_x, info.cell_y, info.rotated) == (3, 4, 5.0, 5.0, False)
    assert info.bounds == (39_500_000, 3_756_985, 39_500_020, 3_757_000)


def test_everything_that_means_missing(tmp_path: Path) -> None:
    odd = VALUES.copy()
    odd[0] = [np.nan, np.inf, -np.inf, -9999]
    odd[1, 0] = -3.4e38
    found = read_raster(write(tmp_path / "a.tif", odd, nodata=25.0))
    assert np.isnan(found.grid.values).sum() == 5  # −9999 stands where another number is declared
    assert found.grid.values[0, 3] == -9999
    assert np.isnan(found.grid.values[1, 1])
    undeclared = read_raster(write(tmp_path / "b.tif", odd))
    assert np.isnan(undeclared.grid.values).sum() == 5
    assert "without a declared no-data value" in str(undeclared.notes[0])


def test_integers_scale_offset_and_feet(tmp_path: Path) -> None:
    whole = (VALUES * 10).astype(np.int16)
    whole[0, 0] = -32768
    found = read_grid(write(tmp_path / "i.tif", whole, scale=(0.1, 100.0)))
    assert np.isnan(found.values[0, 0])
    np.testing.assert_allclose(found.values.ravel()[1:], VALUES.ravel()[1:] + 100)
    feet = read_raster(write(tmp_path / "f.tif", unit="ft"))
    np.testing.assert_allclose(feet.grid.values, VALUES * 0.3048)
    assert "0.3048" in str(feet.notes[0])
    assert read_grid(write(tmp_path / "u.tif", VALUES.astype(np.uint8))).values.tolist() == VALUES.tolist()


def test_depths_become_elevations(tmp_path: Path) -> None:
    found = read_raster(write(tmp_path / "d.tif", crs="EPSG:4527+5715"))  # mean sea level depth
    assert found.grid.values.tolist() == (-VALUES).tolist()
    assert "points down" in " ".join(map(str, found.notes))
    again = read_raster(tmp_path / "d.tif", crs="EPSG:4527")
    assert again.grid.values.tolist() == (-VALUES).tolist()
    feet = read_raster(write(tmp_path / "h.tif", crs="EPSG:4527+5702"))  # heights in US survey feet
    np.testing.assert_allclose(feet.grid.values, VALUES * 1200 / 3937)


def test_turned_over_and_rotated(tmp_path: Path) -> None:
    south_up = read_raster(write(tmp_path / "s.tif", place=Affine(5, 0, 39_500_000, 0, 5, 3_756_985)))
    assert south_up.grid.values.tolist() == VALUES[::-1].tolist()
    assert south_up.grid.transform == tuple(PLACE)[:6]
    assert tuple(map(str, south_up.notes)) == ("s.tif: turned north-up",)
    plane = np.add.outer(np.arange(60) * -0.5, np.arange(80) * 1.0)
    turned = PLACE * Affine.rotation(20)
    found = read_raster(write(tmp_path / "r.tif", plane, place=turned))
    assert "rotated" in str(found.notes[0])
    x, y = np.meshgrid(*found.grid.centres())
    col, row = ~turned * (x, y)
    known = np.isfinite(found.grid.values)
    assert known.sum() > 0.85 * plane.size
    inner = known & (col > 1) & (col < 79) & (row > 1) & (row < 59)
    np.testing.assert_allclose(found.grid.values[inner], ((col - 0.5) - 0.5 * (row - 0.5))[inner], atol=0.05)


def test_windows_by_bounds(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif")
    part = read_grid(path, bounds=(39_500_006, 3_756_991, 39_500_014, 3_756_994))
    assert part.values.tolist() == [[25, 26]]
    assert (part.west, part.north) == (39_500_005, 3_756_995)
    edge = read_grid(path, bounds=(39_500_005, 3_756_990, 39_500_010, 3_756_995))
    assert edge.values.tolist() == [[25]]
    wide = read_grid(path, bounds=(39_500_005, 3_756_990, 39_500_010, 3_756_995), margin_cells=1)
    assert wide.values.tolist() == VALUES[:, :3].tolist()
    with pytest.raises(InvalidInput, match="does not touch"):
        read_grid(path, bounds=(0, 0, 1, 1))


def test_other_crs_and_other_cells(tmp_path: Path) -> None:
    plane = np.add.outer(np.arange(60) * -0.5, np.arange(80) * 1.0)
    path = write(tmp_path / "p.tif", plane)
    without_zone = read_raster(path, crs="EPSG:4548")
    assert "warped" in str(without_zone.notes[0])
    assert without_zone.grid.west == pytest.approx(500_000, abs=5)
    target = Grid(np.zeros((4, 6)), 39_500_102.0, 3_756_950.0, 4.0, 5.0)
    onto = read_onto(path, target, crs="EPSG:4527").grid
    x, y = np.meshgrid(*target.centres())
    np.testing.assert_allclose(onto.values, (x - 39_500_002.5) / 5 - 0.5 * (3_756_997.5 - y) / 5, atol=1e-6)
    assert onto.aligned(target)
    nothing = read_onto(path, Grid(np.zeros((2, 2)), 0.0, 0.0, 1.0, 1.0), crs="EPSG:4527").grid
    assert np.isnan(nothing.values).all()


def test_without_a_crs(tmp_path: Path) -> None:
    found = read_raster(write(tmp_path / "n.tif", crs=None), crs="EPSG:4527")
    assert found.grid.values.tolist() == VALUES.tolist()
    assert found.crs == pyproj.CRS("EPSG:4527")
    assert "no CRS" in str(found.notes[0])
    assert read_raster(tmp_path / "n.tif").crs is None
    target = Grid(np.zeros((3, 4)), 39_500_000, 3_757_000, 5, 5)
    assert read_onto(tmp_path / "n.tif", target, crs="EPSG:4527").grid.values.tolist() == VALUES.tolist()


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        read_grid(tmp_path / "none.tif")
    (tmp_path / "text.tif").write_text("not a raster")
    with pytest.raises(InvalidInput, match=r"text\.tif: cannot be read as a raster"):
        read_grid(tmp_path / "text.tif")
    path = write(tmp_path / "a.tif")
    with pytest.raises(InvalidInput, match="band 2 asked for, it has 1"):
        read_grid(path, band=2)
    degrees = write(tmp_path / "g.tif", place=Affine(0.001, 0, 116, 0, -0.001, 34), crs="EPSG:4490")
    with pytest.raises(InvalidInput, match="in degrees"):
        read_grid(degrees)
    assert read_grid(degrees, crs="EPSG:4527").cell_x == pytest.approx(100, rel=0.2)
    nowhere = write(tmp_path / "w.tif", place=Affine.identity(), crs=None)
    with pytest.raises(CRSMismatch, match="neither a CRS nor a position"):
        read_grid(nowhere)
    with pytest.raises(InvalidInput, match="to stream it"):
        open_tiled(degrees)
    with pytest.raises(InvalidInput, match="to stream it"):
        open_tiled(write(tmp_path / "r.tif", place=PLACE * Affine.rotation(5)))


def test_tiles_put_together_are_the_raster(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(30, 2, (301, 203)).astype(np.float32)
    values[7, 9] = np.nan
    path = write(tmp_path / "t.tif", values, tiled=True, blockxsize=64, blockysize=64)
    tiled = open_tiled(path)
    assert (tiled.rows, tiled.cols, tiled.cell_area) == (301, 203, 25.0)
    for size in (100, 203 * 64, 203 * 100, 10**9):
        tiles = [replace(t, values=t.values.copy()) for t in tiled.tiles(tile_cells=size)]
        assert [t.row for t in tiles] == list(np.cumsum([0, *[len(t.values) for t in tiles]])[:-1])
        np.testing.assert_array_equal(np.concatenate([t.values for t in tiles]), values)
        assert tiles[0].values.dtype == np.float32
    np.testing.assert_array_equal(tiled.window(5, 6, 10, 20), values[5:15, 6:26])


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:32650"])
@pytest.mark.parametrize("others", [(-32767.0,), (-32768.0, 3.4e38), (-9999.0, -99999.0), (1e20, 65535.0), (-3.4e38, np.inf)])
def test_several_sentinels_are_holes_through_a_warp(tmp_path: Path, crs: str, others: tuple[float, ...]) -> None:
    """No number that means missing reaches a cell beside it: what is interpolated lies between the elevations there are."""
    rng = np.random.default_rng(5)
    ground = (30.0 + rng.random((40, 40))).astype(np.float32)
    declared = -9999.0 if -9999.0 not in others else 0.0
    for k, sentinel in enumerate((declared, *others)):
        ground[10 + 6 * k, 10:13] = sentinel
    to = pyproj.Transformer.from_crs("EPSG:4527", crs, always_xy=True).transform
    (west, north), (east, south) = to(39_500_000, 3_757_000), to(39_500_400, 3_756_600)
    place = Affine((east - west) / 40, 0, west, 0, (south - north) / 40, north)
    path = write(tmp_path / "a.tif", ground, place=place, crs=crs, nodata=declared)
    found = read_raster(path, crs="EPSG:4527", meant=ELEVATION).grid
    inner = found.values[4:-4, 4:-4]
    known = np.isfinite(inner)
    assert 30.0 <= inner[known].min() <= inner[known].max() <= 31.0
    assert 3 * (1 + len(others)) <= (~known).sum() < 60


@pytest.mark.parametrize(("low", "missing"), [(27.0, True), (4.0, False), (-40.0, True)])
def test_zeros_in_ground_far_above_them_are_no_ground(tmp_path: Path, low: float, missing: bool) -> None:
    """Warped and cut terrains are filled up with 0: 3.75 mu of a pit 27 m deep were read as ground."""
    ground = np.linspace(low, low + 3.0, 100).reshape(10, 10)
    ground[4:6, 4:6] = 0.0
    found = read_raster(write(tmp_path / "a.tif", ground), meant=ELEVATION)
    assert np.isnan(found.grid.values[4:6, 4:6]).all() == missing
    assert np.isfinite(np.delete(found.grid.values.ravel(), [44, 45, 54, 55])).all()
    assert any("cells of 0 m" in render(note, "en") for note in found.notes) == missing
    whole = read_raster(write(tmp_path / "b.tif", np.zeros((4, 4))), meant=ELEVATION)  # a plain at sea level
    assert (whole.grid.values == 0.0).all()
