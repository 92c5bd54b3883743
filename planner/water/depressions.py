"""The hollows of a terrain of any size: what they hold and where they spill, and the ground with all of them full."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import rasterio
from affine import Affine
from rasterio.windows import Window

from planner.core.merge_tree import Hollows, filled, merge_tree
from planner.core.stitched_tree import hollows_of
from planner.core.stitching import water_levels
from planner.errors import InvalidInput, PlannerError
from planner.files import sha256_of, write_whole
from planner.parameters import defaults
from planner.read.rasters import opened
from planner.site import Grid
from planner.water.ground import Terrain, terrain_of
from planner.water.reach import BAND_CELLS, bands_of, threads

SUFFIX: Final = ".hollows.npz"
BLOCK: Final = 512  # rows and columns of the blocks a filled terrain is written in


def hollows(
    dem: Grid | str | Path,
    *,
    min_volume_m3: float | None = None,
    min_depth_m: float | None = None,
    neighbours: int = 8,
    band: int = 1,
    keep: Path | None = None,
) -> pd.DataFrame:
    """The hollows of a terrain of any size that matter, the largest volume first.

    dem: a Grid or a raster's path; what does not fit in memory is read band by band. min_volume_m3, min_depth_m: smaller
    hollows are part of what they spill into; the shipped parameters where nothing is said, 0 for every puddle. neighbours: 8
    where water passes diagonals, 4 where it does not. Water leaves at the terrain's edge and at missing cells. What is found
    in a file is kept beside it, with the suffix .hollows.npz (keep: another place), and used again while the SHA-256 of all
    its files is the same; where it cannot be written it is found anew each time.

    Index `hollow`, 1 … n. Columns pit_x, pit_y, pit_level_m: lowest cell; spill_x, spill_y, spill_level_m: a cell over which it
    spills; depth_m; area_m2: plane area of its cells below the spill level; volume_m3: held when full, hollows within included;
    parent: the hollow it is part of once it spills, 0 where the water leaves the terrain. Raises InvalidInput where the file
    cannot be read, a limit is negative or no number, or neighbours is not 4 or 8.
    """
    _check(neighbours)
    volume = _limit("min_volume_m3", min_volume_m3, "measure.hollow_min_volume_m3")
    depth = _limit("min_depth_m", min_depth_m, "measure.hollow_min_depth_m")
    terrain = terrain_of(dem, band=band)

    limits = {"min_volume": volume / terrain.cell_area, "min_depth": depth}
    of_file = None if isinstance(dem, Grid) else Path(dem)
    values = terrain.values
    if values is not None:
        every = _reused(of_file, keep, f"{band} {neighbours}", lambda: merge_tree(values, neighbours=neighbours).pruned())
        return _table(every.pruned(**limits), terrain)

    def in_bands() -> Hollows:
        return hollows_of(lambda: bands_of(terrain), diagonal=neighbours == 8, threads=threads(), **limits)

    return _table(_reused(of_file, keep, f"{band} {neighbours} {volume!r} {depth!r}", in_bands), terrain)


def fill(
    dem: Grid | str | Path, path: str | Path, *, neighbours: int = 8, band: int = 1, overwrite: bool = False
) -> dict[str, float]:
    """Writes a terrain of any size with every hollow full to where its water leaves, as a tiled GeoTIFF, metres.

    neighbours: as of hollows. Missing cells stay missing. Returns what was filled: volume_m3, area_m2 (plane) and the greatest
    depth_m. Raises InvalidInput as hollows does, and where a file in the way is not to be overwritten.
    """
    _check(neighbours)
    terrain = terrain_of(dem, band=band)
    f, crs = terrain.frame, terrain.crs
    told = {"volume_m3": 0.0, "area_m2": 0.0, "depth_m": 0.0}
    kind = terrain.values.dtype if terrain.values is not None else np.dtype(np.float32)
    place = Affine(f.cell_x, 0.0, f.west, 0.0, -f.cell_y, f.north)
    profile = {"driver": "GTiff", "height": f.rows, "width": f.cols, "count": 1, "dtype": kind.name, "nodata": float("nan")}
    layout = {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK, "compress": "deflate", "predictor": 3}

    def write(work: Path) -> None:
        with rasterio.open(work, "w", **profile, **layout, crs=crs, transform=place, BIGTIFF="IF_SAFER") as out:
            for row, ground, level in _full(terrain, neighbours):
                depth = np.where(np.isfinite(ground), level.astype(np.float64) - ground, 0.0)
                told["volume_m3"] += float(depth.sum()) * terrain.cell_area
                told["area_m2"] += int(np.count_nonzero(depth)) * terrain.cell_area
                told["depth_m"] = max(told["depth_m"], float(depth.max(initial=0.0)))
                known = np.where(np.isfinite(level), level, np.nan).astype(kind)
                out.write(known, 1, window=Window(0, row, f.cols, len(level)))

    write_whole(Path(path), write, overwrite=overwrite)
    return told


def _full(terrain: Terrain, neighbours: int) -> Any:
    """First row, ground and full ground of bands from north to south."""
    if terrain.values is not None:
        full = filled(terrain.values, neighbours=neighbours)
        height = max(1, BAND_CELLS // terrain.frame.cols)
        for row in range(0, len(full), height):
            yield row, terrain.values[row : row + height], full[row : row + height]
        return
    for band, level in water_levels(lambda: bands_of(terrain), diagonal=neighbours == 8, threads=threads()):
        yield band.row, band.values, level


def _check(neighbours: int) -> None:
    if neighbours not in (4, 8):
        raise InvalidInput(f"neighbours = {neighbours}: 4 or 8 expected")


def _limit(name: str, given: float | None, parameter: str) -> float:
    value = defaults().number(parameter) if given is None else float(given)
    if not (np.isfinite(value) and value >= 0.0):
        raise InvalidInput(f"{name} = {value}: 0 or a positive number is expected")
    return value


def _table(found: Hollows, terrain: Terrain) -> pd.DataFrame:
    f = terrain.frame
    order = np.lexsort((found.pit, -found.volume))
    number = np.zeros(len(found) + 1, dtype=np.int64)
    number[order + 1] = np.arange(1, len(found) + 1)

    def at(cell: Any) -> tuple[Any, Any]:
        return f.west + (cell % f.cols + 0.5) * f.cell_x, f.north - (cell // f.cols + 0.5) * f.cell_y

    pit_x, pit_y = at(found.pit[order])
    spill_x, spill_y = at(found.spill[order])
    return pd.DataFrame(
        {
            "pit_x": pit_x,
            "pit_y": pit_y,
            "pit_level_m": found.pit_level[order],
            "spill_x": spill_x,
            "spill_y": spill_y,
            "spill_level_m": found.spill_level[order],
            "depth_m": found.depth[order],
            "area_m2": found.cells[order] * terrain.cell_area,
            "volume_m3": found.volume[order] * terrain.cell_area,
            "parent": number[found.parent[order]],
        },
        index=pd.RangeIndex(1, len(found) + 1, name="hollow"),
    )


def _reused(path: Path | None, keep: Path | None, asked: str, build: Callable[[], Hollows]) -> Hollows:
    """What is kept of a terrain file, for what was asked of it; else what is built, and kept where that can be."""
    parts = [] if path is None else _files(path)
    if path is None or not parts:
        return build()
    file = keep if keep is not None else path.with_name(path.name + SUFFIX)
    key = " ".join((*map(sha256_of, parts), asked))
    kept = _kept(file, key)
    if kept is not None:
        return kept
    found = build()
    with contextlib.suppress(OSError, PlannerError):
        write_whole(file, lambda work: _write(work, found, key))
    return found


def _files(path: Path) -> list[Path]:
    """All files a raster is made of, as a mosaic's tiles or a mask beside it; none where one is no file of this disk."""
    with opened(path) as source:
        files = sorted({Path(name) for name in source.files})
    return files if all(f.is_file() for f in files) else []


def _write(path: Path, found: Hollows, key: str) -> None:
    with path.open("wb") as out:
        found.save(out)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo("key", (1980, 1, 1, 0, 0, 0)), key)


def _kept(file: Path, key: str) -> Hollows | None:
    """What is kept in a file, None where there is nothing, or something else, or it was kept of another terrain."""
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.read("key").decode() != key:
                return None
        return Hollows.load(file)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, UnicodeDecodeError, np.exceptions.AxisError):
        return None
