"""`planner check` on 100 000 polygons beside what geopandas takes to read them and make them valid."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from benchmarks._results import record
from planner.memory import available_memory
from planner.read import check

COUNT = 100_000
VERTICES = 32


def polygons(count: int, *, seed: int = 1) -> gpd.GeoDataFrame:
    """Round parcels of 32 vertices side by side on a lattice, one in a hundred a bow-tie, one in a hundred reaching over."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(count)))
    turn = np.linspace(0, 2 * np.pi, VERTICES + 1)[:-1]
    ring = np.column_stack((np.cos(turn), np.sin(turn)))[None] * rng.uniform(30, 45, (count, VERTICES, 1))
    broken = rng.choice(count, count // 100, replace=False)
    ring[broken, 3], ring[broken, 20] = ring[broken, 20].copy(), ring[broken, 3].copy()
    over = rng.choice(count, count // 100, replace=False)
    ring[over] *= 1.4
    at = np.column_stack((np.arange(count) % side, np.arange(count) // side)) * 100.0 + (39_480_000.0, 3_740_000.0)
    data = {"编号": [f"P{i}" for i in range(count)], "名称": ["沉陷地块"] * count, "深度": rng.uniform(0.5, 6, count).round(2)}
    return gpd.GeoDataFrame(data, geometry=shapely.polygons(ring + at[:, None]), crs=4527)


def measured(work: Callable[[Path], Any], path: Path) -> tuple[float, float]:
    """CPU and wall seconds of one call on a path."""
    cpu, wall = time.process_time(), time.perf_counter()
    work(path)
    return time.process_time() - cpu, time.perf_counter() - wall


def peer(path: Path) -> gpd.GeoDataFrame:
    """Read and make valid, as people do with geopandas."""
    frame = gpd.read_file(path)
    return frame.set_geometry(frame.geometry.make_valid())


def main() -> None:
    """Peer and planner in turn, three rounds each, the best of each."""
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for name in ("parcels.gpkg", "parcels.shp"):
            path = Path(work) / name
            polygons(COUNT).to_file(path, encoding="GBK" if name.endswith("shp") else None)
            check(path), peer(path)  # compiled kernels and caches warm for both
            rounds = [(measured(peer, path), measured(check, path)) for _ in range(3)]
            theirs, ours = (min(r[k] for r in rounds) for k in (0, 1))
            rows.append((name, *theirs, *ours, ours[0] / theirs[0]))
    lines = [
        "# Reading and checking",
        "",
        f"{COUNT:,} polygons of {VERTICES} vertices, 1 % bow-ties, 1 % overlapping; best of three in turn.",
        f"{os.cpu_count()} cores, {available_memory() / 2**30:.0f} GiB free, Python {platform.python_version()}.",
        "",
        "| file | geopandas read + make_valid, CPU s | wall s | planner check, CPU s | wall s | CPU ratio (goal < 3) |",
        "|---|---|---|---|---|---|",
        *(f"| {n} | {a:.2f} | {b:.2f} | {c:.2f} | {d:.2f} | {e:.2f} |" for n, a, b, c, d, e in rows),
        "",
    ]
    record("read", "\n".join(lines))


if __name__ == "__main__":
    main()
