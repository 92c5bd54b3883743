"""The lakes that the hollows of a terrain make, and which spills into which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from planner.balance.lake import Lake
from planner.core.terrain.flood import flood
from planner.core.terrain.merge_tree import Basins, MergeTree, merge_tree, significant
from planner.core.terrain.neighbours import EDGES
from planner.errors import InvalidInput
from planner.words import say

if TYPE_CHECKING:
    from planner.site import Grid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STAGES: Final = 41  # rows of a lake's table, besides the levels at which it takes in another
NEIGHBOURS: Final = 4  # water passes edges of cells, not corners


@dataclass(eq=False)
class _Rise:
    """How one lake rises: the pieces of ground it floods and from which level, other lakes it rises over, where it ends.

    own, over: (piece, level m) in order. full_m: where it spills for good. node: the hollow it then fills, as a number.
    """

    own: list[tuple[int, float]]
    over: list[tuple[int, float]]
    full_m: float
    node: int


@dataclass(frozen=True, eq=False)
class _Joins:
    """Where hollows that matter join. Pieces of ground: 0 … b−1 the basins', b … the rest of each hollow that holds several.

    piece: by node number, of the hollows on the way up from a basin. rise: by lake. receives: by lake that another rises over,
    the lakes of the hollow it spills to, the one that goes on first.
    """

    piece: dict[int, int]
    rise: list[_Rise]
    receives: dict[int, list[int]]


def cascade(terrain: Grid, *, min_volume_m3: float, min_depth_m: float, runoff_share: float = 0.0) -> list[Lake]:
    """A lake for every hollow that matters, the largest first, named H1, H2, …, each knowing where its spill goes.

    Where hollows join, the one that holds most goes on rising over all; each other spills into what it meets on the way down.
    So water runs one way and every cubic metre has one place. What leaves the terrain leaves the cascade. Land drains to the
    hollow whose water would reach it first. min_volume_m3, min_depth_m: smaller hollows are part of the one they spill to.
    runoff_share: of the rain on dry land that arrives, 0-1. Raises InvalidInput where no cell of the terrain is known.
    """
    ground = np.ascontiguousarray(terrain.values)
    if not np.isfinite(ground).any():
        raise InvalidInput(say("balance.no_known_cell"))
    tree = merge_tree(ground, neighbours=NEIGHBOURS)
    basins = significant(tree, min_volume=min_volume_m3 / terrain.cell_area, min_depth=min_depth_m)
    joins = _joins(tree, basins)
    cells = _Cells.of(ground.ravel(), _pieces(tree, basins, joins)[tree.label.ravel()])
    bottom = _bottoms(ground, basins)
    drained = np.bincount(bottom[cells.piece < 0] + 1, minlength=len(joins.rise) + 1)[1:]
    lakes = []
    for b, rise in enumerate(joins.rise):
        into = _spills_to(tree, joins, b, bottom, ground)
        table = _table(cells, rise, terrain.cell_area)
        own = sum(len(cells.levels(piece)) for piece, _ in rise.own)
        lakes.append(
            Lake(
                f"H{b + 1}",
                *table,
                basin_m2=float(drained[b] + own) * terrain.cell_area,
                runoff_share=runoff_share,
                spills_to=None if into is None else f"H{into + 1}",
            )
        )
    return lakes


@dataclass(frozen=True, eq=False)
class _Cells:
    """The terrain's cells by piece of ground.

    level: (n,) m. piece: (n,), −1 for none. order: the cells sorted by piece; start: where each piece begins in it.
    """

    level: Floats
    piece: Ints
    order: Ints
    start: Ints

    @classmethod
    def of(cls, level: Floats, piece: Ints) -> _Cells:
        order = np.argsort(piece, kind="stable")
        return cls(level, piece, order, np.searchsorted(piece[order], np.arange(int(piece.max(initial=-1)) + 2)))

    def levels(self, piece: int) -> Floats:
        """Elevations of a piece's cells; none where it has none."""
        if piece + 1 >= len(self.start):
            return np.empty(0)
        return self.level[self.order[self.start[piece] : self.start[piece + 1]]]


