"""Ditches: by hand on a bowl beside a lake, and on any ground nothing wanted stays ponded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planner.core.terrain.ditching import drained, ponded

CELL = (10.0, 10.0)


def bowl() -> tuple[np.ndarray, np.ndarray]:
    """A platform of three cells at 31 m inside a wall of 33 m, 32 m at one place, and a lake at 30 m to the east of it."""
    ground = np.full((5, 8), 33.0)
    ground[2, 2:5] = 31.0
    ground[2, 5] = 32.0
    outlets = np.zeros(ground.shape, dtype=bool)
    ground[2, 6], outlets[2, 6] = 30.0, True
    return ground, outlets


def two_hollows(far: float, saddle: float, near: float) -> tuple[np.ndarray, np.ndarray]:
    """A way of cells at 32 m from a hollow to a lake at 29 m, and a nearer hollow beside its middle, over a saddle, in 33 m."""
    ground = np.full((6, 9), 33.0)
    outlets = np.zeros(ground.shape, dtype=bool)
    ground[2, 8], outlets[2, 8] = 29.0, True
    ground[2, 1:8] = [far, 32.0, 32.0, 32.0, 32.0, 32.0, 32.0]
    ground[3:5, 4] = saddle, near
    return ground, outlets


def test_a_platform_in_a_bowl_is_drained_over_its_spill_into_the_lake() -> None:
    ground, outlets = bowl()
    wanted = ground == 31.0
    assert ponded(ground, outlets, 0.1).sum() == 3
    found = drained(ground, outlets, wanted, CELL, fall=0.001, pond_m=0.1)
    assert found.start.tolist() == [0, 5]
    assert [divmod(int(c), 8) for c in found.cell] == [(2, 2), (2, 3), (2, 4), (2, 5), (2, 6)]
    assert found.bottom == pytest.approx([31.0, 30.99, 30.98, 30.97, 30.0])
    assert not ponded(found.dug, outlets, 0.1).any()


def test_no_ditch_runs_below_the_water_it_leads_to() -> None:
    ground, outlets = bowl()
    ground[2, 6] = 30.985
    found = drained(ground, outlets, ground == 31.0, CELL, fall=0.001, pond_m=0.1)
    assert found.bottom[-1] == found.bottom[-2] == 30.985


def test_a_shore_below_the_lakes_level_is_no_hollow() -> None:
    ground = np.full((4, 6), 33.0)
    outlets = np.zeros(ground.shape, dtype=bool)
    ground[1:3, 1], outlets[1:3, 1] = 31.0, True
    ground[1:3, 2] = 29.0  # the foot of a platform's slope, under water
    assert not ponded(ground, outlets, 0.1).any()
    assert len(drained(ground, outlets, ground == 29.0, CELL, fall=0.0, pond_m=0.1).cell) == 0


def test_two_hollows_on_one_way_share_their_ditch_from_where_they_meet() -> None:
    """The farther is the deeper one: its ditch runs through, and the nearer one's ends in it."""
    ground, outlets = two_hollows(30.0, 32.5, 31.0)
    found = drained(ground, outlets, ground <= 31.0, CELL, fall=0.01, pond_m=0.1)
    ways = [[divmod(int(c), 9) for c in found.cell[a:b]] for a, b in zip(found.start[:-1], found.start[1:], strict=True)]
    assert ways[0] == [(2, c) for c in range(1, 9)]
    assert len(ways) == 2 and ways[1][0] == (4, 4) and ways[1][-1] in ways[0] and ways[1][-1] != (2, 8)
    assert found.bottom[len(ways[0]) + len(ways[1]) - 1] == found.bottom[ways[0].index(ways[1][-1])]


def test_a_lower_ditch_digs_the_one_it_comes_into_deeper() -> None:
    """The nearer hollow is the deeper one, is dug first, and the farther ditch, still higher, ends in it; the other way round
    the shared part lies as deep as the lower one asks."""
    ground, outlets = two_hollows(31.0, 31.9, 30.5)
    found = drained(ground, outlets, ground <= 31.0, CELL, fall=0.01, pond_m=0.1)
    shared = found.dug[2, 5:8]
    assert (shared <= 30.5).all() and (np.diff(shared) < 0).all()


def test_a_ditch_ends_at_the_shore_of_the_lake_it_leads_to() -> None:
    """Ground below the lake's level that is not the lake's own stands under the same water: no ditch is dug along it."""
    ground, outlets = bowl()
    ground[2, 6], outlets[2, 6] = 29.0, False
    ground[2, 7], outlets[2, 7] = 30.0, True
    found = drained(ground, outlets, ground == 31.0, CELL, fall=0.001, pond_m=0.1)
    assert [divmod(int(c), 8) for c in found.cell] == [(2, 2), (2, 3), (2, 4), (2, 5)]
    assert not ponded(found.dug, outlets, 0.1).any()


@settings(deadline=None)  # the first run compiles
@given(
    arrays(np.float64, (9, 11), elements=st.integers(0, 12).map(float)),
    arrays(np.bool_, (9, 11)),
    arrays(np.bool_, (9, 11), elements=st.sampled_from([False, False, False, True])),
    st.sampled_from([0.0, 0.002]),
)
def test_nothing_wanted_stays_ponded_and_no_ditch_rises(
    ground: np.ndarray, wanted: np.ndarray, gaps: np.ndarray, fall: float
) -> None:
    ground = np.where(gaps & ~wanted, np.nan, ground)
    outlets = np.zeros(ground.shape, dtype=bool)
    outlets[4, 5] = True
    found = drained(ground, outlets, wanted, CELL, fall=fall, pond_m=0.1)
    assert not (ponded(found.dug, outlets, 0.1) & wanted).any()
    assert (found.dug[np.isfinite(ground)] <= ground[np.isfinite(ground)]).all()
    before: set[int] = set()
    for a, b in zip(found.start[:-1], found.start[1:], strict=True):
        cells = found.cell[a:b].tolist()
        assert len(set(cells)) == len(cells) and before.isdisjoint(cells[:-1])
        before |= set(cells)
        assert (np.diff(found.bottom[a:b]) <= 0).all()
        rows, cols = np.divmod(found.cell[a:b], ground.shape[1])
        assert (np.maximum(np.abs(np.diff(rows)), np.abs(np.diff(cols))) == 1).all()
