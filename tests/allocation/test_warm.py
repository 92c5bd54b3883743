"""A search that goes on from an earlier one's prices: the same proof in no more steps, no bound that borders forbid."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import planner.allocation as al
from planner.allocation import compact
from planner.allocation import warm as ready
from planner.allocation.search import Warm


def field(side: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A square of units, two targets each, and the borders between them."""
    rng = np.random.default_rng(0)
    names = [f"u{i:04d}" for i in range(side * side)]
    smooth = rng.normal(0.0, 1.0, (side, side)).cumsum(axis=0).cumsum(axis=1).ravel()
    rows = [
        (u, t, t, float(rng.integers(5, 15)), 1e3 * (50.0 + sign * v + float(rng.normal(0.0, 2.0))), 1e3)
        for u, v in zip(names, smooth, strict=True)
        for t, sign in (("green", 1.0), ("arable", -1.0))
    ]
    options = pd.DataFrame(rows, columns=["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny"])
    pairs = [
        (names[i], names[j], 50.0)
        for i in range(side * side)
        for j in (i + 1, i + side)
        if j < side * side and (j != i + 1 or j % side)
    ]
    return options.set_index(["unit_id", "option"]), pd.DataFrame(pairs, columns=["unit_a", "unit_b", "length_m"])


def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the iteration's steps from now on."""
    count = [0]
    one = compact.Saddle.step

    def counted(self: Any, *given: Any) -> float:
        count[0] += 1
        return one(self, *given)

    monkeypatch.setattr(compact.Saddle, "step", counted)
    return count


def test_a_changed_limit_goes_on_from_the_last_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    options, borders = field(30)
    area = float(options["area_mu"].groupby(level=0).first().sum())
    problem = al.Problem(options, unrestored=False).subject_to(al.Compactness(borders, 30.0))
    before = problem.subject_to(al.Quota("green", min_mu=0.40 * area, max_mu=0.41 * area)).solve(gap=2e-4, time_limit_s=60)
    changed = problem.subject_to(al.Quota("green", min_mu=0.42 * area, max_mu=0.43 * area))
    count = steps(monkeypatch)
    cold = changed.solve(gap=2e-4, time_limit_s=60)
    of_cold = count[0]
    warm = changed.solve(gap=2e-4, time_limit_s=60, start=before)
    assert count[0] - of_cold <= of_cold
    assert warm.gap <= 2e-4 and cold.gap <= 2e-4
    assert warm.objective <= cold.bound * (1 + 1e-9) and cold.objective <= warm.bound * (1 + 1e-9)


def test_border_prices_are_drawn_into_what_borders_cost_now() -> None:
    """An earlier search at ten times the border price must not prove too little at the lower one."""
    options, borders = field(30)
    dear = al.Problem(options, unrestored=False).subject_to(al.Compactness(borders, 300.0)).solve(gap=1e-3, time_limit_s=60)
    cheap = al.Problem(options, unrestored=False).subject_to(al.Compactness(borders, 3.0))
    cold, warm = cheap.solve(gap=1e-3, time_limit_s=60), cheap.solve(gap=1e-3, time_limit_s=60, start=dear)
    assert isinstance(dear.warm, Warm)
    assert warm.bound >= cold.objective and cold.bound >= warm.objective


def test_the_passes_are_made_ready_within_some_hundred_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    count = steps(monkeypatch)
    for ordered in (False, True):
        before = count[0]
        ready._run_once.__wrapped__(True, ordered)
        assert 0 < count[0] - before <= 1000
