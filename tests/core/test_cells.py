"""Cells between stages, in even entries and bins: exact on the side of every stage, whatever their number and distance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.terrain import cells
from planner.core.terrain.cells import Entries, blank, count_cells, count_weighted, entries_of_width, extremes


def world(seed: int, kind: type) -> np.ndarray:
    """Cells of very different sizes, with repeats, NaN and infinities among them."""
    rng = np.random.default_rng(seed)
    z = rng.normal(30, rng.choice([1e-6, 0.1, 5, 1e4]), (13, 1100)).astype(kind)
    z[rng.random(z.shape) < 0.1] = 30
    z[rng.random(z.shape) < 0.03] = rng.choice([np.nan, np.inf, -np.inf, 3.4e38])
    return z


def slots(z: np.ndarray, stages: np.ndarray) -> tuple[Entries, np.ndarray]:
    """Some hundred entries over a terrain, divided by stages; and how many of all the stages lie at or below each slot."""
    low, high, _ = extremes(z)
    width = 2.0 ** np.ceil(np.log2(max(high - low, 1e-9) / 500))
    entries = entries_of_width(width, low, high, stages, z.dtype)
    return entries, entries.below() + np.count_nonzero(stages < np.floor(low / width) * width)


def between(z: np.ndarray, stages: np.ndarray, datum: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Cells by the stages between which they lie: counts and Σ (z − datum)."""
    entries, below = slots(z, stages)
    number, moment = count_cells(z, entries, datum=datum)
    return np.bincount(below, number, len(stages) + 1), np.bincount(below, moment, len(stages) + 1)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([np.float32, np.float64]), st.integers(0, 40), st.booleans())
def test_every_cell_is_on_its_side_of_every_stage(seed: int, kind: type, many: int, near: bool) -> None:
    z = world(seed, kind)
    known = z[np.abs(z) < cells.HUGE].astype(float)
    rng = np.random.default_rng(seed)
    own = rng.choice(known, many)  # stages at cells, and a rounding beside them
    stages = np.sort(np.concatenate((own, np.nextafter(own, np.inf), np.nextafter(own, -np.inf), [30.0])))
    stages = stages if near else np.unique(np.concatenate((stages, rng.uniform(-1e5, 1e5, many))))
    number, moment = between(z, stages, 30.0)
    place = np.searchsorted(stages, known, side="right")
    assert number.tolist() == np.bincount(place, minlength=len(stages) + 1).tolist()
    np.testing.assert_allclose(moment, np.bincount(place, known - 30.0, minlength=len(stages) + 1), rtol=1e-12, atol=1e-9)
    weight = rng.random(z.size)
    entries, below = slots(z, stages)
    counted, moved = count_weighted(z.ravel(), weight, entries, datum=30.0)
    good = weight[(np.abs(z) < cells.HUGE).ravel()]
    by_stage = np.bincount(below, counted, minlength=len(stages) + 1)
    np.testing.assert_allclose(by_stage, np.bincount(place, good, minlength=len(stages) + 1), rtol=1e-12, atol=1e-12)
    assert moved.sum() == pytest.approx(np.sum(good * (known - 30.0)), rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([np.float32, np.float64]), st.lists(st.floats(20, 40), max_size=5))
def test_bins_begin_at_whole_widths_and_at_stages(seed: int, kind: type, extra: list[float]) -> None:
    rng = np.random.default_rng(seed)
    z = rng.normal(30, 1, (3, 500)).astype(kind)
    z.ravel()[:5] = np.nextafter(kind(30), kind([-np.inf, np.inf, 0, 40, 30]))
    stages = np.unique([*extra, 30.0, 30.0001, 30.0002, float(z.ravel()[7])])
    low, high, _ = extremes(z)
    entries = entries_of_width(2.0**-10, low, high, stages, kind)
    lower = entries.lower()
    number, moment = count_cells(z, entries)
    assert np.all(np.diff(lower) >= 0)
    edges = np.union1d(np.arange(np.floor(low * 1024), np.floor(high * 1024) + 2) / 1024, stages)
    place = np.searchsorted(edges, z.ravel().astype(float), side="right")
    some = number > 0
    assert number[some].tolist() == np.bincount(place)[np.unique(place)].tolist()
    np.testing.assert_allclose(moment[some], np.bincount(place, z.ravel())[np.unique(place)], rtol=1e-12)
    own = np.where(np.isin(edges, stages), np.nextafter(edges, np.inf), edges) if kind is np.float32 else edges
    np.testing.assert_allclose(lower[some], own[np.unique(place) - 1], rtol=0, atol=4e-6 if kind is np.float32 else 0)


def test_counts_beyond_one_call_and_wide_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    z = np.random.default_rng(0).normal(0, 1, (9, 2500))
    whole = between(z, np.array([-1.0, 0.0, 1.0]))
    monkeypatch.setattr(cells, "CALL_CELLS", 5000)
    parts = between(z, np.array([-1.0, 0.0, 1.0]))
    assert whole[0].tolist() == parts[0].tolist()
    assert whole[0].sum() == z.size
    np.testing.assert_allclose(whole[1], parts[1], rtol=1e-12)


def test_repeated_stages_infinities_and_a_single_stage() -> None:
    z = np.array([[1.0, np.inf, -np.inf], [np.nan, 2.0, 3.0]])
    for kind in (np.float64, np.float32):
        assert between(z.astype(kind), np.array([2.0, 2.0, 2.5]))[0].tolist() == [1, 0, 1, 1]
        assert between(z.astype(kind), np.array([2.0]))[0].tolist() == [1, 2]
        assert between(z.astype(kind), np.array([-1e30, 1.5, 1e30]))[0].tolist() == [0, 1, 2, 0]


def test_extremes_by_hand() -> None:
    for kind in (np.float32, np.float64):
        z = np.array([[np.nan, 3.0, -np.inf], [1.0, 5.0, 1.0], [np.inf, 1.0, 1e31]], dtype=kind)
        assert extremes(z) == (1.0, 5.0, 3)
        assert extremes(np.full((2, 2), np.nan, dtype=kind)) == (np.inf, -np.inf, -1)
        wide = np.arange(100.0, dtype=kind)[None][:, ::-1].copy()
        assert extremes(wide) == (0.0, 99.0, 99)


def test_blanks_by_hand() -> None:
    for kind in (np.float32, np.float64):
        z = np.array([[-9999.0, 1.0, np.inf], [7.0, -9999.0, -3.4e38], [2.0, -5000.0, 7.0]], dtype=kind)
        assert blank(z, np.array([7.0, -9999.0], dtype=kind)).tolist() == [2, 2]
        assert np.isnan(z).tolist() == [[True, False, True], [True, True, True], [False, False, True]]
        assert z[2, 1] == -5000.0
        assert blank(z, np.zeros(0, dtype=kind)).tolist() == []
