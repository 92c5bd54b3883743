"""Planning again with one limit changed, from a plan that was saved and loaded: CPU seconds, gap, units changed.

`python -m benchmarks.again FOLDER …`: folders of saved plans (`planner allocate SITE -o FOLDER`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import planner as pl
from benchmarks._results import record
from planner.errors import PlannerError
from planner.landuse import CHOICES
from planner.plan.again import LEVEL, again, first
from planner.plan.compose import survey

SHARES = (-0.05, -0.03, -0.01, -0.005, 0.005, 0.01, 0.03, 0.05)
Move = tuple[str, dict[str, Any], dict[str, str]]


def moves(plan: Any) -> Iterator[Move]:
    """One limit changed after the other: quotas, budget, storage, level, twenty units locked."""
    scenario = plan.site.scenario
    yield "nothing", {}, {}
    for target in CHOICES:
        quota = getattr(scenario.targets, target)
        for share in SHARES if quota.min_mu else ():
            sets = {f"targets.{target}.min_mu": quota.min_mu * (1 + share)}
            if quota.max_mu is not None:
                sets[f"targets.{target}.max_mu"] = quota.max_mu + quota.min_mu * share
            yield f"{target} {100 * share:+.1f} %", sets, {}
    for share in SHARES:
        if scenario.budget.max_cny:
            yield f"budget {100 * share:+.1f} %", {"budget.max_cny": scenario.budget.max_cny * (1 + share)}, {}
        if scenario.reservoir.min_storage_m3:
            yield (
                f"storage {100 * share:+.1f} %",
                {"reservoir.min_storage_m3": scenario.reservoir.min_storage_m3 * (1 + share)},
                {},
            )
    built = plan.units.index[plan.units["target"] == "construction"]
    can = [str(u) for u in built if (plan.options.loc[u]["target"] == "green").any()]
    yield "20 units locked to green", {}, dict.fromkeys(can[:20], "green")
    if len(plan.reservoirs):
        level = scenario.reservoir.level_m or float(plan.reservoirs["level_m"].iloc[0])
        for metres in (-0.1, 0.1):
            yield f"level {metres:+.1f} m", {LEVEL: level + metres}, {}


def row(plan: Any, move: Move, known: Any) -> str:
    """A line of the table."""
    name, sets, locks = move
    heard: list[Any] = []
    start = first(plan)
    began = time.process_time()
    try:
        found = again(plan, start, sets, locks, known=known, tell=heard.append)
    except PlannerError as error:
        told = f"{type(error).__name__.lower()}: {str(error).splitlines()[0][:90]}"
        return f"| {name} | {time.process_time() - began:.1f} | {told} | | |"
    spent, proof = time.process_time() - began, found.result
    assert proof is not None
    how = "searched in full" if heard else proof.method
    return f"| {name} | {spent:.1f} | {how} | {proof.gap:.1e} | {len(found.changed(start))} |"


def table(folder: Path) -> str:
    """All moves of one plan; kernels are ready and the ground is measured before."""
    plan = pl.load_plan(folder)
    again(plan, first(plan), {}, {})
    began = time.process_time()
    known: Mapping[str, Any] | Any = survey(plan.site) if len(plan.reservoirs) else None
    measured = time.process_time() - began
    rows = "\n".join(row(plan, move, known) for move in moves(plan))
    return (
        f"## {folder.name}: {len(plan.units):,} units, gap {plan.certificate.gap:.1e}\n\n"
        f"The ground was measured once for all levels in {measured:.1f} CPU s.\n\n"
        f"| what moved | CPU s | answer | gap | units changed |\n|---|---:|---|---:|---:|\n{rows}\n"
    )


def main() -> None:
    folders = [Path(name) for name in sys.argv[1:]]
    text = "\n".join(table(folder) for folder in folders)
    record(
        "again",
        "# Planning again\n\nOne limit changed on a plan loaded from disk, asked for a gap of 1e-3 (`plan.explore()`, "
        "`planner.plan.again`); the gap told is proven.\n\n" + text,
    )


if __name__ == "__main__":
    main()
