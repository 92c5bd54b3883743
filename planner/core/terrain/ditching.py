"""Ditches that drain what lies in hollows: from each hollow's lowest cell along the water's way back to where it may go.

Water rises from the outlets (priority flood); the way it came to a cell leads over the hollow's spill, so the ditch that
follows it back cuts the rim where it is lowest. A ditch keeps a fall along its way, lies in the ground or on it, and ends
where the ground itself drains. Source: breaching along the flood's way, Lindsay 2016 (Hydrological Processes 30, 846-857).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import generate_binary_structure, label, minimum_position

from planner.core.terrain.flood import Flood, flood
from planner.core.terrain.neighbours import CORNERS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

ROUNDS = 30  # a ditch may leave smaller hollows beside it


class Ditches(NamedTuple):
    """d ditches as ragged cells: ditch i owns entries start[i]:start[i+1], from its head down to where it ends.

    start: (d+1,). cell: (m,) flat indices. bottom: (m,) m, never rising along a ditch. dug: (rows, cols) the ground with the
    ditches in it, a cell wide, m. A ditch that meets another ends in that one's cell: none has a cell beside its last in common
    with one before it, and where it came in lower the other was dug deeper from there on.
    """

    start: Ints
    cell: Ints
    bottom: Floats
    dug: Floats


@njit(cache=True)
def _dig(z: Floats, found: Flood, outlets: Flags, head: int, fall: float, shape: tuple[int, float, float], way: Ints) -> None:
    """Digs one ditch into z (rows·cols,) in place.

    shape: columns, width and height of a cell, m. fall: metres a metre. way: (rows·cols,) the cell that a ditch's cell leads
    to, itself at an end, −1 where there is no ditch; in place.
    """
    cols, wide, high = shape
    level, came = found.level, found.came_from
    end = head
    while came[end] != end:
        end = came[end]
    lowest, at, now = z[end], head, z[head]
    stands = lowest if outlets[end] else -np.inf
    while came[at] != at:
        to = _stepped(at, came[at], cols, z, now, way)
        step = np.hypot((to // cols - at // cols) * high, (to % cols - at % cols) * wide)
        now = max(now - fall * step, min(lowest, now))
        if z[to] < stands and level[to] <= stands:  # the shore of what it leads to
            break
        way[at] = to
        drains = z[to] <= now and (way[to] >= 0 or level[to] <= z[to])
        now = min(now, z[to])
        z[to] = now
        at = to
        if drains:
            break
    if way[at] < 0:
        way[at] = at


@njit(cache=True)
def _stepped(at: int, to: int, cols: int, z: Floats, now: float, way: Ints) -> int:
    """The next cell, or, where the step cornerwise would cross another ditch's, that one's lower end, if it lies low enough."""
    one, two = at // cols * cols + to % cols, to // cols * cols + at % cols
    for a, b in ((one, two), (two, one)):
        if a != to and b != to and way[a] == b and z[b] <= now:
            return int(b)
    return to


@njit(cache=True)
def _listed(way: Ints, heads: Ints, cell: Ints, start: Ints) -> int:
    """Lists the cells from every head to the first listed already, or to the end, the longest way first; the number of ways."""
    far = np.empty(len(heads), np.int64)
    for k, head in enumerate(heads):
        at, far[k] = head, 0
        while way[at] != at and far[k] < len(way):
            at, far[k] = way[at], far[k] + 1
    seen = np.zeros(len(way), np.bool_)
    lines, count = 0, 0
    for k in np.argsort(-far, kind="mergesort"):
        at = heads[k]
        if seen[at] or way[at] == at:
            continue
        while not seen[at]:
            seen[at], cell[count] = True, at
            count += 1
            if way[at] == at:
                break
            at = way[at]
        else:
            cell[count] = at
            count += 1
        lines += 1
        start[lines] = count
    return lines


def drained(ground: Floats, outlets: Flags, wanted: Flags, cell: tuple[float, float], *, fall: float, pond_m: float) -> Ditches:
    """Ditches that drain wanted ground to the outlets, to the terrain's rim or to where its data end.

    ground: (rows, cols) m, NaN for none; where outlets is True the level of the water that stands there. wanted: cells that
    must not lie in a hollow deeper than pond_m. cell: width and height, m. fall: of a ditch, metres a metre; none runs below
    the level of the outlet it leads to.
    """
    cols = ground.shape[1]
    z = np.array(ground, dtype=np.float64)
    sources = np.flatnonzero((outlets | _rim(z)) & np.isfinite(z))
    way, begun = np.full(z.size, -1, dtype=np.int64), [np.zeros(0, np.int64)]
    for _ in range(ROUNDS):
        found = flood(z, sources, CORNERS)
        heads = _heads(z, _under(z, found, outlets).reshape(z.shape), wanted, pond_m)
        if not len(heads):
            break
        for head in heads:
            _dig(z.ravel(), found, outlets.ravel(), int(head), fall, (cols, *cell), way)
        begun.append(heads)
    every = np.concatenate(begun)
    listed, start = np.empty(int((way >= 0).sum()) + len(every), dtype=np.int64), np.zeros(len(every) + 1, dtype=np.int64)
    start = start[: _listed(way, every, listed, start) + 1]
    listed = listed[: start[-1]]
    return Ditches(start, listed, z.ravel()[listed], z)


def ponded(ground: Floats, outlets: Flags, pond_m: float) -> Flags:
    """Cells that lie in a hollow deeper than pond_m, from which no water runs off to an outlet or off the terrain.

    Ground below the level of the outlet that its water leads to is that outlet's shore, not a hollow.
    """
    z = np.ascontiguousarray(ground, dtype=np.float64)
    found = flood(z, np.flatnonzero((outlets | _rim(z)) & np.isfinite(z)), CORNERS)
    return _under(z, found, outlets).reshape(z.shape) > pond_m


def _under(z: Floats, found: Flood, outlets: Flags) -> Floats:
    """How deep every cell lies below its hollow's spill, m, (rows·cols,); 0 on shores and where nothing is known."""
    return _depths(z.ravel(), found, outlets.ravel())


@njit(cache=True)
def _depths(z: Floats, found: Flood, outlets: Flags) -> Floats:
    stands = np.full(len(z), -np.inf)  # the level of the water that a cell drains to
    depth = np.zeros(len(z))
    for cell in found.order:
        up = found.came_from[cell]
        if up != cell:
            stands[cell] = stands[up]
        elif outlets[cell]:
            stands[cell] = z[cell]
        if found.level[cell] > stands[cell]:
            depth[cell] = found.level[cell] - z[cell]
    return depth


def _heads(z: Floats, under: Floats, wanted: Flags, pond_m: float) -> Ints:
    """The lowest wanted cell of every hollow that holds one, flat indices, the deepest hollow first."""
    wet = under > pond_m
    mine = wet & wanted
    if not mine.any():
        return np.zeros(0, np.int64)
    piece: Any = label(wet, structure=generate_binary_structure(2, 2))[0]
    places: Any = minimum_position(np.where(mine, z, np.inf), piece, np.unique(piece[mine]))
    heads = np.ravel_multi_index(tuple(np.transpose(places)), z.shape)
    return np.asarray(heads[np.argsort(-under.ravel()[heads], kind="stable")], dtype=np.int64)


def _rim(z: Floats) -> Flags:
    """Cells at the edge of the terrain or beside one without ground."""
    known = np.pad(np.isfinite(z), 1)
    inside = known[:-2, 1:-1] & known[2:, 1:-1] & known[1:-1, :-2] & known[1:-1, 2:]
    return np.asarray(~inside)
