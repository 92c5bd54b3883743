"""The lake at any level: what the page tells and draws of it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from planner.maps.cells import FloodRaster, flood_raster
from planner.maps.place import Place
from planner.maps.reached import flooded
from planner.maps.stages import kept, stages
from planner.maps.view import MapView
from planner.words import LANGS, term, text

LOWEST: Final = ("mean", "dry", "drought3")  # years whose lowest level the page tells


def waters(view: MapView, where: Place) -> tuple[list[dict[str, Any]], FloodRaster | None]:
    """The lakes for the page, the largest first, each with the curve of what its water covers, and the raster it covers."""
    frame, tables = _reservoirs(view)
    if not tables:
        return [], None
    water = flooded(view, frame)
    if water is None:
        return _lakes(view, frame, tables), None
    normal = frame["level_m"].to_numpy(np.float64)
    told = [stages(*each) for each in zip(tables, water.beds(normal), normal, strict=True)]
    raster = flood_raster(water, where, frame["geometry"].to_numpy(dtype=object), told, normal)
    least = raster.cell_mu / 2  # nothing smaller can be drawn
    return _lakes(view, frame, [kept(table, level, least) for table, level in zip(told, normal, strict=True)]), raster


def _reservoirs(view: MapView) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """The reservoirs that have a curve by id, the largest first, and their curves."""
    frame = view.reservoirs
    if frame is None or len(frame) == 0:
        return pd.DataFrame(), []
    if "reservoir_id" in frame.columns:
        frame = frame.set_index("reservoir_id")
    frame = frame.sort_values("storage_m3", ascending=False, kind="stable")
    curves = [_curve(view, str(name)) for name in frame.index]
    return frame[[curve is not None for curve in curves]], [curve for curve in curves if curve is not None]


def _lakes(view: MapView, frame: pd.DataFrame, tables: list[pd.DataFrame]) -> list[dict[str, Any]]:
    """Reservoirs with what is told of them at each level, in the order of the frame."""
    lakes = []
    for (name, row), table in zip(frame.iterrows(), tables, strict=True):
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
