"""Allocation against a second modelling library: worlds under any rules of the grammar, stated again in whole numbers.

`python -m benchmarks.second_library [FIRST LAST]` holds worlds FIRST to LAST − 1 (default 0 to 200) against OR-tools CP-SAT,
which has no tolerances; what the engine gets wrong is printed with its seed. Parts print a line a world: `--record FILE…` makes
the table of any number of such logs, of a world met twice the later answer.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks._results import record
from planner.allocation import Earthwork, Keep
from tests.allocation.larger import larger
from tests.allocation.second import SOON, held
from tests.allocation.whole_numbers import Solver

WORLDS = 200
MEANING = {
    "optimal": "plan, bound and gap right against the proven optimum; the plan keeps every rule in whole numbers",
    "optimal, second library stopped": "the same against the best plan and the bound that it had when its effort was up",
    "infeasible": "both say that there is no plan",
    "gap left": "a plan that keeps every rule and a bound that holds, but a gap wider than asked for",
    "no plan in time, INFEASIBLE": "there is no plan, which the engine did not prove",
    "no plan in time, UNKNOWN": "neither found a plan nor proved that there is none",
    "no plan in time, core": "the method for many, asked for where units are few, found none in 10 s",
    "undecided": "the second library finds no plan and no proof that there is none, or cannot walk the plan, in its effort",
    "refused": "more earth from place to place than is counted exactly: told so",
    "too wide": "numbers of a row do not fit into 64 bits together: the second library cannot hold the world",
    "WRONG": "the engine is wrong",
}


def run(first: int, last: int) -> Iterator[dict[str, Any]]:
    """What the engine makes of each world, its rules, and CPU seconds of the engine's process."""
    with Solver() as solver:
        for seed in range(first, last):
            began = time.process_time()
            word = held(seed, solver)
            world = larger(seed)
            rules = Counter(_name(r) for r in world.rules) | Counter(["Charge"] if world.charges else [])
            yield {
                "seed": seed,
                "said": word,
                "rules": sorted(rules),
                "twice": sorted(name for name, count in rules.items() if count > 1),
                "units": int(world.options.index.get_level_values(0).nunique()),
                "method": world.method,
                "cpu_s": time.process_time() - began,
            }


def _name(rule: Any) -> str:
    """A rule's class, and what of it is solved in another way."""
    if isinstance(rule, Earthwork):
        return (
            "Earthwork of zones"
            if rule.zones is not None
            else "Earthwork of places"
            if rule.places is not None
            else "Earthwork"
        )
    return f"Keep {rule.goal}" if isinstance(rule, Keep) and isinstance(rule.goal, str) else type(rule).__name__


def table(worlds: list[dict[str, Any]]) -> str:
    """The worlds together, as a page; every world counts once, as it was answered last."""
    worlds = list({w["seed"]: w for w in worlds}.values())
    said = Counter(w["said"].split(":")[0].split(" (")[0] for w in worlds)
    rules = Counter(name for w in worlds for name in w["rules"])
    twice = Counter(name for w in worlds for name in w["twice"])
    methods = ", ".join(f"{name} {count:,}" for name, count in sorted(Counter(w["method"] for w in worlds).items()))
    many, seconds = sum(w["units"] > SOON for w in worlds), sum(w["cpu_s"] for w in worlds)
    lines = [
        "# Allocation against a second modelling library",
        "",
        f"{len(worlds):,} worlds ({_ranges([w['seed'] for w in worlds])}) of 6 to 400 units, {many:,} of more than {SOON},",
        "one to seven rules each, columns from 1e-6 to 1e12, limits at and around the sums of a plan drawn at random, gaps of",
        "0 to 1e-2 asked for, some begun at a choice that may keep no rule; stated again from the options table in whole",
        f"numbers and solved by OR-tools CP-SAT. {seconds:,.0f} CPU seconds of the engine's process. Asked for: {methods}.",
        "",
        "| answer | worlds | meaning |",
        "|---|---|---|",
        *(
            f"| {word} | {said[word]:,} | {MEANING.get(word, '')} |"
            for word in sorted(MEANING | said, key=[*MEANING, *said].index)
        ),
        "",
        "| rule | worlds with it | twice and more |",
        "|---|---|---|",
        *(f"| {name} | {count:,} | {twice[name]:,} |" for name, count in sorted(rules.items())),
    ]
    wrong = [w for w in worlds if w["said"].startswith("WRONG")]
    if wrong:
        lines += ["", "| wrong | rules | |", "|---|---|---|"]
        lines += [f"| {w['seed']} | {', '.join(w['rules'])} | {w['said']} |" for w in wrong]
    return "\n".join(lines) + "\n"


def _ranges(seeds: list[int]) -> str:
    """Numbers in a row as first to last."""
    every = set(seeds)
    starts, ends = sorted(s for s in every if s - 1 not in every), sorted(s for s in every if s + 1 not in every)
    return ", ".join(f"{a} to {b}" for a, b in zip(starts, ends, strict=True))


def main() -> None:
    """Runs a part, or makes the table of the logs named."""
    if "--record" in sys.argv:
        lines = [line for name in sys.argv[2:] for line in Path(name).read_text(encoding="utf-8").splitlines()]
        return record("second_library", table([json.loads(line) for line in lines if line.startswith("{")]))
    first, last = map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (0, WORLDS)
    worlds = []
    for world in run(first, last):
        worlds.append(world)
        if len(sys.argv) > 2:
            print(json.dumps(world, ensure_ascii=False), flush=True)
        elif world["said"].startswith("WRONG"):
            print(world["seed"], world["said"], world["rules"], flush=True)
    return None if len(sys.argv) > 2 else record("second_library", table(worlds))


if __name__ == "__main__":
    main()
