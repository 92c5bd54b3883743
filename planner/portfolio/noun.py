"""A programme that was solved: what is done when, with whose money and earth, and how good that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.portfolio import tables
from planner.portfolio.checks import check
from planner.portfolio.load import Loaded, described, load
from planner.portfolio.programme import Programme
from planner.portfolio.solve import Solution, solve

if TYPE_CHECKING:
    import folium
    import geopandas as gpd

Progress = Callable[[float, float, float], None]


@dataclass(frozen=True, eq=False)
class Portfolio:
    """A schedule of projects with its proof.

    made: the programme. solution: chosen columns, payments, bound. outlines: a polygon a project where a layer gives them.
    columns_proof: what was proven over all plans of all sites, where variants were planned; empty where they were given.
    """

    made: Programme
    solution: Solution
    outlines: gpd.GeoDataFrame | None = None
    columns_proof: Mapping[str, Any] = field(default_factory=dict)

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

        A factor under which what must be done cannot be paid has no objective.
        """
        from planner.portfolio.frontier import frontier

        return frontier(self.made, factors, gap=gap)

    def map(self, *, lang: str = "en") -> folium.Map:
        """The projects by year on a map that needs no network, in `en` or `zh`. Raises InvalidInput without places."""
        from planner.portfolio.draw import draw

        return draw(self, lang=lang)

    def save(self, folder: str | Path, *, overwrite: bool = False, lang: str = "en") -> Path:
        """Writes summary.json, tables.xlsx, report.html, report.pdf, programme.gpkg and map.html, whole or not at all.

        Raises OutputExists where the folder holds something and overwrite is off.
        """
        from planner.portfolio.write import save

        return save(self, folder, overwrite=overwrite, lang=lang)

    def __repr__(self) -> str:
        a = self.solution
        done = f"{len(a.chosen)} of {len(self.made.projects)} projects"
        return f"<Portfolio {self.made.general.name!r}: {done}; objective {a.objective:,.6g}, {a.status}, gap {a.gap:.1e}>"


def portfolio(source: str | Path | Mapping[str, Any], *, progress: Progress | None = None, **settings: Any) -> Portfolio:
    """Solves a programme: which projects, in which variant and year, with whose money and earth.

    source: a TOML file, a folder with portfolio.toml, or the parsed document. progress is called with (bound, best, gap).
    settings: keys of [portfolio] that win over the file, and for sites that are planned `workers`, `scheduler`,
    `cache` (a folder that keeps finished plans), `told` (called with a line for each step).
    Raises InvalidInput, Infeasible (naming what to relax), NoPlanInTime.
    """
    cluster: dict[str, Any] = {key: settings.pop(key) for key in ("workers", "scheduler", "cache", "told") if key in settings}
    loaded = described(source, Path(), "portfolio") if isinstance(source, Mapping) else load(source)
    if settings:
        document = {**loaded.file.model_dump(by_alias=True, exclude_unset=True)}
        document["portfolio"] = {**document["portfolio"], **settings}
        loaded = described(document, loaded.folder, "portfolio")
    return _planned(loaded, cluster, progress) if loaded.planned else _given(loaded, progress)


def _given(loaded: Loaded, progress: Progress | None) -> Portfolio:
    made = loaded.programme()
    check(made)
    return Portfolio(made, solve(made, progress=progress), loaded.outlines)


def _planned(loaded: Loaded, cluster: Mapping[str, Any], progress: Progress | None) -> Portfolio:
    """Variants from the sites' certified plans, priced until the bound over all plans meets the schedule."""
    from planner.portfolio.pricing import planned

    made, solution, proof = planned(loaded, progress=progress, **cluster)
    return Portfolio(made, solution, loaded.outlines, proof)
