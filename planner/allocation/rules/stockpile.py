"""Stockpile: nothing is placed before it is dug."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.allocation.checks import check_number, finite_column
from planner.allocation.parts import Named, Part, Sum
from planner.allocation.table import Floats, OptionTable
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
        object.__setattr__(self, "done", checked_shares(self.name, self.done))
        for name in ("max_import_m3", "compaction"):
            check_number("Stockpile", name, getattr(self, name))

    @property
    def told(self) -> Message:
        """The rule in words."""
        bought = say("rules.stock_bought", most=self.max_import_m3) if self.max_import_m3 else ""
        return say("rules.stock", moment=self.name, bought=bought)

    def part(self, table: OptionTable) -> Part:
        """One sum of what lacks by then."""
        lack = lacking(f"Stockpile {self.name}", table, self.done, self.compaction)
        return Part(sums=(Sum(self.told, "m³", lack, hi=float(self.max_import_m3), kind="stock"),))


def checked_shares(moment: str, shares: Mapping[str, float] | pd.Series[float]) -> dict[str, float]:
    """Shares of units' earth by unit_id. Raises InvalidInput where one is not between 0 and 1."""
    names = shares.index.to_numpy(dtype=object) if isinstance(shares, pd.Series) else shares.keys()
    given = shares.to_numpy() if isinstance(shares, pd.Series) else shares.values()
    result = {str(unit): float(share) for unit, share in zip(names, given, strict=True)}
    for unit, share in result.items():
        if not 0.0 <= share <= 1.0:
            raise InvalidInput(say("allocation.done_share", moment=moment, unit=unit, share=share))
    return result


def lacking(rule: str, table: OptionTable, shares: Mapping[str, float] | pd.Series[float], compaction: float) -> Floats:
    """What every option places beyond what it digs, of its unit's share, compacted m³ (K,)."""
    share = np.zeros(len(table.units))
    share[table.positions(list(shares), rule)] = list(shares.values() if isinstance(shares, Mapping) else shares)
    lack = finite_column(table, "fill_m3", rule) - compaction * finite_column(table, "cut_m3", rule)
    return np.asarray(share[table.unit] * lack)
