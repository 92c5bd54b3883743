"""Cuts a site's parcels into planning units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.core.polygons.shared import Shared, shared_segments
from planner.errors import CRSMismatch, InvalidInput
from planner.partition import lines, merging, planar
from planner.placing import reach_outlines
from planner.site import largest_unit_mu
from planner.tables import Partition
from planner.units import m2_from_mu
from planner.words import say

if TYPE_CHECKING:
    from planner.site import Grid, Site

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]

ORIGIN_M = 65_536.0  # the local origin is a whole multiple of this, so that it stays where it is when a parcel is added
TOUCH_M = 1e-3  # units that share less only touch: lines that met in a point were moved apart by the noding's grid
LONGEST = 2.5  # sides of the largest square unit that a unit may be long before the lattice cuts it


def partition(site: Site, *, cuts: gpd.GeoSeries | None = None) -> Partition:
    """The site's parcels cut into planning units: along contours, divides between hollows, constraints, and a lattice.

    First the ground is cut along lines that mean something (parcels, constraints, distances that are asked for, contours,
    divides, `cuts`) and pieces below
    `partition.min_unit_mu` or `partition.min_width_m` are merged into their neighbours within the parcel. What is then still
    above `partition.max_unit_mu` is cut along a square lattice anchored to the CRS. No area is lost, shared borders are the
    same points on both sides, and ids (parcel, then number from north-west to south-east) depend on the geometry alone.

    cuts: more lines to cut along in the site's CRS, e.g. the edges of a district. A sliver whose only neighbours are full is
    merged all the same; a parcel, or a part of one, below the minimum is kept whole.
    Raises InvalidInput where there are no parcels, or the sizes contradict each other; CRSMismatch for cuts from elsewhere.

    Examples
    --------
    >>> import planner as pl
    >>> site = pl.samples.aidans()
    >>> units = pl.partition(site).units
    >>> bool(abs(units.area.sum() / site.parcels.area.sum() - 1) < 1e-9)  # no area is lost
    True
    """
    if cuts is not None and cuts.crs is not None and cuts.crs != site.parcels.crs:
        raise CRSMismatch(say("partition.cuts_crs", theirs=cuts.crs.name, ours=site.crs.name))
    min_m2, max_m2 = _sizes(site)
    parcels = site.parcels.sort_index()
    if parcels.empty:
        raise InvalidInput(say("partition.no_parcels", site=site.name or "site"))
    origin = np.floor(parcels.total_bounds[:2] / ORIGIN_M) * ORIGIN_M
    shapes = _moved(parcels.geometry.to_numpy(), -origin)
    constraints = _shapes(None if site.constraints is None else site.constraints.geometry, origin)
    constraints = np.concatenate([constraints, _shapes(reach_outlines(site), origin)])
    meaningful = [_drawn(site, origin, min_m2), _shapes(cuts, origin), constraints]
    side_m = float(np.sqrt(max(max_m2 - 2 * min_m2, max_m2 / 2)))
    linework = [shapely.normalize(shapely.boundary(shapes)), lines.near(_linework(meaningful), shapes)]
    atoms = planar.faces(np.concatenate([*linework, lines.lattice(shapes, side_m, origin)]))
    owner = planar.owners(atoms, shapes)
    atoms, owner = atoms[owner >= 0], owner[owner >= 0]
    shared = shared_segments(atoms)
    side = planar.sides(atoms, constraints)
    width = site.scenario.number("partition.min_width_m")
    on_lattice = _on_lattice(shared, side_m, origin)
    unit = _merged(atoms, owner, side, shared, on_lattice, min_m2=min_m2, min_width_m=width, max_m2=max_m2)
    return _as_partition(atoms, owner, unit, shared, parcels, origin=origin, side_m=side_m)


def _sizes(site: Site) -> tuple[float, float]:
    """Smallest and largest unit, m²."""
    low = site.scenario.number("partition.min_unit_mu")
    high = largest_unit_mu(site.scenario, site.terrain, float(site.parcels.area.sum()))
    if not 0 <= low <= high / 4 or high <= 0:
        raise InvalidInput(say("partition.sizes", low=low, high=high))
    return float(m2_from_mu(low)), float(m2_from_mu(high))


def _moved(shapes: Geometries, by: Floats) -> Geometries:
    """Geometries shifted by a whole number of metres, which doubles do exactly, without z."""
    return np.asarray(shapely.transform(shapely.force_2d(shapes), lambda points: points + by), dtype=object)


def _shapes(given: gpd.GeoSeries | None, origin: Floats) -> Geometries:
    """Extra geometries around the local origin in an order that does not depend on the file's."""
    if given is None:
        return np.empty(0, dtype=object)
    shapes = given.to_numpy()
    shapes = shapely.normalize(_moved(shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))], -origin))
    return np.asarray(shapes[np.argsort(shapely.to_wkb(shapes))], dtype=object)


