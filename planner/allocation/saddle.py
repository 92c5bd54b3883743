"""The saddle problem of a choice with border costs, water levels and hauls, scaled, and a step of its primal-dual iteration."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from planner.allocation.borders import no_edges
from planner.allocation.bound import clean, limit_value
from planner.allocation.carrying import Carrying
from planner.allocation.earlier import border_prices, worth_of_earth
from planner.allocation.hauls import sides
from planner.allocation.model import Model, at_worth, comparable_rows, sets_of_kinds
from planner.allocation.search import Warm
from planner.allocation.table import Floats, Ints
from planner.core.choice.arrays import Forest, Near, Waters
from planner.core.choice.assignment import best_options, forest_best
from planner.core.choice.primaldual import Masses, Point, border_pull, border_step, choice_step, water_step


def copied(point: Point) -> Point:
    """A point with arrays of its own."""
    return Point(*(v.copy() for v in point))


class Saddle:
    """The scaled saddle problem of a model and its step."""

    def __init__(self, model: Model, order: Forest | None, near: Near, water: Waters, money: float) -> None:
        self.model, self.order, self.near, self.water, self.money = model, order, near, water, money
        self.scale = np.array([2.0 * float(np.abs(r).max()) or 1.0 for r in model.coef])
        self.rows = comparable_rows(model, self.scale)
        self.lo, self.hi = model.lo / self.scale, model.hi / self.scale
        self.units = model.choices._replace(gain=model.gain / money)
        self.edges = model.edges._replace(cost=model.edges.cost * model.borders_count / money)  # prices end where it does
        self.widest = int(np.diff(model.terms.first).max(initial=0))
        degree = np.diff(near.start).astype(np.float64)
        heavy = np.maximum.reduceat(np.abs(self.rows).sum(axis=1), model.start[:-1])
        children = np.diff(water.child_start) + (water.parent >= 0)
        self.column = np.maximum(degree * _terms_per_kind(model) + heavy + children, 1.0)
        wettest = np.bincount(model.unit, weights=water.inside & model.allowed).max(initial=1.0)
        self.border_pace, self.water_pace = 1.0 / (2.0 * _options_per_set(model)), 1.0 / (2.0 * max(wettest, 1.0))
        self.row_pace = 1.0 / np.maximum(np.abs(self.rows).sum(axis=0) + self._helper_weight(), 1e-12)
        self.masses = Masses(np.empty((model.size, model.terms.set_count)), np.empty(model.size))
        self.carrying: Carrying | None = None
        self.bare = self.column, self.row_pace
        if model.carriage is not None:
            self._carry(Carrying(model.carriage, model.unit, money, self.scale))

    def _carry(self, carrying: Carrying) -> None:
        """Earth goes by these zones from now on."""
        self.carrying = carrying
        self.column = self.bare[0] + carrying.heavy
        self.row_pace = 1.0 / (1.0 / self.bare[1] + carrying.row_weight)

    def refine(self, point: Point) -> bool:
        """Goes on with twice as many zones of earth from a projected point; whether there are."""
        finer = None if self.carrying is None else self.carrying.finer(point.x, point.row)
        if finer is not None:
            self._carry(finer)
        return finer is not None

    def _helper_weight(self) -> Floats:
        if not self.model.price.size:
            return np.zeros(self.scale.size)
        entries = np.abs(self.model.entries * self.model.upper[:, None] / self.scale[None, :])
        return np.asarray(entries.sum(axis=0))

    def step(self, z: Point, anchor: Point, hat: Point, k: int, weight: float) -> float:
        """z ← Halpern's next point; hat ← the projected point. Returns the squared fixed-point residual."""
        terms, water, mass = self.model.terms, self.water, self.masses
        beta = (k + 1.0) / (k + 2.0)
        pace = 0.99 / (weight * self.column)
        points, units = (z, anchor, hat), self.units
        if self.carrying is not None:
            units = units._replace(gain=units.gain - self.carrying.slope())
        total, moves = choice_step(units, self.rows, self.near, terms, water, pace, beta, *points, mass)
        if self.carrying is not None:
            ahead = (z.x - (1.0 - beta) * anchor.x) / beta
            carried, moved = self.carrying.step(ahead, z.row, beta, weight)
            total, moves = total + carried, moves + moved
        total, moved = self._helper_step(points, beta, weight, total)
        moves += moved + border_step(self.edges, terms, mass.sets, weight * self.border_pace, beta, *points)
        if self.order is not None:
            moves += water_step(water.parent, mass.wet, weight * self.water_pace, beta, *points)
        pace = weight * self.row_pace
        v = z.row / pace + total
        hat.row[:] = pace * (v - np.clip(v, self.lo, self.hi))
        moves += float(((hat.row - z.row) ** 2 / pace).sum())
        z.row[:] = beta * (2.0 * hat.row - z.row) + (1.0 - beta) * anchor.row
        return moves

    def _helper_step(
        self, points: tuple[Point, Point, Point], beta: float, weight: float, total: Floats
    ) -> tuple[Floats, float]:
        """Helper columns, as shares of their upper ends."""
        m, (z, anchor, hat) = self.model, points
        if not m.price.size:
            return total, 0.0
        entries = m.entries * m.upper[:, None] / self.scale[None, :]
        pace = 0.99 / (weight * np.maximum(np.abs(entries).sum(axis=1), 1e-12))
        slope = m.price * m.upper / self.money + entries @ z.row
        hat.column[:] = np.clip(z.column - pace * slope, 0.0, 1.0)
        ahead = 2.0 * hat.column - z.column
        moved = float(((hat.column - z.column) ** 2 / pace).sum())
        z.column[:] = beta * ahead + (1.0 - beta) * anchor.column
        return total + ahead @ entries, moved

    def pull(self, border: Floats) -> Floats:
        """Dᵀp of each option in the model's units, (K,), for scaled border prices."""
        model = self.model
        return np.asarray(border_pull(self.near, model.terms, border, model.unit, model.kind) * self.money)

    def bound(self, rows: Floats, pull: Floats, worth: Floats | None) -> tuple[float, Floats]:
        """The closed-form bound at row prices in the model's own units, a border pull and a worth of earth, and the row prices,
        cleaned. Where earth may come and go, the dearer of both cases."""
        m = self.model
        rows = clean(m, rows)
        if m.carriage is None or worth is None:
            return self._bound(m, rows, pull), rows
        return max(self._bound(at_worth(m, w), rows, pull) for w in sides(m.carriage.hauls, worth)), rows

    def _bound(self, m: Model, rows: Floats, pull: Floats) -> float:
        value = m.gain - pull - (rows @ m.coef if rows.size else 0.0)
        if self.order is None:
            total = float(best_options(m.start, value, m.allowed)[0].sum())
        else:
            total = float(forest_best(m.start, value, m.allowed, self.order)[0])
        fixed = limit_value(m, rows)
        return total + fixed + 1e-12 * (float(np.abs(value).max()) * m.size + abs(fixed))

    def begin(self, warm: Warm | None) -> tuple[Floats, Floats | None]:
        """Scaled border prices (E, C) and a worth of earth to begin at: an earlier search's, drawn into what borders and ways
        cost now, where it fits; else none."""
        earth = worth_of_earth(self.model, warm)
        if earth is None and self.model.carriage is not None:
            earth = np.zeros(self.model.size)
        return border_prices(self.model, warm) / self.money, earth

    def rounded(self, x: Floats) -> Ints:
        """The whole choice nearest to shares x that keeps the order."""
        m = self.model
        if self.order is None:
            return np.asarray(best_options(m.start, x, m.allowed)[1])
        return np.asarray(forest_best(m.start, x, m.allowed, self.order)[1])


def without_borders(model: Model, pull: Floats | None = None) -> Model:
    """The model with borders priced (pull, (K,)) instead of counted."""
    gain = model.gain if pull is None else model.gain - pull
    return replace(model, gain=gain, edges=no_edges())


def _terms_per_kind(model: Model) -> int:
    """In how many terms of one border an option can be, on the side where it is in most."""
    within, terms = sets_of_kinds(model), model.terms
    most = 0
    for first, last in itertools.pairwise(terms.first):
        for side in (terms.head[first:last], terms.tail[first:last]):
            most = max(most, int(within[side].sum(axis=0).max(initial=0)))
    return most


def _options_per_set(model: Model) -> float:
    """The most allowed options that a unit has in one set of kinds."""
    count = np.zeros((model.size, model.terms.set_first.size - 1))
    np.add.at(count, (model.unit[model.allowed], model.kind[model.allowed]), 1.0)
    return float((count @ sets_of_kinds(model).T).max(initial=1.0))
