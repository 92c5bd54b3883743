"""Branch and bound on what the largest projects do: a tree of linear programs, each begun where its parent's ended.

A project that takes years of a fund's money stands in the relaxation a little in every year, so that every yuan is spent and
spoil always meets fill. Where it truly stands decides most of the rest. A node asks that of the project whose answers cost the
bound most (`questions`): done in one way by a year (or in a variant), or not so. Bounds are by prices
(`rows.proven`), not by a tolerance.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from planner.portfolio.nodes import Bools, Node, Nodes
from planner.portfolio.programme import Floats
from planner.portfolio.questions import SLIGHT, Learnt, Question

TRIED = 8  # questions that are tried at a node, at most
TOLD = 4  # nodes between two reports
OPEN = 20_000  # nodes kept at most: half a gigabyte

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
    """A tree over one model. asked: what solves its nodes. bound: on all schedules. gap: at which it may end."""

    asked: Nodes
    bound: float
    gap: float
    tell: Callable[[float, float], None] = lambda bound, best: None
    nodes: list[Node] = field(default_factory=list)
    settled: float = -np.inf  # highest bound of nodes in which all was decided

    def __post_init__(self) -> None:
        every = np.ones(self.asked.count, dtype=np.bool_)
        root = self.asked.node(every, self.asked.least > 0.5, None, self.bound)
        self.learnt = Learnt(self.asked.model, 0.0 if root is None else SLIGHT * abs(root.bound))
        self.nodes = [] if root is None else [root]
        self.lost = self.asked.over  # not even the root was solved: nothing is known

    def grow(self, work: float) -> Grown:
        """Grows until the gap is closed, the time is over, or so much work is done; may be called again."""
        step, most = 0, self.asked.work + work
        while not self.over() and self.asked.work < most:
            self._split(heapq.heappop(self.nodes))
            step += 1
            if step % TOLD == 0 and self.nodes:
                self.tell(self.nodes[0].bound, self.asked.value)
        return self.known()

    def best(self, count: int) -> list[Node]:
        """Its open nodes with the highest bounds."""
        return heapq.nsmallest(count, self.nodes)

    def over(self) -> bool:
        """Whether it may not grow on, or need not."""
        return not self.nodes or self.asked.late or self._gap <= self.gap or len(self.nodes) > OPEN

    @property
    def _gap(self) -> float:
        """How far the bound of what is open lies above the best, per yuan of it."""
        value = self.asked.value
        top = max(self.nodes[0].bound if self.nodes else value, value)
        return (top - value) / max(abs(value), 1e-9) if np.isfinite(value) else np.inf

    def known(self) -> Grown:
        """What it has found and proven so far."""
        value, allowed = self.asked.value, np.full(self.asked.count, self.lost)
        for node in self.nodes:
            if node.bound >= value:
                allowed |= node.open(value)
        top = max(self.settled, value, self.bound if self.lost else -np.inf, *(node.bound for node in self.nodes))
        return Grown(self.asked.point, value, top, allowed)

    def _split(self, node: Node) -> None:
        """Both halves of a node take its place, where anything better may be in them."""
        asked = self.learnt.best_first(self.learnt.questions(node.point[: self.asked.count]))
        if not asked:  # nothing in it is better than its point, but for rounding
            self.settled = max(self.settled, node.bound)
            return
        halves = self._tried(node, asked)
        for half in (node,) if self.asked.over else halves:  # no time for it: the whole node stays open
            if half is not None:
                heapq.heappush(self.nodes, half)

    def _tried(self, node: Node, asked: list[Question]) -> Halves:
        """The halves of a node by its best question: the first ones are tried where too little is known of their projects."""
        found: Halves | None = None
        most, tried = -np.inf, -1
        for q in asked[:TRIED]:
            if not self.learnt.sure(q):
                halves, weight = self._halves(node, q)
                if self.asked.over or None in halves:  # one half is done with
                    return halves
                if weight > most:
                    found, most, tried = halves, weight, q.project
        best = max(asked, key=self.learnt.expected)
        if found is not None and (best.project == tried or most >= self.learnt.expected(best)):
            return found
        return self._halves(node, best)[0]

    def _halves(self, node: Node, q: Question) -> tuple[Halves, float]:
        """Both halves of a node by a question, and how good the question was, which is learnt."""
        within = node.open(self.asked.value)
        one, other = within.copy(), within.copy()
        one[np.setdiff1d(self.asked.model.of(q.project), q.ways)] = False
        other[q.ways] = False
        must = node.done.copy()
        must[q.project] = True
        yes, no = (self.asked.node(a, done, node.basis, node.bound) for a, done in ((one, must), (other, node.done)))
        if self.asked.over:
            return (yes, no), 0.0
        lost = [node.bound - max(self.asked.value, -np.inf if half is None else half.bound) for half in (yes, no)]
        finite = [gone if np.isfinite(gone) else 0.0 for gone in lost]  # no schedule known yet: nothing to measure it by
        self.learnt.learn(q, finite[0], finite[1])
        return (yes, no), self.learnt.weight(finite[0], finite[1])
