"""What QGIS finds in plan.gpkg: default styles, and a project with groups whose paths hold wherever the file is moved to."""

import dataclasses
import io
import json
import re
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import geopandas as gpd
import pyogrio
import pyproj
import pytest
import shapely
from test_export import HOSTILE, X0, Y0, stand_in

from planner import export
from planner.export.project import packed, project_xml
from planner.export.styles import layer_styles, qml
from planner.export.texts import clean
from planner.landuse import TARGETS

LOCAL = "+proj=tmerc +lat_0=0 +lon_0=116.8333 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=m +no_defs"


def with_limits(**changes: Any) -> Any:
    """The stand-in with constraints and a boundary, which come without a named index."""
    plan = stand_in(**changes)
    limit = shapely.box(X0 + 10, Y0 + 10, X0 + 40, Y0 + 40)
    constraints = gpd.GeoDataFrame(
        {"kind": ["heritage"], "forbids": ["reservoir"], "name": ["古墓"], "name_en": ["Tombs"]},
        geometry=[limit],
        crs=plan.site.crs,
    )
    boundary = gpd.GeoDataFrame({"name": ["范围"]}, geometry=[shapely.box(X0, Y0, X0 + 400, Y0 + 100)], crs=plan.site.crs)
    return dataclasses.replace(plan, site=dataclasses.replace(plan.site, constraints=constraints, boundary=boundary))


