"""Every kind of file that is read, and files that are not what they say."""

import sqlite3
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio

from dirty.case import MU, X0, Y0, Cases, frame, site, squares

CASES = Cases()
NAMES = ("贾汪一号", "中湖")


def to(folder: Path, name: str, **options: object) -> Path:
    frame().to_file(folder / name, **options)
    return folder / name


@CASES.reads(names=NAMES, crs=4527)
def geopackage(f: Path) -> Path:
    return to(f, "a.gpkg")


@CASES.reads(names=NAMES, crs=4527)
def geojson_in_degrees(f: Path) -> Path:
    frame(crs=4527).to_crs(4490).to_crs(4326).to_file(f / "a.geojson")
    return f / "a.geojson"


@CASES.reads(names=NAMES)
def file_geodatabase(f: Path) -> Path:
    return to(f, "a.gdb", driver="OpenFileGDB")


@CASES.reads(names=NAMES)
def flatgeobuf(f: Path) -> Path:
    return to(f, "a.fgb")


@CASES.reads(names=NAMES, crs=4527)
def geoparquet(f: Path) -> Path:
    frame().to_parquet(f / "a.parquet")
    return f / "a.parquet"


def kml(folder: Path) -> Path:
    frame(id=["P1", "P2"], Name=list(NAMES), depth=[2.0, 3.0]).to_crs(4326).to_file(folder / "doc.kml", driver="LIBKML")
    return folder / "doc.kml"


@CASES.reads(names=NAMES)
def keyhole_markup(f: Path) -> Path:
    return kml(f)


@CASES.reads(names=NAMES)
def zipped_keyhole_markup(f: Path) -> Path:
    with zipfile.ZipFile(f / "a.kmz", "w") as archive:
        archive.write(kml(f), "doc.kml")
    return f / "a.kmz"


@CASES.reads("closed and read as polygon", "Gauss–Krüger zones", depths=(4.0, 4.0))
def drawing_with_a_number_for_the_depth(f: Path) -> Path:
    lines = gpd.GeoDataFrame({"Layer": ["a", "b"]}, geometry=[g.exterior for g in squares()])
    pyogrio.write_dataframe(lines, f / "a.dxf", driver="DXF")
    return site(f, '[layers]\npolygons = "a.dxf"\nsubsidence = 4.0\n')


@CASES.reads(names=NAMES)
def zipped_shapefile_in_a_folder(f: Path) -> Path:
    to(f, "a.shp", encoding="GBK")
    with zipfile.ZipFile(f / "a.zip", "w") as archive:
        for part in sorted(f.glob("a.*")):
            if part.suffix != ".zip":
                archive.write(part, f"资料/{part.name}")
    return f / "a.zip"


@CASES.reads(names=NAMES)
def zipped_file_geodatabase(f: Path) -> Path:
    to(f, "a.gdb", driver="OpenFileGDB")
    with zipfile.ZipFile(f / "a.zip", "w") as archive:
        for part in sorted((f / "a.gdb").iterdir()):
            archive.write(part, f"a.gdb/{part.name}")
    return f / "a.zip"


@CASES.refused("one vector file is expected in the archive, found a.geojson, b.geojson")
def archive_of_two(f: Path) -> Path:
    with zipfile.ZipFile(f / "a.zip", "w") as archive:
        archive.writestr("a.geojson", "{}")
        archive.writestr("b.geojson", "{}")
    return f / "a.zip"


