"""Ground without a value under the polygons: refused, or, as a layer says, filled from its rim or cut off the polygons."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import rasterio.features
import shapely
from numpy.typing import NDArray
from rasterio.transform import Affine

from planner.core.terrain.owner import Rule, owner_of
from planner.core.terrain.voids import Voids, filled, voids
from planner.errors import InvalidInput
from planner.read.layers import cut_to
from planner.read.record import Record
from planner.scenario import Layer
from planner.site import Grid
from planner.units import M2_PER_MU, mu_from_m2
from planner.words import say


def without_holes(grid: Grid, layer: Layer, role: str, record: Record) -> Grid:
    """The grid with its closed holes of up to `fill_holes_mu` filled from their rims, told; as it is where none is asked.

    Cells are those of elevation, ground lost or a water table; NaN for missing.
    """
    if not layer.fill_holes_mu or not np.isnan(grid.values).any():
        return grid
    found = voids(grid.values)
    fits = found.closed & (found.cells * grid.cell_area <= layer.fill_holes_mu * M2_PER_MU * (1 + 1e-9))
    chosen = fits[found.of_cell]
    if not chosen.any():
        return grid
    area = float(mu_from_m2(np.count_nonzero(chosen) * grid.cell_area))
    record.warn(say("read.holes_filled", path=layer.path, role=role, n=int(fits.sum()), mu=area))
    return grid.like(filled(grid.values, chosen, grid.cell_x, grid.cell_y))


def covered(parcels: gpd.GeoDataFrame, grid: Grid, layer: Layer, role: str, record: Record) -> gpd.GeoDataFrame:
    """The parcels that a grid knows the ground of: all of them, or with `clip` what of them lies on cells with a value.

    Raises InvalidInput where parcels reach beyond the grid or over holes in it, naming the option that mends it.
    """
    west, south, east, north = grid.bounds
    frame = shapely.box(west, south, east, north)
    missing = np.isnan(grid.values)
    if layer.clip:
        holes = _outlines(missing & (_touched(parcels, grid)), grid) if missing.any() else []
        ground = shapely.difference(frame, shapely.union_all(holes)) if holes else frame
        return cut_to(parcels, ground, record, action=say("read.cut_no_ground"), nothing=say("read.no_ground", path=layer.path))
    _beyond(parcels, frame, layer, role)
    if missing.any():
        _hollow(parcels, grid, missing, layer, role)
    return parcels


def _touched(parcels: gpd.GeoDataFrame, grid: Grid) -> NDArray[np.bool_]:
    """The cells that parcels touch, (rows, cols)."""
    return owner_of(parcels.geometry.to_numpy(), grid.frame, rule=Rule.TOUCH) >= 0


def _outlines(cells: NDArray[np.bool_], grid: Grid) -> list[shapely.Geometry]:
    """The outlines of cells, as polygons of their edges."""
    found = rasterio.features.shapes(cells.astype(np.uint8), mask=cells, transform=Affine(*grid.transform))
    return [shapely.geometry.shape(outline) for outline, _ in found]


def _beyond(parcels: gpd.GeoDataFrame, frame: shapely.Polygon, layer: Layer, role: str) -> None:
    lost = parcels.geometry.difference(frame).area
    if float(lost.sum()) <= 1e-6 * float(parcels.area.sum()):
        return
    worst = lost.idxmax()
    out, of_worst = float(mu_from_m2(float(lost.sum()))), float(mu_from_m2(float(lost[worst])))
    raise InvalidInput(say("read.not_covered", path=layer.path, role=role, mu=out, parcel=str(worst), most=of_worst))


def _hollow(parcels: gpd.GeoDataFrame, grid: Grid, missing: NDArray[np.bool_], layer: Layer, role: str) -> None:
    of_cell = owner_of(parcels.geometry.to_numpy(), grid.frame)
    hit = missing & (of_cell >= 0)
    if not hit.any():
        return
    counts = np.bincount(of_cell[hit], minlength=len(parcels))
    worst = int(counts.argmax())
    row, col = (int(v[0]) for v in np.nonzero(hit & (of_cell == worst)))
    x, y = grid.frame.centre(row, col)
    said = {
        "path": layer.path,
        "role": role,
        "mu": float(mu_from_m2(float(hit.sum()) * grid.cell_area)),
        "parcel": str(parcels.index[worst]),
        "x": x,
        "y": y,
    }
    found = voids(grid.values)
    largest = _largest(found, hit)
    if largest is None:
        raise InvalidInput(say("read.edge_missing", **said))
    raise InvalidInput(say("read.hole", **said, fill=np.ceil(float(mu_from_m2(largest * grid.cell_area)) * 100) / 100))


def _largest(found: Voids, hit: NDArray[np.bool_]) -> int | None:
    """Cells of the largest hole that is hit; None where one of them reaches the grid's edge, so that filling does not do."""
    numbers = np.unique(found.of_cell[hit])
    return int(found.cells[numbers].max()) if found.closed[numbers].all() else None
