"""A project's money year by year: building, operating, debt, tax, and what is left for whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.finance.debt import Debt, Floats, building_interest, depreciation, income_tax, repayments
from planner.finance.payments import by_year, payments
from planner.parameters import defaults
from planner.terms import Terms


@dataclass(frozen=True)
class Swing:
    """Factors on a project's uncertain sums; the payments stay as they were agreed."""

    investment: float = 1.0
    opex: float = 1.0
    user_income: float = 1.0
    sale: float = 1.0


@dataclass(frozen=True, eq=False)
class Flows:
    """Yuan by year, (build_years + operate_years,) each; cost positive in its own column, net in the last ones.

    interest, principal: paid out of operation; building_interest: added to the debt. project: before debt, after the tax a
    project without debt would pay. equity: what private shareholders put in and get. cover: what is there for debt service.
    """

    years: Floats
    investment: Floats
    building_interest: Floats
    opex: Floats
    user_income: Floats
    sales: Floats
    payments: Floats
    depreciation: Floats
    interest: Floats
    principal: Floats
    tax: Floats
    project: Floats
    project_before_tax: Floats
    equity: Floats
    cover: Floats
    debt_cny: float

    @property
    def service(self) -> Floats:
        """Interest and principal paid, yuan a year."""
        return self.interest + self.principal


def flows(terms: Terms, swing: Swing | None = None, agreed: Floats | None = None) -> Flows:
    """The money of a project year by year.

    agreed: payments by year of operation that stand in the contract; by default those the terms ask for. Sales of land belong
    to the project under `public` alone: under a company they are the government's, who pays it.
    """
    swing = Swing() if swing is None else swing
    build, run = terms.build_years, terms.operate_years
    before, after = np.zeros(build), np.zeros(run)
    invested = terms.investment_cny * swing.investment
    paid_in = np.full(build, invested / build)
    grown = building_interest(paid_in * (1 - terms.equity_share), terms.loan_rate)
    debt = invested * (1 - terms.equity_share) + grown.sum()
    service = _service(terms, float(debt))
    opex = by_year(terms.opex_cny, run) * swing.opex
    users = by_year(terms.user_income_cny, run) * swing.user_income
    sold = land_sales(terms) * swing.sale
    paid = payments(terms) if agreed is None else agreed
    lasts = run if terms.depreciation_years is None else terms.depreciation_years
    values = (invested + float(grown.sum()), invested)  # in the books, with debt and without
    worn, worn_without_debt = (depreciation(value, terms.residual_cny, lasts, run) for value in values)
    own_sales = sold if terms.regime == "public" else np.zeros(build + run)
    income = users + paid + own_sales[build:]
    income[-1] += terms.residual_cny  # the recovered value of what is left, in the last year
    loss_years = int(defaults().number("ppp.loss_years"))
    early = own_sales[:build]
    tax, tax_without_debt = (
        income_tax(np.r_[early, income - opex - off], terms.income_tax, loss_years)
        for off in (written_off(values[0], worn) + service.interest, written_off(values[1], worn_without_debt))
    )
    net = np.r_[early, income - opex]
    private = paid_in * terms.equity_share * (1 - terms.gov_equity_share)
    spent, due = np.r_[paid_in, after], np.r_[before, service.service]
    return Flows(
        years=np.arange(terms.first_year, terms.first_year + build + run, dtype=np.float64),
        investment=spent,
        building_interest=np.r_[grown, after],
        opex=np.r_[before, opex],
        user_income=np.r_[before, users],
        sales=sold,
        payments=np.r_[before, paid],
        depreciation=np.r_[before, worn],
        interest=np.r_[before, service.interest],
        principal=np.r_[before, service.principal],
        tax=tax,
        project=net - tax_without_debt - spent,
        project_before_tax=net - spent,
        equity=net - tax - due - np.r_[private, after],
        cover=net - tax,
        debt_cny=float(debt),
    )


def written_off(value: float, worn: Floats) -> Floats:
    """What comes off the profits by year of operation, (years,), yuan: depreciation, and in the last year what is still in the
    books: of that what is recovered is no profit, and what is not is lost."""
    off = worn.copy()
    off[-1] += value - worn.sum()
    return off


def _service(terms: Terms, debt: float) -> Debt:
    """Interest and principal by year of operation, (operate_years,)."""
    years = terms.loan_years or terms.operate_years
    paid = repayments(debt, terms.loan_rate, years, terms.repayment)
    rest = np.zeros(terms.operate_years - years)
    return Debt(np.r_[paid.interest, rest], np.r_[paid.principal, rest])


def land_sales(terms: Terms) -> Floats:
    """Land sold net of what is set aside, by year, (build_years + operate_years,), yuan."""
    sums = np.zeros(terms.build_years + terms.operate_years)
    for item in terms.sale:
        sums[item.year - terms.first_year] += item.mu * item.cny_per_mu * item.net_share
    return sums
