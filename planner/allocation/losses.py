"""What each option would cost at given prices if it were forced: the ground for fixing, for the core, for next-best options."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.allocation.bound import Multipliers, reduced_values
from planner.allocation.model import Model
from planner.allocation.table import Floats, Ints
from planner.core.choice.arrays import Forest
from planner.core.choice.assignment import best_options, forest_best, least_losses


@dataclass(frozen=True, eq=False)
class Priced:
    """The best choice at given prices (N,), and what each option loses against it (K,), inf where not allowed."""

    chosen: Ints
    loss: Floats


def priced(model: Model, multipliers: Multipliers, order: Forest | None) -> Priced:
    """The choice that is best when the coupling rows are priced instead of kept, and every option's loss."""
    value = reduced_values(model, multipliers)
    if order is None:
        best, chosen = best_options(model.start, value, model.allowed)
        loss = np.where(model.allowed, best[model.unit] - value, np.inf)
        return Priced(chosen, loss)
    _, chosen, into, out = forest_best(model.start, value, model.allowed, order)
    loss = least_losses(model.start, value, model.allowed, order, into, out)
    return Priced(chosen, loss)


def second_losses(model: Model, loss: Floats, chosen: Ints) -> Floats:
    """Per unit the least loss among the options that are not chosen, inf where there is no other; shape (N,)."""
    others = loss.copy()
    others[chosen] = np.inf
    return np.asarray(np.minimum.reduceat(others, model.start[:-1]))
