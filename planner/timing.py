"""The plan in time: what every unit is used as in every year, and the earth that is dug, kept and placed in it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.core.money import spread
from planner.errors import InvalidInput
from planner.landuse import TARGETS, UNRESTORED
from planner.scenario import Scenario
from planner.schedule import first_works_year, last_works_year, works_years
from planner.words import say

WORKS = "works"
FILLING = "filling"  # a lake that is dug and not yet full


def timetable(units: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Every unit's uses in time, as they stand at the end of each year.

    units: index `unit_id`; columns target, ready_year, nullable `phase`. Until its phase begins land lies as it is; works go on
    from the phase's first year to its last; land that is held back until its ground is settled is meanwhile used as
    `timing.interim`, and a lake fills. Returns rows (unit_id, use, from_year, until_year) in the units' order, without gaps;
    the last use of a unit is open (until_year missing).

    Raises InvalidInput for a missing column or an interim use that is no target.

    Examples
    --------
    >>> import planner as pl
    >>> plan = pl.make_plan(pl.samples.folder("aidans"))
    >>> uses = pl.timetable(plan.units, plan.site.scenario)
    >>> list(uses.columns), int(uses["until_year"].isna().sum()) == len(plan.units)  # the last use of each is open
    (['unit_id', 'use', 'from_year', 'until_year'], True)
    """
    missing = [c for c in ("target", "ready_year") if c not in units.columns]
    if missing:
        raise InvalidInput(say("timing.no_column", missing=list(missing)))
    interim = str(scenario.value("timing.interim"))
    if interim not in TARGETS:
        raise InvalidInput(say("timing.interim", interim=interim, known=list(TARGETS)))
    target = units["target"].astype(str).to_numpy()
    restored = target != UNRESTORED
    year = first_works_year(scenario)
    first, last = (years.astype(int) for years in works_years(units, scenario))
    ready = np.where(restored, np.fmax(units["ready_year"].to_numpy(float), last), year).astype(int)
    meanwhile = np.where(target == "reservoir", FILLING, interim)
    stages = (
        (UNRESTORED, restored, np.full(len(units), year), first),
        (WORKS, restored, first, last),
        (meanwhile, restored, last, ready),
    )
    parts = [_rows(units, use, begin, end, kept & (end > begin)) for use, kept, begin, end in stages]
    parts.append(_rows(units, target, ready, np.full(len(units), np.nan), np.ones(len(units), dtype=bool)))
    table = pd.concat(parts, ignore_index=True)
    order = pd.Series(np.arange(len(units)), index=units.index)
    table["order"] = table["unit_id"].map(order)
    table["until_year"] = table["until_year"].astype("Int64")
    return table.sort_values(["order", "from_year"], kind="stable", ignore_index=True).drop(columns="order")


def _rows(units: pd.DataFrame, use: object, begin: np.ndarray, end: np.ndarray, kept: np.ndarray) -> pd.DataFrame:
    """A use of some units from a year until another."""
    frame = pd.DataFrame({"unit_id": units.index.to_numpy(), "use": use, "from_year": begin, "until_year": end.astype(float)})
    return frame[kept]


def by_year(table: pd.DataFrame, area_mu: pd.Series[float], *, last_year: int | None = None) -> pd.DataFrame:
    """Area in every use in every year, mu: index year, one column per use; every row adds up to the whole area.

    table: of `timetable`. area_mu: by unit. last_year: at least the last change of use.
    """
    first = int(table["from_year"].min())
    last = max(int(table["from_year"].max()), last_year or first)
    area = table["unit_id"].map(area_mu).to_numpy(float)
    start = table["from_year"].to_numpy(int)
    end = table["until_year"].fillna(last + 1).to_numpy(int)
    uses = [u for u in (WORKS, FILLING, *TARGETS) if u in set(table["use"])]
    use = table["use"].to_numpy()
    rows = {t: [float(area[(use == u) & (start <= t) & (t < end)].sum()) for u in uses] for t in range(first, last + 1)}
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=uses)
    frame.index.name = "year"
    return frame


def earth_by_year(units: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """The earth of every year of works, m³: index year; cut_m3 (bank), fill_m3, import_m3, export_m3, stock_m3 (compacted).

    Every unit digs and places evenly over its works' years. What is dug and not yet placed lies in the stockpile; earth is
    brought in when the stockpile would run short, and what is left over at the end leaves it (to outside or as a thin layer):
    stock = stock before + compaction·cut + import − fill − export.
    """
    first, last = works_years(units, scenario)
    begin, end = first_works_year(scenario), last_works_year(scenario)
    years = end - begin + 1
    cut, fill = (spread(units[c], first, last, begin, years) for c in ("cut_m3", "fill_m3"))
    own = np.cumsum(scenario.number("earthwork.compaction") * cut - fill)
    tolerance = 1e-12 * float(np.abs(cut).sum() + np.abs(fill).sum())
    short = np.maximum.accumulate(np.maximum(-own, 0.0))
    short[short <= tolerance] = 0.0
    stock = np.maximum(own + short, 0.0)
    left = np.zeros(years)
    left[-1], stock[-1] = stock[-1], 0.0
    frame = {"cut_m3": cut, "fill_m3": fill, "import_m3": np.diff(short, prepend=0.0), "export_m3": left, "stock_m3": stock}
    return pd.DataFrame(frame, index=pd.RangeIndex(begin, end + 1, name="year"))
