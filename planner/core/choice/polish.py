"""Moves of single units on a whole plan: better at given prices, back inside broken limits, better within the limits."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]


@njit(cache=True, inline="always")
def _border_change(
    i: int, new: int, old: int, target: Ints, chosen: Ints, near_start: Ints, near: Int32s, near_cost: Floats
) -> float:
    """By how much the border cost falls when unit i goes from target old to new."""
    change = 0.0
    for j in range(near_start[i], near_start[i + 1]):
        other = target[chosen[near[j]]]
        if other == new:
            change += near_cost[j]
        if other == old:
            change -= near_cost[j]
    return change


@njit(cache=True, inline="always")
def _fits(k: int, i: int, chosen: Ints, inside: Bools, parent: Ints, wet_kids: Ints) -> bool:
    """Whether unit i may go to option k as far as water levels go."""
    if inside[k]:
        return bool(parent[i] < 0 or inside[chosen[parent[i]]])
    return bool(not inside[chosen[i]] or wet_kids[i] == 0)


@njit(cache=True)
def count_wet_kids(chosen: Ints, inside: Bools, parent: Ints) -> Ints:
    """How many children of each unit are inside, shape (N,)."""
    wet = np.zeros(parent.size, np.int64)
    for i in range(parent.size):
        if parent[i] >= 0 and inside[chosen[i]]:
            wet[parent[i]] += 1
    return wet


@njit(cache=True, inline="always")
def _move(i: int, k: int, chosen: Ints, inside: Bools, parent: Ints, wet_kids: Ints, rows: Floats, activity: Floats) -> None:
    for a in range(activity.size):
        activity[a] += rows[k, a] - rows[chosen[i], a]
    if parent[i] >= 0:
        wet_kids[parent[i]] += int(inside[k]) - int(inside[chosen[i]])
    chosen[i] = k


@njit(cache=True)
def settle_at_prices(
    start: Ints,
    value: Floats,
    allowed: Bools,
    target: Ints,
    inside: Bools,
    parent: Ints,
    near_start: Ints,
    near: Int32s,
    near_cost: Floats,
    chosen: Ints,
    sweeps: int,
) -> int:
    """Moves single units while that raises Σ value − border cost; chosen (N,) changes in place. Returns the number of moves."""
    n = start.size - 1
    wet_kids = count_wet_kids(chosen, inside, parent)
    moves = 0
    for _ in range(sweeps):
        before = moves
        for i in range(n):
            c = chosen[i]
            best, pick = 1e-9 * (1.0 + abs(value[c])), -1
            for k in range(start[i], start[i + 1]):
                if k != c and allowed[k] and _fits(k, i, chosen, inside, parent, wet_kids):
                    change = value[k] - value[c]
                    if target[k] != target[c]:
                        change += _border_change(i, target[k], target[c], target, chosen, near_start, near, near_cost)
                    if change > best:
                        best, pick = change, k
            if pick >= 0:
                if parent[i] >= 0:
                    wet_kids[parent[i]] += int(inside[pick]) - int(inside[c])
                chosen[i] = pick
                moves += 1
        if moves == before:
            break
    return moves


@njit(cache=True)
def best_moves(
    start: Ints,
    gain: Floats,
    value: Floats,
    allowed: Bools,
    target: Ints,
    inside: Bools,
    rows: Floats,
    push: Floats,
    parent: Ints,
    near_start: Ints,
    near: Int32s,
    near_cost: Floats,
    chosen: Ints,
) -> tuple[Floats, Ints]:
    """Per unit the move with the best score, shape (N,), -inf where there is none, and its option.

    With push (S,) all zero the score is what the move wins in gain, borders included. Otherwise push says which way each row
    must go (per unit of the row), and the score is minus the loss at prices (`value`) per unit of push; moves that do not
    push count not.
    """
    n, s = start.size - 1, push.size
    wet_kids = count_wet_kids(chosen, inside, parent)
    score = np.full(n, -np.inf)
    option = np.full(n, -1, np.int64)
    pushing = False
    for a in range(s):
        pushing = pushing or push[a] != 0.0
    for i in range(n):
        c = chosen[i]
        for k in range(start[i], start[i + 1]):
            if k == c or not allowed[k] or not _fits(k, i, chosen, inside, parent, wet_kids):
                continue
            border = 0.0
            if target[k] != target[c]:
                border = _border_change(i, target[k], target[c], target, chosen, near_start, near, near_cost)
            if pushing:
                force = 0.0
                for a in range(s):
                    force += push[a] * (rows[k, a] - rows[c, a])
                if force <= 1e-15:
                    continue
                this = -max(value[c] - value[k] - border, 0.0) / force
            else:
                this = gain[k] - gain[c] + border
                if this <= 1e-9 * (1.0 + abs(gain[c])):
                    continue
            if this > score[i]:
                score[i] = this
                option[i] = k
    return score, option


@njit(cache=True)
def apply_moves(
    units: Ints,
    option: Ints,
    gain: Floats,
    target: Ints,
    inside: Bools,
    rows: Floats,
    parent: Ints,
    near_start: Ints,
    near: Int32s,
    near_cost: Floats,
    lo: Floats,
    hi: Floats,
    repairing: bool,
    chosen: Ints,
    activity: Floats,
) -> int:
    """Makes the moves in the order given where they still help. Returns the count.

    repairing: a move helps if it shrinks the total violation (rows in comparable units); else if it wins and breaks nothing.
    """
    s = activity.size
    wet_kids = count_wet_kids(chosen, inside, parent)
    made = 0
    for j in range(units.size):
        i = units[j]
        k, c = option[i], chosen[i]
        if k == c or not _fits(k, i, chosen, inside, parent, wet_kids):
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
        if not fine:
            continue
        if repairing:
            if after >= before * (1.0 - 1e-9):
                continue
        else:
            win = gain[k] - gain[c]
            if target[k] != target[c]:
                win += _border_change(i, target[k], target[c], target, chosen, near_start, near, near_cost)
            if win <= 0.0:
                continue
        _move(i, k, chosen, inside, parent, wet_kids, rows, activity)
        made += 1
        if repairing and after == 0.0:
            break
    return made
