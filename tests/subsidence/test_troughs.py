"""Troughs from terrains, radar rasters, points and predictions: the same trough comes out, with its noise and doubts said."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

from planner.errors import InvalidInput
from planner.read import read_site
from planner.site import Grid
from planner.subsidence import (
    predict,
    predict_grid,
    trough_from_points,
    trough_from_prediction,
    trough_from_raster,
    trough_from_terrains,
)

CRS = "EPSG:4527"
GRID = Grid(np.zeros((160, 200)), -550.0, 1150.0, 10.0, 10.0)


def panels():
    columns = {"thickness_m": [3.0], "depth_m": [300.0], "q": [0.8], "tan_beta": [2.0], "b": [0.3]}
    return gpd.GeoDataFrame(columns, geometry=[shapely.box(0, 0, 900, 600)], crs=CRS)


SUNK = predict_grid(panels(), GRID)["subsidence_m"].values
INSIDE = trough_from_prediction(panels(), cell_m=10.0)


def noise(scale, seed=0):
    return np.random.default_rng(seed).normal(0, scale, GRID.shape)


def hills(shift=(0.0, 0.0)):
    x, y = GRID.centres()
    x, y = x[None, :] + shift[0], y[:, None] + shift[1]
    return 40 + 6 * np.sin(x / 130) * np.cos(y / 170) + 3 * np.sin((x + y) / 60)


def test_prediction_gives_one_polygon_along_the_ten_millimetre_line():
    assert list(INSIDE.polygons.index) == ["S001"]
    rim = shapely.get_coordinates(INSIDE.polygons.geometry.iloc[0])
    assert np.abs(predict(panels(), rim).subsidence_m - 0.010).max() < 5e-4
    volume = (INSIDE.polygons.subsidence_m * INSIDE.polygons.area_m2).sum()
    assert volume == pytest.approx(2.4 * 540_000, rel=0.01)
    assert INSIDE.polygons.subsidence_max_m.iloc[0] == pytest.approx(2.4, rel=0.01)


def test_two_terrains_give_the_trough_their_height_shift_and_their_noise():
    before, after = GRID.like(hills() + noise(0.03, 1)), GRID.like(hills() - SUNK - 0.25 + noise(0.03, 2))
    found = trough_from_terrains(before, after, CRS)
    assert found.noise_m == pytest.approx(0.03 * np.sqrt(2), rel=0.1)
    told = next(str(d.value) for d in found.decisions if str(d.what).startswith("height shift"))
    assert float(told.split()[0]) == pytest.approx(0.25, abs=0.01)
    assert len(found.polygons) == 1
    assert np.abs(found.subsidence.values - SUNK)[SUNK > 0.5].max() < 6 * found.noise_m
    assert not any("sideways shift" in str(d.what) for d in found.decisions)
    assert not found.warnings


def test_a_sideways_shift_is_found_and_taken_out():
    before = GRID.like(hills() + noise(0.02, 1))
    after = GRID.like(hills((4.0, -3.0)) - SUNK + noise(0.02, 2))
    found = trough_from_terrains(before, after, CRS)
    told = next(str(d.value) for d in found.decisions if str(d.what).startswith("sideways"))
    east, north = float(told.split()[0]), float(told.split()[3])
    assert (east, north) == pytest.approx((-4.0, 3.0), abs=0.6)
    assert found.noise_m < 0.06
    moved = GRID.like(hills((4.0, -3.0)) - hills()).values.std()
    assert moved > 0.1


def test_flat_ground_cannot_show_a_shift_and_says_so():
    before, after = GRID.like(30 + noise(0.02, 1)), GRID.like(30 - SUNK + noise(0.02, 2))
    stable = gpd.GeoDataFrame(geometry=[shapely.box(-550, 900, 1450, 1150)], crs=CRS)
    found = trough_from_terrains(before, after, CRS, stable=stable)
    assert any("too flat" in str(w) for w in found.warnings)
    assert not any("sideways" in str(d.what) for d in found.decisions)
    assert len(found.polygons) == 1
    level = trough_from_terrains(GRID.like(np.full(GRID.shape, 30.0)), GRID.like(30 - SUNK), CRS, stable=stable)
    assert any("too flat" in str(w) for w in level.warnings)


def test_terrains_the_wrong_way_round_are_noticed():
    found = trough_from_terrains(GRID.like(hills() - SUNK + noise(0.02, 1)), GRID.like(hills() + noise(0.02, 2)), CRS)
    assert any("other way round" in str(w) for w in found.warnings)


def test_terrains_on_other_cells_are_brought_together():
    fine = Grid(np.zeros((340, 420)), -555.0, 1155.0, 5.0, 5.0)
    x, y = fine.centres()
    after = fine.like(40 + 6 * np.sin(x[None, :] / 130) * np.cos(y[:, None] / 170) + 3 * np.sin((x[None, :] + y[:, None]) / 60))
    after = after.like(after.values - predict_grid(panels(), fine)["subsidence_m"].values)
    found = trough_from_terrains(GRID.like(hills()), after, CRS)
    assert np.abs(found.subsidence.values - SUNK)[SUNK > 0.1].max() < 0.02
    far = Grid(np.zeros((20, 20)), 9e5, 9e5, 10.0, 10.0)
    with pytest.raises(InvalidInput, match="share 0 cells"):
        trough_from_terrains(GRID.like(hills()), far, CRS)


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1000.0), ("cm", 100.0), ("m", 1.0)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_radar_rasters_of_either_sign_and_any_unit(unit, factor, sign):
    raster = GRID.like(sign * factor * (SUNK + noise(0.004, 3)) * np.cos(np.radians(35.0)))
    found = trough_from_raster(raster, CRS, unit=unit, incidence_deg=35.0)
    assert str(found.decisions[0].value) == ("positive" if sign > 0 else "negative") + " is down"
    assert found.noise_m == pytest.approx(0.004, rel=0.2)
    assert found.threshold_m == pytest.approx(3 * found.noise_m)
    assert len(found.polygons) == 1
    assert found.polygons.area_m2.iloc[0] == pytest.approx(INSIDE.polygons.area_m2.iloc[0], rel=0.05)


def test_a_raster_in_another_unit_is_doubted():
    found = trough_from_raster(GRID.like(1000 * SUNK), CRS, unit="m")
    assert any("is the raster in m?" in str(w) for w in found.warnings)
    with pytest.raises(InvalidInput, match="'feet' is none of"):
        trough_from_raster(GRID, CRS, unit="feet")
    with pytest.raises(InvalidInput, match="holds no value"):
        trough_from_raster(GRID.like(np.nan), CRS)


def test_missing_cells_stay_missing():
    values = SUNK.copy()
    values[:80] = np.nan
    found = trough_from_raster(GRID.like(1e3 * values), CRS)
    assert np.isnan(found.subsidence.values[:80]).all()
    assert np.isfinite(found.subsidence.values[80:]).all()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_levelled_points_give_the_trough_within_their_hull(sign):
    rng = np.random.default_rng(5)
    xy = rng.uniform((-400, -400), (1300, 1000), (900, 2))
    points = gpd.GeoDataFrame(
        {"subsidence_m": sign * predict(panels(), xy).subsidence_m}, geometry=gpd.points_from_xy(*xy.T), crs=CRS
    )
    found = trough_from_points(points, cell_m=20.0)
    volume = np.nansum(found.subsidence.values) * 400.0
    assert volume == pytest.approx(2.4 * 540_000, rel=0.02)
    assert 0 < found.noise_m < 0.05
    assert len(found.decisions) == (1 if sign > 0 else 2)
    with pytest.raises(InvalidInput, match="9 levelled points"):
        trough_from_points(points.iloc[:9])
    with pytest.raises(InvalidInput, match="no column depth"):
        trough_from_points(points, column="depth")


def test_ground_that_did_not_sink_has_no_polygon():
    found = trough_from_raster(GRID.like(noise(3.0, 6)), CRS)
    assert found.polygons.empty
    assert any("Nothing sank" in str(w) for w in found.warnings)


def test_saved_troughs_can_be_read_as_a_sites_layers(tmp_path):
    vector, raster = INSIDE.save(tmp_path)
    assert gpd.read_file(vector).subsidence_m.iloc[0] == pytest.approx(INSIDE.polygons.subsidence_m.iloc[0])
    with rasterio.open(raster) as file:
        assert file.read(1) == pytest.approx(INSIDE.subsidence.values.astype(np.float32))


def test_a_saved_trough_is_a_site_by_itself(tmp_path):
    here = panels()
    here = here.set_geometry(here.translate(39_480_000.0, 3_758_000.0).set_crs(CRS))
    found = trough_from_prediction(here)
    site = read_site(found.save(tmp_path)[0])
    assert site.parcels.subsidence_m.tolist() == pytest.approx(found.polygons.subsidence_m.tolist())
    assert site.parcels.area.sum() == pytest.approx(found.polygons.area.sum())
