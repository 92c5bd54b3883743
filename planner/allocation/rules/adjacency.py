"""Adjacent and Apart: what must, and what must not, lie side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.allocation.checks import check_number, check_target, check_words, pairs
from planner.allocation.parts import Clauses, Named, Part
from planner.allocation.table import Floats, Ints, OptionTable
from planner.errors import InvalidInput
from planner.words import Message, say


@dataclass(frozen=True, eq=False)
class Apart(Named):
    """Σ x_a,first + Σ x_b,second ≤ 1 across every border of at least min_length_m: the two never touch.

    With construction and reservoir it makes a green belt between them. boundaries: unit_a, unit_b, length_m.

    Examples
    --------
    >>> import pandas as pd
    >>> import planner as pl
    >>> borders = pd.DataFrame({"unit_a": ["u1"], "unit_b": ["u2"], "length_m": [120.0]})
    >>> str(pl.Apart("construction", "reservoir", borders, min_length_m=10.0))
    'construction never touches reservoir'
    """

    first: str
    second: str
    boundaries: pd.DataFrame
    min_length_m: float = 0.0

    def __post_init__(self) -> None:
        rule = f"Apart {self.first}, {self.second}"
        check_target(rule, self.first)
        check_target(rule, self.second)
        check_number(rule, "min_length_m", self.min_length_m)
        if self.first == self.second:
            raise InvalidInput(say("allocation.apart_itself", rule=rule))

    @property
    def told(self) -> Message:
        """The rule in words."""
        return say("rules.apart", first=self.first, second=self.second)

    def part(self, table: OptionTable) -> Part:
        """A clause per border and direction."""
        check_words(str(self), table, self.first)
        check_words(str(self), table, self.second)
        a, b = long_borders(str(self), table, self.boundaries, self.min_length_m)
        heads, tails = np.r_[a, b], np.r_[b, a]
        first, second = table.mask(self.first), table.mask(self.second)
        one, two = options_by_unit(table, first), options_by_unit(table, second)
        keep = (one[1][heads] > 0) & (two[1][tails] > 0)
        rows = np.arange(int(keep.sum()))
        return Part(clauses=_clauses([(rows, heads[keep], one, 1.0), (rows, tails[keep], two, 1.0)], np.ones(rows.size)))

    def kept(self, table: OptionTable, chosen: Ints) -> bool:
        """Whether no border lies between the two targets."""
        has = [table.targets[t] for t in table.target[chosen]]
        wrong = ({self.first, self.second},)
        return all({has[i], has[j]} not in wrong for i, j in zip(*_long(self, table), strict=True))


@dataclass(frozen=True, eq=False)
class Adjacent(Named):
    """Σ x_i,target ≤ Σ over neighbours j of Σ x_j,beside: each unit of the target has a neighbour of `beside`.

    beside: a target; borders of at least min_length_m count. boundaries: unit_a, unit_b, length_m.

    Examples
    --------
    >>> import pandas as pd
    >>> import planner as pl
    >>> borders = pd.DataFrame({"unit_a": ["u1"], "unit_b": ["u2"], "length_m": [120.0]})
    >>> str(pl.Adjacent("construction", "green", borders))
    'every unit of construction has green beside it'
    """

    target: str
    beside: str
    boundaries: pd.DataFrame
    min_length_m: float = 0.0

    def __post_init__(self) -> None:
        rule = f"Adjacent {self.target}, {self.beside}"
        check_target(rule, self.target)
        check_target(rule, self.beside)
        check_number(rule, "min_length_m", self.min_length_m)

    @property
    def told(self) -> Message:
        """The rule in words."""
        return say("rules.adjacent", target=self.target, beside=self.beside)

    def part(self, table: OptionTable) -> Part:
        """A clause per unit that could take the target."""
        check_words(str(self), table, self.target)
        check_words(str(self), table, self.beside)
        a, b = long_borders(str(self), table, self.boundaries, self.min_length_m)
        mine, theirs = options_by_unit(table, table.mask(self.target)), options_by_unit(table, table.mask(self.beside))
        units = np.flatnonzero(mine[1] > 0)
        row = np.full(len(table.units), -1, dtype=np.int64)
        row[units] = np.arange(units.size)
        heads, tails = np.r_[a, b], np.r_[b, a]
        keep = row[heads] >= 0
        blocks = [(np.arange(units.size), units, mine, 1.0), (row[heads[keep]], tails[keep], theirs, -1.0)]
        return Part(clauses=_clauses(blocks, np.zeros(units.size)))

    def kept(self, table: OptionTable, chosen: Ints) -> bool:
        """Whether every unit of the target has a neighbour of `beside`."""
        has = [table.targets[t] for t in table.target[chosen]]
        content = set()
        for i, j in zip(*_long(self, table), strict=True):
            content |= {i} if has[j] == self.beside else set()
            content |= {j} if has[i] == self.beside else set()
        return all(i in content for i, target in enumerate(has) if target == self.target)


def _long(rule: Apart | Adjacent, table: OptionTable) -> tuple[list[int], list[int]]:
    """The two units of every border that counts."""
    a, b = long_borders(str(rule), table, rule.boundaries, rule.min_length_m)
    return a.tolist(), b.tolist()


Grouped = tuple[Ints, Ints, Ints]  # options of a kind, sorted by unit; how many each unit has; where each unit's begin


def options_by_unit(table: OptionTable, mask: np.ndarray) -> Grouped:
    """The options where `mask`, with each unit's count and first position among them."""
    options = np.flatnonzero(mask)
    count = np.bincount(table.unit[options], minlength=len(table.units))
    return options, count, np.r_[0, np.cumsum(count)[:-1]].astype(np.int64)


def spread(units: Ints, grouped: Grouped) -> tuple[Ints, Ints]:
    """For each of the units (with repeats) all its options: which entry of `units`, and the option."""
    options, count, first = grouped
    times = count[units]
    entry = np.repeat(np.arange(units.size), times)
    within = np.arange(entry.size) - np.repeat(np.cumsum(times) - times, times)
    return entry, options[first[units][entry] + within]


def _clauses(blocks: list[tuple[Ints, Ints, Grouped, float]], hi: Floats) -> Clauses:
    """Rows from blocks of (row of each unit, unit, options of a kind by unit, coefficient)."""
    rows, cols, values = [], [], []
    for row, units, grouped, value in blocks:
        entry, option = spread(units, grouped)
        rows.append(row[entry])
        cols.append(option)
        values.append(np.full(option.size, value))
    return Clauses(np.concatenate(rows), np.concatenate(cols), np.concatenate(values), hi)


def long_borders(rule: str, table: OptionTable, boundaries: pd.DataFrame, least: float) -> tuple[Ints, Ints]:
    """Units of the borders that are at least so long."""
    a, b = pairs(rule, table, boundaries)
    if least <= 0:
        return a, b
    if "length_m" not in boundaries.columns:
        raise InvalidInput(say("allocation.no_length", rule=rule, least=least))
    keep = boundaries["length_m"].to_numpy(dtype=np.float64) >= least
    return a[keep], b[keep]
