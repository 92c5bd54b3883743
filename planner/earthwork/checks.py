"""What an amount of earth and a factor between kinds of it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from planner.errors import InvalidInput

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]


def check_factor(name: str, value: float, meaning: str) -> None:
    """Raises InvalidInput for a factor that is not positive."""
    if not (np.isfinite(value) and value > 0):
        raise InvalidInput(f"{name} = {value!r}: {meaning}")


def check_amount(name: str, value: float | None) -> None:
    """Raises InvalidInput for a number that is negative or not finite; None passes."""
    if value is not None and not (np.isfinite(value) and value >= 0):
        raise InvalidInput(f"{name} = {value!r}: a finite number ≥ 0 is expected")


def quantity(units: gpd.GeoDataFrame, column: str) -> Floats:
    """A column of m³, (n,). Raises InvalidInput where one is negative or unknown."""
    values: Floats = units[column].to_numpy(dtype=np.float64)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InvalidInput(f"{units.index[first]}: {column} = {values[first]} is no quantity of earth; give m³ ≥ 0")
    return values
