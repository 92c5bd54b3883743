"""While a site is read its files are looked at and opened once, what was looked at is read from, and nothing stays behind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from planner.errors import InvalidInput
from planner.read import door, read_site


def raster(path: Path, value: float) -> Path:
    profile = {"driver": "GTiff", "height": 4, "width": 4, "count": 1, "dtype": "float32", "crs": "EPSG:4527"}
    with rasterio.open(path, "w", transform=from_origin(39_480_000, 3_758_000, 10, 10), **profile) as file:
        file.write(np.full((4, 4), value, dtype=np.float32), 1)
    return path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was looked at and opened anew, by name."""
    names: list[str] = []
    inner, looked = door._opened, door._looked_at

    def raster_(path: str, shown: str, stage: object) -> object:
        names.append(shown)
        return inner(path, shown, stage)

    def vector_(path: Path, shown: str, stage: object) -> object:
        names.append(shown)
        return looked(path, shown, stage)

    monkeypatch.setattr(door, "_opened", raster_)
    monkeypatch.setattr(door, "_looked_at", vector_)
    return names


def test_a_site_s_files_are_opened_once(small_world: Path, opened: list[str]) -> None:
    read_site(small_world)
    assert sorted(opened) == ["dem.tif", "parcels.gpkg", "w.tif"]
    read_site(small_world)
    assert len(opened) == 6  # another reading looks for itself


def test_nothing_stays_behind(small_world: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    read_site(small_world)
    with pytest.raises(InvalidInput):
        read_site(small_world, sets={"layers.terrain": "parcels.gpkg"})
    assert list(tmp_path.iterdir()) == []
    assert not before or len(os.listdir("/proc/self/fd")) <= before + 1


def test_what_was_changed_in_between_is_looked_at_again(tmp_path: Path, opened: list[str]) -> None:
    path = raster(tmp_path / "a.tif", 1.0)
    with door.together():
        with door.raster(path) as file:
            assert file.read(1)[0, 0] == 1.0
        raster(path, 2.0)
        os.utime(path, ns=(1, 1))
        with door.raster(path) as file:
            assert file.read(1)[0, 0] == 2.0
        path.unlink()
        path.write_text('<VRTDataset rasterXSize="4" rasterYSize="4"><PixelFunctionCode/></VRTDataset>', encoding="utf-8")
        with pytest.raises(InvalidInput), door.raster(path):
            pass
    assert opened == ["a.tif"] * 3


def test_what_stands_open_is_what_was_looked_at(tmp_path: Path) -> None:
    """A name that leads elsewhere by now does not lead there what was let in before."""
    path, other = raster(tmp_path / "a.tif", 1.0), raster(tmp_path / "b.tif", 2.0)
    with door.together(), door.raster(path) as file:
        path.unlink()
        path.symlink_to(other)
        assert file.read(1)[0, 0] == 1.0
        with door.raster(path) as again:
            assert again.read(1)[0, 0] == 2.0  # looked at by itself


def test_many_rasters_do_not_stay_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[str]) -> None:
    monkeypatch.setattr(door, "MOST_KEPT", 2)
    paths = [raster(tmp_path / f"{k}.tif", float(k)) for k in range(4)]
    with door.together():
        for _ in range(2):
            for k, path in enumerate(paths):
                with door.raster(path) as file:
                    assert file.read(1)[0, 0] == k
                assert file.closed == (k >= 2)
    assert opened == [f"{k}.tif" for k in (0, 1, 2, 3, 2, 3)]


def test_readings_beside_each_other_do_not_share(small_world: Path, opened: list[str]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with door.together(), ThreadPoolExecutor(2) as pool:
        sites = list(pool.map(read_site, [small_world] * 2))
    assert len(opened) == 6 and sites[0].terrain.shape == sites[1].terrain.shape
