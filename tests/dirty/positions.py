"""Coordinates without a CRS, with a wrong one, with axes swapped, on old datums, far from their terrain."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import rasterio
import shapely
from rasterio.transform import from_origin

from dirty.case import MU, X0, Y0, Cases, frame, site, squares

CASES = Cases()


def bare(folder: Path, data: gpd.GeoDataFrame, *, prj: str | None = None) -> Path:
    """A shapefile with the .prj given, or none."""
    path = folder / "a.shp"
    data.to_file(path, encoding="UTF-8")
    said = path.with_suffix(".prj")
    said.unlink(missing_ok=True)
    if prj is not None:
        said.write_text(prj)
    return path


def wkt(crs: object) -> str:
    return pyproj.CRS(crs).to_wkt("WKT1_ESRI")


def swapped(data: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return data.set_geometry([shapely.transform(g, lambda p: p[:, ::-1]) for g in data.geometry], crs=None)


def dem(folder: Path, *, crs: int | None, west: float, north: float, cells: int = 200, cell: float = 10.0) -> Path:
    path = folder / "dem.tif"
    options = {"crs": f"EPSG:{crs}"} if crs else {}
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=cells,
        height=cells,
        count=1,
        dtype="float32",
        transform=from_origin(west, north, cell, cell),
        **options,
    ) as file:
        file.write(np.full((cells, cells), 32.0, dtype="float32"), 1)
    return path


@CASES.reads("zone number 39", "3° Gauss–Krüger", crs=4527)
def no_prj_with_zone_number(f: Path) -> Path:
    return bare(f, frame())


@CASES.reads("zone number 20", "6° Gauss–Krüger", crs=4498, tolerance_mu=0.2)
def no_prj_with_zone_number_of_six_degrees(f: Path) -> Path:
    return bare(f, frame(squares(x=20_500_000.0), crs=4498))


@CASES.refused("fits every zone; say which with layers.polygons.crs or --crs")
def no_prj_without_zone_number(f: Path) -> Path:
    return bare(f, frame(squares(x=500_000.0), crs=4548))


@CASES.reads(crs=4548, options={"crs": "EPSG:4548"})
def no_prj_but_asked_for(f: Path) -> Path:
    return bare(f, frame(squares(x=500_000.0), crs=4548))


@CASES.reads("its numbers lie on the terrain", crs=4548)
def no_prj_but_a_terrain(f: Path) -> Path:
    bare(f, frame(squares(x=500_000.0), crs=4548))
    dem(f, crs=4548, west=499_000, north=Y0 + 1_200)
    return site(f, '[layers]\npolygons = "a.shp"\nterrain = "dem.tif"\n')


@CASES.reads("x and y are swapped", "zone number 39", crs=4527)
def no_prj_and_axes_swapped(f: Path) -> Path:
    return bare(f, swapped(frame()))


@CASES.reads("x and y are swapped", crs=4527)
def prj_and_axes_swapped(f: Path) -> Path:
    return bare(f, swapped(frame()), prj=wkt(4527))


@CASES.reads("x and y are swapped", crs=4548)
def prj_without_zone_number_and_axes_swapped(f: Path) -> Path:
    return bare(f, swapped(frame(squares(x=500_000.0), crs=4548)), prj=wkt(4548))


@CASES.refused("axes look swapped .* and there is no zone number")
def no_prj_no_zone_and_axes_swapped(f: Path) -> Path:
    return bare(f, swapped(frame(squares(x=500_000.0), crs=4548)))


@CASES.reads("degrees within China", crs=4527)
def no_prj_in_degrees(f: Path) -> Path:
    return bare(f, frame().to_crs(4490))


@CASES.reads("degrees within China", "x and y are swapped", crs=4527)
def no_prj_in_degrees_latitude_first(f: Path) -> Path:
    return bare(f, swapped(frame().to_crs(4490)))


@CASES.reads("x and y are swapped", crs=4527)
def geojson_with_latitude_first(f: Path) -> Path:
    swapped(frame().to_crs(4326)).set_crs(4326).to_file(f / "a.geojson")
    return f / "a.geojson"


@CASES.reads("holds degrees", crs=4527)
def degrees_in_a_file_that_says_metres(f: Path) -> Path:
    return bare(f, frame().to_crs(4490), prj=wkt(4527))


@CASES.reads("the file says degrees, its numbers are not", "zone number 39", crs=4527)
def metres_in_a_file_that_says_degrees(f: Path) -> Path:
    return bare(f, frame(), prj=wkt(4490))


@CASES.refused("Xian 1980 .* is an old datum, off by 60–150 m")
def xian_1980(f: Path) -> Path:
    return bare(f, frame(crs=2363), prj=wkt(2363))


@CASES.refused("Beijing 1954 .* is an old datum")
def beijing_1954(f: Path) -> Path:
    return bare(f, frame(crs=2415), prj=wkt(2415))


OLD = "+proj=tmerc +lon_0=117 +k=1 +x_0=39500000 +ellps=IAU76 +towgs84=24,-123,-94,0,0,0,0 +units=m"


@CASES.reads("given", crs=4527, tolerance_mu=0.05, options={"crs": "EPSG:4527"})
def an_old_datum_with_parameters(f: Path) -> Path:
    bare(f, frame(crs=2363), prj=wkt(2363))
    return site(f, f'[layers]\npolygons = {{path = "a.shp", crs = "{OLD}"}}\n')


@CASES.reads(crs=4527)
def an_old_datum_that_is_cgcs2000_already(f: Path) -> Path:
    bare(f, frame(crs=2363), prj=wkt(2363))
    return site(f, '[layers]\npolygons = {path = "a.shp", crs = "EPSG:4527"}\n')


LOCAL = "+proj=tmerc +lon_0=116.8333333 +k=1 +x_0=500000 +ellps=GRS80 +units=m +no_defs"


@CASES.reads("that of the polygons")
def a_local_central_meridian(f: Path) -> Path:
    return bare(f, frame(squares(x=500_000.0), crs=LOCAL), prj=wkt(LOCAL))


@CASES.reads("whose false easting does not fit")
def prj_without_zone_numbers_with(f: Path) -> Path:
    return bare(f, frame(), prj=wkt(4548))


@CASES.reads("whose false easting does not fit")
def prj_with_zone_numbers_without(f: Path) -> Path:
    return bare(f, frame(squares(x=500_000.0)), prj=wkt(4527))


@CASES.refused("says central meridian 120° but its x ≈ 39,500,000 is zone 39")
def prj_of_another_zone(f: Path) -> Path:
    return bare(f, frame(), prj=wkt(4549))


@CASES.reads("keeps no areas in metres here", crs=4527)
def web_mercator(f: Path) -> Path:
    frame().to_crs(4326).to_crs(3857).to_file(f / "a.gpkg")
    return f / "a.gpkg"


@CASES.reads("UTM zone", crs=32634, tolerance_mu=0.2)
def outside_china(f: Path) -> Path:
    frame(squares(x=365_000.0, y=5_580_000.0), crs=32634).to_crs(4326).to_file(f / "a.geojson")
    return f / "a.geojson"


@CASES.reads("keeps no areas in metres here", crs=32614, tolerance_mu=0.2)
def feet(f: Path) -> Path:
    frame(squares(x=620_000.0, y=3_350_000.0), crs=32614).to_crs(2277).to_file(f / "a.gpkg")
    return f / "a.gpkg"


@CASES.refused("do not tell one; give layers.polygons.crs")
def local_metres(f: Path) -> Path:
    return bare(f, frame(squares(x=1_000.0, y=2_000.0), crs=None))


@CASES.refused("'EPSG:99999' is no CRS", crs="EPSG:99999")
def a_crs_that_is_none(f: Path) -> Path:
    return bare(f, frame())


@CASES.refused("is not a projection in metres", crs="EPSG:3857")
def the_web_maps_crs_forced(f: Path) -> Path:
    return bare(f, frame(), prj=wkt(4527))


@CASES.reads(crs=4527, options={"crs": "EPSG:4490"})
def a_geographic_crs_for_a_file_without(f: Path) -> Path:
    return bare(f, frame().to_crs(4490))


@CASES.reads("given", crs=4528, options={"crs": "EPSG:4528"}, tolerance_mu=0.05)
def forced_into_the_next_zone(f: Path) -> Path:
    return bare(f, frame(), prj=wkt(4527))


@CASES.reads("zone 39")
def heights_in_the_crs(f: Path) -> Path:
    frame(crs="EPSG:4527+5737").to_file(f / "a.gpkg")
    return f / "a.gpkg"


@CASES.refused("do not meet dem.tif .*another zone")
def terrain_in_another_zone(f: Path) -> Path:
    x, y = pyproj.Transformer.from_crs(4527, 4549, always_xy=True).transform(X0, Y0)
    frame(squares(x=500_000.0), crs=4549).to_file(f / "a.gpkg")  # 117° numbers labelled as 120°
    dem(f, crs=4549, west=x - 700, north=y + 1_200)
    return site(f, '[layers]\npolygons = "a.gpkg"\nterrain = "dem.tif"\n')


@CASES.refused("x and y look swapped in one of them")
def terrain_swapped(f: Path) -> Path:
    frame(squares(x=450_000.0, y=460_000.0), crs=32650).to_file(f / "a.gpkg")
    dem(f, crs=32650, west=459_000, north=451_500)
    return site(f, '[layers]\npolygons = "a.gpkg"\nterrain = "dem.tif"\n')


@CASES.refused("lie 28 km apart|km apart: probably another sheet")
def terrain_of_another_sheet(f: Path) -> Path:
    frame().to_file(f / "a.gpkg")
    dem(f, crs=4527, west=X0 + 30_000, north=Y0 + 1_200)
    return site(f, '[layers]\npolygons = "a.gpkg"\nterrain = "dem.tif"\n')


@CASES.refused("miss each other by 100 m: probably another datum")
def terrain_a_little_off(f: Path) -> Path:
    frame().to_file(f / "a.gpkg")
    dem(f, crs=4527, west=X0 + 700, north=Y0 + 1_200)
    return site(f, '[layers]\npolygons = "a.gpkg"\nterrain = "dem.tif"\n')


@CASES.refused(r"does not cover the polygons: 45\.0 mu lie outside it \(parcel P2: 45\.0 mu\)")
def terrain_too_small(f: Path) -> Path:
    frame().to_file(f / "a.gpkg")
    dem(f, crs=4527, west=X0 - 1_550, north=Y0 + 1_200)
    return site(f, '[layers]\npolygons = "a.gpkg"\nterrain = "dem.tif"\n')


@CASES.refused("boundary: no polygon lies inside it")
def boundary_elsewhere(f: Path) -> Path:
    frame().to_file(f / "a.gpkg")
    frame(squares(1, x=X0 + 5_000), name=["b"]).to_file(f / "b.gpkg")
    return site(f, '[layers]\npolygons = "a.gpkg"\nboundary = "b.gpkg"\n')


@CASES.reads("outside the boundary", area_mu=1.5 * MU, faults=("outside",))
def boundary_through_a_parcel(f: Path) -> Path:
    frame().to_file(f / "a.gpkg")
    frame([shapely.box(X0, Y0, X0 + 450, Y0 + 200)], name=["b"]).to_file(f / "b.gpkg")
    return site(f, '[layers]\npolygons = "a.gpkg"\nboundary = "b.gpkg"\n')
