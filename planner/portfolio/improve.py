"""Better schedules from a good one: most projects stay as they are, those of a few years or of one place are chosen anew."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from planner.portfolio.model import Model
from planner.portfolio.programme import Floats
from planner.portfolio.rows import ask
from planner.portfolio.tree import Grown

STEPS = 60  # neighbourhoods that are looked at, or one a project
PATIENCE = 16  # of them without a better schedule, or one for every ten projects
FREE = 22  # projects chosen anew at once
NODES = 200  # of one of them


def improved(model: Model, known: Grown, *, until: float, reduced: Floats) -> Grown:
    """What is known, its point made better by large neighbourhoods until it is within the gap of the bound, or it is late.

    reduced: what each column would lose, (J,).
    """
    point, value = known.point, known.value
    assert point is not None
    cols, made = model.made.columns, model.made
    count = len(cols)
    idle, chance = 0, np.random.default_rng(made.general.seed)
    loss = np.full(len(made.projects), -np.inf)
    np.maximum.at(loss, cols.project, reduced)
    places = np.array([made.places.get(p.id, (np.nan, np.nan)) for p in made.projects], dtype=np.float64)
    most, patience = max(STEPS, len(made.projects)), max(PATIENCE, len(made.projects) // 10)
    for step in range(most):
        close = known.bound - value <= made.general.gap * abs(value)
        if close or idle >= patience or time.monotonic() > until:
            break
        chosen = np.flatnonzero(point[:count] > 0.5)
        free = _years(model, chosen, loss, chance) if step % 3 else _near(model, chosen, loss, places, chance)
        kept = point[:count] > 0.5
        near = model.among(np.where(free[cols.project], known.allowed | kept, kept))
        left = max(until - time.monotonic(), 0.1)
        found = ask(near, gap=2e-5, nodes=NODES, seconds=left, start=point, seed=made.general.seed)
        better = found.point is not None and -found.value > value + 1e-6 * abs(value)
        idle = 0 if better else idle + 1
        if better:
            assert found.point is not None
            point, value = found.point, -found.value
    return replace(known, point=point, value=value)


def _years(model: Model, chosen: np.ndarray, loss: Floats, rng: np.random.Generator) -> np.ndarray:
    """Projects that start in a few years, and some that were left out at little loss."""
    cols = model.made.columns
    free = np.zeros(len(model.made.projects), dtype=np.bool_)
    for year in rng.permutation(model.made.years):
        mine = cols.project[chosen[cols.start[chosen] == year]]
        if free.any() and free.sum() + len(mine) > FREE:
            break
        free[mine] = True
    return _with_left_out(free, cols.project[chosen], loss, rng)


def _near(model: Model, chosen: np.ndarray, loss: Floats, places: Floats, rng: np.random.Generator) -> np.ndarray:
    """Projects around one of them; by chance where no places are known."""
    count = len(model.made.projects)
    free = np.zeros(count, dtype=np.bool_)
    middle = int(rng.integers(count))
    far = np.hypot(*(places - places[middle]).T)
    order = np.argsort(np.where(np.isfinite(far), far, rng.random(count) * 1e9), kind="stable")
    free[order[:FREE]] = True
    return _with_left_out(free, model.made.columns.project[chosen], loss, rng)


def _with_left_out(free: np.ndarray, done: np.ndarray, loss: Floats, rng: np.random.Generator) -> np.ndarray:
    """Adds a few projects that were left out, the cheapest to bring in first, with some chance."""
    out = np.setdiff1d(np.arange(len(free)), done)
    if len(out):
        order = out[np.argsort(-loss[out] * rng.uniform(0.5, 1.5, len(out)), kind="stable")]
        free[order[: FREE // 3]] = True
    return free
