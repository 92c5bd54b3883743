"""Files with several things in them: read whole, by the one that is meant, or asked about; nothing is left out unsaid."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pytest
import shapely

from planner.read import check

X0, Y0 = 39_500_000.0, 3_760_000.0
MU = 180.0  # of each of the two layers: two parcels of 90 mu


def layer(x: float = X0, ids: tuple[str, str] = ("P1", "P2")) -> gpd.GeoDataFrame:
    boxes = [shapely.box(x + i * 300, Y0, x + (i + 1) * 300, Y0 + 200) for i in range(2)]
    return gpd.GeoDataFrame({"id": list(ids), "depth": [2.0, 3.0]}, geometry=boxes, crs=4527)


NORTH, SOUTH = layer(), layer(X0 + 1_000, ("Q1", "Q2"))
ROAD = gpd.GeoDataFrame({"kind": ["road"]}, geometry=[shapely.box(X0, Y0 + 500, X0 + 900, Y0 + 510)], crs=4527)


def written(frame: gpd.GeoDataFrame, path: Path, **kind: Any) -> bytes:
    frame.to_file(path, **kind)
    return path.read_bytes()


def zipped(members: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return whole.getvalue()


def kml(folder: Path, body: Callable[[str, str], str]) -> Path:
    """A KML file; body: of the placemarks of NORTH and SOUTH."""

    def marks(frame: gpd.GeoDataFrame) -> str:
        text = ""
        for name, depth, shape in zip(frame["id"], frame["depth"], frame.to_crs(4326).geometry, strict=True):
            ring = " ".join(f"{x},{y},0" for x, y in shape.exterior.coords)
            text += (
                f'<Placemark><name>{name}</name><ExtendedData><Data name="depth"><value>{depth}</value></Data></ExtendedData>'
                f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
                "</Placemark>"
            )
        return text

    text = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body(marks(NORTH), marks(SOUTH))}</Document></kml>'
    (folder / "a.kml").write_text('<?xml version="1.0" encoding="UTF-8"?>' + text, encoding="utf-8")
    return folder / "a.kml"


def workbook(folder: Path, sheets: dict[str, gpd.GeoDataFrame | None]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, frame in sheets.items():
        sheet = book.create_sheet(title)
        if frame is None:
            sheet.append(["说明"])
            continue
        sheet.append(["id", "x", "y", "depth"])
        for name, depth, shape in zip(frame["id"], frame["depth"], frame.geometry, strict=True):
            for x, y in list(shape.exterior.coords)[:-1]:
                sheet.append([name, x, y, depth])
    book.save(folder / "a.xlsx")
    return folder / "a.xlsx"


def archive(folder: Path, build: Callable[[bytes, bytes, bytes], dict[str, bytes]]) -> Path:
    """A zip of GeoPackages of NORTH and SOUTH and a GeoJSON of SOUTH, put together by build."""
    a, b = (written(f, folder / f"{n}.gpkg") for n, f in (("in1", NORTH), ("in2", SOUTH)))
    j = written(SOUTH.to_crs(4326), folder / "in.geojson")
    (folder / "a.zip").write_bytes(zipped(build(a, b, j)))
    return folder / "a.zip"


def layers(folder: Path, driver: str = "GPKG", **named: gpd.GeoDataFrame) -> Path:
    path = folder / ("a.gpkg" if driver == "GPKG" else "a.gdb")
    for name, frame in named.items():
        frame.to_file(path, layer=name, driver=driver, mode="w" if not path.exists() else "a")
    return path


def collections(folder: Path, build: Callable[[Any, Any], Any]) -> Path:
    parts = [json.loads(f.to_crs(4326).to_json()) for f in (NORTH, SOUTH)]
    (folder / "a.geojson").write_text(json.dumps(build(*parts)), encoding="utf-8")
    return folder / "a.geojson"


def fold(name: str, text: str) -> str:
    return f"<Folder><name>{name}</name>{text}</Folder>"


WHOLE: dict[str, tuple[Callable[[Path], Path], float]] = {
    "a zip in a zip": (lambda d: archive(d, lambda a, b, j: {"x/in.zip": zipped({"a.gpkg": a})}), MU),
    "three deep": (lambda d: archive(d, lambda a, b, j: {"1.zip": zipped({"2.zip": zipped({"a.gpkg": a})})}), MU),
    "folders": (lambda d: archive(d, lambda a, b, j: {"x/y/z/a.gpkg": a}), MU),
    "features in .json": (lambda d: archive(d, lambda a, b, j: {"a.json": j, "meta.json": b'{"made": "today"}'}), MU),
    "what macOS adds": (lambda d: archive(d, lambda a, b, j: {"a.gpkg": a, "__MACOSX/._a.gpkg": b"x", "._a.gpkg": b"x"}), MU),
    "folders of a drawing": (lambda d: kml(d, lambda n, s: fold("n", n) + fold("s", s)), 2 * MU),
    "folders in folders": (lambda d: kml(d, lambda n, s: fold("all", fold("n", n) + fold("deep", fold("s", s)))), 2 * MU),
    "folders of one name": (lambda d: kml(d, lambda n, s: fold("n", n) + fold("n", s)), 2 * MU),
    "a folder and loose ones": (lambda d: kml(d, lambda n, s: fold("n", n) + s), 2 * MU),
    "a folder for the role": (lambda d: kml(d, lambda n, s: fold("塌陷区", n) + fold("道路", s)), MU),
    "a sheet beside notes": (lambda d: workbook(d, {"说明": None, "数据": NORTH, "附": None}), MU),
    "collections in one another": (
        lambda d: collections(d, lambda a, b: {"type": "FeatureCollection", "features": [a, b]}),
        2 * MU,
    ),
    "collections in a list": (lambda d: collections(d, lambda a, b: [a, b]), 2 * MU),
    "features in a list": (lambda d: collections(d, lambda a, b: [*a["features"], *b["features"]]), 2 * MU),
    "a layer for the role": (lambda d: layers(d, 沉陷区=NORTH, 道路=ROAD), MU),
    "groups of a geodatabase": (lambda d: layers(d, "OpenFileGDB", parcels=NORTH, roads=ROAD), MU),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_it_is_read_whole_or_by_the_one_that_is_meant(kind: str, tmp_path: Path) -> None:
    make, mu = WHOLE[kind]
    report = check(make(tmp_path))
    assert report.ok, report.error
    assert report.area_mu == pytest.approx(mu, rel=1e-3)


ASKED: dict[str, Callable[[Path], Path]] = {
    "two files": lambda d: archive(d, lambda a, b, j: {"x/a.gpkg": a, "y/b.gpkg": b}),
    "two of one name": lambda d: archive(d, lambda a, b, j: {"x/a.gpkg": a, "y/a.gpkg": b}),
    "a file and a zip": lambda d: archive(d, lambda a, b, j: {"a.gpkg": a, "in.zip": zipped({"b.gpkg": b})}),
    "two zips": lambda d: archive(d, lambda a, b, j: {"1.zip": zipped({"a.gpkg": a}), "2.zip": zipped({"b.gpkg": b})}),
    "a .json beside": lambda d: archive(d, lambda a, b, j: {"a.gpkg": a, "b.json": j}),
    "two layers": lambda d: layers(d, north=NORTH, south=SOUTH),
    "two layers that fit": lambda d: layers(d, parcels=NORTH, subsidence=SOUTH),
    "two that fit in Chinese": lambda d: layers(d, 塌陷区_北=NORTH, 塌陷区_南=SOUTH),
    "two in a geodatabase": lambda d: layers(d, "OpenFileGDB", north=NORTH, south=SOUTH),
    "two sheets": lambda d: workbook(d, {"北区": NORTH, "南区": SOUTH, "说明": None}),
}


@pytest.mark.parametrize("kind", ASKED)
def test_it_is_asked_and_the_answer_it_names_is_understood(kind: str, tmp_path: Path) -> None:
    path = ASKED[kind](tmp_path)
    refusal = check(path).error
    assert refusal is not None and "\n" not in refusal
    said = re.search(r'layers\.polygons = \{path = "([^"]+)", layer = "([^"]+)"\}', refusal)
    assert said, refusal
    assert said[1] == path.name
    report = check(path, sets={"layers.polygons.layer": said[2]})
    assert report.ok, report.error
    assert report.area_mu == pytest.approx(MU, rel=1e-3)


def test_archives_too_deep_or_empty_are_refused(tmp_path: Path) -> None:
    inner = written(NORTH, tmp_path / "in.gpkg")
    for _ in range(5):
        inner = zipped({"x.zip": inner} if inner[:2] == b"PK" else {"a.gpkg": inner})
    for name, data, said in (("deep", inner, "deep in one another"), ("none", zipped({"readme.txt": b"x"}), "no vector file")):
        (tmp_path / f"{name}.zip").write_bytes(data)
        assert said in str(check(tmp_path / f"{name}.zip").error)
