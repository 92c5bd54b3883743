"""Terrains larger than memory: bands of rows surveyed one by one, and stitched by what joins at their ends.

A band tells, of the hollows that touch its ends and of the large ones within, only where they join: the rest is settled
inside it. From these links follow the level at which water reaches each open catchment, or the tree of all hollows; the bands
then are gone through once more, each by itself. How the terrain is cut changes nothing but the order of sums. Sources: Barnes
2016 (tiled priority flood); the cycle property of spanning trees for what may be left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.terrain.catchments import MISSING, Catchments, catchments
from planner.core.terrain.joining import OUTSIDE, Links, Nest, find, forest_of, join, nest, raised
from planner.core.terrain.neighbours import CORNERS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int32]
Flags = NDArray[np.bool_]
Item = TypeVar("Item")
Made = TypeVar("Made")


class Band(NamedTuple):
    """Rows of a terrain (rows, cols) m, from a row on; above, below: whether the terrain goes on there."""

    row: int
    values: NDArray[Any]
    above: bool
    below: bool


Bands = Callable[[], Iterator[Band]]  # may be gone through more than once


@dataclass(frozen=True, eq=False)
class Survey:
    """A band by itself: its catchments, its hollows, and which catchments are open, (k,)."""

    found: Catchments
    hollows: Nest
    is_open: Flags
    links: Links

    def settled(self) -> Survey:
        """What is still needed once the links are told: without where catchments join."""
        nowhere = np.empty(0, dtype=np.int32)
        found = self.found._replace(joins=nowhere, level=np.empty(0), sides=nowhere.reshape(0, 4), leaves=nowhere > 0)
        return replace(self, found=found, links=NO_LINKS)

    @property
    def vertex(self) -> Ints:
        """Position among the open catchments of each node of the forest, −1 for the others."""
        return np.concatenate(([-1], np.where(self.is_open, np.cumsum(self.is_open) - 1, -1)))


def surveyed(band: Band, *, neighbours: int, edge: bool, start: int | None = None) -> Survey:
    """A band's catchments and hollows; start: flat index in the terrain of a cell whose catchment is open as well."""
    z = np.ascontiguousarray(band.values)
    rows, cols = z.shape
    found = catchments(z, neighbours=neighbours, edge=edge, above=band.above, below=band.below)
    label = found.label.reshape(z.shape)
    is_open = np.zeros(len(found.pit) + 1, dtype=np.bool_)  # the last entry takes what is missing
    for end, goes_on in ((label[0], band.above), (label[-1], band.below)):
        if goes_on:
            is_open[end] = True
    at = -1 if start is None else start - band.row * cols
    if 0 <= at < rows * cols:
        is_open[found.label[at]] = True
    is_open = is_open[:-1].copy()
    forest = forest_of(found.pit, z.ravel()[found.pit])
    nodes, links = join(found, forest, is_open)
    return Survey(found, nest(forest, nodes, is_open), is_open, links)


@dataclass(frozen=True, eq=False)
class _Ends:
    """First and last row of a band: level m, vertex (−1 where there is no ground) and flat index of the first cell."""

    level: Floats
    vertex: Ints
    cell: Ints

    @classmethod
    def of(cls, band: Band, survey: Survey, vertex: Ints) -> _Ends:
        """vertex: of each node of the survey's forest."""
        rows, cols = band.values.shape
        label = survey.found.label.reshape(rows, cols)[[0, -1]].astype(np.int64)
        level = band.values[[0, -1]].astype(np.float64)
        return cls(level, np.where(label == MISSING, -1, vertex[label + 1]), np.array([band.row, band.row + rows - 1]) * cols)


class Graph:
    """What the surveys of all bands say of each other, gathered band by band from north to south.

    base: first vertex of each band. Vertex 0 is the outside.
    """

    def __init__(self, *, neighbours: int, edge: bool) -> None:
        self.base: list[int] = []
        self.size = 1
        self._neighbours = neighbours
        self._edge = edge
        self._links: list[Links] = []
        self._last: _Ends | None = None

    def add(self, band: Band, survey: Survey, vertices: int, more: Links) -> None:
        """A band of so many vertices, its open catchments first; more: further links between them, by vertex of the band."""
        base, offset = self.size, band.row * band.values.shape[1]
        vertex = np.where(survey.vertex < 0, -1, survey.vertex + base)
        vertex[OUTSIDE] = OUTSIDE
        for links, one, other in (
            (survey.links, vertex[survey.links.one], vertex[survey.links.other]),
            (more, more.one + base, more.other + base),
        ):
            self._links.append(Links(links.cell + offset, links.level, one.astype(np.int32), other.astype(np.int32)))
        ends = _Ends.of(band, survey, vertex)
        if self._last is not None:
            cell, level, one, other = _seam(
                self._last.level[1],
                self._last.vertex[1],
                self._last.cell[1],
                ends.level[0],
                ends.vertex[0],
                ends.cell[0],
                self._neighbours,
                self._edge,
            )
            self._links.append(_spanning(Links(cell, level, one, other)))
        self._last = ends
        self.base.append(base)
        self.size += vertices

    def links(self) -> Links:
        """All links in the order in which water makes them."""
        cell, level, one, other = (np.concatenate(parts) for parts in zip(*self._links, strict=True))
        return Links(cell, level, one, other).in_order()


