"""The one door to HiGHS: whole programs as arrays in, a plain answer out, with a guard on time and interruption."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from typing import Any

import highspy
import numpy as np

from planner.allocation.program import Program
from planner.allocation.table import Bools, Floats
from planner.errors import PlannerError
from planner.words import say

Tell = Callable[[float, float], None]  # (bound, best) of the minimised, scaled objective


LEAST_VERSION = (1, 11)  # before it the interrupt and logging callbacks are not there
GRACE_S = 1.0  # how much longer than its limit the solver is waited for, beside 5 % of the limit
LATE_S = 30.0  # how long the end of the program waits for solvers that nobody waited for


class Solved(StrEnum):
    """How the solver ended: with an optimum, a proof that there is none, by a limit, or with no answer at all."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, eq=False)
class Answer:
    """status: how the solver ended; point None where none was found.

    value and bound are of the program's minimised, scaled objective; duals of its rows (linear programs only). work: steps of
    the simplex method that were taken.
    """

    status: Solved
    point: Floats | None
    value: float
    bound: float
    duals: Floats | None
    interrupted: bool = False
    work: int = 0


@cache
def check_version() -> None:
    """Raises PlannerError where the solver installed is too old to be stopped and watched."""
    found = version("highspy")
    if tuple(int(part) for part in found.split(".")[:2]) < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        raise PlannerError(say("allocation.solver_too_old", found=found, least=least))


def _solver() -> Any:
    check_version()
    return highspy.Highs()


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
    nodes: int | None = None,
    presolve: bool = True,
    stop: threading.Event | None = None,
) -> Answer:
    """Solves a program by HiGHS, relaxed or with whole options.

    method: choose, simplex or ipm (without crossover). start: the first columns of a point to begin with. target: an objective
    that is enough. gap, slack: relative and absolute gap at which to stop. nodes: most nodes of the search, so that a search
    that is cut short is cut short at the same place every time. presolve: whether it may be made smaller first. stop: set from
    outside to end it.

    Raises what `tell` raises.
    """
    solver = _solver()
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
    if not presolve:
        options["presolve"] = "off"
    for name, value in options.items():
        solver.setOptionValue(name, value)
    if nodes is not None:
        solver.setOptionValue("mip_max_nodes", int(nodes))
    if target is not None:
        solver.setOptionValue("objective_target", float(target))
    _pass(solver, prog, whole)
    if start is not None and whole.any():
        solver.setSolution(start.size, np.arange(start.size, dtype=np.int32), start)
    watch = _Watch(tell, stop)
    ended = _run(solver, whole, seconds, watch)
    interrupted = isinstance(watch.error, KeyboardInterrupt) or (stop is not None and stop.is_set())
    if isinstance(watch.error, Exception) and not isinstance(watch.error, MemoryError):
        raise watch.error
    if watch.error is not None or not ended:
        word = Solved.STOPPED if watch.error is None or interrupted else Solved.FAILED
        return Answer(word, watch.point, watch.value, -np.inf, None, interrupted)
    return _answer(solver, whole, watch, interrupted)


def solve_surely(prog: Program, *, seconds: float = float("inf"), **how: Any) -> Answer:
    """`solve_program`, once more without presolve where it finds nothing: presolve has called possible programs impossible
    (1.15.1), and no refusal rests on it alone."""
    began = time.monotonic()
    answer = solve_program(prog, seconds=seconds, **how)
    if answer.interrupted or answer.status not in (Solved.INFEASIBLE, Solved.FAILED):
        return answer
    return solve_program(prog, seconds=seconds - (time.monotonic() - began), presolve=False, **how)


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
        raise PlannerError(say("allocation.refused_program", columns=columns, rows=rows))


class _Watch:
    """What the solver told while it ran, in its own thread: what goes wrong there ends the run without an answer."""

    def __init__(self, tell: Tell | None, stop: threading.Event | None) -> None:
        self.tell, self.asked = tell, stop
        self.point: Floats | None = None
        self.value, self.bound = np.inf, -np.inf
        self.error: BaseException | None = None
        self.over, self.done = threading.Event(), threading.Event()

    @property
    def stopping(self) -> bool:
        return self.over.is_set() or self.error is not None or (self.asked is not None and self.asked.is_set())

    def improved(self, event: Any) -> None:
        with self._guarded():
            self.point = np.array(event.data_out.mip_solution, dtype=np.float64)
            self.value = float(event.data_out.objective_function_value)

    def logged(self, event: Any) -> None:
        with self._guarded():
            self.bound = max(self.bound, float(event.data_out.mip_dual_bound))
            if self.tell is not None:
                self.tell(self.bound, self.value)

    def asked_to_stop(self, event: Any) -> None:
        if self.stopping:
            event.interrupt()

    def work(self, solver: Any) -> bool:
        """Runs a solver that this listens to. Returns whether it came to an end."""
        with self._guarded():
            solver.run()
        self.done.set()
        return True

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:  # an exception must not travel through the solver's own frames
            self.error = self.error or error


