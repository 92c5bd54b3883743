"""The transport problem in the plane: network simplex with costs computed from places, so that no arc is ever stored."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.flow_tree import Tree, leaving, push, rehang, settle, tree_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

INSIDE, NOWHERE, GATE = 0, 1, 2  # a node on the site; outside without a place; outside with a place
SPAN = 4  # sinks in a tile, tiles in one above
NO_END = 1 << 62  # sweeps: as many as it takes
# what a new way saves at least, in mean ways of the start: the most first, so that fewer ways are changed twice; on 42 811
# places 91 000 pivots that move 210 M potentials, 135 000 and 368 M without
FIRST_LEAST, LAST_LEAST, FALL = 1.0, 1e-3, 3.0
FEW = 50  # falls when no more than one source in so many has a new way
FIRST_CHECK = 8  # sweeps before the first look at the gap; then at twice as many, and so on


class Places(NamedTuple):
    """Where nodes lie, (n, 2) m; what a unit of flow costs there beside the way, (n,); INSIDE, NOWHERE or GATE, (n,)."""

    xy: Floats
    toll: Floats
    kind: Ints


class Tiles(NamedTuple):
    """Sinks in their order by fours, those by fours again, and so on, in preorder from the one that holds all: so that a source
    need not look where nothing can pay.

    box: west, south, east, north of a tile's sinks, (nt, 4) m. top: no potential less toll in it is higher, (nt,). risen: when
    a potential in it last rose, (nt,). first: its first sink, -1 where it holds tiles, (nt,). skip: the next tile beyond it,
    (nt,). above: the one that holds it, -1 for the first, (nt,). leaf: of every sink, (nd,). clock: (1,) pivots so far. Any
    order of sinks is right; one along the plane makes tiles small.
    """

    box: Floats
    top: Floats
    risen: Ints
    first: Ints
    skip: Ints
    above: Ints
    leaf: Ints
    clock: Ints


@njit(cache=True)
def _worth(potential: float, b: Places, j: int) -> float:
    """What a unit is worth at a sink before it is carried there; no less than any source could count on."""
    return potential - b.toll[j] if b.kind[j] == INSIDE else potential


@njit(cache=True)
def _cost(a: Places, i: int, b: Places, j: int, rate: float) -> float:
    """Cost of a unit of flow from source i to sink j; what comes from outside and goes outside was never moved."""
    if a.kind[i] != INSIDE and b.kind[j] != INSIDE:
        return 0.0
    toll: float = a.toll[i] + b.toll[j]
    if a.kind[i] == NOWHERE or b.kind[j] == NOWHERE:
        return toll
    dx, dy = a.xy[i, 0] - b.xy[j, 0], a.xy[i, 1] - b.xy[j, 1]
    return toll + rate * float(np.sqrt(dx * dx + dy * dy))


@njit(cache=True)
def _tree_of(a: Places, b: Places, start: Ints, rate: float) -> Tree:
    """The tree of a flow whose ways (source, sink, amount) form a forest, each of them under a root without a place."""
    ns, n = len(a.kind), len(a.kind) + len(b.kind)
    ends, cost = np.zeros(n + 1, dtype=np.int64), np.empty(len(start))
    for way in range(len(start)):
        i, j = start[way, 0], start[way, 1]
        ends[i + 1] += 1
        ends[ns + j + 1] += 1
        cost[way] = _cost(a, i, b, j, rate)
    ends = np.cumsum(ends)
    at, ways = ends[:-1].copy(), np.empty(2 * len(start), dtype=np.int64)
    for way in range(len(start)):
        for v in (start[way, 0], ns + start[way, 1]):
            ways[at[v]] = way
            at[v] += 1
    return tree_of(ns, ends, ways, start, cost, _upper_cost(a, b, rate))


@njit(cache=True)
def _shift(tree: Tree, first: int, last: int, by: float, b: Places, tiles: Tiles) -> None:
    """Moves the potentials from first to last in preorder, and the tiles' tops above those that rise."""
    ns, v = len(tree.parent) - 1 - len(b.kind), first
    while True:
        tree.potential[v] += by
        j = v - ns
        if by > 0.0 and 0 <= j < len(b.kind):
            worth, k = _worth(tree.potential[v], b, j), tiles.leaf[j]
            while k >= 0 and (tiles.risen[k] < tiles.clock[0] or tiles.top[k] < worth):
                tiles.risen[k], tiles.top[k] = tiles.clock[0], max(tiles.top[k], worth)
                k = tiles.above[k]
        if v == last:
            return
        v = tree.after[v]


