"""Heights that are too many for memory, by rows: a terrain that is read from its file once, and plain files beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from planner.frame import Frame
from planner.read.tiled import TiledRaster
from planner.site import Grid

Floats = NDArray[np.float64]

BAND_CELLS: Final = 1 << 22  # gone through at a time


class Kept:
    """Heights in a plain file, row by row, as fast to read again as memory."""

    def __init__(self, path: Path, frame: Frame, dtype: Any = np.float32) -> None:
        """In a new file that stays open."""
        self.frame, self.dtype = frame, np.dtype(dtype)
        self._file: IO[bytes] = path.open("w+b", buffering=0)

    def close(self) -> None:
        """No more rows."""
        self._file.close()

    def put(self, row: int, band: NDArray[Any]) -> None:
        """Keeps whole rows from a row on, m."""
        self._file.seek(row * self.frame.cols * self.dtype.itemsize)
        self._file.write(np.ascontiguousarray(band, dtype=self.dtype).data)

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Whole rows, (stop − start, cols) m."""
        self._file.seek(start * self.frame.cols * self.dtype.itemsize)
        return np.fromfile(self._file, self.dtype, (stop - start) * self.frame.cols).reshape(-1, self.frame.cols)

    def bands(self, height: int | None = None) -> Iterator[tuple[int, NDArray[Any]]]:
        """First row and heights of bands of `height` rows, from north to south."""
        high = height or max(1, BAND_CELLS // self.frame.cols)
        for start in range(0, self.frame.rows, high):
            yield start, self.rows(start, min(start + high, self.frame.rows))

    def thinned(self, step: int) -> Grid:
        """Means of the known cells of blocks of step × step, where `Grid.thinned` takes the middle one: noise from cell to cell
        makes hollows and shores that are not there."""
        high, f = max(1, BAND_CELLS // self.frame.cols // step) * step, self.frame
        rows, cols = (len(range(step // 2, n, step)) for n in (f.rows, f.cols))
        cells = np.vstack([_means(band, step) for _, band in self.bands(high)])[:rows, :cols]
        return Grid(np.ascontiguousarray(cells), f.west, f.north, f.cell_x * step, f.cell_y * step)

    def heights(self, xy: Floats) -> Floats:
        """Heights at points (n, 2), m: bilinear between cells' centres, NaN outside of the cells."""
        row, col = self.frame.between(xy[:, 0], xy[:, 1])
        top = np.floor(row)
        found = np.full(len(xy), np.nan)
        inside = (row >= 0) & (row <= self.frame.rows - 1) & (col >= 0) & (col <= self.frame.cols - 1)
        high = max(1, BAND_CELLS // self.frame.cols)
        for start in range(0, self.frame.rows, high):
            mine = np.flatnonzero(inside & (top >= start) & (top < start + high))
            if not len(mine):
                continue
            band = self.rows(start, min(start + high + 1, self.frame.rows)).astype(np.float64)
            found[mine] = map_coordinates(band, (row[mine] - start, col[mine]), order=1, mode="constant", cval=np.nan)
        return found


@njit(cache=True)
def _means(band: NDArray[Any], step: int) -> Floats:
    """Means of the known cells of blocks, NaN where there are none; blocks that reach over the edge have fewer."""
    rows, cols = (band.shape[0] + step - 1) // step, (band.shape[1] + step - 1) // step
    mean = np.full((rows, cols), np.nan)
    for r in range(rows):
        for c in range(cols):
            total, count = 0.0, 0
            for i in range(r * step, min((r + 1) * step, band.shape[0])):
                for j in range(c * step, min((c + 1) * step, band.shape[1])):
                    if np.isfinite(band[i, j]):
                        total, count = total + band[i, j], count + 1
            if count:
                mean[r, c] = total / count
    return mean


class Read:
    """A streamed terrain by rows, from its own file the first time and from a plain one afterwards."""

    def __init__(self, file: TiledRaster, path: Path) -> None:
        """path: of the plain file."""
        self.file, self._path = file, path
        self.kept: Kept | None = None
        self._known = 0

    @property
    def frame(self) -> Frame:
        return self.file.frame

    def rows(self, start: int, stop: int) -> Floats:
        """Heights of whole rows, (stop − start, cols) m, NaN where unknown."""
        if self.kept is not None and stop <= self._known:
            return self.kept.rows(start, stop).astype(np.float64)
        read = self.file.window(start, 0, stop - start, self.file.cols)
        self.kept = self.kept or Kept(self._path, self.frame, read.dtype)
        if start == self._known:
            self.kept.put(start, read)
            self._known = stop
        return np.asarray(read, dtype=np.float64)
