"""A site of 1 500 polygons scattered over 72 million cells, planned as a whole: CPU seconds of each stage, and peak memory.

Run with `python -m benchmarks.large_site`. Ground and polygons are made (hills, 2 cm of noise, a bowl under each polygon); the
site.toml is what `planner init` writes for them.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from rasterio.transform import Affine
from scipy import ndimage

from benchmarks._results import memory_gib, mosaic, record

ROWS, COLS, CELL = 8000, 9000, 5.0
WEST, NORTH, CRS = 39_480_000.0, 3_780_000.0, "EPSG:4527"
ACROSS, DOWN, VERTICES = 50, 30, 60
TILES = 4  # along each side of the mosaic

RUN = """
import sys, time, resource
import planner as pl
last = ["start", time.process_time()]
def announce(name):
    now = time.process_time()
    print(last[0], now - last[1], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, sep="\\t", flush=True)
    last[:] = [name, now]
plan = pl.make_plan(sys.argv[1], announce=announce)
announce("")
print(len(plan.units), plan.certificate.gap, sep="\\t")
"""


def ground_and_polygons() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Elevation (rows, cols) float32 with a bowl under each polygon, the polygons (n,) and how deep each has sunk, m."""
    rng = np.random.default_rng(0)
    coarse = ndimage.gaussian_filter(rng.normal(size=(ROWS // 40 + 1, COLS // 40 + 1)), 4) * 25
    z = (32 + ndimage.zoom(coarse, 40, order=1)[:ROWS, :COLS]).astype(np.float32)
    z += rng.normal(0, 0.02, z.shape).astype(np.float32)
    n = ACROSS * DOWN
    col, row = np.meshgrid(np.arange(ACROSS), np.arange(DOWN))
    x = WEST + 500 + (col.ravel() + 0.5) * (COLS * CELL - 1000) / ACROSS + rng.uniform(-150, 150, n)
    y = NORTH - (row.ravel() + 0.5) * ROWS * CELL / DOWN + rng.uniform(-300, 300, n)
    turn = np.linspace(0, 2 * np.pi, VERTICES + 1)[:-1]
    lobes = 0.25 * np.sin(turn * 2 + rng.uniform(0, 6, (n, 1))) + 0.1 * np.sin(turn * 5 + rng.uniform(0, 6, (n, 1)))
    reach = np.exp(rng.normal(0, 0.35, n))[:, None] * 140 * (1 + lobes)
    polygons = shapely.polygons(np.stack((x[:, None] + reach * np.cos(turn), y[:, None] + reach * np.sin(turn)), -1))
    depth = rng.uniform(0.5, 5, n).round(2)
    for k in range(n):
        r, c, wide = (NORTH - y[k]) / CELL, (x[k] - WEST) / CELL, reach[k].mean() * 1.1 / CELL
        rows, cols = (slice(max(int(v - wide), 0), min(int(v + wide) + 1, end)) for v, end in ((r, ROWS), (c, COLS)))
        down, right = np.ogrid[rows, cols]
        far = np.hypot(down - r, right - c)
        z[rows, cols] -= (depth[k] * np.clip(1 - (far / wide) ** 2, 0, 1)).astype(np.float32)
    return z, np.asarray(polygons), depth


def write(folder: Path) -> Path:
    """The polygons as a shapefile, the ground as a mosaic of compressed tiles, and a site.toml; its path."""
    z, polygons, depth = ground_and_polygons()
    high, wide = ROWS // TILES, COLS // TILES
    tiles = [[folder / f"t{i}{j}.tif" for j in range(TILES)] for i in range(TILES)]
    for i, across in enumerate(tiles):
        for j, tile in enumerate(across):
            place = Affine(CELL, 0, WEST + j * wide * CELL, 0, -CELL, NORTH - i * high * CELL)
            how = {"driver": "GTiff", "compress": "deflate", "predictor": 3, "tiled": True, "crs": CRS, "transform": place}
            with rasterio.open(tile, "w", height=high, width=wide, count=1, dtype="float32", **how) as out:
                out.write(z[i * high : (i + 1) * high, j * wide : (j + 1) * wide], 1)
    terrain = mosaic(folder / "dem.vrt", tiles, (high, wide), (WEST, NORTH, CELL), CRS)
    frame = gpd.GeoDataFrame({"id": [f"P{k:04d}" for k in range(len(polygons))], "depth_m": depth}, geometry=polygons, crs=CRS)
    frame.to_file(folder / "polygons.shp")
    asked = ["init", str(folder / "polygons.shp"), "--terrain", str(terrain), "-o", str(folder / "site.toml")]
    subprocess.run([sys.executable, "-m", "planner", *asked, "-q"], check=True)
    return folder / "site.toml"


def main() -> None:
    """Measures and writes benchmarks/results/large_site.md."""
    with tempfile.TemporaryDirectory() as work:
        site = write(Path(work))
        begin, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", RUN, str(site)], capture_output=True, text=True, check=True)
        taken, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    *stages, told = [line.split("\t") for line in done.stdout.strip().splitlines()]
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    rows = [f"| {name} | {float(seconds):.1f} | {float(peak):.2f} |" for name, seconds, peak in stages]
    text = (
        f"# A large site\n\n{ACROSS * DOWN:,} polygons over {ROWS * COLS / 1e6:.0f} million cells ({TILES**2} deflated tiles "
        f"in a VRT), {int(told[0]):,} units. {os.cpu_count()} cores, {memory_gib():.0f} GiB. All of it {cpu:.0f} CPU s, "
        f"{taken:.0f} s on the clock, gap {float(told[1]):.1e}.\n\n| stage | CPU s | peak so far, GiB |\n|---|---|---|\n"
    )
    text += "\n".join(rows) + "\n"
    record("large_site", text)


if __name__ == "__main__":
    main()
