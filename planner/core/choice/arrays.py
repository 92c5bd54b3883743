"""The arrays that the compiled passes over units, options and borders share."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]


class Options(NamedTuple):
    """Units' options: start (N + 1,), and per option (K,) its gain, whether it is allowed, its kind as far as borders go."""

    start: Ints
    gain: Floats
    allowed: Bools
    kind: Ints


class Edges(NamedTuple):
    """Borders: units a < b, cost, and layer (which rule's kinds and weights count), each (E,)."""

    a: Int32s
    b: Int32s
    cost: Floats
    layer: Int32s


class Near(NamedTuple):
    """Borders by unit: start (N + 1,), and per entry the border, the neighbour, +1 at the border's first unit and −1 at its
    second, its cost and its layer."""

    start: Ints
    edge: Int32s
    other: Int32s
    sign: Floats
    cost: Floats
    layer: Int32s


class Waters(NamedTuple):
    """The order among units: options inside (K,), parent (N,), -1 at roots, children as compressed rows."""

    inside: Bools
    parent: Ints
    child_start: Ints
    children: Int32s


class Forest(NamedTuple):
    """An order among units without circles: options inside (K,), parent (N,), -1 at roots, units with parents first (N,)."""

    inside: Bools
    parent: Ints
    order: Ints


class Terms(NamedTuple):
    """What a border between two kinds costs, written as terms weight·max(x_a,head − x_b,tail, 0).

    pair (L, T, T): cost of kinds side by side, per layer of borders. first (L + 1,): the layer's terms; head, tail (C,): sets
    of kinds; weight (C,). set_first (T + 1,), sets: the sets that each kind is in. set_count: how many sets there are.
    """

    pair: Floats
    first: Ints
    head: Ints
    tail: Ints
    weight: Floats
    set_first: Ints
    sets: Ints
    set_count: int
