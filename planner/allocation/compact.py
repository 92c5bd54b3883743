"""Large problems with border costs: a matrix-free primal-dual method for the prices of rows, borders and water.

Halpern's iteration with reflection and restarts on the saddle of the relaxation; every bound reported is the closed-form dual
at the prices reached, with the row prices re-optimised by Newton. The nearly whole choice is rounded, repaired and improved by
moves, and a core program over the least decided units closes what is left.
Source: PDHG, Chambolle & Pock 2011; restarts, Applegate et al. 2021; reflected Halpern, Lu & Yang 2024.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from planner.allocation.borders import no_edges
from planner.allocation.bound import Multipliers, clean, forest, limit_value
from planner.allocation.core_search import close_gap
from planner.allocation.dual import minimise
from planner.allocation.exact import relax
from planner.allocation.highs import Solved
from planner.allocation.model import Model, sets_of_kinds, settle
from planner.allocation.neighbours import neighbours, waters
from planner.allocation.polishing import polisher
from planner.allocation.program import program
from planner.allocation.search import Best, Found, Outcome, Settings
from planner.allocation.table import Floats, Ints
from planner.core.choice.arrays import Forest, Near, Waters
from planner.core.choice.assignment import best_options, forest_best
from planner.core.choice.primaldual import Masses, Point, border_pull, border_step, choice_step, water_step

CHECK = 40  # steps between looks at the bound
PLAN_EVERY = 3  # looks between attempts at a plan
PATIENT_LOOKS = 6  # looks without a plan after which the limits themselves are doubted
MOST_STEPS = 20_000


def copied(point: Point) -> Point:
    """A point with arrays of its own."""
    return Point(*(v.copy() for v in point))


class Saddle:
    """The scaled saddle problem of a model and its step."""

    def __init__(self, model: Model, order: Forest | None, near: Near, water: Waters, money: float) -> None:
        self.model, self.order, self.near, self.water, self.money = model, order, near, water, money
        self.scale = np.array([2.0 * float(np.abs(r).max()) or 1.0 for r in model.coef])
        self.rows = np.ascontiguousarray((model.coef / self.scale[:, None]).T)
        self.lo, self.hi = model.lo / self.scale, model.hi / self.scale
        self.units = model.choices._replace(gain=model.gain / money)
        self.edges = model.edges._replace(cost=model.edges.cost / money)
        self.widest = int(np.diff(model.terms.first).max(initial=0))
        degree = np.diff(near.start).astype(np.float64)
        heavy = np.maximum.reduceat(np.abs(self.rows).sum(axis=1), model.start[:-1])
        children = np.diff(water.child_start) + (water.parent >= 0)
        self.column = np.maximum(degree * _terms_per_kind(model) + heavy + children, 1.0)
        wettest = np.bincount(model.unit, weights=water.inside & model.allowed).max(initial=1.0)
        self.border_pace, self.water_pace = 1.0 / (2.0 * _options_per_set(model)), 1.0 / (2.0 * max(wettest, 1.0))
        self.row_pace = 1.0 / np.maximum(np.abs(self.rows).sum(axis=0) + self._helper_weight(), 1e-12)
        self.masses = Masses(np.empty((model.size, model.terms.set_count)), np.empty(model.size))

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
        points = (z, anchor, hat)
        total, moves = choice_step(self.units, self.rows, self.near, terms, water, pace, beta, *points, mass)
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

    def bound(self, rows: Floats, pull: Floats) -> tuple[float, Floats]:
        """The closed-form bound at row prices in the model's own units and a border pull, and the row prices, cleaned."""
        m = self.model
        rows = clean(m, rows)
        value = m.gain - pull - (rows @ m.coef if rows.size else 0.0)
        if self.order is None:
            total = float(best_options(m.start, value, m.allowed)[0].sum())
        else:
            total = float(forest_best(m.start, value, m.allowed, self.order)[0])
        fixed = limit_value(m, rows)
        return total + fixed + 1e-12 * (float(np.abs(value).max()) * m.size + abs(fixed)), rows

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


def solve_compact(model: Model, settings: Settings, start: Ints | None, prices: Floats | None) -> Found | None:
    """A plan with borders and its bound; None where no plan was found (then the exact method must speak)."""
    order = forest(model)
    near = neighbours(model)
    water = waters(model, order)
    first = minimise(without_borders(model), order, start=prices, accuracy=1e-6, go_on=lambda: settings.seconds_left > 0)
    money = _typical_gain(model)
    saddle = Saddle(model, order, near, water, money)
    search = _Search(saddle, settings, first.multipliers.rows, start)
    search.run()
    if search.impossible:
        return Found(Outcome.INFEASIBLE, None, -np.inf, first.multipliers, "relaxation", relaxation_empty=True)
    return search.finish()


def _typical_gain(model: Model) -> float:
    """Half of what separates a unit's best from its median option, on average: the scale of the money that decides."""
    high = np.maximum.reduceat(np.where(model.allowed, model.gain, -np.inf), model.start[:-1])
    total = np.add.reduceat(np.where(model.allowed, model.gain, 0.0), model.start[:-1])
    mean = total / np.add.reduceat(model.allowed.astype(np.float64), model.start[:-1])
    return max(float((high - mean).mean()), 1e-9)


