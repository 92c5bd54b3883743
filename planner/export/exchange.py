"""A plan's layers for other programs: GBK shapefile, GeoParquet, GeoJSON, KML, DXF, FlatGeobuf, CSV."""

from __future__ import annotations

import glob
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import geopandas as gpd
import pyogrio
import shapely

from planner.errors import InvalidInput, OutputExists, PlannerError, UsageError
from planner.export.kml import kml_text
from planner.export.texts import plain_frame, write_csv
from planner.files import clean_beside, refuse_existing, refuse_target, whole_folder, write_whole
from planner.locks import locked, plain_reason
from planner.read.readback import check_layer
from planner.scratch import scratch
from planner.words import plain, say

MAX_NAME_BYTES: Final = 10  # of a shapefile's field name; a name cut inside a character makes the file unreadable
MAX_TEXT_BYTES: Final = 254  # of a shapefile's text
PARTS: Final = (".shp", ".shx", ".dbf", ".prj", ".cpg")
MOVED: Final = "moved.txt"  # in the folder of a loose shapefile being moved in: the names of its parts
SHORT: Final = {
    "subsidence_m": "subsid_m",
    "subsidence_max_m": "subs_max_m",
    "water_depth_m": "wdepth_m",
    "water_table_m": "wtable_m",
    "water_share": "wshare",
    "water_share_dry": "wshare_dry",
    "water_share_wet": "wshare_wet",
    "storage_m3": "storage_m3",
    "benefit_cny": "benefitcny",
    "restored_mu": "restor_mu",
    "residual_mm": "resid_mm",
    "curvature_mm_m2": "curv_mm_m2",
    "strain_mm_m": "strain_mmm",
    "settled_year": "settled_yr",
    "surcharge_cny": "surch_cny",
    "ready_year": "ready_year",
    "waterlogging": "waterlog",
    "constraint": "constraint",
    "rules_target": "rules_tgt",
    "next_target": "next_tgt",
    "next_loss_cny": "next_loss",
    "ground_min_m": "ground_min",
    "ground_max_m": "ground_max",
    "missing_share": "missing",
    "spill_level_m": "spill_m",
    "reservoir_id": "reserv_id",
}


def export_as(frame: gpd.GeoDataFrame, path: str | Path, *, encoding: str = "GBK", overwrite: bool = False) -> Path:
    """Writes a layer of a plan (units, parcels or reservoirs) in the format its suffix names.

    path: .shp (loose files; replaced only where they lie alone in a folder), .zip (a zipped shapefile), .parquet, .geojson,
    .kml, .kmz, .dxf, .fgb, .csv.
    encoding: of a shapefile's text. GeoJSON and KML are in WGS 84 degrees; DXF keeps the target as its layer and loses the
    other attributes; FlatGeobuf may reorder rows; CSV has no geometry.
    Raises UsageError for another suffix, OutputExists, PlannerError where the system refuses.
    """
    path = Path(path)
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None and path.suffix.lower() != ".shp":
        raise UsageError(say("export.not_written", path=path, suffix=path.suffix or "?", known=FORMATS))
    rows = plain_frame(frame.reset_index() if frame.index.name else frame.reset_index(drop=True))
    if path.suffix.lower() == ".shp":
        return _loose_shapefile(rows, path, encoding, overwrite)
    assert writer is not None
    try:
        return write_whole(path, lambda partial: writer(rows, partial, encoding), overwrite=overwrite)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError, pyogrio.errors.FieldError) as error:
        raise PlannerError(plain_reason(error, path)) from error


def short_names(columns: Sequence[str], *, encoding: str) -> dict[str, str]:
    """Field names a shapefile can hold: at most 10 bytes in its encoding, never cut inside a character, all different.

    Raises InvalidInput for a name that the encoding cannot write.
    """
    result: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        try:
            name = _cut(SHORT.get(column, column), MAX_NAME_BYTES, encoding)
        except UnicodeEncodeError:
            raise InvalidInput(say("export.field_not_in_encoding", field=column, encoding=encoding)) from None
        number = 1
        while name.lower() in taken:
            number += 1
            name = _cut(SHORT.get(column, column), MAX_NAME_BYTES - len(str(number)), encoding) + str(number)
        taken.add(name.lower())
        result[column] = name
    return result


