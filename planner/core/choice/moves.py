"""What the move of one unit changes: its borders, and whether the order of water lets it be."""

import numpy as np
from numba import njit

from planner.core.choice.arrays import Bools, Floats, Ints, Near, Waters


@njit(cache=True, inline="always")
def border_change(i: int, new: int, old: int, kind: Ints, chosen: Ints, near: Near, pair: Floats) -> float:
    """By how much the border cost falls when unit i goes from kind old to new."""
    change = 0.0
    for j in range(near.start[i], near.start[i + 1]):
        other = kind[chosen[near.other[j]]]
        change += near.cost[j] * (pair[near.layer[j], old, other] - pair[near.layer[j], new, other])
    return change


@njit(cache=True, inline="always")
def fits(k: int, i: int, chosen: Ints, water: Waters, wet_children: Ints) -> bool:
    """Whether unit i may go to option k as far as water levels go."""
    if water.inside[k]:
        return bool(water.parent[i] < 0 or water.inside[chosen[water.parent[i]]])
    return bool(not water.inside[chosen[i]] or wet_children[i] == 0)


@njit(cache=True)
def count_wet_children(chosen: Ints, inside: Bools, parent: Ints) -> Ints:
    """How many children of each unit are inside, shape (N,)."""
    wet = np.zeros(parent.size, np.int64)
    for i in range(parent.size):
        if parent[i] >= 0 and inside[chosen[i]]:
            wet[parent[i]] += 1
    return wet


@njit(cache=True)
def needed(wet: Bools, parent: Ints, order: Ints) -> Ints:
    """How many others must move for a unit to go under (the dry ones below it), or come out (the wet ones above it), (N,).

    wet (N,); order (N,): units, parents first.
    """
    count = np.zeros(parent.size, np.int64)
    for i in order:
        if parent[i] >= 0 and not wet[i] and not wet[parent[i]]:
            count[i] = count[parent[i]] + 1
    for i in order[::-1]:
        if parent[i] >= 0 and wet[i] and wet[parent[i]]:
            count[parent[i]] += count[i] + 1
    return count
