"""Sheets of a workbook: typed cells that never execute, formulas with their values stored, the same bytes every time."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from planner.columns import Column
from planner.export.longrows import GROUPED, inserted, rows_xml
from planner.export.texts import FORMULA_START, clean
from planner.words import LANGS, Telling, term
from planner.words.locale import CN, Locale

# Units that stand in a cell beside their figure, and those nobody counts in hundredths, as either language calls them.
ROW_UNITS: Final = tuple(term("unit", unit, lang) for unit in ("mu", "yuan", "yuan_per_mu") for lang in LANGS)
WHOLE: Final = tuple(term("unit", unit, lang) for unit in ("m3", "yuan") for lang in LANGS)
READABLE: Final = 200  # characters of columns beside each other on a printed page: two thirds of their size on A4 landscape
SEEN_ROWS: Final = 200  # of a long table, by which its columns' widths are judged
MAX_TEXT: Final = 32_767  # characters a cell can hold
_DATE: Final = (2000, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Formula:
    """A formula of our own and the value it has, which is stored so that no reader has to compute it."""

    text: str
    value: float  # a whole number where the formula counts


@dataclass(frozen=True)
class Heading:
    """A column's heading and unit, as they are called in the book's language."""

    name: str
    unit: str


def headings_of(columns: Iterable[str], table: Mapping[str, Column], lang: str) -> list[Heading]:
    """The headings of columns as the data dictionary has them; a column it does not know under its own name."""
    known = [table.get(str(c)) or Column(str(c), "", str(c), str(c), "") for c in columns]
    return [Heading(c.heading(lang), term("unit", c.unit, lang)) for c in known]


class Share(float):
    """A share that is shown in per cent with four decimals: a gap."""


class Book:
    """A workbook under construction: one table a sheet, so that each can be filtered, sorted and printed."""

    def __init__(self, *, lang: str, locale: Locale = CN) -> None:
        self.lang = lang
        self.say = Telling(lang)
        self.locale = locale
        self._book = Workbook()
        self._book.remove(self._book.active)
        self._values: dict[str, dict[str, float]] = {}
        self._long: dict[str, list[tuple[int, tuple[int, int], bytes]]] = {}

    def table(
        self,
        sheet: str,
        headings: Sequence[Heading],
        rows: Iterable[Sequence[Any]],
        *,
        total: str = "",
        add: Iterable[int] = (),
    ) -> None:
        """A sheet with one table: headings frozen in row 1, a total row of formulas over the columns in `add`."""
        page = self._book.create_sheet(_sheet_name(sheet))
        self._values[page.title] = {}
        last = self._fill(page, 1, headings, rows, total, list(add))
        self._finish(page, len(headings), last)

    def _finish(self, page: Any, width: int, last: int) -> None:
        """Headings that stay in sight and stand on every printed page, and a filter."""
        page.freeze_panes = "B2"
        if last > 1:
            page.auto_filter.ref = f"A1:{get_column_letter(width)}{last}"
        page.print_title_rows = "1:1"
        page.page_setup.orientation = "landscape" if width > 5 else "portrait"
        page.page_setup.paperSize = page.PAPERSIZE_A4
        page.page_setup.fitToHeight = 0
        page.sheet_properties.pageSetUpPr.fitToPage = True
        page.print_title_cols = "A:A"
        page.oddFooter.center.text = "&A · &P/&N"

    def long_table(
        self, sheet: str, headings: Sequence[Heading], frame: pd.DataFrame, *, total: str = "", add: Iterable[int] = ()
    ) -> None:
        """A table of many rows on a sheet of its own; nothing may follow it."""
        page, top = self._book.create_sheet(_sheet_name(sheet)), 1
        self._values[page.title] = {}
        frame = self._frame_told(frame, headings)
        self._headings(page, top, headings)
        if len(frame):
            self._long.setdefault(page.title, []).append(
                (top, frame.shape, rows_xml(frame, top + 1, lambda code: self._style(page, code), max_text=MAX_TEXT))
            )
        self._finish(page, len(headings), 1 + len(frame))
        self._widen(page, frame)
        if total and len(frame):
            self._total(page, top, top + len(frame), total, {j: float(np.nansum(frame.iloc[:, j])) for j in add})

    def _widen(self, page: Any, frame: pd.DataFrame) -> None:
        """Columns as wide as what stands in them, judged by the first rows."""
        for j in range(frame.shape[1]):
            texts = [v for v in frame.iloc[:SEEN_ROWS, j].to_numpy(dtype=object) if isinstance(v, str)]
            letter = get_column_letter(j + 1)
            page.column_dimensions[letter].width = max([page.column_dimensions[letter].width, *(_width(t) + 2 for t in texts)])

    def _told(self, row: Sequence[Any], headings: Sequence[Heading]) -> Sequence[Any]:
        """A row's figures in the locale's units: by the heading's unit, or by a unit that stands in a cell of the row."""
        if self.locale.native:
            return row
        own = next((v for v in row if isinstance(v, str) and v in ROW_UNITS), "")
        units = [f"{h.unit}/{own}" if h.unit and own else h.unit or own for h in headings]
        return [self._value(v, unit) for v, unit in zip(row, units, strict=False)]

    def _value(self, value: Any, unit: str) -> Any:
        if isinstance(value, Formula):
            return Formula(value.text, value.value * self.locale.factor(unit))
        if isinstance(value, str):
            return self.locale.text(value)
        if isinstance(value, Share):
            return value
        return self.locale.cell(value.item() if hasattr(value, "item") else value, unit)

    def _frame_told(self, frame: pd.DataFrame, headings: Sequence[Heading]) -> pd.DataFrame:
        if self.locale.native:
            return frame
        columns = {}
        for name, heading in zip(frame.columns, headings, strict=True):
            by, column = self.locale.factor(heading.unit), frame[name]
            if pd.api.types.is_numeric_dtype(column):
                columns[name] = column * by if by != 1.0 else column
            else:
                columns[name] = column.map(lambda v: self.locale.text(v) if isinstance(v, str) else v)
        return pd.DataFrame(columns)

    def _style(self, page: Any, code: str) -> int:
        """The id of a number format's style; "'" is that of text which must never become a formula."""
        scratch = Cell(page, row=1, column=1)
        if code == "'":
            scratch.quotePrefix = True
        elif code:
            scratch.number_format = code
        return int(scratch.style_id)

    def _headings(self, page: Any, top: int, headings: Sequence[Heading]) -> None:
        for j, heading in enumerate(headings):
            name, unit = heading.name, heading.unit
            text = self.say("workbook.heading", name=name, unit=unit) if unit else name
            cell = page.cell(top, j + 1)
            self._put(page, cell, self.locale.words(text))
            cell.font = Font(bold=True)
            cell.fill = PatternFill("solid", fgColor="E8E8E8")
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            letter = get_column_letter(j + 1)
            page.column_dimensions[letter].width = max(page.column_dimensions[letter].width, 12, _width(text) + 2)

    def _fill(
        self, page: Any, top: int, headings: Sequence[Heading], rows: Iterable[Sequence[Any]], total: str, add: list[int]
    ) -> int:
        """Headings and rows, and a total below them. Returns the last row before the total."""
        self._headings(page, top, headings)
        sums: dict[int, float] = dict.fromkeys(add, 0)
        at = top
        for row in rows:
            at += 1
            for j, value in enumerate(self._told(row, headings)):
                self._put(page, page.cell(at, j + 1), value)
                if j < len(headings) and headings[j].unit in WHOLE and page.cell(at, j + 1).number_format == "#,##0.00":
                    page.cell(at, j + 1).number_format = "#,##0"
                if isinstance(value, str):
                    letter = get_column_letter(j + 1)
                    page.column_dimensions[letter].width = max(page.column_dimensions[letter].width, _width(value) + 2)
                    page.cell(at, j + 1).alignment = Alignment(wrap_text=True, vertical="top")
                if j in sums:
                    sums[j] += _amount(value)
        if total and at > top:
            self._total(page, top, at, total, sums)
        return at

    def _total(self, page: Any, top: int, last: int, total: str, sums: dict[int, float]) -> None:
        self._put(page, page.cell(last + 1, 1), total)
        for j, value in sums.items():
            letter = get_column_letter(j + 1)
            self._put(page, page.cell(last + 1, j + 1), Formula(f"=SUM({letter}{top + 1}:{letter}{last})", value))
        for j in range(page.max_column):
            page.cell(last + 1, j + 1).font = Font(bold=True)

    def _put(self, page: Any, cell: Any, value: Any) -> None:
        if hasattr(value, "item"):
            value = value.item()
        if value is None or (isinstance(value, float) and not np.isfinite(value)) or str(value) in ("<NA>", "NaT"):
            return
        if isinstance(value, Formula):
            cell.value = value.text
            self._values[page.title][cell.coordinate] = value.value
            cell.number_format = _format(value.value)
        elif isinstance(value, bool):
            cell.value = value
        elif isinstance(value, int | float):
            cell.value = value
            if isinstance(value, Share):
                cell.number_format = "0.0000%"
            elif isinstance(value, float) or abs(value) >= GROUPED:
                cell.number_format = _format(value)
        else:
            text = clean(value)[:MAX_TEXT]
            cell.value = text
            if text.startswith(FORMULA_START):
                cell.data_type = "s"
                cell.quotePrefix = True

    def save(self, path: Path, *, title: str) -> None:
        """Writes the file, with fixed dates and every formula's value stored."""
        self._book.properties.title = clean(title)[:200]
        self._book.properties.creator = "subsidence-planner"
        for page in self._book:  # as many pages side by side as keep it readable
            wide = sum(column.width for column in page.column_dimensions.values())
            page.page_setup.fitToWidth = max(math.ceil(wide / READABLE), 1)
        raw = io.BytesIO()
        self._book.save(raw)
        pages = {f"xl/worksheets/sheet{i + 1}.xml": name for i, name in enumerate(self._book.sheetnames)}
        with zipfile.ZipFile(raw) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
            for member in sorted(source.namelist()):
                data = source.read(member)
                if member in pages:
                    data = _with_values(data, self._values[pages[member]])
                    for first, (count, width), rows in self._long.get(pages[member], []):
                        data = inserted(data, first, rows, width=width, count=count)
                elif member == "docProps/core.xml":
                    data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", data)
                info = zipfile.ZipInfo(member, date_time=_DATE)
                info.compress_type = zipfile.ZIP_DEFLATED
                target.writestr(info, data)


