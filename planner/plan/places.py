"""What has a name on a plan: lakes, villages, roads, corridors, mines, parcels and holes in the plan, each with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.words import pair, say

if TYPE_CHECKING:
    from planner.plan.noun import Plan
    from planner.site import Site

# First come first shown where names are in each other's way.
RANKS: Final = ("lake", "hole", "village", "road", "corridor", "mine", "parcel")
VILLAGES: Final = ("village", "settlement", "村", "居民", "社区")
ROADS: Final = ("road", "highway", "railway", "street", "expressway", "公路", "道路", "铁路", "高速", "大道", "国道", "省道")
NOT_ROADS: Final = ("green", "绿带", "绿化带", "corridor", "走廊")  # a belt along a road is none
NEAR_M: Final = 80.0  # a kept village's belt lies this close around the hole that the village leaves in the plan
LEAST_HOLE_M2: Final = 2000.0  # smaller gaps between units are no places
COLUMNS: Final = ("kind", "name", "name_en", "storage_m3", "x", "y", "radius_m")


def places_of(plan: Plan) -> pd.DataFrame:
    """The named places of a plan, the most important first.

    Columns: kind (of RANKS), name, name_en (empty where there is none), storage_m3 (lakes), x, y (m, where the name stands),
    radius_m (of the largest circle around that point inside the place).
    """
    site = plan.site
    rows = [*_lakes(plan)]
    named = _features(site.constraints)
    holes, used = _holes(plan, named)
    rows += holes
    rows += [row for i, row in enumerate(named) if i not in used]
    rows += _roads(site)
    rows += _mines(plan.parcels)
    rows += _rows(plan.parcels, "parcel", "kind")
    frame = pd.DataFrame([_placed(row) for row in rows if row["shape"] is not None], columns=COLUMNS)
    rank = frame["kind"].map({kind: i for i, kind in enumerate(RANKS)})
    order = np.lexsort((frame["name"], -frame["storage_m3"], -frame["radius_m"], rank))
    return frame.iloc[order].reset_index(drop=True)


def names_alone(site: Site, parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Mines and roads, which no layer of a plan draws, as points with `kind`, `name`, `name_en` where their names stand."""
    roads = [row for row in _features(site.constraints) if row["kind"] == "road"]
    placed = [_placed(row) for row in (*_mines(parcels), *roads, *_roads(site))]
    frame = pd.DataFrame(placed, columns=COLUMNS)
    points = gpd.points_from_xy(frame["x"], frame["y"])
    return gpd.GeoDataFrame(frame[["kind", "name", "name_en"]], geometry=points, crs=parcels.crs)


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value).strip()


def _rows(frame: gpd.GeoDataFrame | None, kind: str, use: str) -> list[dict[str, Any]]:
    """The features of a layer that have a name, with what its column `use` says of them."""
    if frame is None or not len(frame):
        return []
    told = [[_text(v) for v in frame[c]] if c in frame.columns else [""] * len(frame) for c in ("name", "name_en", use)]
    return [
        {"kind": kind, "name": zh, "name_en": en, "storage_m3": 0.0, "shape": shape, "use": said}
        for zh, en, said, shape in zip(*told, frame.geometry, strict=True)
        if (zh or en) and shape is not None and not shape.is_empty
    ]


def _lakes(plan: Plan) -> list[dict[str, Any]]:
    frame = plan.reservoirs
    return [
        {"kind": "lake", "name": str(i), "name_en": str(i), "storage_m3": float(row["storage_m3"]), "shape": row.geometry}
        for i, row in frame.iterrows()
        if row.geometry is not None and not row.geometry.is_empty
    ]


def _features(layer: gpd.GeoDataFrame | None) -> list[dict[str, Any]]:
    """Constraints by name: villages, and everything else (corridors, belts, monuments)."""
    rows = _rows(layer, "corridor", "kind")
    for row in rows:
        words = (row["use"] + row["name"] + row["name_en"]).lower()
        if any(word in words for word in VILLAGES):
            row["kind"] = "village"
        elif _is_road(words):
            row["kind"] = "road"
    return rows


def _is_road(words: str) -> bool:
    return any(word in words for word in ROADS) and not any(word in words for word in NOT_ROADS)


