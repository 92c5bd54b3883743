"""Ground from which a park is within a walk: along a network of ways, to its last metre."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from planner.city.layers import Shapes
from planner.core.polygons.around import around
from planner.errors import InvalidInput
from planner.words import say

SNAP_M = 0.01  # ends of ways nearer than this are one place: digitised networks rarely meet to the last bit


def walked(roads: Shapes, parks: Shapes, radius_m: float, off_road_m: float) -> Any:
    """The parks, and what lies within off_road_m of ways that lead to a park's edge in radius_m or less.

    Ways meet where they cross or touch; a park is entered where a way comes within off_road_m of it, and that stretch is
    walked too. Raises InvalidInput where no way comes near a park.
    """
    lines = shapely.get_parts(shapely.node(shapely.multilinestrings(shapely.get_parts(_lines(roads)))))
    ground = shapely.union_all(parks)
    ends = np.round(np.stack([_end(lines, 0), _end(lines, -1)], axis=1) / SNAP_M).astype(np.int64)
    places, node = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    a, b = node.reshape(-1, 2).T
    length = shapely.length(lines)
    gate, entry, extra = _entries(lines, ground, off_road_m)
    if not gate.size:
        raise InvalidInput(say("city.roads_far", distance=off_road_m))
    start = len(places)
    heads = np.r_[a, np.full(2 * gate.size, start)]
    tails = np.r_[b, a[gate], b[gate]]
    cost = np.r_[length, entry + extra, length[gate] - entry + extra]
    # Parallel ways: the shortest counts, where a sparse matrix would add them.
    order = np.lexsort((cost, np.maximum(heads, tails), np.minimum(heads, tails)))
    pair = np.column_stack([np.minimum(heads, tails), np.maximum(heads, tails)])[order]
    first = np.r_[True, np.any(np.diff(pair, axis=0) != 0, axis=1)]
    graph = csr_matrix((np.maximum(cost[order][first], 1e-9), (pair[first, 0], pair[first, 1])), shape=(start + 1, start + 1))
    walk = dijkstra(graph, directed=False, indices=start, limit=radius_m)[:-1]
    reached = _stretches(lines, length, radius_m - walk[a], radius_m - walk[b])
    reached += _from_gates(lines, length, gate, entry, radius_m - extra)
    inside = around(np.array(reached, dtype=object), off_road_m).inner if reached else shapely.Polygon()
    return shapely.union_all([ground, inside])


def _lines(roads: Shapes) -> Shapes:
    kind = shapely.get_dimensions(roads)
    if not (kind == 1).all():
        raise InvalidInput(say("city.no_line", row=int(np.flatnonzero(kind != 1)[0]) + 1))
    return shapely.force_2d(roads)


def _end(lines: Shapes, which: int) -> np.ndarray:
    return np.asarray(shapely.get_coordinates(shapely.get_point(lines, which)))


def _entries(lines: Shapes, ground: Any, off_road_m: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ways that lead to the parks: which, where along them, and the metres from there to the park's edge."""
    near = np.flatnonzero(shapely.dwithin(lines, ground, off_road_m))
    if not near.size:
        return near, np.empty(0), np.empty(0)
    bridge = shapely.shortest_line(lines[near], ground)
    at = shapely.line_locate_point(lines[near], shapely.get_point(bridge, 0))
    return near, at, shapely.length(bridge)


def _stretches(lines: Shapes, length: np.ndarray, from_a: np.ndarray, from_b: np.ndarray) -> list[Any]:
    """The parts of ways that the walk left over at their ends still covers."""
    out: list[Any] = []
    for line, whole, left, right in zip(lines, length, from_a, from_b, strict=True):
        left, right = (x if np.isfinite(x) else -1.0 for x in (left, right))
        if max(left, 0.0) + max(right, 0.0) >= whole:
            out.append(line)
            continue
        out += [_cut(line, 0.0, left)] if left > 0 else []
        out += [_cut(line, whole - right, whole)] if right > 0 else []
    return out


def _from_gates(lines: Shapes, length: np.ndarray, gate: np.ndarray, entry: np.ndarray, left: np.ndarray) -> list[Any]:
    """The parts of the entered ways themselves, both sides of where a park is entered."""
    reach = ((g, max(e - m, 0.0), min(e + m, length[g])) for g, e, m in zip(gate, entry, left, strict=True) if m > 0)
    return [_cut(lines[g], low, high) for g, low, high in reach if high > low]


def _cut(line: Any, begin: float, end: float) -> Any:
    """The stretch of a line between two distances along it."""
    xy = shapely.get_coordinates(line)
    along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T))]
    inner = (along > begin) & (along < end)
    marks = np.r_[begin, along[inner], end]
    return shapely.linestrings(np.column_stack([np.interp(marks, along, xy[:, 0]), np.interp(marks, along, xy[:, 1])]))
