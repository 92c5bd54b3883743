"""Where coordinates lie: a file's CRS by what it says and by its numbers, and the one projected CRS to work in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
from pyproj.exceptions import CRSError, ProjError

from planner.errors import CRSMismatch
from planner.read.door import crs_of
from planner.read.record import Record
from planner.words import Message, say

Bounds = tuple[float, float, float, float]  # west, south, east, north

CHINA = (73.0, 17.0, 136.0, 54.0)  # degrees: west, south, east, north
_CHINA_NORTHING = (1.8e6, 6.1e6)  # m, Gauss–Krüger northings of China
MOST_DISTORTED = 0.005  # of an area: zones of 3° reach 3e-4 and of 6° 2e-3 at their edges; beyond, a projection is misused
_OLD_DATUMS = ("beijing", "xian", "xi'an", "xi_an", "bj54", "xian80")
_OLD_ELLIPSOIDS = ("krasov", "krassow", "iag 1975", "iag75", "xian", "1975 international")


@dataclass(frozen=True)
class Reference:
    """Another layer of the same site whose position is known: its CRS and bounds, and what it is called."""

    crs: pyproj.CRS
    bounds: Bounds
    role: str


def parse_crs(text: object, *, where: str) -> pyproj.CRS:
    """The horizontal CRS a user wrote (EPSG code, WKT, PROJ string).

    Raises CRSMismatch where it cannot be understood.
    """
    try:
        return horizontal(crs_of(text, where))
    except CRSError:
        raise CRSMismatch(say("read.crs_unknown", where=where, text=str(text)[:80])) from None


def horizontal(crs: pyproj.CRS) -> pyproj.CRS:
    """The horizontal part of a compound or three-dimensional CRS."""
    if crs.is_compound:
        return pyproj.CRS(crs.sub_crs_list[0])
    return crs.to_2d() if len(crs.axis_info) == 3 else crs


def label(crs: pyproj.CRS) -> str:
    """EPSG:code where the CRS matches one fully, else its name."""
    code = crs.to_epsg(min_confidence=100) or crs.to_epsg()
    return f"EPSG:{code} ({crs.name})" if code else crs.name


def is_old_datum(crs: pyproj.CRS) -> bool:
    """Whether the CRS is on Beijing 1954 or Xi'an 1980 without parameters that lead to a modern datum."""
    if crs.is_bound:
        return False
    base = crs.geodetic_crs
    if base is None or base.datum is None:
        return False
    names = f"{base.name} {base.datum.name}".lower()
    if any(n in names for n in _OLD_DATUMS):
        return True
    ellipsoid = crs.ellipsoid.name.lower() if crs.ellipsoid else ""
    return "unknown" in base.datum.name.lower() and any(n in ellipsoid for n in _OLD_ELLIPSOIDS)


def settle(bounds: Bounds, said: pyproj.CRS | None, *, role: str, record: Record, near: Reference | None) -> tuple[Any, bool]:
    """The CRS of a layer's coordinates and whether x and y must be swapped, from what its file says and its numbers.

    bounds: of the coordinates as stored. said: the CRS in the file or given for it, or None. near: a layer of known position.
    Raises CRSMismatch where the numbers leave it open, with the question to answer.
    """
    if said is not None and is_old_datum(said):
        raise CRSMismatch(say("read.old_datum", role=role, crs=said.name))
    x0, y0, x1, y1 = bounds
    if said is None:
        return _guess(bounds, role=role, record=record, near=near, said_what=None)
    if said.is_geographic:
        if max(abs(x0), abs(x1)) <= 180 and max(abs(y0), abs(y1)) <= 90:
            return said, False
        if max(abs(x0), abs(x1)) <= 90 and max(abs(y0), abs(y1)) <= 180:
            _say_swapped(role, record)
            return said, True
        return _guess(bounds, role=role, record=record, near=near, said_what="degrees")
    return _settle_projected(bounds, said, role=role, record=record)


