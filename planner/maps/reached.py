"""The finished ground as the water of a plan's lakes reaches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.core.terrain.owner import owner_of
from planner.core.terrain.reach import reach
from planner.maps.stages import RISE_M, Bed
from planner.maps.terrain import with_margin
from planner.maps.view import MapView
from planner.memory import MEMORY
from planner.site import Grid

MOST_CELLS: Final = MEMORY.shown_cells


@dataclass(frozen=True, eq=False)
class Flooded:
    """The finished ground as water sees it, on the terrain's cells.

    finished, today: ground, m. reach: lowest level at which water of a lake stands on a cell, m, NaN where none comes. lake:
    its number, -1 where none comes and beyond what the page shows. bed: the lake whose bed a cell is, -1 outside.
    """

    finished: Grid
    today: Grid
    reach: Grid
    lake: NDArray[np.int64]
    bed: NDArray[np.int64]

    def beds(self, normal_m: NDArray[np.float64]) -> list[Bed]:
        """The cells of each lake, lakes in their order. normal_m: their normal levels, m, (n,)."""
        mine = np.flatnonzero(self.lake.ravel() >= 0)
        order = mine[np.argsort(self.lake.ravel()[mine], kind="stable")]
        start = np.searchsorted(self.lake.ravel()[order], np.arange(len(normal_m) + 1))
        ground, level, bed = self.finished.values.ravel(), self.reach.values.ravel(), self.bed.ravel() >= 0
        found = []
        for k, normal in enumerate(normal_m):
            cells = order[start[k] : start[k + 1]]
            below = bed[cells] & (ground[cells] < normal)
            above = cells[~below & np.isfinite(level[cells])]
            found.append(Bed(np.sort(ground[cells[below]]), level[above], ground[above], self.finished.frame.cell_area))
        return found


def flooded(view: MapView, lakes: pd.DataFrame) -> Flooded | None:
    """Floods the finished ground of a plan from its lakes; None without a ground or a lake.

    lakes: index reservoir_id in the page's order, `level_m`, `geometry`. Up to its normal level a lake stays in its bed, as the
    plan builds it; above, its water goes where the ground lets it, as far as the page shows the ground around the plan.
    """
    whole = view.finished if view.finished is not None else view.terrain
    shapes = lakes["geometry"].to_numpy(dtype=object)
    if whole is None or (shapely.is_missing(shapes) | shapely.is_empty(shapes)).all():
        return None
    finished = _thinned(whole)
    today = _thinned(view.terrain if view.terrain is not None else whole)
    beds = owner_of(shapes, finished.frame).astype(np.int64)
    level, lake = reach(np.round(finished.values, 2), beds)
    outside = (lake >= 0) & (beds < 0)
    normal = lakes["level_m"].to_numpy(np.float64)
    level[outside] = np.maximum(level[outside], normal[lake[outside]] + RISE_M)
    shown = np.zeros(lake.shape, dtype=bool)
    shown[finished.frame.window(with_margin(view.bounds))] = True
    return Flooded(finished, today, finished.like(level), np.where(shown, lake, -1), beds)


def _thinned(grid: Grid) -> Grid:
    """The grid, or every n-th cell of it where it is larger than one can flood."""
    return grid.thinned(int(np.ceil(np.sqrt(grid.values.size / MOST_CELLS))))
