"""Moves of single units: a row of five by hand, prices, limits and water levels."""

import numpy as np

from planner.core.choice.arrays import Near, Options, Waters
from planner.core.choice.polish import apply_moves, best_moves, border_wins, count_wet_children, settle_at_prices

START = np.arange(0, 11, 2)  # five units in a row, two kinds each: dry (even), lake (odd)
KIND = np.tile([0, 1], 5)
PAIR = (1.0 - np.eye(2))[None]


def row(cost: float) -> Near:
    """Borders of units 0-1-2-3-4."""
    pairs = [(i, j) for i in range(5) for j in (i - 1, i + 1) if 0 <= j < 5]
    start = np.searchsorted([i for i, _ in pairs], np.arange(6)).astype(np.int64)
    edge = np.array([min(p) for p in pairs], dtype=np.int32)
    other = np.array([j for _, j in pairs], dtype=np.int32)
    sign = np.array([1.0 if i < j else -1.0 for i, j in pairs])
    return Near(start, edge, other, sign, np.full(len(pairs), cost), np.zeros(len(pairs), np.int32))


def water(parent: list[int]) -> Waters:
    up = np.array(parent, dtype=np.int64)
    children = np.argsort(up, kind="stable")[np.count_nonzero(up < 0) :]
    start = np.searchsorted(np.sort(up[up >= 0]), np.arange(6)).astype(np.int64)
    return Waters(KIND == 1, up, start, children.astype(np.int32))


def units(gain: list[float]) -> Options:
    return Options(START, np.array(gain), np.ones(10, dtype=np.bool_), KIND.copy())


FREE = [-1] * 5


def test_a_lone_piece_joins_its_neighbours_where_the_border_costs_more() -> None:
    """Unit 2 wins 1 as lake, but has two borders: at 0.4 each it stays lake, at 0.6 each it turns dry."""
    one = units([0.0, -9.0, 0.0, -9.0, 0.0, 1.0, 0.0, -9.0, 0.0, -9.0])
    for cost, pick in ((0.4, 5), (0.6, 4)):
        chosen = np.array([0, 2, 5, 6, 8])
        moves = settle_at_prices(one, one.gain, water(FREE), row(cost), PAIR, chosen, 9)
        assert chosen.tolist() == [0, 2, pick, 6, 8] and moves == (pick == 4)


def test_water_fills_from_the_bottom_only() -> None:
    """Unit 1 lies above 0, 2 above 1. Both want to be lake; 0 does not, so neither may."""
    one = units([1.0, 0.0, 0.0, 5.0, 0.0, 5.0, 0.0, -1.0, 0.0, -1.0])
    chosen = np.array([0, 2, 4, 6, 8])
    assert settle_at_prices(one, one.gain, water([-1, 0, 1, -1, -1]), row(0.0), PAIR, chosen, 9) == 0
    chosen = np.array([1, 2, 4, 6, 8])  # the bottom would rather be dry, and goes first: then it is all dry again
    assert settle_at_prices(one, one.gain, water([-1, 0, 1, -1, -1]), row(0.0), PAIR, chosen, 9) == 1
    one = units([0.0, 0.0, 0.0, 5.0, 0.0, 5.0, 0.0, -1.0, 0.0, -1.0])
    chosen = np.array([1, 2, 4, 6, 8])  # a bottom that does not mind: 1 and 2 follow it
    assert settle_at_prices(one, one.gain, water([-1, 0, 1, -1, -1]), row(0.0), PAIR, chosen, 9) == 2
    assert chosen.tolist() == [1, 3, 5, 6, 8]
    one = units([1.0, 0.0, 0.0, 5.0, 0.0, 5.0, 0.0, -1.0, 0.0, -1.0])  # now it would, but cannot: they stand on it
    assert settle_at_prices(one, one.gain, water([-1, 0, 1, -1, -1]), row(0.0), PAIR, chosen, 9) == 0


def test_wet_children_are_counted_at_their_parent() -> None:
    chosen = np.array([1, 3, 5, 6, 9])
    assert count_wet_children(chosen, KIND == 1, np.array([-1, 0, 0, 0, 1])).tolist() == [2, 1, 0, 0, 0]


