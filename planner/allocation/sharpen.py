"""Limits on a single tree of water levels, sharpened: what the order among units already says about them.

Where unit j may be wet only if all below it are, a lake that ends before j holds at most what the units before it can, and one
that reaches j at least what these must. Units that the limit then decides are decided; along the longest chain of the tree the
limit itself falls to what each end of the lake can reach, in one row. Shares of a short and a long lake can mix no longer.
Source: probing and lifted coefficients, Savelsbergh 1994; precedence-constrained knapsacks, Boyd 1993.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.allocation.model import Model
from planner.allocation.parts import ROUNDING
from planner.allocation.table import Bools, Floats, Ints
from planner.core.choice.arrays import Forest

LEAST_SHARE = 0.1  # of the units, in trees with limits of their own, from which sharpening pays for its relaxation
LEAST = 1e-6  # share of a limit that a sharper row must take off it
SLACK = 1e-9  # share of a limit that every sharper row is widened by, so that no rounding costs a plan


@dataclass(frozen=True, eq=False)
class _Reach:
    """What a row can come to at most in one tree, by the end of the lake. chain (C,): the tree's longest chain, root first.

    outside, inside (C,): with that unit dry, and with it wet.
    """

    chain: Ints
    outside: Floats
    inside: Floats


def sharpened(model: Model, order: Forest | None, *, lakes: int, least: int, most: int) -> Model:
    """The model with such options closed, and such rows after its own; itself where they concern few units or it is large.

    lakes, least: trees with limits of their own, and units in them, from which it is worth it; most: units of all up to which.
    """
    if order is None or model.size > most or model.edges.cost.size:
        return model
    root = _roots(order)
    allowed, rows, tops = model.allowed.copy(), [], []
    reached = np.zeros(model.size, dtype=np.bool_)
    for r in range(model.hi.size):
        units = np.unique(model.unit[model.coef[r] != 0])
        if not units.size or (root[units] != root[units[0]]).any() or model.border[r] or model.entries[:, r].any():
            continue
        tree = np.flatnonzero(root == root[units[0]])
        for sign, limit in ((1.0, model.hi[r]), (-1.0, -model.lo[r])):
            if not np.isfinite(limit):
                continue
            coef = sign * model.coef[r]
            reach = _closed(replace(model, allowed=allowed), order, tree, coef, limit, allowed)
            for row, top in _rows(model, order, reach, coef, limit):
                rows.append(row)
                tops.append(top)
                reached[tree] = True
    if len(set(root[reached])) < lakes or reached.sum() < max(least, LEAST_SHARE * model.size):
        return model
    return _with_rows(model, allowed, np.array(rows), np.array(tops))


def _roots(order: Forest) -> Ints:
    root = np.arange(order.parent.size)
    for i in order.order:
        if order.parent[i] >= 0:
            root[i] = root[order.parent[i]]
    return root


def _closed(model: Model, order: Forest, tree: Ints, coef: Floats, limit: float, allowed: Bools) -> _Reach:
    """Closes in `allowed` (K,) what cannot be with Σ coef·x ≥ … ≤ limit kept, and tells how far the row reaches."""
    inside, parent = order.inside, order.parent
    ranked = order.order[np.isin(order.order, tree)]
    rounding = SLACK * abs(limit) + ROUNDING * float(np.abs(coef).sum())
    least = [-_most(model, -coef, mask)[ranked] for mask in (inside, ~inside)]
    low_in, low_out = _along(ranked, parent, *least, up=np.inf)
    high_in, high_out = _along(
        ranked, parent, _most(model, coef, inside)[ranked], _most(model, coef, ~inside)[ranked], up=-np.inf
    )
    never_in, never_out = np.zeros(model.size, dtype=np.bool_), np.zeros(model.size, dtype=np.bool_)
    never_in[ranked], never_out[ranked] = low_in > limit + rounding, low_out > limit + rounding
    allowed &= ~(never_in[model.unit] & inside) & ~(never_out[model.unit] & ~inside)
    chain = _longest(ranked, parent)
    return _Reach(ranked[chain], high_out[chain], high_in[chain])


def _most(model: Model, coef: Floats, mask: Bools) -> Floats:
    """The most that each unit adds with an option of the mask (N,), -inf where it has none."""
    return np.asarray(np.maximum.reduceat(np.where(mask & model.allowed, coef, -np.inf), model.start[:-1]))


def _along(ranked: Ints, parent: Ints, wet: Floats, dry: Floats, *, up: float) -> tuple[Floats, Floats]:
    """Per unit of a tree (parents first) the extreme of the whole tree's sum with the unit wet, and with it dry.

    wet, dry: extremes of each unit by itself. up: inf where sums are least, -inf where they are most; what cannot be.
    """
    place = {int(u): j for j, u in enumerate(ranked)}
    above = [place.get(int(parent[u]), -1) for u in ranked]
    free = np.minimum(wet, dry) if up > 0 else np.maximum(wet, dry)
    with np.errstate(invalid="ignore"):  # a unit that can be neither leaves all undecided: nan, which bars and reaches nothing
        total, to_wet, to_dry = float(free.sum()), wet - free, dry - free
    for j, p in enumerate(above):
        if p >= 0:
            to_wet[j] += to_wet[p]
    for j in range(ranked.size - 1, -1, -1):
        if above[j] >= 0:
            to_dry[above[j]] += to_dry[j]
    return total + to_wet, total + to_dry


def _longest(ranked: Ints, parent: Ints) -> Ints:
    """Positions in a tree (parents first) of its longest chain, root first."""
    place = {int(u): j for j, u in enumerate(ranked)}
    above = [place.get(int(parent[u]), -1) for u in ranked]
    depth = np.zeros(ranked.size, dtype=np.int64)
    for j, p in enumerate(above):
        depth[j] = depth[p] + 1 if p >= 0 else 0
    chain = [int(np.argmax(depth))]
    while above[chain[-1]] >= 0:
        chain.append(above[chain[-1]])
    return np.array(chain[::-1], dtype=np.int64)


def _rows(model: Model, order: Forest, reach: _Reach, coef: Floats, limit: float) -> list[tuple[Floats, float]]:
    """Rows Σ coef·x ≤ top that fall with the end of the lake: from below with units dry, from above with units wet."""
    found: list[tuple[Floats, float]] = []
    for bound, when in ((reach.outside, "dry"), (reach.inside, "wet")):
        least = np.minimum(np.where(np.isfinite(bound), bound, np.inf), limit)
        if when == "dry":  # the first dry unit says what is reached: it grows along the chain
            steps = np.diff(np.minimum.accumulate(np.r_[least, limit][::-1])[::-1])
        else:
            steps = -np.diff(np.minimum.accumulate(np.r_[limit, least]))
        if steps.sum() <= LEAST * abs(limit):
            continue
        step = np.zeros(model.size)
        step[reach.chain] = steps
        off = step[model.unit] * order.inside
        row, top = (coef - off, limit - float(steps.sum())) if when == "dry" else (coef + off, limit)
        found.append((row, top + SLACK * abs(limit) + ROUNDING * float(np.abs(coef).sum())))
    return found


def _with_rows(model: Model, allowed: Bools, rows: Floats, tops: Floats) -> Model:
    """The model with more coupling rows Σ row·x ≤ top behind its own."""
    more = tops.size
    return replace(
        model,
        allowed=allowed,
        coef=np.vstack([model.coef, rows.reshape(more, model.gain.size)]),
        lo=np.r_[model.lo, np.full(more, -np.inf)],
        hi=np.r_[model.hi, tops],
        border=np.r_[model.border, np.zeros(more)],
        labels=model.labels + ("",) * more,
        row_units=model.row_units + ("",) * more,
        owner=np.r_[model.owner, np.full(more, -1, dtype=np.int64)],
        kinds=model.kinds + ("",) * more,
        entries=np.hstack([model.entries, np.zeros((model.entries.shape[0], more))]),
    )