def _linework(groups: list[Geometries]) -> Geometries:
    """All lines of the groups, and the outlines of their polygons, as single LineStrings."""
    parts = shapely.get_parts(np.concatenate(groups))
    while (nested := shapely.get_type_id(parts) == shapely.GeometryType.GEOMETRYCOLLECTION).any():
        parts = np.concatenate([parts[~nested], shapely.get_parts(parts[nested])])
    areal = shapely.get_dimensions(parts) == 2
    rings = [shapely.get_rings(parts[areal]), parts[shapely.get_type_id(parts) == shapely.GeometryType.LINEARRING]]
    points, ring = shapely.get_coordinates(np.concatenate(rings), return_index=True)
    lineal = (shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING) & ~shapely.is_empty(parts)
    return np.asarray(np.concatenate([parts[lineal], shapely.linestrings(points, indices=ring)]), dtype=object)


def _drawn(site: Site, origin: Floats, min_m2: float) -> Geometries:
    """Contours of depth at the breaks and of the water's stands on the ground, and the divides between hollows.

    They are drawn over all ground that is known, so that hollows and rings beyond the parcels are whole.
    """
    value = site.scenario.number
    radius = value("partition.smoothing_m")
    both = shapely.total_bounds([shapely.box(*site.parcels.total_bounds), shapely.box(*site.terrain.bounds)])

    def field(grid: Grid) -> lines.Field:
        smooth = lines.smoothed(grid, tuple(both.tolist()), radius_m=radius)
        return smooth._replace(x=smooth.x - origin[0], y=smooth.y - origin[1])

    def contours(field: lines.Field, levels: list[float]) -> Geometries:
        return lines.contours(field, levels, tolerance_m=radius / 20, min_area_m2=min_m2)

    stands = (site.water_table.normal, site.water_table.dry, site.water_table.wet)
    taken = [depth for depth in map(site.depth_of, stands) if depth is not None]  # water stands where so much was lost
    breaks = {float(v) for v in site.scenario.value("partition.depth_breaks_m")}
    found = [contours(field(site.subsidence), sorted(breaks.union(taken)))]
    ground, level = field(site.terrain), site.scenario.reservoir.level_m
    for stand in stands if ground.values.size else ():
        if site.depth_of(stand) is None and (table := field(stand)).values.size:
            found.append(contours(ground._replace(values=ground.values - table.values), [0.0]))
    if level is not None and not any(_flat_at(stand, level) for stand in stands):
        found.append(contours(ground, [level]))
    least = {"min_volume_m3": value("measure.hollow_min_volume_m3"), "min_depth_m": value("measure.hollow_min_depth_m")}
    return np.concatenate([*found, lines.divides(ground, **least)])


def _flat_at(stand: Grid, level_m: float) -> bool:
    """Whether a water table is level at an elevation, so that its shore is the lake's shore already."""
    known = stand.values[np.isfinite(stand.values)]
    return bool(len(known)) and bool(np.all(np.abs(known - level_m) < 1e-6))


def _on_lattice(shared: Shared, side_m: float, origin: Floats) -> NDArray[np.bool_]:
    """Which segments run along a line of the lattice, not merely from one of its lines to another."""
    slack = 2 * planar.GRID_M
    off = np.abs((shared.start + origin + side_m / 2) % side_m - side_m / 2)
    return np.asarray(((off <= slack) & (np.abs(shared.start - shared.end) <= slack)).any(axis=1))


