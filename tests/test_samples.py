"""The sample sites: made again from their assumptions they are the committed files, and they close on the published totals."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from pyproj import CRS, Geod, Transformer
from rasterio.features import rasterize

import planner as pl
from planner import samples
from planner.errors import InvalidInput, UsageError
from planner.site import Site

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "sample_geo"
NAMES = samples.NAMES
PLACES = {"zhonghu": (116.84, 33.95), "panan": (117.378, 34.367)}


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both samples built again, by the command a user would type."""
    target = tmp_path_factory.mktemp("samples")
    subprocess.run([sys.executable, str(SOURCE / "build.py"), str(target)], check=True, capture_output=True, timeout=300)
    return target


@pytest.fixture(scope="module")
def sites() -> dict[str, Site]:
    return {name: getattr(samples, name)() for name in NAMES}


@pytest.fixture
def recipes(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SOURCE))
    import recipes.place

    return recipes.place


def geodesic_mu(shapes: gpd.GeoSeries) -> float:
    """Ellipsoidal area in mu by pyproj alone: edges cut to 20 m, so that they follow the projection's straight lines."""
    crs = CRS(shapes.crs)
    inverse = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    dense = shapely.segmentize(shapes.to_numpy(), 20.0)
    degrees = shapely.transform(dense, lambda xy: np.column_stack(inverse.transform(xy[:, 0], xy[:, 1])))
    geod = Geod(ellps="GRS80")  # CGCS2000's ellipsoid differs from it by 0.1 mm in the polar axis
    return sum(abs(geod.geometry_area_perimeter(shapely.orient_polygons(g))[0]) for g in degrees) * 15 / 10_000


def inside(site: Site, shapes: gpd.GeoSeries) -> np.ndarray:
    """Cells of the terrain whose centre lies in the shapes."""
    transform = rasterio.Affine(*site.terrain.transform)
    return rasterize([(g, 1) for g in shapes], out_shape=site.terrain.shape, transform=transform, dtype="uint8") == 1


@pytest.mark.parametrize("name", NAMES)
def test_rasters_are_what_the_recipe_gives(rebuilt: Path, name: str) -> None:
    committed = sorted(p.name for p in (SOURCE / name).glob("*.tif"))
    assert committed == sorted(p.name for p in (rebuilt / name).glob("*.tif"))
    assert {"dem.tif", "subsidence.tif"} <= set(committed)
    for file in committed:
        with rasterio.open(SOURCE / name / file) as old, rasterio.open(rebuilt / name / file) as new:
            assert (old.profile["transform"], old.crs, old.shape) == (new.profile["transform"], new.crs, new.shape)
            a, b = old.read(1), new.read(1)
        # Another libm may round a cell the other way: never by more than the centimetre, and hardly ever.
        assert np.abs(a - b).max() <= 0.0101
        assert np.mean(a != b) < 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_layers_are_what_the_recipe_gives(rebuilt: Path, name: str) -> None:
    package = f"{name}/{name}.gpkg"
    layers = {row[0] for row in sqlite3.connect(SOURCE / package).execute("select table_name from gpkg_contents")}
    assert {"panels", "constraints", "landuse", "boundary"} <= layers
    for layer in sorted(layers):
        old, new = (gpd.read_file(folder / package, layer=layer) for folder in (SOURCE, rebuilt))
        pd.testing.assert_frame_equal(old.drop(columns="geometry"), new.drop(columns="geometry"))
        assert shapely.equals_exact(old.geometry.to_numpy(), new.geometry.to_numpy(), tolerance=0.0101).all()
    query = "select distinct last_change from gpkg_contents"
    dates = [sqlite3.connect(d / package).execute(query).fetchall() for d in (SOURCE, rebuilt)]
    assert dates[0] == dates[1] and len(dates[0]) == 1


def test_the_shapefile_is_written_again_byte_for_byte(rebuilt: Path) -> None:
    for part in ("shp", "shx", "dbf", "cpg", "prj"):
        assert (SOURCE / f"panan/parcels.{part}").read_bytes() == (rebuilt / f"panan/parcels.{part}").read_bytes()


def test_panan_parcels_come_in_gbk(sites: dict[str, Site]) -> None:
    raw = (SOURCE / "panan/parcels.dbf").read_bytes()
    assert "沉".encode("gbk") not in raw and "解忧湖".encode("gbk") in raw and "解忧湖".encode() not in raw
    assert "解忧湖" in set(sites["panan"].parcels["name"])


def test_both_samples_are_small() -> None:
    files = [f for name in NAMES for f in (SOURCE / name).iterdir()]
    assert sum(f.stat().st_size for f in files) < 12e6


