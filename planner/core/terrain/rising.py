"""Water rising from one cell over a terrain in memory: the slot, of ascending ones, at which each cell is connected to it.

A cell is connected at the smallest possible highest slot on a path to it. Sweeps over the rows, down and up, each looking at
the neighbours already passed, settle nearly every cell at the cost of reading it; what winds against the sweeps is settled in
ascending order from lists of cells by slot, and where that opens the way to more, sweeps go on. Sources: Vincent 1993
(reconstruction by sweeps and a queue); Dijkstra 1959.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.terrain.cells import HUGE, Entries
from planner.core.terrain.neighbours import CORNERS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SWEEPS = 8  # at most so many, down and up
FEW = 300  # a sweep up that changes less than one of so many cells is the last for now
SHARE = 256  # one of so many cells is settled in order before sweeps are tried again: a pass may have opened
ROUNDS = 8  # in the last of them all cells that are left are settled in order
BORDER = 1  # cells around a terrain that water never passes


@njit(cache=True)
def _slots(values: Any, entries: Entries, out: Any) -> None:
    """The slot of every cell (rows, cols) m, into the middle of out, (rows + 2, cols + 2)."""
    scale, first, last = entries.scale, entries.first, entries.last
    start, cut, stages = entries.start, entries.cut, entries.stages
    huge = scale * 0 + HUGE
    for r in range(len(values)):
        row, into = values[r], out[r + BORDER, BORDER:-BORDER]
        for c in range(len(row)):
            z = row[c]
            if abs(z) < huge:
                at = np.floor(z * scale)
                at = at if at > first else first
                e = int((at if at < last else last) - first)
                slot = start[e] + (1 if z >= cut[e] else 0)
                while entries.crowded and stages[slot - e] <= z:
                    slot += 1
                into[c] = slot


@njit(cache=True)
def _pass(slot: Any, reached: Any, step: int, neighbours: int) -> int:
    """One sweep over the rows, downward (step 1) or upward (−1); how many cells it changed."""
    rows, width = slot.shape
    best = np.empty(width, dtype=slot.dtype)
    changed = 0
    for k in range(BORDER, rows - BORDER):
        r = k if step > 0 else rows - 1 - k
        row, near, own = reached[r], reached[r - step], slot[r]
        if neighbours == CORNERS:
            for c in range(1, width - 1):
                least = min(min(near[c - 1], near[c]), near[c + 1])
                best[c] = min(max(least, own[c]), row[c])
        else:
            for c in range(1, width - 1):
                best[c] = min(max(near[c], own[c]), row[c])
        last = row[0]
        for c in range(1, width - 1):
            last = min(best[c], max(last, own[c]))
            changed += last != row[c]
            row[c] = last
        last = row[width - 1]
        for c in range(width - 2, 0, -1):
            last = min(row[c], max(last, own[c]))
            changed += last != row[c]
            row[c] = last
    return changed


@njit(cache=True)
def _least(row: Any, near: Any, far: Any, own: Any, neighbours: int, out: Any) -> bool:
    """The slot at which each cell of a row can be reached from its neighbours; whether one is below where it is reached now."""
    lower = 0
    for c in range(1, len(row) - 1):
        least = min(min(row[c - 1], row[c + 1]), min(near[c], far[c]))
        if neighbours == CORNERS:
            least = min(least, min(min(near[c - 1], near[c + 1]), min(far[c - 1], far[c + 1])))
        out[c] = max(least, own[c])
        lower |= out[c] < row[c]
    return lower != 0


class _Lists(NamedTuple):
    """Cells waiting by slot: the first entry of each slot's list, −1 for none; cell and next entry of each entry.

    size: (2,) entries ever used, and the first of those free again, −1 for none.
    """

    first: Ints
    cell: Ints
    following: Ints
    size: Ints


@njit(cache=True)
def _put(lists: _Lists, slot: int, cell: int) -> _Lists:
    """Lets a cell wait in the list of a slot."""
    entry = lists.size[1]
    if entry >= 0:
        lists.size[1] = lists.following[entry]
    else:
        entry = lists.size[0]
        lists.size[0] += 1
        if entry == len(lists.cell):
            more = np.empty_like(lists.cell)
            lists = _Lists(lists.first, np.append(lists.cell, more), np.append(lists.following, more), lists.size)
    lists.cell[entry], lists.following[entry], lists.first[slot] = cell, lists.first[slot], entry
    return lists


@njit(cache=True)
def _take(lists: _Lists, slot: int) -> int:
    """The cell that waits first in the list of a slot; it waits no more."""
    entry = lists.first[slot]
    lists.first[slot] = lists.following[entry]
    lists.following[entry], lists.size[1] = lists.size[1], entry
    return int(lists.cell[entry])


@njit(cache=True)
def _waiting(slot: Any, reached: Any, neighbours: int, slots: int) -> _Lists:
    """The cells that their neighbours can still lower, by the slot they can be lowered to."""
    rows, width = slot.shape
    start = np.empty(1024, dtype=np.int64)
    lists = _Lists(np.full(slots + 1, -1, dtype=np.int64), start, start.copy(), np.array([0, -1]))
    least = np.empty(width, dtype=slot.dtype)
    for r in range(BORDER, rows - BORDER):
        if _least(reached[r], reached[r - 1], reached[r + 1], slot[r], neighbours, least):
            for c in range(BORDER, width - BORDER):
                if least[c] < reached[r, c]:
                    lists = _put(lists, least[c], r * width + c)
    return lists


@njit(cache=True)
def _settle(slot: Any, reached: Any, neighbours: int, slots: int, most: int) -> bool:
    """Lowers in ascending order what neighbours can still lower, at most so many cells; whether that was all."""
    width = slot.shape[1]
    step = np.array([-1, 1, -width, width, -width - 1, -width + 1, width - 1, width + 1])[:neighbours]
    own, level = slot.ravel(), reached.ravel()
    lists = _waiting(slot, reached, neighbours, slots)
    for at in range(slots):
        while lists.first[at] >= 0:
            i = _take(lists, at)
            if level[i] <= at:
                continue
            if most == 0:
                return False
            most -= 1
            level[i] = at
            for d in step:
                lowered = max(at, own[i + d])
                if lowered < level[i + d]:
                    lists = _put(lists, lowered, i + d)
    return True


@njit(cache=True)
def _count(values: Any, share: Any, reached: Any, datum: float, number: Floats, moment: Floats) -> None:
    """Adds the cells to the slots at which they are reached; share (0, 0) where each counts whole."""
    whole = share.size == 0
    slots = len(number)
    for r in range(len(values)):
        row, at = values[r], reached[r + BORDER, BORDER:-BORDER]
        for c in range(len(row)):
            if at[c] < slots:
                weight = 1.0 if whole else share[r, c]
                number[at[c]] += weight
                moment[at[c]] += weight * (np.float64(row[c]) - datum)


def count_connected(
    values: NDArray[Any],
    start: int,
    entries: Entries,
    *,
    neighbours: int,
    share: NDArray[Any] | None = None,
    datum: float = 0.0,
) -> tuple[Floats, Floats]:
    """Cells by the slot at which water that rises at a start connects them: Σ share and Σ share·(z − datum), (slots,).

    values: (rows, cols) m; NaN and ±inf have no ground and let no water pass. start: flat index of a cell with ground. share:
    (rows, cols) what of each cell counts; water passes where it is 0.
    """
    ground = np.ascontiguousarray(values, dtype=entries.cut.dtype)
    rows, cols = ground.shape
    slots = entries.slots
    kind = np.uint16 if slots < 1 << 16 else np.uint32
    slot = np.full((rows + 2 * BORDER, cols + 2 * BORDER), slots, dtype=kind)
    _slots(ground, entries, slot)
    reached = np.full_like(slot, slots)
    at = divmod(start, cols)
    reached[at[0] + BORDER, at[1] + BORDER] = slot[at[0] + BORDER, at[1] + BORDER]
    settled, rounds = False, 0
    while not settled:
        for _ in range(SWEEPS):
            _pass(slot, reached, 1, neighbours)
            if _pass(slot, reached, -1, neighbours) * FEW < rows * cols:
                break
        rounds += 1
        settled = _settle(slot, reached, neighbours, slots, rows * cols // SHARE if rounds < ROUNDS else rows * cols)
    number, moment = np.zeros(slots), np.zeros(slots)
    part = np.empty((0, 0)) if share is None else np.ascontiguousarray(share, dtype=np.float64)
    _count(ground, part, reached, datum, number, moment)
    return number, moment
