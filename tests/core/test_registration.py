"""Shifts and semivariograms against surfaces and noise whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.terrain.registration import Variogram, mean_sd, moved, registration, spread_of, variogram

CELL = 5.0


def hills(east: float = 0.0, north: float = 0.0, n: int = 160) -> np.ndarray:
    """Closed hills of 4 m, moved east and north by metres."""
    x = (np.arange(n) + 0.5) * CELL - east
    y = -(np.arange(n) + 0.5) * CELL - north
    return 30.0 + 4.0 * np.sin(x[None, :] / 47.0) * np.cos(y[:, None] / 61.0) + 1.5 * np.cos((x[None, :] + y[:, None]) / 33.0)


@settings(deadline=None, max_examples=30)
@given(st.floats(-12, 12), st.floats(-12, 12), st.floats(-3, 3))
def test_a_closed_shift_is_found(east: float, north: float, up: float) -> None:
    found = registration(hills(), hills(east, north) + up, np.ones((160, 160), bool), (CELL, CELL))
    assert found.east == pytest.approx(east, abs=0.005 * CELL)
    assert found.north == pytest.approx(north, abs=0.005 * CELL)
    assert found.up == pytest.approx(up, abs=0.002)


def test_the_shift_of_the_issue_is_found_through_noise_to_a_tenth_of_a_cell() -> None:
    rng = np.random.default_rng(1)
    before = hills() + rng.normal(0, 0.10, (160, 160))
    after = hills(2.0, -1.5) + 0.3 + rng.normal(0, 0.10, (160, 160))
    after[40:90, 40:90] += 3.0  # ground that was built on all the same
    found = registration(before, after, np.ones((160, 160), bool), (CELL, CELL))
    assert abs(found.east - 2.0) < 0.1 * CELL
    assert abs(found.north + 1.5) < 0.1 * CELL
    assert abs(found.up - 0.3) < 0.02
    assert found.east_se < 0.1 * CELL


def test_level_ground_tells_no_horizontal_shift_and_says_so() -> None:
    rng = np.random.default_rng(2)
    level = np.full((60, 60), 32.0)
    found = registration(level, level + 0.3 + rng.normal(0, 0.1, level.shape), np.ones(level.shape, bool), (CELL, CELL))
    assert (found.east, found.north) == (0.0, 0.0)
    assert not found.east_se < 0.25 * CELL
    assert found.up == pytest.approx(0.3, abs=0.01)


def test_ground_that_changed_takes_no_part() -> None:
    stable = np.ones((160, 160), bool)
    stable[:, 80:] = False
    after = hills(3.0, 0.0)
    after[:, 80:] += 7.0
    assert registration(hills(), after, stable, (CELL, CELL)).east == pytest.approx(3.0, abs=0.03)


def test_without_stable_ground_nothing_is_claimed() -> None:
    found = registration(hills(), hills(), np.zeros((160, 160), bool), (CELL, CELL))
    assert found.cells == 0
    assert found.up_se == np.inf


def test_moving_by_whole_cells_copies_and_edges_are_missing() -> None:
    ground = np.arange(30.0).reshape(5, 6)
    out = moved(ground, 1.0, -2.0)
    np.testing.assert_array_equal(out[:4, 2:], ground[1:, :4])
    assert np.isnan(out[4]).all()
    assert np.isnan(out[:, :2]).all()


@pytest.mark.parametrize(("down", "right"), [(0.25, 0.5), (-0.5, 0.0), (0.0, 0.75)])
def test_a_plane_is_moved_exactly(down: float, right: float) -> None:
    row, col = np.mgrid[0:9, 0:9].astype(float)
    out = moved(2.0 * row + 3.0 * col, down, right)
    np.testing.assert_allclose(out[2:-2, 2:-2], (2 * (row + down) + 3 * (col + right))[2:-2, 2:-2], rtol=1e-12)


def test_white_noise_is_all_nugget() -> None:
    noise = np.random.default_rng(3).normal(0, 0.14, (200, 200))
    model = variogram(noise, np.ones(noise.shape, bool), CELL)
    assert model is not None
    assert model.sd == pytest.approx(0.14, rel=0.03)
    large = mean_sd(model, np.array([1e6]))[0]
    assert large < 0.14 / np.sqrt(1e6 / 25.0) * 2.5  # near what independent cells leave


def test_noise_that_holds_together_is_told_and_its_mean_error_covers() -> None:
    rng = np.random.default_rng(4)
    misses = []
    for _ in range(40):
        coarse = rng.normal(0, 0.1, (24, 24))
        noise = np.kron(coarse, np.ones((10, 10))) + rng.normal(0, 0.02, (240, 240))
        model = variogram(noise, np.ones(noise.shape, bool), CELL)
        assert model is not None
        assert 25.0 < model.range_m < 100.0  # blocks of 50 m
        middle = noise[90:150, 90:150].mean()
        misses.append(middle / mean_sd(model, np.array([300.0 * 300.0]))[0])
    assert 0.6 < np.std(misses) < 1.5


def test_a_mean_error_follows_the_closed_forms() -> None:
    model = Variogram(0.0, 0.01, 50.0, 25.0)
    at_range = np.pi * 50.0**2
    assert mean_sd(model, np.array([at_range]))[0] ** 2 == pytest.approx(0.01 / 5)
    assert mean_sd(model, np.array([4 * at_range]))[0] ** 2 == pytest.approx(0.01 / 20)
    grid = np.linspace(0, 1, 20001)[1:] * 20.0  # ∫ C(r)·2πr dr / πL² by hand, L = 20 m
    held = 1 - 1.5 * grid / 50 + 0.5 * (grid / 50) ** 3
    by_hand = 0.01 * np.sum(held * 2 * grid) * (grid[1] - grid[0]) / 20.0**2
    assert mean_sd(model, np.array([np.pi * 20.0**2]))[0] ** 2 == pytest.approx(by_hand, rel=1e-3)


def test_the_spread_of_few_outliers_is_that_of_the_many() -> None:
    values = np.concatenate((np.random.default_rng(5).normal(0, 1, 10_000), np.full(300, 50.0)))
    assert spread_of(values) == pytest.approx(1.0, rel=0.08)
    assert np.isnan(spread_of(np.empty(0)))
