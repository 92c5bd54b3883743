"""A walk that never tears a piece, by hand."""

import numpy as np

from planner.core.choice.arrays import Near, Options, Waters
from planner.core.choice.pieces import Ground, Pieces, wander, whole_without


def chain(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Who lies side by side where units stand in a row."""
    beside = [[j for j in (i - 1, i + 1) if 0 <= j < n] for i in range(n)]
    return np.cumsum([0, *map(len, beside)]), np.concatenate(beside).astype(np.int64)


def test_a_chain_is_torn_in_the_middle_and_not_at_its_ends() -> None:
    start, other = chain(5)
    pieces = Pieces(np.tile([0, -1], 5), start, other)
    chosen = np.arange(0, 10, 2)
    seen, queue = np.full(5, -1), np.empty(5, dtype=np.int64)
    whole = [whole_without(i, 0, pieces, chosen, seen, stamp, queue) for stamp, i in enumerate(range(5))]
    assert whole == [True, False, False, False, True]


def test_a_ring_may_lose_any_one() -> None:
    start, other = np.arange(0, 14, 2), np.array([[(i - 1) % 6, (i + 1) % 6] for i in range(6)]).ravel()
    pieces = Pieces(np.tile([0, -1], 6), start, other)
    seen, queue = np.full(6, -1), np.empty(6, dtype=np.int64)
    chosen = np.arange(0, 12, 2)
    assert all(whole_without(i, 0, pieces, chosen, seen, stamp, queue) for stamp, i in enumerate(range(6)))
    chosen[0] += 1  # a ring without one is a chain
    assert [whole_without(i, 0, pieces, chosen, seen, 10 + i, queue) for i in range(1, 6)] == [True, False, False, False, True]


def ground(gain: list[float], rows: np.ndarray, lo: float, hi: float) -> Ground:
    """Six units in a row, each in the piece (even options) or not (odd ones), without borders that cost and without water."""
    n = 6
    start, other = chain(n)
    units = Options(np.arange(0, 2 * n + 1, 2), np.array(gain), np.ones(2 * n, dtype=np.bool_), np.zeros(2 * n, dtype=np.int64))
    none, short = np.empty(0), np.empty(0, dtype=np.int32)
    near = Near(np.zeros(n + 1, dtype=np.int64), short, short, none, none, short)
    water = Waters(np.zeros(2 * n, dtype=np.bool_), np.full(n, -1), np.zeros(n + 1, dtype=np.int64), short)
    pieces = Pieces(np.tile([0, -1], n), start, other)
    return Ground(units, pieces, near, np.zeros((1, 1, 1)), water, rows, np.array([lo]), np.array([hi]))


def test_the_best_piece_of_three_is_found_and_no_torn_one() -> None:
    """Worth 9, 0, 9, 1, 2, 2 inside: the best three would be units 0, 2 and one more; of whole pieces 0 to 2 bring 18."""
    gain = [9.0, 0.0, 0.0, 0.0, 9.0, 0.0, 1.0, 0.0, 2.0, 0.0, 2.0, 0.0]
    here = ground(gain, np.tile([[1.0], [0.0]], (6, 1)), 3.0, 3.0)
    chosen = np.array([1, 3, 5, 7, 9, 10])  # unit 5 alone
    best = chosen.copy()
    most, *_ = wander(here, np.array([20.0]), 3.0, 20_000, np.random.default_rng(1), chosen, best, -np.inf)
    assert most == 18.0 and best.tolist() == [0, 2, 4, 7, 9, 11]


def test_the_same_seed_walks_the_same_way() -> None:
    gain = list(np.random.default_rng(0).random(12))
    here = ground(gain, np.tile([[1.0], [0.0]], (6, 1)), 2.0, 4.0)
    ends = []
    for _ in range(2):
        chosen = np.array([1, 3, 5, 7, 9, 10])
        best = chosen.copy()
        ends.append(
            (
                wander(here, np.array([5.0]), 0.5, 500, np.random.default_rng(7), chosen, best, -np.inf)[0],
                chosen.tolist(),
                best.tolist(),
            )
        )
    assert ends[0] == ends[1]


def test_what_the_walk_misses_is_told() -> None:
    """Seven are asked of six: the walk ends with one missing, as some were all the time; nothing was ever inside the limits."""
    here = ground([1.0, 0.0] * 6, np.tile([[1.0], [0.0]], (6, 1)), 7.0, np.inf)
    chosen = np.array([1, 3, 5, 7, 9, 10])
    best = chosen.copy()
    most, last, missed, met = wander(here, np.array([50.0]), 0.1, 5_000, np.random.default_rng(3), chosen, best, -np.inf)
    assert (
        most == -np.inf
        and last.tolist() == [1.0]
        and missed.tolist() == [1.0]
        and not met
        and best.tolist() == [1, 3, 5, 7, 9, 10]
    )


def test_two_pieces_are_cut_anew_where_both_come_inside_the_limits() -> None:
    """Six in a row of 1, 3, 3, 3, 3, 1, cut after the first, in halves of seven each within four draws that cut."""
    n, load = 6, np.array([1.0, 3.0, 3.0, 3.0, 3.0, 1.0])
    first, other = chain(n)
    units = Options(
        np.arange(0, 2 * n + 1, 2), np.zeros(2 * n), np.ones(2 * n, dtype=np.bool_), np.zeros(2 * n, dtype=np.int64)
    )
    none, short = np.empty(0), np.empty(0, dtype=np.int32)
    near = Near(np.zeros(n + 1, dtype=np.int64), short, short, none, none, short)
    water = Waters(np.zeros(2 * n, dtype=np.bool_), np.full(n, -1), np.zeros(n + 1, dtype=np.int64), short)
    rows = np.zeros((2 * n, 2))
    rows[0::2, 0] = rows[1::2, 1] = load
    here = Ground(
        units,
        Pieces(np.tile([0, 1], n), first, other),
        near,
        np.zeros((1, 1, 1)),
        water,
        rows,
        np.full(2, 7.0),
        np.full(2, 7.0),
    )
    chosen = np.array([0, 3, 5, 7, 9, 11])  # one of 1 and one of 13: two moves of a unit away, one cut
    best = chosen.copy()
    most, *_, met = wander(here, np.array([50.0, 50.0]), 0.1, 4, np.random.default_rng(1), chosen, best, -np.inf, 1.0)
    assert most == 0.0 and met and best.tolist() in ([0, 2, 4, 7, 9, 11], [1, 3, 5, 6, 8, 10])
