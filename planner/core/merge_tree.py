"""The merge tree of the ground: every hollow, nested in those it joins as the water rises.

Cells are taken in ascending order (ties by position in the grid). A cell with no lower neighbour begins a hollow; a cell
that joins two hollows is their spill point: both end there and a new hollow that holds both begins. The world outside, which
is everything beyond the grid's edge and every cell without a value, takes any water: a hollow it meets drains there for good.
Sources: Barnes, Callaghan & Wickert 2020 (depression hierarchy); Tarjan 1975 (union–find).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.compiled import ascending

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int32]

OUTSIDE = 0  # label of cells from which water leaves the grid without filling a hollow


@dataclass(frozen=True, eq=False)
class MergeTree:
    """Every hollow of a terrain, k of them, numbered 1…k at positions 0…k−1; children come before their parents.

    pit, spill: (k,) flat indices (row·cols + col) of the lowest cell and of the cell over which the hollow spills. pit_level,
    spill_level: (k,) m. cells: (k,) int64, those strictly below the spill level. volume: (k,) in cells · m, water held
    when full to the spill level, nested hollows included. parent: (k,) int64, number of the hollow it is part of once it
    spills, 0 where it spills to the outside. label: (rows, cols) int32, number of the innermost hollow a cell belongs to,
    0 outside.
    neighbours: 8 where water passes diagonals, 4 where it does not.
    """

    pit: Ints
    spill: Ints
    pit_level: Floats
    spill_level: Floats
    cells: Ints
    volume: Floats
    parent: Ints
    label: Labels
    neighbours: int

    def __len__(self) -> int:
        """Number of hollows."""
        return len(self.pit)

    @property
    def depth(self) -> Floats:
        """Spill level minus pit level, m, (k,)."""
        return self.spill_level - self.pit_level

    @property
    def top(self) -> NDArray[np.bool_]:
        """Whether a hollow spills to the outside, (k,)."""
        return np.asarray(self.parent == OUTSIDE)

    def outermost(self) -> Ints:
        """The top-level hollow each hollow is part of, as a number, (k,)."""
        return _climbed(self.parent, np.ones(len(self), dtype=np.bool_))

    def filled(self, ground: Floats) -> Floats:
        """The terrain with every hollow full to where its water leaves the grid, (rows, cols)."""
        outer = np.concatenate(([0], self.outermost()))
        surface = np.concatenate(([-np.inf], self.spill_level))[outer]
        return np.maximum(ground, surface[self.label])

    def save(self, path: Any) -> None:
        """Writes the tree to a .npz file (path or binary file object)."""
        arrays = {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Any) -> MergeTree:
        """Reads what `save` wrote. Raises ValueError or KeyError where the file holds something else."""
        with np.load(path, allow_pickle=False) as stored:
            values = {f.name: stored[f.name] for f in fields(cls)}
        return cls(**{**values, "neighbours": int(values["neighbours"])})


@dataclass(frozen=True, eq=False)
class Basins:
    """The hollows that matter, b of them, the largest volume first.

    pit: (b,) flat index of the bottom. pit_level, spill_level: (b,) m. volume: (b,) cells · m. node: (b,) number in the tree.
    of_node: (k+1,) position of the basin each hollow of the tree belongs to, −1 where none; entry 0 is the outside.
    """

    pit: Ints
    pit_level: Floats
    spill_level: Floats
    volume: Floats
    node: Ints
    of_node: Ints


def merge_tree(ground: Floats, *, neighbours: int = 8) -> MergeTree:
    """Every hollow of a terrain, (rows, cols) m, NaN (or ±inf) where there is none.

    neighbours: 8 where water passes diagonals, 4 where it does not. Raises ValueError for another number or shape.
    """
    if neighbours not in (4, 8):
        raise ValueError(f"neighbours = {neighbours}: 4 or 8 expected")
    if ground.ndim != 2:
        raise ValueError(f"a terrain of shape (rows, cols) expected, not {ground.shape}")
    surface = np.ascontiguousarray(ground)
    if surface.dtype not in (np.float32, np.float64):
        surface = surface.astype(np.float64)
    order = ascending(surface.ravel())
    count, metre, label = _grow(surface, order, neighbours == 8)
    old, number = _renumber(count, label)
    z = surface.ravel()
    pit, spill = count[old, _PIT], count[old, _SPILL]
    return MergeTree(
        pit=pit,
        spill=spill,
        pit_level=z[pit].astype(np.float64),
        spill_level=z[spill].astype(np.float64),
        cells=count[old, _CELLS],
        volume=metre[old, _VOLUME],
        parent=number[count[old, _PARENT]],
        label=label.reshape(surface.shape),
        neighbours=neighbours,
    )


def significant(tree: MergeTree, *, min_volume: float = 0.0, min_depth: float = 0.0, joined_below: float = -np.inf) -> Basins:
    """The hollows that matter: of at least min_volume (cells · m) and min_depth (m), and not holding two such hollows.

    A small hollow is taken into the one it spills to; two that matter stay apart although they join further up. The basin
    reaches up to where it meets another basin that matters, or spills outside. joined_below: a water level, m; hollows that
    join below it are one.
    """
    big = (tree.volume >= min_volume) & (tree.depth >= min_depth) & (tree.spill_level > joined_below)
    within, inner = _nested(tree.parent, big)
    single = within == 1
    node = np.unique(_climbed(tree.parent, single)[np.flatnonzero(single)])
    pit = tree.pit[inner[node - 1] - 1]
    order = np.lexsort((pit, -tree.volume[node - 1]))
    node, pit = node[order], pit[order]
    position = np.full(len(tree) + 1, -1, dtype=np.int64)
    position[node] = np.arange(len(node))
    _inherit(tree.parent, position)
    at = node - 1
    pit_level = tree.pit_level[inner[at] - 1]
    return Basins(pit, pit_level, tree.spill_level[at], tree.volume[at], node, position)


@njit(cache=True)
def _find(above: Ints, node: int) -> int:
    while above[node] != node:
        above[node] = above[above[node]]
        node = above[node]
    return node


# Columns of the tables a tree grows in: whole numbers and metres per hollow.
_PARENT, _PIT, _SPILL, _HELD, _AT_LEVEL, _CELLS, _TAKEN = range(7)
_HEIGHT, _LEVEL, _VOLUME = range(3)


@njit(cache=True)
def _pits(z: Floats, rows: int, cols: int, diagonal: bool) -> int:
    """Number of cells that no lower (or equal and earlier) neighbour nor the outside takes water from."""
    found = 0
    for r in range(1, rows - 1):
        for c in range(1, cols - 1):
            i = r * cols + c
            here = z[i]
            if not np.isfinite(here):
                continue
            lowest = z[i - cols] > here and z[i - 1] > here and z[i + 1] >= here and z[i + cols] >= here
            if lowest and diagonal:
                a, b = z[i - cols - 1] > here and z[i - cols + 1] > here, z[i + cols - 1] >= here and z[i + cols + 1] >= here
                lowest = a and b
            found += 1 if lowest else 0
    return found


@njit(cache=True)
def _close(count: Ints, metre: Floats, above: Ints, z: Floats, node: int, holder: int, cell: int, base: float) -> None:
    """Ends a hollow at the cell over which it spills into holder."""
    here = np.float64(z[cell])
    count[node, _PARENT] = holder
    count[node, _SPILL] = cell
    count[node, _CELLS] = count[node, _HELD] - (count[node, _AT_LEVEL] if metre[node, _LEVEL] == here else 0)
    metre[node, _VOLUME] = max((here - base) * count[node, _HELD] - metre[node, _HEIGHT], 0.0)
    above[node] = holder


@njit(cache=True)
def _take_in(count: Ints, metre: Floats, node: int, holder: int, here: float) -> None:
    """Adds what a hollow holds to the one that holds it from level `here` on."""
    at_level = count[node, _AT_LEVEL] if metre[node, _LEVEL] == here else 0
    if metre[holder, _LEVEL] != here:
        metre[holder, _LEVEL] = here
        count[holder, _AT_LEVEL] = 0
    count[holder, _AT_LEVEL] += at_level
    count[holder, _HELD] += count[node, _HELD]
    metre[holder, _HEIGHT] += metre[node, _HEIGHT]


@njit(cache=True)
def _join(
    count: Ints, metre: Floats, above: Ints, z: Floats, met: Ints, number: int, drains: bool, cell: int, nodes: int, base: float
) -> tuple[int, int]:
    """What happens at a cell next to `number` hollows: the hollow that holds the cell, and how many there are then."""
    here = np.float64(z[cell])
    deep = 0  # hollows with depth come first
    for k in range(number):
        if here > z[count[met[k], _PIT]]:
            met[deep], met[k] = met[k], met[deep]
            deep += 1
    holder = nodes
    if drains:
        holder = OUTSIDE
    elif deep == 1 or (deep == 0 and number > 0):
        holder = met[0]
    else:
        nodes += 1
        count[holder, _PIT] = cell
    if drains or deep > 1:
        for k in range(deep):
            _close(count, metre, above, z, met[k], holder, cell, base)
            if not drains:
                _take_in(count, metre, met[k], holder, here)
                if z[count[met[k], _PIT]] < z[count[holder, _PIT]]:
                    count[holder, _PIT] = count[met[k], _PIT]
    for k in range(deep, number):
        if met[k] != holder:
            above[met[k]] = holder
            count[met[k], _TAKEN] = holder + 1
            if not drains:
                _take_in(count, metre, met[k], holder, here)
    return holder, nodes


@njit(cache=True)
def _grow(ground: Floats, order: Labels, diagonal: bool) -> Any:
    """The hollows and the label of every cell, in the order of MergeTree's fields."""
    rows, cols = ground.shape
    wide = cols + 2
    z = ground.ravel()
    room = 2 * _pits(z, rows, cols, diagonal) + 2
    base = np.float64(z[order[0]]) if len(order) else 0.0
    step = np.array([-1, 1, -wide, wide, -wide - 1, -wide + 1, wide - 1, wide + 1])
    # with a border, so that no neighbour has to be looked for; the border and missing cells are outside from the start
    label = np.zeros((rows + 2) * wide, dtype=np.int32)
    for cell in order:
        label[cell + 2 * int(cell / cols) + wide + 1] = -1
    above = np.arange(room)  # union–find over hollows: one that has ended points to the one that holds it
    count = np.zeros((room, 7), dtype=np.int64)
    metre = np.zeros((room, 3))
    metre[:, _LEVEL] = -np.inf
    nodes = 1
    met = np.empty(9, dtype=np.int64)
    for cell in order:
        place = cell + 2 * int(cell / cols) + wide + 1
        number = 0
        drains = False
        last = -1
        for d in range(8 if diagonal else 4):
            near = label[place + step[d]]
            if near < 0 or near == last:
                continue
            last = near
            node = _find(above, near)
            if node == OUTSIDE:
                drains = True
                continue
            known = False
            for k in range(number):
                known = known or met[k] == node
            if not known:
                met[number] = node
                number += 1
        if drains and number == 0:  # most cells need no more than this
            label[place] = OUTSIDE
            continue
        if number == 1 and not drains:
            holder = met[0]
        else:
            holder, nodes = _join(count, metre, above, z, met, number, drains, cell, nodes, base)
        label[place] = holder
        if holder != OUTSIDE:
            here = np.float64(z[cell])
            if metre[holder, _LEVEL] != here:
                metre[holder, _LEVEL] = here
                count[holder, _AT_LEVEL] = 0
            count[holder, _AT_LEVEL] += 1
            count[holder, _HELD] += 1
            metre[holder, _HEIGHT] += here - base
    return count[:nodes], metre[:nodes], label.reshape(rows + 2, wide)[1:-1, 1:-1].copy().ravel()


