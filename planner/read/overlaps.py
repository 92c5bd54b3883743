"""Ground that counts once: overlaps cut, neighbours that were meant to touch made to touch, each change of area kept."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.errors import GEOSException

from planner.errors import InvalidInput
from planner.read.geometry import MIN_PART_M2
from planner.read.record import Fault, Record
from planner.read.rings import Geometries, polygonal
from planner.words import say

OVERLAP_M2: Final = 1e-3  # m²: an overlap below this is rounding of coordinates, it is cut without being told
MAX_PAIRS: Final = 500_000  # of bounding boxes that meet; a sound map of 100 000 parcels has some 900 000
GAP_M: Final = 0.05  # m: neighbours closer than this were meant to touch; half the accuracy of a cadastral survey point


def apart(
    geometry: Geometries, rank: NDArray[np.intp], *, role: str, labels: NDArray[Any], record: Record
) -> tuple[Geometries, NDArray[np.bool_]]:
    """Polygons of which no two overlap, none empty, neighbours touching, and which of those given are left.

    geometry: valid polygons, shape (n,). rank: a permutation; shared ground goes to the one that ranks first.
    """
    among = suspects(geometry)
    if not len(among):
        return geometry, np.ones(len(geometry), dtype=bool)
    cut, keep = counted_once(geometry, rank, among, role=role, labels=labels, record=record)
    among = among[keep[among]]
    touching, left = joined(cut, rank, among, role=role, labels=labels, record=record)
    keep &= left
    # what was moved to touch may reach over another neighbour by as much
    again = np.flatnonzero(keep)
    place = np.cumsum(keep) - 1
    moved = among[keep[among] & (touching[among] != cut[among])]
    once, kept = counted_once(touching[again], rank[again], place[moved], role=role, labels=labels[again], record=record)
    touching[again] = once
    keep[again] = kept
    return touching, keep


def suspects(geometry: Geometries) -> NDArray[np.intp]:
    """Polygons that overlap another one, or miss one by less than GAP_M: the only ones the next two steps look at.

    Raises InvalidInput where so many lie on top of each other that comparing them would not end.
    """
    tree, met = shapely.STRtree(geometry), 0
    for start in range(0, len(geometry), 1_000):
        met += tree.query(geometry[start : start + 1_000]).shape[1]
        if met > max(MAX_PAIRS, 40 * len(geometry)):
            raise InvalidInput(say("read.piled", n=len(geometry), pairs=met))
    return np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(geometry, gap_width=GAP_M)))


def counted_once(
    geometry: Geometries,
    rank: NDArray[np.intp],
    among: NDArray[np.intp],
    *,
    role: str,
    labels: NDArray[Any],
    record: Record,
) -> tuple[Geometries, NDArray[np.bool_]]:
    """Polygons of which no two overlap, and which of them are left; geometry, rank as in `apart`, among: the suspects."""
    left, right = _overlapping(geometry, among)
    result, kept = geometry.copy(), np.ones(len(geometry), dtype=bool)
    if not len(left):
        return result, kept
    winner = np.where(rank[left] < rank[right], left, right)
    loser = np.where(rank[left] < rank[right], right, left)
    for i in np.unique(loser)[np.argsort(rank[np.unique(loser)], kind="stable")]:
        over = winner[loser == i]
        taken = shapely.union_all(geometry[over])
        rest = polygonal(shapely.difference(geometry[i], taken))
        parts = shapely.get_parts(rest)
        parts = parts[shapely.area(parts) >= min(MIN_PART_M2, geometry[i].area / 2)]
        lost = float(geometry[i].area - shapely.area(parts).sum())
        if len(over) == 1 and rest.is_empty and abs(geometry[over[0]].area - geometry[i].area) < OVERLAP_M2:
            kind, action = (
                "duplicate",
                say("read.dropped_same_ground", labels=labels[over[0]]),
            )
        else:
            names = ", ".join(str(labels[j]) for j in over[:5])
            kind, action = "overlap", say("read.cut_off_ground_counts", names=names)
        if lost >= OVERLAP_M2:
            place = polygonal(shapely.intersection(geometry[i], taken))
            record.faults.append(Fault(kind, role, str(labels[i]), -lost, action, place))
        kept[i] = len(parts) > 0
        result[i] = rest if len(parts) == 0 else parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
    return result, kept


def _overlapping(geometry: Geometries, among: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs (i < j) whose interiors share ground, at least one of them a suspect."""
    none = np.array([], dtype=np.intp)
    if not len(among):
        return none, none
    tree = shapely.STRtree(geometry)
    asked, met = tree.query(geometry[among], predicate="intersects")
    asked = among[asked]
    pairs = np.unique(np.sort(np.column_stack((asked, met))[asked != met], axis=1), axis=0)
    if not len(pairs):
        return none, none
    a, b = pairs[:, 0], pairs[:, 1]
    shared = shapely.relate_pattern(geometry[a], geometry[b], "2********")
    return a[shared], b[shared]


