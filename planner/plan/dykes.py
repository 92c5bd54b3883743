"""The dykes along a plan's water: drawn on its finished ground, beside what was priced of them before the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from planner.design import Design, dykes
from planner.words import Message, say

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from planner.plan.record import PlanRecord
    from planner.site import Site

MATERIAL: Final = 0.01  # of the plan's works or of its fill: from here on dykes that were not priced are warned of
FIGURES: Final = ("crest_m", "length_m", "height_m", "mean_m", "fill_m3", "cost_cny")


def along(site: Site, units: gpd.GeoDataFrame, design: Design) -> gpd.GeoDataFrame:
    """The dykes of a plan's units, in its order, with the finished ground of every unit beside them."""
    return dykes(units, design.surface(units, site.terrain), site.scenario, design)


def unpriced(units: pd.DataFrame, lines: pd.DataFrame) -> tuple[Message, ...]:
    """A warning where the dykes of the plan differ from those that were priced by so much that the choice could have."""
    priced_m3, priced = (float(units[c].sum()) for c in ("dyke_m3", "dyke_cny"))
    more_m3, more = float(lines["fill_m3"].sum()) - priced_m3, float(lines["cost_cny"].sum()) - priced
    works, fill = float(units["cost_cny"].sum()), float(units["fill_m3"].sum())
    if abs(more) <= MATERIAL * works and abs(more_m3) <= MATERIAL * fill:
        return ()
    return (say("dykes.unpriced", fill=priced_m3 + more_m3, cost=priced + more, priced_fill=priced_m3, priced_cost=priced),)


def dykes_told(plan: PlanRecord) -> dict[str, Any]:
    """What `dykes` of summary.json holds: totals, what of them was priced, and every line."""
    lines, units = plan.dykes, plan.units
    known = {key: float(units[key].sum()) if key in units.columns else 0.0 for key in ("dyke_m3", "dyke_cny")}
    rows: list[dict[str, Any]] = []
    if lines is not None:
        rows = [
            {"id": str(name), "reservoir_id": str(row["reservoir_id"]), **{c: float(row[c]) for c in FIGURES}}
            for name, row in lines.iterrows()
        ]
    sums = {c: float(sum(row[c] for row in rows)) for c in ("length_m", "fill_m3", "cost_cny")}
    return {
        **sums,
        "height_m": float(max((row["height_m"] for row in rows), default=0.0)),
        "priced_fill_m3": known["dyke_m3"],
        "priced_cost_cny": known["dyke_cny"],
        "lines": rows,
    }
