"""Where the mine is felt: contour polygons of subsidence and deformation, the damage boundary, the waterlogging line."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import contourpy
import geopandas as gpd
import numpy as np
import shapely

from planner.errors import InvalidInput
from planner.parameters import Parameters, defaults
from planner.site import Grid, WaterTable
from planner.words import say


def area_above(grid: Grid, level: float) -> Any:
    """The area in which a grid is at least a level, as a (multi)polygon through linear interpolation between cell centres.

    Cells that are missing are outside; the outermost half cell keeps the value of its centre.
    """
    x, y = grid.centres()
    if min(grid.shape) < 1:
        raise InvalidInput(say("subsidence.no_cells"))
    west, south, east, north = grid.bounds
    x, y = np.concatenate([[west], x, [east]]), np.concatenate([[north], y, [south]])
    values = np.ma.masked_invalid(np.pad(grid.values, 1, mode="edge"))
    if not values.count() or values.max() < level:
        return shapely.MultiPolygon()
    lines = contourpy.contour_generator(x, y, values, name="serial", fill_type="OuterOffset")
    filled: Any = lines.filled(level, np.inf)
    shapes = []
    for ring_points, ring_offsets in zip(*filled, strict=True):
        rings = [ring_points[a:b] for a, b in pairwise(ring_offsets)]
        rings = [r for r in rings if len(r) >= 4]
        if rings:
            shapes.append(shapely.Polygon(rings[0], rings[1:]))
    return shapely.union_all(shapely.make_valid(np.array(shapes, dtype=object))) if shapes else shapely.MultiPolygon()


def boundaries(fields: Mapping[str, Grid], crs: Any, *, parameters: Parameters | None = None) -> gpd.GeoDataFrame:
    """Outer limit and damage boundary of a prediction.

    fields: what `predict_grid` returns. Returns rows indexed by `boundary`: `outer` (the 10 mm line), `tilt`, `strain`,
    `curvature`, and `damage`, which is all of these three together; columns `level`, `unit`, `source`, `area_m2`, geometry.
    """
    p = parameters or defaults()
    lines = (
        ("outer", "subsidence_m", "outer_subsidence_mm", 1e-3),
        ("tilt", "tilt_mm_m", "tilt_mm_m", 1.0),
        ("strain", "strain_mm_m", "strain_mm_m", 1.0),
        ("curvature", "curvature_mm_m2", "curvature_mm_m2", 1.0),
    )
    rows = {}
    for name, column, key, scale in lines:
        told, level = p[f"standards.boundary.{key}"], p.number(f"standards.boundary.{key}")
        size = fields[column].like(np.abs(fields[column].values))
        rows[name] = (level, told.unit, told.source, area_above(size, level * scale))
    parts = [rows[n][3] for n in ("tilt", "strain", "curvature")]
    rows["damage"] = (np.nan, "", "tilt, strain or curvature beyond its boundary", shapely.union_all(parts))
    frame = gpd.GeoDataFrame(
        [r[:3] for r in rows.values()],
        columns=["level", "unit", "source"],
        index=list(rows),
        geometry=[r[3] for r in rows.values()],
        crs=crs,
    )
    frame.index.name = "boundary"
    frame.insert(3, "area_m2", frame.area)
    return frame


def waterlogging(original: Grid, subsidence: Grid, water_table: WaterTable, crs: Any) -> gpd.GeoDataFrame:
    """Where the final ground lies below the water table: rows `perennial` (below its dry stand) and `seasonal` (below its wet
    stand only).

    original: ground before mining, m. subsidence: final subsidence, m, on the same cells.
    """
    final = original.values - subsidence.values
    perennial, wet = (area_above(original.like(t.values - final), 0.0) for t in (water_table.dry, water_table.wet))
    shapes = [perennial, shapely.difference(wet, perennial)]
    frame = gpd.GeoDataFrame(index=["perennial", "seasonal"], geometry=shapes, crs=crs)
    frame.index.name = "waterlogging"
    frame.insert(0, "area_m2", frame.area)
    return frame
