"""`check` and `allocate` tell the same figures, and ground counts once, whatever a file's polygons are like."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from planner import samples
from planner.facade import make_plan
from planner.measure import measure
from planner.partition import partition
from planner.plan.record import PlanRecord
from planner.read import check, read_site
from planner.read.check import CheckReport
from planner.subsidence import ground

X0, Y0 = 39_500_000.0, 3_760_000.0


def soup(seed: int) -> gpd.GeoDataFrame:
    """Polygons as cadastres hold them at their worst: overlapping, crossing themselves, nearly twice there, slivers, parts."""
    rng = np.random.default_rng(seed)
    shapes: list[BaseGeometry] = []
    for _ in range(int(rng.integers(3, 14))):
        kind, at = rng.integers(0, 6), rng.uniform(0, 600, 2)
        if kind == 0:
            shape = shapely.box(*at, *(at + rng.uniform(20, 300, 2)))
        elif kind == 1:
            shape = shapely.Polygon(at + rng.uniform(-150, 150, (5, 2)))
        elif kind == 2 and shapes:
            off = rng.uniform(-0.05, 0.05, 2)
            shape = shapely.transform(shapes[rng.integers(len(shapes))], lambda p, off=off: p + off)
        elif kind == 3:
            shape = shapely.box(*at, *(at + np.array([rng.uniform(50, 300), 10.0 ** rng.uniform(-3, 1)])))
        elif kind == 4:
            shape = shapely.Point(at).buffer(rng.uniform(10, 150), quad_segs=4).difference(shapely.Point(at).buffer(5))
        else:
            shape = shapely.MultiPolygon([shapely.box(*at, *(at + 60)), shapely.box(*(at + 50), *(at + 130))])
        shapes.append(shape)
    depth = rng.uniform(0.5, 4, len(shapes)).round(2)
    placed = [shapely.transform(s, lambda p: p + np.array([X0, Y0])) for s in shapes]
    return gpd.GeoDataFrame({"id": [f"P{i}" for i in range(len(shapes))], "depth": depth}, geometry=placed, crs=4527)


@pytest.mark.parametrize("seed", range(20))
def test_ground_of_a_soup_counts_once_and_the_same(seed: int, tmp_path: Path) -> None:
    soup(seed).to_file(tmp_path / "a.gpkg")
    report = check(tmp_path / "a.gpkg")
    assert report.ok, report.error
    site = read_site(tmp_path / "a.gpkg")
    shapes = site.parcels.geometry
    assert shapes.is_valid.all() and not shapes.is_empty.any()
    assert shapes.area.sum() == pytest.approx(shapely.union_all(shapes.to_numpy()).area, abs=1e-3)
    parts = partition(site)
    table = measure(site, parts, ground(site)).table
    assert table["area_mu"].sum() == pytest.approx(report.area_mu, rel=1e-8)
    assert set(parts.units["parcel_id"]) == set(site.parcels.index)
    change = sum(m.change_mu for m in report.mended)
    assert report.area_mu == pytest.approx(report.stored_mu + change, abs=0.02)


def agree(report: CheckReport, plan: PlanRecord) -> None:
    """Every figure that both print."""
    told, made = report.to_dict(), plan.summary()
    site: dict[str, Any] = told["site"]
    assert made["site"]["name"] == site["name"]
    assert made["site"]["crs"] == site["crs"]
    assert made["site"]["parcels"] == site["parcels"]
    assert made["site"]["area_mu"] == pytest.approx(site["area_mu"], rel=1e-8)
    assert plan.parcels["area_mu"].sum() == pytest.approx(site["area_mu"], rel=1e-8)
    assert sum(t["area_mu"] for t in made["targets"].values()) == pytest.approx(site["area_mu"], rel=1e-8)
    depth = plan.parcels["subsidence_m"]
    assert [depth.min(), depth.max()] == pytest.approx(site["depth_m"])
    assert set(told["warnings"]) <= set(made["warnings"])
    known = {(d["what"], d["value"]) for d in made["provenance"]["decisions"]}
    assert {(d["what"], d["value"]) for d in told["decisions"]} <= known
    assert {(i["path"], i["sha256"]) for i in told["inputs"]} == {
        (i["path"], i["sha256"]) for i in made["provenance"]["inputs"] if i["role"] != "site"
    } or {(i["path"], i["sha256"]) for i in told["inputs"]} == {(i["path"], i["sha256"]) for i in made["provenance"]["inputs"]}


@pytest.mark.parametrize("seed", [1, 4, 9])
def test_a_plan_of_a_soup_tells_what_check_told(seed: int, tmp_path: Path) -> None:
    soup(seed).to_file(tmp_path / "a.gpkg")
    agree(check(tmp_path / "a.gpkg"), make_plan(tmp_path / "a.gpkg"))


def test_a_plan_of_st_aidans_tells_what_check_told() -> None:
    folder = samples.folder("aidans")
    report, plan = check(folder), make_plan(folder)
    agree(report, plan)
    units = plan.units
    mean = float((units["subsidence_m"] * units["plane_m2"]).sum() / units["plane_m2"].sum())
    assert [mean, mean] == pytest.approx(report.to_dict()["site"]["depth_m"], rel=1e-6)


@pytest.mark.parametrize("name", ["zhonghu", "panan", "jiawang"])
def test_the_samples_units_are_the_ground_that_check_tells(name: str) -> None:
    folder = samples.folder(name)
    report, site = check(folder), read_site(folder)
    units = partition(site).units
    assert report.ok
    assert len(site.parcels) == report.to_dict()["site"]["parcels"]
    assert units.geometry.area.sum() == pytest.approx(site.parcels.geometry.area.sum(), rel=1e-9)
