"""Rules on patches at scale: a plan by prices whose patches are mended, improved window by window; then its bound.

The problem without the patch rules gives prices and a first bound. At these prices every unit has a worth in the target; small
patches grow along the units worth most or are dropped, pieces are joined along the cheapest ways, and the rest is chosen
again with those patches fixed. Then windows of neighbouring units are freed in turn and solved with all rules.
Source: large neighbourhood search, Shaw 1998; price-guided connecting, Dilkina & Gomes 2010.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order

from planner.allocation.bound import reduced_values
from planner.allocation.exact import solve_exactly
from planner.allocation.highs import solve_program
from planner.allocation.model import Model, chosen_options, settle, with_cuts
from planner.allocation.parts import Separator, stack_clauses
from planner.allocation.program import program, start_point
from planner.allocation.restrict import restrict
from planner.allocation.search import Best, Found, Outcome, Settings, relative_gap
from planner.allocation.table import Bools, Floats, Ints

Solve = Callable[[Model, Settings, Ints | None, Floats | None], Found]

BRANCHED = 2_600  # units up to which branch and bound on the whole has the last word
WINDOW = 220  # units freed at once
NODES = 400  # of the search in one window
TRIES = 4  # solves of one window while its plan breaks a patch rule
LEANINGS = (0.0, -0.1, 0.05, 0.1, 0.2, 0.3, 1.0)  # shares of the usual worth of a unit by which the target is favoured
SHARES = (1.0, 0.98)  # of the area that a plan without the rules gives the target, up to which patches grow


def solve_patches(model: Model, settings: Settings, first: Ints | None, prices: Floats | None, solve: Solve) -> Found:
    """A plan that keeps the patch rules and a bound; `solve` answers problems without such rules."""
    loose = replace(model, separators=(), hidden=())
    early = replace(settings, gap=max(3.0 * settings.gap, 1e-3), limit_s=settings.seconds + 0.3 * settings.seconds_left)
    free = solve(loose, early, None, prices)
    if free.outcome is Outcome.INFEASIBLE or free.chosen is None:
        return free if free.outcome is Outcome.INFEASIBLE else solve_exactly(model, settings, first)
    best = Best()
    for chosen in (first, free.chosen):
        if chosen is not None and (settled := settle(model, chosen)).feasible and settled.objective > best.value:
            best = Best(settled.objective, chosen)
    if best.chosen is None:
        best = _first_plan(model, settings, free, solve)
    method = f"{free.method}, patches mended"
    windows = bool(model.cuts.hi.size) and model.size > BRANCHED  # smaller ones are quicker whole, and pieces join no windows
    if best.chosen is not None and windows and relative_gap(best.value, free.bound) > settings.gap:
        best = _improved(model, settings, best, free.bound)
        method += ", improved by windows"
    found = _found(best, free, method, settings)
    if model.size <= BRANCHED and settings.seconds_left > 0 and relative_gap(best.value, free.bound) > settings.gap:
        other = solve_exactly(model, settings, best.chosen)
        value = -np.inf if other.chosen is None else settle(model, other.chosen).objective
        plan = other if value >= best.value else found
        found = replace(plan, bound=min(found.bound, other.bound), method=f"{method}, then milp", interrupted=other.interrupted)
    return found


def _found(best: Best, free: Found, method: str, settings: Settings) -> Found:
    outcome = Outcome.NOTHING if best.chosen is None else Outcome.FOUND
    interrupted = free.interrupted or settings.stop.is_set()
    return replace(free, outcome=outcome, chosen=best.chosen, method=method, interrupted=interrupted)


def _first_plan(model: Model, settings: Settings, free: Found, solve: Solve) -> Best:
    """The best plan among mended patches at prices that lean towards the target or away from it."""
    assert free.chosen is not None
    value, best = reduced_values(model, free.multipliers), Best()
    for leaning, share in itertools.product(LEANINGS, SHARES):
        if settings.seconds_left <= 0:
            break
        allowed = model.allowed.copy()
        for separator in model.separators:
            allowed &= _fixed(model, separator, value, free.chosen, leaning, share)
        if not np.logical_or.reduceat(allowed, model.start[:-1]).all():
            continue
        fixed = replace(model, allowed=allowed, separators=(), hidden=())
        brief = replace(settings, gap=max(settings.gap, 1e-3), limit_s=settings.seconds + 0.1 * settings.seconds_left)
        found = solve(fixed, brief, None, None)
        if found.chosen is not None and (settled := settle(model, found.chosen)).feasible and settled.objective > best.value:
            best = Best(settled.objective, found.chosen)
        if relative_gap(best.value, free.bound) <= settings.gap:
            break
    return best


def _fixed(model: Model, separator: Separator, value: Floats, chosen: Ints, leaning: float, share: float) -> Bools:
    """The options left when a rule's patches are mended at prices and then fixed, shape (K,)."""
    inside = separator.inside
    start = model.start[:-1]
    within = np.maximum.reduceat(np.where(model.allowed & inside, value, -np.inf), start)
    without = np.maximum.reduceat(np.where(model.allowed & ~inside, value, -np.inf), start)
    worth = within - without
    usual = float(np.median(np.abs(worth[np.isfinite(worth)]))) if np.isfinite(worth).any() else 0.0
    worth = worth + leaning * usual
    units = inside[chosen] | (worth > 3 * usual)
    wanted = separator.mended(np.clip(worth, -1e3 * usual - 1.0, 1e3 * usual + 1.0), units, share * separator.area(chosen))
    wanted &= np.isfinite(within)
    wanted |= ~np.isfinite(without)
    return np.asarray(model.allowed & (inside == wanted[model.unit]))


