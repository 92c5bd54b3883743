"""The best schedule of a programme and the proof how good it is.

Relaxation with the haul rows that it breaks → a tree on what the largest projects do, and beside it schedules by going down
from its best nodes (a very wide program: projects settled in strides, then large neighbourhoods) → columns that cannot be in a
better schedule dropped, exactly → the rest proven by branch and bound → the chosen projects paid one by one; where that fails,
classes are split and it begins again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from planner.allocation.highs import Answer
from planner.errors import NoPlanInTime
from planner.portfolio.beam import descend
from planner.portfolio.improve import improved
from planner.portfolio.infeasible import refuse
from planner.portfolio.model import NONE, Model
from planner.portfolio.nodes import Nodes
from planner.portfolio.pay import Paid, pay
from planner.portfolio.programme import Floats, Ints, Programme
from planner.portfolio.rows import ask, proven
from planner.portfolio.strides import strides
from planner.portfolio.tree import Grown, Tree
from planner.words import say

Progress = Callable[[float, float, float], None]

ROUNDS = 12  # of haul rows at the relaxation
FALLEN = 0.02  # share of the gap by which rows of a round have to lower it for others to be written
WIDE_ROUNDS = 2  # of them in a very wide program
WIDE = 50_000  # columns of a program from which interior points relax it: 156 000 take 14 s instead of minutes
INSIDE = 1e-4  # of a column in the relaxation; interior points leave crumbs everywhere
BROKEN = 1e-6  # by how much a haul row has to be broken to be written
CORE = 400  # columns of the first search, at least
OF_EACH = 4  # of them for every project there is
NODES = 2000  # of that search
FIRST = 10  # times the work of the whole relaxation: the tree's share of the first turn, in which one node is gone down from
LATER = 40  # of each turn after it
WIDTH = 4  # nodes gone down from together in those
BEGUN = 2  # of the tree's best nodes are there for each of them
STILL = 0.02  # share of the gap that a turn has to close for others to be worth it
TURNS = 2  # of them that may close less
TRIES = 30  # how often classes are split
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
        relaxed = _relax(model)
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


def _relax(model: Model) -> Relaxed:
    """Solves the relaxation, writes the haul rows it breaks, and again."""
    wide, above = model.width > WIDE, np.inf
    for left in range(WIDE_ROUNDS if wide else ROUNDS, -1, -1):
        answer = ask(model.program, relaxed=True, method="ipm" if wide else "choose")
        if answer.point is None or answer.duals is None:
            refuse(model.made)
        assert answer.point is not None
        fallen, above = above + answer.value, -answer.value
        broken = _broken(model, answer.point) if left and fallen > FALLEN * model.made.general.gap * abs(above) else []
        if not broken:
            break
        model = replace(model, cuts=(*model.cuts, *broken))
    assert answer.point is not None and answer.duals is not None
    return priced(model, answer.point, answer.duals)


def priced(model: Model, point: Floats, duals: Floats) -> Relaxed:
    """A relaxation that was solved, its value the bound that its prices prove."""
    program = model.program
    least, of_columns = proven(program, duals / program.scale, model.most, program.lo)
    return Relaxed(model, -least * program.scale, point, duals, -of_columns[: len(model.made.columns)] * program.scale)


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
    """The best point of a model and the bound proven: by a tree on large projects, then by branch and bound over the
    columns that are left."""
    model, gap = relaxed.model, relaxed.model.made.general.gap
    known = _known(relaxed, until, progress)
    point, value = known.point, known.value
    if point is not None and known.bound - value <= gap * abs(value):
        return point, known.bound
    allowed = known.allowed & (relaxed.value + relaxed.reduced >= value)  # others are in no better schedule
    left = max(until - time.monotonic(), 0.5)
    final = _branch(model, allowed, gap=gap * 0.9, seconds=left, start=point, tell=_teller(known.bound, progress))
    if final.status == "infeasible" and point is None:
        refuse(model.made)
    bound = value if final.status == "infeasible" else min(known.bound, -final.bound)
    if final.point is None or -final.value < value:
        return point, max(bound, value)
    return final.point, max(bound, -final.value)


def _known(relaxed: Relaxed, until: float, progress: Progress | None) -> Grown:
    """What is known before branch and bound over single columns: nothing in a small program, by a core in a very wide one."""
    model, count = relaxed.model, len(relaxed.reduced)
    every = np.ones(count, dtype=np.bool_)
    if count <= CORE:
        return Grown(None, -np.inf, relaxed.value, every)
    if model.width > WIDE:
        found = strides(model, relaxed.point, until=until) or _first(relaxed, until, progress)
        if found is None or found.point is None:
            return Grown(None, -np.inf, relaxed.value, every)
        known = Grown(found.point, -found.value, relaxed.value, every)
        return improved(model, known, until=until, reduced=relaxed.reduced)
    return _grown(relaxed, until, progress)


def _grown(relaxed: Relaxed, until: float, progress: Progress | None) -> Grown:
    """A tree, and beside it, on a core of its own, schedules by going down from its best nodes: in turns of counted work, after
    each of which both know what the other has found. Ends where turns close too little."""
    model, gap, tell = relaxed.model, relaxed.model.made.general.gap, _teller(relaxed.value, progress)
    tree = Tree(Nodes(model, until), relaxed.value, gap, tell=lambda bound, best: tell(-bound, -best))
    known, below, still, unit = tree.known(), Nodes(model, until), 0, tree.asked.work
    width, work = 1, FIRST * unit
    with ThreadPoolExecutor(1) as beside:
        try:
            while not tree.over() and still < TURNS:
                apart = known.bound - known.value
                below.better(known.point, known.value)
                down = beside.submit(descend, below, tree.best(BEGUN * width), width, work)
                known = tree.grow(work)
                if tree.over() and not tree.asked.late:  # it needs no other schedule: what was found so far hangs on the clock
                    break
                down.result()
                tree.asked.better(below.point, below.value)
                known = tree.known()
                width, work = WIDTH, LATER * unit
                still = 0 if known.point is not None and known.bound - known.value <= (1 - STILL) * apart else still + 1
        finally:
            below.stop.set()
    return known


def _first(relaxed: Relaxed, until: float, progress: Progress | None) -> Answer | None:
    """A first schedule from the columns that are worth most at the relaxation's prices.

    Where none is found in its time, one in which no earth goes from site to site: it is as allowed, and far easier to find.
    """
    model, count = relaxed.model, len(relaxed.reduced)
    kept = _needed(model.made) | (relaxed.point[:count] > INSIDE)
    kept[np.argsort(-relaxed.reduced, kind="stable")[: max(CORE, OF_EACH * len(model.made.projects))]] = True
    for without in (NONE, slice(model.hauls, model.bought)):
        how: dict[str, Any] = {"gap": model.made.general.gap / 2, "nodes": NODES, "seconds": max(until - time.monotonic(), 0.5)}
        found = _branch(model, kept, start=None, tell=_teller(relaxed.value, progress), without=without, **how)
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
    nodes: int | None = None,
    without: slice = NONE,
) -> Answer:
    """Branch and bound over the columns that are allowed. without: columns of the program that stay zero."""
    program = model.among(allowed, without=without)
    return ask(program, gap=gap, seconds=seconds, nodes=nodes, seed=model.made.general.seed, start=start, tell=tell)


def _teller(highest: float, progress: Progress | None) -> Callable[[float, float], None]:
    def tell(bound: float, best: float) -> None:
        if progress is not None and np.isfinite(best):
            top = min(highest, -bound) if np.isfinite(bound) else highest
            progress(top, -best, (top + best) / max(abs(best), 1e-9))

    return tell
