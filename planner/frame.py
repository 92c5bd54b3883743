"""Where a raster lies, and all arithmetic of places on it: a point's cell, a cell's centre, the part a box touches."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bounds = tuple[float, float, float, float]


class Frame(NamedTuple):
    """Where a north-up raster lies: west and north of its outer corner, cell sizes (m, positive), rows and columns.

    Rows count from the north, columns from the west; compiled kernels take it as it is.
    """

    west: float
    north: float
    cell_x: float
    cell_y: float
    rows: int
    cols: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.cols

    @property
    def cell_area(self) -> float:
        """Plane area of one cell, m²."""
        return self.cell_x * self.cell_y

    @property
    def bounds(self) -> Bounds:
        """West, south, east, north of the outer edges, m."""
        return self.west, self.north - self.rows * self.cell_y, self.west + self.cols * self.cell_x, self.north

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """Affine coefficients (a, b, c, d, e, f) as rasterio and Affine take them."""
        return self.cell_x, 0.0, self.west, 0.0, -self.cell_y, self.north

    def centre(self, row: Any, col: Any) -> tuple[Any, Any]:
        """x and y of the centres of cells, m; row, col: whole numbers or arrays of them."""
        return self.west + (col + 0.5) * self.cell_x, self.north - (row + 0.5) * self.cell_y

    def centre_of(self, cell: Any) -> tuple[Any, Any]:
        """As centre, of cells by their flat index, row by row."""
        return self.centre(cell // self.cols, cell % self.cols)

    def centres(self) -> tuple[Floats, Floats]:
        """x of the columns' centres, shape (cols,), and y of the rows' centres, shape (rows,), m."""
        x, y = self.centre(np.arange(self.rows), np.arange(self.cols))
        return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)

    def amid(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Row and column of points counted from the first cell's centre, as interpolation between centres takes them."""
        return (self.north - y) / self.cell_y - 0.5, (x - self.west) / self.cell_x - 0.5

    def between(self, x: Any, y: Any) -> tuple[Floats, Floats]:
        """As amid, for interpolation on all of the raster: in the outer half of its outermost cells, where there is no second
        centre, the row and column of their centres."""
        row, col = self.amid(x, y)
        return _drawn_in(row, self.rows), _drawn_in(col, self.cols)

    def cell(self, x: Any, y: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and column of the cells that points lie in, beyond the raster too."""
        row, col = np.floor((self.north - y) / self.cell_y), np.floor((x - self.west) / self.cell_x)
        return np.asarray(row, dtype=np.int64), np.asarray(col, dtype=np.int64)

    def holds(self, row: Any, col: Any) -> Any:
        """Whether cells are the raster's."""
        return (row >= 0) & (row < self.rows) & (col >= 0) & (col < self.cols)

    def nearest(self, x: Any, y: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As cell; of points beyond the raster the cell at its edge."""
        row, col = self.cell(x, y)
        return np.clip(row, 0, self.rows - 1), np.clip(col, 0, self.cols - 1)

    def window(self, box: Bounds) -> tuple[slice, slice]:
        """The rows and columns whose cells a box (west, south, east, north) touches."""
        west, south, east, north = box
        left, right = (int(np.clip(np.floor((x - self.west) / self.cell_x), 0, self.cols)) for x in (west, east + self.cell_x))
        top, bottom = (
            int(np.clip(np.floor((self.north - y) / self.cell_y), 0, self.rows)) for y in (north, south - self.cell_y)
        )
        return slice(top, bottom), slice(left, right)

    def part(self, rows: slice, cols: slice) -> Frame:
        """The frame of some of the rows and columns, whole slices with both ends."""
        west, north = self.west + cols.start * self.cell_x, self.north - rows.start * self.cell_y
        return Frame(west, north, self.cell_x, self.cell_y, rows.stop - rows.start, cols.stop - cols.start)

    def aligned(self, other: Frame) -> bool:
        """Whether both have the same cells."""
        return self.shape == other.shape and bool(np.allclose(self[:4], other[:4], rtol=0, atol=1e-6 * self.cell_x))


def _drawn_in(at: Any, count: int) -> Floats:
    """Places that lie at most half a cell, and rounding, beyond the first or last of `count` centres drawn in to them."""
    near = (at >= -0.5 - 1e-9) & (at <= count - 0.5 + 1e-9)
    return np.asarray(np.where(near, np.clip(at, 0.0, count - 1.0), at), dtype=np.float64)
