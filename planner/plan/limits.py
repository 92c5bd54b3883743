"""What a limit of the plan is called: the rows `binding` of summary.json as messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from planner.columns import OPTIONS
from planner.words import Message, both, plain, say, term

BY_KIND: Final = ("budget", "storage", "import", "export")  # kinds that count one thing over all the land


def limit_name(row: Mapping[str, Any]) -> Message:
    """The name of a limit with its ends: "construction land ≥ 8,000 mu".

    row: kind, target, treatment, name, low, high, unit, rule; of other kinds the rule as it calls itself
    (`rule`, `rule_zh`).
    """
    kind, ends = row.get("kind", ""), _ends(row)
    if kind == "quota":
        return say("limit.quota", target=row["target"], ends=ends)
    if kind == "storage" and row.get("name"):
        return say("limit.storage_of", name=row["name"], ends=ends)
    if kind == "stock":
        return say("limit.stock", moment=row.get("name") or "")
    if kind == "coverage":
        return say("limit.coverage", target=row["target"], ends=ends)
    if kind in BY_KIND:
        return say(f"limit.{kind}", ends=ends)
    if kind == "limit":
        known = OPTIONS.get(row["name"])
        name = _served(row["name"]) if known is None else both(_lower(known.en), known.zh)
        if row["target"] and row.get("treatment"):
            return say("limit.column_of_way", name=name, target=row["target"], way=row["treatment"], ends=ends)
        return say("limit.column_of", name=name, target=row["target"], ends=ends) if row["target"] else _column(name, ends)
    return both(row["rule"], row.get("rule_zh") or row["rule"])


def _lower(heading: str) -> str:
    """A heading inside a sentence: "Area" is "area", an abbreviation stays."""
    return heading[:1].lower() + heading[1:] if heading[1:2].islower() else heading


def _served(name: str) -> Message:
    """The name of a column: people or homes within reach, or as it is."""
    kind = next((k for k in ("served_people", "served_mu") if name.startswith(k)), None)
    return plain(name) if kind is None else say(f"limit.{kind}")


def _column(name: Message, ends: Message) -> Message:
    return say("limit.column", name=name, ends=ends)


def _ends(row: Mapping[str, Any]) -> Message:
    """The ends of a limit: at least, at most, between."""
    low, high, unit = row.get("low"), row.get("high"), row["unit"]
    if low is not None and high is not None:
        return say("limit.between", low=low, high=high, unit=unit)
    if low is not None:
        return say("limit.at_least", low=low, unit=unit)
    return say("limit.at_most", high=high, unit=unit) if high is not None else plain("")


def method_name(method: str, lang: str) -> str:
    """The steps of a solver's method, which its name joins by " + " and ", then "."""
    rounds = [[term("method", step, lang) for step in part.split(" + ")] for part in method.split(", then ")]
    return term("method", "then", lang).join(term("method", "plus", lang).join(steps) for steps in rounds)
