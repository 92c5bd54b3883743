"""What a linear program splits, made whole: of all ways to do so the one that leaves limits missed least."""

import numpy as np
from numba import njit

from planner.core.choice.arrays import Bools, Floats


@njit(cache=True)
def best_rounding(change: Floats, loss: Floats, limits: tuple[Floats, Floats], activity: Floats) -> tuple[Bools, float]:
    """Which of a few moves to make so that limits are missed least, and of ways that keep them the one that loses least.

    change (M, S): by how much each move changes each row, rows in comparable units; loss (M,). limits: lo and hi (S,).
    activity (S,): with none of them made. Returns (M,) made, and what is missed then, all rows together. All 2^M ways are
    looked at, each one move from the last. Source: Gray 1953.
    """
    m, s = change.shape
    lo, hi = limits
    made, best = np.zeros(m, np.bool_), np.zeros(m, np.bool_)
    now, lost, least, cheapest = activity.copy(), 0.0, np.inf, np.inf
    for turn in range(1 << m):
        if turn:
            flip = 0
            while not (turn >> flip) & 1:
                flip += 1
            sign = -1.0 if made[flip] else 1.0
            made[flip] = not made[flip]
            lost += sign * loss[flip]
            for r in range(s):
                now[r] += sign * change[flip, r]
        missed = 0.0
        for r in range(s):
            missed += max(now[r] - hi[r], lo[r] - now[r], 0.0)
        if missed < least or (missed == least and lost < cheapest):
            least, cheapest = missed, lost
            best[:] = made
    return best, least
