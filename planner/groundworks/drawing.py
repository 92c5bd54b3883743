"""The finished ground of a plan, measured and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from contourpy import contour_generator
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from planner.core.terrain.sloping import steepest
from planner.design import owners
from planner.earthwork.finished import Finished, finished, finished_ground
from planner.earthwork.works import priced_ditches, priced_dykes
from planner.groundworks.banks import dyked_rims
from planner.groundworks.ditches import POND_M, ditches, undrained
from planner.landuse import LAND
from planner.plan import Plan, load_plan
from planner.plan.dykes import MATERIAL
from planner.plan.setting_out import laid_out, zones
from planner.site import Grid
from planner.water import storage_curve

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Check = tuple[str, float, float, str, str]

SCHEMA: Final = "planner.design/1"
BREAK_M: Final = 0.05  # of height between two units; less is no edge
OFF_SLOPE_M: Final = 0.02  # that ground lies off its block where it is no slope
CHAMFER: Final = 1.028  # distances of the side slopes are up to this much too long


def design(plan: Plan | str | Path) -> Grid:
    """The finished ground of a plan with its side slopes, on its terrain's cells, m. plan: a Plan, or its folder.

    Examples
    --------
    >>> import planner as pl
    >>> plan = pl.make_plan(pl.samples.folder("aidans"))
    >>> pl.design(plan).shape == plan.site.terrain.shape
    True
    """
    plan = laid_out(plan if isinstance(plan, Plan) else load_plan(plan))
    return finished_ground(plan.units, plan.site.terrain, plan.site.scenario)


class Heights(Protocol):
    """Ground that is asked at points."""

    def heights(self, xy: Floats) -> Floats:
        """Heights at points (n, 2), m, NaN outside."""
        ...


class Sampled(NamedTuple):
    """What was measured on more cells than a drawing holds: the ground today and as designed, and the steepest of its slopes,
    of the steepest allowed. size: rows, columns, cell_m, rounds of closing, drawn_every: so-manieth cell a side is drawn."""

    today: Heights
    design: Heights
    steepest: float
    size: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is handed out for building.

    plan: as it is laid out, borders in smooth lines where [works] smoothing_m says so. ground: finished, with side slopes,
    closed on the plan's storage and earth; blocks: with walls, as priced. checks: check, value, limit, unit, verdict.
    volumes: cut and fill of both, what is left over of both and of the plan, m³, and land_m, how much higher filled land
    lies than its block. storage: of every reservoir at its normal level on both, m³, within the land given to it, and
    bed_m, how much deeper its worked bed lies than its block. ditches: by which worked land drains, 3D lines with length_m,
    head_m, end_m, deepest_m, cut_m3. dykes: along its water, 3D lines at their crest, index dyke_id, columns as
    `design.dykes` gives them; like ditches they are narrower than the cells and not part of the ground. sampled: of a
    drawing that holds some of the cells only, what was measured on all, while it is there: heights along lines and at
    points are asked there. size: of all cells, where these are some.
    """

    plan: Plan
    ground: Grid
    blocks: Grid
    checks: pd.DataFrame
    volumes: dict[str, float]
    storage: pd.DataFrame
    ditches: gpd.GeoDataFrame
    dykes: gpd.GeoDataFrame
    sampled: Sampled | None = None
    size: dict[str, Any] | None = None

    def today_at(self, xy: Floats) -> Floats:
        """Today's ground at points (n, 2), m, bilinear between cells' centres, NaN outside of the cells."""
        return heights(self.plan.site.terrain, xy) if self.sampled is None else self.sampled.today.heights(xy)

    def design_at(self, xy: Floats) -> Floats:
        """The finished ground at points (n, 2), m, likewise."""
        return heights(self.ground, xy) if self.sampled is None else self.sampled.design.heights(xy)

    def section(self, line: Sequence[tuple[float, float]], step_m: float) -> pd.DataFrame:
        """Both along a line every step_m metres: distance_m, x, y, today_m, design_m."""
        table = along(line, step_m)
        xy = table[["x", "y"]].to_numpy()
        return table.assign(today_m=self.today_at(xy), design_m=self.design_at(xy))

    def summary(self) -> dict[str, Any]:
        """As one JSON document (schema planner.design/1)."""
        return {
            "schema": SCHEMA,
            "site": {"name": self.plan.site.name},
            **({} if self.size is None else {"streamed": self.size}),
            "volumes": self.volumes,
            "storage": self.storage.to_dict("records"),
            "ditches": self.ditches.drop(columns="geometry").to_dict("records"),
            "dykes": self.dykes.drop(columns="geometry").reset_index().to_dict("records"),
            "checks": self.checks.astype(object).where(self.checks.notna(), None).to_dict("records"),
        }

    def contours(self, step_m: float = 0.5) -> gpd.GeoDataFrame:
        """Contour lines of the finished ground every step_m metres, column level_m, with heights."""
        return contours(self.ground, step_m, self.plan.site.crs)

    def breaklines(self) -> gpd.GeoDataFrame:
        """Edges between units of other heights, with the finished ground's heights; columns unit_a, unit_b, step_m."""
        return breaklines(self)

    def zones(self) -> gpd.GeoDataFrame:
        """The zones of works, index zone_id: target, treatment, units, area_mu, cut_m3, fill_m3; the largest first."""
        return zones(self.plan)

    def stakes(self, every_m: float = 20.0) -> gpd.GeoDataFrame:
        """Stake-out points along the breaklines: point_id, x, y, design_m, today_m, cut_m (positive: to be dug)."""
        return stakes(self, every_m)