def _settle_projected(bounds: Bounds, said: pyproj.CRS, *, role: str, record: Record) -> tuple[pyproj.CRS, bool]:
    x0, y0, x1, y1 = bounds
    if max(abs(x0), abs(x1)) <= 180 and max(abs(y0), abs(y1)) <= 180 and _in_china_degrees(bounds) is not None:
        swap = _in_china_degrees(bounds) == "swapped"
        base = said.geodetic_crs or pyproj.CRS(4490)
        record.warn(
            say("read.metres_but_degrees", role=role, name=said.name, base=base.name),
        )
        return base, swap
    zone = _zone_prefix((y0, x0, y1, x1))
    swapped = _is_transverse(said) and ((x0 > 2e6 and y0 >= 1e5 and y1 <= 9e5) or zone is not None)
    if swapped:
        _say_swapped(role, record)
        x0, y0, x1, y1 = y0, x0, y1, x1
    return _match_prefix((x0, y0, x1, y1), said, role=role, record=record), swapped


def _match_prefix(bounds: Bounds, said: pyproj.CRS, *, role: str, record: Record) -> pyproj.CRS:
    """The CRS with the false easting its numbers call for: with the zone's number in front or without."""
    easting = _false_easting(said)
    meridian = _central_meridian(said)
    if easting is None or meridian is None:
        return said
    prefix = _zone_prefix(bounds)
    if prefix is not None and abs(easting - 500_000) < 1:
        zone, width = prefix
        if abs(_zone_meridian(zone, width) - meridian) > 1e-6:
            raise CRSMismatch(
                say("read.meridians", role=role, meridian=meridian, x=bounds[0], zone=zone, central=_zone_meridian(zone, width))
            )
        return _with_easting(said, zone * 1e6 + 500_000, role=role, record=record)
    if easting > 1e6 and bounds[0] >= 1e5 and bounds[2] <= 9e5:
        return _with_easting(said, 500_000.0, role=role, record=record)
    return said


def _with_easting(said: pyproj.CRS, easting: float, *, role: str, record: Record) -> pyproj.CRS:
    described = said.to_json_dict()
    for parameter in described.get("conversion", {}).get("parameters", []):
        if parameter["name"] == "False easting":
            parameter["value"] = easting
    described["name"] = f"{described['name']} (false easting {easting:.0f})"
    described.pop("id", None)
    described.get("conversion", {}).pop("id", None)
    crs = pyproj.CRS.from_json_dict(described)
    record.warn(
        say("read.false_easting", role=role, name=said.name, easting=easting),
    )
    return crs


def _guess(
    bounds: Bounds, *, role: str, record: Record, near: Reference | None, said_what: str | None
) -> tuple[pyproj.CRS, bool]:
    """The CRS by numbers alone, where they admit only one."""
    hit = _by_numbers(bounds)
    if hit is None and near is not None and _meet(bounds, near.bounds):
        record.decide(
            say("read.crs_of", role=role),
            label(near.crs),
            say("read.takes_crs_of", role=near.role),
        )
        return near.crs, False
    if hit is None:
        raise CRSMismatch(say("read.position_open", role=role, question=_question(bounds, role)))
    crs, swap, why = hit
    cause = say("read.degrees_but_metres") if said_what else say("read.file_says_no_crs")
    record.decide(say("read.crs_of", role=role), label(crs), say("read.cause", cause=cause, why=why))
    if swap:
        _say_swapped(role, record)
    return crs, swap


def _by_numbers(bounds: Bounds) -> tuple[pyproj.CRS, bool, Message] | None:
    x0, y0, x1, y1 = bounds
    for swap, box in ((False, bounds), (True, (y0, x0, y1, x1))):
        prefix = _zone_prefix(box)
        if prefix is not None:
            zone, width = prefix
            code = 4488 + zone if width == 3 else 4478 + zone
            if width == 6 and zone <= 14:
                return None  # Web Mercator gives the same numbers in eastern China
            return pyproj.CRS(code), swap, say("read.zone_number", x=box[0], zone=zone, width=width)
    order = _in_china_degrees(bounds)
    if order is not None:
        return pyproj.CRS(4490), order == "swapped", say("read.china_degrees")
    return None


