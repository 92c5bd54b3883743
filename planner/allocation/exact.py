"""The exact method: relaxation for prices and a closed-form bound, then the whole problem by branch and bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.allocation.bound import Multipliers, forest, upper_bound
from planner.allocation.covers import covers, this_choice
from planner.allocation.highs import Answer, Solved, Tell, solve_program, solve_surely
from planner.allocation.hopeful import hopeful
from planner.allocation.model import Model, chosen_options, settle, tightened, with_cuts
from planner.allocation.parts import stack_clauses
from planner.allocation.program import Program, program, start_point
from planner.allocation.search import Best, Found, Outcome, Settings, best_of, relative_gap
from planner.allocation.table import Floats, Ints

GIVE_UP_EVERY = 5  # rounds of separation after which a plan is sought by giving up what breaks the rule
ROUNDS = 200  # most times that something is given up
REFINED = 4  # most times that what is left is solved again at its own scale
UNSEEN, BLIND = 1e-9, 1e-6  # of the largest cost, what the solver does not see; share of the objective from which that counts
DRAWS = 3  # most times that limits are drawn in before they are cut off exactly


def relax(model: Model, prog: Program, settings: Settings, *, method: str = "choose") -> tuple[Answer, Multipliers]:
    """The linear relaxation and its multipliers in the model's own units."""
    answer = solve_program(
        prog, relaxed=True, seconds=settings.seconds_left, seed=settings.seed, method=method, stop=settings.stop
    )
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
    """Branch and bound on the whole problem; what breaks a rule is cut off by rows that no plan breaks, and solved again.

    Limits that a plan misses by the solver's tolerance are drawn in first, which is quick but proves nothing.
    """
    if not settings.go_on():  # at 100 000 units the program alone takes seconds
        return _as_it_stands(model, settings, start)
    model = with_cuts(model)
    prog = program(model)
    if not settings.go_on():
        return _as_it_stands(model, settings, start)
    answer, multipliers = relax(model, prog, settings)
    if answer.status is Solved.INFEASIBLE:
        return Found(Outcome.INFEASIBLE, None, -np.inf, multipliers, "milp", relaxation_empty=True)
    best = best_of(model, Best(), start)
    search = _Branching(model, settings, best, upper_bound(model, multipliers, forest(model)), answer.interrupted)
    search.run()
    search.refine()
    best = search.best
    if search.empty and best.chosen is None:
        return Found(Outcome.INFEASIBLE, None, -np.inf, multipliers, "milp")
    outcome = Outcome.FOUND if best.chosen is not None else Outcome.NOTHING
    return Found(outcome, best.chosen, max(search.bound, best.value), multipliers, "milp", search.interrupted)


def _as_it_stands(model: Model, settings: Settings, start: Ints | None) -> Found:
    """What is known where no time is left: the plan to begin with, if it is one, and the bound without prices."""
    best, none = best_of(model, Best(), start), Multipliers(np.zeros(model.hi.size))
    outcome = Outcome.FOUND if best.chosen is not None else Outcome.NOTHING
    bound = max(upper_bound(model, none, forest(model)), best.value)
    return Found(outcome, best.chosen, bound, none, "milp", settings.stop.is_set())


