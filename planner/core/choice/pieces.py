"""A walk among plans whose targets each lie in one piece: moves of a unit, or two pieces cut anew; worse ones while it is hot.

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
    pieces = ground.pieces
    beside = pieces.start[i + 1] - pieces.start[i]
    q, any_piece = -1, True
    if beside > 0 and random.random() < 0.5:
        q = pieces.of[chosen[pieces.other[pieces.start[i] + random.integers(0, beside)]]]
        any_piece = q == pieces.of[c]
    return _any_option(i, c, q, any_piece, ground, random)


@njit(cache=True)
def _any_option(i: int, but: int, q: int, any_piece: bool, ground: Ground, random: np.random.Generator) -> int:
    """An option of unit i other than `but`, of piece q or of any; -1 for none."""
    start = ground.units.start
    count = start[i + 1] - start[i]
    shift = random.integers(0, count)
    for turn in range(count):
        k = start[i] + (shift + turn) % count
        if k != but and ground.units.allowed[k] and (any_piece or ground.pieces.of[k] == q):
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


class Room(NamedTuple):
    """Room to work in: stamps of a search and its queue, (N,); units and options of a move, and what they had before, (N,); a
    tree's place of each unit, of each place's parent, (N,), its open borders with the place they lead from, (2, E), and sums
    of the rows below each place, (N, S); what a move changes in each row, (S,)."""

    seen: Ints
    queue: Ints
    who: Ints
    what: Ints
    was: Ints
    place: Ints
    up: Ints
    edge: Ints
    sums: Floats
    change: Floats


@njit(cache=True)
def _room(n: int, borders: int, s: int) -> Room:
    e = np.empty(n, np.int64)
    edge = np.empty((2, borders), np.int64)
    return Room(np.full(n, -1), e, e.copy(), e.copy(), e.copy(), e.copy(), e.copy(), edge, np.empty((n, s)), np.zeros(s))


@njit(cache=True)
def _single(
    i: int, ground: Ground, chosen: Ints, held: Ints, wet_children: Ints, random: np.random.Generator, room: Room
) -> int:
    """A move of unit i alone into `room`: how many units it moves."""
    k = _drawn(i, chosen[i], ground, chosen, random)
    if k < 0:
        return 0
    p, q = ground.pieces.of[chosen[i]], ground.pieces.of[k]
    if q >= 0 and q != p and held[q] > 0 and not _beside(i, q, ground.pieces, chosen):
        return 0
    if not fits(k, i, chosen, ground.water, wet_children):
        return 0
    room.who[0], room.what[0] = i, k
    return 1


@njit(cache=True)
def _won(i: int, ground: Ground, chosen: Ints, room: Room) -> float:
    """What the move of unit i in `room` would win (gain less borders); what it changes in the rows is written there."""
    units, c, k = ground.units, chosen[i], room.what[0]
    for a in range(room.change.size):
        room.change[a] = ground.rows[k, a] - ground.rows[c, a]
    win = units.gain[k] - units.gain[c]
    if units.kind[k] != units.kind[c]:
        win += border_change(i, units.kind[k], units.kind[c], units.kind, chosen, ground.near, ground.pair)
    return float(win)


@njit(cache=True)
def _tree(i: int, p: int, q: int, pieces: Pieces, chosen: Ints, random: np.random.Generator, room: Room) -> int:
    """A random tree over two pieces side by side, from unit i on, into `room`: its units, parents first; how many."""
    who, place, up, edge = room.who, room.place, room.up, room.edge
    place[:] = -1
    who[0], up[0], place[i] = i, -1, 0
    size, tail, last = 1, 0, 0
    while True:
        for e in range(pieces.start[who[last]], pieces.start[who[last] + 1]):
            other = pieces.other[e]
            if place[other] < 0 and (pieces.of[chosen[other]] == p or pieces.of[chosen[other]] == q):
                edge[0, tail], edge[1, tail] = other, last
                tail += 1
        last = -1
        while tail > 0 and last < 0:
            x = random.integers(0, tail)
            v, parent = edge[0, x], edge[1, x]
            tail -= 1
            edge[0, x], edge[1, x] = edge[0, tail], edge[1, tail]
            if place[v] < 0:
                place[v] = last = size
                who[size], up[size] = v, parent
                size += 1
        if last < 0:
            return size


@njit(cache=True)
def _option_in(v: int, p: int, ground: Ground, chosen: Ints, random: np.random.Generator) -> int:
    """An option of unit v in piece p: the one it has where that is one; -1 for none."""
    if ground.pieces.of[chosen[v]] == p:
        return int(chosen[v])
    return _any_option(v, -1, p, False, ground, random)


@njit(cache=True)
def _cut(size: int, ground: Ground, weight: Floats, activity: Floats, chosen: Ints, barred: Ints, room: Room) -> int:
    """The place of a tree whose branch, given the options `was`, and the rest the options `what`, misses the limits least;
    -1 for none. barred (2, N): who has no such option, of the rest and of the branch."""
    rows, sums, up, change = ground.rows, room.sums, room.up, room.change
    change[:] = activity
    for t in range(size):
        for a in range(change.size):
            first = rows[room.what[t], a] if barred[0, t] == 0 else 0.0
            sums[t, a] = (rows[room.was[t], a] if barred[1, t] == 0 else 0.0) - first
            change[a] += first - rows[chosen[room.who[t]], a]
    for t in range(size - 1, 0, -1):
        barred[:, up[t]] += barred[:, t]
        sums[up[t]] += sums[t]
    best, least = -1, np.inf
    for t in range(1, size):
        if barred[1, t] == 0 and barred[0, t] == barred[0, 0]:
            cost = 0.0
            for a in range(change.size):
                now = change[a] + sums[t, a]
                cost += weight[a] * max(now - ground.hi[a], ground.lo[a] - now, 0.0)
            if cost < least:
                best, least = t, cost
    return best


@njit(cache=True)
def _resplit(
    i: int, ground: Ground, weight: Floats, activity: Floats, chosen: Ints, random: np.random.Generator, room: Room
) -> int:
    """Unit i's piece and one beside it, cut anew where a random tree over both misses the limits least, into `room`: how many
    units that names. Source: recombination along spanning trees, DeFord, Duchin & Solomon 2021."""
    pieces = ground.pieces
    p, beside = pieces.of[chosen[i]], pieces.start[i + 1] - pieces.start[i]
    if p < 0 or beside == 0:
        return 0
    q = pieces.of[chosen[pieces.other[pieces.start[i] + random.integers(0, beside)]]]
    if q < 0 or q == p:
        return 0
    size = _tree(i, p, q, pieces, chosen, random, room)
    if random.random() < 0.5:
        p, q = q, p
    barred = np.zeros((2, size), np.int64)
    for t in range(size):
        room.what[t] = _option_in(room.who[t], p, ground, chosen, random)
        room.was[t] = _option_in(room.who[t], q, ground, chosen, random)
        barred[0, t], barred[1, t] = room.what[t] < 0, room.was[t] < 0
    cut = _cut(size, ground, weight, activity, chosen, barred, room)
    if cut < 0:
        return 0
    room.place[:size] = 0
    for t in range(cut, size):
        if t == cut or (room.up[t] >= cut and room.place[room.up[t]] == 1):
            room.place[t] = 1
            room.what[t] = room.was[t]
    return size


@njit(cache=True)
def _put(i: int, k: int, ground: Ground, chosen: Ints, wet_children: Ints, held: Ints, change: Floats) -> float:
    """Gives unit i option k; adds to `change` what that does to the rows. Returns what it wins (gain less borders)."""
    units, of, parent, c = ground.units, ground.pieces.of, ground.water.parent[i], chosen[i]
    win = units.gain[k] - units.gain[c]
    if units.kind[k] != units.kind[c]:
        win += border_change(i, units.kind[k], units.kind[c], units.kind, chosen, ground.near, ground.pair)
    if parent >= 0:
        wet_children[parent] += int(ground.water.inside[k]) - int(ground.water.inside[c])
    if of[c] >= 0:
        held[of[c]] -= 1
    if of[k] >= 0:
        held[of[k]] += 1
    for a in range(change.size):
        change[a] += ground.rows[k, a] - ground.rows[c, a]
    chosen[i] = k
    return float(win)


@njit(cache=True)
def _put_all(count: int, ground: Ground, chosen: Ints, wet_children: Ints, held: Ints, room: Room) -> tuple[int, float]:
    """Makes a move, unit by unit, as far as the order of water lets it: how many units, and what it wins."""
    room.change[:], win = 0.0, 0.0
    for t in range(count):
        i, k = room.who[t], room.what[t]
        room.was[t] = chosen[i]
        if k != chosen[i]:
            if not fits(k, i, chosen, ground.water, wet_children):
                return t, win
            win += _put(i, k, ground, chosen, wet_children, held, room.change)
    return count, win


@njit(cache=True)
def _eased(ground: Ground, weight: Floats, activity: Floats, change: Floats) -> tuple[float, float]:
    """What a change of the rows wins in prices of missed limits, and by how much they are missed after it."""
    ease, missed = 0.0, 0.0
    for a in range(change.size):
        old, new = activity[a], activity[a] + change[a]
        miss = max(new - ground.hi[a], ground.lo[a] - new, 0.0)
        ease += weight[a] * (max(old - ground.hi[a], ground.lo[a] - old, 0.0) - miss)
        missed += miss
    return ease, missed


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
    often: float = 0.0,
) -> tuple[float, Floats, Floats, bool]:
    """So many draws of a move; chosen (N,) is where the walk stands, best (N,) the best that kept all limits, worth `most`.

    chosen: every piece whole, water in order. weight (S,): what missing a row by one costs. heat: loss, in gain, at which a
    move is made about every third time. often: share of the draws that cut two pieces anew. Returns what the best is worth now
    (gain less borders), by how much the walk's last choice misses each row, (S,), in which share of the draws each was missed,
    (S,), and whether there was a time when none was.
    """
    pieces, n, s = ground.pieces, chosen.size, ground.lo.size
    wet_children = count_wet_children(chosen, ground.water.inside, ground.water.parent)
    activity, value, held = _stand(ground, chosen)
    room = _room(n, pieces.other.size, s)
    share, since, stamp = np.zeros(s), 0, 0
    kept = not ((activity > ground.hi) | (activity < ground.lo)).any()
    for step in range(steps):
        i = int(random.integers(0, n))
        split = often > 0.0 and random.random() < often
        if split:
            count = _resplit(i, ground, weight, activity, chosen, random, room)
            done, win = _put_all(count, ground, chosen, wet_children, held, room)
        else:
            count = _single(i, ground, chosen, held, wet_children, random, room)
            done, win = count, _won(i, ground, chosen, room) if count else 0.0
        made, missed = count > 0 and done == count, 0.0
        if made:
            ease, missed = _eased(ground, weight, activity, room.change)
            made = win + ease >= 0.0 or random.random() < np.exp((win + ease) / heat)
        if not split and made:
            p = pieces.of[chosen[i]]
            if p >= 0 and pieces.of[room.what[0]] != p:
                made = whole_without(i, p, pieces, chosen, room.seen, stamp, room.queue)
                stamp += 1
            if made:
                _put_all(1, ground, chosen, wet_children, held, room)
        if not made:
            for t in range(done - 1 if split else -1, -1, -1):
                if room.was[t] != chosen[room.who[t]]:
                    _put(room.who[t], room.was[t], ground, chosen, wet_children, held, room.change)
            continue
        for a in range(s):
            share[a] += (step - since) * (activity[a] > ground.hi[a] or activity[a] < ground.lo[a])
            activity[a] += room.change[a]
        since, value, kept = step, value + win, kept or missed == 0.0
        if missed == 0.0 and value > most:
            most, best[:] = value, chosen
    last = np.maximum(np.maximum(activity - ground.hi, ground.lo - activity), 0.0)
    share += (steps - since) * (last > 0.0)
    return most, last, share / steps, kept