def _improved(model: Model, settings: Settings, best: Best, bound: float) -> Best:
    """The plan after sweeps of windows, until a sweep wins next to nothing."""
    assert best.chosen is not None
    whole = with_cuts(model)
    graph = _neighbourhood(model)
    random = np.random.default_rng(settings.seed)
    budget = settings.seconds + 0.8 * settings.seconds_left
    while relative_gap(best.value, bound) > settings.gap:
        before = best.value
        for seed in random.permutation(model.size)[: max(2 * model.size // WINDOW, 1)]:
            if settings.seconds_left <= 0 or settings.seconds > budget:
                return best
            free = np.zeros(model.size, dtype=np.bool_)
            free[breadth_first_order(graph, int(seed), directed=False, return_predecessors=False)[:WINDOW]] = True
            whole, best = _window(model, whole, settings, best, free)
        if best.value - before <= max(0.02 * (bound - before), 1e-9 * abs(bound)):
            break
    return best


def _window(model: Model, whole: Model, settings: Settings, best: Best, free: Bools) -> tuple[Model, Best]:
    """One window solved with all rules; cuts that its plans break stay with the whole model."""
    assert best.chosen is not None
    place = np.full(model.gain.size, -1, dtype=np.int64)
    for _ in range(TRIES):
        core = restrict(whole, best.chosen, free)
        place[core.options] = np.arange(core.options.size)
        prog = program(core.model)
        mine = place[best.chosen[core.units]]
        warm = start_point(core.model, prog, mine, settle(core.model, mine).columns)
        answer = solve_program(
            prog, gap=0.1 * settings.gap, seconds=settings.seconds_left, nodes=NODES, start=warm, stop=settings.stop
        )
        if answer.point is None:
            break
        chosen = core.whole_choice(best.chosen, chosen_options(core.model, answer.point))
        settled = settle(model, chosen)
        if settled.feasible:
            return whole, Best(settled.objective, chosen) if settled.objective > best.value else best
        more = [c for s in model.separators if (c := s.clauses(chosen)) is not None]
        if not more:
            break
        whole = replace(whole, clauses=stack_clauses([whole.clauses, *more]))
    return whole, best


def _neighbourhood(model: Model) -> sparse.csr_array:
    """Which units lie side by side, as far as the rules know."""
    graphs = [s.graph for s in model.separators]
    edges = model.edges
    ones = np.ones(edges.cost.size)
    graphs.append(sparse.csr_array((ones, (edges.a, edges.b)), shape=(model.size, model.size)))
    return sparse.csr_array(sum(graphs[1:], graphs[0]))
