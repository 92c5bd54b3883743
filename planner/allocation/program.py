"""A model as the sparse linear program a solver takes: scaled rows, scaled objective, columns in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from planner.allocation.hopeful import most_of_columns
from planner.allocation.model import Model, sets_of_kinds
from planner.allocation.parts import Clauses, Hidden
from planner.allocation.table import Bools, Floats, Ints

DUST = 1e-8  # scaled coefficients below it are left to the exact check of plans; the solver itself drops those below 1e-9


@dataclass(frozen=True, eq=False)
class Program:
    """minimise cost·v  subject to  lo ≤ matrix·v ≤ hi, lower ≤ v ≤ upper.

    v = options (K), auxiliary columns (C), border variables (Z), hidden variables; the first `known` of them are settled by a
    choice. Rows: one per unit, then the S coupling rows, order rows, border rows, clauses, rows of the hidden. scale: the
    objective is divided by it. row_scale: coupling rows are divided by it, shape (S,); helper (C,): auxiliary columns are.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    matrix: sparse.csr_array
    lo: Floats
    hi: Floats
    whole: Bools
    scale: float
    row_scale: Floats
    helper: Floats
    options: int
    first_sum: int
    border_variables: tuple[Ints, Ints]
    known: int


def program(model: Model, hope: float = np.inf) -> Program:
    """The linear program of a model, coefficients scaled by powers of two.

    hope: what a plan that is wanted may at most lose against every unit's best; borders and columns that cost more are closed.
    """
    k, n, s, c = model.gain.size, model.size, model.coef.shape[0], model.price.size
    edge, term, heads, tails = _border_terms(model)
    z = edge.size
    dear = model.edges.cost[edge] * model.terms.weight[term]
    open_borders = model.borders_count * dear <= hope
    gain = np.where(model.allowed, model.gain, 0.0) if np.isfinite(hope) else model.gain
    scale = _power_of_two(np.r_[np.abs(gain), model.edges.cost[model.edges.cost <= hope], model.price])
    seen = np.where(model.allowed, model.coef, 0.0) if np.isfinite(hope) else model.coef
    row_scale = np.array([_power_of_two(np.abs(r)) for r in seen]) if s else np.empty(0)
    most = most_of_columns(model, hope)
    helper = helpers(model.entries, row_scale, most)
    cost = np.r_[-gain, model.price * helper, model.borders_count * dear * open_borders] / scale
    entries = (model.entries * helper[:, None] / row_scale[None, :]).T if c else np.zeros((s, 0))
    borders = np.outer(model.border / row_scale, dear) if s and z else np.zeros((s, z))
    coef, lo, hi = _without_dust(model, row_scale, seen)
    entries, lo, hi = _without_dusty_columns(entries, most / helper if c else most, lo, hi)
    blocks = [
        sparse.hstack([_choice_rows(model), sparse.csr_array((n, c + z))]),
        sparse.hstack([sparse.csr_array(coef), sparse.csr_array(entries), sparse.csr_array(borders)]),
        sparse.hstack([_order_rows(model), sparse.csr_array((model.child.size, c + z))]),
        sparse.hstack([heads - tails, sparse.csr_array((z, c)), -sparse.eye_array(z, format="csr")]),
        sparse.hstack([_clause_rows(model.clauses, k), sparse.csr_array((model.clauses.hi.size, c + z))]),
    ]
    tails = [_hidden_blocks(h, k) for h in model.hidden]
    free = np.full(model.child.size + z + model.clauses.hi.size, -np.inf)
    f = sum(h.whole.size for h in model.hidden)
    matrix = sparse.csr_array(sparse.vstack(blocks))
    if f:
        beside = sparse.hstack(
            [sparse.vstack([t[0] for t in tails]), sparse.csr_array((sum(t[0].shape[0] for t in tails), c + z))]
        )
        own = sparse.block_diag([t[1] for t in tails])
        matrix = sparse.csr_array(sparse.block_array([[matrix, None], [beside, own]]))
    return Program(
        cost=np.r_[cost, np.zeros(f)],
        lower=np.zeros(k + c + z + f),
        upper=np.r_[
            model.allowed.astype(np.float64), most / helper if c else most, open_borders.astype(np.float64), np.ones(f)
        ],
        matrix=matrix,
        lo=np.r_[np.ones(n), lo, free, np.full(sum(t[0].shape[0] for t in tails), -np.inf)],
        hi=np.r_[np.ones(n), hi, np.zeros(model.child.size + z), model.clauses.hi, *[h.options.hi for h in model.hidden]],
        whole=np.r_[np.ones(k, dtype=np.bool_), np.zeros(c + z, dtype=np.bool_), *[h.whole for h in model.hidden]],
        known=k + c + z,
        scale=scale,
        row_scale=row_scale,
        helper=helper,
        options=k,
        first_sum=n,
        border_variables=(edge, term),
    )


