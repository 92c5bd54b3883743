"""The keys of a programme's TOML file, validated and frozen."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from planner.parameters import defaults

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Measure = Literal["npv", "restored_mu", "construction_mu", "arable_mu", "green_mu", "reservoir_mu", "projects"]
TargetName = Literal["construction", "arable", "green", "reservoir"]


def _default(key: str) -> float:
    return defaults().number(f"programme.{key}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Layer(_Part):
    """One polygon layer over one terrain that all projects are cut from, paths relative to the file.

    id: the column with the project's id. settings: a site.toml with what all sites share (water table, prices, rules).
    """

    polygons: str
    id: str = "project_id"
    layer: str | None = None
    terrain: str | None = None
    settings: str | None = None


class General(_Part):
    """[portfolio]: name, years, discount rate, objective, how well and how long to solve.

    objective: one measure, a list (each in turn, the earlier ones kept), or a table of weights. settled_until: years up to it
    are past; nothing new starts in them. ladder: what a yuan of cost weighs in a site's first
    plans: 1 gives its full works, more gives less of them.
    """

    name: str = ""
    name_en: str = ""
    kind: Literal["survey", "reconstruction"] = "survey"
    first_year: int
    years: Annotated[int, Field(ge=1, le=60)]
    discount_rate: Annotated[float, Field(gt=-0.5, lt=1)] = Field(default_factory=partial(_default, "discount_rate"))
    objective: Measure | tuple[Measure, ...] | dict[Measure, Finite] = "npv"
    gap: Share = 1e-4
    time_limit_s: Annotated[float, Field(gt=0)] = 120.0
    seed: int = 0
    settled_until: int | None = None
    crs: str | None = None
    sites: Layer | None = None
    ladder: tuple[Annotated[float, Field(ge=1, le=100)], ...] = (1.0, 1.5, 2.5, 4.0)
    works_years: Annotated[int, Field(ge=1, le=20)] = 2

    @field_validator("objective")
    @classmethod
    def _says_something(cls, given: Any) -> Any:
        if not given:
            raise ValueError('an objective is wanted, e.g. "npv"')
        return given


class Variant(_Part):
    """[[project.variant]]: how far a project goes: yuan by year from its start, what it brings, mu by target, earth.

    surplus_m3: spoil left over (positive) or fill wanted (negative), in its first year or by year from its start.
    """

    name: str = "full"
    spend_cny: tuple[NonNegative, ...]
    benefit_cny: tuple[Finite, ...] = ()
    construction_mu: NonNegative = 0.0
    arable_mu: NonNegative = 0.0
    green_mu: NonNegative = 0.0
    reservoir_mu: NonNegative = 0.0
    surplus_m3: Finite | tuple[Finite, ...] = 0.0


class Settled(_Part):
    """What was decided in a year that is past."""

    variant: str
    start: int


class ProjectItem(_Part):
    """[[project]]: when it may start, what it needs or excludes, its variants or the site they are planned from.

    after: projects whose works must have ended in an earlier year. with_: all of them or none. not_with: one of them at most.
    xy: its place in metres, where no layer gives it. lump_cny: paid beside the works of a planned site if anything is done.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    id: str
    name: str = ""
    name_en: str = ""
    site: str | None = None
    earliest: int | None = None
    latest: int | None = None
    must: bool = False
    after: tuple[str, ...] = ()
    with_: tuple[str, ...] = Field(default=(), alias="with")
    not_with: tuple[str, ...] = ()
    settled: Settled | None = None
    xy: tuple[Finite, Finite] | None = None
    lump_cny: NonNegative = 0.0
    variant: tuple[Variant, ...] = ()


class Eligible(_Part):
    """Which projects and which targets a fund pays for; an empty list allows all."""

    targets: tuple[TargetName, ...] = ()
    projects: tuple[str, ...] = ()


class FundItem(_Part):
    """[[fund]]: who pays: yuan by year or in all, what may be kept for later, which share of a project's works.

    yearly_cny: by calendar year (others: nothing), or one sum for every year. match: yuan another fund must pay per yuan of
    this one, project by project. charge: present value of interest and fees per yuan taken.
    """

    id: str
    name: str = ""
    name_en: str = ""
    kind: str = ""
    yearly_cny: dict[int, NonNegative] | NonNegative | None = None
    total_cny: NonNegative | None = None
    carry_over: bool = False
    max_share: Share = 1.0
    min_share: Share = 0.0
    match: dict[str, NonNegative] = Field(default_factory=dict)
    charge: NonNegative = 0.0
    eligible: Eligible = Eligible()
    source: str = ""


class EarthItem(_Part):
    """[earth]: spoil of one project as fill of another in the same year, within a distance; what is missing is bought."""

    max_km: NonNegative = Field(default_factory=partial(_default, "max_km"))
    cny_per_m3_km: NonNegative = Field(default_factory=partial(_default, "cny_per_m3_km"))
    bought_cny_per_m3: NonNegative = Field(default_factory=partial(_default, "bought_cny_per_m3"))


class QuotaItem(_Part):
    """[[quota]]: mu of a measure that all projects together must reach or may not pass."""

    measure: Measure
    min: NonNegative | None = None
    max: NonNegative | None = None


class ProgrammeFile(_Part):
    """A whole programme file."""

    portfolio: General
    project: tuple[ProjectItem, ...] = ()
    fund: tuple[FundItem, ...] = ()
    earth: EarthItem | None = None
    quota: tuple[QuotaItem, ...] = ()
