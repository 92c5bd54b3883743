"""Statistics under polygons, storage curves, depressions and ellipsoidal areas beside the libraries people use for them.

Run with `python -m benchmarks.terrain [cells along a side]` (10 000 when nothing is said). Peer and planner in turn in one run,
CPU seconds. rasterstats, pyflwdir, richdem, topotoolbox and xarray-spatial are looked for in the interpreter PEERS_PYTHON
names and left out where they are not installed; what takes minutes is timed on a part and scaled, and says so.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import rasterio
import shapely
from numba import njit
from rasterio.transform import Affine
from scipy import ndimage

from benchmarks._results import memory_gib, mosaic, record
from planner.core.terrain.cells import count_cells, entries_of_width, extremes
from planner.core.terrain.merge_tree import filled, merge_tree
from planner.core.terrain.slope import slope_degrees
from planner.core.terrain.storage import Bins, knots_of_bins, merge_bins, storage_at
from planner.ellipsoid import ellipsoidal_m2
from planner.read.statistics import raster_statistics
from planner.site import Grid
from planner.water.curve import FINEST_M, curve_over
from planner.water.depressions import _full, fill
from planner.water.ground import terrain_of, terrain_within
from planner.water.reach import reach

CELL = 5.0
STAGES = 200
WEST, NORTH = 39_500_000.0, 3_900_000.0

DEPRESSIONS = """
import sys, time, json, numpy as np
z = np.load(sys.argv[1]); out = {}
def run(name, work):
    try:
        begin = time.process_time(); volume = work(); out[name] = [time.process_time() - begin, float(volume)]
    except Exception as error:
        out[name] = repr(error)[:80]
def richdem():
    import richdem as rd
    return np.sum(np.asarray(rd.FillDepressions(rd.rdarray(z.copy(), no_data=-9999.0)), dtype=float) - z)
def topotoolbox():
    import topotoolbox as tt
    dem = tt.GridObject(); dem.z = np.asfortranarray(z); dem.cellsize = 5.0
    return np.sum(np.asarray(dem.fillsinks().z, dtype=float) - z)
def richdem_tree():
    import richdem as rd
    dem = rd.rdarray(z.astype(float), no_data=-9999.0)
    label = rd.get_new_depression_hierarchy_labels(z.shape)
    return [dem, label, *rd.get_depression_hierarchy(dem, label)]
def richdem_hierarchy():
    richdem_tree(); return np.nan
def richdem_spill():
    import richdem as rd
    dem, label, tree, direction = richdem_tree()
    water = rd.rdarray(np.full(z.shape, 100.0), no_data=-9999.0)
    rd.fill_spill_merge(dem, label, direction, tree, water)
    return np.sum(np.asarray(water)[1:-1, 1:-1])
def pyflwdir():
    from pyflwdir import dem
    return np.sum(dem.fill_depressions(z, nodata=-9999.0)[0].astype(float) - z)
run("pyflwdir, fill only", pyflwdir); run("pyflwdir, fill only", pyflwdir)
run("richdem, fill only", richdem); run("topotoolbox, fill only", topotoolbox)
run("richdem, hierarchy", richdem_hierarchy); run("richdem, hierarchy and fill", richdem_spill)
print(json.dumps(out))
"""
LAKES = """
import sys, json, resource, subprocess
def run(*words):
    subprocess.run(words, check=True, capture_output=True)
side, x, y = sys.argv[2:5]
run("r.in.bin", "-f", "--overwrite", "bytes=4", "input=" + sys.argv[1], "output=z", "north=" + side, "south=0",
    "east=" + side, "west=0", "rows=" + side, "cols=" + side)
run("g.region", "raster=z")
begin = resource.getrusage(resource.RUSAGE_CHILDREN)
for stage in sys.argv[5:]:
    run("r.lake", "--overwrite", "elevation=z", "lake=lake", "water_level=" + stage, "coordinates=" + x + "," + y)
end = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps(end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime))
"""
SLOPE = """
import sys, time, numpy as np, xarray as xr
from xrspatial import slope
z = np.load(sys.argv[1]); at = np.arange(len(z)) * 5.0
ground = xr.DataArray(z, dims=("y", "x"), coords={"y": at, "x": at}, attrs={"res": (5.0, 5.0)})
slope(ground)
def taken():
    begin = time.process_time(); slope(ground); return time.process_time() - begin
print(min(taken() for _ in range(3)))
"""
ZONAL = """
import sys, time, geopandas as gpd, rasterstats
shapes = gpd.read_file(sys.argv[2])
begin = time.process_time(); rasterstats.zonal_stats(shapes, sys.argv[1], stats=["count", "sum", "min", "max"])
print(time.process_time() - begin)
"""


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of one call, and what it returned."""
    begin = time.process_time()
    found = work()
    return time.process_time() - begin, found


def terrain(side: int) -> np.ndarray:
    """Gentle hills with hollows and 2 cm of noise, float32."""
    rng = np.random.default_rng(0)
    small = ndimage.zoom(ndimage.gaussian_filter(rng.normal(size=(side // 20, side // 20)), 4) * 40, 20, order=1)
    z = np.full((side, side), 30.0, np.float32)
    z[: len(small), : len(small)] += small.astype(np.float32)
    return z + rng.normal(0, 0.02, z.shape).astype(np.float32)


def write(path: Path, z: np.ndarray) -> None:
    """A tiled raster without compression."""
    place = Affine(CELL, 0, WEST, 0, -CELL, NORTH)
    size = {"width": z.shape[1], "height": z.shape[0], "count": 1, "dtype": "float32", "crs": "EPSG:4527"}
    with rasterio.open(path, "w", driver="GTiff", transform=place, tiled=True, blockxsize=512, blockysize=512, **size) as out:
        out.write(z, 1)


def polygons(count: int, side: int) -> np.ndarray:
    """Irregular polygons of 40 vertices that lie about the raster and together cover about two thirds of it."""
    rng = np.random.default_rng(1)
    reach = side * CELL / np.sqrt(count) * 0.5
    turn = np.linspace(0, 2 * np.pi, 41)[:-1]
    ring = np.stack((np.cos(turn), np.sin(turn)), -1)[None] * reach * rng.uniform(0.8, 1, (count, 40, 1))
    span = side * CELL - reach
    at = np.column_stack((WEST + rng.uniform(reach, span, count), NORTH - rng.uniform(reach, span, count)))
    return np.asarray(shapely.polygons(ring + at[:, None]))


def peers_python() -> str | None:
    """The interpreter that has the peers, or None."""
    found = os.environ.get("PEERS_PYTHON", sys.executable)
    return found if Path(found).exists() else None


def in_peers(script: str, *arguments: str) -> str | None:
    """What a script prints in the peers' interpreter, None where it fails."""
    python = peers_python()
    if python is None:
        return None
    done = subprocess.run([python, "-c", script, *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[-1] if done.returncode == 0 and done.stdout.strip() else None


def statistics(path: Path, side: int) -> list[tuple[str, str, str, str]]:
    """Count, sum, min and max of 1 000 and 10 000 polygons, and quantiles, reading included; the better of two runs of each."""
    from exactextract import exact_extract

    rows = []
    levels, ops = [0.05, 0.5, 0.95], ["count", "sum", "min", "max"]
    raster_statistics(path, polygons(10, side)[:2], quantiles=levels)

    def better(work: Callable[[], Any]) -> tuple[float, Any]:
        return min((cpu(work) for _ in range(2)), key=lambda r: r[0])

    for count in (1_000, 10_000):
        shapes = polygons(count, side)
        frame = gpd.GeoDataFrame({"id": np.arange(count)}, geometry=shapes, crs="EPSG:4527")
        ours, (found,) = better(lambda s=shapes: raster_statistics(path, s))
        what = f"statistics, {count:,} polygons"
        for mode in ("feature-sequential", "raster-sequential"):
            theirs, table = better(lambda m=mode, f=frame: exact_extract(str(path), f, ops, strategy=m, output="pandas"))
            apart = float(np.max(np.abs(found.total / table["sum"].to_numpy() - 1)))
            mine = f"{ours:.2f} s, {theirs / ours:.1f}×, Σ apart {apart:.0e}"
            rows.append((what, f"exactextract, {mode}", f"{theirs:.2f} s", mine))
        with tempfile.TemporaryDirectory() as work:
            part = min(count, 1_000)
            frame.iloc[:part].to_file(Path(work) / "p.gpkg")
            told = in_peers(ZONAL, str(path), str(Path(work) / "p.gpkg"))
        if told:
            theirs = float(told) * count / part
            rows.append((what, f"rasterstats ({part:,} timed)", f"{theirs:.1f} s", f"{ours:.2f} s, {theirs / ours:.0f}×"))
    ours, (found,) = cpu(lambda: raster_statistics(path, shapes, quantiles=levels))
    theirs, table = cpu(lambda: exact_extract(str(path), frame, [f"quantile(q={q})" for q in levels], output="pandas"))
    apart = float(np.max(np.abs(found.quantiles - table.to_numpy())))
    mine = f"{ours:.2f} s, {theirs / ours:.1f}×, at most {apart:.0e} m apart"
    return [*rows, (f"3 quantiles, {count:,} polygons", "exactextract", f"{theirs:.2f} s", mine)]


def by_sorting(z: np.ndarray, stages: np.ndarray) -> np.ndarray:
    """Storage at stages by a sort and running sums."""
    order = np.sort(z, axis=None)
    total = np.concatenate(([0.0], np.cumsum(order, dtype=np.float64)))
    place = np.searchsorted(order, stages)
    return np.asarray(stages * place - total[place])


def bins(z: np.ndarray, stages: np.ndarray) -> Bins:
    """A terrain in bins, as curves of large terrains are made of them."""
    low, high, _ = extremes(z)
    entries = entries_of_width(FINEST_M, low, high, stages, z.dtype)
    weight, moment = count_cells(z, entries, datum=30.0)
    return Bins(entries.lower()[weight > 0], weight[weight > 0], moment[weight > 0])


def by_passes(path: Path, stages: np.ndarray) -> np.ndarray:
    """Storage at stages from one pass over the file."""
    parts = [bins(values, stages) for _, values in terrain_of(path, in_memory_cells=0).bands()]
    return storage_at(knots_of_bins(merge_bins(parts), 30.0, 1.0), stages)


@njit
def lake_at(z: np.ndarray, seed: int, stage: float) -> float:
    """Storage below one stage in the water connected to a seed: a flood as one writes it, compiled."""
    rows, cols = z.shape
    seen = np.zeros(z.shape, dtype=np.bool_)
    waiting = [(seed // cols, seed % cols)]
    seen[waiting[0]] = True
    held = 0.0
    while waiting:
        row, col = waiting.pop()
        held += stage - z[row, col]
        for r in range(max(row - 1, 0), min(row + 2, rows)):
            for c in range(max(col - 1, 0), min(col + 2, cols)):
                if not seen[r, c] and z[r, c] < stage:
                    seen[r, c] = True
                    waiting.append((r, c))
    return held


def in_grass(z: np.ndarray, seed: int, stages: np.ndarray) -> float | None:
    """CPU seconds of GRASS' r.lake over all the stages, None where there is no GRASS."""
    if shutil.which("grass") is None:
        return None
    rows, cols = z.shape
    place = [str(rows), str(seed % cols + 0.5), str(rows - seed // cols - 0.5), *(repr(float(h)) for h in stages)]
    with tempfile.TemporaryDirectory() as work:
        z.tofile(Path(work) / "z")
        command = ["grass", "--tmp-location", "XY", "--exec", sys.executable, "-c", LAKES, str(Path(work) / "z"), *place]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return float(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 and done.stdout.strip() else None


def connected(z: np.ndarray, stages: np.ndarray) -> list[tuple[str, str, str, str]]:
    """The connected curve at all stages from one flood, and a flood for each stage."""
    seed = int(z.argmin())

    def curve(ground: np.ndarray, start: int) -> np.ndarray:
        terrain = terrain_of(Grid(ground, 0.0, float(len(ground)), 1.0, 1.0))
        found = reach(terrain, None, start, stages=stages, neighbours=8, width=FINEST_M)
        return storage_at(found.knots, stages)

    curve(z[:20, :20].copy(), 0)
    ours, held = min((cpu(lambda: curve(z, seed)) for _ in range(2)), key=lambda r: r[0])
    some = stages[50::50]
    share = STAGES / len(some)
    lake_at(z[:20, :20].copy(), 0, 0.0)
    flooded, lakes = cpu(lambda: [lake_at(z, seed, h) for h in some])
    apart = float(np.max(np.abs(held[50::50] / lakes - 1)))
    label = cpu(lambda: [ndimage.label(z < h, structure=np.ones((3, 3))) for h in some])[0]
    peers = {"compiled flood a stage": flooded, "scipy label a stage": label, "GRASS r.lake a stage": in_grass(z, seed, some)}
    what = f"connected curve, {z.shape[0]}², {STAGES} stages"
    return [
        (
            what,
            f"{name} ({len(some)} timed)",
            f"{taken * share:.0f} s",
            f"{ours:.2f} s, {taken * share / ours:.0f}×" + (f", apart {apart:.0e}" if taken == flooded else ""),
        )
        for name, taken in peers.items()
        if taken is not None
    ]


def curves(path: Path, z: np.ndarray) -> list[tuple[str, str, str, str]]:
    """200 stages, for all cells and for connected ones."""
    stages = np.linspace(float(z.min()), float(z.max()), STAGES)
    bins(z[:2].copy(), stages)
    what = f"storage curve, {STAGES} stages"
    ours, held = min(
        (cpu(lambda: storage_at(knots_of_bins(bins(z, stages), 30.0, 1.0), stages)) for _ in range(3)), key=lambda r: r[0]
    )
    terrain, options = terrain_of(path), {"seed": None, "connected": False, "stages": stages, "neighbours": True}
    with_spill, _ = min((cpu(lambda: curve_over(terrain, None, **options)) for _ in range(2)), key=lambda r: r[0])
    theirs, sorted_ = cpu(lambda: by_sorting(z, stages))
    floor = min(cpu(lambda: np.add.reduce(z, axis=None, dtype=np.float32))[0] for _ in range(3))
    masks = cpu(lambda: [np.sum(np.maximum(h - z, 0.0)) for h in stages[::40]])[0] * STAGES / 5
    apart = float(np.max(np.abs(held[1:] / sorted_[1:] - 1)))
    streamed, again = min((cpu(lambda: by_passes(path, stages)) for _ in range(3)), key=lambda r: r[0])
    moved = float(np.max(np.abs(again[1:] / sorted_[1:] - 1)))
    rows = [
        (what, "numpy, sort and running sums", f"{theirs:.2f} s", f"{ours:.3f} s, {theirs / ours:.0f}×, apart {apart:.0e}"),
        (what, "numpy, a mask a stage (5 timed)", f"{masks:.1f} s", f"{ours:.3f} s, {masks / ours:.0f}×"),
        (what, "one sum over the array, float32", f"{floor:.3f} s", f"{ours:.3f} s, 1/{ours / floor:.0f}"),
        (what + ", with its spill level", "numpy, sort (no spill level)", f"{theirs:.2f} s", f"{with_spill:.2f} s"),
        (
            what + ", from the file",
            "numpy, sort, in memory",
            f"{theirs:.2f} s",
            f"{streamed:.3f} s, {theirs / streamed:.0f}×, apart {moved:.0e}",
        ),
    ]
    return [*rows, *connected(z[:4000, :4000].copy(), stages)]


def depressions(z: np.ndarray) -> list[tuple[str, str, str, str]]:
    """Plain fills beside each other, and trees of nested hollows beside each other."""
    part = z[:3000, :3000].copy()
    merge_tree(part[:50, :50].copy())
    filled(part[:50, :50].copy())
    ours, tree = min((cpu(lambda: merge_tree(part)) for _ in range(2)), key=lambda r: r[0])
    plain, full = min((cpu(lambda: filled(part)) for _ in range(2)), key=lambda r: r[0])
    volume = float(np.sum(full.astype(np.float64) - part))
    rate = part.size / 1e6
    what = f"depressions, {part.shape[0]}², {len(tree):,} hollows"

    def told_of(taken: float, held: float) -> str:
        return f"{taken:.2f} s, {rate / taken:.1f} Mcell/s" + (f", {held:.1f} m" if np.isfinite(held) else "")

    whole = told_of(ours, float(tree.volume[tree.top].sum()))
    rows = [(what, "(planner: merge tree)", "", whole), (what, "(planner: fill only)", "", told_of(plain, volume))]
    with tempfile.TemporaryDirectory() as work:
        np.save(Path(work) / "z.npy", part)
        told = in_peers(DEPRESSIONS, str(Path(work) / "z.npy"))
    for name, found in (json.loads(told) if told else {}).items():
        if isinstance(found, list):
            beside = f"tree {found[0] / ours:.1f}×"
            beside += f", fill {found[0] / plain:.1f}×" if "fill only" in name else ""
            rows.append((what, name, told_of(*found), beside))
    return rows


def slopes(z: np.ndarray) -> list[tuple[str, str, str, str]]:
    """Slope of every cell, degrees, the best of three."""
    part = z[:5000, :5000].astype(np.float64)
    slope_degrees(part[:9], CELL, CELL)
    ours = min(cpu(lambda: slope_degrees(part, CELL, CELL))[0] for _ in range(3))
    with tempfile.TemporaryDirectory() as work:
        np.save(Path(work) / "z.npy", part)
        told = in_peers(SLOPE, str(Path(work) / "z.npy"))
    theirs = f"{float(told):.2f} s" if told else "not here"
    return [
        (f"slope, {len(part):,}²", "xarray-spatial", theirs, f"{ours:.2f} s" + (f", {float(told) / ours:.1f}×" if told else ""))
    ]


def filled_files(path: Path, z: np.ndarray) -> list[tuple[str, str, str, str]]:
    """Every hollow full: of cells in memory and of a file, without and with a compressed file written and read back."""
    grid = Grid(z, WEST, NORTH, CELL, CELL)

    def whole(dem: Any) -> None:
        for _ in _full(terrain_within(dem)[0], 8):
            pass

    def written(dem: Any) -> None:
        fill(dem, path.with_name("full.tif"), overwrite=True)

    rows = []
    for name, work in (("", whole), (", written as a file", written)):
        memory, file = (min(cpu(partial(work, dem))[0] for _ in range(2)) for dem in (grid, path))
        what = f"fill, {len(z):,}²{name}"
        rows.append((what, "(planner: in memory)", f"{memory:.1f} s", f"{file:.1f} s, {file / memory:.2f}×"))
    parts = [cpu(lambda n=n: whole(Grid(z[:n, :n].copy(), WEST, NORTH, CELL, CELL)))[0] for n in (len(z) // 4, len(z) // 2)]
    told = " / ".join(f"{t:.2f}" for t in (*parts, float(rows[0][2].split()[0])))
    return [*rows, ("fill in memory, a sixteenth, a quarter, all of it", "", "", f"{told} s")]


def packed(path: Path, z: np.ndarray, side: int) -> list[tuple[str, str, str, str]]:
    """Statistics from compressed files, CPU and wall seconds: most of it is decompression, by as many threads as there are."""
    from exactextract import exact_extract

    rows = []
    for kind, more in (("float32", {"predictor": 3}), ("int16", {"predictor": 2})):
        with rasterio.open(path) as plain:
            profile = plain.profile | {"compress": "deflate", "dtype": kind, "nodata": None} | more
        with rasterio.open(path.with_name("packed.tif"), "w", **profile) as out:
            out.write(z if kind == "float32" else np.round(z * 100).astype(kind), 1)
        packed = path.with_name("packed.tif")
        for count in (100, 1_000, 10_000):
            shapes = polygons(count, side)
            frame = gpd.GeoDataFrame({"id": np.arange(count)}, geometry=shapes, crs="EPSG:4527")
            ask = partial(exact_extract, str(packed), frame, ["count", "sum", "min", "max"])
            theirs = min(_cpu_and_wall(partial(ask, strategy=f"{by}-sequential")) for by in ("feature", "raster"))
            ours = min(_cpu_and_wall(partial(raster_statistics, packed, shapes)) for _ in range(2))
            mine = f"{ours[0]:.2f} s, {theirs[0] / ours[0]:.1f}×; on the clock {ours[1]:.2f} s, {theirs[1] / ours[1]:.1f}×"
            rows.append((f"statistics, {count:,} polygons, {kind} deflated", "exactextract", f"{theirs[0]:.2f} s", mine))
    return rows


def _cpu_and_wall(work: Callable[[], Any]) -> tuple[float, float]:
    begin = time.perf_counter()
    taken, _ = cpu(work)
    return taken, time.perf_counter() - begin


def areas() -> list[tuple[str, str, str, str]]:
    """100 000 polygons of 32 vertices on the ellipsoid."""
    rng = np.random.default_rng(2)
    turn = np.linspace(0, 2 * np.pi, 33)[:-1]
    ring = np.stack((np.cos(turn) / 92_000, np.sin(turn) / 111_000), -1)[None] * rng.uniform(60, 120, (100_000, 32, 1))
    shapes = np.asarray(shapely.polygons(ring + rng.uniform((116, 33.5), (118, 34.5), (100_000, 1, 2))))
    system = pyproj.CRS("EPSG:4490")
    geod = system.get_geod()
    ellipsoidal_m2(shapes[:5], system)
    zone = shapely.transform(shapes, pyproj.Transformer.from_crs(4490, 4527, always_xy=True).transform, interleaved=False)
    ours, found = min((cpu(lambda: ellipsoidal_m2(shapes, system)) for _ in range(2)), key=lambda r: r[0])
    theirs, loop = cpu(lambda: np.array([abs(geod.geometry_area_perimeter(s)[0]) for s in shapes]))
    apart = float(np.max(np.abs(found / loop - 1)))
    ellipsoidal_m2(zone[:5], "EPSG:4527")
    planned, straight = min((cpu(lambda: ellipsoidal_m2(zone, "EPSG:4527")) for _ in range(2)), key=lambda r: r[0])
    moved, back = cpu(lambda: np.asarray(gpd.GeoSeries(zone, crs=4527).to_crs(4490).values))
    again = cpu(lambda: [abs(geod.geometry_area_perimeter(s)[0]) for s in back])[0] + moved
    bowed = float(np.max(np.abs(straight / found - 1)))
    return [
        (
            "100 000 ellipsoidal areas in a Gauss–Krüger zone",
            "to_crs and pyproj Geod, one by one",
            f"{again:.2f} s",
            f"{planned:.2f} s, {again / planned:.1f}×, straight edges from geodesics {bowed:.0e}",
        ),
        (
            "100 000 ellipsoidal areas",
            "pyproj Geod, one by one",
            f"{theirs:.2f} s",
            f"{ours:.2f} s, {theirs / ours:.0f}×, apart {apart:.0e}",
        ),
    ]


LARGE = """
import sys, resource, time
sys.path.insert(0, sys.argv[2])
import shapely, numpy as np
from planner.read.statistics import raster_statistics
from planner.water.curve import curve_over
from planner.water.depressions import Path, _full, hollows
from planner.water.ground import terrain_of
begin = time.process_time()
t = terrain_of(sys.argv[1]); f = t.frame
curve = curve_over(t, None, seed=None, connected=False, stages=np.zeros(0), neighbours=8)
one = time.process_time() - begin; begin = time.process_time()
rng = np.random.default_rng(0)
at = np.column_stack((f.west + rng.uniform(3e3, 197e3, 2000), f.north - rng.uniform(3e3, 197e3, 2000)))
raster_statistics(sys.argv[1], shapely.buffer(shapely.points(at), 1500.0))
two = time.process_time() - begin
def timed(name, work):
    begin, cpu = time.time(), time.process_time()
    told = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{name}: {told}; {time.process_time() - cpu:.0f} s CPU, {time.time() - begin:.0f} s, peak so far {peak:.2f} GiB")
print(f"curve of {f.rows * f.cols / 1e9:.1f} Gcell {one:.0f} s, statistics of 2 000 polygons {two:.0f} s")
timed("hollows that matter", lambda: f"{len(hollows(sys.argv[1], keep=Path(sys.argv[1] + '.kept')))} found")
timed("fill", lambda: f"{sum(1 for _ in _full(t, 8))} bands")
middle, none = (f.west + f.cols * f.cell_x / 2, f.north - f.rows * f.cell_y / 2), np.zeros(0)
timed("connected curve", lambda: curve_over(t, None, seed=middle, connected=True, stages=none, neighbours=8).spill_level_m)
"""


def larger_than_memory(path: Path) -> list[tuple[str, str, str, str]]:
    """A mosaic of 4 × 4 of the raster: 40 000 × 40 000 cells; the process's peak memory."""
    with rasterio.open(path) as one:
        rows, cols = one.shape
    whole = mosaic(path.with_name("mosaic.vrt"), [[path] * 4] * 4, (rows, cols), (WEST, NORTH, CELL), "EPSG:4527")
    root = str(Path(__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", LARGE, str(whole), root], capture_output=True, text=True, check=False)
    told = done.stdout.strip() or done.stderr.strip()[-200:]
    return [(f"{4 * rows:,} × {4 * cols:,} cells, streamed", "(limit 4 GiB)", "", line) for line in told.splitlines()]


def main() -> None:
    """Measures and writes benchmarks/results/terrain.md."""
    side = int(sys.argv[1]) if sys.argv[1:] and sys.argv[0].endswith("terrain.py") else 10_000
    z = terrain(side)
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "terrain.tif"
        write(path, z)
        rows = [*statistics(path, side), *curves(path, z), *depressions(z), *slopes(z)]
        rows += [*filled_files(path, z), *packed(path, z, side), *areas(), *larger_than_memory(path)]
    cores = os.cpu_count()
    head = (
        f"# Terrain and water\n\n{side:,} × {side:,} cells, float32. {cores} cores, {memory_gib():.0f} GiB, under other load; "
        "CPU seconds, one run, peer and planner in turn.\n"
    )
    lines = ["| what | peer | peer takes | planner takes |", "|---|---|---|---|", *(f"| {' | '.join(r)} |" for r in rows)]
    text = (
        head
        + "\n"
        + "\n".join(lines)
        + f"\n\nPeak memory of the run: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB.\n"
    )
    record("terrain", text)


if __name__ == "__main__":
    main()
