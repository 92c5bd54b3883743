"""Chinese words for what the solver, the stages and the comparison say in English: rules, states, size classes, warnings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

SIZES_ZH: Final = {
    "large (1)": "大（1）型",
    "large (2)": "大（2）型",
    "medium": "中型",
    "small (1)": "小（1）型",
    "small (2)": "小（2）型",
    "pond": "坑塘",
}
UNITS_ZH: Final = {
    "mu": "亩",
    "m³": "立方米",
    "m3": "立方米",
    "m": "米",
    "yuan": "元",
    "M yuan": "百万元",
    "M m³": "百万立方米",
}
STATES_ZH: Final = {
    "optimal": "已证明最优（在允许间隙内）",
    "feasible": "可行，间隙大于要求",
    "time_limit": "到达时限，未证明最优",
    "interrupted": "被中断",
}
FUNDS_ZH: Final = {"cost less the funds above": "总投资减以上资金"}
METHODS_ZH: Final = (
    (r"newton prices", "牛顿影子价格"),
    (r"primal-dual", "原始对偶法"),
    (r" \+ core", "＋核心整数规划"),
    (r" \+ polish", "＋局部改进"),
    (r", then milp", "，再整体整数规划"),
    (r"milp", "整体整数规划"),
)
FIGURES_ZH: Final = {
    "Construction land, mu": "建设用地（亩）",
    "Arable land, mu": "耕地（亩）",
    "Green space, mu": "绿地（亩）",
    "Reservoir, mu": "水库水面（亩）",
    "Unrestored, mu": "未治理（亩）",
    "restored, mu": "恢复土地（亩）",
    "water, mu": "水面（亩）",
    "storage, M m³": "蓄水量（百万立方米）",
    "cut, M m³": "挖方（百万立方米）",
    "fill, M m³": "填方（百万立方米）",
    "cost, M yuan": "投资（百万元）",
    "value, M yuan": "收益（百万元）",
    "value per yuan": "投入产出比（1:）",
    "net objective, M yuan": "目标值：净收益（百万元）",
}
# (English pattern, Chinese): applied in turn to a rule's name; what none of them meets stays as it is.
RULES_ZH: Final = (
    (r"imported fill", "外购土"),
    (r"exported (?:spoil|cut)", "余土"),
    (r"area_mu of ", "面积："),
    (r"\bconstruction\b", "建设用地"),
    (r"\barable\b", "耕地"),
    (r"\bgreen wetland\b", "绿地（湿地）"),
    (r"\bgreen\b", "绿地"),
    (r"\breservoir\b", "水库水面"),
    (r"\bunrestored\b", "未治理"),
    (r"\bstorage\b", "蓄水量"),
    (r"\bbudget\b", "预算"),
    (r" to (?=[\d.])", "至"),
    (r" m³", "立方米"),
    (r"\s*\bmu\b", "亩"),
    (r"\s*\byuan\b", "元"),
)


def rule_zh(text: str) -> str:
    """A limit's name in Chinese."""
    for pattern, chinese in RULES_ZH:
        text = re.sub(pattern, chinese, text)
    return text


def method_zh(text: str) -> str:
    """The solver's method in Chinese."""
    for pattern, chinese in METHODS_ZH:
        text = re.sub(pattern, chinese, text)
    return text


def chinese_part(decision: Mapping[str, Any], part: str) -> str:
    """A part (what, value, why) of a summary's decision in Chinese; in English where it was said in nothing else."""
    return str(decision.get(f"{part}_zh") or decision.get(part, ""))


# What a key of summary.json is called, in English and Chinese.
KEYS: Final = {
    "site.area_mu": ("Whole site", "总面积"),
    "targets.construction.area_mu": ("Construction land", "建设用地"),
    "targets.arable.area_mu": ("Arable land", "耕地"),
    "targets.green.area_mu": ("Green space", "绿地"),
    "targets.reservoir.area_mu": ("Reservoir", "水库水面"),
    "restored_mu": ("Restored land", "恢复土地"),
    "water_mu": ("Water surface", "水面面积"),
    "wetland_mu": ("Wetland", "湿地"),
    "water.storage_m3": ("Storage", "蓄水量"),
    "earthwork.cut_m3": ("Cut", "挖方"),
    "earthwork.fill_m3": ("Fill", "填方"),
    "economics.cost_cny": ("Cost", "投资"),
    "economics.benefit_cny": ("Value", "收益"),
    "economics.benefit_cost_ratio": ("Value per yuan", "投入产出比（1:）"),
    "site.subsidence_mean_m": ("Mean subsidence", "平均沉陷深度"),
    "site.ponded_before_mu": ("Ponded before the works", "治理前常年积水"),
}


def key_name(key: str, lang: str) -> str:
    """A figure's name in a language; the key itself where it has none."""
    return KEYS.get(key, (key, key))[lang == "zh"]


def figure_at(summary: Mapping[str, Any], key: str) -> float | None:
    """The figure behind a dotted key of summary.json; None where there is none."""
    node: Any = summary
    for part in key.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return float(node) if isinstance(node, int | float) else None
