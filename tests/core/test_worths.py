"""Surfaces of worth that no way is cheaper than: two places by hand, every pair as the check."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.multiscale import BLOCK, from_others, highest


def test_between_two_places_the_surface_is_a_tent() -> None:
    """Worth 0 at x = 0 and 6 at x = 10, one yuan a metre: at 5 no more than 5."""
    at, worth = np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([0.0, 6.0])
    middle = np.array([[5.0, 0.0]])
    assert highest(middle, at, worth, 1.0).tolist() == [5.0]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5 * BLOCK), st.integers(0, 2**32 - 1), st.floats(1e-3, 10.0), st.floats(0.0, 1e3))
def test_no_block_that_is_passed_over_matters(count: int, seed: int, rate: float, spread: float) -> None:
    dice = np.random.default_rng(seed)
    at, worth, xy = dice.uniform(0, 1000, (count, 2)), dice.normal(0, spread, count), dice.uniform(-200, 1200, (40, 2))
    way = rate * np.hypot(*(xy[:, None, :] - at[None, :, :]).transpose(2, 0, 1))
    np.testing.assert_allclose(highest(xy, at, worth, rate), (worth + way).min(axis=1), rtol=1e-12, atol=1e-9)


def test_of_others_by_hand() -> None:
    """Three places on a line, the first two among some: each looks to the other, the third to the nearer one."""
    xy, worth = np.array([[0.0, 0.0], [10.0, 0.0], [30.0, 0.0]]), np.array([1.0, 2.0, 0.0])
    assert from_others(xy, np.array([True, True, False]), worth, 1.0).tolist() == [12.0, 11.0, 22.0]
    assert from_others(xy, np.array([True, False, False]), worth, 1.0).tolist() == [np.inf, 11.0, 31.0]
    assert from_others(xy, np.zeros(3, dtype=bool), worth, 1.0).tolist() == [np.inf] * 3


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5 * BLOCK), st.integers(0, 2**32 - 1), st.floats(1e-3, 10.0), st.floats(0.0, 1e3), st.booleans())
def test_of_others_against_all_pairs(count: int, seed: int, rate: float, spread: float, doubled: bool) -> None:
    """Places that lie on one another are others all the same."""
    dice = np.random.default_rng(seed)
    xy = dice.uniform(0, 1000, (count, 2))
    xy[count // 2 :] = xy[: count - count // 2] if doubled else xy[count // 2 :]
    worth, among = dice.normal(0, spread, count), dice.random(count) < dice.random()
    way = rate * np.hypot(*(xy[:, None, :] - xy[None, :, :]).transpose(2, 0, 1)) + worth
    way[:, ~among] = np.inf
    np.fill_diagonal(way, np.inf)
    np.testing.assert_allclose(from_others(xy, among, worth, rate), way.min(axis=1), rtol=1e-12, atol=1e-9)
