"""Large problems without borders: Newton's prices, a proven bound, and a small program over the undecided units.

With S coupling rows all but about S units are decided by the prices alone. The undecided few (least loss for changing) go to
the exact solver with all others fixed; if the gap asked for is not met, more units are freed, and options whose loss exceeds
the gap are dropped for good, which is exact.
Source: core problems, Balas & Zemel 1980; reduced-cost fixing, Dantzig, Fulkerson & Johnson 1954.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from planner.allocation.bound import Multipliers, clean, forest, upper_bound
from planner.allocation.dual import minimise
from planner.allocation.exact import relax
from planner.allocation.fours import won_by_fours
from planner.allocation.highs import Answer, Solved, solve_program
from planner.allocation.huge import decided, huge_units
from planner.allocation.losses import priced, second_losses
from planner.allocation.model import Model, settle, tightened
from planner.allocation.neighbours import neighbours, waters
from planner.allocation.parts import empty_clauses
from planner.allocation.patch_prices import prices_of_clauses, with_rows_priced
from planner.allocation.polishing import polisher
from planner.allocation.program import program
from planner.allocation.restrict import Core, restrict
from planner.allocation.search import Best, Found, Outcome, Settings, best_of, relative_gap
from planner.allocation.sharpen import sharpened
from planner.allocation.swaps import made_to_fit
from planner.allocation.table import Bools, Floats, Ints
from planner.allocation.vertex import nearest, vertex
from planner.core.choice.arrays import Forest
from planner.core.choice.assignment import best_options

CORE_UNITS = 300  # undecided units the first core frees; measured: enough for 1e-6 at 1 000 to 1 000 000 units
CORE_NODES = 2000  # most nodes of the search in the first core; fewer in larger ones. Seconds would make two runs differ
FEW_NODES = 200  # of it before several moves at once are tried; 2 000 found no more where these found less than asked for
SMALL = 3000  # units up to which branch and bound gets a try at a gap or a plan that was not found
HOPELESS = (2, 4)  # first cores' sizes without any plan after which it speaks: of few units, of many
VERTEX_UNITS = 6000  # undecided units whose relaxation is solved where the first core holds no plan
SHARP_LAKES = 2  # lakes with limits of their own from which the relaxation is solved in place of Newton's prices
SLOW = 300  # evaluations of the dual after which one lake is enough; measured: 70 to 130 where prices converge, 450 where not
SHARP_FROM, SHARP_UNITS = 100, 20_000  # units in lakes with limits of their own, and of all, between which those are sharpened
PATIENCE = 2  # cores of one size that may win next to nothing before a larger one is tried


def solve_by_core(model: Model, settings: Settings, start: Ints | None, prices: Floats | None) -> Found | None:
    """A plan with the gap asked for, or None where this method finds no plan (then the exact method must speak)."""
    order = forest(model)
    sharp = sharpened(model, order, lakes=SHARP_LAKES, least=SHARP_FROM, most=SHARP_UNITS)
    if sharp is not model:
        return _from_corner(model, sharp, order, settings, start)
    dual = minimise(model, order, start=prices, accuracy=0.01 * settings.gap, go_on=settings.go_on)
    sharp = model if dual.evaluations < SLOW else sharpened(model, order, lakes=1, least=SHARP_FROM, most=SHARP_UNITS)
    if sharp is not model:
        return _from_corner(model, sharp, order, settings, start)
    multipliers = Multipliers(clean(model, dual.multipliers.rows))
    at_prices = priced(model, multipliers, order).chosen
    moves = polisher(model, neighbours(model), waters(model, order), go_on=settings.go_on)
    base = moves(at_prices, multipliers.rows)
    best = best_of(model, best_of(model, Best(), start), base)

    def together(best: Best, bound: float) -> tuple[Best, float]:
        if (huge := huge_units(model)).any():
            proven, chosen = decided(model, huge, settings)
            bound = min(bound, proven)
            if chosen is not None:
                best = best_of(model, best, made_to_fit(moves, chosen, 0.0, multipliers.rows)[0])
        return won_by_fours(moves, order, best, multipliers, bound - settings.gap * abs(bound)), bound

    method = "newton prices + core"
    return close_gap(
        model, settings, order, multipliers, bound=dual.bound, best=best, method=method, base=base, together=together
    )


def _from_corner(model: Model, sharp: Model, order: Forest | None, settings: Settings, start: Ints | None) -> Found | None:
    """The same from the relaxation of a sharpened model (its rows behind the model's), whose corner splits few units."""
    answer, multipliers = relax(sharp, program(sharp), settings, method="simplex")
    if answer.point is None:
        return None
    corner = nearest(sharp, answer.point)
    best = best_of(sharp, Best(), start)
    bound, multipliers = upper_bound(sharp, multipliers, order), Multipliers(clean(sharp, multipliers.rows))
    method = "sharpened relaxation + core"
    found = close_gap(
        sharp, settings, order, multipliers, bound=bound, best=best, method=method, base=corner.chosen, split=corner.split
    )
    return None if found is None else replace(found, multipliers=Multipliers(multipliers.rows[: model.hi.size]))


def solve_by_corner(model: Model, settings: Settings, start: Ints | None, prices: Floats | None) -> Found | None:
    """The same where neighbours bind each other (`Apart`, `Adjacent`, `Belt`): the relaxation with all their rows splits few
    units, and its prices of these rows are in the bound and in what options lose. None where no plan is found."""
    order, prog = forest(model), program(model)
    answer, multipliers = relax(model, prog, settings)
    if answer.status is Solved.INFEASIBLE:
        return Found(Outcome.INFEASIBLE, None, -np.inf, multipliers, "relaxation", relaxation_empty=True)
    if answer.point is None or answer.duals is None:
        return None
    paying, constant = with_rows_priced(model, model.clauses, prices_of_clauses(model, prog, answer.duals))
    paying, corner, best = replace(paying, clauses=empty_clauses()), nearest(model, answer.point), best_of(model, Best(), start)
    bound = upper_bound(paying, multipliers, order) + constant
    return close_gap(
        *(model, settings, order, multipliers),
        bound=bound,
        best=best,
        method="relaxation + core",
        base=corner.chosen,
        split=corner.split | _bound_too_far(model, corner.chosen),
        paying=paying,
    )


def _bound_too_far(model: Model, chosen: Ints) -> Bools:
    """The units whose options are in a clause that a choice breaks, (N,)."""
    clauses = model.clauses
    activity = np.bincount(clauses.row, weights=clauses.value * np.isin(clauses.col, chosen), minlength=clauses.hi.size)
    units = np.zeros(model.size, dtype=np.bool_)
    units[model.unit[clauses.col[(activity > clauses.hi)[clauses.row]]]] = True
    return units


def close_gap(
    model: Model,
    settings: Settings,
    order: Forest | None,
    multipliers: Multipliers,
    *,
    bound: float,
    best: Best,
    method: str,
    base: Ints | None = None,
    split: Bools | None = None,
    paying: Model | None = None,
    together: Callable[[Best, float], tuple[Best, float]] | None = None,
) -> Found | None:
    """Frees ever more of the least decided units around a choice until the gap is met, nothing can win, or time is up.

    split (N,): free until there is a plan. paying: the model whose options pay for the clauses, where the bound counts on it.
    together: makes plan and bound better by several moves at once; asked when a first short search has not met the gap.
    """
    at_prices = priced(paying or model, multipliers, order)
    base = at_prices.chosen if base is None else base
    at_these, size, idle, interrupted, random = bound, CORE_UNITS, 0, False, np.random.default_rng(settings.seed)
    split = np.zeros(model.size, dtype=np.bool_) if split is None else split
    while best.value < (enough := bound - settings.gap * abs(bound)) and not interrupted and settings.seconds_left > 0:
        size, around = min(size, model.size), base if best.chosen is None else best.chosen
        free = _least_decided(model, at_prices.loss, around, size, random) | (split & (best.chosen is None))
        keep, decided = _alive(model, at_prices.loss, at_these - best.value + 1e-12 * abs(at_these), free)
        last = decided or size == model.size
        if decided:
            around = _last_standing(model, keep, around)
        core = restrict(model, around, free, keep if last else None)
        nodes = settings.nodes if last else max((CORE_NODES if together is None else FEW_NODES) * CORE_UNITS // size, 20)
        slack, before = 0.0 if last else 0.1 * settings.gap * abs(bound), best.value
        try:
            answer, chosen = solve_core(model, core, around, settings, enough=enough, nodes=nodes, slack=slack)
            interrupted = answer.interrupted
            if chosen is not None and (value := settle(model, chosen).objective) > best.value:
                best = Best(value, chosen)
            if settings.progress is not None:
                settings.progress(bound, best.value, relative_gap(best.value, bound))
        except KeyboardInterrupt:
            interrupted = True
            break
        if last:
            bound = min(bound, max(best.value, answer.bound)) if np.isfinite(answer.bound) else bound
            break
        if together is not None and best.value < enough and best.chosen is not None:
            (best, bound), together = together(best, bound), None
            continue
        if best.chosen is None and size == CORE_UNITS and not model.edges.cost.size:
            wide = _least_decided(model, at_prices.loss, base, min(VERTEX_UNITS, model.size), random)
            if (corner := vertex(model, base, wide, settings)) is not None:
                base, split, size = *corner, CORE_UNITS + 1
                continue
        if best.chosen is None and size >= HOPELESS[model.size > SMALL] * CORE_UNITS:
            return None  # most likely nothing is feasible: the exact method's relaxation tells at once
        idle = idle + 1 if best.value - before <= 0.05 * (bound - before) else 0
        if idle >= PATIENCE or best.chosen is None:
            size, idle = 2 * size, 0
    return None if best.chosen is None else _found(best, bound, multipliers, method, interrupted)


def _alive(model: Model, loss: Floats, hope: float, free: Bools) -> tuple[Bools, bool]:
    """The options (K,) of which a plan may be better than the best: that lose no more than what prices prove leaves to win. And
    whether there is a plan, and no unit but those free (N,) has several."""
    keep = np.isfinite(loss) & (loss <= hope)
    alone = (np.bincount(model.unit[keep], minlength=model.size)[~free] <= 1).all()
    return keep, bool(np.isfinite(hope) and alone)


def _least_decided(model: Model, loss: Floats, around: Ints, size: int, random: np.random.Generator) -> Bools:
    """The units that lose least by changing from `around`, shape (N,), near-ties in random order."""
    second = second_losses(model, loss, around)
    threshold = float(np.partition(second, size - 1)[size - 1])
    noise = random.random(model.size) * (threshold if np.isfinite(threshold) else 0.0)
    free = np.zeros(model.size, dtype=np.bool_)
    free[np.argsort(second + noise, kind="stable")[:size]] = True
    return free


def _found(best: Best, bound: float, multipliers: Multipliers, method: str, interrupted: bool) -> Found:
    return Found(Outcome.FOUND, best.chosen, max(bound, best.value), multipliers, method, interrupted)


def _last_standing(model: Model, undecided: Bools, base: Ints) -> Ints:
    """The base with every unit that has one option left in that option."""
    count = np.bincount(model.unit[undecided], minlength=model.size)
    _, only = best_options(model.start, np.where(undecided, 1.0, 0.0), undecided)
    return np.where(count == 1, only, base)


def solve_core(
    model: Model, core: Core, base: Ints, settings: Settings, *, enough: float, nodes: int | None, slack: float
) -> tuple[Answer, Ints | None]:
    """Solves a core to `enough` (of the whole objective) or to the end; limits missed by tolerance are drawn in.

    slack: objective that may be left unproven. nodes: most nodes of the search. The answer's bound is of the whole model's
    objective, valid where the core holds every undecided option.
    """
    current = core.model
    first: Answer | None = None
    for _ in range(6):
        prog = program(current)
        answer = solve_program(
            prog,
            gap=1e-9,
            slack=slack / prog.scale,
            seconds=settings.seconds_left,
            nodes=nodes,
            seed=settings.seed,
            stop=settings.stop,
            target=-(enough - core.fixed_value) / prog.scale if np.isfinite(enough) else None,
        )
        if first is None:
            first = replace(answer, bound=-answer.bound * prog.scale + core.fixed_value)
        if answer.point is None:
            return replace(first, interrupted=answer.interrupted), None
        share = np.where(current.allowed, answer.point[: current.gain.size], -1.0)
        chosen = core.whole_choice(base, best_options(current.start, share, current.allowed)[1])
        settled = settle(model, chosen)
        if settled.feasible:
            return replace(first, interrupted=answer.interrupted), chosen
        if not (settled.broken > 0).any():
            return replace(first, interrupted=answer.interrupted), None
        step = np.maximum(2.0 * settled.broken, 1e-9 * np.abs(model.coef).max(axis=1))
        current = tightened(current, np.where(settled.broken > 0, step, 0.0))
    return first, None  # type: ignore[return-value]
