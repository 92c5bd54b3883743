"""Predictions as tables and rasters: what `planner predict` does behind its options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from planner.errors import InvalidInput
from planner.files import write_whole
from planner.geotiff import TILE, geotiff
from planner.parameters import Parameters
from planner.site import Grid
from planner.subsidence.panels import check_panels
from planner.subsidence.predict import COLUMNS, bands, empty_grid, predict, reduced, share_at
from planner.subsidence.sources import sources
from planner.words import say

if TYPE_CHECKING:
    import geopandas as gpd

UNITS: Final = {
    "subsidence_m": "m",
    "tilt_mm_m": "mm/m",
    "curvature_mm_m2": "mm/m2",
    "displacement_mm": "mm",
    "strain_mm_m": "mm/m",
}
CALENDAR: Final = 1800.0  # `years` from here on is a calendar year, below it years since extraction


@dataclass(frozen=True)
class When:
    """The moment of a prediction: a calendar year, or years since each panel's extraction; neither: all movement done."""

    year: float | None = None
    years: float | None = None

    @classmethod
    def of(cls, years: float | None) -> When:
        """What `--years T` means: a calendar year from 1800 on, below that years since each panel's extraction."""
        if years is None:
            return cls()
        return cls(year=years) if years >= CALENDAR else cls(years=years)


def predict_table(panels: gpd.GeoDataFrame, points: gpd.GeoDataFrame, *, years: float | None = None) -> pd.DataFrame:
    """Prediction at points, which are brought to the panels' CRS; index as the points, columns x, y and those of `predict`."""
    if points.crs is not None and panels.crs is not None and points.crs != panels.crs:
        points = points.to_crs(panels.crs)
    when = When.of(years)
    table = predict(panels, points, year=when.year, years=when.years)
    table.insert(0, "x", points.geometry.x.to_numpy())
    table.insert(1, "y", points.geometry.y.to_numpy())
    return table


def predict_raster(
    panels: gpd.GeoDataFrame,
    path: str | Path,
    *,
    cell_m: float = 10.0,
    grid: Grid | None = None,
    years: float | None = None,
    direction_deg: float | None = None,
    parameters: Parameters | None = None,
    overwrite: bool = True,
) -> dict[str, Any]:
    """Prediction as a tiled, compressed GeoTIFF with a band for each of COLUMNS, written band of rows by band of rows.

    cell_m: cell size where no grid is given; the raster then covers all that the panels move. Returns rows, cols, `fields`
    with the `min` and `max` of every band, `volume_m3` of the trough, and the `warnings` of the panels. Memory does not grow
    with the raster.

    Raises InvalidInput, OutputExists, PlannerError.
    """
    checked = check_panels(panels, parameters=parameters)
    when = When.of(years)
    weighted = sources(checked).weighted(share_at(checked, year=when.year, years=when.years))
    frame = grid if grid is not None else empty_grid(weighted, cell_m)
    if frame.shape[0] * frame.shape[1] > 4_000_000_000:
        raise InvalidInput(say("subsidence.raster_too_large", rows=frame.shape[0], columns=frame.shape[1], cell_m=cell_m))
    least, most, total = np.full(len(COLUMNS), np.inf), np.full(len(COLUMNS), -np.inf), np.zeros(1)

    def fill(temporary: Path) -> None:
        units = {name: UNITS[name] for name in COLUMNS}
        with geotiff(temporary, frame.frame, units, crs=panels.crs) as out:
            for rows, fields in bands(weighted, frame, multiple=TILE):
                values = np.moveaxis(reduced(fields, direction_deg), -1, 0)
                np.minimum(least, values.min(axis=(1, 2)), out=least)
                np.maximum(most, values.max(axis=(1, 2)), out=most)
                total[0] += values[0].sum() * frame.cell_area
                out.write(values.astype(np.float32), row=rows.start)

    write_whole(Path(path), fill, overwrite=overwrite)
    return {
        "rows": frame.shape[0],
        "cols": frame.shape[1],
        "fields": {name: {"min": float(least[k]), "max": float(most[k])} for k, name in enumerate(COLUMNS)},
        "volume_m3": float(total[0]),
        "warnings": list(checked.warnings),
    }
