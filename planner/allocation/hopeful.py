"""What can be part of a better plan: where sizes lie far apart, most options and quantities are ruled out by a few large ones.

Every unit's best option, limits and borders left aside, is a bound; what a plan loses against it adds up, and cannot be more
than is still to be won. What that leaves of bought earth rules out options that would need more of it.
Source: reduced-cost fixing; bounds tightened by rows, Savelsbergh 1994.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from planner.allocation.model import Model
from planner.allocation.table import Bools, Floats

ROOM = 1.0 + 1e-9  # what room is widened by, so that no rounding closes a plan
ROUNDING = 1e-12  # of its terms, by which a sum may be off here


def hopeful(model: Model, value: float) -> tuple[Model, float]:
    """The model without options that no plan better than `value` has, and what such a plan can lose at most."""
    best = np.maximum.reduceat(np.where(model.allowed, model.gain, -np.inf), model.start[:-1])
    won = np.where(model.price < 0, np.maximum(-model.price, 0.0) * model.upper, 0.0)
    total = math.fsum([*best, *won])
    hope = max(total - value, 0.0) + ROUNDING * (abs(total) + abs(value)) + 1e-15 * float(np.abs(best).sum())
    if not np.isfinite(hope):
        return model, np.inf
    narrow = replace(model, allowed=model.allowed & (best[model.unit] - model.gain <= hope))
    return replace(narrow, allowed=narrow.allowed & _fitting(narrow, most_of_columns(narrow, hope))), hope


def most_of_columns(model: Model, hope: float = np.inf) -> Floats:
    """The most of each auxiliary column (C,) that the rows, and the hope, leave room for."""
    most = model.upper.copy()
    paid = (model.price > 0) & (np.abs(model.price) * most > hope)
    most[paid] = hope / model.price[paid] * ROOM
    others = most.copy()  # as wide as they are: rows that tighten each other in turn leave rooms of mere rounding
    for r in np.flatnonzero((model.entries != 0).any(axis=0)):
        for sign, limit in ((1.0, model.hi[r]), (-1.0, -model.lo[r])):
            up = sign * model.entries[:, r] > 0
            room = _room(model, int(r), sign, limit, others)[0] if up.any() else np.inf
            if np.isfinite(room):
                most[up] = np.minimum(most[up], max(room, 0.0) / (sign * model.entries[up, r]) * ROOM)
    return most


def _fitting(model: Model, most: Floats) -> Bools:
    """The options (K,) that the rows leave room for, whatever all others do."""
    fits = np.ones(model.gain.size, dtype=np.bool_)
    for r in range(model.hi.size):
        for sign, limit in ((1.0, model.hi[r]), (-1.0, -model.lo[r])):
            room, least = _room(model, r, sign, limit, most)
            if np.isfinite(room):
                fits &= sign * model.coef[r] - least[model.unit] <= max(room, 0.0)
    return fits


def _room(model: Model, row: int, sign: float, limit: float, most: Floats) -> tuple[float, Floats]:
    """What sign·(a row) leaves of its limit where every unit and every column takes the least of it, and each unit's least."""
    own = np.where(model.allowed, sign * model.coef[row], np.inf)
    least = np.minimum.reduceat(own, model.start[:-1])
    if not np.isfinite(limit) or model.carriage is not None:
        return np.inf, least
    entry = sign * model.entries[:, row]
    beside = np.where(entry < 0, entry * most, 0.0) if entry.size else np.zeros(0)
    size = float(np.abs(least).sum() + np.abs(beside).sum() + abs(limit))
    return limit - float(least.sum() + beside.sum()) + ROUNDING * size, least
