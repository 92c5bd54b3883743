"""Polygons as KML: filled by target, attributes as data, every text escaped."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

import geopandas as gpd
import numpy as np
import shapely

from planner.export.texts import clean
from planner.landuse import TARGETS


def kml_text(frame: gpd.GeoDataFrame, *, title: str) -> str:
    """A KML document of a frame in WGS 84 degrees; the first column names the features, `target` chooses the fill."""
    columns = [str(c) for c in frame.columns if c != frame.geometry.name]
    styles = "".join(
        f'<Style id="{t.key}"><LineStyle><color>ff3c3c3c</color><width>0.6</width></LineStyle>'
        f"<PolyStyle><color>b3{_bgr(t.colour)}</color></PolyStyle></Style>"
        for t in TARGETS.values()
    )
    body = [
        _placemark(row, columns, geometry)
        for row, geometry in zip(frame[columns].to_dict("records"), frame.geometry, strict=True)
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>{escape(clean(title))}</name>{styles}\n" + "\n".join(body) + "\n</Document></kml>\n"
    )


def _bgr(colour: str) -> str:
    return (colour[5:7] + colour[3:5] + colour[1:3]).lower()


def _placemark(row: dict[str, Any], columns: list[str], geometry: Any) -> str:
    name = row[columns[0]] if columns else ""
    target = str(row.get("target", ""))
    style = f"<styleUrl>#{target}</styleUrl>" if target in TARGETS else ""
    data = "".join(
        f"<Data name={quoteattr(clean(c))}><value>{escape(_value(row[c]))}</value></Data>"
        for c in columns
        if _value(row[c]) != ""
    )
    shape = "".join(_polygon(part) for part in shapely.get_parts(geometry))
    return (
        f"<Placemark><name>{escape(clean(name))}</name>{style}<ExtendedData>{data}</ExtendedData>"
        f"<MultiGeometry>{shape}</MultiGeometry></Placemark>"
    )


def _value(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return repr(value) if isinstance(value, float) else clean(value)


def _polygon(part: Any) -> str:
    outer = f"<outerBoundaryIs>{_ring(part.exterior)}</outerBoundaryIs>"
    inner = "".join(f"<innerBoundaryIs>{_ring(hole)}</innerBoundaryIs>" for hole in part.interiors)
    return f"<Polygon>{outer}{inner}</Polygon>"


def _ring(ring: Any) -> str:
    points = " ".join(f"{x:.10f},{y:.10f}" for x, y in shapely.get_coordinates(ring))
    return f"<LinearRing><coordinates>{points}</coordinates></LinearRing>"
