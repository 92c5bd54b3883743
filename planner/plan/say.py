"""One of two languages, and amounts in the steps each counts in."""

from __future__ import annotations

from dataclasses import dataclass

from planner.errors import InvalidInput


@dataclass(frozen=True)
class Say:
    """One of two languages: called with a text in English and in Chinese it gives the one wanted."""

    lang: str

    def __post_init__(self) -> None:
        if self.lang not in ("en", "zh"):
            raise InvalidInput(f"lang = {self.lang!r}: the report speaks 'en' and 'zh'")

    def __call__(self, en: str, zh: str) -> str:
        return zh if self.lang == "zh" else en

    def mu(self, value: float) -> str:
        """An area with its unit."""
        return f"{value:z,.1f}" + self(" mu", "亩")

    def yuan(self, value: float) -> str:
        """An amount of money in steps the language counts in."""
        return self._steps(value, "元", " yuan", ((1e8, "亿", 2), (1e4, "万", 1)), ((1e9, " bn", 3), (1e6, " M", 2)))

    def cubic(self, value: float) -> str:
        """A volume in steps the language counts in."""
        return self._steps(value, "立方米", " m³", ((1e8, "亿", 2), (1e4, "万", 1)), ((1e6, " M", 2),), tight=True)

    def _steps(
        self,
        value: float,
        zh: str,
        en: str,
        zh_steps: tuple[tuple[float, str, int], ...],
        en_steps: tuple[tuple[float, str, int], ...],
        *,
        tight: bool = False,
    ) -> str:
        unit = self(en, zh)
        for size, name, digits in zh_steps if self.lang == "zh" else en_steps:
            if abs(value) >= size:
                return f"{value / size:,.{digits}f}{name}" + (unit.strip() if tight or self.lang == "zh" else unit)
        return f"{value:z,.0f}{unit}"
