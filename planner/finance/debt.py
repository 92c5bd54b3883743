"""Debt: interest while building, repayment by equal payments or equal principal, depreciation, income tax."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
TINY = 1e-12  # a rate below it is none


class Debt(NamedTuple):
    """Interest and principal paid by year, yuan, (years,) each."""

    interest: Floats
    principal: Floats

    @property
    def service(self) -> Floats:
        """Interest and principal together, yuan a year."""
        return self.interest + self.principal


def building_interest(draws: ArrayLike, rate: float) -> Floats:
    """Interest of each year of building, (years,), yuan: on the debt so far and half of what the year draws; it joins the debt.

    draws: (years,) yuan. Source: the interest formula of construction cost estimates, loans drawn evenly within a year.
    """
    interest, debt = [], 0.0
    for drawn in np.asarray(draws, dtype=np.float64):
        interest.append((debt + drawn / 2) * rate)
        debt += drawn + interest[-1]
    return np.array(interest, dtype=np.float64)


def repayments(debt: float, rate: float, years: int, repayment: str) -> Debt:
    """A debt of yuan paid back over years at the end of each, by `equal_payment` or `equal_principal`."""
    if repayment == "equal_payment":
        service = debt / years if abs(rate) < TINY else float(debt * rate / -np.expm1(-years * np.log1p(rate)))
        interest = np.array([rate * left for left in _left(debt, rate, service, years)], dtype=np.float64)
        return Debt(interest, np.asarray(service - interest, dtype=np.float64))
    principal = np.full(years, debt / years)
    return Debt(np.asarray((debt - principal * np.arange(years)) * rate, dtype=np.float64), principal)


def _left(debt: float, rate: float, service: float, years: int) -> list[float]:
    """What is owed at the beginning of each year."""
    left = [debt]
    for _ in range(years - 1):
        left.append(left[-1] * (1 + rate) - service)
    return left


def depreciation(value: float, residual: float, years: int, horizon: int) -> Floats:
    """Straight-line depreciation by year of operation, (horizon,), yuan: (value - residual) / years while it lasts."""
    return np.where(np.arange(horizon) < years, (value - residual) / years, 0.0)


def income_tax(profit: ArrayLike, rate: float, loss_years: int) -> Floats:
    """Income tax by year, (years,), yuan: losses come off the profits of the next `loss_years`, the oldest first."""
    profits = np.asarray(profit, dtype=np.float64)
    losses: list[list[float]] = []
    taxes = np.zeros(len(profits))
    for k, gain in enumerate(profits):
        losses = [entry for entry in losses if k - entry[0] <= loss_years and entry[1] > 0]
        if gain < 0:
            losses.append([k, -gain])
            continue
        left = gain
        for entry in losses:
            used = min(left, entry[1])
            entry[1] -= used
            left -= used
        taxes[k] = left * rate
    return taxes
