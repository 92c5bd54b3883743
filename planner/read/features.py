"""Layers that rules, distances, belts and values ask for: any features, in the working CRS, none of them lost in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from planner.errors import InvalidInput
from planner.keys.rules import AREAS, CoveredRule, layers_of
from planner.landuse import CHOICES
from planner.parameters import nearest
from planner.read.grids import onto
from planner.read.layers import located
from planner.read.meaning import ANY
from planner.words import say

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.keys.layer import Layer
    from planner.read.grids import Context
    from planner.read.position import Reference
    from planner.site import Grid


def read_places(context: Context, near: Reference) -> dict[str, gpd.GeoDataFrame]:
    """The layers a scenario names beside those of [layers], by key, in the working CRS.

    Raises InvalidInput for a layer that is missing or holds no feature, a column that is missing or holds no numbers.
    """
    scenario = context.scenario
    places = {key: _features(layer, context, near) for key, layer in scenario.places.items()}
    for target in CHOICES:
        given = scenario.value_in_place.of(target)
        if given.layer is not None and given.column is not None:
            places[given.layer.key] = _numbers(places[given.layer.key], given.layer, given.column)
    for item in scenario.rule:
        stated = item.stated
        for name, layer in layers_of(stated).items():
            if name in AREAS:
                _with_area(places[layer.key], name, layer.key)
        if isinstance(stated, CoveredRule) and stated.people is not None:
            key = stated.homes.key
            places[key] = _numbers(places[key], stated.homes, stated.people, least=0.0)
    return places


def read_values(context: Context, terrain: Grid) -> dict[str, Grid]:
    """Rasters of what a mu is worth in place, yuan per mu on the terrain's cells, by target; NaN where they do not reach."""
    found, read = {}, dict[str, "Grid"]()
    for target in CHOICES:
        layer = context.scenario.value_in_place.of(target).raster
        if layer is None:
            continue
        if layer.key not in read:
            grid = onto(context, layer, "value", terrain, meant=ANY)
            if not np.isfinite(grid.values).any():
                raise InvalidInput(say("place.value_elsewhere", path=layer.path))
            read[layer.key] = grid
        found[target] = read[layer.key]
    return found


def _features(layer: Layer, context: Context, near: Reference) -> gpd.GeoDataFrame:
    """The features of one layer, broken polygons mended, those without a shape left out."""
    frame = located(layer, context.places, near=near, crs=context.crs, record=context.record)
    shapes = frame.geometry.to_numpy()
    kept = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if not kept.any():
        raise InvalidInput(say("place.no_features", path=layer.key))
    frame = frame[kept].reset_index(drop=True)
    shapes = frame.geometry.to_numpy()
    broken = ~shapely.is_valid(shapes)
    return frame.set_geometry(np.where(broken, shapely.make_valid(shapes), shapes), crs=frame.crs) if broken.any() else frame


def _with_area(frame: gpd.GeoDataFrame, name: str, key: str) -> None:
    """Raises InvalidInput naming the first feature of a layer of polygons that has no area."""
    without = np.flatnonzero(~(shapely.area(frame.geometry.to_numpy()) > 0))
    if without.size:
        raise InvalidInput(say("place.without_area", path=key, row=int(without[0]) + 1, name=name))


def _numbers(frame: gpd.GeoDataFrame, layer: Layer, column: str, *, least: float | None = None) -> gpd.GeoDataFrame:
    """The layer with a column as numbers. Raises InvalidInput naming the nearest column, or the row that holds none."""
    if column not in frame.columns or column == frame.geometry.name:
        known = [str(c) for c in frame.columns if c != frame.geometry.name]
        raise InvalidInput(say("place.no_column", path=layer.key, column=column, nearest=nearest(column, known), known=known))
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(float)
    bad = np.flatnonzero(~np.isfinite(values) | (values < (-np.inf if least is None else least)))
    if bad.size:
        row = int(bad[0])
        raise InvalidInput(say("place.no_number", path=layer.key, column=column, row=row + 1, value=str(frame[column][row])))
    return frame.assign(**{column: values})
