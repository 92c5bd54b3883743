"""Area by elevation of units: by hand, and as integrals over the cells."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.terrain.hypsometry import Hypsometry

NAN = float("nan")


def world() -> Hypsometry:
    """Three units: cells at 1, 2, 4 m of 10, 20, 10 m²; none; one cell at 3 m of 5 m². Unsorted, and more."""
    start = np.array([0, 5, 6, 7])
    level = np.array([4.0, NAN, 2.0, 1.0, 9.0, NAN, 3.0])
    area = np.array([10.0, 7.0, 20.0, 10.0, 0.0, 3.0, 5.0])
    return Hypsometry.from_cells(start, level, area)


def test_by_hand() -> None:
    ground = world()
    assert ground.start.tolist() == [0, 3, 3, 4]
    assert ground.level.tolist() == [1, 2, 4, 3]
    assert len(ground) == 3
    assert ground.owner.tolist() == [0, 0, 0, 2]
    assert ground.total().tolist() == [40, 0, 5]
    assert ground.mean()[[0, 2]].tolist() == [90 / 40, 3]
    assert np.isnan(ground.mean()[1])
    assert ground.area_below(2.0).tolist() == [10, 0, 0]
    assert ground.volume_below(3.0).tolist() == [20 + 20, 0, 0]
    assert ground.volume_above([2.0, 0.0, 1.0]).tolist() == [20, 0, 10]
    assert ground.volume_below(NAN).tolist() == [0, 0, 0]


def test_the_stage_of_a_volume_by_hand() -> None:
    ground = world()
    assert ground.stage_for_volume([0.0, 0.0, 0.0])[[0, 2]].tolist() == [1, 3]
    assert ground.stage_for_volume(10.0)[[0, 2]].tolist() == [2, 5]
    assert ground.stage_for_volume(40.0)[0] == 3
    assert ground.stage_for_volume(110.0)[0] == 5  # above the highest ground
    assert np.isnan(ground.stage_for_volume(-1.0)).all()
    assert np.isnan(ground.stage_for_volume(1.0)[1])


def test_taken_together() -> None:
    ground = world()
    both = ground.together(np.array([0, -1, 0]))
    assert both.level.tolist() == [1, 2, 3, 4]
    assert both.volume_below(4.0)[0] == ground.volume_below(4.0).sum()
    assert len(ground.together(np.array([-1, -1, -1]))) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(-5, 15))
def test_integrals_and_their_inverse(seed: int, stage: float) -> None:
    rng = np.random.default_rng(seed)
    count = rng.integers(0, 40, 6)
    start = np.concatenate(([0], np.cumsum(count)))
    level, area = rng.normal(5, 3, start[-1]), rng.uniform(0.1, 9, start[-1])
    ground = Hypsometry.from_cells(start, level, area)
    owner = np.repeat(np.arange(6), count)
    np.testing.assert_allclose(
        ground.volume_below(stage), np.bincount(owner, area * np.maximum(stage - level, 0), minlength=6), atol=1e-9
    )
    np.testing.assert_allclose(
        ground.volume_below(stage) - ground.volume_above(stage),
        np.nan_to_num(ground.total() * (stage - ground.mean())),
        atol=1e-8,
    )
    wet = (ground.volume_below(stage) > 1e-6) & (count > 0)
    assert ground.stage_for_volume(ground.volume_below(stage))[wet] == pytest.approx(stage, rel=1e-9, abs=1e-9)
