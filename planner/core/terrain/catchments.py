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

from planner.core.terrain.compiled import ascending
from planner.core.terrain.neighbours import CORNERS

Ints = NDArray[np.int64]
Labels = NDArray[np.int32]
Flags = NDArray[np.bool_]

MISSING = -1  # catchment of cells without a value


class Catchments(NamedTuple):
    """The catchments of a terrain of n cells.

    label: (n,) catchment of every cell, 0…k−1, MISSING where there is no ground. pit: (k,) flat index of the lowest cell of
    each. joins: (m,) flat indices of the cells at which catchments meet or water leaves, in ascending order of level. level:
    (m,) m. sides: (m, 4) the catchments that meet there, −1 for none. leaves: (m,) whether water leaves there.
    """

    label: Labels
    pit: Labels
    joins: Labels
    level: NDArray[Any]
    sides: Labels
    leaves: Flags


# the eight neighbours in ring order, W NW N NE E SE S SW: those that lie earlier in the grid come first
RING_ROW = np.array([0, -1, -1, -1, 0, 1, 1, 1])
RING_COL = np.array([-1, -1, 0, 1, 1, 1, 0, -1])


@njit(cache=True)
def _pieces(neighbours: int) -> NDArray[np.int8]:
    """By set of lower neighbours, a bit each, the first of each piece in which they hang together, −1 for none, (256, 4)."""
    found = np.full((256, 4), -1, dtype=np.int8)
    group = np.empty(8, dtype=np.int64)
    for lower in range(256):
        for k in range(8):
            group[k] = k
        for _ in range(8):  # the least number of a piece spreads through it
            for k in range(8):
                for far in (1, 2):
                    near = (k + far) % 8
                    touch = far == 1 or (neighbours == CORNERS and k % 2 == 0)
                    if touch and (lower >> k) & 1 and (lower >> near) & 1:
                        group[k] = group[near] = min(group[k], group[near])
        pieces, seen = 0, 0
        for k in range(0, 8, 1 if neighbours == CORNERS else 2):
            if (lower >> k) & 1 and not (seen >> group[k]) & 1:
                seen |= 1 << group[k]
                found[lower, pieces] = k
                pieces += 1
    return found


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
def _gaps(up: Any, mid: Any, low: Any, neighbours: int, out: NDArray[np.uint8]) -> None:
    """Of every cell of a row: 2 where it has no value, 1 where a neighbour has none, else 0."""
    for c in range(len(out)):
        straight = mid[c] != mid[c] or mid[c + 2] != mid[c + 2] or up[c + 1] != up[c + 1] or low[c + 1] != low[c + 1]
        corners = up[c] != up[c] or up[c + 2] != up[c + 2] or low[c] != low[c] or low[c + 2] != low[c + 2]
        out[c] = 2 if mid[c + 1] != mid[c + 1] else 1 if straight or (neighbours == CORNERS and corners) else 0


class _Found(NamedTuple):
    """What a walk over the rows finds, with room for one row more than can be used: pits, and cells that may be joins.

    lower: the set of lower neighbours of each such cell. gap: as of _gaps.
    """

    pit: Labels
    join: Labels
    lower: NDArray[np.uint8]
    gap: NDArray[np.uint8]


@njit(cache=True)
def _roomy(f: _Found, pits: int, joins: int, cols: int) -> _Found:
    """The same with room for another row."""
    if pits + cols + 1 > len(f.pit):
        f = _Found(np.concatenate((f.pit, np.empty(len(f.pit) + cols, dtype=np.int32))), f.join, f.lower, f.gap)
    if joins + cols + 1 > len(f.join):
        more = len(f.join) + cols
        join = np.concatenate((f.join, np.empty(more, dtype=np.int32)))
        lower, gap = np.empty(more, dtype=np.uint8), np.empty(more, dtype=np.uint8)
        f = _Found(f.pit, join, np.concatenate((f.lower, lower)), np.concatenate((f.gap, gap)))
    return f


@njit(cache=True)
def _label_row(
    r: int,
    lower: NDArray[np.uint8],
    gap: NDArray[np.uint8],
    step: Ints,
    several: Ints,
    label: Labels,
    f: _Found,
    pits: int,
    joins: int,
) -> tuple[int, int]:
    """Labels a row of cells; how many pits and joins there are then. step: to where water goes, by set of lower neighbours.

    A cell that drains to a later one points to it, as −2 − its index. There are no branches: the way of the water is as good as
    random.
    """
    cols = len(lower)
    for c in range(cols):
        i = r * cols + c
        to = i + step[lower[c]]
        known = label[to]
        is_pit, ground = to == i, gap[c] < 2
        label[i] = (pits if is_pit else known if to < i else -2 - to) if ground else MISSING
        f.pit[pits] = i
        pits += 1 if is_pit and ground else 0
        f.join[joins], f.lower[joins], f.gap[joins] = i, lower[c], gap[c]
        joins += (several[lower[c]] | gap[c]) & 1 if ground else 0
    return pits, joins


