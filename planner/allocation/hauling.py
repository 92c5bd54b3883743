"""Problems in which earth is carried: few units with every way written out, many by a worth of earth where it lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from planner.allocation.bound import Multipliers
from planner.allocation.compact import solve_compact
from planner.allocation.hauls import sides
from planner.allocation.model import Model, at_worth, settle
from planner.allocation.parts import Hauls, empty_clauses
from planner.allocation.search import Found, Outcome, Settings, relative_gap
from planner.allocation.table import Floats, Ints

SPELLED = 16  # units up to which every way from one to another is a variable of branch and bound
EXACT = 3000  # units up to which branch and bound tries what a worth of earth leaves open
ROOM = 3  # most times that room for the haul is made anew in limits that count it

Solve = Callable[[Model, Settings, Ints | None, Floats | None], Found]


def solve_hauled(model: Model, settings: Settings, first: Ints | None, prices: Floats | None, solve: Solve) -> Found:
    """A plan and its bound where earth is carried; `solve` solves problems in which it is not."""
    assert model.carriage is not None
    if model.size <= SPELLED:
        return _spelled(model, settings, solve)
    plain = not (model.clauses.hi.size or model.separators or model.border.any())
    found = solve_compact(model if plain else _loosened(model), settings, first, prices)
    if found is None:
        nothing = Multipliers(np.zeros(model.hi.size), earth=np.zeros(model.size))
        found = Found(Outcome.NOTHING, None, np.inf, nothing, "primal-dual")
    if first is not None and _value(model, first) > _value(model, found.chosen):  # better ones break what it does not know
        found = replace(found, outcome=Outcome.FOUND, chosen=first)
    if found.outcome is Outcome.INFEASIBLE or found.interrupted:
        return found if found.chosen is None or settle(model, found.chosen).feasible else replace(found, chosen=None)
    if plain and (model.size > EXACT or relative_gap(_value(model, found.chosen), found.bound) <= settings.gap):
        return found
    return _at_prices(model, settings, found, solve)


def _value(model: Model, chosen: Ints | None) -> float:
    if chosen is None:
        return -np.inf
    settled = settle(model, chosen)
    return settled.objective if settled.feasible else -np.inf


def _loosened(model: Model) -> Model:
    """The model without the rules that the iteration does not know; what it proves holds for the model all the same."""
    hi = np.where(model.border != 0, np.inf, model.hi)
    bare = replace(model, hi=hi, border=np.zeros_like(model.border), clauses=empty_clauses(), cuts=empty_clauses())
    return replace(bare, separators=(), hidden=())


def _at_prices(model: Model, settings: Settings, found: Found, solve: Solve) -> Found:
    """The plan with earth at its worth in place of the haul, whatever other rules there are; room is left for the haul where
    limits count it."""
    assert model.carriage is not None
    worth = found.multipliers.earth
    assert worth is not None
    best, short, bound = found, 0.0, found.bound
    method = f"{found.method}, then earth at prices"
    for _ in range(ROOM):
        other = solve(at_worth(model, worth, short), settings, best.chosen, None)
        if short == 0.0 and not (model.carriage.hauls.imported and model.carriage.hauls.exported):
            bound = min(bound, other.bound) if other.outcome is Outcome.FOUND else bound
            if other.outcome is Outcome.INFEASIBLE:
                return replace(other, multipliers=found.multipliers)
        if other.chosen is not None and _value(model, other.chosen) > _value(model, best.chosen):
            best = replace(found, outcome=Outcome.FOUND, chosen=other.chosen, method=method, interrupted=other.interrupted)
        if other.chosen is None or other.interrupted or settings.seconds_left <= 0:
            break
        missing = model.carriage.unseen(worth, other.chosen)
        if settle(model, other.chosen).feasible or missing <= short:
            break
        short = missing * (1.0 + 1e-9)
    if best.chosen is not None and _value(model, best.chosen) == -np.inf:
        best = replace(best, outcome=Outcome.NOTHING, chosen=None)
    return replace(best, bound=bound)


def without_hauls(model: Model, worth: Floats | None) -> tuple[Model, ...]:
    """Models that know no hauls and of which one holds every plan: few units with every way written out, earth that comes and
    earth that goes apart; many with earth at a worth, or where it may both come and go, for nothing."""
    if model.carriage is None:
        return (model,)
    if model.size <= SPELLED:
        return tuple(spelled_out(model, *ends) for ends in _ends(model.carriage.hauls))
    given = (np.zeros(model.size),) if worth is None else sides(model.carriage.hauls, worth)
    return (at_worth(model, given[0] if len(given) == 1 else np.zeros(model.size)),)


def _ends(hauls: Hauls) -> tuple[tuple[bool, bool], ...]:
    """Whether earth comes and whether it goes, once for each where it may do both: no plan does."""
    both = hauls.imported and hauls.exported
    return ((True, False), (False, True)) if both else ((hauls.imported, hauls.exported),)


def _spelled(model: Model, settings: Settings, solve: Solve) -> Found:
    """Few units: solved with every way written out; where earth may both come and go, once for each: no plan does both."""
    assert model.carriage is not None
    ends, every = _ends(model.carriage.hauls), []
    for left, (imported, exported) in zip(range(len(ends), 0, -1), ends, strict=True):
        own = replace(settings, limit_s=settings.seconds + settings.seconds_left / left) if left > 1 else settings
        every.append(_of_model(model, solve(spelled_out(model, imported, exported), own, None, None)))
    found = max(every, key=lambda f: (_value(model, f.chosen), f.outcome is not Outcome.INFEASIBLE, f.bound))
    return replace(
        found,
        bound=max(f.bound for f in every),
        interrupted=any(f.interrupted for f in every),
        relaxation_empty=all(f.relaxation_empty for f in every),
    )


def _of_model(model: Model, found: Found) -> Found:
    """What was found with every way written out, as the model's own."""
    assert model.carriage is not None
    worth = np.zeros(model.size) if found.chosen is None else model.carriage.of(found.chosen).worth
    rows = Multipliers(found.multipliers.rows[: model.hi.size], found.multipliers.border, found.multipliers.pull, worth)
    if found.chosen is not None and not settle(model, found.chosen).feasible:
        found = replace(found, outcome=Outcome.NOTHING, chosen=None)
    return replace(found, multipliers=rows, method=f"{found.method}, every way of earth")


