"""Lakes through the months, solved on their storage curves, with what spills from one into another and where they meet.

Between two knots of a curve the wet area and the exchange with the groundwater are linear in the storage, so
dS/dt = inflow + (rain − evaporation − seepage)·A(S) − exchange(S) − use is linear there and has a closed solution. What a full
lake passes on is constant while it is full, so a whole network is solved from event to event (a knot, a dead, full or empty
lake): there is no time step, and what the fluxes sum to is what the storage changes by.

Two bowls behind one rim are two lakes and, above the saddle between them, a third that joins them: each spills into the other
while that is not full; when both are and still gain, the joined lake rises over both, and falls apart when it has emptied.
Groundwater that answers to the lakes is a store: its level is held over a part of a month, at the level it has in the middle
of it. Time in months, volumes in m³, depths in m.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PARTS: Final = 8  # parts of a month over which a store's level is held
MOST_EVENTS: Final = 100_000  # in a part of a month; more is a fault of the curves

# Columns of what a lake did in a month, m³ but for the mean wet area, m²; seepage holds the exchange with the ground.
STORAGE, AREA, EVAPORATION, SEEPAGE, USE, SPILL, RECEIVED, EXCHANGE = range(8)
FIELDS: Final = 8
# Columns of what a store did: its level, m; recharge, gain from lakes and gain from the region, m³.
LEVEL, RECHARGE, FROM_LAKES, REGIONAL = range(4)


class Network(NamedTuple):
    """n lakes; a lake that joins others comes after them.

    start: (n+1,) lake i owns knots start[i]:start[i+1] of level (m), storage (strictly ascending from 0, m³) and area (m²).
    dead: (n,) storage below which nothing is drawn, a knot. pull: (n,) share of the head that a month levels out, 1/month.
    parent: (n,) the lake that joins it with its neighbours, −1. leaf: (n,) whether it joins none. spills: (n,) the lake that
    gets what it spills (a leaf), −1 outside. order: (n,) upstream lakes first. store: (n,) its groundwater, −1 for none.
    """

    start: Ints
    level: Floats
    storage: Floats
    area: Floats
    dead: Floats
    pull: Floats
    parent: Ints
    leaf: NDArray[np.bool_]
    spills: Ints
    order: Ints
    store: Ints


class Stores(NamedTuple):
    """s bodies of groundwater: level at the outset and in the region, m; capacity, m³ a metre (∞: a given level); what a month
    levels out against the region, 1/month; recharge, m³ a metre of rain. Each (s,)."""

    level: Floats
    region: Floats
    capacity: Floats
    rate: Floats
    recharge: Floats


class Months(NamedTuple):
    """What t months bring: rain and evaporation (t,) m; inflow and use (t, n) m³; seepage (t, n) m; gain: (t, n) m, what a
    lake's wet area gains from rain over dry ground that would run off."""

    rain: Floats
    evaporation: Floats
    inflow: Floats
    use: Floats
    seepage: Floats
    gain: Floats


@njit(cache=True)
def _growth(z: float) -> float:
    """(eᶻ − 1)/z, 1 at 0."""
    return float(np.expm1(z) / z) if abs(z) > 1e-12 else 1.0 + 0.5 * z


@njit(cache=True)
def _growth_sum(z: float) -> float:
    """(eᶻ − 1 − z)/z², ½ at 0."""
    if abs(z) > 0.05:
        return float((np.expm1(z) - z) / (z * z))
    return 0.5 + z * (1 / 6 + z * (1 / 24 + z * (1 / 120 + z * (1 / 720 + z * (1 / 5040 + z / 40320)))))


@njit(cache=True)
def _time_to(gap: float, rate: float, slope: float) -> float:
    """When a storage that changes at `rate`, itself growing at slope·change, has moved by gap; ∞ if never."""
    z = slope * gap / rate
    if z <= -1.0:
        return np.inf
    return float(gap / rate * (np.log1p(z) / z if abs(z) > 1e-12 else 1.0 - 0.5 * z))


