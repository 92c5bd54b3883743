"""Stockpile: nothing is placed before it is dug."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.allocation.checks import check_number, finite_column
from planner.allocation.parts import Named, Part, Sum
from planner.allocation.table import OptionTable
from planner.errors import InvalidInput
from planner.words import Message, say


@dataclass(frozen=True, eq=False, kw_only=True)
class Stockpile(Named):
    """Σ done·fill ≤ compaction·Σ done·cut + import, compacted m³: what is placed by a moment was dug by then, or brought in.

    done: unit id → share of its earth that is moved by then, 0 to 1 (units that are not named: 0). name: the moment.
    Source: mass haul through time, cumulative cut against cumulative fill (Mayer & Stark 1981), one row a moment.

    >>> str(Stockpile(name="2016", done={"u1": 1.0}, max_import_m3=0.0))
    'earth placed by the end of 2016 is dug by then'
    """

    done: Mapping[str, float] | pd.Series[float]
    name: str
    max_import_m3: float = 0.0
    compaction: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "done", {str(unit): float(share) for unit, share in self.done.items()})
        for name in ("max_import_m3", "compaction"):
            check_number("Stockpile", name, getattr(self, name))
        for unit, share in self.done.items():
            if not 0.0 <= share <= 1.0:
                raise InvalidInput(say("allocation.done_share", moment=self.name, unit=unit, share=share))

    @property
    def told(self) -> Message:
        """The rule in words."""
        bought = say("rules.stock_bought", most=self.max_import_m3) if self.max_import_m3 else ""
        return say("rules.stock", moment=self.name, bought=bought)

    def part(self, table: OptionTable) -> Part:
        """One sum of what lacks by then."""
        rule = f"Stockpile {self.name}"
        share = np.zeros(len(table.units))
        share[table.positions(list(self.done), rule)] = list(self.done.values())
        lack = finite_column(table, "fill_m3", rule) - self.compaction * finite_column(table, "cut_m3", rule)
        return Part(sums=(Sum(self.told, "m³", share[table.unit] * lack, hi=float(self.max_import_m3), kind="stock"),))
