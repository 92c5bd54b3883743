"""A report told in the units of a locale: texts, tables and pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from planner.report.document import Block, Document, Picture, Section, Table, Text

if TYPE_CHECKING:
    from planner.words.locale import Locale


def told_in(document: Document, locale: Locale) -> Document:
    """The document with its figures in the locale's units of land and money; itself where they are those already."""
    if locale.native:
        return document
    sections = tuple(Section(locale.text(s.title), tuple(_block(b, locale) for b in s.blocks)) for s in document.sections)
    return replace(document, subtitle=locale.text(document.subtitle), footer=locale.text(document.footer), sections=sections)


def _block(block: Block, locale: Locale) -> Block:
    if isinstance(block, Text):
        return Text(locale.text(block.text), block.strong)
    if isinstance(block, Picture):
        return Picture(lambda width: _figure(block.draw(width), locale), locale.text(block.caption))
    rows = tuple(tuple(_cell(block, i, text, locale) for i, text in enumerate(row)) for row in block.rows)
    heads = tuple(locale.words(head) for head in block.heads)
    return replace(block, heads=heads, rows=rows, caption=locale.text(block.caption))


def _cell(table: Table, column: int, text: str, locale: Locale) -> str:
    """A cell under a heading that names a unit, or one that carries its own."""
    told = locale.text(text)
    if told != text or column in table.words:
        return told
    return str(locale.cell(text, table.heads[column]))


def _figure(made: Any, locale: Locale) -> Any:
    """A drawn figure with its labels exchanged and its axes counted in the locale's units."""
    from matplotlib.text import Text as Label
    from matplotlib.ticker import FuncFormatter

    for axes in made.axes:
        for axis in (axes.xaxis, axes.yaxis):
            by = locale.factor(axis.get_label_text())
            if by != 1.0:
                axis.set_major_formatter(FuncFormatter(lambda value, _, by=by: f"{value * by:,.4g}"))
            axis.set_label_text(locale.words(axis.get_label_text()))
    for label in made.findobj(Label):
        label.set_text(locale.text(label.get_text()))
    return made
