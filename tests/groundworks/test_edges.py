"""Lines of works that reach the edge of the known ground keep its height: they fell to 0 m there."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from conftest import CELL, CRS, NORTH, SIDE, WEST, write_raster

import planner as pl
from planner.groundworks.drawing import _known, heights
from planner.groundworks.rows import Kept
from planner.site import Grid


def test_borders_of_works_at_the_edge_of_the_terrain_lie_on_the_ground(own_small_world: Path) -> None:
    """A trough that the terrain's west edge cuts in two, parcels up to that edge: 12 of 370 heights were 0 m."""
    folder, side = own_small_world, SIDE * CELL
    x = (np.arange(SIDE) + 0.5) * CELL
    lost = 5.0 * np.exp(-np.pi * (x[None, :] ** 2 + (x[:, None] - side / 2) ** 2) / 500.0**2)
    write_raster(folder / "w.tif", lost)
    write_raster(folder / "dem.tif", 32.0 - lost)
    whole = shapely.box(WEST, NORTH - side, WEST + side, NORTH)
    gpd.GeoDataFrame({"parcel_id": ["P1"]}, geometry=[whole], crs=CRS).to_file(folder / "parcels.gpkg", driver="GPKG")
    drawn = pl.drawing(pl.make_plan(folder, **{"targets.reservoir.min_mu": 60.0}))
    xyz = shapely.get_coordinates(drawn.breaklines().geometry, include_z=True)
    assert (xyz[:, 0] <= WEST + CELL / 2).any()
    assert xyz[:, 2].min() >= np.nanmin(drawn.ground.values) - 1e-9
    section = drawn.section([(WEST, NORTH - side / 2), (WEST + side, NORTH - side / 2)], 100.0)
    assert section[["today_m", "design_m"]].notna().all().all()
    assert section["today_m"].iloc[-1] == 32.0


def test_heights_in_the_outer_half_of_the_outermost_cells(tmp_path: Path) -> None:
    grid = Grid(np.arange(12, dtype=float).reshape(3, 4), 100.0, 230.0, 10.0, 10.0)
    xy = np.array([[100.0, 230.0], [140.0, 200.0], [101.0, 215.0], [120.0, 199.0], [99.0, 215.0], [120.0, 215.0]])
    want = np.array([0.0, 11.0, 4.0, np.nan, np.nan, 5.5])
    np.testing.assert_allclose(heights(grid, xy), want)
    kept = Kept(tmp_path / "rows.raw", grid.frame)
    kept.put(0, grid.values)
    np.testing.assert_allclose(kept.heights(xy), want)
    kept.close()


def test_lines_break_where_the_ground_is_not_known() -> None:
    z = np.array([1.0, 2.0, np.nan, 3.0, 4.0, 5.0, np.nan, 6.0, 7.0, np.nan])
    line = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
    xyz, at, of = _known(np.column_stack([np.arange(10.0), np.zeros(10), z]), line, np.array([8, 9]))
    assert xyz[:, 2].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert at.tolist() == [0, 0, 1, 1, 1]
    assert of.tolist() == [8, 8]
    assert [len(part) for part in _known(np.empty((0, 3)), np.empty(0, int), np.empty(0, int))] == [0, 0, 0]
