"""The mass-haul diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.earthwork.checks import check_factor, places, quantity

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]


def mass_curve(units: gpd.GeoDataFrame, *, compaction: float, bearing_deg: float | None = None) -> pd.DataFrame:
    """The mass-haul diagram: surplus of compacted earth summed along a line across the site.

    units: as for `haul`. bearing_deg: of the line, clockwise from north; None for the direction in which cut and fill lie
    furthest apart (the line through the centres of both). Returns one row a unit in the line's order: `unit_id`,
    `distance_m` from the first, `net_m3`, `cumulative_m3`. On a line the area under |cumulative| is the least haul, m³·m.
    Raises InvalidInput as `haul` does.
    """
    check_factor("compaction", compaction)
    net = compaction * quantity(units, "cut_m3") - quantity(units, "fill_m3")
    xy = places(units)
    if bearing_deg is None:
        away = _centre(xy, np.maximum(-net, 0)) - _centre(xy, np.maximum(net, 0))
        direction = away / np.hypot(*away) if np.hypot(*away) > 0 else np.array([1.0, 0.0])
    else:
        direction = np.array([np.sin(np.radians(bearing_deg)), np.cos(np.radians(bearing_deg))])
    along = (xy - xy[:1]) @ direction
    order = np.argsort(along, kind="stable")
    return pd.DataFrame(
        {
            "unit_id": units.index.to_numpy(dtype=object)[order],
            "distance_m": along[order] - along.min(initial=np.inf),
            "net_m3": net[order],
            "cumulative_m3": np.cumsum(net[order]),
        }
    )


def _centre(xy: Floats, weight: Floats) -> Floats:
    total = float(weight.sum())
    return np.asarray(weight @ xy / total if total > 0 else xy.mean(axis=0), dtype=np.float64)
