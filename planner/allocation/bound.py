"""A bound that needs no solver's word: the dual of the problem, evaluated in closed form from any multipliers.

For multipliers λ on the coupling rows and p in [0, cost] on the borders, Σ_i max_k (gain − λ·A − Dᵀp) + λ·limits + helpers is
never below the best plan, whatever λ and p are. Water levels are kept inside the maximum (a forest is solved exactly).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planner.allocation.model import Model, sets_of_kinds
from planner.allocation.table import Floats, Ints
from planner.core.choice.arrays import Forest
from planner.core.choice.assignment import best_options, forest_best, forest_order


def forest(model: Model) -> Forest | None:
    """The first order group whose units have one parent each, or None where there is none."""
    for g in range(model.member.shape[0]):
        mine = model.group == g
        parent = np.full(model.size, -1, dtype=np.int64)
        parent[model.child[mine]] = model.parent[mine]
        if np.bincount(model.child[mine], minlength=1).max() <= 1:
            order, is_forest = forest_order(parent)
            if is_forest:
                return Forest(model.member[g], parent, order)
    return None


def order_possible(model: Model) -> bool:
    """Whether any choice at all keeps the order among units and what is locked."""
    order = forest(model)
    if order is None:
        return True
    return bool(forest_best(model.start, np.zeros(model.gain.size), model.allowed, order)[1].min() >= 0)


@dataclass(frozen=True, eq=False)
class Multipliers:
    """λ of the coupling rows, yuan per the row's unit, shape (S,): above 0 the upper limit presses, below 0 the lower.

    border: p per border and term, shape (Z,), with the border, term of each, both (Z,); None where there are no borders.
    pull: or Dᵀp of each option, shape (K,), where p was made elsewhere and is known to lie within its costs.
    earth: worth of earth at every unit, yuan/m³ (N,); None where nothing is carried.
    """

    rows: Floats
    border: tuple[Floats, Ints, Ints] | None = None
    pull: Floats | None = None
    earth: Floats | None = None


def clean(model: Model, rows: Floats) -> Floats:
    """Multipliers with impossible signs (pressing on a limit that is not there) set to zero."""
    rows = np.where(np.isfinite(rows), rows, 0.0)
    rows = np.where(np.isneginf(model.lo), np.maximum(rows, 0.0), rows)
    rows = np.where(np.isposinf(model.hi), np.minimum(rows, 0.0), rows)
    return np.asarray(np.where(model.border > 0, np.maximum(rows, 0.0), rows))


def reduced_values(model: Model, multipliers: Multipliers) -> Floats:
    """gain − λ·A − Dᵀp of each option, shape (K,)."""
    value = model.gain - multipliers.rows @ model.coef if multipliers.rows.size else model.gain.copy()
    if multipliers.pull is not None:
        value = value - multipliers.pull
    if multipliers.border is not None:
        value = value - option_pull(model, multipliers.border)
    return np.asarray(value)


def option_pull(model: Model, border: tuple[Floats, Ints, Ints]) -> Floats:
    """Dᵀp of each option, shape (K,), for prices of borders' terms."""
    p, edge, term = border
    terms = model.terms
    pull = np.zeros((model.size, terms.set_count))
    np.add.at(pull, (model.edges.a[edge], terms.head[term]), p)
    np.add.at(pull, (model.edges.b[edge], terms.tail[term]), -p)
    return np.asarray((pull @ sets_of_kinds(model))[model.unit, model.kind])


def limit_value(model: Model, rows: Floats) -> float:
    """λ·limits plus what helper columns can win at these multipliers."""
    presses = rows != 0
    limits = np.where(rows > 0, model.hi, model.lo)[presses]
    wins = np.maximum(-model.price - model.entries @ rows, 0.0) if model.price.size else np.empty(0)
    return math.fsum([*(rows[presses] * limits), *(wins * model.upper)[wins > 0]])


def upper_bound(model: Model, multipliers: Multipliers, order: Forest | None = None) -> float:
    """The proven bound at these multipliers (their signs cleaned), raised by what its own rounding could hide."""
    rows = clean(model, multipliers.rows)
    border = _clipped(model, rows, multipliers)
    value = reduced_values(model, Multipliers(rows, border, multipliers.pull))
    if order is None:
        best, _ = best_options(model.start, value, model.allowed)
        total = math.fsum(best.tolist())
    else:
        total = float(forest_best(model.start, value, model.allowed, order)[0])
    constant = limit_value(model, rows)
    terms = np.abs(model.gain)  # they may cancel
    for row in np.flatnonzero(rows):  # one at a time: all at once are a copy of every column, at each step of the dual
        terms += np.abs(rows[row] * model.coef[row])
    size = abs(constant) + float(np.maximum.reduceat(np.where(model.allowed, terms, 0.0), model.start[:-1]).sum())
    return total + constant + 1e-13 * size


def _clipped(model: Model, rows: Floats, multipliers: Multipliers) -> tuple[Floats, Ints, Ints] | None:
    """Border multipliers inside [0, cost]; a row that counts borders makes each of them dearer."""
    if multipliers.border is None:
        return None
    p, edge, term = multipliers.border
    dearer = model.borders_count + (float(rows @ model.border) if rows.size else 0.0)
    most = model.edges.cost[edge] * model.terms.weight[term] * max(dearer, 0.0)
    return np.clip(np.where(np.isfinite(p), p, 0.0), 0.0, most), edge, term


def least_value(model: Model) -> float:
    """Less than any plan could come to: a bound below it proves that there is none."""
    worst = float(np.minimum.reduceat(np.where(model.allowed, model.gain, np.inf), model.start[:-1]).sum())
    worst -= float((model.price * model.upper)[model.price > 0].sum()) + float(
        model.edges.cost.sum() * model.terms.pair.max(initial=0.0)
    )
    if model.carriage is not None:
        worst -= model.carriage.counts * model.carriage.hauls.most(model.start)
    return worst - 1e-6 * abs(worst)
