"""Allocation against a second modelling library: worlds under any rules of the grammar, stated again in whole numbers.

`python -m benchmarks.second_library [FIRST LAST]` holds worlds FIRST to LAST − 1 (default 0 to 200) against OR-tools CP-SAT,
which has no tolerances; what the engine gets wrong is printed with its seed. Ten runs of parts add up: `--record FILE…` makes
the table of their logs.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks._results import record
from tests.allocation.larger import larger
from tests.allocation.second import held
from tests.allocation.whole_numbers import Solver

WORLDS = 200
MEANING = {
    "optimal": "plan, bound and gap right against the proven optimum; the plan keeps every rule in whole numbers",
    "optimal, second library stopped": "the same against the best plan and the bound that it had when its effort was up",
    "infeasible": "both say that there is no plan",
    "gap left": "a plan that keeps every rule and a bound that holds, but a gap wider than asked for",
    "no plan in time, INFEASIBLE": "there is no plan, which the engine did not prove",
    "no plan in time, UNKNOWN": "neither found a plan nor proved that there is none",
    "undecided": "the second library finds no plan and no proof that there is none, or cannot walk the plan, in its effort",
    "too wide": "numbers of a row do not fit into 64 bits together: the second library cannot hold the world",
    "WRONG": "the engine is wrong",
}


def run(first: int, last: int) -> dict[str, object]:
    """What the engine makes of the worlds, how often each rule was there, and CPU seconds of the engine's process."""
    said: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    began = time.process_time()
    with Solver() as solver:
        for seed in range(first, last):
            word = held(seed, solver)
            if word.startswith("WRONG"):
                print(seed, word, [str(r) for r in larger(seed).rules], flush=True)
            said[word.split(":")[0].split(" (")[0]] += 1
            world = larger(seed)
            rules.update({type(r).__name__ for r in world.rules} | ({"Charge"} if world.charges else set()))
    return {"said": said, "rules": rules, "cpu_s": time.process_time() - began, "worlds": last - first}


def table(parts: list[dict[str, object]]) -> str:
    """The parts together, as a page."""
    said: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    for part in parts:
        said.update(part["said"])  # type: ignore[call-overload]
        rules.update(part["rules"])  # type: ignore[call-overload]
    worlds = sum(int(part["worlds"]) for part in parts)  # type: ignore[call-overload]
    cpu = sum(float(part["cpu_s"]) for part in parts)  # type: ignore[arg-type]
    lines = [
        "# Allocation against a second modelling library",
        "",
        f"{worlds:,} worlds of 6 to 60 units, one to six rules each, columns from 1e-6 to 1e12, limits at and around the sums",
        "of a plan drawn at random, gaps of 0 to 1e-2 asked for; stated again from the options table in whole numbers and",
        f"solved by OR-tools CP-SAT. {cpu:,.0f} CPU seconds of the engine's process.",
        "",
        "| answer | worlds | meaning |",
        "|---|---|---|",
        *(f"| {word} | {said[word]:,} | {meaning} |" for word, meaning in MEANING.items()),
        "",
        "| rule | worlds with it |",
        "|---|---|",
        *(f"| {name} | {count:,} |" for name, count in sorted(rules.items())),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Runs a part, or makes the table of the logs named."""
    if "--record" in sys.argv:
        lines = [line for name in sys.argv[2:] for line in Path(name).read_text(encoding="utf-8").splitlines()]
        return record("second_library", table([json.loads(line) for line in lines if line.startswith("{")]))
    first, last = map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (0, WORLDS)
    part = run(first, last)
    if len(sys.argv) > 2:
        print(json.dumps(part), flush=True)
        return None
    return record("second_library", table([part]))


if __name__ == "__main__":
    main()
