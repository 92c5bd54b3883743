"""A corner of the relaxation to round from, where prices alone leave most units undecided.

Where benefits grow with costs, at the right prices nearly all options are worth the same: the best of them miss every limit,
and single moves do not mend that. A corner of the relaxation keeps the limits and splits about as many units as there are rows.
Source: basic solutions of multiple-choice knapsacks, Sinha & Zoltners 1979.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.allocation.highs import solve_program
from planner.allocation.model import Model
from planner.allocation.program import program
from planner.allocation.restrict import restrict
from planner.allocation.search import Settings
from planner.allocation.table import Bools, Floats, Ints
from planner.core.choice.assignment import best_options

WHOLE = 1e-6  # share of an option below which, or within which of 1, a unit is not split


class Vertex(NamedTuple):
    """chosen (N,): the option of each unit with the largest share; split (N,): the units that the corner divides."""

    chosen: Ints
    split: Bools


def vertex(model: Model, around: Ints, free: Bools, settings: Settings) -> Vertex | None:
    """The relaxation's corner over the units free (N,), the others as in `around` (N,); None where it is empty."""
    core = restrict(model, around, free)
    prog = program(core.model)
    answer = solve_program(
        prog, relaxed=True, seconds=settings.seconds_left, seed=settings.seed, method="simplex", stop=settings.stop
    )
    if answer.point is None:
        return None
    corner = nearest(core.model, answer.point)
    split = np.zeros(model.size, dtype=np.bool_)
    split[core.units[corner.split]] = True
    return Vertex(core.whole_choice(around, corner.chosen), split)


def nearest(model: Model, point: Floats) -> Vertex:
    """The whole choice nearest to a point of the relaxation, its shares first."""
    share = np.where(model.allowed, point[: model.gain.size], -1.0)
    most, chosen = best_options(model.start, share, model.allowed)
    return Vertex(chosen, most < 1.0 - WHOLE)
