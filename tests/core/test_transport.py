"""Who digs for whom: five places by hand, tolls and gates, the dual as proof, and SciPy's linear program as authority."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from planner.core.corner import corner_flow
from planner.core.transport import GATE, INSIDE, NOWHERE, Places, cheapest_flow


def places(xy: list[tuple[float, float]], toll: list[float] | None = None, kind: list[int] | None = None) -> Places:
    n = len(xy)
    return Places(np.array(xy, dtype=float).reshape(n, 2), np.array(toll or [0.0] * n), np.array(kind or [INSIDE] * n))


def start_of(supply: list[int], demand: list[int]) -> np.ndarray:
    """A first flow by the north-west corner rule."""
    have, want = np.array(supply, dtype=np.int64), np.array(demand, dtype=np.int64)
    way = np.array([[0, 0, have.sum()]], dtype=np.int64)
    return corner_flow(way, have, np.array([0, len(have)]), want, np.array([0, len(want)]))


def cost_of(ways: np.ndarray, a: Places, b: Places, rate: float = 1.0) -> float:
    far = np.hypot(*(a.xy[ways[:, 0]] - b.xy[ways[:, 1]]).T)
    inside = (a.kind[ways[:, 0]] != NOWHERE) & (b.kind[ways[:, 1]] != NOWHERE)
    return float((ways[:, 2] * (rate * np.where(inside, far, 0.0) + a.toll[ways[:, 0]] + b.toll[ways[:, 1]])).sum())


def test_the_corner_rule_shares_out_in_order() -> None:
    """3 and 4 to 2, 4 and 1: 2 and 1 from the first, 3 and 1 from the second."""
    assert start_of([3, 4], [2, 4, 1]).tolist() == [[0, 0, 2], [0, 1, 1], [1, 1, 3], [1, 2, 1]]


def test_crossed_ways_are_uncrossed() -> None:
    """Sources at x = 0 and 10, sinks at 9 and 1: straight, 1 + 1; crossed as the corner rule begins, 9 + 9."""
    a, b = places([(0, 0), (10, 0)]), places([(9, 0), (1, 0)])
    ways, potential, unproven = cheapest_flow(a, b, start_of([1, 1], [1, 1]), 1.0, 0.0)
    assert sorted(ways.tolist()) == [[0, 1, 1], [1, 0, 1]] and cost_of(ways, a, b) == 2.0 and unproven == 0.0
    for i, j, _ in ways:
        assert np.hypot(*(a.xy[i] - b.xy[j])) + potential[i] - potential[2 + j] == pytest.approx(0.0)


def test_five_places_by_hand() -> None:
    """5 m³ at x = 0, 3 at x = 10, asked: 4 at x = 1, 2 at x = 9, 2 at x = 4.

    4 go 0 → 1 (4 m), 2 go 10 → 9 (2 m); of what is left, 1 goes 0 → 4 (4 m) and 1 goes 10 → 4 (6 m): 16 in all.
    """
    a, b = places([(0, 0), (10, 0)]), places([(1, 0), (9, 0), (4, 0)])
    ways, _, _ = cheapest_flow(a, b, start_of([5, 3], [4, 2, 2]), 1.0, 0.0)
    assert cost_of(ways, a, b) == pytest.approx(16.0)
    assert sorted(ways.tolist()) == [[0, 0, 4], [0, 2, 1], [1, 1, 2], [1, 2, 1]]


def test_a_sink_nowhere_is_as_near_to_all_and_takes_what_lies_farthest_off() -> None:
    """Two sources at 0 and 100, one asked at 1, the other given away: the far one is, at its toll alone."""
    a = places([(0, 0), (100, 0)])
    b = places([(1, 0), (0, 0)], toll=[0.0, 7.0], kind=[INSIDE, NOWHERE])
    ways, _, _ = cheapest_flow(a, b, start_of([1, 1], [1, 1]), 1.0, 0.0)
    assert sorted(ways.tolist()) == [[0, 0, 1], [1, 1, 1]] and cost_of(ways, a, b) == 8.0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 100_000))
def test_as_cheap_as_a_linear_program(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ns, nd = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    supply = rng.integers(1, 9, ns)
    demand = rng.multinomial(int(supply.sum()) - 0, np.ones(nd) / nd)
    demand = demand[demand > 0]
    nd = len(demand)
    a = places([tuple(p) for p in rng.uniform(0, 100, (ns, 2))], list(rng.uniform(0, 9, ns)))
    kinds = [INSIDE if rng.random() < 0.7 else GATE for _ in range(nd)]
    b = places([tuple(p) for p in rng.uniform(0, 100, (nd, 2))], list(rng.uniform(0, 9, nd)), kinds)
    ways, potential, unproven = cheapest_flow(a, b, start_of(supply.tolist(), demand.tolist()), 2.0, 0.0)
    cost = np.hypot(*(a.xy[:, None] - b.xy[None]).transpose(2, 0, 1)) * 2.0 + a.toll[:, None] + b.toll[None]
    take = np.kron(np.eye(ns), np.ones(nd))
    give = np.kron(np.ones(ns), np.eye(nd))
    best = linprog(cost.ravel(), A_eq=np.vstack([take, give]), b_eq=np.r_[supply, demand]).fun
    found = float((cost[ways[:, 0], ways[:, 1]] * ways[:, 2]).sum())
    assert found == pytest.approx(best, rel=1e-9, abs=1e-9) and unproven == pytest.approx(0.0, abs=1e-6)
    assert np.bincount(ways[:, 0], ways[:, 2], ns).tolist() == supply.tolist()
    assert np.bincount(ways[:, 1], ways[:, 2], nd).tolist() == demand.tolist()
    assert (cost + potential[:ns, None] - potential[None, ns:] >= -1e-6).all()
