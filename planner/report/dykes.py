"""The dykes of a plan in its report: what holds the water, and what of it the choice counted."""

from __future__ import annotations

from typing import Any, Final

from planner.columns import DYKES
from planner.report.document import Block, Say, Table, Text
from planner.words.render import NOTHING

SHOWN: Final = 20
DIGITS: Final = {"crest_m": 2, "length_m": 0, "height_m": 2, "mean_m": 2, "fill_m3": 0, "cost_cny": 0}


def dykes(s: dict[str, Any], say: Say) -> tuple[Block, ...]:
    """A sentence and a table of the longest dykes; nothing where the plan needs none. s: the plan's summary."""
    told = s.get("dykes", {})
    lines = sorted(told.get("lines", []), key=lambda row: -row["length_m"])
    if not lines:
        return ()
    sums = {"length": told["length_m"], "height": told["height_m"], "fill": told["fill_m3"], "cost": told["cost_cny"]}
    priced = {"priced": told["priced_fill_m3"], "priced_cost": told["priced_cost_cny"]}
    text = Text(say("dykes.told", n=len(lines), **sums, **priced))
    heads = tuple(say.head(DYKES[c]) for c in ("dyke_id", "reservoir_id", *DIGITS))
    rows = tuple(
        (row["id"], row["reservoir_id"] or NOTHING, *(f"{row[c]:,.{d}f}" for c, d in DIGITS.items())) for row in lines[:SHOWN]
    )
    caption = say("dykes.longest", count=len(lines)) if len(lines) > SHOWN else ""
    return text, Table(heads, rows, caption, words=(0, 1))
