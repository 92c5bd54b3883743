"""The exact method: relaxation for prices and a closed-form bound, then the whole problem by branch and bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.allocation.bound import Multipliers, forest, upper_bound
from planner.allocation.highs import Answer, Tell, solve_program
from planner.allocation.model import Model, Settled, chosen_options, settle, tightened
from planner.allocation.parts import stack_clauses
from planner.allocation.program import Program, program, start_point
from planner.allocation.search import Found, Outcome, Settings
from planner.allocation.table import Floats, Ints

GIVE_UP_EVERY = 5  # rounds of separation after which a plan is sought by giving up what breaks the rule
ROUNDS = 200  # most re-solves for rules that are separated and for limits missed by the solver's tolerance


def relax(model: Model, prog: Program, settings: Settings, *, method: str = "choose") -> tuple[Answer, Multipliers]:
    """The linear relaxation and its multipliers in the model's own units."""
    answer = solve_program(prog, relaxed=True, seconds=settings.seconds_left, seed=settings.seed, method=method)
    return answer, multipliers_of(model, prog, answer.duals)


def multipliers_of(model: Model, prog: Program, duals: Floats | None) -> Multipliers:
    """Multipliers from a program's row duals, signs as `bound.Multipliers` says; zeros where there are none."""
    s, z = model.coef.shape[0], prog.border_variables[0].size
    if duals is None:
        return Multipliers(np.zeros(s))
    rows = -duals[prog.first_sum : prog.first_sum + s] * prog.scale / prog.row_scale
    at = prog.first_sum + s + model.child.size
    border = (-duals[at : at + z] * prog.scale, *prog.border_variables) if z else None
    return Multipliers(np.asarray(rows), border)


def solve_exactly(model: Model, settings: Settings, start: Ints | None) -> Found:
    """Branch and bound on the whole problem; broken limits and separated rules are tightened and solved again."""
    prog = program(model)
    answer, multipliers = relax(model, prog, settings)
    if answer.status == "infeasible":
        return Found(Outcome.INFEASIBLE, None, -np.inf, multipliers, "milp", relaxation_empty=True)
    order = forest(model)
    bound = upper_bound(model, multipliers, order)
    best: tuple[float, Ints | None] = (-np.inf, None)
    if start is not None and (settled := settle(model, start)).feasible:
        best = (settled.objective, start)
    current, rounds, interrupted = model, 0, answer.interrupted
    while rounds < ROUNDS and not interrupted and settings.seconds_left > 0:
        rounds += 1
        warm = None if best[1] is None else start_point(current, prog, best[1], settle(current, best[1]).columns)
        answer = solve_program(
            prog,
            gap=settings.gap,
            seconds=settings.seconds_left,
            seed=settings.seed,
            start=warm,
            tell=_teller(settings, prog, best[0], bound),
        )
        interrupted = answer.interrupted
        if current.lo is model.lo:  # only limits as they were given prove anything
            bound = min(bound, -answer.bound * prog.scale) if np.isfinite(answer.bound) else bound
        if answer.point is None:
            if answer.status == "infeasible" and best[1] is None and current.lo is model.lo:
                return Found(Outcome.INFEASIBLE, None, -np.inf, multipliers, "milp")
            break
        chosen = chosen_options(model, answer.point)
        settled = settle(model, chosen)
        if settled.feasible:
            if settled.objective > best[0]:
                best = (settled.objective, chosen)
            break
        current = _drawn_in(current, chosen, settled)
        prog = program(current)
        if model.separators and rounds % GIVE_UP_EVERY == 0 and best[1] is None:
            best = _given_up(model, chosen, settings)
    bound = max(bound, best[0])
    return Found(Outcome.FOUND if best[1] is not None else Outcome.NOTHING, best[1], bound, multipliers, "milp", interrupted)


def _given_up(model: Model, chosen: Ints, settings: Settings) -> tuple[float, Ints | None]:
    """A plan that keeps separated rules by giving up what breaks them (crumbs, second patches) and choosing anew."""
    allowed = model.allowed.copy()
    for _ in range(ROUNDS):
        for separator in model.separators:
            allowed[separator.offending(chosen)] = False
        if settings.seconds_left <= 0 or not np.add.reduceat(allowed, model.start[:-1]).all():
            break
        smaller = replace(model, allowed=allowed)
        prog = program(smaller)
        answer = solve_program(prog, gap=max(settings.gap, 1e-3), seconds=settings.seconds_left, seed=settings.seed)
        if answer.point is None:
            break
        chosen = chosen_options(smaller, answer.point)
        settled = settle(model, chosen)
        if settled.feasible:
            return settled.objective, chosen
        if (settled.broken > 0).any():
            break
    return -np.inf, None


def _drawn_in(model: Model, chosen: Ints, settled: Settled) -> Model:
    """The model with the limits that a choice missed drawn in, and the separated rules it broke written out."""
    more = [c for s in model.separators if (c := s.clauses(chosen)) is not None]
    if more:
        model = replace(model, clauses=stack_clauses([model.clauses, *more]))
    if (settled.broken > 0).any():
        step = np.maximum(2.0 * settled.broken, 1e-9 * np.abs(model.coef).max(axis=1))
        model = tightened(model, np.where(settled.broken > 0, step, 0.0))
    return model


def _teller(settings: Settings, prog: Program, best: float, bound: float) -> Tell | None:
    if settings.progress is None:
        return None
    progress = settings.progress

    def tell(low: float, high: float) -> None:
        value, proven = max(best, -high * prog.scale), min(bound, -low * prog.scale)
        gap = abs(proven - value) / max(abs(value), 1e-9) if np.isfinite(value) else np.inf
        progress(proven, value, gap)

    return tell
