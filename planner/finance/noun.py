"""The money of a project: worked out once, asked as a mapping, a summary, tables, and saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from planner.core.money import payback
from planner.finance.debt import Floats
from planner.finance.flows import Flows
from planner.finance.payments import budgets, payment_for
from planner.finance.returns import levelised, net_present_value, rates_of_return, sign_changes
from planner.finance.risk import Bar, Chances, by_chance, tornado
from planner.finance.value import Value, burden, value_for_money
from planner.parameters import defaults
from planner.terms import Terms
from planner.words import Message, render, say


@dataclass(frozen=True, eq=False)
class Finance(Mapping[str, Any]):
    """A project's money; a mapping over its summary (`f["payments_sum_cny"]`).

    terms: what was asked. flows: yuan by year. name: of the project. kind: survey or reconstruction. unfunded_cny: yuan of the
    plan behind it that no fund covers. lent_cny: yuan of its funds that have to be paid back. name_en: its English name,
    where it has one.
    """

    terms: Terms
    flows: Flows
    name: str = ""
    kind: str = "survey"
    unfunded_cny: float = 0.0
    lent_cny: float = 0.0
    name_en: str = ""

    def __getitem__(self, key: str) -> Any:
        return self._summary[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._summary)

    def __len__(self) -> int:
        return len(self._summary)

    @cached_property
    def table(self) -> pd.DataFrame:
        """Every sum by year: index `year`, columns of `Flows` in yuan, `share_of_budget`, `dscr`."""
        names = [n for n in Flows.__dataclass_fields__ if n not in ("years", "debt_cny")]
        frame = pd.DataFrame({f"{n}_cny": getattr(self.flows, n) for n in names})
        frame.index = pd.Index(self.flows.years.astype(int), name="year")
        return frame.assign(share_of_budget=self.share_of_budget, dscr=self.dscr)

    @cached_property
    def share_of_budget(self) -> Floats:
        """What all PPP projects take of a year per yuan of that year's budget, (years,)."""
        return burden(self.terms, self.flows, budgets(self.terms, self.flows.years))

    @cached_property
    def dscr(self) -> Floats:
        """Debt service cover by year, (years,); NaN where nothing is due."""
        due = self.flows.service
        found = np.divide(self.flows.cover, due, out=np.full(len(due), np.nan), where=due > 0)
        return np.asarray(found, dtype=np.float64)

    @cached_property
    def value(self) -> Value:
        """Value for money and its parts."""
        return value_for_money(self.terms, self.flows)

    @cached_property
    def tornado(self) -> tuple[Bar, ...]:
        """Each uncertain sum alone, the widest swing first."""
        return tornado(self.terms)

    @cached_property
    def chances(self) -> Chances:
        """The net present value by chance, with the seed it was drawn with."""
        return by_chance(self.terms)

    def summary(self) -> dict[str, Any]:
        """The figures, as `summary.json` holds them (schema planner.finance/1); None where a figure does not exist."""
        return dict(self._summary)

    @cached_property
    def _summary(self) -> dict[str, Any]:
        terms, made = self.terms, self.flows
        run = slice(terms.build_years, None)
        year = made.years.astype(int)
        rate = terms.discount_rate
        ages = np.arange(1, terms.operate_years + 1)
        ready = np.where(np.arange(len(year)) == terms.build_years, terms.mu or 0.0, 0.0)
        first = payback(made.project)
        all_rates = {"firr": rates_of_return(made.project), "equity_irr": rates_of_return(made.equity)}
        paid = [
            {"year": int(y), "payment_cny": float(p), "share_of_budget": _none(s)}
            for y, p, s in zip(year[run], made.payments[run], self.share_of_budget[run], strict=True)
        ]
        return {
            "schema": "planner.finance/1",
            "name": self.name,
            "regime": terms.regime,
            "payments": paid if terms.regime == "2015" else [],
            "payments_sum_cny": float(made.payments.sum()),
            "payments_pv_cny": float((made.payments[run] / (1 + rate) ** ages).sum()),
            **{key: found[0] if len(found) == 1 and self._one_sign(key) else None for key, found in all_rates.items()},
            "rates_of_return": {key: list(found) for key, found in all_rates.items()},
            "npv_cny": net_present_value(made.project, rate),
            "equity_npv_cny": net_present_value(made.equity, rate),
            "payback_year": None if first is None else int(year[first]),
            "dscr_min": _none(np.nanmin(self.dscr)) if np.isfinite(self.dscr).any() else None,
            "bond_cover": self._bond_cover(),
            "vfm_cny": self.value.vfm if terms.regime == "2015" else None,
            "vfm": self.value._asdict() if terms.regime == "2015" else None,
            "cny_per_mu": _none(levelised(made.investment + made.opex, ready, rate)),
            "building_interest_cny": float(made.building_interest.sum()),
            "debt_cny": made.debt_cny,
            "debt_service": [
                {"year": int(y), "interest_cny": float(i), "principal_cny": float(p)}
                for y, i, p in zip(year, made.interest, made.principal, strict=True)
                if i or p
            ],
            "depreciation_cny": float(made.depreciation[terms.build_years]),
            "least_payment_cny": self.least_payment(),
            "wanted_payment_cny": self.wanted_payment(),
            "sales_cny": float(made.sales.sum()),
            "burden_max": _none(np.nanmax(self.share_of_budget)) if np.isfinite(self.share_of_budget).any() else None,
            "tornado": [bar._asdict() for bar in self.tornado],
            "monte_carlo": self.chances._asdict(),
            "warnings": [render(w, "en") for w in self.warnings],
            "warnings_zh": [render(w, "zh") for w in self.warnings],
        }

    def _one_sign(self, key: str) -> bool:
        return sign_changes(self.flows.project if key == "firr" else self.flows.equity) == 1

    def _bond_cover(self) -> float | None:
        """What the project earns over the years per yuan of debt service; None without a debt."""
        due = float(self.flows.service.sum())
        return float(self.flows.cover.sum()) / due if due > 0 else None

    def least_payment(self) -> float:
        """The least payment, yuan, that covers the first year of operation: costs, tax and the loan's principal."""
        k = self.terms.build_years
        return payment_for(self._costs(k), tax_rate=self.terms.income_tax, principal_cny=float(self.flows.principal[k]))

    def wanted_payment(self) -> float | None:
        """The payment, yuan, of the last year that leaves private equity the net return asked for; None where none is asked."""
        if self.terms.equity_return is None:
            return None
        private = self.terms.investment_cny * self.terms.equity_share * (1 - self.terms.gov_equity_share)
        return payment_for(self._costs(-1), tax_rate=self.terms.income_tax, net_cny=private * self.terms.equity_return)

    def _costs(self, k: int) -> dict[str, float]:
        made = self.flows
        return {
            "opex": float(made.opex[k]),
            "depreciation": float(made.depreciation[k]),
            "interest": float(made.interest[k]),
            "income": float(made.user_income[k]),
        }

    @cached_property
    def warnings(self) -> tuple[Message, ...]:
        """What must be known before the figures are relied on, the most important first."""
        return warnings_of(self)

    def name_in(self, lang: str) -> str:
        """The project's name in a language, as far as it has one."""
        return self.name_en if lang == "en" and self.name_en else self.name

    def burdened(self) -> list[tuple[int, float]]:
        """Years, and shares, in which all PPP payments pass what the rule allows."""
        limit = defaults().number("ppp.burden_limit")
        years = self.flows.years.astype(int)
        return [(int(y), float(s)) for y, s in zip(years, self.share_of_budget, strict=True) if s > limit * (1 + 1e-12)]

    def __repr__(self) -> str:
        s = self._summary
        rate = "no single rate" if s["firr"] is None else f"{100 * s['firr']:.2f} %"
        return f"<Finance {self.name!r}: {self.terms.investment_cny:,.0f} yuan, NPV {s['npv_cny']:,.0f} yuan, FIRR {rate}>"


