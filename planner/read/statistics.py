"""Statistics of rasters under polygons, straight from the files, whatever their size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import MaskFlags
from rasterio.windows import Window

from planner.core.compiled import Frame
from planner.core.rings import Rings, rings_of
from planner.core.sweeping import HIGH, LOW, MISSING, TOTAL, WEIGHT, Sweep
from planner.core.zonal import Summary
from planner.errors import InvalidInput
from planner.read.rasters import CACHE_MB, metres_per_unit, no_data_number, open_tiled, opened, plain_values

TILE_CELLS: Final = 1 << 23  # of 2^20 … 2^24 this took the least CPU on 10 000 × 10 000 cells in blocks of 512


def raster_statistics(
    paths: str | Path | Sequence[str | Path], shapes: Any, *, band: int = 1, tile_cells: int = TILE_CELLS
) -> tuple[Summary, ...]:
    """Coverage-weighted statistics of polygons over one or several aligned rasters, one Summary for each raster.

    paths: north-up rasters of the same cells. shapes: polygons in their CRS. Read in row bands of about tile_cells cells, only
    where there are polygons; each band is swept once for all rasters. weight and missing are in cells; what lies outside
    the raster counts nowhere. Raises InvalidInput where a file cannot be read or the rasters have different cells.
    """
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    tiled = [open_tiled(path, band=band) for path in files]
    first = tiled[0]
    for path, other in zip(files, tiled, strict=True):
        place = (other.rows, other.cols, other.west, other.north, other.cell_x, other.cell_y)
        if place != (first.rows, first.cols, first.west, first.north, first.cell_x, first.cell_y):
            raise InvalidInput(f"{Path(path).name}: its cells are not those of {Path(files[0]).name}; resample it first")
    rings = rings_of(np.asarray(list(shapes), dtype=object))
    whole = Frame(first.west, first.north, first.cell_x, first.cell_y, first.rows, first.cols)
    part, top, left = _part(whole, rings)
    found = Sweep(*rings, frame=part, rasters=len(files))
    if part.rows:
        for row, tile, nodata in _tiles(files, band, part, top, left, tile_cells):
            found.add(tile, row=row, nodata=nodata)
    out = found.statistics
    known = out[:, :, WEIGHT] > 0
    low, high = np.where(known, out[:, :, LOW], np.nan), np.where(known, out[:, :, HIGH], np.nan)
    return tuple(
        Summary(out[:, k, WEIGHT], out[:, k, MISSING], out[:, k, TOTAL], low[:, k], high[:, k]) for k in range(len(files))
    )


def _part(frame: Frame, rings: Rings) -> tuple[Frame, int, int]:
    """The part of a raster that polygons reach, and its first row and column."""
    if not len(rings.x):
        return frame._replace(rows=0, cols=0), 0, 0
    left = int(np.clip(np.floor((rings.x.min() - frame.west) / frame.cell_x), 0, frame.cols))
    right = int(np.clip(np.ceil((rings.x.max() - frame.west) / frame.cell_x), 0, frame.cols))
    top = int(np.clip(np.floor((frame.north - rings.y.max()) / frame.cell_y), 0, frame.rows))
    bottom = int(np.clip(np.ceil((frame.north - rings.y.min()) / frame.cell_y), 0, frame.rows))
    if left >= right or top >= bottom:
        return frame._replace(rows=0, cols=0), 0, 0
    west, north = frame.west + left * frame.cell_x, frame.north - top * frame.cell_y
    return Frame(west, north, frame.cell_x, frame.cell_y, bottom - top, right - left), top, left


def _tiles(
    files: Sequence[str | Path], band: int, part: Frame, top: int, left: int, tile_cells: int
) -> Iterator[tuple[int, NDArray[Any], NDArray[Any]]]:
    """Row bands of all rasters: first row in the part, values (k, rows, cols), the number that means missing in each, (k,).

    The values are overwritten by the next band's.
    """
    with ExitStack() as stack:
        stack.enter_context(rasterio.Env(GDAL_CACHEMAX=CACHE_MB))
        sources = [stack.enter_context(opened(path)) for path in files]
        kind = np.result_type(np.float32, *(s.dtypes[band - 1] for s in sources))
        height = max(1, tile_cells // part.cols)
        block = max(s.block_shapes[band - 1][0] for s in sources)
        height = height // block * block or height
        buffer = np.empty((len(files), height, part.cols), dtype=kind)
        row = 0
        while row < part.rows:
            rows = min(height - (top + row) % min(block, height), part.rows - row)  # end where the file's blocks end
            window = Window(left, top + row, part.cols, rows)
            tile = buffer[:, :rows]
            nodata = np.full(len(files), np.nan, dtype=kind)
            for k, source in enumerate(sources):
                nodata[k] = _read(source, band, window, tile[k])
            yield row, tile, nodata
            row += rows


def _read(source: Any, band: int, window: Window, out: NDArray[Any]) -> float:
    """Reads a window into out; the number that means missing. What needs more than that is turned to metres and NaN first."""
    flags = source.mask_flag_enums[band - 1]
    simple = flags in ([MaskFlags.all_valid], [MaskFlags.nodata])
    scaled = source.scales[band - 1] != 1.0 or source.offsets[band - 1] != 0.0
    factor = metres_per_unit(source, band, [])
    if simple and not scaled and factor == 1.0:
        source.read(band, window=window, out=out)
        number = no_data_number(source)
        return np.nan if number is None else number
    out[:] = plain_values(source, band, window, []) * factor
    return float(np.nan)
