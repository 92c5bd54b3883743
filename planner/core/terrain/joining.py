"""Hollows from catchments: which join where as water rises, and what each cell then belongs to.

Catchments are taken together in the order of the cells at which they meet. A hollow with depth that meets another with depth
ends there, and a new one that holds both begins; one without depth is part of what it meets. All that meets at one level, over
however many cells, ends in one new hollow, so the tree does not depend on how the grid lies. The outside takes any water. In a
band of a larger terrain, catchments that touch the band's ends are open: what they hold is not known here, so hollows end where
they meet one, and where two of them meet is told as a link.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.terrain.catchments import MISSING, Catchments

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int32]
Flags = NDArray[np.bool_]

OUTSIDE = 0  # number of what takes any water


class Forest(NamedTuple):
    """Hollows while they join, by node: 0 the outside, 1…k the catchments, then what came of joins.

    parent: node a hollow is part of once it spills, 0 the outside. pit, spill: flat indices of the lowest cell and of the cell
    over which it spills, −1 where it never does; pit_level, spill_level: their levels, m. born: level from which on it is
    there, m. taken: 1 + the node that a hollow without depth is part of, 0 where it stands for itself. firm: whether what it
    spilled into had depth by then. above: union–find, the node that holds a node now.
    """

    parent: Labels
    pit: Ints
    spill: Ints
    pit_level: Floats
    spill_level: Floats
    born: Floats
    taken: Labels
    firm: Flags
    above: Labels


def forest_of(pit: NDArray[Any], pit_level: NDArray[Any], born: NDArray[Any] | None = None) -> Forest:
    """A forest of k hollows that have not joined yet, with room for all that can come of joins.

    pit, pit_level: (k,). born: (k,) m, where they are no catchments but came of joins; else their pits' levels.
    """
    room = 2 * len(pit) + 2
    forest = Forest(
        parent=np.zeros(room, dtype=np.int32),
        pit=np.zeros(room, dtype=np.int64),
        spill=np.full(room, -1, dtype=np.int64),
        pit_level=np.full(room, np.inf),
        spill_level=np.full(room, np.inf),
        born=np.full(room, np.inf),
        taken=np.zeros(room, dtype=np.int32),
        firm=np.zeros(room, dtype=np.bool_),
        above=np.arange(room, dtype=np.int32),
    )
    forest.pit_level[OUTSIDE] = -np.inf
    forest.pit[1 : len(pit) + 1], forest.pit_level[1 : len(pit) + 1] = pit, pit_level
    forest.born[1 : len(pit) + 1] = pit_level if born is None else born
    return forest


@njit(cache=True)
def find(above: Labels, node: int) -> int:
    """The node that holds a node now."""
    while above[node] != node:
        above[node] = above[above[node]]
        node = above[node]
    return node


@njit(cache=True)
def meet(forest: Forest, met: Ints, number: int, sink: int, cell: int, level: float, nodes: int) -> int:
    """Joins the first `number` nodes of met at a cell, and with a sink (a node that goes on as it is, −1 for none).

    Returns how many nodes there are then.
    """
    f = forest
    deep = 0  # those that were there below the level come first, then those that joins made at it
    for q in range(number):
        if f.born[met[q]] < level:
            met[deep], met[q] = met[q], met[deep]
            deep += 1
    made = deep
    for q in range(deep, number):
        if f.pit_level[met[q]] < level:
            met[made], met[q] = met[q], met[made]
            made += 1
    holder, firm = sink, sink == OUTSIDE or (sink > 0 and f.pit_level[sink] < level)
    if sink < 0 and deep > 0 and made > 1:
        holder = nodes
        nodes += 1
        f.born[holder] = level
    elif sink < 0:
        for q in range(1, made if deep == 0 else 0):
            if met[q] > met[0]:  # the last one made: it comes after all that the others hold
                met[0], met[q] = met[q], met[0]
        holder = met[0]
    ends = made if sink > 0 else deep if holder != met[0] else 0  # what is open may have joined already
    for q in range(number):
        node = met[q]
        if node == holder:
            continue
        if q < ends:
            f.parent[node], f.spill[node], f.spill_level[node] = holder, cell, level
            f.firm[node] = firm and q < deep
        else:
            f.taken[node] = holder + 1
        f.above[node] = holder
        if holder != OUTSIDE:
            _deepen(f, holder, node)
    return nodes


@njit(cache=True)
def _deepen(f: Forest, holder: int, node: int) -> None:
    """Makes a node's pit that of its holder where it is lower, or as low and earlier."""
    level = f.pit_level[node]
    if level < f.pit_level[holder] or (level == f.pit_level[holder] and f.pit[node] < f.pit[holder]):
        f.pit[holder], f.pit_level[holder] = f.pit[node], level


