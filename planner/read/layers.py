"""The vector layers of a site in the working CRS: parcels with their roles, and the layers that lie beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from planner.errors import CRSMismatch, InvalidInput
from planner.periods import arabic
from planner.read import roles
from planner.read.beside import meant, texts_of
from planner.read.depths import read_depths, tell_zero
from planner.read.door import FARTHEST
from planner.read.geometry import MIN_PART_M2, repaired
from planner.read.overlaps import apart
from planner.read.places import Places
from planner.read.position import Bounds, Reference, computed, parse_crs, settle, working_crs
from planner.read.record import Fault, Record
from planner.read.sources import Ask, open_vector
from planner.scenario import Layer
from planner.words import Message, say

YEARS: Final = 1_000  # from here on a number in a phase's name is a year, no phase
PARCEL_COLUMNS: Final = ("name", "name_en", "subsidence_m", "mine", "phase", "date", "geometry")


@dataclass(frozen=True, eq=False)
class Parcels:
    """The site's polygons, ready: frame as Site.parcels wants it, working CRS, features and plane area (m²) before repair."""

    frame: gpd.GeoDataFrame
    crs: pyproj.CRS
    features: int
    stored_m2: float


def read_parcels(
    layer: Layer, places: Places, *, encoding: str | None, forced: pyproj.CRS | None, near: Reference | None, record: Record
) -> Parcels:
    """The polygons of a site, repaired, in the working CRS, no ground counted twice, one row a parcel in order of its id.

    forced: the working CRS asked for, which also tells the CRS of a file without one. near: a layer of known position.
    Raises InvalidInput where no ground is left.
    """
    stored = _stored(layer, places, "polygons", encoding, record)
    located = _located(stored, layer, "polygons", forced, near, record)
    crs = working_crs(_bounds(located, layer.path), located.crs, forced=forced, record=record)
    frame = _projected(located, crs, "polygons")
    columns = [str(c) for c in frame.columns if c != frame.geometry.name]
    deep = read_depths(frame, layer, record)
    chosen = roles.chosen(layer, [c for c in columns if c != deep.column], shown=layer.path, record=record)
    if "id" not in chosen and deep.numbered is not None:
        chosen["id"] = deep.numbered
    labels = _labels(frame, chosen)
    tell_zero(deep.values, labels, layer.path, record)
    area = float(np.nansum(shapely.area(frame.geometry.to_numpy())))
    frame = frame.assign(_label=labels, _depth=deep.values)
    frame = repaired(frame, role="polygons", shown=layer.path, labels=labels, record=record)
    parcels = _without_overlaps(_table(frame, chosen, record), record)
    if parcels.empty:
        raise InvalidInput(say("read.only_slivers", path=layer.path, n=len(stored), area=area))
    return Parcels(parcels, crs, len(stored), area)


def read_beside(
    layer: Layer, role: str, places: Places, *, crs: pyproj.CRS, near: Reference, record: Record
) -> gpd.GeoDataFrame:
    """Another polygon layer of the site (panels, constraints, landuse, boundary) in the working CRS, repaired, columns kept."""
    frame = located(layer, places, role=role, near=near, crs=crs, record=record)
    labels = np.array([str(i) for i in range(1, len(frame) + 1)], dtype=object)
    frame = repaired(frame, role=role, shown=layer.path, labels=labels, record=record).reset_index(drop=True)
    if frame.geometry.name != "geometry":
        frame = frame.rename_geometry("geometry")
    return meant(frame, role, layer.path)


def located(
    layer: Layer, places: Places, *, crs: pyproj.CRS, near: Reference, record: Record, role: str = "place"
) -> gpd.GeoDataFrame:
    """A layer as stored, in the working CRS, of whatever kind its features are."""
    stored = _stored(layer, places, role, None, record)
    if not len(stored):
        raise InvalidInput(say("place.no_features", path=layer.key))
    return _projected(_located(stored, layer, role, None, near, record), crs, role)


def _stored(layer: Layer, places: Places, role: str, encoding: str | None, record: Record) -> gpd.GeoDataFrame:
    path = places.find(layer.path)
    frame = open_vector(Ask(path, layer.path, role, layer.layer, encoding or layer.encoding), record)
    if frame.columns.duplicated().any():
        frame = frame.loc[:, ~frame.columns.duplicated()]
    return frame


