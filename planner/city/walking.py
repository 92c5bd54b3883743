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

SEGMENTS = 32  # of a quarter circle: a chord lies 6 cm inside an arc of 50 m
SNAP_M = 0.01  # ends of ways nearer than this are one place: digitised networks rarely meet to the last bit


def walked(roads: Shapes, parks: Shapes, radius_m: float, off_road_m: float) -> tuple[Any, bool]:
    """The parks, and what lies within off_road_m of ways that lead to a park's edge in radius_m or less; whether any way does.

    Ways meet where they cross or touch; a park is entered from wherever a way runs within off_road_m of it, and the straight
    line to its edge is walked too. So how ways are cut into pieces does not matter.
    """
    lines = shapely.get_parts(shapely.node(shapely.multilinestrings(shapely.get_parts(_lines(roads)))))
    ground = shapely.union_all(parks)
    beside = shapely.buffer(ground, min(off_road_m, radius_m), quad_segs=SEGMENTS)
    shapely.prepare(beside)
    near = shapely.intersects(lines, beside)
    if not near.any():
        return ground, False
    inside = shapely.get_parts(shapely.intersection(lines[near], beside))
    beyond = np.concatenate([lines[~near], shapely.get_parts(shapely.difference(lines[near], beside))])
    beyond = beyond[shapely.length(beyond) > 0]
    reached = list(inside[shapely.length(inside) > 0])
    if len(beyond):
        length = shapely.length(beyond)
        left = radius_m - _from_parks(beyond, length, ground, beside, radius_m)
        reached += _stretches(beyond, length, *left.T)
    found = around(np.array(reached, dtype=object), off_road_m).inner if reached else shapely.Polygon()
    return shapely.union_all([ground, found]), True


def _from_parks(lines: Shapes, length: np.ndarray, ground: Any, beside: Any, radius_m: float) -> np.ndarray:
    """Metres from a park's edge to both ends of ways outside of the ground beside parks, (n, 2); inf beyond radius_m."""
    points = np.stack([shapely.get_point(lines, k) for k in (0, -1)], axis=1).ravel()
    corners = np.round(shapely.get_coordinates(points) / SNAP_M).astype(np.int64)
    places, node = np.unique(corners, axis=0, return_inverse=True)
    node = node.ravel()
    gate = np.flatnonzero(shapely.dwithin(points, beside, SNAP_M))
    start = len(places)
    a, b = node.reshape(-1, 2).T
    heads, tails = np.r_[a, np.full(gate.size, start)], np.r_[b, node[gate]]
    cost = np.r_[length, shapely.distance(points[gate], ground)]
    # Parallel ways: the shortest counts, where a sparse matrix would add them.
    order = np.lexsort((cost, np.maximum(heads, tails), np.minimum(heads, tails)))
    pair = np.column_stack([np.minimum(heads, tails), np.maximum(heads, tails)])[order]
    first = np.r_[True, np.any(np.diff(pair, axis=0) != 0, axis=1)]
    graph = csr_matrix((np.maximum(cost[order][first], 1e-9), (pair[first, 0], pair[first, 1])), shape=(start + 1, start + 1))
    return np.asarray(dijkstra(graph, directed=False, indices=start, limit=radius_m)[:-1][node].reshape(-1, 2))


def _lines(roads: Shapes) -> Shapes:
    kind = shapely.get_dimensions(roads)
    if not (kind == 1).all():
        raise InvalidInput(say("city.no_line", row=int(np.flatnonzero(kind != 1)[0]) + 1))
    return shapely.force_2d(roads)


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


def _cut(line: Any, begin: float, end: float) -> Any:
    """The stretch of a line between two distances along it."""
    xy = shapely.get_coordinates(line)
    along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T))]
    inner = (along > begin) & (along < end)
    marks = np.r_[begin, along[inner], end]
    return shapely.linestrings(np.column_stack([np.interp(marks, along, xy[:, 0]), np.interp(marks, along, xy[:, 1])]))
