"""What a plan does to land: uses before and after, farmland won and lost, protected ground, what never sank, works zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.cropland import is_cropland
from planner.ellipsoid import ellipsoidal_m2
from planner.landuse import CHOICES, LAND, ONE_ZONE, UNRESTORED
from planner.protection import WORKS, in_force, kinds
from planner.schedule import works_years
from planner.units import mu_from_m2

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.plan.record import PlanRecord

HA_MU: Final = 15.0
DRAWN: Final = 1e-9  # share of a unit: the width of a drawn line
KEEPS_CROPS: Final = ("arable", UNRESTORED)  # what cropland stays cropland under


def ledgers(plan: PlanRecord) -> dict[str, Any]:
    """All of them by their key in summary.json."""
    return {
        "restored_sunk_mu": restored_sunk_mu(plan.units),
        "land_use_change": land_use_change(plan),
        "farmland": farmland(plan),
        "protection": protection(plan),
        "works": works(plan.units, plan.borders),
    }


def land_use_change(plan: PlanRecord) -> list[dict[str, Any]]:
    """From which use today to which target, mu, the largest first; `from` is empty where no land use is known.

    Over the whole site the areas sum to its own.
    """
    table = plan.land_use.assign(to=plan.units["target"].reindex(plan.land_use["unit_id"]).to_numpy())
    sums = table.groupby(["landuse", "to"], sort=True)["area_mu"].sum().reset_index()
    sums = sums.sort_values(["area_mu", "landuse", "to"], ascending=[False, True, True])
    return [{"from": r["landuse"], "to": r["to"], "area_mu": float(r["area_mu"])} for r in sums.to_dict("records")]


def farmland(plan: PlanRecord) -> dict[str, float | None]:
    """The ledger of farmland, mu: cropland before and after, new, lost, net, and basic farmland that is lost.

    New is arable on ground that was no cropland; after is arable land and cropland that stays as it is. Without a layer of
    land use what was there is not known, and only what is built up as arable is told.
    """
    target = plan.units["target"].reindex(plan.land_use["unit_id"]).to_numpy()
    area = plan.land_use["area_mu"].to_numpy(float)
    crop = is_cropland(plan.land_use["landuse"], plan.site.scenario).to_numpy(bool)
    arable, stays = target == "arable", np.isin(target, KEEPS_CROPS)
    before, lost = float(area[crop].sum()), float(area[crop & ~stays].sum())
    new = float(area[arable & ~crop].sum())
    known = bool((plan.land_use["landuse"] != "").any())
    return {
        "before_mu": before if known else None,
        "after_mu": before - lost + new,
        "new_mu": new if known else None,
        "lost_mu": lost if known else None,
        "net_mu": new - lost if known else None,
        "basic_lost_mu": _lost_of_kind(plan, "basic_farmland"),
    }


def restored_sunk_mu(units: pd.DataFrame) -> float:
    """Restored land inside the 10 mm line, mu: what never sank was not damaged, whatever is made of it."""
    return float(units["sunk_mu"][units["target"].isin(LAND)].sum()) if "sunk_mu" in units else float("nan")


def protection(plan: PlanRecord) -> list[dict[str, Any]]:
    """Area of every kind of protection within the site, and how much of it the plan breaks, mu.

    Found by laying the layer over the plan's units anew, whatever was forbidden while planning.
    """
    layer = plan.site.constraints
    if layer is None or not len(layer):
        return []
    known = kinds(plan.site.scenario)
    site = shapely.union_all(plan.units.geometry.to_numpy())
    rows = []
    for kind, mine in layer.groupby("kind", sort=True):
        ground = shapely.intersection(shapely.union_all(mine.geometry.to_numpy()), site)
        told = known.get(str(kind))
        area = (
            float(mu_from_m2(ellipsoidal_m2(np.array([ground], dtype=object), plan.site.crs)[0]))
            if not ground.is_empty
            else 0.0
        )
        row = {"kind": str(kind), "area_mu": area, "broken_mu": _broken(plan, mine)}
        rows.append(row | ({"approved": told.approved} if told is not None and told.approved else {}))
    return rows


def _broken(plan: PlanRecord, layer: gpd.GeoDataFrame) -> float:
    """Area on which units are what rows of a layer say they may not be, mu; ground that is so twice counts once."""
    broken: dict[int, list[shapely.Geometry]] = {}
    shapes = plan.units.geometry.to_numpy()
    target, treatment = (plan.units[c].astype(str).to_numpy() for c in ("target", "treatment"))
    first, last = works_years(plan.units, plan.site.scenario)
    for word in (*CHOICES, *WORKS):
        does = np.isin(treatment, WORKS[word]) if word in WORKS else target == word
        for years in sorted(set(zip(first[does].tolist(), last[does].tolist(), strict=True))):
            guilty = np.flatnonzero(does & (first == years[0]) & (last == years[1]))
            for column, cut in (("forbids", shapely.intersection), ("only_inside", shapely.difference)):
                rows = _naming(layer, column, word) & in_force(layer, word, *years)
                if rows.any():
                    parts = cut(shapes[guilty], shapely.union_all(layer.geometry.to_numpy()[rows]))
                    for k in np.flatnonzero(shapely.area(parts) > 0):
                        broken.setdefault(int(guilty[k]), []).append(parts[k])
    share = np.zeros(len(shapes))
    for unit, parts in broken.items():
        share[unit] = shapely.area(shapely.union_all(parts)) / shapely.area(shapes[unit])
    share = np.where(share < DRAWN, 0.0, share)
    return float((share * plan.units["area_mu"].to_numpy(float)).sum())


def _naming(layer: gpd.GeoDataFrame, column: str, word: str) -> NDArray[np.bool_]:
    """Which rows name a word in a comma-separated column."""
    if column not in layer:
        return np.zeros(len(layer), dtype=bool)
    texts = layer[column].fillna("").astype(str)
    return np.array([word in [part.strip() for part in text.split(",")] for text in texts], dtype=bool)


def _overlap(units: gpd.GeoDataFrame, ground: shapely.Geometry) -> float:
    """Area of units within a ground, mu: their own ellipsoidal area by the share that lies there."""
    shapes = units.geometry.to_numpy()
    shapely.prepare(ground)
    near = np.flatnonzero(shapely.intersects(shapes, ground))
    inside = np.zeros(len(shapes))
    inside[near] = shapely.area(shapely.intersection(shapes[near], ground))
    share = inside / np.maximum(shapely.area(shapes), 1e-12)
    share = np.where(share < DRAWN, 0.0, share)
    return float((share * units["area_mu"].to_numpy(float)).sum())


def _lost_of_kind(plan: PlanRecord, kind: str) -> float:
    """Protected ground of a kind that is neither arable nor left as it is, mu."""
    layer = plan.site.constraints
    if layer is None or not (layer["kind"] == kind).any():
        return 0.0
    other = plan.units[~plan.units["target"].isin(KEEPS_CROPS)]
    return _overlap(other, shapely.union_all(layer.geometry[layer["kind"] == kind].to_numpy()))


def kinds_of_works(units: pd.DataFrame) -> pd.Series[str]:
    """What is done to each unit: its target and treatment, levelling and filling to the platform being one kind of works."""
    return units["target"].astype(str) + ":" + units["treatment"].astype(str).replace(ONE_ZONE)


def zone_numbers(units: pd.DataFrame, borders: pd.DataFrame) -> NDArray[np.int64]:
    """The zone of works of each unit, (n,): units side by side of one kind; −1 for what is left unrestored."""
    work = kinds_of_works(units).to_numpy(object)
    a, b = (units.index.get_indexer(borders[c]) if len(borders) else np.zeros(0, int) for c in ("unit_a", "unit_b"))
    same = (a >= 0) & (b >= 0)
    same[same] = work[a[same]] == work[b[same]]
    links = coo_array((np.ones(int(same.sum()), np.int8), (a[same], b[same])), shape=(len(units), len(units)))
    zone = connected_components(links, directed=False)[1]
    return np.where((units["target"] == UNRESTORED).to_numpy(), -1, zone).astype(np.int64)


def works(units: pd.DataFrame, borders: pd.DataFrame) -> dict[str, Any]:
    """How many zones of works there are, how many of them are under a hectare, their share of the land, and the smallest."""
    number = zone_numbers(units, borders)
    area = pd.Series(units["area_mu"].to_numpy(float)[number >= 0])
    zones = area.groupby(number[number >= 0]).sum().to_numpy(float)
    small = zones[zones < HA_MU]
    return {
        "patches": len(zones),
        "patches_under_15_mu": len(small),
        "share_under_15_mu": float(small.sum() / zones.sum()) if len(zones) else 0.0,
        "smallest_mu": float(zones.min()) if len(zones) else None,
    }