def _joins(tree: MergeTree, basins: Basins) -> _Joins:
    """Follows every basin up the tree; of those that join, the one of the largest hollow goes on."""
    children: dict[int, list[int]] = {}
    for node in basins.node.tolist():
        child, above = node, int(tree.parent[node - 1])
        while above > 0:
            known = above in children
            children.setdefault(above, []).append(child)
            if known:
                break
            child, above = above, int(tree.parent[above - 1])
    piece = {node: b for b, node in enumerate(basins.node.tolist())}
    going = dict(piece)
    within = {node: [b] for node, b in piece.items()}
    rise = [_Rise([(b, -np.inf)], [], float(basins.spill_level[b]), int(n)) for b, n in enumerate(basins.node)]
    receives: dict[int, list[int]] = {}
    for node in sorted(children):
        ordered = sorted(children[node], key=lambda c: (-float(tree.volume[c - 1]), c))
        main = going[ordered[0]]
        level = float(tree.spill_level[ordered[0] - 1])
        for other in ordered[1:]:
            receives[going[other]] = [main, *within[ordered[0]]]
            rise[main].over += [(p, level) for p in within[other]] + [(piece[n], level) for n in _below(other, children)]
        piece[node] = len(piece)
        rise[main].own.append((piece[node], level))
        rise[main].full_m, rise[main].node = float(tree.spill_level[node - 1]), node
        going[node] = main
        within[node] = [b for c in ordered for b in within[c]]
    return _Joins(piece, rise, receives)


def _below(node: int, children: dict[int, list[int]]) -> list[int]:
    """The hollow and those within it that hold several that matter, as numbers."""
    found, todo = [], [node]
    while todo:
        at = todo.pop()
        if at in children:
            found.append(at)
            todo += children[at]
    return found


def _pieces(tree: MergeTree, basins: Basins, joins: _Joins) -> Ints:
    """The piece of ground each hollow belongs to, (k + 1,) by number, −1 for none and for the outside."""
    piece = np.append(basins.of_node, 0)[:-1].astype(np.int64)
    piece[0] = -1
    for node in range(len(tree), 0, -1):
        if node in joins.piece:
            piece[node] = joins.piece[node]
        elif piece[node] < 0:
            piece[node] = piece[tree.parent[node - 1]]
    return piece


def _bottoms(ground: Floats, basins: Basins) -> Ints:
    """The basin whose water would reach each cell first, (n,), −1 where none does."""
    if not len(basins.pit):
        return np.full(ground.size, -1, dtype=np.int64)
    rising = flood(ground, basins.pit, EDGES)
    bottom = np.full(ground.size + 1, -1, dtype=np.int64)
    bottom[basins.pit] = np.arange(len(basins.pit))
    root = rising.came_from
    while not np.array_equal(further := np.where(root >= 0, root[root], -1), root):
        root = further
    return np.asarray(bottom[root], dtype=np.int64)


def _spills_to(tree: MergeTree, joins: _Joins, lake: int, bottom: Ints, ground: Floats) -> int | None:
    """The lake that the water over a lake's spill point meets first; the one that rises over it where that is not clear."""
    if lake not in joins.receives:
        return None
    main, *allowed = joins.receives[lake]
    rows, cols = ground.shape
    r, c = divmod(int(tree.spill[joins.rise[lake].node - 1]), cols)
    near = [(r, c), (r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)]
    flat = [i * cols + j for i, j in near if 0 <= i < rows and 0 <= j < cols]
    down = [i for i in flat if bottom[i] in allowed]
    return int(bottom[min(down, key=lambda i: (float(ground.ravel()[i]), i))]) if down else main


def _table(cells: _Cells, rise: _Rise, cell_area: float) -> tuple[Floats, Floats, Floats]:
    """Level, own wet area and storage from a lake's bed to where it spills; over others it holds only what lies above them."""
    own = np.concatenate([np.maximum(cells.levels(piece), level) for piece, level in rise.own])
    over = np.concatenate([np.full(len(cells.levels(piece)), level) for piece, level in rise.over] or [np.empty(0)])
    marks = [level for _, level in rise.own if np.isfinite(level)]
    stages = np.unique(np.concatenate([np.linspace(own.min(), rise.full_m, STAGES), marks]))
    wet, held = np.sort(own), np.sort(np.concatenate([own, over]))
    count = np.searchsorted(held, stages, side="left")
    depth = np.concatenate(([0.0], np.cumsum(held - held[0])))
    storage = (stages - held[0]) * count - depth[count]
    area = np.searchsorted(wet, stages, side="left") * cell_area
    return tuple(np.asarray(v, dtype=np.float64) for v in (stages, area, storage * cell_area))  # type: ignore[return-value]