def drawing(plan: Plan | str | Path) -> Drawing:
    """The finished ground of a plan with what it holds, moves and keeps. plan: a Plan, or the folder it was saved in.

    Examples
    --------
    >>> import planner as pl
    >>> plan = pl.make_plan(pl.samples.folder("aidans"))
    >>> pl.drawing(plan).ground.shape == plan.site.terrain.shape
    True
    """
    plan = laid_out(plan if isinstance(plan, Plan) else load_plan(plan))
    scenario, terrain = plan.site.scenario, plan.site.terrain
    made = finished(plan.units, terrain, scenario)
    moved: dict[str, float] = {}
    for name, grid in (("", made.ground), ("block_", made.blocks)):
        change = np.nan_to_num(grid.values - terrain.values) * terrain.cell_area
        moved |= {f"{name}cut_m3": float(-change[change < 0].sum()), f"{name}fill_m3": float(change[change > 0].sum())}
    return drawn(plan, made, moved, _storage(plan, made))


def drawn(
    plan: Plan, made: Finished, moved: dict[str, float], storage: pd.DataFrame, sampled: Sampled | None = None
) -> Drawing:
    """A plan's drawing on its terrain's cells, where the finished ground is known. moved: its cut and fill, m³."""
    banks, priced = made.dykes, priced_dykes(plan.units)
    compaction, earth = plan.site.scenario.number("earthwork.compaction"), float(banks["fill_m3"].sum())
    volumes, ditched = dict(moved), compaction * priced_ditches(plan.units)
    for name, taken in (("", earth - ditched), ("block_", priced - ditched)):
        if f"{name}cut_m3" in moved:
            volumes[f"{name}left_m3"] = compaction * moved[f"{name}cut_m3"] - moved[f"{name}fill_m3"] - taken
    volumes |= {"plan_left_m3": made.plan_left_m3 - priced + ditched, "land_m": made.land_m}
    volumes |= {"dyke_m3": earth, "priced_dyke_m3": priced, "priced_ditch_m3": priced_ditches(plan.units)}
    land = _Land.of(plan, made)
    lines = ditches(plan, made.ground, land.worked, land.water)
    volumes["ditch_cut_m3"] = float(lines["cut_m3"].sum())
    checks = _checks(plan, made, land, lines, sampled)
    size = None if sampled is None else sampled.size
    return Drawing(plan, made.ground, made.blocks, checks, volumes, storage, lines, banks, sampled, size)


