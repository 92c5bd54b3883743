"""Borders laid in smooth lines: nobody wins or loses ground, and nothing overlaps."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.polygons.smooth import smoothed

SIDE = 60.0
EAST, NORTH = 39_500_000.0, 3_760_000.0  # eight digits, as Gauss-Krüger zones have


def lattice(kind: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Square units of SIDE, row by row from the south, and their kinds."""
    rows, cols = kind.shape
    boxes = [
        shapely.box(EAST + c * SIDE, NORTH + r * SIDE, EAST + (c + 1) * SIDE, NORTH + (r + 1) * SIDE)
        for r in range(rows)
        for c in range(cols)
    ]
    return np.array(boxes, dtype=object), kind.ravel()


def length_between(polygons: np.ndarray, kind: np.ndarray) -> float:
    """Length of all borders between unlike kinds, m."""
    whole = [shapely.coverage_union_all(polygons[kind == k]) for k in np.unique(kind)]
    outer = shapely.length(shapely.boundary(shapely.coverage_union_all(polygons)))
    return (sum(shapely.length(shapely.boundary(w)) for w in whole) - outer) / 2


def stairs(n: int) -> np.ndarray:
    return np.array([[0 if c > r else 1 for c in range(n)] for r in range(n)])


def test_stairs_become_a_line_and_both_sides_keep_their_ground() -> None:
    polygons, kind = lattice(stairs(10))
    held = np.zeros(len(kind), dtype=np.int64)
    made = smoothed(polygons, kind, held, 60.0)
    assert shapely.is_valid(made).all() and shapely.coverage_is_valid(made)
    for k in (0, 1):
        assert shapely.area(made[kind == k]).sum() == pytest.approx(shapely.area(polygons[kind == k]).sum(), abs=1e-4)
    # stairs up a slope of 45 degrees are longer than the slope by the root of two
    before, after = length_between(polygons, kind), length_between(made, kind)
    assert after < before / 1.3
    assert after > before / np.sqrt(2) * 0.99


def test_the_outer_border_stays_and_so_does_what_is_held() -> None:
    polygons, kind = lattice(stairs(6))
    held = np.array([[c // 3 for c in range(6)] for _ in range(6)]).ravel()  # two parcels side by side
    made = smoothed(polygons, kind, held, 60.0)
    assert shapely.equals_exact(shapely.union_all(made), shapely.union_all(polygons), tolerance=1e-6, normalize=True)
    for parcel in (0, 1):
        mine = held == parcel
        assert shapely.equals(shapely.union_all(made[mine]), shapely.union_all(polygons[mine]))
        for k in (0, 1):
            both = mine & (kind == k)
            assert shapely.area(made[both]).sum() == pytest.approx(shapely.area(polygons[both]).sum(), abs=1e-4)


def test_an_island_becomes_round() -> None:
    kind = np.zeros((7, 7), dtype=int)
    kind[2:5, 2:5] = 1
    polygons, flat = lattice(kind)
    made = smoothed(polygons, flat, np.zeros(flat.size, dtype=np.int64), 60.0)
    island = shapely.union_all(made[flat == 1])
    assert island.area == pytest.approx(9 * SIDE**2, abs=1e-4)
    roundness = 4 * np.pi * island.area / island.length**2
    assert np.pi / 4 + 0.1 < roundness <= 1.0  # a square has pi / 4


def test_nothing_to_smooth_is_left_alone() -> None:
    polygons, kind = lattice(np.zeros((3, 3), dtype=int))
    held = np.zeros(9, dtype=np.int64)
    assert smoothed(polygons, kind, held, 60.0) is polygons  # one kind
    polygons, kind = lattice(stairs(3))
    assert smoothed(polygons, kind, held, 0.0) is polygons
    assert (smoothed(polygons, kind, np.arange(9), 60.0) == polygons).all()  # every border is held


def test_a_ring_that_stands_back_in_places_keeps_its_ground_too() -> None:
    """A spit one unit wide: the far side of it is in the way, so the line goes less far there."""
    kind = np.zeros((9, 9), dtype=int)
    kind[2:7, 2:7] = 1
    kind[4, 3:6] = 0
    kind[3:6, 4] = 0
    polygons, flat = lattice(kind)
    made = smoothed(polygons, flat, np.zeros(flat.size, dtype=np.int64), 90.0)
    assert shapely.coverage_is_valid(made)
    assert shapely.area(made[flat == 1]).sum() == pytest.approx((25 - 5) * SIDE**2, abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.sampled_from([15.0, 40.0, 90.0, 300.0]))
def test_whatever_lies_beside_whatever_areas_are_kept_and_nothing_overlaps(seed: int, kinds: int, radius: float) -> None:
    rng = np.random.default_rng(seed)
    polygons, kind = lattice(rng.integers(0, kinds + 1, (6, 7)))
    held = rng.integers(0, 2, (6, 7)).ravel() if seed % 2 else np.zeros(42, dtype=np.int64)
    made = smoothed(polygons, kind, held, radius)
    assert shapely.is_valid(made).all() and shapely.coverage_is_valid(made)
    for k in np.unique(kind):
        for h in np.unique(held):
            both = (kind == k) & (held == h)
            assert shapely.area(made[both]).sum() == pytest.approx(shapely.area(polygons[both]).sum(), abs=1e-3)
