"""Works that overlap are refused: which of them comes last would decide."""

import numpy as np
import pytest
import shapely

from planner.errors import InvalidInput
from planner.site import Grid
from planner.water import storage_curve
from planner.water.shore import shoreline
from planner.water.works import Works

GROUND = Grid(np.full((20, 20), 30.0), 0.0, 200.0, 10.0, 10.0)


def works(*corners: float) -> list[Works]:
    """A bed of 60 × 60 m dug by a metre from each corner on."""
    return [Works(shapely.box(x, 40, x + 60, 100), dig_m=1.0 + i) for i, x in enumerate(corners)]


def test_works_side_by_side_add_up() -> None:
    curve = storage_curve(GROUND, works=works(20, 80))
    assert curve.storage(30.0) == pytest.approx(60 * 60 * (1.0 + 2.0))
    assert shoreline(GROUND, 29.5, works=works(20, 80)).area == pytest.approx(2 * 60 * 60)


@pytest.mark.parametrize("second", [20.0, 30.0, 79.0])
def test_works_that_overlap_are_refused(second: float) -> None:
    with pytest.raises(InvalidInput, match="works 0 and 1 share"):
        storage_curve(GROUND, works=works(20, second))
    with pytest.raises(InvalidInput, match="works 0 and 1 share"):
        shoreline(GROUND, 29.5, works=works(20, second))
