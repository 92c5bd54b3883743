"""Rules on patches and lakes with limits of their own: planner beside HiGHS given the same rows at once, on rough worlds.

`python -m benchmarks.patches` takes some minutes; `patches:2025 connected:400 …` runs these shapes alone and writes nothing.
CPU seconds of the process; the limit of time is wall seconds, so that on a busy machine less is done within it.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable

import numpy as np
import pandas as pd

import planner.allocation as al
from benchmarks._results import FOLDER, memory_gib
from benchmarks.allocation import timed
from planner.allocation.parts import Rule
from planner.errors import NoPlanInTime

WAYS = [
    ("construction", 8e5, 35e3, 0.0),
    ("arable", 1.2e5, 12e3, 0.0),
    ("green", 1.5e5, 2e4, 0.0),
    ("reservoir", 3e4, 6e3, 0.0),
    ("reservoir", 3e4, 11.3e3, 1.0),
    ("reservoir", 3e4, 16.6e3, 2.0),
]
LIMIT_S = 100.0
PEERS = 3_000  # units up to which the other solver is asked too: beyond it finds no plan in its time
MU_M2 = 666.0


def field(n: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray, np.ndarray]:
    """n units on a square grid, every number drawn on its own: options, borders, ids and areas in mu."""
    rng = np.random.default_rng(seed)
    area, k = rng.uniform(3, 9, n), len(WAYS)
    a, way = np.repeat(area, k), np.tile(np.arange(k), n)
    target = np.array([w[0] for w in WAYS], dtype=object)[way]
    dig, land = np.array([w[3] for w in WAYS])[way], target != "reservoir"
    ids = np.array([f"u{i:06d}" for i in range(n)], dtype=object)
    names = [f"{w[0]}{int(w[3])}" for w in WAYS] * n
    options = pd.DataFrame(
        {
            "target": target,
            "area_mu": a,
            "cost_cny": a * np.array([w[2] for w in WAYS])[way] * rng.uniform(0.5, 2, n * k),
            "benefit_cny": a * np.array([w[1] for w in WAYS])[way] * rng.uniform(0.5, 1.5, n * k),
            "cut_m3": a * MU_M2 * dig,
            "fill_m3": a * MU_M2 * rng.uniform(0, 2, n * k) * land,
            "storage_m3": a * MU_M2 * (1 + dig) * ~land,
        },
        index=pd.MultiIndex.from_arrays([np.repeat(ids, k), names], names=["unit_id", "option"]),
    )
    side = math.isqrt(n)
    i, j = np.arange(n - 1), np.arange(n - side)
    i = i[(i + 1) % side != 0]
    borders = pd.DataFrame({"unit_a": ids[np.r_[i, j]], "unit_b": ids[np.r_[i + 1, j + side]], "length_m": 60.0})
    return options, borders, ids, area


def patches(n: int) -> al.Problem:
    """No patch of construction below 30 mu, borders at 100 yuan a metre."""
    options, borders, _, area = field(n, 7)
    total = float(area.sum())
    return al.Problem(options).subject_to(
        al.Quota("construction", max_mu=0.4 * total),
        al.Quota("green", min_mu=0.1 * total),
        al.Compactness(borders, 100.0),
        al.MinPatch("construction", 30, borders),
    )


def connected(n: int) -> al.Problem:
    """All construction in one piece."""
    return _in_pieces(n, "construction")


def several(n: int) -> al.Problem:
    """Construction in one piece, green in another."""
    return _in_pieces(n, "construction", "green")


def _in_pieces(n: int, *targets: str) -> al.Problem:
    options, borders, _, area = field(n, 8)
    total = float(area.sum())
    return al.Problem(options).subject_to(
        al.Quota("construction", min_mu=0.1 * total, max_mu=0.3 * total),
        al.Quota("green", min_mu=0.1 * total),
        al.Budget(6e4 * total),
        *(al.Connected(target, borders) for target in targets),
    )


def lakes(n: int) -> al.Problem:
    """Lakes of 200 units, each a chain from its bottom up with a least and a most storage of its own."""
    options, _, ids, area = field(n, 9)
    total, each = float(area.sum()), 200
    rules: list[Rule] = [
        al.Quota("construction", min_mu=0.2 * total, max_mu=0.4 * total),
        al.Quota("arable", min_mu=0.05 * total),
        al.Quota("green", min_mu=0.1 * total),
        al.Budget(3e4 * total),
        al.Earthwork(max_import_m3=10 * total, max_export_m3=100 * total, import_cny_per_m3=30.0),
        al.WaterLevel(deeper={x: ids[i - 1] for i, x in enumerate(ids) if i % each}),
    ]
    for k, first in enumerate(range(0, n, each)):
        most = float(area[first : first + each].sum()) * MU_M2
        units = tuple(ids[first : first + each])
        rules.append(al.Storage(min_m3=0.2 * most, max_m3=0.5 * most, units=units, name=f"lake {k}"))
    return al.Problem(options).subject_to(*rules)


SHAPES: dict[str, tuple[Callable[[int], al.Problem], str]] = {
    "patches": (patches, "patches of 30 mu, compact"),
    "connected": (connected, "construction connected"),
    "several": (several, "construction connected and green connected"),
    "lakes": (lakes, "lakes of 200 units, each with its limits"),
}
RUNS = (
    ("patches", 400, 1e-3),
    ("patches", 2_025, 1e-3),
    ("patches", 10_000, 1e-3),
    ("connected", 100, 1e-2),
    ("connected", 400, 1e-2),
    ("connected", 2_000, 1e-2),
    ("several", 100, 1e-2),
    ("several", 2_000, 1e-2),
    ("lakes", 2_000, 5e-4),
)


def run(problem: al.Problem, gap: float, method: str) -> tuple[str, float]:
    """How it ended and the gap that is proven."""
    try:
        result = problem.solve(gap=gap, time_limit_s=LIMIT_S, method=method)
    except NoPlanInTime:
        return "no plan", math.nan
    return result.status, result.gap


def main(argv: list[str] | None = None) -> None:
    """Prints the table; writes it where all shapes ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shapes", nargs="*", help="shape:units, all of them where none is named")
    asked = [tuple(s.split(":")) for s in parser.parse_args(argv).shapes]
    patches(64).solve(gap=1e-2)
    lines = [
        "# Allocation: patches and lakes",
        "",
        f"{os.cpu_count()} cores, {memory_gib():.0f} GiB, shared with much other work while measured: CPU seconds count.",
        "Rough worlds, six options a unit. HiGHS: branch and bound on the whole with rows for small patches, cuts as plans",
        f"break them, started without a plan. Each is given {LIMIT_S:.0f} wall seconds.",
        "",
        "| problem | solver | result, gap | CPU s | wall s |",
        "|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    for name, n, gap in RUNS:
        if asked and (name, str(n)) not in asked:
            continue
        build, title = SHAPES[name]
        for solver, method in (("planner", "choose"), ("HiGHS", "milp"))[: 1 if n > PEERS else 2]:
            problem = build(n)
            words, cpu, wall = timed(lambda p=problem, g=gap, m=method: run(p, g, m))  # type: ignore[misc]
            lines.append(f"| {n:,} units, {title}, gap {gap:g} | {solver} | {words} | {cpu} | {wall} |".replace(",", " ", 1))
            print(lines[-1], flush=True)
    if not asked:
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / "patches.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