def _bounds(frame: gpd.GeoDataFrame, shown: str) -> Bounds:
    boxes = shapely.bounds(frame.geometry.to_numpy())
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(boxes):
        raise InvalidInput(say("read.no_geometries"))
    if np.abs(boxes).max() > FARTHEST:
        raise InvalidInput(say("door.no_place_on_earth", shown=shown))
    return float(boxes[:, 0].min()), float(boxes[:, 1].min()), float(boxes[:, 2].max()), float(boxes[:, 3].max())


def _located(
    frame: gpd.GeoDataFrame, layer: Layer, role: str, forced: pyproj.CRS | None, near: Reference | None, record: Record
) -> gpd.GeoDataFrame:
    """The frame with a CRS that its numbers fit, axes in order."""
    own = frame.crs
    if layer.crs is not None:
        own = parse_crs(layer.crs, where=f"layers.{role}.crs")
    elif own is None and forced is not None:
        own = forced
    crs, swap = settle(_bounds(frame, layer.path), own, role=role, record=record, near=near)
    geometry = frame.geometry
    if not swap and frame.crs == crs:
        return frame
    if swap:
        geometry = geometry.map(lambda g: None if g is None else shapely.transform(g, lambda xy: xy[:, ::-1]))
    return frame.set_geometry(gpd.GeoSeries(geometry.to_numpy(), index=frame.index), crs=None).set_crs(crs, allow_override=True)


def _projected(frame: gpd.GeoDataFrame, crs: pyproj.CRS, role: str) -> gpd.GeoDataFrame:
    if frame.crs == crs:
        return frame
    with computed(frame.crs, crs):
        moved = frame.to_crs(crs)
    was, now = _broken(frame), _broken(moved)
    if now > was:
        raise CRSMismatch(say("read.no_image", role=role, n=now - was, crs=crs.name))
    return moved


def _broken(frame: gpd.GeoDataFrame) -> int:
    return int(np.count_nonzero(~np.isfinite(shapely.get_coordinates(frame.geometry.to_numpy())).all(axis=1)))


def _labels(frame: gpd.GeoDataFrame, chosen: dict[str, str]) -> NDArray[Any]:
    column = chosen.get("id") or chosen.get("name")
    if column is None:
        return np.array([f"row {i + 1}" for i in range(len(frame))], dtype=object)
    texts = texts_of(frame[column])
    return np.array([t if isinstance(t, str) else f"row {i + 1}" for i, t in enumerate(texts)], dtype=object)


def _table(frame: gpd.GeoDataFrame, chosen: dict[str, str], record: Record) -> gpd.GeoDataFrame:
    """The columns of Site.parcels, indexed by a unique parcel_id, sorted by it."""
    blank: list[str | None] = [None] * len(frame)

    def column(role: str) -> list[str | None]:
        return texts_of(frame[chosen[role]]) if role in chosen else blank

    geometry = frame.geometry.to_numpy()
    order = _spatial_order(geometry)
    ids = _unique_ids(column("id"), order, record)
    names = [n or i for n, i in zip(column("name"), ids, strict=True)]
    table = gpd.GeoDataFrame(
        {
            "name": names,
            "name_en": [n or "" for n in column("name_en")],
            "subsidence_m": frame["_depth"].to_numpy(dtype=float),
            "mine": [m or "" for m in column("mine")],
            "phase": _phases(column("phase")),
            "date": [d or "" for d in column("date")],
            **_english_mines(frame, chosen),
        },
        geometry=geometry,
        index=pd.Index(ids, name="parcel_id", dtype=object),
        crs=frame.crs,
    )
    keys = [roles.natural(i) for i in ids]
    return table.iloc[sorted(range(len(ids)), key=keys.__getitem__)]


def _english_mines(frame: gpd.GeoDataFrame, chosen: dict[str, str]) -> dict[str, list[str]]:
    """The mines' English names, where the file has a column of them, or one under the mines' heading with `_en`."""
    heading = chosen.get("mine_en") or f"{chosen.get('mine', '')}_en"
    return {"mine_en": [m or "" for m in texts_of(frame[heading])]} if heading in frame.columns and "mine" in chosen else {}


def _phases(texts: list[str | None]) -> Any:
    """Phases as whole numbers where each text holds just one ('一期', 'Phase 2', '第十一期'), else as texts."""
    found: list[int | None] = []
    for text in texts:
        numbers = re.findall(r"\d+", arabic(text)) if text else []
        if text and (len(numbers) != 1 or int(numbers[0]) >= YEARS):
            return np.array(texts, dtype=object)
        found.append(int(numbers[0]) if numbers else None)
    return pd.array(found, dtype="Int64")


