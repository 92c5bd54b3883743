"""Repair of polygons by stated rules, each change of area kept: what is broken is mended, what overlaps counts once."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.read.record import Fault, Record, Text

Geometries = NDArray[np.object_]

MIN_PART_M2: Final = 1.0  # m²: a part below this is digitising dust, far under the 0.01 mu that surveys report
OVERLAP_M2: Final = 1e-3  # m²: an overlap below this is rounding of coordinates, it is cut without being told
CLOSE_M: Final = 1.0  # m: a line whose ends miss each other by less was meant to be closed
MAX_PAIRS: Final = 500_000  # of bounding boxes that meet; a sound map of 100 000 parcels has some 900 000
GAP_M: Final = 0.05  # m: neighbours closer than this were meant to touch; half the accuracy of a cadastral survey point


def repaired(frame: gpd.GeoDataFrame, *, role: str, shown: str, labels: NDArray[Any], record: Record) -> gpd.GeoDataFrame:
    """The frame with valid, two-dimensional, polygonal geometry; rows without any are dropped and told.

    labels: what to call each row in a fault, shape (n,). Rules: lines that close are polygons; a ring that crosses itself
    becomes the areas it encloses; parts under MIN_PART_M2 go. Raises InvalidInput where nothing polygonal is left.
    """
    geometry: Geometries = np.array(frame.geometry.to_numpy(), dtype=object)
    empty = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    _note(record, "empty", role, labels, empty, geometry, Text("dropped", "已删除"))
    if (shapely.has_z(geometry) | shapely.has_m(geometry)).any():
        geometry = shapely.force_2d(geometry)
    sound = shapely.is_valid(geometry)  # a coordinate that is no number makes a geometry invalid
    finite = sound | empty
    finite[~finite] = _finite(geometry[~finite])
    _note(
        record, "not finite", role, labels, ~finite, geometry, Text("dropped: a coordinate is no number", "已删除：坐标不是数")
    )
    keep = ~empty & finite
    geometry, keep = _areal(geometry, keep, role, labels, record)
    geometry = _valid(geometry, keep & ~sound, role, labels, record)
    geometry, keep = _without_dust(geometry, keep, role, labels, record)
    if not keep.any():
        raise InvalidInput(f"{shown}: holds no polygon with an area; its {len(frame)} features are {_kinds(frame)}")
    return frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=frame.crs))[keep]


def _note(
    record: Record, kind: str, role: str, labels: NDArray[Any], rows: NDArray[np.bool_], geometry: Geometries, action: Text
) -> None:
    for i in np.flatnonzero(rows):
        record.faults.append(Fault(kind, role, str(labels[i]), 0.0, action, geometry[i]))


def _kinds(frame: gpd.GeoDataFrame) -> str:
    kinds = sorted({str(k) for k in frame.geom_type.fillna("empty").unique()})
    return ", ".join(kinds)


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
            record.faults.append(
                Fault(
                    f"is a {name}", role, str(labels[i]), 0.0, Text("closed and read as polygon", "闭合并按面读取"), geometry[i]
                )
            )
        else:
            kept[i] = False
            action = Text("dropped: it encloses no area", "已删除：不构成面")
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
    result[bad] = shapely.make_valid(geometry[bad], method="structure", keep_collapsed=False)
    action = Text("mended: what its rings enclose, less what its holes enclose", "已修复：取外环所围面积，扣除洞所围面积")
    for i, reason in zip(bad, reasons, strict=True):
        parts = shapely.get_parts(geometry[i])
        if shapely.get_num_interior_rings(parts).any():
            result[i] = shapely.union_all([_shell_less_holes(p) for p in parts])
        result[i] = _polygonal(result[i])
        kind = str(reason).split("[")[0].strip().lower()
        kind = {"holes are nested": "nested holes"}.get(kind, kind)
        record.faults.append(Fault(kind, role, str(labels[i]), float(result[i].area - geometry[i].area), action, geometry[i]))
    return result


def _shell_less_holes(part: Any) -> Any:
    """What a polygon's outer ring encloses, less what its holes enclose, however they lie."""
    rings = [shapely.polygons(ring) for ring in (part.exterior, *part.interiors)]
    whole = shapely.make_valid(np.array(rings, dtype=object), method="structure", keep_collapsed=False)
    return shapely.difference(_polygonal(whole[0]), shapely.union_all([_polygonal(h) for h in whole[1:]]))


def _polygonal(geometry: Any) -> Any:
    """The areal parts of a geometry, empty polygon where there are none."""
    if geometry.geom_type in ("Polygon", "MultiPolygon"):
        return geometry
    parts = [p for p in shapely.get_parts(shapely.get_parts(geometry)) if p.geom_type == "Polygon"]
    return shapely.union_all(parts) if parts else shapely.Polygon()


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
        action = Text(f"dropped: under {MIN_PART_M2:g} m²", f"已删除：小于 {MIN_PART_M2:g} 平方米")
        record.faults.append(
            Fault("sliver", role, str(labels[i]), -float(shapely.area(lost).sum()), action, shapely.geometrycollections(lost))
        )
        if len(rest) == 0:
            kept[i] = False
        else:
            result[i] = rest[0] if len(rest) == 1 else shapely.multipolygons(rest)
    return result, kept


