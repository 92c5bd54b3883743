"""Slivers into their neighbours: a greedy merge on the graph of faces, smallest first."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MICROMETRE = 1e6  # lengths are compared in whole µm, so that rounding never decides between equal borders


def connected(count: int, a: Ints, b: Ints) -> Ints:
    """Component number of each of `count` nodes under the links a-b, numbered by first appearance."""
    links = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    _, label = connected_components(links, directed=False)
    return renumbered(np.asarray(label, dtype=np.int64))


def renumbered(label: Ints) -> Ints:
    """The same grouping with numbers 0, 1, … in order of first appearance."""
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return np.asarray(rank[inverse], dtype=np.int64)


def totals(a: Ints, b: Ints, length: Floats) -> tuple[Ints, Ints, Floats]:
    """Border lengths summed by unordered pair of different nodes: a < b, ascending."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    other = low != high
    low, high, length = low[other], high[other], length[other]
    order = np.lexsort((high, low))
    low, high, length = low[order], high[order], length[order]
    new = np.concatenate(([True], (low[1:] != low[:-1]) | (high[1:] != high[:-1]))) if len(low) else np.zeros(0, dtype=bool)
    starts = np.flatnonzero(new)
    return low[starts], high[starts], np.add.reduceat(length, starts) if len(starts) else np.zeros(0)


def absorbed(
    area: Floats,
    around: Floats,
    side: Ints,
    borders: tuple[Ints, Ints, Floats],
    *,
    min_m2: float,
    min_width_m: float = 0.0,
    max_m2: float = float("inf"),
) -> Ints:
    """Group of each node after every sliver was merged into a neighbour, smallest first.

    A sliver is smaller than min_m2 or narrower than min_width_m, which is twice the area by the perimeter. The neighbour is
    one on the same side of the constraints where there is one, then one with which the sum stays within the maximum, then
    the one with the longest shared border. A node without a neighbour stays as it is.

    area: (n,) m². around: (n,) perimeter, m. side: (n,) equal for equal constraints. borders: a, b, length of the links
    along which merging is allowed.
    """
    size, outline, sides = area.astype(float).tolist(), around.astype(float).tolist(), side.tolist()
    links: list[dict[int, int]] = [{} for _ in size]
    for i, j, length in zip(borders[0].tolist(), borders[1].tolist(), borders[2].tolist(), strict=True):
        links[i][j] = links[j][i] = links[i].get(j, 0) + round(length * MICROMETRE)
    into = list(range(len(size)))
    heap = [(s, i) for i, s in enumerate(size) if s < min_m2 or 2 * s < min_width_m * outline[i]]
    heapq.heapify(heap)
    while heap:
        s, i = heapq.heappop(heap)
        if into[i] != i or s != size[i] or not links[i]:
            continue
        j = max(links[i], key=lambda k: (sides[k] == sides[i], size[k] + s <= max_m2, links[i][k], -k))
        into[i] = j
        size[j] += s
        outline[j] += outline[i] - 2 * links[j].pop(i) / MICROMETRE
        for k, length in links[i].items():
            if k != j:
                del links[k][i]
                links[k][j] = links[j][k] = links[j].get(k, 0) + length
        links[i] = {}
        if size[j] < min_m2 or 2 * size[j] < min_width_m * outline[j]:
            heapq.heappush(heap, (size[j], j))
    return np.array([_root(into, i) for i in range(len(into))], dtype=np.int64)


def _root(into: list[int], i: int) -> int:
    while into[i] != i:
        into[i] = into[into[i]]
        i = into[i]
    return i
