"""Moves of whole patches: by hand on a row of units, and never for the worse on random ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.choice.arrays import Near, Options, Waters
from planner.core.choice.patches import patches_of, settle_patches


def row_of(n: int, cost: float) -> Near:
    """Borders of a row of units."""
    start, other, edge, sign = [0], [], [], []
    for i in range(n):
        for j in (i - 1, i + 1):
            if 0 <= j < n:
                other.append(j)
                edge.append(min(i, j))
                sign.append(1.0 if i < j else -1.0)
        start.append(len(other))
    whole = len(other)
    return Near(
        np.array(start, dtype=np.int64),
        np.array(edge, dtype=np.int32),
        np.array(other, dtype=np.int32),
        np.array(sign),
        np.full(whole, cost),
        np.zeros(whole, dtype=np.int32),
    )


def choices(value: np.ndarray) -> Options:
    """Every unit may be of every kind, value (N, T)."""
    n, kinds = value.shape
    start = (np.arange(n + 1) * kinds).astype(np.int64)
    kind = np.tile(np.arange(kinds), n).astype(np.int64)
    return Options(start, value.ravel().copy(), np.ones(n * kinds, dtype=np.bool_), kind)


def dry(n: int, options: int) -> Waters:
    return Waters(
        np.zeros(options, dtype=np.bool_), np.full(n, -1, dtype=np.int64), np.zeros(n + 1, np.int64), np.zeros(0, np.int32)
    )


PAIR = (1.0 - np.eye(3))[None]


def positions(kinds: list[int], count: int = 3) -> np.ndarray:
    return np.array([count * i + k for i, k in enumerate(kinds)], dtype=np.int64)


def test_patches_by_hand() -> None:
    patch, members, first = patches_of(np.tile(np.arange(3), 5).astype(np.int64), positions([0, 0, 2, 2, 0]), row_of(5, 1.0))
    assert patch.tolist() == [0, 0, 1, 1, 2]
    assert members.tolist() == [0, 1, 2, 3, 4]
    assert first.tolist() == [0, 2, 4, 5]


def test_two_units_go_over_together_where_neither_would_alone() -> None:
    value = np.zeros((6, 3))
    value[2:4, 1] = 1.5  # together they win 3 as they are, and cost 2 borders of 2 each
    value[[0, 1, 4, 5], 0] = 5.0
    units, near, chosen = choices(value), row_of(6, 2.0), positions([0, 0, 1, 1, 0, 0])
    assert settle_patches(units, units.gain, dry(6, 18), near, PAIR, chosen, 5) == 1
    assert chosen.tolist() == positions([0] * 6).tolist()
    alone = value[2, 0] - value[2, 1] + 0.0  # one of them alone moves a border and loses its worth
    assert alone < 0
    stays = positions([0, 0, 1, 1, 0, 0])
    assert settle_patches(units, units.gain, dry(6, 18), near, PAIR, stays, 1) == 0  # larger than what may move


def test_a_patch_stays_where_its_water_would_have_no_way_down() -> None:
    value = np.zeros((3, 3))
    units, near = choices(value), row_of(3, 2.0)
    inside = np.tile([False, True, True], 3)  # kinds 1 and 2 are lakes
    parent, child_start, children = np.array([-1, 0, 1]), np.array([0, 1, 2, 2]), np.array([1, 2], dtype=np.int32)
    water = Waters(inside, parent, child_start, children)
    chosen = positions([1, 2, 1])
    settle_patches(units, units.gain, water, near, PAIR, chosen, 3)
    assert inside[chosen].all()  # kind 1 beside it, never land under wet children


def test_a_patch_goes_under_water_only_where_its_parent_is() -> None:
    units, near = choices(np.zeros((4, 3))), row_of(4, 2.0)
    inside = np.tile([False, True, False], 4)
    parent, child_start, children = np.array([-1, 3, -1, -1]), np.array([0, 0, 0, 0, 1]), np.array([1], dtype=np.int32)
    water = Waters(inside, parent, child_start, children)
    chosen = positions([1, 0, 1, 2])
    settle_patches(units, units.gain, water, near, PAIR, chosen, 1)
    assert not inside[chosen[1]] or inside[chosen[3]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_never_for_the_worse(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 12
    units, near = choices(rng.uniform(0, 3, (n, 3))), row_of(n, 1.0)
    chosen = positions(list(rng.integers(0, 3, n)))

    def worth(plan: np.ndarray) -> float:
        kind = units.kind[plan]
        return float(units.gain[plan].sum() - (kind[1:] != kind[:-1]).sum())

    before = worth(chosen)
    made = settle_patches(units, units.gain, dry(n, 3 * n), near, PAIR, chosen, 8)
    assert worth(chosen) >= before - 1e-12
    assert (worth(chosen) > before) == bool(made)
    assert chosen // 3 == pytest.approx(np.arange(n))
