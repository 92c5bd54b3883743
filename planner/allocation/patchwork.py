"""Rules on patches at scale: prices with the rows that patches make, plans mended at them, improved around their backbones.

The problem without the patch rules gives prices of borders; with the rows of patches broken by shares the prices and the bound
know of patches. Shares above one half make patches: small ones grow along the units worth most or are dropped, pieces are
joined along the cheapest ways. Then, again and again, all is chosen anew but for a backbone of every patch, whose leaves may
go and whose neighbours may come; at last windows of neighbouring units are freed in turn and solved with all rules.
Source: large neighbourhood search, Shaw 1998; price-guided connecting, Dilkina & Gomes 2010.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order

from planner.allocation.bound import reduced_values
from planner.allocation.exact import solve_exactly
from planner.allocation.highs import solve_program
from planner.allocation.model import Model, chosen_options, settle, with_cuts
from planner.allocation.parts import Separator, empty_clauses, stack_clauses
from planner.allocation.patch_prices import PatchPrices, patch_prices, sides_of
from planner.allocation.pieces import walked_plan
from planner.allocation.program import program, start_point
from planner.allocation.restrict import restrict
from planner.allocation.search import Best, Found, Outcome, Settings, best_of, briefer, relative_gap
from planner.allocation.table import Bools, Floats, Ints

Solve = Callable[[Model, Settings, Ints | None, Floats | None], Found]

BRANCHED = 2_600  # units up to which branch and bound on the whole has the last word
WINDOW = 220  # units freed at once
RINGS = 2  # of neighbours freed around a unit that prices leave undecided
UNDECIDED = 0.02  # least share by which such a unit is off 0 and 1
FREE_NODES = 2_000  # of the search without the rules
BRIEF_NODES = 400  # of the search around one backbone
NODES = 400  # of the search in one window
MOST_WINDOWS = 400  # after which branch and bound has the last word
CORE = 800  # most units freed at once around shares that are undecided
TRIES = 12  # solves of one window while its plan breaks a patch rule
MENDED = 1  # of these after which what breaks a rule is mended as well
LEANINGS = (0.0, -0.03, 0.03, -0.1, 0.1, -0.3, 0.3, 1.0)  # of the usual worth of a unit, by which the target is favoured
SHARES = (1.0, 0.98, 0.95, 0.9)  # of the area that a plan without the rules gives the target, up to which patches grow
IDLE = 6  # choices anew around backbones that may win nothing, backbones drawn differently
NOISE = 0.3  # of the usual worth of a unit by which it is drawn for another backbone


def solve_patches(model: Model, settings: Settings, first: Ints | None, prices: Floats | None, solve: Solve) -> Found:
    """A plan that keeps the patch rules and a bound; `solve` answers problems without such rules."""
    loose = replace(model, separators=(), hidden=(), cuts=empty_clauses())
    early = replace(briefer(settings, 0.3, FREE_NODES), gap=max(3.0 * settings.gap, 1e-3))
    free = solve(loose, early, None, prices)
    if free.outcome is Outcome.INFEASIBLE or free.chosen is None:
        return free if free.outcome is Outcome.INFEASIBLE else solve_exactly(model, settings, first)
    known = best_of(model, best_of(model, Best(), first), free.chosen)
    work = _Work(model, loose, settings, solve, reduced_values(loose, free.multipliers), free)
    rough = known  # any plan first: Ctrl-C and the time limit may come at any moment
    if known.chosen is None:
        rough = work.mended_choice(free.chosen, known)
    rough = walked_plan(model, settings, free.chosen, rough)
    priced = patch_prices(model, briefer(settings, 0.5, FREE_NODES), free)
    if priced is not None:
        free = replace(free, bound=min(free.bound, priced.bound), multipliers=priced.multipliers)
    work = _Work(model, loose, settings, solve, reduced_values(loose, free.multipliers), free)
    best = work.anew(max(work.first_plan(priced, known), rough, key=lambda b: b.value))
    method = f"{free.method}, patches mended"
    windows = bool(model.cuts.hi.size)  # pieces join no windows
    if windows and relative_gap(best.value, free.bound) > settings.gap:
        best = _Windows(work, priced).improved(best)
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


@dataclass(frozen=True, eq=False)
class _Work:
    """What plans with patches are made from: the model with its rules and without, options' values at prices (K,), what was
    found without the rules."""

    model: Model
    loose: Model
    settings: Settings
    solve: Solve
    value: Floats
    free: Found

    def first_plan(self, priced: PatchPrices | None, best: Best) -> Best:
        """The best plan among mended patches at prices that lean towards the target or away from it."""
        sharp = priced is not None and bool(self.model.cuts.hi.size)  # rows of patches say where patches are; one try is enough
        seen: set[bytes] = set()
        for leaning, share, shares in itertools.product(LEANINGS, SHARES, (priced,) if sharp else (None, priced)):
            if self._done(best) or (sharp and best.chosen is not None):
                break
            inside = [self._mended(s, self._inside(s, shares), leaning, share) for s in self.model.separators]
            if (mark := b"".join(units.tobytes() for units in inside)) not in seen:
                seen.add(mark)
                best = self._solved(inside, best)
        return best

    def anew(self, best: Best) -> Best:
        """The plan chosen again around backbones of its patches, others each time, until that wins next to nothing."""
        random, idle = np.random.default_rng(self.settings.seed), 0
        while best.chosen is not None and idle < IDLE and not self._done(best):
            noise = NOISE * random.standard_normal(self.model.size) * (idle > 0)
            inside = [self._units(s, best.chosen) for s in self.model.separators]
            better = self._solved(inside, best, noise)
            idle = idle + 1 if better.value - best.value <= 0.02 * (self.free.bound - best.value) else 0
            best = better
        return best

    def _done(self, best: Best) -> bool:
        return self.settings.seconds_left <= 0 or relative_gap(best.value, self.free.bound) <= self.settings.gap

    def _units(self, separator: Separator, chosen: Ints) -> Bools:
        return np.asarray(separator.inside[chosen])

    def _worth(self, separator: Separator) -> tuple[Floats, float, Bools, Bools]:
        """What the target brings each unit at prices (N,), what is usual, who can be in it and who must."""
        within, without = sides_of(self.model, self.value, separator.inside)
        worth = within - without
        usual = float(np.median(np.abs(worth[np.isfinite(worth)]))) if np.isfinite(worth).any() else 0.0
        return np.clip(worth, -1e3 * usual - 1.0, 1e3 * usual + 1.0), usual, np.isfinite(within), ~np.isfinite(without)

    def mended_choice(self, chosen: Ints, best: Best) -> Best:
        """The better of a plan and of a choice whose patches are mended."""
        return self._solved([self._mended(s, self._units(s, chosen), 0.0, 1.0) for s in self.model.separators], best)

    def _inside(self, separator: Separator, priced: PatchPrices | None) -> Bools:
        """Units in a rule's target by more than half their share, or as without the rule where there are no shares; (N,)."""
        assert self.free.chosen is not None
        if priced is None:
            worth, usual, *_ = self._worth(separator)
            return np.asarray(separator.inside[self.free.chosen] | (worth > 3 * usual))
        return np.bincount(self.model.unit, weights=priced.shares * separator.inside, minlength=self.model.size) > 0.5

    def _mended(self, separator: Separator, units: Bools, leaning: float, share: float) -> Bools:
        """The units of a rule's target when the patches that `units` make are mended at prices, (N,)."""
        assert self.free.chosen is not None
        worth, usual, can, must = self._worth(separator)
        worth = worth + leaning * usual
        wanted = separator.mended(worth, units, share * separator.area(self.free.chosen))
        return np.asarray((wanted & can) | must)

    def _solved(self, inside: list[Bools], best: Best, noise: Floats | None = None) -> Best:
        """The better of a plan and of the best around backbones of the units inside each rule's target."""
        model, settings = self.model, self.settings
        allowed = model.allowed.copy()
        for separator, units in zip(model.separators, inside, strict=True):
            worth, usual, *_ = self._worth(separator)
            must, may = separator.freedom(units, worth if noise is None else worth + usual * noise)
            allowed &= ~(must[model.unit] & ~separator.inside) & ~(~may[model.unit] & separator.inside)
        if not np.logical_or.reduceat(allowed, model.start[:-1]).all():
            return best
        brief = replace(briefer(settings, 0.1, BRIEF_NODES), gap=0.3 * settings.gap, warm=self.free.warm)
        found = self.solve(replace(self.loose, allowed=allowed), brief, None, self.free.multipliers.rows)
        return best_of(model, best, found.chosen)


