"""The ground to be built and what was built: Zhonghu's design surface on its own cells and on finer ones, as built, saved."""

from __future__ import annotations

import dataclasses
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import map_coordinates

import planner as pl
from benchmarks._results import record
from planner.earthwork.finished import finished
from planner.frame import Frame
from planner.geotiff import geotiff
from planner.groundworks import design_raster, drawing
from planner.groundworks.save import save
from planner.site import Grid

FINER = 2  # cells a side for one
SIDE = 10_000  # cells of the terrain that is streamed, each way
NOISE_M = 0.02
BAND = 512  # rows written at a time


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of the second of two runs, and its result: what is compiled is compiled before."""
    work()
    begin = time.process_time()
    result = work()
    return time.process_time() - begin, result


def finer(grid: Grid) -> Grid:
    """The same ground on cells half as wide."""
    values = np.repeat(np.repeat(grid.values, FINER, axis=0), FINER, axis=1)
    return dataclasses.replace(grid, values=values, cell_x=grid.cell_x / FINER, cell_y=grid.cell_y / FINER)


def write_large(terrain: Grid, crs: Any, path: Path) -> None:
    """The terrain on SIDE × SIDE cells, between its centres, with noise, as a file."""
    rows, cols = terrain.shape
    frame = Frame(terrain.west, terrain.north, cols * terrain.cell_x / SIDE, rows * terrain.cell_y / SIDE, SIDE, SIDE)
    rng = np.random.default_rng(0)
    with geotiff(path, frame, {"ground": "m"}, crs=crs, effort=1) as out:
        for first in range(0, SIDE, BAND):
            count = min(BAND, SIDE - first)
            at = (np.arange(first, first + count) + 0.5) * rows / SIDE - 0.5, (np.arange(SIDE) + 0.5) * cols / SIDE - 0.5
            smooth = map_coordinates(terrain.values, np.meshgrid(*at, indexing="ij"), order=1, mode="nearest")
            out.write((smooth + rng.normal(0.0, NOISE_M, smooth.shape)).astype(np.float32), band=1, row=first)


def streamed(plan: Path, terrain: Path, folder: Path) -> tuple[float, float, int, float]:
    """CPU seconds and peak GiB of a process that draws a saved plan on a large terrain, its rounds and what storage is off."""
    loaded = pl.load_plan(plan)
    begin = time.process_time()
    made = design_raster(loaded, terrain, folder)
    seconds, gib = time.process_time() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    short = float((made.storage["design_m3"] / made.storage["plan_m3"] - 1).abs().max())
    return seconds, gib, made.size["rounds"] if made.size else 0, short


def streamed_row(plan: pl.Plan) -> str:
    """The row of the terrain that is streamed, by a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        plan.save(home / "plan")
        write_large(plan.site.terrain, plan.site.crs, home / "large.tif")
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            seconds, gib, rounds, short = pool.submit(streamed, home / "plan", home / "large.tif", home / "out").result()
    told = f"{gib:.2f} GiB at most, {rounds} rounds, storage off by {short:.0e}"
    return f"| all of it in bands, file to file, closed on the plan | {SIDE * SIDE / 1e6:.2f} | {seconds:.1f} | {told} |"


def main() -> None:
    """Measures and records."""
    plan = pl.make_plan(pl.samples.zhonghu())
    terrain, scenario = plan.site.terrain, plan.site.scenario
    rows = []
    for grid in (terrain, finer(terrain)):
        seconds, made = timed(lambda grid=grid: finished(plan.units, grid, scenario))
        short = float(np.abs(made.lakes["design_m3"] / made.lakes["plan_m3"] - 1).max())
        rows.append(
            f"| design surface closed on the plan | {grid.values.size / 1e6:.2f} | {seconds:.2f} | storage off by {short:.0e} |"
        )
    seconds, drawn = timed(lambda: drawing(plan))
    rows.append(f"| with ditches and checks | {terrain.values.size / 1e6:.2f} | {seconds:.2f} | {len(drawn.ditches)} ditches |")
    with tempfile.TemporaryDirectory() as folder:
        seconds, _ = timed(lambda: save(drawn, Path(folder) / "design", overwrite=True))
    rows.append(
        f"| saved: surface, contours, breaklines, stakes, pictures | {terrain.values.size / 1e6:.2f} | {seconds:.2f} | |"
    )
    seconds, built = timed(lambda: pl.asbuilt(plan, drawn.ground))
    rows.append(f"| the design as built | {terrain.values.size / 1e6:.2f} | {seconds:.2f} | {built.achieved_share:.0%} |")
    rows.append(streamed_row(plan))
    head = "# The ground to be built\n\nZhonghu's plan\n\n| | Mcells | CPU s | |\n|---|---|---|---|\n"
    record("groundworks", head + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
