"""Terrains in bands of rows: the same water levels and the same hollows as of the whole, however it is cut."""

from collections.abc import Callable, Iterator
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planner.core.terrain import stitching
from planner.core.terrain.flood import flood
from planner.core.terrain.joining import deepened
from planner.core.terrain.merge_tree import filled, merge_tree
from planner.core.terrain.stitched_tree import hollows_of
from planner.core.terrain.stitching import Band, surveyed, water_levels


def bands(z: np.ndarray, height: int) -> Callable[[], Iterator[Band]]:
    def go() -> Iterator[Band]:
        for row in range(0, len(z), height):
            part = z[row : row + height]
            yield Band(row, part, row > 0, row + len(part) < len(z))

    return go


rough = st.tuples(st.integers(1, 13), st.integers(1, 13)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, 2.0, 2.5, 3.0, 4.0, 7.0, np.nan, np.inf]))
)


@settings(max_examples=150, deadline=None)
@given(rough, st.sampled_from([4, 8]), st.integers(1, 5), st.integers(1, 2), st.booleans())
def test_a_fill_in_bands_is_the_fill_of_the_whole(
    z: np.ndarray, neighbours: int, height: int, threads: int, keep: bool
) -> None:
    parts = [level for _, level in water_levels(bands(z, height), neighbours=neighbours, threads=threads, keep=keep)]
    np.testing.assert_array_equal(np.concatenate(parts), filled(z, neighbours=neighbours))


@settings(max_examples=150, deadline=None)
@given(rough, st.sampled_from([4, 8]), st.integers(1, 5), st.integers(0, 1000), st.booleans())
def test_water_from_a_cell_in_bands_is_a_flood_over_the_whole(
    z: np.ndarray, neighbours: int, height: int, pick: int, keep: bool
) -> None:
    ground = np.flatnonzero(np.isfinite(z))
    if not len(ground):
        return
    start = int(ground[pick % len(ground)])
    parts = [level for _, level in water_levels(bands(z, height), neighbours=neighbours, start=start, keep=keep)]
    told = flood(np.where(np.isfinite(z), z, np.nan), np.array([start]), neighbours).level
    np.testing.assert_array_equal(np.concatenate(parts).ravel()[ground], np.where(np.isnan(told), np.inf, told)[ground])


@settings(max_examples=200, deadline=None)
@given(
    rough,
    st.sampled_from([4, 8]),
    st.integers(1, 5),
    st.sampled_from([(0.0, 0.0), (2.0, 0.0), (0.0, 1.5), (3.0, 1.0)]),
    st.integers(1, 2),
)
def test_hollows_in_bands_are_those_of_the_whole(
    z: np.ndarray, neighbours: int, height: int, least: tuple[float, float], threads: int
) -> None:
    limits = {"min_volume": least[0], "min_depth": least[1]}
    whole = merge_tree(z, neighbours=neighbours).pruned(**limits)
    parts = hollows_of(bands(z, height), neighbours=neighbours, threads=threads, **limits)
    for name in ("pit", "pit_level", "spill_level", "cells", "parent"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name), err_msg=name)
    np.testing.assert_array_equal(z.ravel()[parts.spill], parts.spill_level)  # of several cells at that level, any
    np.testing.assert_allclose(parts.volume, whole.volume, atol=1e-9)
    assert np.all(parts.volume >= least[0]) and np.all(parts.depth >= least[1])


def test_a_lake_across_many_bands_with_islands_and_noise() -> None:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[-1:1:240j, -1:1:200j]
    z = (3 * np.hypot(x, y) + 0.8 * np.sin(19 * x) * np.cos(17 * y) + rng.normal(0, 0.05, x.shape)).astype(np.float32)
    whole = merge_tree(z).pruned(min_volume=20.0, min_depth=0.3)
    assert len(whole) > 5
    assert whole.parent.max() > 0  # some lie within others
    for height in (1, 7, 100, 240):
        parts = hollows_of(bands(z, height), neighbours=8, min_volume=20.0, min_depth=0.3, threads=2)
        np.testing.assert_array_equal(parts.spill, whole.spill)
        np.testing.assert_array_equal(parts.parent, whole.parent)
        np.testing.assert_array_equal(parts.cells, whole.cells)
        np.testing.assert_allclose(parts.volume, whole.volume, rtol=1e-12)
        level = np.concatenate([part for _, part in water_levels(bands(z, height), neighbours=8)])
        assert float(np.sum(level.astype(float) - z)) == pytest.approx(merge_tree(z).volume[merge_tree(z).top].sum(), rel=1e-12)


