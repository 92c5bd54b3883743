"""The files a terrain is made of: what it is known again by, and what must never be written over."""

from __future__ import annotations

import re
from pathlib import Path

from planner.read.door import files_of
from planner.read.rasters import opened


def raster_files(path: str | Path) -> list[Path]:
    """All files of this disk that a raster is made of: itself, its mask, a mosaic's tiles, the archive it lies in.

    Raises InvalidInput where it cannot be opened.
    """
    with opened(path) as source:
        found = {file.resolve(): file for file in map(_on_disk, files_of(source, path)) if file is not None}
    return sorted(found.values())


def _on_disk(name: str) -> Path | None:
    """The file a name stands for, or, of /vsizip/… and its kind, the one it leads into."""
    path = Path(re.sub(r"^(/vsi[a-z0-9]+/)+", "", name))
    return next((part for part in (path, *path.parents) if part.is_file()), None)
