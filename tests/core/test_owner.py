"""Cells and the polygons that hold them: by hand on small grids, and against rasterio on random ones."""

from typing import Any

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.features import rasterize
from rasterio.transform import from_origin

from planner.core.terrain.owner import Rule, owner_of
from planner.frame import Frame


def owners(shapes: list[Any], rows: int, cols: int, rule: Rule = Rule.CENTRE) -> Any:
    return owner_of(shapes, Frame(0.0, float(rows), 1.0, 1.0, rows, cols), rule=rule)


def test_a_box_over_three_by_three_cells() -> None:
    found = owners([shapely.box(0.4, 0.4, 2.6, 1.4)], 3, 3)
    assert found.tolist() == [[-1, -1, -1], [-1, -1, -1], [0, 0, 0]]


def test_a_hole_and_a_second_polygon_in_it() -> None:
    ring = shapely.box(0, 0, 5, 5).difference(shapely.box(1, 1, 4, 4))
    found = owners([ring, shapely.box(2, 2, 3, 3)], 5, 5)
    assert found[0].tolist() == [0, 0, 0, 0, 0]
    assert found[2].tolist() == [0, -1, 1, -1, 0]


def test_polygons_that_share_edges_through_centres_share_out_every_cell() -> None:
    found = owners([shapely.box(0, 0, 1.5, 3), shapely.box(1.5, 0, 3, 3)], 3, 3)
    assert (found >= 0).all()
    found = owners([shapely.box(0, 0, 3, 1.5), shapely.box(0, 1.5, 3, 3)], 3, 3)
    assert (found >= 0).all()


def test_touching_takes_free_cells_only() -> None:
    boxes = [shapely.box(0.6, 0.6, 1.4, 1.4), shapely.box(1.4, 0.6, 2.9, 1.4)]
    centre, touched = owners(boxes, 3, 3), owners(boxes, 3, 3, Rule.TOUCH)
    assert centre.tolist() == [[-1] * 3] * 3 or (centre >= 0).sum() < (touched >= 0).sum()
    assert touched[1].tolist() == [0, 0, 1]
    assert touched[2].tolist() == [0, 0, 1]
    assert touched[0].tolist() == [-1, -1, -1]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_the_same_cells_as_rasterio_up_to_exact_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = [
        shapely.make_valid(shapely.Polygon(rng.uniform(-3, 23, (rng.integers(3, 9), 2))), method="structure") for _ in range(4)
    ]
    shapes = [s for s in shapes if s.area > 0]
    for shape in shapes:
        mine = owners([shape], 20, 20) >= 0
        theirs = rasterize([shape], out_shape=(20, 20), transform=from_origin(0, 20, 1, 1)) == 1
        ties = shapely.distance(shape.boundary, shapely.points(*np.meshgrid(np.arange(20) + 0.5, 19.5 - np.arange(20)))) < 1e-9
        assert (mine == theirs)[~ties].all()


def test_edges_along_the_lines_between_cells_touch_none() -> None:
    found = owners([shapely.box(1, 1, 2, 2)], 3, 3, Rule.TOUCH)
    assert found.tolist() == [[-1, -1, -1], [-1, 0, -1], [-1, -1, -1]]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_touched_cells_are_those_that_share_area(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = shapely.make_valid(shapely.Polygon(rng.uniform(-2, 14, (rng.integers(3, 8), 2))), method="structure")
    if shape.area == 0:
        return
    touched = owners([shape], 12, 12, Rule.TOUCH) >= 0
    x, y = np.meshgrid(np.arange(12.0), 11.0 - np.arange(12.0))
    shared = shapely.area(shapely.intersection(shapely.box(x, y, x + 1, y + 1), shape))
    assert touched[shared > 1e-9].all()
    assert not touched[shapely.distance(shapely.box(x, y, x + 1, y + 1), shape) > 1e-9].any()


def test_the_one_that_covers_most_of_a_cell_has_it() -> None:
    found = owners([shapely.box(0, 0, 0.4, 3), shapely.box(0.4, 0, 1.5, 3), None], 3, 3, Rule.MOST)
    assert found.tolist() == [[1, 1, -1]] * 3
    assert owners([], 2, 2).tolist() == [[-1, -1]] * 2
