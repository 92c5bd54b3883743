"""What is fuzzed: makers of good files, how each is spoilt, and what is then asked of it."""

from __future__ import annotations

import json
import random
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from dirty.case import X0, Y0, frame, squares
from security.hostile import dem

from fuzz import spoil

LAYERS = 'polygons = {path = "a.gpkg", id = "编号", depth = "深度"}\nterrain = "dem.tif"\nwater_table = 30.5\n'
WISHES = "[targets.construction]\nmin_mu = 10.0\n[budget]\nmax_cny = 1e9\n[reservoir]\nlevel_m = 30.0\n[solver]\ngap = 1e-3\n"
TOML = f'[site]\nname = "场地"\n[layers]\n{LAYERS}{WISHES}'
FORMATS = {"a.gpkg": "GPKG", "a.geojson": "GeoJSON", "a.fgb": "FlatGeobuf", "a.kml": "KML", "a.shp": "ESRI Shapefile"}
POLYGONS = ("a.gpkg", "a.geojson", "a.geojson", "a.fgb", "a.kml", "a.shp", "a.dxf", "a.csv", "a.csv", "v.csv", "a.xlsx")


def seeds(folder: Path) -> None:
    """The good files everything is made from; a saved plan among them."""
    from planner import make_plan

    rows = frame()
    for name, driver in FORMATS.items():
        moved = rows.to_crs(4326) if driver in ("KML", "GeoJSON") else rows
        pyogrio.write_dataframe(moved, folder / name, driver=driver)
    lines = gpd.GeoDataFrame({"Layer": ["2.0", "3.0"]}, geometry=[s.exterior for s in squares()], crs=4527)
    pyogrio.write_dataframe(lines, folder / "a.dxf", driver="DXF")
    (folder / "a.csv").write_text("编号,深度,wkt\n" + "".join(f'P{i},{i + 2},"{s.wkt}"\n' for i, s in enumerate(squares())))
    points = [f"P{i},{i + 2},{x},{y}\n" for i, s in enumerate(squares()) for x, y in s.exterior.coords]
    (folder / "v.csv").write_text("编号,深度,x,y\n" + "".join(points))
    frame().drop(columns="geometry").assign(wkt=[s.wkt for s in squares()]).to_excel(folder / "a.xlsx", index=False)
    dem(folder / "dem.tif")
    dem(folder / "dem.img", driver="HFA")
    dem(folder / "dem.asc", driver="AAIGrid")
    corner = f"<SRS>EPSG:4527</SRS><GeoTransform>{X0 - 200}, 20, 0, {Y0 + 800}, 0, -20</GeoTransform>"
    source = '<SourceFilename relativeToVRT="1">dem.tif</SourceFilename><SourceBand>1</SourceBand>'
    place = '<SrcRect xOff="0" yOff="0" xSize="60" ySize="60"/><DstRect xOff="0" yOff="0" xSize="60" ySize="60"/>'
    inner = f"<NoDataValue>-9999</NoDataValue><SimpleSource>{source}{place}</SimpleSource>"
    band = f'<VRTRasterBand dataType="Float32" band="1">{inner}</VRTRasterBand>'
    (folder / "dem.vrt").write_text(f'<VRTDataset rasterXSize="60" rasterYSize="60">{corner}{band}</VRTDataset>')
    (folder / "site.toml").write_text(TOML, encoding="utf-8")
    make_plan(folder / "site.toml", **{"partition.max_unit_mu": 60.0}).save(folder / "plan")


def _read(path: Path) -> None:
    from planner.read import read_site

    read_site(path)


def vector(good: Path, work: Path, rng: random.Random) -> Callable[[], None]:
    """One file of polygons, of any format."""
    name = rng.choice(
        ("a.gpkg", "a.geojson", "a.geojson", "a.fgb", "a.kml", "a.shp", "a.dxf", "a.csv", "a.csv", "v.csv", "a.xlsx")
    )
    times = rng.randrange(1, 5)
    path = work / name
    if name == "a.shp":
        for part in good.glob("a.*"):
            if part.suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
                shutil.copy(part, work)
        part = work / f"a{rng.choice(('.shp', '.shp', '.dbf', '.dbf', '.shx', '.prj', '.cpg'))}"
        if part.exists():
            part.write_bytes(spoil.octets(part.read_bytes(), rng, times))
        return lambda: _read(path)
    shutil.copy(good / name, path)
    if name == "a.gpkg":
        spoil.database(path, rng, times)
    elif name == "a.geojson":
        path.write_text(json.dumps(spoil.tree(json.loads(path.read_text()), rng, times)))
    elif name in ("a.fgb", "a.xlsx"):
        path.write_bytes(spoil.octets(path.read_bytes(), rng, times))
    else:
        path.write_text(spoil.tokens(path.read_text(), rng, times))
    return lambda: _read(path)


def raster(good: Path, work: Path, rng: random.Random) -> Callable[[], None]:
    """The terrain of a site, of any format, or a side file of it."""
    from planner.water import hollows, storage_table

    for name in ("a.gpkg", "dem.tif"):
        shutil.copy(good / name, work)
    name = rng.choice(("dem.tif", "dem.tif", "dem.img", "dem.asc", "dem.vrt", "dem.vrt", "dem.tif.aux.xml"))
    times, path = rng.randrange(1, 5), work / name.removesuffix(".aux.xml")
    if name == "dem.tif.aux.xml":
        text = "<PAMDataset><Metadata><MDI key='AREA_OR_POINT'>Area</MDI></Metadata><PAMRasterBand band='1'>"
        more = (
            "<NoDataValue>32</NoDataValue>"
            "<UnitType>ft</UnitType><Scale>2</Scale><Offset>1</Offset></PAMRasterBand></PAMDataset>"
        )
        (work / name).write_text(spoil.tokens(text + more, rng, times))
    else:
        shutil.copy(good / name, path)
        if name in ("dem.vrt", "dem.asc"):
            path.write_text(spoil.tokens(path.read_text(), rng, times))
        elif name == "dem.tif" and rng.random() < 0.7:
            path.write_bytes(spoil.tags(path.read_bytes(), rng, times))
        else:
            path.write_bytes(spoil.octets(path.read_bytes(), rng, times, 4000))
    (work / "site.toml").write_text(f'[layers]\npolygons = "a.gpkg"\nterrain = "{path.name}"\n', encoding="utf-8")
    asked = rng.choice((_read, _read, hollows, lambda p: storage_table(p, step=1.0)))
    return lambda: asked(work if asked is _read else path)


