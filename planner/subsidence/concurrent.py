"""Concurrent mining and restoration: when the water comes, and what digging before it saves over waiting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.design import platform
from planner.errors import InvalidInput
from planner.parameters import Parameters, defaults
from planner.site import Grid
from planner.subsidence.panels import check_panels
from planner.subsidence.predict import BAND_CELLS, subsidence_on
from planner.subsidence.sources import sources
from planner.units import mu_from_m2
from planner.words import say

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]
AFTER: Final = 20  # years watched after the last panel: e^(-0.3 · 20) of it is left


def ponding_year(panels: gpd.GeoDataFrame, original: Grid, water_table: Grid, *, parameters: Parameters | None = None) -> Grid:
    """Calendar year in which each cell's ground first lies below the water table at the year's beginning; NaN where it never
    does.

    original: ground before mining, m. water_table: its normal stand, m, on the same cells. Every panel needs a date.

    Raises InvalidInput where a panel has none.
    """
    checked = check_panels(panels, parameters=parameters)
    if not checked.dated.all():
        name = checked.names[int(np.argmin(checked.dated))]
        raise InvalidInput(say("subsidence.undated_panel", name=name))
    n = checked.numbers
    first, last = int(np.floor(n["start"].min())), int(np.ceil(n["end"].max())) + AFTER
    dates = np.arange(first, last + 1)
    key = np.stack([*checked.taken, n["c_per_year"]], axis=1)
    groups, group = np.unique(key, axis=0, return_inverse=True)
    group = group.ravel()
    shares = np.stack([checked.share(float(t)) for t in dates], axis=1)[
        [int(np.argmax(group == g)) for g in range(len(groups))]
    ]
    placed = sources(checked)
    x, y = original.centres()
    result = np.full(original.shape, np.nan)
    step = max(1, BAND_CELLS // (len(x) * (1 + len(groups) // 10)))
    for top in range(0, len(y), step):
        rows = slice(top, min(top + step, len(y)))
        room = (original.values[rows] - water_table.values[rows]).ravel()
        w = np.stack([subsidence_on(placed.only(group == g), x, y[rows]).ravel() for g in range(len(groups))], axis=1)
        year = np.full(len(room), np.nan)
        for t, share in zip(dates[::-1], shares.T[::-1], strict=True):
            year[w @ share > room] = t
        result[rows] = year.reshape(result[rows].shape)
    return original.like(result)


@dataclass(frozen=True)
class Digging:
    """How land is made by digging the pond deeper: depth it can be dug by, m, and the thickest fill allowed, m."""

    depth_m: float
    max_fill_m: float
    compaction: float = 1.0


def farmland(original: Grid, subsidence: Grid, water_table: Grid, *, parameters: Parameters | None = None) -> pd.DataFrame:
    """Farmland that is left of the ground that sinks: left alone, reclaimed when the water stands, or dug before it comes.

    original: ground before mining, m. subsidence: final, m. water_table: normal stand, m; all on the same cells. The ground
    needs `targets.arable.freeboard_m` above the water. Earth dug from what becomes pond is spread on what is shallowest,
    until one more cell would take more fill than its neighbours give: dry diggers reach deeper than dredgers, which is the
    difference.

    Returns rows `left alone`, `waiting`, `before the water`; columns share (of the ground that sank by 10 mm or more),
    area_mu, pond_mu, dug_m3, fill_m3, fill_to_m (thickest fill used), topsoil_m3 (saved from ground that will stand under
    water).

    Examples
    --------
    >>> import numpy as np
    >>> import planner as pl
    >>> def grid(values):
    ...     return pl.Grid(np.array([values]), 500_000.0, 3_800_000.0, 10.0, 10.0)
    >>> table = pl.farmland(grid([30.0, 30.0, 30.0]), grid([0.0, 1.0, 4.0]), grid([28.5, 28.5, 28.5]))
    >>> list(table.index)
    ['left alone', 'waiting', 'before the water']
    """
    p = parameters or defaults()
    sunk = subsidence.values >= p.number("standards.boundary.outer_subsidence_mm") / 1e3
    known = sunk & np.isfinite(original.values) & np.isfinite(water_table.values)
    final = (original.values - subsidence.values)[known]
    water = water_table.values[known]
    need = np.sort(np.maximum(platform(water, p.number("targets.arable.freeboard_m")) - final, 0.0))
    compaction, thickest = p.number("earthwork.compaction"), p.number("targets.arable.max_fill_m")
    ways = {
        "left alone": Digging(0.0, 0.0),
        "waiting": Digging(p.number("timing.dig_wet_m"), min(p.number("timing.fill_wet_m"), thickest), compaction),
        "before the water": Digging(p.number("timing.dig_dry_m"), thickest, compaction),
    }
    drowned = float(np.sum(final < water)) * original.cell_area
    rows = []
    for name, way in ways.items():
        cells, fill_to = reclaimed(need, way)
        pond = len(need) - cells
        fill = float(need[:cells].sum()) * original.cell_area
        saved = drowned * p.number("timing.topsoil_m") if name == "before the water" else 0.0
        dug = fill / way.compaction
        area, water_mu = (mu_from_m2(k * original.cell_area) for k in (cells, pond))
        rows.append((cells / max(len(need), 1), area, water_mu, dug, fill, fill_to, saved))
    columns = ["share", "area_mu", "pond_mu", "dug_m3", "fill_m3", "fill_to_m", "topsoil_m3"]
    return pd.DataFrame(rows, index=pd.Index(list(ways), name="way"), columns=columns)


def reclaimed(need: Floats, way: Digging) -> tuple[int, float]:
    """How many of the shallowest cells become land, and the thickest fill among them, m.

    need: (n,) fill each cell needs, m, ascending. The most cells k with Σ_{i<k} need ≤ compaction · depth · (n − k), none of
    them filled by more than is allowed.
    """
    k = np.arange(len(need) + 1)
    fill = np.concatenate(([0.0], np.cumsum(need)))
    fits = fill <= way.compaction * way.depth_m * (len(need) - k) + 1e-9
    fits &= k <= np.searchsorted(need, way.max_fill_m, side="right")
    most = int(np.max(k[fits]))
    return most, float(need[most - 1]) if most else 0.0
