"""The planar graph: linework noded once, its faces, and the segments that two faces share."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]

THIN_M = 1e-3  # a point nearer to its polygon's border may, for another polygon, lie on the other side of it
GRID_M = 2.0**-26  # m, 15 nm: no finer than a double's step at eight-digit coordinates, so moving the origin is exact


def faces(lines: Geometries) -> Geometries:
    """The bounded faces of all linework after noding on a grid of GRID_M, as Polygons in reading order.

    Every crossing becomes a vertex of every line through it, so that what two faces share is the same points.
    """
    noded = shapely.union_all(lines, grid_size=GRID_M)
    found = np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))), dtype=object)
    at = shapely.get_coordinates(shapely.point_on_surface(found))
    return found[np.lexsort((shapely.area(found), at[:, 0], -at[:, 1]))]


def _inside(polygons: Geometries) -> Geometries:
    """A point well inside each polygon: where it was met in the sliver it runs out into, the one farthest from its border."""
    points = np.asarray(shapely.point_on_surface(polygons), dtype=object)
    thin = np.flatnonzero(shapely.distance(points, shapely.boundary(polygons)) < THIN_M)
    points[thin] = shapely.get_point(shapely.maximum_inscribed_circle(polygons[thin]), 0)
    return points


def owners(polygons: Geometries, parcels: Geometries) -> Ints:
    """Which parcel each face lies in, −1 where none; the first where several claim it."""
    points = _inside(polygons)
    shapely.prepare(parcels)
    parcel, face = shapely.STRtree(points).query(parcels, predicate="intersects")
    owner = np.full(len(polygons), len(parcels), dtype=np.int64)
    np.minimum.at(owner, face, parcel)
    owner[owner == len(parcels)] = -1
    return owner


def sides(polygons: Geometries, constraints: Geometries) -> Ints:
    """A number for the set of constraints each face lies in; equal numbers are equal sets."""
    points = _inside(polygons)
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
