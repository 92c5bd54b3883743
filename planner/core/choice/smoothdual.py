"""The smoothed dual of one-option-per-unit problems: value, mean activities and their covariance at given prices.

Each maximum over a unit's options becomes temperature·log Σ exp(value / temperature). With an order among the units (a unit
may be `inside` only if its parent is) the same softening runs through the forest, so value, gradient and Hessian stay exact.
"""

import numpy as np
from numba import njit

from planner.core.choice.arrays import Bools, Floats, Forest, Ints, Options

NEGLIGIBLE = 1e-13


@njit(cache=True, inline="always")
def _add_product(hessian: Floats, off: Floats, share: float, weight: float) -> None:
    """hessian += weight·share·off·offᵀ, upper triangle."""
    s = off.size
    for a in range(s):
        da = off[a] * share * weight
        if da != 0.0:
            for b in range(a, s):
                hessian[a, b] += da * off[b]


@njit(cache=True)
def _add_covariance(
    hessian: Floats, rows: Floats, share: Floats, first: int, last: int, mean: Floats, weight: float, off: Floats
) -> None:
    """hessian += weight·(Σ share·a·aᵀ − mean·meanᵀ) over options first..last, upper triangle. off (S,): to write to."""
    for k in range(first, last):
        if share[k] > NEGLIGIBLE:
            for a in range(mean.size):
                off[a] = rows[k, a] - mean[a]
            _add_product(hessian, off, share[k], weight)


@njit(cache=True)
def smooth_choice(
    units: Options, rows: Floats, price: Floats, temperature: float, curved: bool
) -> tuple[float, Floats, Floats]:
    """Softened best value of independent units, mean activity (S,) and its covariance / temperature (S, S) where curved.

    rows (K, S): what an option adds to each coupling row. price (S,): what a unit of the row costs.
    """
    start, gain, allowed, _ = units
    n, s = start.size - 1, price.size
    total = 0.0
    activity = np.zeros(s)
    hessian = np.zeros((s, s))
    pressing = np.flatnonzero(price)
    share = np.zeros(gain.size)
    mean, off = np.zeros(s), np.zeros(s)
    for i in range(n):
        top = -np.inf
        for k in range(start[i], start[i + 1]):
            share[k] = -np.inf
            if allowed[k]:
                v = gain[k]
                for r in pressing:
                    v -= rows[k, r] * price[r]
                share[k] = v
                top = max(top, v)
        weight = 0.0
        for k in range(start[i], start[i + 1]):
            share[k] = np.exp((share[k] - top) / temperature)
            weight += share[k]
        total += top + temperature * np.log(weight)
        peak = 0.0
        for a in range(s):
            mean[a] = 0.0
        for k in range(start[i], start[i + 1]):
            share[k] /= weight
            peak = max(peak, share[k])
            if share[k] > NEGLIGIBLE:
                for a in range(s):
                    mean[a] += share[k] * rows[k, a]
        for a in range(s):
            activity[a] += mean[a]
        if curved and peak < 1.0 - 1e-12:
            _add_covariance(hessian, rows, share, start[i], start[i + 1], mean, 1.0 / temperature, off)
    return total, activity, hessian


