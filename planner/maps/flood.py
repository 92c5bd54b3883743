"""The lake at any level: the cells its water reaches on the finished ground, and the area and storage of those very cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.core.terrain.owner import owner_of
from planner.core.terrain.reach import reach
from planner.maps.encode import MISSING, Column, Ints, numbers, pack
from planner.maps.place import Place
from planner.maps.terrain import warp
from planner.maps.view import MapView
from planner.memory import MEMORY
from planner.site import Grid
from planner.units import mu_from_m2
from planner.words import LANGS, term, text

Floats = NDArray[np.float64]
FLOOD_PX: Final = 520  # longest side of the raster on the page
MOST_CELLS: Final = MEMORY.shown_cells
LOWEST: Final = ("mean", "dry", "drought3")  # years whose lowest level the page tells
RISE_M: Final = 0.01  # by which water must stand above the normal level to leave its bed: the slider's step


@dataclass(frozen=True, eq=False)
class Flooded:
    """The finished ground as water sees it, on the terrain's cells.

    finished, today: ground, m. reach: lowest level at which water of a lake stands on a cell, m, NaN where none comes. lake:
    its number, -1 where none comes.
    """

    finished: Grid
    today: Grid
    reach: Grid
    lake: NDArray[np.int64]

    @property
    def cell_m2(self) -> float:
        """Ground of a cell."""
        return self.finished.cell_x * self.finished.cell_y


def flooded(view: MapView, lakes: pd.DataFrame) -> Flooded | None:
    """Floods the finished ground of a plan from its lakes; None without a ground or a lake.

    lakes: index reservoir_id in the page's order, `level_m`, `geometry`. Up to its normal level a lake stays in its bed, as the
    plan builds it; above, its water goes where the ground lets it.
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
    return Flooded(finished, today, finished.like(level), lake)


def _thinned(grid: Grid) -> Grid:
    """The grid, or every n-th cell of it where it is larger than one can flood."""
    return grid.thinned(int(np.ceil(np.sqrt(grid.values.size / MOST_CELLS))))


def risen(curve: pd.DataFrame, water: Flooded, number: int, normal_m: float) -> pd.DataFrame:
    """A lake's curve with what it floods beyond its bed: above the normal level area and storage follow the finished ground.

    curve: columns `level_m, area_mu, storage_m3` of the bed with vertical banks, ascending. number: of the lake in `water`.
    """
    level, area, storage = (curve[c].to_numpy(np.float64) for c in ("level_m", "area_mu", "storage_m3"))
    above = np.unique(np.concatenate([level[level > normal_m], [normal_m, normal_m + RISE_M]]))
    above = above[above <= max(level[-1], normal_m)]
    keep = level < normal_m
    base_mu, base_m3 = float(np.interp(normal_m, level, area)), float(np.interp(normal_m, level, storage))
    mine = (water.lake == number) & (water.reach.values > normal_m)
    reached = water.reach.values[mine]
    order = np.argsort(reached, kind="stable")
    reached, bed = reached[order], water.finished.values[mine][order]
    count = np.searchsorted(reached, above + 1e-9, side="right")
    floor = np.concatenate([[0.0], np.cumsum(bed)])[count]
    more_mu = mu_from_m2(count * water.cell_m2)
    rise = above - normal_m
    return pd.DataFrame(
        {
            "level_m": np.concatenate([level[keep], above]),
            "area_mu": np.concatenate([area[keep], base_mu + more_mu]),
            "storage_m3": np.concatenate(
                [
                    storage[keep],
                    base_m3 + base_mu * 1e4 / 15 * rise + (count * above - floor) * water.cell_m2,
                ]
            ),
        }
    )


def waters(view: MapView, where: Place) -> tuple[list[dict[str, Any]], FloodRaster | None]:
    """The lakes for the page, the largest first, each with the curve of what its water covers, and the raster it covers."""
    frame = _reservoirs(view)
    if frame is None:
        return [], None
    water = flooded(view, frame)
    return _lakes(view, frame, water), flood_raster(water, where) if water is not None else None


