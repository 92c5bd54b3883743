"""What the house costs: another edition's tree and this one in turn on the same inputs, CPU seconds, the least of several runs.

`git archive 8552243 | tar x -C FOLDER`, then `python -m benchmarks.house FOLDER [pairs]`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks._results import record

# What either edition understands: reading a folder, and a choice of 3 000 units with three options each.
READ = """
import json, sys, time
from planner.read import read_site
read_site(sys.argv[1])
took = []
for _ in range(7):
    start = time.process_time()
    read_site(sys.argv[1])
    took.append(time.process_time() - start)
print(json.dumps([min(took), 0.0]))
"""
CHOOSE = """
import json, sys, time
import numpy as np, pandas as pd
import planner as pl
rng = np.random.default_rng(1)
n = 3000
rows = []
for target in ("construction:fill", "arable:level", "green:mound"):
    rows.append(pd.DataFrame({
        "unit_id": [f"u{i:05d}" for i in range(n)], "option": target,
        "target": target.split(":")[0], "treatment": target.split(":")[1],
        "area_mu": rng.uniform(5, 30, n), "benefit_cny": rng.uniform(1e6, 9e6, n),
        "cost_cny": rng.uniform(1e5, 3e6, n),
        "cut_m3": rng.uniform(0, 2e4, n), "fill_m3": rng.uniform(0, 2e4, n), "storage_m3": 0.0}))
options = pd.concat(rows).set_index(["unit_id", "option"]).sort_index()
for column in ("area_mu",):
    options[column] = options.groupby(level=0)[column].transform("first")
area = options["area_mu"].groupby(level=0).first().sum()
cost = options["cost_cny"].groupby(level=0).mean().sum()
side = 55
ids = [f"u{i:05d}" for i in range(n)]
pairs = [(i, i + 1) for i in range(n - 1) if (i + 1) % side] + [(i, i + side) for i in range(n - side)]
borders = pd.DataFrame({"unit_a": [ids[a] for a, _ in pairs], "unit_b": [ids[b] for _, b in pairs], "length_m": 100.0})
def solve():
    rules = [pl.Quota("construction", min_mu=0.2 * area), pl.Budget(max_cny=0.8 * cost), pl.Earthwork(max_import_m3=0.0)]
    gap = 1e-4
    if sys.argv[1] == "borders":
        rules.append(pl.Compactness(borders, cny_per_m=50.0))
        gap = 1e-3
    return pl.Problem(options).subject_to(*rules).solve(gap=gap)
found = solve()
took = []
for _ in range(7):
    start = time.process_time()
    solve()
    took.append(time.process_time() - start)
print(json.dumps([min(took), found.objective]))
"""
HERE = Path(__file__).parents[1]


def measured(tree: Path, code: str, what: str) -> tuple[float, float]:
    """CPU seconds, the least of a process's runs, and the objective found, by a tree's own program."""
    env = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code, what], env=env, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    seconds, objective = json.loads(done.stdout.splitlines()[-1])
    return seconds, objective


def main() -> None:
    if len(sys.argv) < 2:
        print("benchmarks.house: name the folder of the other edition's tree; nothing measured")
        return
    other, pairs = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 3
    rows = []
    for name, code, what in (
        ("read Zhonghu", READ, str(other / "sample_geo/zhonghu")),
        ("read Pan'an", READ, str(other / "sample_geo/panan")),
        ("choice of 3 000 units: quota, budget, earth, gap 1e-4", CHOOSE, "plain"),
        ("the same with borders priced, gap 1e-3", CHOOSE, "borders"),
    ):
        theirs, ours = zip(*((measured(other, code, what), measured(HERE, code, what)) for _ in range(pairs)), strict=True)
        before, after = min(theirs)[0], min(ours)[0]
        apart = ours[0][1] - theirs[0][1]
        same = "" if theirs[0][1] == 0.0 else f"{apart:+.0f} CNY of {theirs[0][1]:.0f}"
        rows.append(f"| {name} | {before:.3f} | {after:.3f} | {100 * (after / before - 1):+.0f} % | {same} |")
        print(rows[-1], flush=True)
    record(
        "house",
        "# What the house costs\n\nThe first edition (8552243) and this one in turn on the first edition's own inputs, CPU "
        f"seconds of the process, the least of seven runs in each of {pairs} pairs.\n\n"
        "| | first edition | this one | | objective |\n|---|---:|---:|---:|---|\n" + "\n".join(rows) + "\n",
    )


if __name__ == "__main__":
    main()
