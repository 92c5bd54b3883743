"""What users call: plans that draw and write themselves. On top of all rooms, so that no room looks up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner import plan as stages
from planner.errors import PlannerError
from planner.timelimit import UNLIMITED, TimeLimit
from planner.words import say

if TYPE_CHECKING:
    from planner.city.inplan import InPlan
    from planner.maps.explore import Explorer
    from planner.maps.folium_layer import OfflineMap
    from planner.site import Site

Announce = Callable[[str], None]
Progress = Callable[[float, float, float], None]


class Plan(stages.Plan):
    """A restoration plan of a site: `summary()`, `explain(unit)`, `map()`, `save(folder)`, `water_balance()`, and its tables.

    units, parcels, reservoirs: GeoDataFrames. options, borders, haul, rules: DataFrames. certificate: what was proven.

    Examples
    --------
    >>> import planner as pl
    >>> plan = pl.make_plan(pl.samples.folder("aidans"))
    >>> summary = plan.summary()
    >>> summary["solver"]["gap"] <= 1e-3 and summary["restored_mu"] > 0
    True
    """

    @classmethod
    def of(cls, plan: stages.Plan) -> Plan:
        """The same plan with what draws and writes it."""
        return cls(**{field.name: getattr(plan, field.name) for field in fields(plan)})

    def alternatives(self, *, seconds: float | None = None) -> Plan:
        """The same plan with its alternatives (`others`): the cheapest with as much usable land, and one as unlike as can be.

        seconds: at most for each; without it as `plan.others` says. Map, report and saved folder then show them side by side.
        """
        from planner.plan.others import PATIENCE_S, with_others

        return with_others(self, seconds=PATIENCE_S if seconds is None else seconds)

    def map(self, *, lang: str = "en") -> OfflineMap:
        """The interactive map; lang `en` or `zh` is the language it opens in."""
        from planner.maps import draw

        around = self._city()
        return draw(self, lang=lang, city=None if around is None else around.map_panel())

    def _city(self) -> InPlan | None:
        """What the city around the lake, where [city] names one, adds to the plan's own pages."""
        if self.site.scenario.city is None:
            return None
        from planner.city.inplan import in_plan

        return in_plan(self)

    def explore(self, *, lang: str = "en", height: int = 640) -> Explorer:
        """The map as a live widget for a notebook (extra `notebook`): choose units, move limits, lock, plan again, undo."""
        try:
            from planner.maps.explore import Explorer
        except ImportError as error:
            raise PlannerError(say("explore.missing", module=error.name or "anywidget")) from None
        return Explorer(self, lang=lang, height=height)

    def save(self, folder: str | Path, *, overwrite: bool = False, lang: str = "en", stands_in: Path | None = None) -> Path:
        """Writes plan.gpkg, map.html, tables.xlsx, summary.json, site.toml and ground.tif into a folder, whole or not at all.

        stands_in: the folder it will be moved to, where that is another: files that site.toml names are named from there.
        Raises OutputExists where the folder holds a plan and overwrite is off.
        """
        from planner.export import save
        from planner.export.ground import write_ground
        from planner.maps import draw

        around = self._city()
        page = draw(self, lang=lang, city=None if around is None else around.map_panel()).page()
        extra: dict[str, Any] = {"map.html": page, "ground.tif": lambda path: write_ground(self.site, path)}
        figures, sheets = (None, None) if around is None else (around.figures, around.sheets)
        given: dict[str, Any] = {"extra_files": extra, "more_figures": figures, "more_sheets": sheets}
        return save(self, folder, overwrite=overwrite, lang=lang, stands_in=stands_in, **given)

    def report(self, folder: str | Path, *, lang: str = "en", overwrite: bool = True) -> tuple[Path, Path]:
        """Writes report.html and report.pdf into a folder, with the city's chapter where [city] names one; their paths."""
        from planner.report import write_report

        around = self._city()
        chapters = () if around is None else around.sections(lang)
        return write_report(self, folder, lang=lang, overwrite=overwrite, chapters=chapters)


def make_plan(
    site: Site | str | Path,
    *,
    announce: Announce | None = None,
    progress: Progress | None = None,
    encoding: str | None = None,
    crs: str | None = None,
    limit: TimeLimit = UNLIMITED,
    **sets: Any,
) -> Plan:
    """Plans a site: a Site, a folder with site.toml, a site.toml or a bare vector file.

    Parameters
    ----------
    site
        What to plan.
    announce
        Called with each stage's name as it begins.
    progress
        Called with (bound, best, gap) while solving: yuan, yuan, relative.
    encoding
        Of the attribute tables, where the files do not say it, e.g. "GB18030".
    crs
        For layers that name none, e.g. "EPSG:4527".
    limit
        For all of it, from `planner.timelimit.time_limit(60.0)`; `solver.time_limit_s` is for the search alone.
    **sets
        Dotted keys of site.toml that win over the file: `**{"budget.max_cny": 1e9}`.

    Returns
    -------
    Plan
        The certified plan.

    Raises
    ------
    InvalidInput
        Where a file or a key holds something no plan can be built on.
    Infeasible
        Where no plan keeps the limits; it names those to relax.
    NoPlanInTime
        Where the time limit passed first.

    Examples
    --------
    >>> import planner as pl
    >>> plan = pl.make_plan(pl.samples.folder("aidans"), **{"solver.gap": 1e-3})
    >>> plan.certificate.gap <= 1e-3
    True
    """
    quiet: Announce = announce if announce is not None else lambda stage: None
    made = stages.make_plan(site, announce=quiet, progress=progress, encoding=encoding, crs=crs, limit=limit, **sets)
    return Plan.of(made)


def load_plan(folder: str | Path) -> Plan:
    """The plan in a folder that `planner allocate` wrote.

    Its ground is the overview that was saved with it. Raises InvalidInput where the folder holds no plan.

    Examples
    --------
    >>> import planner as pl
    >>> import tempfile
    >>> plan = pl.make_plan(pl.samples.folder("aidans"))
    >>> folder = plan.save(tempfile.mkdtemp() + "/plan")
    >>> pl.load_plan(folder).units["target"].equals(plan.units["target"])
    True
    """
    return Plan.of(stages.load_plan(folder))
