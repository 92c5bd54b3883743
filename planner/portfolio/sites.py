"""A site's part in a programme: cut from the district, measured once, answered with a certified plan for every set of prices.

Runs in a process of its own; nothing here knows of the programme but the prices it was asked under.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planner.economics import stocked, traded
from planner.errors import Infeasible, InvalidInput
from planner.keys.rules import RuleItem
from planner.options import appraise
from planner.plan.allocate import allocate, held_back
from planner.plan.compose import Survey, survey
from planner.portfolio.keys import Layer
from planner.portfolio.programme import MU
from planner.read import read_site
from planner.scenario import BudgetSection, EarthworkSection, EconomicsSection, replaced
from planner.site import Grid, Site, WaterTable
from planner.suitability import judge
from planner.words import say

KEPT = 100  # surveys a process keeps at once: about 7 MB each; a survey takes as long as a plan
DISTRICTS = 2  # a process keeps at once
GAP = 1e-3  # to which a site's answer is proven
SOME_MU = 1e-3  # of a target that a plan must have
UNCOUNTED = {  # what a plan of its own weighs and a programme does not: its answers would be worth less than they are
    **dict.fromkeys(("solver.compactness_cny_per_m", "works.cny_per_m", "works.cny_per_m_step"), 0.0),
}
UNWEIGHED = ("Compactness",)  # rules that are a price of borders alone
UNDATED = {"economics.discount_rate": 0.0}  # in the choice: the programme discounts by its own years
CUTS = 40  # rounds in which patches that are too small are ruled out: what is not proven then is in the bound


@dataclass(frozen=True)
class SiteKey:
    """Which site: a folder of its own, or an id in a district's layer; whether its earth may leave it.

    lump_cny: paid whenever anything of it is done. gap: to which its plans are proven.
    """

    id: str
    folder: str
    layer: Layer | None = None
    free_earth: bool = False
    lump_cny: float = 0.0


@dataclass(frozen=True)
class Ask:
    """Prices: worth of a yuan of benefit and of a yuan of cost, of a mu by target, of a m³ of spoil.

    without: targets that the plan may not have. needs: targets that it must have some of.
    """

    benefit: float = 1.0
    cost: float = 1.0
    mu: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    spoil: float = 0.0
    without: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reply:
    """A certified plan: what it costs and brings, mu by target, spoil left; its worth at the prices, the bound on any's.

    Both are -inf where the site has no plan with the targets that were asked for.
    """

    cost_cny: float
    benefit_cny: float
    mu: tuple[float, ...]
    surplus_m3: float
    worth: float
    bound: float

    def to_dict(self) -> dict[str, Any]:
        """As it is kept on disk."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Known:
    """What does not depend on prices: survey and options; what runs for years is in their cost at the site's own rate."""

    survey: Survey
    options: pd.DataFrame


_surveys: OrderedDict[SiteKey, Known] = OrderedDict()  # of this process: a survey is asked again in every round
_districts: OrderedDict[str, Site] = OrderedDict()


def answer(key: SiteKey, asks: tuple[Ask, ...]) -> tuple[Reply, ...]:
    """The site's best plan under each set of prices, proven. Raises what planning a site raises."""
    known = known_of(key)
    return tuple(_one(known, key, ask) for ask in asks)


def known_of(key: SiteKey) -> Known:
    """A site's survey and options, kept while there is room."""
    if key not in _surveys:
        site = site_of(key)
        made = survey(site)
        judgement = judge(made.facts.table, site.scenario)
        options = appraise(made.facts, judgement, site.scenario)
        _surveys[key] = Known(made, held_back(options, made.facts.table, made.parts, site.scenario))
        while len(_surveys) > KEPT:
            _surveys.popitem(last=False)
    _surveys.move_to_end(key)
    return _surveys[key]


def site_of(key: SiteKey) -> Site:
    """The site, its scenario freed of what the programme decides: budget, prices of borders, years of money, and earth where
    that is shared."""
    site = read_site(key.folder) if key.layer is None else _cut(district(key), key.id)
    scenario = replaced(site.scenario, {**UNCOUNTED, "solver.gap": GAP})
    update: dict[str, Any] = {"budget": BudgetSection(), "economics": EconomicsSection()}
    if key.free_earth:
        update["earthwork"] = EarthworkSection(max_import_m3=None, max_export_m3=None)
    return replace(site, scenario=scenario.model_copy(update=update))


def district(key: SiteKey) -> Site:
    """All projects of a layer as one site: read once a process."""
    name = _district_name(key)
    if name not in _districts:
        _districts[name] = _read_district(key)
        while len(_districts) > DISTRICTS:
            _districts.popitem(last=False)
    return _districts[name]


def read_districts(keys: Iterable[SiteKey]) -> dict[str, Site]:
    """The districts of sites, as `take_districts` hands them to another process."""
    first = {_district_name(key): key for key in keys if key.layer is not None}
    return {name: _read_district(key) for name, key in [*first.items()][:DISTRICTS]}


