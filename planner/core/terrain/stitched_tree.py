"""The hollows that matter of a terrain larger than memory, found band by band.

Bands are gone through twice: first for the hollows that lie wholly within one and for the links between what does not, then
for what the joined hollows hold. Hollows too small to matter are left out as soon as they are known to be whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.terrain.joining import (
    OUTSIDE,
    Content,
    Forest,
    Links,
    Nest,
    added,
    climb,
    content_of,
    find,
    forest_of,
    held_with_children,
    meet,
    nest,
    settle,
)
from planner.core.terrain.merge_tree import Hollows, simplified
from planner.core.terrain.stitching import Band, Bands, Graph, Survey, each, surveyed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int32]
Flags = NDArray[np.bool_]

LAST = np.iinfo(np.int64).max  # beyond every cell


class TooMany(ValueError):
    """More hollows matter than may be kept; row: how far down they have been looked for."""

    def __init__(self, row: int):
        super().__init__(f"too many hollows by row {row}")
        self.row = row


@dataclass(frozen=True, eq=False)
class _Held:
    """A band with what its hollows hold.

    inner: (cells,) innermost hollow, −n for open nodes. content: of each hollow, those within it included. cells, volume: by
    number. kept: which matter; above: the next one that matters on the way up, by number. tops: numbers of the hollows that end
    in what is open and must be known beyond the band: they matter, or what they met had no depth yet.
    """

    survey: Survey
    inner: Labels
    content: Content
    cells: Ints
    volume: Floats
    kept: Flags
    above: Labels
    tops: Ints

    @property
    def matter(self) -> int:
        """Hollows that are kept, or may have to be."""
        return int(np.count_nonzero(self.kept) + np.count_nonzero(~self.kept[self.tops]))

    @property
    def vertices(self) -> int:
        """Open catchments and tops."""
        return int(self.survey.is_open.sum()) + len(self.tops)


def _held(band: Band, *, neighbours: int, min_volume: float, min_depth: float, datum: float) -> _Held:
    survey = surveyed(band, neighbours=neighbours, edge=True)
    h = survey.hollows
    content = content_of(len(h.parent))
    inner = settle(np.ascontiguousarray(band.values), survey.found.label, h, datum, content)
    cells, volume = held_with_children(h, datum, content)
    lasts = h.born < h.spill_level  # what joins at the very level at which it meets what is open may be nothing by itself
    kept, above = simplified(h.parent, volume, h.spill_level - h.pit_level, lasts, min_volume=min_volume, min_depth=min_depth)
    tops = np.flatnonzero((h.parent < 0) & (kept | ~h.firm))
    return _Held(survey, inner, content, cells, volume, kept, above, tops)


def hollows_of(
    bands: Bands,
    *,
    neighbours: int,
    min_volume: float = 0.0,
    min_depth: float = 0.0,
    most: int = LAST,
    threads: int = 1,
) -> Hollows:
    """The hollows of a terrain, as `MergeTree.pruned` leaves them, from bands of its rows.

    min_volume: cells · m. min_depth: m. Memory holds a few bands, what touches their ends, and the hollows that matter. Raises
    TooMany where those are more than `most`.
    """
    datum = next((float(v[np.isfinite(v)].min()) for v in (b.values for b in bands()) if np.isfinite(v).any()), 0.0)

    def work(band: Band) -> _Held:
        return _held(band, neighbours=neighbours, min_volume=min_volume, min_depth=min_depth, datum=datum)

    graph = Graph(neighbours=neighbours, edge=True)
    told: list[_Vertices] = [_Vertices(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))]
    number = 0
    for band, held in each(work, bands(), threads):
        number += held.matter
        if number > most:
            raise TooMany(band.row + len(band.values))
        told.append(_told(graph, band, held))
    forest = forest_of(*(np.concatenate(parts) for parts in zip(*told, strict=True)))
    nodes = _join_links(forest, graph.links(), graph.size)
    joined = nest(forest, nodes, np.zeros(graph.size - 1, dtype=np.bool_))
    content, within = content_of(len(joined.parent)), []
    pits = _Pits(np.full_like(joined.pit_level, np.inf), np.zeros_like(joined.pit))

    def again(item: tuple[int, Band]) -> _Share:
        return _share(item[1], work(item[1]), item[0], joined, datum)

    for (_, band), share in each(again, zip(graph.base, bands(), strict=True), threads):
        content = content.plus(share.content)
        _lower_all(pits, share.pits)
        within.append(_within(band, share, neighbours))
    _lower_parents(pits, joined.parent)
    cells, volume = held_with_children(joined, datum, content)
    across = Hollows(
        pit=pits.cell[1:],
        spill=joined.spill[1:],
        pit_level=pits.level[1:],
        spill_level=joined.spill_level[1:],
        cells=cells[1:],
        volume=volume[1:],
        parent=joined.parent[1:].astype(np.int64),
        neighbours=neighbours,
    )
    return _together(across, within).pruned(min_volume=min_volume, min_depth=min_depth)


class _Vertices(NamedTuple):
    """Pit (flat index), its level and where it is there from, m, of a band's vertices, (k,)."""

    pit: Ints
    pit_level: Floats
    born: Floats