def _cut(text: str, size: int, encoding: str) -> str:
    """The longest beginning of a text that takes at most `size` bytes."""
    text = text[:size]  # no character takes less than one
    while len(text.encode(encoding)) > size:
        text = text[:-1]
    return text


def _shapefile(rows: gpd.GeoDataFrame, folder: Path, stem: str, encoding: str) -> list[Path]:
    """Writes a shapefile's parts into a folder and returns them, the .shp last."""
    columns = [str(c) for c in rows.columns if c != rows.geometry.name]
    names = short_names(columns, encoding=encoding)
    frame = rows.rename(columns=names)
    for name in names.values():
        if frame[name].dtype == object:
            frame[name] = [None if t is None else _storable(t, encoding) for t in frame[name]]
        elif frame[name].dtype == bool:
            frame[name] = frame[name].astype("int16")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GDAL's advice on long numbers and mixed parts; names and texts were cut above
        pyogrio.write_dataframe(frame, folder / f"{stem}.shp", driver="ESRI Shapefile", encoding=encoding)
    check_layer(folder / f"{stem}.shp", frame, encoding=encoding)
    if not (folder / f"{stem}.cpg").read_bytes().strip():  # GDAL says nothing where it cannot be written
        raise PlannerError(say("files.not_read_back", path=f"{stem}.cpg", why="0 bytes"))
    with (folder / f"{stem}.dbf").open("r+b") as file:
        file.seek(1)
        file.write(bytes((100, 1, 1)))  # the day of writing, 2000-01-01: the same plan gives the same file
    parts = sorted(folder.glob(f"{stem}.*"))
    return [p for p in parts if p.suffix != ".shp"] + [p for p in parts if p.suffix == ".shp"]


def _storable(text: str, encoding: str) -> str:
    """A text that the encoding and a shapefile's field can hold; what the encoding lacks becomes '?'."""
    return _cut(text[:MAX_TEXT_BYTES].encode(encoding, "replace").decode(encoding), MAX_TEXT_BYTES, encoding)


def _loose_shapefile(rows: gpd.GeoDataFrame, path: Path, encoding: str, overwrite: bool) -> Path:
    """A new one is moved in part by part, the .shp last: a reader never meets it without the others.

    One that is there is replaced only where it lies alone in a folder, which then changes places with a new one: several files
    among others cannot be replaced at once. Raises OutputExists there.
    """
    refuse_target(path)
    parts = _parts_there(path)
    if parts and not overwrite:
        refuse_existing(parts[0], overwrite=False)
    if parts:
        alone = all(p in parts or p.name.endswith(".lock") for p in path.parent.iterdir())
        if not alone or path.parent.resolve() == Path.cwd():
            raise OutputExists(say("export.loose_shapefile", path=path))
        stem = path.stem.lower()
        with whole_folder(
            path.parent, overwrite=True, is_ours=lambda folder: True, owned=lambda name: Path(name).stem.lower() == stem
        ) as work:
            _shapefile(rows, work, path.stem, encoding)
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        target = path.parent.resolve() / path.name
        with locked(target):
            _take_back(target)
            clean_beside(target)
            with tempfile.TemporaryDirectory(prefix=f".{path.name}.partial-", dir=path.parent) as work:
                made = _shapefile(rows, Path(work), path.stem, encoding)
                (Path(work) / MOVED).write_text("\n".join(p.name for p in made), encoding="utf-8")
                for part in made:
                    part.replace(path.with_suffix(part.suffix))
    except OSError as error:
        if isinstance(error, PlannerError):
            raise
        raise PlannerError(plain_reason(error, path)) from error
    return path


def _parts_there(path: Path) -> list[Path]:
    """The files of a loose shapefile that are there, but for those a killed run left without their .shp."""
    if not path.parent.is_dir():
        return []
    found = [p for p in sorted(path.parent.iterdir()) if p.stem == path.stem and p.suffix.lower() in PARTS]
    left = [] if path.exists() else _left_by_a_killed_run(path)
    return [p for p in found if p not in left]


