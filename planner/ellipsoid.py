"""Areas of polygons on the ellipsoid, whatever their CRS: the one area that is reported."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyproj
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from planner.core.polygons.area import Bows, bows, densified, every_second, geodesic_areas
from planner.core.polygons.rings import Rings, rings_of
from planner.errors import CRSMismatch
from planner.words import say

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LONGEST_STEP_M: Final = 1000.0  # along a straight edge of a projection: what is then left out is below 1e-10 of the area
LONGEST_EDGE_RAD: Final = 0.003  # about 19 km: longer geodesics are left to the geodesic library
SMALL_BOW: Final = 1e-7  # of an area; to first order a bow is known to a hundredth
WIDEST_M: Final = 500_000.0  # from the central meridian: farther out a projection's scale is not followed
FARTHEST_M: Final = 1e8  # zone numbers in the easting reach 6·10⁷


def ellipsoidal_m2(shapes: NDArray[Any], crs: Any) -> Floats:
    """Ellipsoidal area of polygons, m², (n,); edges are straight in a projected CRS and geodesics in a geographic one.

    A straight edge of a projection is laid on the ellipsoid as geodesics between points along it, twice, with every point and
    with every second one: what a geodesic bows away from the edge falls with the square of its length, so the two give the
    limit. In a Gauss–Krüger zone the bows of small polygons are known closely enough from the projection's scale. Rings are
    taken as valid: where one crosses itself its loops count against each other. Raises CRSMismatch where crs is None or no
    place on the Earth, or the coordinates lie outside what it can hold.
    """
    system = _system(crs)
    rings = rings_of(shapes)
    if system.is_geographic:
        return _measured(rings, system)
    if max(np.max(np.abs(rings.x), initial=0.0), np.max(np.abs(rings.y), initial=0.0)) > FARTHEST_M:
        raise CRSMismatch(say("ellipsoid.too_large", name=system.name))
    small = _bows(rings, system)
    if small is None:
        return _along_straight_edges(rings, system)
    area = _measured(rings, system) + small.less
    large = np.flatnonzero(~(small.between <= SMALL_BOW * small.plane))
    if len(large):
        area[large] = _along_straight_edges(rings.take(large), system)
    return area


def _bows(rings: Rings, system: pyproj.CRS) -> Bows | None:
    """How far geodesics bow away from straight edges; None where the projection's own formula is not at hand."""
    operation, ellipsoid = system.coordinate_operation, system.ellipsoid
    if operation is None or ellipsoid is None or operation.method_name != "Transverse Mercator":
        return None
    middle = next((float(p.value) for p in operation.params if p.name == "False easting"), np.nan)
    in_metres = system.axis_info[0].unit_conversion_factor == 1.0
    if not (in_metres and np.max(np.abs(rings.x - middle), initial=0.0) <= WIDEST_M):
        return None
    return bows(*rings, middle, float(np.sqrt(ellipsoid.semi_major_metre * ellipsoid.semi_minor_metre)))


def _along_straight_edges(rings: Rings, system: pyproj.CRS) -> Floats:
    """Areas of polygons whose edges are straight in a projection, m², (n,)."""
    x, y, ring = densified(rings.x, rings.y, rings.ring, LONGEST_STEP_M / system.axis_info[0].unit_conversion_factor)
    lon, lat = _placed(x, y, system)
    area = _between_vertices(lon, lat, ring, rings.hole, rings.polygon, system)
    kept, coarse = every_second(ring)
    return area + (area - _between_vertices(lon[kept], lat[kept], coarse, rings.hole, rings.polygon, system)) / 3.0


def _measured(rings: Rings, system: pyproj.CRS) -> Floats:
    """Areas of polygons whose edges are geodesics, m², (n,)."""
    return _between_vertices(*_placed(rings.x, rings.y, system), rings.ring, rings.hole, rings.polygon, system)


def _placed(x: Floats, y: Floats, system: pyproj.CRS) -> tuple[Floats, Floats]:
    """Longitude and latitude, degrees, (v,). Raises CRSMismatch where there is none."""
    to_degrees = pyproj.Transformer.from_crs(system, _in_degrees(system), always_xy=True)
    lon, lat = to_degrees.transform(x, y)
    if not (np.all(np.isfinite(lon)) and np.all(np.isfinite(lat))):
        raise CRSMismatch(say("ellipsoid.cannot_hold", name=system.name))
    if np.max(np.abs(lat), initial=0.0) > 90.0 + 1e-9:
        raise CRSMismatch(say("ellipsoid.beyond_pole", name=system.name, latitude=np.max(np.abs(lat))))
    return lon, lat


def _system(crs: Any) -> pyproj.CRS:
    """A CRS in which a polygon lies somewhere on the Earth. Raises CRSMismatch for anything else."""
    if crs is None:
        raise CRSMismatch(say("ellipsoid.no_crs"))
    try:
        system = pyproj.CRS.from_user_input(crs)
    except CRSError:
        raise CRSMismatch(say("ellipsoid.unknown_crs", crs=str(crs)[:60])) from None
    if system.ellipsoid is None or system.geodetic_crs is None or system.is_geocentric:
        raise CRSMismatch(say("ellipsoid.nowhere", name=system.name))
    return system


def _between_vertices(
    lon: Floats, lat: Floats, ring: Ints, hole: NDArray[np.bool_], polygon: Ints, system: pyproj.CRS
) -> Floats:
    """Areas of polygons whose edges are geodesics, m², (n,); what is too large for the series goes to the library."""
    assert system.ellipsoid is not None
    major, flattening = system.ellipsoid.semi_major_metre, 1.0 / (system.ellipsoid.inverse_flattening or np.inf)
    found = geodesic_areas(lon, lat, ring, hole, polygon, semi_major=major, flattening=flattening)
    area = found.area.copy()
    geod = pyproj.Geod(a=major, f=flattening)
    for i in np.flatnonzero((found.longest > LONGEST_EDGE_RAD) | ~found.closed):
        area[i] = 0.0
        for j in range(polygon[i], polygon[i + 1]):
            one = abs(geod.polygon_area_perimeter(lon[ring[j] : ring[j + 1]], lat[ring[j] : ring[j + 1]])[0])
            area[i] += -one if hole[j] else one
    return area


def _in_degrees(system: pyproj.CRS) -> pyproj.CRS:
    """The geographic CRS a CRS is based on, in degrees from Greenwich whatever its own units."""
    base = system.geodetic_crs
    if base is None or system.ellipsoid is None:
        raise CRSMismatch(say("ellipsoid.no_place", name=system.name))
    if base.axis_info and abs(base.axis_info[0].unit_conversion_factor - np.pi / 180.0) < 1e-15:
        return base
    axes = {"a": system.ellipsoid.semi_major_metre, "b": system.ellipsoid.semi_minor_metre}
    return pyproj.CRS.from_dict({"proj": "longlat", **axes})
