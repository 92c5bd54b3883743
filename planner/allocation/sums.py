"""How sums are held against limits: numbers that someone typed exactly, measured ones to the rounding they came with.

A number of up to fifteen significant digits is read as the decimal it is written as (0.1 is a tenth), and sums of them are
rational: a millionth beside a trillion still counts. Anything longer was computed, and is known to its last bits only.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from planner.allocation.table import Bools, Floats, Ints

BITS, HALF = 53, 26  # of a double, and of such a half
DIGITS = 15  # significant digits up to which a number is taken as written; every double holds as many


def written(values: Floats) -> Bools:
    """Which numbers have at most fifteen significant digits."""
    digits, place = _decimals(values)
    up, down = 10.0 ** np.maximum(place, 0), 10.0 ** np.maximum(-place, 0)
    return np.asarray(~np.isfinite(values) | (digits / up * down == values))


def _decimals(values: Floats) -> tuple[Floats, Ints]:
    """Numbers as whole ones of fifteen digits, and by which power of ten those are too large; of numbers that are written."""
    size = np.abs(values)
    known = np.isfinite(values) & (size > 0)
    place = np.clip(DIGITS - 1 - np.floor(np.log10(np.where(known, size, 1.0))).astype(np.int64), -22, 22)
    shown = np.where(known, values, 0.0)
    return np.rint(shown * 10.0 ** np.maximum(place, 0) / 10.0 ** np.maximum(-place, 0)), place


def decimal_sum(values: Floats) -> Fraction:
    """The sum of written numbers, each the decimal it is written as."""
    digits, place = _decimals(values)
    return _sum_of_powers(digits, -place, 10)


def binary_sum(values: Floats) -> Fraction:
    """The sum of doubles, as they are."""
    share, exponent = np.frexp(values)
    return _sum_of_powers(share * 2.0**BITS, exponent.astype(np.int64) - BITS, 2)


def _sum_of_powers(whole: Floats, power: Ints, base: int) -> Fraction:
    """Σ whole · base^power for whole numbers of up to 53 bits, in integers: halves of them add up in 64 bits."""
    total = Fraction(0)
    for p in np.unique(power):
        mine = whole[power == p].astype(np.int64)
        total += ((int((mine >> HALF).sum()) << HALF) + int((mine & (1 << HALF) - 1).sum())) * Fraction(base) ** int(p)
    return total
