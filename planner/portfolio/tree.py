"""Branch and bound on what the largest projects do: a tree of linear programs, each begun where its parent's ended.

A project that takes years of a fund's money stands in the relaxation a little in every year, so that every yuan is spent and
spoil always meets fill. Where it truly stands decides most of the rest. A node asks that of the project whose answers cost the
bound most (`questions`): done in one way by a year (or in a variant), or not so. Bounds are by prices
(`rows.proven`), not by a tolerance.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from planner.allocation.highs import Answer, Relaxations, Solved
from planner.portfolio.model import Model
from planner.portfolio.programme import Floats
from planner.portfolio.questions import SLIGHT, WHOLE, Learnt, Question
from planner.portfolio.rows import proven

TRIED = 8  # questions that are tried at a node, at most
DIVE = 4  # nodes between two dives
NEAR = 16  # nodes at the top of the heap of which one is dived from
WAYS = 60  # ways of doing a project that a dive takes back before it gives up
CALM = 100  # programs solved, at least, in which too little has happened for the tree to go on
LITTLE = 0.2  # share of the gap that is too little
OPEN = 20_000  # nodes kept at most: half a gigabyte

Bools = np.ndarray


@dataclass(frozen=True, eq=False)
class Node:
    """Part of all schedules. allowed: columns, (J,). done: projects that must be, (N,). bound: on the objective of any.

    point: of the relaxation, (width,). reduced: what the bound would lose by each column, (J,). basis: the solver's.
    """

    allowed: Bools
    done: Bools
    bound: float
    point: Floats
    reduced: Floats
    basis: Any

    def __lt__(self, other: Node) -> bool:
        return self.bound > other.bound

    def open(self, value: float) -> Bools:
        """Columns with which something better than a value may be found in it, (J,)."""
        return np.asarray(self.allowed & (self.bound + np.minimum(self.reduced, 0.0) >= value))


Halves = tuple[Node | None, Node | None]


@dataclass(frozen=True, eq=False)
class Grown:
    """The best point and its value (None and -inf where there is none), the bound over all schedules, and the columns of which
    every better one is made, (J,)."""

    point: Floats | None
    value: float
    bound: float
    allowed: Bools


@dataclass(eq=False)
class Tree:
    """A tree over one model. until: when it must end. gap: at which it may. asked: programs solved; work: steps of the simplex
    method in them."""

    model: Model
    bound: float
    until: float
    gap: float
    point: Floats | None = None
    value: float = -np.inf
    tell: Callable[[float, float], None] = lambda bound, best: None
    nodes: list[Node] = field(default_factory=list)
    asked: int = 0
    work: int = 0
    over: bool = False
    settled: float = -np.inf  # highest bound of nodes in which all was decided

    def __post_init__(self) -> None:
        made = self.model.made
        self.program = self.model.program
        self.solver = Relaxations(self.program)
        self.count, self.projects = len(made.columns), len(made.projects)
        self.chance = np.random.default_rng(made.general.seed)
        self.least = self.program.lo[: self.projects]  # the first rows: what each project does

        root = self._node(np.ones(self.count, dtype=np.bool_), self.least > 0.5, None, self.bound)
        self.learnt = Learnt(self.model, 0.0 if root is None else SLIGHT * abs(root.bound))
        if root is not None:
            self.nodes = [root]
            self._dive(root, by_chance=False)
        self.lost = self.over  # not even the root was solved: nothing is known

    def better(self, point: Floats, value: float) -> None:
        """A point found elsewhere."""
        if value > self.value:
            self.point, self.value = point, value

    def grow(self, work: float) -> Grown:
        """Grows until the gap is closed, the time is over, or too little happens after so much work; may be called again."""
        begun, step, early = self.asked, 0, self.work + work
        stood = (self._gap, begun)
        while self.nodes and not self._ended:
            node = heapq.heappop(self.nodes)
            self._split(node)
            step += 1
            if step % DIVE == 0 and self.nodes and not self._ended:
                near = min(len(self.nodes), NEAR)
                self._dive(self.nodes[int(self.chance.integers(near))], by_chance=True)
                self.tell(self.nodes[0].bound, self.value)
            if self.asked - stood[1] >= max(CALM, stood[1] - begun) and self.work >= early:
                if self._gap > (1 - LITTLE) * stood[0]:
                    break
                stood = (self._gap, self.asked)
        return self._grown()

    @property
    def full(self) -> bool:
        """Whether it may keep no more nodes."""
        return len(self.nodes) > OPEN

    @property
    def _ended(self) -> bool:
        return self.over or self._gap <= self.gap or self.full or time.monotonic() > self.until

    @property
    def _gap(self) -> float:
        """How far the bound of what is open lies above the best, per yuan of it."""
        top = max(self.nodes[0].bound if self.nodes else self.value, self.value)
        return (top - self.value) / max(abs(self.value), 1e-9) if np.isfinite(self.value) else np.inf

    def _grown(self) -> Grown:
        allowed = np.full(self.count, self.lost)
        for node in self.nodes:
            if node.bound >= self.value:
                allowed |= node.open(self.value)
        top = max(self.settled, self.value, self.bound if self.lost else -np.inf, *(node.bound for node in self.nodes))
        return Grown(self.point, self.value, top, allowed)

    def _split(self, node: Node) -> None:
        """Both halves of a node take its place, where anything better may be in them."""
        asked = self.learnt.best_first(self.learnt.questions(node.point[: self.count]))
        if not asked:  # nothing in it is better than its point, but for rounding
            self.settled = max(self.settled, node.bound)
            return
        halves = self._tried(node, asked)
        for half in (node,) if self.over else halves:  # no time for it: the whole node stays open
            if half is not None:
                heapq.heappush(self.nodes, half)

    def _tried(self, node: Node, asked: list[Question]) -> Halves:
        """The halves of a node by its best question: the first ones are tried where too little is known of their projects."""
        found: Halves | None = None
        most, tried = -np.inf, -1
        for q in asked[:TRIED]:
            if not self.learnt.sure(q):
                halves, weight = self._halves(node, q)
                if self.over or None in halves:  # one half is done with
                    return halves
                if weight > most:
                    found, most, tried = halves, weight, q.project
        best = max(asked, key=self.learnt.expected)
        if found is not None and (best.project == tried or most >= self.learnt.expected(best)):
            return found
        return self._halves(node, best)[0]

    def _halves(self, node: Node, q: Question) -> tuple[Halves, float]:
        """Both halves of a node by a question, and how good the question was, which is learnt."""
        within = node.open(self.value)
        one, other = within.copy(), within.copy()
        one[np.setdiff1d(self.model.of(q.project), q.ways)] = False
        other[q.ways] = False
        must = node.done.copy()
        must[q.project] = True
        yes, no = (self._node(a, done, node.basis, node.bound) for a, done in ((one, must), (other, node.done)))
        if self.over:
            return (yes, no), 0.0
        lost = [node.bound - max(self.value, -np.inf if half is None else half.bound) for half in (yes, no)]
        finite = [gone if np.isfinite(gone) else 0.0 for gone in lost]  # no schedule known yet: nothing to measure it by
        self.learnt.learn(q, finite[0], finite[1])
        return (yes, no), self.learnt.weight(finite[0], finite[1])

    def _node(self, allowed: Bools, done: Bools, basis: Any, above: float) -> Node | None:
        """The node of some columns and projects, better points remembered; None where nothing better is in it."""
        answer, basis = self._relaxed(allowed, done, basis)
        if answer.status is Solved.STOPPED or answer.status is Solved.FAILED:
            self.over = True
        if answer.point is None or answer.duals is None:
            return None
        most = self.model.most.copy()
        most[: self.count] = allowed
        lo = self.program.lo.copy()
        lo[: self.projects] = done
        least, of_columns = proven(self.program, answer.duals, most, lo)
        scale = self.program.scale
        found = Node(allowed, done, min(-least * scale, above), answer.point, -of_columns[: self.count] * scale, basis)
        x, value = answer.point[: self.count], -answer.value * scale
        if value > self.value and not ((x > WHOLE) & (x < 1 - WHOLE)).any():
            self.point, self.value = answer.point, value
        return found if found.bound > self.value else None

    def _relaxed(self, allowed: Bools, done: Bools, basis: Any) -> tuple[Answer, Any]:
        self.asked += 1
        lo = np.where(done, 1.0, self.least)
        left = self.until - time.monotonic()
        answer, basis = self.solver.solve(allowed.astype(np.float64), lo, basis=basis, seconds=left)
        self.work += answer.work
        return answer, basis

    def _dive(self, node: Node, *, by_chance: bool) -> None:
        """From a node down: the largest undecided project takes the way it has most of, where anything better is left by it."""
        cols, left = self.model.made.columns, WAYS
        while not self.over and left >= 0:
            x = node.point[: self.count]
            open_ = np.flatnonzero((x > WHOLE) & (x < 1 - WHOLE))
            if not len(open_):
                return
            weight = x[open_] * (self.model.size[cols.project[open_]] + 1e-9)
            way = int(open_[np.argmax(weight * self.chance.uniform(0.5, 1.5, len(open_)) if by_chance else weight)])
            i = int(cols.project[way])
            allowed, done = node.open(self.value), node.done.copy()
            mine = self.model.of(i)
            without = allowed.copy()
            without[mine if x[mine].sum() <= 0.5 and not done[i] else way] = False
            allowed[mine], done[i] = False, True
            allowed[way] = True
            below = self._node(allowed, done, node.basis, node.bound)
            if below is None and not self.over:
                left -= 1
                below = self._node(without, node.done, node.basis, node.bound)
            if below is None:
                return
            node = below
