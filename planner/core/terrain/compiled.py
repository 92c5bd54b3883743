"""Compiled helpers that several kernels share."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.frame import Frame

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]
Ints = NDArray[np.int64]
Indices = NDArray[np.int32] | NDArray[np.int64]
Marks = NDArray[np.uint64]

_STEPS: Final = 2.0**32 - 1.0  # of the scale that values are sorted on
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)  # its 64 windows of 6 bits all differ: they number the bits of a word
_PLACE = np.argsort(_DE_BRUIJN * (np.uint64(1) << np.arange(64, dtype=np.uint64)) >> np.uint64(58))


def ascending(values: NDArray[Any]) -> Labels:
    """Flat indices of the finite values in ascending order, ties by index; (m,) int32.

    Whole numbers are sorted, a value's place on a scale above its index. Beside the values this takes twelve bytes each.
    """
    low, high, single = _spread(values)
    placed = np.empty(len(values) + 1, dtype=np.uint64)
    placed = placed[: _placed(values, low, _STEPS / (high - low) if high > low else 0.0, single, placed)]
    placed.sort()
    order = np.empty(len(placed), dtype=np.int32)
    _listed(placed, values, single, order)
    return order


@njit(cache=True, nogil=True)
def _spread(values: Any) -> tuple[float, float, bool]:
    """The least and the greatest finite value, and whether single precision holds all of them."""
    low, high, rounded = np.inf, -np.inf, 0
    for i in range(len(values)):
        value = np.float64(values[i])
        known = abs(value) < np.inf
        low = value if known and value < low else low
        high = value if known and value > high else high
        rounded += 1 if known and np.float64(np.float32(value)) != value else 0
    return low, high, rounded == 0


@njit(cache=True, nogil=True)
def _placed(values: Any, low: float, scale: float, single: bool, placed: Marks) -> int:
    """Writes the finite values' place, above their index, with room for one more; how many there are.

    single: whether the place is the value itself, in single precision, whose bits ascend with it.
    """
    at, half, word = 0, np.uint64(32), np.empty(1, dtype=np.float32)
    bits = word.view(np.uint32)
    for i in range(len(values)):
        value = np.float64(values[i])
        known = abs(value) < np.inf
        if single:
            word[0] = np.float32(value) + np.float32(0.0)  # −0 sorts with +0
            key = np.uint64(bits[0] ^ (np.uint32(0xFFFFFFFF) if bits[0] >> np.uint32(31) else np.uint32(0x80000000)))
        else:
            key = np.uint64(min((value - low) * scale, _STEPS)) if known else np.uint64(0)
        placed[at] = (key << half) | np.uint64(i)
        at += 1 if known else 0
    return at


@njit(cache=True, nogil=True)
def _listed(placed: Marks, values: Any, single: bool, order: Labels) -> None:
    """Writes the indices; those in one place that are not of one value are sorted by it."""
    half, low = np.uint64(32), np.uint64(0xFFFFFFFF)
    for i in range(len(placed)):
        order[i] = np.int32(placed[i] & low)
    i = 0
    while i + 1 < len(placed) and not single:
        j = i + 1
        mixed = False
        while j < len(placed) and placed[j] >> half == placed[i] >> half:
            mixed = mixed or values[order[j]] != values[order[i]]
            j += 1
        if mixed:
            run = order[i:j].copy()
            exact = np.empty(j - i)
            for k in range(j - i):
                exact[k] = values[run[k]]
            order[i:j] = run[np.argsort(exact, kind="mergesort")]
        i = j


@njit(cache=True)
def heap_push(level: Floats, cell: Indices, size: int, key: float, value: int) -> None:
    """Puts (key, value) into a heap of `size` entries, the least key first, then the least value; the arrays have room."""
    i = size
    while i > 0:
        up = (i - 1) >> 2
        if level[up] < key or (level[up] == key and cell[up] <= value):
            break
        level[i], cell[i] = level[up], cell[up]
        i = up
    level[i], cell[i] = key, value


@njit(cache=True)
def heap_pop(level: Floats, cell: Indices, size: int) -> None:
    """Takes the least entry off a heap of `size` entries."""
    size -= 1
    key, value = level[size], cell[size]
    i = 0
    while True:
        child = 4 * i + 1
        if child >= size:
            break
        best = child
        for k in range(child + 1, min(child + 4, size)):
            if level[k] < level[best] or (level[k] == level[best] and cell[k] < cell[best]):
                best = k
        if key < level[best] or (key == level[best] and value <= cell[best]):
            break
        level[i], cell[i] = level[best], cell[best]
        i = best
    level[i], cell[i] = key, value


@njit(cache=True)
def ring_sense(x: Floats, y: Floats, ring: Ints, hole: NDArray[np.bool_]) -> Floats:
    """+1 or −1 per ring: the factor that makes its signed area positive for an outline and negative for a hole, or zero."""
    sense = np.zeros(len(ring) - 1)
    for j in range(len(ring) - 1):
        a, b = ring[j], ring[j + 1]
        total = 0.0
        for k in range(a, b - 1):
            total += (x[k] - x[a]) * (y[k + 1] - y[a]) - (x[k + 1] - x[a]) * (y[k] - y[a])
        sense[j] = (1.0 if total >= 0 else -1.0) * (-1.0 if hole[j] else 1.0)
    return sense


@njit(cache=True)
def bounding_boxes(x: Floats, y: Floats, ring: Ints, polygon: Ints) -> Floats:
    """(n, 4) west, south, east, north of every polygon; west > east where it is empty."""
    box = np.empty((len(polygon) - 1, 4))
    for i in range(len(polygon) - 1):
        box[i, 0] = box[i, 1] = np.inf
        box[i, 2] = box[i, 3] = -np.inf
        for k in range(ring[polygon[i]], ring[polygon[i + 1]]):
            box[i, 0] = min(box[i, 0], x[k])
            box[i, 1] = min(box[i, 1], y[k])
            box[i, 2] = max(box[i, 2], x[k])
            box[i, 3] = max(box[i, 3], y[k])
    return box


@njit(cache=True, nogil=True)
def _long_piece(acc: Floats, base: int, cols: int, left: float, right: float, slope: float) -> None:
    """Adds a piece of edge inside one row that reaches over several columns or beyond the row's ends to a row of acc."""
    if left < 0.0:
        acc[base] -= left * slope
        left = 0.0
    right = min(right, float(cols))
    first, last = int(left), min(int(right), cols - 1)
    if first < last:
        reach = first + 1 - left
        acc[base + first] += 0.5 * reach * reach * slope
        acc[base + first + 1] += (1.0 - 0.5 * reach) * reach * slope
        for column in range(first + 1, last):
            acc[base + column] += 0.5 * slope
            acc[base + column + 1] += 0.5 * slope
        left = float(last)
    reach = right - left
    middle = 0.5 * (left + right) - last
    acc[base + last] += (1.0 - middle) * reach * slope
    acc[base + last + 1] += middle * reach * slope


