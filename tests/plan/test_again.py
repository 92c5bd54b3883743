"""Planning again: locks hold, limits move, undo is what was, and nothing else changes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import planner as pl
from planner.allocation.search import Warm
from planner.errors import Infeasible, InvalidInput
from planner.plan.again import again, first
from planner.plan.kept import frames_of, warm_of
from planner.words import Message


@pytest.fixture(scope="module")
def plan(small_world: Any) -> Any:
    return pl.make_plan(small_world)


def test_the_same_limits_change_nothing_of_weight(plan: Any) -> None:
    start = first(plan)
    found = again(plan, start, {}, {})
    assert found.result is not None
    assert found.result.objective == pytest.approx(plan.certificate.objective, rel=3e-3)
    assert set(start.changed(start)) == set()


def test_a_saved_plan_answers_as_the_one_in_memory(plan: Any, tmp_path: Path) -> None:
    warm = Warm(np.random.default_rng(1).uniform(0.0, 9.0, (2, 3)) * [1, 0, 1], np.linspace(0.0, 1.0, len(plan.units)))
    border, earth = frames_of(cast("pl.Result", SimpleNamespace(warm=warm, choice=plan.units["target"])))
    plan = dataclasses.replace(plan, border_prices=border, earth_prices=earth)
    back = pl.load_plan(plan.save(tmp_path / "plan"))
    kept = warm_of(back.border_prices, back.earth_prices, plan.units.index)
    assert kept is not None
    assert kept.border == pytest.approx(warm.border, abs=0.005)
    assert kept.earth == pytest.approx(warm.earth, abs=5e-6)
    assert back.certificate.start_prices == plan.certificate.start_prices != ()
    sets = {"targets.arable.min_mu": 230.0}
    here, there = (again(one, first(one), sets, {}) for one in (plan, back))
    assert here.result is not None
    assert there.result is not None
    assert here.option.equals(there.option)
    assert there.result.bound == pytest.approx(here.result.bound, rel=1e-9)
    damaged = dataclasses.replace(back, border_prices=back.border_prices.astype(str) + "x", earth_prices=back.earth_prices[:3])
    still = again(damaged, first(damaged), sets, {})  # prices are no beliefs: without them the bound is wider, not wrong
    assert still.result is not None
    assert still.result.bound >= still.result.objective


@pytest.mark.parametrize(
    "key", ["targets.arable.value_cny_per_mu", "earthwork.cut_cny_per_m3", "water.amplitude_m", "site.year"]
)
def test_what_options_hang_on_is_refused(plan: Any, key: str) -> None:
    """Arable worth 9 M yuan a mu left the plan as it was, at 1 080 M yuan for 11 152."""
    with pytest.raises(InvalidInput, match=f"{key} changes what options cost"):
        again(plan, first(plan), {key: 9e6}, {})


def test_what_has_to_be_searched_in_full_is_told(plan: Any) -> None:
    heard: list[Message] = []
    found = again(plan, first(plan), {"works.min_zone_mu": 8.0}, {}, tell=heard.append)
    assert [m.code for m in heard] == ["plan.searched_in_full"]
    assert found.result is not None


def test_nothing_changed_is_the_last_answer_itself(plan: Any) -> None:
    found = again(plan, first(plan), {"targets.arable.min_mu": 230.0}, {})
    assert again(plan, found, {"targets.arable.min_mu": 230.0}, {}) is found


def test_locks_and_limits_are_kept_and_the_rest_told(plan: Any) -> None:
    start = first(plan)
    green = plan.units.index[plan.units["target"] == "construction"][:3]
    locks = dict.fromkeys(map(str, green), "green")
    found = again(plan, start, {"targets.arable.min_mu": 250.0}, locks)
    assert (found.rows.loc[list(locks), "target"] == "green").all()
    assert found.rows.loc[found.rows["target"] == "arable", "area_mu"].sum() >= 250.0 - 1e-6
    changed = found.changed(start)
    assert set(locks) <= set(changed)
    same = [u for u in start.option.index if u not in set(changed)]
    assert (found.option[same] == start.option[same]).all()
    further = again(plan, found, {}, {})  # begun at the last answer's prices
    assert further.result is not None
    assert further.result.objective >= found.result.objective - 1e-6  # type: ignore[union-attr]


def test_what_cannot_be_is_said(plan: Any) -> None:
    with pytest.raises(Infeasible):
        again(plan, first(plan), {"targets.construction.min_mu": 1e6}, {})
    with pytest.raises(InvalidInput, match="nowhere"):
        again(plan, first(plan), {}, {"nowhere": "green"})


def test_another_level_prices_the_land_anew(plan: Any) -> None:
    level = float(plan.reservoirs["level_m"].iloc[0])
    found = again(plan, first(plan), {"reservoir.level_m": level - 0.3}, {})
    assert found.scenario.reservoir.level_m == pytest.approx(level - 0.3)
    assert not found.options["storage_m3"].equals(first(plan).options["storage_m3"])
