"""The one door to HiGHS: whole programs as arrays in, a plain answer out, with a guard on time and interruption."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from planner.allocation.program import Program
from planner.allocation.table import Bools, Floats
from planner.errors import PlannerError

Tell = Callable[[float, float], None]  # (bound, best) of the minimised, scaled objective


@dataclass(frozen=True, eq=False)
class Answer:
    """status: optimal, infeasible, stopped (time or interruption) or failed; point None where none was found.

    value and bound are of the program's minimised, scaled objective; duals of its rows (linear programs only).
    """

    status: str
    point: Floats | None
    value: float
    bound: float
    duals: Floats | None
    interrupted: bool = False


def solve_program(
    prog: Program,
    *,
    relaxed: bool = False,
    gap: float = 0.0,
    slack: float = 0.0,
    seconds: float = float("inf"),
    seed: int = 0,
    method: str = "choose",
    start: Floats | None = None,
    tell: Tell | None = None,
    target: float | None = None,
) -> Answer:
    """Solves a program by HiGHS, relaxed or with whole options.

    method: choose, simplex or ipm (without crossover). start: a full point to begin with. target: an objective that is enough.
    gap, slack: relative and absolute gap at which to stop.
    """
    solver = highspy.Highs()
    whole = prog.whole & (not relaxed)
    options: dict[str, Any] = {
        "output_flag": False,
        "random_seed": int(seed) % 2147483647,
        "threads": 1,
        "mip_rel_gap": gap,
        "mip_abs_gap": slack,
        "mip_feasibility_tolerance": 1e-7,
        "solver": method,
    }
    if np.isfinite(seconds):
        options["time_limit"] = max(float(seconds), 0.01)
    if method == "ipm":
        options["run_crossover"] = "off"
    for name, value in options.items():
        solver.setOptionValue(name, value)
    if target is not None:
        solver.setOptionValue("objective_target", float(target))
    _pass(solver, prog, whole)
    if start is not None and whole.any():
        solution = highspy.HighsSolution()
        solution.col_value = list(start)
        solver.setSolution(solution)
    best, interrupted = _run(solver, whole, seconds, tell)
    return _answer(solver, whole, best, interrupted)


def _pass(solver: Any, prog: Program, whole: Bools) -> None:
    """Hands the arrays over in one call."""
    matrix = prog.matrix
    rows, columns = matrix.shape
    empty = np.empty(0, dtype=np.float64)
    status = solver.passModel(
        columns,
        rows,
        matrix.nnz,
        0,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.HessianFormat.kTriangular),
        int(highspy.ObjSense.kMinimize),
        0.0,
        prog.cost,
        prog.lower,
        prog.upper,
        prog.lo,
        prog.hi,
        matrix.indptr.astype(np.int32),
        matrix.indices.astype(np.int32),
        matrix.data.astype(np.float64),
        np.empty(0, dtype=np.int32),
        np.empty(0, dtype=np.int32),
        empty,
        whole.astype(np.int32),
    )
    if status == highspy.HighsStatus.kError:
        raise PlannerError(f"the solver refused a program of {columns} columns and {rows} rows; is a coefficient not finite?")


def _run(solver: Any, whole: Bools, seconds: float, tell: Tell | None) -> tuple[dict[str, Any], bool]:
    """Runs in a thread so that Ctrl-C and a hard time limit reach the solver; keeps the best point seen."""
    best: dict[str, Any] = {"point": None, "value": np.inf, "bound": -np.inf}

    def improved(event: Any) -> None:
        best["point"] = np.array(event.data_out.mip_solution, dtype=np.float64)
        best["value"] = float(event.data_out.objective_function_value)

    def logged(event: Any) -> None:
        best["bound"] = max(best["bound"], float(event.data_out.mip_dual_bound))
        if tell is not None:
            tell(best["bound"], best["value"])

    if whole.any():
        solver.cbMipImprovingSolution += improved
        solver.cbMipLogging += logged
    stop, done = threading.Event(), threading.Event()
    for callback in (solver.cbMipInterrupt, solver.cbSimplexInterrupt, solver.cbIpmInterrupt):
        callback.subscribe(lambda event: event.interrupt() if stop.is_set() else None)

    def work() -> None:
        try:
            solver.run()
        finally:
            done.set()

    deadline = time.monotonic() + seconds
    interrupted = False
    threading.Thread(target=work, daemon=True).start()
    while True:
        try:
            if done.wait(0.5):
                return best, interrupted
            if time.monotonic() > deadline + 0.5:
                stop.set()
        except KeyboardInterrupt:
            interrupted = True
            stop.set()


def _answer(solver: Any, whole: Bools, best: dict[str, Any], interrupted: bool) -> Answer:
    status = solver.getModelStatus()
    info = solver.getInfo()
    kinds = highspy.HighsModelStatus
    if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
        return Answer("infeasible", None, np.inf, np.inf, None, interrupted)
    solution = solver.getSolution()
    point = np.array(solution.col_value, dtype=np.float64) if solution.value_valid else best["point"]
    word = "optimal" if status == kinds.kOptimal else "stopped" if status in STOPPED else "failed"
    if not whole.any():
        duals = np.array(solution.row_dual, dtype=np.float64) if solution.dual_valid else None
        value = float(info.objective_function_value) if solution.value_valid else np.inf
        return Answer(word, point, value, value if word == "optimal" else -np.inf, duals, interrupted)
    bound = float(info.mip_dual_bound)
    value = float(info.objective_function_value) if point is not None and solution.value_valid else best["value"]
    return Answer(word, point, value, max(bound, best["bound"]) if np.isfinite(bound) else best["bound"], None, interrupted)


def row_ranges(prog: Program) -> tuple[Floats, Floats] | None:
    """Lowest and highest stand of each row's active limit over which its dual holds, program's scale; None unless solved."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("solver", "simplex")
    _pass(solver, prog, np.zeros(prog.whole.size, dtype=np.bool_))
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    status, ranging = solver.getRanging()
    if status != highspy.HighsStatus.kOk:
        return None
    ends = [np.array(r.value_, dtype=np.float64) for r in (ranging.row_bound_dn, ranging.row_bound_up)]
    return np.where(np.abs(ends[0]) > 1e20, -np.inf, ends[0]), np.where(np.abs(ends[1]) > 1e20, np.inf, ends[1])


STOPPED = (
    highspy.HighsModelStatus.kTimeLimit,
    highspy.HighsModelStatus.kInterrupt,
    highspy.HighsModelStatus.kIterationLimit,
    highspy.HighsModelStatus.kSolutionLimit,
    highspy.HighsModelStatus.kObjectiveTarget,
)
