"""Share: a target's part of the land, or no less of it than today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.allocation.checks import check_interval, check_number, check_target, check_words, finite_column
from planner.allocation.parts import INF, Part, Sum
from planner.allocation.table import OptionTable
from planner.errors import InvalidInput
from planner.landuse import LAND


@dataclass(frozen=True)
class Share:
    """min·Σ area over `of` ≤ Σ area of the target ≤ max·Σ area over `of`, area_mu; of: the land targets unless named.

    As rows: Σ (area·[target] − min·area·[of])·x ≥ 0, the maximum alike. Source: greening rates of city plans.
    """

    target: str
    min: float | None = None
    max: float | None = None
    of: Sequence[str] = LAND

    def __post_init__(self) -> None:
        rule = f"Share {self.target}"
        check_target(rule, self.target)
        for other in self.of:
            check_target(rule, other)
        for name in ("min", "max"):
            value = getattr(self, name)
            check_number(rule, name, value)
            if value is not None and value > 1:
                raise InvalidInput(f"{rule}: {name} = {value:g} is above 1; give a share, 0.4 for 40 %")
        check_interval(rule, self.min, self.max, "of the land")
        object.__setattr__(self, "of", tuple(self.of))

    def __str__(self) -> str:
        limits = [f"{sign} {100 * v:.10g} %" for sign, v in (("≥", self.min), ("≤", self.max)) if v is not None]
        return f"{self.target} {' and '.join(limits)} of {' + '.join(self.of)}"

    def part(self, table: OptionTable) -> Part:
        """A sum per limit, in mu above or below the share."""
        for target in (self.target, *self.of):
            check_words(str(self), table, target)
        area = finite_column(table, "area_mu", str(self))
        mine = np.where(table.mask(self.target), area, 0.0)
        whole = np.where(np.logical_or.reduce([table.mask(t) for t in self.of]), area, 0.0)
        sums = []
        for sign, share, lo, hi in (("≥", self.min, 0.0, INF), ("≤", self.max, -INF, 0.0)):
            if share is not None:
                label = f"{self.target} {sign} {100 * share:.10g} % of {' + '.join(self.of)}"
                sums.append(Sum(label, "mu", mine - share * whole, lo, hi))
        return Part(sums=tuple(sums))
