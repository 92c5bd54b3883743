"""Weighted statistics of ragged values: what polygons cover of a raster, summed up."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CELLS_A_BIN, MOST_BINS = 8, 4096  # of wholly covered cells, to find those near a quantile
COUNT_FROM = 1 << 22  # wholly covered cells of one piece from which equal values are put together


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
def _short_of(value: float, before: float, rest: float, step: float) -> float:
    """What stands `rest` short of a value that stands a step behind the one before: linear between them."""
    return value if rest <= 0.0 else value - (value - before) * rest / step


@njit(cache=True)
def _by_value_then_weight(value: Floats, weight: Floats) -> Ints:
    """What sorts values (p,), equal ones by their weights."""
    order = np.argsort(value)
    for i in range(1, len(order)):
        if value[order[i]] == value[order[i - 1]]:
            by_weight = np.argsort(weight)
            return by_weight[np.argsort(value[by_weight], kind="mergesort")]
    return order


@njit(cache=True)
def _read_off(value: Any, count: Ints, parted: Floats, weight: Floats, shares: Floats, order: Ints, out: Floats) -> None:
    """Quantiles (q,) of cells of weight 1, count of each value, and of others; both by value, the others then by weight.

    shares: (q,), order: what sorts them. Equal values stand in the order of their weights.
    """
    cells, total = len(parted), 0.0
    for i in range(len(value)):
        cells += count[i]
        total += count[i]
    for i in range(len(parted)):
        total += weight[i]
    if cells == 0:
        return
    scale = (cells - 1) * total
    i = j = before = told = 0
    below, place, least = 0.0, 0.0, 0.0
    while i < len(value) or j < len(parted):
        if j == len(parted) or (i < len(value) and (value[i] < parted[j] or (value[i] == parted[j] and weight[j] > 1.0))):
            v, w, n = float(value[i]), 1.0, count[i]
            i += 1
        else:
            v, w, n = parted[j], weight[j], 1
            j += 1
        begin = before * w + (cells - 1) * below
        end = (before + n - 1) * w + (cells - 1) * (below + (n - 1) * w)
        while told < len(shares) and shares[order[told]] < 1.0 and shares[order[told]] * scale <= end:
            rest = begin - shares[order[told]] * scale
            out[order[told]] = v if before == 0 else _short_of(v, least, rest, begin - place)
            told += 1
        before, below, place, least = before + n, below + n * w, end, v
    out[order[told:]] = least


def quantiles_of_parts(value: NDArray[Any], count: Ints, parted: Floats, weight: Floats, shares: Floats) -> Floats:
    """Weighted quantiles, (q,), of what wholly and partly covered cells together hold; see `quantiles`.

    value: (d,) ascending different values of wholly covered cells, count: (d,) how many have each. parted, weight: (p,) known
    values of partly covered cells in any order.
    """
    order = _by_value_then_weight(parted, weight)
    out = np.full(len(shares), np.nan)
    _read_off(value, count, parted[order], weight[order], shares, np.argsort(shares), out)
    return out


@njit(cache=True)
def _by_bin(whole: Any, low: float, high: float) -> tuple[Any, Ints]:
    """Values (n,) from low to high, those of a narrow bin together, bins ascending, and where each begins, (bins + 1,)."""
    n = len(whole)
    bins = max(min(n // CELLS_A_BIN, MOST_BINS), 1) if 0.0 < high - low < np.inf else 1
    rate = bins / (high - low) if bins > 1 else 0.0
    mine, begin = np.empty(n, np.int16), np.zeros(bins + 2, np.int64)
    for i in range(n):
        b = min(int((whole[i] - low) * rate), bins - 1)
        mine[i] = b
        begin[b + 2] += 1
    for b in range(bins):
        begin[b + 2] += begin[b + 1]
    together = np.empty_like(whole)
    for i in range(n):
        b = mine[i] + 1
        together[begin[b]] = whole[i]
        begin[b] += 1
    return together, begin[: bins + 1]


@njit(cache=True)
def _of_cells(whole: Any, span: tuple[float, float], parted: Floats, weight: Floats, shares: Floats, out: Floats) -> None:
    """Quantiles (q,) of whole cells and parted ones in any order: see `quantiles_of_cells`."""
    n, p = len(whole), len(parted)
    order = _by_value_then_weight(parted, weight)
    parted, weight = parted[order], weight[order]
    ahead = np.zeros(p + 1)
    for j in range(p):
        ahead[j + 1] = ahead[j] + weight[j]
    cells = n + p
    scale, open_ = (cells - 1) * (n + ahead[p]), p + (cells - 1) * ahead[p]
    whole, begin = _by_bin(whole, span[0], span[1])
    for k in range(len(shares)):
        sought = shares[k] * scale
        low = max(min(int((sought - open_) / cells) - 2, n - 1), 0)  # truncated towards 0, where it begins anyhow
        high = min(int(sought / cells) + 2, n - 1)
        base = begin[int(np.searchsorted(begin, low, side="right")) - 1] if n else 0
        block = np.sort(whole[base : begin[int(np.searchsorted(begin, high, side="right"))]]) if n else whole
        sought = np.inf if shares[k] >= 1.0 else sought
        i, j, place, least = low, 0, 0.0, 0.0
        if i > 0:
            least = float(block[i - base])
            j = int(np.searchsorted(parted, least, side="right"))
            place = i + j + (cells - 1) * (i + ahead[j])
            i += 1
        while i <= high or j < p:
            there, below = i + j, i + ahead[j]
            if i <= high and (j == p or float(block[i - base]) < parted[j]):
                v, w = float(block[i - base]), 1.0
                i += 1
            else:
                v, w = parted[j], weight[j]
                j += 1
            here = there * w + (cells - 1) * below
            if sought <= here:
                least = v if there == 0 else _short_of(v, least, here - sought, here - place)
                break
            place, least = here, v
        out[k] = least


def quantiles_of_cells(whole: NDArray[Any], parted: Floats, weight: Floats, shares: Floats) -> Floats:
    """Weighted quantiles, (q,), of wholly covered cells (n,) and partly covered ones (p,), both in any order; see `quantiles`.

    A whole cell with a others before it stands from m·a to m·a + p + (m − 1)·Σw, of m cells with p parted ones that weigh Σw
    together. So few whole cells are near a share: a count of all in narrow bins says which, and they alone are sorted.
    """
    out = np.full(len(shares), np.nan)
    if len(whole) + len(parted):
        span = (float(whole.min()), float(whole.max())) if len(whole) else (0.0, 0.0)
        _of_cells(whole, span, parted, weight, shares, out)
    return out


@njit(cache=True)
def _quantiles(start: Ints, value: Floats, weight: Floats, shares: Floats) -> Floats:
    out = np.full((len(start) - 1, len(shares)), np.nan)
    order = np.argsort(shares)
    ones = np.ones(0, np.int64)
    for i in range(len(start) - 1):
        v, w = value[start[i] : start[i + 1]], weight[start[i] : start[i + 1]]
        known = np.isfinite(v) & (w > 0)
        whole = np.sort(v[known & (w == 1.0)])
        parted, part = v[known & (w != 1.0)], w[known & (w != 1.0)]
        by_value = _by_value_then_weight(parted, part)
        if len(ones) < len(whole):
            ones = np.ones(2 * len(whole), np.int64)
        _read_off(whole, ones, parted[by_value], part[by_value], shares, order, out[i])
    return out


def quantiles(start: Ints, value: Floats, weight: Floats, shares: Floats) -> Floats:
    """Weighted quantiles of n pieces, (n, q): shares (q,) in 0…1; NaN where nothing is known.

    The k-th of m ascending values stands at k·wₖ + (m − 1)·Σ_{j<k} wⱼ on a scale that ends at (m − 1)·Σw; between values
    the quantile is linear. With equal weights this is the usual linear quantile. Equal values stand in the order of their
    weights, so that the order of the cells does not matter.
    """
    return np.asarray(_quantiles(start, np.ascontiguousarray(value, dtype=np.float64), weight, shares))


@njit(cache=True)
def _parted(start: Ints, value: Any, weight: Floats) -> tuple[Ints, Any, Floats]:
    """Known values of wholly covered cells of n pieces, and values and weights of others (2, p), both piece by piece: how many
    wholes and how many others there are until each begins, (2, n + 1)."""
    ends = np.zeros((2, len(start)), np.int64)
    wholes, others = np.empty_like(value), np.empty((2, len(value)))
    a = b = 0
    for i in range(len(start) - 1):
        for k in range(start[i], start[i + 1]):
            if np.isnan(value[k]):
                continue
            if weight[k] == 1.0:
                wholes[a] = value[k]
                a += 1
            else:
                others[0, b], others[1, b] = value[k], weight[k]
                b += 1
        ends[0, i + 1], ends[1, i + 1] = a, b
    return ends, wholes[:a], others[:, :b]


class OpenPieces:
    """Values of n pieces that come in any order and are kept until a piece is complete, for its quantiles.

    Cells of weight 1 are kept as different values and how many have each, once they are many: memory then grows with the
    different values under the pieces that are not complete. held: bytes kept.
    """

    def __init__(self, pieces: int):
        self._whole: defaultdict[int, list[NDArray[Any]]] = defaultdict(list)
        self._parted: defaultdict[int, list[NDArray[Any]]] = defaultdict(list)
        self._counted: dict[int, tuple[NDArray[Any], Ints]] = {}
        self._waiting = np.zeros(pieces, dtype=np.int64)
        self.held = 0

    def add(self, pieces: Ints, start: Ints, value: NDArray[Any], weight: Floats) -> None:
        """Adds cells: pieces[i] (m,) gets start[i]:start[i+1] of value and weight; NaN is unknown and left out."""
        ends, values, parted = _parted(start, value, weight)
        bounds = np.column_stack((ends[0, :-1], ends[0, 1:], ends[1, :-1], ends[1, 1:])).tolist()
        for i, piece in enumerate(pieces.tolist()):
            a, b, c, d = bounds[i]
            if b > a:
                self._keep(self._whole[piece], values[a:b])
                self._waiting[piece] += b - a
                if self._waiting[piece] > COUNT_FROM:
                    self._count(piece)
            if d > c:
                self._keep(self._parted[piece], parted[:, c:d])

    def _keep(self, where: list[NDArray[Any]], values: NDArray[Any]) -> None:
        where.append(values.copy())
        self.held += values.nbytes

    def _count(self, piece: int) -> tuple[NDArray[Any], Ints]:
        """The different values of a piece's whole cells and how many have each, kept so from now on."""
        parts = self._whole.pop(piece, [])
        self._waiting[piece] = 0
        if parts:
            self.held -= sum(p.nbytes for p in parts)
            value, count = np.unique(np.concatenate(parts), return_counts=True)
            if piece in self._counted:
                old, olds = self._counted[piece]
                self.held -= old.nbytes + olds.nbytes
                value, place = np.unique(np.concatenate((old, value)), return_inverse=True)
                count = np.bincount(place, np.concatenate((olds, count))).astype(np.int64)
            self._counted[piece] = value, count
            self.held += value.nbytes + count.nbytes
        return self._counted[piece]

    def close(self, piece: int, shares: Floats) -> Floats:
        """Quantiles (q,) of a piece that is complete; what was kept of it is dropped."""
        parts = self._parted.pop(piece, [])
        parted = np.concatenate(parts, axis=1) if parts else np.zeros((2, 0))
        self.held -= parted.nbytes if parts else 0
        if piece not in self._counted:
            parts, self._waiting[piece] = self._whole.pop(piece, []), 0
            self.held -= sum(p.nbytes for p in parts)
            return quantiles_of_cells(np.concatenate(parts) if parts else np.zeros(0), parted[0], parted[1], shares)
        value, count = self._count(piece)
        del self._counted[piece]
        self.held -= value.nbytes + count.nbytes
        return quantiles_of_parts(value, count, parted[0], parted[1], shares)


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
