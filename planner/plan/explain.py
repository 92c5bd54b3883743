"""Why a unit has its target, why not the others, and what would have to change: sentences in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.errors import InvalidInput
from planner.landuse import CHOICES, UNRESTORED
from planner.parameters import nearest
from planner.plan.allocate import locks_of
from planner.suitability.wording import messages
from planner.words import LANGS, Message, render, say, text

if TYPE_CHECKING:
    from planner.plan.record import PlanRecord


@dataclass(frozen=True, eq=False)
class Explanation:
    """One unit's story. why: messages for its target; others: messages by target not chosen."""

    unit_id: str
    target: str
    treatment: str
    facts: Mapping[str, Any]
    why: tuple[Message, ...]
    others: Mapping[str, tuple[Message, ...]]

    def text(self, lang: str = "en") -> str:
        """The story as lines of text."""
        lines = [*(render(m, lang) for m in self.why), text("explain.others", lang)]
        gap = "" if lang == "zh" else " "
        for target, told in self.others.items():
            why = gap.join(render(m, lang) for m in told)
            lines.append("  - " + text("explain.not", lang, target=target, why=why))
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The story as a JSON document."""
        return {
            "unit_id": self.unit_id,
            "target": self.target,
            "treatment": self.treatment,
            "facts": dict(self.facts),
            "why": {lang: [render(m, lang) for m in self.why] for lang in LANGS},
            "others": {lang: {t: [render(m, lang) for m in told] for t, told in self.others.items()} for lang in LANGS},
        }

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return f"<pre style='white-space:pre-wrap'>{escape(self.text())}</pre>"


def explain(plan: PlanRecord, unit_id: str) -> Explanation:
    """The story of one unit. Raises InvalidInput naming the nearest unit where there is no such unit."""
    if unit_id not in plan.units.index:
        near = nearest(unit_id, plan.units.index)
        raise InvalidInput(say("plan.no_unit", unit_id=unit_id, units=len(plan.units), nearest=near))
    row = plan.units.loc[unit_id]
    verdicts = plan.judgement.verdicts
    mine = verdicts[verdicts["unit_id"] == unit_id]
    priced = plan.options.loc[[unit_id]] if unit_id in plan.options.index.get_level_values(0) else plan.options.iloc[:0]
    banned, locked = plan.site.scenario.ruled_out, unit_id in _locked(plan)
    facts = {k: (v.item() if hasattr(v, "item") else v) for k, v in row.drop("geometry").items()}
    return Explanation(
        unit_id=unit_id,
        target=str(row["target"]),
        treatment=str(row["treatment"]),
        facts={k: None if pd.isna(v) else v for k, v in facts.items()},
        why=tuple(_why(row, mine, locked)),
        others={
            t: (say("explain.excluded", target=t),) if t in banned else tuple(_why_not(row, mine, priced, t, locked))
            for t in CHOICES
            if t != row["target"]
        },
    )


def _locked(plan: PlanRecord) -> set[str]:
    """Units that a lock keeps as they are planned."""
    return {lock.unit for lock in locks_of(plan.site.scenario, plan.units, plan.units)}


def _why(row: pd.Series[Any], verdicts: pd.DataFrame, locked: bool) -> list[Message]:
    lines = [
        say(
            "explain.head",
            unit=row.name,
            parcel=row["parcel_id"],
            area=row["area_mu"],
            target=row["target"],
            treatment=row["treatment"],
        ),
        say(
            "explain.facts",
            subsidence=row["subsidence_m"],
            ground=row["ground_m"],
            depth=row["water_depth_m"],
            logging=row["waterlogging"],
        ),
        say(
            "explain.money",
            cost=row["cost_cny"],
            benefit=row["benefit_cny"],
            cut=row["cut_m3"],
            fill=row["fill_m3"],
            storage=row["storage_m3"],
        ),
        *_drained(row),
        *_reason(row, locked),
    ]
    if row["target"] != UNRESTORED:
        lines += messages(verdicts[verdicts["target"] == row["target"]])
    return lines


def _drained(row: pd.Series[Any]) -> list[Message]:
    """What keeps it dry, where it has ditches or pumps."""
    if not row.get("drain_cny", 0.0) > 0:
        return []
    return [say("explain.drained", earth=row["drain_m3"], power=row["pump_kw"], cost=row["drain_cny"])]


def _reason(row: Any, locked: bool) -> list[Message]:
    """Why this target, in two or three short sentences. row: anything with the unit's columns by key."""
    if row["target"] == UNRESTORED:
        return [say("explain.none")]
    follower = row["next_target"]
    if pd.isna(follower) or follower == "":
        first = say("explain.only")
    elif locked:
        first = say("explain.locked", next=follower, gain=-row["next_loss_cny"])
    elif row["next_loss_cny"] <= -1.0:
        first = say("explain.ahead", next=follower, gain=-row["next_loss_cny"])
    elif follower == UNRESTORED:
        first = say("explain.left", loss=max(row["next_loss_cny"], 0.0))
    elif row["next_loss_cny"] < 1.0:
        first = say("explain.tie", next=follower)
    else:
        first = say("explain.best", next=follower, loss=row["next_loss_cny"])
    same = row["rules_target"] == row["target"]
    told = [first, say("explain.same") if same else say("explain.rules", target=row["rules_target"])]
    if row.get("surcharge_cny", 0.0) > 0:
        told.append(say("explain.surcharge", cost=row["surcharge_cny"]))
    return told


def _why_not(row: pd.Series[Any], verdicts: pd.DataFrame, priced: pd.DataFrame, target: str, locked: bool) -> list[Message]:
    mine = verdicts[(verdicts["target"] == target) & verdicts["hard"] & ~verdicts["passed"]]
    if len(mine):
        return messages(mine)
    ways = priced[priced["target"] == target]
    if ways.empty:
        return [say("explain.unpriced")]
    best = ways.loc[ways["loss_cny"].idxmin()]
    loss, way = best["loss_cny"], best["treatment"]
    if locked:
        return [say("explain.locked_way", treatment=way, gain=-loss)]
    if loss <= -1.0:
        told = [say("explain.ahead_way", treatment=way, gain=-loss)]
    else:
        told = [say("explain.behind", treatment=way, loss=loss) if loss >= 1.0 else say("explain.even", treatment=way)]
    if target == "reservoir" and row["deeper"] and not pd.isna(row["deeper"]):
        told.append(say("explain.water", deeper=row["deeper"]))
    return told


def reasons(plan: PlanRecord) -> dict[str, pd.Series[Any]]:
    """The columns `reason` and `reason_zh` of every unit."""
    asked = ["target", "next_target", "next_loss_cny", "rules_target", "surcharge_cny"]
    rows = plan.units[asked].to_dict("records")
    locked = _locked(plan)
    found = [_reason(row, unit in locked) for unit, row in zip(plan.units.index, rows, strict=True)]
    return {
        "reason": pd.Series([" ".join(render(m, "en") for m in told) for told in found], index=plan.units.index),
        "reason_zh": pd.Series(["".join(render(m, "zh") for m in told) for told in found], index=plan.units.index),
    }
