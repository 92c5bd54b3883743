"""From a folder, a site.toml or a bare vector file to a validated Site: the one way in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np

from planner.ellipsoid import ellipsoidal_m2
from planner.errors import InvalidInput
from planner.landuse import CHOICES
from planner.parameters import nearest
from planner.protection import by_kind_alone, protected
from planner.read.bands import chosen_band
from planner.read.door import together
from planner.read.features import read_places, read_values
from planner.read.grids import Context, onto, terrain_and_subsidence
from planner.read.heeded import refuse_idle
from planner.read.idle import tell_idle
from planner.read.layers import clipped, read_beside, read_parcels, reference
from planner.read.places import Opened, open_site
from planner.read.position import Reference, parse_crs
from planner.read.rasters import raster_info
from planner.read.record import Record
from planner.read.standing import with_lakes
from planner.read.statistics import raster_statistics
from planner.read.surroundings import tell_cropland, tell_cut_water, tell_missed, tell_sizes
from planner.read.watertable import water_table
from planner.scenario import DEPTH_COLUMN, Layer, Scenario
from planner.schedule import check_phases
from planner.site import Grid, Site
from planner.units import mu_from_m2
from planner.words import say

MOST_RESIDUAL_MM: Final = 30_000.0  # more than any seam mined can still let the ground sink


@dataclass(frozen=True, eq=False)
class Reading:
    """A site together with how it was read: the record of decisions and faults, the features and area as stored."""

    site: Site
    record: Record
    features: int
    stored_m2: float


def read_site(
    path: str | Path, *, sets: Mapping[str, Any] | None = None, encoding: str | None = None, crs: str | None = None
) -> Site:
    """The site a folder, a site.toml or a bare vector file describes: read, repaired, in one projected CRS, metres.

    sets: dotted keys that win over the file. encoding: of the polygons' text, where the rule errs. crs: the working CRS, which
    also stands for the CRS of polygons that come without one.
    Raises InvalidInput (CRSMismatch for positions) with what, where, the number and the fix.

    Examples
    --------
    >>> import planner as pl
    >>> site = pl.read_site(pl.samples.folder("aidans"), sets={"partition.max_unit_mu": 40.0})
    >>> site.crs.to_epsg(), site.scenario.number("partition.max_unit_mu")
    (27700, 40.0)
    """
    return read(path, sets=sets, encoding=encoding, crs=crs).site


def read(
    path: str | Path,
    *,
    sets: Mapping[str, Any] | None = None,
    encoding: str | None = None,
    crs: str | None = None,
    record: Record | None = None,
) -> Reading:
    """As read_site, with the record of how it was read; a record handed in keeps what was found before a refusal."""
    record = Record() if record is None else record
    opened = open_site(path, sets=sets)
    if opened.toml is not None:
        record.used("site", opened.toml.name, [opened.toml])
    if opened.places.outside:
        record.warn(say("read.outside_allowed"))
    with together():
        return _read(opened, record, encoding, crs)


def _read(opened: Opened, record: Record, encoding: str | None, crs: str | None) -> Reading:
    scenario, places = opened.scenario, opened.places
    layers = scenario.layers
    refuse_idle(layers)
    wanted = crs or scenario.site.crs
    forced = parse_crs(wanted, where="--crs" if crs else "site.crs") if wanted else None
    parcels = read_parcels(
        layers.polygons, places, encoding=encoding, forced=forced, near=_terrain_place(opened), record=record
    )
    frame, near = parcels.frame, reference(parcels.frame, "polygons")
    beside: dict[str, gpd.GeoDataFrame | None] = {}
    for role in ("boundary", "panels", "constraints", "landuse"):
        layer = getattr(layers, role)
        beside[role] = None if layer is None else read_beside(layer, role, places, crs=parcels.crs, near=near, record=record)
    if (drawn := beside["constraints"]) is not None and layers.constraints is not None:
        beside["constraints"] = settled = protected(drawn, scenario, shown=layers.constraints.path)
        if kinds := by_kind_alone(drawn, settled):
            record.warn(say("protection.by_kind", file=layers.constraints.path, kinds=kinds))
    if beside["boundary"] is not None:
        frame = clipped(frame, beside["boundary"], record)
    tell_cropland(beside["landuse"], scenario, record)
    tell_missed(beside, frame, record)
    context = Context(parcels.crs, places, scenario, frame, record)
    context, terrain, lost = terrain_and_subsidence(context)
    frame = context.parcels
    water = water_table(context, terrain, lost)
    water, beside["constraints"] = with_lakes(context, terrain, water, beside["constraints"])
    tell_cut_water(context, terrain, water)
    tell_sizes(context, terrain)
    residual = _residual(context, layers.residual, terrain)
    frame = _with_depths(frame, lost, layers.subsidence, record)
    _check_wishes(scenario, frame, terrain)
    check_phases(frame, scenario)
    beside_these = read_places(context, near)
    tell_idle(scenario, frame, beside["constraints"], beside_these, record)
    site = Site(
        name=scenario.site.name or _stem(opened),
        crs=parcels.crs,
        parcels=frame,
        terrain=terrain,
        subsidence=lost,
        water_table=water,
        scenario=scenario,
        residual_mm=residual,
        panels=beside["panels"],
        landuse=beside["landuse"],
        constraints=beside["constraints"],
        boundary=beside["boundary"],
        places=beside_these,
        values=read_values(context, terrain),
        inputs=tuple(record.inputs),
        decisions=record.decisions(),
        warnings=record.warnings(),
        extra={"folder": str(places.folder.resolve())},
    )
    return Reading(site, record, parcels.features, parcels.stored_m2)


def _stem(opened: Opened) -> str:
    if opened.toml is not None:
        return opened.toml.resolve().parent.name
    return Path(opened.scenario.layers.polygons.path).stem


def _terrain_place(opened: Opened) -> Reference | None:
    """Where the terrain lies: evidence for polygons without a CRS."""
    layer = opened.scenario.layers.terrain
    if layer is None:
        return None
    info = raster_info(opened.places.raster(layer.path))
    own = parse_crs(layer.crs, where="layers.terrain.crs") if layer.crs else info.crs
    return None if own is None else Reference(own, info.bounds, "terrain")


def _residual(context: Context, given: float | Layer | None, terrain: Grid) -> Grid | None:
    """Subsidence still to come, mm: a number, or a raster in mm unless it states another unit."""
    if given is None:
        return None
    if not isinstance(given, Layer):
        if given < 0:
            raise InvalidInput(say("read.residual_negative", given=given))
        return terrain.like(given)
    path = context.places.raster(given.path)
    unit = given.unit or chosen_band(raster_info(path), given, "residual", Record()).unit or "mm"
    grid = onto(context, given.model_copy(update={"unit": unit}), "residual", terrain)
    values = grid.values * 1e3
    if float(np.nanmin(values, initial=0.0)) < -1.0:
        raise InvalidInput(say("read.residual_below_zero", path=given.path, least=np.nanmin(values)))
    if float(np.nanmax(values, initial=0.0)) > MOST_RESIDUAL_MM:
        raise InvalidInput(say("read.residual_much", path=given.path, most=float(np.nanmax(values)), unit=unit))
    empty = np.isnan(values) & context.inside(terrain)
    if empty.any():
        area = float(mu_from_m2(np.count_nonzero(empty) * terrain.cell_area))
        context.record.warn(say("read.residual_gaps", path=given.path, mu=area))
    return grid.like(np.maximum(np.nan_to_num(values, nan=0.0), 0.0))


def _with_depths(parcels: gpd.GeoDataFrame, lost: Grid, given: object, record: Record) -> gpd.GeoDataFrame:
    """Parcels whose depth no column gave get the mean of the ground lost over them; big disagreements are told."""
    column = parcels["subsidence_m"].to_numpy(dtype=float)
    if given is None or (isinstance(given, Layer) and given.path == DEPTH_COLUMN):
        return parcels  # the column is what the ground lost was made of
    (found,) = raster_statistics(lost, parcels.geometry)
    mean = found.table()["mean"].to_numpy(dtype=float)
    apart = np.flatnonzero(np.abs(column - mean) > np.maximum(1.0, 0.5 * mean))
    if len(apart):
        i = int(apart[0])
        record.warn(
            say("read.depths_disagree", n=len(apart), index=parcels.index[i], column=column[i], mean=mean[i]),
        )
    return parcels.assign(subsidence_m=np.where(np.isnan(column), mean, column))


def _check_wishes(scenario: Scenario, parcels: gpd.GeoDataFrame, terrain: Grid) -> None:
    """Wishes no site like this can meet: a quota above its area, a level above the ground, a lock on an unknown parcel."""
    quotas = {target: getattr(scenario.targets, target) for target in CHOICES}
    area = area_mu(parcels) if any(q.min_mu is not None for q in quotas.values()) else float("inf")
    for target, quota in quotas.items():
        if quota.min_mu is not None and quota.min_mu > area * (1 + 1e-9):
            raise InvalidInput(say("read.quota_above_site", target=target, min_mu=quota.min_mu, area=area))
        if quota.min_mu is not None and quota.max_mu is not None and quota.min_mu > quota.max_mu:
            raise InvalidInput(say("read.quota_crossed", target=target, min_mu=quota.min_mu, max_mu=quota.max_mu))
    _check_levels(scenario, terrain)
    for item in scenario.lock:
        if item.parcel is not None and item.parcel not in parcels.index:
            raise InvalidInput(say("read.lock_no_parcel", parcel=item.parcel, nearest=nearest(item.parcel, parcels.index)))


def _check_levels(scenario: Scenario, terrain: Grid) -> None:
    wish = scenario.reservoir
    low, high = float(np.nanmin(terrain.values)), float(np.nanmax(terrain.values))
    most = scenario.number("dyke.max_height_m")
    for key in ("level_m", "flood_level_m", "dead_level_m"):
        level = getattr(wish, key)
        if level is None:
            continue
        if level > high + most:
            raise InvalidInput(say("read.level_above_rim", key=key, level=level, high=high, most=most))
        if key != "dead_level_m" and level < low - 10:
            raise InvalidInput(say("read.level_below_ground", key=key, level=level, below=low - level, low=low))
    order = [("dead_level_m", wish.dead_level_m), ("level_m", wish.level_m), ("flood_level_m", wish.flood_level_m)]
    known = [(k, v) for k, v in order if v is not None]
    for (lower, a), (upper, b) in pairwise(known):
        if a > b:
            raise InvalidInput(say("read.levels_crossed", lower=lower, a=a, upper=upper, b=b))


def area_mu(parcels: gpd.GeoDataFrame) -> float:
    """Ellipsoidal area of all parcels, mu."""
    return float(mu_from_m2(ellipsoidal_m2(parcels.geometry.to_numpy(), parcels.crs).sum()))
