"""From a nearly whole choice to a plan: best at prices, then back inside every limit, then better within them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from planner.allocation.bound import limit_value
from planner.allocation.model import Model, border_cost, comparable_rows, relief, row_sizes
from planner.allocation.table import Floats, Ints
from planner.core.choice.arrays import Near, Waters
from planner.core.choice.patches import settle_patches
from planner.core.choice.polish import apply_moves, best_moves, border_wins, settle_at_prices, touched

SWEEPS = 6  # most passes of single-unit moves at prices
REPAIRS = 160  # most rounds of moves against broken limits
BATCH = 32  # most moves of such a round where borders cost: made all at once they would tear holes into zones
CYCLES = 4  # most times that a plan is taken back to the prices and into the limits again
LARGEST_PATCH = 60  # most units of a patch that moves as one
WAYS = 12  # ways that rows must go whose scores are remembered
ROUNDS = 12  # most rounds of winning moves within the limits


@dataclass(frozen=True, eq=False)
class Polisher:
    """A model ready for moves: rows (K, S) and limits in comparable units, with the room that helper columns give; go_on: asked
    before every round of them."""

    model: Model
    near: Near
    water: Waters
    rows: Floats
    scale: Floats
    lo: Floats
    hi: Floats
    go_on: Callable[[], bool]

    def __call__(self, chosen: Ints, prices: Floats) -> Ints:
        """A plan near `chosen` (N,): broken limits are repaired where single moves can. prices: λ, (S,)."""
        model = self.model
        chosen = chosen.copy()
        value = self._value(prices)
        best, kept = -np.inf, chosen
        for _ in range(CYCLES if model.edges.cost.size else 1):
            kind = model.kind[chosen]
            feasible = self._polished(chosen, value)
            worth = float(model.gain[chosen].sum()) - border_cost(model, chosen) - (0.0 if feasible else np.inf)
            if worth > best or best == -np.inf:
                best, kept = worth, chosen.copy()
            if (model.kind[chosen] == kind).all() or not self.go_on():
                break
        return kept

    def mended(self, chosen: Ints, prices: Floats) -> Ints:
        """The choice with broken limits repaired as far as single moves can, then better within them."""
        chosen = chosen.copy()
        self._inside(chosen, self._value(prices))
        return chosen

    def with_room(self, room: Floats) -> Polisher:
        """The same moves with so much more kept free below the upper limits, (S,)."""
        return replace(self, model=replace(self.model, hi=self.model.hi - room), hi=self.hi - room / self.scale)

    def at_prices(self, chosen: Ints, prices: Floats) -> Ints:
        """The choice after the moves that win where limits are only priced: no plan that single moves and patches lead to from
        there is worth more than it is (`worth`)."""
        chosen = chosen.copy()
        self._settle(chosen, self._value(prices))
        return chosen

    def worth(self, chosen: Ints, prices: Floats) -> float:
        """What a choice comes to with what it misses of limits, or leaves unused of them, at its price."""
        model, at_limits = self.model, limit_value(self.model, prices)
        dear = model.borders_count + (float(prices @ model.border) if prices.size else 0.0)
        return float(self._value(prices)[chosen].sum()) - dear * border_cost(model, chosen) + at_limits

    def _value(self, prices: Floats) -> Floats:
        return np.asarray(self.model.gain - (prices @ self.model.coef if prices.size else 0.0))

    def _polished(self, chosen: Ints, value: Floats) -> bool:
        """Best at prices, then back inside the limits, then better within them; whether it came back inside."""
        self._settle(chosen, value)
        return self._inside(chosen, value)

    def _settle(self, chosen: Ints, value: Floats) -> None:
        """Best at prices, units alone and whole patches."""
        settle_at_prices(self.model.choices, value, self.water, self.near, self.model.terms.pair, chosen, SWEEPS)
        if self.model.edges.cost.size:
            self._patches(chosen, value)

    def _inside(self, chosen: Ints, value: Floats) -> bool:
        """Back inside the limits, then better within them; whether it came back inside."""
        activity = self.rows[chosen].sum(axis=0)
        miss = self._miss(activity)
        scores = _Scores(self, chosen, value)
        for _ in range(REPAIRS):
            if not miss.any() or not self.go_on() or not self._round(chosen, activity, scores, miss):
                break
            miss = self._miss(activity)
        for _ in range(ROUNDS):
            if not self.go_on() or not self._round(chosen, activity, scores, np.zeros(self.lo.size)):
                break
        return not miss.any()

    def _miss(self, activity: Floats) -> Floats:
        return np.asarray(np.maximum(self.lo - activity, 0.0) - np.maximum(activity - self.hi, 0.0))

    def _patches(self, chosen: Ints, value: Floats) -> None:
        """Whole patches go where they are worth more at prices, the units around them with them."""
        near, water, pair = self.near, self.water, self.model.terms.pair
        for _ in range(SWEEPS):
            if not self.go_on() or not settle_patches(self.model.choices, value, water, near, pair, chosen, LARGEST_PATCH):
                break
            settle_at_prices(self.model.choices, value, water, near, pair, chosen, 1)

    def _round(self, chosen: Ints, activity: Floats, scores: _Scores, push: Floats) -> int:
        """One round of moves, best first; repairing where `push` says which way rows must go."""
        units, borders = self.model.choices, (self.water, self.near, self.model.terms.pair)
        limits, repairing = (self.lo, self.hi), bool(push.any())
        scored = scores.now(push)
        batch = BATCH if repairing and self.model.edges.cost.size else chosen.size

        def made(order: Ints) -> int:
            moves = (order, scored.option)
            return int(apply_moves(moves, units, self.rows, limits, *borders, repairing, batch, chosen, activity))

        order = scored.best(batch)
        # the edges of zones first, then what has become an edge by that; the rest where none of them helps
        return made(order) or (made(scored.best(chosen.size)[batch:]) if order.size < scored.count else 0)


@dataclass(frozen=True, eq=False)
class _Scored:
    """Score (N,), -inf where there is none, and option (N,) of every unit's best move, beside the choice as it was `seen`."""

    score: Floats
    option: Ints
    seen: Ints

    @property
    def count(self) -> int:
        """How many units have a move."""
        return int(np.isfinite(self.score).sum())

    def best(self, most: int) -> Ints:
        """The units with the best moves, best first and of equal ones the first first: so many at most."""
        there = np.flatnonzero(np.isfinite(self.score))
        if there.size > 4 * most:  # what is no better than the last of them need not be sorted
            least = -np.partition(-self.score[there], most - 1)[most - 1]
            there = there[self.score[there] >= least]
        return np.asarray(there[np.argsort(-self.score[there], kind="stable")][:most])


