"""Planning again from a survey: what stands is kept, the rest is chosen anew on the ground as it lies now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from planner.errors import InvalidInput
from planner.landuse import CHOICES
from planner.options import appraise
from planner.plan import Plan
from planner.plan.compose import Survey, plan_of, survey
from planner.plan.explain import explain
from planner.read import read_site
from planner.scenario import document, parse_scenario, replaced
from planner.site import Grid, Site
from planner.subsidence import ground as ground_state
from planner.suitability import judge
from planner.suitability.judge import STANDS
from planner.words import say, text

if TYPE_CHECKING:
    from planner.asbuilt.noun import AsBuilt


def standing(found: AsBuilt) -> NDArray[np.bool_]:
    """Which units stand as planned and are kept, (n,)."""
    return np.asarray(found.units["stands"].to_numpy(bool) & found.units["target"].isin(CHOICES).to_numpy())


def replan(found: AsBuilt, **sets: Any) -> Plan:
    """A plan of the same site on its ground as surveyed, in which standing units keep their target.

    sets: dotted keys that win over the site's, as in `make_plan`. Earth that stands is not dug again; a budget is less by what
    it cost. From a saved plan the site's own files are read again, as protection and mining panels are not all kept with it.
    Raises InvalidInput where a file is gone, Infeasible where what stands leaves no plan within the limits.
    """
    site = found.plan.site
    if site.extra.get("folder") and (Path(site.extra["folder"]) / "summary.json").is_file():
        site = read_site(Path(site.extra["folder"]) / "site.toml")
    units = found.units[standing(found)]
    terrain = _carried(found, site.terrain)
    year = int(found.date) if np.isfinite(found.date) else site.scenario.site.year
    residual = site.residual_mm
    if np.isfinite(found.date) and residual is not None:
        residual = ground_state(site, year=float(year)).residual_mm
    changed = replace(
        site,
        terrain=terrain,
        residual_mm=residual,
        constraints=_kept(units, site),
        scenario=replaced(site.scenario, {"site.year": year, **_budget(units, site), **sets}),
    )
    return plan_of(_locked(survey(changed), units))


def not_kept(found: AsBuilt, again: Plan) -> pd.DataFrame:
    """The standing land that a plan made again gives another use, largest first: index unit_id of the new plan; stood, target,
    area_mu, why (messages: what speaks against the use that stands).

    Ground as surveyed may no longer bear what stands: a field beside a deep bed can be slope for the most part. Such land is
    not locked, and told by this table.
    """
    units = found.units[standing(found)]
    points = again.units.representative_point().to_numpy()
    i, j = shapely.STRtree(units.geometry.to_numpy()).query(points, predicate="within")
    stood = pd.Series(units["target"].to_numpy(object)[j], index=again.units.index[i])
    mine = again.units.loc[stood.index, ["target", "area_mu"]].assign(stood=stood.to_numpy())
    other = mine[mine["target"] != mine["stood"]].sort_values("area_mu", ascending=False, kind="stable")
    why = [explain(again, str(unit)).others.get(use, ()) for unit, use in other["stood"].items()]
    return other[["stood", "target", "area_mu"]].assign(why=pd.Series(why, index=other.index, dtype=object))


def _locked(known: Survey, standing: gpd.GeoDataFrame) -> Survey:
    """What is known, with every unit on standing land locked to what stands there, where any way leads to that.

    A lake that stands holds water whatever lies deeper beside it: its units wait for no other.
    """
    scenario, table = known.site.scenario, known.facts.table
    points = known.parts.units.representative_point().to_numpy()
    i, j = shapely.STRtree(standing.geometry.to_numpy()).query(points, predicate="within")
    stands = pd.Series("", index=table.index, dtype=object)
    stands.loc[known.parts.units.index[i]] = standing["target"].astype(str).to_numpy()[j]
    stands[stands.index.isin([lock.unit for lock in scenario.lock])] = ""
    facts = replace(known.facts, table=table.assign(**{STANDS: stands}))
    options = appraise(facts, judge(facts.table, scenario), scenario)
    possible = set(zip(options.index.get_level_values(0), options["target"], strict=True))
    kept = {u: t for u, t in stands[stands != ""].sort_index().items() if (u, t) in possible}
    whole = document(scenario)
    locks = [{"unit": u, "target": t} for u, t in kept.items()]
    scenario = parse_scenario({**whole, "lock": [*whole.get("lock", []), *locks]})
    lakes = table.index.isin([u for u, t in kept.items() if t == "reservoir"])
    deeper = table["deeper"].where(~lakes, "")
    return replace(
        known, site=replace(known.site, scenario=scenario), facts=replace(facts, table=facts.table.assign(deeper=deeper))
    )


def _carried(found: AsBuilt, terrain: Grid) -> Grid:
    """A terrain with what changed by the survey; where that saw nothing, as it was."""
    before, now = found.plan.site.terrain, found.survey.ground
    change = np.nan_to_num(now.values - before.values, nan=0.0)
    if not before.aligned(terrain):
        at = np.meshgrid(*before.frame.amid(*terrain.centres()), indexing="ij")
        change = map_coordinates(change, at, order=1, mode="nearest")
    return terrain.like(terrain.values + change)


def _kept(units: gpd.GeoDataFrame, site: Site) -> gpd.GeoDataFrame | None:
    """The site's constraints and, by target, the land that stands and may become nothing else."""
    rows = []
    for target, group in units.groupby("target"):
        shape = shapely.union_all(group.geometry.to_numpy())
        others = ",".join(t for t in CHOICES if t != target)
        rows.append(
            {"kind": "as built", "forbids": others, "name": text("asbuilt.stands", "zh", target=target), "geometry": shape}
        )
    if not rows:
        return site.constraints
    mine = gpd.GeoDataFrame(rows, crs=site.crs)
    return (
        mine
        if site.constraints is None
        else gpd.GeoDataFrame(pd.concat([site.constraints, mine], ignore_index=True), crs=site.crs)
    )


def _budget(units: gpd.GeoDataFrame, site: Site) -> dict[str, float]:
    """The budget less what the standing earth cost. Raises InvalidInput where nothing is left of it."""
    most = site.scenario.budget.max_cny
    if most is None:
        return {}
    price = site.scenario.number
    spent = float(
        units["cut_m3"].sum() * price("earthwork.cut_cny_per_m3") + units["fill_m3"].sum() * price("earthwork.fill_cny_per_m3")
    )
    if spent >= most:
        raise InvalidInput(say("asbuilt.budget_spent", spent=spent, most=most))
    return {"budget.max_cny": most - spent}
