"""Why a unit has its target, why not the others, and what would have to change: sentences in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from planner.errors import InvalidInput
from planner.landuse import CHOICES, TARGETS, TREATMENTS, UNRESTORED
from planner.parameters import nearest
from planner.plan.allocate import ruled_out
from planner.suitability import sentences
from planner.suitability.wording import TEXTS
from planner.words import say

if TYPE_CHECKING:
    from planner.plan.noun import Plan

LANGS: Final = ("en", "zh")

WORDS: Final = {
    "en": {
        "head": "{unit} ({parcel}, {area:,.2f} mu): {target}, {treatment}.",
        "facts": "Sunk {subsidence:.2f} m; ground {ground:.2f} m; water {depth:.2f} m deep in a normal year ({logging}).",
        "money": "Costs {cost:,.0f} yuan, brings {benefit:,.0f} yuan; "
        "cut {cut:,.0f} m³, fill {fill:,.0f} m³, holds {storage:,.0f} m³.",
        "only": "The rules allow no other target here.",
        "best": "Worth most under the plan's limits: {next} would be {loss:,.0f} yuan behind.",
        "tie": "As good as {next} under the plan's limits.",
        "rules": "The rules alone give {target}.",
        "same": "The rules alone give the same.",
        "none": "No target is allowed here, or none pays under the limits.",
        "not": "Not {target}: {why}",
        "behind": "{treatment} is allowed but {loss:,.0f} yuan behind at the plan's prices; "
        "it would be chosen if it cost that much less.",
        "even": "{treatment} is worth as much at the plan's prices; the quotas and the neighbours decided.",
        "unpriced": "no treatment reaches it within the limits on fill and depth.",
        "excluded": "the brief rules it out everywhere (targets.{target}.max_mu = 0).",
        "water": "its lake must reach down: it may be reservoir only if {deeper} is.",
        "others": "Why not the others",
    },
    "zh": {
        "head": "{unit}（{parcel}，{area:,.2f}亩）：{target}，{treatment}。",
        "facts": "沉陷{subsidence:.2f}米；地面高程{ground:.2f}米；平水年积水深{depth:.2f}米（{logging}）。",
        "money": "投资{cost:,.0f}元，收益{benefit:,.0f}元；"
        "挖方{cut:,.0f}立方米，填方{fill:,.0f}立方米，蓄水{storage:,.0f}立方米。",
        "only": "评价规则在此不允许其他用途。",
        "best": "在方案约束下价值最高：改为{next}将损失{loss:,.0f}元。",
        "tie": "在方案约束下与{next}相当。",
        "rules": "仅按评价规则应为{target}。",
        "same": "仅按评价规则结果相同。",
        "none": "此处无允许的用途，或在约束下均不合算。",
        "not": "不作{target}：{why}",
        "behind": "{treatment}可行，但按方案影子价格少{loss:,.0f}元；成本降低该数额即会入选。",
        "even": "{treatment}按方案影子价格同样合算；由指标与相邻用途决定。",
        "unpriced": "在填挖深度限制内没有可行的治理方式。",
        "excluded": "方案规定全区不设该用途（targets.{target}.max_mu = 0）。",
        "water": "湖面须与更深处相连：仅当{deeper}为水库时此处才可为水库。",
        "others": "为何不作其他用途",
    },
}
LOGGING: Final = {"dry": "不积水", "seasonal": "季节性积水", "perennial": "常年积水"}


def target_name(key: str, lang: str) -> str:
    """The target's name in a language."""
    return str(getattr(TARGETS[key], lang)).lower() if lang == "en" else str(getattr(TARGETS[key], lang))


def treatment_name(key: str, lang: str) -> str:
    """The treatment's name in a language."""
    return str(getattr(TREATMENTS[key], lang)) if key in TREATMENTS else key


