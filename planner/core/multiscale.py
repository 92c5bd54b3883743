"""The transport problem from coarse to fine: groups of places first, whose ways are where the finer search begins."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.corner import corner_flow
from planner.core.transport import INSIDE, Places, better_flow, cheapest_flow, out_of_reach

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BITS: Final = 15  # of a coordinate in the quadtree's code
RATIO: Final = 2  # a level has at most one place for so many of the finer one
COARSEST: Final = 200  # places at which grouping stops
BLOCK: Final = 32  # places whose worths are passed over together
MOST_M3: Final = 4e12  # of all cut or all fill: beyond, whole cm³ no longer fit in 64 bits
APART: Final = 1 << 62  # code of a place outside, never grouped with another


class Side(NamedTuple):
    """Sources or sinks: where they are, and whole amounts > 0, (n,)."""

    places: Places
    amount: Ints


class Level(NamedTuple):
    """One side at one scale: its places, the code of each (ascending), and where each one's members begin a level finer."""

    side: Side
    code: Ints
    begin: Ints


def cheapest(
    sources: Side, sinks: Side, rate: float, gap: float, *, seconds: float | None = None
) -> tuple[Ints, Floats, float]:
    """The cheapest flow of Σ sources = Σ sinks, proven over all pairs.

    rate: cost per metre and unit. gap: share of the cost that may stay unproven. seconds: after which the best flow
    so far is returned. Returns ways (m, 3) source, sink, amount; the potentials of sources then sinks; the cost that stays
    unproven, as `cheapest_flow` does.
    """
    order_a, order_b, fine_a, fine_b = _sorted(sources, sinks)
    a, b = [fine_a], [fine_b]
    while len(a[-1].code) + len(b[-1].code) > COARSEST and max(a[-1].code[0], b[-1].code[0]) >= 0:
        grouped = _grouped(a[-1], b[-1])
        if grouped is None:
            break
        a.append(grouped[0])
        b.append(grouped[1])
    ways = np.array([[0, 0, sources.amount.sum()]], dtype=np.int64)
    whole_a, whole_b = (np.array([0, len(x[-1].code)], dtype=np.int64) for x in (a, b))
    until = None
    if seconds is not None:
        top, base = a[-1].side, b[-1].side
        better_flow(top.places, base.places, corner_flow(ways, top.amount, whole_a, base.amount, whole_b), rate, gap, 0)
        until = time.monotonic() + seconds  # from when all is compiled
    for up, down in zip(reversed(a), reversed(b), strict=True):
        start = corner_flow(ways, up.side.amount, whole_a, down.side.amount, whole_b)
        ways, potential, unproven = _best_by(up.side.places, down.side.places, start, rate, gap, until)
        ways = ways[np.lexsort((ways[:, 1], ways[:, 0]))]
        whole_a, whole_b = up.begin, down.begin
    count = len(order_a)
    given = np.empty(len(potential))
    given[order_a], given[count + order_b] = potential[:count], potential[count:]
    return np.stack([order_a[ways[:, 0]], order_b[ways[:, 1]], ways[:, 2]], axis=1), given, float(unproven)


def _best_by(a: Places, b: Places, start: Ints, rate: float, gap: float, until: float | None) -> tuple[Ints, Floats, float]:
    """The cheapest flow, or the best there is once the clock stands at `until`: each go begins where the last one ended."""
    if until is None:
        return cheapest_flow(a, b, start, rate, gap)
    sweeps = 1
    while True:
        late = time.monotonic() >= until
        start, potential, unproven, done = better_flow(a, b, start, rate, gap, 0 if late else sweeps)
        if done or late:
            return start, potential, unproven
        sweeps *= 2


def _sorted(sources: Side, sinks: Side) -> tuple[Ints, Ints, Level, Level]:
    """Both sides along the quadtree, and the order that brings them there."""
    inside = [s.places.xy[s.places.kind == INSIDE] for s in (sources, sinks)]
    points = np.concatenate([*inside, np.zeros((1, 2))]) if not len(inside[0]) + len(inside[1]) else np.concatenate(inside)
    low = points.min(axis=0)
    span = max(float(np.ptp(points, axis=0).max()), 1e-9)
    result = []
    for side in (sources, sinks):
        code = np.where(side.places.kind == INSIDE, _code((side.places.xy - low) / span), APART)
        order = np.argsort(code, kind="stable").astype(np.int64)
        xy, toll, kind = side.places
        moved = Side(Places(xy[order], toll[order], kind[order]), side.amount[order])
        result.append((order, Level(moved, code[order], np.arange(len(order) + 1, dtype=np.int64))))
    return result[0][0], result[1][0], result[0][1], result[1][1]


