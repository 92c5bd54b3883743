"""Statistics swept tile by tile: as by lists of cells, whatever the tiles; missing cells, several rasters, files."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine

from planner.core.polygons.rings import rings_of
from planner.core.terrain.coverage import covered_cells
from planner.core.terrain.sweeping import HIGH, LOW, MISSING, TOTAL, WEIGHT, Sweep
from planner.core.terrain.zonal import summarise
from planner.errors import InvalidInput
from planner.frame import Frame
from planner.read.statistics import raster_statistics

FRAME = Frame(39_500_000.0, 3_757_000.0, 5.0, 4.0, 90, 130)


def stars(rng: np.random.Generator, n: int) -> list:
    angle = np.linspace(0, 2 * np.pi, 15, endpoint=False)
    shapes = []
    for _ in range(n):
        radius = rng.uniform(1, 200) * rng.uniform(0.3, 1, 15)
        x, y = 39_500_000 + rng.uniform(-50, 700), 3_757_000 - rng.uniform(-50, 400)
        shapes.append(shapely.Polygon(np.column_stack((x + radius * np.cos(angle), y + radius * np.sin(angle)))))
    return [*shapes, shapely.Polygon(), shapes[0].difference(shapes[0].centroid.buffer(4.0))]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    kind=st.sampled_from([np.float32, np.float64]),
    rows=st.integers(1, 100),
    cols=st.integers(1, 140),
    band_cells=st.sampled_from([50, 5000]),
)
def test_as_by_lists_of_cells(seed: int, kind: type, rows: int, cols: int, band_cells: int) -> None:
    rng = np.random.default_rng(seed)
    rasters = rng.normal(30, 3, (2, 90, 130)).astype(kind)
    rasters[0][rng.random((90, 130)) < 0.05] = np.nan
    rings = rings_of(stars(rng, 12))
    found = Sweep(*rings, frame=FRAME, rasters=2, band_cells=band_cells)
    for row in range(0, 90, rows):
        for col in range(0, 130, cols):
            found.add(rasters[:, row : row + rows, col : col + cols], row=row, col=col)
    listed = covered_cells(*rings, FRAME)
    for k in range(2):
        want = summarise(listed.start, rasters[k].ravel()[listed.cell].astype(float), listed.fraction)
        got = found.statistics[:, k]
        np.testing.assert_allclose(got[:, WEIGHT], want.weight, rtol=1e-11, atol=1e-9)
        np.testing.assert_allclose(got[:, MISSING], want.missing, rtol=1e-11, atol=1e-9)
        np.testing.assert_allclose(got[:, TOTAL], want.total, rtol=1e-11, atol=1e-8)
        known = want.weight > 1e-9
        np.testing.assert_array_equal(got[known, LOW], want.low[known])
        np.testing.assert_array_equal(got[known, HIGH], want.high[known])


def write(path: Path, values: np.ndarray, **profile: object) -> Path:
    size = {"width": values.shape[1], "height": values.shape[0], "count": 1, "dtype": values.dtype, "crs": "EPSG:4527"}
    place = profile.pop("place", Affine(5, 0, 39_500_000, 0, -4, 3_757_000))
    with rasterio.open(path, "w", driver="GTiff", transform=place, **size, **profile) as out:
        out.write(values, 1)
    return path


def test_files_in_bands_of_any_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    shapes = stars(rng, 20)
    whole = rng.integers(0, 90, (90, 130)).astype(np.int16)
    single = rng.normal(30, 3, (90, 130)).astype(np.float32)
    single[3, 4] = -9999
    paths = [
        write(tmp_path / "i.tif", whole, nodata=7, tiled=True, blockxsize=32, blockysize=16),
        write(tmp_path / "f.tif", single),
    ]
    cells = covered_cells(*rings_of(shapes), FRAME)
    for size in (100, 130 * 20, 1 << 24):
        found = raster_statistics(paths, shapes, tile_cells=size)
        for summary, values in zip(
            found, (np.where(whole == 7, np.nan, whole), np.where(single < 0, np.nan, single)), strict=True
        ):
            want = summarise(cells.start, values.ravel()[cells.cell], cells.fraction)
            np.testing.assert_allclose(summary.weight, want.weight, rtol=1e-11, atol=1e-9)
            np.testing.assert_allclose(summary.missing, want.missing, rtol=1e-11, atol=1e-9)
            np.testing.assert_allclose(summary.mean, want.mean, rtol=1e-9)
            np.testing.assert_allclose(summary.low, want.low)
    nowhere = raster_statistics(paths[0], [shapely.box(0, 0, 1, 1), shapely.Polygon()])[0]
    assert nowhere.weight.tolist() == [0.0, 0.0]
    assert np.isnan(nowhere.mean).all()


def test_rasters_with_other_cells_are_refused(tmp_path: Path) -> None:
    values = np.zeros((4, 5), np.float32)
    one = write(tmp_path / "a.tif", values)
    other = write(tmp_path / "b.tif", values, place=Affine(5, 0, 39_500_001, 0, -4, 3_757_000))
    with pytest.raises(InvalidInput, match=r"b\.tif: its cells are not those of a\.tif"):
        raster_statistics([one, other], [shapely.box(39_500_000, 3_756_990, 39_500_010, 3_757_000)])
