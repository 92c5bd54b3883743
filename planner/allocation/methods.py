"""The method a problem's shape asks for; each proves its own bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from planner.allocation.bound import Multipliers, order_possible
from planner.allocation.compact import solve_compact
from planner.allocation.core_search import SMALL, solve_by_core, solve_by_corner
from planner.allocation.exact import solve_exactly
from planner.allocation.hauling import solve_hauled
from planner.allocation.keeping import solve_keeping
from planner.allocation.model import Model, settle
from planner.allocation.patchwork import solve_patches
from planner.allocation.pieces import walked_plan
from planner.allocation.search import Best, Found, Method, Outcome, Settings, briefer, relative_gap
from planner.allocation.table import Floats, Ints

LARGE = 200  # units from which Newton's prices and a core beat branch and bound on the whole
LARGE_PATCHES = 60  # units from which rules on patches are mended first
WALKED = 24  # units from which branch and bound does not find plans of several pieces at once by itself
LARGE_COMPACT = 800  # the same with border costs
LARGE_KEPT = 200  # units from which a limit that counts borders is priced first
Way = Callable[[Model, Settings, Ints | None, Floats | None], Found | None]

CORE_NODES = 5_000  # of the core's last search where branch and bound gets a try after it
CORE_SHARE = 0.5  # of the time left that prices and a core may take then, however slow the machine


def solve_by_shape(model: Model, settings: Settings, first: Ints | None, prices: Floats | None) -> Found:
    """The method the problem's shape asks for; each proves its own bound, and the exact one has the last word."""
    if not order_possible(model):
        none = Multipliers(np.zeros(model.hi.size))
        return Found(Outcome.INFEASIBLE, None, -math.inf, none, "water levels", relaxation_empty=True)
    if model.carriage is not None:
        return solve_hauled(model, settings, first, prices, solve_by_shape)
    if model.separators and model.size >= LARGE_PATCHES and settings.method is Method.CHOOSE:
        mended = solve_patches(model, settings, first, prices, solve_by_shape)
        done = mended.chosen is not None or mended.outcome is Outcome.INFEASIBLE
        return mended if done else _giving_up(model, settings, mended)
    if model.size >= WALKED:
        walked = walked_plan(model, settings, first, Best())
        first = first if walked.chosen is None else walked.chosen
    bound_pairs = bool(model.clauses.hi.size) and model.size >= LARGE and not model.separators and not model.border.any()
    if bound_pairs and settings.method is Method.CHOOSE and (model.size <= SMALL or not model.edges.cost.size):
        return _followed(solve_by_corner, model, settings, first, prices)
    kept = np.count_nonzero(model.border) == 1 and model.size >= LARGE_KEPT and not model.clauses.hi.size
    if kept and not model.separators and settings.method is Method.CHOOSE:
        return _followed(_at_border_prices, model, settings, first, prices)
    least = LARGE_COMPACT if model.edges.cost.size else LARGE
    large = model.size >= least and not model.clauses.hi.size and not model.separators and not model.border.any()
    if settings.method is Method.CORE or (settings.method is Method.CHOOSE and large):
        return _followed(solve_compact if model.edges.cost.size else solve_by_core, model, settings, first, prices)
    return solve_exactly(model, settings, first)


def _followed(method: Way, model: Model, settings: Settings, first: Ints | None, prices: Floats | None) -> Found:
    """What a method finds; branch and bound speaks after it where it has no answer, and on few units whose gap is open."""
    small = model.size <= SMALL
    found = method(model, briefer(settings, CORE_SHARE, CORE_NODES) if small else settings, first, prices)
    if found is None:
        return solve_exactly(model, settings, first)
    met = found.outcome is Outcome.INFEASIBLE or relative_gap(_value(model, found), found.bound) <= settings.gap
    if not small or met or found.interrupted or settings.seconds_left <= 0:
        return found
    return _better(model, found, solve_exactly(model, settings, found.chosen))


def _at_border_prices(model: Model, settings: Settings, first: Ints | None, prices: Floats | None) -> Found | None:
    return solve_keeping(model, settings, first, prices, solve_by_shape)


def _value(model: Model, found: Found) -> float:
    return -math.inf if found.chosen is None else settle(model, found.chosen).objective


def _better(model: Model, one: Found, other: Found) -> Found:
    """The better plan of two methods and the tighter of their bounds."""
    plan = max((one, other), key=lambda f: _value(model, f))
    methods = f"{one.method}, then {other.method}"
    return replace(plan, bound=min(one.bound, other.bound), method=methods, interrupted=other.interrupted)


def _giving_up(model: Model, settings: Settings, before: Found) -> Found:
    """Where no mended plan keeps the limits: what breaks a patch rule is given up until nothing does."""
    allowed = model.allowed.copy()
    while settings.seconds_left > 0:
        smaller = replace(model, allowed=allowed, separators=(), hidden=())
        if not np.logical_or.reduceat(allowed, model.start[:-1]).all():
            break
        found = solve_by_shape(smaller, settings, None, None)
        if found.chosen is None:
            break
        if settle(model, found.chosen).feasible:
            return replace(found, bound=before.bound, method=f"{found.method}, patches given up")
        for separator in model.separators:
            allowed[separator.offending(found.chosen)] = False
    return before
