"""What units, an amount of earth and a factor between kinds of it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.errors import CRSMismatch, InvalidInput

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]

MOST_M3: Final = 4e12  # of all cut or all fill: beyond, whole cm³ no longer fit in 64 bits


def check_factor(name: str, value: float, meaning: str) -> None:
    """Raises InvalidInput for a factor that is not positive."""
    if not (np.isfinite(value) and value > 0):
        raise InvalidInput(f"{name} = {value!r}: {meaning}")


def check_amount(name: str, value: float | None) -> None:
    """Raises InvalidInput for a number that is negative or not finite; None passes."""
    if value is not None and not (np.isfinite(value) and value >= 0):
        raise InvalidInput(f"{name} = {value!r}: a finite number ≥ 0 is expected")


def check_level(name: str, value: float) -> None:
    """Raises InvalidInput for a level that is not finite."""
    if not np.isfinite(value):
        raise InvalidInput(f"{name} = {value!r}: an elevation in metres is expected")


def quantity(units: gpd.GeoDataFrame, column: str) -> Floats:
    """A column of m³, (n,). Raises InvalidInput where there is none, or one is negative, unknown or beyond all earth."""
    if column not in units.columns:
        raise InvalidInput(f"earthwork: the units have no column {column}; give m³ ≥ 0 for each")
    values: Floats = units[column].to_numpy(dtype=np.float64)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InvalidInput(f"{units.index[first]}: {column} = {values[first]} is no quantity of earth; give m³ ≥ 0")
    if values.sum() > MOST_M3:
        raise InvalidInput(f"earthwork: {column} adds up to {values.sum():.3g} m³; is it in other units? at most {MOST_M3:.0g}")
    return values


def places(units: gpd.GeoDataFrame) -> Floats:
    """The units' centroids, (n, 2) m.

    Raises InvalidInput where two units have one name or one has no geometry; CRSMismatch for coordinates in degrees.
    """
    if not units.index.is_unique:
        raise InvalidInput(f"{units.index[units.index.duplicated()][0]}: more than one unit has this unit_id")
    nowhere = np.asarray(units.geometry.isna() | units.geometry.is_empty)
    if nowhere.any():
        raise InvalidInput(f"{units.index[np.flatnonzero(nowhere)[0]]}: the unit has no geometry, so no distance to others")
    centroids = shapely.get_coordinates(shapely.centroid(units.geometry.to_numpy()))
    return np.asarray(centroids * metres(units), dtype=np.float64)


def metres(units: gpd.GeoDataFrame) -> float:
    """Metres in a unit of the coordinates, 1 where there is no CRS. Raises CRSMismatch for coordinates in degrees."""
    if units.crs is not None and units.crs.is_geographic:
        raise CRSMismatch(f"{units.crs.name}: distances need a projected CRS; reproject the units with to_crs")
    return 1.0 if units.crs is None else float(units.crs.axis_info[0].unit_conversion_factor)
