"""The plan: what was chosen for every unit, what proves it, and what it can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import folium
    import geopandas as gpd
    import pandas as pd

    from planner.balance import Balance
    from planner.economics import Economics
    from planner.plan.explain import Explanation
    from planner.site import Site
    from planner.tables import Judgement
    from planner.words import Message


@dataclass(frozen=True, eq=False)
class Certificate:
    """What the solver proved: status, objective and bound (yuan), relative gap, seconds, the method that answered.

    binding: rows with `rule`, `shadow_price`, `unit`: what one more unit of the limit would bring.
    """

    status: str
    objective: float
    bound: float
    gap: float
    seconds: float
    method: str
    binding: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """A restoration plan of a site.

    units: GeoDataFrame, index `unit_id`, columns as in `columns.UNITS` plus `rules_target` (what the rules alone give),
    `next_target`, `next_loss_cny` (the best other target and what it would lose). options: every priced option, index (unit_id,
    option), with `loss_cny` against the chosen one at the plan's shadow prices. borders: who touches whom. reservoirs: one row
    per connected water body. storage_tables: stage-area-storage of each by id. haul: who digs for whom. rules: what the
    rules alone give, per unit. land_use: every unit's area by use today: unit_id, landuse (empty where not known), area_mu.
    """

    site: Site
    units: gpd.GeoDataFrame
    parcels: gpd.GeoDataFrame
    options: pd.DataFrame
    borders: pd.DataFrame
    judgement: Judgement
    certificate: Certificate
    reservoirs: gpd.GeoDataFrame
    storage_tables: Mapping[str, pd.DataFrame]
    haul: pd.DataFrame
    economics: Economics
    rules: pd.DataFrame
    warnings: tuple[Message, ...]
    land_use: pd.DataFrame

    def summary(self) -> dict[str, Any]:
        """The plan in figures, as `summary.json` holds it (schema planner.summary/1)."""
        from planner.plan.summary import summarise

        return summarise(self)

    def explain(self, unit_id: str) -> Explanation:
        """Why a unit has its target, why not the others, and what would have to change.

        Raises InvalidInput naming the nearest unit where there is no such unit.
        """
        from planner.plan.explain import explain

        return explain(self, unit_id)

    def to_frame(self) -> pd.DataFrame:
        """The units without their geometry, index `unit_id`."""
        import pandas as pd

        return pd.DataFrame(self.units.drop(columns=self.units.geometry.name))

    def map(self, *, lang: str = "en") -> folium.Map:
        """The interactive map; lang `en` or `zh` is the language it opens in."""
        from planner.maps import draw

        return draw(self, lang=lang)

    def save(self, folder: str | Path, *, overwrite: bool = False, lang: str = "en") -> Path:
        """Writes plan.gpkg, map.html, tables.xlsx, summary.json, site.toml and ground.tif into a folder, whole or not at all.

        Raises OutputExists where the folder holds a plan and overwrite is off.
        """
        from planner.export import save
        from planner.export.ground import write_ground
        from planner.maps import draw

        page = draw(self, lang=lang).page()
        extra: dict[str, Any] = {"map.html": page, "ground.tif": lambda path: write_ground(self.site, path)}
        return save(self, folder, overwrite=overwrite, lang=lang, extra_files=extra)

    def water_balance(self, climate: str = "huaibei", **lake: Any) -> Balance:
        """The year that repeats itself on the plan's reservoirs, month by month.

        climate: a climate of `parameters.toml`. lake: further fields of `balance.Lake` for every reservoir, e.g. seepage_mm,
        inflow_m3, use_m3. A reservoir spills above its normal level and trades water with the groundwater around it, whose
        table is that of the site and whose rate is `water.exchange_per_month`. Raises InvalidInput for an unknown climate.
        """
        import numpy as np

        from planner.balance import Lake, settled
        from planner.balance import climate as named

        scenario, levels = self.site.scenario, self.reservoirs["level_m"]
        wet = self.units[self.units["target"] == "reservoir"]
        outside = float(np.average(wet["water_table_m"], weights=wet["area_mu"])) if len(wet) else 0.0
        fields = {"groundwater_m": outside, "exchange_per_month": scenario.number("water.exchange_per_month"), **lake}
        lakes = [
            Lake.from_table(k, table, **{"full_m": float(levels[k]), "start_m": float(levels[k]), **fields})
            for k, table in self.storage_tables.items()
        ]
        return settled(lakes, named(scenario.parameters, climate))

    def with_units(self, **columns: pd.Series[Any]) -> gpd.GeoDataFrame:
        """The units with further columns, by unit_id."""
        return self.units.assign(**columns)

    def __repr__(self) -> str:
        total = self.units.groupby("target")["area_mu"].sum()
        parts = ", ".join(f"{name} {area:,.0f} mu" for name, area in total.items())
        proof = f"{self.certificate.status}, gap {self.certificate.gap:.1e}"
        return f"<Plan {self.site.name!r}: {len(self.units)} units; {parts}; {proof}>"

    def _repr_html_(self) -> str:
        from planner.plan.summary import as_html

        return as_html(self)
