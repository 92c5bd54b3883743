"""Weighted statistics of ragged values: what polygons cover of a raster, summed up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Summary(NamedTuple):
    """Statistics of n pieces, each (n,). weight: Σ weight of the known values. missing: Σ weight of the unknown ones.

    total: Σ weight · value. low, high: least and greatest known value; NaN where none is known.
    """

    weight: Floats
    missing: Floats
    total: Floats
    low: Floats
    high: Floats

    @property
    def mean(self) -> Floats:
        """Weighted mean, NaN where nothing is known."""
        return np.divide(self.total, self.weight, out=np.full_like(self.total, np.nan), where=self.weight > 0)


@njit(cache=True)
def _summarise(start: Ints, value: Floats, weight: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    n = len(start) - 1
    known, missing, total = np.zeros(n), np.zeros(n), np.zeros(n)
    low, high = np.full(n, np.nan), np.full(n, np.nan)
    for i in range(n):
        for k in range(start[i], start[i + 1]):
            v = value[k]
            if not np.isfinite(v):
                missing[i] += weight[k]
                continue
            known[i] += weight[k]
            total[i] += weight[k] * v
            if not v >= low[i]:
                low[i] = v
            if not v <= high[i]:
                high[i] = v
    return known, missing, total, low, high


def summarise(start: Ints, value: Floats, weight: Floats) -> Summary:
    """Statistics of n pieces; piece i owns start[i]:start[i+1] of value and weight, (m,); NaN and ±inf are unknown."""
    return Summary(*_summarise(start, np.ascontiguousarray(value, dtype=np.float64), weight))


@njit(cache=True)
def _low_to_high(value: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Known values in ascending order with their weights."""
    known = np.isfinite(value) & (weight > 0)
    v, w = value[known], weight[known]
    order = np.argsort(v, kind="mergesort")
    return v[order], w[order]


@njit(cache=True)
def _quantiles(start: Ints, value: Floats, weight: Floats, shares: Floats) -> Floats:
    out = np.full((len(start) - 1, len(shares)), np.nan)
    for i in range(len(start) - 1):
        v, w = _low_to_high(value[start[i] : start[i + 1]], weight[start[i] : start[i + 1]])
        n = len(v)
        if n == 0:
            continue
        place = np.zeros(n)  # where each value stands on the way from the least (0) to the greatest
        below = 0.0
        for k in range(n):
            place[k] = k * w[k] + (n - 1) * below
            below += w[k]
        for j in range(len(shares)):
            wanted = shares[j] * (n - 1) * below
            k = np.searchsorted(place, wanted)
            if k == 0 or k >= n or place[k] == wanted:
                out[i, j] = v[min(k, n - 1)]
            else:
                out[i, j] = v[k - 1] + (v[k] - v[k - 1]) * (wanted - place[k - 1]) / (place[k] - place[k - 1])
    return out


def quantiles(start: Ints, value: Floats, weight: Floats, shares: Floats) -> Floats:
    """Weighted quantiles of n pieces, (n, q): shares (q,) in 0…1; NaN where nothing is known.

    The k-th of m ascending values stands at k·wₖ + (m − 1)·Σ_{j<k} wⱼ on a scale that ends at (m − 1)·Σw; between values
    the quantile is linear. With equal weights this is the usual linear quantile.
    """
    return np.asarray(_quantiles(start, np.ascontiguousarray(value, dtype=np.float64), weight, shares))


@njit(cache=True)
def _by_class(start: Ints, value: Floats, weight: Floats, breaks: Floats) -> Floats:
    out = np.zeros((len(start) - 1, len(breaks) + 2))
    for i in range(len(start) - 1):
        for k in range(start[i], start[i + 1]):
            if np.isfinite(value[k]):
                out[i, np.searchsorted(breaks, value[k], side="right")] += weight[k]
            else:
                out[i, len(breaks) + 1] += weight[k]
    return out


def by_class(start: Ints, value: Floats, weight: Floats, breaks: Floats) -> Floats:
    """Σ weight of n pieces by class, (n, b + 2): below breaks[0], from each of b ascending breaks on, last the unknown."""
    return np.asarray(_by_class(start, np.ascontiguousarray(value, dtype=np.float64), weight, breaks))
