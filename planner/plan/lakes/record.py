"""What the years do to a plan's lakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from planner.units import mu_from_m2
from planner.words import Message, pair

if TYPE_CHECKING:
    from planner.balance import Balance, Climate, FloodLevel
    from planner.plan.lakes.bodies import Body, SiteLakes
    from planner.plan.record import PlanRecord

SCHEMA: Final = "planner.water/1"


@dataclass(frozen=True, eq=False)
class LakeYearsRecord:
    """Levels and storage of a plan's lakes through the years.

    lakes: those of the finished ground. runs: the balance of every run by its name (mean, wet, dry, drought3, series). table:
    one row a reservoir and run: lowest_m, highest_m, end_m, lowest_m3, kept_share (of its years), spill_m3, deficit_m3,
    needed_m3 (a year, to hold the level). filling: years from empty to full by reservoir and run, NaN if never. floods: by
    reservoir.
    """

    plan: PlanRecord
    climate: str
    lakes: SiteLakes
    years: Mapping[str, tuple[Climate, ...]]
    runs: Mapping[str, Balance]
    table: pd.DataFrame
    filling: pd.DataFrame
    largest_m2: Mapping[str, float]
    floods: Mapping[str, FloodLevel]
    supply_m3: float
    use_m3: float
    notes: tuple[Message, ...]

    @property
    def residual_share(self) -> float:
        """Largest share of a lake's water that a balance cannot account for."""
        return max(run.residual_share for run in self.runs.values())

    def monthly(self, name: str) -> pd.DataFrame:
        """Month by month, run by run: level_m and storage_m3 of a reservoir, m³ in and out. Raises KeyError for none."""
        body = next((b for b in self.lakes.bodies if b.name == name), None)
        if body is None:
            raise KeyError(name)
        return pd.concat([_of_body(run, body).assign(run=key) for key, run in self.runs.items()], ignore_index=True)

    def settled(self) -> dict[str, Any]:
        """What the lakes hold once mean years have repeated themselves until they close: m³, and mean levels by reservoir.

        full_m3: held at the normal levels by the hollows of the finished ground, low land beside the reservoirs' own included.
        """
        run = self.runs["mean"]
        held = pd.concat([_of_body(run, body).tail(12).assign(lake=body.name) for body in self.lakes.bodies])
        stored = held.groupby("month")["storage_m3"].sum()
        levels = held.groupby("lake")["level_m"].mean()
        return {
            "climate": self.climate,
            "mean_m3": float(stored.mean()),
            "lowest_m3": float(stored.min()),
            "full_m3": float(sum(np.interp(body.level_m, *body.above) for body in self.lakes.bodies)),
            "levels_m": {str(k): float(v) for k, v in levels.items()},
        }

    def summary(self) -> dict[str, Any]:
        """As one JSON document (schema planner.water/1)."""
        return {"schema": SCHEMA, "site": {"name": self.plan.site.name}, **self.figures()}

    def figures(self) -> dict[str, Any]:
        """What the years do to every reservoir, as `water.years` of summary.json holds it."""
        told = [pair(note) for note in self.notes]
        freeboard = self.plan.site.scenario.number("reservoir.freeboard_m")
        return {
            "climate": self.climate,
            "climate_given": self.plan.site.scenario.parameters["water.climate"].trust == "given",
            "supply_m3": self.supply_m3,
            "use_m3": self.use_m3,
            "residual_share": self.residual_share,
            "reservoirs": [self._reservoir(body, freeboard) for body in self.lakes.bodies],
            "notes": [en for en, _ in told],
            "notes_zh": [zh for _, zh in told],
        }

    def _reservoir(self, body: Body, freeboard: float) -> dict[str, Any]:
        flood = self.floods[body.name]
        rows = self.table[self.table["reservoir_id"] == body.name].set_index("run").drop(columns="reservoir_id")
        largest = self.largest_m2[body.name]
        return {
            "id": body.name,
            "level_m": body.level_m,
            "rim_m": _number(body.rim_m),
            "area_mu": mu_from_m2(body.area_m2),
            "basin_mu": mu_from_m2(body.basin_m2),
            "fill_years": {k: _number(v) for k, v in self.filling.loc[body.name].items()},
            "years": {str(k): {c: _number(v) for c, v in row.items()} for k, row in rows.iterrows()},
            "largest_mu": _number(mu_from_m2(largest)),
            "kept": bool(largest >= body.area_m2),
            "flood": {
                "level_m": flood.level_m,
                "peak_in_m3_s": flood.peak_in_m3_s,
                "peak_out_m3_s": flood.peak_out_m3_s,
                "crest_m": flood.level_m + freeboard,
                "dyke_m": _number(max(flood.level_m + freeboard - body.rim_m, 0.0)),
            },
        }


FLOWS: Final = ("rain_m3", "runoff_m3", "inflow_m3", "evaporation_m3", "seepage_m3", "use_m3", "deficit_m3")


def _of_body(run: Balance, body: Body) -> pd.DataFrame:
    """A reservoir's months: its parts together; what they pass to each other is no one's gain."""
    mine = run.table[run.table["lake"].isin(body.parts)]
    sums = mine.groupby(["year", "month"], sort=False)[["storage_m3", *FLOWS, "upstream_m3", "spill_m3"]].sum()
    main = mine[mine["lake"] == body.parts[0]].set_index(["year", "month"])
    top = mine[mine["lake"] == body.name].set_index(["year", "month"])
    inner = mine[mine["lake"] != body.name].groupby(["year", "month"], sort=False)["spill_m3"].sum()
    spill = top["spill_m3"]
    return sums.assign(
        level_m=main["level_m"], spill_m3=spill, upstream_m3=sums["upstream_m3"] - inner.reindex(sums.index, fill_value=0.0)
    ).reset_index()


def _number(value: Any) -> Any:
    return float(value) if np.isfinite(value) else None
