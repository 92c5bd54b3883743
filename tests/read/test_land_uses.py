"""Land uses as bureaus write them: codes that lost a zero, names with codes, what counts as cropland and what is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from conftest import CELL, CRS, NORTH, SIDE, WEST

import planner as pl
from planner.landuse import cover_of
from planner.read.beside import with_zeros
from planner.words import render

EAST, SOUTH = WEST + SIDE * CELL, NORTH - SIDE * CELL


@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        (["103", "301", "1104"], ["0103", "0301", "1104"]),  # GB/T 21010-2017 as numbers
        (["103", "", "701"], ["0103", "", "0701"]),
        (["11", "13", "101", "203"], ["011", "013", "101", "203"]),  # GB/T 21010-2007 as numbers
        (["13", "31", "11"], ["013", "031", "011"]),
        (["1", "3", "11"], ["01", "03", "11"]),  # the twelve classes
        (["111", "114", "203"], ["111", "114", "203"]),  # the classification of 2002: no zero is missing
        (["0103", "301"], ["0103", "301"]),
        (["旱地", "301"], ["旱地", "301"]),
        ([], []),
    ],
)
def test_codes_get_back_the_zero_that_numbers_lose(stored: list[str], meant: list[str]) -> None:
    assert with_zeros(stored) == meant


def site(folder: Path, **columns: list[Any]) -> Path:
    middle = WEST + 600
    shapes = [shapely.box(WEST, SOUTH, middle, NORTH), shapely.box(middle, SOUTH, EAST, NORTH)]
    gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS).to_file(folder / "lu.gpkg", driver="GPKG")
    file = folder / "site.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("[layers]", '[layers]\nlanduse = "lu.gpkg"'), encoding="utf-8")
    return folder


@pytest.mark.parametrize("uses", [[103, 701], [103.0, 701.0], ["旱地(0103)", "农村宅基地"], ["0103 旱地", "0702"]], ids=str)
def test_the_farmland_ledger_knows_cropland_however_it_is_written(own_small_world: Path, uses: list[Any]) -> None:
    """Half of the site is cropland today; it was told as none, and each arable mu as won."""
    plan = pl.make_plan(site(own_small_world, DLBM=uses))
    ledger, units = plan.summary()["farmland"], plan.units
    west = units.geometry.intersection(shapely.box(WEST, SOUTH, WEST + 600, NORTH)).area / units.area * units["area_mu"]
    kept = float(west[units["target"].isin(["arable", "unrestored"])].sum())
    assert ledger["before_mu"] == pytest.approx(west.sum(), rel=1e-9)
    assert ledger["lost_mu"] == pytest.approx(west.sum() - kept, rel=1e-9)
    assert ledger["new_mu"] == pytest.approx(float((units["area_mu"] - west)[units["target"] == "arable"].sum()), abs=1e-6)
    told = [d for d in plan.site.decisions if render(d.what, "en") == "cropland today"]
    assert len(told) == 1
    villages = [r for r in plan.land_use.to_dict("records") if (c := cover_of(r["landuse"])) and c.key == "village"]
    assert sum(r["area_mu"] for r in villages) == pytest.approx((units["area_mu"] - west).sum(), rel=1e-9)
    html = "".join(p.read_text(encoding="utf-8") for p in [plan.report(own_small_world.parent, lang="en")[0]])
    assert f"Village land today: {(units['area_mu'] - west).sum():,.1f} mu" in html


def test_land_uses_of_which_none_is_cropland_are_told(own_small_world: Path) -> None:
    found = pl.read_site(site(own_small_world, DLMC=["耕种土地", "林地"]))
    told = [render(w, "en") for w in found.warnings if "counts as cropland" in render(w, "en")]
    assert len(told) == 1
    assert "耕种土地" in told[0]
    assert "farmland.cropland" in told[0]
