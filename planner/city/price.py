"""The price of green: what keeping a piece of land green costs, as the difference of two certified plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planner.errors import InvalidInput
from planner.plan import Plan, make_plan
from planner.site import Site
from planner.words import say


@dataclass(frozen=True)
class GreenPrice:
    """What it costs to keep land as a target: best figure and what is proven of it, yuan of the plans' objective.

    low, high: the difference lies between them whatever the solver left open. area_mu: land kept. people: who gain by it.
    """

    best_cny: float
    low_cny: float
    high_cny: float
    area_mu: float
    people: float | None = None

    @property
    def proven(self) -> bool:
        """Whether there is a difference at all: not where the plans' gaps are larger than it."""
        return self.low_cny > 0 or self.high_cny < 0

    @property
    def cny_per_mu(self) -> float | None:
        """Yuan per mu kept; None where no difference is proven."""
        return self.best_cny / self.area_mu if self.proven else None

    @property
    def cny_per_head(self) -> float | None:
        """Yuan per head; None where no difference is proven or nobody is counted."""
        return self.best_cny / self.people if self.proven and self.people else None


def price_of_green(
    site: Site,
    *,
    parcel: str | None = None,
    unit: str | None = None,
    target: str = "green",
    people: float | None = None,
    **sets: Any,
) -> GreenPrice:
    """Plans a site twice, with a parcel (or unit) kept as a target and without, and tells the difference.

    sets: dotted keys as in make_plan, for both plans. Raises InvalidInput for an unknown parcel or unit, and as make_plan
    does. Source: Huize Park, Shizuishan: 200 mu kept green, > 100 M yuan of land sales forgone (the brief).

    Examples
    --------
    >>> import planner as pl
    >>> plan = pl.make_plan(pl.samples.folder("aidans"))
    >>> green = plan.units.index[plan.units["target"] == "green"][0]
    >>> price = pl.price_of_green(plan.site, unit=green)  # what it is anyway: it costs nothing that can be proven
    >>> price.proven
    False
    """
    if (parcel is None) == (unit is None):
        raise InvalidInput(say("city.what_to_keep"))
    if people is not None and not people > 0:
        raise InvalidInput(say("city.bad_number", name="people", value=float(people)))
    where = {"parcel": parcel} if parcel is not None else {"unit": unit}
    locks = [lock.model_dump(exclude_none=True) for lock in site.scenario.lock]
    free = make_plan(site, **sets)
    kept = make_plan(site, **{**sets, "lock": [*locks, {**where, "target": target}]})
    return difference(free, kept, where=where, people=people)


def difference(free: Plan, kept: Plan, *, where: Mapping[str, Any], people: float | None = None) -> GreenPrice:
    """The price from two plans of the same site: objective lies between a plan's own value and its bound."""
    a, b = free.certificate, kept.certificate
    (key, name), *_ = where.items()
    units = kept.units[kept.units[f"{key}_id"] == name] if key == "parcel" else kept.units.loc[[name]]
    return GreenPrice(
        best_cny=a.objective - b.objective,
        low_cny=a.objective - b.bound,
        high_cny=a.bound - b.objective,
        area_mu=float(units["area_mu"].sum()),
        people=people,
    )


def price_curve(site: Site, mu: list[float], **sets: Any) -> list[tuple[float, float, float]]:
    """What more green costs: per least area of green, mu, the plan's objective and its bound, yuan.

    The marginal price between two rows is the difference of objectives by the difference of areas; it is known to the
    gaps only. Raises as make_plan does.
    """
    rows = []
    for least in mu:
        plan = make_plan(site, **{**sets, "targets.green.min_mu": float(least)})
        rows.append((float(least), plan.certificate.objective, plan.certificate.bound))
    return rows
