"""The price of green: what keeping a piece of land green costs, as the difference of two certified plans."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from planner.errors import InvalidInput
from planner.landuse import CHOICES
from planner.parameters import nearest
from planner.plan import Plan, make_plan
from planner.plan.whatif import vary
from planner.site import Site
from planner.words import say

if TYPE_CHECKING:
    from planner.plan.whatif import Announce

STEP: Final = ("step_mu", "best_cny", "low_cny", "high_cny", "proven", "cny_per_mu", "cny_per_head")


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
    locks = sets.get("lock", [lock.model_dump(exclude_none=True) for lock in site.scenario.lock])
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


def price_curve(
    site: Site | str | Path,
    mu: Sequence[float],
    *,
    target: str = "green",
    people: float | None = None,
    announce: Announce | None = None,
    **sets: Any,
) -> pd.DataFrame:
    """What more green costs, step by step: a certified plan per least area, mu, least first, and what is proven of each step.

    mu: least areas of the target, two or more. people: among whom the price is shared out, > 0. sets: dotted keys as in
    make_plan, for all plans. Returns a frame by `min_mu`: `status`, `area_mu` (what the plan has of the target),
    `objective_cny`, `bound_cny`, and of the step from the plan before it `step_mu`, `best_cny`, `low_cny`, `high_cny`, `proven`
    (False where the difference lies inside the two plans' gaps), `cny_per_mu` (the marginal price) and `cny_per_head`, both
    None where nothing is proven. Raises InvalidInput, and as make_plan does for anything but an area that cannot be had.

    Examples
    --------
    >>> import planner as pl
    >>> curve = price_curve(pl.samples.folder("aidans"), [400.0, 1_200.0], people=5_000)
    >>> bool(curve["low_cny"].iloc[1] <= curve["best_cny"].iloc[1] <= curve["high_cny"].iloc[1])
    True
    """
    if target not in CHOICES:
        raise InvalidInput(say("keys.target", name=target, nearest=nearest(target, CHOICES), known=", ".join(CHOICES)))
    for value in mu:
        if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value >= 0):
            raise InvalidInput(say("city.curve_area", value=str(value)))
    if people is not None and not (math.isfinite(people) and people > 0):
        raise InvalidInput(say("city.bad_number", name="people", value=float(people)))
    steps = sorted({float(value) for value in mu})
    if len(steps) < 2:
        raise InvalidInput(say("city.curve_steps", count=len(steps)))
    plans = vary(site, {f"targets.{target}.min_mu": steps}, announce=announce, **sets)
    rows: list[dict[str, Any]] = []
    before: dict[str, Any] | None = None
    for least, plan in zip(steps, plans.to_dict("records"), strict=True):
        row = {
            "min_mu": least,
            "status": str(plan["status"]),
            "area_mu": plan.get(f"{target}_mu"),
            "objective_cny": plan.get("objective_cny"),
            "bound_cny": plan.get("bound_cny"),
        }
        made = row["objective_cny"] is not None and math.isfinite(row["objective_cny"])
        rows.append(row | _step(before, row, people) if made else row)
        before = row if made else before
    columns = ["min_mu", "status", "area_mu", "objective_cny", "bound_cny", *STEP]
    return pd.DataFrame(rows, columns=columns, dtype=object).set_index("min_mu")


def _step(before: Mapping[str, Any] | None, now: Mapping[str, Any], people: float | None) -> dict[str, Any]:
    """The price of a step between two plans, yuan, as the columns STEP; nothing for the first plan."""
    if before is None:
        return {}
    area = now["min_mu"] - before["min_mu"]
    price = GreenPrice(
        best_cny=before["objective_cny"] - now["objective_cny"],
        low_cny=before["objective_cny"] - now["bound_cny"],
        high_cny=before["bound_cny"] - now["objective_cny"],
        area_mu=area,
        people=people,
    )
    told = (area, price.best_cny, price.low_cny, price.high_cny, price.proven, price.cny_per_mu, price.cny_per_head)
    return dict(zip(STEP, told, strict=True))
