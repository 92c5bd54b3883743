"""Layers of a city as plain shapes in one metric plane."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import ProjError

from planner.errors import CRSMismatch, InvalidInput
from planner.words import plain, say

Shapes = NDArray[np.object_]
MAX_DISTORTION = 5e-4  # of lengths; a Gauss-Krüger zone's edge has 2.5e-4, Web Mercator at 34° N 0.21


def shapes_of(layer: Any, name: str) -> tuple[Shapes, pyproj.CRS | None]:
    """The shapes of a GeoDataFrame, a GeoSeries or a sequence of shapes, and their CRS where they carry one.

    Raises InvalidInput for a layer that holds no shape, or one that is broken.
    """
    if isinstance(layer, gpd.GeoDataFrame | gpd.GeoSeries):
        crs = layer.crs
        shapes = np.asarray(layer.geometry.to_numpy(), dtype=object)
    else:
        crs, single = None, isinstance(layer, shapely.Geometry)
        shapes = np.array([layer] if single else list(layer), dtype=object)
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not shapes.size:
        raise InvalidInput(say("city.no_shapes", layer=name))
    broken = np.flatnonzero(~shapely.is_valid(shapes))
    if broken.size:
        why = shapely.is_valid_reason(shapes[broken[0]])
        raise InvalidInput(say("city.invalid_shape", layer=name, row=int(broken[0]) + 1, why=plain(str(why))))
    return shapes, None if crs is None else pyproj.CRS(crs)


def polygons_of(layer: Any, name: str) -> tuple[Shapes, pyproj.CRS | None]:
    """As shapes_of, for polygons only. Raises InvalidInput for a layer without area."""
    shapes, crs = shapes_of(layer, name)
    if not (shapely.area(shapes) > 0).all():
        first = int(np.flatnonzero(~(shapely.area(shapes) > 0))[0])
        raise InvalidInput(say("city.no_area", layer=name, row=first + 1, kind=shapes[first].geom_type))
    return shapes, crs


def in_one_plane(*layers: tuple[str, Shapes, pyproj.CRS | None]) -> list[Shapes]:
    """Layers in the first one's CRS where its lengths are true to 5e-4, else in a plane about their middle, metres.

    Raises CRSMismatch where some layers have a CRS and others have none.
    """
    known = [crs for _, _, crs in layers if crs is not None]
    if not known:
        return [shapes for _, shapes, _ in layers]
    if len(known) < len(layers):
        name = next(name for name, _, crs in layers if crs is None)
        raise CRSMismatch(say("city.some_without_crs", layer=name))
    try:
        plane = known[0] if _true_lengths(known[0], layers[0][1]) else _local(known[0], layers[0][1])
        return [_moved(shapes, crs, plane) for _, shapes, crs in layers if crs is not None]
    except ProjError:
        raise CRSMismatch(say("city.out_of_crs", layer=layers[0][0], crs=known[0].name)) from None


def _middle(crs: pyproj.CRS, shapes: Shapes) -> tuple[float, float]:
    west, south, east, north = shapely.total_bounds(shapes)
    return pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform((west + east) / 2, (south + north) / 2)


def _true_lengths(crs: pyproj.CRS, shapes: Shapes) -> bool:
    if not crs.is_projected or crs.axis_info[0].unit_conversion_factor != 1.0:
        return False
    factors = pyproj.Proj(crs).get_factors(*_middle(crs, shapes))
    return max(abs(factors.meridional_scale - 1.0), abs(factors.parallel_scale - 1.0)) <= MAX_DISTORTION


def _local(crs: pyproj.CRS, shapes: Shapes) -> pyproj.CRS:
    lon, lat = _middle(crs, shapes)
    return pyproj.CRS.from_proj4(f"+proj=tmerc +lon_0={lon:.4f} +lat_0={lat:.4f} +k=1 +ellps=GRS80 +units=m +type=crs")


def _moved(shapes: Shapes, crs: pyproj.CRS, plane: pyproj.CRS) -> Shapes:
    if crs == plane:
        return shapes
    return np.asarray(gpd.GeoSeries(shapes, crs=crs).to_crs(plane).to_numpy(), dtype=object)
