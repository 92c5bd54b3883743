"""Measure: the facts of every planning unit, from covered fractions of the terrain's cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from planner.columns import FACTS
from planner.core.polygons.rings import rings_of
from planner.core.terrain.coverage import Cells, covered_cells, main_owner
from planner.core.terrain.flood import next_deeper, rise
from planner.core.terrain.hypsometry import Hypsometry
from planner.core.terrain.merge_tree import MergeTree, merge_tree, significant
from planner.core.terrain.neighbours import EDGES
from planner.core.terrain.slope import slope_degrees
from planner.core.terrain.zonal import Summary, summarise
from planner.design import edges, lake_levels, water_surface
from planner.ellipsoid import ellipsoidal_m2
from planner.errors import CRSMismatch
from planner.landuse import CHOICES
from planner.placing import place_facts
from planner.protection import WORKS, in_force
from planner.scenario import DEPTH_COLUMN, Layer
from planner.schedule import phase_of, works_years
from planner.tables import Ground, Measures, Partition
from planner.units import mu_from_m2
from planner.words import say

if TYPE_CHECKING:
    from planner.site import Grid, Site

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WHOLE_CELLS: Final = 4  # areas of a cell below which even a square parcel need not hold one whole cell
TOUCH_SHARE: Final = 1e-3  # a constraint is named for a unit from this share on: less is the width of a drawn line


def measure(site: Site, partition: Partition, ground: Ground) -> Measures:
    """The facts of every unit, columns as in `columns.FACTS`, and its ground by elevation, in the partition's order.

    Means are weighted with the covered share of each cell; extremes are over all cells touched. Where the terrain is missing
    a mean is over what is known and `missing_share` says how much is not; NaN where nothing is known. Areas are ellipsoidal
    but for `plane_m2`; the hypsometry is in plane m² of the working projection.

    Examples
    --------
    >>> import planner as pl
    >>> site = pl.samples.aidans()
    >>> facts = pl.measure(site, pl.partition(site), pl.ground(site)).table
    >>> bool((facts["area_mu"] > 0).all())
    True
    """
    units = partition.units
    shapes = np.asarray(units.geometry.values, dtype=object)
    cover = _Cover(shapes, site.terrain)
    plane = shapely.area(shapes)
    area = np.asarray(ellipsoidal_m2(shapes, site.crs))
    facts: dict[str, Any] = {"area_m2": area, "area_mu": mu_from_m2(area), "plane_m2": plane}
    facts |= _of_ground(site, cover, plane)
    told = _told_depth(site, units)
    for name in ("subsidence_m", "subsidence_max_m"):
        facts[name] = np.where(np.isnan(told), facts[name], told)
    outer_m = site.scenario.number("standards.boundary.outer_subsidence_mm") / 1e3
    facts["sunk_share"] = np.where(np.isnan(told), facts["sunk_share"], told >= outer_m)
    facts["sunk_mu"] = np.nan_to_num(facts.pop("sunk_share")) * facts["area_mu"]
    facts |= _of_water(site, cover)
    for name in ("residual_mm", "tilt_mm_m", "curvature_mm_m2", "strain_mm_m", "settled_year", "free_year"):
        facts[name] = cover.of(getattr(ground, name)).high
    facts["phase"] = phase_of(site.parcels).reindex(units["parcel_id"]).to_numpy(float)
    facts |= _of_constraints(site, shapes, plane, works_years(pd.DataFrame({"phase": facts["phase"]}), site.scenario))
    facts["landuse"] = _main_landuse(site.landuse, shapes)
    facts |= _of_hollows(site, cover, units.index)
    table = pd.DataFrame(facts, index=units.index)
    depth = site.scenario.number("targets.reservoir.min_depth_m")
    table = table.join(lake_levels(table, partition.borders, min_depth_m=depth))[list(FACTS)]
    table = table.assign(**place_facts(site, shapes, plane))
    return Measures(table, cover.hypsometry(site.terrain), edges(units, site.terrain, site.scenario))


class _Cover:
    """What the units cover of the terrain's cells."""

    def __init__(self, shapes: NDArray[Any], terrain: Grid):
        self.frame = terrain.frame
        self.cells: Cells = covered_cells(*rings_of(shapes), self.frame)
        self.area: Floats = self.cells.fraction * terrain.cell_area

    def values(self, grid: Grid) -> Floats:
        """The grid's value at every covered cell, (m,)."""
        return grid.at(self.cells.cell)

    def of(self, grid: Grid) -> Summary:
        """Area-weighted statistics of a grid."""
        return self.summary(self.values(grid))

    def summary(self, values: Floats) -> Summary:
        """Area-weighted statistics of values at every covered cell, (m,)."""
        return summarise(self.cells.start, values, self.area)

    def hypsometry(self, terrain: Grid) -> Hypsometry:
        """The units' ground as plane areas by elevation."""
        return Hypsometry.from_cells(self.cells.start, self.values(terrain), self.area)


