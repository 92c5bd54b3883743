"""Borders laid in smooth lines: the stairs that a lattice leaves between unlike polygons, rounded with every area kept.

A border that two unlike polygons share runs from one fixed point to the next: where a third kind begins, the ground ends, or a
line stands that must not move. Between them it is drawn anew by a Gaussian along its length with its ends held, then pushed to
one side by as much as it takes that no side wins or loses ground. Points where borders of like polygons meet it move along.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from planner.core.polygons.shared import point_ids, twins

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Geometries = NDArray[np.object_]

SAMPLES = 4  # points per radius along a line
TRIES = 4  # times that a line goes half as far where it ran into another; then it stays as it is there
ROUNDS = 20  # most times that lines are drawn less far, the last half of them as a whole


@dataclass(eq=False)
class _Line:
    """A border that may move: its points' numbers in order, their places (m, 2), and its new course.

    closed: whether it comes back to its first point, which is then named once. share: (m,), how far of the way to the smooth
    course it goes at each point. moved: (m, 2), the new places of its points; between: of each of its segments the points
    between the new places of its ends.
    """

    points: list[int]
    place: Floats
    closed: bool
    radius: float
    share: Floats = field(init=False)
    moved: Floats = field(init=False)
    between: list[Floats] = field(init=False)

    def __post_init__(self) -> None:
        self.share = np.ones(len(self.points))
        self.draw()

    def draw(self) -> None:
        """Its course at its shares; as it was at none."""
        path, share = self.place, self.share
        if self.closed:
            path, share = np.vstack([path, path[:1]]), np.append(share, share[0])
        if not share.any():
            self.moved, self.between = self.place, [np.empty((0, 2))] * (len(path) - 1)
            return
        along = np.append(0.0, np.cumsum(np.hypot(*np.diff(path, axis=0).T)))
        count = max(int(np.ceil(along[-1] / self.radius * SAMPLES)), 2)
        even = np.linspace(0.0, along[-1], count + 1)
        at = np.unique(np.concatenate([even, along]))
        smooth = _smoothed(path, along, even, self.radius / (along[-1] / count), closed=self.closed)
        new, old = (np.column_stack([np.interp(at, x, y[:, k]) for k in (0, 1)]) for x, y in ((even, smooth), (along, path)))
        wide = gaussian_filter1d(np.interp(even, along, share), SAMPLES, mode="wrap" if self.closed else "nearest")
        far = np.minimum(np.interp(at, even, wide), np.interp(at, along, share))[:, None]
        if self.closed:
            far[-1] = far[0]
        drawn = _pushed(old + far * (new - old), at, far, _swept(path), self.radius, closed=self.closed)
        if drawn is None:
            self.share = np.zeros(len(self.points))
            self.draw()
            return
        own = np.searchsorted(at, along)
        self.moved = drawn[own[:-1]] if self.closed else drawn[own]
        self.between = [drawn[i + 1 : j] for i, j in pairwise(own.tolist())]

    def less(self, points: set[int]) -> None:
        """Half as far at points that it must not go so far at; not at all after TRIES times."""
        here = np.array([p in points for p in self.points])
        self.share[here] /= 2.0
        self.share[self.share < 0.5**TRIES] = 0.0
        self.draw()


def smoothed(polygons: Geometries, kind: Ints, held: Ints, radius_m: float) -> Geometries:
    """The polygons of one planar graph with the borders between unlike ones laid in smooth lines.

    polygons: (n,), what neighbours share is the same points. kind: (n,), borders between equal kinds are not looked at and
    follow. held: (n,), borders between unequal numbers stay where they are, as the outer border does. radius_m: of the Gaussian
    along the line. The area of every kind's pieces within a `held` is kept to rounding; a line that would run into another
    is smoothed less, or not at all.
    """
    if radius_m <= 0 or len(polygons) == 0:
        return polygons
    origin = np.floor(shapely.total_bounds(polygons)[:2])
    rings, owner = shapely.get_rings(polygons, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    points = points - origin
    ids = point_ids(points)
    lines = [_Line(*line, radius_m) for line in _lines(points, ids, ring, owner, kind, held)]
    if not lines:
        return polygons
    graph = _Graph(polygons.copy(), points, ids, ring, owner, lines, origin)
    wrong = graph.draw(range(len(lines)))
    for k in range(ROUNDS):
        if not wrong:
            return graph.polygons
        for line, at_fault in wrong.items():
            lines[line].less(at_fault if k < ROUNDS // 2 else set(lines[line].points))
        wrong = graph.draw(wrong)
    return polygons if wrong else graph.polygons


def _lines(points: Floats, ids: Ints, ring: Ints, owner: Ints, kind: Ints, held: Ints) -> list[tuple[list[int], Floats, bool]]:
    """The borders that may move, from fixed point to fixed point or all around: points' numbers, places, closed."""
    first = np.flatnonzero(ring[:-1] == ring[1:])
    start, end, face = ids[first], ids[first + 1], owner[ring[first]]
    one, two = twins(start, end)
    a, b = face[one], face[two]
    same_held, unlike = held[a] == held[b], kind[a] != kind[b]
    free = one[same_held & unlike]
    stays = np.ones(len(first), dtype=np.bool_)  # the outer border, and what is held
    stays[one[same_held]] = stays[two[same_held]] = False
    count = int(ids.max(initial=-1)) + 1
    degree = np.bincount(start[free], minlength=count) + np.bincount(end[free], minlength=count)
    fixed = (degree > 0) & (degree != 2)
    fixed[np.concatenate([start[stays], end[stays]])] = True
    place = np.empty((count, 2))
    place[ids] = points
    return [(found, place[found], closed) for found, closed in _walks(start[free], end[free], fixed)]


