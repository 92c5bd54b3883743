"""Surfaces of worth that no way is cheaper than: two places by hand, every pair as the check."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.multiscale import BLOCK, gentlest, highest


def test_between_two_places_the_surfaces_are_tents() -> None:
    """Worth 0 at x = 0 and 6 at x = 10, one yuan a metre: at 5 no more than 5 and no less than 1."""
    at, worth = np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([0.0, 6.0])
    middle = np.array([[5.0, 0.0]])
    assert highest(middle, at, worth, 1.0).tolist() == [5.0]
    assert gentlest(middle, at, worth, 1.0).tolist() == [3.0]
    assert gentlest(at, at, worth, 1.0).tolist() == worth.tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5 * BLOCK), st.integers(0, 2**32 - 1), st.floats(1e-3, 10.0), st.floats(0.0, 1e3))
def test_no_block_that_is_passed_over_matters(count: int, seed: int, rate: float, spread: float) -> None:
    dice = np.random.default_rng(seed)
    at, worth, xy = dice.uniform(0, 1000, (count, 2)), dice.normal(0, spread, count), dice.uniform(-200, 1200, (40, 2))
    way = rate * np.hypot(*(xy[:, None, :] - at[None, :, :]).transpose(2, 0, 1))
    top, bottom = (worth + way).min(axis=1), (worth - way).max(axis=1)
    np.testing.assert_allclose(highest(xy, at, worth, rate), top, rtol=1e-12, atol=1e-9)
    found = gentlest(xy, at, worth, rate)
    np.testing.assert_allclose(found, 0.5 * (top + bottom), rtol=1e-12, atol=1e-9)
    apart = np.hypot(*(xy[:, None, :] - xy[None, :, :]).transpose(2, 0, 1))
    assert (np.abs(found[:, None] - found[None, :]) <= rate * apart + 1e-9 * (1 + spread)).all()
