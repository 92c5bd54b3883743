"""Shapes that prices alone leave undecided: benefits that grow with costs, lakes with limits of their own."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import planner.allocation as al
from planner.allocation.bound import forest
from planner.allocation.fours import units_by_limits
from planner.allocation.huge import decided, huge_units
from planner.allocation.model import Model, assemble, settle
from planner.allocation.objective import objective
from planner.allocation.search import Method, Settings
from planner.allocation.sharpen import sharpened
from planner.timelimit import now
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


def test_many_limits_of_zones_and_little_room_are_met_by_several_moves_at_once() -> None:
    """Four zones of 250 units with windows of their own, no earth from outside: what one unit leaves of a limit others use."""
    options, _, _ = world(1000, 5)
    ids = options.index.get_level_values(0)
    zone = np.repeat(np.arange(1000) // 250, len(options) // 1000)
    area, rules = options["area_mu"].to_numpy(), []
    for z in range(4):
        options[f"z{z}_mu"] = np.where(zone == z, area, 0.0)
        total = float(options[zone == z].groupby(ids[zone == z])["area_mu"].first().sum())
        for target, low, high in (("construction", 0.2, 0.25), ("arable", 0.1, 0.15), ("green", 0.2, 0.3)):
            rules.append(al.Limit(f"z{z}_mu", target=target, min=low * total, max=high * total))
    asked = al.Problem(options).subject_to(*rules, al.Earthwork(max_import_m3=0, max_export_m3=1e9))
    result = asked.solve(gap=2e-3, time_limit_s=120)
    value, broken = walk(result, asked)
    assert not broken and np.isclose(value, result.objective, rtol=1e-10)
    assert result.status == "optimal"


def modelled(columns: dict[str, np.ndarray], rules: list[object]) -> Model:
    """Units of one option "green" each, with columns of its own, and `unrestored` worth nothing."""
    n = len(next(iter(columns.values())))
    ids = pd.MultiIndex.from_arrays([[f"u{i:03d}" for i in range(n)], ["green"] * n], names=["unit_id", "option"])
    options = pd.DataFrame(
        {"target": "green", "area_mu": np.ones(n), "benefit_cny": np.ones(n), "cost_cny": 0.0} | columns, ids
    )
    asked = al.Problem(options).subject_to(*rules)
    return assemble(asked.table, asked.parts(), objective(asked.table, "net"))


def test_parts_are_the_units_under_the_same_limits() -> None:
    """Units 0 to 3 under one limit, 4 to 7 under another, 8 and 9 under none of the two: three parts."""
    zones = {f"z{z}": np.where(np.arange(10) // 4 == z, 1.0, 0.0) for z in range(2)}
    model = modelled(zones, [al.Limit("z0", max=2.0), al.Limit("z1", max=2.0), al.Quota("green", max_mu=5.0)])
    assert sorted(p.tolist() for p in units_by_limits(model)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_huge_units_are_decided_whole_and_the_rest_in_shares() -> None:
    """Two units of 10 mu and forty of 0.1 mu, 1 yuan a mu each but 2 yuan for the two; 12 mu may be green: one of the two and
    no small one split of 12 − 10 = 2 mu left: 20 + 2 yuan. In shares the two alone would make 24."""
    area = np.r_[10.0, 10.0, np.full(40, 0.1)]
    model = modelled({"area_mu": area, "benefit_cny": area * np.r_[2.0, 2.0, np.ones(40)]}, [al.Quota("green", max_mu=12.0)])
    huge = huge_units(model)
    assert np.flatnonzero(huge).tolist() == [0, 1]
    bound, chosen = decided(model, huge, Settings(1e-6, now(), 60.0, 0, None, Method.CHOOSE))
    assert bound == pytest.approx(22.0) and chosen is not None
    assert settle(model, chosen).objective == pytest.approx(22.0)
    assert not huge_units(modelled({"area_mu": np.linspace(1, 3, 50)}, [])).any()
