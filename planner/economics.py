"""Money of a plan: what it costs and brings by target and year, net present value, who pays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.core.money import discounted, payback, spread
from planner.scenario import PhaseItem, Scenario


@dataclass(frozen=True, eq=False)
class Economics:
    """The money of a plan, yuan.

    by_target: index target, columns `area_mu`, `units`, `cost_cny`, `benefit_cny`. items: lump sums that no unit carries, with
    their source. flow: index year, columns `cost_cny`, `benefit_cny`, `net_cny`, `discounted_cny`. funds: who pays; what no
    fund covers is its last row.
    """

    by_target: pd.DataFrame
    items: pd.DataFrame
    flow: pd.DataFrame
    funds: pd.DataFrame
    works_cny: float
    haul_cny: float
    lump_cny: float
    benefit_cny: float
    npv_cny: float
    payback_year: int | None

    @property
    def cost_cny(self) -> float:
        """Works of the units, the haul of earth between them, and lump sums, yuan."""
        return self.works_cny + self.haul_cny + self.lump_cny

    @property
    def benefit_cost_ratio(self) -> float:
        """Undiscounted benefit per yuan of cost (the published input-output ratio); 0 where nothing is spent."""
        return self.benefit_cny / self.cost_cny if self.cost_cny > 0 else 0.0


def lump_sums(scenario: Scenario) -> float:
    """Σ of [[economics.item]], yuan: it comes off the budget before any unit is chosen."""
    return float(sum(item.cny for item in scenario.economics.item))


def money(units: pd.DataFrame, scenario: Scenario, haul: pd.DataFrame) -> Economics:
    """The money of chosen units: columns `target`, `area_mu`, `cost_cny`, `benefit_cny`, `ready_year`, nullable `phase`.

    Works are paid evenly over the years of a unit's phase (without phases: the plan's year and the next), benefits come in the
    year the target can be used. haul: who digs for whom, columns `from_unit`, `cost_cny`; it is paid with the works of the unit
    that is dug.
    """
    carried = haul.groupby("from_unit")["cost_cny"].sum().reindex(units.index).fillna(0.0)
    grouped = units.assign(units=1).groupby("target", sort=True)
    by_target = grouped[["area_mu", "units", "cost_cny", "benefit_cny"]].sum()
    items = pd.DataFrame(
        [(i.name, i.name_en or i.name, i.cny, i.source) for i in scenario.economics.item],
        columns=["name", "name_en", "cny", "source"],
    )
    works, lump = float(units["cost_cny"].sum()), lump_sums(scenario)
    flow = _flow(units.assign(cost_cny=units["cost_cny"] + carried), scenario, lump)
    return Economics(
        by_target=by_target,
        items=items,
        flow=flow,
        funds=_funds(scenario, works + float(carried.sum()) + lump),
        works_cny=works,
        haul_cny=float(carried.sum()),
        lump_cny=lump,
        benefit_cny=float(units["benefit_cny"].sum()),
        npv_cny=float(flow["discounted_cny"].sum()),
        payback_year=None if (k := payback(flow["net_cny"])) is None else int(flow.index[k]),
    )


def _flow(units: pd.DataFrame, scenario: Scenario, lump: float) -> pd.DataFrame:
    first, last = _works_years(units, scenario.phase, scenario.site.year)
    begin = int(first.min()) if len(units) else scenario.site.year
    done = units["ready_year"].to_numpy(float)
    latest = max(float(done.max()), float(last.max())) if len(units) else begin
    years = max(int(scenario.number("economics.years")), int(latest) - begin + 1)
    cost = spread(units["cost_cny"], first, last, begin, years)
    whole = cost.sum()
    cost = cost + (lump * cost / whole if whole > 0 else np.r_[lump, np.zeros(years - 1)])
    benefit = spread(units["benefit_cny"], np.maximum(done, last + 1), np.maximum(done, last + 1), begin, years)
    net = benefit - cost
    return pd.DataFrame(
        {
            "cost_cny": cost,
            "benefit_cny": benefit,
            "net_cny": net,
            "discounted_cny": discounted(net, scenario.number("economics.discount_rate")),
        },
        index=pd.RangeIndex(begin, begin + years, name="year"),
    )


def _works_years(units: pd.DataFrame, phases: tuple[PhaseItem, ...], year: int) -> tuple[pd.Series, pd.Series]:
    """First and last year of the works on every unit."""
    blank = pd.Series(np.nan, index=units.index)
    mine = pd.to_numeric(units["phase"], errors="coerce") if "phase" in units else blank
    first = mine.map({p.id: p.start for p in phases}).astype(float).fillna(year)
    last = mine.map({p.id: p.end for p in phases}).astype(float).fillna(first + 1)
    return first, last


def _funds(scenario: Scenario, cost: float) -> pd.DataFrame:
    rows = [(f.name, f.name_en or f.name, f.cny, f.source) for f in scenario.economics.fund]
    rest = cost - sum(f.cny for f in scenario.economics.fund)
    rows.append(("未落实", "not yet funded", max(rest, 0.0), "cost less the funds above"))
    return pd.DataFrame(rows, columns=["name", "name_en", "cny", "source"])
