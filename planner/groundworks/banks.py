"""Where water would leave a plan's lakes once their dykes stand on the finished ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy import ndimage

from planner.water.bodies import rims

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.plan import Plan
    from planner.site import Grid


def dyked_rims(plan: Plan, ground: Grid, banks: gpd.GeoDataFrame) -> pd.Series[float]:
    """The level at which water leaves each reservoir over a finished ground with dykes on it, m, by reservoir_id.

    A dyke is laid on the cells it crosses and those beside them, whatever its width: what is asked is whether a way is left
    around it. NaN where no rim is known.
    """
    names = plan.reservoirs.index
    body = names.get_indexer(plan.units["reservoir_id"].fillna("").astype(str)).astype(np.int64)
    found = rims(plan.units, body, len(names), ground.like(_raised(ground, banks)))
    return pd.Series(found, index=names)


def _raised(ground: Grid, banks: gpd.GeoDataFrame) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The ground with its cells under a dyke, and those around them, at the dyke's crest, m."""
    raised = ground.values.copy()
    step = min(ground.cell_x, ground.cell_y) / 2
    for shape, crest in zip(banks.geometry, banks["crest_m"], strict=True):
        xy = shapely.get_coordinates(shapely.segmentize(shape, step))
        row, col = ground.frame.cell(xy[:, 0], xy[:, 1])
        inside = ground.frame.holds(row, col)
        under = np.zeros(ground.shape, dtype=bool)
        under[row[inside], col[inside]] = True
        under = ndimage.binary_dilation(under, np.ones((3, 3), dtype=bool))
        raised[under] = np.fmax(raised[under], crest)
    return raised
