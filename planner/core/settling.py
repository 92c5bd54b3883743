"""How the ground's movement runs out: Knothe's law for goafs opened over a while, and the last date of movement."""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@numba.njit(cache=True)
def knothe_share(elapsed_start: Floats, elapsed_end: Floats, c: Floats) -> Floats:
    """Share of the final subsidence that has come, for goafs opened at an even pace between start and end.

    elapsed_start, elapsed_end: (p,) years since extraction began and ended (negative where still ahead). c: (p,) 1/a.
    Returns (p,), 0–1. Instantaneous extraction (start = end) gives Knothe's 1 − exp(−c·t).
    """
    share = np.zeros(len(c))
    for k in range(len(c)):
        a, b = elapsed_start[k], max(elapsed_end[k], 0.0)
        if a <= 0.0:
            continue
        span = elapsed_start[k] - elapsed_end[k]
        if span < 1e-9:
            share[k] = -math.expm1(-c[k] * a)
        else:
            share[k] = ((a - b) - (math.exp(-c[k] * b) - math.exp(-c[k] * a)) / c[k]) / span
    return share


@numba.njit(cache=True)
def last_unsettled(
    w: Floats, remaining: Floats, half_year: Floats, per_day: Floats, done: Floats, limits: Floats, few: float
) -> Floats:
    """The latest of a row of dates at which each point is not yet settled, and at which more than a few are still to come.

    w: (n, g) final subsidence of every group of panels, m. remaining, half_year, per_day: (g, t) shares of it still to come,
    coming in the next half year, and coming per day at each date. done: (g, t) 1 where the group's movement time is over,
    else 0. limits: (4,) remaining m, half-year m, per-day m, and the subsidence from which a group counts as felt, m. few: what
    may remain, m, beside these limits, for the second. Returns (n, 2), the second never before the first, −1 where there is no
    such date.
    """
    n, groups = w.shape
    last = np.full((n, 2), -1.0)
    felt = np.empty(groups, dtype=np.int64)
    for i in range(n):
        count, total = 0, 0.0
        for g in range(groups):
            total += w[i, g]
            if w[i, g] > 1e-6:  # a micrometre: far below every limit
                felt[count] = g
                count += 1
        if total < min(limits.min(), few):
            continue
        for t in range(remaining.shape[1] - 1, -1, -1):
            left = half = rate = 0.0
            moving = False
            for k in range(count):
                g = felt[k]
                left += w[i, g] * remaining[g, t]
                half += w[i, g] * half_year[g, t]
                rate += w[i, g] * per_day[g, t]
                moving = moving or (done[g, t] == 0.0 and w[i, g] >= limits[3])
            unsettled = moving or left > limits[0] or half >= limits[1] or rate >= limits[2]
            if last[i, 1] < 0.0 and (unsettled or left > few):
                last[i, 1] = t
            if unsettled:
                last[i, 0] = t
                break
    return last