def _roads(site: Site) -> list[dict[str, Any]]:
    """Roads by name, of land use and of the layers that rules and distances ask for; pieces of one name are one road."""
    known = {row["name"] for row in _features(site.constraints)}
    found: dict[tuple[str, str], list[Any]] = {}
    layers = [("", site.landuse), *site.places.items()]
    for key, layer in layers:
        if layer is None or "name" not in layer.columns:
            continue
        for row in _rows(layer, "road", "landuse"):
            told = f"{key} {row['use']}{row['name']}{row['name_en']}".lower()
            if _is_road(told) and row["name"] not in known:
                found.setdefault((row["name"], row["name_en"]), []).append(row["shape"])
    return [
        {"kind": "road", "name": name, "name_en": english, "storage_m3": 0.0, "shape": shapely.union_all(shapes)}
        for (name, english), shapes in found.items()
    ]


def _holes(plan: Plan, named: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], set[int]]:
    """The holes in the planned land under the name of the village they leave out, else of the land use in them."""
    whole = shapely.union_all(np.asarray(plan.parcels.geometry.array, dtype=object), grid_size=0.1)
    rings = [shapely.Polygon(ring) for part in shapely.get_parts(whole) for ring in part.interiors]
    found, used = [], set[int]()
    for hole in sorted(rings, key=lambda ring: -ring.area):
        if hole.area < LEAST_HOLE_M2:
            continue
        near = [i for i, row in enumerate(named) if row["kind"] == "village" and row["shape"].distance(hole) < NEAR_M]
        if near:
            used.add(near[0])
        name, english = (named[near[0]][k] for k in ("name", "name_en")) if near else _use(plan, hole)
        found.append({"kind": "hole", "name": name, "name_en": english, "storage_m3": 0.0, "shape": hole})
    return found, used


def _use(plan: Plan, hole: Any) -> tuple[str, str]:
    """What lies in a hole that nobody named: its land use, else that it is not planned."""
    layer = plan.site.landuse
    if layer is not None and len(layer):
        at = np.flatnonzero(shapely.contains(np.asarray(layer.geometry.array, dtype=object), hole.representative_point()))
        if at.size:
            row = layer.iloc[int(at[0])]
            return _text(row.get("landuse")), _text(row.get("landuse_en"))
    english, chinese = pair(say("place.unplanned"))
    return chinese, english


def _mines(parcels: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Mines by the parcels over them: the name stands amid them."""
    if "mine" not in parcels.columns:
        return []
    mines = np.array([_text(mine) for mine in parcels["mine"]], dtype=object)
    english = [_text(name) for name in parcels["mine_en"]] if "mine_en" in parcels.columns else [""] * len(parcels)
    shapes = np.asarray(parcels.geometry.array, dtype=object)
    rows = []
    for mine in sorted(set(mines) - {""}):
        over = np.flatnonzero(mines == mine)
        around = shapely.convex_hull(shapely.union_all(shapes[over]))
        rows.append({"kind": "mine", "name": mine, "name_en": english[over[0]], "storage_m3": 0.0, "shape": around})
    return rows


def _placed(row: dict[str, Any]) -> tuple[Any, ...]:
    """A row with the middle of the largest circle inside its shape."""
    parts = shapely.get_parts(row["shape"])
    if shapely.get_dimensions(row["shape"]) < 2:  # a line: its middle, and half its length
        longest = parts[int(np.argmax(shapely.length(parts)))]
        middle = shapely.get_coordinates(
            shapely.line_interpolate_point(longest, 0.5, normalized=True) if longest.length else longest
        )[0]
        return (*(row[k] for k in COLUMNS[:4]), float(middle[0]), float(middle[1]), float(longest.length) / 2)
    largest = parts[int(np.argmax(shapely.area(parts)))]
    size = max(largest.bounds[2] - largest.bounds[0], largest.bounds[3] - largest.bounds[1])
    spoke = shapely.maximum_inscribed_circle(shapely.simplify(largest, size / 200), tolerance=max(1.0, size / 100))
    centre = shapely.get_coordinates(spoke)[0]
    return (*(row[k] for k in COLUMNS[:4]), float(centre[0]), float(centre[1]), float(spoke.length))
