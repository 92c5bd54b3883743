"""What a report is made of: sections of texts, tables and pictures, in one language."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from planner.errors import InvalidInput
from planner.words import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURE_IN = 7.2  # width of pictures as drawn
PICTURE_DPI = 160


@dataclass(frozen=True)
class Say:
    """One of two languages: called with a text in English and in Chinese it gives the one wanted."""

    lang: str

    def __post_init__(self) -> None:
        if self.lang not in ("en", "zh"):
            raise InvalidInput(say("report.lang", lang=self.lang))

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
        for size, name, digits in self._pick(en_steps, zh_steps):
            if abs(value) >= size:
                return f"{value / size:,.{digits}f}{name}" + (unit.strip() if tight or self.lang == "zh" else unit)
        return f"{value:z,.0f}{unit}"

    def _pick(
        self, en: tuple[tuple[float, str, int], ...], zh: tuple[tuple[float, str, int], ...]
    ) -> tuple[tuple[float, str, int], ...]:
        return zh if self.lang == "zh" else en


@dataclass(frozen=True)
class Text:
    """A paragraph; `strong` for the one sentence that matters."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """A table: heads, rows of texts (the first column is words, the others are figures unless `words`), caption."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    words: tuple[int, ...] = (0,)
    swatches: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.heads):
                raise ValueError(f"table {self.heads}: a row of {len(row)} cells under {len(self.heads)} heads")


@dataclass(frozen=True)
class Picture:
    """A figure drawn when it is needed: what to draw, what it shows in words, height as a share of its width."""

    draw: Callable[[float], Figure]
    caption: str
    ratio: float

    @cached_property
    def png(self) -> bytes:
        """The figure as an image, drawn once for page and paper."""
        buffer = io.BytesIO()
        self.draw(PICTURE_IN).savefig(buffer, format="png", dpi=PICTURE_DPI, metadata={"Software": None})
        return buffer.getvalue()


Block = Text | Table | Picture


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A report: title, line under it, badge (empty where none), sections; the first one fills the first page."""

    title: str
    subtitle: str
    badge: str
    lang: str
    sections: tuple[Section, ...]
    footer: str


def plain(value: Any) -> str:
    """A figure of unknown size, grouped; a dash where there is none."""
    if value is None or value != value:
        return "–"
    number = float(value)
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:z,.4g}"
