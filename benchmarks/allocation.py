"""Allocation: planner beside the bare linear program, plain HiGHS MILP and scipy's solver, on one family of rough worlds.

`python -m benchmarks.allocation` runs the sizes a developer can wait for; `--scale` adds 100 000 units, `--million` runs
1 000 000 alone. CPU seconds of the process, gap proven in closed form or by branch and bound; the others get a minute each.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

import planner.allocation as al
from benchmarks._results import FOLDER, memory_gib
from planner.allocation.highs import solve_program
from planner.allocation.model import assemble
from planner.allocation.objective import objective
from planner.allocation.program import program

WAYS = [
    ("construction", 8e5, 35e3, 0.0),
    ("arable", 1.2e5, 12e3, 0.0),
    ("green", 1.5e5, 2e4, 0.0),
    ("reservoir", 3e4, 6e3, 0.0),
    ("reservoir", 3e4, 6e3 + 8 * 666, 1.0),
]
PEER_SECONDS, PLANNER_SECONDS = 60.0, 900.0


def rough(n: int, *, compact: float, water: bool, seed: int = 0) -> al.Problem:
    """n units × 6 options with every number drawn on its own (no smooth trend to help), quotas, budget, earth, storage."""
    rng = np.random.default_rng(seed)
    k = len(WAYS)
    area = rng.uniform(3, 9, n)
    a, way = np.repeat(area, k), np.tile(np.arange(k), n)
    dig = np.array([w[3] for w in WAYS])[way]
    target = np.array([w[0] for w in WAYS], dtype=object)[way]
    land = way < 3
    ids = np.array([f"u{i:07d}" for i in range(n)], dtype=object)
    names = np.array([f"{w[0]}:{i}" for i, w in enumerate(WAYS)], dtype=object)
    index = pd.MultiIndex(levels=[ids, names], codes=[np.repeat(np.arange(n), k), way], names=["unit_id", "option"])
    options = pd.DataFrame(
        {
            "target": target,
            "area_mu": a,
            "benefit_cny": a * np.array([w[1] for w in WAYS])[way] * rng.uniform(0.5, 1.5, n * k),
            "cost_cny": a * np.array([w[2] for w in WAYS])[way] * rng.uniform(0.5, 2, n * k),
            "cut_m3": a * 666 * dig,
            "fill_m3": a * 666 * rng.uniform(0, 1, n * k) * land,
            "storage_m3": a * 666 * (1 + dig) * ~land,
        },
        index=index,
    )
    total = float(area.sum())
    rules = [
        al.Quota("construction", min_mu=0.2 * total, max_mu=0.4 * total),
        al.Quota("arable", min_mu=0.05 * total),
        al.Quota("green", min_mu=0.1 * total),
        al.Budget(3.2e4 * total),
        al.Earthwork(max_import_m3=0, max_export_m3=100 * total),
        al.Storage(min_m3=300 * total),
    ]
    if water:
        rules.append(al.WaterLevel(deeper=dict(zip(ids[1:], ids[np.arange(1, n) // 2], strict=True))))
    if compact:
        side = math.isqrt(n)
        i = np.arange(n - 1)
        i, j = i[(i + 1) % side != 0], np.arange(n - side)
        table = pd.DataFrame({"unit_a": ids[np.r_[i, j]], "unit_b": ids[np.r_[i + 1, j + side]], "length_m": 60.0})
        rules.append(al.Compactness(table, cny_per_m=compact))
    return al.Problem(options).subject_to(*rules)


def timed(work: Callable[[], tuple[str, float]]) -> tuple[str, str, str]:
    """Gap, CPU seconds and wall seconds of one solver."""
    cpu, wall = time.process_time(), time.perf_counter()
    words, gap = work()
    spent = time.process_time() - cpu, time.perf_counter() - wall
    return words + (f" {gap:.1e}" if np.isfinite(gap) else ""), f"{spent[0]:.2f}", f"{spent[1]:.2f}"


def with_planner(problem: al.Problem, gap: float, seconds: float) -> tuple[str, float]:
    result = problem.solve(gap=gap, time_limit_s=seconds)
    return result.status, result.gap


def bare_relaxation(problem: al.Problem) -> tuple[str, float]:
    """The linear relaxation alone by HiGHS' interior point without crossover: no plan, no whole units."""
    model = assemble(problem.table, problem.parts(), objective(problem.table, "net"))
    answer = solve_program(program(model), relaxed=True, method="ipm", seconds=PEER_SECONDS)
    return f"relaxation {answer.status}", math.nan


def plain_milp(problem: al.Problem, gap: float) -> tuple[str, float]:
    model = assemble(problem.table, problem.parts(), objective(problem.table, "net"))
    answer = solve_program(program(model), gap=gap, seconds=PEER_SECONDS)
    if answer.point is None:
        return f"{answer.status}, no plan", math.nan
    return answer.status, abs(answer.value - answer.bound) / max(abs(answer.value), 1e-9)


