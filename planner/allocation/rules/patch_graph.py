"""A target's units as a graph: its patches, rows that small sets of units break, flows, and how patches are mended."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order, connected_components, dijkstra, maximum_flow

from planner.allocation.checks import finite_column
from planner.allocation.parts import ROUNDING, Clauses, Hidden
from planner.allocation.rules.adjacency import Grouped, long_borders, options_by_unit
from planner.allocation.table import Bools, Floats, Ints, OptionTable

MOST_ROWS = 400_000  # of sets too small to be a patch that are written down beforehand; larger sets are left out first
FLOW_UNITS = 150  # up to which connectedness is written as a flow
MOST_FLOWS = 100  # most pairs of units between which ways are measured at once
UNIT = 1_000_000  # what a whole unit carries, since flows are whole numbers


@dataclass(frozen=True, eq=False)
class Patches:
    """A target's options by unit, the units' areas and the graph of borders."""

    inside: Bools
    options: Ints
    unit_of: Ints
    count: Ints
    grouped: Grouped
    area: Floats
    graph: sparse.csr_array

    def components(self, units: Bools) -> tuple[Ints, Floats]:
        """Patch of each unit, -1 outside `units` (N,), and each patch's area."""
        inside = np.flatnonzero(units)
        group = np.full(units.size, -1, dtype=np.int64)
        if not inside.size:
            return group, np.zeros(1)
        _, label = connected_components(self.graph[inside][:, inside], directed=False)
        group[inside] = label
        return group, np.asarray(np.bincount(label, weights=self.area[inside]), dtype=np.float64)

    def beside(self, patch: Ints) -> Ints:
        """Units that border the patch and could take the target."""
        near = np.unique(self.graph[patch].indices)
        near = near[~np.isin(near, patch)]
        return np.asarray(near[self.count[near] > 0], dtype=np.int64)

    def options_of(self, units: Ints) -> Ints:
        """The target's options of some units."""
        options, count, first = self.grouped
        return np.concatenate([options[first[u] : first[u] + count[u]] for u in units]) if units.size else units


def patches_of(table: OptionTable, inside: Bools, boundaries: pd.DataFrame, rule: str) -> Patches:
    a, b = long_borders(rule, table, boundaries, 0.0)
    n = len(table.units)
    graph = sparse.csr_array((np.ones(2 * a.size), (np.r_[a, b], np.r_[b, a])), shape=(n, n))
    grouped = options_by_unit(table, inside)
    area = np.zeros(n)
    np.maximum.at(area, table.unit[grouped[0]], finite_column(table, "area_mu", rule, inside)[grouped[0]])
    return Patches(inside, grouped[0], table.unit[grouped[0]], grouped[1], grouped, area, graph)


def small_set_rows(patches: Patches, min_mu: float) -> Clauses | None:
    """Rows x_i ≤ Σ_{j beside S} x_j for the units i of every connected set S of up to three units that is too small a patch."""
    n = patches.area.size
    can = patches.count > 0
    graph = sparse.csr_array(sparse.diags_array(can.astype(float)) @ patches.graph @ sparse.diags_array(can.astype(float)))
    sets = [np.flatnonzero(can)[:, None]]
    for _ in range(2):
        if sets[-1].size > MOST_ROWS // 4:
            break
        sets.append(_one_larger(sets[-1], graph))
    kept = [group[patches.area[group].sum(axis=1) < min_mu * (1 - ROUNDING)] for group in sets]
    while len(kept) > 1 and sum(g.size for g in kept) > MOST_ROWS:
        kept.pop()
    heads: list[Ints] = []
    blocks: list[sparse.csr_array] = []
    for group in kept:
        count, size = group.shape
        if count:
            own = sparse.csr_array((np.ones(group.size), group.ravel(), np.arange(0, group.size + 1, size)), shape=(count, n))
            beside = sparse.csr_array(own @ graph)
            beside.data[:] = 1.0
            outside = sparse.csr_array(beside - beside.multiply(own))
            outside.eliminate_zeros()
            heads.append(group.ravel())
            blocks.append(outside[np.repeat(np.arange(count), size)])
    if not heads:
        return None
    units = np.concatenate(heads)
    tails = sparse.coo_array(sparse.vstack(blocks))
    of = sparse.csr_array((np.ones(patches.options.size), (patches.unit_of, patches.options)), shape=(n, patches.inside.size))
    first, last = sparse.coo_array(of[units]), sparse.coo_array(sparse.csr_array(tails) @ of)
    return Clauses(
        np.r_[first.row, last.row].astype(np.int64),
        np.r_[first.col, last.col].astype(np.int64),
        np.r_[np.ones(first.nnz), -np.ones(last.nnz)],
        np.zeros(units.size),
    )


