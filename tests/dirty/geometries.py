"""Rings that cross, touch, miss their end, lie twice, have no area, holes that lie outside; what is left is told in mu."""

import sqlite3
import struct
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from dirty.case import MU, X0, Y0, Cases, squares

CASES = Cases()


def put(folder: Path, *geometry: object, depths: list[float] | None = None, ids: list[str] | None = None) -> Path:
    n = len(geometry)
    data = {"id": ids or [f"P{i + 1}" for i in range(n)], "depth": depths or [2.0 + i for i in range(n)]}
    gpd.GeoDataFrame(data, geometry=list(geometry), crs=4527).to_file(folder / "a.gpkg")
    return folder / "a.gpkg"


def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
    return [(X0 + x, Y0 + y) for x, y in points]


BOX = shapely.box(X0, Y0, X0 + 300, Y0 + 200)
FAR = shapely.box(X0 + 1000, Y0, X0 + 1300, Y0 + 200)


@CASES.reads("self-intersection", faults=("self-intersection",), area_mu=45.0 + MU)
def bow_tie(f: Path) -> Path:
    return put(f, shapely.Polygon(at((0, 0), (300, 200), (300, 0), (0, 200))), FAR)


@CASES.reads(faults=("self-intersection",), area_mu=MU + MU)
def box_walked_twice(f: Path) -> Path:
    ring = at((0, 0), (300, 0), (300, 200), (0, 200))
    return put(f, shapely.Polygon(ring + ring), FAR)


@CASES.reads(faults=("ring self-intersection",), area_mu=45.0 + MU)
def ring_that_touches_itself(f: Path) -> Path:
    return put(f, shapely.Polygon(at((0, 0), (150, 100), (0, 200), (300, 200), (150, 100), (300, 0))), FAR)


@CASES.reads(faults=("self-intersection",), area_mu=MU + MU)
def spike(f: Path) -> Path:
    return put(f, shapely.Polygon(at((0, 0), (300, 0), (300, 200), (150, 200), (150, 400), (150, 200), (0, 200))), FAR)


@CASES.reads(faults=("hole lies outside shell",), area_mu=MU + MU)
def hole_outside(f: Path) -> Path:
    return put(f, shapely.Polygon(BOX.exterior, [at((500, 50), (600, 50), (600, 150))]), FAR)


@CASES.reads(faults=("nested holes",), area_mu=2 * MU - 9.0)
def hole_in_a_hole(f: Path) -> Path:
    outer = at((50, 50), (150, 50), (150, 110), (50, 110))
    inner = at((60, 60), (80, 60), (80, 80), (60, 80))
    return put(f, shapely.Polygon(BOX.exterior, [outer, inner]), FAR)


@CASES.reads(faults=("duplicate",), parcels=1, area_mu=MU, depths=(3.0,))
def the_same_polygon_twice(f: Path) -> Path:
    return put(f, BOX, BOX, ids=["P1", "P1b"])


@CASES.reads("to the deeper polygon", faults=("overlap",), area_mu=1.5 * MU, depths=(2.0, 3.0))
def overlap_counts_to_the_deeper(f: Path) -> Path:
    return put(f, BOX, shapely.box(X0 + 150, Y0, X0 + 450, Y0 + 200))


@CASES.reads(faults=("overlap",), area_mu=MU, depths=(2.0, 3.0))
def one_inside_another(f: Path) -> Path:
    return put(f, BOX, shapely.box(X0 + 100, Y0 + 50, X0 + 200, Y0 + 150))


@CASES.reads(faults=("duplicate",), parcels=1, area_mu=MU, depths=(3.0,))
def the_shallow_one_inside_vanishes(f: Path) -> Path:
    return put(f, shapely.box(X0 + 100, Y0 + 50, X0 + 200, Y0 + 150), BOX)