def _merged(
    atoms: Geometries,
    owner: Ints,
    side: Ints,
    shared: Shared,
    on_lattice: NDArray[np.bool_],
    *,
    min_m2: float,
    min_width_m: float,
    max_m2: float,
) -> Ints:
    """The unit of each face: slivers of the natural regions first, then the lattice's pieces within each region.

    A region within the maximum stays whole, unless it is a long strip.
    """
    area = shapely.area(atoms)
    a, b, length = shared.a, shared.b, shared.length
    inner = owner[a] == owner[b]
    same = inner & on_lattice & (side[a] == side[b])
    region = merging.connected(len(area), a[same], b[same])
    count = int(region.max(initial=-1)) + 1
    region_side = np.zeros(count, dtype=np.int64)
    region_side[region] = side
    outline = shapely.length(atoms)
    links = merging.totals(region[a[inner]], region[b[inner]], length[inner])
    inside = region[a] == region[b]
    around = _sums(region, outline) - 2 * np.bincount(region[a[inside]], length[inside], count)
    kept = merging.absorbed(_sums(region, area), around, region_side, links, min_m2=min_m2, min_width_m=min_width_m)
    region = merging.renumbered(kept[region])
    within = inner & (region[a] == region[b])
    links = merging.totals(a[within], b[within], length[within])
    whole = (_sums(region, area) <= max_m2) & (_extent(atoms, region) <= LONGEST * np.sqrt(max_m2))
    piece = merging.absorbed(area, outline, side, links, min_m2=min_m2, max_m2=max_m2)
    return merging.renumbered(np.where(whole[region], len(area) + region, piece))


def _extent(atoms: Geometries, group: Ints) -> Floats:
    """The longer side of each group's bounding box, m."""
    bounds = shapely.bounds(atoms)
    low, high = np.full((int(group.max(initial=-1)) + 1, 2), np.inf), np.full((int(group.max(initial=-1)) + 1, 2), -np.inf)
    np.minimum.at(low, group, bounds[:, :2])
    np.maximum.at(high, group, bounds[:, 2:])
    return np.asarray((high - low).max(axis=1, initial=0.0), dtype=np.float64)


def _sums(group: Ints, values: Floats) -> Floats:
    return np.asarray(np.bincount(group, values), dtype=np.float64)


def _as_partition(
    atoms: Geometries,
    owner: Ints,
    unit: Ints,
    shared: Shared,
    parcels: gpd.GeoDataFrame,
    *,
    origin: Floats,
    side_m: float,
) -> Partition:
    """Units dissolved, numbered within their parcel in reading order, with the borders between them."""
    count = int(unit.max(initial=-1)) + 1
    shapes = _moved(planar.dissolved(atoms, unit, count), origin)
    parcel = np.zeros(count, dtype=np.int64)
    parcel[unit] = owner
    lost = np.setdiff1d(np.arange(len(parcels)), parcel)
    shapes = np.concatenate([shapes, parcels.geometry.to_numpy()[lost]])
    parcel = np.concatenate([parcel, lost])
    ids = _ids(shapes, parcel, parcels.index.astype(str).to_numpy(), side_m)
    frame = gpd.GeoDataFrame(
        {"parcel_id": parcels.index.to_numpy()[parcel]},
        geometry=shapely.normalize(shapes),
        index=pd.Index(ids, name="unit_id"),
        crs=parcels.crs,
    ).sort_index()
    a, b, length = merging.totals(unit[shared.a], unit[shared.b], shared.length)
    names = np.array([ids[a], ids[b]], dtype=object)
    names.sort(axis=0)
    borders = pd.DataFrame({"unit_a": names[0], "unit_b": names[1], "length_m": length})[length > TOUCH_M]
    return Partition(frame, borders.sort_values(["unit_a", "unit_b"], ignore_index=True))


def _ids(shapes: Geometries, parcel: Ints, parcel_ids: NDArray[np.object_], side_m: float) -> NDArray[np.object_]:
    """Parcel id and number, row by row of the lattice from the north-west; as many digits as the parcel needs, at least 3."""
    at = np.round(shapely.get_coordinates(shapely.centroid(shapes)), 3)
    row, column = -np.floor(at[:, 1] / side_m), np.floor(at[:, 0] / side_m)
    order = np.lexsort((shapely.area(shapes), at[:, 0], -at[:, 1], column, row, parcel))
    per_parcel = np.bincount(parcel, minlength=len(parcel_ids))
    first = np.cumsum(per_parcel) - per_parcel
    number = np.empty(len(shapes), dtype=np.int64)
    number[order] = np.arange(len(shapes)) - first[parcel[order]] + 1
    digits = np.maximum(3, np.char.str_len(per_parcel.astype(str)))
    names = [f"{parcel_ids[p]}-{n:0{d}d}" for p, n, d in zip(parcel, number, digits[parcel], strict=True)]
    return np.array(names, dtype=object)
