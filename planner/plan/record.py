"""The plan as data: what was chosen for every unit, and what proves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.words import share

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from planner.economics import Economics
    from planner.site import Site
    from planner.tables import Judgement
    from planner.words import Message


@dataclass(frozen=True, eq=False)
class Certificate:
    """What the solver proved: status, objective and bound (yuan), relative gap, seconds, the method that answered.

    binding: rows with `rule`, `shadow_price`, `unit`: what one more unit of the limit would bring. start_prices: those of the
    search's own rows (`allocation.result.RowPrice`), at which planning again begins.
    """

    status: str
    objective: float
    bound: float
    gap: float
    seconds: float
    method: str
    binding: tuple[Mapping[str, Any], ...]
    start_prices: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, eq=False)
class Other:
    """Another plan of the same land under the same limits: its key, the option of every unit by unit_id, and its proof.

    status, gap: of its own objective, e.g. the cost where it is the cheapest.
    """

    key: str
    option: pd.Series[str]
    status: str
    gap: float


@dataclass(frozen=True, eq=False)
class PlanRecord:
    """A restoration plan of a site: its tables and what proves it.

    units: GeoDataFrame, index `unit_id`, columns as in `columns.UNITS` plus `rules_target` (what the rules alone give),
    `next_target`, `next_loss_cny` (the best other target and what it would lose). options: every priced option, index (unit_id,
    option), with `loss_cny` against the chosen one at the plan's shadow prices. borders: who touches whom. reservoirs: one row
    per connected water body. storage_tables: stage-area-storage of each by id. haul: who digs for whom. rules: what the
    rules alone give, per unit. land_use: every unit's area by use today: unit_id, landuse (empty where not known), area_mu.
    others: its alternatives, where they were asked for. dykes: along its water, lines as `design.dykes` draws them; None where
    they are not known. border_prices, earth_prices: what the search learned of prices (`plan/kept.py`), for planning again.
    set_out: whether its borders lie in smooth lines already (`plan/setting_out.py`).
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
    others: tuple[Other, ...] = ()
    dykes: gpd.GeoDataFrame | None = None
    border_prices: pd.DataFrame | None = None
    earth_prices: pd.DataFrame | None = None
    set_out: bool = False

    def to_frame(self) -> pd.DataFrame:
        """The units without their geometry, index `unit_id`."""
        import pandas as pd

        return pd.DataFrame(self.units.drop(columns=self.units.geometry.name))

    def with_units(self, **columns: pd.Series[Any]) -> gpd.GeoDataFrame:
        """The units with further columns, by unit_id."""
        return self.units.assign(**columns)

    def __repr__(self) -> str:
        total = self.units.groupby("target")["area_mu"].sum()
        parts = ", ".join(f"{name} {area:,.0f} mu" for name, area in total.items())
        proof = f"{self.certificate.status}, gap {share(self.certificate.gap, 'en')}"
        return f"<Plan {self.site.name!r}: {len(self.units)} units; {parts}; {proof}>"
