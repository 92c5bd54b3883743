"""Rules of time: nothing is placed before it is dug, present value; rows by hand, properties, and brute force."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.allocation import Budget, Earthwork, Problem, Restocked, Stockpile
from planner.errors import Infeasible, InvalidInput

WAYS = ("arable:fill", "reservoir:dig", "unrestored:none")


def options(gain: list[list[float]], cut: list[float], fill: list[float]) -> pd.DataFrame:
    """Units u0, u1 …: filled land takes `fill`, the lake gives `cut`; gain (n, 2) of both, what is left is worth nothing."""
    n = len(gain)
    index = pd.MultiIndex.from_product([[f"u{k}" for k in range(n)], WAYS], names=["unit_id", "option"])
    worth = np.hstack([np.array(gain, dtype=float), np.zeros((n, 1))])
    earth = {"cut_m3": np.zeros((n, 3)), "fill_m3": np.zeros((n, 3))}
    earth["cut_m3"][:, 1], earth["fill_m3"][:, 0] = cut, fill
    return pd.DataFrame(
        {
            "target": [w.split(":")[0] for w in WAYS] * n,
            "treatment": [w.split(":")[1] for w in WAYS] * n,
            "area_mu": 1.0,
            "benefit_cny": worth.ravel(),
            "cost_cny": 0.0,
            **{k: v.ravel() for k, v in earth.items()},
        },
        index=index,
    )


def test_the_row_counts_what_lacks_by_then() -> None:
    table = Problem(options([[5, 1]] * 2, [10, 10], [8, 8]), unrestored=False).table
    (row,) = Stockpile(name="2016", done={"u0": 1.0, "u1": 0.5}, max_import_m3=3.0, compaction=0.9).part(table).sums
    assert row.coef.tolist() == [8.0, -9.0, 0.0, 4.0, -4.5, 0.0]
    assert (row.hi, row.kind) == (3.0, "stock")


def test_what_is_filled_first_waits_for_the_spoil_of_its_own_phase() -> None:
    """The balance as a whole lets u0 be filled with what u1 digs; a phase later that is too late."""
    problem = Problem(options([[100, 1], [90, 60]], [10, 10], [9, 9]), unrestored=False).subject_to(Earthwork(max_import_m3=0))
    whole = problem.solve(gap=0)
    assert whole.choice.tolist() == ["arable:fill", "reservoir:dig"]
    late = problem.subject_to(Stockpile(name="2016", done={"u0": 1.0})).solve(gap=0)
    assert late.choice.tolist() == ["reservoir:dig", "arable:fill"]
    assert late.objective < whole.objective
    bought = problem.subject_to(Stockpile(name="2016", done={"u0": 1.0}, max_import_m3=9.0)).solve(gap=0)
    assert bought.choice.tolist() == whole.choice.tolist()


@settings(max_examples=40, deadline=None)
@given(
    gain=st.lists(st.lists(st.integers(0, 50), min_size=2, max_size=2), min_size=4, max_size=4),
    cut=st.lists(st.integers(0, 20), min_size=4, max_size=4),
    fill=st.lists(st.integers(0, 20), min_size=4, max_size=4),
    phase=st.lists(st.integers(0, 2), min_size=4, max_size=4),
    bring=st.integers(0, 10),
)
def test_no_better_plan_digs_before_it_places(gain, cut, fill, phase, bring) -> None:
    """Brute force over 3⁴ choices, walked phase by phase."""
    rules = [Earthwork(max_import_m3=bring, compaction=0.5)]
    rules += [
        Stockpile(name=str(p), done={f"u{k}": 1.0 for k in range(4) if phase[k] <= p}, max_import_m3=bring, compaction=0.5)
        for p in (0, 1)
    ]
    best = -np.inf
    for plan in itertools.product(range(3), repeat=4):
        stock = float(bring)
        for p in range(3):
            mine = [k for k in range(4) if phase[k] == p]
            stock += sum(0.5 * cut[k] for k in mine if plan[k] == 1) - sum(fill[k] for k in mine if plan[k] == 0)
            if stock < -1e-9:
                break
        else:
            best = max(best, sum(gain[k][w] for k, w in enumerate(plan) if w < 2))
    found = Problem(options(gain, cut, fill), unrestored=False).subject_to(*rules).solve(gap=0)
    assert found.objective == pytest.approx(best)
    assert found.bound == pytest.approx(best)


def test_what_waits_is_what_a_span_places_beyond_what_it_digs() -> None:
    """u0's lake of 10 m³ fills u1 with 9 a span later: 9 m³ at 4 yuan wait; at 7 yuan u1 is rather left, worth 60 − 63."""
    problem = Problem(options([[1, 50], [60, 1]], [10, 0], [99, 9]), unrestored=False).subject_to(Earthwork(max_import_m3=0))
    cheap, dear = (problem.subject_to(Restocked(name="2017", share={"u1": 1.0}, cny_per_m3=p)).solve(gap=0) for p in (4.0, 7.0))
    assert cheap.choice.tolist() == ["reservoir:dig", "arable:fill"]
    assert cheap.objective == pytest.approx(50 + 60 - 4 * 9)
    assert dear.objective == pytest.approx(50 + 1)
    assert dear.choice.tolist() == ["reservoir:dig", "reservoir:dig"]
    late = problem.subject_to(Restocked(name="2017", share={"u1": 1.0}, cny_per_m3=4.0, worth=0.5))
    paid, short = (late.subject_to(Budget(most)).solve(gap=0) for most in (36.0, 35.9))
    assert paid.objective == pytest.approx(50 + 60 - 2 * 9)  # half of the 36 yuan is off the objective, a limit counts them all
    assert short.objective == pytest.approx(50 + 1)


