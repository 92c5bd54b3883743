"""The small world with a lake above the ground around it: dykes priced, drawn, written, and no way out left beside them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

import planner as pl
from planner.earthwork.finished import finished
from planner.groundworks import drawing
from planner.groundworks.banks import dyked_rims
from planner.groundworks.drawing import Drawing
from planner.groundworks.save import save
from planner.plan.dykes import unpriced

HIGH = {
    "reservoir.level_m": 32.6,
    "dyke.reach_m": 20.0,
    "targets.construction.min_mu": 0.0,
    "targets.arable.min_mu": 0.0,
    "targets.reservoir.min_mu": 1700.0,
}


@pytest.fixture(scope="module")
def drawn(small_world: Path) -> Drawing:
    return drawing(pl.make_plan(small_world, **HIGH))


def test_no_way_out_is_left_beside_the_dykes(drawn: Drawing) -> None:
    """The flood itself looks for one over the finished ground; without the dykes it leaves below the level."""
    level = drawn.plan.reservoirs["level_m"]
    assert (drawn.plan.reservoirs["spill_level_m"] < level).any()
    assert (dyked_rims(drawn.plan, drawn.ground, drawn.dykes) >= level + 0.5 - 1e-9).all()
    assert (dyked_rims(drawn.plan, drawn.ground, drawn.dykes.iloc[:0]) < level).any()
    assert drawn.checks.set_index("check").loc[["rim", "dykes"], "verdict"].tolist() == ["passed", "passed"]


def test_what_is_certain_was_priced_and_stands_in_the_summary(drawn: Drawing) -> None:
    told, units = drawn.plan.summary()["dykes"], drawn.plan.units
    assert told["fill_m3"] == pytest.approx(drawn.dykes["fill_m3"].sum())
    assert told["priced_fill_m3"] == pytest.approx(told["fill_m3"])
    assert told["priced_cost_cny"] == pytest.approx(told["cost_cny"])
    assert (units.loc[units["dyke_m3"] > 0, "fill_m3"] >= units.loc[units["dyke_m3"] > 0, "dyke_m3"]).all()
    assert set(units.loc[units["dyke_m3"] > 0, "target"]) == {"reservoir"}
    assert not [w for w in drawn.plan.warnings if getattr(w, "code", "") == "dykes.unpriced"]


def test_dykes_that_were_not_priced_are_warned_of(drawn: Drawing) -> None:
    units = drawn.plan.units.assign(dyke_m3=0.0, dyke_cny=0.0)
    (message,) = unpriced(units, drawn.dykes)
    assert message.values["fill"] == pytest.approx(drawn.dykes["fill_m3"].sum())
    assert unpriced(units, drawn.dykes.iloc[:0]) == ()


def test_earth_of_dykes_that_nobody_counted_is_taken_from_the_land(drawn: Drawing) -> None:
    plan, units = drawn.plan, drawn.plan.units
    made = finished(
        units.assign(dyke_m3=0.0, fill_m3=units["fill_m3"] - units["dyke_m3"]), plan.site.terrain, plan.site.scenario
    )
    earth = float(made.dykes["fill_m3"].sum())
    before = finished(units, plan.site.terrain, plan.site.scenario)
    assert earth == pytest.approx(drawn.volumes["dyke_m3"], rel=1e-3)
    assert made.land_m < before.land_m or made.land_m == 0.0
    if made.land_m > 0.0:
        assert made.left_m3 == pytest.approx(made.plan_left_m3 + earth, abs=1e-4 * units["fill_m3"].sum())


def test_dykes_are_written_and_read_back(drawn: Drawing, tmp_path: Path) -> None:
    folder = save(drawn, tmp_path / "design", lang="zh")
    lines = gpd.read_file(folder / "design.gpkg", layer="dykes")
    assert len(lines) == len(drawn.dykes)
    assert lines["fill_m3"].sum() == pytest.approx(drawn.volumes["dyke_m3"])
    assert (folder / "dykes.dxf").stat().st_size > 0
    drawn.plan.save(tmp_path / "plan")
    again = pl.load_plan(tmp_path / "plan")
    assert again.summary()["dykes"] == drawn.plan.summary()["dykes"]


def test_a_lake_below_its_rim_takes_no_dyke(small_world: Path) -> None:
    plan = pl.make_plan(small_world)
    assert plan.summary()["dykes"]["lines"] == []
    assert np.allclose(plan.units["dyke_m3"], 0.0)
    assert "dykes" not in drawing(plan).checks["check"].tolist()
