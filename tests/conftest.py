"""A small world that many tests plan on: a level plain with one round trough, in CGCS2000 zone 39."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import settings
from rasterio.transform import from_origin

# Every run tries the same cases, so a change is what breaks a test; `--hypothesis-profile=default` looks for new ones.
settings.register_profile("same", derandomize=True)
settings.load_profile("same")

CRS = "EPSG:4527"
WEST, NORTH, CELL, SIDE = 39_480_000.0, 3_758_000.0, 10.0, 120  # m, m, m, cells

SITE_TOML = """
[site]
name = "小样区"
name_en = "Small world"
year = 2020
[layers]
polygons = "parcels.gpkg"
terrain = "dem.tif"
subsidence = "w.tif"
water_table = 30.5
[targets.construction]
min_mu = 300.0
[targets.arable]
min_mu = 100.0
[targets.reservoir]
min_mu = 200.0
[reservoir]
level_m = 30.5
[solver]
gap = 1e-3
"""


def trough() -> np.ndarray:
    """Subsidence of the small world, m, (SIDE, SIDE): 5 m in the middle, Gaussian, 200 m wide."""
    x = (np.arange(SIDE) + 0.5) * CELL - SIDE * CELL / 2
    return 5.0 * np.exp(-np.pi * (x[None, :] ** 2 + x[:, None] ** 2) / 500.0**2)


def write_raster(path: Path, values: np.ndarray, crs: str = CRS) -> None:
    profile = {"driver": "GTiff", "height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", crs=crs, transform=from_origin(WEST, NORTH, CELL, CELL), nodata=-9999.0, **profile) as file:
        file.write(values.astype("float32"), 1)


def write_small_world(folder: Path) -> Path:
    """Writes the small world's files; the folder that holds site.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    lost = trough()
    write_raster(folder / "w.tif", lost)
    write_raster(folder / "dem.tif", 32.0 - lost)
    side = SIDE * CELL
    edges = np.linspace(50.0, side - 50.0, 4)
    boxes = [
        shapely.box(WEST + edges[i], NORTH - edges[j + 1], WEST + edges[i + 1], NORTH - edges[j])
        for j in range(3)
        for i in range(3)
    ]
    frame = gpd.GeoDataFrame(
        {"parcel_id": [f"P{k + 1}" for k in range(9)], "name": [f"地块{k + 1}" for k in range(9)]}, geometry=boxes, crs=CRS
    )
    frame.to_file(folder / "parcels.gpkg", driver="GPKG")
    (folder / "site.toml").write_text(SITE_TOML, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small world, written once; read only."""
    return write_small_world(tmp_path_factory.mktemp("small_world"))


@pytest.fixture
def own_small_world(tmp_path: Path) -> Path:
    """A small world of the test's own, to be changed."""
    return write_small_world(tmp_path / "site")


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium, one for all tests of a worker (two cannot run side by side); without one the tests are
    skipped, in CI they fail."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine, and CI is set")
        pytest.skip("no Chromium on this machine (as root: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        running = tools.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()
