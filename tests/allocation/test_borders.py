"""Borders whose cost depends on which kinds lie side by side: exact for whole plans, whatever the method."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planner.allocation as al
from planner.allocation.borders import cut_terms
from planner.errors import InvalidInput

COLUMNS = ["unit_id", "option", "target", "treatment", "area_mu", "benefit_cny", "cost_cny"]


def world(rng: np.random.Generator, n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    ways = [("green", "forest"), ("green", "mound"), ("reservoir", "keep"), ("reservoir", "dig_1"), ("reservoir", "dig_2")]
    rows = [(f"u{i}", f"{t}:{w}", t, w, 5.0, float(rng.integers(0, 60)), 0.0) for i in range(n) for t, w in ways]
    borders = [
        (f"u{i}", f"u{j}", float(rng.integers(1, 5))) for i, j in itertools.combinations(range(n), 2) if rng.random() < 0.7
    ]
    options = pd.DataFrame(rows, columns=COLUMNS).set_index(["unit_id", "option"])
    return options, pd.DataFrame(borders, columns=["unit_a", "unit_b", "length_m"])


@given(st.integers(2, 6), st.integers(0, 2**32 - 1), st.booleans())
@settings(deadline=None, max_examples=60)
def test_terms_sum_to_the_weight_of_every_pair(kinds: int, seed: int, metric: bool) -> None:
    rng = np.random.default_rng(seed)
    place = rng.integers(0, 5, (kinds, 2)).astype(float)
    weight = np.abs(place[:, None] - place[None]).sum(axis=2) if metric else np.triu(rng.integers(0, 4, (kinds, kinds)), 1)
    weight = weight if metric else (weight + weight.T).astype(float)
    terms = cut_terms(weight)
    found = sum((w * (head[:, None] & ~tail[None, :]) for w, head, tail in terms), np.zeros((kinds, kinds)))
    assert np.allclose(found, weight, atol=1e-8)


def test_a_metric_needs_no_pairs() -> None:
    """Distances on a line are cuts: every term's two sets are the same, so the relaxation is as tight as it can be."""
    place = np.array([0.0, 1.0, 2.0, 5.0])
    assert all((head == tail).all() for _, head, tail in cut_terms(np.abs(place[:, None] - place[None])))


@pytest.mark.parametrize("method", ["milp", "core"])
@pytest.mark.parametrize("seed", range(12))
def test_the_plan_is_the_best_of_all(method: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    options, borders = world(rng, 5)
    weights = {("dig_1", "dig_2"): 0.5, ("keep", "dig_1"): 2.0, ("forest", "mound"): 0.0, ("forest", "dig_2"): 9.0}
    rules = [
        al.Compactness(borders, 3.0, by="treatment", weights=weights),
        al.Compactness(borders, 2.0),
        al.Quota("green", min_mu=10),
    ]
    result = al.Problem(options, unrestored=False).subject_to(*rules).solve(gap=0, method=method, time_limit_s=20)

    def cost(a: tuple[str, str], b: tuple[str, str]) -> float:
        factor = weights.get((a[1], b[1]), weights.get((b[1], a[1]), 1.0)) if a[1] != b[1] else 0.0
        return 3.0 * factor + 2.0 * (a[0] != b[0])

    ways = [tuple(o.split(":")) for o in options.loc["u0"].index]
    best = -np.inf
    for plan in itertools.product(range(5), repeat=5):
        if 5.0 * sum(ways[k][0] == "green" for k in plan) < 10:
            continue
        value = sum(options.benefit_cny.iloc[5 * i + k] for i, k in enumerate(plan))
        value -= sum(
            length * cost(ways[plan[int(a[1:])]], ways[plan[int(b[1:])]]) for a, b, length in borders.itertuples(index=False)
        )
        best = max(best, value)
    assert result.objective <= best + 1e-9 * abs(best)
    assert result.bound >= best - 1e-9 * abs(best)
    if result.status == "optimal":  # not cut short on a busy machine
        assert result.objective == pytest.approx(best)


def test_an_unknown_treatment_is_named() -> None:
    options, borders = world(np.random.default_rng(0), 3)
    rule = al.Compactness(borders, 3.0, by="treatment", weights={("dig_1", "dig_9"): 0.5})
    with pytest.raises(InvalidInput, match="dig_9"):
        al.Problem(options).subject_to(rule).solve()
