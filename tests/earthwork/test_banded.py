"""The surface in bands is that of the whole, to the last digit, wherever tiles end and however high the ground beside is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planner as pl
from planner.core.terrain.sloping import sloped
from planner.earthwork.banded import Banded, Seen, in_tiles, reaches, seen_of, spans
from planner.earthwork.closing import closed
from planner.earthwork.finished import finished
from planner.earthwork.works import Slopes
from planner.frame import Frame
from planner.site import Grid


@dataclass(frozen=True)
class Held:
    """A grid that gives its rows."""

    grid: Grid

    @property
    def frame(self) -> Frame:
        return self.grid.frame

    def rows(self, start: int, stop: int) -> np.ndarray:
        return self.grid.values[start:stop].copy()


def tiled(
    blocks: np.ndarray, fixed: np.ndarray, cell: tuple[float, float], slopes: Slopes, tile: int
) -> tuple[np.ndarray, int]:
    """The surface tile by tile, and the widest margin, cells."""
    bands = [seen_of(blocks[a:b], fixed[a:b], slopes, tile) for a, b in spans(len(blocks), tile)]
    seen = Seen(*(np.vstack(part) for part in zip(*bands, strict=True)))
    reach = np.ceil(reaches(seen, tile, cell) / min(cell)).astype(np.int64) + 2
    margin = np.where(np.isfinite(seen.worked_low), reach, -1)
    ground = [
        in_tiles(blocks, fixed, slice(a, b), margin[k], (tile, *cell), slopes)
        for k, (a, b) in enumerate(spans(len(blocks), tile))
    ]
    return np.vstack(ground), int(margin.max())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 17), st.floats(0.05, 8.0), st.sampled_from([(2.0, 2.0), (2.0, 3.0), (0.7, 0.5)]))
def test_tiles_give_the_surface_of_the_whole(seed: int, tile: int, height: float, cell: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    rows, cols, piece = (int(n) for n in rng.integers((20, 20, 3), (60, 60, 12)))
    patches = rng.normal(30.0, height, (rows // piece + 1, cols // piece + 1))
    blocks = np.repeat(np.repeat(patches, piece, axis=0), piece, axis=1)[:rows, :cols].copy()
    kept = rng.random(patches.shape) < rng.random()
    fixed = np.repeat(np.repeat(kept, piece, axis=0), piece, axis=1)[:rows, :cols].copy()
    blocks[fixed] += rng.normal(0.0, 0.3, int(fixed.sum()))
    unknown = rng.random(blocks.shape) < 0.01
    blocks[unknown], fixed[unknown] = np.nan, True
    slopes = Slopes(30.0, 3.0, 2.0)
    whole = sloped(blocks, fixed, cell, **slopes._asdict())
    np.testing.assert_array_equal(tiled(blocks, fixed, cell, slopes, tile)[0], whole)


def test_a_cliff_far_off_is_asked_and_a_plain_is_not() -> None:
    """A mesa of 60 m eleven tiles away reaches 120 m; where ground is level one tile asks for no more than its spare cells."""
    slopes, fixed = Slopes(0.0, 3.0, 2.0), np.zeros((10, 200), dtype=bool)
    flat = np.full((10, 200), 10.0)
    assert tiled(flat, fixed, (1.0, 1.0), slopes, 10)[1] == 2
    mesa = flat.copy()
    mesa[:, 100:] = 70.0
    made, widest = tiled(mesa, fixed, (1.0, 1.0), slopes, 10)
    assert widest > 100
    np.testing.assert_array_equal(made, sloped(mesa, fixed, (1.0, 1.0), **slopes._asdict()))
    assert 10.0 < made[5, 60] < made[5, 99]  # the slope of 1:2 begins 60 m before the step


@pytest.mark.parametrize("tile", [7, 32])
def test_a_plan_on_finer_ground_in_bands_is_that_on_the_whole(small_world: Path, tile: int) -> None:
    plan = pl.make_plan(small_world)
    scenario, terrain = plan.site.scenario, plan.site.terrain
    fine = np.repeat(np.repeat(terrain.values, 2, axis=0), 2, axis=1)
    fine = fine + np.random.default_rng(1).normal(0.0, 0.05, fine.shape)
    fine[100:110, 90:95] = np.nan
    grid = Grid(fine, terrain.west, terrain.north, terrain.cell_x / 2, terrain.cell_y / 2)
    whole = finished(plan.units, grid, scenario)
    given, seen = np.full(grid.shape, 0.0), np.full(grid.shape, 0.0)
    banded = Banded.of(
        plan.units,
        Held(grid),
        scenario,
        to=lambda row, band: given.__setitem__(slice(row, row + len(band)), band),
        look=lambda row, band: seen.__setitem__(slice(row, row + len(band)), band),
        tile=tile,
    )
    np.testing.assert_array_equal(seen, fine)
    bed = whole.lakes["bed_m"].to_numpy()
    measured = banded.measured(bed, whole.land_m)
    np.testing.assert_array_equal(given, whole.ground.values)
    assert measured.held == pytest.approx(whole.lakes["design_m3"].to_numpy(), rel=1e-12)
    compaction = scenario.number("earthwork.compaction")
    assert compaction * measured.cut - measured.fill == pytest.approx(whole.left_m3, abs=1e-6 * measured.fill)
    # closed on its own, from nothing, it is the same ground
    made = closed(banded, compaction, whole.plan_left_m3, (np.zeros_like(bed), 0.0, None))
    assert made.bed == pytest.approx(bed, abs=1e-5) and made.land == pytest.approx(whole.land_m, abs=1e-5)
    assert np.nanmax(np.abs(given - whole.ground.values)) < 2e-5
