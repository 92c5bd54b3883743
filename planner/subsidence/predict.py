"""Prediction on points and grids: subsidence and deformation of mining panels, at the end of all movement or at a date."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.core import probability_integral as kernel
from planner.errors import CRSMismatch, InvalidInput
from planner.memory import MEMORY
from planner.parameters import Parameters
from planner.site import Grid
from planner.subsidence.panels import Panels, check_panels
from planner.subsidence.sources import Sources, sources
from planner.words import say

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]
COLUMNS: Final = ("subsidence_m", "tilt_mm_m", "curvature_mm_m2", "displacement_mm", "strain_mm_m")
SCALE: Final = np.array([1.0, 1e3, 1e3, 1e3, 1e3])  # from m, 1, 1/m, m, 1 to COLUMNS' units
BAND_CELLS: Final = MEMORY.predicted_cells


def predict(
    panels: gpd.GeoDataFrame,
    points: Any,
    *,
    year: float | None = None,
    years: float | None = None,
    direction_deg: float | None = None,
    parameters: Parameters | None = None,
) -> pd.DataFrame:
    """Subsidence and deformation at points.

    panels: polygons with thickness_m, depth_m and optional columns (CONTRACT, `planner predict`). points: GeoSeries or
    GeoDataFrame of points in the panels' CRS, or an (n, 2) array of x, y. year: calendar year at which to look (None: all
    movement done). years: instead, so many years after each panel's extraction. direction_deg: azimuth along which
    deformations are taken, signed; None: the largest over all directions.
    Returns COLUMNS, indexed as the points.

    Raises InvalidInput or CRSMismatch.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import planner as pl
    >>> import shapely
    >>> goaf = shapely.box(0, 0, 900, 900)
    >>> panel = gpd.GeoDataFrame({"thickness_m": [3.0], "depth_m": [300.0]}, geometry=[goaf], crs="EPSG:4548")
    >>> middle = gpd.GeoSeries([shapely.Point(450, 450)], crs="EPSG:4548")
    >>> moved = pl.predict(panel, middle)
    >>> 1.5 < float(moved["subsidence_m"].iloc[0]) < 3.0
    True
    """
    checked = check_panels(panels, parameters=parameters)
    xy, index = _coordinates(points, panels)
    fields = fields_at(sources(checked).weighted(share_at(checked, year=year, years=years)), xy)
    return pd.DataFrame(reduced(fields, direction_deg), index=index, columns=list(COLUMNS))


def predict_grid(
    panels: gpd.GeoDataFrame,
    grid: Grid,
    *,
    year: float | None = None,
    years: float | None = None,
    direction_deg: float | None = None,
    parameters: Parameters | None = None,
) -> dict[str, Grid]:
    """Subsidence and deformation at the centres of a grid's cells; arguments as `predict`.

    Returns a grid for each of COLUMNS.
    """
    checked = check_panels(panels, parameters=parameters)
    weighted = sources(checked).weighted(share_at(checked, year=year, years=years))
    result = [np.empty(grid.shape) for _ in COLUMNS]
    for rows, fields in bands(weighted, grid):
        for values, column in zip(result, np.moveaxis(reduced(fields, direction_deg), -1, 0), strict=True):
            values[rows] = column
    return {
        name: Grid(values, grid.west, grid.north, grid.cell_x, grid.cell_y)
        for name, values in zip(COLUMNS, result, strict=True)
    }


def grid_over(panels: gpd.GeoDataFrame, cell_m: float, *, parameters: Parameters | None = None) -> Grid:
    """An empty grid of square cells that covers everything the panels move, aligned to multiples of the cell size."""
    return empty_grid(sources(check_panels(panels, parameters=parameters)), cell_m)


def empty_grid(s: Sources, cell_m: float) -> Grid:
    """As `grid_over`, without values: they are never held in memory."""
    if not (cell_m > 0 and np.isfinite(cell_m)):
        raise InvalidInput(say("subsidence.cell_size", cell_m=cell_m))
    boxes = [_reach_box(row) for row in np.concatenate([s.rectangles, s.outlines])]
    west, south = np.floor(np.min(boxes, axis=0)[:2] / cell_m) * cell_m
    east, north = np.ceil(np.max(boxes, axis=0)[2:] / cell_m) * cell_m
    shape = round((north - south) / cell_m), round((east - west) / cell_m)
    return Grid(np.broadcast_to(np.nan, shape), float(west), float(north), cell_m, cell_m)


def share_at(panels: Panels, *, year: float | None, years: float | None) -> Floats:
    """Share of each panel's final subsidence come by a calendar year, or so many years after its extraction."""
    if year is not None and years is not None:
        raise InvalidInput(say("subsidence.year_or_years"))
    if years is not None:
        if years < 0:
            raise InvalidInput(say("subsidence.years_negative", years=years))
        return panels.share_after(years)
    return panels.share(year)