def starved_sets(
    patches: Patches, inside: Floats, min_mu: float, least: float, most: int | None = None
) -> list[tuple[Ints, Ints]]:
    """Units whose share (N,) is more, by `least`, than what borders a connected set around them that is too small a patch has.

    Each set grows from a unit by the neighbour that leaves the least beside it, to `most` units. Returns units and what borders
    their sets.
    """
    can, share, area = patches.count > 0, inside.tolist(), patches.area.tolist()
    ways = [patches.graph.indices[a:b].tolist() for a, b in itertools.pairwise(patches.graph.indptr.tolist())]
    beside = [[j for j in near if can[j]] for near in ways]
    found, seen = [], set()
    for seed in np.flatnonzero(inside > least).tolist():
        group, near, size = {seed}, set(beside[seed]), area[seed]
        around = sum(share[j] for j in near)
        while size < min_mu and (most is None or len(group) <= most):
            if share[seed] - around > least:
                if (mark := (seed, frozenset(near))) not in seen:
                    seen.add(mark)
                    found.append((np.array([seed]), np.array(sorted(near), dtype=np.int64)))
                break
            left = []
            for j in sorted(near):
                fresh = (share[k] for k in beside[j] if k not in near and k not in group)
                left.append((around - share[j] + sum(fresh), j))
            if not left:
                break
            around, unit = min(left)
            group.add(unit)
            near = (near | set(beside[unit])) - group
            size += area[unit]
    return found


def _one_larger(group: Ints, graph: sparse.csr_array) -> Ints:
    """All connected sets of one unit more, each once, units sorted; group (m, size)."""
    count, size = group.shape
    n = graph.shape[0]
    own = sparse.csr_array((np.ones(group.size), group.ravel(), np.arange(0, group.size + 1, size)), shape=(count, n))
    beside = sparse.coo_array(own @ graph)
    fresh = (group[beside.row] != beside.col[:, None]).all(axis=1)
    larger = np.sort(np.c_[group[beside.row[fresh]], beside.col[fresh]], axis=1)
    return np.asarray(np.unique(larger, axis=0), dtype=np.int64).reshape(-1, size + 1)


def flow_rows(patches: Patches) -> Hidden | None:
    """Connectedness as a flow on few units: a root sends every unit of the target its share, through such units alone.

    Per unit i: x_i/M + Σ out − Σ in ≤ root_i, Σ in ≤ x_i, root_i ≤ x_i; Σ root ≤ 1.
    Source: single-commodity flow, Shirabe 2005.
    """
    units = np.flatnonzero(patches.count > 0)
    m = units.size
    if not 1 < m <= FLOW_UNITS:
        return None
    arcs = sparse.coo_array(patches.graph[units][:, units])
    tail, head, e = arcs.row, arcs.col, arcs.nnz
    each, arc = np.arange(m), np.arange(e)
    own_row = np.r_[tail, head, each, m + head, 2 * m + each, np.full(m, 3 * m)]
    own_col = np.r_[arc, arc, e + each, arc, e + each, e + each]
    own_value = np.r_[np.ones(e), -np.ones(e), -np.ones(m), np.ones(e), np.ones(m), np.ones(m)]
    of = sparse.csr_array(
        (np.ones(patches.options.size), (patches.unit_of, patches.options)), shape=(patches.area.size, patches.inside.size)
    )
    mine = sparse.coo_array(of[units])
    row = np.r_[mine.row, m + mine.row, 2 * m + mine.row].astype(np.int64)
    value = np.r_[np.full(mine.nnz, 1.0 / m), -np.ones(2 * mine.nnz)]
    hi = np.r_[np.zeros(3 * m), 1.0]
    return Hidden(
        np.r_[np.zeros(e, dtype=np.bool_), np.ones(m, dtype=np.bool_)],
        Clauses(row, np.tile(mine.col, 3).astype(np.int64), value, hi),
        Clauses(own_row.astype(np.int64), own_col.astype(np.int64), own_value, hi),
    )


def backbone(patches: Patches, patch: Ints, worth: Floats) -> Ints:
    """Units of a patch that connect it without the others: a tree grown along the units worth most, its leaves left out.

    worth (N,). Returns leaves, those worth least first; the tree's inner units, or its only one, are never among them.
    """
    inside, seen, inner = set(patch.tolist()), set(), set()
    root = int(patch[np.argmax(worth[patch])])
    front = [(-float(worth[root]), root)]
    seen.add(root)
    while front:
        _, unit = heappop(front)
        for other in patches.graph.indices[patches.graph.indptr[unit] : patches.graph.indptr[unit + 1]].tolist():
            if other in inside and other not in seen:
                seen.add(other)
                inner.add(unit)
                heappush(front, (-float(worth[other]), other))
    leaves = np.array(sorted(inside - inner - {root}), dtype=np.int64)
    return leaves[np.argsort(worth[leaves], kind="stable")]


