"""Budget: how much money may be spent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.allocation.checks import check_number, finite_column
from planner.allocation.parts import Named, Part, Sum
from planner.allocation.table import OptionTable
from planner.errors import InvalidInput
from planner.words import Message, say


@dataclass(frozen=True)
class Budget(Named):
    """Σ cost_cny·x + earth that is bought, carried or handled twice ≤ max_cny, yuan.

    years: (first, last); only options whose ready_year lies within count, and earth does not. beside_cny: what of max_cny is
    paid whatever is chosen, lump sums: told in the limit and in what the plan comes to. spread: a column of yuan that counts
    beside cost_cny, shares of lump sums.

    Examples
    --------
    >>> import planner as pl
    >>> str(pl.Budget(2.2e9)), str(pl.Budget(3e8, years=(2026, 2028)))
    ('budget ≤ 2,200,000,000 yuan', 'budget in 2026-2028 ≤ 300,000,000 yuan')
    """

    max_cny: float
    years: tuple[int, int] | None = None
    beside_cny: float = 0.0
    spread: str | None = None

    def __post_init__(self) -> None:
        if self.max_cny is None:
            raise InvalidInput(say("allocation.budget_needs"))
        check_number("Budget", "max_cny", self.max_cny)
        check_number("Budget", "beside_cny", self.beside_cny)

    @property
    def told(self) -> Message:
        """The rule in words."""
        if self.years is None:
            return say("rules.budget", most=self.max_cny)
        return say("rules.budget_of_years", first=self.years[0], last=self.years[1], most=self.max_cny)

    def part(self, table: OptionTable) -> Part:
        """One sum of cost_cny, and of what is spread."""
        coef = finite_column(table, "cost_cny", str(self))
        if self.spread is not None:
            coef = coef + finite_column(table, self.spread, str(self))
        if self.years is not None:
            year = table.column("ready_year", str(self))
            coef = np.where((year >= self.years[0]) & (year <= self.years[1]), coef, 0.0)
        most = float(self.max_cny - self.beside_cny)
        return Part(sums=(Sum(self.told, "yuan", coef, hi=most, money=float(self.years is None)),))
