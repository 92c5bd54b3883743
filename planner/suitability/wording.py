"""Verdicts as sentences in English and Chinese: what was found, the limit, and what would have to change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import pandas as pd

from planner.landuse import TARGETS


@dataclass(frozen=True)
class Text:
    """How a rule is told: the thing looked at, and what would have to change, in English and Chinese. `more`: too little
    fails.

    In the second and fourth text {gap} is by how much the limit is missed, with its unit.
    """

    en: str
    en_change: str
    zh: str
    zh_change: str
    more: bool = False
    digits: int = 2


TEXTS: Final = {
    "forbidden": Text("", "the constraint would have to be lifted or the unit moved out of it", "", "须解除该限制或调整范围"),
    "terrain_known": Text(
        "the share of terrain missing", "elevations are needed for {gap} more of the unit", "高程缺失比例", "须补测{gap}的高程"
    ),
    "settled": Text(
        "the year from which the ground is settled",
        "waiting until then would do",
        "地面稳沉年份",
        "再等{gap}年即可",
        digits=0,
    ),
    "residual": Text("residual subsidence", "it must fall by {gap} first", "残余沉降", "须再衰减{gap}", digits=0),
    "tilt": Text("residual tilt", "it must fall by {gap} first", "残余倾斜", "须再衰减{gap}"),
    "curvature": Text("residual curvature", "it must fall by {gap} first", "残余曲率", "须再衰减{gap}", digits=3),
    "strain": Text("residual horizontal strain", "it must fall by {gap} first", "残余水平变形", "须再衰减{gap}"),
    "tilt_evaluate": Text(
        "residual tilt (evaluation)", "a site evaluation is needed", "残余倾斜（评价界限）", "须作场地稳定性评价"
    ),
    "curvature_evaluate": Text(
        "residual curvature (evaluation)", "a site evaluation is needed", "残余曲率（评价界限）", "须作场地稳定性评价", digits=3
    ),
    "strain_evaluate": Text(
        "residual horizontal strain (evaluation)",
        "a site evaluation is needed",
        "残余水平变形（评价界限）",
        "须作场地稳定性评价",
    ),
    "depth_ratio": Text(
        "mining depth over extracted thickness",
        "a site evaluation is needed",
        "采深采厚比",
        "须作场地稳定性评价",
        more=True,
        digits=0,
    ),
    "load_reach": Text(
        "sound ground above the fractured rock of the goaf",
        "the foundation's load must reach {gap} less deep",
        "采空区裂隙带以上的完整地层厚度",
        "地基附加应力影响深度须减小{gap}",
        more=True,
        digits=1,
    ),
    "fill": Text(
        "the fill to the platform above the water",
        "a water level lower by {gap}, or that much more fill allowed, would do",
        "填至设计高程所需填方厚度",
        "水位降低{gap}或放宽同等填方厚度即可",
    ),
    "final_water": Text(
        "height of the final ground above the water table",
        "it will pond unless it is filled by {gap}",
        "最终地面高出地下水位",
        "不填高{gap}将积水",
        more=True,
    ),
    "slope": Text("slope", "it must be graded by {gap}", "坡度", "须平整降低{gap}", digits=1),
    "soil": Text("soil thickness", "{gap} of soil must be laid", "土层厚度", "须覆土{gap}", more=True),
    "water_table": Text(
        "height of the ground above the water table",
        "{gap} of fill or drainage is needed",
        "地面高出地下水位",
        "须填高或降水{gap}",
        more=True,
    ),
    "farmland_damage": Text(
        "farmland damage (1 light, 2 medium, 3 severe)",
        "reclamation works are needed",
        "耕地损毁程度（1轻度、2中度、3重度）",
        "须实施复垦工程",
        digits=0,
    ),
    "wetland": Text(
        "cut or fill to a wetland's bed",
        "a water level nearer by {gap} would do",
        "整成湿地底高程的挖填深度",
        "水位再接近{gap}即可",
    ),
    "depth_dug": Text(
        "water depth after the deepest digging",
        "a level higher by {gap}, or digging that much deeper, would do",
        "最大挖深后的水深",
        "水位抬高{gap}或再挖深同等深度即可",
        more=True,
    ),
    "depth_today": Text(
        "water depth on the ground as it lies", "it must be dug {gap} deeper", "现状水深", "须挖深{gap}", more=True
    ),
    "dam": Text(
        "the step between two lakes that the unit keeps apart",
        "one level for both, reservoir.level_m, would do",
        "所隔两湖的水位差",
        "两湖采用同一水位（reservoir.level_m）即可",
    ),
    "seepage": Text("seepage", "a lining that cuts it by {gap} would do", "渗漏量", "须防渗减少{gap}"),
    "pollution": Text("pollution index", "it must be cleaned up by {gap}", "污染指数", "须治理降低{gap}"),
    "shape": Text("roundness of the outline", "a rounder outline is wanted", "岸线圆度", "岸线宜更规整", more=True),
}


def sentences(verdicts: pd.DataFrame, lang: str = "en") -> list[str]:
    """One sentence per verdict row in its order, `lang` "en" or "zh": value, limit, source, and what would have to change.

    verdicts: rows of `Judgement.verdicts`.
    """
    write = _chinese if lang == "zh" else _english
    return [write(row) for row in verdicts.to_dict("records")]


def _english(row: dict[str, object]) -> str:
    text = TEXTS[str(row["rule"])]
    target = TARGETS[str(row["target"])].en.lower()
    if row["rule"] == "forbidden":
        if row["passed"]:
            return f"No constraint rules {target} out."
        return f"The constraint {row['note'] or 'on this land'} rules {target} out; {text.en_change}."
    value, limit, gap = _numbers(row, text)
    if row["rule"] == "settled" and value is not None:
        if row["passed"]:
            return f"The ground is settled from {value}, in time for {limit} ({row['source']})."
        change = text.en_change.format(gap=gap)
        return f"The ground is settled from {value} only, after {limit} ({row['source']}), which rules {target} out; {change}."
    if value is None:
        return f"{text.en.capitalize()} is not known; the limit is {limit} ({row['source']})."
    if row["passed"]:
        bound = "at least" if text.more else "at most"
        return f"{text.en.capitalize()} {value} keeps the limit of {bound} {limit} ({row['source']})."
    side = "below" if text.more else "above"
    verdict = f"rules {target} out" if row["hard"] else f"does not rule {target} out"
    return (
        f"{text.en.capitalize()} {value} is {side} {limit} ({row['source']}) and {verdict}; {text.en_change.format(gap=gap)}."
    )


def _chinese(row: dict[str, object]) -> str:
    text = TEXTS[str(row["rule"])]
    target = TARGETS[str(row["target"])].zh
    if row["rule"] == "forbidden":
        if row["passed"]:
            return f"无限制条件禁止作{target}。"
        return f"限制条件“{row['note'] or '本地块'}”禁止作{target}；{text.zh_change}。"
    value, limit, gap = _numbers(row, text)
    source = _chinese_source(row["source"])
    if row["rule"] == "settled" and value is not None:
        if row["passed"]:
            return f"地面自{value}年起稳沉，不晚于{limit}年（{source}）。"
        return f"地面{value}年才稳沉，晚于{limit}年（{source}），不得作{target}；{text.zh_change.format(gap=gap)}。"
    if value is None:
        return f"{text.zh}未知；限值{limit}（{source}）。"
    if row["passed"]:
        return f"{text.zh}{value}，符合{'不小于' if text.more else '不大于'}{limit}的要求（{source}）。"
    side = "低于" if text.more else "超过"
    verdict = f"不得作{target}" if row["hard"] else f"仍可作{target}"
    return f"{text.zh}{value}，{side}限值{limit}（{source}），{verdict}；{text.zh_change.format(gap=gap)}。"


def _chinese_source(source: object) -> str:
    """The standard's number where the source is one, else a pointer to the table of parameters."""
    code = re.match(r"((?:GB/T|GB|TD/T|SL|DZ/T) ?[\d.]+(?:-\d+)?)(?: cl\. ([\d.]+))?", str(source))
    if code is None:
        return "见参数表"
    return f"{code.group(1)} 第{code.group(2)}条" if code.group(2) else code.group(1)


def _numbers(row: dict[str, object], text: Text) -> tuple[str | None, str, str]:
    """Value (None where not known), limit, and the gap between them, rounded and with the unit."""
    value, limit = float(str(row["value"])), float(str(row["limit"]))
    unit = f"{'' if row['unit'] == '°' else ' '}{row['unit']}" if row["unit"] else ""

    def written(number: float) -> str:
        return f"{number:.{text.digits}f}{unit}"

    return (None if value != value else written(value)), written(limit), written(abs(value - limit))
