"""The merge tree, floods and spills: small worlds by hand, identities, and slow reference code on random terrains."""

import heapq
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planner.core.terrain.compiled import ascending
from planner.core.terrain.flood import flood, next_deeper, rise
from planner.core.terrain.merge_tree import MergeTree, merge_tree, significant
from planner.core.terrain.spill import spill

STEPS = {4: [(0, 1), (0, -1), (1, 0), (-1, 0)]}
STEPS[8] = [*STEPS[4], (1, 1), (1, -1), (-1, 1), (-1, -1)]


def filled_slowly(z: np.ndarray, neighbours: int) -> np.ndarray:
    """Priority flood from the edge inward, after Barnes et al. 2014, in plain Python."""
    rows, cols = z.shape
    out = np.full(z.shape, np.nan)
    seen = ~np.isfinite(z)
    heap: list[tuple[float, int, int]] = []
    for r in range(rows):
        for c in range(cols):
            near = [(r + a, c + b) for a, b in STEPS[neighbours]]
            edge = any(not (0 <= p < rows and 0 <= q < cols) or not np.isfinite(z[p, q]) for p, q in near)
            if np.isfinite(z[r, c]) and edge:
                heapq.heappush(heap, (z[r, c], r, c))
                seen[r, c] = True
    while heap:
        level, r, c = heapq.heappop(heap)
        out[r, c] = level
        for a, b in STEPS[neighbours]:
            p, q = r + a, c + b
            if 0 <= p < rows and 0 <= q < cols and not seen[p, q]:
                seen[p, q] = True
                heapq.heappush(heap, (max(z[p, q], level), p, q))
    return out


# Two hollows of one cell each (1 and 2) behind a sill at 4, in a bowl whose lowest rim is 6; a third (3) with its own rim at 5.
BOWL = np.array(
    [
        [9, 9, 9, 9, 9, 9, 9, 9],
        [9, 1, 4, 2, 9, 3, 5, 0],
        [9, 7, 9, 6, 9, 9, 9, 9],
        [9, 9, 9, 0, 9, 9, 9, 9],
    ],
    dtype=float,
)


def test_a_bowl_with_two_hollows_by_hand() -> None:
    tree = merge_tree(BOWL, neighbours=4)
    told = {
        (tree.pit_level[k], tree.spill_level[k], int(tree.cells[k]), tree.volume[k], int(tree.parent[k]))
        for k in range(len(tree))
    }
    outer = int(np.flatnonzero(tree.volume == 5 + 2 + 4)[0]) + 1
    assert told == {
        (1.0, 4.0, 1, 3.0, outer),
        (2.0, 4.0, 1, 2.0, outer),
        (1.0, 6.0, 3, 11.0, 0),  # both and the sill: 6−1 + 6−4 + 6−2
        (3.0, 5.0, 1, 2.0, 0),
    }
    assert tree.label[1].tolist()[1:4] == [2, outer, 1] or len({*tree.label[1].tolist()[1:4]}) == 3
    assert tree.label[0].tolist() == [0] * 8
    np.testing.assert_array_equal(tree.filled(BOWL), filled_slowly(BOWL, 4))


def test_diagonals_let_water_out() -> None:
    z = np.array([[0.0, 5, 5], [5, 1, 5], [5, 5, 5]])
    assert merge_tree(z, neighbours=4).volume.tolist() == [4.0]
    assert len(merge_tree(z, neighbours=8)) == 0


def test_the_edge_and_missing_cells_take_water() -> None:
    z = np.array([[5.0, 5, 5, 5], [5, 1, 2, 1], [5, 5, 5, 5]])
    assert merge_tree(z).volume.tolist() == [1.0]  # over the 2 to the edge on the right
    z[1, 3] = np.nan
    assert len(merge_tree(z)) == 0 or merge_tree(z).volume.tolist() == [1.0]
    assert merge_tree(z, neighbours=4).spill_level.tolist() == [2.0]
    hole = np.full((5, 5), 5.0)
    hole[2, 2] = np.nan
    hole[1, 1] = 1.0
    assert len(merge_tree(hole)) == 0


def test_level_floors_flat_ground_and_nothing() -> None:
    assert len(merge_tree(np.full((4, 4), 3.0))) == 0
    assert len(merge_tree(np.full((3, 3), np.nan))) == 0
    assert len(merge_tree(np.zeros((1, 5)))) == 0
    floor = np.pad(np.zeros((2, 3)), 1, constant_values=2.0)
    tree = merge_tree(floor)
    assert (tree.cells.tolist(), tree.volume.tolist()) == ([6], [12.0])
    with pytest.raises(ValueError, match="4 or 8"):
        merge_tree(floor, neighbours=6)
    with pytest.raises(ValueError, match="shape"):
        merge_tree(np.zeros(3))


