"""Jiawang's programme as it is bundled: it closes, it is small, its script makes it again, its projects can be planned."""

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

import planner as pl
from planner.portfolio.load import load
from planner.portfolio.sites import Ask, SiteKey, answer
from planner.samples import folder

SAMPLE = Path(__file__).parents[2] / "sample_geo"


@pytest.fixture(scope="module")
def projects() -> gpd.GeoDataFrame:
    return gpd.read_file(SAMPLE / "jiawang/jiawang.gpkg", layer="projects").set_index("project_id")


def test_it_closes_on_the_published_totals(projects: gpd.GeoDataFrame) -> None:
    mu = pl.area_mu(projects.geometry)
    assert len(projects) == 82
    assert mu.sum() == pytest.approx(69_200.0, abs=0.1)
    assert mu["JW01"] == pytest.approx(17_400.0, abs=0.05) and projects.loc["JW01", "name_en"] == "Pan'an Lake"
    assert mu["JW02"] == pytest.approx(770.0, abs=0.05) and projects.loc["JW02", "name_en"] == "Jieyou Lake"
    assert projects.geometry.union_all().area == pytest.approx(projects.geometry.area.sum(), rel=1e-9)


def test_it_is_small_and_labelled() -> None:
    files = list((SAMPLE / "jiawang").iterdir())
    assert sum(f.stat().st_size for f in files) < 6e6
    loaded = load(folder("jiawang"))
    assert loaded.file.portfolio.kind == "reconstruction" and len(loaded.planned) == 82
    assert {p.name for p in loaded.planned if p.id in ("JW01", "JW02")} == {"潘安湖", "解忧湖"}
    assert "econstruction" in (SAMPLE / "jiawang/SOURCES.md").read_text(encoding="utf-8")


def test_the_script_makes_it_again(projects: gpd.GeoDataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(SAMPLE), *sys.path])
    from recipes import jiawang

    mu = jiawang.areas()
    assert mu.sum() == pytest.approx(69_200.0)
    assert mu == pytest.approx(projects["area_mu"].to_numpy(), abs=1e-6)
    k = int(np.argmin(mu))
    again = jiawang.outline(jiawang.panels_of(k, float(mu[k]), jiawang.places(mu)[k]), float(mu[k]))
    assert again.symmetric_difference(projects.geometry.iloc[k]).area < 1.0


def test_one_of_its_sites_is_planned(projects: gpd.GeoDataFrame) -> None:
    loaded = load(folder("jiawang"))
    key = SiteKey("JW04", str(loaded.folder.resolve()), loaded.file.portfolio.sites)
    full, dear = answer(key, (Ask(), Ask(cost=2.0)))
    assert sum(full.mu) <= projects.loc["JW04", "area_mu"] + 0.1
    assert full.worth <= full.bound and dear.cost_cny < full.cost_cny