@njit(cache=True, nogil=True, inline="always")  # as a call it takes as long again
def _row_piece(acc: Floats, marks: Marks, row: int, cols: int, shift: int, xa: float, xb: float, dy: float) -> None:
    """Adds a piece of edge inside one row, from column position xa to xb, rising dy rows (signed), to acc and marks it.

    What rises in a column counts there with the part of the cell east of it, and in the next one with the rest.
    """
    left, right = min(xa, xb), max(xa, xb)
    if left >= cols:
        return
    first, last = int(max(left, 0.0)), int(min(max(right, 0.0), cols - 0.5))
    a, b = np.uint64(first >> shift), np.uint64(min(last + 1, cols - 1) >> shift)
    marks[row] |= ((np.uint64(2) << (b - a)) - np.uint64(1)) << a
    base = row * (cols + 2)
    if left >= 0.0 and right <= cols and last <= first + 1:
        # one column or two, told apart by arithmetic: a branch here would be guessed wrong half of the time
        tail = max(right - (first + 1), 0.0)
        beyond = tail * (dy / max(right - left, 1e-300))
        head = dy - beyond
        middle = 0.5 * (left + right - tail) - first
        acc[base + first] += (1.0 - middle) * head
        acc[base + first + 1] += middle * head + (1.0 - 0.5 * tail) * beyond
        acc[base + first + 2] += 0.5 * tail * beyond
    elif right <= 0.0:
        acc[base] += dy
    else:
        _long_piece(acc, base, cols, left, right, dy / (right - left))


