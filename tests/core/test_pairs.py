"""The best pair of moves, against every pair tried."""

import itertools

import numpy as np
import pytest

from planner.core.choice.arrays import Near, Waters
from planner.core.choice.pairs import best_pair, winning_pair


def alone(units: int) -> tuple[Near, Waters]:
    """Units with no borders and no water between them."""
    none, many = np.empty(0), np.empty(0, dtype=np.int32)
    near = Near(np.zeros(units + 1, dtype=np.int64), many, many, none, none, many)
    dry = Waters(np.empty(0, dtype=np.bool_), np.full(units, -1), np.zeros(units + 1, dtype=np.int64), many)
    return near, dry


def missed(activity: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> float:
    return float(np.maximum(np.maximum(activity - hi, lo - activity), 0.0).sum())


def test_one_unit_up_and_another_down() -> None:
    """Land must stay at 10 and cost come from 8 to at most 5: no single move, the dearer one of two ways round by a pair."""
    unit = np.array([0, 1, 2])
    change = np.array([[2.0, -4.0], [-2.0, 1.0], [-2.0, 0.5]])
    lo, hi = np.array([10.0, -np.inf]), np.array([10.0, 5.0])
    found = best_pair(unit, change, np.array([1.0, 2.0, 7.0]), (lo, hi), np.array([10.0, 8.0]), *alone(3))
    assert found == (1, 0, 0.0)


def test_units_side_by_side_are_not_moved_together() -> None:
    """What one of them loses hangs on the other: the pair with the third unit is taken, dearer as it is."""
    near, dry = alone(3)
    beside = near._replace(start=np.array([0, 1, 2, 2]), other=np.array([1, 0], dtype=np.int32))
    change, loss = np.array([[2.0], [2.0], [2.0]]), np.array([1.0, 2.0, 3.0])
    lo, hi = np.array([4.0]), np.array([4.0])
    assert best_pair(np.arange(3), change, loss, (lo, hi), np.zeros(1), near, dry) == (1, 0, 0.0)
    assert best_pair(np.arange(3), change, loss, (lo, hi), np.zeros(1), beside, dry) == (2, 0, 0.0)
    below = dry._replace(parent=np.array([-1, 0, -1]))
    assert best_pair(np.arange(3), change, loss, (lo, hi), np.zeros(1), near, below) == (2, 0, 0.0)


@pytest.mark.parametrize("seed", range(30))
def test_no_pair_is_better(seed: int) -> None:
    rng = np.random.default_rng(seed)
    moves, rows = 24, 3
    unit = rng.integers(0, 10, moves)
    change, loss = rng.normal(size=(moves, rows)).round(1), np.sort(rng.uniform(0, 5, moves))
    lo = np.array([-0.2, -np.inf, -0.5])
    hi = np.array([0.2, 0.3, np.inf])
    activity = rng.normal(size=rows) * rng.choice([0.5, 3.0])
    first, second, left = best_pair(unit, change, loss, (lo, hi), activity, *alone(10))
    every = [((i,), change[i], loss[i]) for i in range(moves)]
    every += [
        ((j, i), change[i] + change[j], loss[i] + loss[j])
        for i, j in itertools.combinations(range(moves), 2)
        if unit[i] != unit[j]
    ]
    least, cost = min(((missed(activity + c, lo, hi), loss_) for _, c, loss_ in every), key=lambda m: (round(m[0], 9), m[1]))
    if first < 0:
        assert least >= missed(activity, lo, hi) * (1 - 1e-9)
        return
    made = [m for m in (first, second) if m >= 0]
    assert left == pytest.approx(missed(activity + change[made].sum(axis=0), lo, hi), abs=1e-9)
    assert left == pytest.approx(least, abs=1e-9)
    if left == 0.0:
        assert loss[made].sum() == pytest.approx(cost)


def test_two_fields_change_places() -> None:
    """Land must stay at 10 to 11: a unit that wins 5 takes 3, one that loses 2 gives 2, one that loses 1 gives 1; together the
    first two win 3. Side by side they may not move at once, and nothing is won: with the third land would come to 12."""
    unit, win, limits = np.array([0, 1, 2]), np.array([5.0, -2.0, -1.0]), (np.array([10.0]), np.array([11.0]))
    change, near, dry = np.array([[3.0], [-2.0], [-1.0]]), *alone(3)
    assert winning_pair(unit, change, win, limits, np.array([10.0]), near, dry) == (1, 0, 3.0)
    beside = near._replace(start=np.array([0, 1, 2, 2]), other=np.array([1, 0], dtype=np.int32))
    assert winning_pair(unit, change, win, limits, np.array([10.0]), beside, dry) == (-1, -1, 0.0)


@pytest.mark.parametrize("seed", range(30))
def test_no_pair_wins_more(seed: int) -> None:
    """Limits that are missed already may stay as they are, no more so."""
    rng = np.random.default_rng(seed)
    moves, rows = 24, 3
    unit, change, win = rng.integers(0, 10, moves), rng.normal(size=(moves, rows)), rng.normal(-1.0, 2.0, moves)
    lo, hi, activity = np.array([-0.2, -np.inf, -0.5]), np.array([0.2, 0.3, np.inf]), rng.normal(size=rows)
    first, second, won = winning_pair(unit, change, win, (lo, hi), activity, *alone(10))
    low, high, best = np.minimum(lo, activity), np.maximum(hi, activity), 0.0
    for made in [(i,) for i in range(moves)] + list(itertools.combinations(range(moves), 2)):
        after = activity + change[list(made)].sum(axis=0)
        if len(set(unit[list(made)])) == len(made) and (low <= after + 1e-12).all() and (after <= high + 1e-12).all():
            best = max(best, float(win[list(made)].sum()))
    assert won == pytest.approx(best)
    assert won == pytest.approx(sum(win[m] for m in (first, second) if m >= 0))
