"""Up to four moves that win together, against every set of up to four tried."""

import itertools

import numpy as np
import pytest

from planner.core.choice.fours import winning_four

ALONE = np.full(6, -1)


def test_what_three_use_of_a_limit_the_fourth_gives_back() -> None:
    """Room for 1 more: moves use 2, 2, 2 and give 5 back; all four together win 3 + 3 + 3 − 4 = 5, no fewer fit and win."""
    change, win = np.array([[2.0], [2.0], [2.0], [-5.0]]), np.array([3.0, 3.0, 3.0, -4.0])
    moves = (np.arange(4), change, win, -win)
    made, won = winning_four(moves, (np.array([-np.inf]), np.array([1.0])), np.zeros(1), (0.0, 1e3), ALONE, (0.0, 10_000))
    assert (sorted(made.tolist()), won) == ([0, 1, 2, 3], 5.0)


def test_two_options_of_one_unit_and_a_unit_on_another_are_not_taken_together() -> None:
    """Moves win 3 and 2 for unit 0, 1 for unit 1, which stands on unit 0, and 1 for unit 2."""
    moves = (np.array([0, 0, 1, 2]), np.zeros((4, 1)), np.array([3.0, 2.0, 1.0, 1.0]), -np.array([3.0, 2.0, 1.0, 1.0]))
    above = np.array([-1, 0, -1])
    made, won = winning_four(moves, (np.zeros(1), np.zeros(1)), np.zeros(1), (0.0, 1e3), above, (0.0, 10_000))
    assert (sorted(made[made >= 0].tolist()), won) == ([0, 3], 4.0)


@pytest.mark.parametrize("seed", range(12))
def test_no_set_of_four_wins_more(seed: int) -> None:
    """Seven moves, two limits; prices on either side or none, and a begin that keeps the limits or misses them."""
    rng = np.random.default_rng(seed)
    unit, change = np.array([0, 1, 2, 3, 4, 5, 0]), rng.integers(-4, 5, (7, 2)).astype(float)
    price = np.array([[1.0, 0.5], [-1.0, 0.5], [0.0, 1.0]])[seed % 3]
    loss = np.sort(rng.integers(0, 6, 7)).astype(float)
    win = change @ price - loss
    activity, lo, hi = rng.integers(-3, 4, 2).astype(float), np.array([-2.0, -1.0]), np.array([1.0, 2.0])
    room = np.where(price > 0, hi - activity, np.where(price < 0, activity - lo, 0.0)) * np.abs(price)
    least = -8.0
    best = least
    for count in range(5):
        for some in itertools.combinations(range(7), count):
            after = activity + change[list(some)].sum(axis=0)
            if len({unit[k] for k in some}) == count and (after >= lo).all() and (after <= hi).all():
                best = max(best, float(win[list(some)].sum()))
    key = (float(price[0]), float(room[1]))
    made, won = winning_four((unit, change, win, loss), (lo, hi), activity, key, ALONE, (least, 100_000))
    assert won == pytest.approx(best)
    chosen = made[made >= 0]
    assert best == least or win[chosen].sum() == pytest.approx(best)
