"""A programme solved: it tells, draws and writes itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.portfolio.checks import check
from planner.portfolio.load import Loaded, described, load
from planner.portfolio.noun import Scheduled
from planner.portfolio.pricing import in_time, planned
from planner.portfolio.solve import solve
from planner.timelimit import UNLIMITED, TimeLimit

if TYPE_CHECKING:
    import folium

Progress = Callable[[float, float, float], None]
CLUSTER = ("workers", "scheduler", "cache", "told", "counted")  # settings of where and how sites are planned


class Portfolio(Scheduled):
    """A schedule of projects with its proof: `summary()`, `projects`, `funds`, `earth`, `map()`, `save(folder)`.

    Examples
    --------
    >>> import planner as pl
    >>> programme = {
    ...     "portfolio": {"name": "two", "first_year": 2026, "years": 3},
    ...     "fund": [{"id": "county", "yearly_cny": 6.0}],
    ...     "project": [{"id": "A", "variant": [{"name": "all", "spend_cny": [6.0], "benefit_cny": [0.0, 10.0]}]}],
    ... }
    >>> pl.portfolio(programme).summary()["totals"]["cost_cny"]
    6.0
    """

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


def portfolio(source: str | Path | Mapping[str, Any], *, progress: Progress | None = None, **settings: Any) -> Portfolio:
    """Solves a programme: which projects, in which variant and year, with whose money and earth.

    source: a TOML file, a folder with portfolio.toml, or the parsed document. progress is called with (bound, best, gap).
    settings: keys of [portfolio] that win over the file, `limit` (a TimeLimit of the whole), and for sites that are planned
    `workers`, `scheduler`, `cache` (a folder that keeps finished plans), `told` (called with a message for each step),
    `counted` (called with the sites answered and of how many).
    Raises InvalidInput, Infeasible (naming what to relax), NoPlanInTime.

    Examples
    --------
    >>> import planner as pl
    >>> programme = {
    ...     "portfolio": {"name": "two", "first_year": 2026, "years": 3},
    ...     "fund": [{"id": "county", "yearly_cny": 6.0}],
    ...     "project": [{"id": "A", "variant": [{"name": "all", "spend_cny": [6.0], "benefit_cny": [0.0, 10.0]}]}],
    ... }
    >>> schedule = pl.portfolio(programme)
    >>> schedule.projects["selected"].to_dict()
    {'A': True}
    """
    limit: TimeLimit = settings.pop("limit", UNLIMITED)
    cluster: dict[str, Any] = {key: settings.pop(key) for key in CLUSTER if key in settings}
    loaded = described(source, Path(), "portfolio") if isinstance(source, Mapping) else load(source)
    if settings:
        document = {**loaded.file.model_dump(by_alias=True, exclude_unset=True)}
        document["portfolio"] = {**document["portfolio"], **settings}
        loaded = described(document, loaded.folder, "portfolio")
    return _planned(loaded, {**cluster, "limit": limit}, progress) if loaded.planned else _given(loaded, progress, limit)


def _given(loaded: Loaded, progress: Progress | None, limit: TimeLimit) -> Portfolio:
    made = loaded.programme()
    check(made)
    return Portfolio(made, solve(in_time(made, limit), progress=progress), loaded.outlines)


def _planned(loaded: Loaded, cluster: Mapping[str, Any], progress: Progress | None) -> Portfolio:
    """Variants from the sites' certified plans, priced until the bound over all plans meets the schedule."""
    made, solution, proof = planned(loaded, progress=progress, **cluster)
    return Portfolio(made, solution, loaded.outlines, proof)
