"""Quota: how much area a target gets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.allocation.checks import check_interval, check_number, check_target, check_words, finite_column, interval
from planner.allocation.parts import INF, Named, Part, Sum
from planner.allocation.table import OptionTable
from planner.landuse import UNRESTORED
from planner.words import Message, say


@dataclass(frozen=True)
class Quota(Named):
    """min_mu ≤ Σ area_mu·x over the options of a target ≤ max_mu, mu. Source: the land-use quotas of a restoration plan.

    Examples
    --------
    >>> import planner as pl
    >>> str(pl.Quota("arable", min_mu=8_000, max_mu=9_000))
    'arable 8,000 to 9,000 mu'
    """

    target: str
    min_mu: float | None = None
    max_mu: float | None = None

    def __post_init__(self) -> None:
        check_target("Quota", self.target)
        check_number(f"Quota {self.target}", "min_mu", self.min_mu)
        check_number(f"Quota {self.target}", "max_mu", self.max_mu)
        check_interval(f"Quota {self.target}", self.min_mu, self.max_mu, "mu")

    @property
    def told(self) -> Message:
        """The rule in words."""
        return say("rules.quota", target=self.target, ends=interval(self.min_mu, self.max_mu, "mu"))

    def part(self, table: OptionTable) -> Part:
        """One sum of area_mu over the target's options."""
        check_words(str(self), table, self.target)
        area = finite_column(table, "area_mu", str(self))
        if self.target == UNRESTORED:  # leaving ground as it is restores no area, and yet it takes its ground
            area = np.where(area > 0, area, np.maximum.reduceat(area, table.start[:-1])[table.unit])
        coef = np.where(table.mask(self.target), area, 0.0)
        lo = -INF if self.min_mu is None else float(self.min_mu)
        hi = INF if self.max_mu is None else float(self.max_mu)
        return Part(sums=(Sum(self.told, "mu", coef, lo, hi),))
