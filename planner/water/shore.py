"""Shorelines: where a water level meets the ground, from its triangulated surface."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import contourpy
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.site import Grid
from planner.water.works import Works, refuse_overlaps
from planner.words import say

Floats = NDArray[np.float64]


def shoreline(
    ground: Grid,
    level_m: float,
    *,
    within: Any = None,
    seed: tuple[float, float] | None = None,
    works: Sequence[Works] = (),
) -> shapely.MultiPolygon:
    """The water surface at a level over a ground, with islands as holes; its area is the better one, volumes are better by
    cells.

    Between the centres of four cells the ground is four triangles that meet in their mean, so a plane's shoreline is exact;
    the half cell along the edge goes on level. Of four centres of which one is missing the triangle of the other three
    counts. within: a geometry to cut it with. seed: x, y; only the water body it lies in. works: what is dug and filled before
    the water comes; Raises InvalidInput for a level that is no
    finite number and for works that overlap.
    """
    if not np.isfinite(level_m):
        raise InvalidInput(say("water.level_finite", level_m=level_m))
    surface = _below(ground, level_m)
    if works:
        refuse_overlaps(works)
        changed = shapely.union_all([w.geometry for w in works])
        surface = shapely.union_all([shapely.difference(surface, changed), *_wet(ground, level_m, works)])
    if within is not None:
        surface = shapely.intersection(surface, within)
    parts = _pieces(surface)
    if seed is not None:
        here = shapely.Point(seed)
        parts = [p for p in parts if p.intersects(here)]
    return shapely.MultiPolygon(parts)


def _wet(ground: Grid, level: float, works: Sequence[Works]) -> list[Any]:
    """What of the works lies under water: ground dug by a depth is wet where the ground before lies less than that too high."""
    surfaces: dict[float, Any] = {}
    found = []
    for w in works:
        if w.at_least_m >= level:
            continue
        at = np.inf if w.at_most_m < level else level + w.dig_m  # dug down to below the level: all known ground is wet
        if at not in surfaces:
            surfaces[at] = _below(ground, at)
        found.append(shapely.intersection(surfaces[at], w.geometry))
    return found


def _below(ground: Grid, level: float) -> Any:
    """Where the triangulated ground lies below a level; all known ground for ∞."""
    z = np.ma.masked_invalid(np.pad(ground.values, 1, mode="edge"))
    low = float(z.min()) if z.count() else np.inf
    if low >= level:
        return shapely.MultiPolygon()
    x, y = ground.centres()
    west, south, east, north = ground.bounds
    tracer: Any = contourpy.contour_generator(
        np.concatenate(([west], x, [east])),
        np.concatenate(([north], y, [south])),
        z,
        name="serial",
        quad_as_tri=True,
        fill_type=contourpy.FillType.OuterOffset,
    )
    points, offsets = tracer.filled(low - 1.0, min(level, float(z.max()) + 1.0))
    parts = [_polygon(p, o) for p, o in zip(points, offsets, strict=True)]
    return shapely.MultiPolygon([q for p in parts if p is not None for q in _pieces(p)])


def _polygon(points: Floats, offsets: NDArray[np.uint32]) -> Any:
    """One outline with its holes; None where it has no area."""
    rings = [points[a:b] for a, b in pairwise(offsets) if b - a >= 4]
    if not rings:
        return None
    shape: Any = shapely.Polygon(rings[0], rings[1:])
    if not shape.is_valid:  # a shore that meets itself in a saddle point
        shape = shapely.make_valid(shape, method="structure")
    return shape if shape.area > 0 else None


def _pieces(shape: Any) -> list[Any]:
    return [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 0]
