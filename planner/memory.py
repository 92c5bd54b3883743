"""How much may be held at once: every limit on memory, the sizes of bands, and what the system has left."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True)
class Memory:
    """The policy: shares of what is free, and sizes in cells, all measured; results never depend on them.

    What would take more than its share is refused before it is begun (`read.needs_memory`, `read.cells_memory`).
    """

    # Shares of what is free.
    vector_share: float = 0.7  # a vector file that is read
    site_share: float = 0.8  # the grids of a site
    list_share: float = 0.5  # cells listed for quantiles and classes; a saved plan's ground
    workers_share: float = 0.8  # all workers of a programme together
    # What is counted on.
    per_vector_byte: int = 12  # bytes a vector file takes over its size on disk, measured on shapefiles and GeoJSON
    grids_of_a_plan: int = 24  # of the terrain's size alive at once while a plan is made, float64; measured on the samples
    # Terrains of any size.
    whole_cells: int = 1 << 28  # larger files are streamed; as float32 with the flood's list beside it this is 2 GiB
    at_once_cells: int = 1 << 24  # up to here a file is read in one go, and a terrain is gone through once
    band_cells: int = 1 << 22  # a band has about as many
    tallest_band_cells: int = 1 << 26  # and no more, even where the file's blocks are taller
    cache_mb: int = 64  # of decoded blocks while streaming: each is read once, and a small cache is used again while warm
    most_cache_mb: int = 512  # for files whose rows of blocks are larger
    # Pieces of other work.
    statistics_cells: int = 1 << 21  # of 2^18 … 2^22 this took the least CPU on 10 000 × 10 000 cells in blocks of 512
    listed_cells: int = 1 << 22  # cells listed at a time for quantiles and classes
    predicted_cells: int = 400_000  # cells whose eleven fields are held at once: 35 MB
    shown_cells: int = 4_000_000  # a page's flooded terrain and a saved plan's ground are thinned to so many

    def of_vectors(self, size: int, free: int) -> tuple[int, int]:
        """Bytes that vector files of so many bytes need, and what they may take."""
        return size * self.per_vector_byte, int(free * self.vector_share)

    def of_a_site(self, cells: float, free: int) -> tuple[float, float]:
        """Bytes that a site of so many cells needs, and what it may take."""
        return cells * 8 * self.grids_of_a_plan, free * self.site_share


MEMORY: Final = Memory()
MOST_THREADS: Final = 4  # each holds a band


def threads() -> int:
    """How many parts of a terrain are worked on at once."""
    return min(os.cpu_count() or 1, MOST_THREADS)


def available_memory() -> int:
    """Bytes a process may still take without swapping; a cautious 2 GiB where the system does not say."""
    limits = [_meminfo_available(), _cgroup_left()]
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else 2 << 30


def _meminfo_available() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def _cgroup_left() -> int | None:
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii").strip()
        return None if limit == "max" else max(int(limit) - int(used), 0)
    except (OSError, ValueError):
        return None
