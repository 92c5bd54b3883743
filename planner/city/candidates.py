"""Low-yield land as candidates: what the plots of enterprises yield, and the tax that would justify what a mu costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.city.enterprises import CLASSES, justified_tax_per_mu
from planner.city.layers import in_one_plane, polygons_of
from planner.ellipsoid import ellipsoidal_m2
from planner.errors import InvalidInput
from planner.parameters import Parameters, nearest
from planner.units import mu_from_m2
from planner.words import say

if TYPE_CHECKING:
    from planner.plan import Plan

TAX = "tax_per_mu"  # 10 000 yuan per mu and year, as the weight sets have it
TEN_THOUSAND = 1e4


def plots_of(
    plots: gpd.GeoDataFrame, scores: pd.DataFrame, table: pd.DataFrame, p: Parameters, *, column: str
) -> gpd.GeoDataFrame:
    """The enterprises' plots with what they yield, index enterprise id: class, score, mu, tax and its worth in place.

    plots: polygons with the enterprise's id in `column`. `worth_cny_per_mu` is the present worth of the tax over
    `city.yield_per_mu.years` at the social discount rate: zones for [value] of a site. Raises InvalidInput for an unknown id
    or column.
    """
    if column not in plots.columns:
        raise InvalidInput(say("city.no_plot_column", column=column, near=nearest(column, plots.columns)))
    shapes, crs = polygons_of(plots, "plots")
    ids = plots[column].astype(str).to_numpy()
    known = set(map(str, scores.index))
    strange = next((i for i in ids if i not in known), None)
    if strange is not None:
        raise InvalidInput(say("city.no_such_enterprise", id=strange, near=nearest(strange, known)))
    found = gpd.GeoDataFrame({"id": ids}, geometry=shapes, crs=crs)
    area = mu_from_m2(shapely.area(shapes) if crs is None else ellipsoidal_m2(shapes, crs))
    by_id = scores.set_axis(scores.index.astype(str))
    tax = pd.to_numeric(table.set_axis(table.index.astype(str))[TAX], errors="coerce") * TEN_THOUSAND if TAX in table else None
    found = found.assign(
        yield_class=by_id["class"].reindex(ids).to_numpy(),
        score=by_id["score"].reindex(ids).to_numpy(),
        area_mu=area,
        tax_cny_per_mu=np.nan if tax is None else tax.reindex(ids).to_numpy(),
    )
    years, rate = int(p.number("city.yield_per_mu.years")), p.number("economics.discount_rate")
    return found.assign(worth_cny_per_mu=found["tax_cny_per_mu"] / justified_tax_per_mu(1.0, years=years, rate=rate)).set_index(
        "id"
    )


def candidates(
    plots: gpd.GeoDataFrame, plan: Plan | None, p: Parameters, *, classes: tuple[str, ...] = CLASSES[-1:]
) -> pd.DataFrame:
    """Plots of the lowest classes, worst first: what they yield and, on a plan's ground, what the plan does there and costs.

    Columns: `yield_class`, `score`, `area_mu`, `tax_cny_per_mu`, `worth_cny_per_mu`; with a plan `target` (what most of the
    plot becomes), `plan_mu` (plot inside the plan), `cost_cny_per_mu`, `justified_tax_cny_per_mu` (the yearly tax that pays
    that cost back) and `earns_it` (whether the plot brings that tax today).
    """
    low = plots[plots["yield_class"].isin(classes)].sort_values("score", kind="stable")
    table = pd.DataFrame(low.drop(columns=low.geometry.name))
    if plan is None or not len(low):
        return table
    mine, crs = polygons_of(low, "plots")
    units, units_crs = polygons_of(plan.units, "units")
    ground, shapes = in_one_plane(("units", units, units_crs), ("plots", mine, crs))
    plot, unit = shapely.STRtree(ground).query(shapes, predicate="intersects")
    part = shapely.area(shapely.intersection(shapes[plot], ground[unit]))
    mu = part / shapely.area(ground)[unit] * plan.units["area_mu"].to_numpy(float)[unit]
    rows = pd.DataFrame({"plot": plot, "mu": mu, "target": plan.units["target"].astype(str).to_numpy()[unit]})
    rows["cost"] = mu * (plan.units["cost_cny"] / plan.units["area_mu"]).to_numpy(float)[unit]
    rows = rows[rows["mu"] > 0]
    inside = rows.groupby("plot")["mu"].sum()
    cost = rows.groupby("plot")["cost"].sum() / inside
    main = rows.groupby(["plot", "target"])["mu"].sum().reset_index().sort_values(["plot", "mu", "target"])
    target = main.drop_duplicates("plot", keep="last").set_index("plot")["target"]
    place = pd.RangeIndex(len(low))
    years, rate = int(p.number("city.yield_per_mu.years")), p.number("economics.discount_rate")
    per_mu = cost.reindex(place)
    needed = per_mu * justified_tax_per_mu(1.0, years=years, rate=rate)
    return table.assign(
        target=target.reindex(place).to_numpy(),
        plan_mu=inside.reindex(place, fill_value=0.0).to_numpy(),
        cost_cny_per_mu=per_mu.to_numpy(),
        justified_tax_cny_per_mu=needed.to_numpy(),
        earns_it=(low["tax_cny_per_mu"].to_numpy() >= needed.to_numpy()),
    )
