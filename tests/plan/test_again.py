"""Planning again: locks hold, limits move, undo is what was, and nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest

import planner as pl
from planner.errors import Infeasible, InvalidInput
from planner.plan.again import again, first


@pytest.fixture(scope="module")
def plan(small_world: Any) -> Any:
    return pl.make_plan(small_world)


def test_the_same_limits_change_nothing_of_weight(plan: Any) -> None:
    start = first(plan)
    found = again(plan, start, {}, {})
    assert found.result is not None
    assert found.result.objective == pytest.approx(plan.certificate.objective, rel=3e-3)
    assert set(start.changed(start)) == set()


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