@njit(cache=True)
def _seam(
    upper: Floats,
    upper_vertex: Ints,
    upper_cell: int,
    lower: Floats,
    lower_vertex: Ints,
    lower_cell: int,
    neighbours: int,
    edge: bool,
) -> tuple[Ints, Floats, Labels, Labels]:
    """Links between the last row of a band and the first of the next."""
    cols, reach = len(upper), 1 if neighbours == CORNERS else 0
    cell, level = np.empty(3 * cols, dtype=np.int64), np.empty(3 * cols)
    one, other = np.empty(3 * cols, dtype=np.int32), np.empty(3 * cols, dtype=np.int32)
    found = 0
    for c in range(cols):
        for near in range(max(c - reach, 0), min(c + reach + 1, cols)):
            above, below = upper_vertex[c], lower_vertex[near]
            if (above < 0 and below < 0) or ((above < 0 or below < 0) and not edge):
                continue
            higher = below < 0 or (above >= 0 and upper[c] > lower[near])
            cell[found] = upper_cell + c if higher else lower_cell + near
            level[found] = upper[c] if higher else lower[near]
            one[found], other[found] = max(above, OUTSIDE), max(below, OUTSIDE)
            found += 1
    return cell[:found].copy(), level[:found].copy(), one[:found].copy(), other[:found].copy()


def _spanning(links: Links) -> Links:
    """The links without those that join what lower links have joined: no more than there are vertices."""
    order = links.in_order()
    _, place = np.unique(np.concatenate((order.one, order.other)), return_inverse=True)
    kept = _tree(place[: len(order.one)], place[len(order.one) :], int(place.max(initial=-1)) + 1)
    return order.chosen(kept)


@njit(cache=True)
def _tree(one: Ints, other: Ints, size: int) -> Flags:
    above, kept = np.arange(size).astype(np.int32), np.zeros(len(one), dtype=np.bool_)
    for i in range(len(one)):
        a, b = find(above, one[i]), find(above, other[i])
        if a != b:
            above[a] = b
            kept[i] = True
    return kept


@njit(cache=True)
def _reached(links: Links, size: int, root: int) -> Floats:
    """Lowest level at which water that rises from a root reaches each vertex, (size,) m; −inf at the root, inf for never."""
    above, following = np.arange(size).astype(np.int32), np.arange(size)  # members of a set form a ring
    level = np.full(size, np.inf)
    level[root] = -np.inf
    for i in range(len(links.one)):
        a, b = find(above, links.one[i]), find(above, links.other[i])
        if a == b:
            continue
        source = find(above, root)
        if source in (a, b):
            start = b if source == a else a
            level[start] = links.level[i]
            at = following[start]
            while at != start:
                level[at] = links.level[i]
                at = following[at]
        above[a] = b
        following[a], following[b] = following[b], following[a]
    return level


NO_LINKS = Links(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int32), np.empty(0, np.int32))


def water_levels(
    bands: Bands, *, neighbours: int, start: int | None = None, threads: int = 1, keep: bool = False
) -> Iterator[tuple[Band, NDArray[Any]]]:
    """The level at which water stands over each cell, band by band, (rows, cols) m.

    From the outside inward, which fills every hollow to where it spills; or, with a start (flat index), the lowest level at
    which water that rises there reaches the cell, inf where it never does. Cells without ground keep what they have. keep:
    whether what the survey finds is kept, some five bytes a cell, so that no band is surveyed twice.
    """
    edge = start is None
    kept: list[Survey] = []
    graph = Graph(neighbours=neighbours, edge=edge)
    root, lowest = OUTSIDE, -np.inf

    def survey_of(band: Band) -> Survey:
        return surveyed(band, neighbours=neighbours, edge=edge, start=start)

    def levels(base: int, band: Band, survey: Survey) -> NDArray[Any]:
        open_level = reached[base : base + int(survey.is_open.sum())]
        return np.asarray(raised(np.ascontiguousarray(band.values), survey.found.label, _levels(survey, open_level, edge)))

    for band, survey in each(survey_of, bands(), threads):
        at = -1 if start is None else start - band.row * band.values.shape[1]
        if 0 <= at < band.values.size:
            root = graph.size + int(survey.vertex[survey.found.label[at] + 1])
            lowest = float(band.values.ravel()[at])
        graph.add(band, survey, int(survey.is_open.sum()), NO_LINKS)
        if keep:
            kept.append(survey.settled())
    reached = np.maximum(_reached(graph.links(), graph.size, root), lowest)

    if len(graph.base) == 1:  # the one band there is has been surveyed
        yield band, levels(graph.base[0], band, survey)
        return
    again = zip(graph.base, bands(), kept if keep else repeat(None, len(graph.base)), strict=True)
    for (_, band, _), level in each(lambda item: levels(*item[:2], item[2] or survey_of(item[1])), again, threads):
        yield band, level


def _levels(survey: Survey, open_level: Floats, edge: bool) -> Floats:
    """The level of each node of a survey's forest, given that of its open catchments."""
    h = survey.hollows
    last = h.parent[h.top]  # 0 or −n, of each hollow
    of_node = np.append(open_level, -np.inf if edge else np.inf)[survey.vertex]  # of the outside: the last entry
    of_hollow = np.maximum(h.spill_level[h.top], of_node[-last])
    return np.where(h.number > 0, of_hollow[np.maximum(h.number, 0)], of_node[-np.minimum(h.number, 0)])


def each(work: Callable[[Item], Made], items: Iterator[Item], threads: int) -> Iterator[tuple[Item, Made]]:
    """Items with what work makes of them, in order; as many at once as there are threads."""
    if threads <= 1:
        yield from ((item, work(item)) for item in items)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[tuple[Item, Future[Made]]] = deque()
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) > threads:
                first, done = waiting.popleft()
                yield first, done.result()
        while waiting:
            first, done = waiting.popleft()
            yield first, done.result()