terrains = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, 2.0, 2.5, 3.0, 4.0, 7.0, np.nan, np.inf]))
)


@settings(max_examples=150, deadline=None)
@given(terrains, st.sampled_from([4, 8]))
def test_any_terrain_fills_as_a_flood_from_the_edge(z: np.ndarray, neighbours: int) -> None:
    tree = merge_tree(z, neighbours=neighbours)
    ground = np.where(np.isfinite(z), z, np.nan)
    full = filled_slowly(ground, neighbours)
    np.testing.assert_array_equal(np.where(np.isfinite(z), tree.filled(z), np.nan), full)
    held = np.nansum(full - ground)
    assert tree.volume[tree.top].sum() == pytest.approx(held, abs=1e-9)
    assert np.all(tree.depth > 0)
    assert np.all(tree.cells >= 1)
    inner = np.flatnonzero(~tree.top)
    assert np.all(tree.parent[inner] > inner + 1)  # children come first
    assert np.all(tree.spill_level[tree.parent[inner] - 1] > tree.spill_level[inner])
    for k in range(len(tree)):  # volume and cells of every hollow, nested or not
        body = _body(ground, int(tree.pit[k]), tree.spill_level[k], neighbours)
        assert tree.cells[k] == len(body)
        assert tree.volume[k] == pytest.approx(sum(tree.spill_level[k] - v for v in body), abs=1e-9)


def _body(z: np.ndarray, start: int, level: float, neighbours: int) -> list[float]:
    """Elevations of the cells below a level that are connected to a start."""
    rows, cols = z.shape
    seen, queue = {divmod(start, cols)}, [divmod(start, cols)]
    while queue:
        r, c = queue.pop()
        for a, b in STEPS[neighbours]:
            at = (r + a, c + b)
            if 0 <= at[0] < rows and 0 <= at[1] < cols and at not in seen and z[at] < level:
                seen.add(at)
                queue.append(at)
    return [float(z[at]) for at in seen]


def noisy(size: int = 120) -> np.ndarray:
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:size, :size] / size
    z = 30 - 4 * np.exp(-((x - 0.3) ** 2 + (y - 0.4) ** 2) / 0.02) - 3 * np.exp(-((x - 0.7) ** 2 + (y - 0.6) ** 2) / 0.02)
    return z + rng.normal(0, 0.02, z.shape)


def test_noise_is_pruned_to_the_two_hollows_that_matter() -> None:
    tree = merge_tree(noisy())
    assert len(tree) > 500
    basins = significant(tree, min_volume=50.0, min_depth=0.5)
    assert len(basins.pit) == 2
    assert basins.volume[0] > basins.volume[1]
    assert basins.pit_level == pytest.approx([26.0, 27.0], abs=0.15)
    middle = basins.of_node[tree.label[48, 36]], basins.of_node[tree.label[72, 84]]
    assert middle == (0, 1)
    none = significant(tree, min_volume=1e9)
    assert len(none.pit) == 0
    assert set(none.of_node.tolist()) == {-1}
    everything = significant(tree)
    leaves = set(range(1, len(tree) + 1)) - set(tree.parent.tolist())
    assert len(everything.pit) == len(leaves)


def test_single_precision_and_almost_equal_levels() -> None:
    z = noisy()
    single = z.astype(np.float32)
    assert merge_tree(single).volume[merge_tree(single).top].sum() == pytest.approx(
        np.sum(filled_slowly(single.astype(float), 8) - single), rel=1e-9
    )
    close = 30.0 + np.random.default_rng(1).integers(0, 50, 5000) * 1e-12  # one value in single precision
    order = ascending(close)
    assert np.all(np.diff(close[order]) >= 0)
    ties = np.diff(close[order]) == 0
    assert np.all(np.diff(order)[ties] > 0)
    signed = np.array([0.0, -1.5, np.nan, 2.0, -0.0, -np.inf, -3.0, np.inf, 1e-300])
    assert ascending(signed).tolist() == [6, 1, 0, 4, 8, 3]


def test_a_tree_is_saved_and_read_again() -> None:
    tree = merge_tree(noisy(40), neighbours=4)
    file = io.BytesIO()
    tree.save(file)
    file.seek(0)
    again = MergeTree.load(file)
    assert again.neighbours == 4
    for name in ("pit", "spill", "pit_level", "spill_level", "cells", "volume", "parent", "label"):
        np.testing.assert_array_equal(getattr(again, name), getattr(tree, name))