def fields_at(s: Sources, xy: Floats) -> Floats:
    """The kernel's fields at points. xy: (n, 2), m. Returns (n, 11)."""
    x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
    fields = kernel.rectangles_at_points(s.rectangles, x, y)
    if len(s.outlines):
        fields += kernel.outlines_at_points(s.nodes, s.start, s.outlines, x, y)
    return fields


def bands(s: Sources, grid: Grid, *, cells: int = BAND_CELLS, multiple: int = 1) -> Iterator[tuple[slice, Floats]]:
    """Yields (slice of rows, fields (rows, cols, 11)) down the grid, so that memory stays bounded however large it is.

    cells: about how many are held at once. multiple: of which a band's rows are, so that tiles of a file are written once.
    """
    x, y = grid.centres()
    step = max(1, cells // max(len(x), 1) // multiple) * multiple
    for first in range(0, len(y), step):
        rows = slice(first, min(first + step, len(y)))
        yield rows, fields_on(s, x, y[rows])


def fields_on(s: Sources, x: Floats, y: Floats) -> Floats:
    """The kernel's fields on a grid of columns x and rows y. Returns (rows, cols, 11)."""
    fields: Floats = kernel.rectangles_on_grid(s.rectangles, x, y)
    if len(s.outlines):
        kernel.outlines_on_grid(s.nodes, s.start, s.outlines, x, y, fields)
    return fields


def subsidence_on(s: Sources, x: Floats, y: Floats) -> Floats:
    """The subsidence alone on a grid of columns x and rows y, m. Returns (rows, cols)."""
    w = np.zeros((len(y), len(x)))
    kernel.rectangles_subsidence(s.rectangles, x, y, w)
    if len(s.outlines):
        fields = np.zeros((len(y), len(x), 11))
        kernel.outlines_on_grid(s.nodes, s.start, s.outlines, x, y, fields)
        w += fields[..., 0]
    return w


def reaches(s: Sources, south: float, north: float) -> bool:
    """Whether any of the panels moves ground between two northings, m."""
    rows = np.concatenate([s.rectangles, s.outlines])
    top = rows[:, 4] * np.maximum(rows[:, 3], 0.0) + rows[:, 5] * np.maximum(rows[:, 2], 0.0)
    bottom = rows[:, 4] * np.minimum(rows[:, 3], 0.0) + rows[:, 5] * np.minimum(rows[:, 2], 0.0)
    reach = kernel.REACH * rows[:, 6]
    return bool(np.any((rows[:, 1] + top + reach >= south) & (rows[:, 1] + bottom - reach <= north)))


def reduced(fields: Floats, direction_deg: float | None) -> Floats:
    """Fields (…, 11) as COLUMNS in their units, (…, 5): largest over all directions, or along one."""
    values = kernel.principal(fields) if direction_deg is None else kernel.along(fields, float(direction_deg))
    scaled: Floats = values * SCALE
    return scaled


def _reach_box(row: Floats) -> tuple[float, float, float, float]:
    x, y, c, s, length, width, radius = row[:7]
    corners = np.array([[0, 0], [length, 0], [length, width], [0, width]]) @ np.array([[c, s], [-s, c]]) + (x, y)
    reach = 1.5 * radius  # 1e-4 of W₀ is left there
    west, south = corners.min(axis=0) - reach
    east, north = corners.max(axis=0) + reach
    return float(west), float(south), float(east), float(north)


def _coordinates(points: Any, panels: gpd.GeoDataFrame) -> tuple[Floats, Any]:
    geometry = getattr(points, "geometry", None)
    if geometry is None:
        xy = np.asarray(points, dtype=float)
        if xy.ndim != 2 or xy.shape[1] != 2 or not np.isfinite(xy).all():
            raise InvalidInput(say("subsidence.points_array", shape=xy.shape))
        return xy, pd.RangeIndex(len(xy))
    if points.crs is not None and points.crs != panels.crs:
        raise CRSMismatch(say("subsidence.points_crs", theirs=points.crs.name, ours=panels.crs.name))
    kinds = set(geometry.geom_type)
    if kinds - {"Point"}:
        raise InvalidInput(say("subsidence.points_kind", found=sorted(map(str, kinds))))
    return shapely.get_coordinates(np.asarray(geometry)), points.index