@CASES.reads(faults=("overlap", "overlap"), parcels=3, area_mu=2 * MU, depths=(2.0, 3.0, 4.0))
def three_on_top_of_each_other(f: Path) -> Path:
    return put(f, *(shapely.box(X0 + 150 * i, Y0, X0 + 300 + 150 * i, Y0 + 200) for i in range(3)), depths=[2.0, 3.0, 4.0])


@CASES.reads(faults=("sliver",), area_mu=2 * MU)
def sliver_beside(f: Path) -> Path:
    dust = shapely.box(X0 + 600, Y0, X0 + 600.001, Y0 + 200)
    return put(f, *squares(), dust, depths=[2.0, 3.0, 9.0])


@CASES.reads(faults=("sliver",), area_mu=2 * MU)
def sliver_as_a_part(f: Path) -> Path:
    dust = shapely.box(X0 - 10, Y0, X0 - 9.9, Y0 + 0.1)
    return put(f, shapely.MultiPolygon([BOX, dust]), FAR)


@CASES.reads(area_mu=MU, parcels=1, depths=(2.0,))
def no_area(f: Path) -> Path:
    return put(f, BOX, shapely.Polygon(at((1000, 0), (1300, 0), (1100, 0))))


@CASES.reads()
def with_heights(f: Path) -> Path:
    return put(f, *(shapely.force_3d(g, 31.5) for g in squares()))


@CASES.reads()
def with_measures(f: Path) -> Path:
    text = [g.wkt.replace("POLYGON ", "POLYGON ZM ").replace(",", " 1 7,").replace("))", " 1 7))") for g in squares()]
    (f / "a.csv").write_text("id,depth,wkt\n" + "\n".join(f'P{i + 1},{i + 2},"{t}"' for i, t in enumerate(text)))
    return f / "a.csv"


@CASES.reads()
def multipart(f: Path) -> Path:
    halves = shapely.MultiPolygon([shapely.box(X0, Y0, X0 + 100, Y0 + 200), shapely.box(X0 + 200, Y0, X0 + 400, Y0 + 200)])
    return put(f, halves, FAR)


def with_blob(folder: Path, wkb: bytes) -> Path:
    """A GeoPackage whose second geometry is replaced by raw WKB."""
    path = put(folder, BOX, FAR)
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        blob = b"GP\x00\x01" + struct.pack("<i", 4527) + wkb
        connection.execute("UPDATE a SET geom = ? WHERE fid = 2", (blob,))
        connection.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'GEOMETRY'")
    return path


@CASES.reads(area_mu=MU + np.pi * 100**2 * 15 / 10_000, tolerance_mu=0.02)
def a_circle_of_arcs(f: Path) -> Path:
    points = at((1100, 0), (1200, 100), (1300, 0), (1200, -100), (1100, 0))
    arc = struct.pack("<BII", 1, 8, 5) + b"".join(struct.pack("<dd", *p) for p in points)
    return with_blob(f, struct.pack("<BII", 1, 10, 1) + arc)


@CASES.reads(faults=("empty",), parcels=1, area_mu=MU, depths=(2.0,))
def a_geometry_of_rubbish(f: Path) -> Path:
    return with_blob(f, b"\x01\x03\x00\x00\x00\xff\xff\xff\x7f" + bytes(20))


@CASES.reads(faults=("empty",), parcels=1, area_mu=MU, depths=(2.0,))
def null_geometry(f: Path) -> Path:
    return put(f, BOX, None)


@CASES.reads(faults=("not finite",), parcels=1, area_mu=MU, depths=(2.0,))
def not_a_number(f: Path) -> Path:
    return put(f, BOX, shapely.Polygon([(X0, Y0), (X0 + 1, np.nan), (X0 + 1, Y0 + 1)]))


@CASES.reads(faults=("not finite",), parcels=1, area_mu=MU, depths=(2.0,))
def infinite(f: Path) -> Path:
    return put(f, BOX, shapely.Polygon([(X0, Y0), (np.inf, Y0), (X0 + 1, Y0 + 1)]))


