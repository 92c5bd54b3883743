"""One step of the primal-dual method for choices with border costs and water levels, without a matrix.

minimise −gain·x + Σ cost·max(x_a,head − x_b,tail, 0) over one option per unit. Prices: λ of the coupling rows, p of each
border and term in [0, cost], μ ≥ 0 of each unit's wish to be inside without its parent. One thread: measured, a second gains
little, and on a busy machine its spinning made a step thirty times slower.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from planner.core.choice.arrays import Edges, Floats, Ints, Near, Options, Terms, Waters


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


class Point(NamedTuple):
    """Where the primal-dual iteration stands: shares x (K,), prices of rows (S,), of each border's terms (E, C), of water (N,)
    and shares of auxiliary columns."""

    x: Floats
    row: Floats
    border: Floats
    water: Floats
    column: Floats


@njit(cache=True)
def _one_term_per_kind(terms: Terms) -> bool:
    """Whether all borders are of one layer with one term per set, heads and tails alike: the usual case, without look-ups."""
    plain = terms.first.size == 2 and terms.head.size == terms.set_count
    for c in range(terms.head.size):
        plain = plain and terms.head[c] == c and terms.tail[c] == c
    return bool(plain)


class Masses(NamedTuple):
    """Extrapolated shares: of each set of kinds (N, D), and of the inside options (N,)."""

    sets: Floats
    wet: Floats


@njit(cache=True, inline="always")
def _border_prices(i: int, near: Near, terms: Terms, price: Floats, plain: bool, pull: Floats) -> None:
    """pull (D,) ← what unit i pays for being in each set of kinds."""
    for d in range(terms.set_count):
        pull[d] = 0.0
    for j in range(near.start[i], near.start[i + 1]):
        e = near.edge[j]
        if plain:
            for c in range(terms.set_count):
                pull[c] += near.sign[j] * price[e, c]
            continue
        first = terms.first[near.layer[j]]
        for c in range(first, terms.first[near.layer[j] + 1]):
            if near.sign[j] > 0.0:
                pull[terms.head[c]] += price[e, c - first]
            else:
                pull[terms.tail[c]] -= price[e, c - first]


@njit(cache=True, inline="always")
def _water_price(i: int, water: Waters, price: Floats) -> float:
    """What unit i pays for being inside: its own price less its children's."""
    soaked = price[i] if water.parent[i] >= 0 else 0.0
    for j in range(water.child_start[i], water.child_start[i + 1]):
        soaked -= price[water.children[j]]
    return soaked


@njit(cache=True)
def choice_step(
    units: Options,
    rows: Floats,
    near: Near,
    terms: Terms,
    water: Waters,
    pace: Floats,
    momentum: float,
    here: Point,
    anchor: Point,
    projected: Point,
    masses: Masses,
) -> tuple[Floats, float]:
    """x's half of a step: projects, writes the projection and the extrapolated masses, moves x on towards `anchor`.

    pace (N,): step lengths. momentum: (k+1)/(k+2). Returns the extrapolated activities (S,) and Σ (projected − x)² / pace.
    """
    start, gain, allowed, kind = units
    x, price = here.x, here.row
    pressing = np.flatnonzero(price)
    total, moves = np.zeros(price.size), 0.0
    values, scratch = np.empty(np.diff(start).max()), np.empty(np.diff(start).max())
    pull = np.empty(terms.set_count)
    mass, wet = masses
    plain = _one_term_per_kind(terms)
    for i in range(start.size - 1):
        _border_prices(i, near, terms, here.border, plain, pull)
        mass[i, :] = 0.0
        soaked = _water_price(i, water, here.water)
        count = 0
        for k in range(start[i], start[i + 1]):
            if allowed[k]:
                slope = -gain[k]
                for d in range(terms.set_first[kind[k]], terms.set_first[kind[k] + 1]):
                    slope += pull[terms.sets[d]]
                for r in pressing:
                    slope += rows[k, r] * price[r]
                slope += soaked if water.inside[k] else 0.0
                values[count] = x[k] - pace[i] * slope
                count += 1
        _project(values, count, scratch)
        count = 0
        wet[i] = 0.0
        for k in range(start[i], start[i + 1]):
            if allowed[k]:
                new = values[count]
                count += 1
                projected.x[k] = new
                ahead = 2.0 * new - x[k]
                if ahead != 0.0:
                    for d in range(terms.set_first[kind[k]], terms.set_first[kind[k] + 1]):
                        mass[i, terms.sets[d]] += ahead
                    if water.inside[k]:
                        wet[i] += ahead
                    for a in range(price.size):
                        total[a] += ahead * rows[k, a]
                    moves += (new - x[k]) ** 2 / pace[i]
                x[k] = momentum * ahead + (1.0 - momentum) * anchor.x[k]
    return total, moves


@njit(cache=True)
def border_step(
    edges: Edges, terms: Terms, mass: Floats, pace: float, momentum: float, here: Point, anchor: Point, projected: Point
) -> float:
    """The borders' half: prices (E, C) clipped to [0, cost]. Returns Σ (projected − price)² / pace."""
    moves = 0.0
    price, home, new_price = here.border, anchor.border, projected.border
    if _one_term_per_kind(terms):
        for j in range(edges.a.size):
            a, b, cost = edges.a[j], edges.b[j], edges.cost[j]
            for t in range(terms.set_count):
                old = price[j, t]
                new = min(max(old + pace * (mass[a, t] - mass[b, t]), 0.0), cost * terms.weight[t])
                moves += (new - old) ** 2 / pace
                new_price[j, t] = new
                price[j, t] = momentum * (2.0 * new - old) + (1.0 - momentum) * home[j, t]
        return moves
    for j in range(edges.a.size):
        first = terms.first[edges.layer[j]]
        a, b, cost = edges.a[j], edges.b[j], edges.cost[j]
        for c in range(first, terms.first[edges.layer[j] + 1]):
            t = c - first
            old = price[j, t]
            new = min(max(old + pace * (mass[a, terms.head[c]] - mass[b, terms.tail[c]]), 0.0), cost * terms.weight[c])
            moves += (new - old) ** 2 / pace
            new_price[j, t] = new
            price[j, t] = momentum * (2.0 * new - old) + (1.0 - momentum) * home[j, t]
    return moves


@njit(cache=True)
def water_step(parent: Ints, wet: Floats, pace: float, momentum: float, here: Point, anchor: Point, projected: Point) -> float:
    """The water levels' half: price (N,) ≥ 0 of being inside beyond the parent. Returns Σ (projected − price)² / pace."""
    moves = 0.0
    price = here.water
    for i in range(parent.size):
        if parent[i] >= 0:
            old = price[i]
            new = max(old + pace * (wet[i] - wet[parent[i]]), 0.0)
            moves += (new - old) ** 2 / pace
            projected.water[i] = new
            price[i] = momentum * (2.0 * new - old) + (1.0 - momentum) * anchor.water[i]
    return moves


@njit(cache=True)
def border_pull(near: Near, terms: Terms, price: Floats, unit: Ints, kind: Ints) -> Floats:
    """What the borders' prices (E, C) take off each option, shape (K,)."""
    n = near.start.size - 1
    pull = np.zeros((n, terms.set_count))
    plain = _one_term_per_kind(terms)
    for i in range(n):
        _border_prices(i, near, terms, price, plain, pull[i])
    result = np.zeros(unit.size)
    for k in range(unit.size):
        for d in range(terms.set_first[kind[k]], terms.set_first[kind[k] + 1]):
            result[k] += pull[unit[k], terms.sets[d]]
    return result