def _reservoirs(view: MapView) -> pd.DataFrame | None:
    """The reservoirs that have a curve by id, the largest first; None without any."""
    frame = view.reservoirs
    if frame is None or len(frame) == 0:
        return None
    if "reservoir_id" in frame.columns:
        frame = frame.set_index("reservoir_id")
    known = [_curve(view, str(name)) is not None for name in frame.index]
    return frame[known].sort_values("storage_m3", ascending=False, kind="stable") if any(known) else None


def _lakes(view: MapView, frame: pd.DataFrame, water: Flooded | None) -> list[dict[str, Any]]:
    """Reservoirs with their curves in the order of the frame; what they flood above their normal level is in the curve."""
    lakes = []
    for number, (name, row) in enumerate(frame.iterrows()):
        table = _curve(view, str(name))
        if table is None:
            continue
        if water is not None:
            table = risen(table, water, number, float(row["level_m"]))
        lakes.append(
            {
                "id": str(name),
                "level": round(float(row["level_m"]), 3),
                "storage": float(row["storage_m3"]),
                "size": [term("size", row["size_class"], lang) for lang in LANGS],
                "curve": {
                    "level": [round(float(v), 3) for v in table["level_m"]],
                    "area": [round(float(v), 2) for v in table["area_mu"]],
                    "storage": [round(float(v)) for v in table["storage_m3"]],
                },
                "years": _years(view, str(name)),
            }
        )
    return lakes


def _years(view: MapView, name: str) -> dict[str, Any] | None:
    """What the years do to a lake: lowest level, m, in each kind of year, share of years kept, years to fill (None: never),
    largest lake that is kept, mu (None: any), crest for the design storm, m, and the climate. None where it was not followed.
    """
    years = view.summary.get("water", {}).get("years", {})
    lake = next((row for row in years.get("reservoirs", []) if row["id"] == name), None)
    if lake is None:
        return None
    said = "climate_given" if years.get("climate_given", True) else "climate_assumed"
    runs, filled, largest = lake["years"], lake["fill_years"].get("mean"), lake["largest_mu"]
    return {
        "lowest": [[[term("lakes", f"run_{run}", lang) for lang in LANGS], round(runs[run]["lowest_m"], 2)] for run in LOWEST],
        "kept": round(runs["series"]["kept_share"], 4),
        "fill": None if filled is None else round(filled, 1),
        "largest": None if largest is None else round(largest, 1),
        "crest": round(lake["flood"]["crest_m"], 2),
        "climate": [text(f"lakes.{said}", lang, climate=years["climate"]) for lang in LANGS],
    }


def _curve(view: MapView, name: str) -> pd.DataFrame | None:
    """A lake's stage, area and storage, ascending; None where it has fewer than two rows."""
    if view.curves is None:
        return None
    table = view.curves[view.curves["reservoir_id"].astype(str) == name].sort_values("level_m")
    return table if len(table) >= 2 else None


@dataclass(frozen=True, eq=False)
class FloodRaster:
    """What the page floods: its frame ({rows, cols, bounds}) and the packed block of ground, reach and lake."""

    frame: dict[str, Any]
    block: str


def flood_raster(water: Flooded, where: Place) -> FloodRaster:
    """The flooded ground on the page's cells: bed (finished ground), today, reach and lake."""
    warped = warp(water.finished, where, longest=FLOOD_PX, nearest=True)
    others = {
        name: warp(grid, where, longest=FLOOD_PX, nearest=True).values
        for name, grid in (("today", water.today), ("reach", water.reach))
    }
    owner = warp(water.finished.like(water.lake.astype(np.float64)), where, longest=FLOOD_PX, nearest=True).values
    columns = {
        "bed": _rowwise(numbers(warped.values.ravel(), step=0.01)),
        "today": _rowwise(numbers(others["today"].ravel(), step=0.01)),
        "reach": _rowwise(numbers(others["reach"].ravel(), step=0.01)),
        "lake": Column(np.where(np.isfinite(owner), owner, -1.0).astype(np.int64).ravel()),
    }
    rows, cols = warped.values.shape
    return FloodRaster({"rows": rows, "cols": cols, "bounds": warped.bounds}, pack(columns))


def _rowwise(column: Column) -> Column:
    """A column stored as differences between neighbouring cells; as it is where some are missing, which would overflow."""
    values: Ints = column.values
    if (values == MISSING).any():
        return column
    return Column(np.diff(values, prepend=np.int64(0)), scale=column.scale, delta=True)
