"""The edges of polygons in short pieces: where each lies, how long it is, and which way leads out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Pieces(NamedTuple):
    """m pieces of the outlines of polygons, polygon by polygon and along each ring.

    polygon: (m,) whose outline it is. start, end: (m, 2), m. out: (m, 2) unit vector that leads out of the polygon.
    """

    polygon: Ints
    start: Floats
    end: Floats
    out: Floats

    @property
    def middle(self) -> Floats:
        """(m, 2), m."""
        return (self.start + self.end) / 2.0

    @property
    def length(self) -> Floats:
        """(m,), m."""
        return np.asarray(np.hypot(*(self.end - self.start).T), dtype=np.float64)

    def take(self, chosen: NDArray[np.bool_]) -> Pieces:
        """Some of the pieces: chosen (m,)."""
        return Pieces(self.polygon[chosen], self.start[chosen], self.end[chosen], self.out[chosen])


class Beside(NamedTuple):
    """m pieces of the polygons' edges with the ground beside them.

    piece: where they lie. neighbour: (m,) the polygon beside, −1 where none is. ground: (m,) in the first cell outside the
    edge, m, NaN where it is not known. bank: (m,) the highest from there on outward within reach, m.
    """

    piece: Pieces
    neighbour: Ints
    ground: Floats
    bank: Floats

    def take(self, chosen: NDArray[np.bool_]) -> Beside:
        """Some of the pieces: chosen (m,)."""
        return Beside(self.piece.take(chosen), self.neighbour[chosen], self.ground[chosen], self.bank[chosen])


def edge_pieces(x: Floats, y: Floats, ring: Ints, hole: NDArray[np.bool_], owner: Ints, longest_m: float) -> Pieces:
    """The outlines of polygons, cut into equal pieces a side that are no longer than longest_m.

    x, y: (v,) vertices, m. ring: (r + 1,) first vertex of each closed ring and the end. hole, owner: (r,) whether it bounds a
    hole, and its polygon. The direction in which a ring runs does not matter.
    """
    last = np.zeros(len(x), dtype=bool)
    last[ring[1:] - 1] = True  # a ring's last vertex repeats its first
    first = np.flatnonzero(~last)
    a = np.column_stack([x[first], y[first]])
    step = np.column_stack([x[first + 1], y[first + 1]]) - a
    of_ring = np.repeat(np.arange(len(hole)), np.diff(ring) - 1)
    side = np.hypot(*step.T)
    count = np.maximum(np.ceil(side / longest_m - 1e-9), 1).astype(np.int64) * (side > 0)
    of = np.repeat(np.arange(len(first)), count)
    place = (np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count))[:, None]
    share = 1.0 / count[of][:, None]
    way = step[of] / side[of][:, None]
    turn = np.where(_runs_left(x, y, ring) == hole, -1.0, 1.0)[of_ring[of]]  # an outline that runs left has its inside there
    out = np.column_stack([way[:, 1], -way[:, 0]]) * turn[:, None]
    return Pieces(owner[of_ring[of]], a[of] + place * share * step[of], a[of] + (place + 1) * share * step[of], out)


def _runs_left(x: Floats, y: Floats, ring: Ints) -> NDArray[np.bool_]:
    """Whether each ring runs counter-clockwise, (r,)."""
    count = np.diff(ring)
    dx, dy = (v - np.repeat(v[ring[:-1]], count) for v in (x, y))  # from its first vertex, so that digits are kept
    twice = np.zeros(len(dx))
    twice[:-1] = dx[:-1] * dy[1:] - dx[1:] * dy[:-1]
    twice[ring[1:] - 1] = 0.0
    return np.asarray(np.bincount(np.repeat(np.arange(len(count)), count), twice, minlength=len(count)) > 0, dtype=bool)
