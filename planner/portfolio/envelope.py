"""What a site's answers so far say about prices it was not asked under.

The most a plan of a site can be worth, as a function of the prices, is convex and grows in proportion to them: it lies below
every mean of what was proven at others. A site is asked again only where that does not settle the question.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog

from planner.portfolio.programme import MU
from planner.portfolio.sites import Ask

Proven = tuple[Ask, float]  # prices, and the bound on the worth of every plan at them

ROUNDING = 1e-9  # by which a mean is taken higher: what the linear program rounds


def most(proven: Sequence[Proven], asked: Ask) -> float:
    """The least bound on a site's worth at prices that follows from what was proven at others; inf where none does.

    A mean with weights w of prices that give the benefit asked for, no dearer cost, no fewer yuan a mu and the same for spoil
    bounds it: costs and areas are never negative. A proof over more plans holds over fewer.
    """
    wider = [(a, b) for a, b in proven if set(a.without) <= set(asked.without) and set(a.needs) <= set(asked.needs)]
    wider = [(a, b) for a, b in wider if np.isfinite(b)]
    if not wider:
        return np.inf
    bounds = np.array([b for _, b in wider])
    prices = np.array([_prices(a) for a, _ in wider]).T
    wanted = _prices(asked)
    unit = np.maximum(np.abs(prices).max(axis=1), 1e-300)[:, None]
    scale = max(float(np.abs(bounds).max()), 1e-300)
    mu = slice(2, 2 + len(MU))
    found = linprog(
        bounds / scale,
        A_ub=np.vstack([prices[1:2], -prices[mu]]) / np.vstack([unit[1:2], unit[mu]]),
        b_ub=np.r_[wanted[1:2] / unit[1, 0], -wanted[mu] / unit[mu, 0]],
        A_eq=prices[[0, -1]] / unit[[0, -1]],
        b_eq=wanted[[0, -1]] / unit[[0, -1], 0],
        bounds=(0, None),
        method="highs",
    )
    if found.status != 0:
        return np.inf
    worth = float(bounds @ np.maximum(found.x, 0.0))
    return worth + ROUNDING * abs(worth)


def _prices(asked: Ask) -> np.ndarray:
    return np.array([asked.benefit, asked.cost, *asked.mu, asked.spoil], dtype=np.float64)