class Links(NamedTuple):
    """Where what is open meets each other or the outside: cell (flat index), level m, and the two nodes, (m,)."""

    cell: Ints
    level: Floats
    one: Labels
    other: Labels

    def chosen(self, at: Ints | Flags) -> Links:
        """Some of the links, in the order given."""
        return Links(self.cell[at], self.level[at], self.one[at], self.other[at])

    def in_order(self) -> Links:
        """The links in the order in which rising water makes them."""
        return self.chosen(np.lexsort((self.cell, self.level)))


@njit(cache=True, nogil=True)
def join(found: Catchments, forest: Forest, is_open: Flags) -> tuple[int, Links]:
    """Joins catchments in a forest; how many nodes there are then, and the links.

    is_open: (k,) which catchments go on beyond the band.
    """
    k = len(found.pit)
    room = np.count_nonzero(is_open) + 1
    links = Links(np.empty(room, np.int64), np.empty(room), np.empty(room, np.int32), np.empty(room, np.int32))
    linked, nodes = 0, k + 1
    met, opened = np.empty(4, dtype=np.int64), np.empty(4, dtype=np.int64)
    for q in range(len(found.joins)):
        number = openings = 0
        leaves = found.leaves[q]
        for side in found.sides[q]:
            if side < 0:
                break
            node = find(forest.above, side + 1)
            if node == OUTSIDE:
                leaves = True
            elif node <= k and is_open[node - 1]:
                openings += added(opened, openings, node)
            else:
                number += added(met, number, node)
        if number + openings + (1 if leaves else 0) < 2:
            continue
        cell, level = found.joins[q], np.float64(found.level[q])
        sink = OUTSIDE if leaves else -1
        for node in opened[:openings]:
            if sink < 0:
                sink = node
                continue
            links.cell[linked], links.level[linked], links.one[linked], links.other[linked] = cell, level, node, sink
            linked += 1
            forest.above[node] = sink
            if sink != OUTSIDE:
                _deepen(forest, sink, node)
        nodes = meet(forest, met, number, sink, cell, level, nodes)
    return nodes, Links(links.cell[:linked], links.level[:linked], links.one[:linked], links.other[:linked])


@njit(cache=True)
def added(to: Ints, number: int, node: int) -> int:
    """Puts a node behind the first `number` of a list if it is not among them; how many were put."""
    for q in range(number):
        if to[q] == node:
            return 0
    to[number] = node
    return 1


class Nest(NamedTuple):
    """Hollows of a forest that have depth, numbered 1…k, children before their parents; entry 0 is the outside.

    parent: number of the hollow each is part of once it spills; 0 the outside; −n where that is open node n. pit, spill,
    pit_level, spill_level, born: as of a Forest. firm: whether what is open had depth itself by then. jump: a hollow further
    up, or 0 (Myers 1983). top: number of the last hollow on the way up. number: by node of the forest, the number it goes by,
    −n for what is open.
    """

    parent: Labels
    pit: Ints
    spill: Ints
    pit_level: Floats
    spill_level: Floats
    born: Floats
    firm: Flags
    jump: Labels
    top: Labels
    number: Labels


@njit(cache=True, nogil=True)
def nest(forest: Forest, nodes: int, is_open: Flags) -> Nest:
    """The hollows of a forest of so many nodes; is_open: (k,) which catchments are open."""
    f = forest
    number, old = np.zeros(nodes, dtype=np.int32), np.empty(nodes, dtype=np.int32)
    kept = 1
    for node in range(1, nodes):
        if node <= len(is_open) and is_open[node - 1]:
            number[node] = -node
        elif f.taken[node] == 0:
            number[node], old[kept] = kept, node
            kept += 1
    for node in range(1, nodes):
        at = node
        while f.taken[at] > 0:
            at = f.taken[at] - 1
        number[node] = number[at]
    old[0] = OUTSIDE
    old = old[:kept]
    parent, jump = number[f.parent[old]], np.zeros(kept, dtype=np.int32)
    depth, top = np.zeros(kept, dtype=np.int32), np.zeros(kept, dtype=np.int32)
    for v in range(kept - 1, 0, -1):
        p = max(parent[v], 0)
        depth[v] = depth[p] + 1
        far = jump[p]
        jump[v] = jump[far] if depth[p] - depth[far] == depth[far] - depth[jump[far]] else p
        top[v] = v if p == 0 else top[p]
    return Nest(
        parent, f.pit[old], f.spill[old], f.pit_level[old], f.spill_level[old], f.born[old], f.firm[old], jump, top, number
    )


