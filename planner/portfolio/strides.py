"""A schedule of a very wide programme from its relaxation: the largest projects settled first, a quarter of them at a time."""

from __future__ import annotations

import time

import numpy as np

from planner.allocation.highs import Answer
from planner.portfolio.model import Model
from planner.portfolio.programme import Floats
from planner.portfolio.rows import ask

STRIDE = 0.25  # share of the projects not settled yet that are settled at once, the largest first
FEWEST = 20  # of them at least
SURE = 0.98  # of one way from which a project is settled however small it is
STEPS = 40  # relaxations at most
NODES = 1000  # of the search over what is left at its end
NARROW = 0.5  # share of projects settled from which the simplex method is the faster one


def strides(model: Model, point: Floats, *, until: float) -> Answer | None:
    """A schedule near a point of the relaxation, its money and earth the best for it; None where none is found by then.

    A project is done in the way it has most of, or left out where it is done by less than a half; where that cannot be, half
    as many are settled at once.
    """
    made, cols = model.made, model.made.columns
    count, projects = len(cols), len(made.projects)
    share = STRIDE
    must = model.program.lo[:projects] > 0.5  # the first rows: what each project does
    allowed, settled, x = np.ones(count, dtype=np.bool_), np.zeros(projects, dtype=np.bool_), point[:count]
    for _ in range(STEPS):
        left = np.flatnonzero(~settled)
        if not len(left) or time.monotonic() > until:
            break
        now = np.zeros(projects, dtype=np.bool_)
        fewest = FEWEST if share == STRIDE else 1
        now[left[np.argsort(-model.size[left], kind="stable")][: max(round(share * len(left)), fewest)]] = True
        now[cols.project[(x > SURE) & ~settled[cols.project]]] = True
        tried = allowed.copy()
        for i in np.flatnonzero(now).tolist():
            mine = model.of(i)
            way = mine[np.argmax(np.where(allowed[mine], x[mine], -1.0))]
            tried[mine] = False
            tried[way] = must[i] or x[mine].sum() > 0.5
        method = "choose" if (settled | now).mean() > NARROW else "ipm"
        answer = ask(model.among(tried), relaxed=True, method=method, seconds=max(until - time.monotonic(), 0.5))
        if answer.point is None:
            if share < 1e-3:
                return None
            share /= 2
            continue
        allowed, settled, x = tried, settled | now, answer.point[:count]
    found = ask(model.among(allowed), gap=made.general.gap / 10, nodes=NODES, seconds=max(until - time.monotonic(), 0.5))
    return None if found.point is None else found
