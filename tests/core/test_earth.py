"""Earth on a few cells: levels that balance, that win a volume, that place one, all in mental arithmetic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.earth import balanced_levels, levels_of_cut, levels_of_fill, moved

# A 3 × 3 world of 100 m² cells in three units: a step (0, 0, 3), a slope (1, 2, 3), a plain (5, 5, 5); and one without cells.
START = np.array([0, 3, 6, 9, 9])
LEVEL = np.array([0.0, 0.0, 3.0, 1.0, 2.0, 3.0, 5.0, 5.0, 5.0])
AREA = np.full(9, 100.0)


def test_a_balanced_level_is_the_mean_where_no_earth_is_lost() -> None:
    assert balanced_levels(START, LEVEL, AREA, 1.0).tolist() == pytest.approx([1.0, 2.0, 5.0, np.nan], nan_ok=True)


def test_what_is_lost_in_compaction_lowers_the_level() -> None:
    """The step at half yield: 0.5·(3 − s) = 2·s, so s = 0.6: cut 2.4 · 100 · 0.5 = fill 2 · 0.6 · 100 = 120 m³."""
    level = balanced_levels(START, LEVEL, AREA, 0.5)
    assert level[0] == pytest.approx(0.6)
    cut, fill = moved(START, LEVEL, AREA, np.zeros(4), np.nan_to_num(level), np.nan_to_num(level))
    assert cut[0] * 0.5 == pytest.approx(120.0) and fill[0] == pytest.approx(120.0)


def test_what_works_move() -> None:
    """The slope dug 1 m, at most 1.5 m, at least 0.5 m: 1→0.5, 2→1, 3→1.5: cut (0.5 + 1 + 1.5)·100. Raised to 2 m: fill 100."""
    bare = np.zeros(4)
    cut, fill = moved(START, LEVEL, AREA, bare + 1.0, bare + 1.5, bare + 0.5)
    assert cut[1] == pytest.approx(300.0) and fill[1] == 0.0
    cut, fill = moved(START, LEVEL, AREA, bare, bare + np.inf, bare + 2.0)
    assert (cut[1], fill[1]) == (0.0, 100.0)


def test_the_level_that_wins_a_volume() -> None:
    """From the slope's top: 100 m³ takes 3 to 2; 300 m³ takes 3 and 2 to 1; 600 m³ takes all three to 0."""
    for volume, level in ((0.0, 3.0), (50.0, 2.5), (100.0, 2.0), (300.0, 1.0), (600.0, 0.0)):
        assert levels_of_cut(START, LEVEL, AREA, np.full(4, volume))[1] == pytest.approx(level)
    assert np.isnan(levels_of_cut(START, LEVEL, AREA, np.zeros(4))[3])


def test_the_level_that_a_volume_fills_to() -> None:
    """Onto the step: 200 m³ raises two cells by 1; 600 m³ levels it at 3; 900 m³ raises all three to 4."""
    for volume, level in ((0.0, 0.0), (200.0, 1.0), (600.0, 3.0), (900.0, 4.0)):
        assert levels_of_fill(START, LEVEL, AREA, np.full(4, volume))[0] == pytest.approx(level)
    assert np.isnan(levels_of_fill(START, LEVEL, AREA, np.zeros(4))[3])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-9, 9), st.floats(0.5, 50)), min_size=1, max_size=9), st.floats(0.3, 1.5), st.floats(0, 200)
)
def test_levels_do_what_they_promise(cells: list[tuple[float, float]], yielded: float, volume: float) -> None:
    cells = sorted(cells)
    start, level, area = np.array([0, len(cells)]), np.array([c[0] for c in cells]), np.array([c[1] for c in cells])
    s = balanced_levels(start, level, area, yielded)
    cut, fill = moved(start, level, area, np.zeros(1), s, s)
    assert cut[0] * yielded == pytest.approx(fill[0], abs=1e-9 * area.sum() * 20)
    everything = np.full(1, np.inf)
    dug = levels_of_cut(start, level, area, np.array([volume]))
    assert moved(start, level, area, np.zeros(1), dug, -everything)[0][0] == pytest.approx(volume, abs=1e-6)
    heaped = levels_of_fill(start, level, area, np.array([volume]))
    assert moved(start, level, area, np.zeros(1), everything, heaped)[1][0] == pytest.approx(volume, abs=1e-6)
