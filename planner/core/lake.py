"""A month of a lake's water, solved exactly on its storage curve.

Between two knots of the curve the wet area and the exchange with the groundwater are linear in the storage, so
dS/dt = inflow + (rain − evaporation − seepage)·A(S) − exchange(S) − use is linear there too and has a closed solution:
there is no time step, and what the fluxes sum to is what the storage changes by. Time runs from 0 to 1 month; volumes in
m³, depths in m.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Curve(NamedTuple):
    """Knots of a lake: storage strictly ascending from 0, m³; wet area, m²; exchange with the groundwater, m³/month out.

    Each (m,). dead, full: knots of the storage below which nothing is drawn and above which water spills, m³.
    """

    storage: Floats
    area: Floats
    exchange: Floats
    dead: float
    full: float


class Month(NamedTuple):
    """What a month brings: inflow and use wanted, m³; rain, evaporation and seepage over the wet area, m.

    Rain is what the wet area gains over dry ground: all of it, less what would have run off the dry bed anyway.
    """

    inflow: float
    use: float
    rain: float
    evaporation: float
    seepage: float


class Outcome(NamedTuple):
    """What became of it: storage at the end, m³; mean wet area, m²; volumes, m³; when it was first full, −1 if never."""

    storage: float
    area: float
    evaporation: float
    seepage: float
    use: float
    spill: float
    full_at: float


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
def _segment(curve: Curve, storage: float, rising: bool) -> int:
    """The segment the storage moves into: knots k and k + 1."""
    if rising:
        k = int(np.searchsorted(curve.storage, storage, side="right"))
    else:
        k = int(np.searchsorted(curve.storage, storage, side="left"))
    return min(max(k - 1, 0), len(curve.storage) - 2)


@njit(cache=True)
def _on(values: Floats, curve: Curve, k: int, storage: float) -> tuple[float, float]:
    """A quantity at a storage of segment k, and its slope there."""
    slope = (values[k + 1] - values[k]) / (curve.storage[k + 1] - curve.storage[k])
    return values[k] + slope * (storage - curve.storage[k]), slope


@njit(cache=True)
def _drawn(curve: Curve, storage: float, natural: float, wanted: float) -> float:
    """The use that is met at a storage: all above the dead storage, at it what flows to it, none below."""
    if storage > curve.dead or (storage == curve.dead and natural >= wanted):
        return wanted
    return max(natural, 0.0) if storage == curve.dead else 0.0


@njit(cache=True)
def _stays(curve: Curve, storage: float, rate: float) -> bool:
    return rate == 0.0 or (storage >= curve.full and rate > 0) or (storage <= 0.0 and rate < 0)


@njit(cache=True)
def _time_to(gap: float, rate: float, slope: float) -> float:
    """When a storage that changes at `rate`, itself growing at slope·change, has moved by gap; ∞ if never."""
    z = slope * gap / rate
    if z <= -1.0:
        return np.inf
    return float(gap / rate * (np.log1p(z) / z if abs(z) > 1e-12 else 1.0 - 0.5 * z))


@njit(cache=True)
def run_month(curve: Curve, month: Month, storage: float) -> Outcome:
    """A lake's storage through one month: rain and losses on the area it has at every moment, spill above full.

    An empty lake loses no more than flows to it; what evaporates and seeps goes before what is used.
    """
    left, full_at = 1.0, -1.0
    mean_area = evaporation = seepage = use = spill = 0.0
    net = month.rain - month.evaporation - month.seepage
    while left > 0.0:
        if storage >= curve.full and full_at < 0.0:
            full_at = 1.0 - left
        k = _segment(curve, storage, True)
        area, by_area = _on(curve.area, curve, k, storage)
        out, by_out = _on(curve.exchange, curve, k, storage)
        natural = month.inflow + net * area - out
        drawn = _drawn(curve, storage, natural, month.use)
        rate = natural - drawn
        if rate < 0.0:
            k = _segment(curve, storage, False)
            _, by_area = _on(curve.area, curve, k, storage)
            _, by_out = _on(curve.exchange, curve, k, storage)
        if _stays(curve, storage, rate):
            spill += max(rate, 0.0) * left
            lost = (month.evaporation + month.seepage) * area + max(out, 0.0)
            share = 1.0 + rate / lost if rate < 0.0 and lost > 0.0 else 1.0
            mean_area += area * left
            evaporation += share * month.evaporation * area * left
            seepage += (share * (month.seepage * area + max(out, 0.0)) + min(out, 0.0)) * left
            use += drawn * left
            break
        slope = net * by_area - by_out
        goal = curve.storage[k + 1] if rate > 0 else curve.storage[k]
        hit = _time_to(goal - storage, rate, slope)
        time = min(hit, left)
        moved = rate * time * time * _growth_sum(slope * time)
        area_time = area * time + by_area * moved
        mean_area += area_time
        evaporation += month.evaporation * area_time
        seepage += month.seepage * area_time + out * time + by_out * moved
        use += drawn * time
        end = storage + rate * time * _growth(slope * time)
        storage = goal if hit <= left else (min(end, goal) if rate > 0 else max(end, goal))
        left = left - time if hit < left else 0.0
    if storage >= curve.full and full_at < 0.0:
        full_at = 1.0
    return Outcome(storage, mean_area, evaporation, seepage, use, spill, full_at)
