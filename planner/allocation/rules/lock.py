"""Lock and Exclude: what a unit must or must not become."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.allocation.checks import check_target, check_words
from planner.allocation.parts import Part
from planner.allocation.table import Ints, OptionTable
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
        mine, fits = _fitting(table, f"Lock {self.unit}", self.unit, self.target, self.treatment)
        if not fits.size:
            has = ", ".join(str(table.names[o]) for o in table.option[mine])
            what = _what(self.target, self.treatment)
            raise InvalidInput(f"Lock {self.unit}: the unit has no option {what}; it has {has}")
        return Part(forbid=mine[[k not in fits for k in mine]])

    def kept(self, table: OptionTable, chosen: Ints) -> bool:
        """Whether the unit has the target and treatment."""
        return _is(table, chosen, self.unit, self.target, self.treatment)


@dataclass(frozen=True)
class Exclude:
    """x = 0 for every option of the unit with the target (and treatment)."""

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
        return Part(forbid=_fitting(table, f"Exclude {self.unit}", self.unit, self.target, self.treatment)[1])

    def kept(self, table: OptionTable, chosen: Ints) -> bool:
        """Whether the unit has not the target and treatment."""
        return not _is(table, chosen, self.unit, self.target, self.treatment)


def _fitting(table: OptionTable, rule: str, unit: str, target: str, treatment: str | None) -> tuple[Ints, Ints]:
    """The unit's options, and those of them with the target and treatment."""
    check_words(rule, table, target, treatment)
    mine = table.options_of(int(table.positions([unit], rule)[0]))
    wanted = table.targets.index(target) if target in table.targets else -1
    fits = mine[table.target[mine] == wanted]
    if treatment is not None:
        way = table.treatments.index(treatment) if treatment in table.treatments else -1
        fits = fits[table.treatment[fits] == way]
    return mine, fits


def _is(table: OptionTable, chosen: Ints, unit: str, target: str, treatment: str | None) -> bool:
    """Whether a unit has a target (by a treatment)."""
    option = chosen[int(np.flatnonzero(table.units == str(unit))[0])]
    right = table.targets[table.target[option]] == target
    return bool(right and (treatment is None or table.treatments[table.treatment[option]] == treatment))


def _what(target: str, treatment: str | None) -> str:
    return target if treatment is None else f"{target} by {treatment}"
