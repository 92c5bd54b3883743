"""What GDAL may do for us: the drivers a format may be opened with, and what is switched off while it is.

GDAL and PROJ are parts with many doors of their own: pipelines, web services, files that name other files. Nothing here opens
anything; `read/door.py` does, by these lists. Source: GDAL's security considerations and configuration options (gdal.org).
"""

from __future__ import annotations

import logging
import os
from collections.abc import MutableMapping
from types import MappingProxyType
from typing import Final

# What a vector file of each suffix may turn out to be; everything else is closed again unread.
VECTOR_DRIVERS: Final = MappingProxyType(
    {
        ".gpkg": ("GPKG",),
        ".shp": ("ESRI Shapefile",),
        ".geojson": ("GeoJSON",),
        ".json": ("GeoJSON",),
        ".gdb": ("OpenFileGDB",),
        ".fgb": ("FlatGeobuf",),
        ".kml": ("LIBKML", "KML"),
        ".dxf": ("DXF",),
    }
)
# The one driver a raster is opened with, by its suffix and its first bytes: (suffixes, first bytes, driver).
RASTER_DRIVERS: Final = (
    ((".tif", ".tiff"), (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "GTiff"),
    ((".img",), (b"EHFA_HEADER_TAG",), "HFA"),
    ((".asc", ".grd"), (b"ncols", b"nrows", b"xll", b"yll", b"cellsize", b"dx", b"dy"), "AAIGrid"),
    ((".asc", ".grd"), (b"north:", b"south:", b"east:", b"west:", b"rows:", b"cols:"), "GRASSASCIIGrid"),
    ((".grd",), (b"dsaa",), "GSAG"),
    ((".grd",), (b"dsbb",), "GSBG"),
    ((".grd",), (b"dsrb",), "GS7BG"),
    ((".grd",), (b"hgpc1", b"hgpc8"), "NWT_GRD"),
    ((".jp2",), (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"), "JP2OpenJPEG"),
    ((".flt", ".bil", ".bip", ".bsq"), (b"",), "EHdr"),
    ((".dem",), (b"",), "USGSDEM"),
    ((".hgt",), (b"",), "SRTMHGT"),
    ((".sdat",), (b"",), "SAGA"),
    ((".adf",), (b"",), "AIG"),
)
# Words at the head of descriptions that lead elsewhere (mosaics, web services, pipelines, labels of planetary archives); no
# raster of cells begins with them, in whatever case.
LEADS_ELSEWHERE: Final = (
    b"<vrtdataset",
    b"<ogrvrt",
    b"<gdal_wms",
    b"<wms_",
    b"<wmt_ms",
    b"<wms",
    b"<wcs_gdal",
    b"<gdal_wmts",
    b"<capabilities",
    b"<mrf_meta",
    b"<gdaltileindex",
    b"<ogrwfs",
    b"<pamdataset",
    b"gdal_streamed_alg",
    b"stac_version",
    b"isiscube",
    b"pds_version_id",
    b"odl_version_id",
    b"lblsize=",
    b"datasetheader begin",
    b"ccsd3zf",
)
# Switched off while anything is opened: no address, no command, no code, no plugin, no proxy of ours that leads out.
SWITCHED_OFF: Final = MappingProxyType(
    {
        "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",  # of /vsicurl/, /vsis3/ and their kind
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
        "GDAL_HTTP_PROXY": "127.0.0.1:9",  # a port that nothing listens on, for what asks by itself (linked CRS)
        "GDAL_HTTPS_PROXY": "127.0.0.1:9",
        "GDAL_HTTP_CONNECTTIMEOUT": "1",
        "GDAL_HTTP_TIMEOUT": "1",
        "GDAL_HTTP_MAX_RETRY": "0",
        "GDAL_VRT_ENABLE_PYTHON": "NO",
        "GDAL_VRT_ENABLE_RAWRASTERBAND": "NO",
        "GDAL_PYTHON_DRIVER_PATH": "disabled",
        "GDAL_ALGORITHM_ALLOW_WRITES_IN_STREAM": "NO",
        "OGR_SQLITE_LOAD_EXTENSIONS": "NO",
        "OGR_SQLITE_STATIC_VIRTUAL_OGR": "NO",
        "OGR_SQLITE_PRAGMA": "trusted_schema=OFF",
        "LIBKML_RESOLVE_STYLE": "NO",
        "PROJ_NETWORK": "OFF",
    }
)
# What the process of our own command line never registers. Of every driver of GDAL 3.9–3.12 what we neither read nor write.
_SKIPPED: Final = """
ACE2 ADBC ADRG AIVector AVCBin AVCE00 AirSAR AmigoCloud Arrow BAG BIGGIF BLX BMP BSB BT BYN CALS CEOS COASP COSAR CPG CSW
CTG CTable2 Cad Carto DAAS DERIVED DGN DIMAP DIPEx DODS DOQ1 DOQ2 DTED ECRGTOC ECW EDIGEO EEDA EEDAI EIR ELAS ENVI ERS
ESAT ESRIC ESRIJSON Elasticsearch FAST FIT GDALG GFF GML GMLAS GNMDatabase GNMFile GPSBabel GPX GRIB GSC GTFS GTI GTX GXF
GenBin GeoJSONSeq GeoRSS HDF4 HDF4Image HDF5 HDF5Image HEIF HF2 HTTP Idrisi ILWIS IRIS ISCE ISG ISIS2 ISIS3 Interlis_1
Interlis_2 JAXAPALSAR JDEM JML JP2ECW JP2KAK JP2MrSID JPIPKAK JSONFG KEA KMLSUPEROVERLAY KRO L1B LAN LCP LIBERTIFF LOSLAS
LVBAG Leveller MAP MBTiles MFF MFF2 MRF MSGN MSSQLSpatial MVT MapML MiraMonRaster MiraMonVector MongoDBv3 MrSID MySQL NDF
NGSGEOID NGW NITF NOAA_B NSIDCbin NTv2 NWT_GRC OAPIF OCI ODBC ODS OGCAPI OGR_GMT OGR_PDS OGR_VRT OSM OZI PAux PCIDSK
PCRaster PDF PDS PDS4 PGDUMP PGeo PLMOSAIC PLSCENES PMTiles PNM PRF Parquet PostGISRaster PostgreSQL R RCM RIK RMF ROI_PAC
RPFTOC RRASTER RS2 RST Rasterlite S102 S104 S111 S57 SAFE SAR_CEOS SDTS SENTINEL2 SGI SIGDEM SNAP_TIFF SNODAS SQLite SRP
STACIT STACTA SXF Selafin TGA TIL TSX Terragen TileDB TopoJSON VDV VFK VICAR WAsP WCS WFS WMS WMTS XLS XLSX XODR XPM XYZ
ZMap Zarr netCDF
"""
_SKIPPED_WITH_SPACES: Final = ("MapInfo File", "Geoconcept", "MSSQL Spatial")


def shut(environment: MutableMapping[str, str] | None = None) -> None:
    """Starts our own process (the command line's) with GDAL's other drivers, its plugins and PROJ's network shut.

    A library that other programs import does not do this: it would take drivers away from them. To be called before GDAL is
    loaded; what it says of drivers that a build does not have goes nowhere.
    """
    place = os.environ if environment is None else environment
    place["GDAL_SKIP"] = ",".join((*_SKIPPED.split(), *_SKIPPED_WITH_SPACES))
    place["GDAL_DRIVER_PATH"] = place["OGR_DRIVER_PATH"] = "disable"
    place["PROJ_NETWORK"] = "OFF"
    place["CPL_LOG"] = os.devnull
    logging.getLogger("rasterio").setLevel(logging.ERROR)  # else a server that logs names every driver that is not there
    place.update({key: value for key, value in SWITCHED_OFF.items() if key != "OGR_SQLITE_PRAGMA"})  # which writing would heed
