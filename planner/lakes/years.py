"""What `pl.water` does: a plan or its folder, a station's file or years, and the lakes through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from planner.balance import Climate
from planner.errors import InvalidInput
from planner.lakes.noun import LakeYears
from planner.plan import Plan, load_plan
from planner.plan.lakes.years import KINDS, Supply, lake_years
from planner.read.series import read_years
from planner.site import Grid
from planner.words import say


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
    given = _series(series)
    found = lake_years(
        plan, years, climate=climate, series=given, supply=Supply(float(supply_m3), float(use_m3)), surface=surface
    )
    return LakeYears(**{field.name: getattr(found, field.name) for field in fields(found)})


def _series(series: Sequence[Climate] | str | Path | None) -> Sequence[Climate] | None:
    if isinstance(series, str | Path):
        return [Climate(str(year), rain, loss) for year, rain, loss in read_years(series)]
    return series