class _Scores:
    """The best moves as a choice goes on changing, by the way that rows must go: what moves touch is looked at again."""

    def __init__(self, polisher: Polisher, chosen: Ints, value: Floats) -> None:
        self.polisher, self.chosen, self.value = polisher, chosen, value
        self.known: dict[bytes, _Scored] = {}
        self.border, self.seen = np.empty(value.size), np.full_like(chosen, -1)

    def now(self, push: Floats) -> _Scored:
        """The scores for the choice as it is, where rows must go as the signs of push (S,) say."""
        p, way = self.polisher, np.sign(push)
        key = way.tobytes()
        border_wins(p.model.choices, p.water, p.near, p.model.terms.pair, self.chosen, self._changed(self.seen), self.border)
        self.seen[:] = self.chosen
        if key not in self.known:
            if len(self.known) == WAYS:
                del self.known[next(iter(self.known))]
            n = self.chosen.size
            self.known[key] = _Scored(np.empty(n), np.empty(n, dtype=np.int64), np.full_like(self.chosen, -1))
        scored = self.known[key]
        look = self._changed(scored.seen)
        best_moves(p.model.choices, self.value, p.rows, way, self.border, self.chosen, look, scored.score, scored.option)
        scored.seen[:] = self.chosen
        return scored

    def _changed(self, seen: Ints) -> Ints:
        """The units whose moves are not what they were beside an earlier choice."""
        p = self.polisher
        return np.asarray(touched(np.flatnonzero(self.chosen != seen), p.near, p.water))


def polisher(
    model: Model,
    near: Near,
    water: Waters,
    scaled: tuple[Floats, Floats] | None = None,
    *,
    go_on: Callable[[], bool] = lambda: True,
) -> Polisher:
    """A polisher for a model, limits drawn in by the rounding of their sums. scaled: rows (K, S) and scales made before.

    go_on: whether there is time for one more round of moves.
    """
    if scaled is None:
        scale = row_sizes(model)
        rows = comparable_rows(model, scale)
    else:
        rows, scale = scaled
    size = np.array([float(np.abs(r).sum()) for r in model.coef])
    margin = 1e-13 * size
    return Polisher(
        model,
        near,
        water,
        rows,
        scale,
        (model.lo + margin) / scale,
        (model.hi + relief(model) - margin) / scale,
        go_on,
    )
