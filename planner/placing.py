"""Where a unit lies: its distance to layers' features, belts around them, and what a mu is worth there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from planner.core.polygons.rings import rings_of
from planner.core.terrain.coverage import covered_cells
from planner.core.terrain.zonal import summarise
from planner.errors import InvalidInput
from planner.keys.layer import Layer
from planner.landuse import CHOICES
from planner.words import say

if TYPE_CHECKING:
    from planner.keys.place import DistanceValue
    from planner.scenario import Scenario
    from planner.site import Site

Floats = NDArray[np.float64]
SEGMENTS = 32  # of a quarter circle: a chord lies 1.2e-3 of the radius inside its arc at most, 3e-4 on the mean


def near_column(k: int) -> str:
    """The fact that holds the share of a unit's ground on the wrong side of the k-th [[near]], from 1."""
    return f"near_{k}_share"


def belt_column(k: int) -> str:
    """The fact that holds the share of a unit's ground inside the k-th [[buffer]] around a layer, from 1."""
    return f"belt_{k}_share"


def value_column(target: str) -> str:
    """The fact that holds what a mu of a target is worth on a unit, yuan per mu."""
    return f"value_{target}_cny_per_mu"


def reaches(site: Site) -> Iterator[tuple[str, Any]]:
    """Per [[near]] and [[buffer]] around a layer: its fact's name, and the ground within the distance of the features."""
    for k, near in enumerate(site.scenario.near, 1):
        yield near_column(k), _around(site, near.layer, near.distance_m)
    for k, buffer in enumerate(site.scenario.buffer, 1):
        if isinstance(buffer.around, Layer):
            yield belt_column(k), _around(site, buffer.around, buffer.width_m)


def reach_outlines(site: Site) -> gpd.GeoSeries:
    """The ground within the distances that a scenario asks for, to cut units along: each lies inside or outside of it."""
    shapes = [region for _, region in reaches(site) if not shapely.is_empty(region)]
    return gpd.GeoSeries(shapes, crs=site.crs)


def place_facts(site: Site, shapes: NDArray[Any], plane: Floats) -> dict[str, Floats]:
    """The facts that distances, belts and values in place give, by column, (n,) each; none where nothing is asked.

    shapes: the units, (n,). plane: their plane areas, m². Near: share on the wrong side; belt: share inside; value: yuan/mu.
    """
    facts: dict[str, Floats] = {}
    regions = dict(reaches(site))
    for k, near in enumerate(site.scenario.near, 1):
        inside = _share(shapes, plane, regions[near_column(k)])
        facts[near_column(k)] = 1.0 - inside if near.within_m is not None else inside
    facts |= {name: _share(shapes, plane, region) for name, region in regions.items() if name not in facts}
    for target in CHOICES:
        worth = _worth(site, target, shapes, plane)
        if worth is not None:
            facts[value_column(target)] = worth
    return facts


def asked_facts(scenario: Scenario) -> list[str]:
    """The facts that judging and pricing need beside the usual ones."""
    names = [near_column(k) for k, _ in enumerate(scenario.near, 1)]
    names += [belt_column(k) for k, b in enumerate(scenario.buffer, 1) if isinstance(b.around, Layer)]
    return names + [value_column(t) for t in CHOICES if _asked(scenario, t)]


def _asked(scenario: Scenario, target: str) -> bool:
    given = scenario.value_in_place.of(target)
    return given.raster is not None or given.layer is not None or any(_falling(scenario, target))


def _falling(scenario: Scenario, target: str) -> Iterator[DistanceValue]:
    return (item for item in scenario.value_in_place.distance if item.target == target)


def features_of(site: Site, layer: Layer) -> NDArray[Any]:
    """The shapes of a layer that is asked for, (n,). Raises InvalidInput where it was not read with the site."""
    if layer.key not in site.places:
        raise InvalidInput(say("place.not_at_hand", path=layer.key))
    return np.asarray(site.places[layer.key].geometry.to_numpy(), dtype=object)


