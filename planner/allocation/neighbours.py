"""Who touches whom, by unit: the borders of a model as compressed rows for the compiled passes."""

from __future__ import annotations

import numpy as np

from planner.allocation.model import Model
from planner.core.choice.arrays import Forest, Near, Waters


def neighbours(model: Model) -> Near:
    """The borders of each unit."""
    a, b, cost, layer = model.edges
    e = cost.size
    unit = np.r_[a, b]
    by_unit = np.argsort(unit, kind="stable")
    return Near(
        start=np.r_[0, np.cumsum(np.bincount(unit, minlength=model.size))].astype(np.int64),
        edge=np.tile(np.arange(e, dtype=np.int32), 2)[by_unit],
        other=np.r_[b, a][by_unit].astype(np.int32),
        sign=np.repeat([1.0, -1.0], e)[by_unit],
        cost=np.tile(cost, 2)[by_unit],
        layer=np.tile(layer, 2)[by_unit],
    )


def waters(model: Model, order: Forest | None) -> Waters:
    """The order of a model; nothing inside and no parents where there is none."""
    if order is None:
        nobody = np.full(model.size, -1, dtype=np.int64)
        empty = np.empty(0, dtype=np.int32)
        return Waters(np.zeros(model.gain.size, dtype=np.bool_), nobody, np.zeros(model.size + 1, dtype=np.int64), empty)
    child = np.flatnonzero(order.parent >= 0)
    by_parent = child[np.argsort(order.parent[child], kind="stable")]
    count = np.bincount(order.parent[child], minlength=model.size)
    return Waters(order.inside, order.parent, np.r_[0, np.cumsum(count)].astype(np.int64), by_parent.astype(np.int32))