@settings(max_examples=30, deadline=None)
@given(
    gain=st.lists(st.lists(st.integers(0, 50), min_size=2, max_size=2), min_size=4, max_size=4),
    cut=st.lists(st.integers(0, 20), min_size=4, max_size=4),
    fill=st.lists(st.integers(0, 20), min_size=4, max_size=4),
    share=st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=4, max_size=4),
    price=st.integers(0, 5),
    most=st.none() | st.integers(0, 60),
)
def test_no_better_plan_handles_earth_twice(gain, cut, fill, share, price, most) -> None:
    """Brute force over 3⁴ choices with two spans: a share of every unit's earth in the second, paid out of a budget."""
    best = -np.inf
    for plan in itertools.product(range(3), repeat=4):
        lack = [fill[k] if w == 0 else -0.5 * cut[k] if w == 1 else 0.0 for k, w in enumerate(plan)]
        if sum(lack) <= 1e-9:
            waits = max(sum(s * x for s, x in zip(share, lack, strict=True)), 0.0)
            if most is None or price * waits <= most + 1e-9:
                best = max(best, sum(gain[k][w] for k, w in enumerate(plan) if w < 2) - price * waits)
    again = Restocked(name="2017", share={f"u{k}": s for k, s in enumerate(share)}, cny_per_m3=price, compaction=0.5)
    rules = [Earthwork(max_import_m3=0, compaction=0.5), again, *([] if most is None else [Budget(float(most))])]
    found = Problem(options(gain, cut, fill), unrestored=False).subject_to(*rules).solve(gap=0)
    assert found.objective == pytest.approx(best)
    assert found.bound == pytest.approx(best)


def test_bad_shares_are_refused_and_a_lack_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"u1 has done = 2"):
        Stockpile(name="2016", done={"u1": 2.0})
    with pytest.raises(InvalidInput, match=r"u1 has done = 2"):
        Restocked(name="2016", share={"u1": 2.0}, cny_per_m3=1.0)
    with pytest.raises(InvalidInput, match="u9"):
        Stockpile(name="2016", done={"u9": 1.0}).part(Problem(options([[5, 1]], [1], [1])).table)
    only = options([[5, 1]], [1], [4]).iloc[:1]
    with pytest.raises(Infeasible, match="placed by the end of 2016 is dug by then"):
        Problem(only, unrestored=False).subject_to(Stockpile(name="2016", done={"u0": 1.0})).solve()


def with_values(seed: int, rate: float) -> pd.DataFrame:
    """Six units, each land now, land later or nothing; present values at a rate."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([[f"u{k}" for k in range(6)], ("green:a", "green:b", "unrestored:none")])
    benefit, cost, year = rng.integers(1, 100, 18), rng.integers(1, 60, 18), rng.integers(0, 12, 18)
    idle = np.tile([False, False, True], 6)
    benefit, cost = np.where(idle, 0, benefit), np.where(idle, 0, cost)
    value = benefit / (1 + rate) ** year - cost
    targets = np.where(idle, "unrestored", "green")
    return pd.DataFrame(
        {"target": targets, "area_mu": 1.0, "benefit_cny": benefit, "cost_cny": cost, "npv_cny": value},
        index=index.set_names(["unit_id", "option"]),
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), budget=st.integers(10, 200))
def test_present_value_is_the_best_there_is_and_never_falls_when_a_limit_is_relaxed(seed: int, budget: int) -> None:
    table = with_values(seed, 0.08)
    found = Problem(table, unrestored=False).subject_to(Budget(budget)).solve(objective="npv", gap=0)
    value, cost = (table[c].to_numpy().reshape(6, 3) for c in ("npv_cny", "cost_cny"))
    plans = np.array(list(itertools.product(range(3), repeat=6)))
    unit = np.arange(6)
    kept = cost[unit, plans].sum(axis=1) <= budget
    assert found.objective == pytest.approx(value[unit, plans].sum(axis=1)[kept].max())
    wider = Problem(table, unrestored=False).subject_to(Budget(budget + 25)).solve(objective="npv", gap=0)
    assert wider.objective >= found.objective - 1e-9
