"""The water on the map: a bowl by hand, and the conservation of what is told."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from map_world import LEVEL, world

from planner.maps import MapView
from planner.maps.flood import flooded, risen
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
    import shapely

    assert shapely.contains_xy(bed, x, y).all()


def test_above_it_area_and_storage_are_those_of_the_ground(view: MapView) -> None:
    assert view.reservoirs is not None and view.curves is not None
    water = flooded(view, view.reservoirs)
    assert water is not None
    curve = risen(view.curves, water, 0, LEVEL)
    base = curve[curve["level_m"] == LEVEL].iloc[0]
    given = view.curves[view.curves["level_m"] == LEVEL].iloc[0]
    assert base["area_mu"] == pytest.approx(given["area_mu"])
    assert curve["level_m"].is_monotonic_increasing
    assert (np.diff(curve["area_mu"]) >= -1e-9).all()
    top = curve.iloc[-1]
    cells = (water.lake == 0) & (water.reach.values > LEVEL) & (water.reach.values <= top["level_m"] + 1e-9)
    more = cells.sum() * 100.0
    assert top["area_mu"] == pytest.approx(base["area_mu"] + mu_from_m2(more))
    volume = ((top["level_m"] - water.finished.values[cells]) * 100.0).sum()
    rise = (top["level_m"] - LEVEL) * base["area_mu"] * 1e4 / 15
    assert top["storage_m3"] == pytest.approx(base["storage_m3"] + rise + volume)


def test_without_lakes_nothing_is_flooded(view: MapView) -> None:
    dry = pd.DataFrame({"level_m": [30.0], "geometry": [None]}, index=["R1"])
    assert flooded(view, dry) is None
    assert flooded(dataclasses.replace(view, terrain=None), view.reservoirs) is None