def take_districts(found: Mapping[str, Site]) -> None:
    """Districts that another process has read: this one need not."""
    _districts.update(found)


def _district_name(key: SiteKey) -> str:
    assert key.layer is not None
    return f"{key.folder}|{key.layer.model_dump_json()}"


def _read_district(key: SiteKey) -> Site:
    assert key.layer is not None
    folder = Path(key.folder)
    given: dict[str, Any] = {"layers.polygons.id": key.layer.id}
    if key.layer.layer is not None:
        given["layers.polygons.layer"] = key.layer.layer
    if key.layer.terrain is not None:
        given["layers.terrain"] = key.layer.terrain
    if key.layer.settings is not None:
        return read_site(folder / key.layer.settings)
    return read_site(folder / key.layer.polygons, sets=given)


def _cut(whole: Site, name: str) -> Site:
    """One project of a district with the ground around it."""
    mine = whole.parcels[whole.parcels.index.astype(str) == name]
    if not len(mine):
        raise InvalidInput(say("portfolio.no_site", id=name))
    margin = float(whole.scenario.number("measure.surroundings_m"))
    west, south, east, north = mine.total_bounds
    box = (west - margin, south - margin, east + margin, north + margin)

    def part(grid: Grid) -> Grid:
        return grid.within(box)

    water = whole.water_table
    beside = {role: _near(getattr(whole, role), box) for role in ("panels", "landuse", "constraints")}
    return replace(
        whole,
        name=name,
        parcels=mine,
        terrain=part(whole.terrain),
        subsidence=part(whole.subsidence),
        water_table=WaterTable(part(water.normal), part(water.dry), part(water.wet)),
        residual_mm=None if whole.residual_mm is None else part(whole.residual_mm),
        boundary=None,
        **beside,
    )


def _near(frame: Any, box: tuple[float, float, float, float]) -> Any:
    return None if frame is None else frame.cx[box[0] : box[2], box[1] : box[3]]


def _one(known: Known, key: SiteKey, ask: Ask) -> Reply:
    """One plan: options at the asked prices, chosen under the site's own rules."""
    site, options = known.survey.site, known.options[~known.options["target"].isin(ask.without)]
    compaction = site.scenario.number("earthwork.compaction")
    left = compaction * options["cut_m3"] - options["fill_m3"]
    worth = (
        ask.benefit * options["benefit_cny"]
        + options["target"].map(dict(zip(_targets(), ask.mu, strict=True))) * options["area_mu"]
    )
    worth = worth + (ask.spoil * left if key.free_earth else 0.0)
    counted = float(ask.cost > 0)
    unit = ask.cost if counted else 1.0  # of the objective: a yuan of cost is one, in it and in the site's own limits alike
    priced = options.assign(npv_cny=worth / unit - counted * options["cost_cny"])  # the programme discounts by its own years
    sets: dict[str, Any] = {
        "earthwork.haul_cny_per_m3_km": 0.0,  # a programme counts the haul between sites alone
        "earthwork.stock_cny_per_m3": counted * site.scenario.number("earthwork.stock_cny_per_m3"),
        "rule": [_at_cost(item, counted) for item in site.scenario.rule if item.rule not in UNWEIGHED],
        **UNDATED,
    }
    for target in ask.needs:
        key_of = f"targets.{target}.min_mu"
        sets[key_of] = max(getattr(site.scenario.targets, target).min_mu or 0.0, SOME_MU)
    level = replaced(site.scenario, sets).model_copy(
        update={"earthwork": site.scenario.earthwork}
    )  # a document has no "no limit"
    try:
        found = allocate(priced, known.survey.facts.table, known.survey.parts, level, rounds=CUTS)
    except Infeasible:
        if not ask.needs:
            raise
        return Reply(0.0, 0.0, (0.0,) * len(MU), 0.0, -np.inf, -np.inf)
    index = pd.MultiIndex.from_arrays([found.chosen.index, found.chosen["option"]])
    done = options.reindex(index)
    mu = tuple(float(done.loc[done["target"] == t, "area_mu"].sum()) for t in _targets())
    moved = found.chosen.assign(phase=known.survey.facts.table["phase"])
    waited = sum(cny for cny, _, _ in stocked(moved, site.scenario))
    cost = float(done["cost_cny"].sum()) + waited + traded(done, site.scenario)
    benefit = float(done["benefit_cny"].sum())
    surplus = float(left.reindex(index).sum()) if key.free_earth else 0.0
    objective, bound = unit * float(found.certificate.objective), unit * float(found.certificate.bound)
    return Reply(cost, benefit, mu, surplus, objective, max(bound, objective))


def _at_cost(item: RuleItem, weight: float) -> dict[str, Any]:
    """A rule as a site file states it, its prices of earth times what a yuan of cost counts."""
    given = {"rule": item.rule, **item.stated.model_dump(mode="json", by_alias=True, exclude_unset=True)}
    return given | {name: weight * given[name] for name in ("import_cny_per_m3", "export_cny_per_m3") if name in given}


def _targets() -> tuple[str, ...]:
    return tuple(name.removesuffix("_mu") for name in MU)
