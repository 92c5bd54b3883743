"""Restocked: earth that waits in a stockpile is unloaded and loaded again, and paid for twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from planner.allocation.checks import check_number
from planner.allocation.parts import Column, Named, Part, Sum
from planner.allocation.rules.stockpile import checked_shares, lacking
from planner.allocation.rules.zones import largest
from planner.allocation.table import OptionTable
from planner.words import Message, say


@dataclass(frozen=True, eq=False, kw_only=True)
class Restocked(Named):
    """cny_per_m3 · max(Σ share·(fill − compaction·cut), 0): what a span of years places beyond what it digs, off the objective.

    share: unit id → share of its earth that is moved in the span, 0 to 1 (units that are not named: 0). name: the span. worth:
    what a yuan of it takes off the objective; a limit on cost counts the yuan. Compacted m³.
    Source: double handling of stockpiled earth, Mayer & Stark 1981; one row and one column a span.

    >>> str(Restocked(name="2017", share={"u1": 1.0}, cny_per_m3=4.0))
    'what 2017 places beyond what it digs waits in a stockpile and costs 4 yuan/m³ more'
    """

    share: Mapping[str, float] | pd.Series[float]
    name: str
    cny_per_m3: float
    compaction: float = 1.0
    worth: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "share", checked_shares(self.name, self.share))
        for name in ("cny_per_m3", "compaction", "worth"):
            check_number("Restocked", name, getattr(self, name))

    @property
    def told(self) -> Message:
        """The rule in words."""
        return say("rules.restocked", span=self.name, price=self.cny_per_m3)

    def part(self, table: OptionTable) -> Part:
        """A sum of what the span lacks, and a priced column that makes it up."""
        coef = lacking(f"Restocked {self.name}", table, self.share, self.compaction)
        most = largest(coef, table)
        if not self.cny_per_m3 or most <= 0:
            return Part()
        column = Column(f"stockpile {self.name}", self.cny_per_m3, most, ((0, -1.0),), worth=self.worth)
        return Part(sums=(Sum(self.told, "m³", coef, hi=0.0, kind="restocked"),), columns=(column,))