class _Search:
    """The iteration with its restarts, its best bound and its best plan."""

    def __init__(self, saddle: Saddle, settings: Settings, rows: Floats, start: Ints | None) -> None:
        self.saddle, self.settings = saddle, settings
        m = saddle.model
        self.fine = max(0.02 * settings.gap, 1e-8)
        self.polish = polisher(m, saddle.near, saddle.water, (saddle.rows, saddle.scale))
        self.bound, self.rows = saddle.bound(rows, np.zeros(m.gain.size))
        self.pull = np.zeros(m.gain.size)
        self.best = Best()
        self.interrupted = self.impossible = self.examined = False
        if start is not None and (settled := settle(m, start)).feasible:
            self.best = Best(settled.objective, start)
        value = m.gain - (self.rows @ m.coef if self.rows.size else 0.0)
        chosen = start if start is not None else saddle.rounded(value)
        self.x = np.zeros(m.gain.size)
        self.x[chosen] = 1.0
        self.try_plan(self.x)

    @property
    def gap(self) -> float:
        return abs(self.bound - self.best.value) / max(abs(self.best.value), 1e-9) if np.isfinite(self.best.value) else np.inf

    def run(self) -> None:
        """Iterates until the gap, the time, or the steps run out; Ctrl-C ends it with what there is."""
        saddle, m = self.saddle, self.saddle.model
        z = Point(
            self.x.copy(),
            self.rows * saddle.scale / saddle.money,
            np.zeros((m.edges.cost.size, saddle.widest)),
            np.zeros(m.size),
            np.zeros(m.price.size),
        )
        anchor, hat = copied(z), copied(z)
        weight = self.weight = max(float(np.median(saddle.edges.cost)), 1e-6)
        k, since, first_residual, last = 0, 0, 0.0, np.inf
        try:
            while k < MOST_STEPS and self.gap > self.settings.gap and self.settings.seconds_left > 0:
                residual = saddle.step(z, anchor, hat, since, weight)
                first_residual = residual if since == 0 else first_residual
                k, since = k + 1, since + 1
                if k % CHECK:
                    continue
                self.look(hat, k)
                if self._hopeless(k):
                    self.impossible = True
                    return
                fallen = residual <= 0.04 * first_residual
                stuck = residual <= 0.64 * first_residual and residual > last
                if fallen or stuck or since >= 0.36 * k:
                    weight = _balanced(weight, hat, anchor, saddle)
                    z, anchor = copied(hat), copied(hat)
                    since, last = 0, np.inf
                else:
                    last = residual
        except KeyboardInterrupt:
            self.interrupted = True

    def look(self, hat: Point, k: int) -> None:
        """Bound at the projected prices; now and then Newton on the row prices and a plan from the projected shares."""
        saddle = self.saddle
        pull = saddle.pull(hat.border)
        self.offer(hat.row * saddle.money / saddle.scale, pull)
        if (k // CHECK) % PLAN_EVERY:
            return
        if self.rows.size:
            priced = without_borders(saddle.model, pull)
            rows = minimise(
                priced, saddle.order, start=hat.row * saddle.money / saddle.scale, accuracy=self.fine
            ).multipliers.rows
            self.offer(rows, pull)
            hat.row[:] = self.rows * saddle.scale / saddle.money
        self.try_plan(hat.x)
        if self.settings.progress is not None:
            self.settings.progress(self.bound, self.best.value, self.gap)

    def _hopeless(self, k: int) -> bool:
        """Whether the limits alone cannot hold: asked once, of the relaxation without borders, when no plan has turned up."""
        if self.examined or self.best.chosen is not None or (k // CHECK) < PATIENT_LOOKS:
            return False
        self.examined = True
        free = without_borders(self.saddle.model)
        return relax(free, program(free), self.settings)[0].status is Solved.INFEASIBLE

    def offer(self, rows: Floats, pull: Floats) -> None:
        bound, rows = self.saddle.bound(rows, pull)
        if bound < self.bound:
            self.bound, self.rows, self.pull = bound, rows, pull

    def try_plan(self, x: Floats) -> None:
        chosen = self.polish(self.saddle.rounded(x), self.rows)
        self.nearest = chosen
        settled = settle(self.saddle.model, chosen)
        if settled.feasible and settled.objective > self.best.value:
            self.best = Best(settled.objective, chosen)

    def finish(self) -> Found | None:
        """What was found, after a core program where the gap is not met yet."""
        m = self.saddle.model
        multipliers = Multipliers(self.rows, pull=self.pull)
        method = "primal-dual + polish"
        if self.gap <= self.settings.gap or self.interrupted or self.settings.seconds_left <= 0:
            if self.best.chosen is None:
                return None
            return Found(Outcome.FOUND, self.best.chosen, self.bound, multipliers, method, self.interrupted)
        base = self.best.chosen if self.best.chosen is not None else self.nearest
        return close_gap(
            m,
            self.settings,
            self.saddle.order,
            multipliers,
            bound=self.bound,
            best=self.best,
            method=f"{method} + core",
            base=base,
        )


def _balanced(weight: float, hat: Point, anchor: Point, saddle: Saddle) -> float:
    """The primal weight, moved towards the ratio of how far prices and shares travelled since the anchor."""
    dx = float(np.sqrt((((hat.x - anchor.x) ** 2) * saddle.column[saddle.model.unit]).sum()))
    dy = float(
        np.sqrt(
            ((hat.border - anchor.border) ** 2).sum() / saddle.border_pace
            + ((hat.water - anchor.water) ** 2).sum() / saddle.water_pace
            + ((hat.row - anchor.row) ** 2 / saddle.row_pace).sum()
        )
    )
    if dx <= 1e-12 or dy <= 1e-12:
        return weight
    return float(np.exp(0.5 * np.log(dy / dx) + 0.5 * np.log(weight)))
