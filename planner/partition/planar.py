"""The planar graph: linework noded once, its faces, and the segments that two faces share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]

GRID_M = 2.0**-26  # m, 15 nm: no finer than a double's step at eight-digit coordinates, so moving the origin is exact


def faces(lines: Geometries) -> Geometries:
    """The bounded faces of all linework after noding on a grid of GRID_M, as Polygons in reading order.

    Every crossing becomes a vertex of every line through it, so that what two faces share is the same points.
    """
    noded = shapely.union_all(lines, grid_size=GRID_M)
    found = np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))), dtype=object)
    at = shapely.get_coordinates(shapely.point_on_surface(found))
    return found[np.lexsort((shapely.area(found), at[:, 0], -at[:, 1]))]


@dataclass(frozen=True, eq=False)
class Shared:
    """Segments that exactly two faces share: face numbers a < b, end points (n, 2), m."""

    a: Ints
    b: Ints
    start: Floats
    end: Floats

    @property
    def length(self) -> Floats:
        """Length of each segment, m."""
        return np.asarray(np.hypot(*(self.end - self.start).T), dtype=np.float64)


def shared_segments(polygons: Geometries) -> Shared:
    """The segments that two polygons of one planar graph have in common.

    polygons: faces whose common borders are identical point by point.
    """
    rings, owner = shapely.get_rings(polygons, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    first = np.flatnonzero(ring[:-1] == ring[1:])
    ids = _point_ids(points)
    low, high = np.minimum(ids[first], ids[first + 1]), np.maximum(ids[first], ids[first + 1])
    key = low * (ids.max(initial=0) + 1) + high
    order = np.argsort(key, kind="stable")
    twin = np.flatnonzero(key[order[:-1]] == key[order[1:]])
    one, two = order[twin], order[twin + 1]
    face_one, face_two = owner[ring[first[one]]], owner[ring[first[two]]]
    real = face_one != face_two
    one, face_one, face_two = one[real], face_one[real], face_two[real]
    return Shared(
        np.minimum(face_one, face_two).astype(np.int64),
        np.maximum(face_one, face_two).astype(np.int64),
        points[first[one]],
        points[first[one] + 1],
    )


def _point_ids(points: Floats) -> Ints:
    """A number for every distinct point, (n,)."""
    _, x = np.unique(points[:, 0], return_inverse=True)
    distinct_y, y = np.unique(points[:, 1], return_inverse=True)
    _, ids = np.unique(x.astype(np.int64) * len(distinct_y) + y, return_inverse=True)
    return np.asarray(ids, dtype=np.int64)


def owners(polygons: Geometries, parcels: Geometries) -> Ints:
    """Which parcel each face lies in, −1 where none; the first where several claim it."""
    points = shapely.point_on_surface(polygons)
    shapely.prepare(parcels)
    parcel, face = shapely.STRtree(points).query(parcels, predicate="intersects")
    owner = np.full(len(polygons), len(parcels), dtype=np.int64)
    np.minimum.at(owner, face, parcel)
    owner[owner == len(parcels)] = -1
    return owner


def sides(polygons: Geometries, constraints: Geometries) -> Ints:
    """A number for the set of constraints each face lies in; equal numbers are equal sets."""
    points = shapely.point_on_surface(polygons)
    shapely.prepare(constraints)
    which, face = shapely.STRtree(points).query(constraints, predicate="intersects")
    order = np.lexsort((which, face))
    members: list[list[int]] = [[] for _ in polygons]
    for f, c in zip(face[order].tolist(), which[order].tolist(), strict=True):
        members[f].append(c)
    codes: dict[tuple[int, ...], int] = {}
    return np.array([codes.setdefault(tuple(m), len(codes)) for m in members], dtype=np.int64)


def dissolved(polygons: Geometries, group: Ints, count: int) -> Geometries:
    """The union of the faces of each group 0..count-1, keeping every vertex of their outer borders."""
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(count + 1))
    result = np.empty(count, dtype=object)
    for i in range(count):
        members = polygons[order[bounds[i] : bounds[i + 1]]]
        result[i] = members[0] if len(members) == 1 else shapely.coverage_union_all(members)
    return result
