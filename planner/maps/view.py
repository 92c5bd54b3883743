"""What a map needs to know of a plan, and nothing else: every drawing starts from a `MapView`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.errors import InvalidInput

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj

    from planner.site import Grid

REQUIRED = ("target", "area_mu")
TEXTS = ("parcel_id", "target", "treatment", "rules_target", "next_target", "waterlogging", "landuse", "reason", "reason_zh")


@dataclass(frozen=True, eq=False)
class MapView:
    """A plan as it is shown.

    units: index `unit_id`, geometry in `crs`, columns of `columns.UNITS` (`target` and `area_mu` at least) and, where known,
    `rules_target` (what the rules alone give), `next_target` and `regret_cny` (the next best target and what it would lose).
    refusals: columns `unit_id, target, rule, value, limit, unit` for targets a unit may not have. reservoirs: index or column
    `reservoir_id`, `level_m`, `area_mu`, `storage_m3`, `size_class`, geometry. curves: columns `reservoir_id, level_m, area_mu,
    storage_m3`. hauls: columns `x_from, y_from, x_to, y_to` (m, in `crs`), `volume_m3`. terrain: ground today; finished: ground
    after the works, on the same cells. summary: as in summary.json. names: parcel_id to (Chinese, English) name.
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
    boundary: gpd.GeoDataFrame | None = None
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = [name for name in REQUIRED if name not in self.units.columns]
        if missing:
            raise InvalidInput(f"units: column {missing[0]!r} is missing; a map needs {', '.join(REQUIRED)} and geometry")
        if not self.units.index.is_unique:
            twice = self.units.index[self.units.index.duplicated()][0]
            raise InvalidInput(f"units: {twice!r} stands there twice; unit ids must be unique")
        if len(self.units) == 0:
            raise InvalidInput("units: the plan has none, so there is nothing to draw")

    def numbers(self, column: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """A numeric column of the units, shape (units,), NaN where it is unknown or absent."""
        if column not in self.units.columns:
            return np.full(len(self.units), np.nan)
        return np.asarray(pd.to_numeric(self.units[column], errors="coerce"), dtype=np.float64)

    def words(self, column: str) -> list[str]:
        """A column of words of the units, empty where unknown or absent."""
        if column not in self.units.columns:
            return [""] * len(self.units)
        return ["" if value is None or value is pd.NA or value != value else str(value) for value in self.units[column]]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the units in the site's CRS, m."""
        west, south, east, north = (float(v) for v in self.units.total_bounds)
        return west, south, east, north
