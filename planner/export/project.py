"""The QGIS project a plan.gpkg carries: its layers in named groups, styled, found wherever the file is moved to."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import geopandas as gpd
import numpy as np

from planner.export.styles import QGIS_VERSION
from planner.export.texts import clean
from planner.words import term

FILE: Final = "./plan.gpkg"  # beside the project, which is in that very file
GROUPS: Final = (  # top first, as drawn: what limits the plan lies over what it limits
    ("site", ("names", "boundary", "constraints", "parcels")),
    ("plan", ("dykes", "reservoirs", "units")),
    ("tables", ("options", "rules", "others", "haul", "storage", "borders")),
)
SHAPES: Final = {"dykes": "Line", "names": "Point"}  # of layers that are no polygons
_MARGIN: Final = 0.03  # share of the extent left free around the plan when it opens
_PREFIX: Final = "restoration_plan_"  # QGIS takes no layer id of ten characters or less
_NO_CRS: Final = "<spatialrefsys><wkt></wkt></spatialrefsys>"


def project_xml(
    layers: Mapping[str, gpd.GeoDataFrame],
    tables: Iterable[str],
    bodies: Mapping[str, str],
    *,
    title: str,
    crs: Any,
    lang: str,
) -> str:
    """The project as QGIS writes it, with paths relative to the GeoPackage.

    layers: frames by layer name. tables: names of those without geometry. bodies: style elements by layer name. crs: of the
    map. lang: of the names of groups and layers.
    """
    there = {**{name: frame.crs or crs for name, frame in layers.items()}, **dict.fromkeys(tables)}
    groups, order = "", []
    for group, members in GROUPS:
        found = [name for name in members if name in there]
        order += found
        if found:
            leaves = "".join(_leaf(name, lang) for name in found)
            opened = 0 if "options" in members else 1
            name = quoteattr(term("layer_group", group, lang))
            groups += f'<layer-tree-group name={name} checked="Qt::Checked" expanded="{opened}">{leaves}</layer-tree-group>'
    maps = "".join(_map_layer(name, there[name], bodies.get(name, ""), lang) for name in order)
    text = escape(clean(title))
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        f'<qgis version="{QGIS_VERSION}" projectname={quoteattr(clean(title))}><homePath path=""/><title>{text}</title>'
        f"<projectCrs>{_crs(crs)}</projectCrs><layer-tree-group>{groups}</layer-tree-group>{_canvas(layers, crs)}"
        f"<projectlayers>{maps}</projectlayers>"
        '<properties><Paths><Absolute type="bool">false</Absolute></Paths>'
        '<SpatialRefSys><ProjectionsEnabled type="int">1</ProjectionsEnabled></SpatialRefSys></properties></qgis>\n'
    )


def packed(project: str) -> str:
    """A project as the qgis_projects table keeps it: a zip archive in hexadecimal, the same for the same text."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # stored, not deflated: no two zlibs need give the same bytes
        archive.writestr(zipfile.ZipInfo("plan.qgs"), project.encode("utf-8"))
    return buffer.getvalue().hex()


def _leaf(name: str, lang: str) -> str:
    return (
        f'<layer-tree-layer id="{_PREFIX}{name}" name={quoteattr(term("layer", name, lang))} source={quoteattr(_source(name))} '
        f'providerKey="ogr" checked="Qt::Checked" expanded="{int(name == "units")}"/>'
    )


def _map_layer(name: str, crs: Any, body: str, lang: str) -> str:
    shape, title = "No geometry" if crs is None else SHAPES.get(name, "Polygon"), escape(term("layer", name, lang))
    return (
        f'<maplayer type="vector" geometry="{shape}" styleCategories="AllStyleCategories"><id>{_PREFIX}{name}</id>'
        f"<datasource>{escape(_source(name))}</datasource><layername>{title}</layername>"
        f'<srs>{_NO_CRS if crs is None else _crs(crs)}</srs><provider encoding="UTF-8">ogr</provider>{body}</maplayer>'
    )


def _source(name: str) -> str:
    return f"{FILE}|layername={name}"


def _crs(crs: Any) -> str:
    """A CRS by its text, and by its code only where it is that very one: a local meridian has none."""
    known = crs.to_authority(min_confidence=100)
    code = f"<authid>{escape(':'.join(known))}</authid>" if known else ""
    return f"<spatialrefsys><wkt>{escape(crs.to_wkt())}</wkt>{code}</spatialrefsys>"


def _canvas(layers: Mapping[str, gpd.GeoDataFrame], crs: Any) -> str:
    """What is in view on opening: all units."""
    bounds = np.asarray(layers["units"].total_bounds, dtype=np.float64)
    if not np.all(np.isfinite(bounds)):
        return ""
    west, south, east, north = bounds
    edge = _MARGIN * max(east - west, north - south)
    sides = {"xmin": west - edge, "ymin": south - edge, "xmax": east + edge, "ymax": north + edge}
    extent = "".join(f"<{k}>{v:.3f}</{k}>" for k, v in sides.items())
    return (
        f'<mapcanvas name="theMapCanvas" annotationsVisible="1"><units>meters</units><extent>{extent}</extent>'
        f"<rotation>0</rotation><destinationsrs>{_crs(crs)}</destinationsrs></mapcanvas>"
    )
