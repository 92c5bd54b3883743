"""Ditches in straight pieces where the ground lets them, and never one across another.

Each ditch's cells, and those beside its steps cornerwise, are its own; a straight piece runs over its own cells and over free
ones, which then are its own too. What once was a ditch's stays so: it may have its bends back.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Ways = tuple[Ints, Ints, Floats]


def corners(ways: Ways, surface: Floats, water: Flags, cell: tuple[float, float], *, ahead: int, deeper_m: float) -> Ints:
    """Which of the listed cells of ditches stay as their corners, indices into them, ascending.

    ways: start (d+1,), flat cells (m,) and bottoms (m,) m of d ditches, as `ditching.Ditches` begins. surface: (rows, cols) m,
    with the level of the water that stands where `water` is True. cell: width and height, m. ahead: cells that a straight
    piece passes at most. It lies nowhere above the ground, no deeper in it than the way round by more than deeper_m, and not
    through standing water; where one ditch ends in another both keep the place.
    """
    kept = _corners(*ways, surface.ravel(), water.ravel(), (surface.shape[1], *cell), ahead, deeper_m)
    return np.flatnonzero(kept)


@njit(cache=True)
def _corners(
    start: Ints, cell: Ints, bottom: Floats, z: Floats, water: Flags, shape: tuple[int, float, float], ahead: int, deeper: float
) -> Flags:
    """Whether each listed cell is kept, (m,)."""
    whose = np.full(len(z), -1, np.int64)
    ends = np.zeros(len(z), np.bool_)
    lines = len(start) - 1
    for k in range(lines):
        ends[cell[start[k + 1] - 1]] = True
        for i in range(start[k], start[k + 1]):
            if whose[cell[i]] < 0:
                whose[cell[i]] = k
    for k in range(lines):
        for i in range(start[k], start[k + 1] - 1):
            _beside(whose, cell[i], cell[i + 1], shape[0], k)
    kept = np.zeros(len(cell), np.bool_)
    for k in range(lines):
        i, last = start[k], start[k + 1] - 1
        kept[i] = True
        while i < last:
            stop = min(i + ahead, last)
            for j in range(i + 1, stop):
                if ends[cell[j]]:
                    stop = j
                    break
            while stop > i + 1 and not _clear(cell[i : stop + 1], bottom[i : stop + 1], z, water, whose, shape, k, deeper):
                stop -= 1
            if stop > i + 1:
                _taken(whose, cell[i], cell[stop], shape, k)
            i = stop
            kept[i] = True
    return kept


@njit(cache=True)
def _parts(a: int, b: int, shape: tuple[int, float, float]) -> int:
    """Into how many parts the line between two cells' centres is cut, each at most half a cell long."""
    cols, wide, high = shape
    length = np.hypot((b // cols - a // cols) * high, (b % cols - a % cols) * wide)
    return max(1, int(np.ceil(length / (min(wide, high) / 2))))


@njit(cache=True)
def _at(a: int, b: int, part: float, cols: int) -> int:
    """The cell at a part of the line between two cells' centres."""
    row = a // cols + (b // cols - a // cols) * part
    col = a % cols + (b % cols - a % cols) * part
    return int(np.floor(row + 0.5)) * cols + int(np.floor(col + 0.5))


@njit(cache=True)
def _clear(
    way: Ints, bottom: Floats, z: Floats, water: Flags, whose: Ints, shape: tuple[int, float, float], k: int, deeper: float
) -> bool:
    """Whether ditch k may run straight from the first to the last cell of a way."""
    deepest = 0.0
    for i in range(len(way)):
        deepest = max(deepest, z[way[i]] - bottom[i])
    a, b = way[0], way[-1]
    parts = _parts(a, b, shape)
    before = a
    for p in range(parts + 1):
        at = _at(a, b, p / parts, shape[0])
        deep = z[at] - (bottom[0] + (bottom[-1] - bottom[0]) * (p / parts))
        if not (-1e-6 <= deep <= deepest + deeper):  # nor where nothing is known
            return False
        if at != a and at != b and ((water[at] and not water[b]) or (whose[at] >= 0 and whose[at] != k)):
            return False
        if _crossed(whose, before, at, shape[0], k):
            return False
        before = at
    return True


@njit(cache=True)
def _crossed(whose: Ints, a: int, b: int, cols: int, k: int) -> bool:
    """Whether a step cornerwise passes between two cells of one other ditch."""
    one, two = a // cols * cols + b % cols, b // cols * cols + a % cols
    return bool(one != a and one != b and whose[one] >= 0 and whose[one] != k and whose[one] == whose[two])


@njit(cache=True)
def _beside(whose: Ints, a: int, b: int, cols: int, k: int) -> None:
    """Makes the free cells on both sides of a step cornerwise a ditch's own."""
    for side in (a // cols * cols + b % cols, b // cols * cols + a % cols):
        if whose[side] < 0:
            whose[side] = k


@njit(cache=True)
def _taken(whose: Ints, a: int, b: int, shape: tuple[int, float, float], k: int) -> None:
    """Makes the free cells of a straight piece, and those beside it, a ditch's own."""
    parts = _parts(a, b, shape)
    before = a
    for p in range(parts + 1):
        at = _at(a, b, p / parts, shape[0])
        if whose[at] < 0:
            whose[at] = k
        _beside(whose, before, at, shape[0], k)
        before = at
