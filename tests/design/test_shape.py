"""What works make of the ground, by hand on two units of four cells."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.terrain.hypsometry import Hypsometry
from planner.design import Shape, graded

GROUND = Hypsometry(np.array([0, 4, 6]), np.array([10.0, 11.0, 12.0, 13.0, 14.0, 15.0]), np.full(6, 100.0))


def test_a_bed_is_dug_and_at_least_the_shallowest_open_water() -> None:
    bed = Shape.dug([1.0, 0.0], np.array([11.0, 11.0])).of(GROUND)
    assert bed.level.tolist() == [9.0, 10.0, 11.0, 11.0, 11.0, 11.0]


def test_earth_by_hand() -> None:
    cut, fill = Shape.level_at(np.array([12.0, 14.5])).earth(GROUND)
    assert cut.tolist() == [100.0, 50.0]
    assert fill.tolist() == [300.0, 50.0]
    cut, fill = Shape.level_at(np.array([12.0, 14.5]), 2.0).earth(GROUND)
    assert cut.tolist() == [100.0, 50.0]
    assert fill.tolist() == [300.0 + 800.0, 50.0 + 400.0]
    cut, fill = Shape.dug([1.0, 2.0], np.array([11.0, np.inf])).earth(GROUND)
    assert cut.tolist() == [100.0 + 100.0 + 100.0 + 200.0, 400.0]
    assert fill.tolist() == [0.0, 0.0]


def test_ground_that_stays_moves_no_earth_and_missing_ground_stays_missing() -> None:
    stays = Shape.as_it_lies(2)
    assert stays.of(GROUND).level.tolist() == GROUND.level.tolist()
    assert [e.tolist() for e in stays.earth(GROUND)] == [[0.0, 0.0], [0.0, 0.0]]
    assert np.isnan(graded(np.array([np.nan]), 1.0, 5.0, 3.0)).all()


def test_each_unit_takes_its_own_shape() -> None:
    flat, stays = Shape.level_at(np.array([12.0, 12.0])), Shape.as_it_lies(2)
    assert flat.where(np.array([True, False]), stays).of(GROUND).level.tolist() == [12.0] * 4 + [14.0, 15.0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_cut_less_fill_is_the_ground_lost(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ground = Hypsometry(np.array([0, 5, 5, 12]), rng.uniform(0, 20, 12), rng.uniform(0, 100, 12))
    shape = Shape(*(rng.uniform(0, 5, 3), rng.uniform(5, 20, 3), rng.uniform(0, 12, 3), rng.choice([0.0, 2.5], 3)))
    cut, fill = shape.earth(ground)
    lost = ground.area * (ground.level - shape.of(ground).level)
    np.testing.assert_allclose(cut - fill, np.bincount(ground.owner, lost, minlength=3), atol=1e-9)
    assert (cut >= 0).all()
    assert (fill >= 0).all()
    assert cut[1] == fill[1] == pytest.approx(0.0)
