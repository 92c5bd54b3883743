"""The plan year by year: land that becomes ready, money and earth; over the years the sums are the plan's totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.landuse import CHOICES
from planner.timing import earth_by_year

if TYPE_CHECKING:
    from planner.plan.record import PlanRecord

EARTH = ("cut_m3", "fill_m3", "import_m3", "export_m3", "stock_m3")


def years(plan: PlanRecord) -> pd.DataFrame:
    """Index year, from the first works to the last change; columns: a target each (mu that become ready in the year),
    `cost_cny`, `benefit_cny`, and EARTH (m³; the stock is what lies in the stockpile at the year's end).
    """
    money, earth = plan.economics.flow, earth_by_year(plan.units, plan.site.scenario)
    area = plan.units.pivot_table(index="ready_year", columns="target", values="area_mu", aggfunc="sum", fill_value=0.0)
    ready = area.reindex(columns=list(CHOICES), fill_value=0.0)
    ready = ready[(ready > 0).any(axis=1)]
    busy = money.index[(money[["cost_cny", "benefit_cny"]] != 0).any(axis=1)]
    ends = [*earth.index, *ready.index, *busy]
    index = pd.RangeIndex(int(np.min(ends)), int(np.max(ends)) + 1, name="year")
    table = ready.reindex(index, fill_value=0.0).join(money[["cost_cny", "benefit_cny"]]).join(earth)
    return table.fillna(0.0)


def as_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The years as `years` of summary.json holds them."""
    rows = []
    for year, row in table.iterrows():
        ready = {t: float(row[t]) for t in CHOICES if row[t] > 0}
        sums = {c: float(row[c]) for c in ("cost_cny", "benefit_cny", *EARTH)}
        rows.append({"year": int(str(year)), "ready_mu": ready, **sums})
    return rows