@njit(cache=True)
def _resolve(label: Labels, cells: int) -> None:
    """Replaces pointers by what is at their end."""
    for i in range(cells):
        to = -2 - label[i] if label[i] < MISSING else i
        known = label[to]  # one step suffices most often
        label[i] = known
        if known < MISSING:
            end = -2 - known
            while label[end] < MISSING:
                end = -2 - label[end]
            at = i
            while label[at] < MISSING:
                following = -2 - label[at]
                label[at] = label[end]
                at = following


@njit(cache=True, nogil=True)
def _descend(
    ground: Any, pieces: NDArray[np.int8], neighbours: int, edge: bool, above: bool, below: bool
) -> tuple[Labels, _Found]:
    """Labels, and what was found, in the order of the grid; above, below: whether ground goes on there."""
    rows, cols = ground.shape
    step, several = np.zeros(256, dtype=np.int64), np.zeros(256, dtype=np.int64)
    for lower in range(1, 256):
        if pieces[lower, 0] >= 0:
            step[lower] = RING_ROW[pieces[lower, 0]] * cols + RING_COL[pieces[lower, 0]]
            several[lower] = 1 if pieces[lower, 1] >= 0 else 0
    none = ground.dtype.type(np.nan)
    up, mid, low = np.full(cols + 2, none), np.full(cols + 2, none), np.full(cols + 2, none)
    ways, gap = np.zeros(cols, dtype=np.uint8), np.zeros(cols, dtype=np.uint8)
    label = np.empty((rows + 1) * cols + 1, dtype=np.int32)  # a row more: what lies ahead is looked at and not used
    size = rows * cols // 8 + cols + 1
    f = _Found(np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.uint8), np.empty(size, np.uint8))
    pits = joins = 0
    up_gap, mid_gap, low_gap = False, not above, _load(ground[0], low)
    if above:
        mid[:] = np.inf
    for r in range(rows):
        up, mid, low = mid, low, up
        up_gap, mid_gap = mid_gap, low_gap
        low_gap = not below
        if r + 1 < rows:
            low_gap = _load(ground[r + 1], low)
        else:
            low[:] = np.inf if below else np.nan
        low[0] = low[-1] = np.nan
        _lower(up, mid, low, ways)
        if up_gap or mid_gap or low_gap:
            _gaps(up, mid, low, neighbours, gap)
        else:
            gap[:] = 0
            gap[0] = gap[-1] = 1
        if not edge:
            for c in range(cols):
                gap[c] &= np.uint8(2)
        f = _roomy(f, pits, joins, cols)
        pits, joins = _label_row(r, ways, gap, step, several, label, f, pits, joins)
    _resolve(label, rows * cols)
    return label[: rows * cols], _Found(f.pit[:pits].copy(), f.join[:joins], f.lower[:joins], f.gap[:joins])


@njit(cache=True, nogil=True)
def _meeting(ground: Any, label: Labels, f: _Found, pieces: NDArray[np.int8]) -> tuple[Labels, Any, Labels, Flags]:
    """Those of the cells at which different catchments or the outside really meet: cell, level, sides and leaves."""
    cols, z = ground.shape[1], ground.ravel()
    cell, level = np.empty(len(f.join), dtype=np.int32), np.empty(len(f.join), dtype=z.dtype)
    sides, leaves = np.full((len(f.join), 4), np.int32(-1)), np.empty(len(f.join), dtype=np.bool_)
    found = 0
    for q in range(len(f.join)):
        i, ways = f.join[q], pieces[f.lower[q]]
        sides[found, 0] = label[i]
        number = 1
        for k in range(1, 4):
            if ways[k] < 0:
                break
            side = label[i + RING_ROW[ways[k]] * cols + RING_COL[ways[k]]]
            if side != sides[found, 0] and side != sides[found, 1] and side != sides[found, 2]:
                sides[found, number] = side
                number += 1
        if number + f.gap[q] > 1:
            cell[found], level[found], leaves[found] = i, z[i], f.gap[q] == 1
            found += 1
        else:
            sides[found, 1:] = -1
    return cell[:found], level[:found], sides[:found], leaves[:found]


def catchments(
    ground: NDArray[Any], *, neighbours: int, edge: bool = True, above: bool = False, below: bool = False
) -> Catchments:
    """The catchments of a terrain (rows, cols) m, float32 or float64; NaN and ±inf where there is no ground.

    neighbours: 8 where water passes corners, else 4. edge: whether it leaves at the grid's edge and where there is no ground;
    cells next to either then are joins. above, below: whether the terrain goes on beyond its first and last row, of which it is
    a band.
    """
    surface, pieces = np.ascontiguousarray(ground), _pieces(neighbours)
    if not surface.size:
        none = np.empty(0, dtype=np.int32)
        return Catchments(none, none, none, surface.ravel(), none.reshape(0, 4), np.empty(0, dtype=np.bool_))
    label, found = _descend(surface, pieces, neighbours, edge, above, below)
    cell, level, sides, leaves = _meeting(surface, label, found, pieces)
    order = ascending(level)
    return Catchments(label, found.pit, cell[order], level[order], sides[order], leaves[order])
