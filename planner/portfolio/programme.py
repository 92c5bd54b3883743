"""A programme as plain arrays: every way a project can be done (variant and start) is one column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.portfolio.keys import EarthItem, FundItem, General, ProjectItem, QuotaItem, Variant

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MU = ("construction_mu", "arable_mu", "green_mu", "reservoir_mu")
LAND = ("construction_mu", "arable_mu", "green_mu")


@dataclass(frozen=True, eq=False)
class Columns:
    """Every (project, variant, start), J of them in the order of projects, variants, starts.

    project: index into the programme's projects. variant: index into the project's variants. start: calendar year. finish: last
    year of its works. spend: yuan by year, (J, T). npv: yuan. mu: by target, (J, 4). surplus: m³ by year, (J, T).
    """

    project: Ints
    variant: Ints
    start: Ints
    finish: Ints
    spend: Floats
    npv: Floats
    mu: Floats
    surplus: Floats

    def __len__(self) -> int:
        return len(self.project)

    def measure(self, name: str) -> Floats:
        """What each column adds to a measure: npv (yuan), any mu, or projects, (J,)."""
        if name == "npv":
            return self.npv
        if name == "projects":
            return np.ones(len(self))
        if name == "restored_mu":
            return np.asarray(self.mu[:, : len(LAND)].sum(axis=1), dtype=np.float64)
        return np.asarray(self.mu[:, MU.index(name)], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Programme:
    """Projects, funds and earth of a district, checked. places: metres by project id, where known."""

    general: General
    projects: tuple[ProjectItem, ...]
    funds: tuple[FundItem, ...]
    earth: EarthItem | None
    quotas: tuple[QuotaItem, ...]
    places: Mapping[str, tuple[float, float]]

    @cached_property
    def years(self) -> Ints:
        """The calendar years, (T,)."""
        return np.arange(self.general.first_year, self.general.first_year + self.general.years)

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of each project by id."""
        return {p.id: i for i, p in enumerate(self.projects)}

    @cached_property
    def discount(self) -> Floats:
        """Worth of a yuan of each year in the first one, (T,)."""
        return np.asarray((1 + self.general.discount_rate) ** -np.arange(len(self.years), dtype=np.float64))

    @cached_property
    def columns(self) -> Columns:
        """Every way each project can be done within its years."""
        rows = [
            (i, v, start)
            for i, project in enumerate(self.projects)
            for v, variant in enumerate(project.variant)
            for start in self.starts(project, variant)
        ]
        size, span = len(rows), len(self.years)
        spend, surplus, mu = np.zeros((size, span)), np.zeros((size, span)), np.zeros((size, len(MU)))
        npv, finish = np.zeros(size), np.zeros(size, dtype=np.int64)
        for j, (i, v, start) in enumerate(rows):
            variant = self.projects[i].variant[v]
            at, paid = start - self.general.first_year, trimmed(variant.spend_cny)
            spend[j, at : at + len(paid)] = paid
            earth = earth_by_year(variant)
            if self.earth is not None:
                surplus[j, at : at + len(earth)] = earth
            mu[j] = [getattr(variant, name) for name in MU]
            gain = self.present(variant.benefit_cny, at)
            npv[j], finish[j] = gain - self.present(paid, at), start + self.lasts(variant) - 1
        project, variant_at, starts = (np.array([r[k] for r in rows], dtype=np.int64) for k in range(3))
        return Columns(project, variant_at, starts, finish, spend, npv, mu, surplus)

    def present(self, sums: Any, at: int) -> float:
        """Present value of yearly sums from a year of the programme on, yuan."""
        values = np.asarray(sums, dtype=np.float64)
        return float((values * (1 + self.general.discount_rate) ** -np.arange(at, at + len(values), dtype=np.float64)).sum())

    def starts(self, project: ProjectItem, variant: Variant) -> list[int]:
        """Years in which a variant may start: within the programme to the end of its works, after what is settled."""
        first, last = int(self.years[0]), int(self.years[-1]) - self.lasts(variant) + 1
        if project.settled is not None:
            only = project.settled
            return [only.start] if only.variant == variant.name and first <= only.start <= last else []
        if self.general.settled_until is not None:
            first = max(first, self.general.settled_until + 1)
        first = max(first, first if project.earliest is None else project.earliest)
        last = min(last, last if project.latest is None else project.latest)
        return list(range(first, last + 1))

    def lasts(self, variant: Variant) -> int:
        """Years of a variant's works: to its last payment and, with [earth], to the last in which earth is moved."""
        earth = () if self.earth is None else earth_by_year(variant)
        return max(len(trimmed(variant.spend_cny)), len(earth), 1)

    @cached_property
    def limits(self) -> Floats:
        """Yuan each fund gives by year, (F, T); inf where a year has no limit of its own."""
        found = np.full((len(self.funds), len(self.years)), np.inf)
        for f, fund in enumerate(self.funds):
            if isinstance(fund.yearly_cny, dict):
                found[f] = [fund.yearly_cny.get(int(y), 0.0) for y in self.years]
            elif fund.yearly_cny is not None:
                found[f] = fund.yearly_cny
        return found

    def pays(self, f: int, project: ProjectItem, variant: Variant) -> bool:
        """Whether a fund may pay for a variant of a project."""
        allowed = self.funds[f].eligible
        by_target = not allowed.targets or any(getattr(variant, f"{t}_mu") > 0 for t in allowed.targets)
        return by_target and (not allowed.projects or project.id in allowed.projects)

    @cached_property
    def eligible(self) -> NDArray[np.bool_]:
        """Whether each fund may pay for each column, (J, F)."""
        cols = self.columns
        found = np.zeros((len(cols), len(self.funds)), dtype=np.bool_)
        known: dict[tuple[int, int], list[bool]] = {}
        for j, (i, v) in enumerate(zip(cols.project.tolist(), cols.variant.tolist(), strict=True)):
            if (i, v) not in known:
                project = self.projects[i]
                known[i, v] = [self.pays(f, project, project.variant[v]) for f in range(len(self.funds))]
            found[j] = known[i, v]
        return found

    @cached_property
    def pairs(self) -> tuple[Ints, Ints, Floats]:
        """Who may take whose spoil: giver, taker, km, (P,) each; none without [earth]."""
        empty = np.empty(0, dtype=np.int64)
        if self.earth is None:
            return empty, empty, np.empty(0)
        cols = self.columns
        gives = np.unique(cols.project[(cols.surplus > 0).any(axis=1)])
        takes = np.unique(cols.project[(cols.surplus < 0).any(axis=1)])
        if not len(gives) or not len(takes):
            return empty, empty, np.empty(0)
        where = np.array([self.places.get(p.id, (np.nan, np.nan)) for p in self.projects], dtype=np.float64)
        km = np.hypot(*(where[gives][:, None] - where[takes][None]).transpose(2, 0, 1)) / 1000.0
        worth_it = km * self.earth.cny_per_m3_km <= self.earth.bought_cny_per_m3
        a, b = np.nonzero((km <= self.earth.max_km) & worth_it & (gives[:, None] != takes[None]))
        return gives[a], takes[b], np.asarray(km[a, b], dtype=np.float64)


def earth_by_year(variant: Variant) -> tuple[float, ...]:
    """Spoil left over or fill wanted by year from a variant's start, m³, without the years of nothing at their end."""
    given = variant.surplus_m3
    return trimmed(given if isinstance(given, tuple) else (given,))


def trimmed(sums: tuple[float, ...]) -> tuple[float, ...]:
    """Yearly sums without the years of nothing at their end."""
    last = max((k for k, s in enumerate(sums) if s), default=-1)
    return sums[: last + 1]
