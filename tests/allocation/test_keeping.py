"""A limit that counts borders is priced on many units; branch and bound on the whole says the same."""

from __future__ import annotations

import numpy as np
import pytest

import planner.allocation as al
from tests.allocation.test_allocation_scale import WAYS, walk, world

UNITS = 256


def asked(keep: str, level: float | None = None) -> al.Problem:
    """Quotas, a budget, compactness, and an objective kept."""
    options, borders, _ = world(UNITS, 5)
    total = float(options["area_mu"].to_numpy()[:: len(WAYS)].sum())
    rules = [
        al.Quota("construction", min_mu=0.2 * total, max_mu=0.4 * total),
        al.Quota("green", min_mu=0.1 * total),
        al.Budget(3e4 * total),
        al.Compactness(borders, 50.0),
    ]
    return al.Problem(options).subject_to(*rules, *([] if level is None else [al.Keep(keep, level)]))


@pytest.mark.parametrize(("goal", "keep", "share"), [("net", "compactness", 0.7), ("land", "net", 0.98)])
def test_a_priced_limit_holds_and_its_bound_is_one(goal: str, keep: str, share: float) -> None:
    free = asked(keep).solve(gap=1e-3, objective="net")
    level = share * al.evaluate(asked(keep), keep, free)
    problem = asked(keep, level)
    result = problem.solve(objective=goal, gap=2e-3, time_limit_s=60)
    plain = problem.solve(objective=goal, gap=2e-3, time_limit_s=60, method="milp")
    value, broken = walk(result, problem) if goal == "net" else (result.objective, None)
    assert not broken and np.isclose(value, result.objective, rtol=1e-10)
    kept = al.evaluate(asked(keep), keep, result)
    assert kept <= level if keep == "compactness" else kept >= level
    assert result.bound >= plain.objective * (1 - 1e-9) and plain.bound >= result.objective * (1 - 1e-9)
    assert result.bound_from_prices >= plain.objective * (1 - 1e-9)
    assert result.gap <= 1e-2
    if goal == "net":
        assert "borders of a limit priced" in result.method
