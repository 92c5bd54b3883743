"""A smaller model: some units free, the others as they are, everything they share carried over."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from planner.allocation.model import Model
from planner.allocation.parts import Clauses, empty_clauses
from planner.allocation.table import Bools, Floats, Ints
from planner.core.choice.arrays import Edges


@dataclass(frozen=True, eq=False)
class Core:
    """The model of the free units, the positions of its options and units in the whole model, the value of what is fixed."""

    model: Model
    options: Ints
    units: Ints
    fixed_value: float

    def whole_choice(self, chosen: Ints, core_chosen: Ints) -> Ints:
        """The whole model's choice with the free units chosen as in the core."""
        result = chosen.copy()
        result[self.units] = self.options[core_chosen]
        return result


def narrowed(core: Core) -> Core:
    """The core without the options that it does not allow; of a model without clauses."""
    model, keep = core.model, np.flatnonzero(core.model.allowed)
    start = np.searchsorted(keep, model.start)
    small = replace(
        model,
        start=start.astype(np.int64),
        unit=model.unit[keep],
        target=model.target[keep],
        kind=model.kind[keep],
        gain=model.gain[keep],
        allowed=model.allowed[keep],
        coef=np.ascontiguousarray(model.coef[:, keep]),
        member=model.member[:, keep],
    )
    return replace(core, model=small, options=core.options[keep])


def restrict(model: Model, chosen: Ints, free: Bools, keep: Bools | None = None) -> Core:
    """The model in which only the units `free` (N,) still choose, and only among options `keep` (K,); others take `chosen`."""
    options = np.flatnonzero(free[model.unit])
    units = np.flatnonzero(free)
    count = np.diff(model.start)[units]
    place = np.full(model.size, -1, dtype=np.int64)
    place[units] = np.arange(units.size)
    fixed = chosen[~free]
    allowed = model.allowed[options] if keep is None else (model.allowed & keep)[options]
    child, parent, group, allowed = _order(model, chosen, free, place, options, allowed)
    edges, burden, fixed_cost = _borders(model, chosen, free, place, options)
    done = model.coef[:, fixed].sum(axis=1) + model.border * fixed_cost
    core = replace(
        model,
        start=np.r_[0, np.cumsum(count)].astype(np.int64),
        unit=place[model.unit[options]],
        target=model.target[options],
        kind=model.kind[options],
        gain=model.gain[options] - model.borders_count * burden,
        allowed=allowed,
        coef=np.ascontiguousarray(model.coef[:, options] + model.border[:, None] * burden[None, :]),
        lo=model.lo - done,
        hi=model.hi - done,
        child=child,
        parent=parent,
        group=group,
        member=model.member[:, options],
        edges=edges,
        clauses=_clauses(model, chosen, free, options),
        separators=(),
        hidden=(),
        cuts=empty_clauses(),
    )
    return Core(core, options, units, float(model.gain[fixed].sum() - model.borders_count * fixed_cost))


def _order(
    model: Model, chosen: Ints, free: Bools, place: Ints, options: Ints, allowed: Bools
) -> tuple[Ints, Ints, Ints, Bools]:
    """Order rows among free units; a fixed neighbour decides for a free one."""
    allowed = allowed.copy()
    both = free[model.child] & free[model.parent]
    for g in range(model.member.shape[0]):
        inside, mine = model.member[g], model.group == g
        up = mine & free[model.child] & ~free[model.parent]
        dry = np.zeros(model.size, dtype=np.bool_)
        dry[model.child[up][~inside[chosen[model.parent[up]]]]] = True
        down = mine & ~free[model.child] & free[model.parent]
        wet = np.zeros(model.size, dtype=np.bool_)
        wet[model.parent[down][inside[chosen[model.child[down]]]]] = True
        allowed &= ~(dry[model.unit[options]] & inside[options]) & ~(wet[model.unit[options]] & ~inside[options])
    return place[model.child[both]], place[model.parent[both]], model.group[both], allowed


def _borders(model: Model, chosen: Ints, free: Bools, place: Ints, options: Ints) -> tuple[Edges, Floats, float]:
    """Borders among free units, what borders to fixed ones cost each free option, and the cost among fixed ones."""
    edges = model.edges
    if not edges.cost.size:
        return edges, np.zeros(options.size), 0.0
    a, b = free[edges.a], free[edges.b]
    pair, kind = model.terms.pair, model.kind[chosen]
    neither = ~a & ~b
    fixed_cost = float((edges.cost * pair[edges.layer, kind[edges.a], kind[edges.b]])[neither].sum())
    beside = border_burden(model, chosen, a & ~b, b & ~a)
    both = a & b
    between = Edges(
        place[edges.a[both]].astype(np.int32), place[edges.b[both]].astype(np.int32), edges.cost[both], edges.layer[both]
    )
    return between, beside[model.unit[options], model.kind[options]], fixed_cost


def border_burden(model: Model, chosen: Ints, at_first: Bools, at_second: Bools) -> Floats:
    """What each kind would cost each unit in borders with its neighbours as chosen, shape (N, T).

    at_first, at_second (E,): the borders that count for their first unit, and for their second.
    """
    edges, pair, kind = model.edges, model.terms.pair, model.kind[chosen]
    inner = np.concatenate([edges.a[at_first], edges.b[at_second]])
    outer = np.concatenate([edges.b[at_first], edges.a[at_second]])
    which = np.concatenate([np.flatnonzero(at_first), np.flatnonzero(at_second)])
    cost = edges.cost[which, None] * pair[edges.layer[which], :, kind[outer]]
    by_unit = sparse.csr_array((np.ones(inner.size), (inner, np.arange(inner.size))), shape=(model.size, inner.size))
    return np.asarray(by_unit @ cost)


def _clauses(model: Model, chosen: Ints, free: Bools, options: Ints) -> Clauses:
    """Clauses over free options, with what the fixed ones already use taken off their limits."""
    clauses = model.clauses
    if not clauses.hi.size:
        return clauses
    place = np.full(model.gain.size, -1, dtype=np.int64)
    place[options] = np.arange(options.size)
    taken = np.zeros(model.gain.size, dtype=np.bool_)
    taken[chosen[~free]] = True
    used = np.bincount(clauses.row, weights=clauses.value * taken[clauses.col], minlength=clauses.hi.size)
    inside = place[clauses.col] >= 0
    alive = np.zeros(clauses.hi.size, dtype=np.bool_)
    alive[clauses.row[inside]] = True
    number = np.cumsum(alive) - 1
    return Clauses(number[clauses.row[inside]], place[clauses.col[inside]], clauses.value[inside], (clauses.hi - used)[alive])
