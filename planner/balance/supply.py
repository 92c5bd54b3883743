"""What a lake's water lasts for: years that differ, and the largest lake that a supply can keep."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import gamma

from planner.balance.climate import Climate

MM = 1e-3  # m per mm


def largest_lake_m2(
    year: Climate, supply_m3: float, *, basin_m2: float = 0.0, runoff_share: float = 0.0, seepage_mm: float = 0.0
) -> float:
    """The largest lake a yearly supply can keep at its level, m²: supply over what a square metre loses, ∞ where it gains.

    A·(evaporation + seepage − rain) = supply + runoff_share·rain·(basin − A). seepage_mm: a year. Xinghai: 20 Mm³ on a net
    loss of 1.70 m keep 11.8 km² of its 20.
    """
    rain, evaporation = MM * sum(year.rain_mm), MM * sum(year.evaporation_mm)
    loss = evaporation + MM * seepage_mm - rain + runoff_share * rain
    gain = supply_m3 + runoff_share * rain * basin_m2
    return float(gain / loss) if loss > 0 else float("inf")


def even_years(year: Climate, cv: float, count: int) -> list[Climate]:
    """Years whose rain spreads about the mean year's as a gamma law with a coefficient of variation, one for each even share.

    The order is van der Corput's, so that dry and wet years follow each other without a pattern. A tenth less rain goes with a
    hundredth more evaporation.
    """
    if cv == 0.0:
        return [year] * count
    share = (np.arange(count) + 0.5) / count
    factor = gamma.ppf(share, 1 / cv**2, scale=cv**2)
    order = np.argsort([_corput(k + 1) for k in range(count)], kind="stable")
    return [year.scaled(rain=float(f), evaporation=float(1.0 + 0.1 * (1.0 - f))) for f in factor[order]]


def _corput(k: int) -> float:
    """Van der Corput's number k: its binary digits turned about the point."""
    value, step = 0.0, 0.5
    while k:
        value += step * (k & 1)
        k, step = k >> 1, step / 2
    return value


def kept_years(level_m: Sequence[float], least_m: float) -> float:
    """Share of years (rows of twelve months each) in which a level never falls below another."""
    months = np.asarray(level_m, dtype=np.float64).reshape(-1, 12)
    return float((months.min(axis=1) >= least_m - 1e-9).mean())