def _code(unit: Floats) -> Ints:
    """Morton codes of points in the unit square, (n,)."""
    whole = np.clip(unit * (2**BITS - 1), 0, 2**BITS - 1).astype(np.int64)
    code = np.zeros(len(unit), dtype=np.int64)
    for bit in range(BITS):
        code |= ((whole[:, 0] >> bit) & 1) << (2 * bit) | ((whole[:, 1] >> bit) & 1) << (2 * bit + 1)
    return code


def _grouped(a: Level, b: Level) -> tuple[Level, Level] | None:
    """Both sides a level coarser, with at most a place for RATIO; None where grouping cannot get there."""
    count = len(a.code) + len(b.code)
    for shift in range(1, 2 * BITS + 1):
        coarse = [np.where(x.code == APART, APART, x.code >> shift) for x in (a, b)]
        begins = [np.flatnonzero(np.append(True, c[1:] != c[:-1])) for c in coarse]
        if RATIO * (len(begins[0]) + len(begins[1])) <= count:
            return _group(a, coarse[0], begins[0]), _group(b, coarse[1], begins[1])
    return None


def _group(level: Level, code: Ints, begin: Ints) -> Level:
    """Groups at the centre of what their members have."""
    places, amount = level.side
    total = np.add.reduceat(amount, begin)
    centre = np.add.reduceat(places.xy * amount[:, None], begin) / total[:, None]
    kept = Places(centre, places.toll[begin], places.kind[begin])
    return Level(Side(kept, total), code[begin], np.append(begin, len(level.code)).astype(np.int64))


@njit(cache=True)
def _spans(at: Floats, worth: Floats) -> Floats:
    """Of every BLOCK places in their order: west, south, east, north, lowest worth, (blocks, 5)."""
    spans = np.empty(((len(at) + BLOCK - 1) // BLOCK, 5))
    for k in range(len(spans)):
        part, own = at[k * BLOCK : (k + 1) * BLOCK], worth[k * BLOCK : (k + 1) * BLOCK]
        spans[k] = part[:, 0].min(), part[:, 1].min(), part[:, 0].max(), part[:, 1].max(), own.min()
    return spans


@njit(cache=True)
def _lowest(x: float, y: float, at: Floats, worth: Floats, spans: Floats, rate: float, near: int, but: int) -> float:
    """The least of worth and way to x, y over all places but one; blocks too far off to matter are passed over.

    near: a place in the block that is looked at first.
    """
    low = np.inf
    for turn in range(min(len(spans), 1) + len(spans)):
        k = near // BLOCK if turn == 0 else turn - 1
        if out_of_reach(spans, k, low - spans[k, 4], x, y, rate):
            continue
        for j in range(k * BLOCK, min((k + 1) * BLOCK, len(at))):
            if j != but:
                low = min(low, worth[j] + rate * np.sqrt((x - at[j, 0]) ** 2 + (y - at[j, 1]) ** 2))
    return low


@njit(cache=True)
def highest(xy: Floats, at: Floats, worth: Floats, rate: float) -> Floats:
    """The highest surface at xy (N, 2) that changes by at most `rate` per metre and lies nowhere above the worth (M,) at places
    (M, 2): at sinks no lower than the potentials that prove a cheapest flow, at sources no higher. McShane's extension."""
    spans, found = _spans(at, worth), np.empty(len(xy))
    for i in range(len(xy)):
        found[i] = _lowest(xy[i, 0], xy[i, 1], at, worth, spans, rate, 0, -1)
    return found


def from_others(xy: Floats, among: NDArray[np.bool_], worth: Floats, rate: float) -> Floats:
    """The least of worth (N,) and way to a place over all other places that are among some, at xy (N, 2); inf where none is."""
    order = np.argsort(_code((xy - xy.min(axis=0)) / max(float(np.ptp(xy, axis=0).max()), 1e-9)), kind="stable")
    some = among[order]
    held = np.cumsum(some)
    if not some.any():
        return np.full(len(xy), np.inf)
    near = np.maximum(held - 1, 0)
    found = np.empty(len(xy))
    found[order] = _from_others(xy[order], xy[order[some]], worth[order[some]], rate, near, np.where(some, near, -1))
    return found


@njit(cache=True)
def _from_others(xy: Floats, at: Floats, worth: Floats, rate: float, near: Ints, own: Ints) -> Floats:
    """The same for points and places along the quadtree; near, own (N,): a place not far off, and the one that a point is."""
    spans, found = _spans(at, worth), np.empty(len(xy))
    for i in range(len(xy)):
        found[i] = _lowest(xy[i, 0], xy[i, 1], at, worth, spans, rate, near[i], own[i])
    return found
