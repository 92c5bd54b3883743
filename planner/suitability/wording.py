"""Verdicts as messages: what was found, the limit, and what would have to change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from planner.words import Message, plain, render, say


@dataclass(frozen=True)
class Told:
    """How a rule's figures are told. more: too little fails; digits: behind the point.

    What the rule looks at is the text `rule.<key>`, what would have to change `change.<key>`.
    """

    more: bool = False
    digits: int = 2


TOLD: Final = {
    "forbidden": Told(),
    "terrain_known": Told(),
    "settled": Told(digits=0),
    "residual": Told(digits=0),
    "restricted": Told(digits=0),
    "tilt": Told(),
    "curvature": Told(digits=3),
    "strain": Told(),
    "tilt_evaluate": Told(),
    "curvature_evaluate": Told(digits=3),
    "strain_evaluate": Told(),
    "depth_ratio": Told(more=True, digits=0),
    "load_reach": Told(more=True, digits=1),
    "fill": Told(),
    "final_water": Told(more=True),
    "slope": Told(digits=1),
    "soil": Told(more=True),
    "water_table": Told(more=True),
    "farmland_damage": Told(digits=0),
    "wetland": Told(),
    "depth_dug": Told(more=True),
    "depth_today": Told(more=True),
    "dam": Told(),
    "seepage": Told(),
    "pollution": Told(),
    "shape": Told(more=True),
}
YEARS: Final = ("settled", "restricted")  # rules whose figures are years: told by sentences of their own
_STANDARD: Final = re.compile(r"((?:GB/T|GB|TD/T|SL|DZ/T) ?[\d.]+(?:-\d+)?)(?: cl\. ([\d.]+))?")  # a standard and its clause


def sentences(verdicts: pd.DataFrame, lang: str = "en") -> list[str]:
    """One sentence per verdict row in its order, `lang` "en" or "zh": value, limit, source, and what would have to change.

    verdicts: rows of `Judgement.verdicts`.
    """
    return [render(message, lang) for message in messages(verdicts)]


def messages(verdicts: pd.DataFrame) -> list[Message]:
    """One message per verdict row in its order: value, limit, source, and what would have to change."""
    return [_message(row) for row in verdicts.to_dict("records")]


def _message(row: dict[Any, Any]) -> Message:
    rule, target, passed = str(row["rule"]), str(row["target"]), bool(row["passed"])
    if rule == "forbidden":
        if passed:
            return say("verdict.not_forbidden", target=target)
        note = plain(row["note"]) if row["note"] else say("verdict.on_this_land")
        return say("verdict.forbidden", note=note, target=target, change=say("change.forbidden"))
    if rule in ("near", "belt"):
        if passed:
            return say(f"verdict.{rule}_kept", target=target)
        share, note = float(row["value"]), plain(row["note"])
        return say(f"verdict.{rule}_broken", target=target, share=share, note=note, change=say(f"change.{rule}"))
    told = TOLD[rule]
    value, limit = float(row["value"]), float(row["limit"])
    unit = str(row["unit"] or "")
    known = {"rule": rule, "limit": _written(limit, unit, told.digits), "source": _source(str(row["source"]))}
    if value != value:
        return say("verdict.unknown", **known)
    known["value"] = _written(value, unit, told.digits)
    if rule in YEARS and passed:
        return say(f"verdict.{rule}", **{k: v for k, v in known.items() if k != "rule"})
    if passed:
        return say("verdict.at_least" if told.more else "verdict.at_most", **known)
    gap = _written(abs(value - limit), unit, told.digits)
    failed = {**known, "target": target, "change": say(f"change.{rule}", gap=gap)}
    if rule in YEARS:
        return say(f"verdict.{rule}_late", **{k: v for k, v in failed.items() if k != "rule"})
    side = "below" if told.more else "above"
    return say(f"verdict.{side}_{'hard' if row['hard'] else 'soft'}", **failed)


def _written(number: float, unit: str, digits: int) -> str:
    """A figure with the unit that rules are given in."""
    gap = "" if unit in ("", "°") else " "
    return f"{number:.{digits}f}{gap}{unit}"


def _source(source: str) -> Message:
    """Where a limit comes from; in Chinese the standard's number, or a pointer to the table of parameters."""
    code = _STANDARD.match(source)
    if code is None:
        return say("verdict.source", source=source)
    if code.group(2):
        return say("verdict.clause", source=source, standard=code.group(1), clause=code.group(2))
    return say("verdict.standard", source=source, standard=code.group(1))
