"""Who touches whom, by unit: the borders of a model as compressed rows for the compiled passes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.allocation.bound import Forest
from planner.allocation.model import Model
from planner.allocation.table import Bools, Floats, Ints

Int32s = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """start (N + 1,), and per entry the border, the neighbour, +1 at the border's first unit and −1 at its second, its cost."""

    start: Ints
    edge: Int32s
    other: Int32s
    sign: Floats
    cost: Floats


def neighbours(model: Model) -> Neighbours:
    """The borders of each unit."""
    a, b, cost = model.edges.a, model.edges.b, model.edges.cost
    e = cost.size
    unit = np.r_[a, b]
    by_unit = np.argsort(unit, kind="stable")
    return Neighbours(
        start=np.r_[0, np.cumsum(np.bincount(unit, minlength=model.size))].astype(np.int64),
        edge=np.tile(np.arange(e, dtype=np.int32), 2)[by_unit],
        other=np.r_[b, a][by_unit].astype(np.int32),
        sign=np.repeat([1.0, -1.0], e)[by_unit],
        cost=np.tile(cost, 2)[by_unit],
    )


@dataclass(frozen=True, eq=False)
class Waters:
    """The order among units for the compiled passes: options inside (K,), parent (N,), children as compressed rows."""

    inside: Bools
    parent: Ints
    kid_start: Ints
    kids: Int32s


def waters(model: Model, order: Forest | None) -> Waters:
    """The order of a model; nothing inside and no parents where there is none."""
    if order is None:
        nobody = np.full(model.size, -1, dtype=np.int64)
        empty = np.empty(0, dtype=np.int32)
        return Waters(np.zeros(model.gain.size, dtype=np.bool_), nobody, np.zeros(model.size + 1, dtype=np.int64), empty)
    child = np.flatnonzero(order.parent >= 0)
    by_parent = child[np.argsort(order.parent[child], kind="stable")]
    count = np.bincount(order.parent[child], minlength=model.size)
    return Waters(
        model.member[order.group], order.parent, np.r_[0, np.cumsum(count)].astype(np.int64), by_parent.astype(np.int32)
    )
