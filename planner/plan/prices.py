"""What a plan's limits cost in a treasurer's words: what a mu of one use made another would bring, three ledgers apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from planner.cropland import is_cropland
from planner.landuse import CHOICES, UNRESTORED
from planner.placing import value_column
from planner.plan.allocate import locks_of
from planner.words import Message, say

if TYPE_CHECKING:
    from planner.plan.record import PlanRecord

MANY_MU: Final = 150.0  # ten hectares: what a change of a quota is about
SMALL_CNY: Final = 1.0  # that an option may be worth more than the chosen one by rounding of units


def exchange(plan: PlanRecord) -> list[dict[str, Any]]:
    """From which target to which, and what a mu of it would bring (below 0: cost), yuan of present value.

    The price of one more mu of a quota says by itself what *some* other land loses as well: duals of quotas that share all the
    land are known only up to a common sum. Their differences are not: with one quota lowered by a mu and another raised by one
    the land stays the same. A use of which no quota binds has no such price: from or to it, what the land that suits the change
    best loses by it at the plan's prices is taken off. `proven` is False where ten hectares of it (150 mu) would move less than
    the plan's own gap.
    """
    rows = [b for b in plan.certificate.binding if b.get("kind") == "quota" and not b.get("treatment")]
    price = dict.fromkeys(CHOICES, 0.0)
    for row in rows:
        price[str(row["target"])] += float(row["shadow_price"])
    bound = {str(row["target"]) for row in rows}
    taken = [t for t in CHOICES if t in bound or bool((plan.units["target"] == t).any())]
    open_cny = abs(plan.certificate.bound - plan.certificate.objective)
    loses, found = _least_losses(plan), []
    for a, b in permutations(taken, 2):
        if not bound & {a, b}:
            continue  # neither is asked for: the choice has settled what lies where
        brings = price[b] - price[a] - (0.0 if {a, b} <= bound else loses[a, b])
        if not np.isfinite(brings):
            continue  # no land of the one could be the other
        found.append({"from": a, "to": b, "cny_per_mu": brings, "proven": abs(brings) * MANY_MU > open_cny})
    return found


def _least_losses(plan: PlanRecord) -> dict[tuple[str, str], float]:
    """What a mu of one target that becomes another loses at least at the plan's prices, yuan, over other targets where that is
    less; inf where no land can. Land under a lock, and options that only a rule without a price keeps out, do not count."""
    units, options = plan.units, plan.options
    every = [*CHOICES, UNRESTORED]
    least = np.where(np.eye(len(every), dtype=bool), 0.0, np.inf)
    unit = options.index.get_level_values(0)
    held = [lock.unit for lock in locks_of(plan.site.scenario, units, units)]
    loss = options["loss_cny"].to_numpy(float)
    free = ~unit.isin(held) & (loss > -SMALL_CNY)
    per_mu = np.maximum(loss, 0.0) / units["area_mu"].reindex(unit).to_numpy(float)
    place = pd.Index(every)
    before, after = (place.get_indexer(targets) for targets in (units["target"].reindex(unit), options["target"]))
    change = free & (before != after) & (before >= 0) & (after >= 0)
    np.minimum.at(least, (before[change], after[change]), per_mu[change])
    for k in range(len(every)):  # Floyd & Warshall
        least = np.minimum(least, least[:, [k]] + least[[k], :])
    return {(a, b): float(least[i, j]) for i, a in enumerate(every) for j, b in enumerate(every)}


def three_ledgers(plan: PlanRecord) -> dict[str, float]:
    """Fiscal cash, quota income and potential value, yuan; they count different money and are never added up.

    fiscal: building land sold, `ledgers.sold_share` of it, at its value per mu where it lies ([value]), net of what is set
    aside (`ledgers.net_share`).
    quota: new arable land less the cropland that is built over, at `ledgers.quota_cny_per_mu`; below 0 where quota must be
    bought; without a layer of land use all arable land counts as none. potential: what the plan values all its land at.
    Source: DOMAIN 7; occupation and compensation balance of farmland (占补平衡).
    """
    scenario, units = plan.site.scenario, plan.units
    built = units[units["target"] == "construction"]
    flat, column = scenario.number("targets.construction.value_cny_per_mu"), value_column("construction")
    price = built[column] if column in built.columns else flat
    sold = float((built["area_mu"] * price).sum()) * scenario.number("ledgers.sold_share")
    target = units["target"].reindex(plan.land_use["unit_id"]).to_numpy()
    area, crop = plan.land_use["area_mu"].to_numpy(float), is_cropland(plan.land_use["landuse"], scenario).to_numpy(bool)
    known = (plan.land_use["landuse"] != "").to_numpy(bool)
    new = float(area[known & ~crop & (target == "arable")].sum())
    owed = float(area[crop & (target == "construction")].sum())
    return {
        "fiscal_cny": sold * scenario.number("ledgers.net_share"),
        "quota_cny": (new - owed) * scenario.number("ledgers.quota_cny_per_mu"),
        "potential_cny": float(np.sum(units["benefit_cny"])),
    }


def within_gap(plans: Sequence[Mapping[str, Any]]) -> Message | None:
    """A warning where any two plans differ in value by less than what is unproven of both; plans: their summaries."""
    proofs = [p["solver"] for p in plans]
    for one, other in combinations(proofs, 2):
        open_cny = sum(abs(p["bound"] - p["objective"]) for p in (one, other))
        apart = abs(one["objective"] - other["objective"])
        if 0 < apart <= open_cny:
            return say("plan.within_gap", apart=apart, open=open_cny)
    return None
