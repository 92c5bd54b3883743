"""Moves of whole patches on a plan: units side by side of one kind that go over to a neighbour's kind together."""

import numpy as np
from numba import njit

from planner.core.choice.arrays import Bools, Floats, Ints, Near, Options, Waters


@njit(cache=True)
def patches_of(kind: Ints, chosen: Ints, near: Near) -> tuple[Ints, Ints, Ints]:
    """Units by patch: patch of each unit (N,), units patch by patch (N,), first of each patch (P + 1,)."""
    n = chosen.size
    patch = np.full(n, -1, np.int64)
    members = np.empty(n, np.int64)
    first = np.zeros(n + 1, np.int64)
    count, filled = 0, 0
    for seed in range(n):
        if patch[seed] >= 0:
            continue
        patch[seed] = count
        members[filled] = seed
        head, filled = filled, filled + 1
        while head < filled:
            i = members[head]
            head += 1
            for j in range(near.start[i], near.start[i + 1]):
                other = near.other[j]
                if patch[other] < 0 and kind[chosen[other]] == kind[chosen[i]]:
                    patch[other] = count
                    members[filled] = other
                    filled += 1
        count += 1
        first[count] = filled
    return patch, members, first[: count + 1]


@njit(cache=True, inline="always")
def _best_of_kind(i: int, wanted: int, units: Options, value: Floats) -> int:
    """The unit's option of a kind that is worth most at prices, or -1."""
    pick = -1
    for k in range(units.start[i], units.start[i + 1]):
        if units.kind[k] == wanted and units.allowed[k] and (pick < 0 or value[k] > value[pick]):
            pick = k
    return pick


@njit(cache=True)
def _water_fits(mine: Ints, picks: Ints, patch: Ints, chosen: Ints, water: Waters) -> bool:
    """Whether every unit that is inside after the move has its parent inside too."""
    number = patch[mine[0]]
    for m in range(mine.size):
        i = mine[m]
        parent = water.parent[i]
        if water.inside[picks[m]]:
            if parent >= 0 and patch[parent] != number and not water.inside[chosen[parent]]:
                return False
        elif water.inside[chosen[i]]:
            for j in range(water.child_start[i], water.child_start[i + 1]):
                child = water.children[j]
                if patch[child] != number and water.inside[chosen[child]]:
                    return False
    return True


@njit(cache=True)
def settle_patches(units: Options, value: Floats, water: Waters, near: Near, pair: Floats, chosen: Ints, largest: int) -> int:
    """Moves patches of at most `largest` units to a kind beside them while that raises Σ value − border cost.

    value (K,): worth of every option at prices. chosen (N,) changes in place. Returns the number of patches moved. A patch that
    touches one that has moved waits for the next call.
    """
    kind = units.kind
    patch, members, first = patches_of(kind, chosen, near)
    kinds = pair.shape[1]
    moved = np.zeros(first.size - 1, np.bool_)
    made = 0
    cost = np.empty(kinds)
    beside = np.empty(kinds, np.bool_)
    for p in range(first.size - 1):
        mine = members[first[p] : first[p + 1]]
        if mine.size > largest:
            continue
        old = kind[chosen[mine[0]]]
        cost[:] = 0.0
        beside[:] = False
        stale = False
        for i in mine:
            for j in range(near.start[i], near.start[i + 1]):
                other = near.other[j]
                if patch[other] == p:
                    continue
                stale = stale or moved[patch[other]]
                theirs = kind[chosen[other]]
                beside[theirs] = True
                for t in range(kinds):
                    cost[t] += near.cost[j] * pair[near.layer[j], t, theirs]
        if stale:
            continue
        best, picks = _best_kind(mine, old, cost, beside, units, value, chosen)
        if best > 0.0 and _water_fits(mine, picks, patch, chosen, water):
            for m in range(mine.size):
                chosen[mine[m]] = picks[m]
            moved[p] = True
            made += 1
    return made


@njit(cache=True)
def _best_kind(
    mine: Ints, old: int, cost: Floats, beside: Bools, units: Options, value: Floats, chosen: Ints
) -> tuple[float, Ints]:
    """What the best kind beside a patch would win at prices, 0 where none would, and the units' options of it."""
    best, best_picks = 0.0, np.empty(mine.size, np.int64)
    picks = np.empty(mine.size, np.int64)
    for t in range(cost.size):
        if t == old or not beside[t]:
            continue
        change, worth = cost[old] - cost[t], 0.0
        whole = True
        for m in range(mine.size):
            picks[m] = _best_of_kind(mine[m], t, units, value)
            if picks[m] < 0:
                whole = False
                break
            worth += abs(value[chosen[mine[m]]])
            change += value[picks[m]] - value[chosen[mine[m]]]
        if whole and change > best + 1e-9 * (1.0 + worth):
            best = change
            best_picks[:] = picks
    return best, best_picks
