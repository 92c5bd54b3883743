"""A mixed-integer program written row by row, and the one door to the solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from planner.allocation.highs import Answer, solve_surely
from planner.allocation.program import Program
from planner.portfolio.programme import Floats, Ints


@dataclass
class Rows:
    """Rows lo ≤ a·v ≤ hi under construction, each block under a name."""

    width: int
    at: list[Ints] = field(default_factory=list)
    columns: list[Ints] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)
    lo: list[float] = field(default_factory=list)
    hi: list[float] = field(default_factory=list)
    blocks: dict[str, slice] = field(default_factory=dict)

    def add(self, columns: ArrayLike, values: ArrayLike, lo: float, hi: float) -> None:
        """One row; a column named twice counts twice."""
        cols = np.asarray(columns, dtype=np.int64)
        self.at.append(np.full(len(cols), len(self.lo)))
        self.columns.append(cols)
        self.values.append(np.broadcast_to(np.asarray(values, dtype=np.float64), cols.shape))
        self.lo.append(lo)
        self.hi.append(hi)

    def block(self, name: str, write: Callable[[], None]) -> None:
        """The rows that a function adds, remembered under a name."""
        begin = len(self.lo)
        write()
        self.blocks[name] = slice(begin, len(self.lo))

    def matrix(self) -> sparse.csr_array:
        """All rows as a sparse matrix, (rows, width)."""
        none = np.empty(0, dtype=np.int64)
        place = (np.concatenate([none, *self.at]), np.concatenate([none, *self.columns]))
        values = np.concatenate([np.empty(0), *self.values])
        return sparse.csr_array(sparse.coo_array((values, place), shape=(len(self.lo), self.width)))


def ask(program: Program, **settings: Any) -> Answer:
    """The solver's answer with values, bound and duals in the programme's own units (of the minimised objective)."""
    found = solve_surely(program, **settings)
    duals = None if found.duals is None else found.duals * program.scale
    value, bound = found.value * program.scale, found.bound * program.scale
    return replace(found, value=value, bound=bound, duals=duals)


def as_program(rows: Rows, cost: Floats, lower: Floats, upper: Floats, whole: np.ndarray) -> Program:
    """Rows and columns as the solver's door takes them; the objective scaled by a power of two near its size."""
    used = np.abs(cost[cost != 0])
    scale = float(2.0 ** np.round(np.log2(np.median(used)))) if len(used) else 1.0
    none = np.empty(0, dtype=np.int64)
    return Program(
        cost=cost / scale,
        lower=lower,
        upper=upper,
        matrix=rows.matrix(),
        lo=np.array(rows.lo),
        hi=np.array(rows.hi),
        whole=whole,
        scale=scale,
        helper=np.empty(0),
        row_scale=np.empty(0),
        options=int(whole.sum()),
        first_sum=0,
        border_variables=(none, none),
        known=len(cost),
    )


def proven(program: Program, duals: Floats, most: Floats, lo: Floats) -> tuple[float, Floats]:
    """What no point falls below by the rows' prices, whatever they are (Lagrange), and what a unit of each column adds.

    Program, duals and answer are in the solver's scale. most: the highest each column can be, (width,). lo: of the rows.
    Exact but for the rounding of a sum: no tolerance of the solver is in it. Prices of limits that are not there count as 0.
    """
    prices = np.where((duals > 0) & ~np.isfinite(lo) | (duals < 0) & ~np.isfinite(program.hi), 0.0, duals)
    of_columns = program.cost - program.matrix.T @ prices
    sides = np.where(prices > 0, lo, np.where(prices < 0, program.hi, 0.0))
    with np.errstate(invalid="ignore"):
        least = np.where(of_columns > 0, program.lower, np.where(of_columns < 0, most, 0.0))
        return float((prices * sides).sum() + (of_columns * least).sum()), of_columns
