"""All that lies within a distance of shapes, enclosed between two polygons that are known to be too small and too large.

The ground within r of a polygon is the polygon, a strip of width r outside every edge and a sector of radius r outside every
convex corner. Strips are exact; a sector stands between its chords and its tangents, whose areas miss the sector's by
−θ³/12·r² and +θ³/24·r² per step θ: once the smaller and twice the larger cancel. Nothing is simplified on the way, as
buffers of geometry libraries do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

STEP = np.pi / 64  # rad, the widest angle a chord spans: sectors are met to 4e-4, their mean to about 1e-7
PIECE_VERTICES = 400  # a piece of a large region: overlays with it stay short


@dataclass(frozen=True, eq=False)
class Around:
    """The ground within a distance: polygons inside it (`inner`) and around it (`outer`)."""

    inner: Any
    outer: Any

    def area_in(self, shapes: Shapes) -> tuple[Floats, Floats, Floats]:
        """Area of each polygon that lies within the distance: best value, lower and upper bound, m², each (n,)."""
        low, high = covered(self.inner, shapes), covered(self.outer, shapes)
        return (low + 2.0 * high) / 3.0, low, high


def around(shapes: Shapes, radius_m: float, *, step: float = STEP) -> Around:
    """What lies within radius_m of points, lines or polygons, (n,), in plane metres; shapes themselves belong to it."""
    parts = shapely.get_parts(shapely.get_parts(shapely.force_2d(shapes)))
    parts = parts[~shapely.is_empty(parts)]
    grown = [_grown(part, radius_m, step) for part in parts]
    return Around(shapely.union_all([g.inner for g in grown]), shapely.union_all([g.outer for g in grown]))


def _grown(part: Any, radius: float, step: float) -> Around:
    """What lies within a distance of one point, line or polygon."""
    kind = shapely.get_type_id(part)
    if radius <= 0:
        return Around(part, part)
    if kind == shapely.GeometryType.POINT:
        return Around(*_disc(shapely.get_coordinates(part)[0], radius, step))
    polygon = shapely.orient_polygons(part) if kind == shapely.GeometryType.POLYGON else None
    paths = [_there_and_back(part)] if polygon is None else [shapely.get_coordinates(r) for r in shapely.get_rings(polygon)]
    strips: list[Any] = [] if polygon is None else [polygon]
    chords: list[Any] = []
    tangents: list[Any] = []
    for path in paths:
        found, sectors = _outside(path, radius)
        strips += found
        for place, first, last, turn in sectors:
            inner, outer = _sector(place, (first, last), turn, step)
            chords.append(inner)
            tangents.append(outer)
    straight = shapely.union_all(strips)
    return Around(shapely.union_all([straight, *chords]), shapely.union_all([straight, *tangents]))


def _there_and_back(line: Any) -> Floats:
    """A line as a ring without inside."""
    xy = shapely.get_coordinates(line)
    return np.vstack([xy, xy[-2::-1]]) if len(xy) > 1 else xy


Sector = tuple[Floats, Floats, Floats, float]  # corner, where the arc begins and ends as seen from it, angle between


def _outside(path: Floats, radius: float) -> tuple[list[Any], list[Sector]]:
    """Of a closed path with its inside to the left: the strips to its right, and the sectors where it bulges."""
    path = path[np.r_[True, np.any(np.diff(path, axis=0) != 0.0, axis=1)]]
    edge = np.diff(path, axis=0)
    if not len(edge):
        return [], []
    normal = np.column_stack([edge[:, 1], -edge[:, 0]]) / np.hypot(edge[:, 0], edge[:, 1])[:, None] * radius
    a, b = path[:-1], path[1:]
    strips = np.asarray(shapely.polygons(np.stack([a, a + normal, b + normal, b], axis=1)), dtype=object)
    before, first = np.roll(edge, 1, axis=0), np.roll(normal, 1, axis=0)
    cross = before[:, 0] * edge[:, 1] - before[:, 1] * edge[:, 0]
    turn = np.arctan2(cross, np.sum(before * edge, axis=1))
    turn = np.where(turn == -np.pi, np.pi, turn)  # a line's end: −0 and 0 are the same cross product
    return strips.tolist(), [(a[i], first[i], normal[i], float(turn[i])) for i in np.flatnonzero(turn > 1e-12)]


def _sector(place: Floats, arms: tuple[Floats, Floats], turn: float, step: float) -> tuple[Any, Any]:
    """A sector with its arc in chords, and in tangents; its arms end where the strips' corners are, to the last bit."""
    count = max(int(np.ceil(turn / step - 1e-9)), 1)
    theta = turn / count
    inner = _turned(arms[0], theta * np.arange(1, count))
    kinks = _turned(arms[0], theta * (np.arange(count) + 0.5)) / np.cos(theta / 2)
    chords, tangents = (np.vstack([np.zeros(2), arms[0], arc, arms[1]]) + place for arc in (inner, kinks))
    return shapely.polygons(chords), shapely.polygons(tangents)


def _disc(place: Floats, radius: float, step: float) -> tuple[Any, Any]:
    """A disc in chords, and in tangents."""
    count = int(np.ceil(2.0 * np.pi / step))
    rim = _turned(np.array([radius, 0.0]), 2.0 * np.pi / count * np.arange(count))
    return shapely.polygons(rim + place), shapely.polygons(rim / np.cos(np.pi / count) + place)


def _turned(arm: Floats, angle: NDArray[np.floating[Any]]) -> Floats:
    """A vector turned left by angles, (n, 2)."""
    c, s = np.cos(angle), np.sin(angle)
    return np.column_stack([c * arm[0] - s * arm[1], s * arm[0] + c * arm[1]])


def covered(region: Any, shapes: Shapes) -> Floats:
    """Area of each polygon, (n,), that a region covers, m²; a large region is cut into pieces first."""
    pieces = np.array(_pieces(region), dtype=object)
    area = np.zeros(len(shapes))
    if len(pieces):
        which, piece = shapely.STRtree(pieces).query(shapes, predicate="intersects")
        shared = shapely.area(shapely.intersection(shapes[which], pieces[piece]))
        np.add.at(area, which, shared)
    return area


def _pieces(region: Any) -> list[Any]:
    """A region as disjoint pieces of few vertices."""
    open_, done = list(shapely.get_parts(region)), []
    while open_:
        shape = open_.pop()
        if shapely.get_type_id(shape) != shapely.GeometryType.POLYGON or shape.is_empty:
            continue
        if shapely.get_num_coordinates(shape) <= PIECE_VERTICES:
            done.append(shape)
            continue
        west, south, east, north = shape.bounds
        x, y = (west + east) / 2, (south + north) / 2
        boxes = ((west, south, x, north), (x, south, east, north)) if east - west > north - south else (
            (west, south, east, y), (west, y, east, north))  # fmt: skip
        open_ += [part for box in boxes for part in shapely.get_parts(shapely.intersection(shape, shapely.box(*box)))]
    return done
