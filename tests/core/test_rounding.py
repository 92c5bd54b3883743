"""What a linear program splits, made whole: against every way written out."""

import itertools

import numpy as np
import pytest

from planner.core.choice.rounding import best_rounding


def test_two_halves_of_a_lake() -> None:
    """40 mu are there of 43 to 44: 3 by the first or 4 by the second way; the second loses less, both together are too many."""
    limits = np.array([43.0]), np.array([44.0])
    made, missed = best_rounding(np.array([[3.0], [4.0]]), np.array([5.0, 2.0]), limits, np.array([40.0]))
    assert made.tolist() == [False, True] and missed == 0.0


def test_nothing_to_make_whole_tells_what_is_missed() -> None:
    made, missed = best_rounding(np.empty((0, 1)), np.empty(0), (np.array([2.0]), np.array([3.0])), np.array([0.5]))
    assert made.size == 0 and missed == 1.5


@pytest.mark.parametrize("seed", range(20))
def test_no_way_misses_less(seed: int) -> None:
    rng = np.random.default_rng(seed)
    change, loss = rng.integers(-9, 10, (8, 3)).astype(float), rng.integers(0, 30, 8).astype(float)
    activity, lo = rng.integers(-20, 20, 3).astype(float), np.array([-1.0, -np.inf, -4.0])
    hi = np.array([1.0, 3.0, np.inf])
    made, missed = best_rounding(change, loss, (lo, hi), activity)
    ways = []
    for way in itertools.product((False, True), repeat=8):
        now = activity + change[list(way)].sum(axis=0)
        ways.append((np.maximum(np.maximum(now - hi, lo - now), 0.0).sum(), loss[list(way)].sum()))
    assert (missed, loss[made].sum()) == min(ways)