def _zone_prefix(bounds: Bounds) -> tuple[int, int] | None:
    """(zone, width in degrees) where eastings carry a zone's number and northings are China's, else None."""
    x0, y0, x1, y1 = bounds
    zone = int(x0 // 1e6)
    if zone != int(x1 // 1e6) or y0 < _CHINA_NORTHING[0] or y1 > _CHINA_NORTHING[1]:
        return None
    if not (x0 % 1e6 >= 1e5 and x1 % 1e6 <= 9e5):
        return None
    if 25 <= zone <= 45:
        return zone, 3
    return (zone, 6) if 13 <= zone <= 23 else None


def _zone_meridian(zone: int, width: int) -> float:
    return 3.0 * zone if width == 3 else 6.0 * zone - 3.0


def _in_china_degrees(bounds: Bounds) -> str | None:
    x0, y0, x1, y1 = bounds
    w, s, e, n = CHINA
    if w <= x0 and x1 <= e and s <= y0 and y1 <= n:
        return "straight"
    return "swapped" if w <= y0 and y1 <= e and s <= x0 and x1 <= n else None


def _question(bounds: Bounds, role: str) -> Message:
    x0, y0, x1, y1 = bounds
    if x0 >= 1e5 and x1 <= 9e5 and y0 >= _CHINA_NORTHING[0] and y1 <= _CHINA_NORTHING[1]:
        return say("read.which_zone", x=x0, role=role)
    if x0 >= 2e6 and y0 >= 1e5 and y1 <= 9e5:
        return say("read.axes_swapped", x=x0, y=y0, role=role)
    return say("read.no_crs_told", x0=x0, x1=x1, y0=y0, y1=y1, role=role)


def _say_swapped(role: str, record: Record) -> None:
    record.warn(
        say("read.swapped", role=role),
    )


def _is_transverse(crs: pyproj.CRS) -> bool:
    operation = crs.coordinate_operation
    return operation is not None and "transverse mercator" in operation.method_name.lower()


def _parameter(crs: pyproj.CRS, name: str) -> float | None:
    operation = crs.coordinate_operation
    if operation is None or crs.is_bound:
        return None
    return next((float(p.value) for p in operation.params if p.name.lower() == name), None)


def _false_easting(crs: pyproj.CRS) -> float | None:
    return _parameter(crs, "false easting") if _is_transverse(crs) else None


def _central_meridian(crs: pyproj.CRS) -> float | None:
    return _parameter(crs, "longitude of natural origin")


def _meet(a: Bounds, b: Bounds) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


@contextmanager
def computed(*systems: pyproj.CRS) -> Iterator[None]:
    """Tells of CRS between which PROJ knows no way, or with which it cannot compute, as CRSMismatch."""
    try:
        yield
    except ProjError:
        raise CRSMismatch(say("read.crs_no_projection", crs=[label(crs) for crs in systems])) from None


def transformed(bounds: Bounds, source: pyproj.CRS, target: pyproj.CRS) -> Bounds:
    """Bounds in another CRS, edges densified; infinite where they have no image."""
    if source == target:
        return bounds
    with computed(source, target):
        found = pyproj.Transformer.from_crs(source, target, always_xy=True).transform_bounds(
            *bounds, densify_pts=21, errcheck=False
        )
    return float(found[0]), float(found[1]), float(found[2]), float(found[3])


def suits(crs: pyproj.CRS) -> bool:
    """Whether areas and distances may be taken in the CRS: projected, metres, not the web map's."""
    if not crs.is_projected or any(abs(axis.unit_conversion_factor - 1) > 1e-9 for axis in crs.axis_info):
        return False
    method = crs.coordinate_operation.method_name.lower() if crs.coordinate_operation else ""
    return "pseudo" not in method and "equidistant cylindrical" not in method and method != "mercator (variant a)"


def keeps_areas(crs: pyproj.CRS, bounds: Bounds) -> bool:
    """Whether plane areas at bounds are true to MOST_DISTORTED: a projection in metres, used where it was made for."""
    factors = _factors(crs, bounds) if suits(crs) else None
    return factors is not None and bool(abs(factors.areal_scale - 1.0) <= MOST_DISTORTED)


def keeps_lengths(crs: pyproj.CRS, bounds: Bounds) -> bool:
    """Whether plane lengths at bounds are true to MOST_DISTORTED in every direction; so they are where bounds have no place."""
    if not suits(crs):
        return False
    factors = _factors(crs, bounds)
    if factors is None:
        return True
    scales = np.array([factors.tissot_semimajor, factors.tissot_semiminor])
    return bool(not np.isfinite(scales).all() or np.abs(scales - 1.0).max() <= MOST_DISTORTED)


def _factors(crs: pyproj.CRS, bounds: Bounds) -> Any:
    """How a projection distorts amid bounds; None where they have no place on the earth; in its own datum.

    Raises CRSMismatch where PROJ has no way to compute with it.
    """
    west, south, east, north = bounds
    with computed(crs):
        projection = pyproj.Proj(crs)
    xs, ys = [west, east, east, west, (west + east) / 2], [south, south, north, north, (south + north) / 2]
    lon, lat = projection(xs, ys, inverse=True, errcheck=False)
    return projection.get_factors(lon[-1], lat[-1]) if np.isfinite([*lon, *lat]).all() else None


def zone_crs(bounds: Bounds, crs: pyproj.CRS) -> pyproj.CRS:
    """The zone, in metres, of bounds in a CRS that does not keep lengths."""
    degrees = pyproj.CRS(4490)
    return working_crs(transformed(bounds, crs, degrees), degrees, forced=None, record=Record())


def metric_crs(bounds: Bounds, crs: pyproj.CRS) -> pyproj.CRS:
    """A projected CRS in metres that keeps areas at bounds in crs: this one where it does, else the zone there."""
    return crs if keeps_areas(crs, bounds) else working_crs(bounds, crs, forced=None, record=Record())


def working_crs(bounds: Bounds, crs: pyproj.CRS, *, forced: pyproj.CRS | None, record: Record) -> pyproj.CRS:
    """The one projected CRS in metres for a site whose polygons lie at bounds in crs.

    Raises CRSMismatch where the forced one is not projected in metres.
    """
    what = say("read.working_crs")
    if forced is not None and not forced.is_geographic:
        if not suits(forced):
            raise CRSMismatch(say("read.site_crs", crs=forced.name))
        record.decide(what, label(forced), say("read.unit_given"))
        if not keeps_areas(forced, transformed(bounds, crs, forced)):
            record.warn(say("read.crs_distorts", crs=label(forced)))
        return forced
    if forced is not None:
        why = say("read.degrees_place")
        record.decide(say("read.crs_given"), label(forced), why)
    if keeps_areas(crs, bounds):
        record.decide(what, label(crs), say("read.that_of_polygons"))
        return crs
    lonlat = transformed(bounds, crs, pyproj.CRS(4326))
    lon, lat = (lonlat[0] + lonlat[2]) / 2, (lonlat[1] + lonlat[3]) / 2
    if not np.isfinite([lon, lat]).all():
        raise CRSMismatch(say("read.nowhere", bounds=bounds, crs=crs.name))
    if CHINA[0] <= lon <= CHINA[2] and CHINA[1] <= lat <= CHINA[3]:
        chosen = pyproj.CRS(4488 + min(max(round(lon / 3), 25), 45))
        why = say("read.areas_zone", name=crs.name, lon=lon)
    else:
        zone = min(int((lon + 180) // 6) + 1, 60)
        chosen = pyproj.CRS((32600 if lat >= 0 else 32700) + zone)
        why = say("read.areas_utm", name=crs.name, lon=lon)
    record.decide(what, label(chosen), why)
    return chosen


def why_apart(mine: Bounds, crs: pyproj.CRS, theirs: Bounds) -> Message:
    """The likely reason why bounds do not meet others in the same CRS, as a phrase, by trying the usual mistakes."""
    x0, y0, x1, y1 = mine
    if _meet((y0, x0, y1, x1), theirs):
        return say("read.why_swapped")
    meridian = _central_meridian(crs)
    easting = _false_easting(crs)
    if easting is not None and meridian is not None:
        for step in (-6.0, -3.0, 3.0, 6.0):
            other = pyproj.CRS.from_proj4(f"+proj=tmerc +lon_0={meridian + step} +x_0={easting} +ellps=GRS80 +units=m")
            if _meet(transformed(mine, other, crs), theirs):
                return say("read.why_zone", other=meridian + step, meridian=meridian)
        offset = round((theirs[0] - x0) / 1e6) * 1e6
        if offset and _meet((x0 + offset, y0, x1 + offset, y1), theirs):
            return say("read.why_zone_number")
    gap = max(theirs[0] - x1, x0 - theirs[2], theirs[1] - y1, y0 - theirs[3])
    if gap < 1_000:
        return say("read.why_datum", gap=gap)
    return say("read.why_far", gap=gap / 1000)
