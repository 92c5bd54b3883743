"""What must not change an answer, worlds at the edge of sense, time and interruption."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import planner.allocation as al
from planner.errors import Infeasible, InvalidInput, NoPlanInTime

COLUMNS = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny", "cut_m3", "fill_m3", "storage_m3"]


def world(seed: int, units: int = 8) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows: list[tuple[object, ...]] = []
    for i in range(units):
        area = float(rng.integers(2, 9))
        for target in ("construction", "green", "reservoir"):
            lake = target == "reservoir"
            money = float(rng.integers(20, 90)), float(rng.integers(1, 30))
            rows.append((f"u{i}", target, target, area, *money, 4.0 * lake, 2.0 * (not lake), 9.0 * lake))
    return pd.DataFrame(rows, columns=COLUMNS).set_index(["unit_id", "option"])


def asked(options: pd.DataFrame, money: float = 1.0) -> al.Problem:
    borders = pd.DataFrame([(f"u{i}", f"u{i + 1}", 3.0) for i in range(7)], columns=["unit_a", "unit_b", "length_m"])
    return al.Problem(options).subject_to(
        al.Quota("construction", min_mu=6, max_mu=25),
        al.Budget(120 * money),
        al.Earthwork(max_import_m3=3, import_cny_per_m3=2.0 * money),
        al.Storage(min_m3=9),
        al.WaterLevel(deeper={"u1": "u0", "u2": "u1"}),
        al.Compactness(borders, cny_per_m=1.5 * money),
    )


quick = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(seed=st.integers(0, 10_000), factor=st.sampled_from([1e-6, 1e-3, 7.0, 1e6]))
def test_money_in_another_unit_changes_nothing(seed: int, factor: float) -> None:
    options = world(seed)
    scaled = options.assign(benefit_cny=options["benefit_cny"] * factor, cost_cny=options["cost_cny"] * factor)
    one, two = asked(options).solve(gap=0), asked(scaled, factor).solve(gap=0)
    assert two.objective == pytest.approx(one.objective * factor, rel=1e-9)


@quick
@given(seed=st.integers(0, 10_000), order=st.permutations(range(8)))
def test_other_names_and_another_order_change_nothing(seed: int, order: list[int]) -> None:
    options = world(seed)
    mixed = options.iloc[np.random.default_rng(seed).permutation(len(options))]
    assert asked(mixed).solve(gap=0).choice.equals(asked(options).solve(gap=0).choice)
    names = {f"u{i}": f"z{order[i]}" for i in range(8)}
    renamed = options.rename(index=names, level=0)
    free = al.Problem(options).subject_to(al.Budget(100), al.Storage(min_m3=9))
    other = al.Problem(renamed).subject_to(al.Budget(100), al.Storage(min_m3=9))
    assert other.solve(gap=0).objective == pytest.approx(free.solve(gap=0).objective, rel=1e-12)


@quick
@given(seed=st.integers(0, 10_000), tighter=st.floats(0.5, 0.99))
def test_a_tighter_limit_never_brings_more(seed: int, tighter: float) -> None:
    loose = asked(world(seed))
    result = loose.solve(gap=0)
    for rule, other in (
        (loose.rules[1], al.Budget(120 * tighter)),
        (loose.rules[0], al.Quota("construction", min_mu=6 / tighter, max_mu=25 * tighter)),
        (loose.rules[3], al.Storage(min_m3=9 / tighter)),
    ):
        try:
            assert loose.replaced(rule, other).solve(gap=0).objective <= result.objective + 1e-6
        except Infeasible:
            continue


@quick
@given(seed=st.integers(0, 10_000))
def test_the_relaxation_an_infeasible_brief_is_told_is_enough(seed: int) -> None:
    rng = np.random.default_rng(seed)
    area = float(world(seed)["area_mu"].groupby(level=0).first().sum())
    rule = al.Storage(min_m3=float(rng.integers(30, 70)))
    problem = al.Problem(world(seed)).subject_to(
        al.Quota("construction", min_mu=0.5 * area), al.Earthwork(max_import_m3=0), rule
    )
    try:
        problem.solve(gap=0)
    except Infeasible as failure:
        lowered = [r for r in map(str, failure.relaxations) if r.startswith("lower storage")]
        if lowered:
            amount = float(lowered[0].split(" by ")[1].split(" ")[0].replace(",", ""))
            assert problem.replaced(rule, al.Storage(min_m3=rule.min_m3 - amount)).solve(gap=0).objective is not None
            with pytest.raises(Infeasible):
                problem.replaced(rule, al.Storage(min_m3=rule.min_m3 - 0.9 * amount)).solve(gap=0)


def one_unit(**numbers: float) -> pd.DataFrame:
    row = {"area_mu": 5.0, "benefit_cny": 9.0, "cost_cny": 2.0, "cut_m3": 0.0, "fill_m3": 0.0, "storage_m3": 0.0} | numbers
    index = pd.MultiIndex.from_tuples([("only", "green")], names=["unit_id", "option"])
    return pd.DataFrame([{"target": "green", **row}], index=index)


def test_one_unit() -> None:
    result = al.Problem(one_unit()).subject_to(al.Quota("green", min_mu=5)).solve()
    assert (result.choice["only"], result.objective, result.gap) == ("green", 7.0, 0.0)
    empty = pd.DataFrame({"unit_a": [], "unit_b": [], "length_m": []})
    assert al.Problem(one_unit()).subject_to(al.Compactness(empty, 5.0)).solve().objective == 7.0


def test_no_eligible_target_anywhere() -> None:
    result = al.Problem(one_unit().iloc[:0], units=["a", "b"]).solve()
    assert list(result.choice) == ["unrestored", "unrestored"]
    with pytest.raises(InvalidInput, match="no units"):
        al.Problem(one_unit().iloc[:0])
    with pytest.raises(InvalidInput, match="'b' has no option"):
        al.Problem(one_unit(), units=["b"], unrestored=False)
    with pytest.raises(Infeasible, match="at most 0 mu"):
        al.Problem(one_unit().iloc[:0], units=["a"]).subject_to(al.Quota("green", min_mu=1)).solve()


def test_zero_area_and_zero_money() -> None:
    result = al.Problem(one_unit(area_mu=0.0, benefit_cny=0.0, cost_cny=0.0)).subject_to(al.Quota("green", max_mu=0)).solve()
    assert (result.objective, result.bound, result.gap) == (0.0, 0.0, 0.0)


def test_ties_everywhere() -> None:
    options = world(1, 30).assign(benefit_cny=10.0, cost_cny=1.0, area_mu=1.0)
    problem = al.Problem(options).subject_to(al.Quota("green", min_mu=7, max_mu=7), al.Quota("reservoir", min_mu=11))
    one, two = problem.solve(gap=0), problem.solve(gap=0)
    assert one.objective == 30 * 9
    assert one.choice.equals(two.choice)
    assert one.totals().loc["green", "area_mu"] == 7


@pytest.mark.parametrize("method", ["milp", "core"])
def test_a_trillion_yuan_beside_one_cubic_metre(method: str) -> None:
    options = world(2, 40)
    options["benefit_cny"] *= 1e10
    options["fill_m3"] = np.where(options["target"] == "construction", 1.0, 0.0)
    options["cut_m3"] = np.where(options["target"] == "reservoir", 1.0, 0.0)
    result = al.Problem(options).subject_to(al.Earthwork(max_import_m3=0)).solve(gap=1e-9, method=method)
    assert result.chosen["fill_m3"].sum() <= result.chosen["cut_m3"].sum()
    assert result.status == "optimal"


def test_limits_that_are_met_to_the_last_digit() -> None:
    options = world(3, 10).assign(area_mu=0.1)
    exact = al.Problem(options).subject_to(al.Quota("green", min_mu=1.0), al.Quota("construction", max_mu=0.0))
    assert set(exact.solve(gap=0).chosen["target"]) == {"green"}
    with pytest.raises(Infeasible):
        al.Problem(options).subject_to(al.Quota("green", min_mu=1.0 + 1e-9)).solve()


def hard(units: int = 1500) -> al.Problem:
    """Equal areas that no sum of a narrow window can meet exactly but nearly: slow to prove."""
    rng = np.random.default_rng(5)
    options = world(4, units)
    options["area_mu"] = np.repeat(rng.uniform(1, 2, units), 3)
    options["benefit_cny"] = rng.uniform(50, 51, 3 * units)
    borders = pd.DataFrame(
        [(f"u{i}", f"u{j}", float(rng.uniform(1, 9))) for i in range(units) for j in rng.integers(0, units, 3) if i != j],
        columns=["unit_a", "unit_b", "length_m"],
    )
    return al.Problem(options).subject_to(
        al.Quota("green", min_mu=200, max_mu=200.5), al.Quota("reservoir", min_mu=300), al.Compactness(borders, 1.0)
    )


def test_the_time_limit_is_kept_and_the_gap_is_told() -> None:
    problem = hard()
    began = time.monotonic()
    try:
        result = problem.solve(gap=0, time_limit_s=4)
    except NoPlanInTime as late:
        assert late.exit_code == 5
    else:
        assert result.status == "time_limit"
        assert result.bound > result.objective
        assert result.gap == pytest.approx(abs(result.bound - result.objective) / abs(result.objective))
    assert time.monotonic() - began < 60


@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals go to the main thread")
def test_ctrl_c_returns_the_best_plan_so_far() -> None:
    problem = hard()
    problem.solve(gap=0.5)  # compiles
    seen: list[float] = []

    def progress(bound: float, best: float, gap: float) -> None:
        seen.append(gap)
        if np.isfinite(gap):
            signal.raise_signal(signal.SIGINT)

    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    try:
        result = problem.solve(gap=0, time_limit_s=60, progress=progress)
    finally:
        signal.signal(signal.SIGINT, usual)
    assert seen
    assert result.status == "interrupted"
    assert result.bound >= result.objective
    assert 195 <= result.totals().loc["green", "area_mu"] <= 200.5


KNAPSACKS = json.loads((Path(__file__).parents[1] / "authorities" / "allocation" / "knapsack.json").read_text())["problems"]


@pytest.mark.parametrize("published", KNAPSACKS, ids=[p["name"] for p in KNAPSACKS])
@pytest.mark.parametrize("method", ["milp", "core"])
def test_published_optima_of_knapsacks(published: dict[str, Any], method: str) -> None:
    """A knapsack is a budget over units of which each may be restored or left."""
    rows = [
        (f"i{j:02d}", "green", "green", 1.0, p, 0.0, 0.0, 0.0, 0.0, w)
        for j, (p, w) in enumerate(zip(published["profits"], published["weights"], strict=True))
    ]
    options = pd.DataFrame(rows, columns=[*COLUMNS, "weight_t"]).set_index(["unit_id", "option"])
    options["benefit_cny"] = options["benefit_cny"].astype(float)
    result = al.Problem(options).subject_to(al.Limit("weight_t", max=published["capacity"])).solve(gap=0, method=method)
    assert result.objective == published["optimum"]
    assert result.bound == pytest.approx(published["optimum"])