def warnings_of(found: Finance) -> tuple[Message, ...]:
    """What speaks against relying on the figures: money without a source, a broken limit, a rate that is none."""
    told = []
    terms, made = found.terms, found.flows
    if found.unfunded_cny > 0:
        told.append(say("finance.unfunded", cny=found.unfunded_cny, share=100 * found.unfunded_cny / terms.investment_cny))
    if found.lent_cny > 0:
        told.append(say("finance.lent", cny=found.lent_cny, share=100 * found.lent_cny / terms.investment_cny))
    repaid = made.payments.sum() + made.user_income.sum() + (made.sales.sum() if terms.regime == "public" else 0.0)
    if repaid <= 0:
        told.append(say("finance.never_repaid", cny=terms.investment_cny))
    if broken := found.burdened():
        year, share = max(broken, key=lambda pair: pair[1])
        limit = defaults().number("ppp.burden_limit")
        told.append(say("finance.burden", year=year, share=100 * share, limit=100 * limit, years=len(broken)))
    if terms.regime == "2015" and not terms.budget_cny:
        told.append(say("finance.no_budget"))
    least = defaults().number("ppp.dscr_min")
    if np.isfinite(found.dscr).any() and np.nanmin(found.dscr) < least:
        year = int(made.years[int(np.nanargmin(found.dscr))])
        told.append(say("finance.low_cover", year=year, cover=float(np.nanmin(found.dscr)), least=least))
    for flow, name in ((made.project, "firr"), (made.equity, "equity_irr")):
        if (changes := sign_changes(flow)) > 1:
            roots = tuple(f"{100 * r:.2f} %" for r in rates_of_return(flow))
            told.append(say("finance.many_rates", name=name, changes=changes, roots=roots or ("–",)))
    if terms.regime == "2015":
        told.append(say("finance.old_rule"))
    return tuple(told)


def _none(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
