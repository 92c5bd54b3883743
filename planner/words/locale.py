"""Where a plan is told: units of land and money of a place outside China, exchanged in finished texts, tables and headings.

Inside, areas are mu and money is yuan; a locale changes what a person reads and nothing that is computed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

MU_PER_HA: Final = 15.0
_NUMBER = r"[-+−]?\d[\d,]*(?:\.\d+)?"
_STEP = r"(?:\s?(?:bn|M|万|亿))?"
_JOIN = r"\s?(?:to|and|–|—|→|至|到)\s?"
_YUAN_ZH = r"(?<![单公多])元(?!素|旦)"  # not 单元 (unit), 公元 (the era)
_YUAN = rf"(?:\byuan\b|{_YUAN_ZH})"
_MU = r"(?:mu\b|亩)"
_PER = r"(?:\s?/\s?|\s+per\s+|\s+a\s+(?=mu\b)|每)"


@dataclass(frozen=True)
class Locale:
    """What land and money are told in. preset: cn (mu, yuan) or metric (hectares first). currency: its name, in every language.

    cny_per_unit: yuan that one of the currency is worth, > 0.
    """

    preset: str = "cn"
    currency: str = "CNY"
    cny_per_unit: float = 1.0

    @property
    def native(self) -> bool:
        """Whether texts stay as they are."""
        return self.preset == "cn"

    @property
    def figures(self) -> dict[str, Any]:
        """What a summary says of it."""
        return {"preset": self.preset, "area": "ha", "currency": self.currency, "cny_per_unit": self.cny_per_unit}

    @property
    def mu(self) -> float:
        """How much of the locale's unit of land a mu is."""
        return 1.0 if self.native else 1.0 / MU_PER_HA

    @property
    def cny(self) -> float:
        """How much of the locale's money a yuan is."""
        return 1.0 if self.native else 1.0 / self.cny_per_unit

    def factor(self, unit: str) -> float:
        """What a figure in a unit is multiplied with to be told in the locale: "mu", "yuan", "yuan/mu", "M yuan" …"""
        if self.native:
            return 1.0
        money = self.cny if re.search(_YUAN, unit) else 1.0
        above, _, below = unit.partition("/")
        land = self.mu if re.search(_MU, above) else 1.0
        return money * land / (self.mu if re.search(_MU, below) else 1.0)

    def words(self, text: str) -> str:
        """A text whose figures are told in the locale already, or that has none: its units renamed."""
        if self.native or not self._seen.search(text):
            return text
        text = re.sub(r"万元|亿元", lambda m: f"{m[0][0]} {self.currency}", text)
        text = re.sub(r"(\d|\})元", rf"\1 {self.currency}", text)
        text = re.sub(rf"\byuan\b|{_YUAN_ZH}", self.currency, text)
        text = re.sub(r"\bmu\b", "ha", text)
        return re.sub(r"亩均", "单位面积", text).replace("亩", "公顷")

    def text(self, text: str) -> str:
        """A finished text with its figures in mu and yuan exchanged, and their units renamed."""
        if self.native or not self._seen.search(text):
            return text
        text = re.sub(r"1 mu is 666\.67 m²", "1 ha is 10,000 m²", text)
        text = re.sub("1亩=666.67平方米", "1公顷=10000平方米", text)
        text = self._margins.sub(self._margin, text)
        for pattern, factor in self._figures:
            text = pattern.sub(partial(self._exchanged, by=factor), text)
        return self.words(text)

    def cell(self, value: Any, unit: str) -> Any:
        """A table's figure under a heading with a unit, told in the locale: a number, or a written number."""
        by = self.factor(unit)
        if by == 1.0:
            return self.text(value) if isinstance(value, str) else value
        if isinstance(value, str):
            return re.sub(rf"^{_NUMBER}", lambda m: _written(m[0], by), value) if re.match(_NUMBER, value) else self.text(value)
        return value * by if isinstance(value, int | float) and not isinstance(value, bool) else value

    @cached_property
    def _seen(self) -> re.Pattern[str]:
        return re.compile(rf"{_YUAN}|{_MU}|\bmu\b")

    def _margin(self, match: re.Match[str]) -> str:
        return match[1] + self._exchanged(re.fullmatch(self._money, match[2]), self.cny / self.mu)

    @property
    def _money(self) -> str:
        return rf"({_NUMBER}{_STEP})(\s?)({_YUAN})"

    @cached_property
    def _margins(self) -> re.Pattern[str]:
        """What one mu more is worth: money by land, though the text says them apart."""
        return re.compile(rf"((?:one more mu|one mu more|每增加?[大一]?一?亩)[^.;。；]*?)({_NUMBER}{_STEP}\s?{_YUAN})")

    @cached_property
    def _figures(self) -> tuple[tuple[re.Pattern[str], float], ...]:
        """Figures before a unit, ranges too, the compound units first. Each match is spent: no figure is exchanged twice."""
        figures = rf"({_NUMBER}{_STEP}(?:{_JOIN}{_NUMBER}{_STEP})*)(\s?)"
        return (
            (re.compile(rf"{figures}({_YUAN}{_PER}{_MU})"), self.cny / self.mu),
            (re.compile(rf"{figures}({_YUAN})(?!\x00)"), self.cny),
            (re.compile(rf"{figures}({_MU})(?!\x00)"), self.mu),
        )

    def _exchanged(self, match: re.Match[str] | None, by: float) -> str:
        assert match is not None
        figures = re.sub(rf"({_NUMBER})(\s?bn)?", lambda m: _stepped(m[1], m[2] or "", by), match[1])
        unit = match[3]
        per_mu = re.search(rf"{_PER}{_MU}$", unit) is not None
        name = f"{self.currency}/ha" if per_mu else self.currency if re.match(_YUAN, unit) else _land(unit)
        return f"{figures}{match[2] or (' ' if name.isascii() else '')}{name}"


def _land(unit: str) -> str:
    return "公顷" if unit == "亩" else "ha"


def _stepped(figure: str, step: str, by: float) -> str:
    """A figure with its step of a thousand millions; what would be less than a tenth of one is told in millions."""
    if step and abs(float(figure.replace(",", "").replace("−", "-")) * by) < 0.1:
        return f"{_written(figure, by * 1e3)} M"
    return _written(figure, by) + step


def _written(figure: str, by: float) -> str:
    """A written figure times a factor, with as many digits as it told, or as it takes to tell it apart from 0."""
    bare = figure.replace(",", "").replace("−", "-")
    value = float(bare) * by
    digits = len(bare.partition(".")[2])
    if value and by != 1.0:
        size = abs(value)
        digits = max(digits, 2 if size < 10 else 1 if size < 1000 else 0)
        while size and round(size, digits) == 0 and digits < 6:
            digits += 1
    sign = "+" if figure.startswith("+") else ""
    return f"{value:{sign},.{digits}f}"


CN: Final = Locale()
Told = Callable[[str], str]
