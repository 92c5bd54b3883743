"""Prices of the coupling rows by Newton's method on the smoothed dual: no linear program, no matrix, water levels exact.

The dual of one option per unit under S coupling rows has S unknowns, however many units there are. Softening each maximum makes
it smooth; cooling the softness step by step leads to its minimum. Only the exact, closed-form bound of what is found counts.
Source: log-sum-exp smoothing, Nesterov 2005; bounded Newton steps, Coleman & Li 1996.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import lsq_linear

from planner.allocation.bound import Multipliers, upper_bound
from planner.allocation.model import Model, comparable_rows, spreads
from planner.allocation.table import Bools, Floats
from planner.core.choice.arrays import Forest
from planner.core.choice.smoothdual import smooth_choice, smooth_forest

COOLING = 5.0  # factor between temperatures
FIRST, AGAIN = 0.3, 0.02  # first temperature, as a share of what options lie apart: from nothing, from earlier prices
LENGTHS = tuple(0.4**i for i in range(20))  # of a Newton step, the full one first
TIGHT = 1e-3  # share of the temperature, per root of the units, that a Newton step must still promise
STEPS = 25  # most Newton steps at one temperature
ACCURACY = 1e-9  # finest relative improvement of the bound for which cooling further is worth it


@dataclass(frozen=True, eq=False)
class Dual:
    """Multipliers, the exact bound they prove, how many times the dual was evaluated."""

    multipliers: Multipliers
    bound: float
    evaluations: int


@dataclass(eq=False)
class _Smooth:
    """The smoothed dual of a model in scaled prices (price = step·unit price of each row)."""

    model: Model
    order: Forest | None
    rows: Floats
    scale: Floats
    evaluations: int = 0

    def at(self, price: Floats, temperature: float, *, curved: bool) -> tuple[float, Floats, Floats]:
        """Value, gradient (S,) and Hessian (S, S; zeros where not curved) at scaled prices."""
        self.evaluations += 1
        model, order = self.model, self.order
        if order is None:
            value, activity, upper = smooth_choice(model.choices, self.rows, price, temperature, curved)
        else:
            value, activity, upper = smooth_forest(model.choices, order, self.rows, price, temperature, curved)
        hessian = upper + np.triu(upper, 1).T
        limits = np.where(price > 0, model.hi, np.where(price < 0, model.lo, 0.0)) / self.scale
        used = price != 0
        value += float(price[used] @ limits[used])
        gradient = np.where(used, limits, 0.0) - activity
        if model.price.size:
            value, gradient, hessian = self._helpers(price, temperature, value, gradient, hessian)
        return value, gradient, hessian

    def _helpers(
        self, price: Floats, temperature: float, value: float, gradient: Floats, hessian: Floats
    ) -> tuple[float, Floats, Floats]:
        """Adds max(0, win)·upper of each helper column, softened over a few units' worth of it."""
        entries = self.model.entries / self.scale[None, :]
        for column, cost, most in zip(entries, self.model.price, self.model.upper, strict=True):
            if most <= 0:
                continue
            soft = 20.0 * temperature / most
            win = (-cost - float(column @ price)) / soft
            share = 1.0 / (1.0 + np.exp(-np.clip(win, -500, 500)))
            value += most * soft * float(np.logaddexp(0.0, win))
            gradient = gradient - most * share * column
            hessian = hessian + most * share * (1.0 - share) / soft * np.outer(column, column)
        return value, gradient, hessian


def minimise(
    model: Model,
    order: Forest | None,
    *,
    start: Floats | None = None,
    accuracy: float = ACCURACY,
    warmth: float | None = None,
    least: float = -np.inf,
    patient: bool = False,
    hidden: float = 0.0,
    go_on: Callable[[], bool] = lambda: True,
) -> Dual:
    """Prices of the coupling rows that nearly minimise the proven bound.

    start: earlier prices (S,), for a warm start. accuracy: relative, of the bound. warmth: first temperature, as a share of
    what options lie apart; the colder, the nearer to `start` the answer is looked for. least: a bound below it is enough, as
    there is no such plan. patient: go on until the bound stands still, not only until it is no better than the best one: from
    good prices of other limits the first steps lead up, and a limit that had no price gets none. hidden: yuan, in temperatures
    for every unit, that a step need not promise: of what softening hides, which colder steps find out sooner.
    """
    s = model.coef.shape[0]
    if s == 0:
        none = Multipliers(np.empty(0))
        return Dual(none, upper_bound(model, none, order), 1)
    scale = np.array([float(np.abs(row).mean()) or 1.0 for row in model.coef])
    smooth = _Smooth(model, order, comparable_rows(model, scale), scale)
    price = np.zeros(s) if start is None else start * scale
    spread = _typical_spread(model)
    temperature = spread * ((FIRST if start is None else AGAIN) if warmth is None else warmth)
    best = (upper_bound(model, Multipliers(price / scale), order), price)
    idle, last = 0, best[0]
    while temperature > 1e-9 * spread and idle < 2 and best[0] >= least and go_on():
        enough = max(0.01 * max(accuracy, ACCURACY) * abs(best[0]), hidden * temperature * model.size)
        price = _newton(smooth, price, temperature, (enough, least), go_on)
        bound = upper_bound(model, Multipliers(price / scale), order)
        headway = abs(last - bound) if patient else best[0] - bound
        if bound < best[0]:
            best = (bound, price)
        cold = temperature < 3e-3 * spread
        idle = idle + 1 if cold and headway < max(accuracy, ACCURACY) * abs(bound) else 0
        last = bound
        temperature /= COOLING
    return Dual(Multipliers(best[1] / scale), best[0], smooth.evaluations)


