"""How sums are held against limits: numbers that someone typed exactly, measured ones to the rounding they came with.

A number of up to fifteen significant digits is read as the decimal it is written as (0.1 is a tenth), and sums of them are
rational: a millionth beside a trillion still counts. Anything longer was computed, and is known to its last bits only.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from planner.allocation.table import Bools, Floats

DIGITS = 15  # significant digits up to which a number is taken as written; every double holds as many


def written(values: Floats) -> Bools:
    """Which numbers have at most fifteen significant digits."""
    size = np.abs(values)
    known = np.isfinite(values) & (size > 0)
    place = DIGITS - 1 - np.floor(np.log10(np.where(known, size, 1.0))).astype(np.int64)
    up, down = 10.0 ** np.clip(place, 0, 22), 10.0 ** np.clip(-place, 0, 22)
    return np.asarray(~known | (np.rint(values * up / down) / up * down == values))


def decimal_sum(terms: Iterable[float]) -> Fraction:
    """The sum of numbers, each the decimal it is written as."""
    return sum((Fraction(repr(float(t))) for t in terms if t), Fraction(0))
