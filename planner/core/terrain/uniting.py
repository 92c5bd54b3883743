"""Catchments of a whole terrain united as water rises: hollows deep enough, and the level at which each one's water leaves.

What `joining` does for bands, without a node for every catchment and every meeting of shallow ones: a hollow that is not as
deep as asked holds none that is, so until then it is part of what it meets, as one without depth is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.terrain.catchments import Catchments
from planner.core.terrain.joining import OUTSIDE, Forest, Nest, added, find, forest_of, nest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int32]


class Union(NamedTuple):
    """What catchments 1…k are part of, 0 the outside, (k + 1,) each; of those that stand for a union what it is now.

    above: union–find. into: what each was united with, itself until then. first: the first hollow it was part of, 0 for none
    until it was united. now: the hollow it is, 0 where it is none yet. low: its lowest cell, the first of equals. level: m, of
    that cell; of what met the outside the level at which it did.
    """

    above: Labels
    into: Labels
    first: Labels
    now: Labels
    low: Labels
    level: Floats


def united(ground: NDArray[Any], found: Catchments, min_depth: float) -> tuple[Nest, Floats]:
    """The hollows of at least min_depth, m, of a terrain (rows, cols), and the level at which water leaves each catchment.

    Their number is by catchment + 1, the level too, m, (k + 1,), −inf for the outside. Hollows without any depth are none.
    """
    every = np.arange(len(found.pit) + 1, dtype=np.int32)
    low = np.concatenate(([0], found.pit)).astype(np.int32)
    union = Union(every, every.copy(), np.zeros_like(every), np.zeros_like(every), low, ground.ravel()[low].astype(np.float64))
    union.level[OUTSIDE] = -np.inf
    records, count = _unite(found, union, min_depth, forest_of(np.empty(1 << 10, dtype=np.int64), np.empty(1 << 10)))
    leaf = records.born[1:count] == records.pit_level[1:count]  # what came of a join begins above its pit
    leaves = 1 + np.flatnonzero(leaf)
    order = np.concatenate(([0], leaves[np.argsort(records.pit[leaves], kind="stable")], 1 + np.flatnonzero(~leaf)))
    place = np.empty(count, dtype=np.int32)
    place[order] = np.arange(count, dtype=np.int32)
    taken = records.taken[order]
    sorted_out: Any = [part[order] for part in records]
    forest = Forest(*sorted_out)._replace(
        parent=place[records.parent[order]], taken=np.where(taken > 0, place[taken - 1] + 1, 0).astype(np.int32)
    )
    hollows = nest(forest, count, np.zeros(0, dtype=np.bool_))
    _resolve(union)
    return hollows._replace(number=hollows.number[place[union.first]]), union.level


@njit(cache=True, nogil=True)
def _unite(found: Catchments, u: Union, min_depth: float, f: Forest) -> tuple[Forest, int]:
    """Unites all that meets; the hollows, of which the first is the outside, and how many with it."""
    count = 1
    met = np.empty(4, dtype=np.int64)
    for q in range(len(found.joins)):
        number, leaves = 0, found.leaves[q]
        for side in found.sides[q]:
            if side < 0:
                break
            root = find(u.above, side + 1)
            if root == OUTSIDE:
                leaves = True
            else:
                number += added(met, number, root)
        if number + (1 if leaves else 0) > 1:
            if count + 8 > len(f.pit):
                f = _roomier(f)
            count = _meet(u, f, met, number, leaves, found.joins[q], np.float64(found.level[q]), min_depth, count)
    return f, count


@njit(cache=True, nogil=True)
def _roomier(f: Forest) -> Forest:
    return Forest(
        np.concatenate((f.parent, np.zeros_like(f.parent))),
        np.concatenate((f.pit, np.zeros_like(f.pit))),
        np.concatenate((f.spill, np.zeros_like(f.spill))),
        np.concatenate((f.pit_level, np.zeros_like(f.pit_level))),
        np.concatenate((f.spill_level, np.zeros_like(f.spill_level))),
        np.concatenate((f.born, np.zeros_like(f.born))),
        np.concatenate((f.taken, np.zeros_like(f.taken))),
        np.concatenate((f.firm, np.zeros_like(f.firm))),
        np.concatenate((f.above, np.zeros_like(f.above))),
    )


@njit(cache=True, nogil=True)
def _meet(
    u: Union, f: Forest, met: Ints, number: int, leaves: bool, cell: int, level: float, min_depth: float, count: int
) -> int:
    """Unites the first `number` of met at a cell, with the outside where water leaves; how many hollows there are then.

    As `joining.meet`: what was there below the level and is deep enough ends where it meets more, in one new hollow; hollows
    that began at this very level go on as one.
    """
    deep = ends = made = into = 0
    for q in range(number):
        root = met[q]
        now = u.now[root]
        if now > 0 and f.born[now] == level:
            made, into = made + 1, max(into, now)
        elif u.level[root] < level:
            deep += 1
            ends += 1 if now > 0 or level - u.level[root] >= min_depth else 0
    ending = ends > 0 and (leaves or deep + made > 1)
    for q in range(number if ending else 0):
        root = met[q]
        if u.now[root] == 0 and u.level[root] < level and level - u.level[root] >= min_depth:
            f.pit[count], f.pit_level[count], f.born[count] = u.low[root], u.level[root], u.level[root]
            u.now[root] = u.first[root] = count
            count += 1
    if leaves:
        into = OUTSIDE
    elif ending:
        into, f.born[count] = count, level
        count += 1
    elif ends > 0:
        for q in range(number):  # one alone goes on with what has no depth
            into = max(into, u.now[met[q]])
    for q in range(number):
        now = u.now[met[q]]
        if now > 0 and now != into and f.born[now] == level:
            f.taken[now] = into + 1
        elif now > 0 and now != into:
            f.parent[now], f.spill[now], f.spill_level[now] = into, cell, level
    holder = OUTSIDE if leaves else met[0]
    for q in range(number):
        root = met[q]
        u.first[root] = into if u.first[root] == 0 else u.first[root]
        if root == holder:
            continue
        u.above[root] = u.into[root] = holder
        if leaves:
            u.level[root] = level
        elif u.level[root] < u.level[holder] or (u.level[root] == u.level[holder] and u.low[root] < u.low[holder]):
            u.level[holder], u.low[holder] = u.level[root], u.low[root]
    if into != OUTSIDE:
        f.pit[into], f.pit_level[into] = u.low[holder], u.level[holder]
    if not leaves:
        u.now[holder] = into
    return count


@njit(cache=True, nogil=True)
def _resolve(u: Union) -> None:
    """Gives every catchment the first hollow of what it was united with, and the level at which that met the outside."""
    for c in range(1, len(u.into)):
        u.above[c] = c if u.into[c] == OUTSIDE else u.into[c]
        end = c
        while u.first[end] == 0 and u.into[end] != OUTSIDE and u.into[end] != end:
            end = u.into[end]
        known = u.first[end] if u.first[end] != 0 else -1
        at = c
        while at != end:
            u.first[at] = known
            at = u.into[at]
        u.first[end] = known
    for c in range(1, len(u.into)):
        u.first[c] = max(u.first[c], OUTSIDE)
        root = find(u.above, c)
        u.low[c] = root
    for c in range(1, len(u.into)):
        if u.low[c] != c:
            u.level[c] = u.level[u.low[c]]
