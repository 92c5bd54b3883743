"""The plan and what it can be asked: figures, reasons, the water's year. What draws and writes it is `planner/facade.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.plan.explain import Explanation, explain
from planner.plan.record import PlanRecord
from planner.plan.summary import as_html, summarise

if TYPE_CHECKING:
    from planner.balance import Balance, Lake


class Plan(PlanRecord):
    """A plan that answers: its figures, why a unit has its target, how its lakes live through a year."""

    def summary(self) -> dict[str, Any]:
        """The plan in figures, as `summary.json` holds it (schema planner.summary/1)."""
        figures = summarise(self)
        if len(self.storage_tables):
            figures["water"]["settled"] = self._settled()
        return figures

    def _settled(self) -> dict[str, Any]:
        """What the lakes hold once the mean year has repeated itself until it closes, beside what they are built to hold.

        No inflow from beyond the lakes and no use are counted: rain, evaporation and groundwater alone.
        """
        climate = str(self.site.scenario.value("water.climate"))
        table = self.water_balance(climate).table
        last = table[table["year"] == table["year"].max()]
        stored = last.groupby("month")["storage_m3"].sum()
        return {
            "climate": climate,
            "mean_m3": float(stored.mean()),
            "lowest_m3": float(stored.min()),
            "levels_m": {str(k): float(v) for k, v in last.groupby("lake")["level_m"].mean().items()},
        }

    def explain(self, unit_id: str) -> Explanation:
        """Why a unit has its target, why not the others, and what would have to change.

        Raises InvalidInput naming the nearest unit where there is no such unit.
        """
        return explain(self, unit_id)

    def water_balance(self, climate: str = "huaibei", **lake: Any) -> Balance:
        """The year that repeats itself on the plan's reservoirs, month by month.

        climate: a climate of `parameters.toml`. lake: further fields of `balance.Lake` for every reservoir, e.g. seepage_mm,
        inflow_m3, use_m3. A reservoir spills above its normal level and trades water with the groundwater around it, whose
        table is that of the site and whose rate is `water.exchange_per_month`. Raises InvalidInput for an unknown climate.
        """
        from planner.balance import climate as named
        from planner.balance import settled

        return settled(self.lakes(**lake), named(self.site.scenario.parameters, climate))

    def lakes(self, **lake: Any) -> list[Lake]:
        """The plan's reservoirs as the water balance takes them; lake: further fields of `balance.Lake` for each."""
        import numpy as np

        from planner.balance import Lake

        scenario, levels = self.site.scenario, self.reservoirs["level_m"]
        wet = self.units[self.units["target"] == "reservoir"]
        outside = float(np.average(wet["water_table_m"], weights=wet["area_mu"])) if len(wet) else 0.0
        fields = {"groundwater_m": outside, "exchange_per_month": scenario.number("water.exchange_per_month"), **lake}
        return [
            Lake.from_table(k, table, **{"full_m": float(levels[k]), "start_m": float(levels[k]), **fields})
            for k, table in self.storage_tables.items()
        ]

    def _repr_html_(self) -> str:
        return as_html(self)