def _told(graph: Graph, band: Band, held: _Held) -> _Vertices:
    """Tells a graph of a band; its vertices."""
    h, survey = held.survey.hollows, held.survey
    offset = band.row * band.values.shape[1]
    opened = survey.found.pit[survey.is_open]
    number = np.arange(len(held.tops), dtype=np.int32) + np.int32(len(opened))
    sink = survey.vertex[-h.parent[held.tops]].astype(np.int32)
    graph.add(band, survey, held.vertices, Links(h.spill[held.tops], h.spill_level[held.tops], number, sink))
    level = band.values.ravel()[opened].astype(np.float64)
    return _Vertices(
        np.concatenate((opened.astype(np.int64), h.pit[held.tops])) + offset,
        np.concatenate((level, h.pit_level[held.tops])),
        np.concatenate((level, h.born[held.tops])),
    )


@njit(cache=True)
def _join_links(forest: Forest, links: Links, size: int) -> int:
    """Joins vertices 1…size−1, and vertex 0 as the outside, in the order of the links; how many nodes there are then."""
    nodes = size
    met = np.empty(64, dtype=np.int64)
    i = 0
    while i < len(links.cell):
        cell, level = links.cell[i], links.level[i]
        number, leaves = 0, False
        while i < len(links.cell) and links.cell[i] == cell:
            for vertex in (links.one[i], links.other[i]):
                node = find(forest.above, vertex)
                if node == OUTSIDE:
                    leaves = True
                else:
                    number += added(met, number, node)
            i += 1
        if number + (1 if leaves else 0) > 1:
            nodes = meet(forest, met, number, OUTSIDE if leaves else -1, cell, level, nodes)
    return nodes


class _Pits(NamedTuple):
    """Lowest cell of hollows, by number: level m and flat index, the first of equals."""

    level: Floats
    cell: Ints


@dataclass(frozen=True, eq=False)
class _Share:
    """What a band adds to the joined hollows. into: by number, the joined one each of its own is or is part of, 0 for none."""

    held: _Held
    into: Labels
    content: Content
    pits: _Pits


def _share(band: Band, held: _Held, base: int, joined: Nest, datum: float) -> _Share:
    h, offset = held.survey.hollows, band.row * band.values.shape[1]
    size = len(joined.parent)
    content, pits = content_of(size), _Pits(np.full(size, np.inf), np.zeros(size, dtype=np.int64))
    vertex = (held.survey.vertex + base).astype(np.int32)
    whole = np.zeros(len(h.parent), dtype=np.int32)
    whole[held.tops] = base + int(held.survey.is_open.sum()) + np.arange(len(held.tops))
    _spread_cells(np.ascontiguousarray(band.values), held.inner, vertex, joined, offset, datum, content, pits)
    into = _spread_hollows(h, held.content, whole, vertex, joined, offset, content, pits)
    return _Share(held, into, content, pits)


