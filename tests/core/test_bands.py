"""Bins of row bands, merged: exact at the stages asked for, wherever the bands end and whichever precision the cells have."""

from itertools import pairwise

import numpy as np
import pytest

from planner.core.terrain.cells import count_cells, entries_of_width
from planner.core.terrain.storage import area_at, bins_of, knots_of_bins, merge_bins, storage_at

WIDTH = 2.0**-10


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_any_bands_are_exact_at_the_stages(kind: type) -> None:
    rng = np.random.default_rng(13)
    for _ in range(120):
        stages = np.unique(np.round(rng.uniform(-3, 60, rng.integers(1, 5)), int(rng.integers(1, 6))))
        near = rng.choice(stages, (12, 7)) + rng.normal(0, 1, (12, 7)) * 10.0 ** rng.uniform(-6, -1, (12, 7))
        z = np.where(rng.random((12, 7)) < 0.2, rng.choice(stages, (12, 7)), near).astype(kind)
        ends = np.unique(np.concatenate(([0, 12], rng.integers(1, 12, rng.integers(0, 6)))))
        parts = []
        for first, last in pairwise(ends):
            band = z[first:last]
            entries = entries_of_width(WIDTH, float(band.min()), float(band.max()), stages, band.dtype)
            parts.append(bins_of(entries.lower(), *count_cells(band, entries, datum=0.0)))
        knots = knots_of_bins(merge_bins(parts), 0.0, 1.0)
        exact = z.astype(np.float64)
        assert area_at(knots, stages) == pytest.approx([(exact < s).sum() for s in stages])
        assert storage_at(knots, stages) == pytest.approx([np.maximum(s - exact, 0).sum() for s in stages], abs=1e-6)