class _Land(NamedTuple):
    """Dry land of a plan on the terrain's cells, worked on and left, and the level of the water beside it, m.

    Side slopes are neither: they fall by themselves, at their foot to the one or the other.
    """

    worked: NDArray[np.bool_]
    left: NDArray[np.bool_]
    water: Grid

    @classmethod
    def of(cls, plan: Plan, made: Finished) -> _Land:
        dry = plan.units["target"].isin(LAND).to_numpy() & ~made.design.wetland
        land = np.append(dry, False)[made.owner]
        water = made.ground.like(made.design.level_at_cells(made.owner))
        slope = made.blocks.values - made.ground.values > POND_M
        return cls(land & made.worked & ~slope, land & ~made.worked, water)


def _storage(plan: Plan, made: Finished) -> pd.DataFrame:
    """Storage at the normal level within each reservoir's land: sloped, in blocks, and as the plan counts it, m³."""
    rows = []
    for name, row in plan.reservoirs.iterrows():
        level = float(row["level_m"])
        held = [float(storage_curve(g, [row.geometry], levels=[level]).storage(level)) for g in (made.ground, made.blocks)]
        rows.append(
            {
                "reservoir_id": str(name),
                "level_m": level,
                "design_m3": held[0],
                "block_m3": held[1],
                "plan_m3": float(row["normal_m3"]),
                "bed_m": float(made.lakes["bed_m"].get(str(name), 0.0)),
            }
        )
    return pd.DataFrame(rows, columns=["reservoir_id", "level_m", "design_m3", "block_m3", "plan_m3", "bed_m"])


def _checks(plan: Plan, done: Finished, land: _Land, lines: gpd.GeoDataFrame, sampled: Sampled | None) -> pd.DataFrame:
    """The checks of a design: check, value, limit, unit and a verdict (passed, failed; told where there is no limit)."""
    scenario, cell = plan.site.scenario, (done.ground.cell_x, done.ground.cell_y)
    slopes = done.water_m, scenario.number("earthwork.slope_wet"), scenario.number("earthwork.slope_dry")
    steep = steepest(done.ground.values, ~done.worked, cell, slopes) if sampled is None else sampled.steepest
    rows = [("slope", steep, CHAMFER, "", "most"), *_drainage_checks(done, land, lines)]
    rows += [*_level_checks(plan, done), *_water_checks(plan, done, done.dykes)]
    frame = pd.DataFrame(rows, columns=["check", "value", "limit", "unit", "side"])
    kept = np.where(frame["side"] == "most", frame["value"] <= frame["limit"], frame["value"] >= frame["limit"])
    return frame.assign(verdict=np.where(frame["limit"].isna(), "told", np.where(kept, "passed", "failed"))).drop(
        columns="side"
    )


def _drainage_checks(done: Finished, land: _Land, lines: gpd.GeoDataFrame) -> list[Check]:
    """The share of worked land that stands ponded beside the ditches, and of land left as it lies."""
    wet = undrained(done.ground, land.water, lines)
    return [
        ("drainage", float(wet[land.worked].mean()) if land.worked.any() else 0.0, 0.0, "", "most"),
        ("drainage_left", float(wet[land.left].mean()) if land.left.any() else 0.0, np.nan, "", "most"),
    ]


