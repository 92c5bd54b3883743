"""Checks and wordings that several rules share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd

from planner.allocation.table import Floats, Ints, OptionTable
from planner.errors import InvalidInput
from planner.landuse import TARGETS, TREATMENTS
from planner.parameters import nearest
from planner.words import Message, say

SLIP = 0.85  # likeness of two words from which one is taken for the other misspelt


def check_target(rule: str, target: str | None) -> None:
    """Raises InvalidInput where a target is no name, or a slip of the pen away from one of the planner's own.

    Names are free, so that problems with other zones can be stated; the options have the last word (`check_words`).
    """
    if target is None:
        return
    if not isinstance(target, str) or not target:
        raise InvalidInput(say("allocation.target_no_name", rule=rule, target=target))
    if target not in TARGETS and target.isalpha() and get_close_matches(target, TARGETS, 1, SLIP):
        raise InvalidInput(say("allocation.unknown_target", rule=rule, target=target, nearest=nearest(target, list(TARGETS))))


def check_words(rule: str, table: OptionTable, target: str | None = None, treatment: str | Sequence[str] | None = None) -> None:
    """Raises InvalidInput where a target or treatment is neither in the options nor one of the planner's own."""
    if target is not None and target not in table.targets and target not in TARGETS:
        near = nearest(target, [*TARGETS, *table.targets])
        raise InvalidInput(say("allocation.unknown_target", rule=rule, target=target, nearest=near))
    for word in (treatment,) if isinstance(treatment, str) else treatment or ():
        if word not in table.treatments and word not in TREATMENTS:
            known = [*TREATMENTS, *table.treatments]
            raise InvalidInput(say("allocation.unknown_treatment", rule=rule, word=word, nearest=nearest(word, known)))


def check_number(rule: str, name: str, value: float | None, *, negative: bool = False, infinite: bool = False) -> None:
    """Raises InvalidInput where a limit is no finite number ≥ 0 (negative: any sign; infinite: inf allowed)."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InvalidInput(say("allocation.not_a_number", rule=rule, name=name, value=value))
    if math.isnan(value) or (math.isinf(value) and not infinite):
        raise InvalidInput(say("allocation.not_finite", rule=rule, name=name, value=value))
    if value < 0 and not negative:
        raise InvalidInput(say("allocation.below_zero", rule=rule, name=name, value=value))


def check_interval(rule: str, low: float | None, high: float | None, unit: str, *, needed: bool = True) -> None:
    """Raises InvalidInput where neither limit is given (if needed), or the lower lies above the upper."""
    if needed and low is None and high is None:
        raise InvalidInput(say("allocation.min_or_max", rule=rule))
    if low is not None and high is not None and low > high:
        raise InvalidInput(say("allocation.min_above_max", rule=rule, low=low, unit=unit, high=high))


def interval(low: float | None, high: float | None, unit: str) -> Message:
    """ "≥ 8 000 mu", "≤ 2 mu", "8 000 to 9 000 mu"."""
    if low is not None and high is not None:
        return say("rules.between", low=low, high=high, unit=unit)
    return say("rules.at_least", low=low, unit=unit) if low is not None else say("rules.at_most", high=high, unit=unit)


def works(target: str, treatment: str | Sequence[str] | None) -> Message:
    """A target, by which treatments where they are named."""
    if treatment is None:
        return say("rules.target", target=target)
    if isinstance(treatment, str) or len(treatment) == 1:
        return say("rules.by", target=target, way=treatment if isinstance(treatment, str) else treatment[0])
    *first, last = treatment
    return say("rules.by_either", target=target, ways=first, last=last)


def finite_column(table: OptionTable, name: str, rule: str, among: np.ndarray | None = None) -> Floats:
    """A numeric column without gaps where `among` (shape (K,), default all); zeros elsewhere.

    Raises InvalidInput naming the first option without a value.
    """
    column = table.column(name, rule)
    used = np.ones(table.size, dtype=np.bool_) if among is None else among
    bad = np.flatnonzero(used & ~np.isfinite(column))
    if bad.size:
        where = table.name(int(bad[0]))
        raise InvalidInput(say("allocation.option_counts", rule=rule, name=name, where=where, value=column[bad[0]]))
    return np.where(used, column, 0.0)


def pairs(rule: str, table: OptionTable, borders: pd.DataFrame) -> tuple[Ints, Ints]:
    """Positions of unit_a and unit_b of a borders table.

    Raises InvalidInput where a column is missing, a unit unknown, or a unit borders itself.
    """
    for name in ("unit_a", "unit_b"):
        if name not in borders.columns:
            raise InvalidInput(say("allocation.border_column", rule=rule, name=name))
    a = table.positions(borders["unit_a"], rule)
    b = table.positions(borders["unit_b"], rule)
    same = np.flatnonzero(a == b)
    if same.size:
        raise InvalidInput(say("allocation.borders_itself", rule=rule, unit=table.units[a[same[0]]], row=same[0]))
    return a, b


def as_mapping(values: Mapping[str, str] | pd.Series[str]) -> dict[str, str]:
    """A mapping or Series of names as a dict, without the empty ones."""
    items: Iterable[tuple[object, object]] = values.items()
    return {str(k): str(v) for k, v in items if v is not None and v == v and str(v) != ""}
