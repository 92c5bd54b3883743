"""`planner city`: greening, yield per mu and the yearly evaluation of a city, before and after a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.city.candidates import candidates, plots_of
from planner.city.enterprises import yield_per_mu
from planner.city.evaluation import Evaluation, evaluation, indicators
from planner.city.greening import Greening, green_figures, greening, greening_with, parks_of
from planner.city.layers import polygons_of
from planner.city.population import Residents, from_column, from_grid, from_number
from planner.city.wishes import CityFile, CitySection, EvaluationSection, GreeningSection, load
from planner.city.worth import worth_of_units
from planner.errors import InvalidInput
from planner.parameters import Parameters, defaults, nearest
from planner.plan import Plan, load_plan
from planner.read.city import achieved_share, cells_under, flags, layer_of, table_of
from planner.read.door import together
from planner.words import say

if TYPE_CHECKING:
    from planner.words import Message

SCHEMA = "planner.city/1"
NAMED = ("built_up", "green", "parks", "residential")
STATED = ("built_up_m2", "green_m2", "canopy_m2", "parks_m2")


@dataclass(frozen=True, eq=False)
class CityStudy:
    """What was found of a city. before, after: its green without and with the plan (after None where no plan is named).

    layers: the layers read, by role, to be drawn. parks: the plan's parks. worth: what each unit would bring, as
    `worth_of_units` gives it. plots, candidates: the enterprises' land, and what of it yields least. limits: share or figure
    demanded, by figure. transfer_cny: the yearly transfer, yuan.
    """

    city: CitySection
    before: Greening | None
    after: Greening | None
    enterprises: pd.DataFrame | None
    evaluation: Evaluation | None
    limits: Mapping[str, float]
    layers: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    parks: gpd.GeoSeries | None = None
    worth: pd.DataFrame | None = None
    plots: gpd.GeoDataFrame | None = None
    candidates: pd.DataFrame | None = None
    transfer_cny: float | None = None
    notes: tuple[Message, ...] = ()

    @property
    def green(self) -> Greening | None:
        """The green that counts: with the plan where there is one."""
        return self.after or self.before

    def summary(self) -> dict[str, Any]:
        """The figures, schema planner.city/1."""
        green = self.green
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "city": {"name": self.city.name, "kind": self.city.kind},
            "greening": None if green is None else green.to_dict(),
            "yield_per_mu": [] if self.enterprises is None else _rows(self.enterprises, "id"),
            "evaluation": None,
        }
        if self.before is not None:
            document["greening_before"] = self.before.to_dict()
            document["limits"] = {k: {"limit": v, "met": _met(green, k, v)} for k, v in self.limits.items()}
        if self.candidates is not None:
            document["candidates"] = _rows(self.candidates, "id")
        if self.evaluation is not None:
            e = self.evaluation
            document["evaluation"] = {
                "score": e.score,
                "grade": str(e.grade),
                "items": _rows(e.items, "indicator"),
                "missing": list(e.missing),
                "reward_cny": e.reward_cny,
            }
        return document


def _met(green: Greening | None, figure: str, limit: float) -> bool | None:
    value = None if green is None else green.to_dict()[figure]
    return None if value is None else bool(value >= limit)


def _rows(table: pd.DataFrame, index: str) -> list[dict[str, Any]]:
    """A table as plain JSON rows, what is missing as null."""
    frame = table.rename_axis(index).reset_index()
    return [{k: _plain(v) for k, v in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def city(path: str | Path, *, plan: Plan | None = None) -> CityStudy:
    """Studies the city that a city.toml describes; a plan given here wins over the one that the file names.

    Raises InvalidInput naming the file, the key or the row that is wrong.

    Examples
    --------
    >>> import planner as pl
    >>> study = pl.city(pl.samples.folder("aidans").parent / "city" / "city.toml")
    >>> sorted(study.limits)[:2]
    ['coverage', 'park_m2_per_head']
    """
    file = Path(path)
    wishes = load(file)
    home = file.parent
    if plan is None and wishes.city.plan is not None:
        plan = load_plan(home / wishes.city.plan)
    p = defaults() if plan is None else plan.site.scenario.parameters
    green, firms = _green(wishes, home, plan, p), _enterprises(wishes, home, plan, p)
    return CityStudy(
        city=wishes.city,
        before=green.before,
        after=green.after,
        enterprises=firms.scores,
        evaluation=_evaluation(wishes.evaluation, home, plan, green.after or green.before, p),
        limits=_limits(wishes.greening, p),
        layers=green.layers,
        parks=green.parks,
        worth=green.worth,
        plots=firms.plots,
        candidates=firms.candidates,
        transfer_cny=None if wishes.evaluation is None else wishes.evaluation.transfer_cny,
        notes=(*_notes(wishes, plan), *green.notes),
    )


def _notes(wishes: CityFile, plan: Plan | None) -> list[Message]:
    notes = [say("city.reconstruction")] if wishes.city.kind == "reconstruction" else []
    if wishes.evaluation is not None and wishes.evaluation.table is None:
        notes.append(say("city.own_indicators"))
    if wishes.greening is not None and wishes.greening.built_up_m2 is not None and plan is not None:
        notes.append(say("city.figures_without_plan"))
    return notes


def _limits(section: GreeningSection | None, p: Parameters) -> dict[str, float]:
    if section is None:
        return {}
    head = "city.limits."
    known = sorted({key[len(head) :].split(".")[0] for key in p if key.startswith(head)})
    if section.limits not in known:
        near = nearest(section.limits, known)
        raise InvalidInput(say("city.unknown_limits", name=section.limits, known=known, near=near))
    return {name: float(value) for name, value in p.section(head + section.limits).items()}


@dataclass(frozen=True, eq=False)
class _Green:
    """The city's green before and with the plan, the layers behind it, the plan's parks, what each unit is worth."""

    before: Greening | None = None
    after: Greening | None = None
    layers: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    parks: gpd.GeoSeries | None = None
    worth: pd.DataFrame | None = None
    notes: tuple[Message, ...] = ()


def _green(wishes: CityFile, home: Path, plan: Plan | None, p: Parameters) -> _Green:
    g = wishes.greening
    if g is None:
        return _Green()
    stated = {k: getattr(g, k) for k in STATED if getattr(g, k) is not None}
    named = {k: getattr(g, k) for k in NAMED if getattr(g, k) is not None}
    if stated and named:
        raise InvalidInput(say("city.layers_or_figures", figure=next(iter(stated)), layer=next(iter(named))))
    if stated:
        lacking = [k for k in ("built_up_m2", "green_m2") if k not in stated]
        if lacking:
            raise InvalidInput(say("city.no_figure", key=lacking[0]))
        return _Green(green_figures(people=g.people, **stated))
    lacking = [k for k in NAMED if k not in named]
    if lacking:
        raise InvalidInput(say("city.no_layer", key=lacking[0]))
    roles = (*named, *(k for k in ("canopy", "roads") if getattr(g, k) is not None))
    with together():  # most are layers of one file
        layers = {role: layer_of(getattr(g, role), role, home) for role in roles}
    residents = _residents(g, layers["residential"], layers["built_up"], home)
    given: dict[str, Any] = {"people": residents.total, "parameters": p, **layers}
    before = greening(**given)
    if plan is None or before.reach is None:
        return _Green(before, layers=layers, notes=residents.notes)
    parks = parks_of(plan, parameters=p)
    worth = worth_of_units(plan.units, layers["residential"], before.reach, residents.by_home, parameters=p)
    return _Green(before, greening_with(plan, given, parks), layers, parks, worth, residents.notes)


def _residents(g: GreeningSection, residential: gpd.GeoDataFrame, town: gpd.GeoDataFrame, home: Path) -> Residents:
    """People of every residential polygon, as the file gives them. Raises InvalidInput for none, or for two ways at once."""
    given = [k for k in ("people", "people_column", "people_grid") if getattr(g, k) is not None]
    if len(given) != 1:
        raise InvalidInput(say("city.no_people") if not given else say("city.people_twice", given=given))
    if g.people_grid is not None:
        built = shapely.union_all(polygons_of(town.to_crs(residential.crs), "built_up")[0])
        shapes = np.array([*polygons_of(residential, "residential")[0], built], dtype=object)
        grid, placed = cells_under(home / g.people_grid, shapes, residential.crs)
        return from_grid(grid, placed[:-1], placed[-1], g.people_grid)
    if g.people_column is not None:
        return from_column(g.people_column, residential)
    return from_number(float(g.people or 0.0), residential)


@dataclass(frozen=True, eq=False)
class _Firms:
    """Scores of enterprises, their plots with what they yield, the candidates among them."""

    scores: pd.DataFrame | None = None
    plots: gpd.GeoDataFrame | None = None
    candidates: pd.DataFrame | None = None


def _enterprises(wishes: CityFile, home: Path, plan: Plan | None, p: Parameters) -> _Firms:
    e = wishes.enterprises
    if e is None:
        return _Firms()
    table = table_of(home / e.table, e.table, index=e.id)
    exempt = flags(table["exempt"], "exempt") if "exempt" in table else None
    scores = yield_per_mu(table, weights=e.weights, cap=e.cap, exempt=exempt, parameters=p)
    if e.plots is None:
        return _Firms(scores)
    plots = plots_of(layer_of(e.plots, "plots", home), scores, table, p, column=e.plot_id)
    return _Firms(scores, plots, candidates(plots, plan, p))


def _evaluation(
    e: EvaluationSection | None, home: Path, plan: Plan | None, green: Greening | None, p: Parameters
) -> Evaluation | None:
    if e is None:
        return None
    filled = {**_of_plan(plan, e.year), **_of_green(green), **_of_survey(e.asbuilt, home)}
    if e.table is None:
        return evaluation(indicators({**filled, **e.values}, parameters=p), transfer_cny=e.transfer_cny, parameters=p)
    table = table_of(home / e.table, e.table, index="indicator")
    given = {**filled, **e.values}
    known = pd.Series({k: v for k, v in given.items() if k in table.index}, dtype=float)
    value = table.get("value", known).astype(object).reindex(table.index)
    table["value"] = value.where(value.notna(), known.reindex(table.index))
    return evaluation(table, transfer_cny=e.transfer_cny, parameters=p)


def _of_plan(plan: Plan | None, year: int | None) -> dict[str, float]:
    """The shipped indicators that a plan can fill; money_spent_share: what is due by the end of the year evaluated."""
    if plan is None:
        return {}
    s = plan.summary()
    found = {
        "treated_share": 1.0 - s["targets"]["unrestored"]["area_mu"] / s["site"]["area_mu"],
        "restored_mu": s["restored_mu"],
        "arable_mu": s["targets"]["arable"]["area_mu"],
        "storage_m3": s["water"]["storage_m3"],
    }
    due = plan.economics.flow["cost_cny"]
    if year is not None and due.sum() > 0:
        found["money_spent_share"] = float(due[due.index <= year].sum() / due.sum())
    return found


def _of_survey(folder: str | None, home: Path) -> dict[str, float]:
    """built_share: of the earth that was to be moved what a survey found moved."""
    if folder is None:
        return {}
    return {"built_share": achieved_share(home / folder / "asbuilt.json", f"{folder}/asbuilt.json")}


def _of_green(green: Greening | None) -> dict[str, float]:
    known: dict[str, float] = {} if green is None else {k: v for k, v in green.to_dict().items() if v is not None}
    return {k: v for k, v in known.items() if k in ("coverage", "park_m2_per_head", "served_share")}
