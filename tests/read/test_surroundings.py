"""A site on a terrain far larger than it: only the ground around it is read, and nothing under it changes."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin
from rasterio.windows import Window

from planner.errors import InvalidInput
from planner.measure import measure
from planner.partition import partition
from planner.read import read_site
from planner.read.places import EVERYWHERE, cell_files
from planner.site import Site
from planner.subsidence import ground
from planner.tables import Partition

WEST, NORTH, CELL = 39_480_000.0, 3_800_000.0, 10.0
TOML = """
[layers]
polygons = {{path = "p.gpkg", depth = "depth"}}
terrain = "{terrain}"
water_table = 31.0
[measure]
surroundings_m = {margin}
"""


def heights(row: int, rows: int, col: int, cols: int) -> np.ndarray:
    """A gentle slope with two hollows, rough by a few centimetres, on cells counted from the north-west."""
    x, y = np.meshgrid((col + np.arange(cols) + 0.5) * CELL, (row + np.arange(rows) + 0.5) * CELL)
    plane = 33.0 - x / 20_000 + 0.04 * np.sin(x / 37) * np.cos(y / 29)
    for cx, cy, depth, radius in ((900, 1_000, 4.0, 180), (1_500, 1_100, 3.0, 150)):
        plane -= depth * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / radius**2)
    return np.asarray(plane, dtype=np.float32)


def write(path: Path, values: np.ndarray, row: int = 0, col: int = 0) -> None:
    rows, cols = values.shape
    place = from_origin(WEST + col * CELL, NORTH - row * CELL, CELL, CELL)
    kind = {"dtype": "float32", "crs": "EPSG:4527", "transform": place, "nodata": -9999.0}
    with rasterio.open(path, "w", driver="GTiff", width=cols, height=rows, count=1, **kind) as out:
        out.write(values, 1)


def folder(path: Path, *, terrain: str, margin: float = 300.0) -> Path:
    path.mkdir(exist_ok=True)
    shapes = [shapely.Point(WEST + x, NORTH - y).buffer(r) for x, y, r in ((900, 1_000, 350), (1_500, 1_100, 240))]
    shapes[1] = shapes[1].difference(shapes[0])
    gpd.GeoDataFrame({"depth": [4.0, 3.0]}, geometry=shapes, crs="EPSG:4527").to_file(path / "p.gpkg")
    (path / "site.toml").write_text(TOML.format(terrain=terrain, margin=margin), encoding="utf-8")
    return path


def facts(site: Site) -> tuple[Partition, pd.DataFrame]:
    parts = partition(site)
    return parts, measure(site, parts, ground(site)).table


def test_units_and_their_facts_are_those_of_the_whole_terrain(tmp_path: Path) -> None:
    here = folder(tmp_path / "s", terrain="t.tif")
    write(here / "t.tif", heights(0, 500, 0, 500))
    near, whole = read_site(here), read_site(here, sets={"measure.surroundings_m": 1e6})
    assert whole.terrain.shape == (500, 500)
    assert near.terrain.shape[0] < 150 > near.terrain.shape[1] / 2
    told = {str(d.what): str(d.value) for d in near.decisions}
    assert told["ground read"].startswith("300 m around the polygons") and "of 500 × 500 cells" in told["ground read"]
    assert "ground read" not in {str(d.what) for d in whole.decisions}
    (parts, table), (all_parts, all_table) = facts(near), facts(whole)
    assert shapely.equals_exact(parts.units.geometry.to_numpy(), all_parts.units.geometry.to_numpy(), 0.0).all()
    pd.testing.assert_frame_equal(parts.borders, all_parts.borders)
    pd.testing.assert_frame_equal(table, all_table, rtol=1e-9, atol=1e-9)
    assert (table["basin_id"] != "").any()


def test_a_rim_farther_than_what_was_read_is_not_known(tmp_path: Path) -> None:
    """A cone of 1 km radius: at 300 m from the polygons its sides still rise, and the level there is not that of its rim."""
    here = folder(tmp_path / "s", terrain="t.tif")
    x, y = np.meshgrid((np.arange(400) + 0.5) * CELL, (np.arange(400) + 0.5) * CELL)
    cone = np.minimum(28.0 + np.hypot(x - 1_200, y - 1_200) / 120, 36.0) - x / 1e5
    cone[:, :3] = 31.0  # the plain around falls off in the west
    write(here / "t.tif", cone.astype(np.float32))
    (_, near), (_, whole) = facts(read_site(here)), facts(read_site(here, sets={"measure.surroundings_m": 2_000.0}))
    assert (near["basin_id"] != "").any() and near["spill_level_m"].isna().all()
    assert whole["spill_level_m"].dropna().unique() == pytest.approx([36.0], abs=0.1)
    for margin, cut in ((300.0, True), (2_000.0, False)):
        flooded = read_site(here, sets={"measure.surroundings_m": margin, "layers.water_table": 33.0})
        assert any("goes on to the edge of the ground read" in str(w) for w in flooded.warnings) is cut
    sides = near.columns.drop(["spill_level_m", "basin_id", "deeper"])
    pd.testing.assert_frame_equal(near[sides], whole[sides], rtol=1e-9, atol=1e-9)


def test_a_terrain_beyond_memory_is_read_around_the_site_only(tmp_path: Path) -> None:
    """40 000 × 40 000 cells, 6.4 GB if they were written: the file is sparse but for the site's corner."""
    here = folder(tmp_path / "s", terrain="t.tif")
    size = 40_000
    place = {"crs": "EPSG:4527", "transform": from_origin(WEST, NORTH, CELL, CELL), "nodata": -9999.0, "dtype": "float32"}
    layout = {"tiled": True, "blockxsize": 512, "blockysize": 512, "SPARSE_OK": True, "BIGTIFF": "YES"}
    with rasterio.open(here / "t.tif", "w", driver="GTiff", width=size, height=size, count=1, **place, **layout) as out:
        out.write(heights(0, 512, 0, 512), 1, window=Window(0, 0, 512, 512))
    site = read_site(here)
    rows, cols = site.terrain.shape
    assert rows * cols < 30_000
    top, left = round((NORTH - site.terrain.north) / CELL), round((site.terrain.west - WEST) / CELL)
    assert np.array_equal(site.terrain.values, heights(top, rows, left, cols).astype(np.float64))


