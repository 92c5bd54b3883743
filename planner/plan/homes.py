"""Homes in the choice: which planning unit, if it takes a target, brings which homes within reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Homes:
    """Homes as rows of an options table. options: with the homes; near: `home`, `unit`, as the rule Covered takes it."""

    options: pd.DataFrame
    near: pd.DataFrame


def home_rows(
    units: pd.Index[str],
    ground: NDArray[np.object_],
    lived: NDArray[np.object_],
    carried: dict[str, Floats],
    *,
    radius_m: float,
    target: str,
    prefix: str = "home",
) -> Homes:
    """Homes that a unit within radius_m of their middle serves, as options alone, with what they carry.

    units, ground: ids and shapes, (n,). lived: the homes' shapes, (m,), in the same plane. carried: columns by home, (m,).
    Each home that a unit can serve is a unit `prefix:k` with one option "target:served".
    """
    home, unit = shapely.STRtree(ground).query(shapely.centroid(lived), predicate="dwithin", distance=radius_m)
    names = np.array([f"{prefix}:{k}" for k in range(len(lived))], dtype=object)
    near = pd.DataFrame({"home": names[home], "unit": units.to_numpy()[unit]})
    reached = np.unique(home)
    index = pd.MultiIndex.from_arrays([names[reached], [f"{target}:served"] * len(reached)], names=["unit_id", "option"])
    rows: dict[str, Any] = {name: values[reached] for name, values in carried.items()}
    return Homes(pd.DataFrame({"target": target, "treatment": "served", **rows}, index=index), near)


def joined(options: pd.DataFrame, homes: pd.DataFrame) -> pd.DataFrame:
    """Options with rows of homes: figures that either side lacks are zero."""
    both = pd.concat([options, homes])
    numeric = [c for c in both.columns if pd.api.types.is_numeric_dtype(both[c])]
    return both.fillna(dict.fromkeys(numeric, 0.0))


def near_pairs(units: gpd.GeoDataFrame, width_m: float) -> pd.DataFrame:
    """Units that lie closer than a width to each other, each pair once: unit_a, unit_b."""
    shapes = units.geometry.to_numpy()
    a, b = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=width_m)
    once = a < b
    ids = units.index.to_numpy()
    return pd.DataFrame({"unit_a": ids[a[once]], "unit_b": ids[b[once]]})
