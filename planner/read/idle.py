"""Sections of site.toml that change nothing on the ground at hand: they are told, each with its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import geopandas as gpd
import shapely

from planner.keys.layer import Layer
from planner.read.record import Record
from planner.scenario import ReservoirSection, Scenario
from planner.schedule import phase_of
from planner.words import Message, say


def tell_idle(
    scenario: Scenario,
    parcels: gpd.GeoDataFrame,
    constraints: gpd.GeoDataFrame | None,
    places: Mapping[str, gpd.GeoDataFrame],
    record: Record,
) -> None:
    """Warns of what the scenario says without effect: phases no parcel has, kinds no feature is of, layers out of reach.

    parcels: with `phase` where they have phases. constraints: with the kinds that were found. places: the layers beside those
    of [layers], by key, in the parcels' CRS.
    """
    for message in (
        *_phases(scenario, parcels),
        *_kinds(scenario, constraints),
        *_ruled_out(scenario),
        *_out_of_reach(scenario, parcels, places),
    ):
        record.warn(message)


def _phases(scenario: Scenario, parcels: gpd.GeoDataFrame) -> Iterator[Message]:
    """Phases that no parcel carries."""
    carried = set(phase_of(parcels).dropna().astype(int))
    idle = [p.id for p in scenario.phase if p.id not in carried]
    if idle:
        yield say("read.idle_phase", ids=idle, count=len(idle))


def _kinds(scenario: Scenario, constraints: gpd.GeoDataFrame | None) -> Iterator[Message]:
    """Kinds of [[protection]] that no feature of the constraints is of."""
    found = set() if constraints is None else set(constraints["kind"].astype(str))
    idle = [item.kind for item in scenario.protection if item.kind not in found]
    if idle and constraints is None:
        yield say("read.idle_protection_layer", kinds=idle)
    elif idle:
        yield say("read.idle_protection", kinds=idle)


def _ruled_out(scenario: Scenario) -> Iterator[Message]:
    """Keys of a target that may take no land: its prices and rules, and what lakes are to be."""
    for target in scenario.ruled_out:
        given = [key for key, p in scenario.parameters.items() if p.trust == "given" and key.startswith(f"targets.{target}.")]
        if target == "reservoir":
            blank = ReservoirSection()
            own = ("min_storage_m3", "max_storage_m3", "filling_years", "dead_level_m", "water_m3_a")
            given += [f"reservoir.{name}" for name in own if getattr(scenario.reservoir, name) != getattr(blank, name)]
        if given:
            yield say("read.idle_target", target=target, keys=given, count=len(given))


def _out_of_reach(scenario: Scenario, parcels: gpd.GeoDataFrame, places: Mapping[str, gpd.GeoDataFrame]) -> Iterator[Message]:
    """Layers that lie too far away for what is asked of them: a distance, a belt, a value that fades, a zone of prices."""
    asked: list[tuple[str, Layer | None, float | None]] = []
    asked += [(f"near.{k}", item.layer, item.beyond_m) for k, item in enumerate(scenario.near) if item.beyond_m is not None]
    asked += [
        (f"buffer.{k}", item.around, item.width_m) for k, item in enumerate(scenario.buffer) if isinstance(item.around, Layer)
    ]
    value = scenario.value_in_place
    asked += [(f"value.distance.{k}", item.layer, item.fades_m) for k, item in enumerate(value.distance)]
    asked += [(f"value.{name}", value.of(name).layer, 0.0) for name in ("construction", "arable", "green", "reservoir")]
    for key, layer, reach in asked:
        if layer is None or reach is None or layer.key not in places:
            continue
        far = _nearest_m(parcels, places[layer.key])
        if far > reach:
            yield say("read.idle_reach", key=key, layer=layer.key, km=far / 1e3, reach=reach)
    for k, item in enumerate(scenario.near):
        if item.within_m is not None and item.cny_per_mu is None and item.layer.key in places:
            far = _nearest_m(parcels, places[item.layer.key])
            if far > item.within_m:
                yield say("read.bars_all", key=f"near.{k}", target=item.target, layer=item.layer.key, km=far / 1e3)


def _nearest_m(parcels: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> float:
    """The least distance between the parcels and a layer's features, m."""
    tree = shapely.STRtree(layer.geometry.to_numpy())
    _, far = tree.query_nearest(parcels.geometry.to_numpy(), return_distance=True, all_matches=False)
    return float(far.min(initial=float("inf")))