def _level_checks(plan: Plan, done: Finished) -> list[Check]:
    """Freeboard of filled land over normal and flood level, depth of lakes, rock left above the goaf."""
    scenario, units = plan.site.scenario, plan.units
    owner, made = done.owner, done.design
    target = units["target"].to_numpy(object)
    rows: list[Check] = []
    for use in LAND:
        mine = (target == use) & (units["treatment"].isin(["fill", "raise", "mound"])).to_numpy()
        if mine.any():
            lowest = _median(done.blocks.values, owner, mine) - made.levels.platform(use, scenario)[mine]
            rows.append((f"freeboard_{use}", float(np.nanmin(lowest)), -0.01, "m", "least"))
    if made.lake.any():
        depth = made.levels.normal[made.lake] - _median(_beds(done, units), owner, made.lake)
        if np.isfinite(depth).any():
            rows.append(("depth", float(np.nanmin(depth)), scenario.number("targets.reservoir.min_depth_m") / 2, "m", "least"))
    dug = plan.site.terrain.values - done.ground.values
    if "mining_depth_m" in units and made.water.any():
        sound = units["mining_depth_m"].to_numpy(float) - np.nan_to_num(units["fractured_m"].to_numpy(float))
        left = sound[made.water] - np.maximum(_median(dug, owner, made.water), 0.0)
        if np.isfinite(left).any():
            rows.append(("cover", float(np.nanmin(left)), scenario.number("earthwork.cover_m"), "m", "least"))
    return rows


def _beds(done: Finished, units: gpd.GeoDataFrame) -> Floats:
    """The finished ground where it is no side slope, m, NaN where it is: a unit that is all slope is a lake's shore."""
    bed = done.lakes["bed_m"].reindex(units["reservoir_id"].astype(object)).fillna(0.0).to_numpy()
    fallen = done.blocks.values - done.ground.values
    level = (np.abs(fallen) < OFF_SLOPE_M) | (np.abs(fallen - np.append(bed, 0.0)[done.owner]) < OFF_SLOPE_M)
    return np.where(level, done.ground.values, np.nan)


def _water_checks(plan: Plan, done: Finished, banks: gpd.GeoDataFrame) -> list[Check]:
    """Rims above the water, over the dykes where there are any, and the dykes' earth that was not priced by all fill."""
    rows: list[Check] = []
    rim = (dyked_rims(plan, done.ground, banks) if len(banks) else plan.reservoirs["spill_level_m"]) - plan.reservoirs[
        "level_m"
    ]
    if rim.notna().any():
        rows.append(("rim", float(rim.min()), 0.0, "m", "least"))
    priced, fill = priced_dykes(plan.units), float(plan.units["fill_m3"].sum())
    if len(banks) or priced > 0:
        more = abs(float(banks["fill_m3"].sum()) - priced) / fill if fill > 0 else np.inf
        rows.append(("dykes", more, MATERIAL, "", "most"))
    return rows


def _median(values: Floats, owner: NDArray[np.int32], mine: NDArray[np.bool_]) -> Floats:
    """Median of a grid over each of some units, m; NaN where a unit holds no cell's centre."""
    flat, of = values.ravel(), owner.ravel()
    use = (of >= 0) & np.append(mine, False)[of]
    table = pd.Series(flat[use]).groupby(of[use]).median()
    return np.asarray(table.reindex(np.flatnonzero(mine)), dtype=np.float64)


def section(grids: Sequence[Grid], line: Sequence[tuple[float, float]], step_m: float) -> pd.DataFrame:
    """Heights along a line every step_m metres: distance_m, x, y and a column z0, z1 … a grid (bilinear, NaN outside)."""
    table = along(line, step_m)
    return table.assign(**{f"z{k}": heights(grid, table[["x", "y"]].to_numpy()) for k, grid in enumerate(grids)})


def along(line: Sequence[tuple[float, float]], step_m: float) -> pd.DataFrame:
    """Points along a line every step_m metres: distance_m, x, y."""
    path = shapely.LineString(line)
    at = np.append(np.arange(0.0, path.length, step_m), path.length)
    xy = shapely.get_coordinates(shapely.line_interpolate_point(path, at))
    return pd.DataFrame({"distance_m": at, "x": xy[:, 0], "y": xy[:, 1]})


