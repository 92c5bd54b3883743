"""The transport problem in the plane: network simplex with costs computed from places, so that no arc is ever stored."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

INSIDE, NOWHERE, GATE = 0, 1, 2  # a node on the site; outside without a place; outside with a place
SPAN = 8  # sinks in a tile, tiles in a wide one
NO_END = 1 << 62  # sweeps: as many as it takes
FIRST_CHECK = 8  # sweeps before the first look at the gap; then at twice as many, and so on


class Places(NamedTuple):
    """Where nodes lie, (n, 2) m; what a unit of flow costs there beside the way, (n,); INSIDE, NOWHERE or GATE, (n,)."""

    xy: Floats
    toll: Floats
    kind: Ints


class Tree(NamedTuple):
    """A spanning tree of the flow: (n + 1,) per node, the last being the root.

    parent, depth; up: whether the arc runs to the parent; flow and cost of that arc; potential; first child and siblings.
    """

    parent: Ints
    depth: Ints
    up: NDArray[np.bool_]
    flow: Ints
    cost: Floats
    potential: Floats
    first: Ints
    after: Ints
    before: Ints


class Tiles(NamedTuple):
    """Sinks by eights in their order, and those by eights again, so that a source need not look where nothing can pay.

    box: west, south, east, north of a tile's sinks, (nt, 4) m. top: no potential less toll in the tile is higher, (nt,). risen:
    when a potential in it last rose, (nt,). wide_…: the same of eight tiles. clock: (1,) pivots so far. Any order of sinks is
    right; one along the plane makes tiles small.
    """

    box: Floats
    top: Floats
    risen: Ints
    wide_box: Floats
    wide_top: Floats
    wide_risen: Ints
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
def _unlink(tree: Tree, v: int) -> None:
    left, right = tree.before[v], tree.after[v]
    if left >= 0:
        tree.after[left] = right
    else:
        tree.first[tree.parent[v]] = right
    if right >= 0:
        tree.before[right] = left


@njit(cache=True)
def _link(tree: Tree, v: int, p: int) -> None:
    tree.parent[v], tree.before[v], tree.after[v] = p, -1, tree.first[p]
    if tree.first[p] >= 0:
        tree.before[tree.first[p]] = v
    tree.first[p] = v


@njit(cache=True)
def _tree_of(a: Places, b: Places, start: Ints, rate: float, big: float) -> Tree:
    """The tree of a flow whose ways (source, sink, amount) form a forest, each of them under a root without a place."""
    ns, n = len(a.kind), len(a.kind) + len(b.kind)
    ends = np.zeros(n + 1, dtype=np.int64)
    for way in range(len(start)):
        ends[start[way, 0] + 1] += 1
        ends[ns + start[way, 1] + 1] += 1
    ends = np.cumsum(ends)
    at, ways = ends[:-1].copy(), np.empty(2 * len(start), dtype=np.int64)
    for way in range(len(start)):
        for v in (start[way, 0], ns + start[way, 1]):
            ways[at[v]] = way
            at[v] += 1
    parent, up = np.full(n + 1, -1), np.ones(n + 1, dtype=np.bool_)
    flow, cost = np.zeros(n + 1, dtype=np.int64), np.full(n + 1, big)
    tree = Tree(parent, np.zeros(n + 1, dtype=np.int64), up, flow, cost, np.zeros(n + 1), *_no_children(n))
    queue = np.empty(n, dtype=np.int64)
    for top in range(ns):
        if parent[top] >= 0:
            continue
        _link(tree, top, n)
        queue[0] = top
        head, tail = 0, 1
        while head < tail:
            v = queue[head]
            head += 1
            for k in range(ends[v], ends[v + 1]):
                i, j, amount = start[ways[k]]
                w = ns + j if v == i else i
                if w == parent[v]:
                    continue
                _link(tree, w, v)
                up[w], flow[w], cost[w] = w < ns, amount, _cost(a, i, b, j, rate)
                queue[tail] = w
                tail += 1
    return tree


@njit(cache=True)
def _no_children(n: int) -> tuple[Ints, Ints, Ints]:
    return np.full(n + 1, -1), np.full(n + 1, -1), np.full(n + 1, -1)


@njit(cache=True)
def _leaving(tree: Tree, i: int, j: int) -> tuple[int, int, bool]:
    """The node whose arc to its parent empties first when flow goes i → j, that flow, and whether it lies on i's side.

    Of several the last one on the cycle from its apex, which keeps the tree strongly feasible: no cycling.
    """
    u, v, most = i, j, np.iinfo(np.int64).max
    node, on_source_side, second_flow = -1, True, most
    second = -1
    while u != v:
        if tree.depth[u] >= tree.depth[v]:
            if tree.up[u] and tree.flow[u] < most:
                node, most = u, tree.flow[u]
            u = tree.parent[u]
        else:
            if not tree.up[v] and tree.flow[v] <= second_flow:
                second, second_flow = v, tree.flow[v]
            v = tree.parent[v]
    if second >= 0 and second_flow <= most:
        node, most, on_source_side = second, second_flow, False
    return node, most, on_source_side


@njit(cache=True)
def _push(tree: Tree, i: int, j: int, amount: int) -> None:
    """Sends an amount around the cycle that the arc i → j closes."""
    u, v = i, j
    while u != v:
        if tree.depth[u] >= tree.depth[v]:
            tree.flow[u] += -amount if tree.up[u] else amount
            u = tree.parent[u]
        else:
            tree.flow[v] += amount if tree.up[v] else -amount
            v = tree.parent[v]


@njit(cache=True)
def _rehang(tree: Tree, top: int, last: int, new_parent: int, up: bool, amount: int, cost: float) -> None:
    """Turns the path top … last upside down and hangs it under a new parent by an arc with a flow and a cost."""
    v, p, v_up, v_flow, v_cost = top, new_parent, up, amount, cost
    while True:
        old_parent, old_up, old_flow, old_cost = tree.parent[v], tree.up[v], tree.flow[v], tree.cost[v]
        _unlink(tree, v)
        _link(tree, v, p)
        tree.up[v], tree.flow[v], tree.cost[v] = v_up, v_flow, v_cost
        if v == last:
            return
        p, v_up, v_flow, v_cost, v = v, not old_up, old_flow, old_cost, old_parent


@njit(cache=True)
def _settle(tree: Tree, top: int, b: Places, tiles: Tiles) -> None:
    """Depths and potentials of a subtree from its top's parent downward, and the tiles' tops above them."""
    v, ns = top, len(tree.parent) - 1 - len(b.kind)
    while True:
        p = tree.parent[v]
        tree.depth[v] = tree.depth[p] + 1
        before = tree.potential[v]
        tree.potential[v] = tree.potential[p] - tree.cost[v] if tree.up[v] else tree.potential[p] + tree.cost[v]
        if v >= ns and tree.potential[v] > before:
            worth, tile = _worth(tree.potential[v], b, v - ns), (v - ns) // SPAN
            tiles.top[tile] = max(tiles.top[tile], worth)
            tiles.wide_top[tile // SPAN] = max(tiles.wide_top[tile // SPAN], worth)
            tiles.risen[tile] = tiles.wide_risen[tile // SPAN] = tiles.clock[0]
        if tree.first[v] >= 0:
            v = tree.first[v]
            continue
        while v != top and tree.after[v] < 0:
            v = tree.parent[v]
        if v == top:
            return
        v = tree.after[v]


@njit(cache=True)
def _pivot(tree: Tree, i: int, j: int, cost: float, b: Places, tiles: Tiles) -> None:
    """Brings the arc i → j into the tree."""
    tiles.clock[0] += 1
    node, amount, on_source_side = _leaving(tree, i, j)
    _push(tree, i, j, amount)
    if on_source_side:
        _rehang(tree, i, node, j, True, amount, cost)
        _settle(tree, i, b, tiles)
    else:
        _rehang(tree, j, node, i, False, amount, cost)
        _settle(tree, j, b, tiles)


@njit(cache=True)
def _tiled(b: Places) -> Tiles:
    """Sinks in tiles whose tops are not known yet; a tile with a sink outside reaches everywhere."""
    nd = len(b.kind)
    nt = (nd + SPAN - 1) // SPAN
    box, wide_box = np.empty((nt, 4)), np.empty(((nt + SPAN - 1) // SPAN, 4))
    box[:, :2], box[:, 2:], wide_box[:, :2], wide_box[:, 2:] = np.inf, -np.inf, np.inf, -np.inf
    for j in range(nd):
        for edges in (box[j // SPAN], wide_box[j // SPAN // SPAN]):
            for axis in range(2):
                inside = b.kind[j] == INSIDE
                edges[axis] = min(edges[axis], b.xy[j, axis]) if inside else -np.inf
                edges[axis + 2] = max(edges[axis + 2], b.xy[j, axis]) if inside else np.inf
    top, wide_top = np.full(len(box), np.inf), np.full(len(wide_box), np.inf)
    risen, wide_risen = np.zeros(len(box), dtype=np.int64), np.zeros(len(wide_box), dtype=np.int64)
    return Tiles(box, top, risen, wide_box, wide_top, wide_risen, np.zeros(1, dtype=np.int64))


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
    for wide in range(len(tiles.wide_top)):
        if tiles.wide_risen[wide] <= since or out_of_reach(
            tiles.wide_box, wide, tiles.wide_top[wide] - own + saving, x, y, rate_to_tile
        ):
            continue
        wide_top = -np.inf
        for tile in range(wide * SPAN, min(wide * SPAN + SPAN, len(tiles.top))):
            if tiles.risen[tile] > since and not out_of_reach(
                tiles.box, tile, tiles.top[tile] - own + saving, x, y, rate_to_tile
            ):
                top = -np.inf
                for j in range(tile * SPAN, min(tile * SPAN + SPAN, len(b.kind))):
                    worth = _worth(tree.potential[ns + j], b, j)
                    top = max(top, worth)
                    if b.kind[j] != INSIDE or not _beyond(b.xy, j, worth - own + saving, x, y, rate_to_tile):
                        reduced = _cost(a, i, b, j, rate) + tree.potential[i] - tree.potential[ns + j]
                        if reduced < saving:
                            best, saving = j, reduced
                tiles.top[tile] = top
            wide_top = max(wide_top, tiles.top[tile])
        tiles.wide_top[wide] = wide_top
    return best, saving


@njit(cache=True)
def _sweep(tree: Tree, a: Places, b: Places, tiles: Tiles, rate: float, tolerance: float, settled: Ints, floor: Floats) -> int:
    """Gives every source its best new way where that saves more than a tolerance; how many ways were changed.

    settled: (ns,) when a source last had nothing to save, at potential floor, (ns,): while its own has not fallen below, only
    sinks that have risen since can pay.
    """
    ns, changed = len(a.kind), 0
    for i in range(ns):
        since = settled[i] if tree.potential[i] >= floor[i] else -1
        best, saving = _best_sink(tree, a, i, b, tiles, rate, since)
        settled[i], floor[i] = tiles.clock[0], tree.potential[i]
        if saving < -tolerance:
            settled[i] = -1
            _pivot(tree, i, ns + best, _cost(a, i, b, best, rate), b, tiles)
            changed += 1
    return changed


@njit(cache=True)
def _unproven(tree: Tree, a: Places, supply: Floats, b: Places, tiles: Tiles, rate: float) -> float:
    """How far below the tree's cost the cheapest flow could lie: what each source could save, its whole supply at its best."""
    most = 0.0
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
    big = tree.cost[len(tree.cost) - 1]
    sweeps, check = 0, FIRST_CHECK
    settled, floor = np.full(len(a.kind), -1), np.zeros(len(a.kind))
    while sweeps < most:
        if _sweep(tree, a, b, tiles, rate, 1e-12 * big, settled, floor) == 0:
            return _unproven(tree, a, supply, b, tiles, rate), True
        sweeps += 1
        if gap > 0.0 and sweeps == check:
            check *= 2
            left = _unproven(tree, a, supply, b, tiles, rate)
            if left <= gap * np.sum(tree.flow * tree.cost):
                return left, True
    return _unproven(tree, a, supply, b, tiles, rate), False


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
    tree, tiles = _tree_of(a, b, start, rate, _upper_cost(a, b, rate)), _tiled(b)
    child = tree.first[n]
    while child >= 0:
        _settle(tree, child, b, tiles)
        child = tree.after[child]
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
