"""A plan's lakes run through mean, wet, dry and three dry years and through a series of years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

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
    replenishment,
    resumed,
    settled,
    wet_year,
)
from planner.balance import climate as named_climate
from planner.earthwork.finished import finished_ground
from planner.errors import InvalidInput
from planner.lakes.bodies import Body, SiteLakes, site_lakes
from planner.lakes.noun import LakeYears
from planner.parameters import Parameters, nearest
from planner.plan import Plan, load_plan
from planner.read.series import read_years
from planner.site import Grid
from planner.words import say

KINDS: Final = ("mean", "wet", "dry", "drought3")
SERIES: Final = "series"
SERIES_YEARS: Final = 30
LONGEST_FILL: Final = 30  # years


def water(
    plan: Plan | str | Path,
    years: Sequence[str] = KINDS,
    *,
    climate: str | None = None,
    series: Sequence[Climate] | str | Path | None = None,
    supply_m3: float = 0.0,
    use_m3: float = 0.0,
    surface: Grid | None = None,
) -> LakeYears:
    """Levels and storage of a plan's lakes through the years, how long they take to fill, and whether they can be kept.

    plan: a Plan, or the folder it was saved in. years: of mean, wet, dry, drought3 (three dry years in a row), each begun as
    mean years leave the lakes. climate: of `parameters.toml`; `water.climate` where left out. series: years of one's own (a
    file with year, month, rain_mm, evaporation_mm), else thirty that spread as the climate's rain does. supply_m3, use_m3:
    brought to and drawn from the reservoirs a year. surface: the finished ground; the plan's design where left out.
    Raises InvalidInput for an unknown year or climate, and for a plan without a reservoir.

    Examples
    --------
    >>> import planner as pl
    >>> plan = pl.make_plan(pl.samples.folder("aidans"))
    >>> lakes = pl.water(plan, years=("mean",))
    >>> list(lakes.filling.index)
    ['R1']
    """
    plan = plan if isinstance(plan, Plan) else load_plan(plan)
    if not len(plan.reservoirs):
        raise InvalidInput(say("lakes.no_reservoir", site=plan.site.name))
    p = plan.site.scenario.parameters
    where = climate or str(p.value("water.climate"))
    kinds = _kinds(years, p, where)
    kinds[SERIES] = _series(series, p, where)
    ground = finished_ground(plan.units, plan.site.terrain, plan.site.scenario) if surface is None else surface
    found = site_lakes(plan, ground, climate=where, supply_m3=supply_m3, use_m3=use_m3)
    mean = named_climate(p, where)
    full = _filled(found)
    steady = settled(full, mean)
    after = resumed(full, steady)
    runs = {kind: steady if kind == "mean" else balance(after, list(each)) for kind, each in kinds.items()}
    return LakeYears(
        plan=plan,
        climate=where,
        lakes=found,
        years=kinds,
        runs=runs,
        table=_table(found, runs, kinds, p.number("water.kept_m")),
        filling=_filling(found, {k: v[0] for k, v in kinds.items() if k in ("mean", "wet", "dry")}),
        largest_m2=_largest(found, mean, p.number(f"climate.{where}.runoff_share"), supply_m3 - use_m3),
        floods=_floods(found, p, where),
        supply_m3=float(supply_m3),
        use_m3=float(use_m3),
        notes=(*found.notes, *(() if series is not None else (say("lakes.even_years", years=SERIES_YEARS),))),
    )


def _kinds(years: Sequence[str], p: Parameters, where: str) -> dict[str, tuple[Climate, ...]]:
    dry = dry_year(p, where)
    every = {"mean": (named_climate(p, where),), "wet": (wet_year(p, where),), "dry": (dry,), "drought3": (dry, dry, dry)}
    for kind in years:
        if kind not in every:
            raise InvalidInput(say("lakes.no_year", kind=kind, nearest=nearest(kind, every), known=list(every)))
    return {kind: every[kind] for kind in KINDS if kind in years}


def _series(series: Sequence[Climate] | str | Path | None, p: Parameters, where: str) -> tuple[Climate, ...]:
    if series is None:
        return tuple(even_years(named_climate(p, where), p.number(f"climate.{where}.rain_cv"), SERIES_YEARS))
    if isinstance(series, str | Path):
        return tuple(Climate(str(year), rain, loss) for year, rain, loss in read_years(series))
    return tuple(series)


def _filled(found: SiteLakes) -> list[Lake]:
    """The lakes as full as they can be."""
    return [replace(lake, start_m=float(lake.knots[0][-1])) for lake in found.lakes]


def _table(found: SiteLakes, runs: dict[str, Balance], kinds: dict[str, tuple[Climate, ...]], slack_m: float) -> pd.DataFrame:
    rows = []
    lakes = {lake.name: lake for lake in found.lakes}
    for body in found.bodies:
        main, top = lakes[body.parts[0]], lakes[body.name]
        for kind, run in runs.items():
            mine = run.table[run.table["lake"].isin(body.parts)]
            level = mine.loc[mine["lake"] == main.name, "level_m"].to_numpy()
            held = mine.groupby(["year", "month"], sort=False)["storage_m3"].sum()
            by_year = level.reshape(-1, 12).min(axis=1)
            needed = np.mean([replenishment(top, year, level_m=body.level_m).sum() for year in kinds[kind]])
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
                    "needed_m3": needed,
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