class _Windows:
    """Windows of units freed in turn and solved with all rules; rows that their plans break stay for the windows after."""

    def __init__(self, work: _Work, priced: PatchPrices | None) -> None:
        self.work, self.model, self.settings, self.priced = work, work.model, work.settings, priced
        rows = [] if priced is None else [priced.found]
        whole = with_cuts(self.model)
        self.whole = replace(whole, clauses=stack_clauses([whole.clauses, *rows]))
        self.graph = _neighbourhood(self.model)
        self.random = np.random.default_rng(self.settings.seed)
        share = 0.8 if self.model.size > BRANCHED else 0.6
        self.until, self.left = self.settings.seconds + share * self.settings.seconds_left, MOST_WINDOWS

    def improved(self, best: Best) -> Best:
        """The plan after a core around the shares at prices and after sweeps of windows, until a sweep wins next to nothing."""
        bound = self.work.free.bound
        best = self._core(best)
        while best.chosen is not None and not self._done(best):
            before = best.value
            for free in itertools.chain(self._packed(self._undecided()), self._balls()):
                if self._done(best):
                    return best
                assert best.chosen is not None
                best = self._window(best.chosen, free, best)
            if best.value - before <= max(0.02 * (bound - before), 1e-9 * abs(bound)):
                break
        return best

    def _done(self, best: Best) -> bool:
        late = self.settings.seconds_left <= 0 or self.settings.seconds > self.until or self.left <= 0
        return late or relative_gap(best.value, self.work.free.bound) <= self.settings.gap

    def _core(self, best: Best) -> Best:
        """All units near places where the shares at prices are undecided or break a rule, the others as their shares say."""
        if self.priced is None:
            return best
        model = self.model
        base = chosen_options(model, self.priced.shares)
        seeds = self._undecided()
        for separator in model.separators:
            seeds[model.unit[separator.offending(base)]] = True
        for rings in range(RINGS, 0, -1):
            free = self._around(seeds, rings)
            if free.sum() <= CORE:
                return self._window(base, free, best)
        return best

    def _undecided(self) -> Bools:
        """Units that stand in a rule's target by a share, (N,)."""
        share = np.zeros(self.model.size)
        for separator in self.model.separators if self.priced is not None else ():
            assert self.priced is not None
            inside = np.bincount(self.model.unit, weights=self.priced.shares * separator.inside, minlength=self.model.size)
            share = np.maximum(share, np.minimum(inside, 1.0 - inside))
        return np.asarray(share > UNDECIDED)

    def _around(self, units: Bools, rings: int) -> Bools:
        """Units and so many rings of neighbours, (N,)."""
        ball = units.astype(np.float64)
        for _ in range(rings):
            ball = ball + self.graph @ ball
        return np.asarray(ball > 0)

    def _packed(self, seeds: Bools) -> Iterator[Bools]:
        """Windows (N,) of several units and what is near them."""
        left = self.random.permutation(np.flatnonzero(seeds))
        while left.size:
            free, took = np.zeros(self.model.size, dtype=np.bool_), 0
            while took < left.size and free.sum() < WINDOW:
                one = np.zeros(self.model.size, dtype=np.bool_)
                one[left[took]] = True
                free |= self._around(one, RINGS)
                took += 1
            left = left[took:]
            yield free

    def _balls(self) -> Iterator[Bools]:
        """Windows (N,) of units nearest to one in turn, enough of them to free every unit about twice."""
        n = self.model.size
        for seed in self.random.permutation(n)[: max(2 * n // WINDOW, 1)]:
            free = np.zeros(n, dtype=np.bool_)
            free[breadth_first_order(self.graph, int(seed), directed=False, return_predecessors=False)[:WINDOW]] = True
            yield free

    def _window(self, base: Ints, free: Bools, best: Best) -> Best:
        """The better of a plan and of the best in which only the units `free` differ from `base`; what breaks a rule is also
        mended."""
        model, settings = self.model, self.settings
        self.left -= 1
        place = np.full(model.gain.size, -1, dtype=np.int64)
        slack = 0.1 * settings.gap * abs(self.work.free.bound)
        for turn in range(TRIES):
            core = restrict(self.whole, base, free)
            place[core.options] = np.arange(core.options.size)
            prog = program(core.model)
            mine = place[base[core.units]]
            warm = start_point(core.model, prog, mine, settle(core.model, mine).columns)
            answer = solve_program(
                prog,
                slack=slack / prog.scale,
                seconds=min(settings.seconds_left, self.until - settings.seconds),
                seed=settings.seed,
                nodes=NODES,
                start=warm,
                stop=settings.stop,
            )
            if answer.point is None:
                break
            chosen = core.whole_choice(base, chosen_options(core.model, answer.point))
            settled = settle(model, chosen)
            if settled.feasible:
                return Best(settled.objective, chosen) if settled.objective > best.value else best
            more = [c for s in model.separators if (c := s.clauses(chosen)) is not None]
            if not more or settled.objective <= best.value or self._done(best):
                break
            self.whole = replace(self.whole, clauses=stack_clauses([self.whole.clauses, *more]))
            if turn >= MENDED:
                best = self.work.mended_choice(chosen, best)
        return best


def _neighbourhood(model: Model) -> sparse.csr_array:
    """Which units lie side by side, as far as the rules know."""
    graphs = [s.graph for s in model.separators]
    edges = model.edges
    ones = np.ones(edges.cost.size)
    both = (np.r_[ones, ones], (np.r_[edges.a, edges.b], np.r_[edges.b, edges.a]))
    graphs.append(sparse.csr_array(both, shape=(model.size, model.size)))
    return sparse.csr_array(sum(graphs[1:], graphs[0]))
