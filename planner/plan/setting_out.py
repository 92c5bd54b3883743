"""A plan as it is set out on the ground: its borders in smooth lines, its zones of works as one polygon each."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.core.polygons.smooth import smoothed
from planner.landuse import ONE_ZONE
from planner.plan.ledgers import kinds_of_works, zone_numbers
from planner.plan.record import PlanRecord

P = TypeVar("P", bound=PlanRecord)

HELD = ("parcel_id", "constraint", "forbids", "phase")  # a border between units that differ in one of these stays


def laid_out(plan: P) -> P:
    """The plan with its borders between unlike works in smooth lines instead of a lattice's stairs ([works] smoothing_m).

    Borders of parcels, of protected land and of phases stay. Every use has in every parcel the area it had, to rounding; single
    units win or lose ground to others of their zone, and what stands in their columns is left as it was planned. A plan that
    is laid out already, `Drawing.plan` or a saved one, is given back.
    """
    radius = plan.site.scenario.number("works.smoothing_m")
    if plan.set_out or radius <= 0.0 or not len(plan.units):
        return plan
    units = plan.units
    kind = np.asarray(pd.factorize(_works(units))[0], dtype=np.int64)
    held = units.groupby([c for c in HELD if c in units.columns], dropna=False, sort=False).ngroup().to_numpy(np.int64)
    parts, of = shapely.get_parts(units.geometry.to_numpy(), return_index=True)
    drawn = smoothed(parts, kind[of], held[of], radius)
    shapes = units.geometry.to_numpy().copy()
    single = np.bincount(of, minlength=len(units)) == 1
    shapes[of[single[of]]] = drawn[single[of]]
    for i in np.flatnonzero(~single):
        shapes[i] = shapely.multipolygons(drawn[of == i])
    laid = units.set_geometry(gpd.GeoSeries(shapes, index=units.index, crs=units.crs))
    return replace(plan, units=laid, reservoirs=_reservoirs(plan, laid), set_out=True)


def _works(units: pd.DataFrame) -> pd.Series[str]:
    works = kinds_of_works(units)
    if "reservoir_id" in units.columns:
        works += ":" + units["reservoir_id"].fillna("").astype(str)
    return works


def _reservoirs(plan: PlanRecord, laid: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The reservoirs over the units as they are laid out."""
    lakes = plan.reservoirs
    if not len(lakes) or "reservoir_id" not in laid.columns:
        return lakes
    shapes = [
        shapely.union_all(laid.geometry[laid["reservoir_id"] == name].to_numpy())
        if (laid["reservoir_id"] == name).any()
        else shape
        for name, shape in lakes.geometry.items()
    ]
    return lakes.set_geometry(gpd.GeoSeries(shapes, index=lakes.index, crs=lakes.crs))


def zones(plan: PlanRecord) -> gpd.GeoDataFrame:
    """The zones of works of a plan, as its units lie; index zone_id: target, treatment, units, area_mu, cut_m3, fill_m3.

    A zone is what lies side by side of one target and treatment, levelled and filled land as one; the largest come first. What
    is left unrestored is in none. Sums are those of the plan.
    """
    units, number = plan.units, zone_numbers(plan.units, plan.borders)
    table = pd.DataFrame(
        {
            "zone": number,
            "target": units["target"].astype(str),
            "treatment": units["treatment"].astype(str).replace(ONE_ZONE),
            **{name: units[name].astype(float) for name in ("area_mu", "cut_m3", "fill_m3")},
        }
    )
    rows = (
        table[number >= 0]
        .groupby("zone")
        .agg(
            target=("target", "first"),
            treatment=("treatment", "first"),
            units=("target", "size"),
            **{name: (name, "sum") for name in ("area_mu", "cut_m3", "fill_m3")},
        )
    )
    rows = rows.sort_values("area_mu", ascending=False, kind="stable")
    shapes = [shapely.coverage_union_all(units.geometry.to_numpy()[number == zone]) for zone in rows.index]
    ids = pd.Index([f"Z{k + 1:03d}" for k in range(len(rows))], name="zone_id")
    return gpd.GeoDataFrame(rows.set_index(ids), geometry=np.array(shapes, dtype=object), crs=units.crs)