@njit(cache=True)
def climb(n: Nest, v: int, level: float, cell: int) -> int:
    """The hollow that holds hollow v once water has risen to a cell; 0 or −n where that is the outside or open."""
    while v > 0 and (n.spill_level[v] < level or (n.spill_level[v] == level and n.spill[v] <= cell)):
        far = n.jump[v]
        if far > 0 and (n.spill_level[far] < level or (n.spill_level[far] == level and n.spill[far] <= cell)):
            v = far
        v = n.parent[v]
    return v


class Content(NamedTuple):
    """What hollows hold that no hollow within them does, by number, (k + 1,).

    held: cells. at_spill: those of them at the spill level. height: Σ level − datum, m.
    """

    held: Ints
    at_spill: Ints
    height: Floats

    def plus(self, more: Content) -> Content:
        """What both hold together."""
        return Content(self.held + more.held, self.at_spill + more.at_spill, self.height + more.height)


def content_of(size: int) -> Content:
    """Nothing in hollows 0…size−1."""
    return Content(np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64), np.zeros(size))


@njit(cache=True, nogil=True)
def settle(ground: Any, label: Labels, n: Nest, datum: float, content: Content) -> Labels:
    """The innermost hollow of every cell of a terrain, 0 outside and −n where that is open; (cells,) int32.

    ground: (rows, cols) m. label: (cells,) catchments. What each hollow holds besides is added to content.
    """
    z = ground.ravel()
    out = np.zeros(len(z), dtype=np.int32)
    for i in range(len(z)):
        if label[i] == MISSING:
            continue
        v = n.number[label[i] + 1]
        if v > 0:
            level = np.float64(z[i])
            last = n.top[v]
            v = n.parent[last] if n.spill_level[last] < level else climb(n, v, level, i)
            if v > 0:
                content.held[v] += 1
                content.height[v] += level - datum
                content.at_spill[v] += 1 if n.spill_level[v] == level else 0
        out[i] = v
    return out


@njit(cache=True)
def held_with_children(n: Nest, datum: float, content: Content) -> tuple[Ints, Floats]:
    """Cells strictly below the spill level and volume to it, cells · m, by number; adds what is within to content."""
    c = content
    cells, volume = np.zeros(len(n.parent), dtype=np.int64), np.zeros(len(n.parent))
    for v in range(1, len(n.parent)):
        cells[v] = c.held[v] - c.at_spill[v]
        volume[v] = max((n.spill_level[v] - datum) * c.held[v] - c.height[v], 0.0)
        p = n.parent[v]
        if p > 0:
            c.held[p] += c.held[v]
            c.height[p] += c.height[v]
    return cells, volume


@njit(cache=True, nogil=True)
def raised(ground: Any, label: Labels, level: Floats) -> Any:
    """A terrain, (rows, cols) m, raised to the level of each cell's catchment, (k + 1,) by label + 1, where that is higher."""
    z = ground.ravel()
    out = np.empty_like(z)
    for i in range(len(z)):
        least = level[label[i] + 1]
        out[i] = least if label[i] != MISSING and least > z[i] else z[i]
    return out.reshape(ground.shape)


@njit(cache=True, nogil=True)
def deepened(ground: Any, level: Any, out: Any) -> tuple[float, int, float]:
    """Writes a raised terrain, (rows, cols), NaN where there was no ground, to out. What it was raised by: Σ over the cells, m;
    the cells; the most, m."""
    z, high, told = ground.ravel(), level.ravel(), out.ravel()
    total, cells, most = 0.0, 0, 0.0
    for i in range(len(z)):
        by = np.float64(high[i]) - np.float64(z[i])
        known = abs(z[i]) < np.inf
        told[i] = high[i] if known else np.nan
        if known and by > 0.0:
            total += by
            cells += 1
            most = max(most, by)
    return total, cells, most
