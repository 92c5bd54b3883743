"""A few units far larger than all others: which way they go is decided by branch and bound, all others in shares beside them.

What a relaxation gains by splitting one of them is more than thousands of small ones differ by, so that prices neither prove
the gap nor lead to a plan. Whole in the few, in shares in the rest, the problem is still no less than any plan.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from planner.allocation.highs import solve_program
from planner.allocation.model import Model, spreads
from planner.allocation.program import program
from planner.allocation.search import Settings
from planner.allocation.table import Bools, Ints
from planner.allocation.vertex import nearest

FAR: Final = (
    10.0  # times as far as on average that a huge unit's options lie apart; set by hand, 40 to 400 in the world it was made for
)
FEW: Final = 100  # most units of that kind
NODES: Final = 2_000  # most nodes of their search; 20 among 5 000 units: 22 CPU s
LARGEST: Final = 20_000  # units up to which the linear programs of the search are solved
PART: Final = 0.1  # of the gap asked for that the search may leave


def huge_units(model: Model) -> Bools:
    """The few units (N,) whose options lie far further apart in gain than others' do; none where they are many, or all units
    too many for the linear programs."""
    apart = spreads(model)
    huge = apart > FAR * float(np.mean(apart))
    return np.asarray(huge & (huge.sum() <= FEW) & (model.size <= LARGEST))


def decided(model: Model, huge: Bools, settings: Settings) -> tuple[float, Ints | None]:
    """The bound where the units huge (N,) are whole and others in shares, and the whole choice nearest to its point, None where
    there is none. Other rules of wholeness than options' are shares too."""
    prog = program(model)
    whole = np.zeros_like(prog.whole)
    whole[: model.gain.size] = huge[model.unit]
    answer = solve_program(
        replace(prog, whole=whole),
        gap=PART * settings.gap,
        seconds=settings.seconds_left,
        nodes=NODES,
        seed=settings.seed,
        stop=settings.stop,
    )
    chosen = None if answer.point is None else nearest(model, answer.point).chosen
    return -answer.bound * prog.scale, chosen
