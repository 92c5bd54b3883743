"""The lakes that the hollows of a terrain make, which spills into which, and where they rise as one."""

from __future__ import annotations

from dataclasses import dataclass, replace
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

STAGES: Final = 41  # rows of a lake's table


@dataclass(frozen=True, eq=False)
class Hollows:
    """The lakes of a terrain and where they lie.

    lakes: bowls first, the largest first, then the lakes that join them. bottom: (rows, cols) the bowl whose water each cell
    drains to, −1 where it leaves the terrain. bowl: (rows, cols) the bowl whose water can cover each cell, −1 for none.
    """

    lakes: tuple[Lake, ...]
    bottom: Ints
    bowl: Ints


def cascade(
    terrain: Grid,
    *,
    min_volume_m3: float,
    min_depth_m: float,
    runoff_share: float = 0.0,
    outlets: NDArray[np.bool_] | None = None,
) -> list[Lake]:
    """A lake for every hollow that matters, the largest first, named H1, H2, …, each knowing where its spill goes.

    Hollows that meet have a further lake, named after them (H1+H2), that rises over them once all are full. What leaves the
    outermost flows down into the next hollow, or off the terrain. min_volume_m3, min_depth_m: smaller hollows are part of the
    one they spill to. runoff_share: of the rain on dry land that arrives, 0-1. outlets: (rows, cols) cells where water leaves
    the terrain (its edge, a river); land that drains there is no lake's; without them every cell drains to some hollow.
    Raises InvalidInput where no cell of the terrain is known.
    """
    return list(hollows_of(terrain, (min_volume_m3, min_depth_m), runoff_share=runoff_share, outlets=outlets).lakes)


def hollows_of(terrain: Grid, least: tuple[float, float], *, runoff_share: float, outlets: NDArray[np.bool_] | None) -> Hollows:
    """As cascade, with where the lakes lie; least: volume, m³, and depth, m, from which a hollow matters."""
    ground = np.ascontiguousarray(terrain.values)
    if not np.isfinite(ground).any():
        raise InvalidInput(say("balance.no_known_cell"))
    tree = merge_tree(ground, neighbours=EDGES)
    basins = significant(tree, min_volume=least[0] / terrain.cell_area, min_depth=least[1])
    basins, children = _tree(tree, basins)
    bottom = _bottoms(ground, basins, outlets)
    cells = _Cells.of(ground.ravel(), _pieces(tree, basins, children)[tree.label.ravel()])
    drained = np.bincount(bottom[bottom >= 0], minlength=len(basins.node))
    maker = _Maker(tree, basins, children, bottom, ground, cells, terrain.cell_area, runoff_share)
    bowls = [maker.bowl(b, float(drained[b])) for b in range(len(basins.node))]
    joined = [maker.joined(node) for node in sorted(children)]
    piece = cells.piece
    bowl = np.where((piece >= 0) & (piece < len(bowls)), piece, -1)
    return Hollows((*bowls, *joined), bottom.reshape(ground.shape), bowl.reshape(ground.shape))


def _tree(tree: MergeTree, basins: Basins) -> tuple[Basins, dict[int, list[int]]]:
    """The hollows that matter and hold several that do, each with those it is made of, the largest first."""
    children: dict[int, list[int]] = {}
    for node in basins.node.tolist():
        child, above = node, int(tree.parent[node - 1])
        while above > 0:
            known = above in children
            children.setdefault(above, []).append(child)
            if known:
                break
            child, above = above, int(tree.parent[above - 1])
    basins, children = _without_single(tree, basins, children)
    for several in children.values():
        several.sort(key=lambda c: (-float(tree.volume[c - 1]), c))
    return basins, children


def _without_single(tree: MergeTree, basins: Basins, children: dict[int, list[int]]) -> tuple[Basins, dict[int, list[int]]]:
    """The same tree in which a hollow that takes in only hollows that do not matter is one with what it grew from."""
    above = {c: node for node, several in children.items() for c in several}

    def top(node: int) -> int:
        while node in above and len(children[above[node]]) == 1:
            node = above[node]
        return node

    node = np.array([top(int(n)) for n in basins.node], dtype=basins.node.dtype)
    spill = np.array([tree.spill_level[n - 1] for n in node], dtype=np.float64)
    several = {top(n): [top(c) for c in kids] for n, kids in children.items() if len(kids) > 1}
    return replace(basins, node=node, spill_level=spill), several


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


