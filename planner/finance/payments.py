"""What the government pays a company, and what share of its budget that takes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from planner.errors import InvalidInput
from planner.finance.debt import Floats
from planner.parameters import defaults
from planner.terms import Terms
from planner.words import say


def by_year(given: float | tuple[float, ...], years: int) -> Floats:
    """A yearly figure or one per year of operation, as (years,)."""
    return np.broadcast_to(np.asarray(given, dtype=np.float64), (years,)).copy()


def rule_2015(built_cny: float, opex_cny: ArrayLike, income_cny: ArrayLike, margin: float, rate: float) -> Floats:
    """Payments by year of operation n = 1 … N, (N,), yuan: I (1+margin) (1+rate)^n / N + O_n (1+margin) - users' income_n.

    built_cny: I, what the company spent on building. opex_cny, income_cny: (N,). Where users pay, this is the viability gap;
    it never falls below 0. Source: 财金〔2015〕21号, articles 16-18.
    """
    opex, income = (np.asarray(a, dtype=np.float64) for a in (opex_cny, income_cny))
    years = np.arange(1, len(opex) + 1)
    due = built_cny * (1 + margin) * (1 + rate) ** years / len(opex) + opex * (1 + margin) - income
    return np.asarray(np.maximum(due, 0.0), dtype=np.float64)


def payment_for(costs: Mapping[str, float], *, tax_rate: float, net_cny: float = 0.0, principal_cny: float = 0.0) -> float:
    """The least yearly payment, yuan, that covers a year's costs after tax.

    costs: yuan of the year under `opex`, `depreciation`, `interest`, less `income` from users. net_cny: net profit wanted.
    principal_cny: loan to be paid back in the year, out of net profit and depreciation. P = costs - income + net / (1 - tax)
    with net = max(net_cny, principal - depreciation, 0).
    """
    unknown = set(costs) - {"opex", "depreciation", "interest", "income"}
    if unknown:
        raise InvalidInput(say("finance.unknown_cost", name=sorted(unknown)[0]))
    spent = costs.get("opex", 0.0) + costs.get("depreciation", 0.0) + costs.get("interest", 0.0)
    net = max(net_cny, principal_cny - costs.get("depreciation", 0.0), 0.0)
    return float(spent + net / (1 - tax_rate) - costs.get("income", 0.0))


def payments(terms: Terms) -> Floats:
    """Payments of the government by year of operation, (operate_years,), yuan, under the terms' regime.

    Raises InvalidInput where regime 2023 would need them: nobody uses what is built, or the concession runs too long.
    """
    years = terms.operate_years
    opex, income = by_year(terms.opex_cny, years), by_year(terms.user_income_cny, years)
    if terms.regime == "public":
        return np.zeros(years)
    if terms.regime == "2023":
        longest = int(defaults().number("ppp.concession_years"))
        if income.sum() <= 0:
            raise InvalidInput(say("finance.availability_refused"))
        if terms.build_years + years > longest:
            raise InvalidInput(
                say(
                    "finance.concession_too_long",
                    years=terms.build_years + years,
                    most=longest,
                    fix=longest - terms.build_years,
                )
            )
        return np.zeros(years)
    built = terms.investment_cny * (1 - terms.equity_share * terms.gov_equity_share)
    return rule_2015(built, opex, income, terms.margin, terms.discount_rate)


def budgets(terms: Terms, years: ArrayLike) -> Floats:
    """General public budget expenditure by calendar year, yuan: as given, else grown from the year before; NaN if none."""
    wanted = np.asarray(years, dtype=int)
    if not terms.budget_cny:
        return np.full(len(wanted), np.nan)
    known = np.array(sorted(terms.budget_cny))
    nearest = known[np.clip(np.searchsorted(known, wanted, side="right") - 1, 0, None)]
    given = np.array([terms.budget_cny[int(y)] for y in nearest])
    return np.asarray(given * (1 + terms.budget_growth) ** (wanted - nearest), dtype=np.float64)
