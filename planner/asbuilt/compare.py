"""A new survey held against a plan: earth, targets, water, settlement and a list for acceptance."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.asbuilt.accept import Verdict, acceptance
from planner.asbuilt.built import by_ground, by_landuse
from planner.asbuilt.heights import check_metres, surveyed
from planner.asbuilt.noun import AsBuilt
from planner.asbuilt.survey import Registered, register, unworked, without
from planner.asbuilt.water import settlement, storage_built
from planner.asbuilt.work import Sums, grouped, stands, unit_slopes, unit_work
from planner.design import Levels, owners
from planner.earthwork.finished import finished_ground
from planner.errors import InvalidInput
from planner.plan import Plan, load_plan
from planner.plan.setting_out import laid_out
from planner.read.polygons import read_polygons
from planner.site import Grid
from planner.subsidence import ground as ground_state
from planner.units import mu_from_m2
from planner.words import Message, say

if TYPE_CHECKING:
    from planner.site import Site

Floats = NDArray[np.float64]
GROUPS = ("phase", "zone_id", "target", "treatment", "parcel_id")


def asbuilt(
    plan: Plan | str | Path,
    terrain: Grid | str | Path,
    landuse: gpd.GeoDataFrame | str | Path | None = None,
    *,
    date: str | float | None = None,
    planned: Grid | None = None,
) -> AsBuilt:
    """What was built of a plan, by a new survey of its ground.

    plan: a Plan, or the folder it was saved in. terrain: elevation, m: a raster, or a Grid on the plan's cells. landuse: what
    stands there now, polygons with a land-use column. date: of the survey (2027, "2027-06" or "2027-06-30"): what the mine was
    to settle since the plan's year is then taken into account. planned: the finished ground; the plan's design where left out.
    Raises InvalidInput where the survey does not meet the plan's ground, its heights are in another unit, or the date is none.

    Examples
    --------
    >>> import planner as pl
    >>> plan = pl.make_plan(pl.samples.folder("aidans"))
    >>> pl.asbuilt(plan, pl.design(plan), date=2030).storage["reservoir_id"].unique().tolist()
    ['R1']
    """
    plan = laid_out(plan if isinstance(plan, Plan) else load_plan(plan))
    before, parameters = plan.site.terrain, plan.site.scenario.parameters
    after, read = surveyed(plan, terrain)
    planned = _designed(plan) if planned is None else planned
    for name, grid in (("terrain", after), ("planned", planned)):
        if not grid.aligned(before):
            raise InvalidInput(say("asbuilt.other_cells", name=name, cells=grid.shape, wanted=before.shape))
    if not (np.isfinite(after.values) & np.isfinite(before.values)).any():
        raise InvalidInput(say("asbuilt.no_meeting", site=plan.site.name))
    year = year_of(date)
    sunk = _sunk(plan.site, year)
    survey = register(before, after, _stable(plan, after, planned, sunk), parameters)
    units = plan.units
    sums = Sums(owners(units, before), before.cell_area, len(units))
    survey, said = _without_water(plan, planned, survey, sums)
    table = unit_work(before, planned, survey, sunk, sums).set_index(units.index)
    table["stands"] = stands(table, parameters.number("asbuilt.done_share"))
    table["slope_deg"] = unit_slopes(survey.ground.values, before, sums)
    units = units.drop(columns=[c for c in table.columns if c in units.columns]).join(table)
    means = {name: _mean(z, sums) for name, z in (("mean_m", survey.ground.values), ("design_m", planned.values))}
    facts = units.assign(water_m=_water_of(plan), design_slope_deg=unit_slopes(planned.values, before, sums), **means)
    checks = acceptance(facts, plan.site.scenario)
    matrix, more = _matrix(units, landuse, plan)
    return AsBuilt(
        plan=plan,
        planned=planned,
        survey=survey,
        units=units.assign(verdict=_worst(checks).reindex(units.index, fill_value="unseen")),
        matrix=matrix,
        groups={f"by_{k.removesuffix('_id')}": grouped(units, k) for k in GROUPS if k in units.columns},
        acceptance=checks,
        storage=storage_built(plan, planned, survey),
        settlement=settlement(plan, survey, planned, sunk),
        date=year,
        notes=(*read, *survey.notes, *said, *more),
    )


def _stable(plan: Plan, after: Grid, planned: Grid, sunk: Floats) -> NDArray[np.bool_]:
    """Ground that should lie as it did, (rows, cols). Raises InvalidInput where heights are in another unit."""
    before, level = plan.site.terrain, plan.site.water_table.wet.values
    stable = unworked(before, planned, sunk=sunk, water_m=level, margin_m=plan.site.scenario.number("asbuilt.margin_m"))
    for name, grid in (("terrain", after), ("planned", planned)):
        check_metres(name, before, grid, stable)
    return stable


def _designed(plan: Plan) -> Grid:
    """The finished ground of a plan on its terrain's cells."""
    return finished_ground(plan.units, plan.site.terrain, plan.site.scenario)