def lines(folder: Path, *geometry: object) -> Path:
    data = gpd.GeoDataFrame(
        {"id": [f"P{i + 1}" for i in range(len(geometry))], "depth": [2.0 + i for i in range(len(geometry))]}
    )
    pyogrio.write_dataframe(data.set_geometry(list(geometry), crs=4527), folder / "a.gpkg", geometry_type="Unknown")
    return folder / "a.gpkg"


@CASES.reads(faults=("is a LineString", "is a LineString"))
def closed_lines(f: Path) -> Path:
    return lines(f, *(shapely.LineString(g.exterior.coords) for g in squares()))


@CASES.reads("closed and read as polygon", faults=("is a LineString",), area_mu=2 * MU, tolerance_mu=0.2)
def a_line_that_nearly_closes(f: Path) -> Path:
    return lines(f, shapely.LineString([*at((0, 0), (300, 0), (300, 200), (0, 200)), *at((0, 0.4))]), FAR)


@CASES.refused("holds no polygon with an area; its 1 features are LineString")
def a_line_that_does_not_close(f: Path) -> Path:
    return lines(f, shapely.LineString(at((0, 0), (300, 0), (300, 200))))


@CASES.refused("holds no polygon with an area; its 2 features are Point")
def points(f: Path) -> Path:
    return lines(f, *(g.centroid for g in squares()))


@CASES.reads(faults=("is a Point",), parcels=2)
def a_point_among_polygons(f: Path) -> Path:
    return lines(f, *squares(), shapely.Point(X0, Y0))


@CASES.reads(faults=("is a GeometryCollection",), area_mu=2 * MU)
def a_collection(f: Path) -> Path:
    return lines(f, shapely.GeometryCollection([BOX, shapely.Point(X0, Y0)]), FAR)


@CASES.reads(area_mu=2 * MU, tolerance_mu=0.3)
def a_million_vertices(f: Path) -> Path:
    t = np.linspace(0, 2 * np.pi, 1_000_001)[:-1]
    radius = np.sqrt(60_000 / np.pi) * (1 + 0.0005 * np.sin(5_000 * t))
    ring = np.column_stack((X0 + 150 + radius * np.cos(t), Y0 + 100 + radius * np.sin(t)))
    return put(f, shapely.Polygon(ring), FAR)


@CASES.reads(faults=("gap",), area_mu=2 * MU, tolerance_mu=0.01)
def a_hair_between_neighbours(f: Path) -> Path:
    return put(f, BOX, shapely.box(X0 + 300.004, Y0, X0 + 600, Y0 + 200))


@CASES.reads(faults=("overlap",), area_mu=2 * MU)
def a_hair_of_overlap(f: Path) -> Path:
    return put(f, BOX, shapely.box(X0 + 299.996, Y0, X0 + 600, Y0 + 200))


@CASES.refused("3,000 polygons lie on top of each other, more than [0-9,]+ pairs meet")
def thousands_on_top_of_each_other(f: Path) -> Path:
    return put(f, *(shapely.box(X0 + i / 50, Y0, X0 + 300 + i / 50, Y0 + 200) for i in range(3000)), depths=[2.0] * 3000)


@CASES.reads(faults=("overlap",), parcels=100, area_mu=MU + 99 * 2 * 200 * 15 / 10_000, depths=None)
def hundreds_on_top_of_each_other(f: Path) -> Path:
    return put(f, *(shapely.box(X0 + 2 * i, Y0, X0 + 300 + 2 * i, Y0 + 200) for i in range(100)), depths=[2.0] * 100)


@CASES.refused(r"nothing is left of its 2 polygons \(6 m²\)")
def nothing_but_strips_of_a_centimetre(f: Path) -> Path:
    return put(f, shapely.box(X0, Y0, X0 + 0.01, Y0 + 300), shapely.box(X0 - 100, Y0 + 100, X0 + 200, Y0 + 100.01))
