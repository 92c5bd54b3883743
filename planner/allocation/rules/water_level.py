"""WaterLevel: water finds its level, so a lake's units form a lower set of the ground's merge tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.allocation.checks import as_mapping, check_target, check_words
from planner.allocation.parts import Below, Named, Part
from planner.allocation.table import Ints, OptionTable
from planner.errors import InvalidInput
from planner.words import Message, say


@dataclass(frozen=True, eq=False, kw_only=True)
class WaterLevel(Named):
    """Σ x_unit,target ≤ Σ x_deeper,target for every unit that has a next deeper neighbour.

    deeper: unit id → id of the next deeper unit on the way to its basin's bottom (empty where it is the bottom itself).
    Source: the precedence rows of open-pit planning (Lerchs & Grossmann 1965) turned upside down.

    Examples
    --------
    >>> import planner as pl
    >>> str(pl.WaterLevel(deeper={"shore": "middle", "middle": "bottom"}))
    'reservoir fills from the bottom (2 units have a deeper neighbour)'
    """

    deeper: Mapping[str, str] | pd.Series[str]
    target: str = "reservoir"

    def __post_init__(self) -> None:
        check_target("WaterLevel", self.target)
        object.__setattr__(self, "deeper", as_mapping(self.deeper))

    @property
    def told(self) -> Message:
        """The rule in words."""
        return say("rules.water_level", target=self.target, n=len(self.deeper))

    def part(self, table: OptionTable) -> Part:
        """The order child ≤ parent.

        Raises InvalidInput where a unit is unknown or units are deeper than each other in a circle.
        """
        check_words("WaterLevel", table, self.target)
        child = table.positions(list(self.deeper), "WaterLevel")
        parent = table.positions([str(v) for v in self.deeper.values()], "WaterLevel")
        _refuse_circles(table, child, parent)
        return Part(below=Below(child, parent, table.mask(self.target)))

    def kept(self, table: OptionTable, chosen: Ints) -> bool:
        """Whether every unit of the target has its deeper unit in the target too."""
        wet = {str(u) for u, t in zip(table.units, table.target[chosen], strict=True) if table.targets[t] == self.target}
        return all(self.deeper[u] in wet for u in wet if u in self.deeper)


def _refuse_circles(table: OptionTable, child: Ints, parent: Ints) -> None:
    """Pointer doubling: after log2(N) steps every unit points at its root, unless it runs in a circle."""
    up = np.arange(len(table.units))
    up[child] = parent
    step = up
    for _ in range(int(np.ceil(np.log2(max(len(table.units), 2)))) + 1):
        step = step[step]
    lost = np.flatnonzero((up[step] != step) | ((up == np.arange(up.size)) & np.isin(np.arange(up.size), child)))
    if lost.size:
        raise InvalidInput(say("allocation.circle", unit=table.units[lost[0]]))
