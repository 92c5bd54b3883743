"""The lines that parcels are cut along: contours of depth and water, boundaries, and a square lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import contourpy
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from planner.core.terrain.flood import sources_of
from planner.core.terrain.merge_tree import merge_tree, significant
from planner.core.terrain.neighbours import EDGES
from planner.core.terrain.smoothing import chosen, smooth

if TYPE_CHECKING:
    from planner.site import Grid

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]

CHUNK = 48  # vertices a line is broken into, so that what lies far from every parcel can be left out cheaply
REACH = 3  # samples kept around the parcels, so that contours run out of them instead of ending inside
BLOCK = 64  # samples between the places where lines are pinned while they are simplified
TRUNCATE = 3.0  # standard deviations at which the Gaussian ends


class Field(NamedTuple):
    """Values (rows, cols) at points x (cols,) and y (rows,), both ascending, m.

    column, row: number of the first sample on the lattice of all samples, which does not move with the field's extent.
    """

    x: Floats
    y: Floats
    values: Floats
    column: int
    row: int


def smoothed(grid: Grid, bounds: tuple[float, float, float, float], *, radius_m: float) -> Field:
    """A grid's values around `bounds`, thinned to a third of the radius and smoothed by a Gaussian of that radius.

    Planning lines follow the lie of the land, not a ditch or a centimetre of noise. Missing cells take the nearest known
    value and the edge is continued outward, so that a contour never ends inside a parcel. A sample within `bounds` depends on
    the ground around it, not on the bounds.

    bounds: west, south, east, north, m. radius_m: standard deviation of the Gaussian, m.
    Returns an empty field where no cell is known.
    """
    step = max(1, int(radius_m / 3.0 / max(grid.cell_x, grid.cell_y)))
    margin = step * (REACH + 2 + int(TRUNCATE * radius_m / (step * min(grid.cell_x, grid.cell_y))))
    south = grid.bounds[1]
    start = [int(np.floor(v + 1e-6)) for v in (grid.west / grid.cell_x, south / grid.cell_y)]
    cols = _window(
        (bounds[0] - grid.west) / grid.cell_x, (bounds[2] - grid.west) / grid.cell_x, grid.shape[1], margin, step, start[0]
    )
    rows = _window((bounds[1] - south) / grid.cell_y, (bounds[3] - south) / grid.cell_y, grid.shape[0], margin, step, start[1])
    values = _averaged(grid, rows, cols, step, radius_m)
    if values is None:
        return Field(np.empty(0), np.empty(0), np.empty((0, 0)), 0, 0)
    x = grid.west + (cols.reshape(-1, step).mean(axis=1) + 0.5) * grid.cell_x
    y = south + (rows.reshape(-1, step).mean(axis=1) + 0.5) * grid.cell_y
    return Field(x, y, values, (int(cols[0]) + start[0]) // step, (int(rows[0]) + start[1]) // step)


def _averaged(grid: Grid, rows: NDArray[np.int64], cols: NDArray[np.int64], step: int, radius_m: float) -> Floats | None:
    """A grid's cells of rows, counted from the south, and columns, step × step of them together, smoothed; None where none is
    known, the nearest known one where one is missing."""
    shape = (len(rows) // step, step, len(cols) // step, step)
    if (level := grid.level) is not None:
        return np.full(shape[::2], level) if np.isfinite(level) else None
    values = chosen(grid.values, grid.shape[0] - 1 - rows.clip(0, grid.shape[0] - 1), cols.clip(0, grid.shape[1] - 1))
    known = np.isfinite(values)
    if not known.any():
        return None
    if not known.all():
        nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
        values = values[tuple(nearest)]
    values = values.reshape(shape).mean(axis=(1, 3)) if step > 1 else values
    smooth(values, (radius_m / (step * grid.cell_y), radius_m / (step * grid.cell_x)), TRUNCATE)
    return values


def _window(low: float, high: float, size: int, margin: int, step: int, start: int) -> NDArray[np.int64]:
    """Cell numbers from low to high with a margin, at most one grid's width beyond the grid.

    They begin and end on whole steps counted from where the CRS begins, `start` cells before the grid.
    """
    first = max(int(np.floor(low)) - margin, -size)
    last = min(int(np.ceil(high)) + margin, 2 * size)
    first = (first + start) // step * step - start
    count = max(-(-(last - first) // step), 2) * step
    return np.arange(first, first + count)


def contours(field: Field, levels: list[float], *, tolerance_m: float, min_area_m2: float) -> Geometries:
    """Contour lines of a field's triangulated surface at the levels, simplified, without closed rings smaller than an area.

    tolerance_m: how far a simplified line may leave the contour.
    Returns LineStrings.
    """
    if field.values.size == 0 or not levels:
        return np.empty(0, dtype=object)
    generator = contourpy.contour_generator(field.x, field.y, field.values, name="serial", quad_as_tri=True)
    found = [np.asarray(line, dtype=np.float64) for level in levels for line in generator.lines(level)]
    found = [line for line in found if len(line) > 1]
    if not found:
        return np.empty(0, dtype=object)
    number = np.repeat(np.arange(len(found)), [len(line) for line in found])
    raw = np.asarray(shapely.linestrings(np.concatenate(found), indices=number), dtype=object)
    ring = shapely.is_closed(raw) & (shapely.get_num_coordinates(raw) >= 4)
    area = np.zeros(len(raw))
    points, line = shapely.get_coordinates(raw[ring], return_index=True)
    area[ring] = shapely.area(shapely.polygons(shapely.linearrings(points, indices=line)))
    return _simplified(raw[(~shapely.is_closed(raw)) | (area >= min_area_m2)], field, 0.0, tolerance_m)


def _simplified(lines: Geometries, field: Field, offset: float, tolerance_m: float) -> Geometries:
    """Lines simplified stretch by stretch between the places where they cross every BLOCKth line of the samples' lattice.

    So a line's shape depends on the ground nearby, not on where the line begins far away. offset: of the lines' vertices from
    the samples, in samples.
    """
    points, line = shapely.get_coordinates(lines, return_index=True)
    if not len(points):
        return np.empty(0, dtype=object)
    pinned = np.zeros(len(points), dtype=bool)
    for value, at, first in ((points[:, 0], field.x, field.column), (points[:, 1], field.y, field.row)):
        number = (value - at[0]) / (at[1] - at[0]) + offset
        whole = np.round(number)
        pinned |= (np.abs(number - whole) < 1e-6) & ((whole + first) % BLOCK == 0)
    new = np.append(True, line[1:] != line[:-1])
    pinned &= ~new & ~np.append(new[1:], True)
    twice = np.repeat(np.arange(len(points)), 1 + pinned)  # a pinned point ends one stretch and begins the next
    begins = np.append(True, (line[twice[1:]] != line[twice[:-1]]) | (twice[1:] == twice[:-1]))
    number = np.cumsum(begins) - 1
    raw = shapely.normalize(shapely.linestrings(points[twice], indices=number))
    simple = np.asarray(shapely.simplify(raw, tolerance_m, preserve_topology=False), dtype=object)
    return np.asarray(simple[shapely.length(simple) > 0], dtype=object)


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
    bottom = sources_of(ground.values, basins.pit, EDGES).reshape(rows, cols)
    hollow = tree.label > 0
    r, c = np.nonzero((bottom[:, 1:] != bottom[:, :-1]) & hollow[:, 1:] & hollow[:, :-1])
    upright = np.stack([ground.x[c] + dx / 2, ground.y[r] - dy / 2, ground.x[c] + dx / 2, ground.y[r] + dy / 2], axis=1)
    r, c = np.nonzero((bottom[1:] != bottom[:-1]) & hollow[1:] & hollow[:-1])
    level = np.stack([ground.x[c] - dx / 2, ground.y[r] + dy / 2, ground.x[c] + dx / 2, ground.y[r] + dy / 2], axis=1)
    points = np.round(np.concatenate([upright, level]).reshape(-1, 2, 2), 6)  # ends that meet are the same to the last bit
    merged = shapely.line_merge(shapely.union_all(shapely.linestrings(points)))
    return _simplified(np.asarray(shapely.get_parts(merged), dtype=object), ground, 0.5, 1.5 * max(dx, dy))


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


def lattice(parcels: Geometries, side_m: float, origin: Floats) -> Geometries:
    """Lines of a square lattice across the parcels' extents.

    side_m: distance between lines, m. origin: (2,) where the parcels' zero lies in the CRS: the lattice stands in the CRS and
    does not move with it.
    """
    lines = []
    for west, south, east, north in shapely.bounds(parcels) + np.tile(origin, 2):
        i0, i1 = int(np.floor(west / side_m)), int(np.ceil(east / side_m))
        j0, j1 = int(np.floor(south / side_m)), int(np.ceil(north / side_m))
        xs, ys = np.arange(i0, i1 + 1) * side_m - origin[0], np.arange(j0, j1 + 1) * side_m - origin[1]
        lines += [((x, ys[0]), (x, ys[-1])) for x in xs[1:-1]] + [((xs[0], y), (xs[-1], y)) for y in ys[1:-1]]
    if not lines:
        return np.empty(0, dtype=object)
    return np.asarray(shapely.linestrings(np.unique(np.array(lines), axis=0)), dtype=object)