def _typical_spread(model: Model) -> float:
    """How far a unit's allowed options lie apart in gain, on average."""
    return max(float(np.mean(spreads(model))), 1e-9 * float(np.abs(model.gain).max(initial=1e-9)), 1e-12)


def _newton(
    smooth: _Smooth, price: Floats, temperature: float, enough: tuple[float, float], go_on: Callable[[], bool]
) -> Floats:
    """Projected Newton steps at one temperature: a price never crosses zero within a step, and stays there if that is best.

    enough: what a step must promise at least, and the value below which none is needed: the bound is never above it.
    """
    model, (negligible, least) = smooth.model, enough
    negligible = max(TIGHT * temperature * max(np.sqrt(model.size), 1.0), negligible)
    value, gradient, hessian = smooth.at(price, temperature, curved=True)
    for _ in range(STEPS):
        free, gradient = _free_rows(model, price, gradient, smooth.scale)
        if not free.any() or value < least or not go_on():
            break
        step = _direction(model, price, gradient, hessian, free, 1e-6 * model.size / temperature)
        promise = -float(gradient @ step)
        if promise < negligible:
            break
        for length in LENGTHS:
            trial = _without_crossing(model, price, price + length * step)
            new = smooth.at(trial, temperature, curved=length == 1.0)
            if np.isfinite(new[0]) and new[0] <= value + 1e-4 * float(gradient @ (trial - price)):
                break
        else:
            break
        price = trial
        value, gradient, hessian = new if length == 1.0 else smooth.at(price, temperature, curved=True)
    return price


def _free_rows(model: Model, price: Floats, gradient: Floats, scale: Floats) -> tuple[Bools, Floats]:
    """Rows whose price may move downhill, and the gradient with the one-sided slopes at zero filled in."""
    gradient = gradient.copy()
    free = np.ones(price.size, dtype=np.bool_)
    for r in np.flatnonzero(price == 0):
        upward = model.hi[r] / scale[r] + gradient[r]
        downward = model.lo[r] / scale[r] + gradient[r]
        if model.border[r] > 0:
            downward = -np.inf
        if upward < 0:
            gradient[r] = upward
        elif downward > 0:
            gradient[r] = downward
        else:
            gradient[r] = 0.0
            free[r] = False
    return free, gradient


def _direction(model: Model, price: Floats, gradient: Floats, hessian: Floats, free: Bools, flat: float) -> Floats:
    """The step to the least of the quadratic model with no free price beyond zero: a small bounded least-squares problem.

    flat: the curvature taken where there is none left.
    """
    step = np.zeros(price.size)
    rows = np.flatnonzero(free)
    root = np.sqrt(np.maximum(np.diag(hessian)[rows], flat))
    scaled = hessian[np.ix_(rows, rows)] / root[:, None] / root[None, :]
    np.fill_diagonal(scaled, 1.0 + 1e-9)
    slope = gradient[rows] / root
    here, way = price[rows] * root, gradient[rows]
    either = model.lo[rows] == model.hi[rows]
    low = np.where(either | (here < 0) | ((here == 0) & (way > 0)), -np.inf, -here)
    high = np.where(either | (here > 0) | ((here == 0) & (way < 0)), np.inf, -here)
    values, vectors = np.linalg.eigh(scaled)
    values = np.maximum(values, 1e-10)
    half = vectors.T * np.sqrt(values)[:, None]
    target = -(vectors.T @ slope) / np.sqrt(values)
    straight = np.linalg.lstsq(half, target, rcond=None)[0]
    if ((straight < low) | (straight > high)).any():
        straight = lsq_linear(half, target, bounds=(low, high), method="bvls", tol=1e-12).x
    step[rows] = straight / root
    return step


def _without_crossing(model: Model, old: Floats, new: Floats) -> Floats:
    """Prices kept to the side of zero they are on; a row with one limit keeps its sign, a row at rest may start either way."""
    crossed = ((old > 0) & (new < 0)) | ((old < 0) & (new > 0))
    equal = model.lo == model.hi
    new = np.where(crossed & ~equal, 0.0, new)
    new = np.where(np.isneginf(model.lo), np.maximum(new, 0.0), new)
    return np.asarray(np.where(np.isposinf(model.hi), np.minimum(new, 0.0), new))
