"""Every word of the page in English and Chinese, from the words' templates; the page fills in their values."""

from __future__ import annotations

from typing import Final

from planner.words.table import section, template

Words = dict[str, tuple[str, str]]


def _pairs(name: str) -> Words:
    """The texts of a section of words/en.toml and words/zh.toml by the rest of their code."""
    return {key: (template(f"{name}.{key}", "en"), template(f"{name}.{key}", "zh")) for key in section("en", name)}


# What other rooms say too, under the page's key.
SHARED: Final = {
    "unit_mu": "unit.mu",
    "unit_ha": "unit.ha",
    "unit_m": "unit.m",
    "unit_m3": "unit.m3",
    "unit_yuan": "unit.yuan",
    "total": "word.total",
    "year": "word.year",
    "reconstruction": "word.reconstruction",
    "approval_none": "word.internal",
    "north_letter": "word.north",
    "normal_level": "word.normal_level",
    "hauls": "layer.haul",
}
# A test finds words the page asks for that are missing here.
WORDS: Final = _pairs("map_page") | {key: (template(code, "en"), template(code, "zh")) for key, code in SHARED.items()}
VIEW_WORDS: Final = _pairs("map_view")  # what views and cards call things, where planner.columns has no shorter name
NOTES: Final = _pairs("map_note")
STEP_WORDS: Final = _pairs("step")  # of the decision in four
