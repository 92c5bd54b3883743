"""GeoTIFFs as this program writes them: tiled, compressed, NaN for missing, every block read back and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.shutil import copy
from rasterio.transform import Affine
from rasterio.windows import Window

from planner.frame import Frame
from planner.read.readback import Blocks, check_raster
from planner.site import Grid

TILE: Final = 256  # cells along a tile of a file


@dataclass(frozen=True, eq=False)
class Out:
    """A GeoTIFF that is being written."""

    file: Any
    blocks: Blocks

    def write(self, values: NDArray[Any], *, band: int | None = None, row: int = 0) -> None:
        """Writes whole rows from a row on: (rows, cols) of one band, from 1 on, or (bands, rows, cols) of all."""
        window = Window(0, row, values.shape[-1], values.shape[-2])
        self.blocks.write(self.file, values, band, window=window)


@contextmanager
def geotiff(
    path: Path,
    frame: Frame,
    bands: Mapping[str, str],
    *,
    crs: Any,
    dtype: str = "float32",
    tile: int = TILE,
    effort: int = 6,
) -> Iterator[Out]:
    """Opens a new GeoTIFF to write its cells to, closes it at the end and reads it back.

    bands: name and unit of each, empty where there is none. crs: as rasterio takes it. tile: cells along its blocks. effort: of
    compression, 1 to 9. Raises PlannerError where what lies there afterwards is not what was written.
    """
    out = Out(rasterio.open(path, "w", **_profile(frame, len(bands), crs, dtype, tile), zlevel=effort), Blocks())
    with out.file:
        for band, (name, unit) in enumerate(bands.items(), start=1):
            if name:
                out.file.set_band_description(band, name)
            if unit:
                out.file.set_band_unit(band, unit)
        yield out
    out.blocks.check(path)


def write_bands(bands: Mapping[str, Grid], crs: Any, path: Path) -> None:
    """Writes grids on the same cells as the named bands of one GeoTIFF, single precision."""
    with geotiff(path, next(iter(bands.values())).frame, dict.fromkeys(bands, ""), crs=crs) as out:
        for band, grid in enumerate(bands.values(), start=1):
            out.write(grid.values.astype(np.float32), band=band)


def cloud_optimised(grid: Grid, crs: Any, path: Path, *, name: str) -> None:
    """Writes a grid as the one band of a cloud-optimised GeoTIFF, single precision, rounded to the millimetre."""
    cells = np.round(grid.values, 3).astype(np.float32)
    with rasterio.MemoryFile() as memory:
        with memory.open(**_profile(grid.frame, 1, crs, "float32", TILE)) as file:
            file.write(cells, 1)
            file.set_band_description(1, name)
        with memory.open() as source:
            copy(source, path, driver="COG", compress="deflate", predictor=3, blocksize=TILE, overview_resampling="average")
    check_raster(path, cells[None])


def _profile(frame: Frame, count: int, crs: Any, dtype: str, tile: int) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "height": frame.rows,
        "width": frame.cols,
        "count": count,
        "dtype": dtype,
        "crs": crs,
        "transform": Affine(*frame.transform),
        "nodata": float("nan"),
        "compress": "deflate",
        "predictor": 3,
        "tiled": True,
        "blockxsize": tile,
        "blockysize": tile,
        "interleave": "band",
        "BIGTIFF": "IF_SAFER",
    }