def _of_ground(site: Site, cover: _Cover, plane: Floats) -> dict[str, Floats]:
    terrain = cover.of(site.terrain)
    lost = cover.of(site.subsidence)
    sunk = cover.values(site.subsidence) * 1e3 >= site.scenario.number("standards.boundary.outer_subsidence_mm")
    slope = slope_degrees(np.ascontiguousarray(site.terrain.values), site.terrain.cell_x, site.terrain.cell_y)
    known = np.divide(terrain.weight, plane, out=np.zeros_like(plane), where=plane > 0)
    return {
        "subsidence_m": lost.mean,
        "subsidence_max_m": lost.high,
        "sunk_share": cover.summary(np.where(np.isnan(cover.values(site.subsidence)), np.nan, sunk)).mean,
        "ground_m": terrain.mean,
        "ground_min_m": terrain.low,
        "ground_max_m": terrain.high,
        "slope_deg": cover.summary(slope.ravel()[cover.cells.cell]).mean,
        "missing_share": np.where(known > 1.0 - 1e-9, 0.0, 1.0 - known),
    }


def _told_depth(site: Site, units: gpd.GeoDataFrame) -> Floats:
    """The depth their parcel's table tells of units in parcels too small for the cells, m, (n,); NaN where the grid tells it.

    Where the ground lost was made of the table, cells hold one parcel's depth each and mix or lose those of small parcels.
    """
    given = site.scenario.layers.subsidence
    by_table = given is None or (isinstance(given, Layer) and given.path == DEPTH_COLUMN)
    if not by_table or "subsidence_m" not in site.parcels:
        return np.full(len(units), np.nan)
    small = site.parcels.area < WHOLE_CELLS * site.terrain.cell_area
    depth = site.parcels["subsidence_m"].astype(float).where(small)
    return np.asarray(depth.reindex(units["parcel_id"]).to_numpy(float))


def _of_water(site: Site, cover: _Cover) -> dict[str, Any]:
    """Depth and extent of the water where the water table stands above the ground."""
    ground = cover.values(site.terrain)
    table = site.water_table
    shares = {}
    for season in ("dry", "normal", "wet"):
        above = cover.values(getattr(table, season)) - ground
        shares[season] = cover.summary(np.where(np.isnan(above), np.nan, above > 0.0)).mean
    depth = cover.values(table.normal) - ground
    limit = site.scenario.number("measure.waterlogged_share")
    known = np.isfinite(shares["dry"]) & np.isfinite(shares["wet"])
    return {
        "water_table_m": cover.of(table.normal).mean,
        "water_table_dry_m": cover.of(table.dry).mean,
        "water_table_wet_m": cover.of(table.wet).mean,
        "water_depth_m": cover.summary(np.where(depth < 0.0, 0.0, depth)).mean,
        "water_share": shares["normal"],
        "water_share_dry": shares["dry"],
        "water_share_wet": shares["wet"],
        "waterlogging": np.select(
            [~known, shares["dry"] >= limit, shares["wet"] >= limit], ["", "perennial", "seasonal"], default="dry"
        ),
    }


