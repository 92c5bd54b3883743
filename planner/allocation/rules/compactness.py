"""Compactness: a price on borders between different targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.allocation.checks import check_number, pairs
from planner.allocation.parts import Borders, Part
from planner.allocation.table import OptionTable
from planner.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Compactness:
    """cny_per_m · Σ length_m over borders whose two units differ in target, yuan, off the objective.

    boundaries: columns unit_a, unit_b, length_m. As rows, per border and target: z ≥ x_a,target − x_b,target, z ≥ 0.
    Source: boundary length of Ball, Possingham & Watts 2009 (Marxan), per target as in prioritizr's zones.
    """

    boundaries: pd.DataFrame
    cny_per_m: float = 0.0

    def __post_init__(self) -> None:
        check_number("Compactness", "cny_per_m", self.cny_per_m)
        if "length_m" not in self.boundaries.columns:
            raise InvalidInput("Compactness: the borders have no column 'length_m'; needed are unit_a, unit_b, length_m")

    def __str__(self) -> str:
        return f"borders between different targets cost {self.cny_per_m:,.10g} yuan/m"

    def part(self, table: OptionTable) -> Part:
        """The borders and what each costs; a border named twice counts twice."""
        a, b = pairs("Compactness", table, self.boundaries)
        length = self.boundaries["length_m"].to_numpy(dtype=np.float64)
        bad = np.flatnonzero(~(np.isfinite(length) & (length >= 0)))
        if bad.size:
            where = f"{table.units[a[bad[0]]]}-{table.units[b[bad[0]]]}"
            raise InvalidInput(f"Compactness: length_m of border {where} is {length[bad[0]]}; it must be a length ≥ 0")
        return Part(borders=Borders(a, b, length * self.cny_per_m))
