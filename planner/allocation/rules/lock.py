"""Lock and Exclude: what a unit must or must not become."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.allocation.checks import check_target, check_words, works
from planner.allocation.parts import Named, Part
from planner.allocation.table import Ints, OptionTable
from planner.errors import InvalidInput
from planner.words import Message, say


@dataclass(frozen=True)
class Lock(Named):
    """x = 0 for every option of the unit without the target (and treatment).

    Examples
    --------
    >>> import planner as pl
    >>> str(pl.Lock("u7", "green", "wetland"))
    'unit u7 is green by wetland'
    """

    unit: str
    target: str
    treatment: str | None = None

    def __post_init__(self) -> None:
        check_target(f"Lock {self.unit}", self.target)

    @property
    def told(self) -> Message:
        """The rule in words."""
        return say("rules.lock", unit=self.unit, what=works(self.target, self.treatment))

    def part(self, table: OptionTable) -> Part:
        """The options it rules out.

        Raises InvalidInput where the unit has no such option.
        """
        mine, fits = _fitting(table, f"Lock {self.unit}", self.unit, self.target, self.treatment)
        if not fits.size:
            has = [str(table.names[o]) for o in table.option[mine]]
            what = works(self.target, self.treatment)
            raise InvalidInput(say("allocation.lock_no_option", unit=self.unit, what=what, has=has))
        return Part(forbid=mine[[k not in fits for k in mine]])

    def kept(self, table: OptionTable, chosen: Ints) -> bool:
        """Whether the unit has the target and treatment."""
        return _is(table, chosen, self.unit, self.target, self.treatment)


@dataclass(frozen=True)
class Exclude(Named):
    """x = 0 for every option of the unit with the target (and treatment).

    Examples
    --------
    >>> import planner as pl
    >>> str(pl.Exclude("u7", "construction"))
    'unit u7 is not construction'
    """

    unit: str
    target: str
    treatment: str | None = None

    def __post_init__(self) -> None:
        check_target(f"Exclude {self.unit}", self.target)
        if self.target is None:
            raise InvalidInput(say("allocation.exclude_needs", unit=self.unit))

    @property
    def told(self) -> Message:
        """The rule in words."""
        return say("rules.exclude", unit=self.unit, what=works(self.target, self.treatment))

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
