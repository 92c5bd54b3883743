"""Ditches run straight where the ground lets them."""

from __future__ import annotations

import numpy as np
import pytest

from planner.core.terrain.ditching import Ditches
from planner.groundworks.ditches import _measured, _points, _straightened
from planner.site import Grid

FLAT = Grid(np.full((12, 12), 10.0), 0.0, 12.0, 1.0, 1.0)


def dogleg() -> Ditches:
    """Down the diagonal, then along the row to its end, falling a centimetre a cell."""
    cells = [(k, k) for k in range(6)] + [(5, c) for c in range(6, 12)]
    flat = np.array([r * 12 + c for r, c in cells])
    return Ditches(np.array([0, len(flat)]), flat, 9.5 - 0.01 * np.arange(len(flat)), FLAT.values)


def straight(surface: np.ndarray, outlets: np.ndarray | None = None) -> np.ndarray:
    found = dogleg()
    water = np.zeros(surface.shape, dtype=bool) if outlets is None else outlets
    return _straightened([_points(found, 0, FLAT)], found, (surface, water), FLAT)[0]


def test_on_level_ground_a_bend_becomes_one_straight_line_with_its_fall() -> None:
    line = straight(FLAT.values)
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
    assert len(straight(hill)) > 2
    water = np.zeros((12, 12), dtype=bool)
    water[2:4, 5:8] = True
    assert len(straight(FLAT.values, water)) > 2


def test_no_straight_piece_runs_above_the_ground() -> None:
    low = FLAT.values.copy()
    low[2:4, 5:8] -= 2.0
    line = straight(low)
    assert len(line) > 2


def test_where_another_ditch_ends_the_place_is_kept() -> None:
    found = dogleg()
    joined = Ditches(
        np.array([0, 12, 14]),
        np.append(found.cell, [4 * 12 + 6, 5 * 12 + 5]),
        np.append(found.bottom, [9.9, 9.45]),
        FLAT.values,
    )
    water = np.zeros((12, 12), dtype=bool)
    lines = _straightened([_points(joined, k, FLAT) for k in range(2)], joined, (FLAT.values, water), FLAT)
    assert [tuple(p) for p in lines[0][:, :2]] == [(0.5, 11.5), (5.5, 6.5), (11.5, 6.5)]
