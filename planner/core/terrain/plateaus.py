"""Level surfaces of a terrain: cells of one height that touch at their edges."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Labels = NDArray[np.int32]


@njit(cache=True, nogil=True)
def plateaus(height: NDArray[np.float64], step: float, fewest: int) -> tuple[Labels, int]:
    """Numbers the level surfaces of at least so many cells, two or more, by their first cell in rows, from 1 on.

    height: shape (rows, cols), m; NaN belongs to none. step: heights that round to the same multiple of it, m, are one. Returns
    (number of the surface a cell is part of, 0 of none; how many there are). Source: union by the smaller root, Hoshen and
    Kopelman 1976.
    """
    rows, cols = height.shape
    root = np.full(rows * cols, -1, dtype=np.int32)  # -1: like none of its neighbours
    above = np.full(cols, np.nan)
    for i in range(rows):
        left = np.nan
        for j in range(cols):
            at = i * cols + j
            here = np.rint(height[i, j] / step)
            if here == left:
                _join(root, at - 1, at)
            if here == above[j]:
                _join(root, at - cols, at)
            left = above[j] = here
    found = 0
    for at in range(rows * cols):
        if root[at] == at:
            root[at] = found
            found += 1
        elif root[at] >= 0:
            root[at] = root[root[at]]  # a root stands before what it is the root of: it is a number by now
    size = np.zeros(found, dtype=np.int32)
    for at in range(rows * cols):
        if root[at] >= 0:
            size[root[at]] += 1
    number = np.where(size >= fewest, 1, 0)
    number = np.where(size >= fewest, np.cumsum(number), 0)
    for at in range(rows * cols):
        root[at] = number[root[at]] if root[at] >= 0 else 0
    return root.reshape(rows, cols), int(np.count_nonzero(number))


@njit(cache=True, nogil=True)
def _join(root: Labels, before: int, at: int) -> None:
    """Puts two cells, the first the earlier one, under the smaller root of both."""
    if root[before] < 0:
        root[before] = before
    if root[at] < 0:
        root[at] = root[before]
    elif root[at] != root[before]:
        a, b = _root(root, before), _root(root, at)
        root[max(a, b)] = min(a, b)


@njit(cache=True, nogil=True)
def _root(root: Labels, at: int) -> int:
    while root[at] != at:
        root[at] = root[root[at]]
        at = root[at]
    return at
