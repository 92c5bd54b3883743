"""Cells without a value inside a grid: which hole each belongs to, and a surface laid into small ones from their rims."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Voids(NamedTuple):
    """Holes of a grid: number of each cell's hole, 0 where the cell has a value; cells of each; whether its rim is whole."""

    of_cell: Integers
    cells: Integers
    closed: NDArray[np.bool_]


def voids(values: Floats) -> Voids:
    """The holes of a grid, (rows, cols): cells that are NaN and meet at edges or corners, numbered from 1.

    A hole is closed where it does not reach the grid's edge.
    """
    labels, count = ndimage.label(np.isnan(values), structure=np.ones((3, 3)))
    cells = np.bincount(labels.ravel(), minlength=count + 1)
    edge = np.concatenate((labels[0], labels[-1], labels[:, 0], labels[:, -1]))
    closed = np.ones(count + 1, dtype=bool)
    closed[edge] = False
    closed[0] = False
    return Voids(np.asarray(labels, dtype=np.int64), cells.astype(np.int64), closed)


def filled(values: Floats, chosen: NDArray[np.bool_], cell_x: float, cell_y: float) -> Floats:
    """The grid with the chosen holes filled by the surface that is straightest between their rims (Laplace's equation).

    values: (rows, cols). chosen: (rows, cols), cells of holes that are closed. No filled cell lies above the highest or below
    the lowest cell of its rim; over a hole in a plane the plane goes on.
    """
    row, col = np.nonzero(chosen)
    if not len(row):
        return values
    at = np.full(values.shape, -1, dtype=np.int64)
    at[row, col] = np.arange(len(row))
    weights = {(0, 1): 1.0 / cell_x**2, (0, -1): 1.0 / cell_x**2, (1, 0): 1.0 / cell_y**2, (-1, 0): 1.0 / cell_y**2}
    known = np.zeros(len(row))
    rows, cols, entries = [np.arange(len(row))], [np.arange(len(row))], [np.full(len(row), sum(weights.values()))]
    for (down, right), weight in weights.items():
        beside = at[row + down, col + right]
        inner = beside >= 0
        known[~inner] += weight * values[row + down, col + right][~inner]
        rows.append(np.flatnonzero(inner))
        cols.append(beside[inner])
        entries.append(np.full(int(inner.sum()), -weight))
    matrix = coo_array((np.concatenate(entries), (np.concatenate(rows), np.concatenate(cols))), shape=(len(row), len(row)))
    result = values.copy()
    result[row, col] = np.atleast_1d(spsolve(matrix.tocsc(), known))
    return result
