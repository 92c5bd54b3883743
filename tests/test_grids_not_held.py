"""Grids that are worked out where they are asked for are, cell by cell, the grids they stand for."""

import pickle

import numpy as np
import pytest

from planner.frame import Frame
from planner.site import Classed, Grid, Sum

GROUND = Grid(np.array([[31.2, 30.7, np.nan], [30.1, 29.9, 32.3]]), 500.0, 900.0, 10.0, 20.0)
CLASSES = np.array([[-1, 0, 1], [1, 1, -1]], dtype=np.int32)
LOST = Classed(GROUND.frame, CLASSES, np.array([0.7, 2.1, 0.0]))


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (LOST, np.array([[0.0, 0.7, 2.1], [2.1, 2.1, 0.0]])),
        (Sum(GROUND, LOST), GROUND.values + np.array([[0.0, 0.7, 2.1], [2.1, 2.1, 0.0]])),
        (Sum(Sum(GROUND, LOST), -1.5), GROUND.values + np.array([[0.0, 0.7, 2.1], [2.1, 2.1, 0.0]]) - 1.5),
    ],
)
def test_a_grid_that_is_not_held_is_the_grid_it_stands_for(found: Grid, told: np.ndarray) -> None:
    whole = GROUND.like(told)
    for grid in (found, pickle.loads(pickle.dumps(found))):
        np.testing.assert_array_equal(grid.values, told)
        assert (grid.shape, grid.bounds, grid.level) == (whole.shape, whole.bounds, None)
        cells = np.array([5, 0, 2, 3])
        np.testing.assert_array_equal(grid.at(cells), told.ravel()[cells])
        box = (512.0, 870.0, 529.0, 895.0)
        np.testing.assert_array_equal(grid.within(box).values, whole.within(box).values)
        assert grid.within(box).frame == whole.within(box).frame
        np.testing.assert_array_equal(grid.like(1.0).values, np.ones((2, 3)))


def test_few_classes_take_a_byte_a_cell_and_many_are_all_told_apart() -> None:
    for count, kind in ((128, np.int8), (129, np.int16), (40_000, np.int32)):
        classes = np.arange(-1, count, dtype=np.int32).reshape(1, -1)
        grid = Classed(Frame(0.0, 0.0, 1.0, 1.0, 1, count + 1), classes, np.append(np.arange(count) + 0.5, -3.0))
        assert grid.classes.dtype == kind
        np.testing.assert_array_equal(grid.values[0], np.append(-3.0, np.arange(count) + 0.5))


def test_a_level_grid_has_one_number() -> None:
    assert GROUND.like(4.0).level == 4.0
    assert GROUND.level is None
