"""The compiled passes made ready before the clock runs: a time limit is the user's, not the compiler's."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from planner.allocation.methods import LARGE, LARGE_COMPACT, solve_by_shape
from planner.allocation.model import Model, assemble
from planner.allocation.objective import Objective
from planner.allocation.parts import Below, Borders, Part, Sum
from planner.allocation.search import Method, Settings
from planner.allocation.table import read_options
from planner.timelimit import now

UNITS = 12
SEED = 7  # of a dozen units whose search takes some hundred steps: every pass is used, none for long
WIDE = 0.2  # the gap at which the passes have all been used; a finer one only takes longer


def make_ready(model: Model, method: Method) -> None:
    """Compiles, or loads, the passes that a model of this shape will use."""
    bordered = bool(model.edges.cost.size)
    if method is Method.CORE or model.size >= (LARGE_COMPACT if bordered else LARGE):
        _run_once(bordered, bool(model.child.size))


@cache
def _run_once(bordered: bool, ordered: bool) -> None:
    """Solves a dozen units by the methods for many."""
    rng = np.random.default_rng(SEED)
    rows = [(f"u{i:02d}", t, t, 1.0, float(rng.uniform(1, 9)), 1.0) for i in range(UNITS) for t in ("green", "reservoir")]
    frame = pd.DataFrame(rows, columns=["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny"])
    table = read_options(frame.set_index(["unit_id", "option"]))
    gain = table.values["benefit_cny"] - table.values["cost_cny"]
    green = table.mask("green").astype(np.float64)
    units = np.arange(UNITS, dtype=np.int64)
    weight = np.ones((3, 3)) - np.eye(3)
    part = Part(
        sums=(Sum("green", "mu", green, lo=2.0, hi=5.0), Sum("all", "yuan", gain, hi=30.0)),
        below=Below(units[1:], units[:-1], table.mask("reservoir")) if ordered else None,
        borders=Borders(units[1:], units[:-1], np.full(UNITS - 1, 0.5), table.target, weight) if bordered else None,
    )
    model = assemble(table, (part,), Objective("ready", "yuan", gain, 1.0, 1.0))
    solve_by_shape(model, Settings(WIDE, now(), 600.0, 0, None, Method.CORE), None, None)
