"""What more or less money would be worth: the objective over every fund's limits times a factor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from planner.errors import Infeasible, NoPlanInTime
from planner.portfolio.programme import Programme
from planner.portfolio.solve import solve

SECONDS = 20.0  # for one factor


def frontier(made: Programme, factors: tuple[float, ...], *, gap: float) -> pd.DataFrame:
    """Index `factor`, columns `budget_cny` (inf without limits), `objective`, `bound`; NaN where nothing is possible."""
    rows = []
    for factor in factors:
        scaled = _scaled(made, factor, gap)
        try:
            found = solve(scaled)
            rows.append((factor, _budget(scaled), found.objective, found.bound))
        except (Infeasible, NoPlanInTime):
            rows.append((factor, _budget(scaled), np.nan, np.nan))
    return pd.DataFrame(rows, columns=["factor", "budget_cny", "objective", "bound"]).set_index("factor")


def _scaled(made: Programme, factor: float, gap: float) -> Programme:
    """The programme with every limit of every fund times a factor, solved to a gap that a curve needs."""
    funds = []
    for fund in made.funds:
        yearly = fund.yearly_cny
        times = {y: s * factor for y, s in yearly.items()} if isinstance(yearly, dict) else yearly and yearly * factor
        total = fund.total_cny if fund.total_cny is None else fund.total_cny * factor
        funds.append(fund.model_copy(update={"yearly_cny": times, "total_cny": total}))
    general = made.general.model_copy(update={"gap": max(gap, made.general.gap), "time_limit_s": SECONDS})
    return replace(made, general=general, funds=tuple(funds))


def _budget(made: Programme) -> float:
    """All that funds give, yuan; inf where one has no limit."""
    given = np.minimum(made.limits.sum(axis=1), [np.inf if f.total_cny is None else f.total_cny for f in made.funds])
    return float(given.sum())
