"""Storage: how much water the reservoirs hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.allocation.checks import check_interval, check_number, finite_column, interval
from planner.allocation.parts import INF, Named, Part, Sum
from planner.allocation.table import OptionTable
from planner.words import Message, say


@dataclass(frozen=True, kw_only=True)
class Storage(Named):
    """min_m3 ≤ Σ storage_m3·x ≤ max_m3 over all units or those of one reservoir (`units`, unit ids), m³.

    Examples
    --------
    >>> import planner as pl
    >>> str(pl.Storage(min_m3=38.6e6)), str(pl.Storage(min_m3=1e6, units=("u1", "u2"), name="north lake"))
    ('storage ≥ 38,600,000 m³', 'storage of north lake ≥ 1,000,000 m³')
    """

    min_m3: float | None = None
    max_m3: float | None = None
    units: tuple[str, ...] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        check_number("Storage", "min_m3", self.min_m3)
        check_number("Storage", "max_m3", self.max_m3)
        check_interval("Storage", self.min_m3, self.max_m3, "m³")
        if self.units is not None:
            object.__setattr__(self, "units", tuple(str(u) for u in self.units))

    @property
    def told(self) -> Message:
        """The rule in words."""
        ends = interval(self.min_m3, self.max_m3, "m³")
        if self.name:
            return say("limit.storage_of", name=self.name, ends=ends)
        return say("limit.storage", ends=ends) if self.units is None else say("rules.storage_in", n=len(self.units), ends=ends)

    def part(self, table: OptionTable) -> Part:
        """One sum of storage_m3."""
        coef = finite_column(table, "storage_m3", str(self))
        if self.units is not None:
            within = np.zeros(len(table.units), dtype=np.bool_)
            within[table.positions(self.units, str(self))] = True
            coef = np.where(within[table.unit], coef, 0.0)
        lo = -INF if self.min_m3 is None else float(self.min_m3)
        hi = INF if self.max_m3 is None else float(self.max_m3)
        return Part(sums=(Sum(self.told, "m³", coef, lo, hi),))