def _without_dust(model: Model, row_scale: Floats, coef: Floats) -> tuple[Floats, Floats, Floats]:
    """Scaled rows without the coefficients that the solver would drop, limits widened by all that these could come to."""
    coef, lo, hi = coef / row_scale[:, None], model.lo / row_scale, model.hi / row_scale
    for r in np.flatnonzero(((coef != 0) & (np.abs(coef) < DUST)).any(axis=1)):
        dust = np.where(np.abs(coef[r]) < DUST, coef[r], 0.0)
        hi[r] -= float(np.minimum(np.minimum.reduceat(dust, model.start[:-1]), 0.0).sum())
        lo[r] -= float(np.maximum(np.maximum.reduceat(dust, model.start[:-1]), 0.0).sum())
        coef[r] -= dust
    return coef, lo, hi


def helpers(entries: Floats, row_scale: Floats, most: Floats) -> Floats:
    """Powers of two by which auxiliary columns are divided, (C,): near the size of the rows that each has entries in, and no
    more than it can come to. entries (C, S), row_scale (S,), most (C,)."""
    count, column = np.count_nonzero(entries, axis=1), np.arange(most.size)
    own = np.sort(np.c_[np.where(entries != 0, row_scale, 0.0), np.zeros(most.size)], axis=1)[:, ::-1]  # the largest first
    middle = 0.5 * (own[column, np.maximum(count - 1, 0) // 2] + own[column, count // 2])
    helper = 2.0 ** np.round(0.5 * sum(np.log2(np.where(count > 0, x, 1.0)) for x in (own[:, 0], middle)))
    some = most > 0
    least = np.ceil(np.log2(most, where=some, out=np.zeros_like(most)))
    return np.asarray(np.where(some, np.minimum(helper, 2.0**least), helper))


def _without_dusty_columns(entries: Floats, upper: Floats, lo: Floats, hi: Floats) -> tuple[Floats, Floats, Floats]:
    """Scaled entries (S, C) without those that the solver would drop, limits widened by all that these could come to."""
    small = np.minimum(np.abs(entries), np.abs(entries) * np.where(np.isfinite(upper), upper, 1.0))
    dusty = (entries != 0) & (small < DUST) & np.isfinite(upper)
    if not dusty.any():
        return entries, lo, hi
    dust = np.where(dusty, entries * np.where(np.isfinite(upper), upper, 0.0), 0.0)
    lo = lo - np.maximum(dust, 0.0).sum(axis=1)
    hi = hi - np.minimum(dust, 0.0).sum(axis=1)
    return np.where(dusty, 0.0, entries), lo, hi


def start_point(model: Model, prog: Program, chosen: Ints, columns: Floats) -> Floats:
    """A choice as a full point of the program, for a warm start."""
    x = np.zeros(prog.options)
    x[chosen] = 1.0
    edge, term = prog.border_variables
    z = np.zeros(edge.size, dtype=np.bool_)
    if edge.size:
        within, kind = sets_of_kinds(model), model.kind[chosen]
        a, b = kind[model.edges.a[edge]], kind[model.edges.b[edge]]
        z = within[model.terms.head[term], a] & ~within[model.terms.tail[term], b]
    y = columns / prog.helper if columns.size else columns
    return np.asarray(np.r_[x, y, z.astype(np.float64)])


def _power_of_two(values: Floats) -> float:
    """A power of two near the geometric mean of the values' extremes, 1 where all are zero; exact to divide by."""
    used = values[values > 0]
    if not used.size:
        return 1.0
    return float(2.0 ** np.round(0.5 * (np.log2(used.max()) + np.log2(np.median(used)))))


def _choice_rows(model: Model) -> sparse.csr_array:
    k = model.gain.size
    return sparse.csr_array((np.ones(k), np.arange(k), model.start), shape=(model.size, k))


def _order_rows(model: Model) -> sparse.csr_array:
    """Σ child's options in the group − Σ parent's ≤ 0."""
    rows: list[Ints] = []
    cols: list[Ints] = []
    values: list[Floats] = []
    for g in range(model.member.shape[0]):
        mine = np.flatnonzero(model.group == g)
        members = np.flatnonzero(model.member[g] & model.allowed)
        of_unit = sparse.csr_array((np.ones(members.size), (model.unit[members], members)), shape=(model.size, model.gain.size))
        for units, sign in ((model.child[mine], 1.0), (model.parent[mine], -1.0)):
            part = sparse.coo_array(of_unit[units])
            rows.append(mine[part.row])
            cols.append(part.col.astype(np.int64))
            values.append(sign * part.data)
    if not rows:
        return sparse.csr_array((0, model.gain.size))
    coordinates = (np.concatenate(rows), np.concatenate(cols))
    return sparse.csr_array((np.concatenate(values), coordinates), shape=(model.child.size, model.gain.size))


def _border_terms(model: Model) -> tuple[Ints, Ints, sparse.csr_array, sparse.csr_array]:
    """Per border and term whose head its first unit may have: the border, the term, both units' options in its sets."""
    k, edges, terms = model.gain.size, model.edges, model.terms
    if not edges.cost.size:
        none = np.empty(0, np.int64)
        return none, none, sparse.csr_array((0, k)), sparse.csr_array((0, k))
    count = np.diff(terms.first)[edges.layer]
    edge = np.repeat(np.arange(edges.cost.size), count)
    term = np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count) + terms.first[edges.layer][edge]
    used = np.flatnonzero(model.allowed)
    times = np.diff(terms.set_first)[model.kind[used]]
    entry = np.repeat(np.arange(used.size), times)
    within = np.arange(entry.size) - np.repeat(np.cumsum(times) - times, times)
    members = terms.sets[terms.set_first[model.kind[used]][entry] + within]
    place = model.unit[used][entry] * terms.set_count + members
    of = sparse.csr_array((np.ones(place.size), (place, used[entry])), shape=(model.size * terms.set_count, k))
    has = np.diff(of.indptr).reshape(model.size, terms.set_count) > 0
    keep = has[edges.a[edge], terms.head[term]] & (terms.weight[term] > 0)
    edge, term = edge[keep], term[keep]
    heads = of[edges.a[edge].astype(np.int64) * terms.set_count + terms.head[term]]
    tails = of[edges.b[edge].astype(np.int64) * terms.set_count + terms.tail[term]]
    return edge, term, sparse.csr_array(heads), sparse.csr_array(tails)


def _hidden_blocks(hidden: Hidden, k: int) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Rows of hidden variables: their entries over the options, and over the variables themselves."""
    rows = hidden.options.hi.size
    own = sparse.csr_array((hidden.own.value, (hidden.own.row, hidden.own.col)), shape=(rows, hidden.whole.size))
    return _clause_rows(hidden.options, k), own


def _clause_rows(clauses: Clauses, k: int) -> sparse.csr_array:
    return sparse.csr_array((clauses.value, (clauses.row, clauses.col)), shape=(clauses.hi.size, k))