def heights(grid: Grid, xy: Floats) -> Floats:
    """A grid's values at points (n, 2), bilinear between cells' centres, NaN outside of its cells."""
    at = grid.frame.between(xy[:, 0], xy[:, 1])
    return np.asarray(map_coordinates(grid.values, at, order=1, mode="constant", cval=np.nan), dtype=np.float64)


def contours(grid: Grid, step_m: float, crs: Any) -> gpd.GeoDataFrame:
    """Contour lines of a grid, 3D."""
    x, y = grid.centres()
    lines = contour_generator(x, y, np.ma.masked_invalid(grid.values), name="serial")
    low, high = float(np.nanmin(grid.values)), float(np.nanmax(grid.values))
    rows = []
    for level in np.arange(np.ceil(low / step_m), np.floor(high / step_m) + 1) * step_m:
        found: Any = lines.lines(float(level))
        for points in found:
            if not np.ptp(points, axis=0).any():  # a peak that only just reaches the level
                continue
            xyz = np.column_stack([points, np.full(len(points), level)])
            rows.append({"level_m": float(level), "geometry": shapely.LineString(xyz)})
    return gpd.GeoDataFrame(rows, columns=["level_m", "geometry"], geometry="geometry", crs=crs)


def breaklines(found: Drawing) -> gpd.GeoDataFrame:
    """Borders of units whose finished ground differs by more than 5 cm, 3D."""
    plan = found.plan
    units, borders = plan.units, plan.borders
    a, b = units.index.get_indexer(borders["unit_a"]), units.index.get_indexer(borders["unit_b"])
    owner = owners(units, plan.site.terrain)
    level = _median(found.blocks.values, owner, np.ones(len(units), dtype=bool))
    step = np.abs(level[a] - level[b])
    use = step > BREAK_M
    shapes = units.geometry.to_numpy()
    lines = shapely.line_merge(shapely.intersection(shapes[a[use]], shapes[b[use]]))
    parts, of = shapely.get_parts(lines, return_index=True)
    real = (shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING) & (shapely.length(parts) > 0)
    parts, of = parts[real], of[real]
    xy, line = shapely.get_coordinates(parts, return_index=True)
    xyz, line, of = _known(np.column_stack([xy, found.design_at(xy)]), line, of)
    table = {"unit_a": units.index[a[use][of]], "unit_b": units.index[b[use][of]], "step_m": step[use][of]}
    solid: Any = shapely.linestrings(xyz, indices=line) if len(of) else []
    return gpd.GeoDataFrame(table, geometry=solid, crs=units.crs)


def _known(xyz: Floats, line: Ints, of: Ints) -> tuple[Floats, Ints, Ints]:
    """Lines broken where the ground is not known: points with a height (m, 3), the line of each, and what each line is of."""
    known = np.isfinite(xyz[:, 2])
    begins = np.ones(len(line), dtype=bool)
    begins[1:] = (line[1:] != line[:-1]) | ~known[:-1]
    run = np.cumsum(begins)[known]
    pieces, at, count = np.unique(run, return_inverse=True, return_counts=True)
    long = count[at] > 1
    first = np.searchsorted(run, pieces[count > 1])
    return xyz[known][long], np.unique(at[long], return_inverse=True)[1], of[line[known][first]]


def stakes(found: Drawing, every_m: float) -> gpd.GeoDataFrame:
    """Points along the breaklines."""
    lines = found.breaklines()
    points = [shapely.line_interpolate_point(g, np.arange(0.0, g.length, every_m)) for g in lines.geometry]
    xy = shapely.get_coordinates(np.concatenate(points)) if points else np.empty((0, 2))
    made, today = found.design_at(xy), found.today_at(xy)
    table = {"point_id": [f"S{k + 1}" for k in range(len(xy))], "x": xy[:, 0], "y": xy[:, 1]}
    table |= {"design_m": made, "today_m": today, "cut_m": today - made}
    return gpd.GeoDataFrame(table, geometry=shapely.points(xy), crs=lines.crs)