def stored(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def parsed(document: str) -> ElementTree.Element:
    return ElementTree.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", document))


def project(path: Path) -> ElementTree.Element:
    """The one project of a GeoPackage, unpacked as QGIS does."""
    [(name, content)] = stored(path, "SELECT name, content FROM qgis_projects")
    assert name == "plan"
    with zipfile.ZipFile(io.BytesIO(bytes.fromhex(content))) as archive:
        [entry] = archive.namelist()
        assert entry.endswith(".qgs")
        return parsed(archive.read(entry).decode("utf-8"))


def text(root: ElementTree.Element, path: str) -> str:
    found = root.find(path)
    assert found is not None, path
    return found.text or ""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_drawn_layer_has_one_default_style_over_columns_it_has(tmp_path: Path, lang: str) -> None:
    path = export.save(with_limits(), tmp_path / "out", lang=lang) / "plan.gpkg"
    drawn = {r[0] for r in stored(path, "SELECT table_name FROM gpkg_geometry_columns")}
    rows = stored(path, "SELECT f_table_name, styleQML, useAsDefault FROM layer_styles")
    assert sorted(r[0] for r in rows) == sorted(drawn) == ["boundary", "constraints", "names", "parcels", "reservoirs", "units"]
    for layer, document, default in rows:
        assert default == 1
        style = parsed(document)
        columns = {r[1] for r in stored(path, f"PRAGMA table_info({layer})")}
        assert {a.attrib["field"] for a in style.iter("alias")} <= columns
        expressions = [text(style, "previewExpression"), *(t.attrib["fieldName"] for t in style.iter("text-style"))]
        assert {name for e in expressions for name in re.findall(r'"(\w+)"', e)} <= columns, layer
        renderer = style.find("renderer-v2")
        assert renderer is not None
        assert renderer.get("attr") in {"units": {"target"}, "reservoirs": {"size_class"}}.get(layer, {None})


def test_units_have_the_colour_and_name_of_every_target() -> None:
    for lang in ("en", "zh"):
        style = parsed(qml(layer_styles({"units": ["unit_id", "target"]}, lang=lang)["units"]))
        symbols = {s.attrib["name"]: s for s in style.findall("renderer-v2/symbols/symbol")}
        seen = {}
        for category in style.iter("category"):
            [colour] = [
                o.attrib["value"] for o in symbols[category.attrib["symbol"]].iter("Option") if o.get("name") == "color"
            ]
            rgb = "".join(f"{int(v):02X}" for v in colour.split(",")[:3])
            seen[category.attrib["value"]] = (category.attrib["label"], f"#{rgb}", colour.split(",")[3])
        assert seen == {t.key: (t.zh if lang == "zh" else t.en, t.colour, "255") for t in TARGETS.values()}


def test_outlines_leave_what_lies_below_in_sight() -> None:
    columns = {"parcels": ["name"], "boundary": ["name"], "constraints": ["name"]}
    for name, body in layer_styles(columns, lang="en").items():
        fills = [layer for layer in parsed(qml(body)).iter("layer") if layer.attrib["class"] == "SimpleFill"]
        assert fills, name
        for fill in fills:
            assert {o.attrib["name"]: o.attrib["value"] for o in fill.iter("Option") if "name" in o.attrib}["style"] == "no"


def test_labels_take_the_name_in_the_language_and_none_where_there_is_none() -> None:
    def label(columns: list[str], lang: str) -> list[str]:
        return [
            t.attrib["fieldName"]
            for t in parsed(qml(layer_styles({"parcels": columns}, lang=lang)["parcels"])).iter("text-style")
        ]

    assert label(["parcel_id", "name", "name_en"], "en") == [
        """coalesce(nullif("name_en", ''), nullif("name", ''), nullif("parcel_id", ''))"""
    ]
    assert label(["name", "name_en"], "zh") == ["""coalesce(nullif("name", ''), nullif("name_en", ''))"""]
    assert label(["mine"], "zh") == []
    assert layer_styles({"strange": ["name"]}, lang="en") == {}


@pytest.mark.parametrize(
    ("lang", "groups"), [("en", ["Site", "Plan", "Tables"]), ("zh", ["现状与限制", "规划方案", "数据表"])], ids=["en", "zh"]
)
def test_the_project_has_every_layer_in_a_group_and_finds_it_beside_itself(
    tmp_path: Path, lang: str, groups: list[str]
) -> None:
    path = export.save(with_limits(), tmp_path / "out", lang=lang) / "plan.gpkg"
    root = project(path)
    tree = root.findall("layer-tree-group/layer-tree-group")
    assert [g.attrib["name"] for g in tree] == groups
    maps = {text(m, "id"): m for m in root.iter("maplayer")}
    leaves = [leaf for g in tree for leaf in g.findall("layer-tree-layer")]
    assert [leaf.attrib["id"] for leaf in leaves] == list(maps)
    tables = {r[0] for r in stored(path, "SELECT table_name FROM gpkg_contents WHERE table_name <> 'layer_styles'")}
    assert {text(m, "datasource") for m in maps.values()} == {f"./plan.gpkg|layername={t}" for t in tables}
    for leaf in leaves:
        layer = maps[leaf.attrib["id"]]
        assert len(leaf.attrib["id"]) > 10, "QGIS gives layers with shorter ids new ones and loses them from the tree"
        assert leaf.attrib["source"] == text(layer, "datasource")
        assert leaf.attrib["name"] == text(layer, "layername")
        assert (layer.attrib["geometry"] == "No geometry") == (layer.find("renderer-v2") is None)
    assert text(root, "properties/Paths/Absolute") == "false"
    assert str(tmp_path) not in ElementTree.tostring(root, encoding="unicode")


def test_the_project_opens_on_all_units_in_the_working_crs(tmp_path: Path) -> None:
    root = project(export.save(with_limits(), tmp_path / "out") / "plan.gpkg")
    sides = {k: float(text(root, f"mapcanvas/extent/{k}")) for k in ("xmin", "ymin", "xmax", "ymax")}
    assert sides == {"xmin": X0 - 12, "ymin": Y0 - 12, "xmax": X0 + 412, "ymax": Y0 + 112}
    for home in ("projectCrs", "mapcanvas/destinationsrs", "projectlayers/maplayer/srs"):
        assert text(root, f"{home}/spatialrefsys/authid") == "EPSG:4527"
        assert pyproj.CRS.from_wkt(text(root, f"{home}/spatialrefsys/wkt")) == pyproj.CRS(4527)


def test_a_local_meridian_is_told_by_its_text_and_never_by_a_near_code() -> None:
    crs = pyproj.CRS(LOCAL)
    units = gpd.GeoDataFrame({"target": ["green"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=crs)
    root = parsed(project_xml({"units": units}, [], {}, title="x", crs=crs, lang="en"))
    assert root.find("projectCrs/spatialrefsys/authid") is None
    assert pyproj.CRS.from_wkt(text(root, "projectCrs/spatialrefsys/wkt")) == crs


def test_a_plan_without_units_or_limits_still_has_a_project() -> None:
    units = gpd.GeoDataFrame({"target": []}, geometry=[], crs=4527)
    root = parsed(project_xml({"units": units}, [], {}, title="空", crs=units.crs, lang="zh"))
    assert root.find("mapcanvas") is None
    assert [g.attrib["name"] for g in root.findall("layer-tree-group/layer-tree-group")] == ["规划方案"]


def test_styles_and_project_are_the_same_for_the_same_plan(tmp_path: Path) -> None:
    a = export.save(with_limits(), tmp_path / "a") / "plan.gpkg"
    b = export.save(with_limits(order=(3, 1, 0, 2)), tmp_path / "b c") / "plan.gpkg"
    for query in ("SELECT * FROM qgis_projects", "SELECT * FROM layer_styles ORDER BY id"):
        assert stored(a, query) == stored(b, query) != []
    [(metadata,)] = stored(a, "SELECT metadata FROM qgis_projects")
    assert json.loads(metadata) == {"last_modified_time": "2000-01-01T00:00:00", "last_modified_user": ""}
    assert packed("<qgis/>") == packed("<qgis/>") != packed("<qgis />")


def test_the_project_is_no_table_of_the_plan(tmp_path: Path) -> None:
    path = export.save(with_limits(), tmp_path / "out") / "plan.gpkg"
    assert "qgis_projects" not in pyogrio.list_layers(path)[:, 0]
    assert stored(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_site_name_stays_a_title(tmp_path: Path, name: str) -> None:
    root = project(export.save(with_limits(name=name), tmp_path / "out") / "plan.gpkg")
    lines = clean(name).replace("\r\n", "\n").replace("\r", "\n")
    assert text(root, "title") == lines
    assert len(list(root.iter("maplayer"))) == len(list(root.iter("layer-tree-layer"))) == 10