def _of_constraints(site: Site, shapes: NDArray[Any], plane: Floats, works: tuple[Floats, Floats]) -> dict[str, Any]:
    """Names of the constraints that touch each unit, or their kinds where they have none, and the targets they rule out.

    works: first and last year of the works on each unit, (n,): what a constraint with dates bars depends on them.
    """
    names: list[list[str]] = [[] for _ in shapes]
    forbidden: list[list[str]] = [[] for _ in shapes]
    layer = site.constraints
    if layer is not None and len(layer):
        told = layer["kind"].fillna("").astype(str)
        if "name" in layer:
            told = layer["name"].fillna("").astype(str).mask(lambda name: name == "", told)
        unit, which, part = _overlaps(shapes, np.asarray(layer.geometry.values, dtype=object))
        for u, w in zip(*_over(unit, which, part, plane, TOUCH_SHARE), strict=True):
            name = told.iloc[w]
            if name and name not in names[u]:
                names[u].append(name)
        limit = site.scenario.number("measure.forbid_share")
        for word in (*CHOICES, *WORKS):
            for years in sorted(set(zip(*(w.tolist() for w in works), strict=True))):
                mine = np.flatnonzero((works[0] == years[0]) & (works[1] == years[1]))
                now = layer[in_force(layer, word, *years)]
                for u in _where_barred(now, word, shapes[mine], plane[mine], limit):
                    forbidden[mine[u]].append(word)
    return {"constraint": [";".join(sorted(n)) for n in names], "forbids": [",".join(f) for f in forbidden]}


def _where_barred(layer: gpd.GeoDataFrame, word: str, shapes: NDArray[Any], plane: Floats, limit: float) -> list[int]:
    """The units in which a target or works may not be: by what covers them, or by lying outside where alone it may be."""
    barred: set[int] = set()
    for column in ("forbids", "only_inside"):
        texts = layer[column] if column in layer else pd.Series("", index=layer.index)
        rows = texts.fillna("").map(lambda text: word in _listed(text)).to_numpy(bool)
        if not rows.any():
            continue
        together = np.array([shapely.union_all(layer.geometry.values[rows])], dtype=object)
        unit, which, part = _overlaps(shapes, together)
        if column == "only_inside":
            part = plane - np.bincount(unit, part, minlength=len(shapes))
            unit, which = np.arange(len(shapes)), np.zeros(len(shapes), dtype=np.int64)
        barred |= {int(u) for u in _over(unit, which, part, plane, limit)[0]}
    return sorted(barred)


def _listed(text: Any) -> list[str]:
    return [part.strip() for part in str(text).split(",")]


def _overlaps(shapes: NDArray[Any], others: NDArray[Any]) -> tuple[Ints, Ints, Floats]:
    """Pairs (shape, other) that share ground, and how much of it, m², by other and shape."""
    tree = shapely.STRtree(shapes)
    other, index = tree.query(others, predicate="intersects")
    whole = _in_pairs(tree.query(others, predicate="covers"), other, index, len(shapes))
    area = np.empty(len(index))
    area[whole] = shapely.area(shapes[index[whole]])  # most lie wholly within: no need to cut them
    area[~whole] = shapely.area(shapely.intersection(shapes[index[~whole]], others[other[~whole]]))
    shared = area > 0
    return index[shared], other[shared], area[shared]


def _in_pairs(pairs: Ints, first: Ints, second: Ints, size: int) -> NDArray[np.bool_]:
    """Which (first, second) are among pairs, (2, k); second < size."""
    return np.isin(first * size + second, pairs[0] * size + pairs[1])


def _over(unit: Ints, which: Ints, part: Floats, plane: Floats, limit: float) -> tuple[Ints, Ints]:
    """The pairs whose shared ground is more than a share of the unit, by unit."""
    order = np.lexsort((which, unit))
    order = order[part[order] > limit * plane[unit[order]]]
    return unit[order], which[order]


