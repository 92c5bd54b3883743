"""The water on the map: a bowl by hand, and the conservation of what is told."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import shapely
from map_world import LEVEL, SOUTH, WEST, world

from planner.ellipsoid import ellipsoidal_m2
from planner.maps import MapView
from planner.maps.cells import beds, cell_areas
from planner.maps.encode import unpack
from planner.maps.flood import waters
from planner.maps.place import place
from planner.maps.reached import flooded
from planner.maps.stages import RISE_M, Bed, kept, stages
from planner.maps.terrain import warp
from planner.units import mu_from_m2


@pytest.fixture(scope="module")
def view() -> MapView:
    return world()


def test_up_to_its_normal_level_a_lake_stays_in_its_bed(view: MapView) -> None:
    assert view.reservoirs is not None
    water = flooded(view, view.reservoirs)
    assert water is not None
    wet = water.reach.values <= LEVEL
    bed = view.reservoirs.geometry.iloc[0]
    rows, cols = np.nonzero(wet)
    x, y = water.finished.west + (cols + 0.5) * 10.0, water.finished.north - (rows + 0.5) * 10.0
    assert shapely.contains_xy(bed, x, y).all()


def test_above_it_area_and_storage_are_those_of_the_ground(view: MapView) -> None:
    assert view.reservoirs is not None and view.curves is not None
    water = flooded(view, view.reservoirs)
    assert water is not None
    curve = stages(view.curves, water.beds(np.array([LEVEL]))[0], LEVEL)
    base = curve[curve["level_m"] == LEVEL].iloc[0]
    given = view.curves[view.curves["level_m"] == LEVEL].iloc[0]
    assert base["area_mu"] == pytest.approx(given["area_mu"])
    assert base["storage_m3"] == pytest.approx(given["storage_m3"])
    assert curve["level_m"].is_monotonic_increasing
    assert (np.diff(curve["area_mu"]) >= -1e-9).all()
    top = curve.iloc[-1]
    cells = (water.lake == 0) & (water.reach.values > LEVEL) & (water.reach.values <= top["level_m"] + 1e-9)
    more = cells.sum() * 100.0
    assert top["area_mu"] == pytest.approx(base["area_mu"] + mu_from_m2(more))
    volume = ((top["level_m"] - water.finished.values[cells]) * 100.0).sum()
    rise = (top["level_m"] - LEVEL) * base["area_mu"] * 1e4 / 15
    assert top["storage_m3"] == pytest.approx(base["storage_m3"] + rise + volume)


MU = 1e4 / 15  # m², of which a cell of these tests has one
CURVE = pd.DataFrame({"level_m": [10.0, 12.0, 14.0], "area_mu": [0.0, 4.0, 8.0], "storage_m3": [0.0, 2000.0, 10000.0]})


def told_at(table: pd.DataFrame, level: float) -> tuple[float, float]:
    """Mu and m³ of the row at a level."""
    row = table[np.isclose(table["level_m"], level)].iloc[0]
    return float(row["area_mu"]), float(row["storage_m3"])


def test_between_two_rows_a_level_bed_comes_at_once() -> None:
    """One cell at 10 m and three at 11.5 m: at 11 m one is wet, at 11.5 m all four. To 12 m they hold 2 + 3 · 0.5 m."""
    table = stages(CURVE, Bed(np.array([10.0, 11.5, 11.5, 11.5]), np.zeros(0), np.zeros(0), MU), 14.0)
    for level, mu, metres in ((11.0, 1.0, 1.0), (11.49, 1.0, 1.49), (11.5, 4.0, 1.5), (11.75, 4.0, 2.5), (12.0, 4.0, 3.5)):
        assert told_at(table, level) == pytest.approx((mu, 2000.0 * metres / 3.5))


def test_where_no_cell_lies_between_two_rows_area_grows_evenly() -> None:
    """From 4 to 8 mu over 2 m: half way 6 mu, and of the 12 mu · m between the rows 5."""
    table = stages(CURVE, Bed(np.array([10.0]), np.zeros(0), np.zeros(0), MU), 14.0)
    assert told_at(table, 13.0) == pytest.approx((6.0, 2000.0 + 8000.0 * 5 / 12))


def test_the_plan_s_rows_stay_and_nothing_jumps_at_the_normal_level() -> None:
    """A level of 13.004 m is no stop of the slider; one cell beside the bed is reached a stop above it."""
    normal = 13.004
    bed = Bed(np.array([10.5, 11.2, 12.1, 12.9]), np.array([normal + RISE_M]), np.array([12.0]), MU)
    table = stages(CURVE, bed, normal)
    assert told_at(table, 12.0) == pytest.approx((4.0, 2000.0))
    assert told_at(table, normal) == pytest.approx((6.008, np.interp(normal, [12, 14], [2000, 10000])))
    assert told_at(table, 13.0) == pytest.approx(told_at(table, normal), rel=0.005)
    assert told_at(table, 13.01)[0] == pytest.approx(6.008)
    assert told_at(table, 13.02)[0] == pytest.approx(7.008)
    assert table["level_m"].iloc[[0, -1]].tolist() == [10.0, 14.0]


def test_stops_left_out_are_read_from_their_neighbours_to_a_thousandth() -> None:
    rng = np.random.default_rng(5)
    bed = Bed(np.sort(np.concatenate([rng.uniform(10, 14, 3000), np.full(900, 12.7)])), np.zeros(0), np.zeros(0), MU)
    table = stages(CURVE, bed, 14.0)
    few = kept(table, 14.0, 0.05)
    assert len(few) < len(table) / 3
    read = np.interp(table["level_m"], few["level_m"], few["area_mu"])
    assert (np.abs(read - table["area_mu"]) <= np.maximum(1e-3 * table["area_mu"], 0.05) + 1e-9).all()


def test_a_bed_has_as_many_of_the_page_s_cells_as_its_area_holds(view: MapView) -> None:
    """Rows of cells that a border cuts at a third are not all left out: three lakes, each right to half a cell."""
    where = place(view.crs, view.bounds)
    page = warp(view.terrain, where, longest=300, nearest=True)  # type: ignore[arg-type]
    m2 = cell_areas(page, where)
    boxes = np.array([shapely.box(WEST + x, SOUTH + x, WEST + x + 333.3, SOUTH + x + 97.7) for x in (50, 400, 721.3)])
    bed = beds(boxes, page, where, m2)
    for k, shape in enumerate(boxes):
        assert m2[bed == k].sum() == pytest.approx(shape.area, abs=0.51 * m2.max())
    (south, west), (north, east) = page.bounds
    whole = ellipsoidal_m2(np.array([shapely.box(west, south, east, north)]), "EPSG:4326")[0]
    assert m2.sum() == pytest.approx(whole, rel=1e-4)


def test_what_is_drawn_grows_as_what_is_told(view: MapView) -> None:
    assert view.reservoirs is not None
    where = place(view.crs, view.bounds)
    (lake,), raster = waters(view, where)
    assert raster is not None
    columns, _ = unpack(raster.block)
    cell = np.median(cell_areas(warp(view.terrain, where, longest=520, nearest=True), where))  # type: ignore[arg-type]
    curve = lake["curve"]
    for level in np.arange(27.0, curve["level"][-1], 0.07).round(2):
        drawn = mu_from_m2(((columns["lake"] == 0) & (columns["reach"] <= level + 1e-9)).sum() * cell)
        told = np.interp(level, curve["level"], curve["area"])
        assert drawn == pytest.approx(told, rel=0.002, abs=mu_from_m2(cell))


def test_depths_that_are_drawn_hold_what_is_told(view: MapView) -> None:
    """A bed dug 5 m straight down: a cell at its shore is drawn as bed, not as the land that its middle happens to lie on."""
    assert view.reservoirs is not None and view.terrain is not None
    lake = view.reservoirs.geometry.iloc[0].buffer(-23.7)
    inside = shapely.contains_xy(lake, *np.meshgrid(*view.terrain.frame.centres()))
    levels = np.arange(25.0, 31.01, 0.5)
    rows = pd.DataFrame({"reservoir_id": "R1", "level_m": levels, "area_mu": np.where(levels > 25, mu_from_m2(lake.area), 0.0)})
    dug = dataclasses.replace(
        view,
        finished=view.terrain.like(np.where(inside, 25.0, view.terrain.values)),
        reservoirs=view.reservoirs.set_geometry([lake], crs=view.crs),
        curves=rows.assign(storage_m3=lake.area * (levels - 25.0)),
    )
    where = place(dug.crs, dug.bounds)
    (told,), raster = waters(dug, where)
    assert raster is not None
    columns, _ = unpack(raster.block)
    m2 = cell_areas(warp(dug.terrain, where, longest=520, nearest=True), where)  # type: ignore[arg-type]
    for level in (26.0, 28.2, LEVEL):
        wet = (columns["lake"] == 0) & (columns["reach"] <= level + 1e-9)
        held = (np.maximum(level - columns["bed"][wet], 0.0) * m2[wet]).sum()
        assert held == pytest.approx(np.interp(level, told["curve"]["level"], told["curve"]["storage"]), rel=0.002)


def test_water_is_told_as_far_as_the_page_shows_the_ground(view: MapView) -> None:
    """The terrain goes 100 m beyond the plan, the page 0.04 of its 1 600 m."""
    assert view.reservoirs is not None
    water = flooded(view, view.reservoirs)
    assert water is not None
    rows, cols = np.nonzero(water.lake >= 0)
    assert (rows.min(), cols.min()) == (3, 3)  # the cells that a line 64 m out touches
    assert np.isfinite(water.reach.values).all()


def test_without_lakes_nothing_is_flooded(view: MapView) -> None:
    dry = pd.DataFrame({"level_m": [30.0], "geometry": [None]}, index=["R1"])
    assert flooded(view, dry) is None
    assert flooded(dataclasses.replace(view, terrain=None), view.reservoirs) is None
