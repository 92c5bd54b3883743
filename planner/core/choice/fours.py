"""Up to four moves at once: pairs of moves are matched with pairs of moves, so that what one leaves of a limit the other uses.

Source: meeting in the middle, Horowitz & Sahni 1974.
"""

import numpy as np
from numba import njit

from planner.core.choice.arrays import Floats, Ints


@njit(cache=True, inline="always")
def _apart(a: int, b: int, unit: Ints, parent: Ints) -> bool:
    """Whether two moves (the last one moves nobody) are of units that do not hang on each other."""
    if a >= unit.size or b >= unit.size:
        return True
    i, j = unit[a], unit[b]
    return bool(i != j and parent[i] != j and parent[j] != i)


@njit(cache=True, inline="always")
def _all_apart(a: int, b: int, c: int, d: int, unit: Ints, parent: Ints) -> bool:
    """Whether no move of one pair hangs on one of another."""
    return bool(
        _apart(a, c, unit, parent) and _apart(a, d, unit, parent) and _apart(b, c, unit, parent) and _apart(b, d, unit, parent)
    )


@njit(cache=True)
def _pairs(unit: Ints, loss: Floats, parent: Ints) -> tuple[Ints, Ints, Floats]:
    """All pairs of moves, those first that lose least: either move (the last one of all is none), and what both lose."""
    m = unit.size
    first, second = np.empty((m + 1) * (m + 2) // 2, np.int64), np.empty((m + 1) * (m + 2) // 2, np.int64)
    both = np.empty(first.size)
    count = 0
    for a in range(m + 1):
        for b in range(a, m + 1):
            if (a < b or a == m) and _apart(a, b, unit, parent):
                first[count], second[count] = a, b
                both[count] = (loss[a] if a < m else 0.0) + (loss[b] if b < m else 0.0)
                count += 1
    order = np.argsort(both[:count], kind="mergesort")
    return first[order], second[order], both[order]


@njit(cache=True)
def winning_four(
    moves: tuple[Ints, Floats, Floats, Floats],
    limits: tuple[Floats, Floats],
    activity: Floats,
    key: tuple[float, float],
    parent: Ints,
    most: tuple[float, int],
) -> tuple[Ints, float]:
    """The up to four moves that together win most and keep every limit.

    moves: unit (M,), change (M, S) by how much each changes each row, win (M,), loss (M,) at prices. limits: lo and hi (S,).
    activity (S,): of the choice as it is. key: price of the first row, and what the room left in all others is worth at theirs
    (below 0 where they are missed): what wins must use enough of the first. parent (N,): of which units two must not move at
    once. most: what is to be won at least, and most matches looked at. Returns the moves (-1 for none; four times where nothing
    wins more), and what they win.
    """
    best, looks = most
    unit, change, win, loss = moves
    (lo, hi), (price, rest) = limits, key
    m, s = change.shape
    by, wins = np.zeros((m + 1, s)), np.zeros(m + 1)
    by[:m], wins[:m] = change, win
    first, second, lost = _pairs(unit, loss, parent)
    count = first.size
    along, least, worth = np.empty(count), np.inf, np.empty(count)
    for p in range(count):
        along[p] = by[first[p], 0] + by[second[p], 0]
        worth[p] = wins[first[p]] + wins[second[p]]
        least = min(least, lost[p])
    order = np.argsort(along, kind="mergesort")
    sorted_along = along[order]
    taken, seen, now = np.full(4, -1, np.int64), 0, np.empty(s)
    for p in range(count):
        for a in range(s):
            now[a] = activity[a] + by[first[p], a] + by[second[p], a]
        low, high = lo[0] - now[0], hi[0] - now[0]
        need = best + lost[p] + least - rest - price * along[p]  # what price · (the other's use of the key row) must exceed
        if price > 0:
            low = max(low, need / price)
        elif price < 0:
            high = min(high, need / price)
        elif need > 0:
            continue
        for place in range(np.searchsorted(sorted_along, low), count):
            if sorted_along[place] > high:
                break
            q = order[place]
            seen += 1
            if q > p or worth[p] + worth[q] <= best or not _fit(by, now, first[q], second[q], lo, hi):
                continue
            if _all_apart(first[p], second[p], first[q], second[q], unit, parent):
                best = worth[p] + worth[q]
                taken[0], taken[1], taken[2], taken[3] = first[p], second[p], first[q], second[q]
        if seen >= looks:
            break
    return np.where(taken == m, -1, taken), best


@njit(cache=True, inline="always")
def _fit(by: Floats, now: Floats, a: int, b: int, lo: Floats, hi: Floats) -> bool:
    """Whether every limit is kept after two more moves."""
    for r in range(lo.size):
        x = now[r] + by[a, r] + by[b, r]
        if x > hi[r] or x < lo[r]:
            return False
    return True
