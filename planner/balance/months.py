"""Lakes through the months: filling, level, dry years, and what spills from one into the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.balance.climate import MONTHS, Climate, monthly
from planner.balance.lake import Lake
from planner.core.lake import Curve, Month, Outcome, run_month
from planner.errors import InvalidInput
from planner.words import say

Floats = NDArray[np.float64]

MM: Final = 1e-3  # m per mm
SETTLED: Final = 1e-6  # share of the full storage two years' ends may differ by in a settled lake
LONGEST_YEARS: Final = 500  # a lake that has not settled by then never will


@dataclass(frozen=True, eq=False)
class Balance:
    """How lakes fared, month by month.

    table: one row a lake and month, by lake, `year` (from 1) and `month` (1-12): `lake`, `level_m`, `area_m2`, `storage_m3` at
    the month's end; `rain_m3` (on the lake), `runoff_m3` (from its dry basin), `inflow_m3`, `upstream_m3` (spilled into it),
    `evaporation_m3`, `seepage_m3` (out; to the groundwater too), `use_m3` (met), `deficit_m3` (wanted and not met),
    `spill_m3`. start_m3, fill_months: by lake, storage at the outset and months until first full (NaN if never).
    """

    table: pd.DataFrame
    start_m3: pd.Series[float]
    fill_months: pd.Series[float]

    @property
    def residual_share(self) -> float:
        """Largest share of a lake's water (at the outset and flowed in) that its balance cannot account for."""
        table = self.table.assign(risen_m3=np.maximum(-self.table["seepage_m3"], 0.0))
        sums = table.groupby("lake")[[*GAINS, *LOSSES, "risen_m3"]].sum()
        gained = sums[GAINS].sum(axis=1) + self.start_m3
        last = table.groupby("lake")["storage_m3"].last()
        gap = (gained - sums[LOSSES].sum(axis=1) - last).abs()
        whole = gained + sums["risen_m3"]
        return float((gap / whole.where(whole > 0, 1.0)).max())

    def summary(self) -> pd.DataFrame:
        """By lake: fill_months, lowest and highest level_m, met (share of the use wanted), spill_m3, deficit_m3, end_m."""
        by = self.table.groupby("lake")
        wanted = by["use_m3"].sum() + by["deficit_m3"].sum()
        frame = pd.DataFrame(
            {
                "fill_months": self.fill_months,
                "lowest_m": by["level_m"].min(),
                "highest_m": by["level_m"].max(),
                "end_m": by["level_m"].last(),
                "met": (by["use_m3"].sum() / wanted.where(wanted > 0)).fillna(1.0),
                "spill_m3": by["spill_m3"].sum(),
                "deficit_m3": by["deficit_m3"].sum(),
            }
        )
        return frame.reindex(self.start_m3.index)


GAINS: Final = ["rain_m3", "runoff_m3", "inflow_m3", "upstream_m3"]
LOSSES: Final = ["evaporation_m3", "seepage_m3", "use_m3", "spill_m3"]


def balance(lakes: Sequence[Lake], years: Climate | Sequence[Climate], *, first_month: int = 1) -> Balance:
    """Runs lakes through the months; what one spills flows, spread over the month, into the next.

    years: the climate of each year in turn, twelve months from `first_month` (1-12) each. Within a month inflow, rain, losses
    and use run evenly, and the lake's area follows its storage at every moment.
    Raises InvalidInput for tables, months or names that do not fit, and for lakes that spill in a ring.
    """
    climates = [years] if isinstance(years, Climate) else list(years)
    if not lakes or not climates or first_month not in range(1, MONTHS + 1):
        raise InvalidInput(say("balance.nothing_to_balance"))
    runs: dict[str, _Run] = {}
    for lake in _downstream(lakes):
        upstream = [runs[other.name].spill for other in lakes if other.spills_to == lake.name]
        runs[lake.name] = _run(lake, climates, first_month - 1, np.sum(upstream, axis=0) if upstream else 0.0)
    chosen = [runs[lake.name] for lake in lakes]
    names = pd.Index([lake.name for lake in lakes], name="lake")
    return Balance(
        pd.concat([run.table for run in chosen], ignore_index=True),
        pd.Series([run.start for run in chosen], index=names, name="start_m3"),
        pd.Series([run.full_after for run in chosen], index=names, name="fill_months"),
    )


def settled(lakes: Sequence[Lake], year: Climate, *, first_month: int = 1) -> Balance:
    """The year that repeats itself: the balance after as many equal years as the lakes need to forget how they began.

    Raises InvalidInput where they have not after LONGEST_YEARS.
    """
    now = list(lakes)
    for _ in range(LONGEST_YEARS):
        result = balance(now, year, first_month=first_month)
        ends = result.table.groupby("lake")["storage_m3"].last()
        full = {lake.name: lake.knots[1][-1] for lake in lakes}
        if all(abs(ends[n] - result.start_m3[n]) <= SETTLED * full[n] for n in full):
            return result
        now = [replace(lake, start_m=float(lake.level_at(ends[lake.name]))) for lake in now]
    raise InvalidInput(say("balance.not_settled", years=LONGEST_YEARS))


