"""Lock and Exclude: what a unit must or must not become."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.allocation.parts import Part
from planner.allocation.rules.checks import check_target
from planner.allocation.table import OptionTable
from planner.errors import InvalidInput


@dataclass(frozen=True)
class Lock:
    """x = 0 for every option of the unit without the target (and treatment)."""

    unit: str
    target: str
    treatment: str | None = None

    def __post_init__(self) -> None:
        check_target(f"Lock {self.unit}", self.target)

    def __str__(self) -> str:
        return f"unit {self.unit} is {_what(self.target, self.treatment)}"

    def part(self, table: OptionTable) -> Part:
        """The options it rules out.

        Raises InvalidInput where the unit has no such option.
        """
        mine = table.unit == table.positions([self.unit], f"Lock {self.unit}")[0]
        keep = mine & table.mask(self.target, self.treatment)
        if not keep.any():
            has = ", ".join(str(o) for o in table.option[mine])
            what = _what(self.target, self.treatment)
            raise InvalidInput(f"Lock {self.unit}: the unit has no option {what}; it has {has}")
        return Part(forbid=mine & ~keep)


@dataclass(frozen=True)
class Exclude:
    """x = 0 for every option of the unit with the target (and treatment); a target of None with a unit is not allowed."""

    unit: str
    target: str
    treatment: str | None = None

    def __post_init__(self) -> None:
        check_target(f"Exclude {self.unit}", self.target)
        if self.target is None:
            raise InvalidInput(f"Exclude {self.unit}: say which target the unit must not have")

    def __str__(self) -> str:
        return f"unit {self.unit} is not {_what(self.target, self.treatment)}"

    def part(self, table: OptionTable) -> Part:
        """The options it rules out."""
        mine = table.unit == table.positions([self.unit], f"Exclude {self.unit}")[0]
        return Part(forbid=np.asarray(mine & table.mask(self.target, self.treatment)))


def _what(target: str, treatment: str | None) -> str:
    return target if treatment is None else f"{target} by {treatment}"