def _left_by_a_killed_run(path: Path) -> list[Path]:
    lists = [rest / MOVED for rest in path.parent.glob(f".{glob.escape(path.name)}.partial-*")]
    names = [name for told in lists if told.is_file() for name in told.read_text(encoding="utf-8").split("\n")]
    return [path.with_name(name) for name in names if Path(name).name == name and Path(name).stem == path.stem]


def _take_back(path: Path) -> None:
    """Removes the parts a killed run had moved in before the .shp came."""
    if not path.exists():
        for part in _left_by_a_killed_run(path):
            part.unlink(missing_ok=True)


def _zipped(rows: gpd.GeoDataFrame, path: Path, encoding: str) -> None:
    with scratch() as work, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in _shapefile(rows, work, path.stem, encoding):
            info = zipfile.ZipInfo(part.name, date_time=(2000, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            with part.open("rb") as source, archive.open(info, "w") as sink:
                shutil.copyfileobj(source, sink)


def _parquet(rows: gpd.GeoDataFrame, path: Path, encoding: str) -> None:
    del encoding
    try:
        from pyarrow.parquet import read_metadata

        rows.to_parquet(path, index=False)
        if read_metadata(path).num_rows != len(rows):
            raise PlannerError(say("files.not_read_back", path=path.name, why=plain(f"{len(rows)} rows were written")))
    except ImportError:
        raise UsageError(say("export.needs_pyarrow")) from None


def _geojson(rows: gpd.GeoDataFrame, path: Path, encoding: str) -> None:
    del encoding
    options = {"RFC7946": "YES", "COORDINATE_PRECISION": "10", "WRITE_NAME": "NO"}
    pyogrio.write_dataframe(rows.to_crs(4326), path, driver="GeoJSON", layer_options=options)
    check_layer(path, rows.to_crs(4326))


def _flatgeobuf(rows: gpd.GeoDataFrame, path: Path, encoding: str) -> None:
    del encoding
    pyogrio.write_dataframe(rows, path, driver="FlatGeobuf", promote_to_multi=True)
    check_layer(path, rows)


def _kml(rows: gpd.GeoDataFrame, path: Path, encoding: str) -> None:
    del encoding
    path.write_text(kml_text(rows.to_crs(4326), title=path.stem), encoding="utf-8")


def _kmz(rows: gpd.GeoDataFrame, path: Path, encoding: str) -> None:
    del encoding
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo("doc.kml", date_time=(2000, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, kml_text(rows.to_crs(4326), title=path.stem))


def _dxf(rows: gpd.GeoDataFrame, path: Path, encoding: str) -> None:
    """Rings as closed polylines on a layer named after the target (or the frame's first column)."""
    del encoding
    column = "target" if "target" in rows.columns else str(rows.columns[0])
    parts, owner = shapely.get_parts(rows.geometry.to_numpy(), return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    layers = [_layer_name(rows[column].iloc[i]) for i in owner[of_part]]
    xy, of_ring = shapely.get_coordinates(rings, return_index=True)
    lines = gpd.GeoDataFrame({"Layer": layers}, geometry=shapely.linestrings(xy, indices=of_ring), crs=rows.crs)
    pyogrio.write_dataframe(lines, path, driver="DXF")
    check_layer(path, lines)


def _layer_name(text: object) -> str:
    """A layer name every CAD program takes."""
    return "".join(c if c.isalnum() or c in "_-" else "_" for c in str(text))[:60] or "0"


def _csv(rows: gpd.GeoDataFrame, path: Path, encoding: str) -> None:
    """The rows without their shapes."""
    del encoding
    write_csv(rows.drop(columns=rows.geometry.name), path)


_WRITERS: Final[dict[str, Callable[[gpd.GeoDataFrame, Path, str], None]]] = {
    ".zip": _zipped,
    ".parquet": _parquet,
    ".geojson": _geojson,
    ".kml": _kml,
    ".kmz": _kmz,
    ".dxf": _dxf,
    ".fgb": _flatgeobuf,
    ".csv": _csv,
}
FORMATS: Final = (".shp", *_WRITERS)
