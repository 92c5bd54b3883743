"""Cells of a terrain: which are missing, the least and greatest, and counts and moments between stages, each in one pass.

Elevations fall into even entries by one multiplication. Multiplying, rounding and clipping never change an order, so cells of
another entry than a stage's lie on the side their entry says, and only within its own entry a cell is compared with it: no
rounding puts a cell on the wrong side of a stage. Sums of several tiles are merged by adding them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.uint32]
Ints = NDArray[np.int64]

HUGE = 1e30  # |elevation| from which it is a no-data number (±3.4e38, 1e30, 1e31), whatever was declared
CHUNK = 1024  # cells worked on together
LANES = 32  # cells compared side by side
AHEAD = 4  # cells counted without looking at the loop; divides CHUNK
CALL_CELLS = 1 << 31  # cells a count of 32 bits can take


@njit(cache=True)
def blank(values: Any, numbers: Any) -> Ints:
    """Turns cells (rows, cols) that are infinite, HUGE or one of the numbers (k,) into NaN; how many of each number, (k,)."""
    hits = np.zeros(len(numbers), dtype=np.int64)
    nan = values.dtype.type(np.nan)
    huge = values.dtype.type(HUGE)
    least, most = (numbers.min(), numbers.max()) if len(numbers) else (huge, -huge)
    odd = np.zeros(LANES, dtype=np.uint32)
    for r in range(len(values)):
        row = values[r]
        odd[:] = 0
        for first in range(0, len(row), LANES):
            part = row[first : first + LANES]
            for i in range(len(part)):
                known = (abs(part[i]) < huge) & ((part[i] < least) | (part[i] > most))
                odd[i] |= np.uint32(0) if known else np.uint32(1)
        if odd.any():  # most rows are only read
            for c in range(len(row)):
                row[c] = row[c] if abs(row[c]) < huge else nan
            for k in range(len(numbers)):
                for c in range(len(row)):
                    hit = row[c] == numbers[k]
                    hits[k] += hit
                    row[c] = nan if hit else row[c]
    return hits


@njit(cache=True)
def extremes(values: Any) -> tuple[float, float, int]:
    """Least and greatest elevation of cells (rows, cols) and the first flat index of the least; ∞, −∞ and −1 where none."""
    none, huge = values.dtype.type(np.inf), values.dtype.type(HUGE)
    low, high, at = none, -none, -1
    least, most = np.empty(LANES, dtype=values.dtype), np.empty(LANES, dtype=values.dtype)
    for r in range(len(values)):
        row = values[r]
        least[:], most[:] = none, -none
        for first in range(0, len(row), LANES):
            part = row[first : first + LANES]
            for i in range(len(part)):
                good = abs(part[i]) < huge
                least[i] = part[i] if good and part[i] < least[i] else least[i]
                most[i] = part[i] if good and part[i] > most[i] else most[i]
        high = max(high, most.max())
        if least.min() < low:
            low, at = least.min(), r
    if at >= 0:
        row = values[at]
        c = 0
        while row[c] != low:
            c += 1
        at = at * len(row) + c
    return float(low), float(high), at


class Entries(NamedTuple):
    """Even entries over elevations and the stages that divide some of them: a cell's slot is its entry plus the stages at or
    below it, so slots ascend with elevation; the last one takes what has no elevation.

    scale: entries a metre. first, last: number of the lowest and highest entry, which reach on without end. cut: (entries + 1,)
    the lowest stage within an entry, NaN where none. start: (entries + 1,) its first slot. stages: ascending, two NaN after
    them. crowded: whether an entry holds several stages. All but start and crowded in the cells' own precision.
    """

    scale: Any
    first: Any
    last: Any
    cut: NDArray[Any]
    start: Labels
    stages: NDArray[Any]
    crowded: bool

    @property
    def slots(self) -> int:
        """Number of slots with an elevation."""
        return int(self.start[-1])

    def below(self) -> Ints:
        """Number of stages at or below the cells of each slot, (slots,)."""
        slot = np.arange(self.slots)
        return slot - (np.searchsorted(self.start, slot, side="right") - 1)

    def lower(self) -> Floats:
        """Lower edge of each slot, m, (slots,): its entry's or that of the stage it begins with."""
        below = self.below()
        edge = (np.arange(self.slots) - below + float(self.first)) / float(self.scale)
        stage = np.concatenate(([-np.inf], self.stages[:-2].astype(np.float64)))[below]
        return np.asarray(np.maximum(edge, stage))


