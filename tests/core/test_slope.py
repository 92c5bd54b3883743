"""Slopes beside plain numpy, and the arctangent they are told by beside the library's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planner.core.terrain.slope import _arctan_degrees, slope_degrees

heights = st.one_of(st.floats(-50, 50), st.sampled_from([np.nan, 0.0, 1e4]))
grounds = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(lambda shape: arrays(np.float64, shape, elements=heights))


def by_hand(z: np.ndarray, cell_x: float, cell_y: float) -> np.ndarray:
    """Horn's slope of each cell in turn."""
    rows, cols = z.shape
    out = np.full(z.shape, np.nan)
    for r, c in np.argwhere(~np.isnan(z)):
        near = np.empty((3, 3))
        for i in range(3):
            for j in range(3):
                value = z[min(max(r + i - 1, 0), rows - 1), min(max(c + j - 1, 0), cols - 1)]
                near[i, j] = z[r, c] if np.isnan(value) else value
        run = (near[:, 2] - near[:, 0]) @ [1, 2, 1] / (8 * cell_x), (near[0] - near[2]) @ [1, 2, 1] / (8 * cell_y)
        out[r, c] = np.degrees(np.arctan(np.hypot(*run)))
    return out


@settings(max_examples=200, deadline=None)
@given(grounds, st.sampled_from([(5.0, 5.0), (1.0, 20.0), (0.1, 0.3)]))
def test_slopes_are_those_of_plain_arithmetic(z: np.ndarray, cell: tuple[float, float]) -> None:
    np.testing.assert_allclose(slope_degrees(z, *cell), by_hand(z, *cell), rtol=1e-11, atol=1e-8)  # of heights that cancel


def test_arctangents_are_the_librarys_to_two_units_in_the_last_place() -> None:
    rng = np.random.default_rng(0)
    seams = [0.66, np.nextafter(0.66, 1), 2.414213562373095, np.nextafter(2.414213562373095, 3)]
    x = np.concatenate((10 ** rng.uniform(-300, 300, 20_000), rng.uniform(0, 4, 200_000), seams, [0.0, 1.0, np.inf, np.nan]))
    told = x.copy()
    _arctan_degrees(told)
    np.testing.assert_array_max_ulp(told[:-1], np.degrees(np.arctan(x[:-1])), 2)
    assert told[-4:-1] == pytest.approx([0.0, 45.0, 90.0], abs=0) and np.isnan(told[-1])