def second_solver(problem: al.Problem, gap: float) -> tuple[str, float]:
    """scipy.optimize.milp on the same rows (another door, other presets)."""
    model = assemble(problem.table, problem.parts(), objective(problem.table, "net"))
    prog = program(model)
    answer = milp(
        prog.cost,
        constraints=LinearConstraint(prog.matrix, prog.lo, prog.hi),
        bounds=Bounds(prog.lower, prog.upper),
        integrality=prog.whole.astype(int),
        options={"mip_rel_gap": gap, "time_limit": PEER_SECONDS},
    )
    if answer.x is None:
        return "no plan", math.nan
    return "optimal" if answer.status == 0 else "stopped", float(answer.mip_gap)


def cases(scale: bool, million: bool) -> list[tuple[str, int, float, bool, float, bool]]:
    """Title, units, yuan per metre of border, water levels, gap asked for, whether the peers run too."""
    if million:
        return [
            ("1 000 000 units, compact", 1_000_000, 50.0, False, 1e-4, False),
            ("1 000 000 units, water levels, compact", 1_000_000, 50.0, True, 1e-3, False),
        ]
    found = [
        ("1 000 units, water levels", 1_000, 0.0, True, 1e-4, True),
        ("1 024 units, water levels, compact", 1_024, 50.0, True, 1e-3, True),
        ("10 000 units, water levels", 10_000, 0.0, True, 1e-5, True),
        ("10 000 units, compact", 10_000, 50.0, False, 1e-4, True),
    ]
    if scale:
        found += [
            ("100 000 units, water levels", 100_000, 0.0, True, 1e-5, True),
            ("100 000 units, compact", 100_000, 50.0, False, 1e-4, False),
            ("100 000 units, water levels, compact", 100_000, 50.0, True, 1e-4, False),
        ]
    return found


def warm(n: int) -> tuple[str, float]:
    """One quota changed, the earlier result as the start; only the second solve counts."""
    problem = rough(n, compact=0.0, water=True)
    before = problem.solve(gap=1e-5)
    quota = problem.rules[1]
    changed = problem.replaced(quota, al.Quota("arable", min_mu=1.5 * quota.min_mu))
    cpu, wall = time.process_time(), time.perf_counter()
    result = changed.solve(gap=1e-5, start=before)
    return f"{result.status} {result.gap:.1e} | {time.process_time() - cpu:.2f} | {time.perf_counter() - wall:.2f}", result.gap


def main(argv: list[str] | None = None) -> None:
    """Prints and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--million", action="store_true")
    asked = parser.parse_args(argv)
    rough(300, compact=50.0, water=True).solve(gap=1e-2, method="core")
    rough(300, compact=0.0, water=True).solve(gap=1e-2, method="core")
    rough(300, compact=0.0, water=False).solve(gap=1e-2, method="core")
    lines = [
        "# Allocation",
        "",
        f"{os.cpu_count()} cores, {memory_gib():.0f} GiB, shared with other work while measured: CPU seconds count,",
        "wall seconds are an upper end. Rough worlds (every benefit, cost and volume drawn on its own), 6 options a unit with",
        "`unrestored`, three quotas, budget, earth both ways and storage. Others get 60 s. Peak memory is of the whole process",
        "so far.",
        "",
        "| problem | solver | result, gap | CPU s | wall s | peak MiB |",
        "|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    for title, n, compact, water, gap, peers in cases(asked.scale, asked.million):
        problem = rough(n, compact=compact, water=water)
        runs: list[tuple[str, Callable[[], tuple[str, float]]]] = [
            ("planner", lambda p=problem, g=gap: with_planner(p, g, PLANNER_SECONDS)),
        ]
        if peers:
            runs.append(("relaxation only, interior point", lambda p=problem: bare_relaxation(p)))
        if peers and n <= 10_000:
            runs += [
                ("HiGHS MILP", lambda p=problem, g=gap: plain_milp(p, g)),
                ("scipy milp", lambda p=problem, g=gap: second_solver(p, g)),
            ]
        for name, run in runs:
            words, cpu, wall = timed(run)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            lines.append(f"| {title}, gap {gap:g} | {name} | {words} | {cpu} | {wall} | {peak:.0f} |")
            print(lines[-1], flush=True)
    if not asked.million:
        lines.append(f"| 10 000 units, one quota changed, gap 1e-05 | planner, warm | {warm(10_000)[0]} | |")
        print(lines[-1])
    FOLDER.mkdir(exist_ok=True)
    name = "allocation_million.md" if asked.million else "allocation.md"
    (FOLDER / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
