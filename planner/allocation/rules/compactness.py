"""Compactness: a price on borders between different targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.allocation.checks import check_number, check_words, pairs
from planner.allocation.parts import Borders, Named, Part
from planner.allocation.table import Floats, Ints, OptionTable
from planner.errors import InvalidInput
from planner.words import Message, say


@dataclass(frozen=True, eq=False)
class Compactness(Named):
    """cny_per_m · Σ length_m · weight over borders whose two units are unlike, yuan, off the objective.

    boundaries: columns unit_a, unit_b, length_m. by: "target", or "treatment" for works in few, large zones. weights: factor of
    a pair of targets (treatments), either way round; pairs that are not named count 1. As rows, per border and target:
    z ≥ x_a,target − x_b,target, z ≥ 0; with weights, per set of targets that they can be cut along.
    Source: boundary length of Ball, Possingham & Watts 2009 (Marxan), per pair as in prioritizr's zones.
    Example: Compactness(boundaries, 50.0, by="treatment", weights={("dig_1", "dig_2"): 0.5}).

    Examples
    --------
    >>> import pandas as pd
    >>> import planner as pl
    >>> borders = pd.DataFrame({"unit_a": ["u1"], "unit_b": ["u2"], "length_m": [120.0]})
    >>> str(pl.Compactness(borders, 50.0, by="treatment", weights={("dig_1", "dig_2"): 0.5}))
    'borders between unlike treatments cost 50 yuan/m'
    """

    boundaries: pd.DataFrame
    cny_per_m: float = 0.0
    by: str = "target"
    weights: Mapping[tuple[str, str], float] | None = None

    def __post_init__(self) -> None:
        check_number("Compactness", "cny_per_m", self.cny_per_m)
        if "length_m" not in self.boundaries.columns:
            raise InvalidInput(say("allocation.compactness_length"))
        if self.by not in ("target", "treatment"):
            raise InvalidInput(say("allocation.compactness_by", by=self.by))
        for (one, other), weight in (self.weights or {}).items():
            check_number(f"Compactness {one}, {other}", "weight", weight)
            if one == other and weight:
                raise InvalidInput(say("allocation.compactness_itself", one=one))

    @property
    def told(self) -> Message:
        """The rule in words."""
        return say(f"rules.compact_{self.by}", price=self.cny_per_m)

    def part(self, table: OptionTable) -> Part:
        """The borders and what each costs. A border named twice counts twice; a table that names every border both ways, as
        matrices of weights and Marxan's bound.dat do, counts each once.
        """
        a, b, length = priced_lengths("Compactness", table, self.boundaries)
        words, kind = (table.targets, table.target) if self.by == "target" else (table.treatments, table.treatment)
        return Part(borders=Borders(a, b, length * self.cny_per_m, kind, self._weight(table, words)))

    def _weight(self, table: OptionTable, words: tuple[str, ...]) -> Floats:
        """The pairs' factors, shape (T, T).

        Raises InvalidInput where a pair names what no option has.
        """
        weight = np.ones((len(words), len(words))) - np.eye(len(words))
        for pair, factor in (self.weights or {}).items():
            for word in pair:
                check_words("Compactness", table, **{self.by: word})
            if pair[0] in words and pair[1] in words and pair[0] != pair[1]:
                i, j = words.index(pair[0]), words.index(pair[1])
                weight[i, j] = weight[j, i] = factor
        return weight


def priced_lengths(rule: str, table: OptionTable, boundaries: pd.DataFrame) -> tuple[Ints, Ints, Floats]:
    """The two units of every border that counts, and its length, m. Raises InvalidInput where a length is none."""
    a, b = pairs(rule, table, boundaries)
    length = boundaries["length_m"].to_numpy(dtype=np.float64)
    bad = np.flatnonzero(~(np.isfinite(length) & (length >= 0)))
    if bad.size:
        where = f"{table.units[a[bad[0]]]}-{table.units[b[bad[0]]]}"
        raise InvalidInput(say("allocation.border_length", where=where, length=length[bad[0]]))
    once = _once(a, b, length)
    return a[once], b[once], length[once]


def _once(a: Ints, b: Ints, length: Floats) -> NDArray[np.bool_]:
    """Which borders count: of a table that holds every one both ways, equally long, one way; else all."""
    if 2 * int((a < b).sum()) != len(a) or (a == b).any():
        return np.ones(len(a), dtype=bool)
    there = np.lexsort((length, b, a))
    back = np.lexsort((length, a, b))
    both_ways = (
        np.array_equal(a[there], b[back]) and np.array_equal(b[there], a[back]) and np.array_equal(length[there], length[back])
    )
    return np.asarray((a < b) if both_ways else np.ones(len(a), dtype=bool))
