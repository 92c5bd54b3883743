"""Display positions: fitted against exact projection; GCJ-02 against published pairs and its own inverse."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from planner.core.terrain.reach import reach
from planner.maps.place import degrees_from_mercator, from_gcj02, gcj02, mercator_from_degrees, place

ZONES = [("EPSG:4527", (39_485_000.0, 3_757_000.0, 39_497_000.0, 3_767_000.0)), ("EPSG:32650", (480e3, 3.75e6, 520e3, 3.79e6))]


@pytest.mark.parametrize(("crs", "bounds"), ZONES)
def test_the_fit_stays_within_a_tenth_of_the_coordinate_step(crs: str, bounds: tuple[float, float, float, float]) -> None:
    where = place(pyproj.CRS(crs), bounds)
    rng = np.random.default_rng(0)
    x, y = rng.uniform(bounds[0], bounds[2], 2000), rng.uniform(bounds[1], bounds[3], 2000)
    mx, my = where.mercator(x, y)
    ex, ey = pyproj.Transformer.from_crs(crs, 3857, always_xy=True).transform(x, y)
    assert max(np.abs(mx - ex).max(), np.abs(my - ey).max()) < 0.01
    bx, by = where.back(np.asarray(ex), np.asarray(ey))
    assert max(np.abs(bx - x).max(), np.abs(by - y).max()) < 0.02


def test_mercator_there_and_back() -> None:
    lon, lat = np.array([116.84, -70.0]), np.array([33.95, -50.0])
    back = degrees_from_mercator(*mercator_from_degrees(lon, lat))
    assert np.allclose(back, (lon, lat), atol=1e-12)


def test_gcj02_moves_huaibei_by_hundreds_of_metres_and_comes_back() -> None:
    lon, lat = np.array([116.84]), np.array([33.95])
    moved = gcj02(lon, lat)
    geod = pyproj.Geod(ellps="GRS80")
    shift = geod.inv(lon[0], lat[0], moved[0][0], moved[1][0])[2]
    assert 300 < shift < 700
    back = from_gcj02(*moved)
    assert abs(back[0][0] - lon[0]) < 1e-9
    assert abs(back[1][0] - lat[0]) < 1e-9


def test_gcj02_agrees_with_a_published_pair() -> None:
    # Tiananmen: WGS 84 116.391349, 39.907375 is drawn at 116.397598, 39.908778 by GCJ-02 maps (widely published, to about 1 m)
    lon, lat = gcj02(np.array([116.391349]), np.array([39.907375]))
    assert abs(lon[0] - 116.397598) < 2e-5
    assert abs(lat[0] - 39.908778) < 2e-5


def test_a_shifted_frame_reads_back_the_site_s_own_coordinates() -> None:
    crs, bounds = ZONES[0]
    where = place(pyproj.CRS(crs), bounds, shifted=True)
    x, y = np.array([39_490_123.0]), np.array([3_760_456.0])
    plain = place(pyproj.CRS(crs), bounds).mercator(x, y)
    moved = where.mercator(x, y)
    assert np.hypot(moved[0] - plain[0], moved[1] - plain[1])[0] > 300
    back = where.back(*moved)
    assert abs(back[0][0] - x[0]) < 0.05
    assert abs(back[1][0] - y[0]) < 0.05


def test_water_reaches_a_hollow_only_over_its_sill() -> None:
    ground = np.array([[9.0, 9, 9, 9, 9], [9, 1, 5, 2, 9], [9, 9, 9, 9, np.nan]])
    lake = np.full(ground.shape, -1)
    lake[1, 1] = 0
    level, owner = reach(ground, lake)
    assert level[1].tolist() == [9.0, 1.0, 5.0, 5.0, 9.0]  # the second hollow is wet from the sill's 5 m, not from its own 2 m
    assert owner[1, 3] == 0
    assert np.isnan(level[2, 4])
    assert owner[2, 4] == -1


def test_two_lakes_share_the_ground_by_who_comes_first() -> None:
    ground = np.array([[1.0, 3.0, 7.0, 4.0, 2.0]])
    lake = np.array([[0, -1, -1, -1, 1]])
    level, owner = reach(ground, lake)
    assert level.tolist() == [[1.0, 3.0, 7.0, 4.0, 2.0]]
    assert owner.tolist()[0][:2] == [0, 0]
    assert owner.tolist()[0][3:] == [1, 1]
