"""Residential land within reach of a park: exact in a straight line, or along the walking network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.city.layers import Shapes, in_one_plane, polygons_of, shapes_of
from planner.city.walking import walked
from planner.core.polygons.around import Around, around
from planner.errors import InvalidInput
from planner.parameters import Parameters, defaults
from planner.words import say

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Served:
    """How much residential land lies within reach of parks.

    share: served / all residential land, 0-1; low, high: proven bounds of it. area_m2, served_m2: of every residential
    polygon, (n,), plane, ground counted once. shares: of every whole polygon within reach, (n,), whatever others cover of it.
    region: the ground within reach, to be drawn.
    """

    share: float
    low: float
    high: float
    area_m2: Floats
    served_m2: Floats
    shares: Floats
    region: Any

    def people(self, residents: Any) -> float:
        """Residents within reach, of residents per polygon, (n,), spread evenly over each."""
        return float(np.sum(np.asarray(residents, dtype=np.float64) * self.shares))


def served_share(parks: Any, residential: Any, radius_m: float | None = None, *, roads: Any = None) -> float:
    """Share of residential land, 0-1, from which a park is within reach.

    parks: polygons or entrances (points); residential: polygons; both a GeoDataFrame, a GeoSeries or shapes in metres.
    radius_m: the reach in metres; without it the standard's: 500 m of parks of 5 000 m² and more, 300 m of those from
    1 000 m². Polygons that overlap or share an edge are one park.
    roads: lines to walk along; without them the straight line counts. Ground counts once where polygons overlap.
    Raises InvalidInput, CRSMismatch. Source: GB/T 51346-2019 (service radius); see `served` for bounds.

    Examples
    --------
    >>> import shapely
    >>> round(served_share([shapely.Point(0, 0)], [shapely.box(-1000, -1000, 1000, 1000)], 500.0), 6)  # π/16
    0.19635
    """
    return served(parks, residential, radius_m, roads=roads).share


def served(
    parks: Any, residential: Any, radius_m: float | None = None, *, roads: Any = None, parameters: Parameters | None = None
) -> Served:
    """As served_share, with proven bounds, per polygon, and the ground within reach.

    Examples
    --------
    >>> import planner as pl
    >>> import shapely
    >>> found = pl.served([shapely.Point(0, 0)], [shapely.box(-1000, -1000, 1000, 1000)], 500.0)
    >>> round(found.share, 4), found.low <= found.share <= found.high  # π/16, between proven bounds
    (0.1963, True)
    """
    p = defaults() if parameters is None else parameters
    park, park_crs = shapes_of(parks, "parks")
    home, home_crs = polygons_of(residential, "residential")
    walk, walk_crs = (None, None) if roads is None else shapes_of(roads, "roads")
    given = [("residential", home, home_crs), ("parks", park, park_crs)]
    home, park, *rest = in_one_plane(*given, *([("roads", walk, walk_crs)] if walk is not None else []))
    whole, home = home, counted_once(home)
    reach = _reach(one_park_each(park), radius_m, rest[0] if rest else None, p)
    best, low, high = reach.area_in(home)
    area = shapely.area(home)
    total = float(area.sum())
    bounds = (float(low.sum()) / total, min(float(high.sum()) / total, 1.0))
    share = min(max(float(best.sum()) / total, bounds[0]), bounds[1])
    best = np.clip(best, 0.0, area)
    return Served(share, *bounds, area, best, _shares(whole, reach, area, best), reach.outer)


def _shares(whole: Shapes, reach: Around, area: Floats, best: Floats) -> Floats:
    """Share of every whole polygon within reach, (n,); area, best: of its ground counted once, all and within reach, m²."""
    every = shapely.area(whole)
    found = np.divide(best, every, out=np.zeros_like(every), where=every > 0)
    shared = np.flatnonzero(area < every)
    if shared.size:
        found[shared] = reach.area_in(whole[shared])[0] / every[shared]
    return np.clip(found, 0.0, 1.0)


def counted_once(shapes: Shapes) -> Shapes:
    """Polygons less what an earlier one covers already, (n,); one that is wholly covered is empty."""
    first, second = shapely.STRtree(shapes).query(shapes, predicate="overlaps")
    more, most = shapely.STRtree(shapes).query(shapes, predicate="covered_by")
    pairs = np.unique(np.sort(np.column_stack([np.r_[first, more], np.r_[second, most]]), axis=1), axis=0)
    out = shapes.copy()
    for a, b in pairs[pairs[:, 0] != pairs[:, 1]]:
        out[b] = shapely.difference(out[b], out[a])
    return out


def one_park_each(shapes: Shapes) -> Shapes:
    """Shapes as parks: those that overlap or share an edge are one, however its ground is cut into rows; its size counts."""
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    edge = shapely.get_dimensions(shapely.intersection(shapes[first], shapes[second])) >= 1
    links = coo_array((np.ones(int(edge.sum()), np.int8), (first[edge], second[edge])), shape=(len(shapes), len(shapes)))
    group = connected_components(links, directed=False)[1]
    if len(np.unique(group)) == len(shapes):
        return shapes
    return np.array([shapely.union_all(shapes[group == k]) for k in np.unique(group)], dtype=object)


def _reach(park: Shapes, radius_m: float | None, roads: Shapes | None, p: Parameters) -> Around:
    """The ground within reach of parks, each at its own radius."""
    if radius_m is not None:
        if not (np.isfinite(radius_m) and radius_m > 0):
            raise InvalidInput(say("city.bad_number", name="radius_m", value=float(radius_m)))
        classes = [(park, float(radius_m))]
    else:
        area = shapely.area(park)
        large, small = p.number("city.park_large_m2"), p.number("city.park_small_m2")
        classes = [
            (park[area >= large], p.number("city.park_large_radius_m")),
            (park[(area >= small) & (area < large)], p.number("city.park_small_radius_m")),
        ]
    classes = [(shapes, radius) for shapes, radius in classes if shapes.size]
    if roads is None:
        discs = [around(shapes, radius) for shapes, radius in classes]
        empty = shapely.Polygon()
        if not discs:
            return Around(empty, empty)
        return Around(shapely.union_all([f.inner for f in discs]), shapely.union_all([f.outer for f in discs]))
    off_road = p.number("city.off_road_m")
    found = [walked(roads, shapes, radius, off_road) for shapes, radius in classes]
    if found and not any(met for _, met in found):
        raise InvalidInput(say("city.roads_far", distance=off_road))
    region = shapely.union_all([ground for ground, _ in found]) if found else shapely.Polygon()
    return Around(region, region)
