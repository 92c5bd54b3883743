"""Compiled sums rounded once, at the end: what a choice comes to in every coupling row, whatever the order of its terms."""

import numpy as np
from numba import njit

from planner.core.choice.arrays import Floats, Ints

PARTS = 64  # more parts than a sum of doubles can have: 2 098 bits, 53 in each


@njit(cache=True)
def _added(parts: Floats, count: int, x: float) -> int:
    """Parts that do not overlap, smallest first, with one number more; returns how many there are."""
    kept = 0
    for j in range(count):
        y = parts[j]
        if abs(x) < abs(y):
            x, y = y, x
        high = x + y
        low = y - (high - x)
        if low != 0.0:
            parts[kept] = low
            kept += 1
        x = high
    if x != 0.0:
        parts[kept] = x
        kept += 1
    return kept


@njit(cache=True)
def _rounded(parts: Floats, count: int) -> float:
    """The sum of such parts, rounded once, half to even."""
    if count == 0:
        return 0.0
    n = count - 1
    high: float = parts[n]
    low = 0.0
    while n > 0:
        x = high
        n -= 1
        y = parts[n]
        high = x + y
        low = y - (high - x)
        if low != 0.0:
            break
    if n > 0 and ((low < 0.0 and parts[n - 1] < 0.0) or (low > 0.0 and parts[n - 1] > 0.0)):
        y = low * 2.0
        x = high + y
        if y == x - high:
            high = x
    return high


@njit(cache=True)
def exact_sum(values: Floats) -> float:
    """The sum of numbers (n,), rounded once: `math.fsum` without a list of them.

    Source: Shewchuk 1997, as in Python's math.fsum.
    """
    parts, count = np.empty(PARTS), 0
    for i in range(values.size):
        count = _added(parts, count, values[i])
    return _rounded(parts, count)


@njit(cache=True)
def taken_sums(coef: Floats, chosen: Ints, more: Floats) -> tuple[Floats, Floats]:
    """Per row Σ coef over the chosen options and one number more, and Σ |coef| over them, each rounded once.

    coef (S, K); chosen (N,); more (S,). Returns two arrays (S,).
    """
    s = coef.shape[0]
    total, size = np.empty(s), np.empty(s)
    parts, beside = np.empty(PARTS), np.empty(PARTS)
    for r in range(s):
        count, others = 0, 0
        for i in range(chosen.size):
            value = coef[r, chosen[i]]
            if value != 0.0:
                count = _added(parts, count, value)
                others = _added(beside, others, abs(value))
        size[r] = _rounded(beside, others)
        if more[r] != 0.0:
            count = _added(parts, count, more[r])
        total[r] = _rounded(parts, count)
    return total, size
