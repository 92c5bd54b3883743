"""Rasters too large for memory, read window by window: row bands from north to south, or the cells of one window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from planner.errors import InvalidInput
from planner.frame import Frame
from planner.memory import MEMORY
from planner.read.meaning import ANY, Meaning, metres_per_unit
from planner.read.rasters import Values, check_band, crs_of, opened, plain_values, positioned, stored_in
from planner.words import Message, say

TILE_CELLS: Final = MEMORY.band_cells
MOST_CELLS: Final = MEMORY.tallest_band_cells


@dataclass(frozen=True)
class Tile:
    """A window of a streamed raster: first row and column in the whole, and its values, float32 or float64 metres."""

    row: int
    col: int
    values: NDArray[Any]


@dataclass(frozen=True)
class TiledRaster:
    """A raster that is read window by window; it never is in memory as a whole.

    rows, cols: size of the whole. west, north, cell_x, cell_y as in Grid. tiles() yields row bands as wide as the raster,
    from north to south. notes: in words, what had to be decided about its unit.
    """

    path: str
    rows: int
    cols: int
    west: float
    north: float
    cell_x: float
    cell_y: float
    band: int = 1
    notes: tuple[Message, ...] = ()

    @property
    def cell_area(self) -> float:
        """Plane area of one cell, m²."""
        return self.cell_x * self.cell_y

    @property
    def frame(self) -> Frame:
        """Where the cells lie, as the kernels take it."""
        return Frame(self.west, self.north, self.cell_x, self.cell_y, self.rows, self.cols)

    def tiles(self, *, tile_cells: int | None = None) -> Iterator[Tile]:
        """Row bands from north to south, NaN for missing, float32 or float64 metres; each is overwritten by the next.

        tile_cells: about how many cells a band has at most; without it whole rows of the file's blocks, so that each block is
        read once.
        """
        with opened(self.path) as source:
            block = source.block_shapes[self.band - 1][0]
            height = self._height(block, tile_cells)
            once = 2 * block * self.cols * np.dtype(source.dtypes[self.band - 1]).itemsize >> 20
            buffer = np.empty((min(height, self.rows), self.cols), dtype=stored_in(source, self.band))
            factor = metres_per_unit(source, self.band, [])
            with rasterio.Env(GDAL_CACHEMAX=min(max(MEMORY.cache_mb, once), MEMORY.most_cache_mb)):
                for row in range(0, self.rows, height):
                    rows = min(height, self.rows - row)
                    yield Tile(row, 0, self._read(source, Window(0, row, self.cols, rows), factor, buffer[:rows]))

    def _height(self, block: int, tile_cells: int | None) -> int:
        """Rows of a band: of whole blocks where they are not too tall."""
        height = max(1, (tile_cells or TILE_CELLS) // self.cols)
        if tile_cells is None and block * self.cols <= MOST_CELLS:
            height = max(height, block)
        return height // block * block or height

    def _read(self, source: Any, window: Window, factor: float, out: NDArray[Any] | None) -> NDArray[Any]:
        values = plain_values(source, self.band, window, [], keep_float32=True, out=out)
        if factor != 1.0:
            values *= factor
        return values

    def window(self, row: int, col: int, rows: int, cols: int) -> NDArray[Any]:
        """The cells of one window, float32 or float64 metres, NaN for missing."""
        with opened(self.path) as source:
            return self._read(source, Window(col, row, cols, rows), metres_per_unit(source, self.band, []), None)


def open_tiled(path: str | Path, *, band: int = 1, meant: Meaning = ANY) -> TiledRaster:
    """A north-up raster for reading window by window.

    Raises InvalidInput where the file cannot be read, is rotated or south-up, or its cells are in degrees: such a file is
    warped once (e.g. with gdalwarp) before it is streamed.
    """
    with opened(path) as source:
        check_band(path, source, band)
        t = source.transform
        own = crs_of(source)
        positioned(path, source)
        if t.b != 0 or t.d != 0 or t.a <= 0 or t.e >= 0:
            raise InvalidInput(say("read.not_north_up", path=Path(path).name))
        if own is not None and own.is_geographic:
            raise InvalidInput(say("read.stream_degrees", path=Path(path).name))
        notes: list[Message] = []
        Values(Path(path).name, band, meant, None, notes).check(source)
        metres_per_unit(source, band, notes, meant=meant, name=Path(path).name)
        return TiledRaster(str(path), source.height, source.width, t.c, t.f, t.a, -t.e, band, tuple(notes))
