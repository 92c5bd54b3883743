"""A lake on its storage curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from planner.errors import InvalidInput
from planner.words import say

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Aquifer:
    """Groundwater that answers to the lakes in it: a store of water in the ground.

    level_m: of the water table at the outset. area_m2 × specific_yield (0–1): what a metre of it holds. region_m: level of the
    groundwater around (level_m where None), towards which `regional_per_month` (1/month) of the head is made up. recharge_share
    (0–1): of the rain on the area that reaches it. Lakes that name the same object share it.
    """

    level_m: float
    area_m2: float
    specific_yield: float
    region_m: float | None = None
    regional_per_month: float = 0.0
    recharge_share: float = 0.0

    def __post_init__(self) -> None:
        """Raises InvalidInput for numbers that are none."""
        shares = self.specific_yield, self.recharge_share
        sound = all(np.isfinite(v) for v in (self.level_m, self.area_m2, *shares, self.regional_per_month))
        if not sound or self.area_m2 <= 0 or not 0 < self.specific_yield <= 1 or not 0 <= self.recharge_share <= 1:
            raise InvalidInput(say("balance.no_aquifer", area=self.area_m2, specific_yield=self.specific_yield))


@dataclass(frozen=True, eq=False)
class Lake:
    """A lake on its storage curve, and what flows in and is drawn.

    level_m, area_m2, storage_m3: (k,) ascending, as a reservoir's storage table. full_m: level above which water spills;
    None for the table's top. dead_m: level below which nothing is drawn; None for the bed. start_m: level at the outset;
    None for empty, full from the full level on. inflow_m3, use_m3: a number or 12 months. basin_m2: land that drains to the
    lake, the lake with it; `runoff_share` of the rain on its dry part arrives. seepage_mm: a month, over the wet area.
    groundwater_m: elevation of the water table; `exchange_per_month` (1/month) of the wet area times the head above it flows
    out, or in where the table stands higher; into an empty lake without an area through the bed
    of its lowest stage. aquifer: groundwater that answers, in place of a given level. spills_to: name of the
    next lake; None where the water leaves the site. joins: name of the lake that it and its neighbours become above the
    saddle between them; that lake's table begins at the saddle with storage 0 and their areas together, takes what flows to
    them and has no basin, inflow or use of its own.
    """

    name: str
    level_m: Floats
    area_m2: Floats
    storage_m3: Floats
    full_m: float | None = None
    dead_m: float | None = None
    start_m: float | None = None
    inflow_m3: ArrayLike = 0.0
    use_m3: ArrayLike = 0.0
    basin_m2: float = 0.0
    runoff_share: float = 0.0
    seepage_mm: ArrayLike = 0.0
    groundwater_m: float | None = None
    exchange_per_month: float = 0.0
    aquifer: Aquifer | None = None
    spills_to: str | None = None
    joins: str | None = None

    @classmethod
    def from_table(cls, name: str, table: pd.DataFrame, **options: object) -> Lake:
        """A lake on a table with columns level_m, area_m2, storage_m3; options as the lake's own."""
        columns = (table[c].to_numpy(dtype=np.float64) for c in ("level_m", "area_m2", "storage_m3"))
        return cls(name, *columns, **options)  # type: ignore[arg-type]

    def storage_at(self, level_m: ArrayLike) -> Floats:
        """Storage at levels, m³, straight between the table's rows."""
        return _between(level_m, self.knots[0], self.knots[1])

    def level_at(self, storage_m3: ArrayLike) -> Floats:
        """Level at storages, m, straight between the table's rows."""
        return _between(storage_m3, self.knots[1], self.knots[0])

    def area_at(self, level_m: ArrayLike) -> Floats:
        """Wet area at levels, m², straight between the table's rows."""
        return _between(level_m, self.knots[0], self.knots[2])

    @property
    def knots(self) -> tuple[Floats, Floats, Floats]:
        """Level, storage and area from the bed to full, storage strictly ascending from 0.

        Raises InvalidInput for a table that is none.
        """
        level, area, storage = (np.asarray(v, dtype=np.float64) for v in (self.level_m, self.area_m2, self.storage_m3))
        self._check_table(level, area, storage)
        wet = np.append(storage[1:] > 0, True)
        level, area, storage = level[wet], area[wet], storage[wet]
        top = float(level[-1]) if self.full_m is None else self.full_m
        marks = [v for v in (self.dead_m, top) if v is not None]
        if not all(level[0] <= v <= level[-1] for v in marks):
            raise InvalidInput(say("balance.levels_off_table", name=self.name, marks=marks, low=level[0], high=level[-1]))
        every = np.unique(np.concatenate((level, marks)))
        every = every[every <= top]
        storage, area = np.interp(every, level, storage), np.interp(every, level, area)
        if len(every) < 2 or (np.diff(storage) <= 0).any():
            raise InvalidInput(say("balance.full_below_bed", name=self.name, top=top, bed=level[0]))
        return every, storage, area

    def check_numbers(self) -> None:
        """Raises InvalidInput for a level, a basin, a share or a rate that is none."""
        levels = [v for v in (self.full_m, self.dead_m, self.start_m, self.groundwater_m) if v is not None]
        if not np.isfinite(levels).all():
            raise InvalidInput(say("balance.levels_not_finite", name=self.name, levels=levels))
        for what in ("basin_m2", "exchange_per_month"):
            value = getattr(self, what)
            if not (np.isfinite(value) and value >= 0):
                raise InvalidInput(say("balance.not_an_amount", name=self.name, key=what, value=value))

    def _check_table(self, level: Floats, area: Floats, storage: Floats) -> None:
        if not (len(level) == len(area) == len(storage) >= 2):
            raise InvalidInput(say("balance.short_table", name=self.name))
        sound = all(bool(np.isfinite(v).all()) for v in (level, area, storage))
        if not sound or (np.diff(level) <= 0).any() or (np.diff(storage) < 0).any() or (area < 0).any() or storage[0] != 0:
            raise InvalidInput(say("balance.unsound_table", name=self.name))


def _between(value: ArrayLike, known: Floats, wanted: Floats) -> Floats:
    return np.asarray(np.interp(np.asarray(value, dtype=np.float64), known, wanted), dtype=np.float64)
