"""The tree of a flow against one built anew: preorder, sizes and last descendants after any subtree is hung elsewhere."""

import numpy as np
import pytest
from scipy.optimize import linprog

from planner.core.corner import corner_flow
from planner.core.flow_tree import Tree, leaving, push, rehang, settle, tree_of
from planner.core.transport import INSIDE, Places, cheapest_flow


def tree_of_ways(ns: int, nd: int, ways: list[tuple[int, int, int]], cost: list[float]) -> Tree:
    start, by = np.array(ways, dtype=np.int64).reshape(-1, 3), [list[int]() for _ in range(ns + nd)]
    for way, (i, j, _) in enumerate(ways):
        by[i].append(way)
        by[ns + j].append(way)
    ends = np.cumsum([0, *map(len, by)])
    return tree_of(ns, ends, np.concatenate(by).astype(np.int64), start, np.array(cost), 1e3)


def grown(parent: np.ndarray, v: int) -> set[int]:
    """v and all below it, by the parents alone."""
    found = {v}
    while more := {w for w in range(len(parent)) if parent[w] in found} - found:
        found |= more
    return found


def check(tree: Tree) -> None:
    root, order = len(tree.parent) - 1, [len(tree.parent) - 1]
    while (v := int(tree.after[order[-1]])) != root:
        assert tree.before[v] == order[-1]
        order.append(v)
    assert sorted(order) == list(range(root + 1)) and tree.before[root] == order[-1]
    for at, v in enumerate(order):
        below = grown(tree.parent, v)
        assert set(order[at : at + len(below)]) == below and tree.size[v] == len(below)
        assert tree.end[v] == order[at + len(below) - 1]


def test_three_ways_by_hand() -> None:
    """Sources 0, 1, sinks 2, 3, 4; 0 → 2 and 0 → 3 hang together, 1 → 4 apart; both under the root, 5."""
    tree = tree_of_ways(2, 3, [(0, 0, 4), (0, 1, 1), (1, 2, 2)], [3.0, 5.0, 7.0])
    assert tree.parent.tolist() == [5, 5, 0, 0, 1, -1]
    assert tree.size.tolist() == [3, 2, 1, 1, 1, 6]
    assert tree.potential.tolist() == [-1000.0, -1000.0, -997.0, -995.0, -993.0, 0.0]
    check(tree)


def test_the_arc_that_empties_first_leaves_and_what_hung_on_it_is_turned() -> None:
    """0 → 4 is to carry: its cycle runs over the root, and the arc of 0 that carries nothing gives way before 1 → 4 (2 m³)."""
    tree = tree_of_ways(2, 3, [(0, 0, 4), (0, 1, 1), (1, 2, 2)], [3.0, 5.0, 7.0])
    node, amount, on_source_side, apex = leaving(tree, 0, 4)
    assert (amount, apex) == (0, 5) and (node, on_source_side) == (0, True)
    push(tree, 0, 4, apex, amount)
    rehang(tree, 0, node, 4, apex)
    tree.up[0], tree.flow[0], tree.cost[0] = True, amount, 2.0
    settle(tree)
    assert tree.parent.tolist() == [4, 5, 0, 0, 1, -1] and tree.size.tolist() == [3, 5, 1, 1, 4, 6]
    assert tree.potential[0] == tree.potential[4] - 2.0
    check(tree)


@pytest.mark.parametrize("seed", range(20))
def test_hung_anywhere_it_is_the_tree_its_parents_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ns, nd = int(rng.integers(1, 12)), int(rng.integers(1, 12))
    have = rng.integers(1, 9, ns)
    want = rng.multinomial(int(have.sum()), np.ones(nd) / nd)
    want = want[want > 0]
    whole = np.array([[0, 0, have.sum()]], dtype=np.int64)
    start = corner_flow(whole, have, np.array([0, ns]), want, np.array([0, len(want)]))
    tree = tree_of_ways(ns, len(want), [tuple(w) for w in start.tolist()], rng.uniform(0, 9, len(start)).tolist())
    check(tree)
    n = ns + len(want)
    for _ in range(40):
        last = int(rng.integers(n))
        below = grown(tree.parent, last)
        outside = [v for v in range(n + 1) if v not in below]
        top, under = int(rng.choice(sorted(below))), int(rng.choice(outside))
        above, apex = {under}, under
        while tree.parent[apex] >= 0:
            apex = int(tree.parent[apex])
            above.add(apex)
        apex = int(tree.parent[last])
        while apex not in above:
            apex = int(tree.parent[apex])
        rehang(tree, top, last, under, apex)
        assert tree.parent[top] == under
        check(tree)


@pytest.mark.parametrize("seed", range(6))
def test_dozens_of_places_cost_what_a_linear_program_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ns, nd = 45, 60
    have = rng.integers(1, 900, ns)
    want = rng.multinomial(int(have.sum()) - nd, np.ones(nd) / nd) + 1
    a, b = (Places(rng.uniform(0, 100, (k, 2)), np.zeros(k), np.full(k, INSIDE)) for k in (ns, nd))
    start = corner_flow(np.array([[0, 0, have.sum()]]), have, np.array([0, ns]), want, np.array([0, nd]))
    ways, potential, unproven = cheapest_flow(a, b, start, 1.0, 0.0)
    cost = np.hypot(*(a.xy[:, None] - b.xy[None]).transpose(2, 0, 1))
    rows = np.vstack([np.kron(np.eye(ns), np.ones(nd)), np.kron(np.ones(ns), np.eye(nd))])
    best = linprog(cost.ravel(), A_eq=rows, b_eq=np.r_[have, want]).fun
    assert (ways[:, 2] * cost[ways[:, 0], ways[:, 1]]).sum() == pytest.approx(best, rel=1e-9)
    assert unproven <= 1e-6 * best and (cost + potential[:ns, None] - potential[None, ns:] >= -1e-9).all()
