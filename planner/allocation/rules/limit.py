"""Limit: bounds on the sum of any numeric column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.allocation.checks import check_interval, check_number, check_target, check_words, finite_column, interval
from planner.allocation.parts import INF, Named, Part, Sum
from planner.allocation.table import OptionTable
from planner.words import Message, say

_SUFFIXES: Final = {
    "_people": "people",
    "_mu": "mu",
    "_ha": "ha",
    "_m3_a": "m³/a",
    "_m3": "m³",
    "_cny": "yuan",
    "_m2": "m²",
    "_m": "m",
    "_t": "t",
    "_kg": "kg",
}


@dataclass(frozen=True)
class Limit(Named):
    """min ≤ Σ column·x ≤ max over the options of a target and treatment (None: all), in the column's unit.

    Examples
    --------
    >>> import planner as pl
    >>> str(pl.Limit("tree_t", min=500.0, target="green")), str(pl.Limit("ready_jobs", max=90.0, name="jobs"))
    ('tree_t of green ≥ 500 t', 'jobs ≤ 90 ready_jobs')
    """

    column: str
    min: float | None = None
    max: float | None = None
    target: str | None = None
    treatment: str | None = None
    name: str = ""

    def __post_init__(self) -> None:
        rule = f"Limit {self.column}"
        check_target(rule, self.target)
        check_number(rule, "min", self.min, negative=True)
        check_number(rule, "max", self.max, negative=True)
        check_interval(rule, self.min, self.max, self.unit)

    @property
    def unit(self) -> str:
        """The column's unit as its suffix says it, or its name."""
        return next((unit for suffix, unit in _SUFFIXES.items() if self.column.endswith(suffix)), self.column)

    @property
    def told(self) -> Message:
        """The rule in words."""
        ends = interval(self.min, self.max, self.unit)
        if self.name or not (self.target or self.treatment):
            return say("limit.column", name=self.name or self.column, ends=ends)
        if self.target and self.treatment:
            return say("rules.limit_of_way", column=self.column, target=self.target, way=self.treatment, ends=ends)
        return say("rules.limit_of", column=self.column, target=self.target or self.treatment, ends=ends)

    def part(self, table: OptionTable) -> Part:
        """One sum of the column."""
        check_words(str(self), table, self.target, self.treatment)
        among = table.mask(self.target, self.treatment)
        coef = np.where(among, finite_column(table, self.column, str(self), among), 0.0)
        lo = -INF if self.min is None else float(self.min)
        hi = INF if self.max is None else float(self.max)
        return Part(sums=(Sum(self.told, self.unit, coef, lo, hi),))