class TestFlood:
    """Water rising from given cells."""

    def test_by_hand(self) -> None:
        found = flood(BOWL, np.array([9]), 4)  # from the pit at level 1
        assert found.level[9:12].tolist() == [1.0, 4.0, 4.0]  # over the sill into the second hollow
        assert found.level[19] == 6.0
        assert found.level[27] == 6.0
        assert found.came_from[11] == 10
        assert found.came_from[9] == 9

    @settings(max_examples=60, deadline=None)
    @given(terrains)
    def test_the_level_is_the_least_highest_ground(self, z: np.ndarray) -> None:
        ground = np.where(np.isfinite(z), z, np.nan)
        if not np.isfinite(ground).any():
            return
        start = int(np.nanargmin(ground))
        found = flood(ground, np.array([start]), 8)
        for level in (1.5, 2.6, 5.0):
            reached = _body(ground, start, level, 8) if ground.ravel()[start] < level else []
            assert int(np.sum(found.level < level)) == len(reached)
        place = np.empty(z.size, dtype=int)
        place[found.order] = np.arange(len(found.order))
        moved = found.order[found.came_from[found.order] != found.order]
        assert np.all(place[found.came_from[moved]] < place[moved])

    def test_the_next_deeper_piece_has_no_cycle(self) -> None:
        z = noisy(60)
        rng = np.random.default_rng(7)
        seeds = rng.uniform(0, 60, (80, 2))
        y, x = np.mgrid[:60, :60]
        owner = np.argmin((x[..., None] - seeds[:, 0]) ** 2 + (y[..., None] - seeds[:, 1]) ** 2, axis=2).astype(np.int32)
        basins = significant(merge_tree(z, neighbours=4), min_volume=10.0, min_depth=0.5)
        rising, told = rise(z, basins.pit, 4), flood(z, basins.pit, 4)
        deeper, first, level = next_deeper(owner.ravel(), rising, z, 81)
        assert first[80] == -1
        np.testing.assert_array_equal(level, np.append(told.level[first[:80]], np.nan))
        roots = np.flatnonzero((deeper < 0) & (first >= 0))
        assert {owner.ravel()[p] for p in basins.pit} == set(roots.tolist())
        for piece in range(80):
            seen = set()
            while piece >= 0:
                assert piece not in seen
                seen.add(piece)
                piece = int(deeper[piece])
        owner[owner == owner.ravel()[basins.pit[0]]] = -1  # ground at the bottom that belongs to nobody: the way ends there
        deeper, first, _ = next_deeper(owner.ravel(), rising, z, 81)
        assert np.sum((deeper < 0) & (first >= 0)) > len(roots)


class TestSpill:
    """Where water leaves."""

    def test_over_a_rim_inside_the_data(self) -> None:
        found = spill(BOWL, 9, 4)
        assert (found.level, found.cell, found.edge_level) == (6.0, 19, 6.0)
        assert spill(BOWL, 13, 4).level == 5.0

    def test_ground_that_rises_to_the_edge_has_no_rim(self) -> None:
        y, x = np.mgrid[-5:6, -5:6]
        cone = np.hypot(x, y) + 0.01 * x
        found = spill(cone, 60, 8)
        assert np.isnan(found.level)
        assert found.cell == -1
        assert found.edge_level == pytest.approx(cone[5, 0])

    def test_a_crater_in_a_level_plain_spills_at_the_plain(self) -> None:
        y, x = np.mgrid[-8:9, -8:9]
        assert spill(np.minimum(np.hypot(x, y), 5.0), 144, 8).level == 5.0

    def test_no_ground(self) -> None:
        assert np.isnan(spill(np.array([[np.nan, 1.0]]), 0, 8).edge_level)

    @settings(max_examples=60, deadline=None)
    @given(terrains)
    def test_the_edge_is_reached_at_the_filled_level(self, z: np.ndarray) -> None:
        ground = np.where(np.isfinite(z), z, np.nan)
        full = filled_slowly(ground, 8)
        for start in np.flatnonzero(np.isfinite(ground.ravel())):
            found = spill(ground, int(start), 8)
            assert found.edge_level == full.ravel()[start]
            assert np.isnan(found.level) or found.level == found.edge_level


def test_what_meets_at_one_level_ends_in_one_hollow() -> None:
    tree = merge_tree(np.array([[9.0] * 7, [9, 1, 5, 1, 5, 1, 9], [9.0] * 7]))
    assert (tree.spill_level.tolist(), tree.parent.tolist()) == ([5.0, 5.0, 5.0, 9.0], [4, 4, 4, 0])


@settings(max_examples=100, deadline=None)
@given(terrains, st.sampled_from([4, 8]))
def test_the_tree_does_not_depend_on_how_the_grid_lies(z: np.ndarray, neighbours: int) -> None:
    def told(ground: np.ndarray) -> list[tuple[float, ...]]:
        t = merge_tree(ground, neighbours=neighbours)
        within = np.concatenate(([0.0], t.volume))[t.parent]
        return sorted(zip(t.pit_level, t.spill_level, t.cells, t.volume.round(9), within.round(9), strict=True))

    assert told(z) == told(z[::-1]) == told(z[:, ::-1]) == told(z.T)
