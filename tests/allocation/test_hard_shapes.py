"""Shapes that prices alone leave undecided: benefits that grow with costs, lakes with limits of their own."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import planner.allocation as al
from planner.allocation.bound import forest
from planner.allocation.model import Model, assemble, settle
from planner.allocation.objective import objective
from planner.allocation.sharpen import sharpened
from tests.allocation.test_allocation_scale import WAYS, walk, world


def correlated(n: int) -> al.Problem:
    """Every option is worth twice what it costs and the same besides for each mu; every quota is a window of 1 mu."""
    rng = np.random.default_rng(1)
    options, _, _ = world(n, 1)
    area = options["area_mu"].to_numpy()
    options["cost_cny"] = np.round(area * rng.uniform(1e4, 1e5, area.size))
    options["benefit_cny"] = 2 * options["cost_cny"] + np.round(3e3 * area)
    total = float(area[:: len(WAYS)].sum())
    windows = [
        al.Quota(t, min_mu=s * total, max_mu=s * total + 1) for t, s in (("construction", 0.2), ("green", 0.3), ("arable", 0.1))
    ]
    return al.Problem(options).subject_to(*windows, al.Budget(4e4 * total), al.Storage(min_m3=300 * total))


def test_benefits_that_grow_with_costs_are_planned_from_a_corner_of_the_relaxation() -> None:
    asked = correlated(5000)
    result = asked.solve(gap=1e-5, time_limit_s=120)
    value, broken = walk(result, asked)
    assert not broken
    assert np.isclose(value, result.objective, rtol=1e-10)
    assert result.status == "optimal" and "core" in result.method


def lakes(n: int, k: int, seed: int = 9) -> al.Problem:
    """k lakes, each a chain of units from its deepest, with a least and a most storage of its own."""
    options, _, _ = world(n, seed)
    area = options["area_mu"].to_numpy()[:: len(WAYS)]
    ids, total, each = options.index.get_level_values(0)[:: len(WAYS)], float(area.sum()), n // k
    own = [
        al.Storage(
            min_m3=0.2 * 666 * part, max_m3=0.5 * 666 * part, units=tuple(ids[q * each : (q + 1) * each]), name=f"lake {q}"
        )
        for q, part in enumerate(float(area[q * each : (q + 1) * each].sum()) for q in range(k))
    ]
    rules = [
        al.Quota("construction", min_mu=0.2 * total, max_mu=0.4 * total),
        al.Quota("arable", min_mu=0.05 * total),
        al.Quota("green", min_mu=0.1 * total),
        al.Budget(3e4 * total),
        al.Earthwork(max_import_m3=10 * total, max_export_m3=100 * total, import_cny_per_m3=30.0),
    ]
    deeper = {ids[i]: ids[i - 1] for i in range(n) if i % each}
    return al.Problem(options).subject_to(*rules, *own, al.WaterLevel(deeper=deeper))


@pytest.mark.parametrize(("n", "k"), [(1500, 1), (2000, 10)])
def test_lakes_with_limits_of_their_own_are_planned_to_half_a_thousandth(n: int, k: int) -> None:
    asked = lakes(n, k)
    result = asked.solve(gap=5e-4, time_limit_s=120)
    value, broken = walk(result, asked)
    assert not broken
    assert np.isclose(value, result.objective, rtol=1e-10)
    assert result.status == "optimal" and result.gap <= 5e-4
    assert len(result.shadow_prices) == 6 + k


def small_lake(seed: int) -> Model:
    """Seven units in a tree of water levels with a least and a most storage, some locked."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(7):
        area = float(rng.uniform(1, 5))
        rows.append((f"u{i}", "green", "green", area, float(rng.uniform(1, 9)), 1.0, 0.0))
        rows += [(f"u{i}", f"dig{d}", "reservoir", area, float(rng.uniform(0, 9)), 1.0, area * d) for d in (1, 2)]
    columns = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny", "storage_m3"]
    options = pd.DataFrame(rows, columns=columns).set_index(["unit_id", "option"])
    deeper = {f"u{i}": f"u{i - 1 if seed % 2 else rng.integers(0, i)}" for i in range(1, 7)}
    most = float(options["storage_m3"].groupby("unit_id").max().sum())
    low, high = np.sort(rng.uniform(0.1, 0.7, 2)) * most
    rules = [al.WaterLevel(deeper=deeper), al.Storage(min_m3=low, max_m3=high)]
    rules += [al.Lock("u0", "reservoir")] * (seed % 3 == 0) + [al.Lock("u6", "green")] * (seed % 5 == 0)
    asked = al.Problem(options, unrestored=False).subject_to(*rules)
    return assemble(asked.table, asked.parts(), objective(asked.table, "net"))


def test_sharper_rows_lose_no_plan() -> None:
    sharper = 0
    for seed in range(24):
        model = small_lake(seed)
        sharp = sharpened(model, forest(model), lakes=1, least=1, most=100)
        sharper += sharp is not model
        plans = [np.array(c) for c in itertools.product(*(range(a, b) for a, b in itertools.pairwise(model.start)))]
        order = [c for c in plans if (model.member[0][c[model.child]] <= model.member[0][c[model.parent]]).all()]
        kept = [c for c in order if settle(model, c).feasible]
        assert kept and all(settle(sharp, c).feasible and sharp.allowed[c].all() for c in kept)
    assert sharper >= 20


@pytest.mark.parametrize(("rule", "compact"), [("apart", 0.0), ("belt", 0.0), ("adjacent", 0.0), ("adjacent", 50.0)])
def test_neighbours_that_bind_each_other_by_the_corner_of_the_relaxation(rule: str, compact: float) -> None:
    """The same optimum as branch and bound on the whole, and a bound that holds over it."""
    options, borders, _ = world(225, 11)
    named = {
        "apart": al.Apart("construction", "reservoir", borders),
        "adjacent": al.Adjacent("construction", "green", borders),
        "belt": al.Belt("reservoir", "green", borders[["unit_a", "unit_b"]]),
    }[rule]
    total = float(options["area_mu"].to_numpy()[:: len(WAYS)].sum())
    limits = [al.Quota("construction", min_mu=0.2 * total, max_mu=0.4 * total), al.Storage(min_m3=60.0 * total)]
    problem = al.Problem(options).subject_to(*limits, named, *([al.Compactness(borders, compact)] if compact else []))
    one = problem.solve(gap=1e-3, time_limit_s=120)
    other = problem.solve(gap=1e-4, time_limit_s=120, method="milp")
    assert one.method.startswith("relaxation + core")
    assert one.gap <= 1e-3 and one.bound >= other.objective * (1 - 1e-9) and other.bound >= one.objective * (1 - 1e-9)
