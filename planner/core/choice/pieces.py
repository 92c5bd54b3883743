"""A walk among plans whose targets each lie in one piece: single moves, worse ones too while it is hot.

Source: simulated annealing, Kirkpatrick, Gelatt & Vecchi 1983; prices of broken limits that rise and fall, Glover 1989.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from planner.core.choice.arrays import Floats, Ints, Near, Options, Waters
from planner.core.choice.moves import border_change, count_wet_children, fits


class Pieces(NamedTuple):
    """Who must hold together: per option (K,) the piece it belongs to, -1 for none; who lies side by side, as compressed rows
    start (N + 1,) and other."""

    of: Ints
    start: Ints
    other: Ints


class Ground(NamedTuple):
    """What a walk does not change: options, pieces, borders and what unlike kinds cost, water, rows (K, S) in comparable units
    and their limits (S,)."""

    units: Options
    pieces: Pieces
    near: Near
    pair: Floats
    water: Waters
    rows: Floats
    lo: Floats
    hi: Floats


@njit(cache=True)
def whole_without(i: int, p: int, pieces: Pieces, chosen: Ints, seen: Ints, stamp: int, queue: Ints) -> bool:
    """Whether piece p, whole with unit i, is whole without it. seen (N,): below 2·stamp; queue (N,): room to work."""
    wanted, first = 0, -1
    for j in range(pieces.start[i], pieces.start[i + 1]):
        u = pieces.other[j]
        if pieces.of[chosen[u]] == p and seen[u] != 2 * stamp:
            seen[u] = 2 * stamp
            wanted += 1
            first = u
    if wanted < 2:
        return True
    seen[i] = seen[first] = 2 * stamp + 1
    queue[0] = first
    head, tail, found = 0, 1, 1
    while head < tail:
        v = queue[head]
        head += 1
        for j in range(pieces.start[v], pieces.start[v + 1]):
            u = pieces.other[j]
            if seen[u] == 2 * stamp + 1 or pieces.of[chosen[u]] != p:
                continue
            if seen[u] == 2 * stamp:
                found += 1
                if found == wanted:
                    return True
            seen[u] = 2 * stamp + 1
            queue[tail] = u
            tail += 1
    return False


@njit(cache=True)
def _beside(i: int, q: int, pieces: Pieces, chosen: Ints) -> bool:
    """Whether unit i lies beside piece q."""
    near = pieces.other[pieces.start[i] : pieces.start[i + 1]]
    return bool((pieces.of[chosen[near]] == q).any())


@njit(cache=True)
def _drawn(i: int, c: int, ground: Ground, chosen: Ints, random: np.random.Generator) -> int:
    """An option for unit i instead of c: half of the time one of the piece of a neighbour, else any; -1 for none."""
    pieces, start, allowed = ground.pieces, ground.units.start, ground.units.allowed
    beside = pieces.start[i + 1] - pieces.start[i]
    q, any_piece = -1, True
    if beside > 0 and random.random() < 0.5:
        q = pieces.of[chosen[pieces.other[pieces.start[i] + random.integers(0, beside)]]]
        any_piece = q == pieces.of[c]
    count = start[i + 1] - start[i]
    shift = random.integers(0, count)
    for turn in range(count):
        k = start[i] + (shift + turn) % count
        if k != c and allowed[k] and (any_piece or pieces.of[k] == q):
            return int(k)
    return -1


@njit(cache=True)
def _stand(ground: Ground, chosen: Ints) -> tuple[Floats, float, Ints]:
    """The rows' sums of a choice, (S,), what it is worth (gain less borders), and how many units each piece has, (P,)."""
    units, pieces, near = ground.units, ground.pieces, ground.near
    held = np.zeros(max(pieces.of.max() + 1, 1), np.int64)
    activity, value = np.zeros(ground.lo.size), 0.0
    for i in range(chosen.size):
        c = chosen[i]
        value += units.gain[c]
        if pieces.of[c] >= 0:
            held[pieces.of[c]] += 1
        for a in range(activity.size):
            activity[a] += ground.rows[c, a]
        for j in range(near.start[i], near.start[i + 1]):
            value -= 0.5 * near.cost[j] * ground.pair[near.layer[j], units.kind[c], units.kind[chosen[near.other[j]]]]
    return activity, value, held


@njit(cache=True)
def wander(
    ground: Ground,
    weight: Floats,
    heat: float,
    steps: int,
    random: np.random.Generator,
    chosen: Ints,
    best: Ints,
    most: float,
) -> tuple[float, Floats]:
    """So many draws of a move; chosen (N,) is where the walk stands, best (N,) the best that kept all limits, worth `most`.

    chosen: every piece whole, water in order. weight (S,): what missing a row by one costs. heat: loss, in gain, at which a
    move is made about every third time. Returns what the best is worth now (gain less borders) and by how much the walk's
    last choice misses each row, (S,).
    """
    units, pieces, rows, lo, hi = ground.units, ground.pieces, ground.rows, ground.lo, ground.hi
    n, s = chosen.size, lo.size
    kind, inside, parent = units.kind, ground.water.inside, ground.water.parent
    wet_children = count_wet_children(chosen, inside, parent)
    activity, value, held = _stand(ground, chosen)
    seen, queue = np.full(n, -1), np.empty(n, np.int64)
    for stamp in range(steps):
        i = int(random.integers(0, n))
        c = chosen[i]
        k = _drawn(i, c, ground, chosen, random)
        if k < 0:
            continue
        p, q = pieces.of[c], pieces.of[k]
        if q >= 0 and q != p and held[q] > 0 and not _beside(i, q, pieces, chosen):
            continue
        if not fits(k, i, chosen, ground.water, wet_children):
            continue
        win = units.gain[k] - units.gain[c]
        if kind[k] != kind[c]:
            win += border_change(i, kind[k], kind[c], kind, chosen, ground.near, ground.pair)
        ease, missed = 0.0, 0.0
        for a in range(s):
            new = activity[a] + rows[k, a] - rows[c, a]
            miss = max(new - hi[a], lo[a] - new, 0.0)
            ease += weight[a] * (max(activity[a] - hi[a], lo[a] - activity[a], 0.0) - miss)
            missed += miss
        if win + ease < 0.0 and random.random() >= np.exp((win + ease) / heat):
            continue
        if p >= 0 and q != p and not whole_without(i, p, pieces, chosen, seen, stamp, queue):
            continue
        for a in range(s):
            activity[a] += rows[k, a] - rows[c, a]
        if parent[i] >= 0:
            wet_children[parent[i]] += int(inside[k]) - int(inside[c])
        if p >= 0:
            held[p] -= 1
        if q >= 0:
            held[q] += 1
        chosen[i] = k
        value += win
        if missed == 0.0 and value > most:
            most = value
            best[:] = chosen
    return most, np.maximum(np.maximum(activity - hi, lo - activity), 0.0)
