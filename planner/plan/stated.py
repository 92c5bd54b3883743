"""[[rule]] and [[buffer]] of a site file as rules of the grammar, on the site's units, borders and layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import shapely

from planner.allocation import (
    Adjacent,
    Apart,
    Belt,
    Budget,
    Compactness,
    Connected,
    Covered,
    Earthwork,
    Exclude,
    Keep,
    Limit,
    Lock,
    MinPatch,
    Quota,
    Share,
    Storage,
    WaterLevel,
)
from planner.economics import compaction_of, haul_worth
from planner.ellipsoid import ellipsoidal_m2
from planner.errors import InvalidInput
from planner.keys import rules as keys
from planner.landuse import UNRESTORED
from planner.parameters import nearest
from planner.plan.covering import coverage_rule
from planner.plan.homes import home_rows, near_pairs
from planner.units import mu_from_m2
from planner.words import say

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.keys.layer import Part
    from planner.scenario import Scenario
    from planner.tables import Partition

SERVED: Final = "served"  # target of the homes' own options: no rule on land counts them


@dataclass(frozen=True, eq=False)
class Stated:
    """What a site file states: rules, and the options of homes that some of them count."""

    rules: list[Any] = field(default_factory=list)
    homes: list[pd.DataFrame] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Where:
    """What a rule is stated on: units and borders, the scenario, layers by key."""

    parts: Partition
    scenario: Scenario
    places: Mapping[str, gpd.GeoDataFrame]

    def units_of(self, rule: str, unit: str | None, parcel: str | None) -> list[str]:
        """The unit, or the units of the parcel. Raises InvalidInput naming the nearest where there is none."""
        units = self.parts.units
        if unit is not None:
            if unit not in units.index:
                raise InvalidInput(say("plan.rule_no_unit", rule=rule, unit=unit, nearest=nearest(unit, units.index)))
            return [unit]
        ids = [str(u) for u in units.index[units["parcel_id"] == parcel]]
        if not ids:
            near = nearest(str(parcel), units["parcel_id"].unique())
            raise InvalidInput(say("plan.rule_no_parcel", rule=rule, parcel=parcel, nearest=near))
        return ids

    def layer(self, key: str) -> gpd.GeoDataFrame:
        """A layer by its key. Raises InvalidInput where the plan was loaded without its site."""
        if key not in self.places:
            raise InvalidInput(say("place.not_at_hand", path=key))
        return self.places[key]


def stated(scenario: Scenario, parts: Partition, places: Mapping[str, gpd.GeoDataFrame]) -> Stated:
    """The rules of [[rule]] and [[buffer]], in the file's order. Raises InvalidInput where one fits no unit or layer."""
    found, where = Stated(), Where(parts, scenario, places)
    for k, item in enumerate(scenario.rule, 1):
        arguments = item.stated
        if isinstance(arguments, keys.CoveredRule):
            rules, homes = _covered(arguments, where, k)
            found.homes.append(homes)
            found.rules.extend(rules)
        else:
            found.rules.extend(_MAKERS[type(arguments)](arguments, where))
    for belt in scenario.buffer:
        if isinstance(belt.around, str):
            pairs = near_pairs(parts.units, belt.width_m)
            found.rules.append(Belt(belt.around, belt.target, pairs, width_m=belt.width_m))
    return found


def _plain(rule: Callable[..., Any]) -> Callable[[Any, Where], list[Any]]:
    """A rule whose arguments are those of the file."""
    return lambda r, _: [rule(**_given(r))]


def _bordered(rule: Callable[..., Any]) -> Callable[[Any, Where], list[Any]]:
    """A rule that also takes the borders."""
    return lambda r, w: [rule(**_given(r), boundaries=w.parts.borders)]


def _of_land(rule: Callable[..., Any], name: str) -> Callable[[Any, Where], list[Any]]:
    """A rule about a unit, once per unit of what is named."""
    return lambda r, w: [rule(unit, r.target, treatment=r.treatment) for unit in w.units_of(name, r.unit, r.parcel)]


def _given(arguments: Part) -> dict[str, Any]:
    return {name: getattr(arguments, name) for name in type(arguments).model_fields}


