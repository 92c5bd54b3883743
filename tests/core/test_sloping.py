"""Side slopes against closed forms: a step, a frustum, a cone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.terrain.sloping import level_of, lower_envelope, run_of, sloped, steepest, upper_envelope


def test_a_step_becomes_a_batter_half_in_cut_and_half_in_fill() -> None:
    """4 m at 1:2 over 0.5 m cells: 8 m wide, 4 on either side; cut = fill = h²·n/8 a metre."""
    blocks = np.where(np.arange(200)[None, :] < 100, 0.0, 4.0) * np.ones((7, 1))
    found = sloped(blocks, np.zeros(blocks.shape, bool), (0.5, 0.5), water_m=-100.0)
    row = found[3]
    x = (np.arange(200) + 0.5) * 0.5 - 50.0
    assert row == pytest.approx(np.clip(2.0 + x / 2.0, 0.0, 4.0), abs=0.13)  # half a cell's rise
    moved = (row - blocks[3]) * 0.5
    assert moved.sum() == pytest.approx(0.0, abs=1e-9)
    assert np.maximum(moved, 0).sum() == pytest.approx(4.0**2 * 2 / 8, rel=0.1)


def test_a_pit_in_fixed_ground_is_a_frustum() -> None:
    """A pit of 60 × 60 m and 5 m at 1:3 under water, from the last cells' centres outside it: h/3·(A₁ + A₂ + √(A₁A₂))."""
    cell, n = 0.5, 200
    x = (np.arange(n) + 0.5) * cell
    inside = (np.abs(x - 50) < 30)[None, :] & (np.abs(x - 50) < 30)[:, None]
    found = sloped(np.where(inside, -5.0, 0.0), ~inside, (cell, cell), water_m=0.0)
    dug = -found.sum() * cell**2
    top, bottom = 60.5**2, 30.5**2
    assert dug == pytest.approx(5 / 3 * (top + bottom + np.sqrt(top * bottom)), rel=1e-4)
    assert (found[~inside] == 0.0).all()


def test_a_spike_s_envelope_is_a_cone() -> None:
    """A point lowered by 8 m in level ground under 1:2: a cone of 16 m radius, π·r²·h/3."""
    ground = np.zeros((161, 161))
    ground[80, 80] = -8.0 * 2.0
    cone = lower_envelope(ground, (0.25, 0.25)) / 2.0
    assert -cone.sum() * 0.25**2 == pytest.approx(np.pi * 16.0**2 * 8.0 / 3, rel=0.03)
    assert cone[80, 80 + 32] == pytest.approx(-4.0)  # along the row exactly


def test_slopes_change_at_the_water() -> None:
    level = np.array([-2.0, 0.0, 3.0])
    run = run_of(level, 0.0, 3.0, 2.0)
    assert run.tolist() == [-6.0, 0.0, 6.0]
    assert level_of(run, 0.0, 3.0, 2.0) == pytest.approx(level)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_wall_is_left_and_fixed_ground_stays(seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = np.kron(rng.uniform(-4, 4, (4, 4)), np.ones((15, 15)))
    fixed = np.zeros(blocks.shape, dtype=bool)
    fixed[:15] = True
    blocks[:15] = 0.0
    found = sloped(blocks, fixed, (2.0, 2.0), water_m=0.0)
    run = run_of(found, 0.0, 3.0, 2.0)
    assert np.abs(np.diff(run, axis=0)).max() <= 2.0 + 1e-9
    assert np.abs(np.diff(run, axis=1)).max() <= 2.0 + 1e-9
    assert (found[fixed] == 0.0).all()
    assert found.min() >= blocks.min() - 1e-9 and found.max() <= blocks.max() + 1e-9


def test_level_ground_stays_and_missing_ground_takes_no_part() -> None:
    blocks = np.full((20, 20), 3.0)
    blocks[5, 5] = np.nan
    found = sloped(blocks, np.zeros(blocks.shape, bool), (5.0, 5.0), water_m=0.0)
    np.testing.assert_array_equal(found, blocks)
    assert upper_envelope(blocks, (5.0, 5.0))[0, 0] == 3.0


def test_slopes_pass_round_fixed_ground_that_stands_in_their_way() -> None:
    """Behind a fixed wall with one gap, ground that is reached down, through the gap and up again has its slope too."""
    blocks = np.full((40, 30), 30.0)
    fixed = np.zeros(blocks.shape, bool)
    fixed[:35, 14:16] = True
    blocks[fixed] = 20.0
    blocks[:3, :3] = 0.0
    found = sloped(blocks, fixed, (1.0, 1.0), water_m=-100.0)
    assert steepest(found, fixed, (1.0, 1.0), (-100.0, 3.0, 2.0)) <= 1.0 + 1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_scattered_fixed_cells_leave_no_wall_between_worked_ones(seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = np.kron(rng.normal(0.0, 6.0, (6, 6)), np.ones((8, 8)))
    fixed = rng.random(blocks.shape) < 0.3
    blocks[fixed] = 0.0
    found = sloped(blocks, fixed, (2.0, 2.0), water_m=0.0)
    assert steepest(found, fixed, (2.0, 2.0), (0.0, 3.0, 2.0)) <= 1.028
