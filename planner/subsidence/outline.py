"""Goaf outlines: moving the inflection line in, telling rectangles from other shapes, and quadrature nodes along an outline."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import affinity

from planner.errors import InvalidInput
from planner.words import say

Floats = NDArray[np.float64]
# Longest piece of outline with its own Gauss rule, radii, and nodes a piece. Against the rectangle's closed form this is right
# to 5e-8 of W₀ in subsidence and 5e-6 of W₀/r² in curvature (tests/test_subsidence.py).
STEP: Final = 1.5
GAUSS: Final = 8


def offset_outline(polygon: Any, offset_m: float, name: str) -> Any:
    """The outline through the inflection points: the goaf moved in by the offset on every side (out, where negative).

    Raises InvalidInput where nothing is left: twice the offset is more than the panel's width.
    """
    if offset_m == 0.0:
        return polygon
    inner = shapely.buffer(polygon, -offset_m, join_style="mitre", mitre_limit=10.0)
    if inner.is_empty:
        raise InvalidInput(say("subsidence.offset_too_wide", name=name, offset_m=offset_m))
    return inner


def rectangle_axes(polygon: Any) -> tuple[float, float, float, float, float, float] | None:
    """First corner x, y, cosine and sine of the first side, length and width (m) of a rectangle; None for any other shape."""
    if polygon.geom_type == "MultiPolygon" and len(polygon.geoms) == 1:
        polygon = polygon.geoms[0]
    if polygon.geom_type != "Polygon" or len(polygon.interiors):
        return None
    ring = shapely.get_coordinates(shapely.simplify(shapely.orient_polygons(polygon), 1e-6))[:-1]
    if len(ring) != 4:
        return None
    # The side that runs most nearly east comes first, so that a panel along the grid is seen to be so.
    ring = np.roll(ring, -int(np.argmax(np.roll(ring[:, 0], -1) - ring[:, 0])), axis=0)
    along, across = ring[1] - ring[0], ring[3] - ring[0]
    length, width = float(np.hypot(*along)), float(np.hypot(*across))
    square = abs(along @ across) <= 1e-6 * length * width
    closed = np.hypot(*(ring[2] - ring[1] - across)) <= 1e-6 * max(length, width)
    if not (square and closed):
        return None
    cos, sin = float(along[0] / length), float(along[1] / length)
    if abs(sin) < 1e-9:  # a micrometre over a kilometre
        cos, sin = 1.0, 0.0
    return float(ring[0, 0]), float(ring[0, 1]), cos, sin, length, width


def reach_along(shape: Any, azimuth_deg: float, middle: Any) -> tuple[float, float]:
    """From where to where a shape reaches along an azimuth, from a point, m."""
    way = np.sin(np.radians(azimuth_deg)), np.cos(np.radians(azimuth_deg))
    s = (shapely.get_coordinates(shape) - (middle.x, middle.y)) @ way
    return float(s.min()), float(s.max())


def strips(shape: Any, azimuth_deg: float, middle: Any, edges: Floats) -> list[tuple[Any, float]]:
    """The polygons of a shape cut across an azimuth at distances from a point, m: each with the mean distance of its strip."""
    low, high = reach_along(shape, azimuth_deg, middle)
    turned = affinity.rotate(shape, azimuth_deg - 90.0, origin=middle)  # the azimuth now points east
    _, south, _, north = turned.bounds
    found = []
    for a, b in zip(np.maximum(edges[:-1], low), np.minimum(edges[1:], high), strict=True):
        if b > a:
            piece = shapely.intersection(turned, shapely.box(middle.x + a, south - 1.0, middle.x + b, north + 1.0))
            polygons = [g for g in shapely.get_parts(piece) if g.geom_type == "Polygon" and g.area > 0]
            found += [(affinity.rotate(g, 90.0 - azimuth_deg, origin=middle), float(a + b) / 2.0) for g in polygons]
    return found


def moved_along(shape: Any, azimuth_deg: float, middle: Any, *, way: float, stretch: float) -> Any:
    """A shape stretched along an azimuth about a point and moved along it, m."""
    e, n = np.sin(np.radians(azimuth_deg)), np.cos(np.radians(azimuth_deg))
    k = stretch - 1.0
    matrix = np.array([[1.0 + k * e * e, k * e * n], [k * e * n, 1.0 + k * n * n]])
    origin = np.array([middle.x, middle.y])
    return shapely.transform(shape, lambda xy: (xy - origin) @ matrix + origin + way * np.array([e, n]))


def quadrature_nodes(polygon: Any, radius_m: float) -> Floats:
    """Gauss–Legendre nodes along every ring, counter-clockwise outside and clockwise around holes.

    radius_m: radius of influence; pieces are at most STEP of it. Returns (m, 3): x, y, weight · dy, m.
    """
    t, w = np.polynomial.legendre.leggauss(GAUSS)
    t, w = 0.5 * (t + 1.0), 0.5 * w
    oriented = shapely.orient_polygons(polygon)
    rings = shapely.get_rings(shapely.get_parts(oriented))
    out = []
    for ring in rings:
        xy = shapely.get_coordinates(shapely.segmentize(ring, STEP * radius_m))
        a, step = xy[:-1], np.diff(xy, axis=0)
        # An edge along x has dy = 0 and adds nothing to the contour integral.
        use = step[:, 1] != 0.0
        a, step = a[use], step[use]
        points = a[:, None, :] + t[None, :, None] * step[:, None, :]
        weights = np.broadcast_to(w[None, :, None] * step[:, None, 1:], (*points.shape[:2], 1))
        out.append(np.concatenate([points, weights], axis=2).reshape(-1, 3))
    return np.concatenate(out)