def land_use(layer: gpd.GeoDataFrame | None, units: gpd.GeoDataFrame) -> pd.DataFrame:
    """Every unit's area by its use today: rows unit_id, landuse ("" where none is known), area_mu, summing to the unit's own.

    layer: column landuse, or None. units: index unit_id, column area_mu. Where polygons of the layer overlap, ground that is
    named twice counts in parts.
    """
    own = units["area_mu"].to_numpy(float)
    sums = _landuse_parts(layer, np.asarray(units.geometry.values, dtype=object))
    plane = shapely.area(np.asarray(units.geometry.values, dtype=object))
    sums["share"] = sums["m2"].to_numpy(float) / plane[sums["unit"].to_numpy(int)]
    told = np.bincount(sums["unit"].to_numpy(int), sums["share"].to_numpy(float), minlength=len(units))
    share = sums["share"].to_numpy(float) / np.maximum(told, 1.0)[sums["unit"].to_numpy(int)]
    rest = np.where(told < 1.0 - 1e-9, 1.0 - told, 0.0)
    blank = np.flatnonzero(rest > 0)
    share = np.where(rest[sums["unit"].to_numpy(int)] > 0, share, share / np.minimum(told, 1.0)[sums["unit"].to_numpy(int)])
    table = pd.DataFrame(
        {
            "unit": np.r_[sums["unit"].to_numpy(int), blank],
            "landuse": [*sums["kind"], *[""] * len(blank)],
            "share": np.r_[share, rest[blank]],
        }
    ).sort_values(["unit", "landuse"], kind="stable", ignore_index=True)
    unit = table["unit"].to_numpy(int)
    return pd.DataFrame(
        {
            "unit_id": units.index.to_numpy()[unit],
            "landuse": table["landuse"],
            "area_mu": table["share"].to_numpy(float) * own[unit],
        }
    )


def _landuse_parts(layer: gpd.GeoDataFrame | None, shapes: NDArray[Any]) -> pd.DataFrame:
    """Plane area of every named land use in every shape: rows unit (position), kind, m2."""
    if layer is None or layer.empty:
        return pd.DataFrame({"unit": np.zeros(0, int), "kind": np.zeros(0, object), "m2": np.zeros(0)})
    unit, which, part = _overlaps(shapes, np.asarray(layer.geometry.values, dtype=object))
    kind = layer["landuse"].fillna("").astype(str).to_numpy()[which]
    sums = pd.DataFrame({"unit": unit, "kind": kind, "m2": part}).groupby(["unit", "kind"], as_index=False).sum()
    return sums[sums["kind"] != ""]


def _main_landuse(layer: gpd.GeoDataFrame | None, shapes: NDArray[Any]) -> NDArray[Any]:
    """The land use that covers most of each unit; empty where none is known, the first by name of equals."""
    found = np.full(len(shapes), "", dtype=object)
    sums = _landuse_parts(layer, shapes).sort_values(["unit", "m2", "kind"], ascending=[True, False, True])
    main = sums.drop_duplicates("unit")
    found[main["unit"].to_numpy()] = main["kind"].to_numpy()
    return found


def _of_hollows(site: Site, cover: _Cover, ids: pd.Index[str]) -> dict[str, Any]:
    """Which unit lies deeper on the water's way, the hollow it drains to, and where that hollow spills.

    Water passes edges of cells, not corners (D4): units in one lake then share a border, not a point. It leaves the ground
    at the terrain's edge and at missing cells; a spill level there is not known, as the ground may go on rising beyond.
    """
    terrain, least_m = site.terrain, site.scenario.number("measure.hollow_min_depth_m")
    ground = np.ascontiguousarray(terrain.values)

    def water(cells: Ints) -> Floats:
        return water_surface(site.scenario, site.water_table.normal.at(cells))

    tree = merge_tree(ground, neighbours=EDGES, min_depth=least_m)
    basins = significant(
        tree,
        min_volume=site.scenario.number("measure.hollow_min_volume_m3") / terrain.cell_area,
        min_depth=least_m,
        joined_below=_joined_below(tree, water, site.scenario.reservoir.level_m),
    )
    at_the_edge = _at_the_edge(ground, tree.spill[basins.node - 1])
    label = tree.label.ravel()
    del tree  # what a flood takes is as much again
    owner = main_owner(cover.cells, ground.size)
    wet_pits = basins.pit[basins.pit_level < water(basins.pit)]  # a lake begins where there would be water anyway
    pits = wet_pits if len(wet_pits) else basins.pit
    rising = rise(ground, np.concatenate((pits, _lowest_elsewhere(ground, owner, pits))), EDGES)
    deeper, first, level = next_deeper(owner, rising, ground, len(ids))
    _hosted(cover.cells, owner, deeper, first)
    spill = np.full(len(ids), np.nan)
    basin = np.full(len(ids), -1, dtype=np.int64)
    wet = np.flatnonzero(first >= 0)
    inner = basins.of_node[label[first[wet]]]
    below = (inner >= 0) & (level[wet] < np.append(basins.spill_level, np.nan)[inner])
    basin[wet[below]] = inner[below]
    rim = np.where(at_the_edge, np.nan, basins.spill_level)
    spill[basin >= 0] = rim[basin[basin >= 0]]
    used = np.unique(basin[basin >= 0])
    names = np.array(["", *(f"B{n + 1}" for n in range(len(used)))], dtype=object)
    return {
        "deeper": np.append(np.asarray(ids, dtype=object), "")[deeper],
        "basin_id": names[np.where(basin >= 0, np.searchsorted(used, basin) + 1, 0)],
        "spill_level_m": spill,
    }