def _matrix(units: gpd.GeoDataFrame, landuse: Any, plan: Plan) -> tuple[pd.DataFrame, tuple[Message, ...]]:
    if landuse is None:
        return by_ground(units), (say("asbuilt.no_landuse"),)
    if isinstance(landuse, gpd.GeoDataFrame):
        if "landuse" not in landuse.columns:
            raise InvalidInput(say("asbuilt.no_landuse_column", columns=[str(c) for c in landuse.columns]))
        if landuse.crs is None:
            raise InvalidInput(say("asbuilt.landuse_no_crs", crs=plan.site.crs.name))
        return by_landuse(units, landuse.to_crs(plan.site.crs))
    return by_landuse(units, read_polygons(landuse, "landuse", beside=plan.site.parcels))


def year_of(date: str | float | None) -> float:
    """A date (2027, "2027-06", "2027-06-30") as a year with its fraction; NaN for None.

    Raises InvalidInput for what is none.
    """
    if date is None:
        return float("nan")
    text = str(date).strip()
    try:
        if re.fullmatch(r"[12]\d{3}(\.\d+)?", text):
            return float(text)
        day = dt.date.fromisoformat(text if text.count("-") == 2 else f"{text}-01")
    except ValueError:
        raise InvalidInput(say("asbuilt.no_date", date=text[:30])) from None
    start, end = dt.date(day.year, 1, 1), dt.date(day.year + 1, 1, 1)
    return day.year + (day - start).days / (end - start).days


def _sunk(site: Site, year: float) -> Floats:
    """What the mine was to settle the ground by between the plan's year and another, m, (rows, cols); nothing without a date.

    Raises InvalidInput for a survey before the plan.
    """
    start = float(site.scenario.site.year)
    if not np.isfinite(year):
        return np.zeros(site.terrain.shape)
    if year < start:
        raise InvalidInput(say("asbuilt.before_plan", year=year, start=start))
    then, now = ground_state(site, year=start), ground_state(site, year=year)
    return np.asarray(np.maximum(then.residual_mm.values - now.residual_mm.values, 0.0) / 1e3)


def _without_water(plan: Plan, planned: Grid, survey: Registered, sums: Sums) -> tuple[Registered, tuple[Message, ...]]:
    """Cells that show the water instead of the bed taken out: level with the lake where the design lies deep below it."""
    level = _water_of(plan)
    lake = (plan.units["target"] == "reservoir").to_numpy()
    near = plan.site.scenario.number("asbuilt.water_m")
    seen, bed = sums.of(survey.ground.values), sums.of(planned.values)
    mirror = (
        lake[sums.owner] & (np.abs(seen - level[sums.owner]) < near) & (level[sums.owner] - bed > 2 * near + survey.lod95_m)
    )
    if not mirror.any():
        return survey, ()
    hidden = np.zeros(planned.values.size, dtype=bool)
    hidden[sums.cell[mirror]] = True
    area = mu_from_m2(float(mirror.sum()) * sums.cell_area)
    return without(survey, hidden.reshape(planned.shape)), (say("asbuilt.shows_water", area=area),)


def _water_of(plan: Plan) -> Floats:
    """The normal level of the water that every unit holds, or that stands on or beside it, m, (n,)."""
    levels = Levels.of(plan.units, plan.site.scenario)
    lake = (plan.units["target"] == "reservoir").to_numpy()
    return np.asarray(np.where(lake, levels.normal, np.fmax(levels.shore, levels.table)))


def _mean(values: Floats, sums: Sums) -> Floats:
    found = sums.of(values)
    area = sums.total(np.where(np.isfinite(found), 1.0, np.nan))
    return np.divide(sums.total(found), area, out=np.full_like(area, np.nan), where=area > 0)


def _worst(checks: pd.DataFrame) -> pd.Series[Any]:
    """By unit: failed where one of its checks is, else unsure, else passed; "unseen" where none could be made."""
    order = {Verdict.FAILED: 0, Verdict.UNSURE: 1, Verdict.PASSED: 2}
    rank = checks["verdict"].map(lambda v: order.get(v, 3))
    worst = rank.groupby(checks["unit_id"]).min()
    return worst.map({**{n: v.value for v, n in order.items()}, 3: "unseen"})