def toml(good: Path, work: Path, rng: random.Random) -> Callable[[], None]:
    """The description of a site: its values by structure, or its text."""
    from planner.export.sitefile import toml as written

    for name in ("a.gpkg", "dem.tif"):
        shutil.copy(good / name, work)
    text = TOML
    if rng.random() < 0.5:
        text = spoil.tokens(text, rng, rng.randrange(1, 5))
    else:
        changed = spoil.tree(tomllib.loads(text), rng, rng.randrange(1, 4))
        text = written(changed) if isinstance(changed, dict) else str(changed)
    (work / "site.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    return lambda: _read(work)


def plan(good: Path, work: Path, rng: random.Random) -> Callable[[], None]:
    """The folder of a saved plan: it is loaded, asked, and now and then drawn."""
    from planner import load_plan
    from planner.maps import draw

    folder = work / "plan"
    shutil.copytree(good / "plan", folder)
    name = rng.choice(("summary.json", "summary.json", "plan.gpkg", "plan.gpkg", "ground.tif", "site.toml"))
    times, path = rng.randrange(1, 4), folder / name
    if name == "summary.json":
        path.write_text(json.dumps(spoil.tree(json.loads(path.read_text(encoding="utf-8")), rng, times)), encoding="utf-8")
    elif name == "plan.gpkg":
        spoil.database(path, rng, times)
    elif name == "site.toml":
        path.write_text(spoil.tokens(path.read_text(encoding="utf-8"), rng, times), encoding="utf-8")
    else:
        how = spoil.tags if rng.random() < 0.6 else spoil.octets
        path.write_bytes(how(path.read_bytes(), rng, times))
    drawn = rng.random() < 0.3

    def ask() -> None:
        loaded = load_plan(folder)
        loaded.summary()
        if drawn:
            draw(loaded).page()

    return ask


def soup(good: Path, work: Path, rng: random.Random) -> Callable[[], None]:
    """Polygons that overlap, spike, nearly repeat: read, cut to units, and no ground may be lost or counted twice."""
    from planner.partition import partition
    from planner.read import read_site

    del good
    shapes = [_odd_shape(rng) for _ in range(rng.randrange(2, 9))]
    shapes += [
        shapely.affinity.translate(rng.choice(shapes), rng.choice((0, 1e-7, 1e-3, 5)), 0) for _ in range(rng.randrange(3))
    ]
    rows = frame(shapes, depth=[rng.choice((1.0, 2.0, 3.0)) for _ in shapes])
    path = work / "soup.gpkg"
    pyogrio.write_dataframe(rows, path, driver="GPKG", promote_to_multi=True)

    def ask() -> None:
        site = read_site(path)
        parcels = site.parcels.geometry.to_numpy()
        assert shapely.is_valid(parcels).all(), "an invalid parcel"
        whole, parts = shapely.area(shapely.union_all(parcels)), shapely.area(parcels).sum()
        assert abs(whole - parts) < 1e-6 * parts + 1.0, f"ground counted twice: {parts} of {whole} m²"
        meant = shapely.union_all([shapely.make_valid(s) for s in shapes])
        lines = [s for s in shapes if not s.is_valid]
        if not lines:
            assert abs(meant.area - parts) < 1e-3 * meant.area + 20.0, f"ground lost or won: {parts} of {meant.area} m²"
        units: Any = partition(site).units
        assert abs(shapely.area(units.geometry.to_numpy()).sum() - parts) < 1e-6 * parts + 1.0, "units are not the parcels"

    return ask


def _odd_shape(rng: random.Random) -> Any:
    x, y = X0 + rng.uniform(0, 600), Y0 + rng.uniform(0, 600)
    kind = rng.randrange(5)
    if kind == 0:
        return shapely.box(x, y, x + rng.choice((0.01, 50, 300)), y + rng.choice((0.01, 50, 300)))
    if kind == 1:  # a spike
        return shapely.Polygon(
            [
                (x, y),
                (x + 200, y),
                (x + 200, y + 200),
                (x + 100, y + 200),
                (x + 100.001, y + 900),
                (x + 100, y + 200),
                (x, y + 200),
            ]
        )
    if kind == 2:  # a bow
        return shapely.Polygon([(x, y), (x + 200, y + 200), (x + 200, y), (x, y + 200)])
    angles = np.sort([rng.uniform(0, 2 * np.pi) for _ in range(rng.randrange(4, 20))])
    radius = [rng.choice((1.0, 1.0, 0.05)) * rng.uniform(50, 250) for _ in angles]
    return shapely.Polygon([(x + r * np.cos(a), y + r * np.sin(a)) for a, r in zip(angles, radius, strict=True)])


TARGETS: dict[str, Callable[[Path, Path, random.Random], Callable[[], None]]] = {
    "vector": vector,
    "raster": raster,
    "toml": toml,
    "plan": plan,
    "soup": soup,
}