def _run(solver: Any, whole: Bools, seconds: float, watch: _Watch) -> bool:
    """Runs in a thread so that Ctrl-C and the time limit reach the solver. Returns whether it came to an end by itself."""
    if whole.any():
        solver.cbMipImprovingSolution += watch.improved
        solver.cbMipLogging += watch.logged
    for callback in (solver.cbMipInterrupt, solver.cbSimplexInterrupt, solver.cbIpmInterrupt):
        callback.subscribe(watch.asked_to_stop)
    return _wait(solver, seconds, watch)


def _wait(solver: Any, seconds: float, watch: _Watch) -> bool:
    """Runs a solver that a watch listens to. Returns whether it came to an end by itself."""
    deadline = time.monotonic() + seconds
    worker = threading.Thread(target=watch.work, args=(solver,), daemon=True)
    worker.start()
    while not watch.done.wait(0.1):
        if watch.asked is not None and watch.asked.is_set():
            deadline, seconds = min(deadline, time.monotonic()), 0.0
        late = time.monotonic() - deadline
        if late > 0:
            watch.over.set()
        if late > GRACE_S + 0.05 * seconds:
            _late.append(worker)
            return False  # it hears nothing (presolve, a long factorisation): it ends in its own time, nobody waits for it
    return True


_late: list[threading.Thread] = []


@atexit.register
def _let_end() -> None:
    """Waits for solvers that hear nothing: an interpreter that ends under them ends in an abort, whatever it had written."""
    end = time.monotonic() + LATE_S
    for worker in _late:
        worker.join(max(end - time.monotonic(), 0.0))


def _answer(solver: Any, whole: Bools, watch: _Watch, interrupted: bool) -> Answer:
    status = solver.getModelStatus()
    info = solver.getInfo()
    kinds = highspy.HighsModelStatus
    work = max(int(info.simplex_iteration_count), 0)
    if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
        return Answer(Solved.INFEASIBLE, None, np.inf, np.inf, None, interrupted, work)
    solution = solver.getSolution()
    point = np.array(solution.col_value, dtype=np.float64) if solution.value_valid else watch.point
    word = Solved.OPTIMAL if status == kinds.kOptimal else Solved.STOPPED if status in STOPPED else Solved.FAILED
    if not whole.any():
        duals = np.array(solution.row_dual, dtype=np.float64) if solution.dual_valid else None
        value = float(info.objective_function_value) if solution.value_valid else np.inf
        return Answer(word, point, value, value if word is Solved.OPTIMAL else -np.inf, duals, interrupted, work)
    bound = float(info.mip_dual_bound)
    value = float(info.objective_function_value) if point is not None and solution.value_valid else watch.value
    least = max(bound, watch.bound) if np.isfinite(bound) else watch.bound
    return Answer(word, point, value, least, None, interrupted, work)


class Relaxations:
    """Linear relaxations of one program within other limits, each begun from the basis of one before: milliseconds each.

    watched: whether time and Ctrl-C reach the solver; programs of a few rows are done before a thread for it has started.
    """

    def __init__(self, prog: Program, *, watched: bool = True) -> None:
        self.prog, self.solver, self.watched = prog, _solver(), watched
        for name, value in {"output_flag": False, "threads": 1, "solver": "simplex"}.items():
            self.solver.setOptionValue(name, value)
        _pass(self.solver, prog, np.zeros(prog.whole.size, dtype=np.bool_))
        self.watch = _Watch(None, None)  # asked by nobody: a callback at every step of ours would take a thirtieth of the time

    def solve(
        self, upper: Floats, lo: Floats, hi: Floats | None = None, *, basis: Any, seconds: float = float("inf")
    ) -> tuple[Answer, Any]:
        """The answer within limits of the first columns and rows, and its basis. upper: of the first columns, (n,). lo, hi:
        of the first rows, (m,). After one that was stopped (by time, or Ctrl-C, which is raised) no other may be asked.
        """
        columns, rows = upper.size, lo.size
        first = np.arange(columns, dtype=np.int32), np.arange(rows, dtype=np.int32)
        self.solver.changeColsBounds(columns, first[0], self.prog.lower[:columns], upper)
        self.solver.changeRowsBounds(rows, first[1], lo, self.prog.hi[:rows] if hi is None else hi)
        found = self._run(basis, seconds)
        if found.status is Solved.FAILED:  # a basis it cannot go on from: anew
            found = self._run(None, seconds)
        return found, None if found.point is None else self.solver.getBasis()

    def _run(self, basis: Any, seconds: float) -> Answer:
        if basis is None:
            self.solver.clearSolver()
        else:
            self.solver.setBasis(basis)
        self.solver.setOptionValue("time_limit", float(self.solver.getRunTime()) + max(seconds, 0.01))
        self.watch.done.clear()
        ended = _wait(self.solver, seconds, self.watch) if self.watched else self.watch.work(self.solver)
        if self.watch.error is not None:
            raise self.watch.error
        if not ended:
            return Answer(Solved.STOPPED, None, np.inf, -np.inf, None)
        return _answer(self.solver, np.zeros(1, dtype=np.bool_), self.watch, interrupted=False)


def row_ranges(prog: Program) -> tuple[Floats, Floats] | None:
    """Lowest and highest stand of each row's active limit over which its dual holds, program's scale; None unless solved."""
    solver = _solver()
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
