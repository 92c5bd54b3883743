"""Keep: an objective held to a level while another is pursued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.allocation.checks import check_number
from planner.allocation.objective import Objective, objective
from planner.allocation.parts import TURNED, Named, Part, Sum
from planner.allocation.table import OptionTable
from planner.words import Message, say


@dataclass(frozen=True, eq=False)
class Keep(Named):
    """The objective is no worse than `level` in its own unit: at least so much, or at most so much where it is minimised.

    As a row: −Σ gain·x + money + borders ≤ −level. Source: ε-constraint method, Haimes et al. 1971.

    Examples
    --------
    >>> import planner as pl
    >>> str(pl.Keep("cost", 2e8))
    'cost no worse than 200,000,000'
    """

    goal: str | Mapping[str, float] | Objective
    level: float

    def __post_init__(self) -> None:
        check_number("Keep", "level", self.level, negative=True)

    @property
    def told(self) -> Message:
        """The rule in words."""
        name = self.goal.name if isinstance(self.goal, Objective) else str(self.goal)
        return say("rules.keep", name=name, level=self.level)

    def part(self, table: OptionTable) -> Part:
        """One sum of minus the objective."""
        goal = objective(table, self.goal)
        row = Sum(self.told, goal.unit, np.asarray(-goal.gain), hi=-goal.sign * self.level, border=goal.border)
        kind = TURNED if goal.sign > 0 else ""
        return Part(sums=(replace(row, money=goal.money, at_worth=True, kind=kind),))