@njit(cache=True)
def _segment(net: Network, i: int, storage: float, rising: bool) -> int:
    """The first knot of the segment that a lake's storage moves in."""
    a, b = net.start[i], net.start[i + 1]
    side = np.searchsorted(net.storage[a:b], storage, side="right") if rising else np.searchsorted(net.storage[a:b], storage)
    return int(a + min(max(int(side) - 1, 0), b - a - 2))


@njit(cache=True)
def _out_at(net: Network, i: int, k: int, ground: float) -> float:
    """Water lost to the groundwater at a knot, m³/month, negative where it comes in.

    Where an empty lake has no wet area, its lowest stage's ground lets in the water that stands higher: else it never fills.
    """
    head = net.level[k] - ground
    area = net.area[k]
    if k == net.start[i] and head < 0.0 and area == 0.0:
        area = net.area[k + 1]
    return float(net.pull[i] * head * area)


@njit(cache=True)
def _at(net: Network, i: int, k: int, storage: float, ground: float) -> tuple[float, float, float, float]:
    """Wet area and exchange at a storage of segment k, and their slopes there."""
    span = net.storage[k + 1] - net.storage[k]
    by_area = (net.area[k + 1] - net.area[k]) / span
    rest = storage - net.storage[k]
    if net.store[i] < 0 or net.pull[i] == 0.0:
        return net.area[k] + by_area * rest, 0.0, by_area, 0.0
    low = _out_at(net, i, k, ground)
    by_out = (_out_at(net, i, k + 1, ground) - low) / span
    return net.area[k] + by_area * rest, low + by_out * rest, by_area, by_out


@njit(cache=True)
def _drawn(storage: float, dead: float, natural: float, wanted: float) -> float:
    """The use that is met at a storage: all above the dead storage, at it what flows to it, none below."""
    if storage > dead or (storage == dead and natural >= wanted):
        return wanted
    return max(natural, 0.0) if storage == dead else 0.0


@njit(cache=True)
def _cover(net: Network, held: Floats, joined: NDArray[np.bool_], cover: Ints) -> None:
    """The lake that each one is part of now: itself, or the one that has risen over it; −1 for one that has not risen."""
    for i in range(len(held) - 1, -1, -1):
        p = net.parent[i]
        if p >= 0 and cover[p] >= 0:
            cover[i] = cover[p]
        else:
            cover[i] = i if net.leaf[i] or held[i] > 0.0 or joined[i] else -1


@njit(cache=True)
def _joins_now(net: Network, p: int, held: Floats, cover: Ints, natural: Floats, drawn: Floats) -> bool:
    """Whether the lakes below p are all full and gain together."""
    total = 0.0
    for i in range(len(held)):
        if net.parent[i] == p:
            if cover[i] != i or held[i] < net.storage[net.start[i + 1] - 1]:
                return False
            total += natural[i] - drawn[i]
    return total > 0.0


@njit(cache=True)
def _rates(
    net: Network,
    held: Floats,
    depth: Floats,
    inflow: Floats,
    use: Floats,
    ground: Floats,
    joined: NDArray[np.bool_],
    cover: Ints,
    flow: Floats,
) -> None:
    """What flows to every lake that is one now: flow (5, n) natural gain, use wanted, use drawn, spilled, received, m³/month.

    A full lake passes on what it gains; where that comes back to it, the lakes it met on the way rise as one.
    """
    n = len(held)
    natural, wanted, drawn, spilled, received = flow[0], flow[1], flow[2], flow[3], flow[4]
    again = True
    while again:
        again = False
        _cover(net, held, joined, cover)
        flow[:] = 0.0
        for i in range(n):
            if cover[i] >= 0:
                natural[cover[i]] += inflow[i]
                wanted[cover[i]] += use[i]
        for i in range(n):
            if cover[i] == i:
                k = _segment(net, i, held[i], True)
                area, out, _, _ = _at(net, i, k, held[i], ground[i])
                natural[i] += depth[i] * area - out
                drawn[i] = _drawn(held[i], net.dead[i], natural[i], wanted[i])
        moving = True
        while moving and not again:
            moving = False
            for i in net.order:
                if cover[i] != i or held[i] < net.storage[net.start[i + 1] - 1]:
                    continue
                give = natural[i] - drawn[i]
                if give <= 1e-15 * abs(natural[i]) or give <= 0.0:
                    continue
                p = net.parent[i]
                if spilled[i] > 0.0 and p >= 0 and _joins_now(net, p, held, cover, natural, drawn):
                    joined[p] = again = True
                    break
                moving = True
                spilled[i] += give
                natural[i] = drawn[i]
                to = net.spills[i]
                if to >= 0:
                    to = cover[to]
                    natural[to] += give
                    received[to] += give
                    drawn[to] = _drawn(held[to], net.dead[to], natural[to], wanted[to])


