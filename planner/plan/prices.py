"""What a plan's limits cost in a treasurer's words: what a mu of one use made another would bring, three ledgers apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise, permutations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from planner.landuse import CHOICES
from planner.plan.ledgers import is_cropland
from planner.words import Message, say

if TYPE_CHECKING:
    from planner.plan.record import PlanRecord

MANY_MU: Final = 150.0  # ten hectares: what a change of a quota is about


def exchange(plan: PlanRecord) -> list[dict[str, Any]]:
    """From which target to which, and what a mu of it would bring (below 0: cost), yuan of present value.

    The price of one more mu of a quota says by itself what *some* other land loses as well: duals of quotas that share all the
    land are known only up to a common sum. Their differences are not: with one quota lowered by a mu and another raised by one
    the land stays the same. `proven` is False where ten hectares of it (150 mu) would move less than the plan's own gap.
    """
    rows = [b for b in plan.certificate.binding if b.get("kind") == "quota" and not b.get("treatment")]
    price = dict.fromkeys(CHOICES, 0.0)
    for row in rows:
        price[str(row["target"])] += float(row["shadow_price"])
    bound = {str(row["target"]) for row in rows}
    taken = [t for t in CHOICES if t in bound or bool((plan.units["target"] == t).any())]
    open_cny = abs(plan.certificate.bound - plan.certificate.objective)
    found = []
    for a, b in permutations(taken, 2):
        if not bound & {a, b}:
            continue  # neither is asked for: the choice has settled what lies where
        brings = price[b] - price[a]
        found.append({"from": a, "to": b, "cny_per_mu": brings, "proven": abs(brings) * MANY_MU > open_cny})
    return found


def three_ledgers(plan: PlanRecord) -> dict[str, float]:
    """Fiscal cash, quota income and potential value, yuan; they count different money and are never added up.

    fiscal: building land sold, `ledgers.sold_share` of it, at its value per mu, net of what is set aside (`ledgers.net_share`).
    quota: new arable land less the cropland that is built over, at `ledgers.quota_cny_per_mu`; below 0 where quota must be
    bought; without a layer of land use all arable land counts as none. potential: what the plan values all its land at.
    Source: DOMAIN 7; occupation and compensation balance of farmland (占补平衡).
    """
    scenario, units = plan.site.scenario, plan.units
    built = float(units["area_mu"][units["target"] == "construction"].sum())
    sold = built * scenario.number("targets.construction.value_cny_per_mu") * scenario.number("ledgers.sold_share")
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
    """A warning where plans differ in value by less than what is unproven of both; plans: their summaries."""
    proofs = [p["solver"] for p in plans]
    for one, other in pairwise(proofs):
        open_cny = sum(abs(p["bound"] - p["objective"]) for p in (one, other))
        apart = abs(one["objective"] - other["objective"])
        if 0 < apart <= open_cny:
            return say("plan.within_gap", apart=apart, open=open_cny)
    return None
