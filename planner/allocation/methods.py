"""The method a problem's shape asks for; each proves its own bound."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from planner.allocation.bound import Multipliers, order_possible
from planner.allocation.compact import solve_compact
from planner.allocation.core_search import solve_by_core
from planner.allocation.exact import solve_exactly
from planner.allocation.model import Model, settle
from planner.allocation.search import Found, Method, Outcome, Settings, relative_gap
from planner.allocation.table import Floats, Ints

LARGE = 200  # units from which Newton's prices and a core beat branch and bound on the whole
LARGE_COMPACT = 800  # the same with border costs
SMALL = 3000  # units up to which branch and bound gets a try at a gap the large methods left


def solve_by_shape(model: Model, settings: Settings, first: Ints | None, prices: Floats | None) -> Found:
    """The method the problem's shape asks for; each proves its own bound, and the exact one has the last word."""
    if not order_possible(model):
        none = Multipliers(np.zeros(model.hi.size))
        return Found(Outcome.INFEASIBLE, None, -math.inf, none, "water levels", relaxation_empty=True)
    if model.separators and model.size >= LARGE and settings.method is Method.CHOOSE:
        found = _giving_up(model, settings, first, prices)
        if found is not None:
            return found
    least = LARGE_COMPACT if model.edges.cost.size else LARGE
    large = model.size >= least and not model.clauses.hi.size and not model.separators and not model.border.any()
    if settings.method is Method.CORE or (settings.method is Method.CHOOSE and large):
        method = solve_compact if model.edges.cost.size else solve_by_core
        found = method(model, settings, first, prices)
        if found is not None and (model.size > SMALL or relative_gap(_value(model, found), found.bound) <= settings.gap):
            return found
        if found is not None and not found.interrupted and settings.seconds_left > 0:
            return _better(model, found, solve_exactly(model, settings, found.chosen))
        if found is not None:
            return found
    return solve_exactly(model, settings, first)


def _value(model: Model, found: Found) -> float:
    return -math.inf if found.chosen is None else settle(model, found.chosen).objective


def _better(model: Model, one: Found, other: Found) -> Found:
    """The better plan of two methods and the tighter of their bounds."""
    plan = max((one, other), key=lambda f: _value(model, f))
    methods = f"{one.method}, then {other.method}"
    return replace(plan, bound=min(one.bound, other.bound), method=methods, interrupted=other.interrupted)


def _giving_up(model: Model, settings: Settings, first: Ints | None, prices: Floats | None) -> Found | None:
    """Large problems with separated rules: bound without them, then give up what breaks them until nothing does."""
    allowed, bound, found = model.allowed.copy(), None, None
    while settings.seconds_left > 0:
        smaller = replace(model, allowed=allowed, separators=())
        if not np.add.reduceat(allowed, model.start[:-1]).all():
            return None
        found = solve_by_shape(smaller, settings, first, prices)
        if found.chosen is None:
            return found if bound is None and found.outcome is Outcome.INFEASIBLE else None
        bound = found.bound if bound is None else bound
        if settle(model, found.chosen).feasible:
            note = "patches that broke a rule were given up; the bound is of the problem without that rule"
            method = f"{found.method}, patches given up"
            return replace(found, bound=max(bound, found.bound), method=method, notes=(note,))
        for separator in model.separators:
            allowed[separator.offending(found.chosen)] = False
        first = None
    return None
