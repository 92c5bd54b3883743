"""The ground to be built and what was built: Zhonghu's design surface on its own cells and on finer ones, as built, saved."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import planner as pl
from benchmarks._results import record
from planner.earthwork.finished import finished
from planner.groundworks import drawing
from planner.groundworks.save import save
from planner.site import Grid

FINER = 2  # cells a side for one


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
    head = "# The ground to be built\n\nZhonghu's plan\n\n| | Mcells | CPU s | |\n|---|---|---|---|\n"
    record("groundworks", head + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
