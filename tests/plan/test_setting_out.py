"""A plan as it is set out: smooth borders, every use with its ground in every parcel, zones that hold the plan's sums."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

import planner as pl
from planner.groundworks import drawing
from planner.groundworks.save import save
from planner.landuse import ONE_ZONE
from planner.plan.ledgers import works
from planner.plan.setting_out import laid_out


@pytest.fixture(scope="module")
def plan(small_world: Path) -> Any:
    return pl.make_plan(small_world, **{"works.smoothing_m": 40.0})


def by_use(plan: Any) -> Any:
    units = plan.units
    works = units["treatment"].astype(str).replace(ONE_ZONE)
    return units.geometry.area.groupby([units["parcel_id"], units["target"].astype(str), works]).sum()


def test_nothing_moves_where_nothing_is_asked(small_world: Path) -> None:
    plan = pl.make_plan(small_world)
    assert laid_out(plan) is plan


def test_every_use_keeps_its_ground_in_every_parcel_and_nothing_overlaps(plan: Any) -> None:
    laid = laid_out(plan)
    assert not laid.units.geometry.geom_equals(plan.units.geometry).all()
    np.testing.assert_allclose(by_use(laid), by_use(plan), rtol=0, atol=1e-3)
    assert shapely.coverage_is_valid(laid.units.geometry.to_numpy())
    assert shapely.area(laid.units.geometry).sum() == pytest.approx(shapely.area(plan.units.geometry).sum(), abs=1e-3)
    for name, lake in laid.reservoirs.geometry.items():
        assert lake.area == pytest.approx(plan.reservoirs.geometry[name].area, abs=1e-3)


def test_a_plan_that_is_laid_out_is_given_back_also_after_it_was_saved(plan: Any, tmp_path: Path) -> None:
    laid = laid_out(plan)
    assert laid_out(laid) is laid and not plan.set_out
    found = drawing(plan)
    np.testing.assert_array_equal(drawing(found.plan).ground.values, found.ground.values)
    laid.save(tmp_path / "laid")
    loaded = pl.load_plan(tmp_path / "laid")
    assert laid_out(loaded) is loaded
    assert "set_out" not in plan.summary()


def test_the_design_closes_on_smooth_borders_and_its_zones_are_the_plans(plan: Any, tmp_path: Path) -> None:
    found = drawing(plan)
    lake = found.storage.iloc[0]
    assert lake["design_m3"] == pytest.approx(lake["plan_m3"], rel=1e-5)
    zones = found.zones()
    assert len(zones) == works(plan.units, plan.borders)["patches"]
    for name in ("area_mu", "cut_m3", "fill_m3"):
        used = plan.units["target"] != "unrestored"
        assert zones[name].sum() == pytest.approx(plan.units.loc[used, name].sum())
    assert zones["area_mu"].is_monotonic_decreasing
    save(found, tmp_path / "design")
    written = gpd.read_file(tmp_path / "design" / "design.gpkg", layer="zones")
    assert written["zone_id"].tolist() == zones.index.tolist()
    lines = gpd.read_file(tmp_path / "design" / "zones.dxf")
    assert len(lines) >= len(zones)


def test_built_as_set_out_is_all_built(plan: Any) -> None:
    built = pl.asbuilt(plan, pl.design(plan))
    assert built.achieved_share == pytest.approx(1.0, abs=1e-5)


def test_a_radius_below_zero_is_refused(small_world: Path) -> None:
    with pytest.raises(pl.errors.PlannerError, match=r"works\.smoothing_m"):
        pl.make_plan(small_world, **{"works.smoothing_m": -1.0})
