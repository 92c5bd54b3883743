"""What a site's answers so far say about prices it was not asked under.

The most a plan of a site can be worth, as a function of the prices, is convex and grows in proportion to them: it lies below
every mean of what was proven at others. A site is asked again only where that does not settle the question.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planner.allocation.highs import Relaxations, Solved
from planner.portfolio.programme import MU, Floats
from planner.portfolio.rows import Rows, as_program
from planner.portfolio.sites import Ask

Proven = tuple[Ask, float]  # prices, and the bound on the worth of every plan at them

ROUNDING = 1e-7  # by which a mean is taken higher: what the linear program rounds


class Envelope:
    """What follows from proofs for prices under which plans have none of some targets and some of others.

    A mean with weights w of prices that give the benefit asked for, no dearer cost, no fewer yuan a mu and the same for spoil
    bounds it: costs and areas are never negative. A proof over more plans holds over fewer. One linear program for all prices,
    whose rows alone change: benefit and spoil (=), cost (≤), mu by target (≥).
    """

    def __init__(self, proven: Sequence[Proven], without: Sequence[str], needs: Sequence[str]) -> None:
        wider = [(a, b) for a, b in proven if set(a.without) <= set(without) and set(a.needs) <= set(needs)]
        wider = [(a, b) for a, b in wider if np.isfinite(b)]
        self.bounds = np.array([b for _, b in wider])
        self.found: dict[Ask, float] = {}
        if not wider:
            return
        prices = np.array([_prices(a) for a, _ in wider]).T
        self.unit = np.maximum(np.abs(prices).max(axis=1), 1e-300)
        columns, rows = np.arange(len(wider)), Rows(len(wider))
        for row in prices / self.unit[:, None]:
            rows.add(columns, row, 0.0, 0.0)
        none, free = np.zeros(len(wider)), np.full(len(wider), np.inf)
        self.free, self.basis = free, None
        self.solver = Relaxations(as_program(rows, self.bounds, none, free, none > 0), watched=False)

    def most(self, asked: Ask) -> float:
        """The least bound on the worth of any plan at some prices; inf where none follows."""
        if asked not in self.found:
            self.found[asked] = self._least(asked)
        return self.found[asked]

    def _least(self, asked: Ask) -> float:
        if not len(self.bounds):
            return np.inf
        wanted = _prices(asked) / self.unit
        lo, hi = wanted.copy(), wanted.copy()
        lo[1], hi[2 : 2 + len(MU)] = -np.inf, np.inf
        found, basis = self.solver.solve(self.free, lo, hi, basis=self.basis)
        if found.status is not Solved.OPTIMAL or found.point is None:
            return np.inf
        self.basis = basis
        worth = float(self.bounds @ np.maximum(found.point, 0.0))
        return worth + ROUNDING * abs(worth)


def _prices(asked: Ask) -> Floats:
    return np.array([asked.benefit, asked.cost, *asked.mu, asked.spoil], dtype=np.float64)
