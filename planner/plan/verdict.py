"""The plan as a decision: what comes of it in one sentence, and today → rules → plan → price in four."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from planner.landuse import CHOICES, LAND
from planner.plan.limits import limit_name
from planner.words import Message, say

STEPS: Final = ("today", "rules", "plan", "price")
ENOUGH: Final = 1e6  # yuan that have no source from which a verdict names them
LOW_M: Final = 0.5  # m below the level it is built for, from which a verdict tells where the largest lake comes to stand


@dataclass(frozen=True)
class Verdict:
    """What a decider reads first: the sentence, whether it speaks for the plan, and the four steps that lead there."""

    sentence: Message
    good: bool
    steps: tuple[tuple[str, Message], ...]


def verdict(s: Mapping[str, Any]) -> Verdict:
    """The verdict on a plan by its summary."""
    money = s["economics"]
    npv, cost = money["npv_cny"], money["cost_cny"]
    open_cny, lent = money.get("unfunded_cny", 0.0), money.get("repaid_cny", 0.0)
    cash = (money.get("ledgers") or {}).get("fiscal_cny")
    if open_cny >= ENOUGH:
        tail = say("headline.unfunded", open_cny=open_cny, cost=cost)
    else:
        whole = "headline.lent_all" if lent >= cost else "headline.lent"
        tail = say(whole, lent=lent, cost=cost) if lent >= ENOUGH else say("headline.funded")
    if cash is not None:
        tail = say("headline.and_cash", tail=tail, cash=cash)
    low = _settles_low(s)
    if low is not None:
        tail = say("headline.and_water", tail=tail, water=low)
    if npv >= 0:
        sentence = say("headline.pays", npv=npv, cost=cost, value=money["benefit_cny"], tail=tail)
    else:
        sentence = say("headline.loses", npv=-npv, tail=tail)
    steps = tuple(zip(STEPS, (_today(s), _rules(s), _plan(s), _price(s)), strict=True))
    return Verdict(sentence, npv >= 0 and open_cny < ENOUGH and lent < ENOUGH and low is None, steps)


def _settles_low(s: Mapping[str, Any]) -> Message | None:
    """Where the largest lake comes to stand on rain and groundwater alone, if that is well below the level it is built for."""
    left, lakes = s["water"].get("settled"), s["water"]["reservoirs"]
    if not left or not lakes:
        return None
    largest = max(lakes, key=lambda lake: float(lake["storage_m3"]))
    level = left["levels_m"].get(largest["id"])
    if level is None or largest["level_m"] - level < LOW_M:
        return None
    held, built = left["mean_m3"], s["water"]["storage_m3"]
    return say("headline.settles_low", level=level, planned=largest["level_m"], held=held, built=built)


def _areas(areas: Mapping[str, float]) -> Message | tuple[Message, ...]:
    """Targets with their areas, those that occur."""
    parts = tuple(say("headline.area", target=t, mu=areas[t]) for t in CHOICES if areas[t] > 0)
    return parts or say("word.nothing")


def _today(s: Mapping[str, Any]) -> Message:
    site = s["site"]
    return say(
        "headline.today",
        mu=site["area_mu"],
        ponded=site["ponded_before_mu"],
        depth=site["subsidence_mean_m"],
        parcels=site["parcels"],
    )


def _rules(s: Mapping[str, Any]) -> Message:
    alone = s["rules_alone"]
    areas = _areas({t: alone["targets"][t]["area_mu"] for t in CHOICES})
    return say("headline.rules", areas=areas, storage=alone["storage_m3"])


def _plan(s: Mapping[str, Any]) -> Message:
    areas = {t: s["targets"][t]["area_mu"] for t in CHOICES}
    whole = s["site"]["area_mu"]
    moved = whole - s["rules_alone"]["agreement_mu"]
    return say(
        "headline.plan",
        restored=sum(areas[t] for t in LAND),
        areas=_areas(areas),
        storage=s["water"]["storage_m3"],
        moved=moved,
        share=100 * moved / whole if whole else 0.0,
    )


def _price(s: Mapping[str, Any]) -> Message:
    """What it costs, what it is worth, and the limit whose last unit is dearest relative to its size."""
    money, binding = s["economics"], s["solver"]["binding"]
    weight = [abs(float(b["shadow_price"])) * abs(float(b.get("activity") or b.get("limit") or 0.0)) for b in binding]
    said = {
        "cost": money["cost_cny"],
        "value": money["benefit_cny"],
        "ratio": money["benefit_cost_ratio"],
        "npv": money["npv_cny"],
    }
    if not binding or max(weight) <= 0:
        return say("headline.price_free", **said)
    dearest = binding[weight.index(max(weight))]
    return say(
        "headline.price", **said, rule=limit_name(dearest), unit=str(dearest["unit"]), worth=float(dearest["shadow_price"])
    )