def test_the_move_that_pushes_a_row_at_the_least_loss_per_unit() -> None:
    """A row counts lake: 1, 2, 3, 4, 5. To push it up costs 1, 1, 6, 2, 20: per unit 1, ½, 2, ½, 4."""
    one = units([1.0, 0.0, 1.0, 0.0, 6.0, 0.0, 2.0, 0.0, 20.0, 0.0])
    rows = np.zeros((10, 1))
    rows[1::2, 0] = [1, 2, 3, 4, 5]
    chosen = np.arange(0, 10, 2)
    score, option = np.full(5, np.nan), np.full(5, -9, dtype=np.int64)
    border = np.full(10, np.nan)
    border_wins(one, water(FREE), row(0.0), PAIR, chosen, np.arange(5), border)
    assert border.tolist() == 5 * [-np.inf, 0.0]  # no unit moves to where it is
    best_moves(one, one.gain, rows, np.array([1.0]), border, chosen, np.arange(5), score, option)
    assert score.tolist() == [-1.0, -0.5, -2.0, -0.5, -4.0] and option.tolist() == [1, 3, 5, 7, 9]
    best_moves(one, one.gain, rows, np.array([-1.0]), border, chosen, np.arange(1, 5), score, option)
    assert score.tolist() == [-1.0, *4 * [-np.inf]] and option.tolist() == [
        1,
        *4 * [-1],
    ]  # nothing pushes it down; not looked at


def test_what_borders_win_is_that_of_a_unit_alone() -> None:
    """A lake in the middle of five: dry it would save two borders of 3; beside it a lake saves one and makes one; at the ends a
    new one costs its only border. Where unit 1 lies above unit 0 only 0 may fill; above the lake it may too."""
    one, border = units([0.0] * 10), np.full(10, np.nan)
    chosen = np.array([0, 2, 5, 6, 8])
    border_wins(one, water(FREE), row(3.0), PAIR, chosen, np.arange(5), border)
    assert border.tolist() == [-np.inf, -3.0, -np.inf, 0.0, 6.0, -np.inf, -np.inf, 0.0, -np.inf, -3.0]
    border_wins(one, water([-1, 0, -1, 2, -1]), row(3.0), PAIR, chosen, np.array([1, 3]), border)
    assert border.tolist() == [-np.inf, -3.0, -np.inf, -np.inf, 6.0, -np.inf, -np.inf, 0.0, -np.inf, -3.0]


def test_winning_moves_stop_at_the_limit() -> None:
    """Each lake wins 1 and takes 2 of a limit of 5: two are made, the third would break it."""
    one = units([0.0, 1.0] * 5)
    rows = np.zeros((10, 1))
    rows[1::2, 0] = 2.0
    chosen, activity = np.arange(0, 10, 2), np.zeros(1)
    limits = (np.array([-np.inf]), np.array([5.0]))
    order, option = np.array([4, 2, 0, 1, 3]), np.arange(1, 11, 2)
    made = apply_moves((order, option), one, rows, limits, water(FREE), row(0.0), PAIR, False, 3, chosen, activity)
    assert made == 2 and activity[0] == 4.0 and chosen.tolist() == [0, 2, 5, 6, 9]


def test_repairing_stops_when_the_limits_hold() -> None:
    """At least 3 are asked of lakes that bring 2 each: two moves, though both cost."""
    one = units([1.0, 0.0] * 5)
    rows = np.zeros((10, 1))
    rows[1::2, 0] = 2.0
    chosen, activity = np.arange(0, 10, 2), np.zeros(1)
    limits = (np.array([3.0]), np.array([np.inf]))
    made = apply_moves(
        (np.arange(5), np.arange(1, 11, 2)), one, rows, limits, water(FREE), row(0.0), PAIR, True, 5, chosen, activity
    )
    assert made == 2 and activity[0] == 4.0 and chosen.tolist() == [1, 3, 4, 6, 8]


def test_of_batches_the_first_that_helps_is_made() -> None:
    """Two moves at a time: the first two bring nothing, of the next two one does, and the last is left where it is."""
    one = units([1.0, 0.0] * 5)
    rows = np.zeros((10, 1))
    rows[5, 0] = rows[9, 0] = 2.0
    chosen, activity = np.arange(0, 10, 2), np.zeros(1)
    limits = (np.array([4.0]), np.array([np.inf]))
    order = (np.arange(5), np.arange(1, 11, 2))
    made = apply_moves(order, one, rows, limits, water(FREE), row(0.0), PAIR, True, 2, chosen, activity)
    assert made == 1 and activity[0] == 2.0 and chosen.tolist() == [0, 2, 5, 6, 8]
