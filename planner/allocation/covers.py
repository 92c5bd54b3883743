"""Cuts that exclude a choice which a solver's tolerance let pass, and only choices that truly break a limit.

Where Σ a·x ≤ hi is missed by a choice, however little, some of its units alone exceed what is left when all others take their
least: not all of these units may take what they took or more. The rows hold 0 and 1 only, so that no tolerance blurs them.
Source: cover inequalities, Balas 1975; Crowder, Johnson & Padberg 1983.
"""

from __future__ import annotations

import numpy as np

from planner.allocation.model import Model, Settled, relief
from planner.allocation.parts import ROUNDING, Clauses, stack_clauses
from planner.allocation.table import Floats, Ints


def covers(model: Model, chosen: Ints, settled: Settled) -> Clauses:
    """A row for every limit that a choice misses; where columns or borders play a part, one that excludes just this choice."""
    rows: list[Clauses] = []
    spare = relief(model)
    burden = np.maximum(model.entries, 0.0).T @ model.upper if model.price.size else np.zeros(model.hi.size)
    for r in np.flatnonzero(settled.broken > 0):
        for coef, limit in ((model.coef[r], model.hi[r] + spare[r]), (-model.coef[r], -model.lo[r] + burden[r])):
            row = _cover(model, coef, float(limit), chosen)
            if row is not None:
                rows.append(row)
    return stack_clauses(rows) if rows else this_choice(model, chosen)


def this_choice(model: Model, chosen: Ints) -> Clauses:
    """Excludes one choice."""
    n = model.size
    return Clauses(np.zeros(n, dtype=np.int64), chosen.astype(np.int64), np.ones(n), np.array([n - 1.0]))


def _cover(model: Model, coef: Floats, limit: float, chosen: Ints) -> Clauses | None:
    """The cover of Σ coef·x ≤ limit by the units that add most to it at a choice; None where their sum keeps the limit."""
    if not np.isfinite(limit):
        return None
    least = np.minimum.reduceat(np.where(model.allowed, coef, np.inf), model.start[:-1])
    more = coef[chosen] - least
    room = limit - float(least.sum())
    rounding = ROUNDING * (float(np.abs(coef[chosen]).sum()) + abs(limit) + float(np.abs(least).sum()))
    order = np.argsort(-more, kind="stable")
    reached = np.cumsum(more[order])
    beyond = np.flatnonzero(reached > room + rounding)
    if not beyond.size:
        return None
    units = order[: int(beyond[0]) + 1]
    inside = np.zeros(model.size, dtype=np.bool_)
    inside[units] = True
    options = np.flatnonzero(inside[model.unit] & (coef >= coef[chosen][model.unit]))
    return Clauses(
        np.zeros(options.size, dtype=np.int64), options.astype(np.int64), np.ones(options.size), np.array([units.size - 1.0])
    )
