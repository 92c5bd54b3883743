"""The lines that parcels are cut along: contours of depth and water, boundaries, and a square lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import contourpy
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from planner.core.flood import flood
from planner.core.merge_tree import merge_tree, significant

if TYPE_CHECKING:
    from planner.site import Grid

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]

CHUNK = 48  # vertices a contour is broken into, so that what lies far from every parcel can be left out cheaply
REACH = 3  # cells kept around the parcels, so that contours run out of them instead of ending inside


class Field(NamedTuple):
    """Values (rows, cols) at points x (cols,) and y (rows,), both ascending, m."""

    x: Floats
    y: Floats
    values: Floats


def smoothed(grid: Grid, bounds: tuple[float, float, float, float], *, radius_m: float) -> Field:
    """A grid's values around `bounds`, thinned to a third of the radius and smoothed by a Gaussian of that radius.

    Planning lines follow the lie of the land, not a ditch or a centimetre of noise. Missing cells take the nearest known
    value and the edge is continued outward, so that a contour never ends inside a parcel.

    bounds: west, south, east, north, m. radius_m: standard deviation of the Gaussian, m.
    Returns an empty field where no cell is known.
    """
    step = max(1, int(radius_m / 3.0 / max(grid.cell_x, grid.cell_y)))
    margin = REACH * step + int(2 * radius_m / min(grid.cell_x, grid.cell_y))
    west, south, east, north = bounds
    cols = _window((west - grid.west) / grid.cell_x, (east - grid.west) / grid.cell_x, grid.shape[1], margin, step)
    rows = _window((grid.north - north) / grid.cell_y, (grid.north - south) / grid.cell_y, grid.shape[0], margin, step)
    values = grid.values[np.ix_(rows.clip(0, grid.shape[0] - 1), cols.clip(0, grid.shape[1] - 1))]
    known = np.isfinite(values)
    if not known.any():
        return Field(np.empty(0), np.empty(0), np.empty((0, 0)))
    if not known.all():
        nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
        values = values[tuple(nearest)]
    shape = (len(rows) // step, step, len(cols) // step, step)
    values = values.reshape(shape).mean(axis=(1, 3))
    sigma = (radius_m / (step * grid.cell_y), radius_m / (step * grid.cell_x))
    values = ndimage.gaussian_filter(values, sigma, mode="nearest", truncate=3.0)
    x = grid.west + (cols.reshape(-1, step).mean(axis=1) + 0.5) * grid.cell_x
    y = grid.north - (rows.reshape(-1, step).mean(axis=1) + 0.5) * grid.cell_y
    return Field(x, y[::-1], np.ascontiguousarray(values[::-1]))


def _window(low: float, high: float, size: int, margin: int, step: int) -> NDArray[np.int64]:
    """Cell numbers from low to high with a margin, on whole steps, at most one grid's width beyond the grid."""
    first = max(int(np.floor(low)) - margin, -size)
    last = min(int(np.ceil(high)) + margin, 2 * size)
    first = int(np.floor(first / step)) * step
    count = max(-(-(last - first) // step), 2) * step
    return np.arange(first, first + count)


def contours(field: Field, levels: list[float], *, tolerance_m: float, min_area_m2: float) -> Geometries:
    """Contour lines of a field at the levels, simplified, without closed rings smaller than an area.

    tolerance_m: how far a simplified line may leave the contour.
    Returns LineStrings.
    """
    if field.values.size == 0 or not levels:
        return np.empty(0, dtype=object)
    generator = contourpy.contour_generator(field.x, field.y, field.values, name="serial")
    found = [np.asarray(line, dtype=np.float64) for level in levels for line in generator.lines(level)]
    found = [line for line in found if len(line) > 1]
    if not found:
        return np.empty(0, dtype=object)
    number = np.repeat(np.arange(len(found)), [len(line) for line in found])
    raw = np.asarray(shapely.linestrings(np.concatenate(found), indices=number), dtype=object)
    simple = np.asarray(shapely.simplify(raw, tolerance_m, preserve_topology=False), dtype=object)
    ring = shapely.is_closed(simple) & (shapely.get_num_coordinates(simple) >= 4)
    area = np.zeros(len(simple))
    points, line = shapely.get_coordinates(simple[ring], return_index=True)
    area[ring] = shapely.area(shapely.polygons(shapely.linearrings(points, indices=line)))
    kept = (~shapely.is_closed(simple)) | (area >= min_area_m2)
    return np.asarray(simple[kept & (shapely.length(simple) > 0)], dtype=object)


def divides(ground: Field, *, min_volume_m3: float, min_depth_m: float) -> Geometries:
    """Lines between neighbouring hollows that matter, where the water of one could meet the water of the other.

    min_volume_m3, min_depth_m: smaller hollows are part of the one they spill to. Every cell of a hollow goes with the bottom
    it drains to; land that holds no water has no divide. Returns LineStrings.
    """
    rows, cols = ground.values.shape
    if rows < 2 or cols < 2:
        return np.empty(0, dtype=object)
    dx, dy = ground.x[1] - ground.x[0], ground.y[1] - ground.y[0]
    tree = merge_tree(ground.values, neighbours=4)
    basins = significant(tree, min_volume=min_volume_m3 / (dx * dy), min_depth=min_depth_m)
    if len(basins.pit) < 2:
        return np.empty(0, dtype=object)
    bottom = _roots(flood(ground.values, basins.pit, False).came_from).reshape(rows, cols)
    hollow = tree.label > 0
    r, c = np.nonzero((bottom[:, 1:] != bottom[:, :-1]) & hollow[:, 1:] & hollow[:, :-1])
    upright = np.stack([ground.x[c] + dx / 2, ground.y[r] - dy / 2, ground.x[c] + dx / 2, ground.y[r] + dy / 2], axis=1)
    r, c = np.nonzero((bottom[1:] != bottom[:-1]) & hollow[1:] & hollow[:-1])
    level = np.stack([ground.x[c] - dx / 2, ground.y[r] + dy / 2, ground.x[c] + dx / 2, ground.y[r] + dy / 2], axis=1)
    points = np.round(np.concatenate([upright, level]).reshape(-1, 2, 2), 6)  # ends that meet are the same to the last bit
    merged = shapely.line_merge(shapely.union_all(shapely.linestrings(points)))
    return np.asarray(shapely.simplify(shapely.get_parts(merged), 1.5 * max(dx, dy)), dtype=object)


def _roots(came_from: NDArray[np.int32]) -> NDArray[np.int32]:
    """The source each cell's water came from."""
    root = came_from
    while not np.array_equal(further := root[root], root):
        root = further
    return root


def near(lines: Geometries, parcels: Geometries) -> Geometries:
    """The stretches of the lines that may cross a parcel, as LineStrings of at most CHUNK vertices."""
    pieces: list[Geometries] = []
    for line in lines:
        points = shapely.get_coordinates(line)
        starts = range(0, max(len(points) - 1, 1), CHUNK)
        pieces.append(np.array([shapely.linestrings(points[s : s + CHUNK + 1]) for s in starts], dtype=object))
    if not pieces:
        return np.empty(0, dtype=object)
    chunks = np.concatenate(pieces)
    shapely.prepare(parcels)
    hit = shapely.STRtree(chunks).query(parcels, predicate="intersects")[1]
    return np.asarray(chunks[np.unique(hit)], dtype=object)


def lattice(parcels: Geometries, side_m: float, origin: tuple[float, float]) -> Geometries:
    """Lines of a square lattice across the parcels' extents.

    side_m: distance between lines, m. origin: a point of the lattice, so that it does not move with the parcels.
    """
    lines = []
    x0, y0 = origin
    for west, south, east, north in shapely.bounds(parcels):
        i0, i1 = int(np.floor((west - x0) / side_m)), int(np.ceil((east - x0) / side_m))
        j0, j1 = int(np.floor((south - y0) / side_m)), int(np.ceil((north - y0) / side_m))
        xs, ys = x0 + np.arange(i0, i1 + 1) * side_m, y0 + np.arange(j0, j1 + 1) * side_m
        lines += [((x, ys[0]), (x, ys[-1])) for x in xs[1:-1]] + [((xs[0], y), (xs[-1], y)) for y in ys[1:-1]]
    if not lines:
        return np.empty(0, dtype=object)
    return np.asarray(shapely.linestrings(np.unique(np.array(lines), axis=0)), dtype=object)
