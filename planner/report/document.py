"""What a report is made of: sections of texts, tables and pictures, in one language."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from planner.columns import Column
from planner.errors import InvalidInput
from planner.plan.figures import with_unit
from planner.words import LANGS, Telling, say
from planner.words.render import NOTHING
from planner.words.render import with_unit as with_its_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURE_IN = 7.2  # width of pictures as drawn
PICTURE_DPI = 160


@dataclass(frozen=True)
class Say(Telling):
    """The report's language: called with a code and its values it gives their text."""

    def __post_init__(self) -> None:
        if self.lang not in LANGS:
            raise InvalidInput(say("report.lang", lang=self.lang))

    def head(self, column: Column, unit: str = "") -> str:
        """A column's heading with its unit, or with the larger one it is told in."""
        return self.figure(column.heading(self.lang), unit or column.unit)

    def figure(self, name: str, unit: str) -> str:
        """A figure's name with its unit."""
        return with_unit(name, unit, self.lang)

    def quantity(self, value: float | None, unit: str) -> str:
        """A figure of any size with its unit; land, water and money as everywhere; a dash where there is none."""
        if value is None or value != value:
            return NOTHING
        usual = {"mu": self.mu, "yuan": self.yuan, "m3": self.cubic, "m³": self.cubic}.get(unit)
        return usual(value) if usual else with_its_unit(plain(value), unit, self.lang)


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

    @staticmethod
    def to_fill(row: tuple[str, ...]) -> bool:
        """Whether a row is left empty for a hand to write in."""
        return len(row) > 2 and not any(row[1:])

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.heads):
                raise ValueError(f"table {self.heads}: a row of {len(row)} cells under {len(self.heads)} heads")


@dataclass(frozen=True)
class Picture:
    """A figure drawn when it is needed: what to draw, and what it shows in words."""

    draw: Callable[[float], Figure]
    caption: str

    @cached_property
    def png(self) -> bytes:
        """The figure as an image, drawn once for page and paper."""
        buffer = io.BytesIO()
        self.draw(PICTURE_IN).savefig(buffer, format="png", dpi=PICTURE_DPI, metadata={"Software": None})
        return buffer.getvalue()

    @property
    def ratio(self) -> float:
        """The image's own height as a share of its width: no page may stretch it."""
        width, height = (int.from_bytes(self.png[at : at + 4], "big") for at in (16, 20))  # the header of a PNG
        return height / width


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
        return NOTHING
    number = float(value)
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:z,.4g}"