@njit(cache=True)
def _renumber(count: Ints, label: Labels) -> tuple[Ints, Ints]:
    """Old numbers of the hollows that have depth, (k,), and the new number of every old one, (nodes,); label is renumbered."""
    number = np.zeros(len(count), dtype=np.int64)
    old = np.empty(len(count), dtype=np.int64)
    kept = 0
    for node in range(1, len(count)):
        if count[node, _TAKEN] == 0:
            old[kept] = node
            kept += 1
            number[node] = kept
    for node in range(1, len(count)):
        at = node
        while count[at, _TAKEN] > 0:
            at = count[at, _TAKEN] - 1
        number[node] = number[at]
    for i in range(len(label)):
        label[i] = number[label[i]] if label[i] > 0 else OUTSIDE
    return old[:kept], number


@njit(cache=True)
def _climbed(parent: Ints, through: NDArray[np.bool_]) -> Ints:
    """The last hollow on the way up from each while the next one may be entered, as numbers, (k,)."""
    top = np.empty(len(parent), dtype=np.int64)
    for k in range(len(parent) - 1, -1, -1):
        above = parent[k]
        top[k] = top[above - 1] if above > 0 and through[above - 1] else k + 1
    return top


@njit(cache=True)
def _nested(parent: Ints, big: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """How many innermost big hollows lie within each, itself included, (k,), and the first of them as a number, or 0."""
    within = np.zeros(len(parent), dtype=np.int64)
    inner = np.zeros(len(parent), dtype=np.int64)
    for k in range(len(parent)):
        if within[k] == 0 and big[k]:
            within[k] = 1
            inner[k] = k + 1
        above = parent[k] - 1
        if above >= 0 and within[k] > 0:
            within[above] += within[k]
            inner[above] = inner[k] if inner[above] == 0 else inner[above]
    return within, inner


@njit(cache=True)
def _inherit(parent: Ints, position: Ints) -> None:
    """Gives every hollow without a position that of the one it is part of; position[0] is the outside."""
    for k in range(len(parent) - 1, -1, -1):
        if position[k + 1] < 0 and parent[k] > 0:
            position[k + 1] = position[parent[k]]
