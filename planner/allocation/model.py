"""A problem as plain arrays: one choice per unit, coupling rows, helper columns, order among units, borders, clauses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import linprog

from planner.allocation.borders import merged
from planner.allocation.hauls import Carriage, merged_hauls
from planner.allocation.objective import Objective
from planner.allocation.parts import ROUNDING, TURNED, Clauses, Hidden, Part, Separator, Sum, empty_clauses, stack_clauses
from planner.allocation.sums import decimal_sum, written
from planner.allocation.table import Bools, Floats, Ints, OptionTable
from planner.core.choice.arrays import Edges, Options, Terms
from planner.core.choice.assignment import best_options
from planner.core.choice.sums import exact_sum, taken_sums
from planner.words import Message

REFINEMENTS = 6  # most times that a transport is refined
OPEN = 1e-6  # of a row's size, by which rows of a transport may stay open before closing them comes before what that costs


@dataclass(frozen=True, eq=False)
class Model:
    """maximise Σ gain·x − price·y − Σ borders  subject to  lo ≤ A x + B y + border·(border cost) ≤ hi.

    start (N + 1,), unit, target, gain, allowed (K,): the options. coef (S, K), lo, hi, border (S,), labels, units and owner
    (rule's position) of the coupling rows. entries (C, S), price, upper (C,): helper columns; allows (C,): the limits that a
    user states of them, told in the rows that they feed, NaN for none (`Column.allows`). child, parent, group (P,) and
    member (G, K): order rows. kind (K,), edges and terms: borders and what unlike kinds side by side cost; borders_count: 1
    where the objective counts them, 0 where only rows do. clauses: sparse rows. separators, cuts: rules
    whose rows are found as they are broken, and the rows known beforehand. hidden: variables of branch and bound alone.
    carriage: what earth carried from unit to unit costs, None where nothing is carried.
    """

    start: Ints
    unit: Ints
    target: Ints
    gain: Floats
    allowed: Bools
    coef: Floats
    lo: Floats
    hi: Floats
    border: Floats
    labels: tuple[Message | str, ...]
    row_units: tuple[str, ...]
    owner: Ints
    kinds: tuple[str, ...]
    entries: Floats
    price: Floats
    upper: Floats
    child: Ints
    parent: Ints
    group: Ints
    member: Bools
    kind: Ints
    edges: Edges
    terms: Terms
    borders_count: float
    clauses: Clauses
    separators: tuple[Separator, ...] = ()
    cuts: Clauses = field(default_factory=empty_clauses)
    hidden: tuple[Hidden, ...] = ()
    carriage: Carriage | None = None
    allows: Floats = field(default_factory=lambda: np.empty(0))

    @property
    def choices(self) -> Options:
        """The options for the compiled passes."""
        return Options(self.start, self.gain, self.allowed, self.kind)

    @property
    def told(self) -> Floats:
        """The sign with which each row's sum is told, (S,)."""
        return np.array([-1.0 if kind == TURNED else 1.0 for kind in self.kinds])

    @property
    def size(self) -> int:
        """How many units choose."""
        return int(self.start.size - 1)


def assemble(table: OptionTable, parts: tuple[Part, ...], goal: Objective) -> Model:
    """The model that the rules' parts and an objective make."""
    allowed = np.ones(table.size, dtype=np.bool_)
    for part in parts:
        if part.forbid is not None:
            allowed[part.forbid] = False
    sums = [(i, s) for i, part in enumerate(parts) for s in part.sums]
    first = np.cumsum([0] + [len(part.sums) for part in parts])
    columns = [(first[i], c) for i, part in enumerate(parts) for c in part.columns]
    entries = np.zeros((len(columns), len(sums)))
    for j, (offset, column) in enumerate(columns):
        for position, value in column.entries:
            entries[j, offset + position] = value
        entries[j] += [s.paid(column.worth) * column.price for _, s in sums]
    below = [part.below for part in parts if part.below is not None]
    borders = merged([p.borders for p in parts if p.borders is not None], _border_factor(goal, sums), table.size)
    return Model(
        start=table.start,
        unit=table.unit,
        target=table.target,
        gain=goal.gain,
        allowed=allowed,
        coef=np.array([s.coef for _, s in sums]).reshape(len(sums), table.size),
        lo=np.array([s.lo for _, s in sums]),
        hi=np.array([s.hi for _, s in sums]),
        border=np.array([s.border for _, s in sums]) / (goal.border or 1.0),
        labels=tuple(s.label for _, s in sums),
        row_units=tuple(s.unit for _, s in sums),
        owner=np.array([i for i, _ in sums], dtype=np.int64),
        kinds=tuple(s.kind for _, s in sums),
        entries=entries,
        price=np.array([c.price * c.worth * goal.money + c.goal for _, c in columns]),
        upper=np.array([c.upper for _, c in columns]),
        child=np.concatenate([b.child for b in below]) if below else np.empty(0, dtype=np.int64),
        parent=np.concatenate([b.parent for b in below]) if below else np.empty(0, dtype=np.int64),
        group=np.repeat(np.arange(len(below)), [b.child.size for b in below]).astype(np.int64),
        member=np.array([b.mask for b in below], dtype=np.bool_).reshape(len(below), table.size),
        kind=borders.kind,
        edges=borders.edges,
        terms=borders.terms,
        borders_count=float(goal.border > 0),
        clauses=stack_clauses([p.clauses for p in parts if p.clauses is not None]),
        separators=tuple(p.separator for p in parts if p.separator is not None),
        cuts=stack_clauses([p.cuts for p in parts if p.cuts is not None]),
        hidden=tuple(p.hidden for p in parts if p.hidden is not None),
        carriage=merged_hauls([p.hauls for p in parts if p.hauls], goal.money, [s for _, s in sums]),
        allows=np.array([np.nan if c.allows is None else c.allows for _, c in columns]),
    )


def _border_factor(goal: Objective, sums: list[tuple[int, Sum]]) -> float:
    """What the borders' costs are multiplied by: their weight in the objective, or 1 where only rows count them."""
    return goal.border or float(any(s.border for _, s in sums))


@dataclass(frozen=True, eq=False)
class Settled:
    """What a choice amounts to: objective, activity of each row, helper columns at their best, how far each row is broken."""

    objective: float
    activity: Floats
    columns: Floats
    broken: Floats
    feasible: bool


def settle(model: Model, chosen: Ints) -> Settled:
    """Walks a choice (option positions, shape (N,)) in exactly rounded sums, the helper columns at their cheapest.

    `broken` is by how much each row is missed beyond the rounding of doubles, shape (S,).
    """
    if (model.unit[chosen] != np.arange(model.size)).any():
        nothing = np.zeros(model.coef.shape[0])
        return Settled(-np.inf, nothing, np.zeros(model.price.size), nothing, False)
    cut = border_cost(model, chosen)
    activity, size = taken_sums(model.coef, chosen, model.border * cut)
    slackness = ROUNDING * size
    hauled = 0.0
    if model.carriage is not None and (hauled := model.carriage.of(chosen).cost):
        activity = activity + model.carriage.money * hauled
        slackness = slackness + ROUNDING * model.carriage.money * hauled
    columns, broken = _cheapest_columns(model, activity, slackness)
    broken = np.maximum(broken, _missed_exactly(model, chosen, activity, slackness))
    value = exact_sum(np.concatenate([model.gain[chosen], -model.price * columns, [-cut * model.borders_count]]))
    value -= model.carriage.counts * hauled if model.carriage is not None else 0.0
    ordered = order_kept(model, chosen) and bool(model.allowed[chosen].all()) and clauses_kept(model.clauses, chosen)
    apart = all(s.clauses(chosen) is None for s in model.separators)
    return Settled(value, activity, columns, broken, ordered and apart and not bool((broken > 0).any()))


def _missed_exactly(model: Model, chosen: Ints, activity: Floats, slack: Floats) -> Floats:
    """By how much limits are missed that only a sum in decimals tells apart, (S,); of rows that options alone make up."""
    missed = np.zeros(activity.size)
    near = np.minimum(np.abs(model.hi - activity), np.abs(activity - model.lo)) <= slack + ROUNDING * np.abs(activity)
    near &= (model.border == 0) & ~(model.entries != 0).any(axis=0)
    if model.carriage is not None:
        near &= model.carriage.money == 0
    for r in np.flatnonzero(near):
        limits = np.array([v for v in (model.lo[r], model.hi[r]) if np.isfinite(v)])
        terms = model.coef[r, chosen]
        if written(terms).all() and written(limits).all():
            over = decimal_sum(np.append(terms, -model.hi[r])) if np.isfinite(model.hi[r]) else -1
            under = -decimal_sum(np.append(terms, -model.lo[r])) if np.isfinite(model.lo[r]) else -1
            missed[r] = max(float(max(over, under)), 0.0)
    return missed


def _cheapest_columns(model: Model, activity: Floats, slack: Floats) -> tuple[Floats, Floats]:
    """Cheapest helper columns for these activities, and by how much each row stays broken."""
    room_hi, room_lo = model.hi - activity, activity - model.lo
    columns = np.zeros(model.price.size)
    if model.price.size:
        feeds = model.entries < 0
        if ((feeds.sum(axis=1) == 1) & (model.entries.min(axis=1) == -1.0)).all() and (feeds.sum(axis=0) <= 1).all():
            row = feeds.argmax(axis=1)  # each column feeds one row and only burdens others: its least is its best
            columns = np.clip(-room_hi[row], 0.0, model.upper)
        else:
            columns = _transport(model, activity)
        room_hi = room_hi - columns @ model.entries
        room_lo = room_lo + columns @ model.entries
    allowance = slack + ROUNDING * np.maximum(
        np.where(np.isfinite(model.hi), np.abs(model.hi), 0.0), columns @ np.abs(model.entries)
    )
    allowance += ROUNDING * np.where(np.isfinite(model.lo), np.abs(model.lo), 0.0)
    miss = np.maximum(-room_hi, -room_lo)
    return columns, np.where(miss > allowance, miss, 0.0)


def finite_size(limits: Floats) -> Floats:
    """Absolute limits, 0 where there is none."""
    return np.where(np.isfinite(limits), np.abs(limits), 0.0)


def _transport(model: Model, activity: Floats) -> Floats:
    """Auxiliary columns by a small linear program, all rows elastic so that it always answers, refined to rounding.

    Every row counts by the size of rows of its unit, every column by the row it fills most: a price of 1e18 yuan/m³ in a budget
    of 1e13 hides no cubic millimetre. What the solver's tolerance leaves open is solved for again at its own, smaller scale.
    Source: iterative refinement of linear programs, Gleixner, Steffy & Wolter 2016; equilibration, Curtis & Reid 1972.
    """
    rows = np.flatnonzero((model.entries != 0).any(axis=0))
    size, unit = _sizes_by_unit(model, activity, rows)
    matrix = model.entries[:, rows].T / size[:, None] * unit
    columns = np.zeros(model.price.size)
    for attempt in range(REFINEMENTS):
        now = activity[rows] + columns @ model.entries[:, rows]
        hi, lo = (model.hi[rows] - now) / size, (model.lo[rows] - now) / size
        open_by = float(np.maximum(np.maximum(-hi, lo), 0.0).max(initial=0.0))
        first = attempt == 0 and bool((model.price < 0).any())  # columns that bring something are worth filling
        if open_by == 0.0 and not first:
            break
        scale = open_by if attempt else 1.0
        step = unit * _elastic_step(model, matrix, (lo, hi), columns / unit, unit, scale)
        better = np.clip(columns + step, 0.0, model.upper)
        after = activity[rows] + better @ model.entries[:, rows]
        if attempt and float((np.maximum(after - model.hi[rows], model.lo[rows] - after) / size).max()) >= open_by:
            break
        columns = better
    return columns


def _sizes_by_unit(model: Model, activity: Floats, rows: Ints) -> tuple[Floats, Floats]:
    """What is much in each row, in its unit (R,), and in each auxiliary column (C,)."""
    names = np.array([model.row_units[r] for r in rows], dtype=object)
    limits = np.maximum(finite_size(model.lo[rows]), finite_size(model.hi[rows]))
    size = np.ones(rows.size)
    for name in set(names):
        mine = names == name
        size[mine] = float(np.abs(activity[rows][mine]).max()) or float(limits[mine].max()) or 1.0
    filled = (np.abs(model.entries[:, rows]) / size).max(axis=1)
    return size, np.where(filled > 0, 1.0 / np.where(filled > 0, filled, 1.0), 1.0)


def _elastic_step(
    model: Model, matrix: Floats, room: tuple[Floats, Floats], columns: Floats, unit: Floats, scale: float
) -> Floats:
    """The cheapest change of the columns (in their units) that closes the rows' room (lo, hi), at a scale of its own.

    Where it leaves rows open they are closed first, whatever that costs, and as cheaply as that allows.
    """
    lo, hi = room[0] / scale, room[1] / scale
    n, m = columns.size, lo.size
    slack = np.eye(m)
    top, bottom = np.isfinite(hi), np.isfinite(lo)
    a = np.vstack([np.hstack([matrix, -slack])[top], np.hstack([-matrix, -slack])[bottom]])
    b = np.r_[hi[top], -lo[bottom]]
    price = model.price * unit
    dearest = float(np.abs(price).max(initial=0.0))
    most = np.where(np.isfinite(model.upper), (model.upper / unit - columns) / scale, np.inf)
    bounds = [*zip(-columns / scale, most, strict=True), *[(0.0, np.inf)] * m]
    costs = np.r_[price / dearest if dearest else np.ones(n), np.full(m, 1e3)]  # free hauls would go round in circles
    answer = linprog(costs, A_ub=a, b_ub=b, bounds=bounds, method="highs-ds")
    if answer.x is not None and float(answer.x[n:].sum()) > OPEN:  # rows left open, or dearer to close than 1e3
        closed = linprog(np.r_[np.zeros(n), np.ones(m)], A_ub=a, b_ub=b, bounds=bounds, method="highs-ds")
        if closed.x is not None and float(closed.x[n:].sum()) < (1.0 - OPEN) * float(answer.x[n:].sum()):
            bounds[n:] = [(0.0, float(left)) for left in np.maximum(closed.x[n:], 0.0)]
            again = linprog(costs, A_ub=a, b_ub=b, bounds=bounds, method="highs-ds")
            answer = closed if again.x is None else again
    return np.asarray(answer.x[:n] * scale) if answer.x is not None else np.zeros(n)


def chosen_options(model: Model, point: Floats) -> Ints:
    """The option with the largest share of each unit, shape (N,)."""
    share = np.where(model.allowed, point[: model.gain.size], -1.0)
    return np.asarray(best_options(model.start, share, model.allowed)[1], dtype=np.int64)


def border_cost(model: Model, chosen: Ints) -> float:
    """Cost of the borders between unlike units."""
    edges = model.edges
    if not edges.cost.size:
        return 0.0
    kind = model.kind[chosen]
    return float(exact_sum(edges.cost * model.terms.pair[edges.layer, kind[edges.a], kind[edges.b]]))


def spreads(model: Model) -> Floats:
    """How far the allowed options of every unit lie apart in gain, (N,)."""
    high = np.maximum.reduceat(np.where(model.allowed, model.gain, -np.inf), model.start[:-1])
    low = np.minimum.reduceat(np.where(model.allowed, model.gain, np.inf), model.start[:-1])
    return np.asarray(high - low)


def row_sizes(model: Model) -> Floats:
    """The most that an option is in each row, (S,), 1 where it is nothing: what makes rows of mu, m³ and yuan comparable."""
    return np.array([float(np.abs(r).max(initial=0.0)) or 1.0 for r in model.coef])


def comparable_rows(model: Model, scale: Floats) -> Floats:
    """The rows by option, (K, S), each divided by its scale (S,): as the compiled passes read them."""
    return np.ascontiguousarray((model.coef / scale[:, None]).T)


def relief(model: Model) -> Floats:
    """By how much helper columns can bring each row down at most, (S,)."""
    return np.maximum(-model.entries, 0.0).T @ model.upper if model.price.size else np.zeros(model.hi.size)


def sets_of_kinds(model: Model) -> Bools:
    """Which kinds are in each set of the border terms, shape (D, T)."""
    terms = model.terms
    kinds = terms.set_first.size - 1
    within = np.zeros((terms.set_count, kinds), dtype=np.bool_)
    within[terms.sets, np.repeat(np.arange(kinds), np.diff(terms.set_first))] = True
    return within


def order_kept(model: Model, chosen: Ints) -> bool:
    """Whether every unit that needs a deeper one has it."""
    if not model.child.size:
        return True
    for g in range(model.member.shape[0]):
        inside, mine = model.member[g], model.group == g
        if (inside[chosen[model.child[mine]]] & ~inside[chosen[model.parent[mine]]]).any():
            return False
    return True


def clauses_kept(clauses: Clauses, chosen: Ints) -> bool:
    """Whether every clause holds for the choice."""
    if not clauses.hi.size:
        return True
    taken = np.isin(clauses.col, chosen)
    activity = np.bincount(clauses.row, weights=clauses.value * taken, minlength=clauses.hi.size)
    return bool((activity <= clauses.hi + 1e-9).all())


def at_worth(model: Model, worth: Floats, room: float = 0.0) -> Model:
    """The model with the haul replaced by what it comes to at least at a worth of earth in every place, yuan/m³ (N,). room:
    yuan of haul beyond that, kept free in the limits that count it."""
    if model.carriage is None:
        return model
    price = model.carriage.costs(worth)
    gain, coef = model.gain - model.carriage.counts * price, model.coef + model.carriage.money[:, None] * price
    return replace(model, gain=gain, coef=coef, hi=model.hi - model.carriage.money * room, carriage=None)


def with_cuts(model: Model) -> Model:
    """The model with the rows that separated rules know beforehand among its clauses."""
    if not model.cuts.hi.size:
        return model
    return replace(model, clauses=stack_clauses([model.clauses, model.cuts]), cuts=empty_clauses())


def tightened(model: Model, by: Floats) -> Model:
    """The model with each row drawn in by `by` (its own unit) on both sides, where there is room."""
    lo, hi = model.lo + by, model.hi - by
    crossed = lo > hi
    return replace(model, lo=np.where(crossed, model.lo, lo), hi=np.where(crossed, model.hi, hi))


def without_rows(model: Model, keep: Bools) -> Model:
    """The model with only the coupling rows where `keep`, shape (S,)."""
    return replace(
        model,
        coef=model.coef[keep],
        lo=model.lo[keep],
        hi=model.hi[keep],
        border=model.border[keep],
        labels=tuple(x for x, k in zip(model.labels, keep, strict=True) if k),
        row_units=tuple(x for x, k in zip(model.row_units, keep, strict=True) if k),
        owner=model.owner[keep],
        kinds=tuple(x for x, k in zip(model.kinds, keep, strict=True) if k),
        entries=model.entries[:, keep],
        carriage=None if model.carriage is None else replace(model.carriage, money=model.carriage.money[keep]),
    )
