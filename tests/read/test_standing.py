"""An existing lake in the terrain stays a lake; suggested levels come from the polygons; a pit of 63 m is metres."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from planner.errors import InvalidInput
from planner.facade import make_plan
from planner.read import check, init_text, read_site
from planner.read.standing import lakes_in
from planner.site import Grid

X0, Y0 = 39_500_000.0, 3_760_000.0


def written(path: Path, values: np.ndarray, **kind: object) -> None:
    rows, cols = values.shape
    profile = {"dtype": "float32", "crs": "EPSG:4527", "transform": from_origin(X0 - 400, Y0 + 600, 10, 10)} | kind
    with rasterio.open(path, "w", driver="GTiff", width=cols, height=rows, count=1, **profile) as f:
        f.write(values.astype(profile["dtype"]), 1)


def ground(*, level: float = 30.7, step: float = 0.0) -> np.ndarray:
    """A rough plain at about 32 m with a lake of some 79 000 m²; step: heights in steps of so much, 0 as they are."""
    down, right = np.mgrid[:120, :160]
    rough = np.random.default_rng(3).normal(0, 0.03, (120, 160))
    far = np.hypot((down - 55) / 18, (right - 60) / 14)
    z = np.minimum(32 + 0.002 * right + rough, level + 0.1 + 1.2 * np.clip(far - 1, 0, None) + rough / 10)
    z[far < 1] = level
    return np.round(z / step) * step if step else z


def site(folder: Path, z: np.ndarray, extra: str = "", depth: float = 1.0) -> Path:
    written(folder / "dem.tif", z)
    shapes = [shapely.box(X0 + i * 300, Y0 - 200, X0 + (i + 1) * 300, Y0 + 200) for i in range(2)]
    gpd.GeoDataFrame({"id": ["A", "B"], "depth": [depth] * 2}, geometry=shapes, crs=4527).to_file(folder / "p.gpkg")
    text = f'[layers]\npolygons = "p.gpkg"\nterrain = "dem.tif"\n{extra}'
    (folder / "site.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_lake_above_the_table_that_was_taken_stays_water(tmp_path: Path) -> None:
    here = site(tmp_path, ground())
    plan = make_plan(here)
    assert any("holds 1 lake" in str(w) and "stays water" in str(w) for w in plan.warnings)
    units = plan.units
    barred = units[units["forbids"].str.contains("construction")]
    assert barred["area_mu"].sum() == pytest.approx(
        np.pi * 18 * 14 * 100 * 0.0015, rel=0.06
    )  # all but what lies beyond the parcels
    assert set(barred["target"]) <= {"reservoir", "unrestored"}
    free = make_plan(here, **{"water.lake_min_mu": 0.0}).units
    assert (
        free.loc[free["target"] == "construction", "area_mu"].sum()
        > units.loc[units["target"] == "construction", "area_mu"].sum()
    )


def test_a_table_that_was_given_counts_and_the_lake_is_told(tmp_path: Path) -> None:
    below = read_site(site(tmp_path, ground(), "water_table = 29.5\n"))
    assert any("above the water table given (29.50 m)" in str(w) for w in below.warnings)
    assert below.constraints is None
    above = read_site(tmp_path, sets={"layers.water_table": 31.0})
    assert not any("lake" in str(w) for w in above.warnings)


def level_floor(z: np.ndarray) -> np.ndarray:
    z[60:63, 60:64] = 31.0  # a roof, a pond: 12 cells
    return z


NONE = {
    "a plain": lambda: np.full((120, 160), 32.0),
    "a rough plain": lambda: 32 + np.random.default_rng(1).normal(0, 0.1, (120, 160)),
    "a slope": lambda: 32 + 0.01 * np.mgrid[:120, :160][1],
    "whole metres of a gentle hollow": lambda: np.round(ground(level=31.2, step=1.0)),
    "a terrace": lambda: np.where(np.mgrid[:120, :160][1] < 80, 32.0, 30.0) + np.where(np.mgrid[:120, :160][0] < 60, 0, 0.5),
    "a small level spot": lambda: level_floor(32 + np.random.default_rng(1).normal(0, 0.1, (120, 160))),
    "a hill with a flat top": lambda: 64.0 - ground(),
}


@pytest.mark.parametrize("kind", NONE)
def test_what_is_no_lake_is_taken_for_none(kind: str) -> None:
    z = NONE[kind]()
    assert lakes_in(Grid(z, X0, Y0, 10.0, 10.0), np.ones(z.shape, dtype=bool), 10_000.0) == []


@pytest.mark.parametrize("step", [0.0, 0.01, 0.1])
def test_lakes_are_found_whatever_the_heights_steps(step: float) -> None:
    z = ground(step=step)
    (lake,) = lakes_in(Grid(z, X0, Y0, 10.0, 10.0), np.ones(z.shape, dtype=bool), 10_000.0)
    assert lake.level_m == pytest.approx(30.7)
    assert np.count_nonzero(lake.cells) == pytest.approx(np.pi * 18 * 14, rel=0.05)


def test_levels_that_init_suggests_are_those_of_the_polygons(tmp_path: Path) -> None:
    z = ground() + np.where(np.mgrid[:120, :160][1] > 100, 20.0, 0.0)  # a hill beside the polygons
    site(tmp_path, z)
    text = init_text(tmp_path / "p.gpkg", tmp_path / "dem.tif")
    level = float(text.partition("level_m = ")[2].partition(" ")[0])
    assert 30 < level < 32


def test_a_pit_of_63_m_is_metres_where_the_ground_has_room_for_it(tmp_path: Path) -> None:
    down, right = np.mgrid[:120, :160]
    pit = 63 * np.exp(-(((down - 60) ** 2 + (right - 60) ** 2) / 300))
    here = site(tmp_path, 100.0 - pit, 'subsidence = "w.tif"\nwater_table = 60.0\n')
    written(here / "w.tif", pit)
    report = check(here)
    assert report.ok, report.error
    assert any("taken as metres" in str(w) for w in report.record.warned)
    written(here / "dem.tif", np.full((120, 160), 100.0))
    with pytest.raises(InvalidInput, match="is it in mm"):
        read_site(here)
