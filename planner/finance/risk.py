"""What the result hangs on: one factor at a time, the factor at which nothing is left, and all of them by chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import NamedTuple

import numpy as np

from planner.finance.debt import Floats
from planner.finance.flows import Swing, flows
from planner.finance.payments import payments
from planner.finance.returns import net_present_value
from planner.parameters import defaults
from planner.terms import Terms

FACTORS = tuple(f.name for f in fields(Swing))
FURTHEST = 100.0  # a factor beyond it is no break-even worth telling


class Bar(NamedTuple):
    """A factor of the tornado: net present value, yuan, at the low and high factor; the factor at which it is 0, or None."""

    factor: str
    low: float
    high: float
    npv_low_cny: float
    npv_high_cny: float
    break_even: float | None

    @property
    def span(self) -> float:
        """How far the result swings, yuan."""
        return abs(self.npv_high_cny - self.npv_low_cny)


class Chances(NamedTuple):
    """Net present value by chance, yuan: percentiles 5, 50 and 95, mean, probability of a loss; how it was drawn."""

    p05_cny: float
    p50_cny: float
    p95_cny: float
    mean_cny: float
    loss_probability: float
    draws: int
    seed: int


def tornado(terms: Terms, swing: float | None = None) -> tuple[Bar, ...]:
    """Each factor alone at 1 - swing and 1 + swing, the widest first; the payments stay as agreed.

    swing: by default `ppp.swing`. Factors that change nothing are left out.
    """
    step = defaults().number("ppp.swing") if swing is None else swing
    bars = []
    for name in FACTORS:
        low, high = (_worth(terms, {name: 1 + d}) for d in (-step, step))
        if low != high:
            bars.append(Bar(name, 1 - step, 1 + step, low, high, break_even(terms, name)))
    return tuple(sorted(bars, key=lambda bar: (-bar.span, bar.factor)))


def break_even(terms: Terms, factor: str) -> float | None:
    """The factor on one sum at which the net present value is 0; None where there is none between 0 and 100."""
    from scipy.optimize import brentq

    ends = _worth(terms, {factor: 0.0}), _worth(terms, {factor: FURTHEST})
    if ends[0] == ends[1] or ends[0] * ends[1] > 0:
        return None
    return float(brentq(lambda f: _worth(terms, {factor: f}), 0.0, FURTHEST, xtol=1e-9))


def by_chance(terms: Terms) -> Chances:
    """The net present value with every factor drawn from its triangle; the seed stands in the terms."""
    spread = terms.risk
    rng = np.random.default_rng(spread.seed)
    halves = [getattr(spread, name) for name in FACTORS]
    drawn = 1 + np.column_stack([rng.triangular(-1, 0, 1, spread.draws) * half for half in halves])
    agreed = payments(terms)
    found = np.array([_worth(terms, dict(zip(FACTORS, row, strict=True)), agreed) for row in drawn])
    p05, p50, p95 = (float(p) for p in np.percentile(found, (5, 50, 95)))
    return Chances(p05, p50, p95, float(found.mean()), float((found < 0).mean()), spread.draws, spread.seed)


def _worth(terms: Terms, factors: Mapping[str, float], agreed: Floats | None = None) -> float:
    """Net present value, yuan, with sums changed by factors and the payments as agreed."""
    made = flows(terms, replace(Swing(), **factors), payments(terms) if agreed is None else agreed)
    return net_present_value(made.project, terms.discount_rate)
