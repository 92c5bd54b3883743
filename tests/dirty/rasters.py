"""Terrains and other rasters: every format, no-data of every kind, wrong places, impossible levels."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import Affine, from_origin

from dirty.case import X0, Y0, Cases, frame, site

CASES = Cases()
CELL = 10.0
WEST, NORTH = X0 - 400.0, Y0 + 600.0  # 10 m cells, 160 × 120, wider than the parcels and their margin
COLS, ROWS = 160, 120
PLAIN = np.full((ROWS, COLS), 32.0)


def raster(path: Path, values: Any = PLAIN, *, driver: str = "GTiff", crs: int | None = 4527, **options: Any) -> Path:
    data = np.asarray(values)
    profile: dict[str, Any] = {
        "driver": driver,
        "height": data.shape[-2],
        "width": data.shape[-1],
        "count": 1 if data.ndim == 2 else data.shape[0],
        "dtype": data.dtype if data.dtype != np.float64 or driver != "GTiff" else "float32",
        "transform": from_origin(WEST, NORTH, CELL, CELL),
        **options,
    }
    if crs is not None:
        profile["crs"] = f"EPSG:{crs}"
    with rasterio.open(path, "w", **profile) as file:
        file.write(data.astype(profile["dtype"]), list(range(1, profile["count"] + 1)) if data.ndim == 3 else 1)
    return path


def with_terrain(folder: Path, name: str = "dem.tif", more: str = "") -> Path:
    frame().to_file(folder / "a.gpkg")
    return site(folder, f'[layers]\npolygons = "a.gpkg"\nterrain = "{name}"\n{more}')


def simple(name: str, **options: Any) -> Callable[[Path], Path]:
    def make(f: Path) -> Path:
        raster(f / name, **options)
        return with_terrain(f, name)

    return make


@CASES.reads(crs=4527)
def geotiff(f: Path) -> Path:
    return simple("dem.tif")(f)


@CASES.reads()
def cloud_optimised(f: Path) -> Path:
    return simple("dem.tif", driver="COG")(f)


@CASES.reads()
def ascii_grid(f: Path) -> Path:
    rows = "\n".join(" ".join("32.0" for _ in range(COLS)) for _ in range(ROWS))
    head = (
        f"ncols {COLS}\nnrows {ROWS}\nxllcorner {WEST}\nyllcorner {NORTH - ROWS * CELL}\ncellsize {CELL}\nNODATA_value -9999\n"
    )
    (f / "dem.asc").write_text(head + rows + "\n")
    return with_terrain(f, "dem.asc")


@CASES.reads()
def imagine(f: Path) -> Path:
    return simple("dem.img", driver="HFA")(f)


def vrt(folder: Path, source: str, *, relative: int = 1, extra: str = "") -> Path:
    transform = f"{WEST}, {CELL}, 0, {NORTH}, 0, {-CELL}"
    band = f'<SourceFilename relativeToVRT="{relative}">{source}</SourceFilename><SourceBand>1</SourceBand>'
    (folder / "dem.vrt").write_text(
        f'<VRTDataset rasterXSize="{COLS}" rasterYSize="{ROWS}"><SRS>EPSG:4527</SRS><GeoTransform>{transform}</GeoTransform>'
        f'<VRTRasterBand dataType="Float32" band="1">{extra}<SimpleSource>{band}</SimpleSource></VRTRasterBand></VRTDataset>'
    )
    return with_terrain(folder, "dem.vrt")


@CASES.reads()
def virtual(f: Path) -> Path:
    raster(f / "part.tif")
    return vrt(f, "part.tif")


@CASES.refused("lies outside the site's folder")
def virtual_that_leads_out(f: Path) -> Path:
    (f / "in").mkdir()
    raster(f / "part.tif")
    return vrt(f / "in", "../part.tif")


@CASES.refused("only files on this machine are read")
def virtual_that_leads_to_the_net(f: Path) -> Path:
    return vrt(f, "/vsicurl/http://example.com/dem.tif", relative=0)


@CASES.refused("brings code of its own")
def virtual_that_brings_code(f: Path) -> Path:
    raster(f / "part.tif")
    return vrt(f, "part.tif", extra="<PixelFunctionLanguage>Python</PixelFunctionLanguage>")


@CASES.refused("declares XML entities")
def virtual_with_entities(f: Path) -> Path:
    (f / "dem.vrt").write_text('<!DOCTYPE x [<!ENTITY a "b">]><VRTDataset>&a;</VRTDataset>')
    return with_terrain(f, "dem.vrt")


@CASES.refused("may point to a server")
def a_web_service_as_terrain(f: Path) -> Path:
    (f / "dem.tif").write_text("<GDAL_WMS><Service name='TMS'><ServerUrl>http://example.com</ServerUrl></Service></GDAL_WMS>")
    return with_terrain(f)


@CASES.refused("may point to a server")
def a_catalogue_as_terrain(f: Path) -> Path:
    (f / "dem.tif").write_text('{"stac_version": "1.0.0", "assets": {"dem": {"href": "http://example.com/dem.tif"}}}')
    return with_terrain(f)


@CASES.refused(r"\.gpkg is not read as a raster; use one of \.tif")
def a_tile_index_as_terrain(f: Path) -> Path:
    frame().to_file(f / "dem.gti.gpkg")
    return with_terrain(f, "dem.gti.gpkg")


@CASES.reads()
def whole_metres(f: Path) -> Path:
    return simple("dem.tif", values=PLAIN.astype("int16"))(f)


def holed(at: tuple[int, int], fill: float) -> Any:
    values = PLAIN.copy()
    values[at] = fill
    return values


@CASES.refused(r"has no data over 0\.15 mu of the polygons, first in parcel P1")
def hole_inside_a_parcel(f: Path) -> Path:
    return simple("dem.tif", values=holed((50, 50), -9999.0), nodata=-9999.0)(f)


@CASES.refused("has no data over 0.15 mu")
def hole_without_a_declared_value(f: Path) -> Path:
    return simple("dem.tif", values=holed((50, 50), -32768.0))(f)


@CASES.refused("has no data over 0.15 mu")
def hole_of_nan(f: Path) -> Path:
    return simple("dem.tif", values=holed((50, 50), np.nan))(f)


@CASES.reads()
def hole_beside_the_parcels(f: Path) -> Path:
    return simple("dem.tif", values=holed((2, 2), -9999.0), nodata=-9999.0)(f)


@CASES.reads("turned north-up")
def south_up(f: Path) -> Path:
    south = NORTH - ROWS * CELL
    return simple("dem.tif", transform=Affine(CELL, 0, WEST, 0, CELL, south))(f)


@CASES.reads("resampled north-up")
def rotated(f: Path) -> Path:
    turn = Affine.translation(WEST - 600, NORTH + 200) * Affine.rotation(5) * Affine.scale(CELL, -CELL)
    return simple("dem.tif", values=np.full((250, 300), 32.0), transform=turn)(f)


@CASES.reads("warped to the working CRS", crs=4527)
def terrain_in_degrees(f: Path) -> Path:
    return simple("dem.tif", values=np.full((400, 400), 32.0), crs=4326, transform=from_origin(116.98, 33.99, 1e-4, 1e-4))(f)


@CASES.reads("no CRS in the file")
def terrain_without_crs(f: Path) -> Path:
    return simple("dem.tif", crs=None)(f)


@CASES.refused("neither a CRS nor a position|do not meet")
def terrain_without_place(f: Path) -> Path:
    return simple("dem.tif", crs=None, transform=Affine.identity())(f)


@CASES.refused("dem.tif: cannot be read as a raster")
def terrain_of_text(f: Path) -> Path:
    (f / "dem.tif").write_text("not a raster")
    return with_terrain(f)


@CASES.refused(r"the file is empty \(0 bytes\)")
def terrain_of_nothing(f: Path) -> Path:
    (f / "dem.tif").touch()
    return with_terrain(f)


@CASES.refused("cannot be read as a raster|has no data")
def terrain_cut_in_half(f: Path) -> Path:
    raster(f / "dem.tif", compress="deflate", values=np.random.default_rng(1).normal(32, 1, (ROWS, COLS)))
    raw = (f / "dem.tif").read_bytes()
    (f / "dem.tif").write_bytes(raw[: len(raw) // 2])
    return with_terrain(f)


@CASES.reads("has 3 bands; the first is read as terrain")
def terrain_of_three_bands(f: Path) -> Path:
    return simple("dem.tif", values=np.stack([PLAIN, PLAIN * 0, PLAIN * 0]))(f)


@CASES.reads("has 2 bands", "brought onto the terrain's cells", depths=None)
def subsidence_on_other_cells(f: Path) -> Path:
    raster(f / "dem.tif")
    coarse = np.full((2, 40, 54), 2.5)
    raster(f / "w.tif", coarse, transform=from_origin(WEST, NORTH, 30.0, 30.0))
    return with_terrain(f, more='subsidence = "w.tif"\n')


def with_subsidence(folder: Path, values: Any) -> Path:
    raster(folder / "dem.tif")
    raster(folder / "w.tif", values)
    return with_terrain(folder, more='subsidence = "w.tif"\n')


@CASES.reads("turned positive", depths=(2.0, 3.0))
def subsidence_as_negative(f: Path) -> Path:
    return with_subsidence(f, PLAIN * 0 - 2.5)


@CASES.refused("it cannot be negative")
def subsidence_of_both_signs(f: Path) -> Path:
    return with_subsidence(f, np.linspace(-1, 2, ROWS * COLS).reshape(ROWS, COLS))


@CASES.refused("is it in mm")
def subsidence_in_millimetres(f: Path) -> Path:
    return with_subsidence(f, PLAIN * 0 + 2500)


@CASES.reads("disagrees with the ground lost")
def subsidence_against_the_column(f: Path) -> Path:
    return with_subsidence(f, PLAIN * 0 + 9.0)


@CASES.reads(depths=(2.0, 3.0))
def subsidence_without_terrain(f: Path) -> Path:
    raster(f / "w.tif", PLAIN * 0 + 2.5)
    frame().to_file(f / "a.gpkg")
    return site(f, '[layers]\npolygons = "a.gpkg"\nsubsidence = "w.tif"\n')


@CASES.refused("dry ≤ normal is broken by up to 1.00 m")
def water_upside_down(f: Path) -> Path:
    raster(f / "dem.tif")
    return with_terrain(f, more="water_table = {normal = 31.0, dry = 32.0}\n")


@CASES.refused("the water table has no data inside the polygons")
def water_with_holes(f: Path) -> Path:
    raster(f / "dem.tif")
    raster(f / "wt.tif", holed((50, 50), np.nan))
    return with_terrain(f, more='water_table = "wt.tif"\n')


@CASES.refused("layers.residual = -5: mm still to sink cannot be negative")
def residual_negative(f: Path) -> Path:
    raster(f / "dem.tif")
    return with_terrain(f, more="residual = -5.0\n")


@CASES.refused("Xian 1980.* is an old datum")
def terrain_on_an_old_datum(f: Path) -> Path:
    return simple("dem.tif", crs=2363)(f)


@CASES.refused("dem2.tif: no such file; did you mean 'dem.tif'")
def terrain_missing(f: Path) -> Path:
    raster(f / "dem.tif")
    return with_terrain(f, "dem2.tif")


@CASES.reads(crs=4527)
def terrain_whose_crs_is_given(f: Path) -> Path:
    raster(f / "dem.tif", crs=4528)
    frame().to_file(f / "a.gpkg")
    return site(f, '[layers]\npolygons = "a.gpkg"\nterrain = {path = "dem.tif", crs = "EPSG:4527"}\n')
