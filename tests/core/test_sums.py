"""Sums rounded once: the compiled ones beside Python's, decimals and doubles beside fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest

from planner.allocation.sums import binary_sum, decimal_sum, written
from planner.core.choice.sums import exact_sum, taken_sums


def hard(seed: int) -> np.ndarray:
    """Numbers of all sizes, some of which take each other away, some half a last bit."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=int(rng.integers(0, 200))) * 10.0 ** rng.integers(-12, 13)
    if seed % 3 == 0:
        values = np.r_[values, -values[::-1] + rng.normal(size=values.size) * 1e-18]
    return np.r_[values, 2.0**53, 1.0, 1.0, 2.0**-60, -1.0] if seed % 5 == 0 else values


@pytest.mark.parametrize("seed", range(60))
def test_a_sum_is_rounded_once(seed: int) -> None:
    values = hard(seed)
    assert exact_sum(values) == math.fsum(values)
    coef = np.vstack([values, -values, np.abs(values)])
    taken = np.arange(0, values.size, 2)
    total, size = taken_sums(coef, taken, np.array([0.1, 0.0, -7.0]))
    assert total.tolist() == [math.fsum([*row[taken], more]) for row, more in zip(coef, (0.1, 0.0, -7.0), strict=True)]
    assert size.tolist() == [math.fsum(abs(row[taken])) for row in coef]


@pytest.mark.parametrize("seed", range(60))
def test_sums_in_integers_are_those_in_fractions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = 10.0 ** int(rng.integers(-14, 16))
    typed = np.array([float(f"{x:.{int(rng.integers(1, 16))}g}") for x in rng.normal(size=200) * size])
    typed[::7] = 0.0
    typed = typed[written(typed)]
    assert decimal_sum(typed) == sum((Fraction(repr(float(t))) for t in typed), Fraction(0))
    doubles = rng.normal(size=200) * 10.0 ** rng.integers(-300, 13, 200) * rng.integers(0, 2, 200)
    assert binary_sum(doubles) == sum(map(Fraction, doubles.tolist()), Fraction(0))
