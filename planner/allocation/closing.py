"""What the iteration leaves open is closed by core programs; where earth is carried, with earth at what it is worth there."""

from __future__ import annotations

from dataclasses import replace

from planner.allocation.bound import Multipliers
from planner.allocation.core_search import close_gap
from planner.allocation.model import Model, at_worth, settle
from planner.allocation.search import Best, Found, Outcome, Settings, relative_gap
from planner.allocation.table import Floats, Ints
from planner.core.choice.arrays import Forest

ROUNDS = 4  # most times that the haul of the plan found is put back into the prices of earth and the room for it
OWN = 0.25  # what a plan's own worth of earth counts in the next round
LOOSE = 1e-3  # gap at prices at which a plan is enough: any that keeps the limits is wanted here


def close_hauled(
    model: Model, settings: Settings, order: Forest | None, multipliers: Multipliers, *, found: Found, base: Ints
) -> Found:
    """A plan where moves led to none, with earth at a worth in place of the haul.

    Such a program sees less haul than there is: what it misses is kept free in the limits that count it, from round to round.
    The bound is the one found before: nothing is proven here. base (N,): the choice to begin at.
    """
    assert model.carriage is not None and multipliers.earth is not None
    carriage, worth, best = model.carriage, multipliers.earth, Best()
    around, interrupted, loose = base, False, replace(settings, gap=max(settings.gap, LOOSE))
    short = _missing(model, worth, around)
    for _ in range(ROUNDS):
        if best.chosen is not None or interrupted or settings.seconds_left <= 0:
            break
        priced = at_worth(model, worth)
        priced = replace(priced, hi=priced.hi - carriage.money * short)
        here = settle(priced, around)
        begin = Best(here.objective, around) if here.feasible else Best()
        bound = max(found.bound, begin.value)
        core = close_gap(priced, loose, order, multipliers, bound=bound, best=begin, method="", base=around)
        if core is None or core.chosen is None:
            short *= 0.5
            continue
        around, interrupted = core.chosen, core.interrupted
        settled = settle(model, around)
        if settled.feasible and settled.objective > best.value:
            best = Best(settled.objective, around)
        worth = worth + OWN * (carriage.of(around).worth - worth)
        short = _missing(model, worth, around)
        if settings.progress is not None:
            settings.progress(found.bound, best.value, relative_gap(best.value, found.bound))
    outcome = Outcome.NOTHING if best.chosen is None else Outcome.FOUND
    return replace(
        found, outcome=outcome, chosen=best.chosen, interrupted=interrupted, method=f"{found.method} + core at prices of earth"
    )


def _missing(model: Model, worth: Floats, chosen: Ints) -> float:
    """What a choice's haul costs beyond what earth at a worth counts of it, yuan."""
    assert model.carriage is not None
    return max(model.carriage.unseen(worth, chosen), 0.0) * (1.0 + 1e-6)
