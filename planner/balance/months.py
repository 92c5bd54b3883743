"""Lakes through the months: filling, level, dry years, and what spills from one into the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.balance.climate import MONTHS, Climate, monthly
from planner.balance.lake import Aquifer, Lake
from planner.balance.network import Lakes, Weather
from planner.core.lake import AREA, EVAPORATION, RECEIVED, SEEPAGE, SPILL, STORAGE, USE, run_months
from planner.errors import InvalidInput
from planner.words import say

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MM: Final = 1e-3  # m per mm
SETTLED: Final = 1e-6  # share of the full storage two years' ends may differ by in a settled lake
LONGEST_YEARS: Final = 500  # a lake that has not settled by then never will


@dataclass(frozen=True, eq=False)
class Balance:
    """How lakes fared, month by month.

    table: one row a lake and month, by lake, `year` (from 1) and `month` (1-12): `lake`, `level_m`, `area_m2`, `storage_m3` at
    the month's end; `rain_m3` (on the lake), `runoff_m3` (from its dry basin), `inflow_m3`, `upstream_m3` (spilled into it),
    `evaporation_m3`, `seepage_m3` (out; to the groundwater too), `use_m3` (met), `deficit_m3` (wanted and not met),
    `spill_m3`. start_m3, fill_months: by lake, storage at the outset and months until first full (NaN if never). aquifers: one
    row an aquifer and month, `level_m` at its end, `recharge_m3`, `lakes_m3` (from the lakes) and `regional_m3`.
    """

    table: pd.DataFrame
    start_m3: pd.Series[float]
    fill_months: pd.Series[float]
    aquifers: pd.DataFrame

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
        used = by["use_m3"].sum()
        wanted = used + by["deficit_m3"].sum()
        frame = pd.DataFrame(
            {
                "fill_months": self.fill_months,
                "lowest_m": by["level_m"].min(),
                "highest_m": by["level_m"].max(),
                "end_m": by["level_m"].last(),
                "met": (used / wanted.where(wanted > 0)).fillna(1.0),
                "spill_m3": by["spill_m3"].sum(),
                "deficit_m3": by["deficit_m3"].sum(),
            }
        )
        return frame.reindex(self.start_m3.index)


GROUND_COLUMNS: Final = ["level_m", "recharge_m3", "lakes_m3", "regional_m3"]
GAINS: Final = ["rain_m3", "runoff_m3", "inflow_m3", "upstream_m3"]
LOSSES: Final = ["evaporation_m3", "seepage_m3", "use_m3", "spill_m3"]


def balance(lakes: Sequence[Lake], years: Climate | Sequence[Climate], *, first_month: int = 1) -> Balance:
    """Runs lakes through the months; what one spills flows into the next, and lakes that meet above a saddle rise as one.

    years: the climate of each year in turn, twelve months from `first_month` (1-12) each. Within a month inflow, rain, losses
    and use run evenly, and the lake's area follows its storage at every moment.
    Raises InvalidInput for tables, months or names that do not fit, and for lakes that spill in a ring.
    """
    climates = [years] if isinstance(years, Climate) else list(years)
    if not lakes or not climates or first_month not in range(1, MONTHS + 1):
        raise InvalidInput(say("balance.nothing_to_balance"))
    net = Lakes.of(lakes)
    months = (first_month - 1 + np.arange(MONTHS * len(climates))) % MONTHS
    brought = Weather.of(net.lakes, climates, months)
    told, below, full_after, sound = run_months(net.network, brought.months, net.stores, net.start)
    if not sound:
        raise InvalidInput(say("balance.endless"))
    tables = {lake.name: _table(net, brought, told, i, months) for i, lake in enumerate(net.lakes)}
    _share_runoff(net, brought, told, tables)
    names = pd.Index([lake.name for lake in lakes], name="lake")
    order = [net.place[lake.name] for lake in lakes]
    ground = [
        pd.DataFrame(below[:, k], columns=GROUND_COLUMNS).assign(aquifer=k, month=months + 1) for k in range(below.shape[1])
    ]
    return Balance(
        pd.concat([tables[lake.name] for lake in lakes], ignore_index=True),
        pd.Series([net.start[i] for i in order], index=names, name="start_m3"),
        pd.Series([full_after[i] if full_after[i] >= 0 else np.nan for i in order], index=names, name="fill_months"),
        pd.concat(ground, ignore_index=True) if ground else pd.DataFrame(columns=[*GROUND_COLUMNS, "aquifer", "month"]),
    )


def _table(net: Lakes, brought: Weather, told: Floats, i: int, months: Ints) -> pd.DataFrame:
    """The months of one lake."""
    lake, did = net.lakes[i], told[:, i]
    level, storage, area = net.knots[i]
    held, wet = did[:, STORAGE], did[:, AREA]
    shown = np.interp(held, storage, level)
    for over in net.above(i):  # where it has joined others, their common level is its own
        up = told[:, over, STORAGE]
        shown = np.where(up > 0.0, np.interp(up, net.knots[over][1], net.knots[over][0]), shown)
    used = did[:, USE]
    return pd.DataFrame(
        {
            "lake": lake.name,
            "year": np.arange(len(months)) // MONTHS + 1,
            "month": months + 1,
            "level_m": shown,
            "area_m2": np.interp(held, storage, area),
            "storage_m3": held,
            "rain_m3": brought.months.rain * wet,
            "runoff_m3": brought.running[:, i] * (lake.basin_m2 - wet),
            "inflow_m3": brought.given[:, i],
            "upstream_m3": did[:, RECEIVED],
            "evaporation_m3": did[:, EVAPORATION],
            "seepage_m3": did[:, SEEPAGE],
            "use_m3": used,
            "deficit_m3": np.maximum(brought.months.use[:, i] - used, 0.0),
            "spill_m3": did[:, SPILL],
        }
    )


def _share_runoff(net: Lakes, brought: Weather, told: Floats, tables: dict[str, pd.DataFrame]) -> None:
    """Books what joined lakes did to those they are made of.

    Ground that a joined lake wets sends no runoff to the lakes below it; and what it is drawn for is what was wanted of them.
    """
    for i, lake in enumerate(net.lakes):
        if net.network.leaf[i]:
            continue
        mine, leaves = tables[lake.name], net.below(i)
        basin = np.array([net.lakes[k].basin_m2 for k in leaves])
        wanted = brought.months.use[:, leaves]
        less = brought.running[:, i] * told[:, i, AREA]
        part = basin / basin.sum() if basin.sum() > 0 else np.full(len(leaves), 1 / len(leaves))
        drawn = np.divide(told[:, i, USE], wanted.sum(axis=1), out=np.zeros(len(less)), where=wanted.sum(axis=1) > 0)
        mine["runoff_m3"] = 0.0
        mine["upstream_m3"] -= less
        mine["deficit_m3"] = 0.0
        for share, k, use in zip(part, leaves, wanted.T, strict=True):
            table = tables[net.lakes[k].name]
            table["runoff_m3"] -= share * less
            table["spill_m3"] -= share * less
            table["deficit_m3"] = np.maximum(table["deficit_m3"] - drawn * use, 0.0)


def settled(lakes: Sequence[Lake], year: Climate, *, first_month: int = 1) -> Balance:
    """The year that repeats itself: the balance after as many equal years as the lakes need to forget how they began.

    Raises InvalidInput where they have not after LONGEST_YEARS.
    """
    now = list(lakes)
    full = {lake.name: lake.knots[1][-1] for lake in lakes}
    for _ in range(LONGEST_YEARS):
        result = balance(now, year, first_month=first_month)
        ends = result.table.groupby("lake")["storage_m3"].last()
        if all(abs(ends[n] - result.start_m3[n]) <= SETTLED * full[n] for n in full):
            return result
        now = resumed(now, result)
    raise InvalidInput(say("balance.not_settled", years=LONGEST_YEARS))


def resumed(lakes: Sequence[Lake], result: Balance) -> list[Lake]:
    """Lakes and their groundwater as a balance left them."""
    ends = result.table.groupby("lake")["storage_m3"].last()
    level = result.aquifers.groupby("aquifer")["level_m"].last()
    bodies = Lakes.of(lakes)
    after: dict[int, Aquifer] = {}
    for i, lake in enumerate(bodies.lakes):
        if lake.aquifer is not None and id(lake.aquifer) not in after:
            store = lake.aquifer
            region = store.level_m if store.region_m is None else store.region_m
            after[id(store)] = replace(store, level_m=float(level[int(bodies.network.store[i])]), region_m=region)
    return [
        replace(
            lake,
            start_m=float(lake.level_at(ends[lake.name])),
            aquifer=None if lake.aquifer is None else after[id(lake.aquifer)],
        )
        for lake in lakes
    ]


def replenishment(lake: Lake, year: Climate, *, level_m: float) -> Floats:
    """Water to be brought each month to hold a level, m³, (12,): losses and use less rain, runoff and inflow, never negative.

    The groundwater counts at a given level; one that answers (`aquifer`) at its own at the outset.
    """
    area = float(lake.area_at(level_m))
    table = lake.groundwater_m if lake.aquifer is None else lake.aquifer.level_m
    head = 0.0 if table is None else level_m - table
    runoff = MM * lake.runoff_share * np.array(year.rain_mm) * max(lake.basin_m2 - area, 0.0)
    net_mm = np.array(year.evaporation_mm) + monthly(lake.seepage_mm, "seepage_mm") - np.array(year.rain_mm)
    out = monthly(lake.use_m3, "use_m3") - monthly(lake.inflow_m3, "inflow_m3") + lake.exchange_per_month * head * area
    return np.asarray(np.maximum(net_mm * MM * area + out - runoff, 0.0), dtype=np.float64)
