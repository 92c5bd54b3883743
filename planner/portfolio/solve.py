"""The best schedule of a programme and the proof how good it is.

Relaxation with the haul rows that it breaks → a good schedule among the columns worth most at its prices → columns that cannot
be in a better one dropped, exactly → the rest proven by branch and bound → the chosen projects paid one by one; where that
fails, classes are split and it begins again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.allocation.highs import Answer
from planner.errors import NoPlanInTime
from planner.portfolio.improve import improved
from planner.portfolio.infeasible import refuse
from planner.portfolio.model import Model
from planner.portfolio.pay import Paid, pay
from planner.portfolio.programme import Floats, Ints, Programme
from planner.portfolio.rows import ask
from planner.words import say

Progress = Callable[[float, float, float], None]

ROUNDS = 12  # of haul rows at the relaxation
WIDE = 50_000  # columns of a program from which interior points relax it: 156 000 take 14 s instead of minutes
INSIDE = 1e-4  # of a column in the relaxation; interior points leave crumbs everywhere
ROUNDING = 1e-6  # of the bound, that interior points may be off
BROKEN = 1e-6  # by how much a haul row has to be broken to be written
CORE = 400  # columns of the first search, at least
OF_EACH = 4  # of them for every project there is
FIRST = 0.1  # share of the time it may take
SECOND = 0.45  # share of the rest in which the first schedule is made better
TRIES = 30  # how often classes are split
NONE = slice(0, 0)  # no columns
UNPAID_SHARE = 1e-7  # of all spending that may stay unpaid by rounding


@dataclass(frozen=True, eq=False)
class Relaxed:
    """The relaxation: the model with the rows it wrote, value, point, duals, and what each column would lose, (J,)."""

    model: Model
    value: float
    point: Floats
    duals: Floats
    reduced: Floats


@dataclass(frozen=True, eq=False)
class Solution:
    """Chosen columns, how they are paid, and the proof; objective and bound in the objective's unit.

    relaxed: the relaxation of the last objective. seconds: of the whole search.
    """

    chosen: Ints
    paid: Paid
    objective: float
    bound: float
    status: str
    seconds: float
    relaxed: Relaxed

    @property
    def gap(self) -> float:
        """How far the bound lies above the objective, per yuan (or mu) of it."""
        return max(self.bound - self.objective, 0.0) / max(abs(self.objective), 1e-9)


def objectives(made: Programme) -> list[Mapping[str, float]]:
    """The objectives in turn, each as weights of measures."""
    wanted = made.general.objective
    if isinstance(wanted, dict):
        return [{str(name): weight for name, weight in wanted.items()}]
    return [{name: 1.0} for name in ((wanted,) if isinstance(wanted, str) else wanted)]


def solve(made: Programme, *, progress: Progress | None = None) -> Solution:
    """The best schedule. progress is called with (bound, best, gap).

    Raises Infeasible naming what to relax, NoPlanInTime where the time limit passed before any schedule was found.
    """
    begin = time.monotonic()
    until = begin + made.general.time_limit_s
    floors: tuple[tuple[str, float], ...] = ()
    wanted = objectives(made)
    for at, weights in enumerate(wanted):
        left = until - time.monotonic()
        share = time.monotonic() + left / (len(wanted) - at)
        found = _one(made, weights, floors, share, progress)
        if at + 1 < len(wanted):
            name = next(iter(weights))
            floors = (*floors, (name, found.objective - made.general.gap * abs(found.objective)))
    return replace(found, seconds=time.monotonic() - begin)


def relax(made: Programme, weights: Mapping[str, float], floors: tuple[tuple[str, float], ...] = ()) -> Relaxed:
    """The relaxation of a programme with the haul rows it breaks. Raises Infeasible where not even that has an answer."""
    return _relax(Model(made, weights, floors=floors))


def _one(
    made: Programme,
    weights: Mapping[str, float],
    floors: tuple[tuple[str, float], ...],
    until: float,
    progress: Progress | None,
) -> Solution:
    """The best schedule for one objective by a deadline."""
    model, bound = Model(made, weights, floors=floors), np.inf
    for _ in range(TRIES):
        relaxed = _relax(model, until)
        model = relaxed.model
        answer, proven = _search(relaxed, until, progress)
        bound = min(bound, proven)
        if answer is None:
            raise NoPlanInTime(say("portfolio.no_plan_in_time", seconds=made.general.time_limit_s))
        chosen = np.flatnonzero(answer[: len(made.columns)] > 0.5)
        paid = pay(made, chosen)
        spent = made.columns.spend[chosen].sum()
        if paid.unpaid.sum() <= UNPAID_SHARE * spent + 1e-12:
            worth = _worth(made, weights, chosen, paid)
            better = max(bound, worth)
            gap = (better - worth) / max(abs(worth), 1e-9)
            status = "optimal" if gap <= made.general.gap + 1e-12 else "time_limit"
            return Solution(chosen, paid, worth, better, status, 0.0, relaxed)
        short = {int(made.columns.project[j]) for j, u in zip(chosen, paid.unpaid, strict=True) if u > 0}
        known = len(model.split)
        model = replace(model, split=model.split | (short or set(made.columns.project[chosen].tolist())))
        if len(model.split) == known:
            model = replace(model, split=frozenset(range(len(made.projects))))
    raise NoPlanInTime(say("portfolio.no_plan_in_time", seconds=made.general.time_limit_s))


def _worth(made: Programme, weights: Mapping[str, float], chosen: Ints, paid: Paid) -> float:
    """The objective of chosen columns as they are paid."""
    found = sum(weight * float(made.columns.measure(name)[chosen].sum()) for name, weight in weights.items())
    return found - weights.get("npv", 0.0) * paid.cost_cny


def _relax(model: Model, until: float = np.inf) -> Relaxed:
    """Solves the relaxation, writes the haul rows it breaks, and again, in no more than a share of the time there is."""
    wide, soon = model.width > WIDE, time.monotonic() + FIRST * (until - time.monotonic())
    for left in range(ROUNDS, -1, -1):
        answer = ask(model.program(), relaxed=True, method="ipm" if wide else "choose")
        left = left if time.monotonic() < soon else 0
        if answer.point is None or answer.duals is None:
            refuse(model.made)
        assert answer.point is not None
        broken = _broken(model, answer.point) if left else []
        if not broken:
            break
        model = replace(model, cuts=(*model.cuts, *broken))
    assert answer.point is not None and answer.duals is not None
    reduced = model.gain + model.rows.matrix().T @ answer.duals
    value = -answer.value + (ROUNDING * abs(answer.value) if wide else 0.0)
    return Relaxed(model, value, answer.point, answer.duals, reduced[: len(model.made.columns)])


def _broken(model: Model, point: Floats) -> list[tuple[int, int, int]]:
    """Haul rows that a point breaks: (pair, year, end), ends of giver and taker apart."""
    hauled = point[model.hauls : model.bought].reshape(-1, model.span)
    known = set(model.cuts)
    found = []
    for pair, t in zip(*np.nonzero(hauled > BROKEN), strict=True):
        for end in (0, 1):
            key = (int(pair), int(t), end)
            if key not in known:
                js, most = model.cover(*key)
                if hauled[pair, t] > most @ point[js] + BROKEN * max(1.0, float(most.max(initial=0.0))):
                    found.append(key)
    return found


def _search(relaxed: Relaxed, until: float, progress: Progress | None) -> tuple[Floats | None, float]:
    """The best point of a model and the bound proven, by core, exact fixing, and branch and bound."""
    model, count = relaxed.model, len(relaxed.reduced)
    gap = model.made.general.gap
    best = _first(relaxed, until, progress) if count > CORE else None
    value = -np.inf if best is None else -best.value
    if best is not None and best.point is not None:
        soon = time.monotonic() + max((until - time.monotonic()) * SECOND, 0.5)
        point, value = improved(model, best.point, value, relaxed.value, until=soon, reduced=relaxed.reduced)
        best = replace(best, point=point, value=-value)
    if best is not None and relaxed.value - value <= gap * abs(value):
        return best.point, relaxed.value
    allowed = relaxed.value + relaxed.reduced >= value  # others are in no better schedule
    left = max(until - time.monotonic(), 0.5)
    start = None if best is None else best.point
    final = _branch(model, allowed, gap=gap * 0.9, seconds=left, start=start, tell=_teller(relaxed.value, progress))
    if final.status == "infeasible" and best is None:
        refuse(model.made)
    proven = relaxed.value if final.status == "infeasible" else min(relaxed.value, -final.bound)
    if final.status == "infeasible":
        proven = value  # nothing better is left
    if final.point is None or (best is not None and best.value < final.value):
        return (None if best is None else best.point), max(proven, value)
    return final.point, max(proven, -final.value)


def _first(relaxed: Relaxed, until: float, progress: Progress | None) -> Answer | None:
    """A first schedule from the columns that are worth most at the relaxation's prices.

    Where none is found in its time, one in which no earth goes from site to site: it is as allowed, and far easier to find.
    """
    model, count = relaxed.model, len(relaxed.reduced)
    kept = _needed(model.made) | (relaxed.point[:count] > INSIDE)
    kept[np.argsort(-relaxed.reduced, kind="stable")[: max(CORE, OF_EACH * len(model.made.projects))]] = True
    for without in (NONE, slice(model.hauls, model.bought)):
        seconds = max((until - time.monotonic()) * FIRST, 0.5)
        tell = _teller(relaxed.value, progress)
        found = _branch(model, kept, gap=model.made.general.gap / 2, seconds=seconds, start=None, tell=tell, without=without)
        if found.point is not None or model.hauls == model.bought:
            break
    return found if found.point is not None else None


def _needed(made: Programme) -> np.ndarray:
    """Columns of projects that must be done: never left out of a search."""
    must = np.array([p.must or p.settled is not None for p in made.projects])
    return np.asarray(must[made.columns.project])


def _branch(
    model: Model,
    allowed: np.ndarray,
    *,
    gap: float,
    seconds: float,
    start: Floats | None,
    tell: Callable[[float, float], None],
    without: slice = NONE,
) -> Answer:
    """Branch and bound over the columns that are allowed. without: columns of the program that stay zero."""
    program = model.program()
    upper = program.upper.copy()
    upper[: len(allowed)] = allowed
    upper[without] = 0.0
    return ask(replace(program, upper=upper), gap=gap, seconds=seconds, seed=model.made.general.seed, start=start, tell=tell)


def _teller(highest: float, progress: Progress | None) -> Callable[[float, float], None]:
    def tell(bound: float, best: float) -> None:
        if progress is not None and np.isfinite(best):
            top = min(highest, -bound) if np.isfinite(bound) else highest
            progress(top, -best, (top + best) / max(abs(best), 1e-9))

    return tell