def _at_the_edge(ground: Floats, cells: Ints) -> NDArray[np.bool_]:
    """Whether cells (flat indices) lie at the edge of the terrain or beside a missing cell."""
    row, col = np.divmod(cells, ground.shape[1])
    known = np.pad(np.isfinite(ground), 1)
    return np.asarray(~(known[row, col + 1] & known[row + 2, col + 1] & known[row + 1, col] & known[row + 1, col + 2]))


def _joined_below(tree: MergeTree, water: Callable[[Ints], Floats], level_m: float | None) -> float | Floats:
    """The level below which hollows that join are one lake, m, for each hollow, (k,).

    Where no level is given, a lake stands at the water table over its bottom but never above its spill: hollows join where the
    lake that holds them both would stand above the ground between them. water: the water table by cell, m.
    """
    if level_m is not None:
        return level_m
    outer = np.maximum(tree.parent - 1, 0)
    if not len(outer):
        return -np.inf
    return np.where(tree.parent > 0, np.minimum(water(tree.pit[outer]), tree.spill_level[outer]), -np.inf)


def _lowest_elsewhere(ground: Floats, owner: NDArray[np.int32], pits: Ints) -> Ints:
    """The lowest cell of the units in every stretch of terrain in which no hollow matters, so that all ground is reached."""
    patch, count = ndimage.label(np.isfinite(ground), structure=np.ones((3, 3)))
    flat = patch.ravel()
    dry = np.ones(count + 1, dtype=bool)
    dry[0] = False
    dry[flat[pits]] = False
    cells = np.flatnonzero(dry[flat] & (owner >= 0))
    cells = cells[np.lexsort((cells, ground.ravel()[cells]))]
    return cells[np.unique(flat[cells], return_index=True)[1]].astype(np.int64)


def _hosted(cells: Cells, owner: NDArray[np.int32], deeper: Ints, first: Ints) -> None:
    """A unit too thin to own a cell lies deeper into the one that owns the cell it has most of; in place."""
    for unit in np.flatnonzero(first < 0):
        mine = slice(cells.start[unit], cells.start[unit + 1])
        if mine.stop > mine.start:
            cell = cells.cell[mine][np.argmax(cells.fraction[mine])]
            host = owner[cell]
            if host >= 0 and host != unit and first[host] >= 0:
                deeper[unit], first[unit] = host, cell


def area_mu(geometries: Any, crs: Any = None) -> pd.Series[float]:
    """Ellipsoidal area of polygons, mu, with the index of a GeoSeries where one is given.

    geometries: GeoSeries, GeoDataFrame, array or list of Polygons and MultiPolygons, valid ones. crs: of their coordinates,
    anything pyproj takes; None for a GeoSeries' own. Raises CRSMismatch where there is none, it is no place on the Earth, or
    not the GeoSeries' own. Method: `planner.ellipsoid`.

    Examples
    --------
    >>> import planner as pl
    >>> import shapely
    >>> pl.area_mu([shapely.box(500_000, 3_800_000, 500_100, 3_800_100)], crs="EPSG:4548").round(2).tolist()  # 1 ha is 15 mu
    [15.0]
    """
    shapes = gpd.GeoSeries(geometries.geometry if isinstance(geometries, gpd.GeoDataFrame) else geometries)
    if crs is not None and shapes.crs is not None and not shapes.crs.equals(crs, ignore_axis_order=True):
        raise CRSMismatch(say("measure.other_crs", theirs=shapes.crs.name, ours=crs))
    area = ellipsoidal_m2(np.asarray(shapes.values, dtype=object), shapes.crs if crs is None else crs)
    return pd.Series(mu_from_m2(area), index=shapes.index, name="area_mu")
