"""From a nearly whole choice to a plan: best at prices, then back inside every limit, then better within them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.allocation.model import Model
from planner.allocation.table import Floats, Ints
from planner.core.choice.arrays import Near, Waters
from planner.core.choice.polish import apply_moves, best_moves, settle_at_prices

SWEEPS = 6  # most passes of single-unit moves at prices
REPAIRS = 40  # most rounds of moves against broken limits
ROUNDS = 12  # most rounds of winning moves within the limits


@dataclass(frozen=True, eq=False)
class Polisher:
    """A model ready for moves: rows (K, S) and limits in comparable units, with the room that helper columns give."""

    model: Model
    near: Near
    water: Waters
    rows: Floats
    scale: Floats
    lo: Floats
    hi: Floats

    def __call__(self, chosen: Ints, prices: Floats) -> Ints:
        """A plan near `chosen` (N,): broken limits are repaired where single moves can. prices: λ, (S,)."""
        model, near, water = self.model, self.near, self.water
        chosen = chosen.copy()
        value = model.gain - (prices @ model.coef if prices.size else 0.0)
        settle_at_prices(model.choices, value, water, near, model.terms.pair, chosen, SWEEPS)
        activity = self.rows[chosen].sum(axis=0)
        for _ in range(REPAIRS):
            miss = np.maximum(self.lo - activity, 0.0) - np.maximum(activity - self.hi, 0.0)
            if not miss.any() or not self._round(chosen, activity, value, miss):
                break
        for _ in range(ROUNDS):
            if not self._round(chosen, activity, value, np.zeros(prices.size)):
                break
        return chosen

    def _round(self, chosen: Ints, activity: Floats, value: Floats, push: Floats) -> int:
        """One round of moves, best first; repairing where `push` says which way rows must go."""
        units, borders = self.model.choices, (self.water, self.near, self.model.terms.pair)
        score, option = best_moves(units, value, self.rows, np.sign(push), *borders, chosen)
        order = np.flatnonzero(np.isfinite(score))
        order = order[np.argsort(-score[order], kind="stable")]
        limits, repairing = (self.lo, self.hi), bool(push.any())
        return int(apply_moves((order, option), units, self.rows, limits, *borders, repairing, chosen, activity))


def polisher(model: Model, near: Near, water: Waters, scaled: tuple[Floats, Floats] | None = None) -> Polisher:
    """A polisher for a model, limits drawn in by the rounding of their sums. scaled: rows (K, S) and scales made before."""
    if scaled is None:
        scale = np.array([float(np.abs(r).max()) or 1.0 for r in model.coef])
        rows = np.ascontiguousarray((model.coef / scale[:, None]).T)
    else:
        rows, scale = scaled
    room = np.maximum(-model.entries, 0.0).T @ model.upper if model.price.size else np.zeros(model.coef.shape[0])
    size = np.array([float(np.abs(r).sum()) for r in model.coef])
    margin = 1e-13 * size
    return Polisher(
        model,
        near,
        water,
        rows,
        scale,
        (model.lo + margin) / scale,
        (model.hi + room - margin) / scale,
    )