@njit(cache=True, nogil=True)
def sweep(
    acc: Floats,
    marks: Marks,
    x: Floats,
    y: Floats,
    ring: Ints,
    sense: Floats,
    first: int,
    last: int,
    frame: Frame,
    window: tuple[int, int, int, int],
) -> None:
    """Adds the edges of rings first:last to acc, a zeroed buffer of (rows, cols + 2) of the window (row, col, rows, cols).

    marks: (rows,) zeroed; bit g of a row is set where acc may have changed in the 2^`grain(cols)` cells from g · 2^grain on.
    """
    row0, col0, rows, cols = window
    shift = grain(cols)
    shift_x, shift_y = col0 * frame.cell_x, row0 * frame.cell_y
    for j in range(first, last):
        for k in range(ring[j], ring[j + 1] - 1):
            va = ((frame.north - y[k]) - shift_y) / frame.cell_y
            vb = ((frame.north - y[k + 1]) - shift_y) / frame.cell_y
            if va == vb or (va <= 0.0 and vb <= 0.0) or (va >= rows and vb >= rows):
                continue
            ua = ((x[k] - frame.west) - shift_x) / frame.cell_x
            ub = ((x[k + 1] - frame.west) - shift_x) / frame.cell_x
            sign = sense[j]
            if va > vb:
                va, vb, ua, ub, sign = vb, va, ub, ua, -sign
            slope = (ub - ua) / (vb - va)
            least, most = min(ua, ub), max(ua, ub)
            top, x_top = va, ua
            if top < 0.0:
                x_top = ua - va * slope
                top = 0.0
            row = int(top)
            while row < rows:
                bottom = row + 1.0
                if bottom >= vb:
                    _row_piece(acc, marks, row, cols, shift, x_top, ub, sign * (vb - top))
                    break
                x_bottom = min(max(ua + (bottom - va) * slope, least), most)
                _row_piece(acc, marks, row, cols, shift, x_top, x_bottom, sign * (bottom - top))
                top, x_top = bottom, x_bottom
                row += 1


@njit(cache=True, nogil=True)
def grain(cols: int) -> int:
    """Binary logarithm of how many cells share a bit, so that the marks of a row of cols cells fit into 63 bits."""
    shift = 0
    while cols >> shift > 62:
        shift += 1
    return shift


@njit(cache=True, nogil=True)
def lowest(bits: np.uint64) -> int:
    """The number of the lowest bit that is set; bits is not 0."""
    return int(_PLACE[((bits & (~bits + np.uint64(1))) * _DE_BRUIJN) >> np.uint64(58)])


@njit(cache=True, nogil=True)
def next_marked(mark: np.uint64, group: int, shift: int, cols: int) -> tuple[np.uint64, int, int, int]:
    """The next marked stretch of a row whose marks from bit `group` on are `mark`: what is left of both, begin, end.

    begin = end = cols where there is none.
    """
    if mark == 0:
        return mark, group, cols, cols
    step = lowest(mark)
    mark >>= np.uint64(step)
    group += step
    begin = group << shift
    step = lowest(~mark)
    mark >>= np.uint64(step)
    group += step
    return mark, group, begin, min(group << shift, cols)


@njit(cache=True)
def cell_window(box: Floats, frame: Frame) -> tuple[int, int, int, int]:
    """row, col, rows, cols of the cells of the frame that a bounding box touches; rows = 0 where it touches none."""
    if not (box[0] <= box[2] and box[1] <= box[3]):
        return 0, 0, 0, 0
    col0 = max(np.floor((box[0] - frame.west) / frame.cell_x), 0.0)
    col1 = min(np.floor((box[2] - frame.west) / frame.cell_x) + 1.0, float(frame.cols))
    row0 = max(np.floor((frame.north - box[3]) / frame.cell_y), 0.0)
    row1 = min(np.floor((frame.north - box[1]) / frame.cell_y) + 1.0, float(frame.rows))
    if col1 <= col0 or row1 <= row0:
        return 0, 0, 0, 0
    return int(row0), int(col0), int(row1 - row0), int(col1 - col0)


@njit(cache=True)
def snapped(value: float) -> float:
    if abs(value) < 1e-12:
        return 0.0
    if abs(value - 1.0) < 1e-12:
        return 1.0
    return value