@njit(cache=True)
def _pivot(tree: Tree, i: int, j: int, cost: float, b: Places, tiles: Tiles) -> None:
    """Brings the arc i → j into the tree. What it saves rises on its source's side, or falls on its sink's: on the smaller."""
    tiles.clock[0] += 1
    saving = tree.potential[j] - tree.potential[i] - cost
    node, amount, on_source_side, apex = leaving(tree, i, j)
    push(tree, i, j, apex, amount)
    top, under = (i, j) if on_source_side else (j, i)
    rehang(tree, top, node, under, apex)
    tree.up[top], tree.flow[top], tree.cost[top] = on_source_side, amount, cost
    by = saving if on_source_side else -saving
    if 2 * tree.size[top] <= len(tree.parent):
        _shift(tree, top, tree.end[top], by, b, tiles)
    else:
        _shift(tree, tree.after[tree.end[top]], tree.before[top], -by, b, tiles)


@njit(cache=True)
def _tiled(b: Places) -> Tiles:
    """Sinks in tiles whose tops are not known yet; a tile with a sink outside reaches everywhere."""
    nd, wide = len(b.kind), SPAN
    count, nt = (nd + SPAN - 1) // SPAN, (nd + SPAN - 1) // SPAN
    while count > 1:
        count = (count + SPAN - 1) // SPAN
        nt, wide = nt + count, wide * SPAN
    box, leaf = np.empty((nt, 4)), np.empty(nd, dtype=np.int64)
    box[:, :2], box[:, 2:] = np.inf, -np.inf
    first, skip, above = np.full(nt, -1), np.arange(1, nt + 1), np.full(nt, -1)
    k, way = -1, [(0, wide, -1)]  # tiles still to be laid out: first sink, sinks at most, and which holds it
    while way:
        begin, wide, over = way.pop()
        k += 1
        above[k] = over
        if wide > SPAN:
            part = wide // SPAN
            for j in range(begin + (min(wide, nd - begin) - 1) // part * part, begin - 1, -part):
                way.append((j, part, k))
            continue
        first[k] = begin
        for j in range(begin, min(begin + SPAN, nd)):
            leaf[j] = k
            inside = b.kind[j] == INSIDE
            for axis in range(2):
                box[k, axis] = min(box[k, axis], b.xy[j, axis] if inside else -np.inf)
                box[k, axis + 2] = max(box[k, axis + 2], b.xy[j, axis] if inside else np.inf)
    for k in range(nt - 1, 0, -1):
        over = above[k]
        skip[over] = max(skip[over], skip[k])
        for axis in range(2):
            box[over, axis] = min(box[over, axis], box[k, axis])
            box[over, axis + 2] = max(box[over, axis + 2], box[k, axis + 2])
    return Tiles(box, np.full(nt, np.inf), np.zeros(nt, dtype=np.int64), first, skip, above, leaf, np.zeros(1, dtype=np.int64))


@njit(cache=True)
def out_of_reach(box: Floats, k: int, spare: float, x: float, y: float, rate: float) -> bool:
    """Whether carrying a unit from x, y to anywhere in box k costs at least what is spare."""
    dx, dy = max(box[k, 0] - x, 0.0, x - box[k, 2]), max(box[k, 1] - y, 0.0, y - box[k, 3])
    return spare <= 0.0 or rate * rate * (dx * dx + dy * dy) >= spare * spare


@njit(cache=True)
def _beyond(xy: Floats, j: int, spare: float, x: float, y: float, rate: float) -> bool:
    """Whether carrying a unit from x, y to point j costs at least what is spare."""
    dx, dy = xy[j, 0] - x, xy[j, 1] - y
    return spare <= 0.0 or rate * rate * (dx * dx + dy * dy) >= spare * spare


@njit(cache=True)
def _best_sink(tree: Tree, a: Places, i: int, b: Places, tiles: Tiles, rate: float, since: int) -> tuple[int, float]:
    """The sink to which another unit from source i would save most, and that (negative) reduced cost.

    since: only tiles in which a potential rose after that time are looked at.
    """
    ns, best, saving = len(a.kind), -1, 0.0
    x, y, rate_to_tile = a.xy[i, 0], a.xy[i, 1], rate if a.kind[i] != NOWHERE else 0.0
    own = tree.potential[i] + (a.toll[i] if a.kind[i] == INSIDE else 0.0)
    k = 0
    while k < len(tiles.top):
        if tiles.risen[k] <= since or out_of_reach(tiles.box, k, tiles.top[k] - own + saving, x, y, rate_to_tile):
            k = tiles.skip[k]
            continue
        top = -np.inf
        if tiles.first[k] < 0:
            part = k + 1
            while part < tiles.skip[k]:
                top, part = max(top, tiles.top[part]), tiles.skip[part]
        else:
            for j in range(tiles.first[k], min(tiles.first[k] + SPAN, len(b.kind))):
                worth = _worth(tree.potential[ns + j], b, j)
                top = max(top, worth)
                if b.kind[j] != INSIDE or not _beyond(b.xy, j, worth - own + saving, x, y, rate_to_tile):
                    reduced = _cost(a, i, b, j, rate) + tree.potential[i] - tree.potential[ns + j]
                    if reduced < saving:
                        best, saving = j, reduced
        tiles.top[k] = top
        k += 1
    return best, saving


@njit(cache=True)
def _sweep(
    tree: Tree, a: Places, b: Places, tiles: Tiles, rate: float, least: float, tolerance: float, settled: Ints, floor: Floats
) -> int:
    """Gives every source its best new way where that saves more than the least wanted; how many ways were changed.

    settled: (ns,) when a source last had nothing to save above a tolerance, at potential floor, (ns,): while its own has not
    fallen below, only sinks that have risen since can pay.
    """
    ns, changed = len(a.kind), 0
    for i in range(ns):
        since = settled[i] if tree.potential[i] >= floor[i] else -1
        best, saving = _best_sink(tree, a, i, b, tiles, rate, since)
        settled[i], floor[i] = tiles.clock[0] if saving >= -tolerance else -1, tree.potential[i]
        if saving < -least:
            _pivot(tree, i, ns + best, _cost(a, i, b, best, rate), b, tiles)
            changed += 1
    return changed


@njit(cache=True)
def _unproven(tree: Tree, a: Places, supply: Floats, b: Places, tiles: Tiles, rate: float) -> float:
    """How far below the tree's cost the cheapest flow could lie: what each source could save, its whole supply at its best."""
    most = 0.0
    _exactly(tree, tiles)
    for i in range(len(a.kind)):
        most -= supply[i] * _best_sink(tree, a, i, b, tiles, rate, -1)[1]
    return most


@njit(cache=True)
def _improve(
    tree: Tree, a: Places, supply: Floats, b: Places, tiles: Tiles, aim: tuple[float, float, int]
) -> tuple[float, bool]:
    """Sweeps until nothing is left to save, or not more than a share of the cost, or too often; what is unproven then, ≥ 0.

    aim: cost per metre and unit, that share, and how many sweeps at most. Second, whether they were enough.
    """
    rate, gap, most = aim
    tolerance = 1e-12 * tree.cost[len(tree.cost) - 1]
    mean = np.sum(tree.flow * tree.cost) / np.sum(supply)
    sweeps, check, exact, least = 0, FIRST_CHECK, False, max(FIRST_LEAST * mean, tolerance)
    settled, floor = np.full(len(a.kind), -1), np.zeros(len(a.kind))
    while sweeps < most:
        changed = _sweep(tree, a, b, tiles, rate, least, tolerance, settled, floor)
        if least > tolerance:
            if changed <= len(a.kind) // FEW:
                least = least / FALL if least > LAST_LEAST * mean else tolerance
        elif changed == 0 and exact:
            return _unproven(tree, a, supply, b, tiles, rate), True
        elif changed == 0:  # as far as potentials that were moved thousands of times tell: looked at again from the root down
            _exactly(tree, tiles)
            settled[:] = -1
            exact = True
        else:
            exact = False
        sweeps += 1
        if gap > 0.0 and sweeps == check:
            check *= 2
            left = _unproven(tree, a, supply, b, tiles, rate)
            if left <= gap * np.sum(tree.flow * tree.cost):
                return left, True
    return _unproven(tree, a, supply, b, tiles, rate), False


@njit(cache=True)
def _exactly(tree: Tree, tiles: Tiles) -> None:
    """Potentials from the root down; how high they are in tiles is not known then."""
    settle(tree)
    tiles.top[:] = np.inf


@njit(cache=True)
def _upper_cost(a: Places, b: Places, rate: float) -> float:
    """More than any single way costs."""
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    toll = 0.0
    for places in (a, b):
        for v in range(len(places.kind)):
            toll = max(toll, abs(places.toll[v]))
            if places.kind[v] != NOWHERE:
                for axis in range(2):
                    low[axis] = min(low[axis], places.xy[v, axis])
                    high[axis] = max(high[axis], places.xy[v, axis])
    span = high - low
    most = 2 * toll + (rate * np.sqrt(span[0] ** 2 + span[1] ** 2) if np.isfinite(span[0]) else 0.0)
    return most + min(most, 1.0) if most > 0.0 else 1.0  # also where a whole haul costs less than a yuan


@njit(cache=True)
def cheapest_flow(a: Places, b: Places, start: Ints, rate: float, gap: float) -> tuple[Ints, Floats, float]:
    """The cheapest way to carry whole units of flow from sources to sinks, proven over all pairs.

    a, b: sources (ns,) and sinks (nd,). start: (k, 3) source, sink and amount > 0 of ways that carry all there is and form a
    forest (as corner_flow gives them). rate: cost per metre and unit of flow. gap: share of the cost that may stay unproven;
    0 for the optimum. Returns the best ways, (m, 3) likewise, the potentials p of sources then sinks (cost + p[i] − p[j] is 0
    on the ways used, and at the optimum nowhere negative), and what no flow can save more than, ≥ 0.
    Source: network simplex with strongly feasible trees (Cunningham 1976; Ahuja, Magnanti & Orlin 1993, ch. 11).
    """
    ways, potential, unproven, _ = better_flow(a, b, start, rate, gap, NO_END)
    return ways, potential, unproven


@njit(cache=True)
def better_flow(a: Places, b: Places, start: Ints, rate: float, gap: float, most: int) -> tuple[Ints, Floats, float, bool]:
    """As cheapest_flow, with no more than so many sweeps over the sources; last, whether that was enough."""
    ns, n = len(a.kind), len(a.kind) + len(b.kind)
    tree, tiles = _tree_of(a, b, start, rate), _tiled(b)
    supply = np.zeros(ns)
    for way in range(len(start)):
        supply[start[way, 0]] += start[way, 2]
    unproven, done = _improve(tree, a, supply, b, tiles, (rate, gap, most))
    ways = np.empty((n, 3), dtype=np.int64)
    used = 0
    for v in range(n):
        p = tree.parent[v]
        if p < n and tree.flow[v] > 0:
            ways[used, 0], ways[used, 1] = (v, p - ns) if tree.up[v] else (p, v - ns)
            ways[used, 2] = tree.flow[v]
            used += 1
    return ways[:used], tree.potential[:n], unproven, done
