"""The plan and what it can be asked: figures, reasons, the water's year. What draws and writes it is `planner/facade.py`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from planner.errors import InvalidInput
from planner.plan.explain import Explanation, explain
from planner.plan.record import PlanRecord
from planner.plan.summary import as_html, summarise
from planner.words import render, say

if TYPE_CHECKING:
    from planner.balance import Balance, Lake
    from planner.plan.lakes.record import LakeYearsRecord
    from planner.words import Message


class Plan(PlanRecord):
    """A plan that answers: its figures, why a unit has its target, how its lakes live through a year."""

    def summary(self) -> dict[str, Any]:
        """The plan in figures, as `summary.json` holds it (schema planner.summary/1)."""
        figures = summarise(self)
        if self.lake_years is not None:
            figures["water"] |= {"settled": self.lake_years.settled(), "years": self.lake_years.figures()}
        elif self.unfollowed is not None:
            figures["warnings"].append(render(self.unfollowed, "en"))
            figures["warnings_zh"].append(render(self.unfollowed, "zh"))
        return figures

    @cached_property
    def lake_years(self) -> LakeYearsRecord | None:
        """What the years do to the lakes in the site's climate, no water brought or drawn; None where none can be followed."""
        return self._followed[0]

    @property
    def unfollowed(self) -> Message | None:
        """Why the lakes could not be followed through the years; None where they are, or there are none."""
        return self._followed[1]

    @cached_property
    def _followed(self) -> tuple[LakeYearsRecord | None, Message | None]:
        from planner.plan.lakes.years import lake_years

        if not len(self.storage_tables) or not {"design_m", "reservoir_id"} <= set(self.units.columns):
            return None, None
        try:
            return lake_years(self), None
        except InvalidInput as error:  # what is said of a plan's lakes never keeps it from being written
            return None, say("lakes.unfollowed", why=error.message)

    def explain(self, unit_id: str) -> Explanation:
        """Why a unit has its target, why not the others, and what would have to change.

        Raises InvalidInput naming the nearest unit where there is no such unit.
        """
        return explain(self, unit_id)

    def water_balance(self, climate: str = "huaibei", **lake: Any) -> Balance:
        """The year that repeats itself on the plan's reservoirs, month by month, each on its own without the land around it.

        What the land that drains to them brings, and dry and wet years, are in `lake_years` and `pl.water`.

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