def test_polygons_all_over_it_are_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = folder(tmp_path / "s", terrain="t.tif")
    write(here / "t.tif", heights(0, 500, 0, 500))
    corners = [shapely.box(x, y - 200, x + 200, y) for x in (WEST + 400, WEST + 4_400) for y in (NORTH - 400, NORTH - 4_400)]
    gpd.GeoDataFrame({"depth": [1.0] * 4}, geometry=corners, crs="EPSG:4527").to_file(here / "p.gpkg")
    monkeypatch.setattr("planner.read.grids.available_memory", lambda: 20_000_000)
    said = r"cells over the polygons take 0 GB.*cells 2 times as wide.*or cut the site in parts"
    with pytest.raises(InvalidInput, match=said):
        read_site(here)


def test_a_mosaics_tiles_are_inputs_where_they_are_read(tmp_path: Path) -> None:
    """The tile under the site counts with its hash, the far one is not even opened, and a changed tile is a changed input."""
    here = folder(tmp_path / "s", terrain="t.vrt")
    (here / "tiles").mkdir()
    write(here / "tiles" / "a.tif", heights(0, 250, 0, 250))
    write(here / "tiles" / "b.tif", heights(0, 250, 250, 250), col=250)
    source = (
        '<SimpleSource><SourceFilename relativeToVRT="1">tiles/{}.tif</SourceFilename><SourceBand>1</SourceBand>'
        '<SrcRect xOff="0" yOff="0" xSize="250" ySize="250"/>'
        '<DstRect xOff="{}" yOff="0" xSize="250" ySize="250"/></SimpleSource>'
    )
    tiles = source.format("a", 0) + source.format("b", 250)
    (here / "t.vrt").write_text(
        '<VRTDataset rasterXSize="500" rasterYSize="250"><SRS>EPSG:4527</SRS>'
        f"<GeoTransform>{WEST}, {CELL}, 0, {NORTH}, 0, {-CELL}</GeoTransform>"
        f'<VRTRasterBand dataType="Float32" band="1"><NoDataValue>-9999</NoDataValue>{tiles}</VRTRasterBand></VRTDataset>',
        encoding="utf-8",
    )
    first = {i.path: i.sha256 for i in read_site(here).inputs if i.role == "terrain"}
    assert list(first) == ["t.vrt", "tiles/a.tif"]
    assert cell_files(here / "t.vrt", EVERYWHERE) == [here / "t.vrt", *(here / "tiles" / f"{n}.tif" for n in "ab")]
    assert cell_files(here / "tiles", EVERYWHERE) == [here / "tiles"]  # some formats are folders
    write(here / "tiles" / "a.tif", heights(0, 250, 0, 250) + np.float32(0.1))
    again = {i.path: i.sha256 for i in read_site(here).inputs if i.role == "terrain"}
    assert again["t.vrt"] == first["t.vrt"]
    assert again["tiles/a.tif"] != first["tiles/a.tif"]
