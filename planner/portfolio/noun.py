"""A programme that was solved, in tables: what is done when, with whose money and earth, and how good that is."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd

from planner.portfolio import tables
from planner.portfolio.record import Solved


class Scheduled(Solved):
    """A schedule of projects with its proof, its tables and its figures."""

    @cached_property
    def projects(self) -> pd.DataFrame:
        """One row a project, index `id`: variant, start, finish, cost, net present value, mu, or what doing it would lose."""
        return tables.projects(self)

    @cached_property
    def funds(self) -> pd.DataFrame:
        """One row a fund and year: given, spent, left, and what one more yuan would bring."""
        return tables.funds(self)

    @cached_property
    def schedule(self) -> pd.DataFrame:
        """Project × year × fund: `id`, `fund`, `year`, `cny`."""
        return tables.schedule(self)

    @cached_property
    def earth(self) -> pd.DataFrame:
        """Whose spoil goes where in which year, m³ and km; bought earth comes from ""."""
        return tables.earth(self)

    def summary(self) -> dict[str, Any]:
        """The programme in figures, as `summary.json` holds it (schema planner.portfolio/1)."""
        return tables.summary(self)

    def frontier(self, factors: tuple[float, ...] = (0.5, 0.75, 1.0, 1.25, 1.5), *, gap: float = 5e-3) -> pd.DataFrame:
        """The objective over money: every fund's limits times each factor. Index `factor`; `budget_cny`, `objective`, `bound`.

        A factor under which what must be done cannot be paid has no objective. With variants planned from sites there is no
        bound: their plans were made at the programme's own limits, and others may be worth more at these.
        """
        from planner.portfolio.frontier import frontier

        curve = frontier(self.made, factors, gap=gap)
        return curve.assign(bound=float("nan")) if self.columns_proof else curve

    def __repr__(self) -> str:
        a = self.solution
        done = f"{len(a.chosen)} of {len(self.made.projects)} projects"
        return f"<Portfolio {self.made.general.name!r}: {done}; objective {a.objective:,.6g}, {a.status}, gap {a.gap:.1e}>"