@njit(cache=True)
def _still(storage: float, full: float, rate: float) -> bool:
    return rate == 0.0 or (storage >= full and rate > 0.0) or (storage <= 0.0 and rate < 0.0)


@njit(cache=True)
def _advance(
    net: Network,
    held: Floats,
    weather: Floats,
    inflow: Floats,
    use: Floats,
    ground: Floats,
    span: float,
    done: Floats,
    full_after: Floats,
) -> bool:
    """Lakes through a span of a month. held: (n,) storage, changed. weather: (3, n) gain, evaporation, seepage, m/month.

    done: (n, FIELDS) added to. full_after: (n,) time until first full within the span, −1 until then. False: too many events.
    """
    n = len(held)
    depth = weather[0] - weather[1] - weather[2]
    cover, flow = np.empty(n, np.int64), np.empty((5, n))
    move = np.empty((6, n))  # rate, its slope, area, by area, out, by out
    goal = np.empty(n)
    left = span
    for _ in range(MOST_EVENTS):
        for i in range(n):
            if held[i] >= net.storage[net.start[i + 1] - 1] and full_after[i] < 0.0:
                full_after[i] = span - left
        if left <= 0.0:
            return True
        joined = np.zeros(n, np.bool_)
        _rates(net, held, depth, inflow, use, ground, joined, cover, flow)
        time = left
        for i in range(n):
            goal[i] = np.nan
            if cover[i] != i:
                continue
            rate = flow[0, i] - flow[2, i]
            k = _segment(net, i, held[i], rate >= 0.0)
            area, out, by_area, by_out = _at(net, i, k, held[i], ground[i])
            move[0, i], move[1, i], move[2, i], move[3, i] = rate, depth[i] * by_area - by_out, area, by_area
            move[4, i], move[5, i] = out, by_out
            if _still(held[i], net.storage[net.start[i + 1] - 1], rate):
                continue
            goal[i] = net.storage[k + 1] if rate > 0.0 else net.storage[k]
            time = min(time, _time_to(goal[i] - held[i], rate, move[1, i]))
        for i in range(n):
            if cover[i] == i:
                _flows(net, i, held, weather, flow, move, goal[i], time, done)
            elif cover[i] >= 0:
                done[i, SPILL] += inflow[i] * time
                done[cover[i], RECEIVED] += inflow[i] * time
        left = left - time if time < left else 0.0
    return False