def _compactness(r: keys.CompactnessRule, where: Where) -> list[Any]:
    weights = {(one, other): factor for one, other, factor in r.weights}
    return [Compactness(where.parts.borders, r.cny_per_m, by=r.by, weights=weights or None)]


def _earthwork(r: keys.EarthworkRule, where: Where) -> list[Any]:
    given = _given(r) | {"compaction": compaction_of(r, where.scenario)}
    return [Earthwork(**given, worth=haul_worth(where.scenario))]


def _storage(r: keys.StorageRule, where: Where) -> list[Any]:
    for unit in r.units or ():
        where.units_of("Storage", unit, None)
    return [Storage(**_given(r))]


def _coverage(r: keys.CoverageRule, where: Where) -> list[Any]:
    green = None if r.green is None else where.layer(r.green.key)
    return [coverage_rule(r, where.parts.units, where.layer(r.built_up.key), green)]


_MAKERS: Final[dict[type[Part], Callable[[Any, Where], list[Any]]]] = {
    keys.AdjacentRule: _bordered(Adjacent),
    keys.ApartRule: _bordered(Apart),
    keys.BudgetRule: _plain(Budget),
    keys.CompactnessRule: _compactness,
    keys.ConnectedRule: _bordered(Connected),
    keys.CoverageRule: _coverage,
    keys.EarthworkRule: _earthwork,
    keys.ExcludeRule: _of_land(Exclude, "Exclude"),
    keys.KeepRule: _plain(Keep),
    keys.LimitRule: _plain(Limit),
    keys.LockRule: _of_land(Lock, "Lock"),
    keys.MinPatchRule: _bordered(MinPatch),
    keys.QuotaRule: _plain(Quota),
    keys.ShareRule: _plain(Share),
    keys.StorageRule: _storage,
    keys.WaterLevelRule: _plain(WaterLevel),
}


def _covered(r: keys.CoveredRule, where: Where, k: int) -> tuple[list[Any], pd.DataFrame]:
    """People (or mu of homes) within reach: who is today counts, the others once a unit near them takes the target.

    Raises InvalidInput where so many are out of every unit's reach that the least cannot be met.
    """
    layer = where.layer(r.homes.key)
    lived = layer.geometry.to_numpy()
    carried = mu_from_m2(ellipsoidal_m2(lived, layer.crs)) if r.people is None else layer[r.people].to_numpy(float)
    today = np.zeros(len(lived), dtype=bool)
    if r.parks is not None:
        parks = where.layer(r.parks.key).geometry.to_numpy()
        today[shapely.STRtree(parks).query(shapely.centroid(lived), predicate="dwithin", distance=r.radius_m)[0]] = True
    column = f"served_{'mu' if r.people is None else 'people'}" + (f"_{k}" if k > 1 else "")
    units = where.parts.units
    homes = home_rows(
        units.index,
        units.geometry.to_numpy(),
        lived[~today],
        {column: np.asarray(carried[~today], dtype=float)},
        radius_m=r.radius_m,
        target=SERVED,
        prefix=f"home{k}",
    )
    total, before = float(carried.sum()), float(carried[today].sum())
    least = next(v for v in (r.min_people, r.min_mu, None if r.min_share is None else r.min_share * total) if v is not None)
    most = before + float(homes.options[column].sum())
    if least > most * (1 + 1e-12):
        known = {"least": least, "most": most, "total": total, "today": before}
        raise InvalidInput(say("plan.served_out_of_reach", **known, radius=r.radius_m, path=r.homes.key))
    rules: list[Any] = [Covered(homes.near, r.target, served=SERVED)] if len(homes.near) else []
    if least > before and rules:
        rules.append(Limit(column, min=least - before))
    idle = pd.MultiIndex.from_arrays(
        [homes.options.index.get_level_values(0), [f"{UNRESTORED}:none"] * len(homes.options)], names=["unit_id", "option"]
    )
    left = pd.DataFrame({"target": UNRESTORED, "treatment": "none", column: 0.0}, index=idle)
    return rules, pd.concat([homes.options, left])
