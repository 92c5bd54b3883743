"""The alternatives side by side: nothing, the rules alone, this plan, the cheapest and one laid out otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from planner.landuse import CHOICES, LAND, UNRESTORED
from planner.plan.limits import limit_name
from planner.plan.others import UNLIKE, differs
from planner.report.document import Block, Say, Section, Table, Text
from planner.words import Message, render, term
from planner.words import say as tell

if TYPE_CHECKING:
    from planner.plan import Plan

SAME_MU: Final = 0.5  # areas closer than this are the same


def alternatives(plan: Plan, s: Mapping[str, Any], say: Say) -> Section:
    """What else could be done, side by side, and what differs in words."""
    lang = say.lang
    columns = [_alone(s), _mine(s), *s["alternatives"]]
    names = [render(tell(f"alternative.{column['key']}"), lang) for column in columns]

    def row(name: str, cells: Sequence[str]) -> tuple[str, ...]:
        return (name, *cells)

    def figure(code: str) -> str:
        return render(tell(f"decision.{code}"), lang)

    rows = [row(term("target", t, lang), [say.mu(c["targets"][t]) for c in columns]) for t in (*CHOICES, UNRESTORED)]
    rows += [
        row(figure("usable"), [say.mu(c["restored_mu"]) for c in columns]),
        row(figure("stored"), [say.cubic(c["storage_m3"]) for c in columns]),
        row(figure("cost"), [say.yuan(c["cost_cny"]) for c in columns]),
        row(figure("value"), [say.yuan(c["benefit_cny"]) for c in columns]),
        row(figure("worth"), [say.yuan(c["npv_cny"]) if c["npv_cny"] is not None else "–" for c in columns]),
    ]
    lines = [("nothing", _nothing(s)), ("rules", _rules(plan, s)), ("plan", _plan(s))]
    lines += [(other["key"], differs(s, other)) for other in s["alternatives"]]
    words: list[Block] = [
        Text(render(tell("decision.alternative", name=tell(f"alternative.{key}"), what=what), lang)) for key, what in lines
    ]
    proofs = [_proof(other) for other in s["alternatives"]] or [tell("alternative.unasked")]
    words += [Text(render(message, lang)) for message in proofs]
    return Section(figure("alternatives"), (Table((figure("figure"), *names), tuple(rows)), *words))


def _proof(other: Mapping[str, Any]) -> Message:
    key = other["key"]
    if key == UNLIKE:
        return tell("alternative.unlike_proof", name=tell(f"alternative.{key}"), why=tell(f"alternative.{key}_why"))
    name, why = tell(f"alternative.{key}"), tell(f"alternative.{key}_why")
    return tell("alternative.proof", name=name, why=why, percent=100 * other["gap"], status=other["status"])


def _alone(s: Mapping[str, Any]) -> dict[str, Any]:
    """The rules alone as a column; what they are worth by year is not worked out."""
    alone = s["rules_alone"]
    areas = {t: alone["targets"][t]["area_mu"] for t in (*CHOICES, UNRESTORED)}
    works = sum(alone["targets"][t]["cost_cny"] for t in CHOICES) + s["economics"]["lump_sums_cny"]
    value = sum(alone["targets"][t]["benefit_cny"] for t in CHOICES)
    return {
        "key": "rules",
        "targets": areas,
        "restored_mu": sum(areas[t] for t in LAND),
        "storage_m3": alone["storage_m3"],
        "cost_cny": works,
        "benefit_cny": value,
        "npv_cny": None,
    }


def _mine(s: Mapping[str, Any]) -> dict[str, Any]:
    """The plan itself as a column."""
    money = s["economics"]
    return {
        "key": "plan",
        "targets": {t: s["targets"][t]["area_mu"] for t in (*CHOICES, UNRESTORED)},
        "restored_mu": s["restored_mu"],
        "storage_m3": s["water"]["storage_m3"],
        **{name: money[name] for name in ("cost_cny", "benefit_cny", "npv_cny")},
    }


def _nothing(s: Mapping[str, Any]) -> Message:
    site = s["site"]
    depth = site["subsidence_mean_m"]
    return tell("decision.nothing", mu=site["area_mu"], depth=depth, ponded=site["ponded_before_mu"])


def _rules(plan: Plan, s: Mapping[str, Any]) -> Message:
    """What the rules alone would do differently from the plan, and which limits they would break."""
    alone = {t: s["rules_alone"]["targets"][t]["area_mu"] for t in CHOICES}
    gains = {t: alone[t] - s["targets"][t]["area_mu"] for t in CHOICES}
    moved = [
        tell("decision.more" if gain > 0 else "decision.less", mu=abs(gain), target=t)
        for t, gain in gains.items()
        if abs(gain) > SAME_MU
    ]
    broken = _broken(plan, alone, s["rules_alone"]["storage_m3"])
    kept = tell("decision.breaks", limits=broken) if broken else tell("decision.keeps")
    return tell("decision.rules", areas=moved or tell("decision.same_areas"), kept=kept)


def _broken(plan: Plan, areas: Mapping[str, float], storage_m3: float) -> list[Message]:
    """Limits of the scenario that an allocation by these areas would not keep."""
    scenario, found = plan.site.scenario, []
    for t in CHOICES:
        quota = getattr(scenario.targets, t)
        if quota.min_mu is not None and areas[t] < quota.min_mu - SAME_MU:
            found.append(tell("decision.short", target=t, mu=quota.min_mu - areas[t]))
        if quota.max_mu is not None and areas[t] > quota.max_mu + SAME_MU:
            found.append(tell("decision.over", target=t, mu=areas[t] - quota.max_mu))
    least = scenario.reservoir.min_storage_m3
    if least is not None and storage_m3 < least:
        found.append(tell("decision.dry_lake", size=least - storage_m3))
    return found


def _plan(s: Mapping[str, Any]) -> Message:
    limits = [limit_name(b) for b in s["solver"]["binding"]]
    return tell("decision.plan", mu=s["restored_mu"], limits=limits or tell("word.none"))