def sheet(folder: Path, rows: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(folder / "a.xlsx")
    return folder / "a.xlsx"


@CASES.reads(names=NAMES)
def workbook_of_wkt(f: Path) -> Path:
    rows = [[r["编号"], r["名称"], r["深度"], r["geometry"].wkt] for _, r in frame().iterrows()]
    return sheet(f, [["编号", "名称", "沉陷深度（米）", "几何"], *rows])


def corners() -> list[list[object]]:
    rows: list[list[object]] = []
    for i, g in enumerate(squares()):
        for k, (x, y) in enumerate(list(g.exterior.coords)[:-1]):
            rows.append([f"P{i + 1}", k + 1, x, y, 2.0 + i])
    return rows


@CASES.reads()
def workbook_of_vertices(f: Path) -> Path:
    return sheet(f, [["地块编号", "点号", "X坐标", "Y坐标", "深度(m)"], *corners()])


@CASES.reads()
def csv_of_vertices_out_of_order(f: Path) -> Path:
    table = pd.DataFrame(corners(), columns=["id", "order", "x", "y", "depth"]).iloc[[3, 1, 0, 2, 7, 4, 6, 5]]
    table.to_csv(f / "a.csv", index=False, sep=";")
    return f / "a.csv"


@CASES.refused("polygon 'P1' has 2 vertices")
def csv_of_too_few_vertices(f: Path) -> Path:
    (f / "a.csv").write_text(f"id,x,y,depth\nP1,{X0},{Y0},2\nP1,{X0 + 1},{Y0},2\n")
    return f / "a.csv"


@CASES.refused("no geometry; it needs a WKT column, or x and y")
def csv_without_geometry(f: Path) -> Path:
    (f / "a.csv").write_text("id,depth\nP1,2\n")
    return f / "a.csv"


@CASES.refused("row 2, column 'wkt': 'POLYGON oops' is not WKT")
def csv_with_broken_wkt(f: Path) -> Path:
    (f / "a.csv").write_text('id,depth,wkt\nP1,2,"POLYGON oops"\n')
    return f / "a.csv"


def two_layers(folder: Path, names: tuple[str, str]) -> Path:
    for i, name in enumerate(names):
        frame(squares(1, x=X0 + 1000 * i), 编号=["P1"], 深度=[2.0]).to_file(folder / "a.gpkg", layer=name)
    return folder / "a.gpkg"


@CASES.refused(r'holds 2 polygon layers \(东区, 西区\); say which: layers.polygons = \{path = "a.gpkg", layer = "东区"\}')
def two_layers_and_no_hint(f: Path) -> Path:
    return two_layers(f, ("东区", "西区"))


@CASES.reads("塌陷区", parcels=1, area_mu=MU, depths=(2.0,))
def two_layers_one_named_for_it(f: Path) -> Path:
    return two_layers(f, ("范围", "塌陷区"))


@CASES.reads(parcels=1, area_mu=MU, depths=(2.0,), options={"sets": {"layers.polygons.layer": "西区"}})
def two_layers_one_asked_for(f: Path) -> Path:
    two_layers(f, ("东区", "西区"))
    return site(f, '[layers]\npolygons = {path = "a.gpkg"}\n')


@CASES.refused("no layer '西'; did you mean '西区'")
def a_layer_that_is_not_there(f: Path) -> Path:
    two_layers(f, ("东区", "西区"))
    return site(f, '[layers]\npolygons = {path = "a.gpkg", layer = "西"}\n')


@CASES.refused("no layer with geometry")
def geopackage_of_a_table(f: Path) -> Path:
    pyogrio.write_dataframe(pd.DataFrame({"a": [1]}), f / "a.gpkg", layer="t")
    return f / "a.gpkg"


@CASES.refused("holds no features")
def no_features(f: Path) -> Path:
    frame().iloc[:0].to_file(f / "a.gpkg")
    return f / "a.gpkg"


@CASES.refused(r"the file is empty \(0 bytes\)")
def no_bytes(f: Path) -> Path:
    (f / "a.gpkg").touch()
    return f / "a.gpkg"


@CASES.refused("first bytes are not those of a GeoPackage")
def a_picture_called_geopackage(f: Path) -> Path:
    (f / "a.gpkg").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    return f / "a.gpkg"


@CASES.refused("cannot be read as GeoPackage|holds no features|no layer")
def a_geopackage_cut_in_half(f: Path) -> Path:
    path = to(f, "a.gpkg")
    path.write_bytes(path.read_bytes()[:9000])
    return path


@CASES.refused("cannot be read as shapefile|first bytes|no polygon")
def a_shapefile_cut_in_half(f: Path) -> Path:
    path = to(f, "a.shp")
    path.write_bytes(path.read_bytes()[:150])
    path.with_suffix(".shx").unlink()
    return path


@CASES.reads(".dbf is missing", names=("P001", "P002"), depths=(4.0, 4.0))
def a_shapefile_without_attributes(f: Path) -> Path:
    path = to(f, "a.shp")
    path.with_suffix(".dbf").unlink()
    return site(f, '[layers]\npolygons = "a.shp"\nsubsidence = 4.0\n')


@CASES.reads(names=NAMES)
def a_shapefile_without_its_index(f: Path) -> Path:
    path = to(f, "a.shp", encoding="GBK")
    path.with_suffix(".shx").unlink()
    return path


@CASES.reads(names=NAMES)
def a_shapefile_with_capital_suffixes(f: Path) -> Path:
    path = to(f, "a.shp", encoding="GBK")
    for part in list(f.iterdir()):
        part.rename(part.with_suffix(part.suffix.upper()))
    return path.with_suffix(".SHP")


@CASES.refused("a.pdf: .pdf is not read; use one of")
def an_unknown_suffix(f: Path) -> Path:
    (f / "a.pdf").write_text("x")
    return f / "a.pdf"


@CASES.refused("parcel.gpkg: no such file; did you mean 'parcels.gpkg'")
def a_missing_file(f: Path) -> Path:
    to(f, "parcels.gpkg")
    return site(f, '[layers]\npolygons = "parcel.gpkg"\n')


@CASES.refused("no site.toml in this folder; name the file: .*a.gpkg")
def a_folder_of_files(f: Path) -> Path:
    to(f, "a.gpkg")
    return f


@CASES.refused("no site.toml in this folder, or write one with `planner init")
def an_empty_folder(f: Path) -> Path:
    return f


@CASES.refused("cannot be read as GeoJSON|holds no features")
def half_a_geojson(f: Path) -> Path:
    (f / "a.geojson").write_text('{"type": "FeatureCollection", "features": [{"type": "Feature", "geo')
    return f / "a.geojson"


@CASES.reads(faults=(), names=NAMES)
def a_geopackage_with_a_broken_spatial_index(f: Path) -> Path:
    path = to(f, "a.gpkg")
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE rtree_a_geom")
    return path
