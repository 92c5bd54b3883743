"""What a map needs to know of a plan, and nothing else: every drawing starts from a `MapView`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.errors import InvalidInput
from planner.words import say
from planner.words.locale import CN, Locale

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj

    from planner.plan.verdict import Verdict
    from planner.site import Grid
    from planner.words import Message

REQUIRED = ("target", "area_mu")
TEXTS = ("parcel_id", "target", "treatment", "rules_target", "next_target", "waterlogging", "landuse", "reason", "reason_zh")


@dataclass(frozen=True, eq=False)
class MapView:
    """A plan as it is shown.

    units: index `unit_id`, geometry in `crs`, columns of `columns.UNITS` (`target` and `area_mu` at least) and, where known,
    `rules_target` (what the rules alone give), `next_target` and `regret_cny` (the next best target and what it would lose).
    refusals: columns `unit_id, target, rule, value, limit, unit` for targets a unit may not have. reservoirs: index or column
    `reservoir_id`, `level_m`, `area_mu`, `storage_m3`, `size_class`, geometry. curves: columns `reservoir_id, level_m,
    area_mu, storage_m3`. hauls: columns `x_from, y_from, x_to, y_to` (m, in `crs`), `volume_m3`. terrain: ground today;
    finished: ground after the works, on the same cells. constraints, boundary: polygons to be outlined. dykes: lines.
    summary: as in summary.json. names: parcel_id to (Chinese, English) name. places: named places as `plan.places.places_of`
    makes them. verdict: what a decider reads first. flow: cost and benefit by year.
    locale: what land and money are told in; money in units and flow is in its currency already.
    alternatives: key, name and what differs of each; its targets and amounts are the columns `KEY_target`, `KEY_cost_cny` ….
    """

    name: str
    crs: pyproj.CRS
    units: gpd.GeoDataFrame
    name_en: str = ""
    kind: str = "survey"
    approval_number: str = ""
    year: int = 0
    terrain: Grid | None = None
    finished: Grid | None = None
    refusals: pd.DataFrame | None = None
    reservoirs: gpd.GeoDataFrame | None = None
    curves: pd.DataFrame | None = None
    hauls: pd.DataFrame | None = None
    constraints: gpd.GeoDataFrame | None = None
    boundary: gpd.GeoDataFrame | None = None
    dykes: gpd.GeoDataFrame | None = None
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    places: pd.DataFrame | None = None
    verdict: Verdict | None = None
    locale: Locale = CN
    flow: pd.DataFrame | None = None
    alternatives: tuple[tuple[str, Message, Message], ...] = ()

    def __post_init__(self) -> None:
        missing = [name for name in REQUIRED if name not in self.units.columns]
        if missing:
            raise InvalidInput(say("maps.no_column", column=missing[0], needed=list(REQUIRED)))
        if not self.units.index.is_unique:
            twice = self.units.index[self.units.index.duplicated()][0]
            raise InvalidInput(say("maps.twice", unit=twice))
        if len(self.units) == 0:
            raise InvalidInput(say("maps.no_units"))

    def numbers(self, column: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """A numeric column of the units, shape (units,), NaN where it is unknown or absent."""
        if column not in self.units.columns:
            return np.full(len(self.units), np.nan)
        return np.asarray(pd.to_numeric(self.units[column], errors="coerce"), dtype=np.float64)

    def coded(self, column: str) -> tuple[np.ndarray[Any, np.dtype[np.int64]], list[str]]:
        """A column of words of the units as positions in the list of words that occur; -1 where unknown, empty or absent."""
        if column not in self.units.columns:
            return np.full(len(self.units), -1, dtype=np.int64), []
        found, words = pd.factorize(self.units[column], use_na_sentinel=True)
        texts = [str(word) for word in words]
        unique = list(dict.fromkeys(text for text in texts if text))
        place = {text: i for i, text in enumerate(unique)}
        position = np.array([*(place.get(text, -1) for text in texts), -1], dtype=np.int64)
        return position[np.asarray(found, dtype=np.int64)], unique

    def words(self, column: str) -> list[str]:
        """A column of words of the units, empty where unknown or absent."""
        found, words = self.coded(column)
        return list(np.array([*words, ""], dtype=object)[found])

    def within(self, column: str, vocabulary: list[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
        """A column of words as positions in a given list; -1 for what is not in it."""
        found, words = self.coded(column)
        place = {word: i for i, word in enumerate(vocabulary)}
        return np.asarray(np.array([*(place.get(word, -1) for word in words), -1], dtype=np.int64)[found])

    def pairs(self) -> tuple[np.ndarray[Any, np.dtype[np.int64]], list[str]]:
        """`target:treatment` of the units as positions in the sorted list of pairs that occur."""
        target, targets = self.coded("target")
        way, ways = self.coded("treatment")
        both, found = np.unique((target + 1) * (len(ways) + 1) + way + 1, return_inverse=True)
        targets, ways = ["", *targets], ["", *ways]
        names = [f"{targets[int(k) // len(ways)]}:{ways[int(k) % len(ways)]}" for k in both]
        return np.asarray(found, dtype=np.int64), names

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the units in the site's CRS, m."""
        west, south, east, north = (float(v) for v in self.units.total_bounds)
        return west, south, east, north
