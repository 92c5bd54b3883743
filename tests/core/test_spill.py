"""Rims of bodies of water: what each body's water finds, whatever other bodies stand beside it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from planner.core.terrain.merge_tree import filled
from planner.core.terrain.neighbours import CORNERS
from planner.core.terrain.spill import spill, spills

HEIGHT = st.one_of(st.integers(0, 6).map(float), st.just(float("nan")), st.floats(0.0, 9.0))
SHAPE = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)


@settings(deadline=None, max_examples=500)
@given(st.data())
def test_a_bodys_rim_is_that_of_the_ground_with_the_body_dug_out(data: st.DataObject) -> None:
    shape = data.draw(SHAPE)
    ground = data.draw(hnp.arrays(np.float64, shape, elements=HEIGHT))
    owner = data.draw(hnp.arrays(np.int32, int(np.prod(shape)), elements=st.integers(-1, 3)))
    found = spills(ground, owner, 4, CORNERS, filled(ground))
    for body in range(4):
        mine = np.flatnonzero(owner == body)
        expected = np.nan
        if len(mine):
            dug = ground.copy()
            dug.ravel()[mine] = -1e4
            level = spill(dug, int(mine[0]), CORNERS).level
            expected = level if level > -1e4 else np.nan
        np.testing.assert_equal(found[body], expected)


def test_two_ponds_in_one_valley_leave_over_their_own_sills() -> None:
    ground = np.full((3, 9), 9.0)
    ground[1] = [9, 1, 4, 1, 5, 2, 0, 3, 2]  # sills at 4, 5 and 3; the valley opens to the east
    owner = np.full((3, 9), -1, dtype=np.int32)
    owner[1, 1], owner[1, 3], owner[1, 6] = 0, 1, 2
    np.testing.assert_array_equal(spills(ground, owner.ravel(), 3, CORNERS, filled(ground)), [5.0, 5.0, 3.0])


def test_missing_ground_within_a_body_is_water_and_a_rim_at_the_edge_is_none() -> None:
    ground = np.full((7, 7), 4.0)
    ground[2:5, 2:5] = 1.0
    ground[3, 3] = np.nan
    ground[0] = ground[-1] = 6.0
    ground[:, 0] = ground[:, -1] = 5.0
    ground[3, 6], ground[3, 5] = 2.0, 3.0  # over the 4 around it, out at 2
    body = np.where(ground > 1.0, -1, 0).astype(np.int32)
    body[3, 3] = 0
    assert spills(ground, body.ravel(), 1, CORNERS, filled(ground))[0] == 3.0  # beside the pond, then down to 2
    ground[3, 6] = 4.5
    assert np.isnan(spills(ground, body.ravel(), 1, CORNERS, filled(ground))[0])  # it rises up to the edge
    body[3, 3] = -1
    assert np.isnan(spills(ground, body.ravel(), 1, CORNERS, filled(ground))[0])


def test_a_body_in_two_parts_leaves_where_the_first_finds_its_way() -> None:
    ground = np.full((3, 11), 9.0)
    ground[1] = [9, 1, 5, 0, 4, 1, 7, 2, 3, 2, 2]  # over 5, through the second part, over 7, out at 2
    owner = np.full((3, 11), -1, dtype=np.int32)
    owner[1, 1] = owner[1, 5] = 0
    assert spills(ground, owner.ravel(), 1, CORNERS, filled(ground))[0] == 7.0