@pytest.mark.parametrize("name", NAMES)
def test_terrain_is_fine_tiled_and_compressed(name: str) -> None:
    with rasterio.open(SOURCE / name / "dem.tif") as file:
        assert file.res[0] <= 5.0 and file.res[1] <= 5.0
        assert file.profile["tiled"] and file.compression is not None
        assert file.crs.to_epsg() == 4527
        assert not np.isnan(file.read(1)).any()


@pytest.mark.parametrize("name", NAMES)
def test_samples_stand_at_the_true_place_and_say_what_they_are(sites: dict[str, Site], name: str) -> None:
    site = sites[name]
    middle = shapely.union_all(site.parcels.geometry.to_numpy()).centroid
    lon, lat = Transformer.from_crs(site.crs, 4490, always_xy=True).transform(middle.x, middle.y)
    assert (lon, lat) == pytest.approx(PLACES[name], abs=0.01)
    assert site.scenario.site.kind == "reconstruction"
    for text in ("README.md", "SOURCES.md", "site.toml"):
        assert re.search("reconstruct|assumed", (SOURCE / name / text).read_text(encoding="utf-8"))
    assert "not survey data" in (SOURCE / name / "README.md").read_text(encoding="utf-8").replace("**", "")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_about_a_sample_has_to_be_guessed(sites: dict[str, Site], name: str) -> None:
    assert sites[name].warnings == ()
    assert {i.role for i in sites[name].inputs} >= {"polygons", "terrain", "subsidence", "panels", "constraints"}


@pytest.mark.parametrize("name", NAMES)
def test_parcels_fill_the_boundary_without_gap_or_overlap(sites: dict[str, Site], name: str) -> None:
    parcels, boundary = sites[name].parcels, sites[name].boundary
    assert boundary is not None
    whole = shapely.union_all(parcels.geometry.to_numpy())
    assert whole.area == pytest.approx(parcels.area.sum(), rel=1e-12)
    assert whole.symmetric_difference(boundary.geometry.iloc[0]).area < 1e-3
    assert parcels.area.min() * 15 / 10_000 > 100  # no slivers between the dividing lines
    assert parcels[["name", "name_en", "mine", "phase"]].notna().all().all()
    assert parcels["name"].is_unique and parcels["name_en"].is_unique
    assert parcels["name_en"].map(str.isascii).all()


@pytest.mark.parametrize("name", NAMES)
def test_panels_of_one_seam_do_not_overlap(sites: dict[str, Site], name: str) -> None:
    panels = sites[name].panels
    assert panels is not None and len(panels) > 30
    for _, seam in panels.groupby("seam"):
        assert shapely.union_all(seam.geometry.to_numpy()).area == pytest.approx(seam.area.sum(), rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_subsidence_is_what_the_planner_predicts_from_the_panels(sites: dict[str, Site], name: str) -> None:
    """The recipe's closed form against the planner's own kernel, at cells spread over the site."""
    from planner.subsidence import predict

    site = sites[name]
    rows, cols = (
        v.ravel() for v in np.meshgrid(np.arange(7, site.terrain.shape[0], 61), np.arange(7, site.terrain.shape[1], 61))
    )
    x, y = site.terrain.centres()
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x[cols], y[rows]), crs=site.crs)
    found = predict(site.panels, points, year=float(site.scenario.site.year))["subsidence_m"].to_numpy()
    assert found.max() > 4.0
    np.testing.assert_allclose(site.subsidence.values[rows, cols], found, atol=0.006)  # the raster keeps whole centimetres


@pytest.mark.parametrize("name", NAMES)
def test_the_ground_before_mining_is_a_plain(sites: dict[str, Site], name: str) -> None:
    site = sites[name]
    before = site.original.values[inside(site, site.parcels.geometry)]
    assert np.percentile(before, 99) - np.percentile(before, 1) < 2.6  # villages' mounds and canals included
    assert (site.water_table.dry.values <= site.water_table.normal.values + 1e-6).all()
    assert (site.water_table.normal.values <= site.water_table.wet.values + 1e-6).all()


def test_zhonghu_closes_on_the_treated_area(sites: dict[str, Site]) -> None:
    assert geodesic_mu(sites["zhonghu"].parcels.geometry) == pytest.approx(36_100.0, abs=0.5)


def test_zhonghu_can_hold_the_published_storage(sites: dict[str, Site]) -> None:
    """The lowest 11 600 mu under the normal level hold less than 38.6 Mm³, and more once they are dug 4 m deeper."""
    site = sites["zhonghu"]
    level = site.scenario.reservoir.level_m
    assert level is not None and site.scenario.reservoir.min_storage_m3 == 38.6e6
    ground = np.sort(site.terrain.values[inside(site, site.parcels.geometry)])
    lake = ground[: round(11_600 * 10_000 / 15 / site.terrain.cell_area)]
    now = float((level - lake).sum() * site.terrain.cell_area)
    assert 20e6 < now < 25e6
    assert 12e6 < 38.6e6 - now < 20e6  # what has to be dug, of the order the works reported
    assert now + 4.0 * len(lake) * site.terrain.cell_area > 38.6e6


