"""Steps: a price on borders by the metres of works that change across them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from planner.allocation.checks import check_number, finite_column
from planner.allocation.parts import Borders, Named, Part
from planner.allocation.rules.compactness import priced_lengths
from planner.allocation.table import OptionTable
from planner.units import m2_from_mu
from planner.words import Message, say

DEEPEST_M: Final = -4  # works are told apart by whole metres from here to the next: eight kinds, whose cuts are all tried
HIGHEST_M: Final = 3


@dataclass(frozen=True, eq=False)
class Steps(Named):
    """cny_per_m_step · Σ length_m · |step| over borders, yuan, off the objective: slopes and edges grow with the step.

    boundaries: columns unit_a, unit_b, length_m. step: the difference of what works change the ground by on both sides, (fill −
    cut) / area, m, each to the whole metre from DEEPEST_M to HIGHEST_M; so two beds dug 1 and 3 m deep differ by 2, and ground
    that slopes by itself has none. A line metric: prefix cuts make it up, and the relaxation is tight.
    Source: boundary weights per pair of zones, Watts et al. 2009 (Marxan with Zones); cut cone, Deza & Laurent 1997.

    >>> borders = pd.DataFrame({"unit_a": ["u1"], "unit_b": ["u2"], "length_m": [120.0]})
    >>> str(Steps(borders, 20.0))
    'borders cost 20 yuan/m for every metre that works change across them'
    """

    boundaries: pd.DataFrame
    cny_per_m_step: float

    def __post_init__(self) -> None:
        check_number("Steps", "cny_per_m_step", self.cny_per_m_step)

    @property
    def told(self) -> Message:
        """The rule in words."""
        return say("rules.steps", price=self.cny_per_m_step)

    def part(self, table: OptionTable) -> Part:
        """The borders and what each costs."""
        a, b, length = priced_lengths("Steps", table, self.boundaries)
        change = finite_column(table, "fill_m3", "Steps") - finite_column(table, "cut_m3", "Steps")
        area = m2_from_mu(finite_column(table, "area_mu", "Steps"))
        metres = np.divide(change, area, out=np.zeros_like(change), where=area > 0)
        level = np.clip(np.rint(metres), DEEPEST_M, HIGHEST_M).astype(np.int64)
        kind = level - level.min(initial=0)
        kinds = np.arange(int(kind.max(initial=0)) + 1)
        weight = np.abs(kinds[:, None] - kinds[None, :]).astype(np.float64)
        return Part(borders=Borders(a, b, length * self.cny_per_m_step, kind, weight))