def test_what_is_kept_of_a_survey_saves_the_second() -> None:
    z = np.random.default_rng(4).normal(size=(40, 30))
    for keep, rows in ((False, [0, 10, 20, 30, 0, 10, 20, 30]), (True, [0, 10, 20, 30])):
        with patch.object(stitching, "surveyed", wraps=surveyed) as asked:
            parts = [level for _, level in water_levels(bands(z, 10), neighbours=8, keep=keep)]
        np.testing.assert_array_equal(np.concatenate(parts), filled(z))
        assert [call.args[0].row for call in asked.call_args_list] == rows


def test_what_a_terrain_was_raised_by_is_told() -> None:
    z = np.array([[2.0, np.nan, 1.0], [4.0, 0.5, np.inf]], dtype=np.float32)
    level = np.array([[2.0, np.nan, 3.0], [4.0, 3.0, np.inf]], dtype=np.float32)
    out = np.empty_like(z)
    assert deepened(z, level, out) == (4.5, 2, 2.5)
    np.testing.assert_array_equal(out, [[2.0, np.nan, 3.0], [4.0, 3.0, np.nan]])


def test_small_hollows_are_part_of_what_they_spill_into() -> None:
    #            a deep one   a puddle   another deep one, all behind rims of 9
    z = np.array([[9.0, 9, 9, 9, 9, 9, 9], [9, 0, 4, 3.5, 5, 1, 8], [9, 9, 9, 9, 9, 9, 9]])
    tree = merge_tree(z, neighbours=4)
    assert len(tree) == 5  # 0 to 4, 3.5 to 4, both to 5, 1 to 5, all to 8
    left = tree.pruned(min_volume=1.0)
    assert list(zip(left.pit_level, left.spill_level, left.parent, strict=True)) == [
        (0.0, 5.0, 3),
        (1.0, 5.0, 3),
        (0.0, 8.0, 0),
    ]
    assert left.volume.tolist() == [5 + 1 + 1.5, 4.0, 8 + 4 + 4.5 + 3 + 7]
    one = tree.pruned(min_volume=5.0)
    assert list(zip(one.pit_level, one.spill_level, one.parent, strict=True)) == [(0.0, 8.0, 0)]


def test_what_holds_just_the_least_volume_matters_however_it_is_summed() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        z = rng.random((14, 14))
        tree = merge_tree(z).pruned()
        for least in tree.volume[::4]:
            whole = tree.pruned(min_volume=least)
            for height in (1, 3, 5):
                parts = hollows_of(bands(z, height), neighbours=8, min_volume=least)
                np.testing.assert_array_equal(parts.pit, whole.pit)
                np.testing.assert_array_equal(parts.parent, whole.parent)


def test_what_joins_at_the_level_at_which_it_meets_another_band() -> None:
    z = np.array(
        [
            [12.0, 12, 2, 7, 10],
            [17, 2, 10, 5, 3],
            [14, 5, 17, 4, 11],
            [14, 9, 7, 10, 3],  # the hollow of 2 and 5 meets the puddle of 7 at 9,
            [11, 11, 9, 4, 14],  # and both at 9 what goes on in the next band
            [2, 10, 6, 6, 17],
            [7, 13, 12, 6, 2],
        ]
    )
    parts = hollows_of(bands(z, 6), neighbours=4, min_volume=8.0)
    assert (parts.pit.tolist(), parts.spill_level.tolist(), parts.volume.tolist()) == ([6], [9.0], [11.0])


@pytest.mark.parametrize("seed", range(12))
def test_rough_ground_of_few_levels_in_bands(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(25):
        z = rng.integers(0, rng.integers(4, 30), rng.integers(4, 30, 2)).astype(float)
        neighbours, least = int(rng.choice([4, 8])), float(rng.integers(0, 30))
        whole = merge_tree(z, neighbours=neighbours).pruned(min_volume=least)
        for height in (1, int(rng.integers(2, 30))):
            parts = hollows_of(bands(z, height), neighbours=neighbours, min_volume=least)
            for name in ("pit", "pit_level", "spill_level", "cells", "parent"):
                np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name), err_msg=name)
