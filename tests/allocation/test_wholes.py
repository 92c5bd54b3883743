"""What the program of least decided options knows of the order of water, by hand: 2 and 3 stand on 1, which stands on 0."""

import numpy as np
import pytest

from planner.allocation.wholes import FIRST, _blocks, _order_between
from planner.core.choice.arrays import Waters
from planner.core.choice.moves import needed

PARENT = np.array([-1, 0, 1, 1])
ORDER = np.array([0, 1, 2, 3])


@pytest.mark.parametrize(
    ("wet", "others"),
    [
        ([False] * 4, [0, 1, 2, 2]),  # all below have to go under first
        ([True, False, False, False], [0, 0, 1, 1]),
        ([True] * 4, [3, 2, 0, 0]),  # all above have to come out first
        ([True, True, True, False], [2, 1, 0, 0]),
    ],
)
def test_how_many_others_must_move_with_a_unit(wet: list[bool], others: list[int]) -> None:
    assert needed(np.array(wet), PARENT, ORDER).tolist() == others


def test_split_units_above_one_another_move_together_where_their_shares_are_the_same() -> None:
    units = np.array([1, 2, 3])
    assert _blocks(units, np.array([0.5, 0.5, 0.3]), PARENT).tolist() == [0, 0, 1]
    assert _blocks(units, np.array([0.5, 0.5, 0.5]), PARENT).tolist() == [0, 0, 0]
    assert _blocks(units, np.array([0.2, 0.5, 0.3]), PARENT).tolist() == [0, 1, 2]
    assert _blocks(np.array([2, 3]), np.array([0.5, 0.5]), PARENT).tolist() == [0, 1]  # what joins them is not split


def test_rows_forbid_what_stands_on_dry_ground_to_go_under_alone() -> None:
    inside = np.array([False, True] * 4)  # of each unit: dry, wet
    water = Waters(inside, PARENT, np.zeros(5, dtype=np.int64), np.empty(0, dtype=np.int32))
    units = np.array([1, 2])
    for one, other, may in (
        ([2, 4], [3, 5], {(0, 0): True, (1, 0): True, (0, 1): False, (1, 1): True}),  # both dry, both may go under
        ([3, 5], [2, 4], {(0, 0): True, (1, 0): False, (0, 1): True, (1, 1): True}),  # both wet, both may come out
    ):
        rows, before = _order_between(units, water, np.array(one), np.array(other))
        assert rows.shape == (2, 1)
        for made, allowed in may.items():
            assert (before[0] + np.array(made) @ rows[:, 0] <= 0.0) == allowed
        assert np.abs(rows).max() == FIRST
