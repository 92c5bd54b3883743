"""The plan in time: what every unit is used as in every year, with an interim use where the ground must settle first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.errors import InvalidInput
from planner.landuse import TARGETS
from planner.scenario import Scenario
from planner.words import say

WORKS = "works"


def timetable(units: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Every unit's uses in time.

    units: index `unit_id`; columns target, ready_year. Works go on from the plan's year to the next; land that is held back
    until its ground is settled is meanwhile used as `timing.interim`. Returns rows (unit_id, use, from_year, until_year) in
    the units' order, without gaps; the last use of a unit is open (until_year missing).

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
    year, done = scenario.site.year, scenario.site.year + 1
    restored = (units["target"] != "unrestored").to_numpy()
    ready = np.where(restored, np.maximum(units["ready_year"].fillna(done).to_numpy(float), done), year).astype(int)
    held = restored & (ready > done)
    unit = units.index.to_numpy()
    target = units["target"].astype(str).to_numpy()
    parts = (
        pd.DataFrame({"unit_id": unit[restored], "use": WORKS, "from_year": year, "until_year": done}),
        pd.DataFrame({"unit_id": unit[held], "use": interim, "from_year": done, "until_year": ready[held]}),
        pd.DataFrame({"unit_id": unit, "use": target, "from_year": ready, "until_year": np.nan}),
    )
    table = pd.concat(parts, ignore_index=True)
    order = pd.Series(np.arange(len(unit)), index=units.index)
    table["order"] = table["unit_id"].map(order)
    table["until_year"] = table["until_year"].astype("Int64")
    return table.sort_values(["order", "from_year"], kind="stable", ignore_index=True).drop(columns="order")


def by_year(table: pd.DataFrame, area_mu: pd.Series[float], *, last_year: int | None = None) -> pd.DataFrame:
    """Area in every use in every year, mu: index year, one column per use; every row adds up to the whole area.

    table: of `timetable`. area_mu: by unit. last_year: at least the last change of use.
    """
    first = int(table["from_year"].min())
    last = max(int(table["from_year"].max()), last_year or first)
    area = table["unit_id"].map(area_mu).to_numpy(float)
    start = table["from_year"].to_numpy(int)
    end = table["until_year"].fillna(last + 1).to_numpy(int)
    uses = [u for u in (WORKS, *TARGETS) if u in set(table["use"])]
    use = table["use"].to_numpy()
    rows = {t: [float(area[(use == u) & (start <= t) & (t < end)].sum()) for u in uses] for t in range(first, last + 1)}
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=uses)
    frame.index.name = "year"
    return frame