@dataclass(frozen=True, eq=False)
class Explanation:
    """One unit's story. why: sentences for its target; others: sentences by target not chosen; both by language."""

    unit_id: str
    target: str
    treatment: str
    facts: Mapping[str, Any]
    why: Mapping[str, tuple[str, ...]]
    others: Mapping[str, Mapping[str, tuple[str, ...]]]

    def text(self, lang: str = "en") -> str:
        """The story as lines of text."""
        lines = [*self.why[lang], WORDS[lang]["others"] + (":" if lang == "en" else "：")]
        for target, told in self.others[lang].items():
            lines += [f"  - {WORDS[lang]['not'].format(target=target_name(target, lang), why=' '.join(told))}"]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The story as a JSON document."""
        return {
            "unit_id": self.unit_id,
            "target": self.target,
            "treatment": self.treatment,
            "facts": dict(self.facts),
            "why": {lang: list(self.why[lang]) for lang in LANGS},
            "others": {lang: {t: list(v) for t, v in self.others[lang].items()} for lang in LANGS},
        }

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return f"<pre style='white-space:pre-wrap'>{escape(self.text())}</pre>"


def explain(plan: Plan, unit_id: str) -> Explanation:
    """The story of one unit. Raises InvalidInput naming the nearest unit where there is no such unit."""
    if unit_id not in plan.units.index:
        raise InvalidInput(
            say("plan.no_unit", unit_id=unit_id, units=len(plan.units), nearest=nearest(unit_id, plan.units.index))
        )
    row = plan.units.loc[unit_id]
    verdicts = plan.judgement.verdicts
    mine = verdicts[verdicts["unit_id"] == unit_id]
    priced = plan.options.loc[[unit_id]] if unit_id in plan.options.index.get_level_values(0) else plan.options.iloc[:0]
    others = [t for t in CHOICES if t != row["target"]]
    banned = ruled_out(plan.site.scenario)
    facts = {k: (v.item() if hasattr(v, "item") else v) for k, v in row.drop("geometry").items()}
    facts = {k: None if pd.isna(v) else v for k, v in facts.items()}
    return Explanation(
        unit_id=unit_id,
        target=str(row["target"]),
        treatment=str(row["treatment"]),
        facts=facts,
        why={lang: tuple(_why(row, mine, lang)) for lang in LANGS},
        others={
            lang: {
                t: (WORDS[lang]["excluded"].format(target=t),) if t in banned else tuple(_why_not(row, mine, priced, t, lang))
                for t in others
            }
            for lang in LANGS
        },
    )


def _why(row: pd.Series[Any], verdicts: pd.DataFrame, lang: str) -> list[str]:
    words = WORDS[lang]
    logging = str(row["waterlogging"])
    lines = [
        words["head"].format(
            unit=row.name,
            parcel=row["parcel_id"],
            area=row["area_mu"],
            target=target_name(row["target"], lang),
            treatment=treatment_name(row["treatment"], lang),
        ),
        words["facts"].format(
            subsidence=row["subsidence_m"],
            ground=row["ground_m"],
            depth=row["water_depth_m"],
            logging=LOGGING.get(logging, logging) if lang == "zh" else logging,
        ),
        words["money"].format(
            cost=row["cost_cny"], benefit=row["benefit_cny"], cut=row["cut_m3"], fill=row["fill_m3"], storage=row["storage_m3"]
        ),
        *_reason(row, lang),
    ]
    if row["target"] != UNRESTORED:
        lines += sentences(verdicts[verdicts["target"] == row["target"]], lang)
    return lines


def _reason(row: Any, lang: str) -> list[str]:
    """Why this target, in one or two short sentences. row: anything with the unit's columns by key."""
    words = WORDS[lang]
    if row["target"] == UNRESTORED:
        return [words["none"]]
    follower = row["next_target"]
    if pd.isna(follower) or follower in ("", UNRESTORED):
        first = words["only"]
    elif row["next_loss_cny"] < 1.0:
        first = words["tie"].format(next=target_name(follower, lang))
    else:
        first = words["best"].format(next=target_name(follower, lang), loss=row["next_loss_cny"])
    if row["rules_target"] == row["target"]:
        return [first, words["same"]]
    return [first, words["rules"].format(target=target_name(row["rules_target"], lang))]


def _why_not(row: pd.Series[Any], verdicts: pd.DataFrame, priced: pd.DataFrame, target: str, lang: str) -> list[str]:
    words = WORDS[lang]
    mine = verdicts[(verdicts["target"] == target) & verdicts["hard"] & ~verdicts["passed"]]
    if len(mine):
        return sentences(mine, lang)
    ways = priced[priced["target"] == target]
    if ways.empty:
        return [words["unpriced"]]
    best = ways.loc[ways["loss_cny"].idxmin()]
    kind = "behind" if best["loss_cny"] >= 1.0 else "even"
    told = [words[kind].format(treatment=treatment_name(best["treatment"], lang), loss=best["loss_cny"])]
    if target == "reservoir" and row["deeper"] and not pd.isna(row["deeper"]):
        told.append(words["water"].format(deeper=row["deeper"]))
    return told


def reasons(plan: Plan) -> dict[str, pd.Series[Any]]:
    """The columns `reason` and `reason_zh` of every unit."""
    rows = plan.units[["target", "next_target", "next_loss_cny", "rules_target"]].to_dict("records")
    return {
        "reason": pd.Series([" ".join(_reason(r, "en")) for r in rows], index=plan.units.index),
        "reason_zh": pd.Series(["".join(_reason(r, "zh")) for r in rows], index=plan.units.index),
    }


def rule_names() -> dict[str, tuple[str, str]]:
    """What every rule of judgement looks at, in English and Chinese, by rule."""
    return {rule: (text.en, text.zh) for rule, text in TEXTS.items()}
