"""A plan's layers in other programs' formats read back as they were, and hostile text stays text in each."""

import csv
import re
import struct
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from test_export import HOSTILE, stand_in

from planner import export
from planner.errors import InvalidInput, OutputExists, UsageError
from planner.read.encoding import dbf_texts


@pytest.mark.parametrize("suffix", [".shp", ".zip", ".parquet", ".geojson", ".kml", ".kmz", ".fgb"])
def test_areas_and_targets_read_back(tmp_path: Path, suffix: str) -> None:
    units = stand_in("深水").units
    path = export.export_as(units, tmp_path / f"units{suffix}")
    if suffix == ".parquet":
        found = gpd.read_parquet(path)
    elif suffix == ".kmz":
        with zipfile.ZipFile(path) as archive:
            archive.extract("doc.kml", tmp_path)
        found = gpd.read_file(tmp_path / "doc.kml")
    else:
        found = gpd.read_file(path)
    found = found.sort_values("unit_id")
    assert list(found["target"]) == list(units["target"])
    assert found["area_mu"].astype(float).to_list() == units["area_mu"].to_list()
    assert set(found["reason"]) == {"深水"}
    assert found.to_crs(4527).area.to_numpy() == pytest.approx(units.area.to_numpy(), rel=1e-6)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_a_shapefile_is_gbk_says_so_and_holds_names_of_ten_bytes(tmp_path: Path) -> None:
    path = export.export_as(stand_in("深水").units, tmp_path / "units.shp")
    assert path.with_suffix(".cpg").read_text() == "GBK"
    assert "深水".encode("gbk") in path.with_suffix(".dbf").read_bytes()
    names = [t for t in dbf_texts(path.with_suffix(".dbf")) if t.isascii()]
    assert b"wdepth_m" in names
    assert all(len(n) <= 10 for n in names)


def test_a_long_text_is_cut_between_characters(tmp_path: Path) -> None:
    path = export.export_as(stand_in("字" * 300).units, tmp_path / "units.shp")
    assert set(gpd.read_file(path)["reason"]) == {"字" * 127}


def test_names_that_an_encoding_cannot_write_are_refused() -> None:
    with pytest.raises(InvalidInput, match="cannot be written in ascii; use UTF-8"):
        export.short_names(["沉陷深度"], encoding="ascii")


@given(
    st.lists(
        st.text(st.characters(min_codepoint=0x61, max_codepoint=0x9FA5), min_size=1, max_size=20), unique=True, max_size=30
    )
)
def test_short_names_are_short_whole_and_different(columns: list[str]) -> None:
    names = export.short_names(columns, encoding="utf-8")
    assert list(names) == columns
    assert len({n.lower() for n in names.values()}) == len(columns)
    for name in names.values():
        raw = name.encode("utf-8")
        assert 0 < len(raw) <= 10
        assert raw.decode("utf-8") == name


def test_a_drawing_has_a_layer_per_target(tmp_path: Path) -> None:
    path = export.export_as(stand_in().units, tmp_path / "units.dxf")
    found = gpd.read_file(path)
    assert set(found["Layer"]) == {"construction", "arable", "green", "reservoir"}
    assert shapely.area(shapely.polygons([g.coords for g in found.geometry])) == pytest.approx(np.full(4, 1e4))


def test_a_suffix_that_is_not_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.docx is not written; use one of \.shp, \.zip"):
        export.export_as(stand_in().units, tmp_path / "units.docx")


@pytest.mark.parametrize("suffix", [".shp", ".kml"])
def test_nothing_is_replaced_unasked(tmp_path: Path, suffix: str) -> None:
    path = export.export_as(stand_in("a").units, tmp_path / f"units{suffix}")
    before = path.read_bytes()
    with pytest.raises(OutputExists):
        export.export_as(stand_in("b").units, path)
    assert path.read_bytes() == before
    export.export_as(stand_in("b").units, path, overwrite=True)


@pytest.mark.parametrize("suffix", [".kml", ".kmz", ".zip", ".csv", ".geojson"])
def test_the_same_plan_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    a, b = (export.export_as(stand_in().units, tmp_path / name / f"u{suffix}").read_bytes() for name in "ab")
    assert a == b


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(tmp_path: Path, text: str) -> None:
    units = stand_in(text).units
    kml = export.export_as(units, tmp_path / "u.kml").read_text(encoding="utf-8")
    root = ElementTree.fromstring(kml)
    space = "{http://www.opengis.net/kml/2.2}"
    assert {e.tag.removeprefix(space) for e in root.iter()} <= {
        *("kml", "Document", "name", "Style", "LineStyle", "PolyStyle", "color", "width", "Placemark", "styleUrl"),
        *("ExtendedData", "Data", "value", "MultiGeometry", "Polygon", "outerBoundaryIs", "LinearRing", "coordinates"),
    }
    assert "<!" not in kml
    table = export.export_as(units, tmp_path / "u.csv")
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert not any(str(v).startswith(("=", "+", "-", "@", "\t", "\r")) for r in rows for v in (r["reason"], r["target"]))
    for suffix in (".shp", ".geojson", ".fgb", ".dxf"):
        path = export.export_as(units, tmp_path / f"u{suffix}")
        found = gpd.read_file(path)
        assert len(found) == 4
        if "reason" in found.columns:
            assert not found["reason"].str.contains(r"[\x00-\x1f\x7f\u202e]", regex=True).any()


def test_water_is_written_as_a_cloud_optimised_raster(tmp_path: Path) -> None:
    plan = stand_in()
    depth, level = export.water_grids(plan)
    inside = np.isfinite(depth.values)
    assert inside.sum() == 4  # the fourth unit's column of cells
    assert level.values[inside] == pytest.approx(31.5)
    assert depth.values[inside] == pytest.approx(32.5)  # ground 0 m, dug 1 m, level 31.5 m
    path = export.write_cog(depth, plan.site.crs, tmp_path / "depth.tif", name="water_depth_m")
    with rasterio.open(path) as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.crs.to_epsg() == 4527
        assert np.nanmax(file.read(1)) == pytest.approx(32.5)
        assert file.descriptions == ("water_depth_m",)
    raw = path.read_bytes()
    assert struct.unpack("<H", raw[:2])[0] == 0x4949
    assert re.search(rb"LAYOUT=IFDS_BEFORE_DATA", raw)


def test_a_plan_without_reservoirs_has_no_water(tmp_path: Path) -> None:
    plan = stand_in()
    object.__setattr__(plan, "reservoirs", plan.reservoirs.iloc[:0])
    depth, _ = export.water_grids(plan)
    assert np.isnan(depth.values).all()
