"""What the polygons of one planar graph have in common: the segments that two of them share, point by point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]


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
    ids = point_ids(points)
    one, two = twins(ids[first], ids[first + 1])
    face_one, face_two = owner[ring[first[one]]], owner[ring[first[two]]]
    real = face_one != face_two
    one, face_one, face_two = one[real], face_one[real], face_two[real]
    return Shared(
        np.minimum(face_one, face_two).astype(np.int64),
        np.maximum(face_one, face_two).astype(np.int64),
        points[first[one]],
        points[first[one] + 1],
    )


def twins(start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Of segments by their ends' numbers (n,), those that occur twice, either way round: positions of the one and the other."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    key = low * (high.max(initial=0) + 1) + high
    order = np.argsort(key, kind="stable")
    twin = np.flatnonzero(key[order[:-1]] == key[order[1:]])
    return order[twin], order[twin + 1]


def point_ids(points: Floats) -> Ints:
    """A number for every distinct point, (n,)."""
    _, x = np.unique(points[:, 0], return_inverse=True)
    distinct_y, y = np.unique(points[:, 1], return_inverse=True)
    _, ids = np.unique(x.astype(np.int64) * len(distinct_y) + y, return_inverse=True)
    return np.asarray(ids, dtype=np.int64)
