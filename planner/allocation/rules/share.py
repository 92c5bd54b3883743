"""Share: a target's part of the land, or no less of it than today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from planner.allocation.checks import check_interval, check_number, check_target, check_words, finite_column
from planner.allocation.parts import INF, Named, Part, Sum
from planner.allocation.table import OptionTable
from planner.errors import InvalidInput
from planner.landuse import LAND
from planner.words import Message, say


@dataclass(frozen=True)
class Share(Named):
    """min·Σ area over `of` ≤ Σ area of the target ≤ max·Σ area over `of`, area_mu; of: the land targets unless named.

    As rows: Σ (area·[target] − min·area·[of])·x ≥ 0, the maximum alike. Source: greening rates of city plans.

    Examples
    --------
    >>> import planner as pl
    >>> str(pl.Share("green", min=0.4))
    'green ≥ 40 % of construction + arable + green'
    """

    target: str
    min: float | None = None
    max: float | None = None
    of: Sequence[str] = LAND

    def __post_init__(self) -> None:
        rule = f"Share {self.target}"
        check_target(rule, self.target)
        for other in self.of:
            check_target(rule, other)
        for name in ("min", "max"):
            value = getattr(self, name)
            check_number(rule, name, value)
            if value is not None and value > 1:
                raise InvalidInput(say("allocation.share_above_one", rule=rule, name=name, value=value))
        check_interval(rule, self.min, self.max, "of the land")
        object.__setattr__(self, "of", tuple(self.of))

    @property
    def told(self) -> Message:
        """The rule in words."""
        if self.min is not None and self.max is not None:
            return say("rules.share", target=self.target, low=100 * self.min, high=100 * self.max, whole=self._whole())
        return self._half("least", self.min) if self.min is not None else self._half("most", self.max or 0.0)

    def _whole(self) -> Message:
        first, *rest = (say("rules.target", target=target) for target in self.of)
        return reduce(lambda a, b: say("rules.plus", first=a, rest=b), rest, first)

    def _half(self, end: str, share: float) -> Message:
        return say(f"rules.share_{end}", target=self.target, share=100 * share, whole=self._whole())

    def part(self, table: OptionTable) -> Part:
        """A sum per limit, in mu above or below the share."""
        for target in (self.target, *self.of):
            check_words(str(self), table, target)
        area = finite_column(table, "area_mu", str(self))
        mine = np.where(table.mask(self.target), area, 0.0)
        whole = np.where(np.logical_or.reduce([table.mask(t) for t in self.of]), area, 0.0)
        sums = []
        for end, share, lo, hi in (("least", self.min, 0.0, INF), ("most", self.max, -INF, 0.0)):
            if share is not None:
                sums.append(Sum(self._half(end, share), "mu", mine - share * whole, lo, hi))
        return Part(sums=tuple(sums))
