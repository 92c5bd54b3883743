"""The keys of [finance]: how a project is paid for, in site.toml or in a file of its own."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from planner.parameters import defaults

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(gt=-1, lt=1)]
Years = Annotated[int, Field(ge=1, le=100)]
Yearly = NonNegative | tuple[NonNegative, ...]


def _default(key: str) -> float:
    return defaults().number(f"ppp.{key}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sale(_Part):
    """[[finance.sale]]: land sold in a year, mu at yuan per mu; net_share is left after what is set aside by law."""

    year: int
    mu: NonNegative
    cny_per_mu: NonNegative
    net_share: Share = 1.0


class Comparator(_Part):
    """[finance.psc]: what the government would pay building it itself, against which value for money is told.

    build_factor, opex_factor: its costs per yuan of the project's. risk_share: cost of all risks per yuan of cost.
    transferred_share: share of the risks the company takes over. neutrality_cny: taxes and fees it would be spared; by
    default the company's income tax.
    """

    build_factor: Positive = 1.0
    opex_factor: Positive = 1.0
    risk_share: Share = Field(default_factory=partial(_default, "risk_share"))
    transferred_share: Share = Field(default_factory=partial(_default, "transferred_share"))
    neutrality_cny: NonNegative | None = None


class Spread(_Part):
    """[finance.risk]: half width of the triangle each factor is drawn from, draws, seed."""

    investment: Share = Field(default_factory=partial(_default, "investment_spread"))
    opex: Share = Field(default_factory=partial(_default, "opex_spread"))
    user_income: Share = Field(default_factory=partial(_default, "income_spread"))
    sale: Share = Field(default_factory=partial(_default, "sale_spread"))
    draws: Annotated[int, Field(ge=10, le=100_000)] = 1000
    seed: int = 0


class Terms(_Part):
    """[finance]: investment, who pays it, how it is paid back; yuan, shares, calendar years.

    regime: `2015` government pays by the rule of that year; `2023` a concession that its users pay; `public` no company: the
    government builds, with bonds where equity_share < 1. opex_cny, user_income_cny: a year, or one figure per year of
    operation. gov_equity_share: of the equity, without dividends. equity_return: net profit wanted per yuan of private equity.
    tax_rate: of income tax; by default a company's, and none under `public`: the government pays itself none.
    """

    regime: Literal["2015", "2023", "public"] = "2015"
    first_year: int
    build_years: Years
    operate_years: Years
    investment_cny: Positive
    equity_share: Share = 1.0
    gov_equity_share: Share = 0.0
    loan_rate: Rate = Field(default_factory=partial(_default, "loan_rate"))
    loan_years: Years | None = None
    repayment: Literal["equal_payment", "equal_principal"] = "equal_payment"
    margin: Rate = Field(default_factory=partial(_default, "margin"))
    discount_rate: Rate = Field(default_factory=partial(_default, "discount_rate"))
    opex_cny: Yearly = 0.0
    user_income_cny: Yearly = 0.0
    tax_rate: Annotated[float, Field(ge=0, lt=1)] = Field(default_factory=partial(_default, "tax_rate"))
    depreciation_years: Years | None = None
    residual_cny: NonNegative = 0.0
    equity_return: NonNegative | None = None
    mu: Positive | None = None
    budget_cny: dict[int, Positive] = Field(default_factory=dict)
    budget_growth: Rate = 0.0
    other_ppp_cny: NonNegative = 0.0
    source: str = ""
    sale: tuple[Sale, ...] = ()
    psc: Comparator = Field(default_factory=Comparator)
    risk: Spread = Field(default_factory=Spread)

    @property
    def income_tax(self) -> float:
        """The rate of income tax that whoever runs the project pays."""
        return 0.0 if self.regime == "public" and "tax_rate" not in self.model_fields_set else self.tax_rate

    @property
    def gov_equity_cny(self) -> float:
        """What the government pays in while it is built, yuan."""
        return self.investment_cny * self.equity_share * self.gov_equity_share

    @property
    def last_year(self) -> int:
        """The last year of operation."""
        return self.first_year + self.build_years + self.operate_years - 1