def _spatial_order(geometry: NDArray[np.object_]) -> NDArray[np.intp]:
    """Rows from north to south, west to east, then by shape: the same whatever the order in the file."""
    boxes = shapely.bounds(geometry)
    return np.lexsort((shapely.area(geometry), -boxes[:, 1], boxes[:, 2], boxes[:, 0], -boxes[:, 3]))


def _unique_ids(texts: list[str | None], order: NDArray[np.intp], record: Record) -> list[str]:
    """Parcel ids: as given; a number after those that occur twice; P001… in spatial order where none is given."""
    ids = list(texts)
    taken = {t for t in texts if t}
    seen: dict[str, int] = {}
    doubled = missing = 0
    digits = max(3, len(str(len(texts))))
    for i in order:
        text = ids[i]
        if text is None:
            missing += 1
            number = missing
            while f"P{number:0{digits}d}" in taken:
                number, missing = number + 1, missing + 1
            text = f"P{number:0{digits}d}"
        elif text in seen:
            doubled += 1
            while f"{text}-{seen[text] + 1}" in taken:
                seen[text] += 1
            seen[text] += 1
            text = f"{text}-{seen[text]}"
        else:
            seen[text] = 1
        taken.add(text)
        ids[i] = text
    if doubled:
        record.warn(
            say("read.ids_doubled", doubled=doubled),
        )
    if missing and any(texts):
        record.warn(say("read.ids_missing", missing=missing))
    elif missing:
        record.decide(say("read.parcel_ids"), "P001…", say("read.no_id_column_north"))
    return [str(i) for i in ids]


def _without_overlaps(parcels: gpd.GeoDataFrame, record: Record) -> gpd.GeoDataFrame:
    """Shared ground goes to the deeper polygon, then to the smaller one, then to the first id."""
    geometry = parcels.geometry.to_numpy()
    depth = np.nan_to_num(parcels["subsidence_m"].to_numpy(dtype=float), nan=-1.0)
    order = np.lexsort((np.arange(len(parcels)), np.round(shapely.area(geometry), 3), -depth))
    rank = np.empty(len(parcels), dtype=np.intp)
    rank[order] = np.arange(len(parcels))
    before = len(record.faults)
    cut, keep = apart(geometry, rank, role="polygons", labels=parcels.index.to_numpy(), record=record)
    found = [f for f in record.faults[before:] if f.kind in ("overlap", "duplicate")]
    if found:
        record.decide(
            say("read.overlaps"),
            say("read.counted_once", n=len(found)),
            say("read.deeper_first"),
        )
    return parcels.set_geometry(gpd.GeoSeries(cut, index=parcels.index, crs=parcels.crs))[keep]


def clipped(parcels: gpd.GeoDataFrame, boundary: gpd.GeoDataFrame, record: Record) -> gpd.GeoDataFrame:
    """The parcels inside the plan's boundary, what lies outside told. Raises InvalidInput where nothing is left."""
    limit = shapely.union_all(boundary.geometry.to_numpy())
    return cut_to(parcels, limit, record, action=say("read.cut_off_outside_boundary"), nothing=say("read.boundary_misses"))


def cut_to(
    parcels: gpd.GeoDataFrame, limit: shapely.Geometry, record: Record, *, action: Message, nothing: Message
) -> gpd.GeoDataFrame:
    """The parcels inside a limit; what is cut off them is a fault with its action. Raises InvalidInput where all is."""
    geometry = parcels.geometry.to_numpy()
    shapely.prepare(limit)
    inside = shapely.covers(limit, geometry)
    result = geometry.copy()
    for i in np.flatnonzero(~inside):
        lost = shapely.difference(geometry[i], limit)
        if lost.area < MIN_PART_M2:
            continue  # rounding of a shared line
        pieces = shapely.get_parts(shapely.intersection(geometry[i], limit))
        parts = [p for p in pieces if p.geom_type == "Polygon" and p.area >= MIN_PART_M2]
        result[i] = shapely.multipolygons(parts) if len(parts) > 1 else parts[0] if parts else shapely.Polygon()
        change = float(shapely.area(result[i]) - geometry[i].area)
        record.faults.append(Fault("outside", "polygons", str(parcels.index[i]), change, action, lost))
    keep = ~shapely.is_empty(result)
    if not keep.any():
        raise InvalidInput(nothing)
    return parcels.set_geometry(gpd.GeoSeries(result, index=parcels.index, crs=parcels.crs))[keep]


def reference(frame: gpd.GeoDataFrame, role: str) -> Reference:
    """A layer of known position, as evidence for those that come without a CRS."""
    w, s, e, n = frame.total_bounds
    return Reference(frame.crs, (float(w), float(s), float(e), float(n)), role)
