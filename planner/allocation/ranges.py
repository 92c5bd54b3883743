"""How far each limit can move before its price changes, from the ranging of a small linear program around the plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.allocation.borders import no_edges
from planner.allocation.bound import Multipliers
from planner.allocation.highs import row_ranges
from planner.allocation.losses import priced, second_losses
from planner.allocation.model import Model
from planner.allocation.parts import empty_clauses
from planner.allocation.program import program
from planner.allocation.restrict import restrict
from planner.allocation.table import Floats
from planner.core.choice.arrays import Forest

UNITS = 400  # least decided units that the ranging looks at; the others would change later


def price_ranges(model: Model, multipliers: Multipliers, order: Forest | None, pull: Floats) -> tuple[Floats, Floats]:
    """Lowest and highest stand of each row's pressing limit over which its price holds, row's unit; NaN where none presses.

    pull: what borders take off each option's gain, shape (K,). With borders the neighbours are taken as they are.
    """
    s = model.coef.shape[0]
    nothing = np.full(s, np.nan)
    if not (multipliers.rows != 0).any():
        return nothing, nothing
    bare = replace(model, gain=model.gain - pull, edges=no_edges(), clauses=empty_clauses(), separators=())
    at_prices = priced(bare, Multipliers(multipliers.rows), order)
    second = second_losses(bare, at_prices.loss, at_prices.chosen)
    free = np.zeros(bare.size, dtype=np.bool_)
    free[np.argsort(second, kind="stable")[:UNITS]] = True
    core = restrict(bare, at_prices.chosen, free)
    prog = program(core.model)
    found = row_ranges(prog)
    if found is None:
        return nothing, nothing
    rows = slice(prog.first_sum, prog.first_sum + s)
    pressing = multipliers.rows != 0
    above = multipliers.rows > 0
    whole, small = np.where(above, model.hi, model.lo)[pressing], np.where(above, core.model.hi, core.model.lo)[pressing]
    fixed = np.full(s, np.nan)
    fixed[pressing] = whole - small
    low, high = (np.where(pressing, f[rows] * prog.row_scale + fixed, np.nan) for f in found)
    return np.minimum(low, high), np.maximum(low, high)
