"""Plans again and again: in one process, threads, processes, eight starts at once with no kernel compiled.

The answers must be the same and memory, open files and threads stay level.

`python -m benchmarks.repeated [plans]`.
"""

from __future__ import annotations

import difflib
import gc
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from rasterio.transform import Affine

from benchmarks._results import record

X0, Y0 = 39_500_000.0, 3_760_000.0
SITE = """[layers]
polygons = {path = "a.gpkg", id = "id", depth = "depth"}
terrain = "dem.tif"
water_table = 30.5
[partition]
max_unit_mu = 60.0
[targets.construction]
min_mu = 20.0
[reservoir]
level_m = 30.5
"""
ONE = "import sys; from benchmarks.repeated import one; print(one(sys.argv[1]))"


def small_site(folder: Path) -> Path:
    """Two hollows in a plain of 60 × 60 cells, two parcels."""
    squares = [shapely.box(X0 + 420 * k, Y0, X0 + 420 * k + 400, Y0 + 400) for k in range(2)]
    gpd.GeoDataFrame({"id": ["P1", "P2"], "depth": [2.0, 3.0]}, geometry=squares, crs=4527).to_file(folder / "a.gpkg")
    ground = np.full((60, 60), 32.0, dtype="float32")
    ground[25:35, 15:25], ground[25:35, 38:46] = 29.0, 30.0
    profile: dict[str, Any] = {"driver": "GTiff", "height": 60, "width": 60, "count": 1, "dtype": "float32", "crs": 4527}
    with rasterio.open(folder / "dem.tif", "w", transform=Affine(20, 0, X0 - 200, 0, -20, Y0 + 800), **profile) as file:
        file.write(ground, 1)
    (folder / "site.toml").write_text(SITE, encoding="utf-8")
    return folder


def one(folder: str, save: bool = True) -> str:
    """Plans a site, and saves and loads it; a hash of what was found and of the units' rows."""
    return hashlib.sha256(found(folder, save).encode()).hexdigest()[:16]


def found(folder: str, save: bool = True) -> str:
    """Plans a site, and saves and loads it; what was found and the units' rows, as text."""
    import planner as pl

    plan = pl.make_plan(folder)
    told = json.dumps(plan.summary(), sort_keys=True, default=str, indent=1)
    told = re.sub(r'"(seconds|path)": ("[^"]*"|[\d.e-]+)', "", told)
    units = plan.units.to_wkb().to_csv()
    if save:
        with tempfile.TemporaryDirectory() as work:
            plan.save(Path(work) / "plan")
            assert pl.load_plan(Path(work) / "plan").units.shape == plan.units.shape
    return f"{told}\n{units}"


def resident_mib() -> float:
    """Memory this process holds, MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def handles() -> int:
    """Open files of this process."""
    return len(os.listdir("/proc/self/fd"))


def repeated(folder: Path, plans: int) -> tuple[list[str], list[tuple[int, float, int, int]]]:
    """Plans a site again and again: the answers, and (plans so far, MiB, open files, threads) now and then."""
    answers, seen, before = [], [], ""
    marks = {int(k) for k in np.linspace(max(plans // 10, 1), plans, 10)}
    for k in range(1, plans + 1):
        text = found(str(folder), save=k % 10 == 1)
        answers.append(hashlib.sha256(text.encode()).hexdigest()[:16])
        if text != before and before:
            differ = difflib.unified_diff(
                before.splitlines(), text.splitlines(), f"plan {k - 1}", f"plan {k}", n=0, lineterm=""
            )
            print("\n".join(line[:200] for line in list(differ)[:40]), file=sys.stderr)
        before = text
        if k in marks:
            gc.collect()
            seen.append((k, resident_mib(), handles(), threading.active_count()))
    return answers, seen


def in_threads(folder: Path, count: int = 4) -> list[str]:
    """The answers of several threads at once."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, [str(folder)] * count))


def in_processes(folder: Path, count: int = 3) -> list[str]:
    """The answers of several processes, each begun anew."""
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        return list(pool.map(one, [str(folder)] * count))


def from_nothing(folder: Path, home: Path, starts: int = 8) -> list[str]:
    """The answers of several starts at once of a copy of the program whose kernels were never compiled."""
    root = Path(__file__).parents[1]
    for name in ("planner", "benchmarks"):
        shutil.copytree(root / name, home / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
    env = {**os.environ, "PYTHONPATH": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    runs = [
        subprocess.Popen([sys.executable, "-c", ONE, str(folder)], stdout=subprocess.PIPE, text=True, env=env, cwd=home)
        for _ in range(starts)
    ]
    return [run.communicate()[0].strip() if run.wait() == 0 else f"ended with {run.returncode}" for run in runs]


def main() -> None:
    plans = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as home:
        folder = small_site(Path(work))
        answers, seen = repeated(folder, plans)
        found = {
            f"{plans} in one process": answers,
            "4 threads at once": in_threads(folder),
            "3 processes": in_processes(folder),
            "8 starts at once, no kernel compiled": from_nothing(folder, Path(home)),
        }
    rows = [f"| {how} | {len(told)} | {len(set(told))} |" for how, told in found.items()]
    level = [f"| {k} | {mib:.0f} | {files} | {threads} |" for k, mib, files, threads in seen]
    same = len({answer for told in found.values() for answer in told}) == 1
    if not same:
        print("\n".join(f"{how}: {sorted(set(told))}" for how, told in found.items()), file=sys.stderr)
    record(
        "repeated",
        "# Plans again and again\n\nA small site with a terrain, planned; every tenth time saved and loaded too. Answers are "
        f"compared by a hash of the summary (but for seconds) and the units' rows. All the same: {'yes' if same else 'NO'}.\n\n"
        "| how | plans | different answers |\n|---|---:|---:|\n" + "\n".join(rows) + "\n\n"
        "| plans so far | memory MiB | open files | threads |\n|---:|---:|---:|---:|\n" + "\n".join(level) + "\n",
    )


if __name__ == "__main__":
    main()
