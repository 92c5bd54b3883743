"""Ground without data under the polygons: refused by name of the option that mends it, and the option mends it."""

import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import from_origin

from planner.core.terrain.voids import filled, voids
from planner.errors import InvalidInput
from planner.read import check, read_site

X0, Y0, CELL = 39_500_000.0, 3_760_000.0, 10.0


def site(folder: Path, values: np.ndarray, extra: str = "", **kind: Any) -> Path:
    """Two parcels of 300 × 200 m on a terrain of 10 m cells that reaches 200 m beyond them."""
    profile = {"dtype": "float32", "crs": "EPSG:4527", "nodata": -9999.0} | kind
    rows, cols = values.shape
    place = from_origin(X0 - 200, Y0 + 400, CELL, CELL)
    with rasterio.open(
        folder / "dem.tif", "w", driver="GTiff", width=cols, height=rows, count=1, transform=place, **profile
    ) as f:
        f.write(np.where(np.isnan(values), profile["nodata"], values).astype(profile["dtype"]), 1)
    shapes = [shapely.box(X0 + i * 300, Y0, X0 + (i + 1) * 300, Y0 + 200) for i in range(2)]
    gpd.GeoDataFrame({"id": ["A", "B"], "depth": [2.0, 3.0]}, geometry=shapes, crs=4527).to_file(folder / "p.gpkg")
    (folder / "site.toml").write_text(
        f'[layers]\npolygons = "p.gpkg"\nterrain = "dem.tif"\nwater_table = 31.0\n{extra}', encoding="utf-8"
    )
    return folder


def plane(rows: int = 60, cols: int = 100) -> np.ndarray:
    down, right = np.mgrid[:rows, :cols]
    return 32.0 + 0.01 * down + 0.02 * right


def named(refusal: str) -> dict[str, Any]:
    """The options a refusal names, as `sets`."""
    found = re.search(r"layers\.terrain = \{path = \"dem\.tif\", (\w+) = ([\d.]+|true)", refusal)
    assert found, refusal
    return {f"layers.terrain.{found[1]}": True if found[2] == "true" else float(found[2])}


HOLES: dict[str, Any] = {
    "one cell": lambda z: z.__setitem__((30, 40), np.nan),
    "a strip": lambda z: z.__setitem__((slice(25, 35), 45), np.nan),
    "a block across the shared border": lambda z: z.__setitem__((slice(25, 32), slice(45, 55)), np.nan),
    "two that meet at a corner": lambda z: [z.__setitem__((30, 40), np.nan), z.__setitem__((31, 41), np.nan)],
    "the terrain ends inside": lambda z: z.__setitem__((slice(None), slice(70, None)), np.nan),
    "a slanting edge": lambda z: z.__setitem__(np.add.outer(np.arange(60), np.arange(100)) > 110, np.nan),
    "a sentinel beside the declared one": lambda z: z.__setitem__((30, slice(40, 43)), -32767.0),
    "no elevation at all": lambda z: z.__setitem__((30, slice(40, 43)), 1.0e20),
}


@pytest.mark.parametrize("kind", HOLES)
def test_the_option_a_refusal_names_mends_it(kind: str, tmp_path: Path) -> None:
    values = plane()
    HOLES[kind](values)
    here = site(tmp_path, values)
    refused = check(here)
    assert refused.error is not None and "\n" not in refused.error
    option = named(refused.error)
    report = check(here, sets=option)
    assert report.ok and report.site is not None, report.error
    whole, ground = 180.0, report.site.terrain.values
    if "clip" in next(iter(option)):
        assert 0 < report.area_mu < whole
        assert {m.kind for m in report.mended} == {"outside"}
    else:
        assert report.area_mu == pytest.approx(whole, rel=1e-3)
        inside = ground[20:40, 20:80]
        assert np.nanmax(np.abs(inside - plane()[20:40, 20:80])) < 1e-4  # over a hole in a plane the plane goes on
        assert any("filled from" in str(w) for w in report.record.warned)
    cut = check(here, sets={"layers.terrain.clip": True})
    assert cut.ok and cut.area_mu < whole


