"""Repair of polygons one by one by stated rules, each change of area kept."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.read.record import Fault, Record
from planner.read.rings import Geometries, mended
from planner.words import Message, say

MIN_PART_M2: Final = 1.0  # m²: a part below this is digitising dust, far under the 0.01 mu that surveys report
CLOSE_M: Final = 1.0  # m: a line whose ends miss each other by less was meant to be closed


def repaired(frame: gpd.GeoDataFrame, *, role: str, shown: str, labels: NDArray[Any], record: Record) -> gpd.GeoDataFrame:
    """The frame with valid, two-dimensional, polygonal geometry; rows without any are dropped and told.

    labels: what to call each row in a fault, shape (n,). Rules: lines that close are polygons; a ring that crosses itself
    becomes the areas it encloses; parts under MIN_PART_M2 go. Raises InvalidInput where nothing polygonal is left.
    """
    geometry: Geometries = np.array(frame.geometry.to_numpy(), dtype=object)
    empty = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    _note(record, "empty", role, labels, empty, geometry, action=say("read.dropped"))
    if (shapely.has_z(geometry) | shapely.has_m(geometry)).any():
        geometry = shapely.force_2d(geometry)
    sound = shapely.is_valid(geometry)  # a coordinate that is no number makes a geometry invalid
    finite = sound | empty
    finite[~finite] = _finite(geometry[~finite])
    _note(record, "not finite", role, labels, ~finite, geometry, action=say("read.dropped_coordinate_no_number"))
    keep = ~empty & finite
    geometry, keep = _areal(geometry, keep, role, labels, record)
    geometry = _valid(geometry, keep & ~sound, role, labels, record)
    geometry, keep = _without_dust(geometry, keep, role, labels, record)
    if not keep.any():
        raise InvalidInput(say("read.no_area", path=shown, n=len(frame), kinds=_kinds(frame)))
    return frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=frame.crs))[keep]


def _note(
    record: Record,
    kind: str,
    role: str,
    labels: NDArray[Any],
    rows: NDArray[np.bool_],
    geometry: Geometries,
    *,
    action: Message,
) -> None:
    for i in np.flatnonzero(rows):
        record.faults.append(Fault(kind, role, str(labels[i]), 0.0, action, geometry[i]))


def _kinds(frame: gpd.GeoDataFrame) -> list[Message | str]:
    kinds = frame.geom_type
    named: list[Message | str] = [str(k) for k in sorted(kinds.dropna().unique())]
    return [*named, say("read.empty_geometry")] if kinds.isna().any() else named


def _finite(geometry: Geometries) -> NDArray[np.bool_]:
    points, owner = shapely.get_coordinates(geometry, return_index=True)
    bad = ~np.isfinite(points).all(axis=1)
    counts: NDArray[np.intp] = np.bincount(owner[bad], minlength=len(geometry))
    return np.asarray(counts == 0)


def _only(geometry: Geometries, keep: NDArray[np.bool_]) -> Geometries:
    """The geometries that are kept, None for the others."""
    result = geometry.copy()
    result[~keep] = None
    return result


def _areal(
    geometry: Geometries, keep: NDArray[np.bool_], role: str, labels: NDArray[Any], record: Record
) -> tuple[Geometries, NDArray[np.bool_]]:
    """Lines that close (or nearly) become polygons; what has no area, and the points of collections, go."""
    kinds = shapely.get_type_id(geometry)
    result, kept = geometry.copy(), keep.copy()
    for i in np.flatnonzero(keep & ~np.isin(kinds, (3, 6))):
        parts = [_closed(p) for p in shapely.get_parts(shapely.get_parts(geometry[i]))]
        areal = [p for p in parts if p is not None]
        if areal:
            result[i] = areal[0] if len(areal) == 1 else shapely.multipolygons(areal)
            name = geometry[i].geom_type
            record.faults.append(Fault(f"is a {name}", role, str(labels[i]), 0.0, say("read.closed_read_polygon"), geometry[i]))
        else:
            kept[i] = False
            action = say("read.dropped_encloses_no_area")
            record.faults.append(Fault(f"is a {geometry[i].geom_type}", role, str(labels[i]), 0.0, action, geometry[i]))
    return result, kept


def _closed(part: Any) -> Any:
    """The polygon a part is or closes to, else None."""
    if part.geom_type == "Polygon":
        return part
    if part.geom_type not in ("LineString", "LinearRing"):
        return None
    points = shapely.get_coordinates(part)
    if len(np.unique(points, axis=0)) < 3:
        return None
    gap = float(np.hypot(*(points[0] - points[-1])))
    return shapely.polygons(points) if gap <= CLOSE_M else None


def _valid(geometry: Geometries, suspect: NDArray[np.bool_], role: str, labels: NDArray[Any], record: Record) -> Geometries:
    """Invalid polygons mended; suspect: those that were invalid as stored, lines and collections included."""
    bad = np.flatnonzero(suspect)
    bad = bad[~shapely.is_valid(geometry[bad])]
    if not len(bad):
        return geometry
    result = geometry.copy()
    reasons = shapely.is_valid_reason(geometry[bad])
    result[bad] = mended(geometry[bad])
    action = say("read.mended_rings")
    for i, reason in zip(bad, reasons, strict=True):
        kind = str(reason).split("[")[0].strip().lower()
        kind = {"holes are nested": "nested holes"}.get(kind, kind)
        record.faults.append(Fault(kind, role, str(labels[i]), float(result[i].area - geometry[i].area), action, geometry[i]))
    return result


def _without_dust(
    geometry: Geometries, keep: NDArray[np.bool_], role: str, labels: NDArray[Any], record: Record
) -> tuple[Geometries, NDArray[np.bool_]]:
    """Drops parts below MIN_PART_M2 and features that are nothing else."""
    several = keep & (shapely.get_num_geometries(geometry) != 1)
    single_small = keep & ~several & (shapely.area(geometry) < MIN_PART_M2)
    parts, owner = shapely.get_parts(_only(geometry, several | single_small), return_index=True)
    small = shapely.area(parts) < MIN_PART_M2
    if not small.any():
        return geometry, keep
    result, kept = geometry.copy(), keep.copy()
    for i in np.unique(owner[small]):
        mine = owner == i
        lost, rest = parts[mine & small], parts[mine & ~small]
        action = say("read.dropped_under_m", min_part_m2=MIN_PART_M2)
        record.faults.append(
            Fault("sliver", role, str(labels[i]), -float(shapely.area(lost).sum()), action, shapely.geometrycollections(lost))
        )
        if len(rest) == 0:
            kept[i] = False
        else:
            result[i] = rest[0] if len(rest) == 1 else shapely.multipolygons(rest)
    return result, kept
