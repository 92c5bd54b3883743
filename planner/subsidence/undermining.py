"""What lies under each unit: how deep the shallowest goaf is, against its thickness and the rock it broke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.parameters import Parameters, defaults
from planner.subsidence.panels import check_panels, overburden_classes

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]
# Height of the fractured zone over an extracted thickness M, m: 100·M/(a·M + b) + c, the upper end of the code's empirical
# formulas for hard, medium and soft overburden. Source: coal pillar design code (buildings, water bodies, railways). Trust: M.
FRACTURED: Final = {"hard": (1.2, 2.0, 8.9), "medium": (1.6, 3.6, 5.6), "soft": (3.1, 5.0, 4.0)}


def fractured_zone_m(thickness_m: Floats, overburden: list[str]) -> Floats:
    """Height of the caved and fractured rock over a goaf, m, for each extracted thickness and class of overburden."""
    a, b, c = np.array([FRACTURED[name] for name in overburden]).T
    height: Floats = 100.0 * thickness_m / (a * thickness_m + b) + c
    return height


def undermining(panels: gpd.GeoDataFrame, units: gpd.GeoDataFrame, *, parameters: Parameters | None = None) -> pd.DataFrame:
    """What the rules on goaf under a building look at, by unit: columns mining_depth_m (shallowest goaf below), depth_ratio
    (smallest mining depth over thickness), fractured_m (of the goaf whose broken rock comes highest); NaN where none lies
    below.

    panels, units: polygons in one projected CRS.
    """
    p = parameters or defaults()
    checked = check_panels(panels, parameters=p)
    first = checked.piece[:, 0] == 0.0  # an advancing panel is many pieces of one outline
    depth, thickness = checked.numbers["depth_m"][first], checked.numbers["thickness_m"][first]
    fractured = fractured_zone_m(thickness, overburden_classes(panels, p))
    unit, panel = shapely.STRtree(checked.outline[first]).query(
        np.asarray(units.geometry.values, dtype=object), predicate="intersects"
    )
    pairs = pd.DataFrame(
        {
            "unit": unit,
            "mining_depth_m": depth[panel],
            "depth_ratio": depth[panel] / thickness[panel],
            "sound": depth[panel] - fractured[panel],
        }
    )
    least = pairs.groupby("unit").min().reindex(np.arange(len(units)))
    frame = pd.DataFrame(
        {
            "mining_depth_m": least["mining_depth_m"].to_numpy(),
            "depth_ratio": least["depth_ratio"].to_numpy(),
            "fractured_m": (least["mining_depth_m"] - least["sound"]).to_numpy(),
        },
        index=units.index,
    )
    return frame
