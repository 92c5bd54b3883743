"""Hollows of a least depth are those of the whole tree that are as deep, each with all that the shallow ones within it held."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planner.core.terrain.merge_tree import merge_tree, significant

heights = st.one_of(st.sampled_from([0.0, 1.0, 2.0, 2.5, np.nan]), st.floats(0, 3, width=16))
grounds = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(lambda shape: arrays(np.float64, shape, elements=heights))


def assert_pruned(z: np.ndarray, neighbours: int, least: float) -> None:
    whole, found = merge_tree(z, neighbours=neighbours), merge_tree(z, neighbours=neighbours, min_depth=least)
    deep = np.flatnonzero(whole.depth >= least)
    key = np.stack([whole.pit, whole.spill], axis=1)[deep]
    mine = np.stack([found.pit, found.spill], axis=1)
    order, own = np.lexsort(key.T), np.lexsort(mine.T)
    np.testing.assert_array_equal(mine[own], key[order])
    to = np.zeros(len(whole) + 1, dtype=int)
    to[deep[order] + 1] = own + 1
    for name in ("pit_level", "spill_level", "cells"):
        np.testing.assert_array_equal(getattr(found, name)[own], getattr(whole, name)[deep][order])
    np.testing.assert_allclose(found.volume[own], whole.volume[deep][order], rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(found.parent[own], to[whole.parent[deep]][order])
    for k in range(len(whole) - 1, -1, -1):  # shallow ones: what they are part of
        if to[k + 1] == 0:
            to[k + 1] = to[whole.parent[k]]
    np.testing.assert_array_equal(found.label, to[whole.label])


@settings(max_examples=300, deadline=None)
@given(grounds, st.sampled_from([4, 8]), st.sampled_from([0.0, 0.5, 1.0, 1.25, 2.0, 9.0]))
def test_deep_hollows_are_those_of_the_whole_tree(z: np.ndarray, neighbours: int, least: float) -> None:
    assert_pruned(z, neighbours, least)


@pytest.mark.parametrize("least", [0.01, 0.1, 0.5])
def test_of_a_noisy_terrain(least: float) -> None:
    rng = np.random.default_rng(4)
    z = np.add.outer(np.sin(np.arange(90) / 9), np.cos(np.arange(120) / 7)) + rng.normal(0, 0.1, (90, 120))
    assert_pruned(z, 4, least)
    told = significant(merge_tree(z, neighbours=4), min_volume=5.0, min_depth=least)
    found = significant(merge_tree(z, neighbours=4, min_depth=least), min_volume=5.0, min_depth=least)
    for name in ("pit", "pit_level", "spill_level"):
        np.testing.assert_array_equal(getattr(found, name), getattr(told, name))
