"""The main job: both samples planned, mapped and saved by the command a user types; and how soon `--help` answers."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks._results import record


def timed(command: list[str]) -> tuple[float, float, float]:
    """Wall s, CPU s and peak memory MiB of a command run to its end."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"{command}: ended with status {status}")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Prints and records the table."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        job = [python, "-m", "planner", "demo", "-o", folder, "--overwrite"]
        first = timed(job)
        second = timed(job)
        maps = {p.parent.name: p.stat().st_size / 1e6 for p in sorted(Path(folder).glob("*/map.html"))}
    help_s = median(timed([python, "-m", "planner", "--help"])[0] for _ in range(7))
    peer_s = median(timed([python, "-c", "import geopandas"])[0] for _ in range(7))
    load = os.getloadavg()[0]
    lines = [
        "# The main job",
        "",
        f"`planner demo`: both samples planned, mapped and saved. {os.cpu_count()} cores, load {load:.1f} at the end.",
        "",
        "| what | wall s | CPU s | peak MiB | goal |",
        "|---|---|---|---|---|",
        "| first run here (compiles what is not compiled yet) | {:.1f} | {:.1f} | {:.0f} | |".format(*first),
        "| next run | {:.1f} | {:.1f} | {:.0f} | 30 s, 2 GiB |".format(*second),
        f"| `planner --help`, median of 7 | {help_s:.2f} | | | half of the next line |",
        f"| `import geopandas`, median of 7 | {peer_s:.2f} | | | |",
        "",
        "Size of each map.html: " + ", ".join(f"{name} {size:.2f} MB" for name, size in maps.items()) + " (goal 3 MB).",
        "",
    ]
    record("samples", "\n".join(lines))


if __name__ == "__main__":
    main()
