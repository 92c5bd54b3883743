"""Value for money: what the public sector would pay itself, less what it pays the company."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.finance.debt import Floats
from planner.finance.flows import Flows
from planner.finance.returns import net_present_value
from planner.terms import Terms


class Value(NamedTuple):
    """Present values, yuan: the public sector comparator and its parts, the PPP's and its parts, and their difference."""

    net_cost: float
    neutrality: float
    risks: float
    psc: float
    paid: float
    equity: float
    kept_risks: float
    ppp: float
    vfm: float


def value_for_money(terms: Terms, made: Flows) -> Value:
    """PSC - PPP, present values at the fiscal rate in the first year.

    PSC = building + operating - income from users + competitive neutrality + all risks; PPP = payments + the government's
    equity + the risks it keeps. Source: 财金〔2015〕167号 (value-for-money guide).
    """
    against = terms.psc

    def worth(flow: Floats) -> float:
        return net_present_value(flow, terms.discount_rate)

    spent = worth(made.investment) * against.build_factor + worth(made.opex) * against.opex_factor
    net_cost = spent - worth(made.user_income)
    neutrality = worth(made.tax) if against.neutrality_cny is None else against.neutrality_cny
    risks = spent * against.risk_share
    psc = net_cost + neutrality + risks
    paid = worth(made.payments)
    equity = worth(made.investment) * terms.equity_share * terms.gov_equity_share
    kept = risks * (1 - against.transferred_share)
    ppp = paid + equity + kept
    return Value(net_cost, neutrality, risks, psc, paid, equity, kept, ppp, psc - ppp)


def burden(terms: Terms, made: Flows, budget: Floats) -> Floats:
    """What all PPP projects take off the budget, as a share of it, by year, (years,); NaN where no budget is known.

    This one's payments and, while it is built, the government's equity; the others' of every year. Only regime 2015 knows such
    payments. Source: 财金〔2015〕21号, articles 9, 16 and 25.
    """
    due = made.payments
    if terms.regime == "2015":
        building = np.arange(len(due)) < terms.build_years
        due = due + np.where(building, terms.gov_equity_cny / terms.build_years, 0.0) + terms.other_ppp_cny
    with np.errstate(invalid="ignore"):
        return np.asarray(due / budget, dtype=np.float64)
