"""The hollows of a terrain file: its merge tree, built once and kept beside the terrain."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from planner.core.merge_tree import MergeTree, merge_tree
from planner.errors import InvalidInput, PlannerError
from planner.files import sha256_of, write_whole
from planner.water.ground import IN_MEMORY_CELLS, terrain_of

SUFFIX = ".hollows.npz"


def hollows(dem: str | Path, *, neighbours: int = 8, keep: Path | None = None) -> MergeTree:
    """The merge tree of a terrain file, read from where it was kept if the terrain is still the same, else built and kept.

    keep: the file it is kept in; beside the terrain, with the suffix .hollows.npz, where nothing is said. It holds the
    terrain's SHA-256 and is not used for another terrain or another number of neighbours. A folder that cannot be written to
    is no error: the tree then is built each time. Water leaves at the terrain's edge and at missing cells. Raises
    InvalidInput where the file cannot be read or is too large for memory, or neighbours is not 4 or 8.
    """
    if neighbours not in (4, 8):
        raise InvalidInput(f"neighbours = {neighbours}: 4 or 8 expected")
    path = Path(dem)
    terrain = terrain_of(path, in_memory_cells=IN_MEMORY_CELLS)
    if terrain.values is None:
        f = terrain.frame
        raise InvalidInput(f"{path.name}: {f.rows} × {f.cols} cells do not fit in memory; clip the terrain")
    file = keep if keep is not None else path.with_name(path.name + SUFFIX)
    key = f"{sha256_of(path)} {neighbours}"
    kept = _kept(file, key)
    if kept is not None and kept.label.shape == terrain.values.shape:
        return kept
    tree = merge_tree(terrain.values, neighbours=neighbours)
    try:
        write_whole(file, lambda work: _write(work, tree, key))
    except (OSError, PlannerError):
        return tree
    return tree


def hollow_table(tree: MergeTree, *, cell_area: float, min_volume_m3: float = 0.0, min_depth_m: float = 0.0) -> pd.DataFrame:
    """The hollows as a table, small ones left out: index `hollow`, the largest volume first.

    Columns pit_level_m, spill_level_m, depth_m, area_m2 (below the spill level), volume_m3, and parent, the hollow it is part
    of once it spills, 0 where it spills off the terrain.
    """
    table = pd.DataFrame(
        {
            "pit_level_m": tree.pit_level,
            "spill_level_m": tree.spill_level,
            "depth_m": tree.depth,
            "area_m2": tree.cells * cell_area,
            "volume_m3": tree.volume * cell_area,
            "parent": tree.parent,
        },
        index=pd.RangeIndex(1, len(tree) + 1, name="hollow"),
    )
    table = table[(table["volume_m3"] >= min_volume_m3) & (table["depth_m"] >= min_depth_m)]
    return table.sort_values("volume_m3", ascending=False, kind="stable")


def _write(path: Path, tree: MergeTree, key: str) -> None:
    with path.open("wb") as out:
        tree.save(out)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo("key", (1980, 1, 1, 0, 0, 0)), key)


def _kept(file: Path, key: str) -> MergeTree | None:
    """What is kept in a file, None where there is nothing, or something else, or it was kept of another terrain."""
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.read("key").decode() != key:
                return None
        return MergeTree.load(file)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, UnicodeDecodeError, np.exceptions.AxisError):
        return None
