"""What a programme pays a site for a plan: prices of money by year and fund, of mu and of earth, from its relaxation.

A plan that is not known yet is priced as the funds that would pay for it give the money at their own prices, project by
project: never less than a class of projects together pays, so that the bound holds whatever the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy.optimize import linprog

from planner.portfolio.programme import LAND, MU, Floats, Programme
from planner.portfolio.sites import Ask, SiteKey
from planner.portfolio.solve import Relaxed

TARGETS = tuple(name.removesuffix("_mu") for name in MU)


@dataclass(frozen=True)
class Offer:
    """Prices for one site, and what the programme adds to the reply's worth."""

    ask: Ask
    add: float


@dataclass(frozen=True)
class Payers:
    """The funds that pay for plans without some targets and with others."""

    funds: tuple[int, ...]
    without: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Market:
    """The prices of a relaxation, found once for all sites."""

    relaxed: Relaxed

    @cached_property
    def fixed(self) -> Floats:
        """What the rows of choice and order add to the worth of every known column, (J,)."""
        rows, matrix = self.relaxed.model.rows, self.relaxed.model.rows.matrix()
        parts = [rows.blocks[name] for name in ("choose", "order")]
        count = len(self.relaxed.model.made.columns)
        return np.asarray(sum(matrix[p].T @ self.relaxed.duals[p] for p in parts), dtype=np.float64)[:count]

    @cached_property
    def funds(self) -> Floats:
        """`fund_prices`, (F, T)."""
        return fund_prices(self.relaxed)

    @cached_property
    def mu(self) -> tuple[float, float, float, float]:
        """What a mu of each target is worth."""
        return _mu_prices(self.relaxed)

    @cached_property
    def paid(self) -> dict[tuple[tuple[int, ...], int], float]:
        """What `money` found."""
        return {}

    def money(self, funds: tuple[int, ...], at: int) -> float:
        """`cheapest` for works that begin in a year of the programme."""
        if (funds, at) not in self.paid:
            made = self.relaxed.model.made
            self.paid[funds, at] = cheapest(made, self.funds[:, at : at + made.general.works_years], funds)
        return self.paid[funds, at]


def offers_of(market: Market, i: int, key: SiteKey) -> tuple[Offer, ...]:
    """Prices of a site's plans by start, by who pays and by what earth may be worth.

    The worth of a plan of cost C, benefit B, mu m and spoil s that starts in a year is b·B - a·C + p·m + l·s + constant.
    """
    relaxed, model, made = market.relaxed, market.relaxed.model, market.relaxed.model.made
    span, project, mine = made.general.works_years, made.projects[i], model.of(i)
    if project.settled is not None:
        return ()
    starts = {int(s): float(f) for s, f in zip(made.columns.start[mine], market.fixed[mine], strict=True)}
    weight = model.weights.get("npv", 0.0)
    growth = 1 + made.general.discount_rate
    found: list[Offer] = []
    for payers in payers_of(made, i):
        for start, constant in sorted(starts.items()):
            at = start - made.general.first_year
            money = market.money(payers.funds, at)
            if not np.isfinite(money):
                continue
            cost = weight * float(made.discount[at : at + span].mean()) + money
            benefit = float(weight * growth ** -(at + span))
            add = constant + model.weights.get("projects", 0.0) - cost * key.lump_cny
            for spoil in _spoil_prices(relaxed, i, at) if key.free_earth else (0.0,):
                ask = Ask(_tidy(benefit), _tidy(cost), market.mu, _tidy(spoil), payers.without, payers.needs)
                found.append(Offer(ask, add))
    return tuple(found)


def payers_of(made: Programme, i: int) -> tuple[Payers, ...]:
    """Which funds pay for a project's plans, by the targets they have: one entry where no fund asks for targets."""
    groups: dict[tuple[int, ...], list[frozenset[str]]] = {}
    for has in _subsets():
        paying = tuple(
            f
            for f, fund in enumerate(made.funds)
            if (not fund.eligible.targets or has & set(fund.eligible.targets))
            and (not fund.eligible.projects or made.projects[i].id in fund.eligible.projects)
        )
        groups.setdefault(paying, []).append(has)
    return tuple(
        Payers(
            funds,
            tuple(t for t in TARGETS if not any(t in has for has in kinds)),
            tuple(t for t in TARGETS if all(t in has for has in kinds)),
        )
        for funds, kinds in groups.items()
    )


