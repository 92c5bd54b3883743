"""Belt: what lies near a target is another target, or is left as it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.allocation.checks import check_target, check_words, pairs
from planner.allocation.parts import Clauses, Named, Part
from planner.allocation.rules.adjacency import options_by_unit, spread
from planner.allocation.table import Bools, Ints, OptionTable
from planner.errors import InvalidInput
from planner.landuse import UNRESTORED
from planner.words import Message, say


@dataclass(frozen=True, eq=False)
class Belt(Named):
    """x_a,around + Σ x_b,t ≤ 1 over targets t other than `target`, `around` and unrestored, for every pair a, b that is near.

    near: columns unit_a, unit_b, the pairs within the belt's width of each other, named once. With a green belt around the
    reservoir no house, no field comes within its width of the water. Source: buffer zones of land-use zoning; as rows the
    pairwise exclusion of Williams, ReVelle & Levin 2005.

    >>> import pandas as pd
    >>> str(Belt("reservoir", "green", pd.DataFrame({"unit_a": ["u1"], "unit_b": ["u2"]}), width_m=50.0))
    'a belt of green 50 m wide around reservoir'
    """

    around: str
    target: str
    near: pd.DataFrame
    width_m: float = 0.0

    def __post_init__(self) -> None:
        for target in (self.around, self.target):
            check_target("Belt", target)
        if self.around == self.target:
            raise InvalidInput(say("keys.buffer_itself", target=self.target))

    @property
    def told(self) -> Message:
        """The rule in words."""
        return say("rules.belt", target=self.target, around=self.around, width=self.width_m)

    def part(self, table: OptionTable) -> Part:
        """A clause per pair and direction in which something else could come near."""
        check_words(str(self), table, self.around)
        check_words(str(self), table, self.target)
        a, b = pairs(str(self), table, self.near)
        heads, tails = np.r_[a, b], np.r_[b, a]
        one, two = options_by_unit(table, table.mask(self.around)), options_by_unit(table, self._other(table))
        kept = (one[1][heads] > 0) & (two[1][tails] > 0)
        rows = np.arange(int(kept.sum()))
        blocks = [spread(units, grouped) for units, grouped in ((heads[kept], one), (tails[kept], two))]
        row = np.concatenate([rows[entry] for entry, _ in blocks])
        col = np.concatenate([option for _, option in blocks])
        return Part(clauses=Clauses(row, col, np.ones(col.size), np.ones(rows.size)))

    def kept(self, table: OptionTable, chosen: Ints) -> bool:
        """Whether nothing else lies near."""
        around, other = table.mask(self.around)[chosen], self._other(table)[chosen]
        a, b = pairs(str(self), table, self.near)
        return not bool(((around[a] & other[b]) | (around[b] & other[a])).any())

    def _other(self, table: OptionTable) -> Bools:
        """The options that may not come near, (K,)."""
        free = (self.around, self.target, UNRESTORED)
        return np.asarray(~np.logical_or.reduce([table.mask(t) for t in free]))
