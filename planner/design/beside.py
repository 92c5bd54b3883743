"""The ground beside the edges of polygons: who lies there, how high it is, and what rises behind it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.core.polygons.edging import Beside, edge_pieces
from planner.core.polygons.rings import Rings
from planner.frame import Frame

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def beside(
    rings: Rings, owner: NDArray[np.int32], ground: Floats, frame: Frame, *, longest_m: float, reach_m: float, kind: Ints
) -> Beside:
    """The ground beside the edges of n polygons.

    owner: (rows, cols) polygon of each cell, −1 for none; ground: (rows, cols), m. longest_m: of a piece. reach_m: how far
    outward a bank may lie. kind: (n + 1,) of the land of each polygon and, last, beyond all: a bank is of the kind of the cell
    beside the edge without a break.
    """
    piece = edge_pieces(rings.x, rings.y, rings.ring, rings.hole, rings.ring_owner, longest_m)
    cell = max(frame.cell_x, frame.cell_y)
    # Far enough that the centre of the cell met lies a quarter of a cell outside, whichever way the edge runs.
    off = cell * (0.25 + 0.5 * np.abs(piece.out).sum(axis=1))
    at = _cells(piece.middle + off[:, None] * piece.out, frame)
    neighbour = _owner(owner, at)
    apart = neighbour != piece.polygon
    piece, neighbour, off = piece.take(apart), neighbour[apart], off[apart]
    first = _height(ground, at[apart])
    first = np.where(np.isnan(first), _height(ground, _cells(piece.middle, frame)), first)  # beyond the data as it ends
    bank, going = first.copy(), np.arange(len(first))
    for k in range(1, int(reach_m / cell + 1e-9)):
        way = off[going] + k * cell
        at = _cells(piece.middle[going] + way[:, None] * piece.out[going], frame)
        height = _height(ground, at)
        same = (kind[_owner(owner, at)] == kind[neighbour[going]]) & np.isfinite(height)
        going = going[same]
        bank[going] = np.fmax(bank[going], height[same])
    return Beside(piece, neighbour, first, bank)


def _cells(xy: Floats, frame: Frame) -> Ints:
    """Flat index of the cell that holds each point (m, 2), −1 outside the frame."""
    row, col = frame.cell(xy[:, 0], xy[:, 1])
    return np.where(frame.holds(row, col), row * frame.cols + col, -1)


def _owner(owner: NDArray[np.int32], at: Ints) -> Ints:
    """The polygon of cells, −1 where there is no cell."""
    return np.where(at >= 0, owner.ravel()[at], -1).astype(np.int64)


def _height(ground: Floats, at: Ints) -> Floats:
    """The ground of cells, m, NaN where there is no cell."""
    return np.where(at >= 0, ground.ravel()[at], np.nan)
