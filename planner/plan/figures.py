"""The key figures of a plan: where each stands in summary.json, its unit, and its place in comparisons. The only such list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from planner.words import term, text


@dataclass(frozen=True)
class Figure:
    """A key figure: dotted key in summary.json, its unit, and whether plans are compared by it (in a larger unit)."""

    key: str
    unit: str
    compared: bool = False
    large: str = ""
    size: float = 1.0

    def name(self, lang: str) -> str:
        """What the figure is called."""
        return key_name(self.key, lang)

    def of(self, summary: Mapping[str, Any]) -> float | None:
        """Its value in a summary, in its unit."""
        return figure_at(summary, self.key)


FIGURES: Final = (
    Figure("site.area_mu", "mu"),
    *(Figure(f"targets.{t}.area_mu", "mu", True) for t in ("construction", "arable", "green", "reservoir", "unrestored")),
    Figure("restored_mu", "mu", True),
    Figure("water_mu", "mu", True),
    Figure("wetland_mu", "mu"),
    Figure("water.storage_m3", "m3", True, "M m³", 1e6),
    Figure("earthwork.cut_m3", "m3", True, "M m³", 1e6),
    Figure("earthwork.fill_m3", "m3", True, "M m³", 1e6),
    Figure("economics.cost_cny", "yuan", True, "M yuan", 1e6),
    Figure("economics.benefit_cny", "yuan", True, "M yuan", 1e6),
    Figure("economics.benefit_cost_ratio", "", True),
    Figure("economics.npv_cny", "yuan", True, "M yuan", 1e6),
    Figure("solver.objective", "yuan", True, "M yuan", 1e6),
    Figure("solver.gap", ""),
    Figure("site.subsidence_mean_m", "m"),
    Figure("site.ponded_before_mu", "mu"),
)


def key_name(key: str, lang: str) -> str:
    """What the figure behind a key of summary.json is called; the key itself where it is none of the key figures.

    Examples: `water.storage_m3` is the storage, `phase.3.area_mu` the area of phase 3.
    """
    if key.startswith("targets.") and key.endswith(".area_mu"):
        return term("target", key.split(".")[1], lang)
    if len(parts := key.split(".")) == 3 and parts[0] == "phase":
        found = term("figure", name := f"phase_{parts[2]}", lang)
        return key if found == name else text("plan.figure_of_phase", lang, phase=parts[1], figure=found)
    name = key.replace(".", "_")
    found = term("figure", name, lang)
    return key if found == name and key != name else found


def published_name(told: Mapping[str, Any], lang: str) -> str:
    """What a published figure (one of `published` in summary.json) is called: as site.toml calls it, else by its key."""
    own = (told.get("name"), told.get("name_en"))
    chosen = own[0] or own[1] if lang == "zh" else own[1] or own[0]
    return str(chosen or key_name(str(told["key"]), lang))


def with_unit(name: str, unit: str, lang: str) -> str:
    """A figure's name with its unit behind it, as a heading has it."""
    return text("plan.figure_unit", lang, name=name, unit=term("unit", unit, lang)) if unit else name


def figure_at(summary: Mapping[str, Any], key: str) -> float | None:
    """The figure behind a dotted key of summary.json; None where there is none."""
    node: Any = summary
    for part in key.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return float(node) if isinstance(node, int | float) else None
