"""The hollows of a terrain of any size: what they hold and where they spill, and the ground with all of them full."""

from __future__ import annotations

import contextlib
import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from planner.core.terrain.joining import deepened
from planner.core.terrain.merge_tree import Hollows, filled, merge_tree
from planner.core.terrain.stitched_tree import TooMany, hollows_of
from planner.core.terrain.stitching import water_levels
from planner.errors import InvalidInput, PlannerError
from planner.files import refuse_existing, sha256_of, write_whole
from planner.geotiff import geotiff
from planner.memory import threads
from planner.parameters import defaults
from planner.private import is_sealed, seal
from planner.site import Grid
from planner.water.files import raster_files
from planner.water.ground import Progress, Terrain, checked_neighbours, terrain_within
from planner.water.reach import bands_of, in_one
from planner.words import say

SUFFIX: Final = ".hollows.npz"
FORM: Final = "3"  # of what is kept: another one where the same terrain would be told otherwise
BLOCK: Final = 512  # rows and columns of the blocks a filled terrain is written in
_NOT_OURS: Final = (OSError, LookupError, ValueError, TypeError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile)
MOST_HOLLOWS: Final = 1 << 22  # found band by band: with some 330 bytes each they take less than the bands do


def hollows(
    dem: Grid | str | Path,
    *,
    min_volume_m3: float | None = None,
    min_depth_m: float | None = None,
    neighbours: int = 8,
    band: int = 1,
    crs: Any = None,
    keep: Path | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The hollows of a terrain of any size that matter, the largest volume first.

    dem: a Grid or a raster's path; what does not fit in memory is read band by band. min_volume_m3, min_depth_m: smaller
    hollows are part of what they spill into; the shipped parameters where nothing is said, 0 for every puddle. neighbours: 8
    where water passes diagonals, 4 where it does not. crs: of a file that names none. Water leaves at the terrain's edge and
    at missing cells. What is found in a file is kept beside it, with the suffix .hollows.npz (keep: another place), and used
    again while the SHA-256 of all its files is the same and the user's own seal is on it; else it is found anew. progress:
    called with the rows read and the rows there are, anew in each pass.

    Index `hollow`, 1 … n. Columns pit_x, pit_y, pit_level_m: lowest cell; spill_x, spill_y, spill_level_m: a cell over which it
    spills; depth_m; area_m2: plane area of its cells below the spill level; volume_m3: held when full, hollows within included;
    parent: the hollow it is part of once it spills, 0 where the water leaves the terrain. attrs["notes"]: what had to be
    decided, a tuple of sentences. Raises InvalidInput where the file cannot be read, a limit is negative or no number or lets
    more than MOST_HOLLOWS of a large terrain through, neighbours is not 4 or 8, or keep is the terrain itself.

    Examples
    --------
    >>> import numpy as np
    >>> import planner as pl
    >>> bowl = np.full((5, 5), 3.0)
    >>> bowl[1:4, 1:4] = 2.0
    >>> ground = pl.Grid(bowl, 500_000.0, 3_800_000.0, 10.0, 10.0)
    >>> pl.hollows(ground, min_volume_m3=0, min_depth_m=0)["volume_m3"].tolist()  # 900 m², 1 m deep
    [900.0]
    """
    neighbours = checked_neighbours(neighbours)
    volume = _limit("min_volume_m3", min_volume_m3, "measure.hollow_min_volume_m3")
    depth = _limit("min_depth_m", min_depth_m, "measure.hollow_min_depth_m")
    if keep is not None:
        _refuse_itself(dem, keep)
    terrain, _ = terrain_within(dem, band=band, crs=crs, progress=progress)
    limits = {"min_volume": volume / terrain.cell_area, "min_depth": depth}
    of_file = None if isinstance(dem, Grid) else str(dem)  # /vsizip//… is no Path
    values, cells = terrain.values, terrain.frame.rows * terrain.frame.cols
    if values is not None and in_one(terrain):
        every = _reused(
            of_file, keep, f"{band} {neighbours}", cells, lambda: merge_tree(values, neighbours=neighbours).pruned()
        )
        return _table(every.pruned(**limits), terrain)  # other limits, the same tree

    def in_bands() -> Hollows:
        try:
            return hollows_of(lambda: bands_of(terrain), neighbours=neighbours, most=MOST_HOLLOWS, threads=threads(), **limits)
        except TooMany as error:
            limit = {"most": MOST_HOLLOWS, "volume_m3": volume, "depth_m": depth}
            raise InvalidInput(say("water.too_many_hollows", **limit, row=error.row, rows=terrain.frame.rows)) from None

    return _table(_reused(of_file, keep, f"{band} {neighbours} {volume!r} {depth!r}", cells, in_bands), terrain)


def fill(
    dem: Grid | str | Path,
    path: str | Path,
    *,
    neighbours: int = 8,
    band: int = 1,
    crs: Any = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Writes a terrain of any size with every hollow full to where its water leaves, as a tiled GeoTIFF, metres.

    neighbours, crs, progress: as of hollows. Missing cells stay missing. Returns what was filled: volume_m3, area_m2 (plane)
    and the greatest depth_m. Raises InvalidInput as hollows does, where the path is the terrain itself or is not named .tif;
    OutputExists where a file in the way is not to be overwritten.
    """
    neighbours = checked_neighbours(neighbours)
    check_filled(dem, path, overwrite=overwrite)
    terrain, _ = terrain_within(dem, band=band, crs=crs, progress=progress)
    f = terrain.frame
    told = {"volume_m3": 0.0, "area_m2": 0.0, "depth_m": 0.0}
    kind = np.dtype(terrain.kind)

    def write(work: Path) -> None:
        with geotiff(work, f, {"": ""}, crs=terrain.crs, dtype=kind.name, tile=BLOCK, effort=1) as out:
            first, rest = 0, np.empty((0, f.cols), dtype=kind)
            for ground, level in _full(terrain, neighbours):
                rows = np.empty((len(rest) + len(level), f.cols), dtype=kind)
                rows[: len(rest)] = rest
                total, cells, deepest = deepened(ground, level, rows[len(rest) :])
                told["volume_m3"] += total * terrain.cell_area
                told["area_m2"] += cells * terrain.cell_area
                told["depth_m"] = max(told["depth_m"], deepest)
                whole = len(rows) if first + len(rows) == f.rows else len(rows) // BLOCK * BLOCK
                if whole:  # a block that is written in parts is compressed, and kept, once for each
                    out.write(rows[:whole], band=1, row=first)
                first, rest = first + whole, rows[whole:]

    write_whole(Path(path), write, overwrite=overwrite)
    return told


def _full(terrain: Terrain, neighbours: int) -> Any:
    """Ground and full ground of bands from north to south."""
    if terrain.values is not None and in_one(terrain):
        yield terrain.values, filled(terrain.values, neighbours=neighbours)
        return
    keep = terrain.values is not None
    for band, level in water_levels(lambda: bands_of(terrain), neighbours=neighbours, threads=threads(), keep=keep):
        yield band.values, level


def check_filled(dem: Grid | str | Path, path: str | Path, *, overwrite: bool) -> None:
    """Refuses what fill would refuse of a path, before any work. Raises as fill does."""
    if Path(path).suffix.lower() not in (".tif", ".tiff"):
        raise InvalidInput(say("water.not_tif", path=path))
    _refuse_itself(dem, path)
    refuse_existing(Path(path), overwrite=overwrite)


def _refuse_itself(dem: Grid | str | Path, path: str | Path) -> None:
    if not isinstance(dem, Grid) and Path(path).resolve() in {f.resolve() for f in raster_files(dem)}:
        raise InvalidInput(say("water.read_from_here", path=path))


def _limit(name: str, given: float | None, parameter: str) -> float:
    value = defaults().number(parameter) if given is None else float(given)
    if not (np.isfinite(value) and value >= 0.0):
        raise InvalidInput(say("water.not_negative", name=name, value=value))
    return value


def _table(found: Hollows, terrain: Terrain) -> pd.DataFrame:
    f = terrain.frame
    order = np.lexsort((found.pit, -found.volume))
    number = np.zeros(len(found) + 1, dtype=np.int64)
    number[order + 1] = np.arange(1, len(found) + 1)

    pit_x, pit_y = f.centre_of(found.pit[order])
    spill_x, spill_y = f.centre_of(found.spill[order])
    table = pd.DataFrame(
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
    bare = not len(found) and not any(np.isfinite(band.values).any() for band in bands_of(terrain))
    table.attrs["notes"] = (*terrain.notes, *((say("water.no_ground"),) if bare else ()))
    return table


def _reused(path: str | None, keep: Path | None, asked: str, cells: int, build: Callable[[], Hollows]) -> Hollows:
    """What is kept of a terrain file, for what was asked of it; else what is built, and kept where that can be."""
    if path is None or (keep is None and not Path(path).is_file()):
        return build()
    parts = raster_files(path)
    file = keep if keep is not None else Path(path + SUFFIX)
    key = " ".join((FORM, *map(sha256_of, parts), asked))
    kept = _kept(file, key, cells)
    if kept is not None:
        return kept
    found = build()
    with contextlib.suppress(OSError, PlannerError):
        write_whole(file, lambda work: _write(work, found, key))
    return found


def _write(path: Path, found: Hollows, key: str) -> None:
    """Writes what was found, sealed by the user's secret: nobody else's file is ever believed."""
    kept = io.BytesIO()
    found.save(kept)
    told = seal(key.encode() + kept.getvalue())
    if told is None:
        raise PlannerError(say("water.no_secret"))
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (("hollows", kept.getvalue()), ("key", key), ("seal", told)):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)


def _kept(file: Path, key: str, cells: int) -> Hollows | None:
    """What is kept in a file, None where there is nothing, or something else, or it was kept of another terrain."""
    try:
        if not file.is_file() or file.is_symlink():
            return None
        with zipfile.ZipFile(file) as archive:
            if archive.read("key").decode() != key:
                return None
            if archive.getinfo("hollows").compress_type != zipfile.ZIP_STORED:
                return None
            content = archive.read("hollows")
            if not is_sealed(key.encode() + content, archive.read("seal").decode("ascii")):
                return None
        found = Hollows.load(io.BytesIO(content))
        return found if found.is_sound(cells) else None
    except _NOT_OURS:
        return None
