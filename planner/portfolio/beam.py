"""Good schedules by going down from several nodes at once: level by level one more project is decided, and of all parts that
come of it those with the highest bounds are kept (beam search: Lowerre 1976; on bounds: Ow and Morton 1988).

Going down from one node decides forty projects by forty glances at one relaxation; what each costs shows at the next. Then
single ways down from parts that were not kept, those first that lay nearest to the way to the best schedule where they left
it (limited discrepancy: Harvey and Ginsberg 1995).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from planner.portfolio.nodes import Node, Nodes
from planner.portfolio.questions import WHOLE

WAYS = 2  # of doing a project that are tried, the most likely ones
LEFT = 0.5  # of a project in the relaxation, at most, for it to be tried without it
AGAIN = 16  # ways that were left and are gone on at least, where no schedule is known
ALIKE = 1e-9  # share of a bound by which nodes are told apart


@dataclass(frozen=True, eq=False)
class Way:
    """A node and the bounds of those above it, from where the way down began."""

    node: Node
    above: tuple[float, ...] = ()

    def __lt__(self, other: Way) -> bool:
        return self.node < other.node


def descend(nodes: Nodes, begun: Iterable[Node], width: int, work: float = 0.0) -> None:
    """From some nodes down to schedules; the better ones are remembered in nodes. width: nodes kept on each level.

    Then ways that were left are gone on, until so many steps of the simplex method were taken in all; where no schedule is
    known, `AGAIN` of them at least.
    """
    ways, most, tries = Ways(nodes), nodes.work + work, AGAIN
    ways.go((Way(node) for node in begun), width)
    while not nodes.late and (nodes.work < most or (nodes.point is None and tries > 0)):
        if (way := ways.next()) is None:
            return
        ways.go([way], 1)
        tries -= 1


@dataclass(eq=False)
class Ways:
    """Ways down in nodes. left: those not gone on. best: bounds on the way to the best schedule that was found so, until one
    was found on the longest.
    """

    nodes: Nodes
    left: list[Way] = field(default_factory=list)
    best: tuple[float, ...] = ()
    found: bool = False

    def go(self, begun: Iterable[Way], width: int) -> None:
        """From some nodes down."""
        kept = sorted(begun)
        while kept and not self.nodes.late:
            below = _apart(sorted(way for one in kept for way in self._below(one)))
            kept = below[:width]
            self.left += below[width : 2 * width]

    def next(self) -> Way | None:
        """Of those left the way that left the best one nearest to it; None where no better schedule is in any."""
        self.left = [way for way in self.left if way.node.bound > self.nodes.value]
        if not self.left:
            return None
        found = max(self.left, key=self._ahead)
        self.left.remove(found)
        return found

    def _ahead(self, way: Way) -> float:
        """How far its bound lies above that of the best way on the same level."""
        return way.node.bound - self.best[min(len(way.above), len(self.best) - 1)]

    def _below(self, way: Way) -> Iterator[Way]:
        above, before = (*way.above, way.node.bound), self.nodes.value
        for child in _children(self.nodes, way.node):
            yield Way(child, above)
        better = self.nodes.value > before
        if better or (not self.found and len(above) > len(self.best)):
            self.best, self.found = above, self.found or better


def _children(nodes: Nodes, node: Node) -> Iterator[Node]:
    """Parts of a node in which the project of which most yuan are undecided is done in one way, or not."""
    model = nodes.model
    x, project = node.point[: nodes.count], model.made.columns.project
    spread = np.zeros(nodes.projects)
    np.add.at(spread, project, x)
    open_ = np.unique(project[node.undecided])
    if not len(open_):
        return
    i = int(open_[np.argmax(spread[open_] * (model.size[open_] + 1e-9))])
    mine = model.of(i)
    ways = mine[np.argsort(-x[mine], kind="stable")][:WAYS]
    for way in [*ways[x[ways] > WHOLE].tolist(), None]:
        if nodes.late or (way is None and (node.done[i] or x[mine].sum() > LEFT)):
            return
        allowed, done = node.open(nodes.value), node.done.copy()
        allowed[mine] = False
        if way is not None:
            allowed[way], done[i] = True, True
        child = nodes.node(allowed, done, node.basis, node.bound)
        if child is not None:
            yield child


def _apart(found: list[Way]) -> list[Way]:
    """Ways without those to nodes that are the same as the one before: different questions lead to them."""
    bounds = [way.node.bound for way in found]
    twins = [a - b <= ALIKE * abs(b) for a, b in pairwise(bounds)]
    return [way for way, twin in zip(found, [False, *twins], strict=False) if not twin]
