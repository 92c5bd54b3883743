"""What if: plans over values of a key, and how firm each unit's target is."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

import planner as pl
from planner.errors import InvalidInput
from planner.parameters import Parameters
from planner.plan import sensitivity
from planner.plan.compose import READ_WITH_FILES, survey
from planner.plan.sensitivity import remeasured, row_of


@pytest.fixture(scope="module")
def site(small_world: Path) -> pl.Site:
    return pl.read_site(small_world)


def test_a_sweep_is_the_plans_one_by_one(site: pl.Site) -> None:
    table = pl.sweep(site, "targets.arable.min_mu", [100.0, 300.0, 1e6])
    assert table["status"].tolist()[:2] == ["optimal", "optimal"]
    assert table.loc[300.0, "arable_mu"] >= 300.0
    assert table.loc[300.0, "objective_cny"] <= table.loc[100.0, "bound_cny"]
    assert table.loc[1e6, "status"] == "infeasible"
    assert "arable" in table.loc[1e6, "why"]
    alone = pl.make_plan(site, **{"targets.arable.min_mu": 300.0})
    assert table.loc[300.0, "objective_cny"] == pytest.approx(alone.certificate.objective, rel=1e-12)


def test_a_sweep_over_lump_sums_counts_those_it_is_told(site: pl.Site) -> None:
    """Sums that are always paid move no choice: the cost rises by what they rise."""
    sums = [[{"name": "bridge", "cny": cny}] for cny in (1e6, 2e6)]
    one, two = (row_of(survey(site), {"economics.item": items})["cost_cny"] for items in sums)
    assert two - one == pytest.approx(1e6)
    alone = pl.make_plan(site, **{"economics.item": sums[1]})
    assert two == pytest.approx(alone.summary()["economics"]["cost_cny"])


def test_what_files_are_read_by_is_refused(site: pl.Site) -> None:
    for key in ("layers.terrain", "water.amplitude_m", "measure.surroundings_m"):
        with pytest.raises(InvalidInput, match="make_plan"):
            pl.sweep(site, key, [5.0])
        with pytest.raises(InvalidInput, match="make_plan"):
            pl.vary(site, {key: [30.0]})
    with pytest.raises(InvalidInput, match="did you mean"):
        pl.sweep(site, "targets.arable.min_m", [5.0])


TOLD_ONLY = {"dyke.max_height_m", "earthwork.market_km"}  # read with the files, and only warned or checked by


def test_every_key_that_measuring_reads_is_known_to_be(small_world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is not would give the same plan whatever its value: St Aidan's at an amplitude of 3 m was 4 % too low."""
    read: set[str] = set()
    value = Parameters.value

    def noted(self: Parameters, key: str) -> object:
        read.add(key)
        return value(self, key)

    monkeypatch.setattr(Parameters, "value", noted)
    site = pl.read_site(small_world)
    with_files, _ = set(read), read.clear()
    survey(site)
    monkeypatch.undo()
    assert {"measure.hollow_min_depth_m", "partition.min_unit_mu"} <= read
    assert [key for key in sorted(read) if not remeasured(site, key)] == []
    assert "water.amplitude_m" in with_files
    assert [key for key in sorted(with_files - TOLD_ONLY) if not remeasured(site, key)] == []
    assert [k for k in sorted(with_files - TOLD_ONLY) if not k.startswith((*READ_WITH_FILES, "partition."))] == []


@pytest.mark.parametrize(("key", "value"), [("reservoir.level_m", 30.4), ("partition.max_unit_mu", 6.0)])
def test_units_are_cut_anew_by_what_they_hang_on(site: pl.Site, key: str, value: float) -> None:
    made = pl.make_plan(site, **{key: value})
    found = pl.sweep(site, key, [value]).loc[value]
    assert found["objective_cny"] == pytest.approx(made.certificate.objective, rel=1e-9)
    assert found["cut_m3"] == pytest.approx(made.units["cut_m3"].sum(), rel=1e-9)
    other = pl.vary(site, {key: [value], "solver.gap": [1e-3]})
    assert other["cut_m3"].iloc[0] > 0.0
    assert found["cut_m3"] != pytest.approx(row_of(survey(site), {"solver.gap": 1e-3})["cut_m3"], rel=1e-6)
    with pytest.raises(InvalidInput, match="cannot be drawn"):
        pl.confidence(site, {key: 0.1})


def test_units_are_not_cut_again_while_what_they_hang_on_stays(site: pl.Site) -> None:
    key, gaps = "partition.max_unit_mu", [1e-3, 1e-2]
    with patch.object(sensitivity, "survey", wraps=survey) as cut:
        pl.vary(site, {key: [5.0, 6.0], "solver.gap": gaps})  # the site as it is it surveys by its own hand
        pl.sweep(site, "solver.gap", gaps)
    assert [call.args[0].scenario.number(key) for call in cut.call_args_list] == [5.0, 6.0, site.scenario.number(key)]


def test_a_site_that_is_read_is_not_read_again(site: pl.Site, small_world: Path) -> None:
    """The amplitude of the water table made no difference to a Site, and does to its folder."""
    sets = {"water.amplitude_m": 0.9}
    for made in (pl.make_plan, pl.whatif):
        with pytest.raises(InvalidInput, match=r"water\.amplitude_m is what the site's files are read by"):
            made(site, **sets)
    wet = pl.read_site(small_world, sets=sets).water_table.wet.values
    assert np.nanmean(wet - site.water_table.wet.values) != 0.0
    assert pl.make_plan(site, **{"site.year": 2030}).site.scenario.site.year == 2030


def test_confidence_is_a_share_of_draws(site: pl.Site) -> None:
    spread = {"targets.arable.value_cny_per_mu": 2.0, "earthwork.cut_cny_per_m3": 0.3}
    firm = pl.confidence(site, spread, draws=4, seed=3)
    shares = firm.drop(columns=["target", "confidence"])
    assert np.allclose(shares.sum(axis=1), 1.0)
    assert firm["confidence"].between(0.0, 1.0).all()
    assert firm["confidence"].nunique() > 1
    again = pl.confidence(site, spread, draws=4, seed=3)
    assert firm.equals(again)


def test_nothing_drawn_is_full_confidence(site: pl.Site) -> None:
    firm = pl.confidence(site, {"earthwork.cut_cny_per_m3": 0.0}, draws=2)
    assert (firm["confidence"] == 1.0).all()
    with pytest.raises(InvalidInput, match="no number"):
        pl.confidence(site, {"budget.max_cny": 0.1}, draws=2)


def test_a_sweep_tells_the_storage_that_the_plan_tells(own_small_world: Path) -> None:
    """Wetland beside the lake holds part of its water: the table left it out, the plan told it."""
    sets = {"targets.green.min_mu": 60.0}
    plan = pl.make_plan(own_small_world, **sets)
    assert plan.summary()["wetland_mu"] > 0
    assert plan.summary()["water"]["storage_m3"] > plan.options.loc[[*plan.units["option"].items()], "storage_m3"].sum()
    table = pl.vary(own_small_world, {"targets.green.min_mu": [60.0]})
    assert table["storage_m3"].iloc[0] == pytest.approx(plan.summary()["water"]["storage_m3"], rel=1e-9)
