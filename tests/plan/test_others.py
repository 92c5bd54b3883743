"""Alternatives: real plans under the same limits, told against the plan, kept with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import planner as pl
from planner.errors import Infeasible
from planner.landuse import LAND
from planner.plan import again as planned_again
from planner.plan.others import CHEAPEST, UNLIKE, differs, rows_of
from planner.words import pair, render


@pytest.fixture(scope="module")
def plan(small_world: Path) -> Any:
    return pl.make_plan(small_world).alternatives(seconds=12.0)


def test_each_keeps_the_limits_and_is_what_it_says(plan: Any) -> None:
    s = plan.summary()
    assert [other.key for other in plan.others] == [row["key"] for row in s["alternatives"]] == [CHEAPEST, UNLIKE]
    for other, row in zip(plan.others, s["alternatives"], strict=True):
        rows = rows_of(plan, other)
        areas = rows.groupby("target")["area_mu"].sum()
        for target in ("construction", "arable", "reservoir"):
            assert areas[target] >= getattr(plan.site.scenario.targets, target).min_mu - 1e-6
        assert row["restored_mu"] == pytest.approx(rows["area_mu"][rows["target"].isin(LAND)].sum())
        assert row["differs_mu"] == pytest.approx(rows["area_mu"][(rows["target"] != plan.units["target"])].sum())
        assert sum(m["area_mu"] for m in row["moves"]) <= row["differs_mu"] + 1e-6
        deeper = plan.units["deeper"].dropna()
        wet = rows["target"] == "reservoir"
        assert all(wet[deeper[unit]] for unit in deeper.index if wet[unit] and deeper[unit])  # water fills from the bottom
    cheap, other = s["alternatives"]
    assert cheap["cost_cny"] < s["economics"]["cost_cny"]
    assert cheap["restored_mu"] >= s["restored_mu"] * 0.999
    assert other["differs_mu"] > 0
    assert other["npv_cny"] >= 0.98 * s["economics"]["npv_cny"]


def test_units_that_keep_their_option_keep_the_plan_s_figures(plan: Any) -> None:
    rows = rows_of(plan, plan.others[1])
    same = (rows["target"] == plan.units["target"]) & (rows["treatment"] == plan.units["treatment"])
    assert same.any()
    assert (rows["storage_m3"][same] == plan.units["storage_m3"][same]).all()


def test_they_are_kept_with_the_plan(plan: Any, tmp_path: Path) -> None:
    again = pl.load_plan(plan.save(tmp_path / "plan"))
    assert again.summary()["alternatives"] == plan.summary()["alternatives"]
    for before, after in zip(plan.others, again.others, strict=True):
        assert before.option.sort_index().tolist() == after.option.sort_index().tolist()


def test_what_differs_is_told_in_words(plan: Any) -> None:
    s = plan.summary()
    en, zh = pair(differs(s, s["alternatives"][0]))
    assert "would be used otherwise" in en
    assert "costs" in en and " less" in en
    assert "用途不同" in zh and "投资少" in zh
    same = {**s["alternatives"][0], "differs_mu": 0.0, "gap": 0.0005}
    assert "0.05 % less" in render(differs(s, same))


def test_sums_that_a_plan_avoids_are_paid_by_no_alternative_and_may_be_paid_again(small_world: Path) -> None:
    """A thousand million yuan hang on P1, of which the budget is a fourteenth; a bridge that hangs on P2 is paid."""
    sums = [{"name": "move", "cny": 1e9, "parcels": ["P1"]}, {"name": "bridge", "cny": 1e5, "parcels": ["P2"]}]
    plan = pl.make_plan(small_world, **{"budget.max_cny": 73e6, "economics.item": sums})
    mine = plan.units["parcel_id"].astype(str) == "P1"
    assert plan.economics.lump_cny == 1e5 and (plan.units["target"][mine] == "unrestored").all()
    others = plan.alternatives(seconds=6.0)
    told = others.summary()["alternatives"]
    assert [row["key"] for row in told] == [CHEAPEST, UNLIKE]
    for row, other in zip(told, others.others, strict=True):
        assert (rows_of(plan, other)["target"][mine] == "unrestored").all()
        assert row["cost_cny"] <= 73e6
    heard: list[Any] = []
    known = planned_again.again(plan, planned_again.first(plan), {"solver.gap": 5e-3}, {}, tell=heard.append)
    assert known.result is not None and heard
    assert known.result.objective == pytest.approx(plan.certificate.objective, rel=2e-3)
    with pytest.raises(Infeasible):
        planned_again.again(plan, planned_again.first(plan), {}, {str(plan.units.index[mine][0]): "green"})
