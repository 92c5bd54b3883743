"""Moves of single units on a whole plan: better at given prices, back inside broken limits, better within the limits."""

import numpy as np
from numba import njit

from planner.core.choice.arrays import Floats, Ints, Near, Options, Waters
from planner.core.choice.moves import border_change, count_wet_children, fits


@njit(cache=True, inline="always")
def _held(i: int, old: int, kind: Ints, chosen: Ints, near: Near, pair: Floats) -> float:
    """What the borders of unit i cost as they are, and a little more: no move of the unit alone wins as much by borders."""
    cost = 0.0
    for j in range(near.start[i], near.start[i + 1]):
        cost += near.cost[j] * pair[near.layer[j], old, kind[chosen[near.other[j]]]]
    return cost * (1.0 + 1e-9)


@njit(cache=True)
def settle_at_prices(units: Options, value: Floats, water: Waters, near: Near, pair: Floats, chosen: Ints, sweeps: int) -> int:
    """Moves single units while that raises Σ value − border cost; chosen (N,) changes in place. Returns the number of moves."""
    start, allowed, kind = units.start, units.allowed, units.kind
    inside, parent = water.inside, water.parent
    n = start.size - 1
    wet_children = count_wet_children(chosen, inside, parent)
    moves = 0
    for _ in range(sweeps):
        before = moves
        for i in range(n):
            c = chosen[i]
            best, pick = 1e-9 * (1.0 + abs(value[c])), -1
            held = _held(i, kind[c], kind, chosen, near, pair)
            for k in range(start[i], start[i + 1]):
                change = value[k] - value[c]
                if k != c and allowed[k] and change + held > best and fits(k, i, chosen, water, wet_children):
                    if kind[k] != kind[c]:
                        change += border_change(i, kind[k], kind[c], kind, chosen, near, pair)
                    if change > best:
                        best, pick = change, k
            if pick >= 0:
                if parent[i] >= 0:
                    wet_children[parent[i]] += int(inside[pick]) - int(inside[c])
                chosen[i] = pick
                moves += 1
        if moves == before:
            break
    return moves


@njit(cache=True)
def border_wins(units: Options, water: Waters, near: Near, pair: Floats, chosen: Ints, look: Ints, border: Floats) -> None:
    """Writes into border (K,), for the options of the units `look`, by how much borders get cheaper where the unit alone goes
    there; -inf where it may not."""
    start, kind = units.start, units.kind
    wet_children = count_wet_children(chosen, water.inside, water.parent)
    for i in look:
        c = chosen[i]
        for k in range(start[i], start[i + 1]):
            if k == c or not units.allowed[k] or not fits(k, i, chosen, water, wet_children):
                border[k] = -np.inf
            elif kind[k] == kind[c]:
                border[k] = 0.0
            else:
                border[k] = border_change(i, kind[k], kind[c], kind, chosen, near, pair)


@njit(cache=True)
def best_moves(
    units: Options,
    value: Floats,
    rows: Floats,
    push: Floats,
    border: Floats,
    chosen: Ints,
    look: Ints,
    score: Floats,
    option: Ints,
) -> None:
    """Writes, for the units `look`, the score of their best move into score (N,), -inf where there is none, and its option.

    border (K,): what moves win by borders, as `border_wins` says. With push (S,) all zero the score is what the move wins in
    gain, borders included. Otherwise push says which way each row must go (per unit of the row), and the score is minus the
    loss at prices (`value`) per unit of push; moves that do not push count not.
    """
    start, gain = units.start, units.gain
    pressed = np.flatnonzero(push)
    pushing = pressed.size > 0
    for i in look:
        score[i], option[i] = -np.inf, -1
        c = chosen[i]
        for k in range(start[i], start[i + 1]):
            if border[k] == -np.inf:
                continue
            if pushing:
                force = 0.0
                for a in pressed:
                    force += push[a] * (rows[k, a] - rows[c, a])
                if force <= 1e-15:
                    continue
                this = -max(value[c] - value[k] - border[k], 0.0) / force
            else:
                this = gain[k] - gain[c] + border[k]
                if this <= 1e-9 * (1.0 + abs(gain[c])):
                    continue
            if this > score[i]:
                score[i] = this
                option[i] = k


@njit(cache=True)
def touched(moved: Ints, near: Near, water: Waters) -> Ints:
    """The units whose scores others' moves change: the moved ones, their neighbours, who is above and below them in water."""
    seen = np.zeros(water.parent.size, np.bool_)
    for i in moved:
        seen[i] = True
        for j in range(near.start[i], near.start[i + 1]):
            seen[near.other[j]] = True
        if water.parent[i] >= 0:
            seen[water.parent[i]] = True
        for j in range(water.child_start[i], water.child_start[i + 1]):
            seen[water.children[j]] = True
    return np.flatnonzero(seen)


@njit(cache=True)
def apply_moves(
    moves: tuple[Ints, Ints],
    units: Options,
    rows: Floats,
    limits: tuple[Floats, Floats],
    water: Waters,
    near: Near,
    pair: Floats,
    repairing: bool,
    batch: int,
    chosen: Ints,
    activity: Floats,
) -> int:
    """Makes the moves (units in order, and the option of every unit) where they still help. Returns the count.

    repairing: a move helps if it shrinks the total violation (rows in comparable units); else if it wins and breaks nothing.
    batch: of so many moves in order those that help are made; of further ones only where none has helped.
    """
    (order, option), (lo, hi) = moves, limits
    gain, kind, inside, parent = units.gain, units.kind, water.inside, water.parent
    s = activity.size
    wet_children = count_wet_children(chosen, inside, parent)
    made = 0
    for j in range(order.size):
        if made > 0 and j % batch == 0:
            break
        i = order[j]
        k, c = option[i], chosen[i]
        if k == c or not fits(k, i, chosen, water, wet_children):
            continue
        fine = True
        before, after = 0.0, 0.0
        for a in range(s):
            new = activity[a] + rows[k, a] - rows[c, a]
            miss_new = max(new - hi[a], lo[a] - new, 0.0)
            miss_old = max(activity[a] - hi[a], lo[a] - activity[a], 0.0)
            before += miss_old
            after += miss_new
            if miss_new > miss_old and not repairing:
                fine = False
                break
        if not fine or (repairing and after >= before * (1.0 - 1e-9)):
            continue
        if not repairing:
            win = gain[k] - gain[c]
            if kind[k] != kind[c]:
                win += border_change(i, kind[k], kind[c], kind, chosen, near, pair)
            if win <= 0.0:
                continue
        for a in range(s):
            activity[a] += rows[k, a] - rows[c, a]
        if parent[i] >= 0:
            wet_children[parent[i]] += int(inside[k]) - int(inside[c])
        chosen[i] = k
        made += 1
        if repairing and after == 0.0:
            break
    return made
