"""Rings that cross, touch, run along themselves or twice around: mended to what they wind around, checked cell by cell."""

from typing import Any

import numpy as np
import pytest
import shapely

from planner.read.rings import enclosed, mended, windings


def wound(rings: list[Any], cells: int = 40) -> float:
    """Area, by the centres of unit cells, around which some ring of whole numbers winds."""
    at = np.arange(cells) + 0.5
    points = np.column_stack([a.ravel() for a in np.meshgrid(at, at)])
    return float(np.any([windings(points, np.vstack((r, r[:1]))) != 0 for r in rings], axis=0).sum())


@pytest.mark.parametrize(
    ("ring", "area"),
    [
        ([(0, 0), (10, 0), (10, 10), (0, 10)], 100.0),
        ([(0, 0), (10, 10), (10, 0), (0, 10)], 50.0),  # bow-tie
        ([(0, 0), (10, 0), (10, 10), (0, 10)] * 2, 100.0),  # twice around
        ([(0, 0), (10, 0), (10, 10), (20, 20), (10, 10), (0, 10)], 100.0),  # a spike out
        ([(0, 0), (10, 0), (10, 10), (5, 5), (10, 10), (0, 10)], 100.0),  # a spike in
        ([(0, 0), (10, 0), (0, 0), (10, 0), (10, 10), (0, 10)], 100.0),  # one edge three times
        ([(0, 0), (10, 0), (5, 0)], 0.0),  # there and back
        (
            [(0, 0), (30, 0), (30, 30), (0, 30), (0, 0), (10, 10), (20, 10), (20, 20), (10, 20), (10, 10)],
            900.0,
        ),  # loops in loop
    ],
)
@pytest.mark.parametrize("offset", [(0.0, 0.0), (39_500_000.0, 3_760_000.0)])
def test_a_ring_encloses_what_it_winds_around(
    ring: list[tuple[float, float]], area: float, offset: tuple[float, float]
) -> None:
    (found,) = mended(np.array([shapely.Polygon(np.array(ring) + offset)], dtype=object))
    assert found.is_valid
    assert found.area == pytest.approx(area, abs=1e-6)


def test_any_ring_agrees_with_counting_cells() -> None:
    """Rings along lattice directions, so that unit cells lie wholly inside or outside; many run along themselves."""
    rng = np.random.default_rng(17)
    for _ in range(150):
        steps = rng.integers(0, 40, (rng.integers(3, 9), 2))
        ring = np.repeat(steps, 2, axis=0)
        ring[1::2, 0] = np.roll(steps[:, 0], -1)  # first along x, then along y
        back = ring[: rng.integers(0, len(ring))]
        walked = np.vstack((ring, back, back[::-1])).astype(float)
        if len(np.unique(walked, axis=0)) < 3:
            continue
        (found,) = enclosed(np.array([shapely.LinearRing(walked)], dtype=object))
        assert found.is_valid
        assert found.area == pytest.approx(wound([walked]), abs=1e-9)


def test_holes_are_taken_out_however_they_lie() -> None:
    shell = [(0, 0), (30, 0), (30, 30), (0, 30)]
    holes = [
        [(5, 5), (15, 5), (15, 15), (5, 15)],
        [(10, 10), (20, 10), (20, 20), (10, 20)],
        [(25, 25), (40, 25), (40, 40), (25, 40)],
    ]
    (found,) = mended(np.array([shapely.Polygon(shell, holes)], dtype=object))
    assert found.area == pytest.approx(900 - 175 - 25)
    parts = shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(5, 0, 15, 10)])
    (found,) = mended(np.array([parts], dtype=object))
    assert found.area == pytest.approx(150)