def entries_of_width(width: float, low: float, high: float, stages: Floats, kind: Any) -> Entries:
    """Entries at whole multiples of a width that is a power of two, m, over the elevations low … high, divided by stages.

    Stages within the first and the last entry divide them even where no cell lies beyond: bins of tiles merge by their edges.
    """
    scale = 1.0 / width
    stages = stages[(stages >= np.floor(low * scale) * width) & (stages < (np.floor(high * scale) + 1.0) * width)]
    kind = np.dtype(kind).type
    if kind is np.float32 and max(abs(low), abs(high)) * scale >= 2.0**24:
        kind = np.float64
    own = stages.astype(kind)
    own = np.where(own < stages, np.nextafter(own, kind(np.inf)), own)  # a cell reaches the stage where it reaches this
    factor = kind(scale)
    first, last = np.floor(kind(low) * factor), np.floor(kind(high) * factor)
    size = int(last - first) + 1
    entry = (np.floor(own * factor) - first).astype(np.int64)
    own, entry = own[(entry >= 0) & (entry < size)], entry[(entry >= 0) & (entry < size)]
    cut = np.full(size + 1, np.nan, dtype=kind)
    cut[entry[::-1]] = own[::-1]
    before = np.searchsorted(entry, np.arange(size + 1))
    start = (np.arange(size + 1) + before).astype(np.uint32)
    crowded = bool(np.any(entry[1:] == entry[:-1]))
    return Entries(factor, first, last, cut, start, np.append(own, [kind(np.nan)] * 2), crowded)


@njit(cache=True)
def _count(values: Any, entries: Entries, datum: float, shift: int, count: Labels, moment: Floats) -> None:
    """Adds cells (rows, cols) to slots, 2^shift ≤ AHEAD lanes each: then neighbours of one slot need not wait for each other.

    Entries are found in whole vectors first, a chunk at a time; what a chunk is short of is filled with cells without a value.
    """
    scale, first, last = entries.scale, entries.first, entries.last
    cut, start, stages, crowded = entries.cut, entries.start, entries.stages, entries.crowded
    unknown = np.uint32(len(cut) - 1)
    huge = scale * 0 + HUGE
    entry, cells = np.full(CHUNK, unknown), np.zeros(CHUNK, dtype=values.dtype)
    one, by, lane = np.uint64(1), np.uint64(shift), np.uint64((1 << shift) - 1)
    for r in range(len(values)):
        row = values[r]
        for begin in range(0, len(row), CHUNK):
            part = row[begin : begin + CHUNK]
            for c in range(len(part)):
                at = np.floor(part[c] * scale)
                at = at if at > first else first
                at = at if at < last else last
                entry[c] = np.uint32(np.int32(at - first)) if abs(part[c]) < huge else unknown
                cells[c] = part[c]
            for c in range(len(part), min(len(part) + AHEAD, CHUNK)):
                entry[c] = unknown
            for c in range(0, len(part), AHEAD):
                for i in range(AHEAD):
                    k = np.uint64(c) + np.uint64(i)
                    z, e = cells[k], np.uint64(entry[k])
                    slot = np.uint64(start[e]) + np.uint64(z >= cut[e])
                    if crowded:
                        while stages[slot - e] <= z:
                            slot += one
                    slot = (slot << by) + (np.uint64(i) & lane)
                    count[slot] += np.uint32(1)
                    moment[slot] += np.float64(z) - datum


def count_cells(values: NDArray[Any], entries: Entries, *, datum: float = 0.0) -> tuple[Floats, Floats]:
    """Cells of a terrain or a tile of it, (rows, cols) m, by slot: how many, and Σ (z − datum); NaN and ±inf are left out."""
    shift = 2 if entries.slots <= 4096 else 0
    tile = np.ascontiguousarray(values, dtype=entries.cut.dtype)
    number, moment = np.zeros(entries.slots), np.zeros((entries.slots + 1) << shift)
    height = max(1, CALL_CELLS // max(tile.shape[1], 1))
    for row in range(0, len(tile), height):
        count = np.zeros(len(moment), dtype=np.uint32)
        _count(tile[row : row + height], entries, datum, shift, count, moment)
        number += count.reshape(-1, 1 << shift).sum(axis=1)[:-1]
    return number, moment.reshape(-1, 1 << shift).sum(axis=1)[:-1]


@njit(cache=True)
def _count_weighted(
    reached: Any, level: Any, weight: Floats, entries: Entries, datum: float, number: Floats, moment: Floats
) -> None:
    scale, first, last = entries.scale, entries.first, entries.last
    for c in range(len(level)):
        z = reached[c]
        if abs(z) < HUGE:
            e = int(min(max(np.floor(z * scale), first), last) - first)
            slot = int(entries.start[e]) + (1 if z >= entries.cut[e] else 0)
            while entries.stages[slot - e] <= z:
                slot += 1
            number[slot] += weight[c]
            moment[slot] += weight[c] * (np.float64(level[c]) - datum)


def count_weighted(
    level: NDArray[Any], weight: Floats, entries: Entries, *, datum: float = 0.0, reached: NDArray[Any] | None = None
) -> tuple[Floats, Floats]:
    """Ragged cells, level and weight (k,), by slot: Σ weight and Σ weight·(z − datum); NaN and ±inf are left out.

    reached: (k,) the level by which a cell's slot is found, where that is another than its own.
    """
    number, moment = np.zeros(entries.slots), np.zeros(entries.slots)
    by = (level if reached is None else reached).astype(entries.cut.dtype, copy=False)
    _count_weighted(by, level, weight, entries, datum, number, moment)
    return number, moment