class _Branching:
    """Rounds of branch and bound. proof: the model with rows that every plan keeps; by: how far limits are drawn in (S,)."""

    def __init__(self, model: Model, settings: Settings, best: Best, bound: float, interrupted: bool) -> None:
        self.model, self.settings, self.best, self.bound, self.interrupted = model, settings, best, bound, interrupted
        self.proof, self.by, self.drawn_in, self.empty = model, np.zeros(model.hi.size), 0, False
        self.hope, self.over = np.inf, False

    def run(self) -> None:
        """Until a plan is proven, nothing is left, or time is up."""
        rounds = 0
        while not self.interrupted and self.settings.seconds_left > 0:
            rounds += 1
            drawn = bool(self.by.any())
            current = tightened(self.proof, self.by) if drawn else self.proof
            answer = self._solve(current, drawn)
            if answer.point is None:
                if not drawn or answer.status is not Solved.INFEASIBLE:
                    self.empty = answer.status is Solved.INFEASIBLE and not drawn
                    return
                self.by[:], self.drawn_in = 0.0, DRAWS  # too tight: from here on only exact cuts
                continue
            if self._take(chosen_options(self.model, answer.point), drawn):
                return
            if self._enough(rounds):
                return
            if self.model.separators and rounds % GIVE_UP_EVERY == 0 and self.best.chosen is None:
                self.best = _given_up(self.model, chosen_options(self.model, answer.point), self.settings)

    def refine(self) -> None:
        """Where sizes lie so far apart that the solver sees no difference between plans: once more without all that costs more
        than a better plan can lose, at the scale of what is left.

        Source: reduced-cost fixing, as in the core; iterative refinement, Gleixner, Steffy & Wolter 2016.
        """
        for _ in range(REFINED):
            best, settings = self.best, self.settings
            done = relative_gap(best.value, self.bound) <= settings.gap + 1e-12 or settings.rounds is not None
            if best.chosen is None or done or self.over or self.interrupted or settings.seconds_left <= 0:
                return
            narrow, hope = hopeful(self.model, best.value)
            if not (narrow.allowed < self.model.allowed).any() and hope >= 0.5 * self.hope:
                return
            self.hope, self.model = hope, narrow
            self.proof = replace(self.proof, allowed=narrow.allowed)
            self.by[:], self.drawn_in = 0.0, 0
            self.run()

    def _enough(self, rounds: int) -> bool:
        return self.settings.rounds is not None and rounds >= self.settings.rounds and self.best.chosen is not None

    def _solve(self, current: Model, drawn: bool) -> Answer:
        settings, best = self.settings, self.best
        prog = program(current, self.hope)
        warm = None
        if best.chosen is not None:
            warm = start_point(current, prog, best.chosen, settle(current, best.chosen).columns)
        tell = _teller(settings, prog, best.value, self.bound)
        answer = (solve_program if drawn else solve_surely)(
            prog,
            gap=settings.gap,
            seconds=settings.seconds_left,
            seed=settings.seed,
            start=warm,
            tell=tell,
            nodes=settings.nodes,
            stop=settings.stop,
        )
        self.over = answer.status is Solved.STOPPED
        self.interrupted = answer.interrupted
        if not drawn and answer.status is not Solved.FAILED and np.isfinite(answer.bound):
            unseen = UNSEEN * float(np.abs(prog.cost[prog.upper > 0]).max(initial=0.0)) * prog.scale
            blind = not np.isfinite(self.hope) and unseen > BLIND * prog.scale * max(abs(answer.value), abs(answer.bound))
            self.bound = min(self.bound, -answer.bound * prog.scale + (unseen if blind else 0.0))
        return answer

    def _take(self, chosen: Ints, drawn: bool) -> bool:
        """Keeps a plan or cuts a choice off. Returns whether the search is over."""
        settled = settle(self.model, chosen)
        if settled.feasible:
            if settled.objective > self.best.value:
                self.best = Best(settled.objective, chosen)
            if drawn and relative_gap(self.best.value, self.bound) > self.settings.gap:
                self.by[:], self.drawn_in = 0.0, DRAWS
                return False
            return True
        more = [c for s in self.model.separators if (c := s.clauses(chosen)) is not None]
        broken = settled.broken > 0
        if broken.any():
            more.append(covers(self.model, chosen, settled))
        if not more:
            more = [this_choice(self.model, chosen)]
        self.proof = replace(self.proof, clauses=stack_clauses([self.proof.clauses, *more]))
        if broken.any() and self.drawn_in < DRAWS:
            step = np.maximum(2.0 * settled.broken, 1e-9 * np.abs(self.model.coef).max(axis=1))
            self.by += np.where(broken, step, 0.0)
            self.drawn_in += 1
        return False


def _given_up(model: Model, chosen: Ints, settings: Settings) -> Best:
    """A plan that keeps separated rules by giving up what breaks them (crumbs, second patches) and choosing anew."""
    allowed = model.allowed.copy()
    for _ in range(ROUNDS):
        for separator in model.separators:
            allowed[separator.offending(chosen)] = False
        if settings.seconds_left <= 0 or not np.add.reduceat(allowed, model.start[:-1]).all():
            break
        smaller = replace(model, allowed=allowed)
        prog = program(smaller)
        answer = solve_program(prog, gap=max(settings.gap, 1e-3), seconds=settings.seconds_left, stop=settings.stop)
        if answer.point is None:
            break
        chosen = chosen_options(smaller, answer.point)
        settled = settle(model, chosen)
        if settled.feasible:
            return Best(settled.objective, chosen)
        if (settled.broken > 0).any():
            break
    return Best()


def _teller(settings: Settings, prog: Program, best: float, bound: float) -> Tell | None:
    if settings.progress is None:
        return None
    progress = settings.progress

    def tell(low: float, high: float) -> None:
        value, proven = max(best, -high * prog.scale), min(bound, -low * prog.scale)
        gap = abs(proven - value) / max(abs(value), 1e-9) if np.isfinite(value) else np.inf
        progress(proven, value, gap)

    return tell
