"""Earthwork on plain arrays: levels that balance cut and fill, and the cheapest way to carry spoil to fill."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True)
def balanced_levels(start: Ints, level: Floats, area: Floats, yielded: float) -> Floats:
    """The level of each unit at which its cut, times the yield, is its fill: k·∫max(z−s, 0) dA = ∫max(s−z, 0) dA.

    start, level, area: ragged cells ascending by level within a unit (as Hypsometry), m and m². yielded: m³ of fill per
    m³ of cut, > 0. Returns (n,) m; NaN for a unit without cells. With the cells above and below known the equation is
    linear, so the answer is exact: s = (k·Σ aᵢzᵢ above + Σ aᵢzᵢ below) / (k·Σ aᵢ above + Σ aᵢ below).
    """
    n = len(start) - 1
    result = np.full(n, np.nan)
    for i in range(n):
        low, high = start[i], start[i + 1]
        if low == high:
            continue
        base = level[low]  # heights above the lowest cell keep their digits
        all_area, all_moment = 0.0, 0.0
        for c in range(low, high):
            all_area += area[c]
            all_moment += area[c] * (level[c] - base)
        below, moment = 0.0, 0.0
        for c in range(low, high):
            below += area[c]
            moment += area[c] * (level[c] - base)
            weight = yielded * (all_area - below) + below
            s = (yielded * (all_moment - moment) + moment) / weight
            if c + 1 == high or s <= level[c + 1] - base:
                result[i] = base + s
                break
    return result


@njit(cache=True)
def moved(start: Ints, level: Floats, area: Floats, dig: Floats, at_most: Floats, at_least: Floats) -> tuple[Floats, Floats]:
    """What is cut and filled, m³, (n,) each, where the ground of every unit becomes max(min(z − dig, at_most), at_least).

    start, level, area: ragged cells in any order within a unit, m and m². dig, at_most, at_least: (n,) m.
    """
    n = len(start) - 1
    cut, fill = np.zeros(n), np.zeros(n)
    for i in range(n):
        for c in range(start[i], start[i + 1]):
            lost = level[c] - max(min(level[c] - dig[i], at_most[i]), at_least[i])
            if lost > 0.0:
                cut[i] += area[c] * lost
            else:
                fill[i] -= area[c] * lost
    return cut, fill


@njit(cache=True)
def levels_of_cut(start: Ints, level: Floats, area: Floats, volume: Floats) -> Floats:
    """The level down to which each unit must be dug to win a volume: ∫max(z−s, 0) dA = V, exact.

    volume: (n,) m³ ≥ 0. Returns (n,) m: the highest ground where nothing is asked, and below the lowest cell once the whole
    unit is dug; NaN for a unit without cells.
    """
    n = len(start) - 1
    result = np.full(n, np.nan)
    for i in range(n):
        low, high = start[i], start[i + 1]
        if low == high:
            continue
        won, dug = 0.0, 0.0
        for c in range(high - 1, low - 1, -1):
            dug += area[c]
            step = (level[c] - level[c - 1]) * dug if c > low else np.inf
            if won + step >= volume[i]:
                result[i] = level[c] - (volume[i] - won) / dug
                break
            won += step
    return result


@njit(cache=True)
def levels_of_fill(start: Ints, level: Floats, area: Floats, volume: Floats) -> Floats:
    """The level up to which a volume of fill raises each unit: ∫max(s−z, 0) dA = V, exact.

    volume: (n,) m³ ≥ 0, compacted. Returns (n,) m: the lowest ground where nothing is given; NaN for a unit without cells.
    """
    n = len(start) - 1
    result = np.full(n, np.nan)
    for i in range(n):
        low, high = start[i], start[i + 1]
        if low == high:
            continue
        placed, covered = 0.0, 0.0
        for c in range(low, high):
            covered += area[c]
            step = (level[c + 1] - level[c]) * covered if c + 1 < high else np.inf
            if placed + step >= volume[i]:
                result[i] = level[c] + (volume[i] - placed) / covered
                break
            placed += step
    return result
