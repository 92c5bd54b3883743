"""The lakes of a plan run through mean, wet, dry and three dry years and through a series of years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from planner.balance import (
    Balance,
    Climate,
    FloodLevel,
    Lake,
    Storm,
    balance,
    dry_year,
    even_years,
    flood_level,
    largest_lake_m2,
    resumed,
    settled,
    wet_year,
)
from planner.balance import climate as named_climate
from planner.earthwork.finished import finished_ground
from planner.errors import InvalidInput
from planner.memory import MEMORY
from planner.parameters import Parameters, nearest
from planner.plan.lakes.bodies import Body, SiteLakes, site_lakes
from planner.plan.lakes.record import LakeYearsRecord
from planner.words import say

if TYPE_CHECKING:
    from planner.plan.record import PlanRecord
    from planner.site import Grid

KINDS: Final = ("mean", "wet", "dry", "drought3")
SERIES: Final = "series"
SERIES_YEARS: Final = 30
LONGEST_FILL: Final = 30  # years


@dataclass(frozen=True, eq=False)
class Supply:
    """Water brought to and drawn from the reservoirs a year, m³."""

    brought_m3: float = 0.0
    drawn_m3: float = 0.0


def lake_years(
    plan: PlanRecord,
    kinds: Sequence[str] = KINDS,
    *,
    climate: str | None = None,
    series: Sequence[Climate] | None = None,
    supply: Supply = Supply(),
    surface: Grid | None = None,
) -> LakeYearsRecord:
    """Levels and storage of a plan's lakes through the years, how long they take to fill, and whether they can be kept.

    kinds: of mean, wet, dry, drought3 (three dry years in a row), each begun as mean years leave the lakes. climate: of
    `parameters.toml`; `water.climate` where left out. series: years of one's own, else thirty that spread as the climate's
    rain does. surface: the finished ground; the plan's design where left out, on MEMORY.shown_cells of its terrain at most.
    Raises InvalidInput for an unknown year or climate.
    """
    p = plan.site.scenario.parameters
    where = climate or str(p.value("water.climate"))
    years = _kinds(kinds, p, where)
    years[SERIES] = _even(p, where) if series is None else tuple(series)
    found = site_lakes(
        plan,
        _surface(plan) if surface is None else surface,
        climate=where,
        supply_m3=supply.brought_m3,
        use_m3=supply.drawn_m3,
    )
    mean = named_climate(p, where)
    full = _filled(found)
    steady = settled(full, mean)
    after = resumed(full, steady)
    runs = {kind: steady if kind == "mean" else balance(after, list(each)) for kind, each in years.items()}
    gained = supply.brought_m3 - supply.drawn_m3
    return LakeYearsRecord(
        plan=plan,
        climate=where,
        lakes=found,
        years=years,
        runs=runs,
        table=_table(found, runs, _needed(full, found.bodies, mean, years), p.number("water.kept_m")),
        filling=_filling(found, {k: v[0] for k, v in years.items() if k in ("mean", "wet", "dry")}),
        largest_m2=_largest(found, mean, p.number(f"climate.{where}.runoff_share"), gained),
        floods=_floods(found, p, where),
        supply_m3=float(supply.brought_m3),
        use_m3=float(supply.drawn_m3),
        notes=(*found.notes, *(() if series is not None else (say("lakes.even_years", years=SERIES_YEARS),))),
    )


def _surface(plan: PlanRecord) -> Grid:
    """The plan's finished ground; on every n-th cell of a terrain of more than MEMORY.shown_cells."""
    terrain = plan.site.terrain
    step = int(np.ceil(np.sqrt(terrain.values.size / MEMORY.shown_cells)))
    return finished_ground(plan.units, terrain.thinned(step), plan.site.scenario)


def _kinds(years: Sequence[str], p: Parameters, where: str) -> dict[str, tuple[Climate, ...]]:
    dry = dry_year(p, where)
    every = {"mean": (named_climate(p, where),), "wet": (wet_year(p, where),), "dry": (dry,), "drought3": (dry, dry, dry)}
    for kind in years:
        if kind not in every:
            raise InvalidInput(say("lakes.no_year", kind=kind, nearest=nearest(kind, every), known=list(every)))
    return {kind: every[kind] for kind in KINDS if kind in years}


