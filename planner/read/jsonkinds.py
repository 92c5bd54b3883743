"""Other JSON of features as GeoJSON: Esri's answers, a feature a line, TopoJSON. Nothing but text is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import shapely

from planner.errors import InvalidInput
from planner.read.vertices import assembled
from planner.words import say

HEAD = 4096


def as_geojson(text: str, shown: str) -> str | None:
    """The GeoJSON of a text in another JSON of features, None where it is none of them.

    Raises InvalidInput where it begins like one and is broken.
    """
    head = text[:HEAD]
    build: Callable[[str], Any] | None = None
    if "esriGeometry" in head or '"spatialReference"' in head:
        build = _esri
    elif '"Topology"' in head:
        build = _topology
    elif text.lstrip("\ufeff \t\r\n")[:1] == "[" or text.count('"FeatureCollection"') > 1:
        build = _nested
    elif "\n{" in text or "\x1e" in head:
        build = _lines
    if build is None:
        return None
    try:
        found = build(text)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        if build is _lines:
            return None
        raise InvalidInput(say("door.not_json", shown=shown, why=f"{type(error).__name__}: {error}"[:80])) from None
    return None if found is None else json.dumps(found, ensure_ascii=False)


def _collection(features: list[Any], epsg: int | None) -> dict[str, Any]:
    named = {} if epsg is None else {"crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}}}
    return {"type": "FeatureCollection", **named, "features": features}


def _feature(properties: Any, geometry: Any) -> dict[str, Any]:
    shape = None if geometry is None else shapely.geometry.mapping(geometry)
    return {"type": "Feature", "properties": dict(properties or {}), "geometry": shape}


def _nested(text: str) -> dict[str, Any] | None:
    """Collections in a list or in one another: their features, in order. Raises ValueError where they name different CRS."""
    named: list[Any] = []

    def walk(node: Any) -> list[Any]:
        if isinstance(node, dict) and node.get("crs") is not None and node["crs"] not in named:
            named.append(node["crs"])
        if isinstance(node, list):
            return [f for item in node for f in walk(item)]
        if isinstance(node, dict) and node.get("type") == "FeatureCollection":
            return walk(node.get("features") or [])
        return [node] if isinstance(node, dict) and node.get("type") == "Feature" else []

    root = json.loads(text.lstrip("\ufeff"))
    features = walk(root)
    if not features:
        return None
    if len(named) > 1:
        raise ValueError(f"{len(named)} CRS in one file")
    return {"type": "FeatureCollection", **({"crs": named[0]} if named else {}), "features": features}


def _lines(text: str) -> dict[str, Any] | None:
    """A feature a line, with or without record separators."""
    parts = [json.loads(line.strip("\x1e \t\r")) for line in text.splitlines() if line.strip("\x1e \t\r")]
    if len(parts) < 2 or any(p.get("type") != "Feature" for p in parts):
        return None
    return _collection(parts, None)


def _esri(text: str) -> dict[str, Any] | None:
    """A feature set of an ArcGIS server: rings in one list, holes among them."""
    root = json.loads(text.lstrip("\ufeff"))
    if "features" not in root or root.get("type") == "FeatureCollection":
        return None
    place = root.get("spatialReference") or {}
    code: Any = place.get("latestWkid") or place.get("wkid")
    code = {102100: 3857, 102113: 3857}.get(code, code)
    features = []
    for item in root["features"]:
        rings = [shapely.polygons([p[:2] for p in ring]) for ring in (item.get("geometry") or {}).get("rings", [])]
        features.append(_feature(item.get("attributes"), assembled(rings) if rings else None))
    return _collection(features, None if code is None else int(code))


def _topology(text: str) -> dict[str, Any]:
    """TopoJSON: arcs that neighbours share, whole numbers in steps where they are quantised."""
    root = json.loads(text.lstrip("\ufeff"))
    change = root.get("transform")
    arcs = []
    for steps in root["arcs"]:
        x = y = 0.0
        points = []
        for px, py, *_ in steps:
            x, y = (x + px, y + py) if change else (px, py)
            scale, move = (change["scale"], change["translate"]) if change else ((1, 1), (0, 0))
            points.append((x * scale[0] + move[0], y * scale[1] + move[1]))
        arcs.append(points)

    def ring(indices: list[int]) -> list[Any]:
        points: list[Any] = []
        for i in indices:
            arc = arcs[i] if i >= 0 else arcs[~i][::-1]
            points += arc[1:] if points else arc
        return points

    features = []
    for named in root["objects"].values():
        for item in named["geometries"] if named["type"] == "GeometryCollection" else [named]:
            several = {"Polygon": [item.get("arcs")], "MultiPolygon": item.get("arcs")}.get(item.get("type"), [])
            shapes = [shapely.Polygon(ring(part[0]), [ring(h) for h in part[1:]]) for part in several]
            geometry = None if not shapes else shapes[0] if len(shapes) == 1 else shapely.multipolygons(shapes)
            features.append(_feature(item.get("properties"), geometry))
    return _collection(features, None)