def joined(
    geometry: Geometries,
    rank: NDArray[np.intp],
    among: NDArray[np.intp],
    *,
    role: str,
    labels: NDArray[Any],
    record: Record,
) -> tuple[Geometries, NDArray[np.bool_]]:
    """Polygons that do not overlap, neighbours that miss each other by less than GAP_M made to touch, and which are left.

    A polygon narrower than GAP_M goes to its neighbours. Where GEOS finds no sound answer the gaps are told and left.
    """
    result, kept = geometry.copy(), np.ones(len(geometry), dtype=bool)
    among = among[suspects(geometry[among])] if len(among) else among
    if not len(among):
        return result, kept
    among = among[np.argsort(rank[among], kind="stable")]
    after, sound = _closed_gaps(geometry[among])
    if not sound:
        for members in _groups(geometry[among]):
            after[members], _ = _closed_gaps(geometry[among[members]])
    change = shapely.area(after) - shapely.area(geometry[among])
    open_still = np.zeros(len(among), dtype=bool)
    open_still[suspects(after)] = True
    action = say("read.gap_closed", gap_m=GAP_M)
    gone = say("read.sliver_dropped", gap_m=GAP_M)
    left = say("read.gap_left", gap_m=GAP_M)
    moved, empty = np.abs(change) >= OVERLAP_M2, shapely.is_empty(after)
    for k in np.flatnonzero(moved | empty | open_still):
        before = geometry[among[k]]
        place = shapely.symmetric_difference(after[k], before) if moved[k] and not empty[k] else before.boundary
        said = gone if empty[k] else action if moved[k] else left
        record.faults.append(Fault("gap", role, str(labels[among[k]]), float(change[k]), said, place))
    result[among] = after
    kept[among] = ~empty
    return result, kept


def _closed_gaps(before: Geometries) -> tuple[Geometries, bool]:
    """The polygons with their gaps closed, and True; as they were, and False, where the answer is not sound.

    Sound: valid, no polygon changed by more than its outline times GAP_M (empty where that was all it had).
    """
    mend = shapely.coverage_clean  # type: ignore[attr-defined]  # 2.2 has it, its stubs do not yet
    try:
        with np.errstate(all="ignore"):
            after = mend(before, gap_width=GAP_M, snapping_distance=GAP_M, merge_strategy="min_index")
    except GEOSException:
        return before.copy(), False
    after = np.asarray(after, dtype=object)
    allowed = shapely.length(before) * GAP_M + OVERLAP_M2
    change = np.abs(shapely.area(after) - shapely.area(before))
    sound = shapely.is_valid(after) & np.isin(shapely.get_type_id(after), (3, 6)) & (change <= allowed)
    return (after, True) if sound.all() else (before.copy(), False)


def _groups(geometry: Geometries) -> list[NDArray[np.intp]]:
    """Polygons in groups, each group farther than GAP_M from the others."""
    a, b = shapely.STRtree(geometry).query(geometry, predicate="dwithin", distance=GAP_M)
    meet = coo_array((np.ones(len(a), dtype=bool), (a, b)), shape=(len(geometry), len(geometry)))
    _, group = connected_components(meet, directed=False)
    return [np.flatnonzero(group == g) for g in range(int(group.max()) + 1)]
