"""The order in which rising water reaches cells, beside a heap as one writes it down."""

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planner.core.terrain.flood import flood

heights = st.one_of(st.sampled_from([0.0, -0.0, 1.0, 2.0, 2.5, np.nan, np.inf]), st.floats(0, 3))
grounds = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(lambda shape: arrays(np.float64, shape, elements=heights))


def by_a_heap(z: np.ndarray, sources: list[int], neighbours: int) -> tuple[list[int], np.ndarray, np.ndarray]:
    rows, cols = z.shape
    level, came_from, order = np.full(z.size, np.nan), np.full(z.size, -1), []
    steps = [(0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)][:neighbours]
    heap: list[tuple[float, int]] = []
    for s in sources:
        if np.isfinite(z.flat[s]) and came_from[s] < 0:
            level[s], came_from[s] = z.flat[s], s
            heapq.heappush(heap, (float(level[s]), s))
    while heap:
        _, cell = heapq.heappop(heap)
        order.append(cell)
        for down, right in steps:
            r, c = cell // cols + down, cell % cols + right
            if 0 <= r < rows and 0 <= c < cols and np.isfinite(z[r, c]) and came_from[r * cols + c] < 0:
                near = r * cols + c
                level[near], came_from[near] = max(level[cell], float(z[r, c])), cell
                heapq.heappush(heap, (float(level[near]), near))
    return order, level, came_from


@settings(max_examples=300, deadline=None)
@given(
    grounds, st.sampled_from([4, 8]), st.lists(st.integers(0, 10_000), max_size=4), st.sampled_from([np.float32, np.float64])
)
def test_cells_are_reached_as_by_a_heap(z: np.ndarray, neighbours: int, picks: list[int], kind: type) -> None:
    z = z.astype(kind)
    sources = [p % z.size for p in picks]
    found = flood(z, np.array(sources, dtype=np.int64), neighbours)
    order, level, came_from = by_a_heap(z, sources, neighbours)
    assert found.order.tolist() == order
    np.testing.assert_array_equal(found.level, level)
    np.testing.assert_array_equal(found.came_from, came_from)


@pytest.mark.parametrize("whole", [True, False])
def test_many_cells_are_reached_as_by_a_heap(whole: bool) -> None:
    rng = np.random.default_rng(1)
    z = rng.normal(size=(150, 170)).cumsum(0).cumsum(1)
    z = np.round(z / 40) if whole else z  # many of one height, or none
    sources = rng.integers(0, z.size, 9)
    found, (order, level, _) = flood(z, sources, 4), by_a_heap(z, sources.tolist(), 4)
    assert found.order.tolist() == order
    np.testing.assert_array_equal(found.level, level)