@dataclass(frozen=True, eq=False)
class _Maker:
    """Makes lakes of hollows."""

    tree: MergeTree
    basins: Basins
    children: dict[int, list[int]]
    bottom: Ints
    ground: Floats
    cells: _Cells
    cell_area: float
    runoff_share: float

    def name(self, node: int) -> str:
        """What the lake of a hollow is called: H1, or those it joins."""
        return "+".join(f"H{b + 1}" for b in self.bowls(node))

    def bowls(self, node: int) -> list[int]:
        """The bowls within a hollow, ascending."""
        if node not in self.children:
            return [int(np.flatnonzero(self.basins.node == node)[0])]
        return sorted(b for child in self.children[node] for b in self.bowls(child))

    def above(self, node: int) -> int | None:
        """The hollow that matters and joins a hollow with its neighbours."""
        return next((up for up, several in self.children.items() if node in several), None)

    def bowl(self, b: int, drained: float) -> Lake:
        """The lake of a bowl, from its bed to where it spills."""
        node = int(self.basins.node[b])
        level = self.cells.levels(b)
        table = _table(level, float(level.min()), float(self.basins.spill_level[b]), self.cell_area)
        return self._lake(node, table, drained * self.cell_area)

    def joined(self, node: int) -> Lake:
        """The lake that rises over a hollow's parts from the saddle between them."""
        parts = self.children[node]
        saddle = max(float(self.tree.spill_level[c - 1]) for c in parts)
        pieces = [b for c in parts for b in self._pieces(c)]
        rest = self.cells.levels(_rest_of(node, self.children, len(self.basins.node)))
        level = np.concatenate([*(self.cells.levels(p) for p in pieces), rest])
        top = float(self.tree.spill_level[node - 1])
        table = _table(np.maximum(level, saddle), saddle, top, self.cell_area)
        table[1][0] = sum(self._full_area(c) for c in parts)
        return self._lake(node, table, 0.0)

    def _pieces(self, node: int) -> list[int]:
        """The pieces of ground within a hollow."""
        if node not in self.children:
            return self.bowls(node)
        inner = [p for c in self.children[node] for p in self._pieces(c)]
        return [*inner, _rest_of(node, self.children, len(self.basins.node))]

    def _full_area(self, node: int) -> float:
        """Wet area of a hollow that is full, m²."""
        spill = float(self.tree.spill_level[node - 1])
        below = np.concatenate([self.cells.levels(p) for p in self._pieces(node)])
        return float(np.count_nonzero(below < spill)) * self.cell_area

    def _lake(self, node: int, table: tuple[Floats, Floats, Floats], basin_m2: float) -> Lake:
        above = self.above(node)
        into = self._over(node, above)
        return Lake(
            self.name(node),
            *table,
            basin_m2=basin_m2,
            runoff_share=self.runoff_share,
            spills_to=None if into is None else f"H{into + 1}",
            joins=None if above is None else self.name(above),
        )

    def _over(self, node: int, above: int | None) -> int | None:
        """The bowl that the water over a hollow's spill point meets first: of its neighbour, or farther down."""
        rows, cols = self.ground.shape
        r, c = divmod(int(self.tree.spill[node - 1]), cols)
        near = [(r, c), (r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)]
        flat = [i * cols + j for i, j in near if 0 <= i < rows and 0 <= j < cols]
        if above is None:
            own, level = set(self.bowls(node)), float(self.tree.spill_level[node - 1])
            down = [i for i in flat if self.bottom[i] >= 0 and int(self.bottom[i]) not in own]
            low = [i for i in down if self._outermost(int(self.bottom[i])) < level]
            return int(self.bottom[min(low, key=lambda i: (float(self.ground.ravel()[i]), i))]) if low else None
        parts = self.children[above]
        to = parts[(parts.index(node) + 1) % len(parts)]
        allowed = self.bowls(to)
        down = [i for i in flat if int(self.bottom[i]) in allowed]
        if down:
            return int(self.bottom[min(down, key=lambda i: (float(self.ground.ravel()[i]), i))])
        return min(allowed, key=lambda b: (float(self.cells.levels(b).min()), b))

    def _outermost(self, bowl: int) -> float:
        """The level at which the outermost hollow around a bowl spills, m."""
        node = int(self.basins.node[bowl])
        while (up := self.above(node)) is not None:
            node = up
        return float(self.tree.spill_level[node - 1])


def _rest_of(node: int, children: dict[int, list[int]], bowls: int) -> int:
    """The number of the ground of a hollow that is in none of those it is made of."""
    return bowls + sorted(children).index(node)


def _pieces(tree: MergeTree, basins: Basins, children: dict[int, list[int]]) -> Ints:
    """The piece of ground each hollow belongs to, (k + 1,) by number, −1 for none and for the outside."""
    piece = np.append(basins.of_node, 0)[:-1].astype(np.int64)
    piece[0] = -1
    several = {node: len(basins.node) + k for k, node in enumerate(sorted(children))}
    known = {**{int(node): b for b, node in enumerate(basins.node)}, **several}
    for node in range(len(tree), 0, -1):
        if node in known:
            piece[node] = known[node]
        elif piece[node] < 0:
            piece[node] = piece[tree.parent[node - 1]]
    return piece


def _bottoms(ground: Floats, basins: Basins, outlets: NDArray[np.bool_] | None) -> Ints:
    """The basin whose water would reach each cell first, (n,), −1 where none does or an outlet's would."""
    bottom = np.full(ground.size + 1, -1, dtype=np.int64)
    if not len(basins.pit):
        return bottom[:-1]
    gates = np.zeros(0, dtype=np.int64) if outlets is None else np.flatnonzero(outlets.ravel()).astype(np.int64)
    rising = flood(ground, np.concatenate((np.asarray(basins.pit, dtype=np.int64), gates)), EDGES)
    bottom[basins.pit] = np.arange(len(basins.pit))
    root = rising.came_from
    while not np.array_equal(further := np.where(root >= 0, root[root], -1), root):
        root = further
    return np.asarray(bottom[root], dtype=np.int64)


def _table(level: Floats, bed: float, top: float, cell_area: float) -> tuple[Floats, Floats, Floats]:
    """Level, wet area and storage of ground from a bed to a top."""
    ground = np.sort(level)
    stages = np.linspace(bed, top, STAGES)
    count = np.searchsorted(ground, stages, side="left")
    depth = np.concatenate(([0.0], np.cumsum(ground - bed)))
    storage = (stages - bed) * count - depth[count]
    stored: Floats = np.maximum(storage, 0.0) * cell_area
    wet: Floats = np.asarray(count * cell_area, dtype=np.float64)
    return np.asarray(stages, dtype=np.float64), wet, stored
