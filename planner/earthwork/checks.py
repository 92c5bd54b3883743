"""What units, an amount of earth and a factor between kinds of it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.core.multiscale import MOST_M3
from planner.errors import CRSMismatch, InvalidInput
from planner.words import say

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]


def check_factor(name: str, value: float) -> None:
    """Raises InvalidInput for a factor that is not positive."""
    if not (np.isfinite(value) and value > 0):
        raise InvalidInput(say(f"earthwork.not_a_{name}", value=value))


def check_amount(name: str, value: float | None) -> None:
    """Raises InvalidInput for a number that is negative or not finite; None passes."""
    if value is not None and not (np.isfinite(value) and value >= 0):
        raise InvalidInput(say("earthwork.not_an_amount", name=name, value=value))


def check_level(name: str, value: float) -> None:
    """Raises InvalidInput for a level that is not finite."""
    if not np.isfinite(value):
        raise InvalidInput(say("earthwork.not_a_level", name=name, value=value))


def quantity(units: gpd.GeoDataFrame, column: str) -> Floats:
    """A column of m³, (n,). Raises InvalidInput where there is none, or one is negative, unknown or beyond all earth."""
    if column not in units.columns:
        raise InvalidInput(say("earthwork.no_column", column=column))
    values: Floats = units[column].to_numpy(dtype=np.float64)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InvalidInput(say("earthwork.no_quantity", unit=units.index[first], column=column, value=values[first]))
    if values.sum() > MOST_M3:
        raise InvalidInput(say("earthwork.too_much", column=column, total=values.sum(), most=MOST_M3))
    return values


def places(units: gpd.GeoDataFrame) -> Floats:
    """The units' centroids, (n, 2) m.

    Raises InvalidInput where two units have one name or one has no geometry; CRSMismatch for coordinates in degrees.
    """
    if not units.index.is_unique:
        raise InvalidInput(say("earthwork.twice", unit=units.index[units.index.duplicated()][0]))
    nowhere = np.asarray(units.geometry.isna() | units.geometry.is_empty)
    if nowhere.any():
        raise InvalidInput(say("earthwork.nowhere", unit=units.index[np.flatnonzero(nowhere)[0]]))
    centroids = shapely.get_coordinates(shapely.centroid(units.geometry.to_numpy()))
    return np.asarray(centroids * metres(units), dtype=np.float64)


def metres(units: gpd.GeoDataFrame) -> float:
    """Metres in a unit of the coordinates, 1 where there is no CRS. Raises CRSMismatch for coordinates in degrees."""
    if units.crs is not None and units.crs.is_geographic:
        raise CRSMismatch(say("earthwork.degrees", name=units.crs.name))
    return 1.0 if units.crs is None else float(units.crs.axis_info[0].unit_conversion_factor)
