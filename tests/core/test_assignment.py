"""Choices of single units and of units in an order: five units by hand, against all choices by brute force."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.choice.arrays import Forest
from planner.core.choice.assignment import best_options, forest_best, forest_order, least_losses

# Five units, two options each: dry (even) and lake (odd). Unit 0 is the bottom; 1 and 2 lie above it, 3 above 1, 4 alone.
START = np.arange(0, 11, 2)
PARENT = np.array([-1, 0, 0, 1, -1])
LAKE = np.tile([False, True], 5)
ALL = np.ones(10, dtype=np.bool_)
#            unit 0     unit 1     unit 2     unit 3     unit 4
VALUE = np.array([5.0, 2.0, 1.0, 3.0, 4.0, 1.0, 0.0, 6.0, 1.0, 2.0])


def forest() -> Forest:
    order, sound = forest_order(PARENT)
    assert sound
    return Forest(LAKE, PARENT, order)


def test_each_unit_takes_its_best_and_the_first_of_equals() -> None:
    value = np.array([1.0, 3.0, 2.0, 2.0, 9.0, 4.0])
    allowed = np.array([True, True, True, True, False, True])
    best, option = best_options(np.array([0, 2, 4, 6]), value, allowed)
    assert best.tolist() == [3.0, 2.0, 4.0] and option.tolist() == [1, 2, 5]


def test_a_unit_without_an_allowed_option_has_none() -> None:
    best, option = best_options(np.array([0, 1]), np.array([7.0]), np.array([False]))
    assert best[0] == -np.inf and option[0] == -1


def test_parents_come_before_their_children_and_circles_are_seen() -> None:
    order, sound = forest_order(PARENT)
    place = np.argsort(order)
    assert sound and all(place[p] < place[i] for i, p in enumerate(PARENT) if p >= 0)
    assert not forest_order(np.array([1, 2, 0]))[1]


def test_the_lake_reaches_up_where_that_pays_for_the_bottom() -> None:
    """Dry everywhere: 5 + 1 + 4 + 0 + 2 = 12. Lake in 0, 1 and 3: 2 + 3 + 4 + 6 + 2 = 17: what 0 loses, 1 and 3 win."""
    total, option, into, out = forest_best(START, VALUE, ALL, forest())
    assert total == 17.0 and option.tolist() == [1, 3, 4, 7, 9]
    assert into[0] == 2 + (3 + 6) + 4 and out[0] == 5 + 1 + 4 + 0


def test_no_lake_above_dry_ground() -> None:
    allowed = ALL.copy()
    allowed[1] = False  # the bottom cannot be lake, so nothing above it can
    total, option, _, _ = forest_best(START, VALUE, allowed, forest())
    assert total == 5 + 1 + 4 + 0 + 2 and option.tolist() == [0, 2, 4, 6, 9]


def test_no_choice_at_all_is_told() -> None:
    allowed = ALL.copy()
    allowed[[0, 1]] = False
    total, option, _, _ = forest_best(START, VALUE, allowed, forest())
    assert total == -np.inf and (option == -1).all()


def test_what_forcing_an_option_costs() -> None:
    """Forcing unit 0 dry takes 1 and 3 out of the lake: 5 + 1 + 4 + 0 instead of 15. Unit 4 stands alone: 2 − 1."""
    _, _, into, out = forest_best(START, VALUE, ALL, forest())
    loss = least_losses(START, VALUE, ALL, forest(), into, out)
    assert loss[0] == 15 - 10 and loss[8] == 1.0 and loss[[1, 3, 4, 7, 9]].tolist() == [0.0] * 5
    assert loss[2] == 15 - 10  # unit 1 dry: then 3 is dry too, and 0 is better dry
    assert loss[5] == 3.0  # unit 2 lake: 1 instead of 4


def whole(value: np.ndarray, allowed: np.ndarray, parent: np.ndarray) -> dict[tuple[int, ...], float]:
    """Every choice that keeps the order, and its value."""
    found = {}
    for pick in product((0, 1), repeat=len(parent)):
        options = [2 * i + p for i, p in enumerate(pick)]
        if all(allowed[options]) and all(not pick[i] or p < 0 or pick[p] for i, p in enumerate(parent)):
            found[pick] = float(value[options].sum())
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_as_good_as_every_choice_tried(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parent = np.array([int(rng.integers(-1, i)) if i else -1 for i in range(5)])
    value, allowed = np.round(rng.normal(size=10), 3), rng.random(10) < 0.85
    order, _ = forest_order(parent)
    tried = whole(value, allowed, parent)
    total, option, into, out = forest_best(START, value, allowed, Forest(LAKE, parent, order))
    if not tried:
        assert total == -np.inf
        return
    assert total == pytest.approx(max(tried.values()), abs=1e-12)
    assert tuple(int(o) % 2 for o in option) in tried
    loss = least_losses(START, value, allowed, Forest(LAKE, parent, order), into, out)
    for k in range(10):
        with_it = [v for pick, v in tried.items() if pick[k // 2] == k % 2]
        expected = max(tried.values()) - max(with_it) if with_it else np.inf
        assert loss[k] == pytest.approx(expected, abs=1e-9)
