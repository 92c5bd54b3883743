"""One step of the primal-dual method for choices with border costs and water levels, without a matrix.

minimise −gain·x + Σ cost·max(x_a,target − x_b,target, 0) over one option per unit. Prices: λ of the coupling rows, p of each
border and target in [0, cost], μ ≥ 0 of each unit's wish to be inside without its parent. One thread: measured, a second gains
little, and on a busy machine its spinning made a step thirty times slower.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]


@njit(cache=True, inline="always")
def _project(values: Floats, count: int, order: Floats) -> None:
    """values[:count] ← their nearest point with sum 1 and no negative entry. order: scratch."""
    top, second = -np.inf, -np.inf
    for i in range(count):
        if values[i] > top:
            top, second = values[i], top
        elif values[i] > second:
            second = values[i]
    if second <= top - 1.0:  # one option far ahead of the rest takes all: the usual case, without a sort
        for i in range(count):
            values[i] = 1.0 if values[i] == top else 0.0
        return
    for i in range(count):
        v = values[i]
        j = i
        while j > 0 and order[j - 1] < v:
            order[j] = order[j - 1]
            j -= 1
        order[j] = v
    total, theta = -1.0, 0.0
    for i in range(count):
        total += order[i]
        if order[i] - total / (i + 1) > 0.0:
            theta = total / (i + 1)
    for i in range(count):
        values[i] = max(values[i] - theta, 0.0)


@njit(cache=True)
def choice_step(
    start: Ints,
    gain: Floats,
    allowed: Bools,
    target: Ints,
    inside: Bools,
    rows: Floats,
    price: Floats,
    border_start: Ints,
    border_edge: Int32s,
    border_sign: Floats,
    border_price: Floats,
    parent: Ints,
    kid_start: Ints,
    kids: Int32s,
    water_price: Floats,
    pace: Floats,
    x: Floats,
    anchor: Floats,
    momentum: float,
    projected: Floats,
    mass: Floats,
    wet: Floats,
) -> tuple[Floats, float]:
    """x's half of a step: projects, writes the projection and the extrapolated masses, moves x on towards `anchor`.

    mass (N, T): extrapolated share of each target; wet (N,): of the inside options. pace (N,): step lengths. momentum:
    (k+1)/(k+2). Returns the extrapolated activities (S,) and Σ (projected − x)² / pace.
    """
    n, s, kinds = start.size - 1, price.size, mass.shape[1]
    widest = np.diff(start).max()
    pressing = np.flatnonzero(price)
    total = np.zeros(s)
    moves = 0.0
    values = np.empty(widest)
    scratch = np.empty(widest)
    pull = np.empty(kinds)
    for i in range(n):
        for t in range(kinds):
            pull[t] = 0.0
            mass[i, t] = 0.0
        for j in range(border_start[i], border_start[i + 1]):
            e = border_edge[j]
            for t in range(kinds):
                pull[t] += border_sign[j] * border_price[e, t]
        soaked = water_price[i] if parent[i] >= 0 else 0.0
        for j in range(kid_start[i], kid_start[i + 1]):
            soaked -= water_price[kids[j]]
        count = 0
        for k in range(start[i], start[i + 1]):
            if allowed[k]:
                slope = -gain[k] + pull[target[k]]
                for r in pressing:
                    slope += rows[k, r] * price[r]
                if inside[k]:
                    slope += soaked
                values[count] = x[k] - pace[i] * slope
                count += 1
        _project(values, count, scratch)
        count = 0
        wet[i] = 0.0
        for k in range(start[i], start[i + 1]):
            if allowed[k]:
                new = values[count]
                count += 1
                projected[k] = new
                ahead = 2.0 * new - x[k]
                if ahead != 0.0:
                    mass[i, target[k]] += ahead
                    if inside[k]:
                        wet[i] += ahead
                    for a in range(s):
                        total[a] += ahead * rows[k, a]
                    moves += (new - x[k]) ** 2 / pace[i]
                x[k] = momentum * ahead + (1.0 - momentum) * anchor[k]
    return total, moves


@njit(cache=True)
def border_step(
    a: Int32s,
    b: Int32s,
    cost: Floats,
    mass: Floats,
    pace: float,
    price: Floats,
    anchor: Floats,
    momentum: float,
    projected: Floats,
) -> float:
    """The borders' half: prices (E, T) of max(x_a − x_b, 0) clipped to [0, cost]. Returns Σ (projected − price)² / pace."""
    e, kinds = price.shape
    moves = 0.0
    for j in range(e):
        for t in range(kinds):
            old = price[j, t]
            new = min(max(old + pace * (mass[a[j], t] - mass[b[j], t]), 0.0), cost[j])
            moves += (new - old) ** 2 / pace
            projected[j, t] = new
            price[j, t] = momentum * (2.0 * new - old) + (1.0 - momentum) * anchor[j, t]
    return moves


@njit(cache=True)
def water_step(
    parent: Ints, wet: Floats, pace: float, price: Floats, anchor: Floats, momentum: float, projected: Floats
) -> float:
    """The water levels' half: price (N,) ≥ 0 of being inside beyond the parent. Returns Σ (projected − price)² / pace."""
    n = parent.size
    moves = 0.0
    for i in range(n):
        if parent[i] >= 0:
            old = price[i]
            new = max(old + pace * (wet[i] - wet[parent[i]]), 0.0)
            moves += (new - old) ** 2 / pace
            projected[i] = new
            price[i] = momentum * (2.0 * new - old) + (1.0 - momentum) * anchor[i]
    return moves


@njit(cache=True)
def border_pull(
    border_start: Ints, border_edge: Int32s, border_sign: Floats, border_price: Floats, unit: Ints, target: Ints
) -> Floats:
    """Dᵀp of each option, shape (K,)."""
    n, kinds = border_start.size - 1, border_price.shape[1]
    pull = np.zeros((n, kinds))
    for i in range(n):
        for j in range(border_start[i], border_start[i + 1]):
            for t in range(kinds):
                pull[i, t] += border_sign[j] * border_price[border_edge[j], t]
    result = np.empty(unit.size)
    for k in range(unit.size):
        result[k] = pull[unit[k], target[k]]
    return result
