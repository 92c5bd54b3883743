"""Plan → MapView: the one place that knows how a plan is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.design import Design
from planner.landuse import CHOICES
from planner.maps.view import MapView
from planner.maps.views import AMOUNTS
from planner.plan.others import differs, rows_of
from planner.plan.places import places_of
from planner.plan.verdict import verdict
from planner.units import mu_from_m2
from planner.words import LANGS, say, term, text

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.plan import Plan
    from planner.site import Grid
    from planner.words.locale import Locale

CURVE_NAMES = {"stage_m": "level_m", "area": "area_m2", "storage": "storage_m3", "volume_m3": "storage_m3"}


def view_of(plan: Plan) -> MapView:
    """What a map shows of a plan."""
    site, summary = plan.site, plan.summary()
    about = site.scenario.site
    rules = plan.rules[[c for c in AMOUNTS if c in plan.rules.columns]].add_prefix("rules_")
    others = [rows_of(plan, other)[["target", *AMOUNTS]].add_prefix(f"{other.key}_") for other in plan.others]
    locale = site.scenario.locale.told
    units = _priced(plan.units.join(_losses(plan)).join([rules, *others]), locale)
    return MapView(
        name=site.name,
        name_en=about.name_en,
        kind=about.kind,
        approval_number=about.approval_number if locale.native else "",
        year=about.year,
        crs=site.crs,
        units=units,
        terrain=site.terrain,
        finished=_finished(plan),
        refusals=_refusals(plan),
        reservoirs=plan.reservoirs,
        curves=_curves(plan),
        hauls=_hauls(plan),
        constraints=site.constraints,
        boundary=site.boundary,
        dykes=plan.dykes,
        names=_names(plan),
        summary=summary,
        places=places_of(plan),
        verdict=verdict(summary),
        flow=plan.economics.flow * locale.cny,
        locale=locale,
        alternatives=tuple(
            (row["key"], say(f"alternative.{row['key']}"), differs(summary, row)) for row in summary["alternatives"]
        ),
    )


def _priced(units: gpd.GeoDataFrame, locale: Locale) -> gpd.GeoDataFrame:
    """The units with money in the locale's currency, and reasons told in it."""
    if locale.native:
        return units
    money = [c for c in units.columns if str(c).endswith("_cny") or str(c).startswith("loss_")]
    told = {c: units[c].map(locale.text) for c in ("reason", "reason_zh") if c in units.columns}
    return units.assign(**{c: units[c] * locale.cny for c in money}, **told)


def _finished(plan: Plan) -> Grid | None:
    """The ground after the works; None for a plan of the first edition, which did not keep it."""
    if "design_m" not in plan.units.columns:
        return None
    return Design.of(plan.units, plan.site.scenario).surface(plan.units, plan.site.terrain)


def _losses(plan: Plan) -> pd.DataFrame:
    """What the plan would lose, yuan, if a unit took the best option of another target; NaN where none is priced."""
    options = plan.options
    if "loss_cny" not in options.columns:
        return pd.DataFrame(index=plan.units.index)
    unit = options.index.get_level_values(0)
    table = options["loss_cny"].groupby([unit, options["target"].to_numpy()]).min().unstack()
    return table.reindex(index=plan.units.index, columns=list(CHOICES)).add_prefix("loss_")


def _refusals(plan: Plan) -> pd.DataFrame | None:
    """The hard rules that were not passed, in the judgement's order, with the rule's name in both languages."""
    verdicts = plan.judgement.verdicts
    failed = verdicts[verdicts["hard"].astype(bool) & ~verdicts["passed"].astype(bool)].sort_values(
        ["unit_id", "target"], kind="stable"
    )
    if failed.empty:
        return None
    rule = failed["rule"].astype(str)
    note = failed["note"].fillna("").astype(str) if "note" in failed.columns else pd.Series("", index=failed.index)
    barred = rule == "forbidden"
    en, zh = (rule.map({key: term("rule", key, lang) for key in rule.unique()}) for lang in LANGS)
    bars_en, bars_zh = (note.map({n: text("maps.constraint", lang, note=n) for n in note.unique()}) for lang in LANGS)
    return failed.assign(
        rule=rule.where(~barred, "forbidden: " + note),
        rule_en=en.where(~barred, bars_en),
        rule_zh=zh.where(~barred, bars_zh),
        value=failed["value"].astype(float).where(~barred),
        limit=failed["limit"].astype(float).where(~barred),
    )


def _curves(plan: Plan) -> pd.DataFrame | None:
    """Stage, area (mu) and storage of every reservoir in one table; its area at the normal level is the plan's, on the
    ellipsoid, and the others are to it as on the map's plane.
    """
    tables = []
    for name, table in plan.storage_tables.items():
        frame = table.rename(columns=CURVE_NAMES)
        if "area_mu" not in frame.columns:
            frame = frame.assign(area_mu=mu_from_m2(frame["area_m2"]))
        if "water_mu" in plan.reservoirs.columns and name in plan.reservoirs.index:
            lake = plan.reservoirs.loc[name]
            plane = float(np.interp(lake["level_m"], frame["level_m"], frame["area_mu"]))
            frame = frame.assign(area_mu=frame["area_mu"] * (lake["water_mu"] / plane if plane > 0 else 1.0))
        tables.append(frame[["level_m", "area_mu", "storage_m3"]].assign(reservoir_id=str(name)))
    return pd.concat(tables, ignore_index=True) if tables else None


def _hauls(plan: Plan) -> pd.DataFrame | None:
    """Hauls between different units, from middle to middle."""
    haul = plan.haul
    if haul is None or haul.empty:
        return None
    known = haul["from_unit"].isin(plan.units.index) & haul["to_unit"].isin(plan.units.index)
    moved = haul[known & (haul["from_unit"] != haul["to_unit"])]
    middle = plan.units.geometry.representative_point()
    x, y = middle.x, middle.y
    return pd.DataFrame(
        {
            "x_from": moved["from_unit"].map(x).to_numpy(float),
            "y_from": moved["from_unit"].map(y).to_numpy(float),
            "x_to": moved["to_unit"].map(x).to_numpy(float),
            "y_to": moved["to_unit"].map(y).to_numpy(float),
            "volume_m3": moved["m3"].to_numpy(float),
        }
    )


def _names(plan: Plan) -> dict[str, tuple[str, str]]:
    parcels = plan.site.parcels
    empty = pd.Series("", index=parcels.index)

    def texts(column: str) -> list[str]:
        return ["" if v is None or v != v else str(v) for v in parcels.get(column, empty)]

    return {
        str(i): pair
        for i, pair in zip(parcels.index, zip(texts("name"), texts("name_en"), strict=True), strict=True)
        if any(pair)
    }