def test_holes_larger_than_said_stay_and_are_refused(tmp_path: Path) -> None:
    values = plane()
    values[25:35, 40:50] = np.nan  # 100 cells of 100 m²: 15 mu
    here = site(tmp_path, values)
    assert check(here, sets={"layers.terrain.fill_holes_mu": 15.0}).ok
    assert not check(here, sets={"layers.terrain.fill_holes_mu": 14.9}).ok


def test_nothing_left_after_clipping_is_refused(tmp_path: Path) -> None:
    values = np.full((60, 100), np.nan)
    values[0, 0] = 32.0
    with pytest.raises(InvalidInput, match="no polygon lies where it has data"):
        read_site(site(tmp_path, values), sets={"layers.terrain.clip": True})


def test_an_option_without_effect_is_refused(tmp_path: Path) -> None:
    here = site(tmp_path, plane())
    for key, value in (
        ("polygons.clip", True),
        ("polygons.fill_holes_mu", 1.0),
        ("terrain.depth", "depth"),
        ("terrain.id", "id"),
    ):
        with pytest.raises(InvalidInput, match="no effect there"):
            read_site(here, sets={f"layers.{key}": value})


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.5))
def test_fills_lie_between_their_rims_and_touch_nothing_else(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(30, 5, (12, 15))
    values[rng.random(values.shape) < share] = np.nan
    found = voids(values)
    chosen = found.closed[found.of_cell]
    done = filled(values, chosen, 10.0, 20.0)
    assert np.array_equal(np.isnan(done), np.isnan(values) & ~chosen)
    assert np.array_equal(done[~np.isnan(values)], values[~np.isnan(values)])
    for number in np.unique(found.of_cell[chosen]):
        cells = found.of_cell == number
        rim = np.zeros_like(cells)
        for down, right in np.argwhere(cells):
            rim[max(down - 1, 0) : down + 2, max(right - 1, 0) : right + 2] = True
        rim &= ~cells
        assert np.nanmin(values[rim]) - 1e-9 <= done[cells].min() <= done[cells].max() <= np.nanmax(values[rim]) + 1e-9


def test_a_plane_goes_on_over_a_hole_in_it() -> None:
    z = plane()
    holed = z.copy()
    holed[10:30, 20:70] = np.nan
    found = voids(holed)
    assert np.allclose(filled(holed, found.closed[found.of_cell], 10.0, 30.0), z)


def bands(folder: Path, names: list[str]) -> Path:
    """A terrain of several bands, the second of which holds the elevations."""
    site(folder, plane())
    place = from_origin(X0 - 200, Y0 + 400, CELL, CELL)
    kind: dict[str, Any] = {"dtype": "float32", "crs": "EPSG:4527", "transform": place}
    with rasterio.open(folder / "dem.tif", "w", driver="GTiff", width=100, height=60, count=len(names), **kind) as f:
        for i, name in enumerate(names, start=1):
            f.write(np.full((60, 100), 1.0 * i, np.float32) if i != 2 else plane().astype(np.float32), i)
            f.set_band_description(i, name)
    return folder


@pytest.mark.parametrize(
    ("names", "sets", "said"),
    [
        (["quality", "elevation"], {}, None),
        (["质量", "高程（米）"], {}, None),
        (["2019", "2024"], {"layers.terrain.layer": "2024"}, None),
        (["2019", "2024"], {"layers.terrain.layer": "2"}, None),
        (["2019", "2024"], {}, "say which is the terrain"),
        (["elevation", "elevation"], {}, "the first is read"),
        (["", ""], {}, "the first is read"),
        (["", ""], {"layers.terrain.layer": "3"}, "no band '3'"),
    ],
)
def test_the_band_is_the_one_that_is_meant(names: list[str], sets: dict[str, Any], said: str | None, tmp_path: Path) -> None:
    report = check(bands(tmp_path, names), sets={"layers.water_table": 0.0, **sets})
    if said is None:
        assert report.ok, report.error
        assert report.to_dict()["site"]["terrain"]["elevation_m"][0] == pytest.approx(32.0, abs=1.0)
    else:
        assert said in " ".join([str(report.error), *map(str, report.record.warned)])
