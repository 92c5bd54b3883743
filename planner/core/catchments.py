"""The catchments of a terrain, and the cells at which they join.

Every cell drains to one of its lower neighbours and so to a pit; the cells of one pit are its catchment. What lies below a
level is connected exactly as the catchments are that have joined by then, so a flood, a fill or the tree of hollows needs to
look only at the cells where catchments join: those whose lower neighbours hang together in more than one piece, and those from
which water leaves. Ties are broken by position in the grid. Sources: Barnes, Callaghan & Wickert 2020 (hollows from the graph
of catchments); Cordonnier, Bovy & Braun 2019.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.compiled import ascending

Labels = NDArray[np.int32]
Flags = NDArray[np.bool_]
Bytes = NDArray[np.int8]

MISSING = -1  # catchment of cells without a value


class Catchments(NamedTuple):
    """The catchments of a terrain of n cells.

    label: (n,) catchment of every cell, 0…k−1, MISSING where there is no ground. pit: (k,) flat index of the lowest cell of
    each. joins: (m,) flat indices of the cells at which catchments meet or water leaves, in ascending order of level.
    """

    label: Labels
    pit: Labels
    joins: Labels


# the eight neighbours in ring order, W NW N NE E SE S SW: those that lie earlier in the grid come first
RING_ROW = np.array([0, -1, -1, -1, 0, 1, 1, 1])
RING_COL = np.array([-1, -1, 0, 1, 1, 1, 0, -1])


@njit(cache=True)
def _ways(diagonal: bool) -> tuple[Bytes, Flags]:
    """Of every set of lower neighbours, a bit each: the first water can go to (−1: none), and if they are several pieces."""
    first, several = np.full(256, -1, dtype=np.int8), np.zeros(256, dtype=np.bool_)
    group = np.empty(8, dtype=np.int64)
    for lower in range(256):
        for k in range(8):
            group[k] = k
        for _ in range(8):  # the least number of a piece spreads through it
            for k in range(8):
                for far in (1, 2):
                    near = (k + far) % 8
                    touch = far == 1 or (diagonal and k % 2 == 0)
                    if touch and (lower >> k) & 1 and (lower >> near) & 1:
                        group[k] = group[near] = min(group[k], group[near])
        piece = -1
        for k in range(8):
            if (lower >> k) & 1 and (diagonal or k % 2 == 0):
                if first[lower] < 0:
                    first[lower], piece = k, group[k]
                several[lower] = several[lower] or group[k] != piece
    return first, several


@njit(cache=True)
def _load(row: Any, into: Any) -> bool:
    """Copies a row between the two ends of a buffer, NaN for what has no value; whether there was any such."""
    missing = 0
    for c in range(len(row)):
        known = abs(row[c]) < np.inf
        into[c + 1] = row[c] if known else np.nan
        missing += 0 if known else 1
    return missing > 0


@njit(cache=True)
def _lower(up: Any, mid: Any, low: Any, out: NDArray[np.uint8]) -> None:
    """The set of lower neighbours of every cell of a row, a bit each."""
    for c in range(len(out)):
        here = mid[c + 1]
        m = np.uint8(mid[c] <= here)
        m |= np.uint8(up[c] <= here) << np.uint8(1)
        m |= np.uint8(up[c + 1] <= here) << np.uint8(2)
        m |= np.uint8(up[c + 2] <= here) << np.uint8(3)
        m |= np.uint8(mid[c + 2] < here) << np.uint8(4)
        m |= np.uint8(low[c + 2] < here) << np.uint8(5)
        m |= np.uint8(low[c + 1] < here) << np.uint8(6)
        m |= np.uint8(low[c] < here) << np.uint8(7)
        out[c] = m


@njit(cache=True)
def _leaves(up: Any, mid: Any, low: Any, c: int, diagonal: bool) -> bool:
    """Whether a neighbour of the cell in column c has no value."""
    straight = mid[c] != mid[c] or mid[c + 2] != mid[c + 2] or up[c + 1] != up[c + 1] or low[c + 1] != low[c + 1]
    corners = up[c] != up[c] or up[c + 2] != up[c + 2] or low[c] != low[c] or low[c + 2] != low[c + 2]
    return bool(straight or (diagonal and corners))


@njit(cache=True, nogil=True)
def _descend(ground: Any, diagonal: bool, edge: bool, above: bool, below: bool) -> tuple[Labels, Labels, Labels]:
    """Label, pit and the cells that may be joins, in the order of the grid; above, below: whether ground goes on there."""
    rows, cols = ground.shape
    first, several = _ways(diagonal)
    step = RING_ROW * cols + RING_COL
    up, mid, low = np.full((3, cols + 2), ground.dtype.type(np.nan))
    lower = np.zeros(cols, dtype=np.uint8)
    label = np.empty(rows * cols, dtype=np.int32)
    joins, pit = np.empty(rows * cols // 4 + cols, dtype=np.int32), np.empty(rows * cols // 8 + cols, dtype=np.int32)
    found = pits = 0
    up_gap, mid_gap, low_gap = False, not above, _load(ground[0], low)
    mid[:] = np.inf if above else np.nan
    for r in range(rows):
        up, mid, low = mid, low, up
        up_gap, mid_gap = mid_gap, low_gap
        if r + 1 < rows:
            low_gap = _load(ground[r + 1], low)
        else:
            low[:] = np.inf if below else np.nan
            low_gap = not below
        low[0] = low[-1] = np.nan
        _lower(up, mid, low, lower)
        gap = up_gap or mid_gap or low_gap
        if found + cols > len(joins):
            joins = np.concatenate((joins, np.empty(len(joins) + cols, dtype=np.int32)))
        if pits + cols > len(pit):
            pit = np.concatenate((pit, np.empty(len(pit) + cols, dtype=np.int32)))
        for c in range(cols):
            i = r * cols + c
            if gap and mid[c + 1] != mid[c + 1]:
                label[i] = MISSING
                continue
            way = first[lower[c]]
            if way < 0:
                label[i] = pits
                pit[pits] = i
                pits += 1
            elif way < 4:
                label[i] = label[i + step[way]]
            else:
                label[i] = -2 - (i + step[way])  # not known yet: points to that cell
            leaves = edge and (c == 0 or c == cols - 1 or (gap and _leaves(up, mid, low, c, diagonal)))
            if leaves or several[lower[c]]:
                joins[found] = i
                found += 1
    for i in range(rows * cols):
        if label[i] < MISSING:
            end = i
            while label[end] < MISSING:
                end = -2 - label[end]
            at = i
            while label[at] < MISSING:
                following = -2 - label[at]
                label[at] = label[end]
                at = following
    return label, pit[:pits].copy(), joins[:found].copy()


@njit(cache=True, nogil=True)
def _meeting(
    ground: Any, label: Labels, joins: Labels, diagonal: bool, edge: bool, above: bool, below: bool
) -> tuple[Labels, Any]:
    """Those of the cells at which different catchments or the outside really meet, and their levels."""
    rows, cols = ground.shape
    z = ground.ravel()
    out, level = np.empty(len(joins), dtype=np.int32), np.empty(len(joins), dtype=z.dtype)
    found = 0
    for i in joins:
        r, c = i // cols, i % cols
        for d in range(0, 8, 1 if diagonal else 2):
            nr, nc = r + RING_ROW[d], c + RING_COL[d]
            if nc < 0 or nc >= cols or nr < 0 or nr >= rows:
                meets = edge and (nc < 0 or nc >= cols or (nr < 0 and not above) or (nr >= rows and not below))
            else:
                near = nr * cols + nc
                if label[near] == MISSING:
                    meets = edge
                else:
                    meets = label[near] != label[i] and (z[near] < z[i] or (z[near] == z[i] and near < i))
            if meets:
                out[found], level[found] = i, z[i]
                found += 1
                break
    return out[:found].copy(), level[:found].copy()


def catchments(
    ground: NDArray[Any], *, diagonal: bool, edge: bool = True, above: bool = False, below: bool = False
) -> Catchments:
    """The catchments of a terrain (rows, cols) m, float32 or float64; NaN and ±inf where there is no ground.

    diagonal: whether water passes corners. edge: whether it leaves at the grid's edge and where there is no ground; cells next
    to either then are joins. above, below: whether the terrain goes on beyond its first and last row, of which it is a band.
    """
    surface = np.ascontiguousarray(ground)
    label, pit, joins = _descend(surface, diagonal, edge, above, below)
    joins, level = _meeting(surface, label, joins, diagonal, edge, above, below)
    return Catchments(label, pit, joins[ascending(level)])
