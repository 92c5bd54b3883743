"""Shorelines: where a water level meets the ground, from its triangulated surface."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import contourpy
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.site import Grid

Floats = NDArray[np.float64]


def shoreline(
    ground: Grid, level_m: float, *, within: Any = None, seed: tuple[float, float] | None = None
) -> shapely.MultiPolygon:
    """The water surface at a level over a ground, with islands as holes; its area is the better one, volumes are better by
    cells.

    Between the centres of four cells the ground is four triangles that meet in their mean, so a plane's shoreline is exact;
    the half cell along the edge goes on level. Of four centres of which one is missing the triangle of the other three
    counts. within: a geometry to cut it with. seed: x, y; only the water body it lies in. Raises InvalidInput for a level
    that is no finite number.
    """
    if not np.isfinite(level_m):
        raise InvalidInput(f"level = {level_m}: a finite number of metres is expected")
    z = np.ma.masked_invalid(np.pad(ground.values, 1, mode="edge"))
    low = float(z.min()) if z.count() else np.inf
    if low >= level_m:
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
    points, offsets = tracer.filled(low - 1.0, level_m)
    parts = [_polygon(p, o) for p, o in zip(points, offsets, strict=True)]
    parts = [p for p in parts if p is not None]
    if seed is not None:
        here = shapely.Point(seed)
        parts = [p for p in parts if p.intersects(here)]
    surface = shapely.MultiPolygon([q for p in parts for q in _pieces(p)])
    if within is not None:
        surface = shapely.MultiPolygon(_pieces(shapely.intersection(surface, within)))
    return surface


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
