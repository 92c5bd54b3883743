"""Compiled passes over units and their options: the closed-form dual of a choice under coupling prices and water levels."""

import numpy as np
from numba import njit

from planner.core.choice.arrays import Bools, Floats, Forest, Ints


@njit(cache=True)
def best_options(start: Ints, value: Floats, allowed: Bools) -> tuple[Floats, Ints]:
    """Each unit's best allowed value and its option (the first of equals).

    start (N + 1,); value, allowed (K,). Returns (N,) values (-inf where nothing is allowed) and (N,) options (-1 there).
    """
    n = start.size - 1
    best = np.full(n, -np.inf)
    option = np.full(n, -1, np.int64)
    for i in range(n):
        for k in range(start[i], start[i + 1]):
            if allowed[k] and value[k] > best[i]:
                best[i] = value[k]
                option[i] = k
    return best, option


@njit(cache=True)
def forest_order(parent: Ints) -> tuple[Ints, bool]:
    """Units with every parent before its children, and whether the parents form a forest. parent (N,), -1 at roots."""
    n = parent.size
    first = np.full(n, -1, np.int64)
    following = np.full(n, -1, np.int64)
    order = np.empty(n, np.int64)
    count = 0
    for i in range(n - 1, -1, -1):
        p = parent[i]
        if p >= 0:
            following[i] = first[p]
            first[p] = i
    for i in range(n):
        if parent[i] < 0:
            order[count] = i
            count += 1
    head = 0
    while head < count:
        child = first[order[head]]
        head += 1
        while child >= 0:
            order[count] = child
            count += 1
            child = following[child]
    return order, count == n


@njit(cache=True)
def forest_best(start: Ints, value: Floats, allowed: Bools, forest: Forest) -> tuple[float, Ints, Floats, Floats]:
    """The best choice where a unit may take an `inside` option only if its parent does.

    Returns the total value, the option of each unit (-1 everywhere where no choice exists), and per unit the best total of its
    subtree with the unit inside and outside.
    """
    inside, parent, order = forest
    n = start.size - 1
    into = np.full(n, -np.inf)
    out = np.full(n, -np.inf)
    pick_in = np.full(n, -1, np.int64)
    pick_out = np.full(n, -1, np.int64)
    for i in range(n):
        for k in range(start[i], start[i + 1]):
            if allowed[k]:
                if inside[k]:
                    if value[k] > into[i]:
                        into[i] = value[k]
                        pick_in[i] = k
                elif value[k] > out[i]:
                    out[i] = value[k]
                    pick_out[i] = k
    for j in range(n - 1, -1, -1):
        i = order[j]
        p = parent[i]
        if p >= 0:
            into[p] += max(into[i], out[i])
            out[p] += out[i]
    option = np.full(n, -1, np.int64)
    total = 0.0
    for j in range(n):
        i = order[j]
        p = parent[i]
        wet = into[i] > out[i] and (p < 0 or inside[option[p]])
        option[i] = pick_in[i] if wet else pick_out[i]
        if p < 0:
            total += max(into[i], out[i])
        if option[i] < 0:
            return -np.inf, np.full(n, -1, np.int64), into, out
    return total, option, into, out


@njit(cache=True)
def least_losses(start: Ints, value: Floats, allowed: Bools, forest: Forest, into: Floats, out: Floats) -> Floats:
    """What each option would cost at best if it were forced, everything else free: shape (K,), inf where not allowed.

    into, out: the subtree totals of `forest_best`. The loss is against the best choice of the option's own tree.
    """
    inside, parent, order = forest
    n = start.size - 1
    wet = np.full(n, -np.inf)
    dry = np.full(n, -np.inf)
    top = np.empty(n)
    loss = np.full(value.size, np.inf)
    for j in range(n):
        i = order[j]
        p = parent[i]
        if p < 0:
            wet[i], dry[i], top[i] = into[i], out[i], max(into[i], out[i])
        else:
            top[i] = top[p]
            rest = wet[p] - max(into[i], out[i])
            if wet[p] > -np.inf:
                wet[i] = rest + into[i]
                dry[i] = max(rest + out[i], dry[p])
            else:
                dry[i] = dry[p]
        best_in, best_out = -np.inf, -np.inf
        for k in range(start[i], start[i + 1]):
            if allowed[k]:
                if inside[k]:
                    best_in = max(best_in, value[k])
                else:
                    best_out = max(best_out, value[k])
        for k in range(start[i], start[i + 1]):
            if allowed[k]:
                whole = wet[i] - best_in if inside[k] else dry[i] - best_out
                loss[k] = max(top[i] - (whole + value[k]), 0.0)
    return loss
