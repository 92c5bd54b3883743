"""Polygons as plain arrays: the form in which every kernel takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Rings(NamedTuple):
    """n polygons as ragged closed rings.

    x, y: (v,) vertices. ring: (r+1,) ring j owns vertices ring[j]:ring[j+1], its last vertex repeating its first.
    hole: (r,) True where the ring bounds a hole. polygon: (n+1,) polygon i owns rings polygon[i]:polygon[i+1]; none
    where it is empty. The direction in which a ring runs does not matter.
    """

    x: Floats
    y: Floats
    ring: Ints
    hole: NDArray[np.bool_]
    polygon: Ints

    def __len__(self) -> int:
        """Number of polygons."""
        return len(self.polygon) - 1

    @property
    def ring_owner(self) -> Ints:
        """The polygon each ring belongs to, (r,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.polygon))

    def take(self, chosen: Ints) -> Rings:
        """The rings of some of the polygons, chosen (m,), in that order."""
        rings, polygon = _entries(self.polygon, chosen)
        vertices, ring = _entries(self.ring, rings)
        return Rings(self.x[vertices], self.y[vertices], ring, self.hole[rings], polygon)


def _entries(start: Ints, chosen: Ints) -> tuple[Ints, Ints]:
    """The entries that chosen pieces of a ragged list own, one piece after another, and where each piece's now begin."""
    count = start[chosen + 1] - start[chosen]
    begin = np.concatenate(([0], np.cumsum(count)))
    return np.repeat(start[chosen] - begin[:-1], count) + np.arange(begin[-1]), begin


def rings_of(geometries: Sequence[Any] | NDArray[Any]) -> Rings:
    """The rings of shapely Polygons and MultiPolygons, (n,); None and empty geometries own no ring.

    Raises ValueError where a geometry is a point or a line, or a coordinate is not finite.
    """
    shapes = np.asarray(geometries, dtype=object)
    kind = shapely.get_type_id(shapes)
    polygonal = (kind == 3) | (kind == 6)
    empty = shapely.is_empty(shapes) | shapely.is_missing(shapes)
    if not np.all(polygonal | empty):
        first = int(np.flatnonzero(~(polygonal | empty))[0])
        raise ValueError(f"geometry {first} is a {shapes[first].geom_type}, a polygon is expected")
    if np.all(kind == 3) and not empty.any():
        parts, owner = shapes, np.arange(len(shapes))
    else:
        parts, owner = shapely.get_parts(shapes[polygonal], return_index=True)
        owner = np.flatnonzero(polygonal)[owner]
        filled = ~shapely.is_empty(parts)
        parts, owner = parts[filled], owner[filled]
    if np.any(shapely.get_num_interior_rings(parts)):
        lines, part = shapely.get_rings(parts, return_index=True)
    else:  # a polygon without holes has its outline's vertices
        lines, part = parts, np.arange(len(parts))
    first_of_part = np.r_[True, part[1:] != part[:-1]] if len(part) else np.zeros(0, bool)
    xy = shapely.get_coordinates(lines)
    if not np.all(np.isfinite(xy)):
        raise ValueError("a polygon has a vertex that is not a finite number")
    return Rings(
        np.ascontiguousarray(xy[:, 0]),
        np.ascontiguousarray(xy[:, 1]),
        np.concatenate(([0], np.cumsum(shapely.get_num_coordinates(lines)))).astype(np.int64),
        ~first_of_part,
        np.concatenate(([0], np.cumsum(np.bincount(owner[part], minlength=len(shapes))))).astype(np.int64),
    )
