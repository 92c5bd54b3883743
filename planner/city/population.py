"""People of every residential polygon: from a column, a whole number spread by area, or a raster of people per cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.city.layers import Shapes
from planner.core.polygons.rings import rings_of
from planner.core.terrain.coverage import covered_cells
from planner.errors import InvalidInput
from planner.parameters import nearest
from planner.site import Grid
from planner.words import Message, say

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Residents:
    """People by residential polygon, (n,); of a raster those of the town on cells without homes."""

    by_home: Floats
    homeless: float = 0.0
    notes: tuple[Message, ...] = ()

    @property
    def total(self) -> float:
        """All people there are."""
        return float(self.by_home.sum()) + self.homeless


def from_number(people: float, residential: gpd.GeoDataFrame) -> Residents:
    """A whole number spread by area."""
    area = residential.geometry.area.to_numpy()
    return Residents(np.asarray(people * area / area.sum()))


def from_column(column: str, residential: gpd.GeoDataFrame) -> Residents:
    """A column of the polygons. Raises InvalidInput where it is missing or a row holds no number ≥ 0."""
    if column not in residential.columns:
        near = nearest(column, residential.columns)
        raise InvalidInput(say("city.no_people_column", column=column, near=near))
    people = pd.to_numeric(residential[column], errors="coerce").to_numpy(float)
    bad = np.flatnonzero(~(people >= 0))
    if bad.size:
        raise InvalidInput(say("city.bad_people", column=column, row=int(bad[0]) + 1))
    if not people.sum() > 0:
        raise InvalidInput(say("city.nobody", source=column))
    return Residents(np.asarray(people))


def from_grid(grid: Grid, homes: Shapes, town: Any, shown: str) -> Residents:
    """People of a raster of people per cell, each cell's spread over the residential ground in it, by area.

    grid: people per cell, NaN is nobody. homes: residential polygons, (n,), town: the built-up area, both on the grid. Of a
    cell without homes those count who live in the town, by area: a raster goes on over villages that are none of it.
    Raises InvalidInput where a cell holds less than nobody, or none a person. Source: dasymetric mapping, Mennis 2003.
    """
    people = np.nan_to_num(grid.values.ravel(), nan=0.0)
    if (people < 0).any():
        row, col = divmod(int(np.argmin(people)), grid.shape[1])
        raise InvalidInput(say("city.cell_below_zero", path=shown, row=row + 1, column=col + 1, value=float(people.min())))
    cells = covered_cells(*rings_of(homes), grid.frame)
    lived = np.bincount(cells.cell, cells.fraction, minlength=people.size)  # residential ground of each cell
    share = np.divide(cells.fraction, lived[cells.cell], out=np.zeros_like(cells.fraction), where=lived[cells.cell] > 0)
    home = np.repeat(np.arange(len(homes)), np.diff(cells.start))
    by_home = np.bincount(home, people[cells.cell] * share, minlength=len(homes))
    if not by_home.sum() > 0:
        raise InvalidInput(say("city.nobody", source=shown))
    built = covered_cells(*rings_of(np.array([town], dtype=object)), grid.frame)
    empty = lived[built.cell] == 0
    homeless = float((people[built.cell] * built.fraction)[empty].sum())
    all_there = float(by_home.sum()) + homeless
    said = say("city.people_outside", path=shown, people=homeless, all=all_there)
    return Residents(np.asarray(by_home), homeless, (said,) if homeless >= 1.0 else ())
