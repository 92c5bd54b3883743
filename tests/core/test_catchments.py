"""Catchments and how hollows join: worlds of 3 × 3 and a row of five, by hand."""

import numpy as np

from planner.core.terrain.catchments import MISSING, catchments
from planner.core.terrain.joining import OUTSIDE, content_of, find, forest_of, held_with_children, join, nest, raised, settle


def test_a_bowl_is_one_catchment_that_leaves_over_its_rim() -> None:
    bowl = np.array([[5.0, 5.0, 5.0], [5.0, 1.0, 4.0], [5.0, 5.0, 5.0]])
    found = catchments(bowl, neighbours=8)
    assert found.label[4] == found.label[5] and found.pit.tolist() == [4]
    assert found.joins[0] == 5 and found.level[0] == 4.0 and found.leaves[0]  # the notch at the east edge comes first


def test_a_ridge_parts_two_catchments_and_its_lowest_cell_joins_them() -> None:
    ridge = np.array([[9.0, 9.0, 9.0, 9.0, 9.0], [9.0, 1.0, 5.0, 2.0, 9.0], [9.0, 9.0, 9.0, 9.0, 9.0]])
    found = catchments(ridge, neighbours=8)
    assert sorted(found.pit.tolist()) == [6, 8] and found.label[6] != found.label[8]
    first = int(np.flatnonzero(found.joins == 7)[0])
    assert found.level[first] == 5.0 and not found.leaves[first] and set(found.sides[first]) - {-1} == {0, 1}


def test_what_touches_at_a_corner_is_joined_by_eight_neighbours_alone() -> None:
    world = np.array([[1.0, 9.0, 9.0], [9.0, 2.0, 9.0], [9.0, 9.0, 9.0]])
    assert len(catchments(world, neighbours=8).pit) == 1  # the middle drains over its corner
    assert len(catchments(world, neighbours=4).pit) == 2


def test_ground_that_is_missing_has_no_catchment_and_water_leaves_beside_it() -> None:
    world = np.array([[9.0, 9.0, 9.0], [9.0, 1.0, np.nan], [9.0, 9.0, 9.0]])
    found = catchments(world, neighbours=8)
    assert found.label[5] == MISSING and found.leaves[np.flatnonzero(found.joins == 4)].all()


# A row of five in a wall: two hollows, 1 and 2 m, joined at 5 m over the middle; both together leave at 7 m in the east.
TWO = np.array(
    [
        [9.0, 9.0, 9.0, 9.0, 9.0],
        [9.0, 1.0, 5.0, 2.0, 7.0],
        [9.0, 9.0, 9.0, 9.0, 9.0],
    ]
)


def test_two_hollows_become_one_that_holds_both() -> None:
    found = catchments(TWO, neighbours=8)
    open_ = np.zeros(len(found.pit), dtype=np.bool_)
    forest = forest_of(found.pit, TWO.ravel()[found.pit])
    nodes, links = join(found, forest, open_)
    assert len(links.cell) == 0
    tree = nest(forest, nodes, open_)
    assert len(tree.parent) == 4  # the outside, the two, and what came of them
    west, east = (int(tree.number[found.label[cell] + 1]) for cell in (6, 8))
    both = int(tree.parent[west])
    assert both == tree.parent[east] and tree.parent[both] == OUTSIDE
    assert tree.spill_level[[west, east, both]].tolist() == [5.0, 5.0, 7.0]
    assert tree.spill[west] == 7 and tree.pit[both] == 6 and tree.pit_level[both] == 1.0
    assert find(forest.above, int(found.label[6]) + 1) == OUTSIDE


def test_what_hollows_hold_to_their_spill() -> None:
    """West (5 − 1), east (5 − 2); both to 7 m: 6 + 5 + 2 = 13 m³ on cells of 1 m²."""
    found = catchments(TWO, neighbours=8)
    open_ = np.zeros(len(found.pit), dtype=np.bool_)
    forest = forest_of(found.pit, TWO.ravel()[found.pit])
    nodes, _ = join(found, forest, open_)
    tree = nest(forest, nodes, open_)
    content = content_of(len(tree.parent))
    label = settle(TWO, found.label, tree, 0.0, content)
    cells, volume = held_with_children(tree, 0.0, content)
    west, east = (int(tree.number[found.label[cell] + 1]) for cell in (6, 8))
    both = int(tree.parent[west])
    assert volume[[west, east, both]].tolist() == [4.0, 3.0, 13.0] and cells[[west, east, both]].tolist() == [1, 1, 3]
    assert label[[6, 7, 8]].tolist() == [west, both, east] and label[0] == OUTSIDE


def test_hollows_filled_to_a_level() -> None:
    found = catchments(TWO, neighbours=8)
    level = np.full(len(found.pit) + 1, -np.inf)
    level[[int(found.label[6]) + 1, int(found.label[8]) + 1]] = [3.0, 6.0]
    filled = raised(TWO, found.label, level)
    assert filled[1, 1] == 3.0 and filled[1, 3] == 6.0 and filled[0, 0] == 9.0
