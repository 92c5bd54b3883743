"""What reading back costs: Zhonghu's plan saved, with the seconds that go into looking at what was written."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks._results import record

CHECKS = ("check_written", "check_layer", "check_raster")


class Clock:
    """CPU seconds and calls of functions that are replaced by timed ones wherever they are used."""

    def __init__(self) -> None:
        self.seconds, self.calls = dict.fromkeys(CHECKS, 0.0), dict.fromkeys(CHECKS, 0)

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """A function that does the same and is counted."""

        def counted(*arguments: Any, **options: Any) -> Any:
            began = time.process_time()
            try:
                return work(*arguments, **options)
            finally:
                self.seconds[name] += time.process_time() - began
                self.calls[name] += 1

        return counted

    def everywhere(self) -> None:
        """Puts the timed ones in their places."""
        from planner import proofs
        from planner.read import readback

        for name in CHECKS:
            original = getattr(proofs, name, None) or getattr(readback, name)
            counted = self.timed(name, original)
            for module in [m for key, m in sys.modules.items() if key.startswith("planner") and hasattr(m, name)]:
                setattr(module, name, counted)


def main() -> None:
    import planner as pl
    from planner.read import readback

    plan = pl.make_plan(pl.samples.zhonghu())
    rows = []
    with tempfile.TemporaryDirectory() as work:
        plan.save(Path(work) / "first")  # fonts, templates and modules are there afterwards
        clock = Clock()
        clock.everywhere()
        blocks = readback.Blocks.check
        clock.seconds["cells"], clock.calls["cells"] = 0.0, 0
        readback.Blocks.check = clock.timed("cells", blocks)  # type: ignore[method-assign]
        began, wall = time.process_time(), time.perf_counter()
        plan.save(Path(work) / "plan")
        cpu, wall = time.process_time() - began, time.perf_counter() - wall
        size = sum(p.stat().st_size for p in (Path(work) / "plan").iterdir())
    for name, label in (
        ("check_layer", "layers opened again and compared"),
        ("check_raster", "rasters opened again and compared"),
        ("cells", "rasters written by blocks, compared"),
        ("check_written", "database, archives and JSON checked as a whole"),
    ):
        rows.append(f"| {label} | {clock.calls[name]} | {clock.seconds[name]:.2f} | {clock.seconds[name] / cpu:.0%} |")
    spent = sum(clock.seconds.values())
    record(
        "saving",
        f"# What reading back costs\n\nZhonghu's plan ({len(plan.units):,} units, {size / 1e6:.1f} MB) saved: "
        f"{cpu:.2f} CPU s, {wall:.1f} s by the clock, load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores. "
        f"Reading back takes {spent:.2f} CPU s of it ({spent / cpu:.0%}).\n\n"
        "| what | times | CPU s | share |\n|---|---:|---:|---:|\n" + "\n".join(rows) + "\n",
    )


if __name__ == "__main__":
    main()