def _walks(start: Ints, end: Ints, fixed: Flags) -> list[tuple[list[int], bool]]:
    """The ways along segments from fixed point to fixed point, then the rings that hold none; a ring names its first once."""
    near: dict[int, list[tuple[int, int]]] = {}
    for k, (u, v) in enumerate(zip(start.tolist(), end.tolist(), strict=True)):
        near.setdefault(u, []).append((v, k))
        near.setdefault(v, []).append((u, k))
    used = np.zeros(len(start), dtype=np.bool_)
    found: list[tuple[list[int], bool]] = []

    def walk(at: int, step: tuple[int, int]) -> list[int]:
        path = [at]
        while True:
            at, segment = step
            used[segment] = True
            path.append(at)
            if fixed[at] or at == path[0]:
                return path
            step = next(s for s in near[at] if not used[s[1]])

    for at in sorted(near):
        if fixed[at]:
            found += [(walk(at, step), False) for step in near[at] if not used[step[1]]]
    for at in sorted(near):
        for step in near[at]:
            if not used[step[1]]:
                found.append((walk(at, step)[:-1], True))
    return [(path, closed) for path, closed in found if closed or len(path) > 2]


def _smoothed(path: Floats, along: Floats, even: Floats, radius: float, *, closed: bool) -> Floats:
    """A line's course at even distances, smoothed by a Gaussian of a radius in samples; open ends stay."""
    course = np.column_stack([np.interp(even, along, path[:, k]) for k in (0, 1)])
    if closed:
        round_ = gaussian_filter1d(course[:-1], radius, axis=0, mode="wrap")
        return np.vstack([round_, round_[:1]])
    reach = int(4 * radius) + 1
    wide = np.pad(course, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    found = gaussian_filter1d(wide, radius, axis=0)[reach:-reach]
    found[[0, -1]] = path[[0, -1]]
    return np.asarray(found)


def _swept(path: Floats) -> float:
    """Twice the area that a line from the origin to its points sweeps."""
    x, y = path[:, 0], path[:, 1]
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())


