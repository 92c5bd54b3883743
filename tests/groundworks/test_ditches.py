"""Ditches run straight where the ground lets them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planner.core.terrain.ditching import Ditches, drained
from planner.core.terrain.straightening import corners
from planner.groundworks.ditches import _measured, _points
from planner.site import Grid

FLAT = Grid(np.full((12, 12), 10.0), 0.0, 12.0, 1.0, 1.0)


def dogleg() -> Ditches:
    """Down the diagonal, then along the row to its end, falling a centimetre a cell."""
    cells = [(k, k) for k in range(6)] + [(5, c) for c in range(6, 12)]
    flat = np.array([r * 12 + c for r, c in cells])
    return Ditches(np.array([0, len(flat)]), flat, 9.5 - 0.01 * np.arange(len(flat)), FLAT.values)


def straight(surface: np.ndarray, outlets: np.ndarray | None = None, found: Ditches | None = None) -> list[np.ndarray]:
    found = found or dogleg()
    water = np.zeros(surface.shape, dtype=bool) if outlets is None else outlets
    return _points(found, corners(found[:3], surface, water, (1.0, 1.0), ahead=80, deeper_m=0.1), FLAT)


def test_on_level_ground_a_bend_becomes_one_straight_line_with_its_fall() -> None:
    (line,) = straight(FLAT.values)
    assert len(line) == 2
    length, head, end, deepest, cut, shape = _measured(line, FLAT.values, FLAT, (0.5, 2.0))
    assert (head, end) == pytest.approx((9.5, 9.39))
    assert length == pytest.approx(np.hypot(11, 5)) and shape.length == pytest.approx(length)
    assert deepest == pytest.approx(0.61)
    # ∫ (0.5 + 2·h)·h over h from 0.5 to 0.61, evenly along the length
    mean = (0.25 * (0.61**2 - 0.5**2) + 2 / 3 * (0.61**3 - 0.5**3)) / 0.11
    assert cut == pytest.approx(length * mean, rel=1e-3)


def test_a_hill_or_water_in_the_way_keeps_the_bend() -> None:
    hill = FLAT.values.copy()
    hill[2:4, 5:8] += 0.5
    assert len(straight(hill)[0]) > 2
    water = np.zeros((12, 12), dtype=bool)
    water[2:4, 5:8] = True
    assert len(straight(FLAT.values, water)[0]) > 2


def test_no_straight_piece_runs_above_the_ground() -> None:
    low = FLAT.values.copy()
    low[2:4, 5:8] -= 2.0
    (line,) = straight(low)
    assert len(line) > 2


def test_where_another_ditch_ends_the_place_is_kept() -> None:
    found = dogleg()
    joined = Ditches(
        np.array([0, 12, 14]),
        np.append(found.cell, [4 * 12 + 6, 5 * 12 + 5]),
        np.append(found.bottom, [9.9, 9.45]),
        FLAT.values,
    )
    first, second = straight(FLAT.values, found=joined)
    assert [tuple(p) for p in first[:, :2]] == [(0.5, 11.5), (5.5, 6.5), (11.5, 6.5)]
    assert tuple(second[-1, :2]) == (5.5, 6.5)


def test_no_straight_piece_runs_over_another_ditch_nor_between_two_of_its_cells() -> None:
    found = dogleg()
    for other in ([(3, c) for c in range(5, 11)], [(r, 9 - r) for r in (1, 2, 3, 4)]):  # along a row, and cornerwise
        beside = Ditches(
            np.array([0, 12, 12 + len(other)]),
            np.append(found.cell, [r * 12 + c for r, c in other]),
            np.append(found.bottom, np.full(len(other), 9.4)),
            FLAT.values,
        )
        lines = straight(FLAT.values, found=beside)
        assert len(lines[0]) > 2
        assert not shapely.LineString(lines[0][:, :2]).intersects(shapely.LineString(lines[1][:, :2]))


@settings(deadline=None)  # the first run compiles
@given(
    arrays(np.float64, (12, 12), elements=st.integers(0, 12).map(float)),
    arrays(np.bool_, (12, 12)),
    st.sampled_from([0.0, 0.01]),
)
def test_ditches_share_places_but_never_cross(ground: np.ndarray, wanted: np.ndarray, fall: float) -> None:
    outlets = np.zeros(ground.shape, dtype=bool)
    outlets[6, 6] = True
    found = drained(ground, outlets, wanted, (1.0, 1.0), fall=fall, pond_m=0.1)
    kept = corners(found[:3], ground, outlets, (1.0, 1.0), ahead=80, deeper_m=0.1)
    lines = [shapely.LineString(line[:, :2]) for line in _points(found, kept, FLAT)]
    for k, line in enumerate(lines):
        for other in lines[:k]:
            met = shapely.intersection(line, other)
            ends = {line.coords[0], line.coords[-1], other.coords[0], other.coords[-1]}
            assert all(g.is_empty or (g.geom_type == "Point" and g.coords[0] in ends) for g in shapely.get_parts(met))