@njit(cache=True, nogil=True)
def _spread_cells(
    ground: Any, inner: Labels, vertex: Labels, n: Nest, offset: int, datum: float, content: Content, pits: _Pits
) -> None:
    """Adds the cells that belong to what is open to the joined hollows they belong to; vertex: by node of the band's forest."""
    z = ground.ravel()
    for i in range(len(inner)):
        if inner[i] < 0:
            v = n.number[vertex[-inner[i]]]
            level = np.float64(z[i])
            if v > 0:
                v = OUTSIDE if n.spill_level[n.top[v]] < level else climb(n, v, level, i + offset)
            if v > 0:
                content.held[v] += 1
                content.height[v] += level - datum
                content.at_spill[v] += 1 if n.spill_level[v] == level else 0
                _lower(pits, v, level, i + offset)


@njit(cache=True, nogil=True)
def _spread_hollows(
    h: Nest, held: Content, whole: Labels, vertex: Labels, n: Nest, offset: int, content: Content, pits: _Pits
) -> Labels:
    """Adds a band's hollows that end in what is open; the joined hollow each is or is part of, (k + 1,), 0 for none.

    whole: the vertex of each that is one itself, else 0.
    """
    into = np.zeros(len(whole), dtype=np.int32)
    for k in range(1, len(whole)):
        if h.parent[k] >= 0:
            continue
        if whole[k] > 0:
            v = n.number[whole[k]]
        else:
            v = climb(n, n.number[vertex[-h.parent[k]]], h.spill_level[k], LAST)  # once all that joins at this level has
        if v <= 0:
            continue
        into[k] = v
        content.held[v] += held.held[k]
        content.height[v] += held.height[k]
        content.at_spill[v] += held.at_spill[k] if n.spill_level[v] == h.spill_level[k] else 0
        _lower(pits, v, h.pit_level[k], h.pit[k] + offset)
    return into


@njit(cache=True)
def _lower(pits: _Pits, v: int, level: float, cell: int) -> None:
    if level < pits.level[v] or (level == pits.level[v] and cell < pits.cell[v]):
        pits.level[v], pits.cell[v] = level, cell


@njit(cache=True)
def _lower_all(pits: _Pits, more: _Pits) -> None:
    for v in range(len(pits.level)):
        _lower(pits, v, more.level[v], more.cell[v])


@njit(cache=True)
def _lower_parents(pits: _Pits, parent: Labels) -> None:
    """Makes every hollow's pit the lowest of those within it."""
    for v in range(1, len(parent)):
        if parent[v] > 0:
            _lower(pits, parent[v], pits.level[v], pits.cell[v])


def _within(band: Band, share: _Share, neighbours: int) -> Hollows:
    """Hollows that matter and lie wholly within a band; parent: n a joined one, −n the n-th of these, 0 the outside."""
    held = share.held
    h, offset = held.survey.hollows, band.row * band.values.shape[1]
    mine = held.kept.copy()
    mine[held.tops] = False  # these are joined hollows themselves
    chosen = np.flatnonzero(mine)
    number = np.zeros(len(mine), dtype=np.int64)
    number[chosen] = -np.arange(1, len(chosen) + 1)
    number[held.tops] = share.into[held.tops]
    return Hollows(
        pit=h.pit[chosen] + offset,
        spill=h.spill[chosen] + offset,
        pit_level=h.pit_level[chosen],
        spill_level=h.spill_level[chosen],
        cells=held.cells[chosen],
        volume=held.volume[chosen],
        parent=number[held.above[chosen]],
        neighbours=neighbours,
    )


def _together(joined: Hollows, within: list[Hollows]) -> Hollows:
    """Joined hollows and those within bands, children before their parents."""
    parts, parent, size = [joined, *within], [joined.parent], len(joined)
    for part in within:
        parent.append(np.where(part.parent < 0, size - part.parent, part.parent))
        size += len(part)
    return Hollows(
        pit=np.concatenate([p.pit for p in parts]),
        spill=np.concatenate([p.spill for p in parts]),
        pit_level=np.concatenate([p.pit_level for p in parts]),
        spill_level=np.concatenate([p.spill_level for p in parts]),
        cells=np.concatenate([p.cells for p in parts]),
        volume=np.concatenate([p.volume for p in parts]),
        parent=np.concatenate(parent),
        neighbours=joined.neighbours,
    ).in_order()
