"""Contour polygons, boundaries, the waterlogging line, and predictions as tables and rasters."""

import math

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

from planner.errors import InvalidInput, OutputExists
from planner.site import Grid, WaterTable
from planner.subsidence import COLUMNS, area_above, boundaries, grid_over, predict, predict_grid, waterlogging
from planner.subsidence.files import predict_raster, predict_table

CRS = "EPSG:4527"


def panel(**columns):
    given = {"thickness_m": 3.0, "depth_m": 300.0, "q": 0.8, "tan_beta": 2.0, "b": 0.3} | columns
    return gpd.GeoDataFrame({k: [v] for k, v in given.items()}, geometry=[shapely.box(0, 0, 900, 600)], crs=CRS)


def cone(cells=200):
    """A cone of height 1 and radius 100 m about the origin."""
    grid = Grid(np.zeros((cells, cells)), -120.0, 120.0, 240.0 / cells, 240.0 / cells)
    x, y = grid.centres()
    return grid.like(1.0 - np.hypot(x[None, :], y[:, None]) / 100.0)


@pytest.mark.parametrize("level", [0.0, 0.25, 0.7])
def test_contours_of_a_cone_are_circles(level):
    area = area_above(cone(), level)
    assert area.area == pytest.approx(math.pi * (100 * (1 - level)) ** 2, rel=2e-3)
    assert area.is_valid


def test_contours_keep_holes_and_leave_out_what_is_missing():
    ring = cone()
    assert len(area_above(ring.like(-np.abs(ring.values - 0.5)), -0.1).interiors) == 1
    values = ring.values.copy()
    values[:100] = np.nan
    half = area_above(ring.like(values), 0.0)
    assert half.area == pytest.approx(math.pi * 100**2 / 2, rel=0.02)
    assert half.bounds[3] < 1.0
    assert area_above(ring, 2.0).is_empty


def test_contour_through_the_grids_edge_is_closed_along_it():
    flat = Grid(np.ones((10, 20)), 0.0, 100.0, 10.0, 10.0)
    assert area_above(flat, 0.5).equals(shapely.box(0, 0, 200, 100))


def test_boundaries_lie_where_the_fields_pass_their_limits():
    table = panel()
    fields = predict_grid(table, grid_over(table, 10.0))
    found = boundaries(fields, CRS)
    rim = shapely.get_coordinates(found.geometry["outer"])
    assert np.abs(predict(table, rim).subsidence_m - 0.010).max() < 5e-4
    rim = shapely.get_coordinates(shapely.get_exterior_ring(shapely.get_parts(found.geometry["tilt"])))
    assert np.abs(predict(table, rim).tilt_mm_m - 3.0).max() < 0.06
    assert found.geometry["damage"].covers(found.geometry["tilt"].buffer(-1e-6))
    assert found.area_m2["outer"] > found.area_m2["damage"] > found.area_m2["curvature"] >= 0
    assert (found.area_m2 == found.geometry.area).all()


def test_waterlogging_line_of_a_cone():
    """A hollow 1 m deep, 100 m in radius, in a plain at 10 m; the water table stands at 9.5 m dry and 9.75 m wet."""
    hollow = cone()
    original = hollow.like(10.0)
    table = WaterTable(hollow.like(9.6), hollow.like(9.5), hollow.like(9.75))
    found = waterlogging(original, hollow.like(np.maximum(hollow.values, 0.0)), table, CRS)
    assert found.area_m2["perennial"] == pytest.approx(math.pi * 50**2, rel=5e-3)
    assert found.area_m2["seasonal"] == pytest.approx(math.pi * (75**2 - 50**2), rel=5e-3)


def test_raster_file_holds_the_grid_and_says_its_units(tmp_path):
    table = panel(start=2010.0, end=2010.0, c_per_year=1.0)
    told = predict_raster(table, tmp_path / "w.tif", cell_m=7.0, years=2012.0)
    fields = predict_grid(table, grid_over(table, 7.0), year=2012.0)
    with rasterio.open(tmp_path / "w.tif") as file:
        assert file.descriptions == COLUMNS
        assert file.units == ("m", "mm/m", "mm/m2", "mm", "mm/m")
        assert file.profile["tiled"]
        assert file.crs == table.crs
        for band, name in enumerate(COLUMNS, start=1):
            values = fields[name].values
            assert np.abs(file.read(band) - values).max() <= 1e-6 * np.abs(values).max()
            assert told["fields"][name] == pytest.approx({"min": values.min(), "max": values.max()})
        assert tuple(file.bounds) == pytest.approx(fields["subsidence_m"].bounds)
    assert told["volume_m3"] == pytest.approx(2.4 * (1 - math.exp(-2.0)) * 540_000, rel=2e-3)
    with pytest.raises(OutputExists):
        predict_raster(table, tmp_path / "w.tif", overwrite=False)


def test_years_are_calendar_years_from_1800_on():
    table = panel(start=2010.0, end=2010.0, c_per_year=1.0)
    spot = gpd.GeoDataFrame(geometry=[shapely.Point(450, 300)], crs=CRS)
    final = predict_table(table, spot).subsidence_m[0]
    assert predict_table(table, spot, years=2.0).subsidence_m[0] == pytest.approx(final * (1 - math.exp(-2.0)))
    assert predict_table(table, spot, years=2012.0).subsidence_m[0] == pytest.approx(final * (1 - math.exp(-2.0)))
    with pytest.raises(InvalidInput, match="cannot be negative"):
        predict_table(table, spot, years=-1.0)


def test_points_in_degrees_are_brought_to_the_panels():
    table = panel()
    table = table.set_geometry(table.translate(39_480_000.0, 3_758_000.0).set_crs(CRS))
    spot = gpd.GeoDataFrame(geometry=[shapely.Point(39_480_450, 3_758_300)], crs=CRS)
    near = predict_table(table, spot.to_crs("EPSG:4490"))
    assert near.subsidence_m[0] == pytest.approx(predict_table(table, spot).subsidence_m[0], abs=1e-6)
    assert near.x[0] == pytest.approx(39_480_450, abs=1e-3)


def test_cells_that_make_no_raster_are_refused():
    for cell in (0.0, -5.0, math.nan):
        with pytest.raises(InvalidInput, match="a size above 0 is needed"):
            grid_over(panel(), cell)
