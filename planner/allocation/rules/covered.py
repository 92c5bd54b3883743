"""Covered: what is served only where something near it is chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.allocation.checks import check_target
from planner.allocation.parts import Clauses, Named, Part
from planner.allocation.rules.adjacency import options_by_unit, spread
from planner.allocation.table import OptionTable
from planner.errors import InvalidInput
from planner.words import Message, say


@dataclass(frozen=True, eq=False)
class Covered(Named):
    """x_home,target ≤ Σ over units near it of x_unit,target: a home counts as served where a unit near it takes the target.

    near: columns `home` and `unit`, ids of the options table: which unit lies within reach of which home. Homes are units
    of their own with one option of the target that carries their people or area (`city.with_homes` makes them), so that
    `Limit("served_people", min=…)` asks for a number served and the certificate covers it. served: the target of the homes' own
    options where it is another, so that rules on the land's target (its patches, its share) do not count homes.
    Source: maximal covering location, Church & ReVelle 1974.

    Examples
    --------
    >>> import pandas as pd
    >>> str(Covered(pd.DataFrame({"home": ["h1"], "unit": ["u1"]})))
    'homes are served by green near them'
    """

    near: pd.DataFrame
    target: str = "green"
    served: str | None = None

    def __post_init__(self) -> None:
        check_target("Covered", self.target)
        check_target("Covered", self.served)
        for column in ("home", "unit"):
            if column not in self.near.columns:
                raise InvalidInput(say("city.near_column", column=column))

    @property
    def told(self) -> Message:
        """The rule in words."""
        return say("rules.covered", target=self.target)

    def part(self, table: OptionTable) -> Part:
        """A clause per home."""
        home = table.positions(self.near["home"], "Covered")
        unit = table.positions(self.near["unit"], "Covered")
        row_of, row = np.unique(home, return_inverse=True)
        if np.isin(unit, row_of).any():
            raise InvalidInput(say("city.home_as_unit", home=str(table.units[unit[np.isin(unit, row_of)][0]])))
        grouped = options_by_unit(table, table.mask(self.target))
        homes = grouped if self.served is None else options_by_unit(table, table.mask(self.served))
        mine, taken = spread(row_of, homes)
        theirs, served_by = spread(unit, grouped)
        rows = np.concatenate([mine, row[theirs]])
        cols = np.concatenate([taken, served_by])
        value = np.r_[np.ones(taken.size), -np.ones(served_by.size)]
        pairs, first = np.unique(np.column_stack([rows, cols]), axis=0, return_index=True)
        return Part(clauses=Clauses(pairs[:, 0], pairs[:, 1], value[first], np.zeros(row_of.size)))