def grown(patches: Patches, worth: Floats, patch: Ints, kept: Bools, least: float) -> tuple[Ints, float]:
    """A patch with the neighbours worth most added until it is large enough or meets a kept one, and what all is worth."""
    graph, can = patches.graph, patches.count > 0
    inside = set(patch.tolist())
    area, gain = float(patches.area[patch].sum()), float(worth[patch].sum())
    front: list[tuple[float, int]] = []

    def reach(unit: int) -> bool:
        beside = graph.indices[graph.indptr[unit] : graph.indptr[unit + 1]].tolist()
        for other in beside:
            if can[other] and other not in inside:
                heappush(front, (-float(worth[other]), other))
        return bool(kept[beside].any())

    met = [reach(unit) for unit in patch.tolist()].count(True) > 0
    while area < least and not met and front:
        value, unit = heappop(front)
        if unit in inside:
            continue
        inside.add(unit)
        area, gain = area + float(patches.area[unit]), gain - value
        met = reach(unit)
    return np.array(sorted(inside), dtype=np.int64), gain if area >= least or met else -np.inf


def cheapest_way(graph: sparse.csr_array, toll: Floats, start: Bools, goal: Ints) -> tuple[Ints, float]:
    """The units on the way with the least toll (N,) from the units `start` to any of `goal`, and that toll."""
    cost = toll.copy()
    cost[start], cost[goal] = 0.0, 0.0
    narrow = graph.indices.astype(np.int32), graph.indptr.astype(np.int32)  # scipy before 1.15 takes no others
    ways = sparse.csr_array((cost[graph.indices] + 1e-300, *narrow), shape=graph.shape)
    ways.data[~np.isfinite(ways.data)] = 1e300
    distance, before, _ = dijkstra(ways, indices=np.flatnonzero(start), min_only=True, return_predecessors=True)
    unit = int(goal[np.argmin(distance[goal])])
    total, way = float(distance[unit]), []
    while unit >= 0 and not start[unit]:
        way.append(unit)
        unit = int(before[unit])
    return np.array(way, dtype=np.int64), total if total < 1e299 else np.inf


def separators(patches: Patches, inside: Floats, least: float) -> list[tuple[Ints, Ints]]:
    """Pairs of units whose shares (N,) add up to more than 1 and than all ways between them carry, with what cuts the ways.

    From the unit most inside to the others, by minimum cuts over units; least: share by which a cut must fall short.
    Source: node separators by maximum flow, Ford & Fulkerson 1956; Carvajal et al. 2013.
    """
    can = np.flatnonzero(patches.count > 0)
    share = inside[can]
    anchor = int(np.argmax(share * (1.0 + 1e-6 * patches.area[can] / patches.area.max())))
    graph = sparse.csr_array(patches.graph[can][:, can])
    net = _split(graph, share)
    found, settled = [], share + share[anchor] - 1.0 <= least
    for goal in np.argsort(-share, kind="stable")[:MOST_FLOWS].tolist():
        beside = graph.indices[graph.indptr[goal] : graph.indptr[goal + 1]]
        if settled[goal] or goal == anchor or anchor in beside:
            continue
        flow = maximum_flow(net, 2 * anchor + 1, 2 * goal)
        if flow.flow_value >= UNIT * (share[goal] + share[anchor] - 1.0 - least):
            continue
        rest = net - flow.flow
        rest.data = np.maximum(rest.data, 0)
        rest.eliminate_zeros()
        reached = np.zeros(2 * can.size, dtype=np.bool_)
        reached[breadth_first_order(rest, 2 * anchor + 1, return_predecessors=False)] = True
        between = np.flatnonzero(reached[0::2] & ~reached[1::2])
        between = between[(between != anchor) & (between != goal)]
        settled |= ~reached[0::2]  # one cut a side is enough for now
        found.append((can[[goal, anchor]], can[between]))
    return found


def _split(graph: sparse.csr_array, share: Floats) -> sparse.csr_array:
    """Each unit as a way in and a way out with its share between them, as whole numbers."""
    n = share.size
    tail = np.repeat(np.arange(n), np.diff(graph.indptr))
    each = np.arange(n)
    capacity = np.r_[np.ceil(np.maximum(share, 0.0) * UNIT), np.full(tail.size, 2 * UNIT)].astype(np.int32)
    arcs = (np.r_[2 * each, 2 * tail + 1].astype(np.int32), np.r_[2 * each + 1, 2 * graph.indices].astype(np.int32))
    return sparse.csr_array((capacity, arcs), shape=(2 * n, 2 * n))
