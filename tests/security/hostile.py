"""Files that would write, read elsewhere or call out, each by the trick it uses: makers that return the path to ask for.

place: where the hostile file lies. away: a folder outside, with what must not be read or written. url: of the canary.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyogrio
import rasterio
from dirty.case import X0, Y0, frame, squares
from rasterio.transform import Affine

Maker = Callable[[Path, Path, str], Path]
VECTORS: dict[str, Maker] = {}
RASTERS: dict[str, Maker] = {}


def vector(make: Maker) -> Maker:
    VECTORS[make.__name__] = make
    return make


def raster(make: Maker) -> Maker:
    RASTERS[make.__name__] = make
    return make


def dem(path: Path, **profile: object) -> Path:
    """A plain of 60 × 60 cells of 20 m under the squares of the dirty cases."""
    options = {"driver": "GTiff", "height": 60, "width": 60, "count": 1, "dtype": "float32", "crs": 4527, **profile}
    with rasterio.open(path, "w", transform=Affine(20, 0, X0 - 200, 0, -20, Y0 + 800), **options) as file:
        file.write(np.full((1, 60, 60), 32.0, dtype=options["dtype"]))
    return path


def collection(**more: object) -> dict[str, object]:
    feature = {
        "type": "Feature",
        "properties": {"depth": 2.0},
        "geometry": json.loads(json.dumps(squares(1)[0].__geo_interface__)),
    }
    return {"type": "FeatureCollection", **more, "features": [feature]}


# --- vectors ---------------------------------------------------------------------------------------------------------


def pipeline(away: Path) -> str:
    step = f'"gdal vector pipeline read {away}/secret.geojson ! tee [ write {away}/written.geojson ]"'
    return '{"type": "gdal_streamed_alg", "command_line": ' + step + "}"


@vector
def pipeline_called_geojson(place: Path, away: Path, url: str) -> Path:
    (place / "a.geojson").write_text(pipeline(away))
    return place / "a.geojson"


@vector
def pipeline_that_only_reads(place: Path, away: Path, url: str) -> Path:
    text = {
        "type": "gdal_streamed_alg",
        "command_line": f"gdal vector pipeline read {away}/secret.geojson ! swap-xy ! swap-xy",
    }
    (place / "a.json").write_text(json.dumps(text))
    return place / "a.json"


@vector
def pipeline_within_a_collection(place: Path, away: Path, url: str) -> Path:
    """Both at once: whoever reads the first `type` runs it, whoever reads the last does not."""
    (place / "a.geojson").write_text(pipeline(away)[:-1] + ', "features": [], "type": "FeatureCollection"}')
    return place / "a.geojson"


@vector
def linked_crs(place: Path, away: Path, url: str) -> Path:
    crs = {"type": "link", "properties": {"href": f"{url}/crs", "type": "proj4"}}
    (place / "a.geojson").write_text(json.dumps(collection(crs=crs)))
    return place / "a.geojson"


@vector
def crs_that_is_an_address(place: Path, away: Path, url: str) -> Path:
    crs = {"type": "name", "properties": {"name": f"{url}/crs"}}
    (place / "a.geojson").write_text(json.dumps(collection(crs=crs)))
    return place / "a.geojson"


@vector
def wfs_called_kml(place: Path, away: Path, url: str) -> Path:
    (place / "a.kml").write_text(f"<OGRWFSDataSource><URL>{url}/wfs</URL></OGRWFSDataSource>")
    return place / "a.kml"


OGRVRT = (
    "<OGRVRTDataSource><OGRVRTLayer name='{}'><SrcDataSource>{}/secret.geojson</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
)


@vector
def virtual_layer_in_a_kml(place: Path, away: Path, url: str) -> Path:
    inner = OGRVRT.format("a", away)
    (place / "a.kml").write_text(f"<!-- <kml> -->{inner}")
    return place / "a.kml"


@vector
def kml_with_a_network_link(place: Path, away: Path, url: str) -> Path:
    link = f"<NetworkLink><Link><href>{url}/more.kml</href></Link></NetworkLink><styleUrl>{url}/s.kml#a</styleUrl>"
    (place / "a.kml").write_text(f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{link}</Document></kml>')
    return place / "a.kml"


@vector
def virtual_layer_called_dxf(place: Path, away: Path, url: str) -> Path:
    (place / "a.dxf").write_text(OGRVRT.format("SECTION", away))
    return place / "a.dxf"


@vector
def virtual_table_in_a_geopackage(place: Path, away: Path, url: str) -> Path:
    frame().to_file(place / "a.gpkg")
    with sqlite3.connect(place / "a.gpkg") as base:
        base.execute("PRAGMA writable_schema = ON")
        sql = f"CREATE VIRTUAL TABLE spy USING VirtualOGR('{away}/secret.geojson')"
        base.execute("INSERT INTO sqlite_master VALUES ('table', 'spy', 'spy', 0, ?)", (sql,))
        base.execute("INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('spy', 'attributes', 'spy')")
    return place / "a.gpkg"


@vector
def view_without_end(place: Path, away: Path, url: str) -> Path:
    frame().to_file(place / "a.gpkg")
    with sqlite3.connect(place / "a.gpkg") as base:
        endless = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS fid, i AS depth, NULL AS geom FROM n"
        )
        base.execute(f"CREATE VIEW endless AS {endless}")
        base.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('endless', 'features', 'e', 4527)"
        )
        base.execute("INSERT INTO gpkg_geometry_columns VALUES ('endless', 'geom', 'POLYGON', 4527, 0, 0)")
    return place / "a.gpkg"


@vector
def database_called_geopackage(place: Path, away: Path, url: str) -> Path:
    with sqlite3.connect(place / "a.gpkg") as base:
        base.execute("CREATE TABLE a (x)")
    return place / "a.gpkg"


@vector
def geopackage_whose_journal_is_a_link(place: Path, away: Path, url: str) -> Path:
    frame().to_file(place / "a.gpkg")
    os.symlink(away / "victim", place / "a.gpkg-journal")
    return place / "a.gpkg"


@vector
def table_of_a_shapefile_that_is_a_link(place: Path, away: Path, url: str) -> Path:
    frame().to_file(place / "a.shp")
    (place / "a.dbf").rename(away / "secret.dbf")
    os.symlink(away / "secret.dbf", place / "a.dbf")
    return place / "a.shp"


@vector
def encoding_of_a_shapefile_that_is_a_link(place: Path, away: Path, url: str) -> Path:
    frame().to_file(place / "a.shp")
    (place / "a.cpg").unlink(missing_ok=True)
    os.symlink(away / "victim", place / "a.cpg")
    return place / "a.shp"


@vector
def geodatabase_with_a_link_inside(place: Path, away: Path, url: str) -> Path:
    pyogrio.write_dataframe(frame(), place / "a.gdb", driver="OpenFileGDB", layer="a")
    table = sorted((place / "a.gdb").glob("*.gdbtable"))[-1]
    table.rename(away / "secret.gdbtable")
    os.symlink(away / "secret.gdbtable", table)
    return place / "a.gdb"


@vector
def folder_of_shapefiles_called_geodatabase(place: Path, away: Path, url: str) -> Path:
    (place / "a.gdb").mkdir()
    frame().to_file(place / "a.gdb" / "a.shp")
    return place / "a.gdb"


@vector
def pipe_called_geojson(place: Path, away: Path, url: str) -> Path:
    os.mkfifo(place / "a.geojson")
    return place / "a.geojson"


@vector
def archive_with_a_pipeline(place: Path, away: Path, url: str) -> Path:
    with zipfile.ZipFile(place / "a.zip", "w") as archive:
        archive.writestr("a.geojson", pipeline(away))
    return place / "a.zip"


@vector
def crs_with_a_grid_from_elsewhere(place: Path, away: Path, url: str) -> Path:
    frame(crs=4326, geometry=squares(1), depth=[2.0]).to_file(place / "a.shp")
    grid = f'EXTENSION["PROJ4","+proj=longlat +ellps=krass +nadgrids={url}/g.gsb,{away}/secret.gsb"]'
    (place / "a.prj").write_text(
        'GEOGCS["x",DATUM["y",SPHEROID["Krassowsky_1940",6378245,298.3],'
        f'{grid}],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],{grid}]'
    )
    return place / "a.shp"


# --- rasters ---------------------------------------------------------------------------------------------------------


def mosaic(
    place: Path, source: str, *, tag: str = "SourceFilename", before: str = "", after: str = "", name: str = "dem.vrt"
) -> Path:
    band = f"<SimpleSource><{tag}>{source}</{tag}><SourceBand>1</SourceBand></SimpleSource>"
    text = (
        f'{before}<VRTDataset rasterXSize="60" rasterYSize="60"><SRS>EPSG:4527</SRS>'
        f"<GeoTransform>{X0 - 200}, 20, 0, {Y0 + 800}, 0, -20</GeoTransform>"
        f'<VRTRasterBand dataType="Float32" band="1">{band}</VRTRasterBand>{after}</VRTDataset>'
    )
    (place / name).write_text(text)
    return place / name


@raster
def mosaic_of_a_file_elsewhere(place: Path, away: Path, url: str) -> Path:
    return mosaic(place, str(dem(away / "secret.tif")))


@raster
def mosaic_with_tags_in_another_case(place: Path, away: Path, url: str) -> Path:
    return mosaic(place, str(dem(away / "secret.tif")), tag="SOURCEFILENAME")


@raster
def mosaic_with_text_before_it(place: Path, away: Path, url: str) -> Path:
    return mosaic(place, str(dem(away / "secret.tif")), before="ncols 60 ", name="dem.asc")


@raster
def mosaic_with_a_comment_before_it(place: Path, away: Path, url: str) -> Path:
    return mosaic(place, str(dem(away / "secret.tif")), before="<!-- hello -->", name="dem.vrt")


@raster
def mosaic_of_an_address(place: Path, away: Path, url: str) -> Path:
    return mosaic(place, f"/vsicurl/{url}/dem.tif")


@raster
def mosaic_of_a_web_service(place: Path, away: Path, url: str) -> Path:
    (place / "wms.tif").write_text(
        f"<GDAL_WMS><Service name='TMS'><ServerUrl>{url}/${{z}}/${{x}}/${{y}}</ServerUrl></Service></GDAL_WMS>"
    )
    return mosaic(place, "wms.tif").rename(place / "m.vrt")


@raster
def mosaic_of_raw_bytes(place: Path, away: Path, url: str) -> Path:
    band = f'<VRTRasterBand dataType="Byte" band="2" subClass="VRTRawRasterBand"><SourceFilename>{away}/victim</SourceFilename>'
    return mosaic(place, str(dem(place / "t.tif")), after=f"{band}</VRTRasterBand>")


@raster
def mosaic_with_an_overview_elsewhere(place: Path, away: Path, url: str) -> Path:
    dem(place / "t.tif")
    return mosaic(place, "t.tif", after=f"<Overview><SourceFilename>{dem(away / 'secret.tif')}</SourceFilename></Overview>")


@raster
def mosaic_that_holds_itself(place: Path, away: Path, url: str) -> Path:
    return mosaic(place, str(place / "dem.vrt"))


@raster
def fan_of_mosaics(place: Path, away: Path, url: str) -> Path:
    """Twenty mosaics, each of which names the next one eight times: 8²⁰ tiles."""
    dem(place / "t.tif")
    for k in range(20):
        inner = "t.tif" if k == 0 else f"m{k - 1}.vrt"
        sources = f'<SimpleSource><SourceFilename relativeToVRT="1">{inner}</SourceFilename></SimpleSource>' * 8
        mosaic(place, "t.tif", name=f"m{k}.vrt")
        text = (place / f"m{k}.vrt").read_text().replace("</VRTRasterBand>", f"{sources}</VRTRasterBand>")
        (place / f"m{k}.vrt").write_text(text)
    return place / "m19.vrt"


def described(name: str, text: str) -> None:
    def make(place: Path, away: Path, url: str) -> Path:
        (place / name).write_text(text.replace("URL", url).replace("AWAY", str(away)))
        return place / name

    make.__name__ = f"{name.replace('.', '_')}_{len(RASTERS)}"
    raster(make)


WMTS = "<GDAL_WMTS><GetCapabilitiesUrl>URL/wmts?SERVICE=WMTS</GetCapabilitiesUrl><Layer>a</Layer></GDAL_WMTS>"
WMS = (
    "<GDAL_WMS><Service name='TMS'><ServerUrl>URL/${z}/${x}/${y}.png</ServerUrl></Service>"
    "<DataWindow><SizeX>256</SizeX><SizeY>256</SizeY></DataWindow></GDAL_WMS>"
)
for suffix in ("tif", "img", "asc", "vrt", "grd", "dem", "jp2"):
    described(f"dem.{suffix}", WMTS)
    described(f"dem.{suffix}", WMS)
ISIS = "Object = IsisCube\n Object = Core\n  ^Core = AWAY/secret.tif\n  StartByte = 1\n End_Object\nEnd_Object\nEnd"
PDS = 'PDS_VERSION_ID = PDS3\n^IMAGE = "AWAY/secret.img"\nOBJECT = IMAGE\nLINES=60\nLINE_SAMPLES=60\nEND_OBJECT\nEND'
ERS = 'DatasetHeader Begin\n Version = "6.0"\n DataFile = "AWAY/secret.raw"\n DataSetType = ERStorage\nDatasetHeader End'
described("dem.img", ISIS)
described("dem.img", PDS)
described("dem.dem", ERS)
described("dem.tif", "<MRF_META><Raster><Size x='60' y='60' c='1'/><DataFile>AWAY/secret.tif</DataFile></Raster></MRF_META>")
described("dem.asc", '{"stac_version": "1.0.0", "assets": {"dem": {"href": "URL/dem.tif"}}}')
FAR = "<VRTRasterBand><SimpleSource><SourceFilename>/vsicurl/URL/a.tif</SourceFilename></SimpleSource></VRTRasterBand>"
described("dem.bil", f"<VRTDataset rasterXSize='60' rasterYSize='60'>{FAR}</VRTDataset>")


@raster
def overview_elsewhere(place: Path, away: Path, url: str) -> Path:
    dem(place / "dem.tif")
    name = f"<Metadata domain='OVERVIEWS'><MDI key='OVERVIEW_FILE'>/vsicurl/{url}/o.tif</MDI></Metadata>"
    (place / "dem.tif.aux.xml").write_text(f"<PAMDataset>{name}</PAMDataset>")
    return place / "dem.tif"


@raster
def overview_elsewhere_named_inside(place: Path, away: Path, url: str) -> Path:
    dem(away / "secret.tif")
    dem(place / "dem.tif")
    with rasterio.open(place / "dem.tif", "r+") as file:
        file.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=str(away / "secret.tif"))
    return place / "dem.tif"


@raster
def mask_that_is_a_link(place: Path, away: Path, url: str) -> Path:
    dem(place / "dem.tif")
    os.symlink(dem(away / "secret.tif", dtype="uint8"), place / "dem.tif.msk")
    return place / "dem.tif"


@raster
def mask_that_is_a_web_service(place: Path, away: Path, url: str) -> Path:
    dem(place / "dem.tif")
    (place / "dem.tif.msk").write_text(WMS.replace("URL", url))
    return place / "dem.tif"


@raster
def statistics_that_are_a_link(place: Path, away: Path, url: str) -> Path:
    dem(place / "dem.tif")
    os.symlink(away / "victim", place / "dem.tif.aux.xml")
    return place / "dem.tif"


@raster
def crs_of_a_label_that_is_a_link(place: Path, away: Path, url: str) -> Path:
    dem(place / "dem.img", driver="HFA")
    os.symlink(away / "victim", place / "dem.ige")
    return place / "dem.img"


@raster
def pipe_called_tif(place: Path, away: Path, url: str) -> Path:
    os.mkfifo(place / "dem.tif")
    return place / "dem.tif"
