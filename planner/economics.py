"""Money of a plan: what it costs and brings by target and year, net present value, who pays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from planner.core.money import payback, spread
from planner.keys.rules import EarthworkRule
from planner.landuse import UNRESTORED
from planner.scenario import CostItem, FundItem, Scenario
from planner.schedule import first_works_year, last_works_year, phase_of, restocked_m3, works_years, worth_of_years, worth_today
from planner.words import pair, say

PAID: Final = ("name", "name_en", "cny", "source", "source_zh")  # the last two: where the sum comes from, in both languages


@dataclass(frozen=True, eq=False)
class Economics:
    """The money of a plan, yuan.

    by_target: index target, columns `area_mu`, `units`, `cost_cny`, `benefit_cny`. items: lump sums that no unit carries,
    columns PAID. flow: index year, columns `cost_cny`, `benefit_cny`, `net_cny`, `discounted_cny` (to the plan's year).
    funds: who pays, columns PAID; what no fund covers is its last row.
    """

    by_target: pd.DataFrame
    items: pd.DataFrame
    flow: pd.DataFrame
    funds: pd.DataFrame
    works_cny: float
    haul_cny: float
    stock_cny: float
    traded_cny: float
    lump_cny: float
    benefit_cny: float
    npv_cny: float
    payback_year: int | None

    @property
    def cost_cny(self) -> float:
        """Works of the units, the haul of earth between them, what waits in the stockpile, earth that is bought or carted away
        at a price, and lump sums, yuan."""
        return self.works_cny + self.haul_cny + self.stock_cny + self.traded_cny + self.lump_cny

    @property
    def benefit_cost_ratio(self) -> float:
        """Undiscounted benefit per yuan of cost (the published input-output ratio); 0 where nothing is spent."""
        return self.benefit_cny / self.cost_cny if self.cost_cny > 0 else 0.0


def lump_sums(scenario: Scenario) -> float:
    """Σ of the [[economics.item]] that hang on nothing, yuan: they come off the budget before any unit is chosen."""
    return float(sum(item.cny for item in scenario.economics.item if not item.hangs))


def most_lumps(scenario: Scenario) -> float:
    """Σ of all [[economics.item]], yuan: what is paid where every piece of land that one hangs on is treated."""
    return float(sum(item.cny for item in scenario.economics.item))


def lump_units(item: CostItem, units: pd.DataFrame) -> pd.Series[bool]:
    """Which units a lump sum hangs on: those of its parcels, or of its phase; all where it names neither."""
    if item.parcels:
        return units["parcel_id"].astype(str).isin(item.parcels)
    return phase_of(units) == item.phase if item.phase is not None else pd.Series(True, index=units.index)


def lump_years(item: CostItem, units: pd.DataFrame, scenario: Scenario) -> tuple[int, int]:
    """First and last year over which a lump sum is paid in equal parts: the works' years of what it hangs on.

    They do not depend on what is chosen, so that the sum's present value is known beforehand.
    """
    first, last = works_years(units[lump_units(item, units)], scenario)
    if not item.hangs or not len(first):
        return first_works_year(scenario), last_works_year(scenario)
    return int(first.min()), int(last.max())


def lump_worth(item: CostItem, units: pd.DataFrame, scenario: Scenario) -> float:
    """Present value of a lump sum where it is paid, yuan."""
    return item.cny * worth_of_years(*lump_years(item, units, scenario), scenario)


def lump_paid(item: CostItem, units: pd.DataFrame) -> bool:
    """Whether a lump sum falls due: it hangs on nothing, or on land of which some is treated."""
    return not item.hangs or bool((units["target"][lump_units(item, units)] != UNRESTORED).any())


def haul_worth(scenario: Scenario) -> float:
    """Present value of a yuan of haul: it is paid in equal parts over all the years of works."""
    return worth_of_years(first_works_year(scenario), last_works_year(scenario), scenario)


def stocked(units: pd.DataFrame, scenario: Scenario) -> list[tuple[float, int, int]]:
    """What earth that waits in a stockpile costs more: yuan, first and last year in which it is placed.

    Nothing where earth may be brought in without a limit: then none has to wait.
    """
    if scenario.earthwork.max_import_m3 is None or not {"cut_m3", "fill_m3"} <= set(units.columns):
        return []
    price = scenario.number("earthwork.stock_cny_per_m3")
    return [(price * m3, span.first, span.last) for span, m3 in restocked_m3(units, scenario)]


def compaction_of(rule: EarthworkRule, scenario: Scenario) -> float:
    """m³ of fill per m³ of cut in a rule's own balance: the site's where it states none."""
    return scenario.number("earthwork.compaction") if rule.compaction is None else rule.compaction


def traded(units: pd.DataFrame, scenario: Scenario) -> float:
    """What earth costs that chosen units lack and is bought, or that they leave and is carted away, yuan: by the prices of
    `[[rule]]` Earthwork, each of its own balance. units: columns `cut_m3`, `fill_m3`."""
    priced = [item.stated for item in scenario.rule if item.rule == "Earthwork"]
    if not priced or not {"cut_m3", "fill_m3"} <= set(units.columns):
        return 0.0
    cut, fill, found = float(units["cut_m3"].sum()), float(units["fill_m3"].sum()), 0.0
    for rule in priced:
        assert isinstance(rule, EarthworkRule)
        lack = fill - compaction_of(rule, scenario) * cut
        found += rule.import_cny_per_m3 * max(lack, 0.0) + rule.export_cny_per_m3 * max(-lack, 0.0)
    return found


def money(units: pd.DataFrame, scenario: Scenario, haul: pd.DataFrame) -> Economics:
    """The money of chosen units: columns `target`, `area_mu`, `cost_cny`, `benefit_cny`, `ready_year`, nullable `phase`.

    Works are paid evenly over the years of a unit's phase (without phases: the plan's year and the next), benefits come in the
    year the unit is ready. haul: who digs for whom, column `cost_cny`; it is paid in equal parts over the years of works, as is
    earth that is bought or carted away at a price.
    """
    carried = float(haul["cost_cny"].sum()) if len(haul) else 0.0
    grouped = units.assign(units=1).groupby("target", sort=True)
    by_target = grouped[["area_mu", "units", "cost_cny", "benefit_cny"]].sum()
    due = [item for item in scenario.economics.item if lump_paid(item, units)]
    items = pd.DataFrame([_paid(item) for item in due], columns=PAID)
    works, lump = float(units["cost_cny"].sum()), float(sum(item.cny for item in due))
    waited = stocked(units, scenario)
    again = float(sum(cny for cny, _, _ in waited))
    outside = traded(units, scenario)
    flow = _flow(units, scenario, due, carried + outside, waited)
    return Economics(
        by_target=by_target,
        items=items,
        flow=flow,
        funds=_funds(scenario, works + carried + again + outside + lump),
        works_cny=works,
        haul_cny=carried,
        stock_cny=again,
        traded_cny=outside,
        lump_cny=lump,
        benefit_cny=float(units["benefit_cny"].sum()),
        npv_cny=float(flow["discounted_cny"].sum()),
        payback_year=None if (k := payback(flow["net_cny"])) is None else int(flow.index[k]),
    )


def _flow(
    units: pd.DataFrame, scenario: Scenario, lumps: list[CostItem], haul: float, waited: list[tuple[float, int, int]]
) -> pd.DataFrame:
    first, last = works_years(units, scenario)
    ready = units["ready_year"].to_numpy(float)
    sums = [(item.cny, *lump_years(item, units, scenario)) for item in lumps]
    sums += [(haul, first_works_year(scenario), last_works_year(scenario)), *waited]
    begin = first_works_year(scenario)
    latest = max([begin, last_works_year(scenario), *ready, *(end for _, _, end in sums)])
    years = max(int(scenario.number("economics.years")), int(latest) - begin + 1)
    cost = spread(units["cost_cny"], first, last, begin, years)
    for cny, start, end in sums:
        cost += spread([cny], [start], [end], begin, years)
    benefit = spread(units["benefit_cny"], ready, ready, begin, years)
    net, calendar = benefit - cost, np.arange(begin, begin + years)
    return pd.DataFrame(
        {
            "cost_cny": cost,
            "benefit_cny": benefit,
            "net_cny": net,
            "discounted_cny": net * worth_today(calendar, scenario),
        },
        index=pd.Index(calendar, name="year"),
    )


def _funds(scenario: Scenario, cost: float) -> pd.DataFrame:
    rows = [_paid(fund) for fund in scenario.economics.fund]
    rest = cost - sum(f.cny for f in scenario.economics.fund)
    english, chinese = pair(say("economics.unfunded"))
    rows.append((chinese, english, max(rest, 0.0), *pair(say("economics.rest"))))
    return pd.DataFrame(rows, columns=PAID)


def _paid(about: CostItem | FundItem) -> tuple[str, str, float, str, str]:
    """A lump sum or a fund as a row of PAID."""
    return about.name, about.name_en or about.name, about.cny, about.source, about.source_zh or about.source
