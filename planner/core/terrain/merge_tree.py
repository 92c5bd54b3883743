"""The merge tree of the ground: every hollow, nested in those it joins as the water rises.

Water rises over the ground. A pit begins a hollow; where several meet, at one level, all end and a new one that holds them
begins. The world outside, which is everything beyond the grid's edge and every cell without a value, takes any water: a hollow
it meets drains there for good.
Sources: Barnes, Callaghan & Wickert 2020 (depression hierarchy); Tarjan 1975 (union–find).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.terrain.catchments import catchments
from planner.core.terrain.joining import OUTSIDE, content_of, held_with_children, raised, settle
from planner.core.terrain.uniting import united

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int32]

ROUNDING = 1e-9  # share of a volume that the order of its sums may move: what holds just the least volume matters in any


@dataclass(frozen=True, eq=False)
class Hollows:
    """Hollows of a terrain, k of them, numbered 1…k at positions 0…k−1; children come before their parents.

    pit, spill: (k,) flat indices (row·cols + col) of the lowest cell, the first of equals, and of a cell over which the hollow
    spills. pit_level, spill_level: (k,) m. cells: (k,) int64, those strictly below the spill level. volume: (k,) in cells · m,
    water held when full to the spill level, nested hollows included. parent: (k,) int64, number of the hollow it is part of
    once it spills, 0 where it spills to the outside. neighbours: 8 where water passes diagonals, 4 where it does not.
    """

    pit: Ints
    spill: Ints
    pit_level: Floats
    spill_level: Floats
    cells: Ints
    volume: Floats
    parent: Ints
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

    def pruned(self, *, min_volume: float = 0.0, min_depth: float = 0.0) -> Hollows:
        """The hollows of at least min_volume (cells · m) and min_depth (m), in the order in which they spill.

        A smaller one is part of what it spills into, which goes on as if it had always held it; a new hollow begins only where
        two that matter join. What is left does not depend on the order in which small ones are left out.
        """
        parent = np.concatenate(([OUTSIDE], self.parent))
        volume, depth = np.concatenate(([np.inf], self.volume)), np.concatenate(([np.inf], self.depth))
        lasts = np.ones(len(parent), dtype=np.bool_)
        kept, above = simplified(parent, volume, depth, lasts, min_volume=min_volume, min_depth=min_depth)
        chosen = np.flatnonzero(kept[1:])
        number = np.zeros(len(kept), dtype=np.int64)
        number[chosen + 1] = np.arange(1, len(chosen) + 1)
        return self._chosen(chosen, number[above[chosen + 1]]).in_order()

    def in_order(self) -> Hollows:
        """The same hollows in the order in which they spill, those that spill at one level in the order of their pits."""
        order = np.lexsort((self.pit, self.spill_level))
        number = np.zeros(len(self) + 1, dtype=np.int64)
        number[order + 1] = np.arange(1, len(self) + 1)
        return self._chosen(order, number[self.parent[order]])

    def save(self, path: Any) -> None:
        """Writes what there is to a .npz file (path or binary file object)."""
        arrays = {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Any) -> Self:
        """Reads what `save` wrote. Raises ValueError or KeyError where the file holds something else."""
        with np.load(path, allow_pickle=False) as stored:
            values = {f.name: stored[f.name] for f in fields(cls)}
        return cls(**{**values, "neighbours": int(values["neighbours"])})

    def is_sound(self, cells: int) -> bool:
        """Whether arrays from a file can be those of a terrain of so many cells: what compiled code then takes for granted."""
        arrays = {f.name: getattr(self, f.name) for f in fields(Hollows) if f.name != "neighbours"}
        whole = ("pit", "spill", "cells", "parent")
        kinds = all(a.dtype == (np.int64 if name in whole else np.float64) for name, a in arrays.items())
        if not kinds or any(a.shape != (len(self),) for a in arrays.values()) or self.neighbours not in (4, 8):
            return False
        number = np.arange(1, len(self) + 1)
        places = all(bool(((a >= 0) & (a < cells)).all()) for a in (self.pit, self.spill))
        order = bool(((self.parent == OUTSIDE) | ((self.parent > number) & (self.parent <= len(self)))).all())
        levels = np.isfinite(self.pit_level) & np.isfinite(self.spill_level) & (self.spill_level >= self.pit_level)
        held = np.isfinite(self.volume) & (self.volume >= 0) & (self.cells >= 0) & (self.cells <= cells)
        return places and order and bool(levels.all()) and bool(held.all())

    def _chosen(self, at: Ints, parent: Ints) -> Hollows:
        return Hollows(
            pit=self.pit[at],
            spill=self.spill[at],
            pit_level=self.pit_level[at],
            spill_level=self.spill_level[at],
            cells=self.cells[at],
            volume=self.volume[at],
            parent=parent,
            neighbours=self.neighbours,
        )


@dataclass(frozen=True, eq=False)
class MergeTree(Hollows):
    """Every hollow of a terrain in memory, and where they lie.

    label: (rows, cols) int32, number of the innermost hollow a cell belongs to, 0 outside.
    """

    label: Labels

    def filled(self, ground: Floats) -> Floats:
        """The terrain with every hollow full to where its water leaves the grid, (rows, cols)."""
        outer = np.concatenate(([0], self.outermost()))
        surface = np.concatenate(([-np.inf], self.spill_level))[outer]
        return np.maximum(ground, surface[self.label])


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


def merge_tree(ground: NDArray[Any], *, neighbours: int = 8, min_depth: float = 0.0) -> MergeTree:
    """Every hollow of a terrain of at least a depth, m; (rows, cols) m, NaN (or ±inf) where there is no ground.

    neighbours: 8 where water passes diagonals, 4 where it does not. A hollow that is too shallow is part of the one that holds
    it; whatever holds a deep one is as deep. Raises ValueError for another number of neighbours or shape.
    """
    surface = checked(ground, neighbours)
    found = catchments(surface, neighbours=neighbours)
    inner, _ = united(surface, found, min_depth)
    datum = float(np.min(inner.pit_level[1:], initial=np.inf))
    content = content_of(len(inner.parent))
    label = settle(surface, found.label, inner, datum, content)
    cells, volume = held_with_children(inner, datum, content)
    return MergeTree(
        pit=inner.pit[1:],
        spill=inner.spill[1:],
        pit_level=inner.pit_level[1:],
        spill_level=inner.spill_level[1:],
        cells=cells[1:],
        volume=volume[1:],
        parent=inner.parent[1:].astype(np.int64),
        label=label.reshape(surface.shape),
        neighbours=neighbours,
    )


def filled(ground: NDArray[Any], *, neighbours: int = 8) -> Any:
    """A terrain, (rows, cols) m, with every hollow full to where its water leaves the grid; missing cells stay as they are.

    neighbours: as of merge_tree, of which nothing is needed. Raises ValueError as merge_tree does.
    """
    surface = checked(ground, neighbours)
    found = catchments(surface, neighbours=neighbours)
    _, leaves = united(surface, found, np.inf)
    return raised(surface, found.label, leaves)


def checked(ground: NDArray[Any], neighbours: int) -> NDArray[Any]:
    """A terrain as the kernels take it. Raises ValueError where it has another shape, or for another number of neighbours."""
    if neighbours not in (4, 8):
        raise ValueError(f"neighbours = {neighbours}: 4 or 8 expected")
    if ground.ndim != 2:
        raise ValueError(f"a terrain of shape (rows, cols) expected, not {ground.shape}")
    return np.ascontiguousarray(ground, dtype=None if ground.dtype in (np.float32, np.float64) else np.float64)


def significant(
    tree: MergeTree, *, min_volume: float = 0.0, min_depth: float = 0.0, joined_below: float | Floats = -np.inf
) -> Basins:
    """The hollows that matter: of at least min_volume (cells · m) and min_depth (m), and not holding two such hollows.

    A small hollow is taken into the one it spills to; two that matter stay apart although they join further up. The basin
    reaches up to where it meets another basin that matters, or spills outside. joined_below: a water level, m, or one where
    each hollow spills, (k,); hollows that join below it are one.
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
def simplified(
    parent: NDArray[Any],
    volume: Floats,
    depth: Floats,
    lasts: NDArray[np.bool_],
    *,
    min_volume: float,
    min_depth: float,
) -> tuple[NDArray[np.bool_], Labels]:
    """Which hollows are left when small ones are part of what they spill into, and the next one left on the way up.

    By number, (k + 1,), entry 0 the outside; children before parents. parent: below 0 where it is not among them; the next one
    then is 0. lasts: whether it is there above the level it begins at, so that one within it may go on as it.
    """
    size = len(parent)
    big = (volume >= min_volume * (1.0 - ROUNDING)) & (depth >= min_depth)
    within = np.zeros(size, dtype=np.int32)  # big hollows directly in each
    kept, above = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.int32)
    for v in range(1, size):
        big[v] = big[v] or within[v] > 0
        if big[v] and parent[v] > 0:
            within[parent[v]] += 1
    for v in range(size - 1, 0, -1):
        p = parent[v]
        kept[v] = big[v] and (p <= 0 or within[p] != 1 or not lasts[p])
        if p > 0:
            above[v] = p if kept[p] else above[p]
    return kept, above


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
