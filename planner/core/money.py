"""Discounting of yearly sums."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def discounted(flow: ArrayLike, rate: float) -> Floats:
    """Present value of each year's sum, same shape (years,): flow[k] / (1 + rate)^k, the first year undiscounted."""
    sums = np.asarray(flow, dtype=np.float64)
    return np.asarray(sums / (1.0 + rate) ** np.arange(len(sums)), dtype=np.float64)


def spread(amount: ArrayLike, first: ArrayLike, last: ArrayLike, start: int, years: int) -> Floats:
    """Amounts paid in equal parts over first..last (calendar years, inclusive), summed by year from `start`, (years,).

    amount, first, last: (n,). Years outside the horizon are added to its nearest end, so that nothing is lost.
    """
    amount, first, last = (np.asarray(a, dtype=np.float64) for a in (amount, first, last))
    begin, end = (np.clip(a - start, 0, years - 1).astype(int) for a in (first, last))
    share = amount / (end - begin + 1)
    paid = np.zeros(years)
    for later in range(int((end - begin).max(initial=-1)) + 1):  # no running sums: a year in which nothing is paid is 0
        due = begin + later <= end
        np.add.at(paid, begin[due] + later, share[due])
    return paid


def level_share(first: ArrayLike, last: ArrayLike, year: float) -> Floats:
    """Share of works done in equal parts over first..last (calendar years, inclusive) that is done by a year's end, (n,)."""
    first, last = (np.asarray(a, dtype=np.float64) for a in (first, last))
    return np.asarray(np.clip((year - first + 1.0) / (last - first + 1.0), 0.0, 1.0))


def payback(net: ArrayLike) -> int | None:
    """Index of the first year from which the running sum of net flows (years,) stays ≥ 0; None where it never does."""
    running = np.cumsum(np.asarray(net, dtype=np.float64))
    behind = np.flatnonzero(running < 0)
    if len(behind) == 0:
        return 0
    return int(behind[-1]) + 1 if behind[-1] + 1 < len(running) else None