def _pushed(drawn: Floats, at: Floats, far: Floats, swept: float, most: float, *, closed: bool) -> Floats | None:
    """A course moved to one side, where it may (far: (m, 1)), until it sweeps as much as its line did; its ends stay.

    None where it would have to move by more than most, m.
    """
    ahead = np.gradient(drawn, axis=0)
    if closed:
        ahead[0] = ahead[-1] = ahead[0] + ahead[-1]
    size = np.hypot(*ahead.T)
    side = np.column_stack([ahead[:, 1], -ahead[:, 0]]) / np.where(size > 0, size, 1.0)[:, None]
    side *= far if closed else far * np.sin(np.pi * at / at[-1])[:, None]
    if not closed:
        side[[0, -1]] = 0.0
    # what is swept is a quadratic of how far the course is pushed
    bent, now = _swept(side), _swept(drawn)
    slope = _swept(drawn + side) - now - bent
    inner = slope**2 - 4.0 * bent * (now - swept)
    if inner < 0.0 or slope == 0.0:
        return None
    push = -2.0 * (now - swept) / (slope + np.copysign(np.sqrt(inner), slope))
    return None if abs(push) > most else drawn + push * side


@dataclass(eq=False)
class _Graph:
    """Polygons as they are drawn, by their points' numbers, and the lines that move."""

    polygons: Geometries
    points: Floats
    ids: Ints
    ring: Ints
    owner: Ints
    lines: list[_Line]
    origin: Floats

    def __post_init__(self) -> None:
        """Where each line and polygon stand, looked up once."""
        of_polygon = self.owner[self.ring]
        self.bounds = np.searchsorted(of_polygon, np.arange(len(self.polygons) + 1))
        self.through: dict[int, set[int]] = {}  # the lines through a point
        for k, line in enumerate(self.lines):
            for point in line.points:
                self.through.setdefault(point, set()).add(k)
        moves = np.zeros(int(self.ids.max()) + 1, dtype=np.bool_)
        moves[list(self.through)] = True
        at = np.flatnonzero(moves[self.ids])
        self.beside: list[set[int]] = [set() for _ in self.lines]  # the polygons beside a line
        for point, polygon in zip(self.ids[at].tolist(), of_polygon[at].tolist(), strict=True):
            for k in self.through[point]:
                self.beside[k].add(polygon)
        self.moved = np.unique(of_polygon[at])
        self.place: dict[int, tuple[float, float]] = {}
        self.between: dict[tuple[int, int], Floats] = {}

    def draw(self, changed: Iterable[int]) -> dict[int, set[int]]:
        """Draws the polygons beside the lines that changed; of those that are not in order the lines and points at fault."""
        changed = sorted(changed)
        for line in (self.lines[k] for k in changed):
            self.place.update(zip(line.points, map(tuple, line.moved.tolist()), strict=True))
            ends = [*line.points[1:], line.points[0]] if line.closed else line.points[1:]
            for u, v, found in zip(line.points, ends, line.between, strict=False):
                self.between[u, v], self.between[v, u] = found, found[::-1]
        for i in sorted({i for k in changed for i in self.beside[k]}):
            self.polygons[i] = self._polygon(slice(self.bounds[i], self.bounds[i + 1]))
        drawn = self.polygons[self.moved]
        wrong = ~shapely.is_valid(drawn)
        if not wrong.any():
            wrong = ~shapely.is_empty(shapely.coverage_invalid_edges(drawn))
        blamed: dict[int, set[int]] = {}
        for i in self.moved[wrong].tolist():
            for point in self.ids[self.bounds[i] : self.bounds[i + 1]].tolist():
                for k in self.through.get(point, ()):
                    if self.lines[k].share.any():
                        blamed.setdefault(k, set()).add(point)
        return blamed

    def _polygon(self, own: slice) -> shapely.Polygon:
        ids, ring, points = self.ids[own].tolist(), self.ring[own], self.points[own].tolist()
        rings = []
        for first, last in pairwise([0, *(np.flatnonzero(np.diff(ring)) + 1).tolist(), len(ids)]):
            drawn: list[Any] = []
            for i in range(first, last - 1):
                drawn.append(self.place.get(ids[i], points[i]))
                drawn.extend(self.between.get((ids[i], ids[i + 1]), ()))
            rings.append(np.array(drawn) + self.origin)
        return shapely.Polygon(rings[0], rings[1:])