@cache
def _subsets() -> tuple[frozenset[str], ...]:
    """Every set of targets a plan may have but none."""
    return tuple(frozenset(t for k, t in enumerate(TARGETS) if mask >> k & 1) for mask in range(1, 2 ** len(TARGETS)))


def fund_prices(relaxed: Relaxed) -> Floats:
    """What the objective loses by a yuan that a fund gives in a year beyond the yuan itself: charge and limits, (F, T)."""
    model, made, y = relaxed.model, relaxed.model.made, relaxed.duals
    count, span = len(made.funds), model.span
    yearly = -y[model.rows.blocks["year"]].reshape(count, span) / model.yuan
    total = -y[model.rows.blocks["total"]] / model.yuan
    found = np.zeros((count, span))
    for f, fund in enumerate(made.funds):
        later = np.cumsum(yearly[f, ::-1])[::-1] if fund.carry_over else yearly[f]
        found[f] = later + total[f] + fund.charge * made.discount * model.weights.get("npv", 0.0)
    return np.maximum(found, 0.0)


def cheapest(made: Programme, prices: Floats, funds: tuple[int, ...]) -> float:
    """The least a yuan of works costs that funds pay evenly over years within their shares, at prices (F, years); else inf."""
    span, count = prices.shape[1], len(funds)
    if not count:
        return np.inf
    paid = np.zeros((span, count, span))
    paid[np.arange(span), :, np.arange(span)] = 1.0
    rows: list[Floats] = []
    limits: list[float] = []
    for k, f in enumerate(funds):
        fund, mine = made.funds[f], np.zeros((count, span))
        mine[k] = 1.0
        rows += [mine.ravel(), -mine.ravel()]
        limits += [fund.max_share, -fund.min_share]
        for other, ratio in fund.match.items():
            beside = ratio * mine
            beside[[made.funds[g].id == other for g in funds]] -= 1.0
            rows.append(beside.ravel())
            limits.append(0.0)
    found = linprog(
        prices[list(funds)].ravel(),
        A_ub=np.array(rows),
        b_ub=limits,
        A_eq=paid.reshape(span, -1),
        b_eq=np.full(span, 1.0 / span),
        method="highs",
    )
    return float(found.fun) if found.status == 0 else np.inf


def _tidy(value: float) -> float:
    """A price to twelve digits: the same whatever order sums were added in."""
    return float(f"{value:.12g}")


def _mu_prices(relaxed: Relaxed) -> tuple[float, float, float, float]:
    """What a mu of each target is worth by objective and quotas."""
    model, found = relaxed.model, np.zeros(len(MU))
    duals = relaxed.duals[model.rows.blocks["quota"]]
    told = [*model.weights.items(), *((q.measure, float(d)) for q, d in zip(model.made.quotas, duals, strict=True))]
    for name, weight in told:
        if name == "restored_mu":
            found[: len(LAND)] += weight
        elif name in MU:
            found[MU.index(name)] += weight
    return tuple(_tidy(v) for v in found)  # type: ignore[return-value]


def _spoil_prices(relaxed: Relaxed, i: int, t: int) -> Iterator[float]:
    """Worth of a m³ of spoil at a site in a year: any price between what it fetches and what fill costs bounds both.

    Where it would fetch more than fill costs, both prices, of whose answers the higher is a bound.
    """
    model, made, y = relaxed.model, relaxed.model.made, relaxed.duals
    assert made.earth is not None
    blocks = model.rows.blocks
    bought = made.earth.bought_cny_per_m3 * model.weights.get("npv", 0.0) * made.discount[t]
    givers, takers = np.unique(made.pairs[0]).tolist(), model.takers.tolist()
    fetched = {k: -float(y[blocks["given"].start + at * model.span + t]) / model.m3 for at, k in enumerate(givers)}
    paid = {k: float(y[blocks["taken"].start + at * model.span + t]) / model.m3 for at, k in enumerate(takers)}
    # Where no plan known gives (takes) earth: spoil is worth at most what a taker pays, known or not; fill costs at least what
    # spoil fetches.
    unknown = min([bought, *fetched.values()])
    low = fetched.get(i, max([unknown, *paid.values()]))
    high = paid.get(i, unknown)
    yield low
    if low > high + 1e-12:
        yield high
