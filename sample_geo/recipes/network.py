"""Fields between roads, canals and ditches: an outline is halved again and again by slightly bent lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from shapely import LineString, MultiLineString, Polygon
from shapely.ops import split

from recipes.relief import hashed

GRID_M = 0.01  # coordinates are kept on whole centimetres, as survey sheets give them


@dataclass(frozen=True)
class Cut:
    """A dividing line and its rank: 0 the first cut of the whole outline, 1 the next halves, and so on."""

    line: LineString
    rank: int


def halve(outline: Polygon, *, largest_m2: float, bearing: float, seed: int) -> tuple[list[Polygon], list[Cut]]:
    """Fields no larger than largest_m2 and the lines between them.

    Each piece is cut across its longer side, seen along the bearing (radians) of the plain's fields, near its middle, by a line
    that bends a little. The same seed gives the same fields.
    """
    cuts: list[Cut] = []
    fields: list[Polygon] = []
    todo: list[tuple[Any, int, int]] = [(outline, 0, 1)]
    while todo:
        piece, rank, key = todo.pop()
        if piece.area <= largest_m2 * (0.75 + 0.5 * float(hashed(key, 1, seed))):
            fields.append(piece)
            continue
        line = _across(piece, bearing, key, seed)
        parts = [p for p in split(piece, line).geoms if p.area > 1.0]
        inside = line.intersection(piece)
        cuts += [Cut(part, rank) for part in getattr(inside, "geoms", [inside]) if part.length > 1.0]
        todo += [(p, rank + 1, 2 * key + n) for n, p in enumerate(sorted(parts, key=lambda p: p.centroid.x + p.centroid.y))]
    return fields, cuts


def _across(piece: Polygon, bearing: float, key: int, seed: int) -> LineString:
    """A bent line across the longer side of a piece, reaching past its edges."""
    turned = shapely.affinity.rotate(piece, -bearing, origin=(0, 0), use_radians=True)
    west, south, east, north = turned.bounds
    upright = (east - west) >= 0.9 * (north - south)
    first, last = (south, north) if upright else (west, east)
    low, high = (west, east) if upright else (south, north)
    r = [float(hashed(key, k, seed)) for k in range(2, 10)]
    middle = low + (high - low) * (0.42 + 0.16 * r[0])
    lean = 0.05 * (2 * r[1] - 1)
    steps = np.linspace(first - 50, last + 50, 9)
    bend = 0.014 * (last - first) * (2 * r[2] - 1) * np.sin(np.pi * (1 + r[3]) * (steps - first) / (last - first) + 6 * r[4])
    across = middle + lean * (steps - (first + last) / 2) + bend
    xy = np.column_stack([across, steps] if upright else [steps, across])
    return shapely.affinity.rotate(LineString(xy), bearing, origin=(0, 0), use_radians=True)


def parcels(outline: Polygon, cuts: list[Cut], holes: list[Polygon]) -> list[Polygon]:
    """The faces of the outline between its cuts, without the holes; neighbours share every vertex of their border."""
    lines = [outline.boundary, *(c.line for c in cuts), *(h.boundary for h in holes)]
    noded = shapely.unary_union(MultiLineString([p for g in lines for p in getattr(g, "geoms", [g])]), grid_size=GRID_M)
    inner = shapely.buffer(outline, 0.5 * GRID_M)
    faces = [f for f in shapely.get_parts(shapely.polygonize([noded])) if inner.contains(f.representative_point())]
    return [f for f in faces if not any(h.contains(f.representative_point()) for h in holes)]


def merged(pieces: list[Polygon], *, least_m2: float, apart: Polygon) -> list[Polygon]:
    """Pieces under least_m2 joined to the neighbour with the longest shared border; nothing crosses the edge of apart."""
    whole: list[Any] = list(pieces)
    while min(p.area for p in whole) < least_m2:
        small = whole.pop(int(np.argmin([p.area for p in whole])))
        side = apart.contains(small.representative_point())
        near = [p for p in whole if apart.contains(p.representative_point()) == side]
        host = max(near, key=lambda p: small.boundary.intersection(p.boundary).length)
        whole[next(k for k, p in enumerate(whole) if p is host)] = shapely.union(small, host)
    return whole


def geodesic_mu(shape: Polygon, crs: str) -> float:
    """Ellipsoidal area in mu, edges densified to 50 m, by pyproj's geodesic polygon area."""
    inverse = Transformer.from_crs(CRS(crs), CRS(crs).geodetic_crs, always_xy=True)
    degrees = shapely.transform(shapely.segmentize(shape, 50.0), lambda xy: np.column_stack(inverse.transform(*xy.T)))
    geod = CRS(crs).get_geod()
    assert geod is not None, f"{crs} has no ellipsoid"
    return float(abs(geod.geometry_area_perimeter(shapely.orient_polygons(degrees))[0]) * 15 / 10_000)


def fitted(outline: Polygon, holes: list[Polygon], crs: str, *, area_mu: float) -> Polygon:
    """The outline scaled about its centroid until it holds area_mu outside the holes, coordinates on whole centimetres."""
    scale = 1.0
    for _ in range(6):
        grown = _snapped(shapely.affinity.scale(outline, scale, scale, origin="centroid"))
        net = geodesic_mu(grown, crs) - sum(geodesic_mu(h, crs) for h in holes)
        scale *= float(np.sqrt(1 + (area_mu - net) / geodesic_mu(grown, crs)))
    return grown


def _snapped(shape: Polygon) -> Polygon:
    return shapely.transform(shape, lambda xy: np.round(xy / GRID_M) * GRID_M)


def smooth_ring(points: NDArray[np.float64], *, corners: int = 2) -> Polygon:
    """A closed outline with its corners cut (Chaikin) a number of times."""
    for _ in range(corners):
        after = np.roll(points, -1, axis=0)
        points = np.column_stack([0.75 * points + 0.25 * after, 0.25 * points + 0.75 * after]).reshape(-1, 2)
    return _snapped(Polygon(points))
