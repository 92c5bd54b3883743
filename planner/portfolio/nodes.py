"""Parts of all schedules, each a linear program begun where the one it is a part of ended. Bounds are by prices
(`rows.proven`), not by a tolerance."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from planner.allocation.highs import Answer, Relaxations, Solved
from planner.portfolio.model import Model
from planner.portfolio.programme import Floats
from planner.portfolio.questions import undecided
from planner.portfolio.rows import proven

Bools = np.ndarray


@dataclass(frozen=True, eq=False)
class Node:
    """Part of all schedules. allowed: columns, (J,). done: projects that must be, (N,). bound: on the objective of any.

    point: of the relaxation, (width,). reduced: what the bound would lose by each column, (J,). basis: the solver's.
    """

    allowed: Bools
    done: Bools
    bound: float
    point: Floats
    reduced: Floats
    basis: Any

    def __lt__(self, other: Node) -> bool:
        return self.bound > other.bound

    def open(self, value: float) -> Bools:
        """Columns with which something better than a value may be found in it, (J,)."""
        return np.asarray(self.allowed & (self.bound + np.minimum(self.reduced, 0.0) >= value))

    @property
    def undecided(self) -> np.ndarray:
        """Its columns that are neither taken nor left, ascending."""
        return undecided(self.point[: len(self.allowed)])


@dataclass(eq=False)
class Nodes:
    """Solves nodes of one model and remembers the best point of all. until: when it must end; stop: set from outside to end it.

    asked: programs solved; work: steps of the simplex method in them. over: it had to end; what it gives then is not an answer.
    """

    model: Model
    until: float
    point: Floats | None = None
    value: float = -np.inf
    stop: threading.Event = field(default_factory=threading.Event)
    asked: int = 0
    work: int = 0
    over: bool = False

    def __post_init__(self) -> None:
        self.program = self.model.program
        self.solver = Relaxations(self.program)
        self.count, self.projects = len(self.model.made.columns), len(self.model.made.projects)
        self.least = self.program.lo[: self.projects]  # the first rows: what each project does

    @property
    def late(self) -> bool:
        """Whether no other node may be asked."""
        return self.over or self.stop.is_set() or time.monotonic() > self.until

    def better(self, point: Floats | None, value: float) -> None:
        """A point found elsewhere."""
        if value > self.value:
            self.point, self.value = point, value

    def node(self, allowed: Bools, done: Bools, basis: Any, above: float) -> Node | None:
        """The node of some columns and projects, better points remembered; None where nothing better is in it."""
        answer, basis = self._relaxed(allowed, done, basis)
        if answer.status is Solved.STOPPED or answer.status is Solved.FAILED:
            self.over = True  # whatever point it had then keeps no limit
            return None
        if answer.point is None or answer.duals is None:
            return None
        most = self.model.most.copy()
        most[: self.count] = allowed
        lo = self.program.lo.copy()
        lo[: self.projects] = done
        least, of_columns = proven(self.program, answer.duals, most, lo)
        scale = self.program.scale
        found = Node(allowed, done, min(-least * scale, above), answer.point, -of_columns[: self.count] * scale, basis)
        if not len(found.undecided):
            self.better(answer.point, -answer.value * scale)
        return found if found.bound > self.value else None

    def _relaxed(self, allowed: Bools, done: Bools, basis: Any) -> tuple[Answer, Any]:
        self.asked += 1
        lo = np.where(done, 1.0, self.least)
        left = self.until - time.monotonic()
        answer, basis = self.solver.solve(allowed.astype(np.float64), lo, basis=basis, seconds=left)
        self.work += answer.work
        return answer, basis
