"""Water rising from a cell: sweeps and lists give what a flood from the cell gives."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planner.core.terrain import rising
from planner.core.terrain.cells import count_weighted, entries_of_width
from planner.core.terrain.flood import flood

HEIGHTS = st.sampled_from([0.0, 1.0, 2.0, 2.5, 3.0, 4.0, 7.0, np.nan, np.inf])
terrains = st.tuples(st.integers(1, 20), st.integers(1, 20)).flatmap(lambda shape: arrays(np.float64, shape, elements=HEIGHTS))


@pytest.mark.parametrize(("sweeps", "share"), [(0, 1), (1, 20), (1, 256), (8, 256)])
@settings(max_examples=100, deadline=None)
@given(z=terrains, neighbours=st.sampled_from([4, 8]), single=st.booleans(), pick=st.integers(0, 1000), weighted=st.booleans())
def test_every_cell_counts_where_a_flood_reaches_it(
    sweeps: int, share: int, z: np.ndarray, neighbours: int, single: bool, pick: int, weighted: bool
) -> None:
    ground = np.flatnonzero(np.isfinite(z))
    if not len(ground):
        return
    if single:
        z = z.astype(np.float32)
    start = int(ground[pick % len(ground)])
    part = np.linspace(0.0, 1.0, z.size).reshape(z.shape) if weighted else None
    low, high = float(z.ravel()[ground].min()), float(z.ravel()[ground].max())
    entries = entries_of_width(2.0**-10, low, high, np.array([0.5, 1.0, 2.2]), z.dtype)
    level = flood(np.where(np.isfinite(z), z, np.nan), np.array([start]), neighbours).level
    reached = np.isfinite(level)
    weight = np.ones(z.size) if part is None else part.ravel()
    told = count_weighted(z.ravel()[reached], weight[reached], entries, datum=-3.0, reached=level[reached])
    with mock.patch.multiple(rising, SWEEPS=sweeps, SHARE=share):
        found = rising.count_connected(z, start, entries, neighbours=neighbours, share=part, datum=-3.0)
    np.testing.assert_allclose(found[0], told[0], atol=1e-12)
    np.testing.assert_allclose(found[1], told[1], atol=1e-9)


def test_a_labyrinth_is_followed_to_its_end() -> None:
    z = np.full((41, 41), 9.0)
    z[1::2, 1:-1] = 1.0  # corridors, joined left and right in turn
    z[2:-2:4, -2] = z[4:-2:4, 1] = 1.0
    entries = entries_of_width(1.0, 1.0, 9.0, np.empty(0), z.dtype)
    number, _ = rising.count_connected(z, 41 + 1, entries, neighbours=4)
    corridors = int((z == 1.0).sum())
    assert number[0] == corridors
    assert number.sum() == z.size
    z[2, -2] = 9.0  # the first corridor is closed
    number, _ = rising.count_connected(z, 41 + 1, entries, neighbours=4)
    assert number[0] == 39
