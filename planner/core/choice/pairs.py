"""Two moves at once: where no single move brings a choice inside limits that leave little room, or wins within, a pair does."""

import numpy as np
from numba import njit

from planner.core.choice.arrays import Floats, Ints, Near, Waters

ROUGH = 1e-12  # share of what is missed that a pair must take off to count as better


@njit(cache=True, inline="always")
def _touch(i: int, j: int, near: Near, water: Waters) -> bool:
    """Whether what a move of unit i loses, or whether it may be made, hangs on unit j."""
    if i == j or water.parent[i] == j or water.parent[j] == i:
        return True
    return bool((near.other[near.start[i] : near.start[i + 1]] == j).any())


@njit(cache=True, inline="always")
def _missed(activity: Floats, change: Floats, j: int, lo: Floats, hi: Floats, most: float) -> float:
    """By how much the limits are missed after change j, all rows together; where it is more than `most`, no less than that."""
    missed = 0.0
    for r in range(lo.size):
        now = activity[r] + change[j, r]
        missed += max(now - hi[r], lo[r] - now, 0.0)
        if missed > most:
            break
    return missed


@njit(cache=True)
def best_pair(
    unit: Ints, change: Floats, loss: Floats, limits: tuple[Floats, Floats], activity: Floats, near: Near, water: Waters
) -> tuple[int, int, float]:
    """The pair of moves after which the limits are missed least; of pairs that keep them, the one that loses least.

    unit (M,): whom each move moves. change (M, S): by how much it changes each row, rows in comparable units. loss (M,),
    ascending, at least 0. limits: lo and hi (S,). activity (S,): of the choice as it is. Returns the two moves (the second -1
    where one alone is as good; both -1 where nothing helps) and what is missed then. Every pair is looked at, but those that
    lose more than the best one that keeps the limits, and those that leave the row missed most, alone, further off.
    """
    m, s = change.shape
    worst = np.argsort(-np.maximum(activity - limits[1], limits[0] - activity))  # what is missed most tells soonest
    lo, hi, activity = limits[0][worst], limits[1][worst], activity[worst]
    by = np.zeros((m + 1, s))  # the last one changes nothing
    for i in range(m):
        for r in range(s):
            by[i, r] = change[i, worst[r]]
    order = np.argsort(by[:m, 0])
    along = by[order, 0]
    first, second, cheapest = -1, -1, np.inf
    least = _missed(activity, by, m, lo, hi, np.inf) * (1.0 - ROUGH)
    moved = np.empty(s)
    for i in range(m):
        if loss[i] >= cheapest:
            break
        for r in range(s):
            moved[r] = activity[r] + by[i, r]
        alone = _missed(moved, by, m, lo, hi, least)
        if alone < least or (alone == 0.0 and loss[i] < cheapest):
            first, second, least = i, -1, alone
            cheapest = loss[i] if alone == 0.0 else np.inf
        slack = least + ROUGH * (1.0 + abs(moved[0]))
        for place in range(np.searchsorted(along, lo[0] - moved[0] - slack), m):
            j = order[place]
            if along[place] > hi[0] - moved[0] + slack:
                break
            both = loss[i] + loss[j]
            sooner = first == i and second > j  # of equal ones the first
            if j >= i or both > cheapest or (both == cheapest and not sooner):
                continue
            missed = _missed(moved, by, j, lo, hi, least)
            better = missed < least or (missed == least and (sooner or missed == 0.0))
            if better and not _touch(unit[i], unit[j], near, water):
                first, second, least = i, j, missed
                cheapest = both if missed == 0.0 else np.inf
    return first, second, least


@njit(cache=True)
def winning_pair(
    unit: Ints, change: Floats, win: Floats, limits: tuple[Floats, Floats], activity: Floats, near: Near, water: Waters
) -> tuple[int, int, float]:
    """The pair of moves that wins most and leaves no limit missed that was kept, nor one that was missed more so.

    unit, change, limits, activity, near, water: as `best_pair`. win (M,): what each move wins. Returns the two moves (the
    second -1 where one alone wins as much; both -1 where nothing wins) and what they win. Every pair is looked at.
    """
    m, s = change.shape
    lo, hi = np.minimum(limits[0], activity), np.maximum(limits[1], activity)
    first, second, most = -1, -1, 0.0
    moved = np.empty(s)
    for i in range(m):
        if win[i] > most and _kept(activity, change, i, lo, hi):
            first, second, most = i, -1, win[i]
        for r in range(s):
            moved[r] = activity[r] + change[i, r]
        for j in range(i):
            if win[i] + win[j] > most and _kept(moved, change, j, lo, hi) and not _touch(unit[i], unit[j], near, water):
                first, second, most = i, j, win[i] + win[j]
    return first, second, most


@njit(cache=True, inline="always")
def _kept(activity: Floats, change: Floats, j: int, lo: Floats, hi: Floats) -> bool:
    """Whether the limits are kept after change j."""
    for r in range(lo.size):
        now = activity[r] + change[j, r]
        if now > hi[r] or now < lo[r]:
            return False
    return True
