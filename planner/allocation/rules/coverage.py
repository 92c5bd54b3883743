"""Coverage: the green of a built-up area, what stands there today and what a plan makes green."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.allocation.checks import check_number, check_target
from planner.allocation.parts import Named, Part, Sum
from planner.allocation.table import OptionTable
from planner.errors import InvalidInput
from planner.landuse import UNRESTORED
from planner.units import mu_from_m2
from planner.words import Message, say

COLUMNS = ("inside_m2", "green_m2")


@dataclass(frozen=True, eq=False)
class Coverage(Named):
    """outside + Σ inside·[target] + Σ green·[unrestored] ≥ min·built-up area, m².

    ground: index unit_id, `inside_m2`: the unit's ground within the built-up area, `green_m2`: what of that is green today and
    stays so where the unit is left as it is; under any other target it is lost. Units that are not named count nothing.
    outside_m2: green today within the built-up area on no unit. min: share, 0-1. Source: GB/T 51346-2019 (绿化覆盖率, 绿地率).

    Examples
    --------
    >>> import pandas as pd
    >>> ground = pd.DataFrame({"inside_m2": [5e4], "green_m2": [1e3]}, index=["u1"])
    >>> str(Coverage(ground, built_up_m2=1e6, outside_m2=4e5, min=0.43))
    'green covers ≥ 43 % of the built-up area of 1,500 mu'
    """

    ground: pd.DataFrame
    built_up_m2: float
    min: float
    outside_m2: float = 0.0
    target: str = "green"

    def __post_init__(self) -> None:
        check_target("Coverage", self.target)
        for name in ("built_up_m2", "outside_m2", "min"):
            check_number("Coverage", name, getattr(self, name))
        if self.min > 1:
            raise InvalidInput(say("allocation.share_above_one", rule="Coverage", name="min", value=self.min))
        for column in COLUMNS:
            if column not in self.ground.columns:
                raise InvalidInput(say("allocation.coverage_column", column=column))
            amounts = self.ground[column].to_numpy(float)
            if not (np.isfinite(amounts) & (amounts >= 0)).all():
                unit = self.ground.index[int(np.argmin(np.isfinite(amounts) & (amounts >= 0)))]
                raise InvalidInput(say("allocation.coverage_amount", column=column, unit=str(unit)))

    @property
    def told(self) -> Message:
        """The rule in words."""
        town = mu_from_m2(self.built_up_m2)
        return say("rules.coverage", target=self.target, share=100 * self.min, town=town)

    @property
    def most(self) -> float:
        """The share that is reached where every unit takes the target, 0-1."""
        return (self.outside_m2 + float(self.ground["inside_m2"].sum())) / self.built_up_m2

    @property
    def today(self) -> float:
        """The share today, 0-1."""
        return (self.outside_m2 + float(self.ground["green_m2"].sum())) / self.built_up_m2

    def part(self, table: OptionTable) -> Part:
        """One sum of the plan's own part, mu."""
        at = table.positions(self.ground.index, "Coverage")
        inside, green = np.zeros(len(table.units)), np.zeros(len(table.units))
        inside[at] = mu_from_m2(self.ground["inside_m2"].to_numpy(float))
        green[at] = mu_from_m2(self.ground["green_m2"].to_numpy(float))
        coef = np.where(table.mask(self.target), inside[table.unit], 0.0)
        if self.target != UNRESTORED:
            coef += np.where(table.mask(UNRESTORED), green[table.unit], 0.0)
        return Part(sums=(Sum(self.told, "mu", coef, mu_from_m2(self.min * self.built_up_m2 - self.outside_m2)),))