def _even(p: Parameters, where: str) -> tuple[Climate, ...]:
    return tuple(even_years(named_climate(p, where), p.number(f"climate.{where}.rain_cv"), SERIES_YEARS))


def _filled(found: SiteLakes) -> list[Lake]:
    """The lakes as full as they can be."""
    return [replace(lake, start_m=float(lake.knots[0][-1])) for lake in found.lakes]


def _needed(
    full: Sequence[Lake], bodies: Sequence[Body], mean: Climate, years: Mapping[str, tuple[Climate, ...]]
) -> dict[tuple[str, str], float]:
    """Water to be brought a year so that a reservoir stays at its normal level, m³, by reservoir and run.

    Each is kept full by far more water than it can lose; what a month brings and does not come out over the weir is what the
    month needs. Land that drains to the lake and the groundwater under it, at rest beside lakes that are held, count as ever.
    """
    lakes = {lake.name: lake for lake in full}
    brought = {}
    for body in bodies:
        main, holds = lakes[body.parts[0]], sum(float(lakes[name].knots[1][-1]) for name in body.parts)
        brought[body.name] = holds + body.area_m2  # a month: all it holds and a metre
        lakes[main.name] = replace(main, inflow_m3=np.asarray(main.inflow_m3) + brought[body.name])
    held = list(lakes.values())
    held = resumed(held, settled(held, mean))
    needed = {}
    for kind, each in years.items():
        table = balance(held, list(each)).table
        for body in bodies:
            spilled = table.loc[table["lake"] == body.name, "spill_m3"].to_numpy()
            needed[body.name, kind] = float(np.maximum(brought[body.name] - spilled, 0.0).sum()) / len(each)
    return needed


def _table(found: SiteLakes, runs: dict[str, Balance], needed: Mapping[tuple[str, str], float], slack_m: float) -> pd.DataFrame:
    rows = []
    for body in found.bodies:
        for kind, run in runs.items():
            mine = run.table[run.table["lake"].isin(body.parts)]
            level = mine.loc[mine["lake"] == body.parts[0], "level_m"].to_numpy()
            held = mine.groupby(["year", "month"], sort=False)["storage_m3"].sum()
            by_year = level.reshape(-1, 12).min(axis=1)
            rows.append(
                {
                    "reservoir_id": body.name,
                    "run": kind,
                    "lowest_m": level.min(),
                    "highest_m": level.max(),
                    "end_m": level[-1],
                    "lowest_m3": held.min(),
                    "kept_share": float((by_year >= body.level_m - slack_m - 1e-9).mean()),
                    "spill_m3": run.table.loc[run.table["lake"] == body.name, "spill_m3"].sum(),
                    "deficit_m3": mine["deficit_m3"].sum(),
                    "needed_m3": needed[body.name, kind],
                }
            )
    return pd.DataFrame(rows)


def _filling(found: SiteLakes, years: dict[str, Climate]) -> pd.DataFrame:
    """Years from empty to full by reservoir, in equal years of each kind."""
    rows = {}
    for kind, year in years.items():
        run = balance(list(found.lakes), [year] * LONGEST_FILL)
        rows[kind] = run.fill_months.reindex([body.name for body in found.bodies]) / 12
    return pd.DataFrame(rows, index=pd.Index([body.name for body in found.bodies], name="reservoir_id"))


def _largest(found: SiteLakes, mean: Climate, runoff: float, supply_m3: float) -> dict[str, float]:
    total = sum(body.area_m2 for body in found.bodies)
    return {
        body.name: max(
            largest_lake_m2(mean, supply_m3 * body.area_m2 / total, basin_m2=body.basin_m2, runoff_share=runoff), 0.0
        )
        for body in found.bodies
    }


def _floods(found: SiteLakes, p: Parameters, where: str) -> dict[str, FloodLevel]:
    storm = Storm(
        p.number(f"climate.{where}.storm_mm"), p.number("water.storm_hours"), p.number(f"climate.{where}.storm_runoff_share")
    )
    weir = p.number("water.weir_coefficient") * p.number("water.weir_m")
    return {body.name: _flood(body, storm, weir) for body in found.bodies}


def _flood(body: Body, storm: Storm, weir: float) -> FloodLevel:
    land = max(body.basin_m2 - body.area_m2, 0.0)
    return flood_level(body.level_m, *body.above, storm, land_m2=land, water_m2=body.area_m2, weir=weir)
