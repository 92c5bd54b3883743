"""OR-tools CP-SAT in a process of its own, since its library and HiGHS' name the same symbols: programs in, answers out.

Run as a script it reads pickled `Whole` programs (as tuples) from its input until that ends, and answers each.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any, BinaryIO

SECONDS = 20.0  # most of a program
Row = tuple[list[int], list[int], int | None, int | None, tuple[int, bool] | None]


@dataclass
class Whole:
    """Whole variables from least to most, rows low ≤ Σ coefficient·variable ≤ high (where a variable is true or false), and
    the sum that is maximised."""

    bounds: list[tuple[int, int]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    aim: tuple[list[int], list[int]] = ([], [])

    def var(self, most: int = 1) -> int:
        """A variable 0 … most."""
        self.bounds.append((0, most))
        return len(self.bounds) - 1

    def row(
        self,
        terms: list[tuple[int, int]],
        low: int | None = None,
        high: int | None = None,
        when: tuple[int, bool] | None = None,
    ) -> None:
        """low ≤ Σ coefficient·variable ≤ high."""
        self.rows.append(([c for c, _ in terms], [v for _, v in terms], low, high, when))


class Solver:
    """A process that solves programs one after another."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> Solver:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def solve(self, whole: Whole, work: float, near: list[int] | None = None) -> tuple[str, list[int] | None, float]:
        """CP-SAT's status, the variables' values and a bound of the sum. work: its own measure of effort. near: variables that
        are likely true."""
        assert self.process.stdin is not None and self.process.stdout is not None
        pickle.dump((whole.bounds, whole.rows, whole.aim, work, near or []), self.process.stdin)
        self.process.stdin.flush()
        status, values, bound = pickle.load(self.process.stdout)
        return status, values, bound


def _solved(program: tuple[Any, ...]) -> tuple[str, list[int] | None, float]:
    from ortools.sat.python import cp_model

    bounds, rows, (numbers, places), work, near = program
    model = cp_model.CpModel()
    x = [model.new_bool_var("") if (a, b) == (0, 1) else model.new_int_var(a, b, "") for a, b in bounds]
    for coefficients, of, low, high, when in rows:
        total = cp_model.LinearExpr.weighted_sum([x[v] for v in of], coefficients)
        least, most = (cp_model.INT_MIN if low is None else low), (cp_model.INT_MAX if high is None else high)
        row = model.add_linear_constraint(total, least, most)
        if when is not None:
            row.only_enforce_if(x[when[0]] if when[1] else x[when[0]].negated())
    if numbers:
        model.maximize(cp_model.LinearExpr.weighted_sum([x[v] for v in places], numbers))
    for v in near:
        model.add_hint(x[v], True)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = work
    solver.parameters.max_time_in_seconds = SECONDS  # its own measure does not count all that it prepares
    status = solver.status_name(solver.solve(model))
    if status not in ("OPTIMAL", "FEASIBLE"):
        return status, None, 0.0
    return status, [solver.value(v) for v in x], solver.best_objective_bound


def _serve(source: BinaryIO, answers: BinaryIO) -> None:
    while True:
        try:
            program = pickle.load(source)
        except EOFError:
            return
        pickle.dump(_solved(program), answers)
        answers.flush()


if __name__ == "__main__":
    _serve(sys.stdin.buffer, sys.stdout.buffer)
