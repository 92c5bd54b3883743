"""What was observed of a ground that moves: levels, displacements, rasters and radar's series, as arrays a fit takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import CRSMismatch, InvalidInput
from planner.periods import period, periods
from planner.read.lengths import UNITS
from planner.site import Grid
from planner.subsidence.headings import OBSERVED, understood
from planner.words import say

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]
DATE: Final = re.compile(r"[A-Za-z_]{0,6}(\d{4})[-_./]?(\d{2})[-_./]?(\d{2})")  # D20200105, 2020-01-05, d_2020_01_05


def observations_from_grid(grid: Grid, crs: Any, *, year: float | None = None, most: int = 4000) -> gpd.GeoDataFrame:
    """A raster of subsidence (m) as at most so many points on a regular lattice, missing cells left out."""
    import geopandas as gpd

    known = int(np.isfinite(grid.values).sum())
    step = max(1, int(np.ceil(np.sqrt(max(known, 1) / most))))
    x, y = grid.centres()
    xx, yy = np.meshgrid(x[::step], y[::step])
    values = grid.values[::step, ::step]
    use = np.isfinite(values)
    points = gpd.points_from_xy(xx[use], yy[use])
    frame = gpd.GeoDataFrame({"subsidence_m": values[use]}, geometry=points, crs=crs)
    return frame if year is None else frame.assign(year=float(year))


def observations_from_series(points: gpd.GeoDataFrame, *, unit: str) -> gpd.GeoDataFrame:
    """A table with a column a date, as radar series come (`D20200105`, `2020-01-05`), as one row a point and later date.

    points: positions, and at least two columns that are dates; what else is in it is left out. unit: of the values, e.g. "mm".
    Movements are counted from the first date (`since`). Raises InvalidInput for fewer than two dates, or an unknown unit.
    """
    import geopandas as gpd

    dated = sorted((at, c) for c in points.columns if c != points.geometry.name and (at := _date_of(str(c))) is not None)
    if len(dated) < 2:
        raise InvalidInput(say("subsidence.no_series", columns=[str(c) for c in points.columns if c != points.geometry.name]))
    if unit not in UNITS:
        raise InvalidInput(say("subsidence.series_unit", unit=unit, units=sorted(UNITS)))
    (first, origin), later = dated[0], dated[1:]
    base = np.asarray(points[origin], dtype=float)
    columns = {
        "subsidence_m": np.concatenate([np.asarray(points[c], dtype=float) - base for _, c in later]) * UNITS[unit][0],
        "since": np.full(len(points) * len(later), first),
        "year": np.repeat([at for at, _ in later], len(points)),
    }
    frame = gpd.GeoDataFrame(columns, geometry=np.tile(np.asarray(points.geometry), len(later)), crs=points.crs)
    return frame[frame["subsidence_m"].notna()].reset_index(drop=True)


def _date_of(heading: str) -> float | None:
    """The date, a decimal year, that a heading is; None where it is none."""
    found = DATE.fullmatch(heading.strip())
    if found is None:
        return None
    try:
        return period("-".join(found.groups())).end
    except InvalidInput:
        return None


@dataclass(frozen=True, eq=False)
class Observed:
    """Observations as flat arrays: points by the dates between which they moved, the points each kind was observed at, the
    stacked values, m. dates: since when (None: before all mining) and until when (None: all movement done)."""

    xy: Floats
    dates: tuple[tuple[float | None, float | None], ...]
    members: tuple[NDArray[np.int64], ...]
    kinds: Mapping[str, NDArray[np.int64]]
    observed: Floats
    frame: pd.DataFrame

    @property
    def together(self) -> list[NDArray[np.int64]]:
        """Observations whose errors may run on into each other, rows each: of one kind, line and date; of all dates where they
        are counted from one, whose own error is then in all of them."""
        keys = ["kind", "since", "line"] if "since" in self.frame.columns else ["kind", "year", "line"]
        of = self.frame.groupby(keys, dropna=False, sort=False).ngroup()
        return [np.flatnonzero(of == k) for k in range(int(of.max()) + 1)]


MOST_M: Final = 60.0  # m: more than any ground has moved over mines; what is larger is in another unit
FIELD_OF: Final = {"subsidence": 0, "east": 6, "north": 7}


def observed(table: gpd.GeoDataFrame, panels: gpd.GeoDataFrame) -> tuple[Observed, list[str]]:
    """A table of observations as arrays, and what was decided. Raises InvalidInput or CRSMismatch."""
    if table.crs is not None and table.crs != panels.crs:
        raise CRSMismatch(say("subsidence.observations_crs", theirs=table.crs.name, ours=panels.crs.name))
    table = understood(table, OBSERVED, role="observations")
    if "subsidence_m" not in table.columns and not {"east_mm", "north_mm"} & set(table.columns):
        raise InvalidInput(
            say("subsidence.no_observation_column", columns=[str(c) for c in table.columns if c != table.geometry.name])
        )
    notes = []
    xy = shapely.get_coordinates(np.asarray(table.geometry))
    since, year = (
        np.array([p.end for p in periods(table[c])]) if c in table.columns else np.full(len(table), np.nan)
        for c in ("since", "year")
    )
    if len(bad := np.flatnonzero(since >= year)):
        raise InvalidInput(say("subsidence.since_after", since=since[bad[0]], year=year[bad[0]]))
    kinds, parts, frames = {}, [], []
    for kind, column, unit in (("subsidence", "subsidence_m", 1.0), ("east", "east_mm", 1e-3), ("north", "north_mm", 1e-3)):
        if column not in table.columns:
            continue
        values = np.asarray(table[column], dtype=float) * unit
        use = np.flatnonzero(np.isfinite(values))
        values = values[use]
        if len(values) and float(np.abs(values).max()) > MOST_M:
            raise InvalidInput(
                say("subsidence.no_such_movement", column=column, value=float(np.abs(values).max()) / unit, most=MOST_M)
            )
        if kind == "subsidence" and len(values) and downward_negative(values):
            values = -values
            notes.append("subsidence_m is negative downward: its sign was turned.")
        kinds[kind] = use
        parts.append(values)
        line = table["line"].astype(str).to_numpy()[use] if "line" in table.columns else ""
        at = {"since": since[use]} if "since" in table.columns else {}
        frames.append(pd.DataFrame({"x": xy[use, 0], "y": xy[use, 1], **at, "year": year[use], "kind": kind, "line": line}))
    pairs, of = np.unique(np.column_stack([since, year]), axis=0, return_inverse=True, equal_nan=True)
    of = of.ravel()
    dates = tuple((None if np.isnan(a) else float(a), None if np.isnan(b) else float(b)) for a, b in pairs)
    members = tuple(np.flatnonzero(of == k) for k in range(len(dates)))
    return Observed(xy, dates, members, kinds, np.concatenate(parts), pd.concat(frames, ignore_index=True)), notes


def downward_negative(values: Floats) -> bool:
    """Whether subsidence is given as negative numbers: the far tail lies below zero."""
    low, high = np.quantile(values, [0.02, 0.98])
    return bool(-low > high and low < 0)