def spelled_out(model: Model, imported: bool, exported: bool) -> Model:
    """Few units: a row of earth for each, a variable for each way between two, for what comes and what goes where it may."""
    assert model.carriage is not None
    hauls, money, n = model.carriage.hauls, model.carriage.money, model.size
    a, b = (index.ravel() for index in np.meshgrid(np.arange(n), np.arange(n), indexing="ij"))
    a, b = a[a != b], b[a != b]
    cost = hauls.rate * np.hypot(*(hauls.xy[a] - hauls.xy[b]).T)
    some = n * (int(imported) + int(exported))
    flows = np.zeros((a.size + some, n))
    flows[np.arange(a.size), a], flows[np.arange(a.size), b] = 1.0, -1.0
    outside = [sign * np.eye(n) for sign, there in ((-1.0, imported), (1.0, exported)) if there]
    flows[a.size :] = np.concatenate([*outside, np.zeros((0, n))])
    cost = np.r_[cost, np.zeros(some)]
    lacks = np.zeros((n, model.gain.size))
    lacks[model.unit, np.arange(model.gain.size)] = hauls.lack
    most = float(np.maximum.reduceat(np.abs(hauls.lack), model.start[:-1]).sum()) + 1.0
    old = np.hstack([model.entries, np.zeros((model.price.size, n))])
    return replace(
        model,
        carriage=None,
        coef=np.vstack([model.coef, lacks]),
        lo=np.r_[model.lo, np.zeros(n)],
        hi=np.r_[model.hi, np.zeros(n)],
        border=np.r_[model.border, np.zeros(n)],
        labels=(*model.labels, *("earth of a unit",) * n),
        row_units=(*model.row_units, *("m³",) * n),
        owner=np.r_[model.owner, np.full(n, -1)],
        kinds=(*model.kinds, *("",) * n),
        entries=np.vstack([old, np.hstack([cost[:, None] * money, flows])]),
        price=np.r_[model.price, model.carriage.counts * cost],
        upper=np.r_[model.upper, np.full(cost.size, most)],
    )