@njit(cache=True)
def _flows(
    net: Network,
    i: int,
    held: Floats,
    weather: Floats,
    flow: Floats,
    move: Floats,
    goal: float,
    time: float,
    done: Floats,
) -> None:
    """One lake over a time in which nothing happens: its storage moved to the end, its fluxes added."""
    rate, slope, area, by_area, out, by_out = move[0, i], move[1, i], move[2, i], move[3, i], move[4, i], move[5, i]
    done[i, SPILL] += flow[3, i] * time
    done[i, RECEIVED] += flow[4, i] * time
    done[i, USE] += flow[2, i] * time
    evaporation, seepage = weather[1, i], weather[2, i]
    if np.isnan(goal):
        lost = (evaporation + seepage) * area + max(out, 0.0)
        share = 1.0 + rate / lost if rate < 0.0 and lost > 0.0 else 1.0
        done[i, SPILL] += max(rate, 0.0) * time
        done[i, AREA] += area * time
        done[i, EVAPORATION] += share * evaporation * area * time
        exchange = (share * max(out, 0.0) + min(out, 0.0)) * time
        done[i, EXCHANGE] += exchange
        done[i, SEEPAGE] += share * seepage * area * time + exchange
        return
    moved = rate * time * time * _growth_sum(slope * time)
    area_time = area * time + by_area * moved
    exchange = out * time + by_out * moved
    done[i, AREA] += area_time
    done[i, EVAPORATION] += evaporation * area_time
    done[i, EXCHANGE] += exchange
    done[i, SEEPAGE] += seepage * area_time + exchange
    if _time_to(goal - held[i], rate, slope) <= time:
        held[i] = goal
    else:
        end = held[i] + rate * time * _growth(slope * time)
        held[i] = min(end, goal) if rate > 0.0 else max(end, goal)


@njit(cache=True)
def run_months(net: Network, months: Months, stores: Stores, held: Floats) -> tuple[Floats, Floats, Floats, bool]:
    """Lakes through months from given storages held (n,), m³.

    Returns what every lake did (t, n, FIELDS), what every store did (t, s, 4), months until each lake was first full (n,) or
    −1, and whether all could be followed.
    """
    count, n, s = len(months.rain), len(held), len(stores.level)
    told, below = np.zeros((count, n, FIELDS)), np.zeros((count, s, 4))
    held, level = held.copy(), stores.level.copy()
    full_after = np.full(n, -1.0)
    moving = False
    for k in range(s):
        moving = moving or np.isfinite(stores.capacity[k])
    parts = PARTS if moving else 1
    sound = True
    for m in range(count):
        weather = np.empty((3, n))
        for i in range(n):
            weather[0, i], weather[1, i], weather[2, i] = months.gain[m, i], months.evaporation[m], months.seepage[m, i]
        for part in range(parts):
            before = full_after.copy()
            middle = level.copy()
            tries = 2 if moving else 1
            for attempt in range(tries):  # first to see where the stores go, then with their level in the middle
                now, done, full = held.copy(), np.zeros((n, FIELDS)), np.full(n, -1.0)
                ground = np.array([middle[net.store[i]] if net.store[i] >= 0 else 0.0 for i in range(n)])
                sound = _advance(net, now, weather, months.inflow[m], months.use[m], ground, 1.0 / parts, done, full) and sound
                change = _stores(net, stores, months.rain[m] / parts, middle, 1.0 / parts, done)
                if attempt + 1 < tries:
                    for k in range(s):
                        if np.isfinite(stores.capacity[k]):
                            middle[k] = level[k] + 0.5 * change[k].sum() / stores.capacity[k]
            held = now
            for k in range(s):
                if np.isfinite(stores.capacity[k]):
                    level[k] += change[k].sum() / stores.capacity[k]
                below[m, k, LEVEL] = level[k]
                below[m, k, RECHARGE] += change[k, 0]
                below[m, k, FROM_LAKES] += change[k, 1]
                below[m, k, REGIONAL] += change[k, 2]
            told[m] += done
            for i in range(n):
                if before[i] < 0.0 <= full[i]:
                    full_after[i] = m + part / parts + full[i]
        told[m, :, STORAGE] = held
    return told, below, full_after, sound


@njit(cache=True)
def _stores(net: Network, stores: Stores, rain: float, middle: Floats, span: float, done: Floats) -> Floats:
    """What every store gained over a span: recharge, from lakes, from the region, (s, 3) m³."""
    change = np.zeros((len(middle), 3))
    for k in range(len(middle)):
        change[k, 0] = stores.recharge[k] * rain
        if np.isfinite(stores.capacity[k]):
            change[k, 2] = stores.rate[k] * stores.capacity[k] * (stores.region[k] - middle[k]) * span
    for i in range(len(done)):
        if net.store[i] >= 0:
            change[net.store[i], 1] += done[i, SEEPAGE]
    return change
