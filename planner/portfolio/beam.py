"""Good schedules by going down from several nodes at once: level by level one more project is decided, and of all parts that
come of it those with the highest bounds are kept (beam search: Lowerre 1976; on bounds: Ow and Morton 1988).

Going down from one node decides forty projects by forty glances at one relaxation; what each costs shows at the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from planner.portfolio.nodes import Node, Nodes
from planner.portfolio.questions import WHOLE

WAYS = 2  # of doing a project that are tried, the most likely ones
LEFT = 0.5  # of a project in the relaxation, at most, for it to be tried without it
AGAIN = 16  # nodes that were not kept and are gone on from, where none that was kept leads to a schedule and none is known
ALIKE = 1e-9  # share of a bound by which nodes are told apart


def descend(nodes: Nodes, begun: Iterable[Node], width: int) -> None:
    """From some nodes down to schedules; the better ones are remembered in nodes. width: nodes kept on each level."""
    kept = sorted(begun)
    spare: list[Node] = []
    left = AGAIN
    while kept and not nodes.late:
        below = _apart(sorted(child for node in kept for child in _children(nodes, node)))
        spare = sorted([*spare, *below[width:]])[:AGAIN]
        kept = below[:width]
        if not kept and left > 0 and nodes.point is None:
            kept, spare = spare[:width], spare[width:]
            left -= len(kept)


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


def _apart(found: list[Node]) -> list[Node]:
    """Nodes without those that are the same as the one before: different questions lead to them."""
    twins = [a.bound - b.bound <= ALIKE * abs(b.bound) for a, b in pairwise(found)]
    return [node for node, twin in zip(found, [False, *twins], strict=False) if not twin]
