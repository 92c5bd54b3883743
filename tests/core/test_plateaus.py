"""Level surfaces by hand, and against scipy's labelling height by height."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from planner.core.terrain.plateaus import plateaus

NAN = np.nan


def test_surfaces_are_numbered_by_their_first_cell() -> None:
    height = np.array([[2.0, 1.0, 1.0], [2.0, NAN, 1.0], [1.0, NAN, 3.0]])
    labels, n = plateaus(height, 1.0, 2)
    assert n == 2
    assert labels.tolist() == [[1, 2, 2], [1, 0, 2], [0, 0, 0]]


def test_corners_do_not_join_and_a_ring_closes() -> None:
    ring = np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    labels, n = plateaus(ring, 1.0, 2)
    assert n == 1
    assert labels.tolist() == [[1, 1, 1], [1, 0, 1], [1, 1, 0]]
    arms = np.array([[0.0, 1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0]])
    labels, n = plateaus(arms, 1.0, 3)  # three arms that meet in the last row are one
    assert n == 1
    assert np.array_equal(labels == 1, arms == 0)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 4), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_they_are_those_of_every_height_alone(rows: int, cols: int, heights: int, fewest: int, seed: int) -> None:
    height = np.random.default_rng(seed).integers(0, heights, (rows, cols)).astype(float)
    height[np.random.default_rng(seed + 1).random((rows, cols)) < 0.1] = NAN
    noise = np.random.default_rng(seed).uniform(-0.4, 0.4, (rows, cols))
    labels, n = plateaus(height + noise, 1.0, fewest)
    wanted = set()
    for value in range(heights):
        parts, count = ndimage.label(height == value)
        wanted |= {frozenset(np.flatnonzero(parts == k)) for k in range(1, count + 1) if np.sum(parts == k) >= fewest}
    assert {frozenset(np.flatnonzero(labels == k)) for k in range(1, n + 1)} == wanted
    firsts = [int(np.flatnonzero(labels == k)[0]) for k in range(1, n + 1)]
    assert firsts == sorted(firsts)
