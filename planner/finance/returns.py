"""What a flow of money is worth: net present value, every rate of return, levelised cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from planner.core.money import discounted

Floats = NDArray[np.float64]
LOWEST, HIGHEST = -0.9999, 1e4  # rates between which roots are looked for, per year
GRID = 8_001  # points at which the sign of the present value is looked at, even in 1 / (1 + rate) on a log scale


def net_present_value(flow: ArrayLike, rate: float) -> float:
    """Present value, yuan, of yearly sums (years,), the first one undiscounted."""
    return float(discounted(flow, rate).sum())


def sign_changes(flow: ArrayLike) -> int:
    """How often a flow (years,) changes its sign, years of nothing left out."""
    signs = np.sign(np.asarray(flow, dtype=np.float64))
    signs = signs[signs != 0]
    return int(np.count_nonzero(signs[1:] != signs[:-1]))


def rates_of_return(flow: ArrayLike) -> tuple[float, ...]:
    """All internal rates of return of a flow (years,) above -99.99 % a year, ascending; none where it never changes its sign.

    A flow whose sign changes once has one at most (Descartes); where it changes more often all of them are listed, and none of
    them is *the* rate.
    """
    sums = np.asarray(flow, dtype=np.float64)
    if sign_changes(sums) == 0:
        return ()
    factors = np.exp(np.linspace(np.log1p(HIGHEST), np.log1p(LOWEST), GRID))
    ages = np.arange(len(sums))
    weights = np.maximum(np.abs(sums).max(), 1e-300)

    def worth(factor: Floats) -> Floats:
        # divided by its largest power so that neither end of the scale overflows
        powers = -np.outer(np.log(factor), ages)
        return np.asarray(np.exp(powers - powers.max(axis=1, keepdims=True)) @ (sums / weights), dtype=np.float64)

    def at(factor: float) -> float:
        return float(worth(np.array([factor]))[0])

    values = worth(factors)
    found = [float(f) for f, v in zip(factors, values, strict=True) if v == 0.0]
    for k in np.flatnonzero(values[:-1] * values[1:] < 0):
        found.append(float(brentq(at, factors[k + 1], factors[k], xtol=1e-14, rtol=1e-14)))
    return tuple(sorted(f - 1.0 for f in found))


def levelised(cost: ArrayLike, mu: ArrayLike, rate: float) -> float:
    """Yuan per mu: present value of costs (years,) over that of the mu made ready (years,); NaN where there is no mu."""
    ready = net_present_value(mu, rate)
    return net_present_value(cost, rate) / ready if ready > 0 else float("nan")