def _around(site: Site, layer: Layer, distance_m: float) -> Any:
    """The ground within a distance of a layer's features, as one shape; empty where none is near the site."""
    features = features_of(site, layer)
    west, south, east, north = site.parcels.total_bounds
    reach = shapely.box(west - distance_m, south - distance_m, east + distance_m, north + distance_m)
    close = features[shapely.intersects(features, reach)]
    return shapely.union_all(shapely.buffer(close, distance_m, quad_segs=SEGMENTS))


def _share(shapes: NDArray[Any], plane: Floats, region: Any) -> Floats:
    """Share of every unit's ground inside a region, (n,)."""
    shapely.prepare(region)
    share = np.zeros(len(shapes))
    share[shapely.covers(region, shapes)] = 1.0
    cut = shapely.intersects(region, shapes) & (share == 0.0)
    share[cut] = shapely.area(shapely.intersection(shapes[cut], region)) / plane[cut]
    return np.asarray(np.clip(share, 0.0, 1.0))


def _worth(site: Site, target: str, shapes: NDArray[Any], plane: Floats) -> Floats | None:
    """What a mu of a target is worth on every unit, yuan per mu, (n,); None where the flat value holds everywhere."""
    scenario = site.scenario
    if not _asked(scenario, target):
        return None
    flat = scenario.number(f"targets.{target}.value_cny_per_mu")
    given = scenario.value_in_place.of(target)
    worth, known = np.zeros(len(shapes)), np.zeros(len(shapes))
    if given.raster is not None:
        worth, known = _on_cells(site, target, shapes, plane)
    elif given.layer is not None:
        features_of(site, given.layer)
        worth, known = _in_zones(site.places[given.layer.key], str(given.column), shapes, plane)
    total = worth * known + flat * (1.0 - known)
    for item in _falling(scenario, target):
        away = _distance(site, item, shapes)
        total = total + item.cny_per_mu * np.maximum(1.0 - away / item.fades_m, 0.0)
    return np.asarray(total)


def _on_cells(site: Site, target: str, shapes: NDArray[Any], plane: Floats) -> tuple[Floats, Floats]:
    """Mean of a raster over every unit, and the share of the unit on which it is known."""
    grid = site.values[target]
    cells = covered_cells(*rings_of(shapes), grid.frame)
    found = summarise(cells.start, grid.at(cells.cell), cells.fraction * grid.cell_area)
    share = np.divide(found.weight, plane, out=np.zeros_like(plane), where=plane > 0)
    return np.nan_to_num(found.mean), np.clip(share, 0.0, 1.0)


def _in_zones(zones: gpd.GeoDataFrame, column: str, shapes: NDArray[Any], plane: Floats) -> tuple[Floats, Floats]:
    """Mean of a column of zones over every unit by area, and the unit's share in a zone; zones that overlap count alike."""
    ground = zones.geometry.to_numpy()
    unit, zone = shapely.STRtree(ground).query(shapes, predicate="intersects")
    part = shapely.area(shapely.intersection(shapes[unit], ground[zone]))
    weight = np.bincount(unit, part, minlength=len(shapes))
    total = np.bincount(unit, part * zones[column].to_numpy(float)[zone], minlength=len(shapes))
    mean = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    return mean, _share(shapes, plane, shapely.union_all(ground))


def _distance(site: Site, item: DistanceValue, shapes: NDArray[Any]) -> Floats:
    """Distance of the units' middles to a layer's features, or to the cells under water today, m, (n,)."""
    middle = shapely.centroid(shapes)
    if item.layer is not None:
        features = features_of(site, item.layer)
        (_, _), away = shapely.STRtree(features).query_nearest(middle, return_distance=True, all_matches=False)
        return np.asarray(away)
    ground = site.terrain
    wet = np.nan_to_num(site.water_table.normal.values - ground.values, nan=-1.0) > 0.0
    if not wet.any():
        return np.full(len(shapes), np.inf)
    away = ndimage.distance_transform_edt(~wet, sampling=(ground.cell_y, ground.cell_x))
    return np.asarray(away[ground.frame.nearest(shapely.get_x(middle), shapely.get_y(middle))])
