"""Published problems with known answers: plan and bound that the engine proves, against the best known.

`python -m benchmarks.published [seconds]`; the raw files lie in ../shared beside the checkout, read as the tests read them.
"""

from __future__ import annotations

import sys
import time

from benchmarks._results import record
from planner.allocation import Problem
from planner.errors import NoPlanInTime
from tests.allocation.test_authorities import FOLDER, assignment, multidimensional, multiple_choice

KNOWN = {
    "d05100": 6353.0,
    "d10100": 6347.0,
    "e20400": 44877.0,
    "I01": 173.0,
    "I02": 364.0,
    "I03": 1602.0,
    "I04": 3597.0,
    "I05": 3905.7,
    "I06": 4799.3,
    "I07": 24592.0,
    "I08": 36877.0,
    "I10": 61437.0,
    "I13": 98441.0,
    "cb1 00": 24381.0,
    "cb1 10": 42757.0,
    "cb1 20": 59822.0,
    "cb4 00": 23064.0,
    "cb4 20": 57375.0,
}
HEAD = """# Published problems

Generalised assignment (d, e: least cost), multiple-choice (I) and multi-dimensional (cb) knapsacks, gap 0, {seconds:.0f} s of
the clock each. Known: best found by anyone.

| problem | known | plan | bound | gap | CPU s | method |
|---|---|---|---|---|---|---|
"""


def problem(name: str) -> tuple[Problem, str]:
    """A published problem and its objective."""
    if name[0] in "de":
        return assignment(f"{'chu1997' if name[0] == 'd' else 'yagiura2004'}/{name}"), "cost"
    if name[0] == "I":
        return multiple_choice(name), "net"
    file, number = name.split()
    return multidimensional(file, int(number)), "net"


def row(name: str, known: float, seconds: float) -> str:
    """A line of the table."""
    asked, objective = problem(name)
    start = time.process_time()
    try:
        found = asked.solve(objective=objective, gap=0, time_limit_s=seconds)
    except NoPlanInTime as error:
        return f"| {name} | {known:.9g} | none | | {error.args[0]} | {time.process_time() - start:.1f} | |"
    took = time.process_time() - start
    return (
        f"| {name} | {known:.9g} | {found.objective:.9g} | {found.bound:.9g} | {found.gap:.1e} | {took:.1f} | {found.method} |"
    )


def main() -> None:
    """Solves them all and records the table."""
    if not FOLDER.is_dir():
        print(f"{FOLDER} is not there: nothing measured")
        return
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    rows = [row(name, known, seconds) for name, known in KNOWN.items()]
    record("published", HEAD.format(seconds=seconds) + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