def replenishment(lake: Lake, year: Climate, *, level_m: float) -> Floats:
    """Water to be brought each month to hold a level, m³, (12,): losses and use less rain and inflow, never negative."""
    area = float(lake.area_at(level_m))
    head = 0.0 if lake.groundwater_m is None else level_m - lake.groundwater_m
    net_mm = np.array(year.evaporation_mm) + monthly(lake.seepage_mm, "seepage_mm") - np.array(year.rain_mm)
    out = monthly(lake.use_m3, "use_m3") - monthly(lake.inflow_m3, "inflow_m3") + lake.exchange_per_month * head * area
    return np.asarray(np.maximum(net_mm * MM * area + out, 0.0), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Run:
    """One lake's months: its table, storage at the outset, months until full, and what it spilled, (months,) m³."""

    table: pd.DataFrame
    start: float
    full_after: float
    spill: Floats


def _run(lake: Lake, years: Sequence[Climate], first: int, upstream: Floats | float) -> _Run:
    lake.check_numbers()
    _, storage, area = lake.knots
    if not 0 <= lake.runoff_share <= 1 or (lake.runoff_share > 0 and lake.basin_m2 < area.max()):
        raise InvalidInput(
            say("balance.runoff", name=lake.name, runoff_share=lake.runoff_share, basin_m2=lake.basin_m2, lake_m2=area.max())
        )
    dead = 0.0 if lake.dead_m is None else float(lake.storage_at(lake.dead_m))
    curve = Curve(storage, area, _exchange(lake), dead, float(storage[-1]))
    held = start = 0.0 if lake.start_m is None else float(lake.storage_at(lake.start_m))
    given = {k: monthly(getattr(lake, k), f"{lake.name}: {k}") for k in ("inflow_m3", "use_m3", "seepage_mm")}
    count = MONTHS * len(years)
    from_above = np.broadcast_to(np.asarray(upstream, dtype=np.float64), (count,))
    outcomes: list[Outcome] = []
    full_after = np.nan
    months = (first + np.arange(count)) % MONTHS
    rain = np.array([years[m // MONTHS].rain_mm[k] for m, k in enumerate(months)]) * MM
    running = rain * lake.runoff_share
    for m, k in enumerate(months):
        inflow = float(given["inflow_m3"][k] + from_above[m] + running[m] * lake.basin_m2)
        evaporation = years[m // MONTHS].evaporation_mm[k] * MM
        depths = (float(rain[m] - running[m]), evaporation, float(given["seepage_mm"][k]) * MM)
        outcome = Outcome(*run_month(curve, Month(inflow, float(given["use_m3"][k]), *depths), held))
        held = outcome.storage
        full_after = m + outcome.full_at if np.isnan(full_after) and outcome.full_at >= 0 else full_after
        outcomes.append(outcome)
    wet = np.array([o.area for o in outcomes])
    ends = np.array([o.storage for o in outcomes])
    used = np.array([o.use for o in outcomes])
    spill = np.array([o.spill for o in outcomes])
    table = pd.DataFrame(
        {
            "lake": lake.name,
            "year": np.arange(count) // MONTHS + 1,
            "month": months + 1,
            "level_m": lake.level_at(ends),
            "area_m2": np.interp(ends, storage, area),
            "storage_m3": ends,
            "rain_m3": rain * wet,
            "runoff_m3": running * (lake.basin_m2 - wet),
            "inflow_m3": given["inflow_m3"][months],
            "upstream_m3": from_above,
            "evaporation_m3": [o.evaporation for o in outcomes],
            "seepage_m3": [o.seepage for o in outcomes],
            "use_m3": used,
            "deficit_m3": np.maximum(given["use_m3"][months] - used, 0.0),
            "spill_m3": spill,
        }
    )
    return _Run(table, start, float(full_after), spill)


def _exchange(lake: Lake) -> Floats:
    """Water lost to the groundwater around at each knot of a lake, m³/month; negative where it comes in.

    Where an empty lake has no wet area, its lowest stage's ground lets in the water that stands higher around: else it would
    never fill.
    """
    level, _, area = lake.knots
    if lake.groundwater_m is None:
        return np.zeros(len(level))
    by_area = lake.exchange_per_month * (level - lake.groundwater_m)
    if by_area[0] < 0.0 and area[0] == 0.0:
        area = np.concatenate((area[1:2], area[1:]))
    return np.asarray(by_area * area, dtype=np.float64)


def _downstream(lakes: Sequence[Lake]) -> list[Lake]:
    """The lakes so that each comes before the one it spills to."""
    by_name: Mapping[str, Lake] = {lake.name: lake for lake in lakes}
    if len(by_name) < len(lakes):
        raise InvalidInput(say("balance.same_name"))
    order: list[Lake] = []
    for lake in lakes:
        path: list[Lake] = []
        at: Lake | None = lake
        while at is not None and at not in order:
            if at in path:
                ring = " → ".join(p.name for p in path[path.index(at) :])
                raise InvalidInput(say("balance.ring", ring=ring))
            path.append(at)
            if at.spills_to is not None and at.spills_to not in by_name:
                raise InvalidInput(say("balance.spills_to", name=at.name, spills_to=at.spills_to, lakes=list(by_name)))
            at = by_name[at.spills_to] if at.spills_to is not None else None
        order = path + order
    return order
