"""A first flow of the transport problem: the north-west corner rule within groups."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@njit(cache=True)
def corner_flow(ways: Ints, supply: Ints, of_source: Ints, demand: Ints, of_sink: Ints) -> Ints:
    """Shares out the ways between groups among their members, in the members' order; ways that form a forest stay one.

    ways: (m, 3) group of sources, group of sinks, amount. supply, demand: of the members, sorted by group: of_source and
    of_sink, (groups + 1,), say where each group's begin. Returns (k, 3) source, sink, amount. Source: north-west corner rule.
    """
    source, sink = of_source[:-1].copy(), of_sink[:-1].copy()
    have, want = supply.copy(), demand.copy()
    found = np.empty((len(supply) + len(demand) + len(ways), 3), dtype=np.int64)
    used = 0
    for way in range(len(ways)):
        g, h, left = ways[way]
        while left > 0:
            i, j = source[g], sink[h]
            amount = min(left, have[i], want[j])
            if amount > 0:
                found[used, 0], found[used, 1], found[used, 2] = i, j, amount
                used += 1
            left, have[i], want[j] = left - amount, have[i] - amount, want[j] - amount
            source[g] += 1 if have[i] == 0 and i + 1 < of_source[g + 1] else 0
            sink[h] += 1 if want[j] == 0 and j + 1 < of_sink[h + 1] else 0
    return found[:used]
