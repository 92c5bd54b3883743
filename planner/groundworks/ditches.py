"""Ditches by which filled land drains to a lake or off the site, as lines with a section."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from planner.core.terrain.ditching import Ditches, drained, ponded
from planner.core.terrain.straightening import corners

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.site import Grid

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

POND_M: Final = 0.1  # shallower hollows of a platform drain by their crossfall
TURNS: Final = 6  # of straightening, checking and taking back
NEAR_CELLS: Final = 5  # from ponded ground within which a ditch's bend may matter
AHEAD: Final = 80  # cells that a straight piece of a ditch looks ahead at most
DEEPER_M: Final = 0.1  # that a straight piece may lie deeper in the ground than the way round
COLUMNS: Final = ("ditch_id", "length_m", "head_m", "end_m", "deepest_m", "cut_m3", "geometry")


def ditches(plan: Plan, ground: Grid, wanted: Flags, water: Grid) -> gpd.GeoDataFrame:
    """Ditches that drain wanted cells of a finished ground; lines with heights of their bottom.

    water: the level of the water that stands on cells by design, m. Columns: length_m, head_m and end_m (bottom, m), deepest_m
    below the ground, cut_m3 of a section `earthwork.ditch_width_m` wide at its bottom with sides of 1:`earthwork.slope_dry`.
    """
    scenario = plan.site.scenario
    surface, outlets = _standing(ground, water)
    fall = scenario.number("earthwork.ditch_fall")
    found = drained(surface, outlets, wanted, (ground.cell_x, ground.cell_y), fall=fall, pond_m=POND_M)
    section = scenario.number("earthwork.ditch_width_m"), scenario.number("earthwork.slope_dry")
    kept = corners(found[:3], surface, outlets, (ground.cell_x, ground.cell_y), ahead=AHEAD, deeper_m=DEEPER_M)
    plain, lines = (_points(found, at, ground) for at in (np.arange(len(found.cell)), kept))
    for turn in range(TURNS):
        made = _frame(lines, surface, ground, section, plan)
        bent = np.array([len(line) < len(way) for line, way in zip(lines, plain, strict=True)], dtype=bool)
        left = undrained(ground, water, made) & wanted if bent.any() else np.zeros(ground.shape, dtype=bool)
        if not left.any():
            break
        # A bend may be what drains the ground beside it: ditches that pass there keep theirs, in the end all.
        near = ndimage.binary_dilation(left, iterations=NEAR_CELLS)
        back = np.array([near[ground.frame.cell(way[:, 0], way[:, 1])].any() for way in plain]) & bent
        back = back if turn < TURNS - 2 and back.any() else bent
        lines = [way if whole else line for way, line, whole in zip(plain, lines, back, strict=True)]
    return made


def _points(found: Ditches, kept: NDArray[np.int64], ground: Grid) -> list[Floats]:
    """Some of the cells of every ditch from its head on, (m, 3) each: x, y, bottom, m."""
    points = np.column_stack([*ground.frame.centre_of(found.cell[kept]), found.bottom[kept]])
    return np.split(points, np.searchsorted(kept, found.start[1:-1])) if len(found.start) > 1 else []


def _sampled(line: Floats, ground: Grid) -> Floats:
    """Points along a line at most half a cell apart, (m, 3)."""
    step = min(ground.cell_x, ground.cell_y) / 2
    return np.asarray(shapely.get_coordinates(shapely.segmentize(shapely.LineString(line), step), include_z=True))


def _frame(lines: list[Floats], surface: Floats, ground: Grid, section: tuple[float, float], plan: Plan) -> gpd.GeoDataFrame:
    rows = [(f"D{k + 1}", *_measured(line, surface, ground, section)) for k, line in enumerate(lines)]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=list(COLUMNS)), geometry="geometry", crs=plan.site.crs)


def undrained(ground: Grid, water: Grid, lines: gpd.GeoDataFrame) -> Flags:
    """Cells of a finished ground that stand ponded although the ditches are there, (rows, cols)."""
    surface, outlets = _standing(ground, water)
    for line in lines.geometry:
        x, y, bottom = _sampled(shapely.get_coordinates(line, include_z=True), ground).T
        np.minimum.at(surface, ground.frame.cell(x, y), bottom)
    return ponded(surface, outlets, POND_M)


def _standing(ground: Grid, water: Grid) -> tuple[NDArray[np.float64], Flags]:
    """The ground with the level of the water that stands on it by design, m, and where it stands, (rows, cols) each."""
    outlets = np.isfinite(water.values)
    return np.where(outlets, water.values, ground.values), outlets


def _measured(line: Floats, surface: Floats, ground: Grid, section: tuple[float, float]) -> tuple[object, ...]:
    """Length, heights, greatest depth and digging of a ditch, and its line."""
    x, y, bottom = _sampled(line, ground).T
    deep = np.maximum(surface[ground.frame.cell(x, y)] - bottom, 0.0)
    width, side = section
    area = (width + side * deep) * deep
    step = np.hypot(np.diff(x), np.diff(y))
    cut = float((step * (area[1:] + area[:-1]) / 2).sum())
    return float(step.sum()), float(bottom[0]), float(bottom[-1]), float(deep.max()), cut, shapely.LineString(line)