def test_zhonghu_ponds_by_itself(sites: dict[str, Site]) -> None:
    """The pond of today, as SOURCES.md tells it, is about the lake that was built, and far too shallow for it."""
    site = sites["zhonghu"]
    depth = np.maximum(site.water_table.normal.values - site.terrain.values, 0)[inside(site, site.parcels.geometry)]
    assert (depth > 0).sum() * site.terrain.cell_area * 15 / 10_000 == pytest.approx(11_900, rel=0.01)
    assert depth.sum() * site.terrain.cell_area == pytest.approx(21.5e6, rel=0.01)


def test_zhonghu_names_what_moves_and_what_it_costs(sites: dict[str, Site]) -> None:
    scenario = sites["zhonghu"].scenario
    lumps = sum(item.cny for item in scenario.economics.item)
    assert scenario.budget.max_cny == 2.2e9 and 1.4e9 < lumps < 1.45e9
    assert all(item.source for item in scenario.economics.item)
    printed = {r.value for r in scenario.reference if r.key == "water.storage_m3"}
    assert printed == {38.6e6, 36.8e6}
    land = sum(getattr(scenario.targets, t).min_mu for t in ("construction", "arable", "green"))
    assert land == 24_500.0


def test_panan_closes_on_area_depth_and_ponds(sites: dict[str, Site]) -> None:
    site = sites["panan"]
    cells = inside(site, site.parcels.geometry)
    mu_per_cell = site.terrain.cell_area * 15 / 10_000
    assert geodesic_mu(site.parcels.geometry) == pytest.approx(17_400.0, abs=0.5)
    assert site.subsidence.values[cells].mean() == pytest.approx(4.0, abs=0.02)
    ponded = (site.terrain.values < site.water_table.normal.values) & cells
    assert ponded.sum() * mu_per_cell == pytest.approx(3_600.0, rel=0.01)
    assert (site.terrain.values[cells] < site.scenario.reservoir.level_m).sum() * mu_per_cell == pytest.approx(9_000, rel=0.02)


def test_jieyou_lake_is_the_third_phase(sites: dict[str, Site]) -> None:
    site = sites["panan"]
    third = site.parcels[site.parcels["phase"] == 3]
    assert list(third["name_en"]) == ["Jieyou Lake"]
    assert geodesic_mu(third.geometry) == pytest.approx(770.0, abs=0.1)
    depth = site.subsidence.values[inside(site, third.geometry)]
    assert depth.min() >= 4.0 and depth.max() <= 8.0
    assert {p.id for p in site.scenario.phase} == set(site.parcels["phase"]) == {1, 2, 3}


def test_the_recipes_say_the_same_as_the_site_files(recipes: ModuleType) -> None:
    for name in NAMES:
        given = recipes.Place.named(name).given
        scenario = pl.samples.folder(name) / "site.toml"
        from planner.scenario import load_scenario

        site = load_scenario(scenario)
        assert (given["crs"], given["year"]) == (site.site.crs, site.site.year)
        assert given["area_mu"] in {r.value for r in site.reference if r.key == "site.area_mu"}
        assert sum(not v.get("kept", False) for v in given["village"]) == (11 if name == "zhonghu" else 9)
    assert site.layers.water_table.normal == given["water_table"]["level_m"]


def test_constraints_speak_of_known_targets_and_works(sites: dict[str, Site]) -> None:
    for site in sites.values():
        assert site.constraints is not None
        forbidden = {t for cell in site.constraints["forbids"] for t in cell.split(",")}
        assert forbidden <= {"construction", "arable", "green", "reservoir", "digging", "mounds"}
        for zh, en in zip(site.constraints["name"], site.constraints["name_en"], strict=True):
            assert re.search("[一-鿿]", zh) and en.isascii()


def test_a_sample_is_found_in_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "site-packages/planner"
    shutil.copytree(SOURCE / "panan", installed / "sample_geo/panan")
    monkeypatch.setattr(samples, "__file__", str(installed / "samples.py"))
    assert samples.folder("panan") == (installed / "sample_geo/panan").resolve()
    with pytest.raises(InvalidInput, match="reinstall"):
        samples.folder("zhonghu")


def test_an_unknown_sample_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"no sample 'zhonhu'; did you mean 'zhonghu'\?"):
        samples.folder("zhonhu")