def suspects(geometry: Geometries) -> NDArray[np.intp]:
    """Polygons that overlap another one, or miss one by less than GAP_M: the only ones the next two steps look at.

    Raises InvalidInput where so many lie on top of each other that comparing them would not end.
    """
    tree, met = shapely.STRtree(geometry), 0
    for start in range(0, len(geometry), 1_000):
        met += tree.query(geometry[start : start + 1_000]).shape[1]
        if met > max(MAX_PAIRS, 40 * len(geometry)):
            raise InvalidInput(
                f"polygons: {len(geometry):,} polygons lie on top of each other, more than {met:,} pairs meet; "
                "dissolve them first (e.g. QGIS' dissolve)"
            )
    return np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(geometry, gap_width=GAP_M)))


def counted_once(
    geometry: Geometries,
    rank: NDArray[np.intp],
    among: NDArray[np.intp],
    *,
    role: str,
    labels: NDArray[Any],
    record: Record,
) -> tuple[Geometries, NDArray[np.bool_]]:
    """Polygons of which no two overlap, and which of them are left: shared ground goes to the one that ranks first.

    geometry: valid polygons, shape (n,). rank: a permutation, lower takes the ground. among: the suspects.
    """
    left, right = _overlapping(geometry, among)
    result, kept = geometry.copy(), np.ones(len(geometry), dtype=bool)
    if not len(left):
        return result, kept
    winner = np.where(rank[left] < rank[right], left, right)
    loser = np.where(rank[left] < rank[right], right, left)
    for i in np.unique(loser)[np.argsort(rank[np.unique(loser)], kind="stable")]:
        over = winner[loser == i]
        taken = shapely.union_all(geometry[over])
        rest = _polygonal(shapely.difference(geometry[i], taken))
        parts = shapely.get_parts(rest)
        parts = parts[shapely.area(parts) >= min(MIN_PART_M2, geometry[i].area / 2)]
        lost = float(geometry[i].area - shapely.area(parts).sum())
        if len(over) == 1 and rest.is_empty and abs(geometry[over[0]].area - geometry[i].area) < OVERLAP_M2:
            kind, action = (
                "duplicate",
                Text(f"dropped: the same ground as {labels[over[0]]}", f"已删除：与 {labels[over[0]]} 重复"),
            )
        else:
            names = ", ".join(str(labels[j]) for j in over[:5])
            kind, action = "overlap", Text(f"cut off: that ground counts to {names}", f"已裁去：该处计入 {names}")
        if lost >= OVERLAP_M2:
            place = _polygonal(shapely.intersection(geometry[i], taken))
            record.faults.append(Fault(kind, role, str(labels[i]), -lost, action, place))
        kept[i] = len(parts) > 0
        result[i] = rest if len(parts) == 0 else parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
    return result, kept


def _overlapping(geometry: Geometries, among: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs (i < j) whose interiors share ground, at least one of them a suspect."""
    none = np.array([], dtype=np.intp)
    if not len(among):
        return none, none
    tree = shapely.STRtree(geometry)
    asked, met = tree.query(geometry[among], predicate="intersects")
    asked = among[asked]
    pairs = np.unique(np.sort(np.column_stack((asked, met))[asked != met], axis=1), axis=0)
    if not len(pairs):
        return none, none
    a, b = pairs[:, 0], pairs[:, 1]
    shared = shapely.relate_pattern(geometry[a], geometry[b], "2********")
    return a[shared], b[shared]


def joined(
    geometry: Geometries,
    rank: NDArray[np.intp],
    among: NDArray[np.intp],
    *,
    role: str,
    labels: NDArray[Any],
    record: Record,
) -> Geometries:
    """Polygons that do not overlap, with neighbours that miss each other by less than GAP_M made to touch.

    Needs shapely 2.2 (GEOS 3.14); with an older one the gaps are told and left.
    """
    among = among[suspects(geometry[among])] if len(among) else among
    if not len(among):
        return geometry
    among = among[np.argsort(rank[among], kind="stable")]
    before = geometry[among]
    mend = getattr(shapely, "coverage_clean", None)
    after = before
    if mend is not None:
        after = np.asarray(mend(before, gap_width=GAP_M, snapping_distance=GAP_M, merge_strategy="min_index"), dtype=object)
    change = shapely.area(after) - shapely.area(before)
    allowed = shapely.length(before) * GAP_M + OVERLAP_M2
    sound = shapely.is_valid(after) & np.isin(shapely.get_type_id(after), (3, 6)) & (np.abs(change) <= allowed)
    if not sound.all():
        after, change = before, np.zeros(len(before))
    action = Text(f"closed: neighbours less than {GAP_M:g} m apart touch", f"已闭合：相距不足 {GAP_M:g} 米的相邻面接合")
    left = Text(f"left: neighbours less than {GAP_M:g} m apart", f"未处理：相邻面相距不足 {GAP_M:g} 米")
    moved = np.abs(change) >= OVERLAP_M2
    for k in np.flatnonzero(moved if sound.all() and mend is not None else np.ones(len(among), dtype=bool)):
        place = shapely.symmetric_difference(after[k], before[k]) if moved[k] else before[k].boundary
        said = action if moved[k] else left
        record.faults.append(Fault("gap", role, str(labels[among[k]]), float(change[k]), said, place))
    result = geometry.copy()
    result[among] = after
    return result
