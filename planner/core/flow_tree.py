"""The spanning tree of a flow in its preorder: paths, the arc that empties first, and a subtree hung elsewhere.

A subtree is a run of the preorder, so that moving its potentials touches two arrays alone; of the two parts that a leaving arc
parts the smaller one moves. Source: strongly feasible trees, Cunningham 1976; Ahuja, Magnanti & Orlin 1993, ch. 11; preorder,
sizes and last descendants: Barr, Glover & Klingman 1979.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Smalls = NDArray[np.int32]


class Tree(NamedTuple):
    """A spanning tree of the flow: (n + 1,) per node, the last being the root.

    parent; up: whether the arc runs to the parent; flow and cost of that arc; potential. after, before: the next and the last
    node in preorder, a circle; end: the last of a node's descendants in it; size: how many these are, the node included.
    """

    parent: Smalls
    up: NDArray[np.bool_]
    flow: Ints
    cost: Floats
    potential: Floats
    after: Smalls
    before: Smalls
    end: Smalls
    size: Smalls


@njit(cache=True)
def tree_of(ns: int, ends: Ints, ways: Ints, start: Ints, way_cost: Floats, big: float) -> Tree:
    """The tree of a flow whose ways (source, sink, amount) form a forest, each of them under a root without a place.

    ns: sources. ends, ways: where a node's ways begin, (n + 1,), and which they are, (2k,). start (k, 3), way_cost (k,).
    big: cost of an arc to the root.
    """
    n = len(ends) - 1
    parent = np.full(n + 1, -1, dtype=np.int32)
    up, flow, cost = np.ones(n + 1, dtype=np.bool_), np.zeros(n + 1, dtype=np.int64), np.full(n + 1, big)
    after, before = np.empty(n + 1, dtype=np.int32), np.empty(n + 1, dtype=np.int32)
    end, size = np.empty(n + 1, dtype=np.int32), np.empty(n + 1, dtype=np.int32)
    order, stack, last = np.empty(n + 1, dtype=np.int64), np.empty(n + 1, dtype=np.int64), 1
    order[0] = n
    for top in range(n):
        if parent[top] >= 0:
            continue
        parent[top], stack[0], left = n, top, 1
        while left:
            left -= 1
            v = stack[left]
            order[last] = v
            last += 1
            for k in range(ends[v], ends[v + 1]):
                i, j, amount = start[ways[k]]
                w = ns + j if v == i else i
                if w != parent[v]:
                    parent[w], up[w], flow[w], cost[w] = v, w < ns, amount, way_cost[ways[k]]
                    stack[left] = w
                    left += 1
    for k in range(n + 1):
        v = order[k]
        before[v], after[v] = order[k - 1], order[(k + 1) % (n + 1)]
        end[v], size[v] = v, 1
    for k in range(n, 0, -1):
        v = order[k]
        p = parent[v]
        size[p] += size[v]
        if end[p] == p:
            end[p] = end[v]
    tree = Tree(parent, up, flow, cost, np.zeros(n + 1), after, before, end, size)
    settle(tree)
    return tree


@njit(cache=True)
def settle(tree: Tree) -> None:
    """Every potential from its parent's, downward from 0 at the root."""
    root = len(tree.parent) - 1
    tree.potential[root] = 0.0
    v = tree.after[root]
    while v != root:
        p = tree.parent[v]
        tree.potential[v] = tree.potential[p] - tree.cost[v] if tree.up[v] else tree.potential[p] + tree.cost[v]
        v = tree.after[v]


@njit(cache=True)
def leaving(tree: Tree, i: int, j: int) -> tuple[int, int, bool, int]:
    """The node whose arc to its parent empties first when flow goes i → j, that flow, whether it lies on i's side, and where
    the paths from both meet.

    Of several the last one on the cycle from its apex, which keeps the tree strongly feasible: no cycling.
    """
    u, v, most = i, j, np.iinfo(np.int64).max
    node, on_source_side, second_flow = -1, True, most
    second = -1
    while u != v:
        if tree.size[u] < tree.size[v]:
            if tree.up[u] and tree.flow[u] < most:
                node, most = u, tree.flow[u]
            u = tree.parent[u]
        else:
            if not tree.up[v] and tree.flow[v] <= second_flow:
                second, second_flow = v, tree.flow[v]
            v = tree.parent[v]
    if second >= 0 and second_flow <= most:
        node, most, on_source_side = second, second_flow, False
    return node, most, on_source_side, u


@njit(cache=True)
def push(tree: Tree, i: int, j: int, apex: int, amount: int) -> None:
    """Sends an amount around the cycle that the arc i → j closes."""
    if amount == 0:
        return
    while i != apex:
        tree.flow[i] += -amount if tree.up[i] else amount
        i = tree.parent[i]
    while j != apex:
        tree.flow[j] += amount if tree.up[j] else -amount
        j = tree.parent[j]


@njit(cache=True)
def rehang(tree: Tree, top: int, last: int, under: int, apex: int) -> None:
    """Turns the path top … last upside down and hangs it under another node; of its arc to that one nothing is told yet.

    apex: where the paths from last's old parent and from the new one meet.
    """
    total, old_end, old_parent, old_before = tree.size[last], tree.end[last], tree.parent[last], tree.before[last]
    _joined(tree, old_before, tree.after[old_end])
    tail = _turned(tree, top, last)
    _told_above(tree, old_parent, apex, old_end, old_before, -total)
    follows = tree.after[under]
    _joined(tree, under, top)
    _joined(tree, tail, follows)
    tree.parent[top] = under
    _told_above(tree, under, apex, under, tail, total)


@njit(cache=True)
def _told_above(tree: Tree, v: int, apex: int, end: int, now: int, more: int) -> None:
    """A node and those above it that ended with one node end with another; those below the apex hold more nodes."""
    at = v
    while at >= 0 and tree.end[at] == end:
        tree.end[at] = now
        at = tree.parent[at]
    while v != apex:
        tree.size[v] += more
        v = tree.parent[v]


@njit(cache=True)
def _joined(tree: Tree, v: int, w: int) -> None:
    tree.after[v], tree.before[w] = w, v


@njit(cache=True)
def _turned(tree: Tree, top: int, last: int) -> int:
    """A subtree, taken out of the preorder, with its root moved from last to top: what each node of the path between has beside
    the path is put behind what is there already. Returns the last node of its preorder."""
    total = tree.size[last]
    v, before, end = top, tree.before[top], tree.end[top]
    follows, size = tree.after[end], tree.size[top]
    up, flow, cost = tree.up[top], tree.flow[top], tree.cost[top]
    tail, w = end, tree.parent[top]
    tree.size[top] = total
    while v != last:
        w_before, w_end, w_size, w_parent = tree.before[w], tree.end[w], tree.size[w], tree.parent[w]
        w_follows = follows if w_end == end else tree.after[w_end]
        _joined(tree, tail, w)
        if w_end == end:
            tail = before
        else:
            _joined(tree, before, follows)
            tail = w_end
        tree.parent[w], tree.size[w] = v, total - size
        w_up, w_flow, w_cost = tree.up[w], tree.flow[w], tree.cost[w]
        tree.up[w], tree.flow[w], tree.cost[w] = not up, flow, cost
        v, before, end, follows, size, w = w, w_before, w_end, w_follows, w_size, w_parent
        up, flow, cost = w_up, w_flow, w_cost
    v = last
    while True:
        tree.end[v] = tail
        if v == top:
            return int(tail)
        v = tree.parent[v]
