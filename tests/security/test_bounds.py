"""Nothing grows without bound: nesting, columns, rows, texts."""

import json
import zipfile
from pathlib import Path

import pytest
from dirty.case import frame

from planner.errors import InvalidInput
from planner.export import export_as
from planner.export.exchange import MAX_TEXT_BYTES
from planner.read import read_site


def refused(path: Path, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as caught:
        read_site(path)
    assert len(str(caught.value)) < 500


def test_brackets_within_brackets(tmp_path: Path) -> None:
    deep = "GEOMETRYCOLLECTION (" * 100_000 + "POINT (0 0)" + ")" * 100_000
    (tmp_path / "a.csv").write_text(f'depth,wkt\n2,"{deep}"\n')
    refused(tmp_path / "a.csv", "nested more than 256 deep")
    (tmp_path / "a.geojson").write_text('{"type": "GeometryCollection", "geometries": [' * 50_000)
    refused(tmp_path / "a.geojson", "nested more than 256 deep")
    (tmp_path / "a.kml").write_text("<kml>" + "<Folder>" * 100_000)
    refused(tmp_path / "a.kml", "nested more than 256 deep")


def test_columns_without_end(tmp_path: Path) -> None:
    properties = {f"c{k}": 1 for k in range(5_000)}
    feature = {"type": "Feature", "properties": properties, "geometry": None}
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    refused(tmp_path / "a.geojson", "more than 2,000 columns")
    (tmp_path / "a.csv").write_text(",".join(properties) + "\n" + ",".join("1" for _ in properties) + "\n")
    refused(tmp_path / "a.csv", "more than 2,000 columns")


def test_a_sheet_whose_last_row_is_far_below(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    frame().drop(columns="geometry").to_excel(tmp_path / "good.xlsx", index=False)
    with zipfile.ZipFile(tmp_path / "good.xlsx") as good, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as bad:
        for name in good.namelist():
            raw = good.read(name)
            if name == "xl/worksheets/sheet1.xml":
                raw = raw.replace(
                    b"</sheetData>", b'<row r="1000000000000"><c r="A1000000000000"><v>1</v></c></row></sheetData>'
                )
            bad.writestr(name, raw)
    refused(tmp_path / "a.xlsx", "cells|workbook|no geometry")


def test_a_text_of_a_megabyte_is_cut_for_a_shapefile(tmp_path: Path) -> None:
    import geopandas as gpd

    export_as(frame(name=["字" * 1_000_000, "x"]), tmp_path / "u.shp")
    assert len(gpd.read_file(tmp_path / "u.shp")["name"][0].encode("gbk")) <= MAX_TEXT_BYTES