@njit(cache=True)
def _soft_groups(
    units: Options, inside: Bools, rows: Floats, price: Floats, temperature: float
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Per unit the softened best inside and outside value, their mean activities, and each option's share of its group."""
    start, gain, allowed, _ = units
    n, s = start.size - 1, price.size
    into = np.full(n, -np.inf)
    out = np.full(n, -np.inf)
    mean_in = np.zeros((n, s))
    mean_out = np.zeros((n, s))
    pressing = np.flatnonzero(price)
    share = np.full(gain.size, -np.inf)
    for i in range(n):
        top_in, top_out = -np.inf, -np.inf
        for k in range(start[i], start[i + 1]):
            if allowed[k]:
                v = gain[k]
                for r in pressing:
                    v -= rows[k, r] * price[r]
                share[k] = v
                if inside[k]:
                    top_in = max(top_in, v)
                else:
                    top_out = max(top_out, v)
        weight_in, weight_out = 0.0, 0.0
        for k in range(start[i], start[i + 1]):
            if not allowed[k]:
                share[k] = 0.0
            elif inside[k]:
                share[k] = np.exp((share[k] - top_in) / temperature)
                weight_in += share[k]
            else:
                share[k] = np.exp((share[k] - top_out) / temperature)
                weight_out += share[k]
        if weight_in > 0.0:
            into[i] = top_in + temperature * np.log(weight_in)
        if weight_out > 0.0:
            out[i] = top_out + temperature * np.log(weight_out)
        for k in range(start[i], start[i + 1]):
            if allowed[k]:
                share[k] /= weight_in if inside[k] else weight_out
                if share[k] > NEGLIGIBLE:
                    for a in range(s):
                        if inside[k]:
                            mean_in[i, a] += share[k] * rows[k, a]
                        else:
                            mean_out[i, a] += share[k] * rows[k, a]
    return into, out, mean_in, mean_out, share


@njit(cache=True)
def smooth_forest(
    units: Options, forest: Forest, rows: Floats, price: Floats, temperature: float, curved: bool
) -> tuple[float, Floats, Floats]:
    """As `smooth_choice` for units of a forest: an option inside needs the parent inside."""
    inside, parent, order = forest
    start = units.start
    n, s = start.size - 1, price.size
    into, out, mean_in, mean_out, share = _soft_groups(units, inside, rows, price, temperature)
    # After the upward pass the means are of whole subtrees; each unit's own are needed again for the covariance of its options.
    chance = np.zeros(n)
    total = 0.0
    activity = np.zeros(s)
    for j in range(n - 1, -1, -1):
        i = order[j]
        if into[i] == -np.inf:
            p = 0.0
            soft = out[i]
        elif out[i] == -np.inf:
            p = 1.0
            soft = into[i]
        else:
            d = (into[i] - out[i]) / temperature
            p = 1.0 / (1.0 + np.exp(-d)) if d > -700.0 else 0.0
            soft = max(into[i], out[i]) + temperature * np.log1p(np.exp(-abs(d)))
        chance[i] = p
        up = parent[i]
        if up >= 0:
            into[up] += soft
            out[up] += out[i]
            for a in range(s):
                mean_in[up, a] += p * mean_in[i, a] + (1.0 - p) * mean_out[i, a]
                mean_out[up, a] += mean_out[i, a]
        else:
            total += soft
            for a in range(s):
                activity[a] += p * mean_in[i, a] + (1.0 - p) * mean_out[i, a]
    hessian = np.zeros((s, s))
    if curved:
        _forest_curvature(hessian, start, rows, share, forest, chance, (mean_in, mean_out), temperature)
    return total, activity, hessian


@njit(cache=True)
def _forest_curvature(
    hessian: Floats,
    start: Ints,
    rows: Floats,
    share: Floats,
    forest: Forest,
    chance: Floats,
    means: tuple[Floats, Floats],
    temperature: float,
) -> None:
    """Adds every softened maximum's covariance, weighted by the chance that the maximum is asked at all."""
    inside, parent, order = forest
    mean_in, mean_out = means
    n, s = parent.size, hessian.shape[0]
    reach = np.zeros(n)
    own, off = np.zeros(s), np.zeros(s)
    for j in range(n):
        i = order[j]
        asked = reach[parent[i]] if parent[i] >= 0 else 1.0
        p = chance[i]
        reach[i] = asked * p
        w = asked * p * (1.0 - p) / temperature
        if w > NEGLIGIBLE / temperature:
            for a in range(s):
                off[a] = mean_in[i, a] - mean_out[i, a]
            _add_product(hessian, off, w, 1.0)
        for wet in (True, False):
            w = (reach[i] if wet else 1.0 - reach[i]) / temperature
            if w * temperature < NEGLIGIBLE:
                continue
            peak = 0.0
            for a in range(s):
                own[a] = 0.0
            for k in range(start[i], start[i + 1]):
                if inside[k] == wet and share[k] > NEGLIGIBLE:
                    peak = max(peak, share[k])
                    for a in range(s):
                        own[a] += share[k] * rows[k, a]
            if peak == 0.0 or peak > 1.0 - 1e-12:
                continue
            for k in range(start[i], start[i + 1]):
                if inside[k] == wet and share[k] > NEGLIGIBLE:
                    for a in range(s):
                        off[a] = rows[k, a] - own[a]
                    _add_product(hessian, off, share[k], w)