def _with_values(data: bytes, values: dict[str, float]) -> bytes:
    """A sheet's XML in which each formula cell also holds its value."""

    def stored(match: re.Match[bytes]) -> bytes:
        value = values.get(match.group(1).decode("ascii"))
        if value is None:
            return match.group(0)
        return match.group(0).replace(b"<v/>", b"<v>" + escape(repr(float(value))).encode("ascii") + b"</v>")

    data = data.replace(b"<v />", b"<v/>").replace(b"<v></v>", b"<v/>")
    return re.sub(rb'<c r="([A-Z]+\d+)"[^>]*><f>[^<]*</f><v/></c>', stored, data)


def _amount(value: Any) -> float:
    if isinstance(value, Formula):
        return value.value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = float(value) if isinstance(value, int | float | np.number) and not isinstance(value, bool) else 0.0
    return number if np.isfinite(number) else 0.0


def _format(value: float) -> str:
    """How a number is shown: counts whole, amounts with as many decimals as they need, never as powers of ten."""
    if isinstance(value, int) or abs(value) >= 1e5:
        return "#,##0"
    return "0.0000" if value != 0 and abs(value) < 0.01 else "#,##0.00"


def _width(text: str) -> float:
    """Width of a text in characters, wide ones counted twice; at most 60: what is longer is wrapped."""
    return min(60, sum(2 if ord(c) > 0x2E80 else 1 for c in text))


def _sheet_name(name: str) -> str:
    return re.sub(r"[\\/*?:\[\]]", "-", clean(name))[:31] or "Sheet"
